"""Frame -> pieces of writing that may be digits, in reading order.

Ink is told from paper (`device.ink`), printed lines are taken out (`device.ruling`), what is connected becomes a
piece, specks, blots and the surroundings are left out, the strokes of one digit are joined, and what remains is put
into lines and groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Advice, Box, Frame, Pixels
from device.ink import SCENE_PX, Contrast, contrast, ranked
from device.ruling import without_lines

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

MOST_WRITINGS = 60
"""More than this is a page of text and not a number."""

HAIRLINE = 0.015
"""A stroke is at least so wide, as a share of its piece's longer side; unipen's thinnest digit has 0.02."""

LONGEST_STROKE = 6.0
"""Strokes of one digit are at most so long, in its longer sides: 4.5 in unipen, 3.8 in MNIST and bhmsds."""

GRAIN_SHARE = 150
"""From this many pixels of length on, a bare grain of two pixels in a piece's strokes is filled to measure them."""

LEAST_MARK = 0.8
"""A point that the pen made is at least this share of its strokes' width; what is smaller is a speck of the paper."""

GAP_SHARE, LOST_INK = 0.25, 0.2
"""A gap wider than the first share of its height may have lost a digit: where it holds the second share of the ink of
either neighbour."""

EDGE_REACH, CORNER_REACH = 0.6, 0.3
"""What touches one edge, or a corner, of a scene and is longer than this share of it is the table and no digit."""

LARGEST_STRAY = 1.6
"""What crosses an edge and is so many times as long as the largest digit wholly in the picture is no digit."""

RULE_HEIGHT, RULE_WIDTH, RULE_SOLID, RULE_CORE = 0.85, 0.2, 0.75, 1.15
"""A printed line in a crop is as high as the first share of it, at most as wide as the second of its height, and fills
the third of its rectangle, which is more than a hand's strokes do; from the fourth on, times as dark as the digits, it
is surely none of them. Read off two of the real crops of grids (0.88, 0.83; 1.25, 1.19) and the other 534 photographs,
whose ones fill at most 0.73."""

RULE_AROUND = 0.15
"""What reaches three edges of a crop and covers less of its box is the frame around something."""

CLEARNESS = (-2.40, -1.81, 3.16, -3.67, -2.66, -1.28)
"""Log odds that a piece is writing: a constant, and what counts by each of the `_clearness_terms`. Fitted to
12,274 pieces of 400 drawn scenes to tune on and 150 without digits (train/photographs/README.md says how)."""

LEAST_CLEARNESS = -2.0
"""Log odds below which a piece is left out: 1 % of the digits and 73 % of what is none."""

LEAST_REST, REST_CLEARNESS = 0.25, -0.5
"""A rest of a digit at the frame's edge is at least so long, as a share of the digits beside it, and so clear."""

LEAST_LEFT_OUT = -3.5
"""Log odds below which nothing was lost with a piece that was left out: in 520 drawn scenes lost digits have -2.0 to
-3.1, edges of sheets and grain -2.6 to -5.7."""

PLAIN_CLEARNESS = 0.0
"""Log odds from which on a piece is rather writing than not."""

LARGEST = 3.0
"""What isn't plainly writing and is so many times as high as the writing is the edge of its sheet."""

CLEAR = 5.0
"""Log odds of what needs no weighing: somebody cropped the picture around it."""

BUSY_CORE = 0.3
"""Bare is what has less than this share of the piece's own contrast: squared paper around dark ink, not around more of
its own lines."""

LEAST_RING_PX = 8
"""What has fewer pixels of ground around is at the edge of the picture: all around it counts."""

LEAST_AREA_PX = 12
"""Fewer pixels are noise: a 12 px digit written with a stroke of 1 px has 20."""


