"""Writing is found, put into reading order, and everything else is left out, in bounded time."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from drawing import paper, rule, scene, shade, write

from device.domain import Advice, Box, Frame, Pixels
from device.find import MOST_WRITINGS, Writing, find


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    shared = max(0, width) * max(0, height)
    return shared / (one.area + other.area - shared)


def written(height: int, width: int, *digits: tuple[int, Box], pen_px: int = 8) -> Frame:
    """Digits at given places on bare paper."""
    pixels = paper(height, width)
    for digit, box in digits:
        write(pixels, digit, box, pen_px=pen_px)
    return Frame(cv2.GaussianBlur(pixels, (3, 3), 0))


def places(writings: tuple[Writing, ...]) -> list[tuple[int, int]]:
    """Left and top of each, to the nearest 20 px."""
    return [(round(writing.box.x / 20) * 20, round(writing.box.y / 20) * 20) for writing in writings]


@pytest.mark.parametrize("digit", [0, 1, 2, 4, 5, 7])
@pytest.mark.parametrize("height_px", [24, 90, 300])
def test_a_digit_is_found_where_it_is(digit: int, height_px: int) -> None:
    """One piece of writing, its box around the digit, nothing cut off, in group 0; the bar of the 5 belongs to it."""
    pen = max(2, height_px // 12)
    width_px = round(0.6 * height_px)
    frame = written(480, 640, (digit, Box(250, 80, width_px, height_px)), pen_px=pen)
    (writing,) = find(frame).writings
    left = 250 + (round(0.2 * width_px) if digit == 1 else 0)
    width = round(0.4 * width_px) if digit == 1 else width_px
    around = Box(left - pen // 2, 80 - pen // 2, width + pen, height_px + pen)
    assert overlap(writing.box, around) > 0.75
    assert (writing.group, writing.after_mark, writing.cut_off) == (0, False, ())


@pytest.mark.parametrize("digit", [0, 1, 2, 4, 5, 7])
@pytest.mark.parametrize("is_chalk", [False, True])
def test_a_digit_that_fills_a_large_frame_is_not_hollowed(digit: int, is_chalk: bool) -> None:
    """A child's giant digit, or a crop enlarged: one piece of writing, with the middles of its strokes full of ink."""
    pixels = paper(1000, 800)
    write(pixels, digit, Box(120, 100, 560, 800), pen_px=110)
    (writing,) = find(Frame(np.asarray(255 - pixels, np.uint8) if is_chalk else pixels)).writings
    drawn = np.zeros((1000, 800, 3), np.uint8)
    write(drawn, digit, Box(120, 100, 560, 800), pen_px=60, luma=255)
    margin = (writing.ink.shape[0] - writing.box.height) // 2  # of paper
    height, width = writing.ink.shape
    middles = drawn[writing.box.y - margin :, writing.box.x - margin :, 0][:height, :width] == 255
    assert np.mean(writing.ink[middles] >= 128) > 0.98


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: np.asarray(255 - pixels, np.uint8),
        lambda pixels: shade(pixels, darkest=0.4),
        lambda pixels: (pixels * 0.35).astype(np.uint8),
        lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 3),
        lambda pixels: np.clip(pixels + np.random.default_rng(3).normal(0, 12, pixels.shape), 0, 255).astype(np.uint8),
        lambda pixels: cv2.resize(pixels, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC),
        lambda pixels: cv2.resize(pixels, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA),
    ],
    ids=["chalk", "shadow", "dusk", "blur", "noise", "enlarged", "reduced"],
)
def test_the_light_and_the_camera_do_not_matter(change: object) -> None:
    """Three digits are found at the same places whatever happens to the picture."""
    frame = scene(4, 2, 7)
    changed = Frame(change(frame.pixels))  # type: ignore[operator]
    factor = frame.width_px / changed.width_px
    expected = [writing.box for writing in find(frame).writings]
    boxes = [writing.box.scaled(factor) for writing in find(changed).writings]
    assert len(boxes) == len(expected) == 3
    assert all(overlap(box, place) > 0.7 for box, place in zip(boxes, expected, strict=True))


def test_ink_is_what_the_digit_is_made_of() -> None:
    """The ink given on has its core near full strength, paper around it, and only its own digit."""
    first, second = find(scene(1, 0)).writings
    for writing in (first, second):
        assert np.percentile(writing.ink, 99) >= 200
        assert np.median(writing.ink) < 64
    assert first.ink.shape[1] < second.ink.shape[1]


def test_lines_are_read_from_left_to_right_and_top_to_bottom() -> None:
    """Two lines of digits come in reading order, each line a group."""
    frame = written(
        480,
        640,
        *[
            (digit, Box(x, y, 50, 80))
            for y in (60, 260)
            for x, digit in zip((400, 100, 200, 300), (2, 7, 0, 4), strict=True)
        ],
    )
    writings = find(frame).writings
    assert places(writings) == [(x, y) for y in (60, 260) for x in (100, 200, 300, 400)]
    assert [writing.group for writing in writings] == [0] * 4 + [1] * 4


def test_a_line_may_slope() -> None:
    """Digits that rise by a third of their height from one to the next are one line."""
    frame = written(480, 640, *[(2, Box(100 + 90 * place, 260 - 27 * place, 50, 80)) for place in range(5)])
    writings = find(frame).writings
    assert [writing.group for writing in writings] == [0] * 5
    assert [writing.box.x for writing in writings] == sorted(writing.box.x for writing in writings)


@pytest.mark.parametrize(("below_px", "is_open"), [(0, False), (55, True), (110, False)])
def test_what_stands_between_two_lines_may_be_of_either(below_px: int, is_open: bool) -> None:
    """Half a line below the second digit of the first, as far from it as from that of the second."""
    rows = [(150, 100), (420, 100 + below_px), (150, 210)]
    finding = find(written(480, 640, *[(2, Box(x, y, 50, 80)) for x, y in rows]))
    assert len(finding.writings) == 3
    assert finding.disorderly == is_open


def test_a_line_may_slope_across_a_wide_gap() -> None:
    """Two digits on one level and a third far to the right, where the line's slope has taken it almost a height up."""
    frame = written(480, 640, *[(2, Box(x, y, 50, 80)) for x, y in ((60, 300), (130, 296), (400, 215))])
    assert [writing.box.x for writing in find(frame).writings] == pytest.approx([60, 130, 400], abs=6)


