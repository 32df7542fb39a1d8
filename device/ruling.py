"""Printed lines out of a contrast picture: ruled and squared paper, and what is left of a frame at the edges.

A pen's stroke that crosses a line is kept whole: of a line only what is as thin as the line goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.baselines import reduced, straight_side, without_feet
from device.cells import cells
from device.combs import combs
from device.domain import Pixels
from device.ink import SCENE_PX

SEARCH_PX = 320
"""Longer side of the picture in which lines are looked for."""

FINE_PX = 820
"""Longer side, at least, of the picture in which they are told from strokes."""

EVERY = 4
"""Lines cross every column, so that looking at every fourth finds them as well, in a quarter of the time."""

STEEPEST = 20.0
"""Degrees by which ruled lines may be turned against the frame."""

SPAN, CROP_SPAN = 0.5, 0.9
"""Share of the frame's width, or of a crop's, that a ruled line crosses, at least: a digit's stroke may cross most of a
crop, but a line of the sheet doesn't end in it."""

MOST_SLOPES = 3
"""The lines of a sheet seen in perspective have as many slopes, at most, that differ by more than they are thick."""

THICK_PX, THICKEST = 7, 0.02
"""Lines are thinner than so many pixels of the first, and at most so thick in the second picture, as a share of its
width: as a camera close to squared paper sees them."""

THICK_COLUMNS = 75.0
"""Percentile of a line's columns that says how thick it is."""

REMAINS_DEPTH = 0.15
"""A line along an edge is no further from it than this share of the shorter side: in a strip a one may stand there."""

FRAME_SIDE = 0.8
"""A frame's side that stands free in a crop is longer than this share of the edge, and bare beyond both its ends."""

REMAINS_COLUMNS = 200
"""So many columns are looked at."""


