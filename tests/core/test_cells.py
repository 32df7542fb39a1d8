"""Printed boxes out of a mask: their lines go, what is written in or across them stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, write

from device.cells import cells
from device.domain import Box, Frame, Pixels
from device.find import find

BOX = np.array([(60, 80), (200, 80), (200, 240), (60, 240)], np.float32)


def mask(*outlines: np.ndarray, thick_px: int = 3, size: tuple[int, int] = (320, 640)) -> Pixels:
    """Closed outlines on nothing."""
    drawn = np.zeros(size, np.uint8)
    for outline in outlines:
        cv2.polylines(drawn, [np.rint(outline).astype(np.int32)], True, (255,), thick_px)
    return drawn


def turned(outline: np.ndarray, degrees: float) -> np.ndarray:
    """Turned around its middle."""
    turn = cv2.getRotationMatrix2D([float(value) for value in outline.mean(axis=0)], degrees, 1.0)
    return np.asarray(outline @ turn[:, :2].T + turn[:, 2])


@pytest.mark.parametrize("degrees", [0.0, 3.0, -17.0, 40.0])
@pytest.mark.parametrize("thick_px", [2, 3, 6])
def test_a_box_goes_whole(degrees: float, thick_px: int) -> None:
    """However it is turned, and as thin or thick as forms have it."""
    drawn = mask(turned(BOX, degrees), thick_px=thick_px)
    lines = cells(drawn)
    assert lines is not None
    assert not np.any(cv2.subtract(drawn, lines))


def test_a_box_seen_askew_goes() -> None:
    """Perspective makes a trapezoid of it."""
    drawn = mask(np.array([(80, 60), (250, 85), (230, 230), (60, 250)], np.float32))
    lines = cells(drawn)
    assert lines is not None
    assert not np.any(cv2.subtract(drawn, lines))


def test_boxes_within_an_outline_go() -> None:
    """The edge of the sheet that they are printed on lies around them, and is cut off by the picture."""
    drawn = mask(BOX, np.add(BOX, (200.0, 0.0)), np.array([(-10, 20), (630, 20), (630, 300), (-10, 300)], np.float32))
    lines = cells(drawn)
    assert lines is not None
    rest = cv2.subtract(drawn, lines)
    assert not rest[60:260, 40:420].any()
    assert rest[20, 100]


def test_a_table_goes_with_the_lines_in_it() -> None:
    """Cells that share sides are one piece of ink."""
    drawn = mask(np.array([(40, 60), (600, 60), (600, 260), (40, 260)], np.float32))
    for x in (180, 320, 460):
        cv2.line(drawn, (x, 60), (x, 260), (255,), 3)
    cv2.line(drawn, (40, 160), (600, 160), (255,), 3)
    lines = cells(drawn)
    assert lines is not None
    assert not np.any(cv2.subtract(drawn, lines))


def test_what_touches_a_box_stays() -> None:
    """Of a digit that stands on the line its ink is kept, and the other sides go."""
    drawn = mask(BOX)
    cv2.line(drawn, (130, 120), (130, 240), (255,), 9)
    lines = cells(drawn)
    assert lines is not None
    rest = cv2.subtract(drawn, lines)
    assert rest[120:236, 130].all()
    assert not rest[:112].any()
    assert not rest[:, 190:].any()


@pytest.mark.parametrize("spacing_px", [40, 90])
def test_what_touches_one_cell_of_a_large_table_stays(spacing_px: int) -> None:
    """One digit is a small share of all its lines, and went with them without a word."""
    across, down = 10, 8
    right, bottom = 20 + across * spacing_px, 20 + down * spacing_px
    drawn = np.zeros((bottom + 40, right + 40), np.uint8)
    for x in range(20, right + 1, spacing_px):
        cv2.line(drawn, (x, 20), (x, bottom), (255,), 2)
    for y in range(20, bottom + 1, spacing_px):
        cv2.line(drawn, (20, y), (right, y), (255,), 2)
    empty = cells(drawn)
    assert empty is not None
    assert not np.any(cv2.subtract(drawn, empty))
    middle = 20 + spacing_px + spacing_px // 2
    cv2.line(drawn, (middle, 20 + spacing_px + spacing_px // 5), (middle, 20 + 2 * spacing_px), (255,), 5)
    lines = cells(drawn)
    assert lines is not None
    rest = cv2.subtract(drawn, lines)
    assert rest[20 + spacing_px + spacing_px // 5 : 16 + 2 * spacing_px, middle].all()
    assert not rest[:, middle + spacing_px // 2 :].any()


@pytest.mark.parametrize("degrees", [0.0, 4.0])
def test_what_reaches_out_of_its_box_stays(degrees: float) -> None:
    """Its outline has no four corners then; the paper within has them."""
    box = mask(turned(BOX, degrees))
    drawn = cv2.line(box.copy(), (130, 120), (130, 268), (255,), 9)
    lines = cells(np.asarray(drawn, np.uint8))
    assert lines is not None
    rest = cv2.subtract(drawn, lines)
    assert rest[120:268, 130].all()
    assert cv2.countNonZero(rest[:, :100]) + cv2.countNonZero(rest[:, 160:]) < 0.1 * cv2.countNonZero(box)


@pytest.mark.parametrize("top", [110, 82])
def test_what_all_but_divides_its_box_stays(top: int) -> None:
    """A one that stands on the lower side was taken for the line between two boxes; that goes to the upper one."""
    drawn = mask(BOX)
    cv2.line(drawn, (130, top), (130, 240), (255,), 7)
    lines = cells(drawn)
    assert lines is not None
    assert bool(cv2.subtract(drawn, lines)[120:230, 130].any()) == (top == 110)


def test_of_a_table_the_heavier_lines_go_as_well() -> None:
    """They were taken for strokes that cross the lighter ones, and left as dashes that are ones."""
    drawn = np.zeros((400, 400), np.uint8)
    for place in range(10):
        thick_px = 9 if place % 3 == 0 else 2
        cv2.line(drawn, (20 + 40 * place, 20), (20 + 40 * place, 380), (255,), thick_px)
        cv2.line(drawn, (20, 20 + 40 * place), (380, 20 + 40 * place), (255,), thick_px)
    cv2.line(drawn, (120, 150), (120, 180), (255,), 5)
    lines = cells(drawn)
    assert lines is not None
    assert cv2.countNonZero(cv2.subtract(drawn, lines)) < 0.02 * cv2.countNonZero(drawn) + 200


@pytest.mark.parametrize("open_side", range(4))
def test_three_sides_are_no_box(open_side: int) -> None:
    """A hand draws such strokes: a seven, a four, a nine."""
    drawn = np.zeros((320, 640), np.uint8)
    for side in range(4):
        if side != open_side:
            begin, end = (tuple(int(value) for value in BOX[corner % 4]) for corner in (side, side + 1))
            cv2.line(drawn, begin, end, (255,), 3)
    assert cells(drawn) is None


@pytest.mark.parametrize("digit", [0, 1, 2, 4, 5, 7])
@pytest.mark.parametrize("pen_px", [3, 12])
def test_a_digit_is_no_box(digit: int, pen_px: int) -> None:
    """A zero has no corners, and no other has four sides."""
    pixels = paper(240, 240)
    write(pixels, digit, Box(60, 40, 90, 150), pen_px=pen_px)
    assert cells(np.asarray((pixels[..., 0] < 120) * np.uint8(255), np.uint8)) is None


@pytest.mark.parametrize("touching", [False, True])
def test_of_a_worksheet_the_digits_are_found(touching: bool) -> None:
    """The sides of each box were taken for ones."""
    pixels = paper(420, 900)
    boxes = [Box(80 + 130 * place + 25, 150 + 20, 50, 90 if touching else 70) for place in range(5)]
    for box in boxes:
        cv2.rectangle(pixels, (box.x - 25, 150), (box.x + 75, 260), (110, 110, 110), 2, cv2.LINE_AA)
        write(pixels, 2, box, pen_px=7)
    finding = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert len(finding.writings) == len(boxes)
    assert all(writing.box.overlap(box) > 0.5 for writing, box in zip(finding.writings, boxes, strict=True))
