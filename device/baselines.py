"""The straight line that writing stands on, printed or drawn, and the one that crosses it out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Pixels
from device.pieces import view_of

UNDERLINED_PX, UNDERLINE_SPAN, UNDERLINE_THICK = 50, 0.75, 0.12
"""Writing and the line below it that it touches are looked at so high; the line crosses so much of the width of both,
and is at most as thick as the third share of the height of both."""

UNDERLINE_COLUMNS, UNDERLINE_BEYOND = 25.0, 0.06
"""Percentile of the columns' lowest strokes that is as thick as the line; and how far it reaches beyond the writing on
one side, as a share of the height of both, or it would be the feet of twos."""

ACROSS, CROSSING_FACTOR, CROSSING_ROWS = (0.65, 1.0), 1.5, 2.5
"""The printed line of a form that writing goes across is between the first shares of the height of both; what crosses
it goes on for so many times its width, and so many rows more."""

STEEPEST, STRUCK_PX, STRUCK_MIDDLE, STRUCK_THICK = 0.3, 100, (0.25, 0.65), 0.25
"""A stroke that crosses out writing rises or falls by at most the first per column, is looked for in so many columns,
is in the middle one between these shares of the height, and no thicker than the last in most columns."""

STRUCK_REST, STRUCK_WRITTEN, STRUCK_BEYOND = 0.25, 0.4, 0.1
"""What is further from it than the first share of the height is what was written: above and below, in the second share
of the columns at least, and at either end by the third share of the height less far than the stroke. In 450 drawn
scenes to tune on no digit is taken to be crossed out."""

FOOT_WIDTH, NOTCH_PX = 0.8, 3
"""What of a line is a digit's too is at most so wide, as a share of the digit's height; and wider than high, but for a
notch of so many pixels. On squared paper, where lines cross every digit, it gained nothing."""

SLOPES = np.linspace(-0.12, 0.12, 25)
"""Rise per column of a line along writing, or along the edge of a crop."""

Rows = NDArray[np.float64]


def underline(mask: Pixels) -> Pixels | None:
    """The line below writing that touches it: not 0 there and on its soft edges; None where there is none.

    It is what the lower ends of nearly all columns lie on, as thin as in the columns that hold nothing else.

    Args:
        mask: Of connected strokes, not 0 on them; uint8, shape (h, w).
    """
    small = _few_rows(mask)
    line = _line_below(small)
    if line is None:
        line = _line_across(small)
    if line is None:
        return None
    printed, strokes = (np.where(part, np.uint8(255), np.uint8(0)) for part in (line, small & ~line))
    bare = without_feet(printed, strokes)
    return np.asarray(cv2.resize(bare, mask.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _line_below(small: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """What the lower ends of nearly all columns lie on, less what stands on it; None where there is no such line."""
    rows, x = np.arange(len(small))[:, None], np.flatnonzero(small.any(axis=0))
    if not x.size:  # so thin that nothing is left of it
        return None
    lowest = np.where(small, rows, -1).max(axis=0)
    side, columns = straight_side(lowest[x], x, np.arange(small.shape[1]))
    on_line = np.abs(lowest - side) < 1.5
    bare = np.where(~small & (rows < lowest), rows, -1).max(axis=0)  # the last above the lowest stroke
    thick = float(np.percentile((lowest - bare)[on_line], UNDERLINE_COLUMNS)) if on_line.any() else 0.0
    if columns < UNDERLINE_SPAN * small.shape[1] or thick > UNDERLINE_THICK * len(small):
        return None
    band = (rows > side - thick - 0.5) & (rows < side + 1.5)
    rest, there = np.flatnonzero((small & ~band).any(axis=0)), np.flatnonzero(on_line)
    beyond = (rest[0] - there[0], there[-1] - rest[-1]) if rest.size else (0, 0)
    if min(beyond) < 0 or max(beyond) < UNDERLINE_BEYOND * len(small):
        return None
    stands = (np.roll(small & ~band, 1, axis=0) & band).any(axis=0)  # what stands on the line goes through it
    return np.asarray(band & ~stands)


def _line_across(small: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """A line that goes through the lower parts of writing, less what crosses it; None where there is none."""
    row = _row_of_stroke(small, ACROSS)
    if row is None:
        return None
    off = np.arange(len(small))[:, None] - row
    thick = _thickness(small, off)
    near = np.abs(off) <= thick
    written = np.flatnonzero((small & ~near).any(axis=0))
    beyond = min(written[0], small.shape[1] - 1 - written[-1]) if written.size else 0
    if thick > UNDERLINE_THICK * len(small) or beyond < UNDERLINE_BEYOND * len(small):
        return None
    tall = np.ones((int(CROSSING_FACTOR * thick + CROSSING_ROWS), 1), np.uint8)
    crossing = cv2.morphologyEx(small.astype(np.uint8), cv2.MORPH_OPEN, tall) > 0
    return np.asarray(small & near & ~crossing)


def is_struck_out(mask: Pixels) -> bool:
    """Whether one straight stroke goes through the middle of writing, from beyond one end of it to beyond the other.

    Args:
        mask: Of connected strokes, not 0 on them; uint8, shape (h, w).
    """
    small = _few_rows(mask)
    height, width = small.shape
    stroke = _row_of_stroke(small, STRUCK_MIDDLE)
    if stroke is None:
        return False
    off = np.arange(height)[:, None] - stroke
    is_thin = _thickness(small, off) < STRUCK_THICK * height
    rest = small & (np.abs(off) > STRUCK_REST * height)
    written = np.flatnonzero(rest.any(axis=0))
    is_around = written.size > STRUCK_WRITTEN * width and rest[off < 0].any() and rest[off > 0].any()
    return bool(is_thin and is_around and min(written[0], width - 1 - written[-1]) >= STRUCK_BEYOND * height)


def _thickness(small: NDArray[np.bool_], off: NDArray[np.int64]) -> float:
    """How thick a line is where nothing else is; `off` is how far below it each place lies."""
    above = np.where(~small & (off < 0), off, -len(small)).max(axis=0)
    below = np.where(~small & (off > 0), off, len(small)).min(axis=0)
    return float(np.percentile(below - above, UNDERLINE_COLUMNS)) - 1.0


def _row_of_stroke(small: NDArray[np.bool_], middles: tuple[float, float]) -> NDArray[np.int64] | None:
    """The row, column by column, of a straight line that has ink all along; None without one.

    Args:
        small: What is drawn.
        middles: Between these shares of its height the line is in the middle column.
    """
    height, width = small.shape
    starts = np.arange(round(middles[0] * height), round(middles[1] * height))
    slopes = np.arange(-STEEPEST, STEEPEST, 2.0 / max(width, 1))  # a pixel at either end from one to the next
    columns = np.arange(0, width, max(1, width // STRUCK_PX))
    rows = np.rint(starts[:, None] + slopes[:, None, None] * (columns - width // 2)).astype(int)
    tolerant = cv2.dilate(small.astype(np.uint8), np.ones((3, 1), np.uint8)) > 0
    there = (rows >= 0) & (rows < height) & tolerant[np.clip(rows, 0, height - 1), columns]
    found = np.argwhere(there.all(axis=2)) if width else ()
    if not len(found):
        return None
    slope, start = found[len(found) // 2]
    row = np.rint(starts[start] + slopes[slope] * (np.arange(width) - width // 2)).astype(int)
    return row if tolerant[np.clip(row, 0, height - 1), np.arange(width)].all() else None


def _few_rows(mask: Pixels) -> NDArray[np.bool_]:
    """A mask at about `UNDERLINED_PX` rows."""
    ink = np.asarray(cv2.threshold(mask, 0, 255, cv2.THRESH_BINARY)[1], np.uint8)
    return reduced(ink, max(1, round(len(ink) / UNDERLINED_PX)), 100) > 0


def without_feet(lines: Pixels, strokes: Pixels) -> Pixels:
    """Lines less the strokes along them: what joins two ends of a digit that stands on the line, or hangs from it.

    Where the digit goes on both above and below, its strokes are whole.

    Args:
        lines: 255 on printed lines, less the strokes that cross them, else 0; uint8, shape (h, w).
        strokes: 255 on all other ink, else 0; of the same shape.
    """
    bare = lines.copy()
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    _, parts, places, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    left, _, width, height, _ = places.T
    is_free = (left > 0) & (left + width < lines.shape[1])
    most_px = FOOT_WIDTH * boxes[1:, cv2.CC_STAT_HEIGHT].max(initial=0)
    for part in np.flatnonzero(is_free & (width <= most_px) & (height < width + NOTCH_PX)):
        place = Box(*(int(value) for value in places[part, :4]))
        near = labels[max(0, place.y - 1) : place.bottom + 1]
        for label in np.intersect1d(near[:, place.x - 1], near[:, place.right]):
            top, tall = boxes[label, [cv2.CC_STAT_TOP, cv2.CC_STAT_HEIGHT]]
            inside = labels[top : top + tall, place.x : place.right] == label
            goes_on = inside[: max(0, place.y - top)].any() and inside[max(0, place.bottom - top) :].any()
            if label and not goes_on and place.width <= FOOT_WIDTH * tall:
                view_of(bare, place)[view_of(parts, place) == part] = 0
    return bare


def reduced(mask: Pixels, factor: int, least: int) -> Pixels:
    """The mask at 1/factor of its size; a pixel stays that had more than `least` of 255 under it."""
    height, width = max(1, mask.shape[0] // factor), max(1, mask.shape[1] // factor)
    small = cv2.resize(mask[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.threshold(small, least, 255, cv2.THRESH_BINARY)[1], np.uint8)


def straight_side(ends: NDArray[np.int64], at: NDArray[np.int64], x: NDArray[np.int64]) -> tuple[Rows, int]:
    """The straight line through most of the ends: its row at each x, and how many of the ends lie on it."""
    best, row, tilt = 0, 0.0, 0.0
    for slope in SLOPES:
        starts = np.rint(ends - slope * at).astype(int)
        counts = np.bincount(starts - starts.min(), minlength=2)
        pairs = counts[:-1] + counts[1:]
        most = int(pairs.argmax())
        if pairs[most] > best:
            best, row, tilt = int(pairs[most]), float(starts.min() + most + 0.5), float(slope)
    return row + tilt * x, best