def test_sheets_of_few_digits_keep_their_lines() -> None:
    """Four lines of digits, some far apart: next neighbours are often those above and below."""
    sizes = {38: 58, 31: 48, 44: 51, 39: 54, 40: 57, 45: 74, 102: 71, 80: 96, 62: 73}
    lines = (
        ((132, 34, 31), (178, 31, 44), (352, 14, 38)),
        ((56, 115, 39),),
        ((32, 239, 40), (190, 246, 45), (248, 260, 102), (544, 269, 80)),
        ((30, 379, 39), (85, 383, 62)),
    )
    placed = [place for line in lines for place in line]
    frame = written(480, 640, *[(2, Box(x, y, width, sizes[width])) for x, y, width in placed])
    assert [writing.box.x for writing in find(frame).writings] == pytest.approx([x for x, _, _ in placed], abs=8)


def test_a_wide_gap_begins_a_group() -> None:
    """Two and three digits with a gap between are two groups of one line."""
    places_px = (60, 130, 350, 420, 490)
    frame = written(300, 640, *[(4, Box(x, 100, 50, 80)) for x in places_px])
    assert [writing.group for writing in find(frame).writings] == [0, 0, 1, 1, 1]


def test_many_wide_gaps_on_a_sheet_begin_groups() -> None:
    """Two lines "8 3 58" and "5 2": most gaps are wide, and the one narrow gap shows how this hand writes."""
    places_px = [(x, 60) for x in (60, 210, 360, 430)] + [(x, 260) for x in (60, 240)]
    frame = written(400, 640, *[(4, Box(x, y, 50, 80)) for x, y in places_px])
    assert [writing.group for writing in find(frame).writings] == [0, 1, 2, 2, 3, 4]


def test_a_hand_that_writes_widely_begins_no_groups() -> None:
    """Digits a height apart, give or take a quarter of it, are one number."""
    frame = written(300, 640, *[(4, Box(x, 100, 40, 64)) for x in (30, 135, 245, 345, 460)])
    assert [writing.group for writing in find(frame).writings] == [0] * 5