LEAST_FRAME_PX = 8
"""A smaller picture holds no digit, whatever its few pixels look like."""


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """What may be one digit.

    Attributes:
        box: In pixels of the frame.
        ink: Its ink alone, as `preprocess.mnist_layout` takes it: uint8, the stroke's edge at 128.
        ink_box: What `ink` shows, in pixels of the frame: the box and a little paper around it.
        group: Number of its group, from 0, in reading order.
        after_mark: Between it and the one before stands a mark that is no digit: a point, a comma, a dash.
        cut_off: The edges of the frame that its strokes cross, as what to say about it.
        softness: How wide the soft edge of its strokes is, as a share of its longer side.
        tangled: It has more stroke than any digit: joined-up writing, a scribble, digits that touch.
        separated: It touched another, and was cut from it.
        clearness: Log odds that it is writing, rather than the edge of a sheet or the grain of a table.
    """

    box: Box
    ink: Pixels
    ink_box: Box
    group: int
    after_mark: bool
    cut_off: tuple[Advice, ...]
    softness: float
    tangled: bool = False
    separated: bool = False
    clearness: float = CLEAR


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What was found in a frame.

    Attributes:
        writings: In reading order; empty where there is no writing, and when there is too much.
        other_ink: There is something besides: more writing than a number can have, or a stroke lost.
        tight: The frame is a crop rather than a scene, in which strokes may touch the edge and still be whole.
        cut_off: The edges of a scene that cross something beside the writing and as large, which was left out.
    """

    writings: tuple[Writing, ...] = ()
    other_ink: bool = False
    tight: bool = False
    cut_off: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
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


def find(frame: Frame, *, inverted: bool = False, wide: bool = False) -> Finding:
    """Find what may be digits.

    Args:
        frame: Any.
        inverted: Look for light ink where dark ink seems to be, and the other way round.
        wide: Look for strokes up to a third as wide as the frame, in any case.
    """
    if max(frame.width_px, frame.height_px) < LEAST_FRAME_PX:
        return Finding()
    seen = contrast(frame, inverted=inverted, wide=wide)
    pixels = without_lines(seen.pixels, seen.level)
    found = list(_pieces(pixels, seen.level))
    pieces = [piece for piece in found if not _is_blot(piece, pixels.shape)]
    tight = min(pixels.shape) < SCENE_PX
    if not tight:
        pieces = list(_weighed(pieces, pixels, seen))
    rules = [piece for piece in pieces if tight and _is_rule(piece, pieces, pixels.shape)]
    pieces = [piece for piece in pieces if piece not in rules]
    if not pieces:
        return Finding()
    height_px, core = _usual(pieces)
    pieces = [piece for piece in pieces if piece.core >= 0.4 * core and _longer(piece.box) >= 0.08 * height_px]
    pieces = [
        piece for piece in pieces if piece.clearness >= PLAIN_CLEARNESS or piece.box.height <= LARGEST * height_px
    ]
    pieces = [piece for piece in pieces if not _is_outline(piece, pieces)]
    pieces = _without_strays_at_edges(pieces, pixels.shape, height_px, tight=tight)
    pieces = _joined(pieces, height_px)
    digits = [piece for piece in pieces if piece.box.height >= 0.35 * height_px]
    if len(digits) > MOST_WRITINGS:
        return Finding(other_ink=True)
    dots = [piece for piece in found if _is_dot(piece, height_px)]
    small = [piece for piece in pieces if piece.box.height < 0.35 * height_px]
    strokes_px = {piece: _stroke_px(piece) for piece in digits}
    least_px = LEAST_MARK * float(np.median(list(strokes_px.values()))) if digits else 0.0
    marks = [piece.box for piece in small + dots if piece.core >= 0.6 * core and _longer(piece.box) >= least_px]
    writings = []
    group = -1
    lines = _lines(digits)
    for line in lines:
        for before, piece in zip([None, *line], line, strict=False):
            marked = before is not None and any(_between(mark, before.box, piece.box) for mark in marks)
            group += before is None or marked or _far(before.box, piece.box, line)
            box = piece.box.scaled(1 / seen.factor)
            cut_off = _cut_off(piece, pixels.shape)
            ink, ink_box = _ink(pixels, piece)
            shown = ink_box.scaled(1 / seen.factor)
            softness = _softness(pixels, piece)
            tangled = _is_tangle(piece, strokes_px[piece])
            writings.append(
                Writing(box, ink, shown, group, marked, cut_off, softness, tangled, clearness=piece.clearness)
            )
    if tight:
        # As dark as the digits it may be a one of theirs.
        may_be_one = any(rule.core < RULE_CORE * piece.core for rule in rules for piece in digits)
        return Finding(tuple(writings), may_be_one, tight=True)
    left_out = [*_left_out(found, digits, core), *_cut_rests(found, digits, core, pixels, seen)]
    edges = tuple(dict.fromkeys(edge for piece in left_out for edge in _edges(piece.box, pixels.shape)))
    lost = any(_clearness(piece, pixels, seen) >= LEAST_LEFT_OUT for piece in left_out)
    return Finding(tuple(writings), lost or _has_gap_with_ink(pixels, lines, core), cut_off=edges)


def weighed(frame: Frame) -> Iterator[tuple[Box, NDArray[np.float64]]]:
    """The pieces of a scene that may be strokes, in its pixels, with the terms that CLEARNESS weighs: to fit it."""
    seen = contrast(frame)
    pixels = without_lines(seen.pixels, seen.level)
    if not seen.is_wide:
        for piece in _pieces(pixels, seen.level):
            if not _is_blot(piece, pixels.shape):
                yield piece.box.scaled(1 / seen.factor), _clearness_terms(piece, pixels, seen)


def _pieces(pixels: Pixels, level: float) -> Iterator[_Piece]:
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
        window = _window(pixels, box)
        inside = (_window(labels, seen) == label).view(np.uint8)
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


def _parts(mask: Pixels, box: Box, core: float) -> Iterator[_Piece]:
    """The connected parts of a piece, less its crumbs."""
    labels, stats = _connected(mask)
    least = max(LEAST_AREA_PX, 0.02 * cv2.countNonZero(mask))
    for label in 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= least):
        part = Box(*(int(value) for value in stats[label, :4]))
        inside = (_window(labels, part) == label).view(np.uint8)
        area = int(stats[label, cv2.CC_STAT_AREA])
        yield _Piece(Box(box.x + part.x, box.y + part.y, part.width, part.height), inside, core, area)


def _window(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    return picture[box.y : box.bottom, box.x : box.right]


def _longer(box: Box) -> int:
    return max(box.width, box.height)


def _at_rank(values: NDArray[Any], share: float) -> float:
    """The value that this share of all lies below, without the preparations of np.percentile."""
    rank = int(values.size * share)
    return float(np.partition(values, rank)[rank])


def edges_near(box: Box, shape: tuple[int, ...], reach_px: int) -> tuple[Advice, ...]:
    """The edges of a picture of this shape that a box comes so near to."""
    touched = {
        Advice.CUT_OFF_LEFT: box.x <= reach_px,
        Advice.CUT_OFF_RIGHT: box.right >= shape[1] - reach_px,
        Advice.CUT_OFF_TOP: box.y <= reach_px,
        Advice.CUT_OFF_BOTTOM: box.bottom >= shape[0] - reach_px,
    }
    return tuple(edge for edge, is_touched in touched.items() if is_touched)


def _edges(box: Box, shape: tuple[int, ...]) -> tuple[Advice, ...]:
    """The edges of a picture that a box touches."""
    return edges_near(box, shape, 0)


def _is_blot(piece: _Piece, shape: tuple[int, ...]) -> bool:
    """Whether it cannot be strokes: a shadow, a thumb, a rest of a line along the picture's edge."""
    thick_px = 2 * float(_depths(piece.mask).max())
    share = thick_px / _longer(piece.box)
    if not _edges(piece.box, shape):
        return not HAIRLINE <= share <= 0.5
    width, height = piece.box.width, piece.box.height
    lies_along = width < min(0.08 * shape[1], height / 4) and (piece.box.x == 0 or piece.box.right == shape[1])
    lies_along |= height < min(0.08 * shape[0], width / 4) and (piece.box.y == 0 or piece.box.bottom == shape[0])
    return lies_along or not HAIRLINE <= share <= 0.35


