"""Contrast -> pieces of ink: what is connected, and what of it belongs together as the strokes of one digit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Advice, Box, Pixels
from device.ink import ranked

EDGE_SHARE = 0.4
"""A stroke's edge lies where the contrast is this share of its core's: half, less a little for its pale ends.

Chosen on the total over all the photographs: 0.45 breaks strokes, 0.3 fills loops."""

CORE_SHARE, CORE_FACTOR = 0.1, 1.5
"""The core of ink is this share of its pixels, and exceeds the least contrast by this factor; chance and the grain of
paper hardly do."""

COARSE_PIXELS = 1_000_000
"""In a larger picture what is connected is looked for at half its size: the grain of a table has thousands of parts."""

MOST_PIECES = 200
"""Connected areas with a core that are looked at, largest first: five hundred specks take no longer than so many."""

MOST_LOOKED_AT = 6
"""The boxes of these areas together may be so many times as large as the picture: crossing lines nest them."""

HAIRLINE, HAIRLINE_ON_SCREEN, FLAT = 0.015, 0.004, 0.8
"""A stroke is at least so wide, as a share of its piece's longer side; unipen's thinnest digit has 0.02. One that was
drawn on a screen may have the second: there a larger share of all than the third is of one brightness exactly."""

BLOT, BLOT_AT_EDGE = 0.6, 0.35
"""No stroke is wider than the first share of its piece's longer side (MNIST's fattest sixes and sevens reach 0.55), or,
where it crosses the picture's edge, than the second: that is a thumb or a shadow."""

GRAIN_SHARE = 150
"""From this many pixels of length on, a bare grain of two pixels in a piece's strokes is filled to measure them."""

MOST_APART = 0.08
"""Strokes of one digit are nearer to each other than this from left to right, as a share of the usual height."""

WIDEST_JOINED = 1.0
"""Strokes side by side are not of one digit if together they are wider than this, as a share of the usual height."""

HANGING, FREE = 0.07, 0.03
"""A comma ends so far below the feet of the digits beside it, at least, and stands so far from them from left to right,
as shares of the usual height; the strokes that the grain of a pencil breaks are nearer."""

BROKEN, CRUMB_REACH, RESTORED = (0.35, 0.7), 0.35, 1.2
"""A digit whose height lies between the first shares of the usual one may have lost a crumb of its strokes, as far from
it as the second; with it, it is at most as high as the third."""

CLEAR = 5.0
"""Log odds of what needs no weighing: somebody cropped the picture around it."""

LEAST_AREA_PX = 12
"""Fewer pixels are noise: a 12 px digit written with a stroke of 1 px has 20."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Strokes that belong together, in pixels of the contrast picture.

    Attributes:
        box: Around them.
        mask: 1 on them, else 0; uint8, shape (box.height, box.width).
        core: Contrast that CORE_SHARE of their pixels exceed, 0..255.
        area: Pixels of the strokes.
        clearness: Log odds that it is writing.
    """

    box: Box
    mask: Pixels
    core: float
    area: int
    clearness: float = CLEAR


