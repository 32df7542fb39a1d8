"""What would help is decided by what is measured."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawing import paper, scene, write

from device.advice import LEAST_HEIGHT_PX, advise
from device.domain import Advice, Box, Frame, Pixels
from device.find import Writing, find


def advice(pixels: Pixels) -> tuple[Advice, ...]:
    """What is advised about a picture, given what is found in it."""
    frame = Frame(np.ascontiguousarray(pixels))
    return advise(frame, find(frame).writings)


def writing(height_px: int = 100, *cut_off: Advice, softness: float = 0.02) -> Writing:
    """One found piece."""
    found = find(scene(7)).writings[0]
    return replace(found, box=Box(10, 10, 50, height_px), cut_off=cut_off, softness=softness)


@pytest.mark.parametrize("digits", [(7,), (4, 2, 0)])
def test_a_good_picture_needs_no_advice(digits: tuple[int, ...]) -> None:
    """Sharp digits in good light, whole and large enough."""
    assert advice(scene(*digits).pixels) == ()


def test_a_lid_and_a_hand_cover_the_camera() -> None:
    """A picture without a bright spot is covered, whatever its noise."""
    assert advice(paper(480, 640, luma=8, grain=3)) == (Advice.COVERED,)


def test_dusk_is_too_dark() -> None:
    """Paper of a quarter of the usual brightness."""
    assert advice((scene(7).pixels * 0.25).astype(np.uint8)) == (Advice.TOO_DARK,)


def test_glare_is_too_bright_where_nothing_is_found() -> None:
    """Clipped paper without a digit on it; a white scan with one is no glare."""
    assert advice(paper(480, 640, luma=255)) == (Advice.TOO_BRIGHT,)
    white = np.full((480, 640, 3), 255, np.uint8)
    write(white, 7, Box(280, 180, 70, 120), pen_px=9)
    assert advice(white) == ()


@pytest.mark.parametrize("blur_px", [12.0, 14.0])
def test_a_blurred_digit_is_told(blur_px: float) -> None:
    """A blur of a tenth of the height of a digit; one of a sixth leaves nothing that stands out from the paper."""
    assert Advice.BLURRED in advice(np.asarray(cv2.GaussianBlur(scene(0).pixels, (0, 0), blur_px), np.uint8))


def test_a_slight_blur_is_not() -> None:
    """A blur narrower than the pen does no harm."""
    assert advice(np.asarray(cv2.GaussianBlur(scene(0).pixels, (0, 0), 2), np.uint8)) == ()


def test_a_small_digit_is_told() -> None:
    """Below 12 px the camera should come closer; only the largest piece counts."""
    frame = scene(7)
    small = writing(LEAST_HEIGHT_PX - 1)
    assert advise(frame, [small]) == (Advice.TOO_SMALL,)
    assert advise(frame, [small, writing(LEAST_HEIGHT_PX)]) == ()


@pytest.mark.parametrize(
    ("place", "edge"),
    [(Box(-30, 180, 70, 120), Advice.CUT_OFF_LEFT), (Box(280, 405, 70, 120), Advice.CUT_OFF_BOTTOM)],
)
def test_a_digit_across_the_edge_is_told_first(place: Box, edge: Advice) -> None:
    """Moving the paper helps more than anything else, even in the dark."""
    pixels = paper(480, 640)
    write(pixels, 0, place, pen_px=9)
    assert advice(pixels)[0] is edge
    assert advise(Frame(paper(480, 640, luma=50)), [writing(100, edge)])[0] is edge


def test_at_most_two_pieces_of_advice() -> None:
    """More than two sentences help nobody, and none is said twice."""
    pieces = [writing(5, Advice.CUT_OFF_LEFT, Advice.CUT_OFF_TOP, softness=0.5), writing(5, Advice.CUT_OFF_LEFT)]
    assert advise(scene(7), pieces) == (Advice.CUT_OFF_LEFT, Advice.CUT_OFF_TOP)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1)])
def test_degenerate_frames_are_survived(shape: tuple[int, int]) -> None:
    """Any frame has an answer."""
    assert len(advise(Frame(np.zeros((*shape, 3), np.uint8)), [])) <= 2
