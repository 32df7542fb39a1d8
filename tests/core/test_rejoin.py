"""Broken digits: what two pieces are together counts where one of them is no sure digit by itself."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import scene

from device import config
from device.compose import opened_reader
from device.domain import Box, Frame, Status
from device.find import Writing
from device.rejoin import near_pairs, united

HALF = 60


def broken_zero(gap_px: int) -> Frame:
    """7, 0 and 2, 120 px high, the zero's top and bottom missing: as chalk and dry pens leave them."""
    frame = scene(7, 0, 2)
    middle = frame.width_px // 2 - 18
    frame.pixels[:, middle - gap_px // 2 : middle + gap_px // 2] = frame.pixels[5, 5]
    return frame


@pytest.mark.parametrize("gap_px", [10, 14, 18])
def test_two_halves_of_a_zero_are_one(gap_px: int) -> None:
    """They are no strokes of one digit by their places alone: two ones may stand so."""
    _, reader = opened_reader(config.load())
    reading = reader.read([broken_zero(gap_px)])
    assert (reading.number, reading.status) == ("702", Status.OK)


def piece(x: int, y: int, width: int, height: int, *, separated: bool = False) -> Writing:
    """A black box, its place in a picture that was enlarged twice."""
    ink = np.full((2 * height, 2 * width), 255, np.uint8)
    box = Box(x, y, width, height)
    return Writing(
        box=box, ink=ink, ink_box=box, group=0, after_mark=False, cut_off=(), softness=0.1, separated=separated
    )


def sure(*shares: float) -> np.ndarray:
    """Rows of the probabilities of ten digits and none: so likely is each a one."""
    rows = np.zeros((len(shares), 11), np.float32)
    rows[:, 1], rows[:, 10] = shares, 1.0 - np.array(shares)
    return rows


def test_pieces_near_each_other_may_be_one_digit() -> None:
    """Of which one is doubtful, none was cut off another, and both together are as high as the digits beside them."""
    left, right, far = piece(0, 0, 20, HALF), piece(26, 0, 20, HALF), piece(80, 0, 20, HALF)
    assert list(near_pairs([left, right, far], sure(0.5, 0.99, 0.99))) == [(0, 1)]
    assert not list(near_pairs([left, right, far], sure(0.99, 0.99, 0.5)))
    cut = piece(26, 0, 20, HALF, separated=True)
    assert not list(near_pairs([left, cut, far], sure(0.5, 0.99, 0.99)))


def test_what_is_far_too_high_together_is_two_digits() -> None:
    """Two of different lines, beside three others that say how high digits are."""
    others = [piece(100 * place, 0, 30, HALF) for place in range(1, 4)]
    above, below = piece(0, 0, 30, HALF), piece(0, HALF + 5, 30, HALF)
    assert not list(near_pairs([above, *others, below], sure(0.5, 0.99, 0.99, 0.99, 0.99)))
    assert list(near_pairs([above, below], sure(0.5, 0.99))) == [(0, 1)]


def test_digits_of_a_turned_line_are_not_one() -> None:
    """Each touches the corner of the next, neither beside it nor below."""
    one, next_one = piece(190, 174, 100, 149), piece(122, 314, 82, 124)
    assert not list(near_pairs([one, next_one], sure(0.5, 0.99)))


def test_both_have_their_places_in_the_ink_of_one() -> None:
    """The gap between them is bare; the place is around both."""
    one = united(piece(10, 5, 20, 40), piece(36, 15, 10, 30))
    assert one.box == one.ink_box == Box(10, 5, 36, 40)
    assert one.ink.shape == (80, 72)
    assert one.ink[:, :40].all()
    assert one.ink[20:, 52:].all()
    assert not one.ink[:, 40:52].any()
    assert not one.ink[:20, 52:].any()