def without_lines(pixels: Pixels, level: float) -> Pixels:
    """Take out ruled lines, and the remains of printed frames along the edges.

    Args:
        pixels: Contrast with the paper, uint8, shape (h, w).
        level: From here on it may be ink.

    Returns:
        The same with the lines become paper; the given array where there are none.
    """
    # Only who crops a picture crops it along a printed line.
    cleaned = without_remains(pixels, level) if min(pixels.shape) < SCENE_PX else pixels
    fine = reduced(_mask(cleaned, level), max(1, max(pixels.shape) // FINE_PX), 100)
    span = CROP_SPAN if min(pixels.shape) < SCENE_PX else SPAN
    rest = fine.copy()
    for form in (cells(fine), combs(fine)):
        if form is not None:
            cv2.subtract(rest, without_feet(form, np.asarray(cv2.subtract(rest, form), np.uint8)), dst=rest)
    for lines in _ruled(fine, span):
        cv2.subtract(rest, lines, dst=rest)
    for upright in _ruled(np.asarray(cv2.transpose(rest), np.uint8), span):
        cv2.subtract(rest, np.asarray(cv2.transpose(upright), np.uint8), dst=rest)
    lines = np.asarray(cv2.subtract(fine, rest), np.uint8)
    if not lines.any():
        return cleaned
    ruled = cv2.resize(lines, pixels.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.subtract(cleaned, ruled, dst=ruled), np.uint8)  # saturates at 0


def _mask(pixels: Pixels, level: float) -> Pixels:
    return np.asarray(cv2.threshold(pixels, level, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _ruled(mask: Pixels, span: float) -> Iterator[Pixels]:
    """255 on nearly horizontal ruled lines that cross this share of the width, elsewhere 0; slope by slope."""
    left = mask.copy()
    for _ in range(MOST_SLOPES):
        lines = _of_one_slope(left, span)
        if lines is None:
            return
        yield lines
        cv2.subtract(left, lines, dst=left)


def _of_one_slope(mask: Pixels, span: float) -> Pixels | None:
    """255 on nearly horizontal ruled lines that cross this share of the width, elsewhere 0; None if there are none."""
    slope = _slope(mask, span)
    if slope is None:
        return None
    # Shear until the lines are level.
    height, width = mask.shape
    margin = int(abs(slope) * width) + 1
    shear = np.array([[1.0, 0.0, 0.0], [-slope, 1.0, margin if slope > 0 else 0.0]])
    sheared = cv2.warpAffine(mask, shear, (width, height + margin), flags=cv2.INTER_NEAREST)
    lines = _level_lines(np.asarray(sheared, np.uint8), span)
    if lines is None:
        return None
    back = cv2.warpAffine(lines, shear, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return np.asarray(back, np.uint8)


def _slope(mask: Pixels, span: float) -> float | None:
    """Rise per column of the strongest nearly horizontal line; None when nothing spans the picture."""
    small = reduced(mask, -(-max(mask.shape) // SEARCH_PX), 40)
    width = small.shape[1]
    if min(small.shape) < 8:
        return None
    # Thick strokes are no lines.
    thin = cv2.subtract(small, cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((THICK_PX, THICK_PX), np.uint8)))
    sparse = np.zeros_like(thin)
    sparse[:, ::EVERY] = thin[:, ::EVERY]
    turn = np.deg2rad(STEEPEST)
    found = cv2.HoughLines(
        sparse, 1, np.deg2rad(0.5), int(span * width / EVERY), min_theta=np.pi / 2 - turn, max_theta=np.pi / 2 + turn
    )
    if found is None:
        return None
    return -float(1.0 / np.tan(found[0, 0, 1]))


def _level_lines(mask: Pixels, span: float) -> Pixels | None:
    """255 on horizontal lines, less the strokes that cross them; None when no line spans the picture."""
    width = mask.shape[1]
    reach = max(9, width // 30)
    tolerant = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    flat = cv2.morphologyEx(tolerant, cv2.MORPH_OPEN, np.ones((1, reach), np.uint8))
    bridged = cv2.morphologyEx(flat, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    # All runs in it are longer than `reach`, so that every fourth column holds them as well.
    sparse = np.ascontiguousarray(bridged[:, ::EVERY])
    _, labels, stats, _ = cv2.connectedComponentsWithStats(sparse, connectivity=8)
    spans = EVERY * stats[:, cv2.CC_STAT_WIDTH] >= span * width
    spans[0] = False
    if not spans.any():
        return None
    spanning = cv2.resize(
        np.where(spans[labels], np.uint8(255), np.uint8(0)), mask.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    lines = cv2.bitwise_and(cv2.bitwise_and(mask, spanning), bridged)
    thick = _thick_px(lines)
    if thick > max(4.0, THICKEST * width):
        return None
    kernel = np.ones((int(1.5 * thick + 2.5), 1), np.uint8)
    solid = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))  # a pencil's strokes have bare grains
    # Beyond the edge there is nothing, or a line along it would be a stroke.
    tall = cv2.morphologyEx(solid, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
    strokes = cv2.bitwise_and(mask, tall)
    bare = cv2.subtract(lines, strokes)
    return np.asarray(cv2.subtract(cv2.dilate(bare, np.ones((3, 1), np.uint8)), strokes), np.uint8)


def _thick_px(lines: NDArray[Any]) -> float:
    """How thick lines are in most of their columns; in the others there are digits on them."""
    seen = np.pad(lines[:, ::EVERY].T > 0, ((0, 0), (1, 1))).view(np.int8)
    steps = np.diff(seen, axis=1).ravel()
    lengths = np.flatnonzero(steps < 0) - np.flatnonzero(steps > 0)
    return float(np.percentile(lengths, THICK_COLUMNS)) if lengths.size else 0.0


def without_remains(pixels: Pixels, level: float) -> Pixels:
    """Take out what is left of printed lines along the picture's four edges; arguments as above."""
    cleaned = pixels.copy()
    for turns in range(4):
        _clear_top(np.rot90(cleaned, turns), level)
    return cleaned


def _clear_top(view: Pixels, level: float) -> None:
    """Clear the band between the upper edge and the lower side of a line that lies along it, in place."""
    height, width = view.shape
    depth = int(REMAINS_DEPTH * min(height, width))
    if depth < 2 or width < 8:
        return
    every = max(1, width // REMAINS_COLUMNS)
    band = view[: 2 * depth, ::every] > level
    rows = np.arange(len(band))[:, None]
    first = np.where(band, rows, len(band)).min(axis=0)
    last = np.where(~band & (rows > first), rows, len(band)).min(axis=0)
    there = first < depth
    if there.mean() < 0.5:
        return
    # The sides of a frame go on below; they are no strokes that join this one.
    goes_on = last == len(band)
    is_side = np.logical_and.accumulate(goes_on) | np.logical_and.accumulate(goes_on[::-1])[::-1]
    x = np.arange(band.shape[1]) * every
    inner, columns = straight_side(last[there], x[there], x)
    within = inner > 0.5
    if not within.any() or inner.max() > depth:
        return
    bare = within & (first > inner)
    if there.mean() > FRAME_SIDE and not (there[0] or there[-1]):
        bare[: np.argmax(there)] = bare[len(there) - np.argmax(there[::-1]) :] = False
    if within.sum() < 0.5 * len(x) or columns < 0.6 * within.sum() or bare.sum() > 0.08 * within.sum():
        return
    side = np.interp(np.arange(width), x, inner)
    gone = np.arange(2 * depth)[:, None] < np.clip(np.rint(side).astype(int) + 1, 0, 2 * depth)
    joins = float(((last > inner + 3) & there & ~is_side).sum() / there.sum())
    if joins <= 0.02 or not _is_as_strong_as_ink(view, gone, level):
        view[: 2 * depth][gone] = 0


def _is_as_strong_as_ink(view: Pixels, gone: NDArray[np.bool_], level: float) -> bool:
    """Whether the band that would go is as dark as the writing below: then it is the bar of a seven or a five."""
    strip, below = view[: len(gone)], view[len(gone) :]
    rest = np.concatenate([strip[~gone & (strip > level)], below[below > level]])
    if not rest.size:
        return False
    ratio = float(np.median(strip[gone & (strip > level)])) / float(np.percentile(rest, 75))
    return 0.85 < ratio < 1.1
