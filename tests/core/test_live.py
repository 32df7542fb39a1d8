"""One frame as the page shows it."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from device import compose, config, images
from device.errors import ModelError
from device.live import shrunk

PICTURE = compose.PACKAGE / "pictures" / "05-427.jpg"


@pytest.fixture(scope="module")
def reader():
    """The shipped one, opened."""
    made = compose.reader(config.load())
    made.open()
    yield made
    made.close()


@pytest.mark.parametrize("width_px", [64, 320, 4000])
def test_a_frame_is_shown(reader, width_px):
    """A JPEG no wider than asked for, the number, and boxes that lie around its ink in the JPEG's own pixels."""
    frame = images.load(PICTURE)
    fields, content = reader.show(frame, width_px)
    shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown.shape[::-1] == (fields["width_px"], fields["height_px"])
    assert fields["width_px"] == min(width_px, frame.width_px)
    assert (fields["number"], fields["status"]) == ("427", "ok")
    for digit in fields["digits"]:
        x, y, width, height = digit["box"]
        inside = shown[y : y + height, x : x + width]
        assert inside.min() < np.median(shown) - 30


@pytest.mark.parametrize("size", [(640, 480), (333, 97), (1632, 1224), (100, 1224)])
def test_a_smaller_picture_shows_the_same(size):
    """As large as asked for, and as bright everywhere as the mean over each area has it, but for its sharpness."""
    pixels = images.load(PICTURE).pixels[:1224, :1632]
    shown, mean = shrunk(pixels, *size), cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    assert shown.shape == mean.shape
    assert np.abs(shown.astype(int) - mean).mean() < 2


def test_the_quality_is_measured(reader):
    """Every quantity a number, or None where there is nothing to measure it on."""
    bright, _ = reader.show(images.load(PICTURE), 320)
    assert 0 <= bright["quality"]["middle"] <= 255
    assert bright["quality"]["height_px"] > 20
    frame = images.load(PICTURE)
    frame.pixels[:] = 3
    dark, _ = reader.show(frame, 320)
    assert dark["quality"]["middle"] < 10
    assert dark["quality"]["height_px"] is None
    assert dark["status"] == "nothing"


def test_a_library_that_is_missing_is_no_mistake_of_ours(monkeypatch):
    """Half a release is on the card: the model is out of order, and the daemon goes on and says so."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ModelError, match=r"OpenCV cannot be loaded \(.*\); install digitbox again"):
        compose.reader(config.load()).open()
