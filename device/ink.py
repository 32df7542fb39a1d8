"""Frame -> how strongly each pixel stands out from the paper.

Light and shadow are divided out, light ink on a dark ground becomes dark ink on a light one, and the noise says from
which contrast on something may be ink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Frame, Pixels

WORK_PIXELS = 2_100_000
"""A larger frame is worked on at this size: 2 megapixels hold a 5 mm digit on A4 in 25 px, and time stays bounded."""

SMALL_PX = 128
"""A picture whose shorter side is below is brought to it, so that strokes of 2 px get a middle and two edges, and
lengths are known well enough: in a strip 28 px high ones seemed to cross it from edge to edge, as printed lines do."""

POLARITY_PX = 256
"""Longer side of the picture in which the ground is told from the ink."""

STROKES_PX = 90
"""Least shorter side of the picture in which it is seen how wide a crop's strokes are."""

GROUND_PX = 512
"""Longer side of the picture in which the brightness of the bare paper is estimated."""

COLOUR_PX, COLOUR_SAMPLES, COLOURED = 120, 3, 6.0
"""Shorter side of the picture in which the colour of the ink is looked for, of which a pixel is the mean of so many
across and down, and so many times the energy that strokes have in one colour alone before that is believed: blue ink on
white has up to 2.5 times."""

SCENE_PX = 400
"""From this shorter side on a picture is taken for a scene, in which strokes are narrow; below it may be a tight crop,
in which a stroke can be a third of the width."""

LEAST_CONTRAST = 16.0
"""Ink is at least this much darker than its paper, in 255ths of the paper's brightness. Hard pencil reaches 40; the
texture of paper and the edges of soft shadows stay below 12."""

NOISE_FACTOR = 6.0
"""Ink exceeds the paper's 25th percentile by so many times the distance from its 5th to its 25th, which is one standard
deviation of Gaussian noise."""


SCENE_REACH = 0.06
"""Share of a scene's shorter side by which a stroke is narrower than the paper around it. Chosen on the bundled
pictures and 60 drawn scenes: 63 of 72 right, against 60 with 0.1 and 58 with 0.15, which take tables for ink."""

SHEET_REACH = 0.12
"""The same for a sheet that was cut out of a frame: there is no table, and writing on a small note fills much of it."""

WIDE_REACH_PX = 48
"""From this reach on half the size, an eighth of the time, shows the ground as well."""

CROP_REACH = 0.6
"""The same for a scene that a digit fills, and the most for a tight crop."""

CROP_REACHES, SATURATED, FILLED = (0.06, 0.12, 0.2, 0.3, 0.4, 0.5), 1.2, 0.7
"""A crop's reach is the first of these that is wider than its strokes: with the next one, or the widest, the ink has at
most the second, so many times the energy, and what stands free is as dark in the mean as the third, a share of what the
widest sees. A shadow across a crop is wider than its strokes; chosen on the layouts of `train.photographs scans`."""

GROUND_WINDOW = 0.9
"""Share of a crop's shorter side in which the ground is the usual brightness: shadows are left in half of that, and the
ink of a digit written with a broad pen is the usual."""

WIDE_STROKE = 0.58
"""Strokes wider than this share of the closing's reach would be hollowed by it."""

BAR_SHAPE, BAR_SOLID = 5.0, 0.8
"""A pen that lies on the paper is so many times as long as thick, and fills so much of the rectangle around it."""

GIANT_STROKE, SLIM = 0.045, 0.6
"""A digit with strokes as wide somewhere as the first, a share of a scene's shorter side, is looked at by itself;
printed lines are narrower than the second, a share of the widest other strokes, and are taken off it before."""

GIANT_CONTRAST = 40.0
"""Such strokes differ by so much from their paper, in 255ths of its brightness; clouds in bare paper by up to 30."""

STROKE_REACHES = (0.02, 0.03, 0.05)
"""Shares of a scene's shorter side, one of which is wider than a stroke and narrower than the paper within a loop.
Chosen on 120 drawn frames with one digit and 300 scenes, half of them on a table: 5 of 420 wrong."""

SCENE_WINDOW = 0.25
"""Share of a scene's shorter side in which the ground is the usual brightness."""

