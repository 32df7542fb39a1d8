"""How good a picture is, in measured quantities; pure. `advice` turns them into words, `explain` shows them.

Two things are measured: the frame as a whole, also where nothing is found in it (light, glare, noise, the sharpness of
whatever edges there are, traces too small to be read), and the writing that was found (contrast, blur, size, edges).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from device.clearness import PLAIN_CLEARNESS
from device.domain import Advice, Box, Frame, Pixels
from device.find import Writing
from device.ink import SCENE_PX
from device.sheet import Sheet, sheets

TILES_PX = 210
"""Brightness is measured on tiles, at most so many along the longer side, each of which averages its pixels."""

DIM_LUMA = 128.0
"""In a brighter picture nobody needs to look whether the lens is covered."""

CLEARLY_SEEN_PX = 60
"""Beside writing as high as this nobody needs to look for specks and for strokes that leave the frame."""

CLIPPED_LUMA = 252
"""From here on (of 255) a tile is white whatever is on it."""

WHITE_REACH, CLEAR_INK = 0.12, 0.6
"""White paper is nowhere farther than this share of the longer side from what is written on it, and clear ink is darker
by the second share of its brightness."""

NOISE_ROWS, NOISE_COLUMNS = 64, 256
"""Places along both sides of the frame at which the noise is measured."""

REDUCED_PX = 840
"""Longer side of the picture in which edges and traces are measured: half of the camera's, which averages the noise."""

CELL_PX = 8
"""Side of the cells of that picture in each of which the steepest edge counts."""

FEW = 99.7
"""Percentile of the cells that an edge must exceed: writing or a sheet's edge passes through more than one in 300."""

EDGE_CELLS = 5
"""An edge is as high as the luma ranges in so many cells, 40 px of that picture: also the widest smear that is seen."""

EDGE_LUMA, EDGE_NOISE = 16.0, 7.0
"""What counts as an edge is at least so high (of 255), and so many standard deviations of the noise; on bare drawn
sheets without any edge in sight the waves of the paper and the shadows stay below 9."""

EDGE_SHARE = 0.5
"""Edges lower than this share of the highest are the grain of a table: it may be finer than any smear."""

SHARPEST = 1.0
"""Percentile of the edges' widths that is the picture's: even a straight stroke has some edges in every direction."""

FINE_EDGE_PX = 2.7
"""An edge that is sharp takes so many pixels of the picture in which it is measured."""

NARROWEST = 0.08
"""What is narrower, as a share of its height, may be the edge of a sheet, and says nothing of what is written."""

EDGE_REACH = 1.5
"""Writing ends at the frame's edge if it is nearer to it than so many times its height."""

LEAST_CUT_PX, LEAST_CUT_CONTRAST = 24, 0.3
"""What crosses the edge of a scene and is smaller, or fainter, is no digit that somebody meant to show."""

LEAST_CUT_CLEAR = -1.5
"""Log odds that what crosses the edge is writing below which it is an outline; crossing it takes 1.3 of them."""

LEAST_CLEAR = -0.3
"""Log odds that something is writing below which it says nothing of how large, how soft and how near the digits are."""

