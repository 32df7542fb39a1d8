"""Which of several views of a frame is believed, and when that one may miss something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from device.domain import Advice, Box
from device.find import Writing
from device.judge import Evidence
from device.sheet import Sheet
from device.views import (
    alone,
    cleared,
    is_fuller,
    is_inside_writing,
    is_upside_down,
    is_written,
    is_written_elsewhere,
    may_be_edges,
    sheet_taken_for_writing,
    shows_more,
    without_grain,
    without_strays,
    worth,
)

FOUR, SEVEN, FAR = Box(100, 100, 40, 60), Box(150, 100, 40, 60), Box(400, 120, 40, 60)


def seen(*pieces: tuple[Box, int, float, float]) -> Evidence:
    """What a view shows: boxes, each with its digit, the digit's probability and its clearness."""
    boxes, digits, shares, clearness = zip(*pieces, strict=True) if pieces else ((), (), (), ())
    probabilities = np.zeros((len(boxes), 11), np.float32)
    for row, digit, share in zip(probabilities, digits, shares, strict=True):
        row[[digit, 10]] = share, 1.0 - share
    return Evidence(boxes, (0,) * len(boxes), probabilities, (), False, False, False, clearness=clearness)


def as_writing(box: Box, clearness: float) -> Writing:
    """A piece of writing of which nothing else counts."""
    return Writing(box, np.zeros((4, 4), np.uint8), box, 0, False, (), 0.0, clearness=clearness)


@pytest.mark.parametrize(
    ("piece", "is_more"),
    [
        ((FAR, 9, 0.6, 0.5), True),  # plainly written
        ((FAR, 9, 0.6, -0.3), True),  # as plainly as the four
        ((FAR, 9, 0.6, -0.9), False),
        ((FAR, 9, 0.99, -0.9), True),  # surely a digit
        ((FAR, 1, 0.99, -0.9), False),  # as any edge is
        ((FAR, 9, 0.4, 0.5), False),
        ((SEVEN, 9, 0.99, 0.5), False),  # seen in both
        ((Box(400, 120, 8, 15), 9, 0.99, 0.5), False),  # far smaller
    ],
)
def test_a_view_shows_more_where_another_shows_no_digit(piece: tuple[Box, int, float, float], is_more: bool) -> None:
    """Beside a four and a seven that are believed."""
    best = seen((FOUR, 4, 0.99, -0.4), (SEVEN, 7, 0.99, 0.8))
    assert shows_more(seen(piece), best) is is_more


@pytest.mark.parametrize(
    ("others", "is_so"),
    [
        ([(SEVEN, 9, 0.99, 0.5), (FAR, 5, 0.99, 0.5)], True),
        ([(FAR, 5, 0.99, 0.5)], False),  # no more than what is believed
        ([(SEVEN, 9, 0.99, -0.5), (FAR, 5, 0.99, 0.5)], False),  # one is not plain
        ([(SEVEN, 9, 0.8, 0.5), (FAR, 5, 0.99, 0.5)], False),  # nor is one likely
    ],
)
def test_a_view_is_fuller_with_twice_the_digits(others: list[tuple[Box, int, float, float]], is_so: bool) -> None:
    """One cell of a table that was sure was all that was said of it."""
    best = seen((Box(155, 105, 30, 50), 4, 0.99, 0.8))
    assert is_fuller(seen(*others), best) is is_so
    assert not is_fuller(seen(*others), seen((Box(700, 100, 40, 60), 4, 0.99, 0.8)))  # which it does not show


def test_the_inside_of_a_zero_is_no_sheet_where_the_zero_stands_on_a_line() -> None:
    """By itself, what lies along the outline of a sheet may be that outline."""
    corners = np.array([[102, 104], [138, 104], [138, 156], [102, 156]], np.int32)
    zero = (FOUR, 0, 0.99, 0.5)
    assert may_be_edges(seen(zero), [FOUR], [Sheet(corners, 0.0)])
    assert not may_be_edges(seen(zero, (SEVEN, 7, 0.99, 0.5)), [FOUR, SEVEN], [Sheet(corners, 0.0)])