def _left_out(found: Sequence[_Piece], digits: Sequence[_Piece], core: float) -> Iterator[_Piece]:
    """What stands beside the digits, as dark and as high, and was left out: one crossed out, cut off, or lost."""
    for piece in found:
        if piece.core < 0.6 * core or any(_holds(digit.box, piece.box) for digit in digits):
            continue
        if any(_stands_beside(piece.box, digit.box) for digit in digits):
            yield piece


def _cut_rests(
    found: Sequence[_Piece], digits: Sequence[_Piece], core: float, pixels: Pixels, seen: Contrast
) -> Iterator[_Piece]:
    """What the frame's edge leaves of a digit beside others may be some crumbs of ink at that edge."""
    for piece in found:
        edges = _edges(piece.box, pixels.shape)
        if len(edges) != 1 or piece.core < 0.6 * core or any(_holds(digit.box, piece.box) for digit in digits):
            continue
        beside = any(
            digit.box.y < _middle(piece.box) < digit.box.bottom
            and max(piece.box.x - digit.box.right, digit.box.x - piece.box.right) < digit.box.height
            and LEAST_REST * digit.box.height <= _longer(piece.box) <= digit.box.height
            for digit in digits
        )
        if beside and _clearness(piece, pixels, seen) >= REST_CLEARNESS:
            yield piece


