"""What stands out from the paper, whatever the light, the size and which of the two is darker."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, scene, shade, write

from device.domain import Box, Frame, Pixels
from device.ink import WORK_PIXELS, contrast, may_span


def inverted(frame: Frame) -> Frame:
    """Chalk for ink."""
    return Frame(np.asarray(255 - frame.pixels, np.uint8))


def crop(digit: int, *, margin: int, height: int = 80) -> Frame:
    """A digit that fills its frame but for a margin."""
    pixels = paper(height + 2 * margin, round(0.7 * height) + 2 * margin)
    write(pixels, digit, Box(margin, margin, round(0.7 * height), height), pen_px=10)
    return Frame(pixels)


@pytest.mark.parametrize("digit", [0, 1, 2, 4, 5, 7])
@pytest.mark.parametrize("margin", [3, 6, 30])
def test_ink_is_told_from_its_ground(digit: int, margin: int) -> None:
    """Dark on light and light on dark are told apart, even where the digit fills the frame."""
    frame = crop(digit, margin=margin)
    assert not contrast(frame).light_ink
    assert contrast(inverted(frame)).light_ink


@pytest.mark.parametrize("inked", [Frame, lambda pixels: inverted(Frame(pixels))])
@pytest.mark.parametrize(
    ("box", "spans"),
    [
        (Box(6, 6, 588, 788), True),
        (Box(6, 200, 588, 400), True),
        (Box(200, 6, 200, 788), True),
        (Box(60, 60, 480, 680), False),
        (Box(6, 6, 480, 680), False),
    ],
)
def test_ink_may_span_a_frame_from_edge_to_edge(inked, box: Box, spans: bool) -> None:
    """Down, across, or both: a look as at a crop is only taken then."""
    pixels = paper(800, 600)
    write(pixels, 0, box, pen_px=20)
    assert may_span(inked(pixels)) is spans


def test_a_scene_may_be_dark_on_light_or_light_on_dark() -> None:
    """A few thin strokes decide, not how much of the picture is bright."""
    frame = scene(4, 2, digit_px=60, pen_px=5)
    assert not contrast(frame).light_ink
    assert contrast(inverted(frame)).light_ink


def test_a_dark_table_around_the_sheet_does_not_decide() -> None:
    """Dark ink on a light sheet that lies on a dark table is dark ink."""
    pixels = paper(600, 800, luma=50)
    pixels[60:500, 80:700] = scene(7, height=440, width=620).pixels
    assert not contrast(Frame(pixels)).light_ink


@pytest.mark.parametrize("gap_px", [6, 10, 16])
@pytest.mark.parametrize("turned_by", [0.0, 35.0])
def test_the_paper_between_bold_lines_of_writing_is_no_light_ink(gap_px: int, turned_by: float) -> None:
    """It is as narrow as a stroke, and there is more of it: many a sheet with felt pen, turned, showed no digit."""
    pixels = paper(700, 700)
    for line in range(4):
        for place, digit in enumerate((4, 2, 7, 0, 5)):
            box = Box(150 + place * (24 + gap_px), 150 + line * (40 + gap_px), 24, 40)
            write(pixels, digit, box, pen_px=12)
    turn = cv2.getRotationMatrix2D((350, 350), turned_by, 1.0)
    seen = Frame(np.asarray(cv2.warpAffine(pixels, turn, (700, 700), borderMode=cv2.BORDER_REPLICATE), np.uint8))
    assert not contrast(seen).light_ink
    assert contrast(inverted(seen)).light_ink


def test_shadow_is_divided_out() -> None:
    """Bare paper that darkens to two fifths from left to right stays below the level, and the ink above it."""
    frame = Frame(shade(scene(0, 7).pixels, darkest=0.4))
    seen = contrast(frame)
    assert np.mean(seen.pixels[:100] > seen.level) < 0.001
    assert seen.pixels[:, 200:450].max() > 2 * seen.level


@pytest.mark.parametrize("side", ["left", "top", "right"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_shadow_across_a_crop_is_no_ground(side: str, share: float) -> None:
    """Its edge was taken for that of the ink: the lit paper was chalk, and the digit a hole in it."""
    pixels = crop(5, margin=24).pixels.astype(np.float32)
    turned = np.rot90(pixels, {"left": 0, "top": -1, "right": 2}[side])  # a view: its left side is shaded
    turned[:, : round(share * turned.shape[1])] *= 0.45
    seen = contrast(Frame(pixels.astype(np.uint8)))
    assert not seen.light_ink
    assert np.mean(seen.pixels[:15] > seen.level) < 0.05  # bare but for the shadow's edge
    assert np.mean(seen.pixels[-15:] > seen.level) < 0.05


@pytest.mark.parametrize("size", [(480, 640), (120, 160)], ids=["scene", "crop"])
@pytest.mark.parametrize(
    ("ground", "ink", "is_light"),
    [
        ((245, 245, 245), (80, 235, 252), False),
        ((90, 120, 60), (50, 60, 200), True),
        ((30, 30, 30), (220, 30, 30), True),
    ],
    ids=["yellow on white", "red on green", "blue on black"],
)
def test_ink_as_bright_as_its_ground_is_seen_by_its_colour(
    size: tuple[int, int], ground: tuple[int, int, int], ink: tuple[int, int, int], is_light: bool
) -> None:
    """Of a yellow felt pen's 17 only the 1 was read, and surely; red on a green board was nothing."""
    pixels = np.asarray(np.full((*size, 3), ground, np.uint8))
    across = size[1] // 2
    cv2.line(pixels, (across, size[0] // 3), (across, 2 * size[0] // 3), ink, size[0] // 30, cv2.LINE_AA)
    seen = contrast(Frame(pixels))
    assert seen.light_ink == is_light
    assert seen.pixels[round(seen.factor * size[0] / 2), round(seen.factor * across)] > max(2 * seen.level, 60)


def test_of_a_small_photograph_the_noise_is_no_ink() -> None:
    """What holds as little ink as a scene is as carefully told from paper, though it is as small as a crop."""
    pixels = paper(240, 320, grain=7.0)
    write(pixels, 4, Box(200, 100, 16, 26), pen_px=3)
    seen = contrast(Frame(shade(pixels, darkest=0.6)))
    strongest = float(seen.pixels[95:131, 195:221].max())
    assert 0.25 * strongest < seen.level < 0.6 * strongest


@pytest.mark.parametrize("pen_px", [8, 30, 60])
def test_the_strokes_of_a_crop_are_filled_however_wide(pen_px: int) -> None:
    """A closing narrower than they are would leave their outlines alone."""
    pixels = paper(200, 160)
    cv2.line(pixels, (80, 60), (80, 140), (40, 40, 40), pen_px, cv2.LINE_AA)
    seen = contrast(Frame(pixels))
    assert float(seen.pixels[60:140, 78:83].min()) > 2 * seen.level


def test_ink_is_as_strong_in_the_shadow_as_in_the_light() -> None:
    """Contrast is a share of the paper's own brightness."""
    lit = scene(0)
    shaded = Frame((lit.pixels * 0.5).astype(np.uint8))
    assert float(contrast(shaded).pixels.max()) == pytest.approx(float(contrast(lit).pixels.max()), rel=0.1)


@pytest.mark.parametrize("grain", [0.0, 2.0, 8.0, 20.0])
@pytest.mark.parametrize("luma", [0.0, 60.0, 200.0, 255.0])
def test_bare_paper_is_no_ink(grain: float, luma: float) -> None:
    """Whatever the noise and the light, hardly a pixel of bare paper is taken for ink."""
    seen = contrast(Frame(paper(480, 640, luma=luma, grain=grain)))
    assert np.mean(seen.pixels > seen.level) < 0.01 or luma == 0.0


def test_large_frames_are_worked_on_reduced() -> None:
    """Above two megapixels the work is bounded, and the factor says by how much."""
    seen = contrast(Frame(paper(2000, 3000)))
    assert seen.pixels.size <= 1.01 * WORK_PIXELS
    assert seen.factor == pytest.approx(seen.pixels.shape[1] / 3000, rel=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (3, 3), (28, 28)])
def test_tiny_frames_are_enlarged(shape: tuple[int, int]) -> None:
    """A picture of which a side is smaller than 128 px is brought to it; even one pixel has an answer."""
    seen = contrast(Frame(np.full((*shape, 3), 128, np.uint8)))
    assert min(seen.pixels.shape) == 128
    assert seen.factor == pytest.approx(128 / min(shape))


def test_a_strip_is_enlarged_no_further_than_the_work_is_bounded() -> None:
    """One pixel high and as long as ten thousand."""
    assert contrast(Frame(np.full((1, 10_000, 3), 128, np.uint8))).pixels.size <= 1.01 * WORK_PIXELS


@pytest.mark.parametrize("ground", [40, 250])
@pytest.mark.parametrize("frame_px", [1, 3])
def test_a_crop_along_a_printed_frame_has_the_ink_that_it_has_without(ground: int, frame_px: int) -> None:
    """Its whole edge is ink, and was taken for the ground."""
    pixels = np.full((140, 140, 3), ground, np.uint8)
    write(pixels, 2, Box(50, 35, 40, 70), pen_px=8, luma=290 - ground)
    assert contrast(Frame(pixels)).light_ink == (ground < 128)
    cv2.rectangle(pixels, (0, 0), (139, 139), (290 - ground,) * 3, frame_px)
    assert contrast(Frame(pixels)).light_ink == (ground < 128)


def test_the_frame_is_left_as_it_was() -> None:
    """Nothing is written into the caller's pixels."""
    frame = inverted(scene(5))
    before: Pixels = frame.pixels.copy()
    contrast(frame)
    assert np.array_equal(frame.pixels, before)


def test_on_a_sheet_by_itself_wide_strokes_stay_whole() -> None:
    """Writing fills a small note; in a scene what is as wide may be a table's edge, and shows but its rims."""
    pixels = scene(2, 4, digit_px=60, pen_px=6).pixels.copy()
    pixels[:, 500:540] = 60
    in_scene, on_sheet = (contrast(Frame(pixels), paper=mask) for mask in (None, np.full((480, 640), 255, np.uint8)))
    assert in_scene.pixels[:, 515:525].max() < in_scene.level
    assert on_sheet.pixels[:, 502:538].min() > on_sheet.level


def test_made_up_paper_does_not_hide_the_grain_of_the_rest() -> None:
    """Where three quarters of a picture are smooth, the noise is that of the real quarter."""
    pixels = paper(480, 640, luma=150.0, grain=12.0)
    pixels[:, 160:] = 150
    mask = np.zeros((480, 640), np.uint8)
    mask[:, :160] = 255
    assert contrast(Frame(pixels), paper=mask).level > 1.2 * contrast(Frame(pixels)).level


def test_the_shade_of_a_blind_is_no_ink() -> None:
    """A quarter of the sheet is dark; digits and shade were one, and some were said without a doubt."""
    pixels = paper(900, 1200, luma=225.0, grain=1.5)
    strokes = paper(900, 1200, luma=255.0, grain=0.0)
    for place, digit in enumerate((2, 5, 7, 4)):
        write(strokes, digit, Box(260 + 170 * place, 380, 100, 150), pen_px=14, luma=30)
    down, across = np.mgrid[:900, :1200]
    shade = np.clip(3.0 * np.sin((0.6 * across + 0.8 * down) / 11.0) - 1.0, 0.0, 1.0)
    seen = contrast(Frame((pixels * (strokes / 255.0) * (1.0 - 0.34 * shade[..., None])).astype(np.uint8)))
    is_ink = strokes[..., 0] < 100
    assert (seen.pixels[~is_ink & (shade > 0.9)] < seen.level).mean() > 0.95
    assert (seen.pixels[is_ink] > seen.level).mean() > 0.7