def test_digits_in_the_boxes_of_a_form_are_one_group() -> None:
    """From middle to middle it is as far everywhere; beside a narrow one the gap is a group's."""
    widths_px = (90, 84, 20, 20, 88, 92)
    frame = written(
        300, 800, *[(2, Box(110 + 116 * i - width // 2, 100, width, 80)) for i, width in enumerate(widths_px)]
    )
    assert [writing.group for writing in find(frame).writings] == [0] * 6


@pytest.mark.parametrize("mark", ["point", "comma", "dash"])
def test_a_mark_between_digits_is_noticed(mark: str) -> None:
    """A point, comma or dash between two digits begins a group and is told: never "75" for "7.5"."""
    frame = written(300, 500, (7, Box(120, 80, 70, 110)), (2, Box(280, 80, 70, 110)), pen_px=9)
    pixels = frame.pixels.copy()
    if mark == "point":
        cv2.circle(pixels, (232, 185), 7, (40, 40, 40), cv2.FILLED, cv2.LINE_AA)
    elif mark == "comma":
        cv2.line(pixels, (236, 182), (226, 206), (40, 40, 40), 9, cv2.LINE_AA)
    else:
        cv2.line(pixels, (215, 135), (255, 135), (40, 40, 40), 9, cv2.LINE_AA)
    first, second = find(Frame(pixels)).writings
    assert (first.after_mark, second.after_mark) == (False, True)
    assert (first.group, second.group) == (0, 1)


@pytest.mark.parametrize(("dot_px", "is_mark"), [(14, True), (10, True), (5, False)])
def test_a_speck_finer_than_the_pen_is_no_decimal_point(dot_px: int, is_mark: bool) -> None:
    """Between two digits of a 10 px pen a point of its own width is a mark; one half as wide is in the paper."""
    pixels = paper(480, 640)
    for digit, left in ((7, 200), (5, 320)):
        write(pixels, digit, Box(left, 200, 60, 100), pen_px=10)
    cv2.ellipse(pixels, ((288.0, 292.0), (dot_px, dot_px), 0.0), (40, 40, 40), -1)
    assert [writing.after_mark for writing in find(Frame(pixels)).writings] == [False, is_mark]


def test_a_giant_digit_beside_a_thumb_is_found_when_asked_for() -> None:
    """The thumb hides that the frame is full of one digit: looked for as such it is found whole."""
    pixels = paper(1232, 1640)
    write(pixels, 2, Box(500, 150, 560, 900), pen_px=120)
    cv2.ellipse(pixels, ((0.0, 1100.0), (300.0, 500.0), 60.0), (70, 90, 150), -1)
    found = find(Frame(pixels), wide=True).writings
    assert any(overlap(writing.box, Box(440, 90, 680, 1020)) > 0.9 for writing in found)


def test_grainy_chalk_is_no_tangle() -> None:
    """A stroke with a hundred bare grains has no more stroke than one without."""
    pixels = paper(1232, 1640, luma=60.0)
    write(pixels, 2, Box(500, 150, 560, 900), pen_px=120, luma=200)
    rng = np.random.default_rng(7)
    grains = rng.random(pixels.shape[:2]) < 0.04
    pixels[cv2.dilate(grains.view(np.uint8), np.ones((2, 2), np.uint8)) > 0] = 60
    (writing,) = find(Frame(pixels)).writings
    assert not writing.tangled


def test_a_digit_lost_between_two_others_is_noticed() -> None:
    """The middle one of three digits touches the edge of the sheet: two are found, and that something is missing."""
    three = [(digit, Box(200 + 80 * place, 200, 50, 80)) for place, digit in enumerate((2, 4, 7))]
    frame = written(480, 640, *three)
    assert (len(find(frame).writings), find(frame).other_ink) == (3, False)
    cv2.polylines(frame.pixels, [np.array([[310, 270], [310, 460], [0, 460], [640, 460]])], False, (60, 60, 60), 20)
    assert (len(find(frame).writings), find(frame).other_ink) == (2, True)


def test_specks_are_no_digits() -> None:
    """A hundred specks around a digit change nothing."""
    pixels = scene(2).pixels.copy()
    rng = np.random.default_rng(4)
    for x, y in zip(rng.integers(0, 640, 100), rng.integers(0, 150, 100), strict=True):
        cv2.circle(pixels, (int(x), int(y)), int(rng.integers(1, 3)), (90, 90, 90), cv2.FILLED)
    assert len(find(Frame(pixels)).writings) == 1


def test_ruled_paper_is_read_through() -> None:
    """Digits on dark ruled lines are found, whole and alone."""
    frame = scene(4, 0, 2)
    pixels = frame.pixels.copy()
    rule(pixels, spacing_px=55, slope=0.05, luma=110)
    found, expected = find(Frame(pixels)).writings, find(frame).writings
    assert len(found) == 3
    assert all(overlap(one.box, other.box) > 0.8 for one, other in zip(found, expected, strict=True))


def test_squared_paper_is_read_through() -> None:
    """Squares seen askew, whose lines are not taken out, are around the digits, not of them."""
    pixels = paper(480, 640)
    cv2.fillConvexPoly(pixels, np.array([[0, 0], [640, 0], [640, 480], [0, 480]]), (205, 210, 212))
    for step in range(-480, 1200, 14):
        cv2.line(pixels, (step, 0), (step + 160, 480), (180, 175, 170), 1, cv2.LINE_AA)
        cv2.line(pixels, (0, step), (640, step - 190), (180, 175, 170), 1, cv2.LINE_AA)
    write(pixels, 4, Box(250, 200, 40, 64), pen_px=5)
    write(pixels, 7, Box(320, 200, 40, 64), pen_px=5)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert [overlap(writing.box, Box(x, 197, 46, 70)) > 0.7 for writing, x in zip(found, (247, 317), strict=True)] == [
        True,
        True,
    ]


def test_the_edge_of_a_sheet_is_no_writing() -> None:
    """A dark table beside a white sheet, with a shadow along the sheet's edge: nothing but the digit is found."""
    pixels = paper(600, 800, luma=90.0, grain=6.0)
    sheet = np.array([[200, 60], [760, 140], [700, 560], [140, 470]])
    cv2.fillConvexPoly(pixels, sheet, (225, 228, 230))
    cv2.polylines(pixels, [sheet], True, (50, 50, 50), 3)
    write(pixels, 2, Box(400, 240, 60, 100), pen_px=8)
    (writing,) = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert overlap(writing.box, Box(396, 236, 68, 108)) > 0.7


def test_ink_of_the_other_kind_is_looked_for_when_asked() -> None:
    """A dark digit is found unasked; where light ink is looked for, at most its surroundings, which are less clear."""
    frame = written(480, 640, (2, Box(300, 200, 50, 80)))
    (writing,) = find(frame).writings
    assert overlap(writing.box, Box(296, 196, 58, 88)) > 0.7
    assert all(other.clearness < writing.clearness - 2.0 for other in find(frame, inverted=True).writings)


def test_a_digit_across_the_edge_of_a_shadow_is_as_clear_as_one_beside_it() -> None:
    """Half of a large zero lies in a hard shadow: its ground is even nearly everywhere along its strokes."""
    pixels = paper(800, 1000)
    write(pixels, 0, Box(380, 250, 240, 360), pen_px=14)
    (lit,) = find(Frame(pixels)).writings
    shadow = np.ones((800, 1000, 1), np.float32)
    shadow[:, 500:] = 0.6
    (half_lit,) = find(Frame((pixels * shadow).astype(np.uint8))).writings
    assert half_lit.clearness > lit.clearness - 0.5
    assert overlap(half_lit.box, lit.box) > 0.95


def test_the_halves_of_broken_strokes_are_joined() -> None:
    """A seven and a one of which chalk left out some rows are found as before, beside whole zeros."""
    bare, pixels = paper(480, 640), paper(480, 640)
    for place, digit in enumerate((7, 1, 0, 0, 0)):
        write(pixels, digit, Box(110 + 90 * place, 120, 54, 120), pen_px=12)
    whole = find(Frame(pixels.copy())).writings
    pixels[180:186, :270] = bare[180:186, :270]
    found = find(Frame(pixels)).writings
    assert len(found) == len(whole) == 5
    assert all(overlap(one.box, other.box) > 0.95 for one, other in zip(found, whole, strict=True))


@pytest.mark.parametrize("gap_px", [10, 30])
def test_a_crumb_continues_a_stroke_that_is_too_short_and_no_other(gap_px: int) -> None:
    """A one of which chalk left its upper half and a dot has both; a point below another digit is none of it."""
    pixels = paper(480, 640)
    for place, digit in enumerate((4, 1, 4)):
        write(pixels, digit, Box(180 + 90 * place, 120, 54, 120), pen_px=12)
    bare = paper(480, 640)
    pixels[190:, 260:340] = bare[190:, 260:340]
    cv2.circle(pixels, (297, 196 + gap_px), 7, (60, 60, 60), cv2.FILLED)
    cv2.circle(pixels, (207, 262), 7, (60, 60, 60), cv2.FILLED)
    one, broken, other = find(Frame(pixels)).writings
    assert abs(broken.box.bottom - (203 + gap_px)) <= 4
    assert one.box.bottom == other.box.bottom
    assert broken.clearness < 4.0  # it was weighed, and not taken for a crop


def test_a_ring_around_a_digit_is_no_zero() -> None:
    """The digit in it is found; a zero with a slash in it stays one."""
    pixels = paper(480, 640)
    write(pixels, 2, Box(290, 190, 60, 100), pen_px=9)
    ringed = pixels.copy()
    cv2.ellipse(ringed, (320, 240), (100, 110), 0, 0, 360, (60, 60, 60), 8)
    (writing,) = find(Frame(ringed)).writings
    assert overlap(writing.box, find(Frame(pixels)).writings[0].box) > 0.9
    slashed = paper(480, 640)
    cv2.ellipse(slashed, (320, 240), (60, 90), 0, 0, 360, (60, 60, 60), 9)
    cv2.line(slashed, (300, 280), (340, 200), (60, 60, 60), 9)
    finding = find(Frame(slashed))
    assert len(finding.writings) == 1
    assert finding.writings[0].box.height > 180
    assert not finding.other_ink


@pytest.mark.parametrize(("row", "is_minus"), [(180, True), (236, False)], ids=["minus", "underscore"])
def test_a_minus_before_a_number_is_not_passed_over(row: int, is_minus: bool) -> None:
    """What would be read as 74 isn't all that is written."""
    pixels = paper(480, 640)
    for place, digit in enumerate((7, 4)):
        write(pixels, digit, Box(260 + 90 * place, 120, 60, 120), pen_px=10)
    cv2.line(pixels, (170, row), (230, row + 2), (60, 60, 60), 10)
    finding = find(Frame(pixels))
    assert len(finding.writings) == 2
    assert finding.other_ink is is_minus


def test_a_thumb_and_a_shadow_are_no_digits() -> None:
    """A thumb in the corner and the edge of a hard shadow are left out."""
    pixels = scene(7).pixels.copy()
    cv2.ellipse(pixels, (620, 460), (170, 70), 35, 0, 360, (140, 160, 205), cv2.FILLED)
    corner = np.array([[0, 0], [150, 0], [0, 200]])
    shadow = cv2.fillPoly(np.ones(pixels.shape[:2], np.float32), [corner], 0.6)
    writings = find(Frame((pixels * shadow[:, :, None]).astype(np.uint8))).writings
    assert len(writings) == 1
    assert overlap(writings[0].box, find(scene(7)).writings[0].box) > 0.8


def test_a_sheet_on_a_dark_table_is_read() -> None:
    """The table around the sheet and the sheet's edges are left out."""
    pixels = paper(600, 800, luma=60, grain=5)
    pixels[60:540, 80:720] = scene(4, 2).pixels
    writings = find(Frame(pixels)).writings
    assert len(writings) == 2
    assert all(200 < writing.box.y < 400 for writing in writings)


@pytest.mark.parametrize(
    ("place", "edge"),
    [
        (Box(-30, 180, 70, 120), Advice.CUT_OFF_LEFT),
        (Box(605, 180, 70, 120), Advice.CUT_OFF_RIGHT),
        (Box(280, -40, 70, 120), Advice.CUT_OFF_TOP),
        (Box(280, 400, 70, 120), Advice.CUT_OFF_BOTTOM),
    ],
)
def test_a_digit_across_the_edge_is_cut_off(place: Box, edge: Advice) -> None:
    """Which edge a stroke crosses is told."""
    (writing,) = find(written(480, 640, (0, place))).writings
    assert writing.cut_off == (edge,)


def test_a_sliver_beside_digits_tells_of_the_edge_it_crosses() -> None:
    """Too little to be written, enough to say where the rest is; the digits' own edges are bare."""
    finding = find(
        written(480, 640, (4, Box(390, 180, 70, 120)), (2, Box(490, 180, 70, 120)), (0, Box(616, 180, 70, 120)))
    )
    assert [writing.cut_off for writing in finding.writings] == [(), ()]
    assert (finding.other_ink, finding.cut_off) == (True, (Advice.CUT_OFF_RIGHT,))
    assert find(written(480, 640, (4, Box(390, 180, 70, 120)))).cut_off == ()


def test_what_an_edge_leaves_of_a_digit_may_be_two_strokes() -> None:
    """Of a five only the ends of its bar and of its belly are in the picture: together they are as high as a digit."""
    pixels = paper(480, 640)
    write(pixels, 2, Box(500, 200, 60, 100), pen_px=8)
    for top, bottom in ((200, 236), (254, 300)):
        cv2.line(pixels, (618, top + 4), (640, top), (40, 40, 40), 8)
        cv2.line(pixels, (620, top), (620, bottom), (40, 40, 40), 8)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert [writing.cut_off for writing in found] == [(), (Advice.CUT_OFF_RIGHT,)]


def test_crumbs_of_a_digit_at_the_edge_tell_of_it() -> None:
    """Of a digit beside two others the frame's edge leaves but the ends of two strokes."""
    pixels = paper(480, 640)
    write(pixels, 2, Box(450, 200, 60, 100), pen_px=8)
    write(pixels, 4, Box(530, 200, 60, 100), pen_px=8)
    assert not find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).other_ink
    cv2.line(pixels, (632, 238), (640, 270), (40, 40, 40), 8)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert len(found.writings) == 2
    assert found.other_ink
    assert found.cut_off == (Advice.CUT_OFF_RIGHT,)


def test_a_tight_crop_is_not_cut_off() -> None:
    """A digit that touches opposite edges of a crop is whole."""
    pixels = paper(100, 70)
    write(pixels, 0, Box(3, 3, 64, 94), pen_px=8)
    (writing,) = find(Frame(pixels)).writings
    assert writing.cut_off == ()


@pytest.mark.parametrize(("pen", "is_surely_line"), [(140, True), (40, False)])
def test_a_printed_line_beside_a_digit_in_a_crop_is_no_one(pen: int, is_surely_line: bool) -> None:
    """The line of a grid that a crop was cut beyond is left out; one as dark as the digit leaves a doubt."""
    pixels = paper(90, 90)
    write(pixels, 2, Box(12, 15, 45, 60), pen_px=7, luma=pen)
    cv2.rectangle(pixels, (76, 0), (81, 80), (30, 30, 30), -1)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert len(found.writings) == 1
    assert overlap(found.writings[0].box, Box(8, 11, 53, 68)) > 0.8
    assert found.other_ink is not is_surely_line


def test_the_corner_of_a_printed_frame_is_no_part_of_the_digit_in_it() -> None:
    """A crop that was cut beyond two lines of a grid which meet, and through the digit between them."""
    pixels = paper(90, 90)
    write(pixels, 2, Box(2, 15, 42, 55), pen_px=7, luma=120)
    cv2.line(pixels, (70, 0), (78, 89), (30, 30, 30), 5)
    cv2.line(pixels, (0, 82), (78, 82), (30, 30, 30), 5)
    (writing,) = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert overlap(writing.box, Box(0, 11, 48, 63)) > 0.8


@pytest.mark.parametrize(("left", "leaning_px", "width"), [(600, 10, 700), (500, 30, 620)])
def test_the_shadow_of_a_sheet_beside_it_in_a_crop_is_no_one(left: int, leaning_px: int, width: int) -> None:
    """Beyond the edge of the sheet the table is darkest close to it; what writes has its ground on both sides."""
    pixels = paper(190, width)
    places = [Box(x, 45, 65, 100) for x in (130, 250, 370)]
    for place in places:
        write(pixels, 2, place, pen_px=8)
    beyond_px = np.arange(width)[None] - left - leaning_px * np.arange(190)[:, None] / 190
    table = np.clip(60.0 + 3.0 * beyond_px, 60.0, 130.0) + np.random.default_rng(1).normal(0.0, 5.0, beyond_px.shape)
    pixels[beyond_px > 0] = table.astype(np.uint8)[beyond_px > 0][:, None]
    found = find(Frame(cv2.GaussianBlur(pixels, (5, 5), 0)))
    assert found.tight
    assert [overlap(one.box, place) > 0.7 for one, place in zip(found.writings, places, strict=True)] == [True] * 3
    assert not found.other_ink


def test_a_lone_one_as_high_as_its_crop_is_written() -> None:
    """Nobody crops a picture around nothing but a printed line."""
    pixels = paper(90, 40)
    cv2.rectangle(pixels, (16, 0), (22, 80), (30, 30, 30), -1)
    assert len(find(Frame(pixels)).writings) == 1


@pytest.mark.parametrize("is_white_on_black", [True, False])
def test_a_picture_of_28_pixels_is_read(is_white_on_black: bool) -> None:
    """A digit in MNIST's own layout is one piece of writing, its box in the picture's pixels."""
    pixels = np.zeros((28, 28, 3), np.uint8)
    write(pixels, 2, Box(8, 5, 13, 18), pen_px=2, luma=255)
    (writing,) = find(Frame(pixels if is_white_on_black else np.asarray(255 - pixels, np.uint8))).writings
    assert overlap(writing.box, Box(7, 4, 15, 20)) > 0.6


@pytest.mark.parametrize("luma", [0.0, 40.0, 200.0, 255.0])
@pytest.mark.parametrize("grain", [0.0, 3.0, 10.0])
def test_bare_paper_has_no_writing(luma: float, grain: float) -> None:
    """Nothing is found where nothing is."""
    assert find(Frame(paper(480, 640, luma=luma, grain=grain))).writings == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2), (3000, 1)])