def _stands_beside(box: Box, digit: Box) -> bool:
    """Whether something is as high as a digit, and nearer to it than that."""
    return (
        0.5 * digit.height <= box.height <= 2 * digit.height
        and max(box.x - digit.right, digit.x - box.right) < digit.height
        and max(box.y - digit.bottom, digit.y - box.bottom) < digit.height
    )


def _has_gap_with_ink(pixels: Pixels, lines: Sequence[Sequence[_Piece]], core: float) -> bool:
    """Whether a digit was lost between two others, to a shadow or a line that it touched: its ink is still there."""
    for before, after in (pair for line in lines for pair in pairwise(line)):
        top, bottom = min(before.box.y, after.box.y), max(before.box.bottom, after.box.bottom)
        gap = Box(before.box.right + 2, top, after.box.x - before.box.right - 4, bottom - top)
        if gap.width > GAP_SHARE * gap.height:
            ink = _count_above(_window(pixels, gap), 0.6 * core)
            if ink > LOST_INK * min(before.area, after.area):
                return True
    return False


def _holds(outer: Box, inner: Box) -> bool:
    return outer.x <= inner.x and inner.right <= outer.right and outer.y <= inner.y and inner.bottom <= outer.bottom


def _is_outline(piece: _Piece, pieces: Sequence[_Piece]) -> bool:
    """Whether it is drawn around writing: the edge of a sheet, a frame; a zero has at most a slash or a dot in it."""
    within = [
        other
        for other in pieces
        if other.box.x > piece.box.x
        and other.box.right < piece.box.right
        and other.box.y > piece.box.y
        and other.box.bottom < piece.box.bottom
    ]
    return len(within) > 1


def _is_rule(piece: _Piece, pieces: Sequence[_Piece], shape: tuple[int, ...]) -> bool:
    """Whether a piece of a crop is printed: an upright line beside its digits, or their frame; alone it is a one."""
    width, height = piece.box.width, piece.box.height
    if len(_edges(piece.box, shape)) > 2 and piece.area < RULE_AROUND * piece.box.area and len(pieces) > 1:
        return True
    is_along = height >= RULE_HEIGHT * shape[0] and (piece.box.y == 0 or piece.box.bottom == shape[0])
    if not is_along or width > RULE_WIDTH * height or len(pieces) < 2:
        return False
    others = [other.box for other in pieces if other is not piece]
    is_outermost = all(box.x > piece.box.x for box in others) or all(box.right < piece.box.right for box in others)
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(piece.mask)))
    return is_outermost and piece.area >= RULE_SOLID * (sides[0] + 1.0) * (sides[1] + 1.0)