@pytest.mark.parametrize(("right", "is_suspect"), [(120, False), (300, True)])
def test_what_leaves_digits_out_is_no_sheet_that_a_one_must_lie_on(right: int, is_suspect: bool) -> None:
    """A shadow ends at the column `right`, between a four and a seven or beyond both; a one stands far from either."""
    corners = np.array([[0, 0], [right, 0], [right, 500], [0, 500]], np.int32)
    one = Box(400, 320, 10, 60)
    pieces = seen((FOUR, 4, 0.99, 0.5), (SEVEN, 7, 0.99, 0.5), (one, 1, 0.99, 0.5))
    assert may_be_edges(pieces, [FOUR, SEVEN, one], [Sheet(corners, 0.0)]) is is_suspect


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([(FOUR, 4, 0.99, 0.5)], [0]),
        ([(FOUR, 2, 0.99, 0.5)], []),  # all bends
        ([(FOUR, 2, 0.9, 0.5)], [0]),  # which it may not have
        ([(FOUR, 4, 0.99, 0.5), (SEVEN, 1, 0.99, 0.5)], [0]),  # the four stands by the one, which may be an edge
        ([(FOUR, 4, 0.99, 0.5), (SEVEN, 7, 0.99, 0.5)], []),
    ],
)
def test_what_stands_alone_may_be_an_outline(pieces: list[tuple[Box, int, float, float]], expected: list[int]) -> None:
    """Digits beside each other bear each other out."""
    assert alone(seen(*pieces), [piece[0] for piece in pieces]) == expected


@pytest.mark.parametrize(
    ("box", "clearness", "is_kept"),
    [
        (FAR, -1.8, False),
        (FAR, -0.5, True),  # may well be written
        (SEVEN, -1.8, True),  # on a line with the four
    ],
)
def test_grain_taken_for_a_one_is_left_out_beside_plain_writing(box: Box, clearness: float, is_kept: bool) -> None:
    """A four that is plainly written, and something like a one."""
    far = Box(box.x, box.y + 200 * (box == FAR), box.width, box.height)
    pieces = seen((FOUR, 4, 0.99, 0.5), (far, 1, 0.99, clearness))
    found = [as_writing(one, clear) for one, clear in zip(pieces.boxes, pieces.clearness, strict=True)]
    kept, inputs, probabilities = without_grain(found, np.zeros((2, 28, 28), np.uint8), pieces.probabilities)
    assert len(kept) == len(inputs) == len(probabilities) == 1 + is_kept
    assert kept[0].box == FOUR


@pytest.mark.parametrize(
    ("number", "other", "is_so"),
    [("61", "19", True), ("88061006", "90019088", True), ("62", "29", False), ("", "", False)],
)
def test_numbers_of_some_digits_are_numbers_upside_down(number: str, other: str, is_so: bool) -> None:
    """Read from the other side, each digit turned; a two is no digit then."""
    assert is_upside_down(number, other) is is_so


@pytest.mark.parametrize(
    ("piece", "clearness"),
    [
        ((SEVEN, 7, 0.99, -1.5), 0.0),  # surely a digit beside another
        ((SEVEN, 7, 0.9, -1.5), -1.5),
        ((SEVEN, 1, 0.99, -1.5), -1.5),  # as any edge is
        ((SEVEN, 1, 0.99, -0.8), 0.0),  # as clear as what surely is a digit
        ((Box(400, 300, 40, 60), 7, 0.99, -1.5), -1.5),  # on no line with it
        ((SEVEN, 7, 0.99, 0.7), 0.7),
    ],
)
def test_what_stands_on_a_line_of_digits_is_clear(piece: tuple[Box, int, float, float], clearness: float) -> None:
    """Beside a four that is no clearer than a fold."""
    evidence = seen((FOUR, 4, 0.99, -0.9), piece)
    found = [as_writing(box, clear) for box, clear in zip(evidence.boxes, evidence.clearness, strict=True)]
    assert cleared(found, evidence.probabilities)[1] == clearness


def test_paper_inside_a_scribble_is_no_sheet() -> None:
    """A loop of plain ink around it; what is faint may be the edge of a note, and a note is as large as its outline."""
    inside = Sheet(np.array([[120, 120], [160, 120], [160, 150], [120, 150]], np.int32), 0.0)
    assert is_inside_writing(inside, [as_writing(Box(100, 100, 200, 90), 0.3)])
    assert not is_inside_writing(inside, [as_writing(Box(100, 100, 200, 90), -0.5)])
    assert not is_inside_writing(inside, [as_writing(Box(118, 118, 45, 35), 0.3)])
    assert not is_inside_writing(inside, [as_writing(Box(130, 100, 200, 90), 0.3)])


def test_what_is_as_large_as_a_sheet_is_the_sheet() -> None:
    """Found by itself; beside something else it may be a digit."""
    corners = np.array([[102, 104], [138, 104], [138, 156], [102, 156]], np.int32)
    sheet = Sheet(corners, 0.0)
    assert sheet_taken_for_writing([FOUR], [Sheet(corners + 300, 0.0), sheet]) is sheet
    assert sheet_taken_for_writing([SEVEN], [sheet]) is None
    assert sheet_taken_for_writing([FOUR, SEVEN], [sheet]) is None


