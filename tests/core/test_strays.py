"""What stands beside digits and was left out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from device.domain import Box
from device.pieces import Piece
from device.strays import beside_digits, free_underlines

SHAPE = (480, 640)


def stroke(x: int, width: int, core: float) -> Piece:
    """An upright stroke 60 px high."""
    box = Box(x, 200, width, 60)
    return Piece(box, np.ones((box.height, box.width), np.uint8), core, box.area)


@pytest.mark.parametrize(
    ("x", "core", "is_missed"),
    [
        (360, 75.0, True),  # thin, as a fine pen's one that the camera softened
        (360, 60.0, False),  # as grain is
        (430, 75.0, False),  # further away than it is high
    ],
)
def test_a_faint_stroke_beside_digits_is_missed(x: int, core: float, is_missed: bool) -> None:
    """Beside two digits of contrast 150."""
    digits = [stroke(250, 40, 150.0), stroke(310, 40, 150.0)]
    left_out = stroke(x, 6, core)
    assert list(beside_digits([*digits, left_out], digits, 150.0, SHAPE)) == ([left_out] if is_missed else [])


def comb(*, touched_at: int | None = None, height: int = 100) -> Piece:
    """Around digits 60 px high: a line below them with six teeth between; a digit's strokes hang on it if asked for."""
    box = Box(240, 260 + 20 - height, 400, height)
    mask = np.zeros((height, 400), np.uint8)
    mask[-4:] = 1
    mask[:, ::79] = 1
    if touched_at is not None:
        mask[-70:, touched_at : touched_at + 4] = mask[-40:-36, touched_at : touched_at + 40] = 1
    return Piece(box, mask, 150.0, int(mask.sum()))


@pytest.mark.parametrize(
    ("outline", "is_missed"),
    [
        (comb(), False),
        (comb(touched_at=170), True),
        (comb(touched_at=300), False),
        (comb(touched_at=170, height=200), False),
    ],
    ids=["a comb", "a digit touches it", "far from the others", "as high as a sheet"],
)
def test_what_touches_its_comb_is_missed(outline: Piece, is_missed: bool) -> None:
    """It went with the comb, without a word."""
    digits = [stroke(250, 40, 150.0), stroke(330, 40, 150.0)]
    assert list(beside_digits([*digits, outline], digits, 150.0, SHAPE)) == ([outline] if is_missed else [])


def test_the_ends_of_a_flat_ring_are_no_writing() -> None:
    """They lean by as much as a digit is wide."""
    mask = np.zeros((100, 400), np.uint8)
    cv2.ellipse(mask, (199, 49), (196, 46), 0, 0, 360, (1,), 6)
    ring = Piece(Box(200, 180, 400, 100), mask, 150.0, int(mask.sum()))
    digits = [stroke(250 + 60 * place, 40, 150.0) for place in range(5)]
    assert list(beside_digits([*digits, ring], digits, 150.0, SHAPE)) == []


@pytest.mark.parametrize(("digits_on_it", "is_underline"), [(0, True), (5, False)])
def test_a_line_with_the_digits_that_touch_it_is_none(digits_on_it: int, is_underline: bool) -> None:
    """It was taken away with all of them; what stands on it is looked at by itself."""
    mask = np.zeros((60, 500), np.uint8)
    mask[-4:] = 1
    for place in range(digits_on_it):
        mask[:, 90 * place + 20 : 90 * place + 26] = 1
    line = Piece(Box(100, 200, 500, 60), mask, 150.0, int(mask.sum()))
    if not digits_on_it:
        line = Piece(Box(100, 256, 500, 4), np.ones((4, 500), np.uint8), 150.0, 2000)
    above = [Piece(Box(150 + 90 * place, 190, 40, 60), np.ones((60, 40), np.uint8), 150.0, 2400) for place in range(5)]
    assert (line in free_underlines([line, *above])) == is_underline