def _without_strays_at_edges(
    pieces: Sequence[_Piece], shape: tuple[int, ...], height_px: float, *, tight: bool
) -> list[_Piece]:
    """Leave out what crosses an edge of the picture and is small, or large, beside what is wholly in it.

    A digit cut off is at most as large as the others; what is larger is the edge of a sheet, but for a tight crop. What
    is left of it may be several strokes.
    """
    whole = [piece for piece in pieces if not _edges(piece.box, shape)]
    if not whole:
        return list(pieces)
    pieces = [*whole, *_joined([piece for piece in pieces if piece not in whole], height_px)]
    whole_px = [_longer(piece.box) for piece in whole]
    least, most = 0.5 * max(whole_px), np.inf if tight else LARGEST_STRAY * max(whole_px)
    return [piece for piece in pieces if not _edges(piece.box, shape) or least <= _longer(piece.box) <= most]


def _is_dot(piece: _Piece, height_px: float) -> bool:
    """Whether it is a point as a pen makes it, between digits of this usual height."""
    longer = _longer(piece.box)
    return 0.05 * height_px <= longer < 0.25 * height_px and piece.area > 0.5 * piece.box.area


def _weighed(pieces: Sequence[_Piece], pixels: Pixels, seen: Contrast) -> Iterator[_Piece]:
    """The pieces of a scene with their clearness, less what is the table, the edge of the sheet, or lies among them."""
    for piece in pieces:
        if seen.is_wide or not _is_surroundings(piece, pixels.shape):
            clearness = _clearness(piece, pixels, seen)
            if seen.is_wide or clearness >= LEAST_CLEARNESS:
                yield replace(piece, clearness=clearness)


def _is_surroundings(piece: _Piece, shape: tuple[int, ...]) -> bool:
    """Whether a piece of a scene touches its edge and is too large for writing."""
    edges = _edges(piece.box, shape)
    reach = CORNER_REACH if len(edges) > 1 else EDGE_REACH
    return bool(edges) and (piece.box.width > reach * shape[1] or piece.box.height > reach * shape[0])


def _clearness(piece: _Piece, pixels: Pixels, seen: Contrast) -> float:
    """Log odds that a piece is writing."""
    return float(np.dot(CLEARNESS, _clearness_terms(piece, pixels, seen)))


