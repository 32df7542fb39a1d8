"""What would help is decided by what is measured."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawing import paper, scene, write

from device.advice import (
    CLEAR_CONTRAST,
    CLEAR_INK_SHARE,
    CLIPPED_SHARE,
    COVERED_LUMA,
    DARK_LUMA,
    FINGER_REDNESS,
    LEAST_HEIGHT_PX,
    LEAST_SIGNAL,
    LID_STEP,
    MOST_SPECKS,
    SMALL_HEIGHT_PX,
    SMEARED_PX,
    SOFTEST,
    VERY_SMEARED_PX,
    VERY_SOFT,
    advise,
    advised,
)
from device.domain import Advice, Box, Frame, Pixels
from device.find import Writing, find
from device.quality import LEAST_CLEAR, Quality, measured

GOOD = Quality(brightest=210.0, middle=200.0, clipped=0.0, contrast=0.8, softness=0.002, height_px=120)
UNSEEN = Quality(brightest=210.0, middle=200.0, clipped=0.0)


def advice(pixels: Pixels) -> tuple[Advice, ...]:
    """What is advised about a picture, given what is found in it."""
    frame = Frame(np.ascontiguousarray(pixels))
    return advise(frame, find(frame).writings)


def writing(box: Box, *cut_off: Advice) -> Writing:
    """One found piece."""
    return replace(find(scene(7)).writings[0], box=box, cut_off=cut_off)


@pytest.mark.parametrize(
    ("quality", "expected"),
    [
        (GOOD, ()),
        (UNSEEN, ()),
        (replace(UNSEEN, brightest=COVERED_LUMA - 1, step=3.0), (Advice.COVERED,)),
        (replace(UNSEEN, brightest=COVERED_LUMA - 1, step=LID_STEP), (Advice.COVERED,)),
        (replace(UNSEEN, brightest=COVERED_LUMA - 1, step=LID_STEP + 1), (Advice.TOO_DARK,)),
        (replace(UNSEEN, brightest=90.0, step=3.0, redness=FINGER_REDNESS), (Advice.COVERED,)),
        (replace(UNSEEN, brightest=90.0, step=3.0), ()),
        (replace(UNSEEN, brightest=DARK_LUMA - 1), (Advice.TOO_DARK,)),
        (replace(UNSEEN, brightest=200.0, noise=201.0 / LEAST_SIGNAL), (Advice.TOO_DARK,)),
        (replace(UNSEEN, clipped=CLIPPED_SHARE + 0.01), (Advice.TOO_BRIGHT,)),
        (replace(GOOD, clipped=0.9, contrast=CLEAR_CONTRAST - 0.01), (Advice.TOO_BRIGHT,)),
        (replace(GOOD, clipped=0.9), ()),
        (replace(UNSEEN, clipped=0.9, inked=CLEAR_INK_SHARE / 2), (Advice.TOO_BRIGHT,)),
        (replace(UNSEEN, clipped=0.9, inked=CLEAR_INK_SHARE), ()),
        (replace(GOOD, softness=SOFTEST + 0.001), (Advice.BLURRED,)),
        (replace(GOOD, softness=SOFTEST + 0.001, smear=SMEARED_PX[0] - 1), ()),
        (replace(GOOD, softness=VERY_SOFT + 0.001, smear=SMEARED_PX[0] - 1), (Advice.BLURRED,)),
        (replace(UNSEEN, smear=SMEARED_PX[1] + 1), (Advice.BLURRED,)),
        (replace(GOOD, smear=SMEARED_PX[1] + 1), ()),
        (replace(UNSEEN, sheet_edges=(Advice.CUT_OFF_LEFT,)), (Advice.CUT_OFF_LEFT,)),
        (replace(UNSEEN, sheet_edges=(Advice.CUT_OFF_LEFT,), specks=3), (Advice.TOO_SMALL, Advice.CUT_OFF_LEFT)),
        (replace(GOOD, height_px=LEAST_HEIGHT_PX - 1), (Advice.TOO_SMALL,)),
        (replace(GOOD, specks=3), ()),
        (replace(GOOD, specks=3, height_px=SMALL_HEIGHT_PX - 1), (Advice.TOO_SMALL,)),
        (replace(UNSEEN, specks=3), (Advice.TOO_SMALL,)),
        (replace(UNSEEN, specks=MOST_SPECKS + 1), ()),
        (replace(GOOD, cut_off=(Advice.CUT_OFF_TOP,)), (Advice.CUT_OFF_TOP,)),
        (replace(GOOD, crossings=(Advice.CUT_OFF_TOP,)), ()),
        (replace(UNSEEN, crossings=(Advice.CUT_OFF_TOP,)), (Advice.CUT_OFF_TOP,)),
        (replace(GOOD, height_px=9, crossings=(Advice.CUT_OFF_TOP,)), (Advice.CUT_OFF_TOP, Advice.TOO_SMALL)),
        (replace(GOOD, height_px=9, crossings=(Advice.CUT_OFF_TOP,), is_plain=True), (Advice.TOO_SMALL,)),
        (replace(UNSEEN, cut_off=(Advice.CUT_OFF_TOP,), smear=VERY_SMEARED_PX + 1),
         (Advice.BLURRED, Advice.CUT_OFF_TOP)),
        (replace(UNSEEN, cut_off=(Advice.CUT_OFF_TOP,), smear=VERY_SMEARED_PX - 1),
         (Advice.CUT_OFF_TOP, Advice.BLURRED)),
        (replace(UNSEEN, crossings=(Advice.CUT_OFF_TOP,), noise=20.0), (Advice.TOO_DARK,)),
        (replace(GOOD, cut_off=(Advice.CUT_OFF_LEFT,), brightest=50.0), (Advice.CUT_OFF_LEFT, Advice.TOO_DARK)),
        (replace(GOOD, cut_off=(Advice.CUT_OFF_LEFT,), clipped=0.9, contrast=0.1, softness=0.1),
         (Advice.TOO_BRIGHT, Advice.CUT_OFF_LEFT)),
    ],
)  # fmt: skip
def test_what_is_measured_decides(quality: Quality, expected: tuple[Advice, ...]) -> None:
    """Each limit from both sides, the most useful advice first, and never more than two pieces."""
    assert advised(quality) == expected


def test_what_is_rather_a_fold_says_nothing_of_the_writing() -> None:
    """Nor how high it is, nor how soft; what the edge cuts is seldom clear, and counts."""
    frame = scene(7)
    (seven,) = find(frame).writings
    fold = replace(seven, clearness=LEAST_CLEAR - 0.1)
    cut = replace(fold, cut_off=(Advice.CUT_OFF_TOP,))
    heights = [measured(frame, [one]).height_px for one in (seven, fold, cut)]
    assert heights == [seven.box.height, None, seven.box.height]


@pytest.mark.parametrize("digits", [(7,), (4, 2, 0)])
def test_a_good_picture_needs_no_advice(digits: tuple[int, ...]) -> None:
    """Sharp digits in good light, whole and large enough."""
    assert advice(scene(*digits).pixels) == ()


def test_a_lid_and_a_hand_cover_the_camera() -> None:
    """A picture without a bright spot is covered, whatever its noise."""
    assert advice(paper(480, 640, luma=8, grain=3)) == (Advice.COVERED,)


def test_dusk_is_too_dark() -> None:
    """Paper of a quarter of the usual brightness."""
    assert advice((scene(7).pixels * 0.25).astype(np.uint8)) == (Advice.TOO_DARK,)


def test_glare_is_too_bright_where_nothing_is_found() -> None:
    """Clipped paper without a digit on it; a white scan with one is no glare."""
    assert advice(paper(480, 640, luma=255)) == (Advice.TOO_BRIGHT,)
    white = np.full((480, 640, 3), 255, np.uint8)
    write(white, 7, Box(280, 180, 70, 120), pen_px=9)
    assert advice(white) == ()


@pytest.mark.parametrize("is_chalk", [False, True])
def test_a_scan_full_of_digits_is_not_too_bright(is_chalk: bool) -> None:
    """More than a number can have, on white or on black; of what glare washes out nothing is left."""
    page = np.full((900, 1200, 3), 255, np.uint8)
    for place in range(150):
        write(page, (0, 2, 4, 5, 7)[place % 5], Box(30 + place % 15 * 78, 20 + place // 15 * 88, 36, 56), pen_px=5)
    assert Advice.TOO_BRIGHT not in advice(255 - page if is_chalk else page)
    assert advice(np.maximum(page, 235)) == (Advice.TOO_BRIGHT,)


@pytest.mark.parametrize("blur_px", [12.0, 14.0])
def test_a_blurred_digit_is_told(blur_px: float) -> None:
    """A blur of a tenth of the height of a digit; one of a sixth leaves nothing that stands out from the paper."""
    assert Advice.BLURRED in advice(np.asarray(cv2.GaussianBlur(scene(0).pixels, (0, 0), blur_px), np.uint8))


def test_a_slight_blur_is_not() -> None:
    """A blur narrower than the pen does no harm."""
    assert advice(np.asarray(cv2.GaussianBlur(scene(0).pixels, (0, 0), 2), np.uint8)) == ()


def test_digits_too_small_to_be_found_are_told() -> None:
    """Three digits 9 px high on bare paper of two megapixels; the finder's own eyes end at 12."""
    pixels = paper(1232, 1640)
    for place in range(3):
        write(pixels, 5, Box(800 + 12 * place, 600, 5, 9), pen_px=2)
    pixels = np.asarray(cv2.GaussianBlur(pixels, (3, 3), 0), np.uint8)
    assert advise(Frame(pixels), []) == (Advice.TOO_SMALL,)