def test_degenerate_frames_are_survived(shape: tuple[int, int]) -> None:
    """A frame of one row, column or pixel has an answer."""
    find(Frame(np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)))


def test_what_is_found_in_a_crop_of_few_pixels_is_inside_it() -> None:
    """It is enlarged to be read; its boxes are rounded, and lie in the picture all the same."""
    chance, found = np.random.default_rng(7), 0
    for _ in range(300):
        height, width = int(chance.integers(4, 30)), int(chance.integers(2, 6))
        pixels = np.full((height, width, 3), 255, np.uint8)
        first, last = ((int(chance.integers(width)), int(chance.integers(height))) for _ in range(2))
        cv2.line(pixels, first, last, (24,) * 3)
        for writing in find(Frame(pixels)).writings:
            found += 1
            for box in (writing.box, writing.ink_box):
                assert min(box.x, box.y) >= 0 < min(box.width, box.height)
                assert box.right <= width
                assert box.bottom <= height
    assert found > 100


def page_of_text() -> Pixels:
    """Forty lines of print."""
    pixels = paper(1232, 1640)
    for y in range(30, 1232, 30):
        cv2.putText(
            pixels, "the quick brown fox jumps over the lazy dog " * 2, (10, y), 0, 0.9, (30,) * 3, 2, cv2.LINE_AA
        )
    return pixels


