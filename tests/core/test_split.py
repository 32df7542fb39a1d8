"""Touching digits are cut where little ink is in the way, and the scores decide which cuts are taken."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, write

from device.domain import Box, Pixels
from device.split import MOST_CUTS, WIDEST, WORK_PX, Lattice, Part, best_way, ink_of, lattice, straight


def ink(*digits: tuple[int, int], height: int = 120, width: int = 300) -> Pixels:
    """Digits, each 60 px wide at this left edge, as white ink on black."""
    pixels = paper(height, width, luma=0.0, grain=0.0)
    for digit, left in digits:
        write(pixels, digit, Box(left, 10, 60, height - 20), pen_px=8, luma=255)
    drawn = pixels[:, :, 0]
    x, y, across, down = cv2.boundingRect((drawn >= 128).view(np.uint8))
    return np.ascontiguousarray(drawn[y : y + down, x : x + across])


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (7, 0), (2, 5), (4, 4)])
def test_where_two_digits_touch_a_cut_is_proposed(first: int, second: int) -> None:
    """Their strokes overlap by a few pixels; between two cuts there is each digit, as wide as it is, give or take."""
    picture = ink((first, 10), (second, 66))
    proposed = lattice(picture)
    scale = picture.shape[0] / WORK_PX
    last = len(proposed.cuts) - 1
    for digit, ends in ((first, [part for part in proposed.parts if part.begin == 0]),
                        (second, [part for part in proposed.parts if part.end == last])):  # fmt: skip
        alone = ink((digit, 10)).shape[1]
        assert min(abs(part.ink.shape[1] * scale - alone) for part in ends) < 14


def test_parts_are_no_wider_than_digits_can_be() -> None:
    """Except the whole, which is always tried; and every part has ink."""
    proposed = lattice(ink((0, 10), (0, 66), (0, 122), (0, 178)))
    last = len(proposed.cuts) - 1
    assert last - 1 <= MOST_CUTS
    whole = [part for part in proposed.parts if (part.begin, part.end) == (0, last)]
    assert len(whole) == 1
    assert all(part.ink.shape[1] <= WIDEST * WORK_PX for part in proposed.parts if part is not whole[0])
    assert all(part.ink.max() >= 128 for part in proposed.parts)


def test_the_scores_choose_the_cuts() -> None:
    """A lattice of one cut: two good halves beat a bad whole, and a good whole beats two good halves with their cut."""
    edges = tuple(np.full(WORK_PX, column) for column in (0, 30, 60))
    dot = np.full((5, 5), 255, np.uint8)
    parts = (Part(0, 1, dot), Part(0, 2, dot), Part(1, 2, dot))
    proposed = Lattice(edges, (0.0, 0.5, 0.0), parts)
    halves, sure = best_way(proposed, np.log([0.9, 0.01, 0.9]).tolist())
    assert halves == [parts[0], parts[2]]
    assert sure > 0.95
    assert best_way(proposed, np.log([0.1, 0.8, 0.9]).tolist())[0] == [parts[1]]
    _, torn = best_way(proposed, np.log([0.99, 0.9, 0.99]).tolist())
    assert 0.4 < torn < 0.7


def test_a_part_is_given_back_at_full_size_and_in_its_place() -> None:
    """The left of two zeros that stand apart: its own ink, none of the other's."""
    picture = ink((0, 10), (0, 110))
    proposed = lattice(picture)
    gap = int(np.argmin([abs(cut.mean() * picture.shape[0] / WORK_PX - 82) for cut in proposed.cuts]))
    part = next(part for part in proposed.parts if (part.begin, part.end) == (0, gap))
    own, (x, y, width, height) = ink_of(picture, proposed, part)
    assert (x, y) == (0, 0)
    assert own.shape == (height, width)
    assert abs(width - 68) <= 2
    assert np.array_equal(own, picture[:height, :width])


def test_a_part_narrower_than_a_pixel_has_ink_to_lay_out() -> None:
    """At the working height two cuts are a pixel apart, in small ink they are in one column: it is not empty."""
    picture = np.full((20, 30), 255, np.uint8)
    proposed = straight(picture, [10.0, 10.3])
    sizes = [ink_of(picture, proposed, part)[0].size for part in proposed.parts]
    assert len(sizes) == 3
    assert min(sizes) > 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (3, 3)])
def test_tiny_and_empty_ink_has_one_way_to_be_read_or_none(shape: tuple[int, int]) -> None:
    """A dot, a line and nothing at all go through without an error."""
    full = np.full(shape, 255, np.uint8)
    proposed = lattice(full)
    assert len(best_way(proposed, [-1.0] * len(proposed.parts))[0]) >= 1
    empty = lattice(np.zeros(shape, np.uint8))
    assert best_way(empty, [-1.0] * len(empty.parts)) == ([], 0.0)
