"""Sheets smaller than the frame are found and cut out, whatever their size, colour and turn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, shade, write

from device.domain import Box, Frame, Pixels
from device.ink import SCENE_PX
from device.sheet import Sheet, cut_out, sheets


def table_with(
    *places: tuple[int, int, int, int, float], colour: tuple[int, int, int] = (225, 230, 235), table: int = 80
) -> Frame:
    """A table with sheets: middle, size and turn of each."""
    pixels = paper(900, 1200, luma=table, grain=4.0)
    for x, y, width, height, degrees in places:
        corners = cv2.boxPoints(((x, y), (width, height), degrees))
        cv2.fillConvexPoly(pixels, np.rint(corners).astype(np.int32), colour, cv2.LINE_AA)
    return Frame(pixels)


@pytest.mark.parametrize("size", [(60, 80), (300, 200), (900, 600)])
@pytest.mark.parametrize("degrees", [0.0, 12.0, -20.0])
@pytest.mark.parametrize(("colour", "table"), [((225, 230, 235), 80), ((90, 220, 240), 200), ((40, 40, 40), 180)])
def test_a_sheet_is_found_where_it_lies(
    size: tuple[int, int], degrees: float, colour: tuple[int, int, int], table: int
) -> None:
    """White paper on a dark table, a yellow note on a light one, a blackboard on a wall; small or large, turned."""
    frame = table_with((600, 450, *size, degrees), colour=colour, table=table)
    first = sheets(frame)[0]
    x, y, width, height = cv2.boundingRect(cv2.boxPoints(((600, 450), size, degrees)))
    assert first.box.overlap(Box(x, y, width, height)) > 0.8
    assert abs(first.degrees - degrees) < 3.0


def test_writing_on_the_sheet_does_not_break_it() -> None:
    """A digit, a ruled line and a shadow on it."""
    frame = table_with((600, 450, 500, 400, 0.0))
    pixels = shade(frame.pixels, darkest=0.7)
    write(pixels, 7, Box(560, 380, 80, 130), pen_px=12)
    cv2.line(pixels, (350, 500), (850, 500), (150, 120, 100), 2)
    assert sheets(Frame(pixels))[0].box.overlap(Box(350, 250, 500, 400)) > 0.85


@pytest.mark.parametrize(
    "frame", [Frame(paper(600, 800)), Frame(paper(600, 800, grain=25.0)), Frame(paper(1, 1)), Frame(paper(3, 700))]
)
def test_bare_paper_and_noise_show_no_sheet(frame: Frame) -> None:
    """What fills the frame, or is nothing at all, needs no finding."""
    assert sheets(frame) == []


def test_a_sheet_far_away_is_outlined_to_the_pixel() -> None:
    """One of 60 x 40 px: a pixel of the picture in which sheets are looked for is four of the frame."""
    frame = table_with((600, 450, 60, 40, 8.0))
    (sheet,) = sheets(frame)
    outline = cv2.boxPoints(((600, 450), (60, 40), 8.0))
    shared, _ = cv2.intersectConvexConvex(sheet.outline.astype(np.float32), outline)
    either = cv2.contourArea(outline) + cv2.contourArea(sheet.outline) - shared
    assert shared > 0.95 * either


def test_a_soft_shadow_across_a_sheet_does_not_divide_it() -> None:
    """Lit, the table is as bright as the sheet is in the shadow: no level tells them apart."""
    frame = table_with((600, 450, 300, 200, 0.0), colour=(150, 150, 150), table=115)
    ramp = np.clip((np.arange(1200) - 560) / 80.0, 0.0, 1.0)
    shadow = (0.6 + 0.4 * ramp)[None, :, None]
    found = sheets(Frame((frame.pixels * shadow).astype(np.uint8)))
    assert max(sheet.box.overlap(Box(450, 350, 300, 200)) for sheet in found) > 0.85


def test_two_sheets_of_one_size_are_both_found() -> None:
    """Sticky notes; the squares of squared paper, which are many, are none."""
    notes = ((300, 450, 200, 200, 0.0), (800, 450, 200, 200, 0.0))
    assert sorted(round(sheet.box.x, -2) for sheet in sheets(table_with(*notes))) == [200, 700]
    squares = [(150 + 150 * across, 150 + 150 * down, 120, 120, 0.0) for across in range(7) for down in range(5)]
    assert sheets(table_with(*squares)) == []


def test_what_is_round_is_no_sheet() -> None:
    """A coin, a finger's tip, the inside of a zero."""
    pixels = paper(600, 800, luma=80)
    cv2.circle(pixels, (400, 300), 120, (220, 220, 220), -1, cv2.LINE_AA)
    assert sheets(Frame(pixels)) == []