FRAME_DEPTHS, FRAMED = (0.04, 0.08, 0.12), 0.5
"""A crop whose edge is by the second more dark, or less, than the rectangles so far within, as a share of the shorter
side, was cut along a printed frame; one that stands free in a crop differs from one of them at most."""

CLEAR = 0.3
"""From here on an answer between -1 (all strokes are dark) and 1 (all are light) is believed."""

STRONGEST = 0.995, 0.999
"""Share of a scene that is fainter than its strongest strokes: a digit a tenth as high covers one part in 300; and of a
small picture with little ink, which has no table whose edges would be stronger."""

INK_LEVEL = 0.4
"""Ink in a crop is at least this share as strong as what is darker than 98 % of it."""

SHADE, MOST_IN_SHADE, DARKER = 0.2, 0.12, 1.6
"""Where more of a scene than the first share may be ink, most of it is shade, as of a blind; then ink is at most the
second share, and the third times as strong."""

FAINTEST_STROKE, FAINTEST_FREE = 0.35, 0.3
"""A stroke is at least this share as strong as the strongest ones: the first in scenes and where there is little ink;
the second in crops, of those that stand free. A JPEG's halo around them is fainter."""


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """What stands out from the paper.

    Attributes:
        pixels: uint8, shape (h, w); 0 is bare paper, 255 would be black ink on white.
        level: From here on it may be ink; what is darker by chance stays below.
        factor: Pixels of this picture per pixel of the frame; below 1.0 where a large frame was reduced.
        light_ink: The ink is lighter than its ground.
        is_wide: It is a crop, or a scene that a digit fills: a stroke may be a third as wide as the picture.
        grey: The picture itself, of the same shape, with the ink as the darker part.
    """

    pixels: Pixels
    level: float
    factor: float
    light_ink: bool
    is_wide: bool
    grey: Pixels


def contrast(frame: Frame, *, inverted: bool = False, wide: bool = False, paper: Pixels | None = None) -> Contrast:
    """Flatten the light and tell ink from paper.

    Args:
        frame: Any.
        inverted: Take what seems to be ink for the ground, and the other way round.
        wide: Strokes may be a third as wide as the picture, although that isn't to be seen.
        paper: Of a sheet that was cut out of a frame: 0 where its paper is made up; uint8, shape (H, W).
    """
    grey, factor = _at_working_size(_grey(frame.pixels))
    scene = min(grey.shape) >= SCENE_PX
    if scene:
        # A sensor's noise would fray pencil strokes; a stroke of a scene is wide enough not to suffer.
        cv2.GaussianBlur(grey, (3, 3), 0, dst=grey)
    small = _reduced(grey, GROUND_PX)
    reach_share = SCENE_REACH if paper is None else SHEET_REACH
    dark, light = (_filling_px(picture, reach_share) if scene else 0 for picture in (small, ~small))
    is_light = _has_light_strokes if scene else _is_light_on_dark
    # The hole of a zero fills less than its stroke.
    light_ink = (light > dark if dark or light else is_light(small)) ^ inverted
    if light_ink:
        small = np.asarray(cv2.bitwise_not(small), np.uint8)  # before the other, which a small picture shares with it
        cv2.bitwise_not(grey, dst=grey)
    is_wide = wide or not scene or (light if light_ink else dark) > 0
    if is_wide:
        reach_share = CROP_REACH if scene else _crop_reach(small)
    pixels = _against_ground(grey, small, reach_share=reach_share)
    if not is_wide:
        _fill_giants(pixels, grey, small)
    return Contrast(pixels, _least_contrast(pixels, paper, scene=scene), factor, light_ink, is_wide, grey)


