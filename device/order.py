"""Pieces of writing -> lines and groups, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box
from device.pieces import Piece, hangs_beside, longer_px

SLOPES = np.arange(-20, 21) * 0.02
"""Slopes that lines of writing may have: up to 22 degrees."""

FARTHEST = 6.0
"""Pieces further apart than so many heights say nothing about the slope of a line."""

MOST_UNLIKE = 0.67
"""Nor do those whose heights differ by more than this share of their mean: one is twice the other."""

STEEPEST_PAIR = 0.5
"""Nor do those of which one stands more than so much below the other, per column to the right."""

UNEVEN = 0.2
"""Digits of a line rise and fall by this share of their height: the standard deviation. With 0.15 to 0.25, and FARTHEST
from 4 to 8, the order of 1 or 2 of 375 drawn sheets and numbers to tune on is wrong."""

USUAL_SLOPE = 0.25
"""Standard deviation of slopes about that of the sheet, 14 degrees; with 0.15 the order of 8 to 16 is wrong."""

RIVAL = 0.85
"""An order is in doubt where a slope that gives another has so large a share of the best one's votes. Of 540 drawn
sheets to tune on all 8 whose order is wrong are in doubt so, and 4 others."""

LEAST_GROUP_GAP, WIDE, ONLY_GAP = 0.9, 2.0, 0.75
"""A gap between groups is wider than the first share of the digits' height and so many times as wide as the usual gap,
which of two digits alone is taken to be the third. In 259 drawn sheets to tune on no gap within a group has more than
0.63 of the height, and none between two groups less than 1.3."""

LEAST_IN_BOXES, EVEN, LEAST_STEP = 4, 0.2, 1.25
"""So many digits or more in a line stand one to a box, of a form, where from middle to middle it is as far everywhere,
to the second share, and at least the third, times their height; their gaps are as wide as the digits are narrow."""

BEYOND, LEAN, STRAIGHT = 0.07, 0.2, 0.22
"""A slash reaches by the first share of the digits' height beyond them, above and below, is at least as wide as the
second share of its own height, and its stroke is no wider than the third of its length."""

HIGHEST_COMMA = 0.65
"""A comma is lower than this share of the digits' height: one of 0.55 with a third above their feet was read as a 1."""


def in_lines(pieces: Sequence[Piece], slope: float = 0.0) -> tuple[list[list[Piece]], bool]:
    """Lines from top to bottom, each from left to right; and whether another order is as likely.

    Args:
        pieces: Of writing.
        slope: Of the sheet that they are on, in rows down per column to the right.
    """
    votes = _votes(pieces, slope)
    if not votes.any():
        return _with_slope(pieces, slope), False
    best = int(votes.argmax())
    lines = _with_slope(pieces, float(SLOPES[best]))
    others = (_with_slope(pieces, float(SLOPES[other])) for other in np.flatnonzero(votes > RIVAL * votes[best]))
    return lines, any([*chain(*other)] != [*chain(*lines)] for other in others)


def _with_slope(pieces: Sequence[Piece], slope: float) -> list[list[Piece]]:
    """Lines of this slope, from top to bottom, each from left to right."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.box.x):
        steps = [abs(_level(line[-1].box, slope) - _level(piece.box, slope)) for line in lines]
        best = int(np.argmin(steps)) if steps else -1
        if steps and steps[best] < 0.6 * max(lines[best][-1].box.height, piece.box.height):
            lines[best].append(piece)
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: float(np.mean([_level(piece.box, slope) for piece in line])))


def _votes(pieces: Sequence[Piece], slope: float) -> NDArray[np.float64]:
    """For each of SLOPES how many pairs beside each other say that lines of writing have it.

    A pair votes for every slope that brings its middles to one level, give or take a part of their height: neighbours
    for many, as digits of one line rise and fall, those further apart for few. Lines along the sheet's sides are
    likelier before any vote.
    """
    middles = np.array([(piece.box.x + piece.box.width / 2, middle_row(piece.box)) for piece in pieces]).reshape(-1, 2)
    heights = np.array([piece.box.height for piece in pieces], np.float64)
    right, down = (middles[None, :, axis] - middles[:, None, axis] for axis in (0, 1))
    mean = (heights[None] + heights[:, None]) / 2
    alike = np.abs(heights[None] - heights[:, None]) < MOST_UNLIKE * mean
    beside = alike & (right > 0) & (right < FARTHEST * mean) & (np.abs(down) < STEEPEST_PAIR * right + UNEVEN * mean)
    off = (down[beside] - SLOPES[:, None] * right[beside]) / (UNEVEN * mean[beside])
    likely = np.exp(-(((SLOPES - slope) / USUAL_SLOPE) ** 2) / 2)
    return np.asarray(np.exp(-(off**2) / 2).sum(axis=1) * likely, np.float64)


def _level(box: Box, slope: float) -> float:
    """Row of the middle, less what the lines' slope brings about."""
    return middle_row(box) - slope * (box.x + box.width / 2)


