"""A burst from frames to a reading, and the advice that goes with it, with the shipped model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from device import config, images
from device.adapters.classifier_tflite import TfliteClassifier
from device.domain import Advice, Frame, Status
from device.reading import Observation, Reader

PICTURES = Path(__file__).parents[2] / "device" / "pictures"


@pytest.fixture(scope="module")
def classifier():
    """The shipped model."""
    opened = TfliteClassifier(config.load().model.path)
    opened.open()
    return opened


@pytest.fixture
def reader(classifier):
    """With the default settings: two agreeing frames are enough."""
    return Reader(classifier, config.load().reading)


@pytest.fixture(scope="module")
def seven():
    """A photograph of a seven."""
    return images.load(PICTURES / "01-7.jpg")


def changed(frame: Frame, pixels: np.ndarray) -> Frame:
    """The same frame with other pixels."""
    return replace(frame, pixels=np.ascontiguousarray(pixels))


def test_a_burst_ends_once_the_evidence_suffices(reader, seven):
    """Of five frames two are taken, and each is shown."""
    taken: list[int] = []
    seen: list[Observation] = []

    def frames() -> Iterator[Frame]:
        for index in range(5):
            taken.append(index)
            yield seven

    reading = reader.read(frames(), seen.append)
    assert (reading.status, reading.number, taken) == (Status.OK, "7", [0, 1])
    assert [observation.model_inputs.shape for observation in seen] == [(1, 28, 28)] * 2
    assert reading.elapsed_ms > 0


def test_a_reading_needs_a_frame(reader):
    """An empty burst is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one frame"):
        reader.read([])


def test_boxes_count_pixels_of_the_given_picture(reader, seven):
    """A frame that was decoded at half size has its boxes doubled."""
    (whole,) = reader.read([seven]).digits
    half = changed(seven, cv2.resize(seven.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    (doubled,) = reader.read([replace(half, scale=2.0)]).digits
    assert abs(whole.box.x - doubled.box.x) < 10
    assert abs(whole.box.height - doubled.box.height) < 15


@pytest.mark.parametrize(
    ("value", "advice"), [(8, (Advice.COVERED,)), (50, (Advice.TOO_DARK,)), (254, (Advice.TOO_BRIGHT,)), (200, ())]
)
def test_an_empty_picture_is_nothing_and_says_why(reader, value, advice):
    """Covered, dark, glaring, or simply bare paper."""
    reading = reader.read([Frame(np.full((480, 640, 3), value, np.uint8))])
    assert (reading.status, reading.advice, reading.digits) == (Status.NOTHING, advice, ())


def test_a_blurred_digit_is_said_to_be_blurred(reader, seven):
    """Out of focus by so much that it cannot be read, the advice is to keep still; a sure answer has no advice."""
    blurred = reader.read([changed(seven, cv2.GaussianBlur(seven.pixels, (0, 0), 40))])
    assert blurred.status is not Status.OK
    assert Advice.BLURRED in blurred.advice
    assert reader.read([seven]).advice == ()


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (16, 16), (640, 480)])
def test_any_frame_gives_a_status(reader, shape):
    """Noise of any size ends in a status other than ok, without an error."""
    noise = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert reader.read([Frame(noise)]).status is not Status.OK