INK_EDGE, INK_CORE = 128, 224
"""Ink of a piece of writing as find gives it, at the edge of a stroke (0.4 of its core) and well inside it (0.7)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured in one frame.

    Attributes:
        brightest: Luma that a hundredth of the tiles exceeds, 0..255: the paper's, where there is any.
        middle: Median luma of the tiles, 0..255.
        clipped: Share of the tiles that are clipped to white, 0..1.
        inked: Share of the tiles that are clear ink on white or black paper, 0..1, as in scans and drawings.
        redness: How much redder than blue the frame is on average, as a ratio, above 0; 1 is grey.
        noise: Standard deviation of the sensor's noise (and of the finest texture) in luma.
        step: Largest step of luma within a few pixels, 0..255; 0 for crops, 255 for what is bright anyway.
        smear: Width of the sharpest edges in px of the frame, less what reducing it adds: their height over their
            slope, in the direction in which they are widest (that of a movement); None where there is no edge, and in
            frames that are crops.
        specks: Pieces of ink too small to be read, standing free on bare ground.
        crossings: The edges of a scene where something as narrow and as dark as a stroke leaves the frame.
        sheet_edges: The edges of a scene across which a sheet goes on, of each sheet that crosses one edge alone; with
            writing found, those near it.
        contrast: How much darker (or lighter) the ink is than its paper, as a share of the lighter one, 0..1; the
            median over the writing, None without any.
        softness: Mean width of the soft edges of the strokes as a share of the digit's longer side, less what pixels
            alone make soft, 0 or more; the median over the writing, None without any.
        height_px: Height of the largest piece of writing in pixels of the frame; None without any.
        cut_off: The edges that writing crosses.
        is_plain: Some of the writing, wholly in the frame, is plainly that.
    """

    brightest: float
    middle: float
    clipped: float
    inked: float = 0.0
    redness: float = 1.0
    noise: float = 0.0
    step: float = 255.0
    smear: float | None = None
    specks: int = 0
    crossings: tuple[Advice, ...] = ()
    sheet_edges: tuple[Advice, ...] = ()
    contrast: float | None = None
    softness: float | None = None
    height_px: int | None = None
    cut_off: tuple[Advice, ...] = ()
    is_plain: bool = False


def measured(frame: Frame, found: Sequence[Writing]) -> Quality:
    """Measure a frame, given the writing found in it."""
    reduced, factor = _reduced(frame.pixels, REDUCED_PX)
    tiles, _ = _reduced(_reduced(reduced, 2 * TILES_PX)[0], TILES_PX)  # by two and two again is OpenCV's quickest way
    luma = np.asarray(cv2.cvtColor(tiles, cv2.COLOR_BGR2GRAY))
    blue, _, red, _ = cv2.mean(tiles)
    clipped = float(np.mean(luma >= CLIPPED_LUMA))
    whole = Quality(
        brightest=float(np.percentile(luma, 99)),
        middle=float(np.median(luma)),
        clipped=clipped,
        inked=_inked(np.asarray(luma, np.uint8)) if clipped > 0.0 else 0.0,
        redness=(red + 1.0) / (blue + 1.0),
        noise=_noise(frame.pixels),
    )
    quality = _with_writing(whole, frame, found)
    if min(frame.height_px, frame.width_px) < SCENE_PX:
        return replace(quality, step=0.0)
    quality = replace(quality, sheet_edges=_sheet_edges(frame, found))
    quality = _with_traces(quality, np.asarray(cv2.cvtColor(reduced, cv2.COLOR_BGR2GRAY), np.uint8), factor)
    tiny = sum(writing.box.height <= factor * SPECK_SIZE[1] for writing in found if not writing.cut_off)
    return quality if quality.height_px else replace(quality, specks=max(quality.specks, tiny))


