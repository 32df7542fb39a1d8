"""Printed combs out of a mask: a line with a tooth between any two places for a digit, as many forms have them.

Its teeth are no longer than a one, and high ones were read as such; only that they are thin, of one height and evenly
apart tells them from ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.baselines import Rows, straight_side
from device.domain import Box, Pixels
from device.pieces import edges_at, view_of

LEAST_PX, LEAST_HEIGHT_PX, LONG, MOST_INK = 40, 5, 1.4, 0.6
"""Least length and height of a comb; it is so many times as long as high, with the digits that touch it, and has ink in
at most the last share of the rectangle around both."""

NEAR, SPAN = 0.006, 0.8
"""What is nearer to the line as first seen than the first share of its length says where it is; of the second share of
columns the lowest ink is that line's."""

PLACES = range(12, 2, -1)
"""For how many digits a comb may be."""

LEAST_TOOTH, ALIKE, THERE = 2.0, 0.75, 0.6
"""A tooth is at least so many times as high as the line is thick; none is lower or higher than another by the second
share; and of the third share nothing else is to be seen, where no digit touches them."""

WIDE_FACTOR, WIDE_PX = 1.5, 2.5
"""What crosses the line, or a tooth, is a stroke where it goes on for so many times the line's width, and so many
pixels more."""

OFF_PX = 2
"""A tooth may be so far from where it should be."""


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """A comb with its line levelled.

    Attributes:
        rows: Of the mask, for each place so far above the lower side of the line and along it; shape (rows, columns).
        columns: The same.
        is_there: Which places lie in the mask.
        up: Which are ink.
        runs: How high the ink goes up from there without a break.
        thick: How thick the line is, in rows.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    is_there: NDArray[np.bool_]
    up: NDArray[np.bool_]
    runs: NDArray[np.int64]
    thick: int


def combs(mask: Pixels) -> Pixels | None:
    """255 on the lines and teeth of combs, less the strokes that cross them, elsewhere 0; None where there are none.

    Args:
        mask: 255 on what may be ink, else 0; uint8, shape (h, w).
    """
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    lines: Pixels | None = None
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        if width < max(LEAST_PX, LONG * height) or height < LEAST_HEIGHT_PX:
            continue
        box = Box(x, y, width, height)
        if edges_at(box, mask.shape) or cv2.countNonZero(view_of(mask, box)) > MOST_INK * box.area:
            continue
        _, labels = cv2.connectedComponents(view_of(mask, box), connectivity=8)
        found = _lines_of(labels == labels[contour[0, 0, 1] - y, contour[0, 0, 0] - x])
        if found is not None:
            lines = np.zeros_like(mask) if lines is None else lines
            view_of(lines, box)[...] |= found
    return lines


def _lines_of(ink: NDArray[np.bool_]) -> Pixels | None:
    """255 on the line and the teeth of a comb with what touches it; None where it is no comb."""
    height, width = ink.shape
    lowest = np.where(ink, np.arange(height)[:, None], -1).max(axis=0)
    columns = np.arange(width)
    side, count = straight_side(lowest, columns, columns)
    if count < width / 2:
        return None
    near = np.abs(lowest - side) < NEAR * width + 1.0
    side = np.polyval(np.polyfit(columns[near], lowest[near], 1), columns)
    on_line = np.flatnonzero(np.abs(lowest - side) < 1.5)
    if len(on_line) < SPAN * width:
        return None
    level = _levelled(ink, side)
    found = _teeth(level, int(on_line[0]), int(on_line[-1]))
    if found is None:
        return None
    bare = _bare(level, *found) & level.is_there
    lines = np.zeros(ink.shape, np.uint8)
    lines[level.rows[bare], level.columns[bare]] = 255
    return lines * ink


def _levelled(ink: NDArray[np.bool_], side: Rows) -> _Level:
    """Rows above the line, and columns square to it."""
    height, width = ink.shape
    above = np.arange(height + 1)[:, None]
    rows = np.rint(side).astype(int) + 1 - above
    columns = np.arange(width) + np.rint((side[-1] - side[0]) / (width - 1) * above).astype(int)
    is_there = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    up = is_there & ink[rows, columns]
    up[:2] = True  # the line's own lower side is known to a pixel
    runs = np.argmin(np.concatenate([up, np.zeros_like(up[:1])]), axis=0)
    return _Level(rows, columns, is_there, up, runs, int(np.percentile(runs, 25)))


def _teeth(level: _Level, begin: int, end: int) -> tuple[list[slice], int] | None:
    """The columns of all teeth, evenly apart from the line's one end to its other, and how high they are; None if none.

    Args:
        level: What may be a comb.
        begin: The first column of the line.
        end: The last one.
    """
    wide = int(WIDE_FACTOR * level.thick + WIDE_PX)
    high = min(level.runs[begin : begin + wide + 1].max(), level.runs[max(0, end - wide) : end + 1].max())
    if high < LEAST_TOOTH * level.thick + 1:
        return None
    is_high = level.runs >= ALIKE * high
    first, last = begin + int(np.argmax(is_high[begin:])), end - int(np.argmax(is_high[end::-1]))
    for places in PLACES:
        teeth = [_tooth(is_high, middle, wide) for middle in np.linspace(first, last, places + 1)]
        there = [tooth for tooth in teeth if tooth is not None]
        alone = [tooth.stop - tooth.start <= wide and level.runs[tooth].max() <= high / ALIKE for tooth in there]
        if len(there) == len(teeth) and sum(alone) >= THERE * len(teeth):
            return there, int(high)
    return None


def _tooth(is_high: NDArray[np.bool_], middle: float, wide: int) -> slice | None:
    """The columns about the middle in which ink goes up as high as a tooth; None where none does."""
    from_, to = max(0, round(middle) - OFF_PX), min(len(is_high), round(middle) + OFF_PX + 1)
    there = np.flatnonzero(is_high[from_:to])
    if not there.size:
        return None
    begin, end = from_ + int(there[0]), from_ + int(there[-1]) + 1
    while begin > 0 and is_high[begin - 1] and end - begin <= wide:
        begin -= 1
    while end < len(is_high) and is_high[end] and end - begin <= wide:
        end += 1
    return slice(begin, end)


def _bare(level: _Level, teeth: list[slice], high: int) -> NDArray[np.bool_]:
    """The line and the teeth of this height, less the strokes that cross them; places as of `level.up`."""
    wide = int(WIDE_FACTOR * level.thick + WIDE_PX)
    bare = np.zeros(level.up.shape, np.bool_)
    bare[: level.thick + 1, level.runs <= wide] = True
    strokes = cv2.morphologyEx(level.up.astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, wide), np.uint8)) > 0
    strokes[: level.thick + 1] = False
    for tooth in teeth:
        beside = (slice(high + 2), slice(max(0, tooth.start - 1), tooth.stop + 1))
        bare[beside] |= ~strokes[beside]
    return bare
