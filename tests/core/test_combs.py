"""Printed combs out of a mask: the line and its teeth go, what is written in or across them stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, write

from device.combs import combs
from device.domain import Box, Frame, Pixels
from device.find import find

LEFT, BASE, STEP, PLACES = 60, 260, 80, 5


def drawn_comb(tooth_px: int, *, thick_px: int = 3) -> Pixels:
    """On nothing, with room around it."""
    drawn = np.zeros((360, 540), np.uint8)
    cv2.line(drawn, (LEFT, BASE), (LEFT + PLACES * STEP, BASE), (255,), thick_px)
    for x in range(LEFT, LEFT + PLACES * STEP + 1, STEP):
        cv2.line(drawn, (x, BASE - tooth_px), (x, BASE), (255,), thick_px)
    return drawn


def turned(picture: Pixels, degrees: float) -> Pixels:
    """Around its middle."""
    turn = cv2.getRotationMatrix2D((270.0, 180.0), degrees, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, picture.shape[::-1], flags=cv2.INTER_NEAREST), np.uint8)


@pytest.mark.parametrize("tooth_px", [16, 40, 100])
@pytest.mark.parametrize("thick_px", [2, 4])
@pytest.mark.parametrize("degrees", [0.0, 2.0, -4.0])
def test_a_comb_goes(tooth_px: int, thick_px: int, degrees: float) -> None:
    """With low teeth and high ones, and on a sheet that is not quite straight."""
    drawn = turned(drawn_comb(tooth_px, thick_px=thick_px), degrees)
    lines = combs(drawn)
    assert lines is not None
    assert cv2.countNonZero(cv2.subtract(drawn, lines)) < 0.1 * cv2.countNonZero(drawn)


@pytest.mark.parametrize("tooth_px", [24, 100])
def test_what_touches_a_comb_stays(tooth_px: int) -> None:
    """A one that stands on the line, a stroke that ends below it, and one that crosses a tooth."""
    strokes = np.zeros((360, 540), np.uint8)
    cv2.line(strokes, (100, 150), (100, BASE), (255,), 9)
    cv2.line(strokes, (190, 150), (170, BASE + 18), (255,), 9)
    cv2.line(strokes, (270, BASE - 12), (340, BASE - 12), (255,), 9)
    both = cv2.bitwise_or(strokes, drawn_comb(tooth_px))
    lines = combs(np.asarray(both, np.uint8))
    assert lines is not None
    rest = cv2.subtract(both, lines)
    assert cv2.countNonZero(cv2.bitwise_and(rest, strokes)) > 0.9 * cv2.countNonZero(strokes)
    assert cv2.countNonZero(cv2.subtract(rest, strokes)) < 0.1 * cv2.countNonZero(both)


def test_ones_on_an_underline_are_no_teeth() -> None:
    """The line goes on beyond them."""
    drawn = np.zeros((360, 540), np.uint8)
    cv2.line(drawn, (30, BASE), (500, BASE), (255,), 3)
    for x in (100, 200, 300, 400):
        cv2.line(drawn, (x, 160), (x, BASE), (255,), 4)
    assert combs(drawn) is None


@pytest.mark.parametrize("digit", [0, 1, 2, 4, 5, 7])
def test_digits_that_touch_are_no_comb(digit: int) -> None:
    """They stand on one line, evenly apart; without the line there is none."""
    pixels = paper(240, 640)
    for place in range(4):
        write(pixels, digit, Box(60 + 90 * place, 60, 90, 110), pen_px=6)
    assert combs(np.asarray((pixels[..., 0] < 120) * np.uint8(255), np.uint8)) is None


@pytest.mark.parametrize("tooth_px", [20, 78])
def test_in_a_comb_the_digits_are_found(tooth_px: int) -> None:
    """High teeth were read as ones; low ones took with them what touched the line."""
    pixels = paper(480, 700)
    boxes = [Box(LEFT + 16 + STEP * place, 176, 48, 80 if place % 2 else 68) for place in range(PLACES)]
    for box, digit in zip(boxes, (2, 7, 5, 4, 2), strict=True):
        write(pixels, digit, box, pen_px=7)
    mask = drawn_comb(tooth_px)
    pixels[:360, :540][mask > 0] = (90, 90, 90)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert len(found) == PLACES
    assert all(writing.box.overlap(box) > 0.5 for writing, box in zip(found, boxes, strict=True))