def _reduced(pixels: Pixels, longer_px: int) -> tuple[Pixels, int]:
    """At most so long, by a whole factor, which is much quicker than any other; and the factor."""
    factor = -(-max(pixels.shape[:2]) // longer_px)
    height, width = max(1, pixels.shape[0] // factor), max(1, pixels.shape[1] // factor)
    whole = pixels[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8), factor


# --- the whole frame --------------------------------------------------------------------------------------------------


def _inked(luma: Pixels) -> float:
    """Share of a picture that is clear ink on white paper, or white ink on black; light that washes out leaves none."""
    luma = np.asarray(cv2.bitwise_not(luma), np.uint8) if np.median(luma) <= 255 - CLIPPED_LUMA else luma
    reach = int(WHITE_REACH * max(luma.shape)) | 1
    paper = cv2.morphologyEx(luma, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    ink = cv2.subtract(paper, luma) >= CLEAR_INK * CLIPPED_LUMA
    return float(np.mean(ink & (paper >= CLIPPED_LUMA)))


def _noise(pixels: Pixels) -> float:
    """From the differences of neighbours, whose median is 0.954 standard deviations of Gaussian noise, edges or not."""
    every = max(1, pixels.shape[0] // NOISE_ROWS)
    across = max(1, pixels.shape[1] // NOISE_COLUMNS)
    rows = pixels[::every, :, 1]
    if rows.shape[1] < 2:
        return 0.0
    here, beside = (np.ascontiguousarray(part[:, ::across]) for part in (rows[:, :-1], rows[:, 1:]))
    differences = cv2.absdiff(here, beside)
    return float(np.median(differences)) / 0.954


def _with_traces(quality: Quality, grey: Pixels, factor: int) -> Quality:
    """What edges and traces of ink there are, whether or not they can be read; `factor` reduced the frame to `grey`."""
    smooth = np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.uint8)
    cell = np.ones((CELL_PX, CELL_PX), np.uint8)
    lightest, darkest = _cells(cv2.dilate(smooth, cell)), _cells(cv2.erode(smooth, cell))
    smear = _edge_px(smooth, lightest, darkest, quality.noise / factor)
    if smear is not None:
        smear = max(0.0, factor * smear - (factor - 1) * FINE_EDGE_PX)
    step = float(np.percentile(cv2.subtract(lightest, darkest), FEW))
    step = step if quality.brightest < DIM_LUMA else quality.step
    if quality.height_px is not None and quality.height_px >= CLEARLY_SEEN_PX:
        return replace(quality, step=step, smear=smear)
    specks, crossings = _specks(grey, quality.noise), tuple(_crossings(grey))
    return replace(quality, step=step, smear=smear, specks=specks, crossings=crossings)


def _edge_px(smooth: Pixels, lightest: Pixels, darkest: Pixels, noise: float) -> float | None:
    """Width of the sharpest edges in the direction in which they are widest, in pixels; None where there is no edge.

    Args:
        smooth: The picture.
        lightest: Of its cells.
        darkest: Of its cells.
        noise: Its standard deviation.
    """
    around = np.ones((EDGE_CELLS, EDGE_CELLS), np.uint8)
    heights = cv2.subtract(cv2.dilate(lightest, around), cv2.erode(darkest, around)).astype(np.float32)
    is_edge = heights >= max(EDGE_LUMA, EDGE_NOISE * noise, EDGE_SHARE * float(np.percentile(heights, 99)))
    if not is_edge.any():
        return None
    cell = np.ones((CELL_PX, CELL_PX), np.uint8)
    steepest = (_cells(cv2.dilate(slopes, cell))[is_edge] for slopes in _slopes(smooth))
    return max(
        float(np.percentile(SLOPE_UNITS * heights[is_edge] / np.maximum(slopes, 1), SHARPEST)) for slopes in steepest
    )


def _cells(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.asarray(picture[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX], np.uint8).copy()


SLOPE_UNITS = 2.0
"""Slopes are counted in halves of a luma a pixel; 127 of them are as steep as an edge can be after smoothing."""


def _slopes(smooth: Pixels) -> Iterator[Pixels]:
    """How steep the luma is across, down, and along both diagonals, in SLOPE_UNITS a pixel."""
    across, down = (cv2.Sobel(smooth, cv2.CV_16S, dx, 1 - dx) for dx in (1, 0))
    diagonals = (cv2.add(across, down), cv2.subtract(across, down))
    for slopes, length in ((across, 1.0), (down, 1.0), *((diagonal, 2**0.5) for diagonal in diagonals)):
        yield np.asarray(cv2.convertScaleAbs(slopes, alpha=SLOPE_UNITS / 8 / length), np.uint8)


def _sheet_edges(frame: Frame, found: Sequence[Writing]) -> tuple[Advice, ...]:
    """Across which edges sheets go on: where one does across two, nobody can say which side of it is missing."""
    crossed = (_crossed(frame, sheet) for sheet in sheets(frame))
    boxes = [writing.box for writing in found]
    return tuple(edges[0] for edges in crossed if len(edges) == 1 and _ends_at(frame, boxes, edges[0]))


def _crossed(frame: Frame, sheet: Sheet) -> list[Advice]:
    """The edges of the frame that a sheet crosses; its outline is known to some pixels."""
    near_px = max(frame.pixels.shape) / 256
    return [edge for edge, distance in _distances(frame, sheet.box).items() if distance <= near_px]


def _ends_at(frame: Frame, boxes: Sequence[Box], edge: Advice) -> bool:
    """Whether any of these reaches nearly to the edge, or there is none."""
    return not boxes or any(_distances(frame, box)[edge] < EDGE_REACH * box.height for box in boxes)


def _distances(frame: Frame, box: Box) -> dict[Advice, int]:
    """From the four edges of the frame, in its pixels."""
    return {
        Advice.CUT_OFF_LEFT: box.x,
        Advice.CUT_OFF_RIGHT: frame.width_px - box.right,
        Advice.CUT_OFF_TOP: box.y,
        Advice.CUT_OFF_BOTTOM: frame.height_px - box.bottom,
    }


SPECK_PX = 9
"""Side of the closing that brings out specks, in pixels of the reduced picture: more than their strokes are wide."""

SPECK_LUMA, SPECK_NOISE = 24.0, 5.0
"""A speck is at least so much darker than what is around it, and by so many standard deviations of the noise."""

BUSY_LUMA = 8.0
"""What is darker than its surroundings by this is no bare ground; the noise counts as above."""

SPECK_SIZE = (2, 8)
"""Least and largest height in pixels of the reduced picture: 4 to 16 px of the camera's."""

SPECK_REACH, SPECK_BARE = 55, 0.04
"""Side of the window around a speck, and the share of it that may be busy, the speck included. Of 30 drawn scenes of
each kind specks are then seen in 22 with writing of 5 to 11 px, in 2 of bare sheets and in none of bare tables."""

SPECKS_SHARE = 0.08
"""Where more of the picture stands out it is a page of text, cloth, or noise, and all its pieces would take long."""


def _specks(grey: Pixels, noise: float) -> int:
    """How many pieces of ink stand free that are too small to be read."""
    stands_out = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((SPECK_PX, SPECK_PX), np.uint8))
    least_luma = SPECK_NOISE * noise / 2  # the noise of four pixels averaged
    mask = cv2.threshold(stands_out, max(SPECK_LUMA, least_luma), 1, cv2.THRESH_BINARY)[1]
    if not 0 < cv2.countNonZero(mask) <= SPECKS_SHARE * mask.size:
        return 0
    busy = cv2.threshold(stands_out, max(BUSY_LUMA, least_luma / 2), 255, cv2.THRESH_BINARY)[1]
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    x, y, widths, heights, areas = stats[1:].T
    least, most = SPECK_SIZE
    right = (heights >= least) & (heights <= most) & (widths <= 3 * most) & (areas > least)
    share = cv2.blur(busy, (SPECK_REACH, SPECK_REACH))[(y + heights // 2)[right], (x + widths // 2)[right]]
    return int(np.count_nonzero(share < 255 * SPECK_BARE))


STRIP_PX, CROSSING_REACH, CROSSING_DEPTH = 4, 0.1, 0.4
"""Rows of the reduced picture along an edge; a stroke that crosses them is narrower than this share of the edge, and
darker than its surroundings by this share. Ruled lines and grain are fainter, tables and shadows wider: of 90 drawn
scenes without a crossing 4 seem to have one, and of 67 with a digit cut off 58 are seen."""

LEAST_GROUND_LUMA = 60.0
"""On darker ground a little light makes a large share."""


def _crossings(grey: Pixels) -> Iterator[Advice]:
    """Where strokes leave the frame: dips of the luma along its edges, but for the corners."""
    strips = (
        (Advice.CUT_OFF_LEFT, grey[:, :STRIP_PX].T),
        (Advice.CUT_OFF_RIGHT, grey[:, -STRIP_PX:].T),
        (Advice.CUT_OFF_TOP, grey[:STRIP_PX]),
        (Advice.CUT_OFF_BOTTOM, grey[-STRIP_PX:]),
    )
    for edge, strip in strips:
        along = cv2.blur(np.asarray(strip.mean(axis=0, keepdims=True), np.float32), (3, 1))
        reach = int(along.size * CROSSING_REACH) | 1
        ground = cv2.morphologyEx(along, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
        inner = slice(reach // 2, along.size - reach // 2)
        # What is darker than LEAST_GROUND_LUMA counts as if it were that bright: its dips are shallower.
        depth = ((ground - along) / np.maximum(ground, LEAST_GROUND_LUMA))[0, inner]
        if depth.size and float(depth.max()) >= CROSSING_DEPTH:
            yield edge


# --- the writing ------------------------------------------------------------------------------------------------------


def _with_writing(quality: Quality, frame: Frame, found: Sequence[Writing]) -> Quality:
    """What is known of the writing."""
    counted = _without_surroundings(frame, found)
    if not counted:
        return quality
    height_px = max(writing.box.height for writing in counted)
    high = [writing for writing in counted if writing.box.height >= height_px / 2]
    return replace(
        quality,
        contrast=float(np.median([_contrast(_window(frame, writing)) for writing in high])),
        softness=float(np.median([softness(writing) for writing in high])),
        height_px=height_px,
        cut_off=tuple(dict.fromkeys(edge for writing in counted for edge in writing.cut_off)),
        is_plain=any(writing.clearness >= PLAIN_CLEARNESS and not writing.cut_off for writing in counted),
    )


def _without_surroundings(frame: Frame, found: Sequence[Writing]) -> list[Writing]:
    """What was found in a scene, less what is the table or a sheet's edge rather than a digit that is cut off."""
    scene = min(frame.height_px, frame.width_px) >= SCENE_PX
    return [writing for writing in found if not (scene and (_is_surroundings(frame, writing) or _is_unclear(writing)))]


def _is_unclear(writing: Writing) -> bool:
    """Whether it is rather a fold, a shadow or the edge of a sheet, and is whole: what was written may be elsewhere."""
    return writing.clearness < LEAST_CLEAR and not writing.cut_off


def _is_surroundings(frame: Frame, writing: Writing) -> bool:
    """Whether it is as narrow as an edge, or touches a corner, or an edge without the size or contrast of a digit."""
    if writing.box.width < NARROWEST * writing.box.height:
        return True
    if not writing.cut_off:
        return False
    longer_px = max(writing.box.width, writing.box.height)
    return (
        len(writing.cut_off) > 1
        or longer_px < LEAST_CUT_PX
        or writing.clearness < LEAST_CUT_CLEAR
        or _contrast(_window(frame, writing)) < LEAST_CUT_CONTRAST
    )


def _window(frame: Frame, writing: Writing) -> Pixels:
    box = writing.box
    return frame.pixels[max(0, box.y) : max(1, box.bottom), max(0, box.x) : max(1, box.right)]


def _contrast(window: Pixels) -> float:
    """Between the 1st and the 95th percentile of a window: thin strokes take few of its pixels."""
    every = max(1, min(window.shape[:2]) // 32)
    luma = cv2.cvtColor(np.ascontiguousarray(window[::every, ::every]), cv2.COLOR_BGR2GRAY)
    low, high = np.percentile(luma, [1, 95])
    return float((high - low) / max(1.0, high))


def softness(writing: Writing) -> float:
    """Mean width of the slopes between a stroke's edge and its core, all around it, over the digit's longer side.

    A camera that moved leaves the edges along its way as sharp as they were, so that the steepest ones would not tell.
    """
    ink = writing.ink
    strokes = cv2.copyMakeBorder((ink >= INK_EDGE).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    inside = cv2.countNonZero(strokes)
    if inside == 0:
        return 0.0
    outline = inside - cv2.countNonZero(cv2.erode(strokes, np.ones((3, 3), np.uint8)))
    slopes = inside - cv2.countNonZero((ink >= INK_CORE).view(np.uint8))
    # A stroke has slopes of a pixel however sharp it is; a crop that was enlarged has wider ones.
    enlarged = max(1.0, ink.shape[1] / max(1, writing.ink_box.width))
    return max(0.0, slopes / outline - enlarged) / max(ink.shape)