def rings() -> Pixels:
    """Boxes in boxes: the worst for looking at every piece's box."""
    pixels = paper(1232, 1640)
    for radius in range(10, 610, 9):
        cv2.circle(pixels, (820, 616), radius, (40,) * 3, 2)
    return pixels


def lattice() -> Pixels:
    """Squared paper in black."""
    pixels = paper(1232, 1640)
    rule(pixels, spacing_px=20, luma=50)
    turned = np.ascontiguousarray(np.rot90(pixels))
    rule(turned, spacing_px=20, luma=50)
    return turned


def static() -> Pixels:
    """Every pixel black or white by chance."""
    return np.repeat(np.random.default_rng(6).integers(0, 2, (1232, 1640, 1), dtype=np.uint8) * 255, 3, axis=2)


@pytest.mark.parametrize("picture", [page_of_text, rings, lattice, static])
def test_the_worst_pictures_take_bounded_time(picture: object) -> None:
    """Two megapixels of anything take below 1.5 s, where a digit takes 0.02 s, and hold no more than a page."""
    frame = Frame(picture())  # type: ignore[operator]
    begin = time.process_time()
    finding = find(frame)
    assert time.process_time() - begin < 1.5
    assert len(finding.writings) <= MOST_WRITINGS


def test_a_page_of_text_is_no_number() -> None:
    """There is writing, and it is not given as digits."""
    finding = find(Frame(page_of_text()))
    assert finding.other_ink
    assert finding.writings == ()


def test_a_wide_stroke_is_not_hollowed_by_what_touches_the_edge() -> None:
    """A felt pen's digit on a sheet of which a finger and a line reach the frame's edge is found whole."""
    pixels = paper(960, 1280)
    write(pixels, 2, Box(500, 300, 260, 420), pen_px=90)
    cv2.ellipse(pixels, (0, 800), (220, 90), 0, 0, 360, (90, 110, 170), -1)
    pixels[60:64] = 120
    (writing,) = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert overlap(writing.box, Box(455, 255, 350, 510)) > 0.8
    assert not writing.cut_off


def test_small_digits_are_found_within_the_outline_of_their_sheet() -> None:
    """The edge of a sheet has more ink than they: it doesn't say how high they are."""
    pixels = paper(1232, 1640, luma=170)
    pixels[300:700, 500:1100] = paper(400, 600, luma=215)
    cv2.rectangle(pixels, (500, 300), (1100, 700), (120, 120, 120), 9)
    boxes = [Box(700 + 30 * place, 480, 14, 24) for place in range(4)]
    for box in boxes:
        write(pixels, 2, box, pen_px=3)
    writings = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert len(writings) == 4
    assert all(overlap(writing.box, box) > 0.5 for writing, box in zip(writings, boxes, strict=True))


@pytest.mark.parametrize(
    "edge",
    [
        [(0, 150), (0, 240), (26, 150)],  # the table in a corner of the sheet
        [(0, 330), (0, 352), (190, 332), (190, 330)],  # the edge of a sheet below
        [(40, 480), (40, 350), (75, 325), (110, 350), (110, 480)],  # a finger
    ],
)
def test_what_crosses_the_edge_beside_digits_and_is_no_digit_loses_none(edge: list[tuple[int, int]]) -> None:
    """As dark as the ink and as near to it as a digit that is lost."""
    pixels = paper(480, 640)
    write(pixels, 2, Box(60, 200, 60, 100), pen_px=8)
    write(pixels, 4, Box(140, 200, 60, 100), pen_px=8)
    corner = np.array(edge) - ([0, 150] if edge[0] == (0, 150) else [0, 0])
    cv2.fillPoly(pixels, [corner], (45, 45, 45), cv2.LINE_AA)
    finding = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert (len(finding.writings), finding.other_ink) == (2, False)


def test_the_other_end_of_a_digit_at_the_edge_is_missed() -> None:
    """Of a six with a broken stroke the ring is whole in the picture, and its top leaves it."""
    pixels = paper(480, 640)
    write(pixels, 0, Box(300, 40, 90, 110), pen_px=12)
    assert not find(Frame(pixels)).other_ink
    cv2.line(pixels, (318, 20), (350, -12), (40, 40, 40), 12, cv2.LINE_AA)
    finding = find(Frame(pixels))
    assert (finding.other_ink, finding.cut_off) == (True, (Advice.CUT_OFF_TOP,))


