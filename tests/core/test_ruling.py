"""Printed lines go, strokes stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, rule, scene, write

from device.baselines import underline
from device.domain import Box, Frame, Pixels
from device.ink import contrast
from device.ruling import without_lines


def contrasted(pixels: Pixels) -> tuple[Pixels, float]:
    """What `without_lines` is given."""
    seen = contrast(Frame(pixels))
    return seen.pixels, seen.level


def kept(ink: Pixels, before: Pixels, after: Pixels, level: float) -> tuple[float, float]:
    """Shares of the pixels above the level that remain: of those that are ink, and of the others."""
    seen = before > level
    remain = after > level
    return float(remain[seen & (ink > 0)].mean()), float(remain[seen & (ink == 0)].mean())


def digits_only(frame: Frame) -> Pixels:
    """1 on and beside the strokes of an unruled frame."""
    pixels, level = contrasted(frame.pixels)
    return (pixels > level / 2).astype(np.uint8)


@pytest.mark.parametrize("slope", [0.0, 0.04, -0.15])
@pytest.mark.parametrize("luma", [130, 90])
def test_ruled_lines_go_and_digits_stay(slope: float, luma: int) -> None:
    """Of ruled lines, pale or dark, level or tilted, little is left, and of the digits they cross nearly all."""
    frame = scene(4, 2, 0)
    ink = digits_only(frame)
    pixels = frame.pixels.copy()
    rule(pixels, spacing_px=48, slope=slope, luma=luma)
    before, level = contrasted(pixels)
    of_ink, of_lines = kept(ink, before, without_lines(before, level), level)
    assert of_ink > 0.93
    assert of_lines < 0.1


def test_lines_seen_in_perspective_go() -> None:
    """No two of them have one slope: those that stayed joined the digits that stood on them to one piece."""
    frame = scene(4, 2, 0)
    height, width = frame.pixels.shape[:2]
    lines = np.full_like(frame.pixels, 255)
    rule(lines, spacing_px=64, slope=0.0, luma=110)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = np.array([(0, 0.25 * height), (width, -0.1 * height), (width, 1.1 * height), (0, 0.75 * height)], np.float32)
    lines = cv2.warpPerspective(
        lines, cv2.getPerspectiveTransform(corners, seen), (width, height), borderValue=(255,) * 3
    )
    before, level = contrasted(np.minimum(frame.pixels, lines))
    of_ink, of_lines = kept(digits_only(frame), before, without_lines(before, level), level)
    assert of_ink > 0.95
    assert of_lines < 0.15


def test_squared_paper_goes() -> None:
    """Lines both ways are taken out."""
    frame = scene(2)
    ink = digits_only(frame)
    pixels = frame.pixels.copy()
    rule(pixels, spacing_px=40, slope=0.03, luma=110)
    turned = np.ascontiguousarray(np.rot90(pixels))
    rule(turned, spacing_px=40, slope=0.03, luma=110)
    pixels = np.ascontiguousarray(np.rot90(turned, -1))
    before, level = contrasted(pixels)
    of_ink, of_lines = kept(ink, before, without_lines(before, level), level)
    assert of_ink > 0.9
    assert of_lines < 0.15


@pytest.mark.parametrize("digit", [0, 1, 2, 5, 7])
def test_without_lines_nothing_goes(digit: int) -> None:
    """The straight strokes of a digit on plain paper are no lines, however large it is."""
    before, level = contrasted(scene(digit, digit_px=400, pen_px=20).pixels)
    after = without_lines(before, level)
    assert float((after > level)[before > level].mean()) > 0.99


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_rest_of_a_frame_goes(turns: int) -> None:
    """A dark printed line along any edge of a crop goes, and the paler digit stays."""
    pixels = paper(90, 88)
    write(pixels, 2, Box(30, 22, 30, 48), pen_px=6, luma=90)
    pixels = np.ascontiguousarray(np.rot90(pixels, turns))
    ink = digits_only(Frame(pixels))
    pixels[:5] = 20
    before, level = contrasted(pixels)
    of_ink, of_line = kept(ink, before, without_lines(before, level), level)
    assert of_ink > 0.9
    assert of_line < 0.02


def test_a_digit_that_touches_the_rest_of_a_frame_stays() -> None:
    """Where a stroke runs into the line only the line goes."""
    pixels = paper(90, 88)
    write(pixels, 1, Box(30, 4, 20, 70), pen_px=6, luma=90)
    pixels[:5] = 20
    before, level = contrasted(pixels)
    after = without_lines(before, level)
    assert not (after[:4] > level).any()
    assert (after[10:70, 35:50] > level).sum() > 0.95 * (before[10:70, 35:50] > level).sum()


@pytest.mark.parametrize("digit", [2, 5, 7])
def test_the_bar_of_a_digit_in_a_tight_crop_stays(digit: int) -> None:
    """The bar of a seven along the upper edge, or of a two along the lower, is as dark as the rest of the digit."""
    pixels = paper(100, 64)
    write(pixels, digit, Box(3, 3, 58, 94), pen_px=8)
    before, level = contrasted(pixels)
    assert np.array_equal(without_lines(before, level) > level, before > level)


def test_lines_that_a_close_camera_sees_thick_go() -> None:
    """Squared paper under a large digit; the digit's pen is twice as wide as a line."""
    frame = scene(7, height=1000, width=800, digit_px=420, pen_px=40)
    ink = digits_only(frame)
    pixels = frame.pixels.copy()
    rule(pixels, spacing_px=220, slope=0.03, luma=110, thick_px=14)
    before, level = contrasted(pixels)
    of_ink, of_lines = kept(ink, before, without_lines(before, level), level)
    assert of_ink > 0.9
    assert of_lines < 0.1