def test_several_plain_pieces_are_writing_whatever_they_say() -> None:
    """One may be a blot."""
    assert is_written(seen((FOUR, 4, 0.1, 0.5), (SEVEN, 7, 0.1, 0.5)))
    assert not is_written(seen((FOUR, 4, 0.99, 0.5), (SEVEN, 7, 0.99, -0.5)))
    assert not is_written(seen())


@pytest.mark.parametrize(
    ("pieces", "is_elsewhere"),
    [
        ([(FAR, 4, 0.6, 0.5), (SEVEN, 10, 0.9, 0.5)], True),
        ([(FAR, 4, 0.6, 0.5)], False),  # may be a blot
        ([(FAR, 4, 0.6, -0.5), (SEVEN, 10, 0.9, 0.5)], False),
        ([(FAR, 4, 0.6, 0.5), (Box(100, 110, 20, 30), 10, 0.9, 0.5)], False),  # of the same
    ],
)
def test_writing_elsewhere_is_more_than_one_digit(
    pieces: list[tuple[Box, int, float, float]], is_elsewhere: bool
) -> None:
    """Of any size: the shadow's edge that was read as a one is higher than any line of writing."""
    edge = (Box(90, 0, 60, 600), 1, 0.99, 0.04)
    assert is_written_elsewhere(seen(*pieces), seen(edge)) is is_elsewhere
    assert not is_written_elsewhere(seen(*pieces), seen(edge, edge))


@pytest.mark.parametrize(("digit", "down", "kept"), [(1, 300, 1), (9, 300, 2), (1, 0, 2)])
def test_what_crosses_the_edge_and_seems_a_one_is_a_stray(digit: int, down: int, kept: int) -> None:
    """Unless it stands on a line with a digit that is whole; a nine is kept anywhere."""
    edge = Box(0, 100 + down, 10, 60)
    pieces = seen((FOUR, 4, 0.99, 0.5), (edge, digit, 0.99, 0.5))
    found = [as_writing(FOUR, 0.5), replace(as_writing(edge, 0.5), cut_off=(Advice.CUT_OFF_LEFT,))]
    assert len(without_strays(found, np.zeros((2, 28, 28), np.uint8), pieces.probabilities)[0]) == kept


@pytest.mark.parametrize(
    ("digit", "height", "edges", "kept"),
    [
        (7, 90, (Advice.CUT_OFF_TOP,), 2),
        (7, 130, (Advice.CUT_OFF_TOP, Advice.CUT_OFF_LEFT), 1),
        (7, 90, (Advice.CUT_OFF_TOP, Advice.CUT_OFF_LEFT), 2),  # as high as the four that stands beside it
        (2, 130, (Advice.CUT_OFF_TOP, Advice.CUT_OFF_LEFT), 2),  # no corner has bends
    ],
)
def test_the_corner_of_a_sheet_that_seems_a_seven_is_a_stray(
    digit: int, height: int, edges: tuple[Advice, ...], kept: int
) -> None:
    """Eight digits were "cut off" by the table in the corner of the frame."""
    corner = Box(0, 160 - height, 60, height)
    pieces = seen((FOUR, 4, 0.99, 0.5), (corner, digit, 0.99, 0.5))
    found = [as_writing(FOUR, 0.5), replace(as_writing(corner, 0.5), cut_off=edges)]
    assert len(without_strays(found, np.zeros((2, 28, 28), np.uint8), pieces.probabilities)[0]) == kept


def test_an_edge_that_seems_a_one_is_worth_less_than_a_digit_beside_other_ink() -> None:
    """A fingertip on the table is a 1 with 0.99; the sheet has a plain 2 and something else."""
    edge = seen((FAR, 1, 0.99, -0.6))
    digit = replace(seen((FOUR, 2, 1.0, 0.8)), other_ink=True)
    assert worth(edge) < worth(digit)
    assert worth(seen((FAR, 7, 0.99, -0.6))) > worth(digit)  # no edge seems a seven so surely


def test_a_one_among_other_digits_is_worth_what_it_is_likely() -> None:
    """It stands on their line: 417 is as good as 477."""
    places = (Box(50, 100, 40, 60), FOUR, SEVEN)
    numbers = (
        seen(*((place, digit, 0.99, 0.5) for place, digit in zip(places, digits, strict=True)))
        for digits in ((4, 1, 7), (4, 7, 7))
    )
    assert worth(next(numbers)) == worth(next(numbers))