def test_a_sheet_that_reaches_all_edges_of_the_frame_is_none() -> None:
    """The frame's edges would be taken for its own, and it for upright."""
    assert sheets(table_with((600, 450, 1300, 880, 35.0))) == []


def around(box: Box) -> Sheet:
    """An upright sheet."""
    corners = [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)]
    return Sheet(np.array(corners, np.int32), 0.0)


def test_a_cut_out_sheet_is_a_scene_without_its_table() -> None:
    """A note of 120 x 80 px is enlarged, its places can be traced back, and nothing as dark as the table is left."""
    frame = table_with((300, 200, 120, 80, 0.0))
    cutting = cut_out(frame, around(Box(240, 160, 120, 80)))
    note = cutting.frame
    assert cutting.corner == (240, 160)
    assert min(note.width_px, note.height_px) >= SCENE_PX
    assert cutting.factor == pytest.approx(SCENE_PX / 80, rel=0.03)
    assert note.pixels.min() > 180
    assert note.scale == frame.scale


def test_what_is_made_up_around_a_cut_out_sheet_is_known() -> None:
    """Its rim on all four sides, but for where it goes on beyond the frame."""
    frame = table_with((0, 450, 600, 500, 0.0))
    mask = cut_out(frame, around(Box(-300, 200, 600, 500))).mask
    assert not any(side.any() for side in (mask[0], mask[-1], mask[:, -1]))
    assert mask[len(mask) // 2, 0]
    assert mask[len(mask) // 2, mask.shape[1] // 2]


def test_a_sheet_that_all_but_reaches_the_edge_of_the_frame_does() -> None:
    """No writing is lost between its outline and the frame's edge."""
    (sheet,) = sheets(table_with((990, 450, 410, 300, 0.0)))
    assert sheet.box.right == 1200


def test_far_from_a_turned_sheet_there_is_paper_too() -> None:
    """A slip across a corner of its box: nothing beyond the reach of its own brightness is black."""
    frame = table_with((600, 450, 900, 60, 45.0))
    (slip,) = sheets(frame)
    assert cut_out(frame, slip).frame.pixels.min() > 150


def test_a_sheet_that_leaves_the_frame_is_cut_at_its_edge() -> None:
    """Its outline may lie outside."""
    frame = table_with((0, 450, 600, 500, 0.0))
    cutting = cut_out(frame, around(Box(-300, 200, 600, 500)))
    assert cutting.corner == (0, 200)
    size = (cutting.frame.width_px / cutting.factor, cutting.frame.height_px / cutting.factor)
    assert size == pytest.approx((300, 500), rel=0.01)


def test_the_frame_is_not_changed() -> None:
    """The picture that is shown and kept stays as it was."""
    frame = table_with((300, 200, 120, 80, 0.0))
    before: Pixels = frame.pixels.copy()
    cut_out(frame, sheets(frame)[0])
    assert np.array_equal(frame.pixels, before)


def test_a_page_that_nearly_fills_a_scan_is_found() -> None:
    """Its pencil is lost beside the black around it."""
    page = paper(1040, 740, luma=235.0, grain=3.0)
    scan = Frame(cv2.copyMakeBorder(page, 18, 18, 22, 22, cv2.BORDER_CONSTANT, value=(12, 12, 12)))
    assert sheets(scan)[0].box.overlap(Box(22, 18, 740, 1040)) > 0.95