def _clearness_terms(piece: _Piece, pixels: Pixels, seen: Contrast) -> NDArray[np.float64]:
    """What speaks for writing: it has bare, even ground around, stands out from it and doesn't cross an edge.

    Args:
        piece: Any.
        pixels: The contrast, without printed lines.
        seen: What it was taken from.
    """
    # The soft edges of its own strokes are not around it; a small digit has little else.
    inner, outer = (_grown(piece.box, margin, pixels.shape) for margin in (3, 6 + _longer(piece.box) // 8))
    bare = max(seen.level / 2, BUSY_CORE * piece.core)
    around = _count_above(_window(pixels, outer), bare) - _count_above(_window(pixels, inner), bare)
    busy = around / max(1, outer.area - inner.area)
    spread, unevenness = _ground(piece, seen.grey)
    terms = (
        1.0,
        min(spread, 1.0),
        np.log(piece.core / seen.level),
        min(busy, 0.3),
        min(unevenness, 1.0),
        bool(_edges(piece.box, pixels.shape)),
    )
    return np.array(terms, np.float64)


def _ground(piece: _Piece, grey: Pixels) -> tuple[float, float]:
    """How uneven the ground along its strokes is, as a share of their depth in it, and of its own brightness.

    Paper lies on both sides of a stroke; of the edge of a sheet only on one.
    """
    reach = max(3, min(12, int(0.08 * _longer(piece.box))))
    place = _grown(piece.box, 3 + reach, grey.shape)
    mask = np.zeros((place.height, place.width), np.uint8)
    _window(mask, Box(piece.box.x - place.x, piece.box.y - place.y, piece.box.width, piece.box.height))[...] = (
        piece.mask
    )
    window = _window(grey, place)
    inner, outer = (cv2.dilate(mask, np.ones((2 * px + 1, 2 * px + 1), np.uint8)) for px in (3, 3 + reach))
    ring = np.asarray(cv2.subtract(outer, inner), np.uint8)
    around = None if cv2.countNonZero(ring) < LEAST_RING_PX else ring
    least, low, middle, high, most = ranked(window, around, 0.05, 0.1, 0.5, 0.9, 0.95)
    (dark,) = ranked(window, mask, 0.25)
    return (high - low) / max(4.0, middle - dark), (most - least) / max(1.0, middle)


def _count_above(window: Pixels, level: float) -> int:
    return cv2.countNonZero(cv2.threshold(window, level, 1, cv2.THRESH_BINARY)[1])


def _grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """The box with a margin around it, as far as the picture goes."""
    x, y = max(0, box.x - margin), max(0, box.y - margin)
    return Box(x, y, min(shape[1], box.right + margin) - x, min(shape[0], box.bottom + margin) - y)


def _is_tangle(piece: _Piece, stroke_px: float) -> bool:
    """Whether it has more stroke, so wide, than any digit: joined-up writing, a scribble, a drawing."""
    return piece.area / stroke_px > LONGEST_STROKE * _longer(piece.box)


def _stroke_px(piece: _Piece) -> float:
    """Mean width of its strokes, as preprocess.stroke_px; the bare grains in chalk and pencil don't count."""
    reach = 1 + 2 * (_longer(piece.box) // GRAIN_SHARE)
    mask = cv2.morphologyEx(piece.mask, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)) if reach > 1 else piece.mask
    depths = _depths(np.asarray(mask, np.uint8))
    return max(1.0, 4 * float(depths.sum()) / cv2.countNonZero(mask) - 2)


def _depths(mask: Pixels) -> NDArray[np.float32]:
    """Distance of each pixel of strokes from their edge."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3), np.float32)


def _usual(pieces: Sequence[_Piece]) -> tuple[float, float]:
    """Height and contrast of the writing: medians over the pieces with much ink, of those that are plainly writing.

    The edge of a sheet has more ink than small digits, but is fainter.
    """
    plain = [piece for piece in pieces if piece.clearness >= PLAIN_CLEARNESS]
    pieces = [
        piece for piece in plain if not _is_outline(piece, [other for other in plain if other.core >= piece.core])
    ] or pieces
    most = max(piece.area * piece.core for piece in pieces)
    main = [piece for piece in pieces if piece.area * piece.core >= 0.15 * most]
    height_px = float(np.median([max(piece.box.height, piece.box.width / 2) for piece in main]))
    return height_px, float(np.median([piece.core for piece in main]))


def _joined(pieces: Sequence[_Piece], height_px: float) -> list[_Piece]:
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
    small, _ = sorted((one, other), key=lambda box: box.height)
    gap_x = max(one.x, other.x) - min(one.right, other.right)  # negative where they overlap
    gap_y = max(one.y, other.y) - min(one.bottom, other.bottom)
    narrower = min(one.width, other.width)
    if small.height > 0.6 * height_px:
        # Two digits side by side, unless one stands in the other; two loops of an 8 nearly touch.
        return -gap_x > 0.4 * narrower and gap_y < 0.08 * small.height
    if _longer(small) < 0.3 * height_px:
        # A dot is a mark, unless it lies over or in the digit or continues a broken stroke.
        return gap_y < 0.06 * height_px and gap_x < max(-0.5 * narrower, 0.06 * height_px)
    return gap_x < 0.08 * height_px and gap_y < 0.25 * height_px


def _union(pieces: Sequence[_Piece]) -> _Piece:
    if len(pieces) == 1:
        return pieces[0]
    box = pieces[0].box
    for piece in pieces[1:]:
        box = box.union(piece.box)
    mask = np.zeros((box.height, box.width), np.uint8)
    for piece in pieces:
        place = Box(piece.box.x - box.x, piece.box.y - box.y, piece.box.width, piece.box.height)
        _window(mask, place)[...] |= piece.mask
    core, area = max(piece.core for piece in pieces), sum(piece.area for piece in pieces)
    return _Piece(box, mask, core, area, max(piece.clearness for piece in pieces))


def _lines(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Lines from top to bottom, each from left to right, as steep as most neighbours' middles lie."""
    slope = _slope(pieces)
    lines: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.box.x):
        steps = [abs(_level(line[-1].box, slope) - _level(piece.box, slope)) for line in lines]
        best = int(np.argmin(steps)) if steps else -1
        if steps and steps[best] < 0.6 * max(lines[best][-1].box.height, piece.box.height):
            lines[best].append(piece)
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: float(np.mean([_level(piece.box, slope) for piece in line])))