def test_blur_that_leaves_nothing_to_be_found_is_told() -> None:
    """A digit of 500 px under a blur as wide as its strokes are apart."""
    pixels = scene(5, height=1232, width=1640, digit_px=500, pen_px=40).pixels
    blurred = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 60), np.uint8)
    assert advise(Frame(blurred), []) == (Advice.BLURRED,)


def test_a_camera_that_moved_is_told() -> None:
    """Along its way the edges stay as sharp as they were."""
    pixels = scene(0, height=1232, width=1640, digit_px=400, pen_px=30).pixels
    moved = cv2.blur(pixels, (90, 1))
    assert Advice.BLURRED in advice(np.asarray(moved, np.uint8))


def test_light_lost_in_noise_is_too_dark() -> None:
    """Bright after amplification, and no brighter than four times its noise."""
    assert advice(paper(480, 640, luma=120, grain=30)) == (Advice.TOO_DARK,)


def test_a_finger_covers_the_camera_too() -> None:
    """Red light without an edge in it."""
    red = (paper(480, 640, luma=200, grain=2) * np.array([0.1, 0.15, 0.4])).astype(np.uint8)
    assert advice(red) == (Advice.COVERED,)


def test_a_stroke_across_the_edge_is_seen_though_nothing_is_found() -> None:
    """As dark and as narrow as ink; a wide dark table or a pale ruled line is none."""
    pixels = paper(480, 640)
    pixels[200:210, :60] = 40
    assert advise(Frame(pixels), []) == (Advice.CUT_OFF_LEFT,)
    for rows, luma in ((slice(200, None), 40), (slice(200, 203), 170)):
        pixels = paper(480, 640)
        pixels[rows, :60] = luma
        assert advise(Frame(pixels), []) == ()