def middle_row(box: Box) -> float:
    """Half-way down."""
    return box.y + box.height / 2


def is_dot(piece: Piece, height_px: float) -> bool:
    """Whether it is a point as a pen makes it, between digits of this usual height."""
    longer = longer_px(piece.box)
    return 0.05 * height_px <= longer < 0.25 * height_px and piece.area > 0.5 * piece.box.area


def is_between(mark: Box, before: Box, after: Box) -> bool:
    """Whether a mark stands between two neighbours, in the lower two thirds of their line or just below it."""
    top, bottom = min(before.y, after.y), max(before.bottom, after.bottom)
    height = bottom - top
    x = mark.x + mark.width / 2
    beside = before.right - 0.1 * height < x < after.x + 0.1 * height
    return beside and top + height / 3 < middle_row(mark) < bottom + height / 3


def without_marks(line: Sequence[Piece]) -> tuple[list[Piece], list[Box]]:
    """A line less what is no one but a slash or a comma between two digits; and the places of these marks."""
    if is_in_boxes(line):
        return list(line), []
    marks = [
        place
        for place, piece in enumerate(line[1:-1], start=1)
        for before, after in [(line[place - 1].box, line[place + 1].box)]
        if _is_slash(piece, before, after) or _is_comma(piece.box, before, after)
    ]
    kept = [piece for place, piece in enumerate(line) if place not in marks]
    return kept, [line[place].box for place in marks]


def _is_slash(piece: Piece, before: Box, after: Box) -> bool:
    """Whether it is one straight stroke that leans to the right and reaches above and below both neighbours."""
    box, height = piece.box, (before.height + after.height) / 2
    above = (before.y + after.y) / 2 - box.y
    below = box.bottom - (before.bottom + after.bottom) / 2
    if min(above, below) < BEYOND * height or box.width < LEAN * box.height:
        return False
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(piece.mask)))
    leans_right = float(np.nonzero(piece.mask[: box.height // 2])[1].mean()) > box.width / 2
    return leans_right and min(sides) < STRAIGHT * max(sides)


def _is_comma(box: Box, before: Box, after: Box) -> bool:
    """Whether it is low and hangs below the feet of both neighbours, as far as they stand on one line."""
    height = (before.height + after.height) / 2
    between = Box(before.x, round((before.y + after.y) / 2), before.width, round(height))
    return box.height < HIGHEST_COMMA * height and hangs_beside(box, between, height)


def widest_gap(lines: Sequence[Sequence[Piece]]) -> float:
    """The widest gap, in heights as `gap` gives it, that begins no new group: wide is what is so for this hand.

    Its usual gap is the lower quartile of all lines' gaps: on a sheet of short numbers most gaps lie between groups.
    """
    gaps = [gap(before, after, line) for line in lines for before, after in pairwise(line)]
    usual = float(np.percentile(gaps, 25, method="lower")) if len(gaps) > 1 else ONLY_GAP
    return max(LEAST_GROUP_GAP, WIDE * usual)


def is_in_boxes(line: Sequence[Piece]) -> bool:
    """Whether the digits of a line stand evenly, as in the boxes of a form.

    Its gaps begin no groups, and its ones are no slashes, however low the digits beside them are.
    """
    if len(line) < LEAST_IN_BOXES:
        return False
    steps = np.diff([piece.box.x + piece.box.width / 2 for piece in line])
    step = max(1.0, float(np.median(steps)))
    is_wide = step >= LEAST_STEP * float(np.median([piece.box.height for piece in line]))
    return is_wide and bool((np.abs(steps / step - 1.0) <= EVEN).all())


def gap(before: Piece, after: Piece, line: Sequence[Piece]) -> float:
    """Blank paper between two neighbours, in heights of their line's digits; 0.0 where one is above the other."""
    height = float(np.median([piece.box.height for piece in line]))
    return max(0, after.box.x - before.box.right) / height