def may_span(frame: Frame) -> bool:
    """Whether ink may reach two opposite edges of a frame, as it does where somebody cut a digit out exactly.

    It takes a twentieth of the time of a look, and says no for three in four scenes that leave a doubt, and for none of
    286 exact crops.
    """
    grey = np.asarray(cv2.cvtColor(frame.pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    tiny = _reduced(grey, POLARITY_PX).astype(np.int16)
    darkest, ground, lightest = (int(value) for value in np.percentile(tiny, [1, 50, 99]))
    ink = tiny > (ground + lightest) / 2 if lightest - ground > ground - darkest else tiny < (ground + darkest) / 2
    down, across = (all(strip.any() for strip in (side[:2], side[-2:])) for side in (ink, ink.T))
    return down or across


def _grey(pixels: Pixels) -> Pixels:
    """The picture in the light in which its strokes stand out: all of it, or blue, green or red alone.

    Yellow ink on white takes nothing but blue, and red on green is as bright as its ground.
    """
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    every = max(1, min(grey.shape) // COLOUR_PX)
    reach_share = SCENE_REACH if min(grey.shape) >= SCENE_PX else CROP_REACHES[2]
    # Of single pixels the noise would have more energy than a digit; all of them would take their time.
    step = max(1, every // COLOUR_SAMPLES)
    tiny = _shrunk(np.ascontiguousarray(pixels[::step, ::step]), every // step)
    seen = _stroke_energy(np.asarray(cv2.cvtColor(tiny, cv2.COLOR_BGR2GRAY), np.uint8), reach_share)
    by_colour = [_stroke_energy(np.asarray(colour, np.uint8), reach_share) for colour in cv2.split(tiny)]
    best = int(np.argmax(by_colour))
    return np.ascontiguousarray(pixels[:, :, best]) if by_colour[best] > COLOURED * (seen + 1.0) else grey


def _stroke_energy(tiny: Pixels, reach_share: float) -> float:
    """Of the contrast of what is narrower than the reach, dark or light, whichever is more."""
    reach = max(3, int(min(tiny.shape) * reach_share) | 1)
    kernel = np.ones((reach, reach), np.uint8)
    return max(
        cv2.norm(cv2.morphologyEx(tiny, hat, kernel), cv2.NORM_L2SQR) for hat in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)
    )


def _at_working_size(grey: Pixels) -> tuple[Pixels, float]:
    at_most = float((WORK_PIXELS / grey.size) ** 0.5)
    factor = min(max(1.0, SMALL_PX / min(grey.shape)), at_most)
    if factor == 1.0:
        return grey, 1.0
    return _resized(grey, factor, cv2.INTER_CUBIC if factor > 1.0 else cv2.INTER_AREA), factor


def _resized(grey: Pixels, factor: float, interpolation: int) -> Pixels:
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=interpolation), np.uint8)


def _reduced(grey: Pixels, longer_px: int) -> Pixels:
    """At most `longer_px` long, by a whole factor: OpenCV takes a tenth of the time for it, and less for 2."""
    factor = -(-max(grey.shape) // longer_px)
    while factor % 2 == 0:
        grey, factor = _shrunk(grey, 2), factor // 2
    return _shrunk(grey, factor) if factor > 1 else grey


def _shrunk(grey: Pixels, factor: int) -> Pixels:
    height, width = max(1, grey.shape[0] // factor), max(1, grey.shape[1] // factor)
    whole = grey[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _has_light_strokes(small: Pixels) -> bool:
    """Whether the strokes of a scene are lighter than what is around them.

    Sheets and tables are wider than any stroke, so that neither the black hat nor the top hat sees them; what both
    leave are the strokes, as dark or as light ones. The paper between two lines of writing may be as narrow, but is as
    bright as what is around. Of several widths the one with the clearest answer is believed; where none is clear, as on
    a page of print, the larger part is the ground.
    """
    small = _reduced(small, POLARITY_PX)
    ground = cv2.medianBlur(small, int(min(small.shape) * SCENE_WINDOW) | 1)
    darker, lighter = (np.asarray(cv2.subtract(*two), np.uint8) for two in ((ground, small), (small, ground)))
    answers = [
        _lightness_of_strokes(small, darker, lighter, max(3, int(min(small.shape) * reach) | 1))
        for reach in STROKE_REACHES
    ]
    clearest = max(answers, key=abs)
    return clearest > 0 if abs(clearest) >= CLEAR else _is_light_on_dark(small)


def _lightness_of_strokes(small: Pixels, darker: Pixels, lighter: Pixels, reach: int) -> float:
    """From -1, all strokes narrower than `reach` are dark, to 1, all are light, by the energy of their contrast.

    Args:
        small: The picture.
        darker: By how much each pixel is darker than what is around, or 0.
        lighter: The same, lighter.
        reach: In pixels.
    """
    kernel = np.ones((reach, reach), np.uint8)
    dark = cv2.norm(cv2.min(cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, kernel), darker), cv2.NORM_L2SQR)
    light = cv2.norm(cv2.min(cv2.morphologyEx(small, cv2.MORPH_TOPHAT, kernel), lighter), cv2.NORM_L2SQR)
    return (light - dark) / (light + dark + 1.0)


def _is_light_on_dark(small: Pixels) -> bool:
    """Whether the ink of a tight crop is lighter than its ground.

    Otsu's two classes are ink and ground; the ground is the one that holds more of the picture and of its edge. A
    shadow would be one of them, and is taken out before.
    """
    small = _within_frame(_reduced(small, POLARITY_PX))
    window = min(255, int(min(small.shape) * GROUND_WINDOW) | 1)  # medianBlur takes no wider one for uint8
    ground = cv2.medianBlur(small, window)
    # 128 + small - ground, saturating at both ends.
    flat = np.asarray(cv2.addWeighted(small, 1.0, ground, -1.0, 128.0), np.uint8)
    _, dark = cv2.threshold(flat, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return _mean_at_edge(dark) + float(dark.mean()) > 1.0


def _within_frame(small: Pixels) -> Pixels:
    """A crop less the printed frame along which somebody cut it, if there is one."""
    _, dark = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    within = [int(depth * min(small.shape)) for depth in FRAME_DEPTHS]
    edge, *inner = (_mean_at_edge(_without_rim(dark, px)) for px in (0, *within))
    is_framed = all(abs(edge - one) > FRAMED for one in inner)
    return _without_rim(small, within[1]) if is_framed else small


def _without_rim(picture: NDArray[Any], px: int) -> Pixels:
    return np.ascontiguousarray(picture[px : picture.shape[0] - px, px : picture.shape[1] - px], np.uint8)


def _mean_at_edge(picture: NDArray[Any]) -> float:
    return float(np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).mean())


def _crop_reach(small: Pixels) -> float:
    """The share of a crop's shorter side by which its dark strokes are narrower than the paper around them."""
    small = _shrunk(small, max(1, min(small.shape) // STROKES_PX))
    shares = (*CROP_REACHES, CROP_REACH)
    hats = [_black_hat(small, reach_share) for reach_share in shares]
    free = _free_of_edges(hats[-1])
    parts = (free, _fattest(free))  # what is fat and stands free is no shadow
    least = [FILLED * float(cv2.mean(hats[-1], part)[0]) for part in parts]
    taken = [cv2.norm(hat, cv2.NORM_L2SQR) for hat in hats]
    return next(
        reach_share
        for reach_share, hat, now, then in zip(shares, hats, taken, [*taken[1:], 0.0], strict=True)
        if then <= SATURATED * now
        and all(float(cv2.mean(hat, part)[0]) >= dark for part, dark in zip(parts, least, strict=True))
    )


def _fattest(free: Pixels) -> Pixels:
    """255 where strokes that stand free are half as deep as the deepest: one blot among thin ones is a small part."""
    depths = cv2.distanceTransform(cv2.copyMakeBorder(free, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)[
        1:-1, 1:-1
    ]
    return np.where((depths > 0) & (depths >= 0.5 * depths.max()), np.uint8(255), np.uint8(0))


def _black_hat(small: Pixels, reach_share: float) -> Pixels:
    """By how much a crop is darker than its bare paper, as a closing of that reach has it."""
    reach = max(3, int(min(small.shape) * reach_share) | 1)
    return np.asarray(cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, np.ones((reach, reach), np.uint8)), np.uint8)


def _free_of_edges(hat: Pixels) -> Pixels:
    """255 on what is dark and touches no edge of the picture, else 0."""
    _, mask = cv2.threshold(hat, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    _, labels = cv2.connectedComponents(framed, connectivity=8)
    at_edges = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    mask[np.isin(labels[1:-1, 1:-1], at_edges)] = 0
    return np.asarray(mask, np.uint8)


def _filling_px(small: Pixels, reach_share: float) -> int:
    """Area of the box around a digit whose strokes are so wide that a closing of that reach would hollow them; or 0.

    The dark of a table or of a shadow reaches the picture's edge, and a sheet is no stroke; a digit stands free. What
    several digits enclose stands free as well, but is as bright as the picture's edge.
    """
    small = _reduced(small, POLARITY_PX)
    pixels = _against_ground(small, small, reach_share=CROP_REACH)
    level, mask = cv2.threshold(pixels, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, areas = stats[1:].T
    free = (left > 0) & (top > 0) & (left + width < small.shape[1]) & (top + height < small.shape[0])
    if not free.any() or areas[free].sum() < 0.8 * areas.sum():
        return 0
    largest = int(np.argmax(np.where(free, areas, 0)))
    inside = labels == largest + 1
    ground = max(1.0, float(np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]))))
    if 255.0 * (1.0 - float(np.median(small[inside])) / ground) < max(level / 2, GIANT_CONTRAST):
        return 0
    depths = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, 3)
    stroke_px = 4.0 * float(depths.sum()) / float(areas[largest]) - 2.0  # as preprocess.stroke_px
    is_sheet = 2.0 * float(depths.max()) > 0.4 * max(width[largest], height[largest])
    is_wide = stroke_px > WIDE_STROKE * reach_share * min(small.shape)
    is_pen = width[largest] > height[largest] and _is_bar(inside.view(np.uint8))
    return int(width[largest] * height[largest]) if is_wide and not (is_sheet or is_pen) else 0


def _is_bar(mask: Pixels) -> bool:
    """Whether it is one straight, solid stroke, as a pen that lies on the paper."""
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(mask)))
    longer, shorter = max(sides) + 1.0, min(sides) + 1.0
    return bool(longer >= BAR_SHAPE * shorter and cv2.countNonZero(mask) >= BAR_SOLID * longer * shorter)


def _fill_giants(pixels: Pixels, grey: Pixels, small: Pixels) -> None:
    """Give strokes that the closing hollowed their contrast with the paper beyond them, in place.

    Args:
        pixels: The contrast of a scene.
        grey: The scene, its ink dark.
        small: The same at `GROUND_PX`.
    """
    tiny = _reduced(small, POLARITY_PX)
    giants = _giants(tiny)
    x, y, width, height = cv2.boundingRect(giants)
    if width == 0:
        return
    across, down = grey.shape[1] / tiny.shape[1], grey.shape[0] / tiny.shape[0]
    left, top = int((x - 1) * across), int((y - 1) * down)
    right, bottom = int((x + width + 1) * across), int((y + height + 1) * down)
    ground = cv2.resize(_ground(tiny, CROP_REACH), tiny.shape[::-1], interpolation=cv2.INTER_LINEAR)
    ground = ground[y - 1 : y + height + 1, x - 1 : x + width + 1]
    mask = cv2.dilate(giants, np.ones((3, 3), np.uint8))[y - 1 : y + height + 1, x - 1 : x + width + 1]
    size = (right - left, bottom - top)
    beyond = np.asarray(cv2.resize(ground, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    wide = _contrast_with(grey[top:bottom, left:right], beyond)
    window = pixels[top:bottom, left:right]
    cv2.max(window, cv2.bitwise_and(wide, cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)), dst=window)


def _giants(tiny: Pixels) -> Pixels:
    """255 on what stands free in a scene with strokes so wide that the closing for thin ones hollows them; else 0."""
    side_px = min(tiny.shape)
    contrasts = _against_ground(tiny, tiny, reach_share=CROP_REACH)
    _, mask = cv2.threshold(contrasts, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    lines_px = max(2, int(SLIM * WIDE_STROKE * SCENE_REACH * side_px))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (lines_px, lines_px)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    depths = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    giants = np.zeros_like(mask, np.uint8)
    for label in range(1, len(stats)):
        x, y, width, height, _ = (int(value) for value in stats[label])
        place = (slice(y, y + height), slice(x, x + width))
        is_free = x > 0 and y > 0 and x + width < tiny.shape[1] and y + height < tiny.shape[0]
        if not is_free or max(width, height) < 2 * GIANT_STROKE * side_px:
            continue
        inside = labels[place] == label
        thickest_px = 2.0 * float(depths[place][inside].max())
        is_stroke = GIANT_STROKE * side_px < thickest_px <= 0.4 * max(width, height)  # a sheet is none
        if is_stroke and float(np.median(contrasts[place][inside])) >= GIANT_CONTRAST:
            giants[place][inside] = 255
    return giants


def _against_ground(grey: Pixels, small: Pixels, *, reach_share: float) -> Pixels:
    """Contrast of each pixel with the bare paper around it, as a share of the paper's brightness.

    A closing wider than any stroke fills the strokes with the paper beside them and follows shadows, whose edges it
    keeps.
    """
    ground = cv2.resize(_ground(small, reach_share), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _contrast_with(grey, np.asarray(ground, np.uint8))


def _ground(small: Pixels, reach_share: float) -> Pixels:
    """How bright the bare paper is; of half the size where the closing is so wide that it takes its time."""
    reach = max(3, int(min(small.shape) * reach_share) | 1)
    if reach > WIDE_REACH_PX:
        small, reach = _shrunk(small, 2), (reach // 2) | 1
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    return np.asarray(cv2.blur(closed, (5, 5)), np.uint8)


def _contrast_with(grey: Pixels, ground: Pixels) -> Pixels:
    share = cv2.divide(grey, ground, scale=255)
    return np.asarray(cv2.bitwise_not(share, dst=share), np.uint8)


def _least_contrast(pixels: Pixels, paper: Pixels | None, *, scene: bool) -> float:
    """What ink must exceed, from the spread of the paper's own contrasts.

    The lower percentiles hold no ink even in a tight crop, of which ink can be three fifths. There they may hold the
    soft edges of strokes, but then the ink is as strong as the highest percentile. In a scene, and in a small picture
    that holds as little ink as one, what is much fainter than the strongest strokes is the table's grain, a shadow's
    edge, or print showing through.
    """
    every = max(1, round((pixels.size / 100_000) ** 0.5))
    sample = np.ascontiguousarray(pixels[::every, ::every])
    if paper is not None:  # what was made up has no grain
        paper = np.asarray(cv2.resize(paper, sample.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    low, middle, ink, *strongest = ranked(sample, paper, 0.05, 0.25, 0.98, *STRONGEST)
    level = float(middle + max(LEAST_CONTRAST, NOISE_FACTOR * (middle - low)))
    if scene or INK_LEVEL * ink < LEAST_CONTRAST:
        level = max(level, FAINTEST_STROKE * strongest[0 if scene else 1])
        return _above_shade(sample if paper is None else sample[paper > 0], level) if scene else level
    return min(max(level, FAINTEST_FREE * _strongest_free(sample)), INK_LEVEL * ink)


def _above_shade(values: Pixels, level: float) -> float:
    """The level, or a higher one where so much of a scene exceeds it that it is shade, and what is written darker."""
    above = values[values > level]
    if above.size <= SHADE * values.size:
        return level
    between, _ = cv2.threshold(above, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    darker, shade = above[above > between], above[above <= between]
    is_ink = 0 < darker.size <= MOST_IN_SHADE * values.size and darker.mean() >= DARKER * shade.mean()
    return float(between) if is_ink else level


def _strongest_free(pixels: Pixels) -> float:
    """The contrast of a crop's strongest strokes that touch no edge, as printed lines do; 0 where none stands free."""
    free = _free_of_edges(pixels)
    return ranked(pixels, free, STRONGEST[1])[0] if free.any() else 0.0


def ranked(pixels: Pixels, mask: Pixels | None, *shares: float) -> list[float]:
    """The values that these shares of the pixels lie below, by their histogram: a tenth of np.percentile's time.

    Args:
        pixels: uint8, at least one.
        mask: Where it is not 0 they count; None for all.
        shares: 0..1, in any order.
    """
    counts = np.cumsum(cv2.calcHist([pixels], [0], mask, [256], [0, 256]))
    places = np.searchsorted(counts, np.round(np.array(shares) * (counts[-1] - 1)), side="right")
    return [float(place) for place in places]