def _slope(pieces: Sequence[_Piece]) -> float:
    """Rise of the lines of writing, in rows down per column to the right: the median between next neighbours."""
    rises = []
    for piece in pieces:
        height = piece.box.height
        steps = [
            (
                other.box.x + other.box.width / 2 - piece.box.x - piece.box.width / 2,
                _middle(other.box) - _middle(piece.box),
            )
            for other in pieces
        ]
        beside = [(right, down) for right, down in steps if 0 < right < 2.5 * height and abs(down) < 0.7 * right]
        if beside:
            right, down = min(beside, key=lambda step: step[0] ** 2 + (2 * step[1]) ** 2)
            rises.append(down / right)
    return float(np.median(rises)) if rises else 0.0


def _level(box: Box, slope: float) -> float:
    """Row of the middle, less what the lines' slope brings about."""
    return _middle(box) - slope * (box.x + box.width / 2)


def _middle(box: Box) -> float:
    return box.y + box.height / 2


def _between(mark: Box, before: Box, after: Box) -> bool:
    """Whether a mark stands between two neighbours, in the lower two thirds of their line or just below it."""
    top, bottom = min(before.y, after.y), max(before.bottom, after.bottom)
    height = bottom - top
    x = mark.x + mark.width / 2
    beside = before.right - 0.1 * height < x < after.x + 0.1 * height
    return beside and top + height / 3 < _middle(mark) < bottom + height / 3


def _far(before: Box, after: Box, line: Sequence[_Piece]) -> bool:
    """Whether a gap begins a new group: wide for this hand, which the line's other gaps show."""
    height = float(np.median([piece.box.height for piece in line]))
    gaps = [max(0, right.box.x - left.box.right) for left, right in pairwise(line)]
    gap = after.x - before.right
    return gap > 1.5 * height if len(gaps) == 1 else gap > max(0.9 * height, 2.0 * float(np.median(gaps)))


def _cut_off(piece: _Piece, shape: tuple[int, ...]) -> tuple[Advice, ...]:
    """The edges that its strokes cross; none for a tight crop, in which they touch opposite ones."""
    edges = _edges(piece.box, shape)
    opposite = ({Advice.CUT_OFF_LEFT, Advice.CUT_OFF_RIGHT}, {Advice.CUT_OFF_TOP, Advice.CUT_OFF_BOTTOM})
    return () if any(pair <= set(edges) for pair in opposite) else edges


def _softness(pixels: Pixels, piece: _Piece) -> float:
    """Pixels from paper to core at the steepest twentieth of its edges, as a share of its longer side."""
    window = _window(pixels, piece.box)
    steepness = cv2.magnitude(cv2.Sobel(window, cv2.CV_32F, 1, 0), cv2.Sobel(window, cv2.CV_32F, 0, 1)) / 8
    steepest = _at_rank(steepness[piece.mask > 0], 0.95)
    return piece.core / max(1.0, steepest) / _longer(piece.box)


def _ink(pixels: Pixels, piece: _Piece) -> tuple[Pixels, Box]:
    """The piece's own ink with the soft edge around it, strong enough that the stroke's edge is at 128; and where."""
    margin = 2
    box = Box(piece.box.x - margin, piece.box.y - margin, piece.box.width + 2 * margin, piece.box.height + 2 * margin)
    left, top = max(0, box.x), max(0, box.y)
    window = pixels[top : box.bottom, left : box.right]
    mask = np.zeros((box.height, box.width), np.uint8)
    mask[margin:-margin, margin:-margin] = piece.mask
    mask = np.asarray(cv2.dilate(mask, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)), np.uint8)
    mask = mask[top - box.y :, left - box.x :][: window.shape[0], : window.shape[1]]
    ink = np.asarray(cv2.convertScaleAbs(window * mask, alpha=128 / (EDGE_SHARE * piece.core)), np.uint8)
    return ink, Box(left, top, window.shape[1], window.shape[0])
