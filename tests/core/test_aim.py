"""Where the writing lies decides how the paper is to be moved."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawing import paper, scene, write

from device import aim
from device.domain import Advice, Box, Frame, Hint, Pixels
from device.find import find
from device.quality import Quality, measured

SEVEN = find(scene(7)).writings[0]
FRAME = Frame(paper(480, 640))
MIDDLE = Box(280, 190, 80, 100)


def seen(*boxes: Box, before: Box | None = None, cut_off: tuple[Advice, ...] = (), softness: float = 0.002) -> Hint:
    """What is said of writing at these places."""
    writings = [replace(SEVEN, box=box) for box in boxes]
    height_px = max(box.height for box in boxes)
    quality = Quality(210.0, 200.0, 0.0, contrast=0.8, softness=softness, height_px=height_px, cut_off=cut_off)
    return aim.hint(FRAME, writings, quality, before)


def hint(pixels: Pixels) -> Hint:
    """What is said of a picture that nothing came before."""
    frame = Frame(np.ascontiguousarray(pixels))
    writings = find(frame).writings
    return aim.hint(frame, writings, measured(frame, writings), None)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (MIDDLE, Hint.GOOD),
        (Box(0, 190, 80, 100), Hint.RIGHT),
        (Box(550, 190, 80, 100), Hint.LEFT),
        (Box(280, 10, 80, 100), Hint.DOWN),
        (Box(280, 370, 80, 100), Hint.UP),
        (Box(500, 370, 80, 100), Hint.UP),
        (Box(560, 350, 80, 100), Hint.LEFT),
        (Box(300, 230, 20, 24), Hint.CLOSER),
        (Box(60, 220, 520, 20), Hint.GOOD),
        (Box(30, 220, 600, 20), Hint.FARTHER),
        (Box(200, 10, 240, 460), Hint.FARTHER),
    ],
)
def test_the_paper_is_moved_to_where_the_camera_looks(box, expected):
    """Away from the side on which the writing is; the larger offset first, then the size."""
    assert seen(box) is expected


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ((Advice.CUT_OFF_LEFT,), Hint.RIGHT),
        ((Advice.CUT_OFF_RIGHT,), Hint.LEFT),
        ((Advice.CUT_OFF_TOP,), Hint.DOWN),
        ((Advice.CUT_OFF_BOTTOM,), Hint.UP),
        ((Advice.CUT_OFF_LEFT, Advice.CUT_OFF_RIGHT), Hint.FARTHER),
        ((Advice.CUT_OFF_TOP, Advice.CUT_OFF_BOTTOM), Hint.FARTHER),
    ],
)
def test_what_is_cut_off_comes_in(edges, expected):
    """Even if its middle is in the middle; across two opposite edges only distance helps."""
    assert seen(MIDDLE, cut_off=edges) is expected


def test_the_middle_of_a_line_counts_and_specks_do_not():
    """A line to both sides of the middle is good; a speck in the corner changes nothing."""
    assert seen(Box(150, 190, 80, 100), Box(410, 190, 80, 100)) is Hint.GOOD
    assert seen(MIDDLE, Box(5, 5, 20, 30)) is Hint.GOOD


def test_a_hand_that_moves_is_asked_to_rest():
    """By the move since the look before, or by the blur; a tremor is no move."""
    assert seen(MIDDLE, before=Box(240, 190, 80, 100)) is Hint.HOLD_STILL
    assert seen(MIDDLE, before=Box(285, 195, 80, 100)) is Hint.GOOD
    assert seen(MIDDLE, softness=0.2) is Hint.HOLD_STILL


def test_light_comes_before_everything():
    """In the dark no place is right."""
    assert hint(paper(480, 640, luma=8)) is Hint.COVERED
    assert hint((scene(7).pixels * 0.25).astype(np.uint8)) is Hint.TOO_DARK
    assert hint(np.full((480, 640, 3), 255, np.uint8)) is Hint.TOO_BRIGHT


def test_bare_paper_is_nothing_yet():
    """Neither good nor a direction."""
    assert hint(paper(480, 640)) is Hint.NOTHING


@pytest.mark.parametrize(("x", "expected"), [(20, Hint.RIGHT), (285, Hint.GOOD), (540, Hint.LEFT)])
def test_a_drawn_digit_is_followed_across_the_frame(x, expected):
    """Through the finder itself."""
    pixels = paper(480, 640)
    write(pixels, 0, Box(x, 180, 70, 120), pen_px=9)
    assert hint(cv2.GaussianBlur(pixels, (3, 3), 0)) is expected


def test_the_place_of_nothing_is_none():
    """And of several pieces the box around those that count."""
    assert aim.place([]) is None
    pieces = [replace(SEVEN, box=box) for box in (Box(10, 10, 30, 50), Box(60, 5, 30, 50), Box(0, 0, 4, 4))]
    assert aim.place(pieces) == Box(10, 5, 80, 55)