def test_a_line_across_a_grainy_stroke_leaves_it_whole() -> None:
    """A pencil's or a chalk's stroke has bare grains: what is beside them is stroke all the same."""
    frame = scene(7, height=1000, width=800, digit_px=420, pen_px=40)
    pixels = frame.pixels.copy()
    bare = np.random.default_rng(4).random(pixels.shape[:2]) < 0.12
    pixels[bare] = 210
    ink = digits_only(Frame(pixels))
    rule(pixels, spacing_px=150, slope=0.04, luma=130, thick_px=5)
    before, level = contrasted(pixels)
    of_ink, of_lines = kept(ink, before, without_lines(before, level), level)
    assert of_ink > 0.9
    assert of_lines < 0.2


def test_what_is_too_thin_to_be_seen_reduced_has_no_line_below() -> None:
    """A hair across a large photograph ended its reading with an exception."""
    hair = np.zeros((400, 700), np.uint8)
    hair[np.linspace(0, 399, 700).astype(int), np.arange(700)] = 1
    assert underline(hair) is None


@pytest.mark.parametrize(("is_boxed", "middle", "pen_px"), [(False, 101, 4), (True, 100, 7)])
def test_a_zero_keeps_the_foot_that_lies_on_a_line(is_boxed: bool, middle: int, pen_px: int) -> None:
    """The line went with the foot; what was open below was a seven, or a one and a one."""
    ring, line = np.zeros((2, 200, 500), np.uint8)
    cv2.ellipse(ring, (200, middle), (40, 49), 0, 0, 360, (255,), pen_px)
    cv2.line(line, (30, 150), (420, 150), (255,), 4)
    if is_boxed:
        cv2.rectangle(line, (30, 20), (420, 150), (255,), 4)
    both = np.asarray(cv2.bitwise_or(ring, line), np.uint8)
    if is_boxed:
        left = without_lines(both, 100.0)
    else:
        below = underline(np.ascontiguousarray(both[47:153, 29:422]))
        assert below is not None
        left = cv2.copyMakeBorder(both[47:153, 29:422] * (below == 0), 47, 47, 29, 78, cv2.BORDER_CONSTANT)
    assert cv2.countNonZero(left[:, :140]) + cv2.countNonZero(left[:, 260:]) < 0.3 * cv2.countNonZero(line)
    _, filled, _, _ = cv2.floodFill(left.copy(), None, (0, 0), (128.0,))
    assert filled[100, 200] == 0