def pieces_of(pixels: Pixels, level: float) -> Iterator[Piece]:
    """Connected ink, each bounded by its own contrast: beside black ink a pencil's stroke keeps its width."""
    step = 1 if pixels.size <= COARSE_PIXELS else 2
    mask, strong = (_above(pixels, least, step) for least in (level, CORE_FACTOR * level))
    labels, stats = _connected(mask)
    looked_at = 0
    for label in _with_core(labels, strong, stats[:, cv2.CC_STAT_AREA])[:MOST_PIECES]:
        seen = Box(*(int(value) for value in stats[label, :4]))
        box = _widened(seen, step, pixels.shape)
        looked_at += box.area
        if stats[label, cv2.CC_STAT_AREA] * step**2 < LEAST_AREA_PX or looked_at > MOST_LOOKED_AT * pixels.size:
            return
        window = view_of(pixels, box)
        inside = (view_of(labels, seen) == label).view(np.uint8)
        if step == 2:
            inside = np.asarray(cv2.resize(inside, window.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
        (core,) = ranked(window, inside, 1.0 - CORE_SHARE)
        if core < CORE_FACTOR * level:
            continue
        strokes = cv2.threshold(window, EDGE_SHARE * core, 1, cv2.THRESH_BINARY)[1]
        yield from _parts(np.asarray(cv2.bitwise_and(strokes, inside), np.uint8), box, core)


def _above(pixels: Pixels, least: float, step: int) -> Pixels:
    """Not 0 where a pixel exceeds this, or one of the four that are made one with a step of 2."""
    mask = cv2.threshold(pixels, least, 255, cv2.THRESH_BINARY)[1]
    if step == 2:  # what has ink under it stays; `_parts` looks at all pixels again
        height, width = mask.shape
        mask = cv2.resize(mask[: height & ~1, : width & ~1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(mask, np.uint8)


def _connected(mask: Pixels) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The labels of a mask's connected parts, 0 for none, and OpenCV's statistics of each."""
    # Fewer pixels than 16 bits can count have no more parts; with 32 bits it takes nearly three times as long.
    numbers = cv2.CV_16U if cv2.countNonZero(mask) < 2**16 else cv2.CV_32S
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=numbers)
    return labels, np.asarray(stats, np.int32)


def _with_core(labels: NDArray[Any], strong: Pixels, areas: NDArray[np.int32]) -> NDArray[np.int64]:
    """The labels of what may have a core as strong as ink's, largest first: hardly any of the grain of a table has."""
    counts = np.bincount(labels[strong > 0], minlength=len(areas))
    likely = 1 + np.flatnonzero(counts[1:] >= CORE_SHARE * areas[1:])
    return np.asarray(likely[np.argsort(areas[likely])[::-1]], np.int64)


def _widened(box: Box, step: int, shape: tuple[int, ...]) -> Box:
    """A box of the picture reduced by `step`, in the whole one of this shape; an odd row or column at its end is in."""
    right = shape[1] if box.right == shape[1] // step else box.right * step
    bottom = shape[0] if box.bottom == shape[0] // step else box.bottom * step
    return Box(box.x * step, box.y * step, right - box.x * step, bottom - box.y * step)


def _parts(mask: Pixels, box: Box, core: float) -> Iterator[Piece]:
    """The connected parts of a piece, less its crumbs."""
    labels, stats = _connected(mask)
    least = max(LEAST_AREA_PX, 0.02 * cv2.countNonZero(mask))
    for label in 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= least):
        part = Box(*(int(value) for value in stats[label, :4]))
        inside = (view_of(labels, part) == label).view(np.uint8)
        area = int(stats[label, cv2.CC_STAT_AREA])
        yield Piece(Box(box.x + part.x, box.y + part.y, part.width, part.height), inside, core, area)


def joined_strokes(pieces: Sequence[Piece], height_px: float) -> list[Piece]:
    """Put the strokes of one digit together."""
    left = list(pieces)
    joined = []
    while left:
        digit = left.pop()
        grows = True
        while grows:
            near = [piece for piece in left if _belong_together(digit.box, piece.box, height_px)]
            left = [piece for piece in left if not any(piece is other for other in near)]
            digit = _union([digit, *near])
            grows = bool(near)
        joined.append(digit)
    return joined


def _belong_together(one: Box, other: Box, height_px: float) -> bool:
    """Whether two pieces are strokes of one digit; `height_px` is the usual height of one."""
    gap_x = max(one.x, other.x) - min(one.right, other.right)  # negative where they overlap
    if gap_x >= MOST_APART * height_px:  # first, for of a page of text nearly all are
        return False
    gap_y = max(one.y, other.y) - min(one.bottom, other.bottom)
    small, large = (one, other) if one.height <= other.height else (other, one)
    if gap_x > FREE * height_px and hangs_beside(small, large, height_px):
        return False
    narrower = min(one.width, other.width)
    if small.height > 0.6 * height_px:
        # Two digits side by side, unless one stands in the other; two loops of an 8 nearly touch.
        return -gap_x > 0.4 * narrower and gap_y < 0.08 * small.height
    if longer_px(small) < 0.3 * height_px:
        # A dot is a mark, unless it lies over or in the digit or continues a broken stroke.
        return gap_y < 0.06 * height_px and gap_x < max(-0.5 * narrower, 0.06 * height_px)
    is_too_wide = gap_x > 0 and max(one.right, other.right) - min(one.x, other.x) > WIDEST_JOINED * height_px
    return gap_y < 0.25 * height_px and not is_too_wide


def hangs_beside(small: Box, large: Box, height_px: float) -> bool:
    """Whether a piece hangs below the foot of what stands beside it, as a comma does; of digits usually so high."""
    is_beside = not large.x <= small.x + small.width / 2 <= large.right
    return is_beside and small.y > large.y + large.height / 2 and small.bottom > large.bottom + HANGING * height_px


def with_crumbs(pieces: Sequence[Piece], crumbs: Sequence[Piece], height_px: float) -> list[Piece]:
    """Give the crumbs of chalk and pencil that continue a broken stroke upwards or downwards back to it."""
    whole = []
    for piece in pieces:
        own = [crumb for crumb in crumbs if _continues(piece.box, crumb.box, height_px)]
        # How clear the piece is was weighed without them.
        whole.append(replace(_union([piece, *own]), clearness=piece.clearness) if own else piece)
    return whole


def _continues(digit: Box, crumb: Box, height_px: float) -> bool:
    """Whether a crumb is the end of a digit that is too low without it."""
    gap_y = max(digit.y, crumb.y) - min(digit.bottom, crumb.bottom)
    is_in_line = digit.x <= crumb.x + crumb.width / 2 <= digit.right
    height = max(digit.bottom, crumb.bottom) - min(digit.y, crumb.y)
    is_low = BROKEN[0] * height_px <= digit.height < BROKEN[1] * height_px
    return is_low and is_in_line and 0 <= gap_y < CRUMB_REACH * height_px and height < RESTORED * height_px


def _union(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    box = pieces[0].box
    for piece in pieces[1:]:
        box = box.union(piece.box)
    mask = np.zeros((box.height, box.width), np.uint8)
    for piece in pieces:
        place = Box(piece.box.x - box.x, piece.box.y - box.y, piece.box.width, piece.box.height)
        view_of(mask, place)[...] |= piece.mask
    core, area = max(piece.core for piece in pieces), sum(piece.area for piece in pieces)
    return Piece(box, mask, core, area, max(piece.clearness for piece in pieces))


def hairline_of(grey: Pixels) -> float:
    """The least width of a stroke in this picture, as a share of its piece's longer side."""
    every = max(1, round((grey.size / 100_000) ** 0.5))
    sample = np.ascontiguousarray(grey[::every, ::every])
    is_flat = np.bincount(sample.ravel()).max() > FLAT * sample.size
    return HAIRLINE_ON_SCREEN if is_flat else HAIRLINE


def is_blot(piece: Piece, shape: tuple[int, ...], hairline: float = HAIRLINE) -> bool:
    """Whether it cannot be strokes: a shadow, a thumb, a rest of a line along the picture's edge."""
    share = thickest_px(piece) / longer_px(piece.box)
    if not edges_at(piece.box, shape):
        return not hairline <= share <= BLOT
    width, height = piece.box.width, piece.box.height
    lies_along = width < min(0.08 * shape[1], height / 4) and (piece.box.x == 0 or piece.box.right == shape[1])
    lies_along |= height < min(0.08 * shape[0], width / 4) and (piece.box.y == 0 or piece.box.bottom == shape[0])
    return lies_along or not hairline <= share <= BLOT_AT_EDGE


def thickest_px(piece: Piece) -> float:
    """Width of its strokes where they are widest."""
    return 2 * float(_depths(piece.mask).max())


def mean_stroke_px(piece: Piece) -> float:
    """Mean width of its strokes, as preprocess.stroke_px; the bare grains in chalk and pencil don't count."""
    reach = 1 + 2 * (longer_px(piece.box) // GRAIN_SHARE)
    mask = cv2.morphologyEx(piece.mask, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)) if reach > 1 else piece.mask
    depths = _depths(np.asarray(mask, np.uint8))
    return max(1.0, 4 * float(depths.sum()) / cv2.countNonZero(mask) - 2)


def _depths(mask: Pixels) -> NDArray[np.float32]:
    """Distance of each pixel of strokes from their edge."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3), np.float32)


def edges_near(box: Box, shape: tuple[int, ...], reach_px: int) -> tuple[Advice, ...]:
    """The edges of a picture of this shape that a box comes so near to."""
    touched = (
        (Advice.CUT_OFF_LEFT, box.x <= reach_px),
        (Advice.CUT_OFF_RIGHT, box.right >= shape[1] - reach_px),
        (Advice.CUT_OFF_TOP, box.y <= reach_px),
        (Advice.CUT_OFF_BOTTOM, box.bottom >= shape[0] - reach_px),
    )
    return tuple(edge for edge, is_touched in touched if is_touched)


def edges_at(box: Box, shape: tuple[int, ...]) -> tuple[Advice, ...]:
    """The edges of a picture that a box touches."""
    return edges_near(box, shape, 0)


def spanned(box: Box, shape: tuple[int, ...], reach_px: int = 0) -> tuple[bool, bool]:
    """Whether a box comes so near to both edges of a picture of this shape across, and down."""
    edges = set(edges_near(box, shape, reach_px))
    opposite = ({Advice.CUT_OFF_LEFT, Advice.CUT_OFF_RIGHT}, {Advice.CUT_OFF_TOP, Advice.CUT_OFF_BOTTOM})
    across, down = (pair <= edges for pair in opposite)
    return across, down


def view_of(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    """The part of a picture in a box, not copied."""
    return picture[box.y : box.bottom, box.x : box.right]


def grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """The box with a margin around it, as far as the picture goes."""
    x, y = max(0, box.x - margin), max(0, box.y - margin)
    return Box(x, y, min(shape[1], box.right + margin) - x, min(shape[0], box.bottom + margin) - y)


def longer_px(box: Box) -> int:
    """Its longer side."""
    return max(box.width, box.height)


def count_above(window: Pixels, level: float) -> int:
    """How many pixels exceed a level."""
    return cv2.countNonZero(cv2.threshold(window, level, 1, cv2.THRESH_BINARY)[1])
