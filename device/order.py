"""Pieces of writing -> lines and groups, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from device.domain import Box
from device.pieces import Piece, longer_px


def in_lines(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Lines from top to bottom, each from left to right, as steep as most neighbours' middles lie."""
    slope = _slope(pieces)
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.box.x):
        steps = [abs(_level(line[-1].box, slope) - _level(piece.box, slope)) for line in lines]
        best = int(np.argmin(steps)) if steps else -1
        if steps and steps[best] < 0.6 * max(lines[best][-1].box.height, piece.box.height):
            lines[best].append(piece)
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: float(np.mean([_level(piece.box, slope) for piece in line])))


def _slope(pieces: Sequence[Piece]) -> float:
    """Rise of the lines of writing, in rows down per column to the right: the median between next neighbours."""
    rises = []
    for piece in pieces:
        height = piece.box.height
        steps = [
            (
                other.box.x + other.box.width / 2 - piece.box.x - piece.box.width / 2,
                middle_row(other.box) - middle_row(piece.box),
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


def is_far(before: Box, after: Box, line: Sequence[Piece]) -> bool:
    """Whether a gap begins a new group: wide for this hand, which the line's other gaps show."""
    height = float(np.median([piece.box.height for piece in line]))
    gaps = [max(0, right.box.x - left.box.right) for left, right in pairwise(line)]
    gap = after.x - before.right
    return gap > 1.5 * height if len(gaps) == 1 else gap > max(0.9 * height, 2.0 * float(np.median(gaps)))