@pytest.mark.parametrize(
    ("top", "bottom", "is_slash"),
    [((250, 184), (210, 322), True), ((250, 205), (210, 295), False), ((210, 184), (250, 322), False)],
)
def test_a_slash_is_a_mark_and_no_one(top: tuple[int, int], bottom: tuple[int, int], is_slash: bool) -> None:
    """A straight stroke that leans to the right and reaches beyond both its neighbours; 1/2 was read as 112."""
    pixels = paper(480, 640)
    write(pixels, 4, Box(120, 200, 60, 100), pen_px=8)
    write(pixels, 2, Box(280, 200, 60, 100), pen_px=8)
    cv2.line(pixels, top, bottom, (40, 40, 40), 8, cv2.LINE_AA)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert [writing.after_mark for writing in found] == ([False, True] if is_slash else [False, False, False])
    assert [writing.group for writing in found] == ([0, 1] if is_slash else [0, 0, 0])


@pytest.mark.parametrize(("step_px", "groups"), [(130, [0] * 5), (65, [0, 0, 1, 1])])
def test_a_one_in_the_box_of_a_form_is_no_slash(step_px: int, groups: list[int]) -> None:
    """It leans, and is higher than the digits beside it; but what stands so evenly, and so wide apart, is in boxes."""
    pixels = paper(300, 800)
    for place in range(5):
        middle = 110 + step_px * place
        if place == 2:
            cv2.line(pixels, (middle - 15, 195), (middle + 15, 85), (40, 40, 40), 7, cv2.LINE_AA)
        else:
            write(pixels, 2, Box(middle - 25, 105, 50, 70), pen_px=7)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert [writing.group for writing in found.writings] == groups
    assert any(writing.after_mark for writing in found.writings) is (len(groups) == 4)


