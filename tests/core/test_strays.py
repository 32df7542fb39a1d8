"""What stands beside digits and was left out."""

from __future__ import annotations

import numpy as np
import pytest

from device.domain import Box
from device.pieces import Piece
from device.strays import beside_digits

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
