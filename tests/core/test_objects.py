"""Things that are no ink: an eyelet, a pen on the paper; what is written beside them stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, write

from device.domain import Box, Frame, Pixels
from device.find import find
from device.objects import eyelets, lying_bars
from device.pieces import pieces_of

DARK = (40, 40, 40)


def written() -> Pixels:
    """257, 80 px high, with room to its left and below."""
    pixels = paper(600, 800)
    for place, digit in enumerate((2, 5, 7)):
        write(pixels, digit, Box(300 + 80 * place, 200, 52, 80), pen_px=7)
    return pixels


def found_in(pixels: Pixels) -> tuple[int, bool]:
    """How many pieces of writing there are, and whether something was lost."""
    finding = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    return len(finding.writings), finding.other_ink


@pytest.mark.parametrize("axes", [(26, 26), (26, 23)], ids=["from above", "askew"])
def test_an_eyelet_is_no_zero(axes: tuple[int, int]) -> None:
    """Of a price tag it was read as the first digit, without a doubt."""
    pixels = written()
    cv2.ellipse(pixels, (200, 240), axes, 20, 0, 360, DARK, 7, cv2.LINE_AA)
    assert found_in(pixels) == (3, False)


def test_a_zero_is_no_eyelet() -> None:
    """It is as high as what stands beside it, or not as round."""
    pixels = written()
    write(pixels, 0, Box(215, 200, 56, 80), pen_px=7)
    assert found_in(pixels) == (4, False)
    ring = np.zeros((200, 400), np.uint8)
    cv2.polylines(ring, [np.array([(60, 60), (92, 52), (112, 84), (100, 112), (68, 112), (54, 84)])], True, (255,), 6)
    cv2.line(ring, (300, 20), (300, 180), (255,), 6)
    assert not eyelets(list(pieces_of(ring, 100.0)))


@pytest.mark.parametrize("lean", [0, 60])
def test_a_pen_on_the_paper_is_no_writing(lean: int) -> None:
    """It was taken for a digit that fills the frame, or for one more of the number, and digits were lost beside it."""
    pixels = written()
    cv2.line(pixels, (150, 450), (650, 450 + lean), (120, 40, 30), 26, cv2.LINE_AA)
    assert found_in(pixels) == (3, False)


def test_a_dash_is_no_pen() -> None:
    """It is as thick as the strokes beside it."""
    pixels = written()
    cv2.line(pixels, (150, 450), (650, 450), DARK, 7, cv2.LINE_AA)
    pieces = list(pieces_of(np.asarray(255 - pixels[..., 0], np.uint8), 120.0))
    assert len(pieces) >= 4
    assert not lying_bars(pieces)