@pytest.mark.parametrize("high_px", [28, 34, 45, 58])
@pytest.mark.parametrize("beside_px", [7, 12, 20])
def test_a_comma_is_a_mark_however_long_and_near(high_px: int, beside_px: int) -> None:
    """It hangs below the digits' feet; of 100 px and more than a quarter it was a stroke of its neighbour, or a 1."""
    pixels = paper(480, 640)
    write(pixels, 4, Box(120, 200, 60, 100), pen_px=8)
    top, foot = 300 - high_px // 3, 300 + 2 * high_px // 3
    right = 180 + beside_px + high_px // 3 + 8
    cv2.line(pixels, (right, top), (right - high_px // 3, foot), (40, 40, 40), 8, cv2.LINE_AA)
    write(pixels, 5, Box(right + beside_px + 8, 200, 60, 100), pen_px=8)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert [writing.after_mark for writing in found] == [False, True]
    assert [abs(writing.box.height - 100) < 15 for writing in found] == [True, True]


def test_a_small_digit_that_stands_low_is_no_comma() -> None:
    """Children's lines rise and fall; what begins above the others' middle is a digit."""
    pixels = paper(480, 640)
    write(pixels, 4, Box(120, 200, 60, 100), pen_px=8)
    write(pixels, 1, Box(220, 240, 30, 75), pen_px=8)
    write(pixels, 5, Box(290, 200, 60, 100), pen_px=8)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings
    assert [writing.after_mark for writing in found] == [False, False, False]


def punched(degrees: float, missing: int | None = None) -> Frame:
    """A two on a sheet with eighteen holes along its upper edge, seen askew, one of them hidden if asked for."""
    pixels = paper(600, 800)
    for number in range(18):
        if number != missing:
            cv2.rectangle(pixels, (30 + 42 * number, 60), (43 + 42 * number, 88), (50, 50, 50), -1)
    write(pixels, 2, Box(350, 300, 60, 90), pen_px=8)
    turn = cv2.getRotationMatrix2D((400.0, 300.0), degrees, 0.9)
    return Frame(np.asarray(cv2.warpAffine(pixels, turn, (800, 600), borderMode=cv2.BORDER_REPLICATE), np.uint8))


@pytest.mark.parametrize("degrees", [0.0, 12.0, 90.0])
@pytest.mark.parametrize("missing", [None, 7])
def test_the_holes_of_a_binding_are_no_writing(degrees: float, missing: int | None) -> None:
    """They were taken for writing that can't be read, beside the digit."""
    finding = find(punched(degrees, missing))
    assert len(finding.writings) == 1
    assert not finding.other_ink


@pytest.mark.parametrize("gaps", [(40, 40, 40, 40), (40, 52, 33, 61, 38, 47)], ids=["few", "uneven"])
def test_ones_in_a_row_are_no_holes(gaps: tuple[int, ...]) -> None:
    """A hand leaves other gaps, or a number has fewer digits."""
    pixels = paper(400, 600)
    x = 60
    for gap in (0, *gaps):
        x += gap
        cv2.line(pixels, (x, 150), (x, 210), (40, 40, 40), 8, cv2.LINE_AA)
    assert len(find(Frame(pixels)).writings) == len(gaps) + 1


def shaded_crop(corners: list[tuple[int, int]], soft_px: int) -> Frame:
    """A five in a crop, half of the light taken from what lies within the corners."""
    pixels = paper(270, 210)
    write(pixels, 5, Box(40, 40, 130, 190), pen_px=22)
    light = np.ones(pixels.shape, np.float32)
    cv2.fillPoly(light, [np.array(corners)], (0.5, 0.5, 0.5))
    light = cv2.GaussianBlur(light, (soft_px, soft_px), 0)
    return Frame((cv2.GaussianBlur(pixels, (3, 3), 0) * light).astype(np.uint8))


@pytest.mark.parametrize("soft_px", [3, 21])
@pytest.mark.parametrize(
    "corners",
    [
        [(0, 0), (18, 0), (45, 270), (0, 270)],
        [(0, 0), (60, 0), (160, 270), (0, 270)],
        [(210, 0), (150, 0), (100, 270), (210, 270)],
        [(0, 0), (210, 0), (210, 120), (0, 170)],
    ],
    ids=["side", "half", "other half", "top"],
)
def test_a_shadow_across_a_crop_is_no_ink(corners: list[tuple[int, int]], soft_px: int) -> None:
    """It was taken for the ground or for ink that ran into the digit, and read as a one before it."""
    (lit,) = find(shaded_crop([(0, 0)] * 3, soft_px)).writings
    finding = find(shaded_crop(corners, soft_px))
    (writing,) = finding.writings
    assert writing.box.overlap(lit.box) > 0.95
    assert not finding.other_ink


def test_what_is_faint_at_the_edge_of_a_crop_is_left_out_aloud() -> None:
    """The rest of a shadow was read as a one beside the digit; it may be a digit that the pen hardly drew."""
    pixels = paper(270, 210)
    write(pixels, 5, Box(60, 50, 90, 150), pen_px=16)
    cv2.line(pixels, (195, 60), (209, 220), (130, 130, 130), 9, cv2.LINE_AA)
    finding = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    (writing,) = finding.writings
    assert writing.box.right < 170
    assert finding.other_ink


@pytest.mark.parametrize("enlarged", [1, 6])
def test_a_one_at_the_end_of_a_strip_is_no_printed_line(enlarged: int) -> None:
    """It is nearer to the end than a printed frame's side is in a crop of one digit."""
    pixels = np.zeros((28, 140, 3), np.uint8)
    for place, digit in enumerate((4, 7, 2, 7)):
        write(pixels, digit, Box(10 + 28 * place, 5, 10, 18), pen_px=3, luma=255)
    cv2.line(pixels, (126, 3), (125, 23), (255, 255, 255), 3, cv2.LINE_AA)
    pixels = cv2.resize(pixels, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    assert len(find(Frame(np.asarray(pixels, np.uint8))).writings) == 5


@pytest.mark.parametrize("digit", [0, 2, 4, 5, 7])
def test_a_crop_cut_to_its_ink_has_no_shadow(digit: int) -> None:
    """It touches all four edges, and is thick where strokes cross."""
    pixels = paper(100, 76)
    write(pixels, digit, Box(5, 5, 66, 90), pen_px=11)
    if digit == 4:  # a blot where strokes cross, as of a pen that rests
        cv2.circle(pixels, (48, 65), 11, (40, 40, 40), -1, cv2.LINE_AA)
    found = find(Frame(pixels))
    assert len(found.writings) == 1
    assert not found.other_ink


@pytest.mark.parametrize("margin_px", [0, 10])
@pytest.mark.parametrize("thick_px", [1, 2, 4])
def test_a_frame_along_the_edges_of_a_crop_is_left_out(thick_px: int, margin_px: int) -> None:
    """As black as the digits, so that its sides seemed strokes that join its upper edge."""
    pixels = np.full((140, 140, 3), 255, np.uint8)
    write(pixels, 5, Box(50, 40, 40, 60), pen_px=7, luma=0)
    cv2.rectangle(pixels, (0, 0), (139, 139), (0, 0, 0), thick_px)
    pixels[[0, 0, -1, -1], [0, -1, 0, -1]] = 255  # round corners
    pixels = cv2.copyMakeBorder(pixels, *(margin_px,) * 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    found = find(Frame(pixels))
    (writing,) = found.writings
    assert overlap(writing.box, Box(46 + margin_px, 36 + margin_px, 48, 68)) > 0.9
    assert (writing.cut_off, found.other_ink) == ((), False)


def test_a_one_in_a_frame_is_no_slash_of_a_zero() -> None:
    """No zero has corners; in a ring drawn by hand it is one where it is as long as the ring is high inside."""
    pixels = np.full((160, 160, 3), 255, np.uint8)
    cv2.line(pixels, (92, 32), (70, 128), (0, 0, 0), 8, cv2.LINE_AA)
    framed, ringed, circled = pixels.copy(), pixels.copy(), np.full((300, 300, 3), 255, np.uint8)
    circled[70:230, 70:230] = pixels
    cv2.rectangle(framed, (12, 12), (148, 148), (0, 0, 0), 4)
    cv2.ellipse(ringed, (80, 80), (60, 70), 0, 0, 360, (0, 0, 0), 6, cv2.LINE_AA)
    cv2.circle(circled, (150, 150), 110, (0, 0, 0), 6, cv2.LINE_AA)
    assert [writing.box.width < 50 for writing in find(Frame(framed)).writings] == [True]
    assert [writing.box.width < 50 for writing in find(Frame(circled)).writings] == [True]
    assert any(writing.box.width > 100 for writing in find(Frame(ringed)).writings)


@pytest.mark.parametrize(("pen_px", "is_found"), [(35, True), (66, False)])
def test_a_fat_digit_of_a_crop_is_found_or_missed_aloud(pen_px: int, is_found: bool) -> None:
    """Of a felt pen's six hardly a hole is left: it was left out, and 4 7 was said without a doubt for 4 6 7."""
    pixels = paper(128, 330)
    for digit, x in ((4, 25), (7, 255)):
        write(pixels, digit, Box(x, 30, 45, 68), pen_px=8)
    cv2.line(pixels, (165, 64 - (70 - pen_px) // 2), (165, 64 + (70 - pen_px) // 2), (40, 40, 40), pen_px, cv2.LINE_AA)
    found = find(Frame(pixels))
    assert len(found.writings) == (3 if is_found else 2)
    assert found.other_ink == (not is_found)


@pytest.mark.parametrize("size", [(500, 700), (150, 330)], ids=["scene", "crop"])
@pytest.mark.parametrize("rows", [(20,), (20, 32), (3,), (-2,)], ids=["free", "twice", "touched", "run into"])
@pytest.mark.parametrize("rise", [0.0, 0.06])
def test_of_what_is_underlined_the_digits_are_found(size: tuple[int, int], rows: tuple[int, ...], rise: float) -> None:
    """The line was joined to digits beside it, or took the one it touched along: 287 was 87, without a doubt."""
    pixels = paper(*size)
    boxes = [Box(60 + 75 * place, 40, 50, 70) for place in range(3)]
    for digit, box in zip((2, 5, 7), boxes, strict=True):
        write(pixels, digit, box, pen_px=7)
    for down in rows:
        cv2.line(pixels, (40, 110 + down + 8), (280, 110 + down + 8 - round(240 * rise)), (40, 40, 40), 3, cv2.LINE_AA)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert len(found.writings) == 3
    assert all(overlap(one.box, box) > 0.6 for one, box in zip(found.writings, boxes, strict=True))
    assert not found.other_ink
    assert all(one.clearness > 0.0 and not one.tangled for one in found.writings)


@pytest.mark.parametrize("strokes", [0, 1, 2])
def test_what_is_crossed_out_is_no_number(strokes: int) -> None:
    """It was read along with what was written in its place, now and then without a doubt."""
    pixels = paper(500, 900)
    for place, digit in enumerate((2, 5, 7, 4, 2)):
        write(pixels, digit, Box(80 + 75 * place + 120 * (place > 2), 200, 50, 70), pen_px=7)
    for stroke in range(strokes):
        cv2.line(pixels, (60, 240 - 6 * stroke), (305, 230 + 8 * stroke), (40, 40, 40), 6, cv2.LINE_AA)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert [one.box.x > 350 for one in found.writings] == [False] * 3 * (strokes == 0) + [True, True]
    assert found.other_ink == (strokes > 0)


def test_what_touches_along_its_middle_is_not_crossed_out() -> None:
    """The bar of a four goes on to the next digit, and begins within its own strokes."""
    pixels = paper(500, 900)
    for place in range(3):
        write(pixels, 4, Box(80 + 75 * place, 200, 50, 70), pen_px=7)
    cv2.line(pixels, (84, 243), (280, 243), (40, 40, 40), 6, cv2.LINE_AA)
    assert find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).writings


def test_ink_is_seen_in_a_colour_however_noisy() -> None:
    """Orange on cyan is as bright as its ground; of single pixels the noise had more energy than the digit."""
    rng = np.random.default_rng(5)
    drawn = np.full((480, 640, 3), 255, np.uint8)
    write(drawn, 2, Box(250, 120, 140, 230), pen_px=24, luma=0)
    share = drawn / 255.0
    pixels = share * (210, 185, 100) + (1 - share) * (70, 165, 235) + rng.normal(0, 14, drawn.shape)
    found = find(Frame(np.clip(pixels, 0, 255).astype(np.uint8))).writings
    assert len(found) == 1
    assert overlap(found[0].box, Box(250, 120, 140, 230)) > 0.7


@pytest.mark.parametrize("on_screen", [False, True])
def test_a_hairline_is_a_stroke_where_it_was_drawn_on_a_screen(on_screen: bool) -> None:
    """No pen is so thin; a mouse in a drawing program is."""
    pixels = np.full((700, 900, 3), 255, np.uint8)
    points = np.array([(300, 150), (520, 120), (560, 250), (300, 560), (580, 560)])
    cv2.polylines(pixels, [points], False, (0, 0, 0), 1)
    if not on_screen:
        pixels = np.clip(pixels - np.random.default_rng(1).integers(10, 16, pixels.shape), 0, 255).astype(np.uint8)
    assert len(find(Frame(pixels)).writings) == on_screen


@pytest.mark.parametrize("rise", [0.0, 0.03])
def test_of_what_goes_across_the_line_of_a_form_the_digits_are_found(rise: float) -> None:
    """They hung together by the line, and were one piece that is no digit, or ones and sevens less their feet."""
    pixels = paper(500, 900)
    boxes = [Box(60 + 75 * place, 200, 50, 70) for place in range(4)]
    for digit, box in zip((2, 5, 7, 4), boxes, strict=True):
        write(pixels, digit, box, pen_px=7)
    cv2.line(pixels, (30, 258), (420, 258 - round(390 * rise)), (40, 40, 40), 3, cv2.LINE_AA)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert len(found.writings) == 4
    assert all(overlap(one.box, box) > 0.6 for one, box in zip(found.writings, boxes, strict=True))
    assert not found.other_ink


@pytest.mark.parametrize("length_px", [120, 400])
def test_a_long_line_beside_digits_is_none_of_them(length_px: int) -> None:
    """On a sheet that is held askew it stands as high as they do; a short one may be a digit."""
    pixels = paper(500, 900)
    for place, digit in enumerate((2, 5, 7)):
        write(pixels, digit, Box(100 + 75 * place, 200, 50, 70), pen_px=7)
    cv2.line(pixels, (345, 270), (345 + length_px, 270 - 55), (90, 90, 90), 3, cv2.LINE_AA)
    found = find(Frame(cv2.GaussianBlur(pixels, (3, 3), 0)))
    assert (found.other_ink or len(found.writings) > 3) == (length_px == 120)


def test_the_line_of_a_sum_hides_none_of_its_numbers() -> None:
    """It stands between them, close to both."""
    pixels = paper(500, 600)
    for line, top in enumerate((80, 180, 300)):
        for place in range(2):
            write(pixels, (2, 4, 5, 7, 0, 2)[2 * line + place], Box(220 + 70 * place, top, 45, 70), pen_px=7)
    cv2.line(pixels, (200, 275), (360, 275), (40, 40, 40), 4, cv2.LINE_AA)
    assert [writing.group for writing in find(Frame(pixels)).writings] == [0, 0, 1, 1, 2, 2]


def test_the_foot_of_a_two_and_the_bar_of_a_five_are_no_underlines() -> None:
    """Strokes of one digit that don't touch are one digit still."""
    pixels = paper(480, 640)
    two = np.array([[210, 165], [230, 140], [260, 145], [262, 175], [215, 232]], np.int32)
    cv2.polylines(pixels, [two], isClosed=False, color=(40, 40, 40), thickness=8, lineType=cv2.LINE_AA)
    cv2.line(pixels, (212, 246), (272, 246), (40, 40, 40), 6, cv2.LINE_AA)
    write(pixels, 5, Box(380, 140, 60, 105), pen_px=8)
    boxes = [writing.box for writing in find(Frame(pixels)).writings]
    assert len(boxes) == 2
    assert all(
        overlap(box, other) > 0.8
        for box, other in zip(boxes, (Box(206, 135, 70, 115), Box(376, 136, 68, 113)), strict=True)
    )


def test_the_lower_edge_of_a_form_takes_no_digit_along() -> None:
    """It is the picture's edge, its dividers stand on it, and a seven reaches down to it: 35879 was 3529."""
    pixels = np.full((84, 252, 3), 255, np.uint8)
    for place, digit in enumerate((2, 7, 5)):
        write(pixels, digit, Box(30 + 84 * place, 14, 34, 69 if digit == 7 else 50), pen_px=5, luma=0)
        cv2.rectangle(pixels, (84 * place, 0), (84 * place + 83, 83), (0, 0, 0), 1)
    found = find(Frame(pixels)).writings
    assert [round(one.box.x / 84) for one in found] == [0, 1, 2]
    assert all(one.box.width < 50 for one in found)


@pytest.mark.parametrize(
    ("last", "clearness", "others", "count"),
    [
        (7, -2.8, -1.0, 3),
        (7, -2.8, 1.0, 2),
        (7, -3.8, -1.0, 3),
        (7, -4.2, -1.0, 2),
        (1, -2.8, -1.0, 3),
        (1, -3.8, -1.0, 2),
    ],
)
def test_what_is_like_other_writing_is_writing(
    monkeypatch: pytest.MonkeyPatch, last: int, clearness: float, others: float, count: int
) -> None:
    """Of two numbers as dark and as high one was left out without a doubt; beside plain writing it is an edge.

    What is broader than any edge may be less clear: the first digit of a note, beside the note's edge, was lost.
    """
    weighed = {True: clearness, False: others}
    monkeypatch.setattr("device.find.Scale.clearness", lambda _, piece: weighed[piece.box.x > 350])
    assert len(find(scene(4, 2, last)).writings) == count