def test_a_sheet_that_goes_on_beyond_the_frame_is_told_where_nothing_can_be_read() -> None:
    """Something of it isn't seen; with writing far from that edge what is missing is no part of it."""
    pixels = paper(480, 640, luma=60)
    pixels[:, 400:] = 220
    pixels[:100] = pixels[380:] = 60
    assert advise(Frame(pixels), []) == (Advice.CUT_OFF_RIGHT,)
    assert advise(Frame(pixels), [writing(Box(560, 200, 40, 80))]) == (Advice.CUT_OFF_RIGHT,)
    assert advise(Frame(pixels), [writing(Box(420, 200, 40, 80))]) == ()


def test_a_movement_along_the_lines_is_blur() -> None:
    """Edges along the movement stay sharp: the direction in which they are widest tells."""
    moved = np.asarray(cv2.blur(scene(0, 4).pixels, (61, 1)), np.uint8)
    assert Advice.BLURRED in advise(Frame(moved), [])
    assert Advice.BLURRED not in advise(scene(0, 4), [])


def test_what_lies_in_a_corner_is_the_table() -> None:
    """It touches two edges; a digit that somebody meant to show touches one."""
    corner = writing(Box(0, 0, 100, 120), Advice.CUT_OFF_LEFT, Advice.CUT_OFF_TOP)
    assert advise(Frame(paper(480, 640)), [corner]) == ()


@pytest.mark.parametrize(
    ("place", "edge"),
    [(Box(-30, 180, 70, 120), Advice.CUT_OFF_LEFT), (Box(280, 405, 70, 120), Advice.CUT_OFF_BOTTOM)],
)
def test_a_digit_across_the_edge_is_told_first(place: Box, edge: Advice) -> None:
    """Moving the paper helps more than anything else."""
    pixels = paper(480, 640)
    write(pixels, 0, place, pen_px=9)
    assert advice(pixels)[0] is edge


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1)])
def test_degenerate_frames_are_survived(shape: tuple[int, int]) -> None:
    """Any frame has an answer."""
    assert len(advise(Frame(np.zeros((*shape, 3), np.uint8)), [])) <= 2
