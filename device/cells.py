"""Printed boxes, and tables of them, out of the mask of a contrast picture: one digit to a box, as forms have it.

A ruled line spans the sheet (`device.ruling`); the sides of a box are no longer than a digit's stroke may be, and only
that there are four of them, and straight ones between, tells them from ones.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Pixels
from device.pieces import edges_at, view_of

LEAST_PX = 12
"""Shorter side of the smallest box."""

RECTANGLE = 0.97
"""An outline with so much of the area of the smallest turned rectangle around it has its corners."""

CORNERS, QUADRILATERAL = 0.03, 0.93
"""Of others corners are further from the line between their neighbours than the first share of the outline's length;
four of them span the second share of its area."""

MOST_INK = 0.6
"""What fills more of its outline is no box with something in it."""

COVERED = 0.8
"""A line from side to side of a box has ink in so much of its length."""

THICKEST = 0.12
"""It is no thicker than this share of the box's shorter side."""

END = 0.1
"""Within the sides it has as much ink in so much of its length at either end."""

ASKEW_PX = 2
"""A line may leave its rows by so much where the corners are not known exactly."""

STROKE_FACTOR, STROKE_PX = 1.5, 2.5
"""What crosses a line is a stroke where it goes on for so many times the line's width, and so many pixels more."""

BESIDE_PX, ALONE, INTO = 4, 0.05, 0.4
"""Where less than the second share of all is further from the lines than the first, and nothing goes further into a box
than the third share of the way to its middle, nothing touches it, and all of it goes: printed lines are not quite
straight, and drawn ones less so. In a large table a whole digit is less than the second share."""

Places = NDArray[np.float32]


def cells(mask: Pixels) -> Pixels | None:
    """255 on the lines of printed boxes, less the strokes that cross them, elsewhere 0; None where there are none.

    Args:
        mask: 255 on what may be ink, else 0; uint8, shape (h, w).
    """
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    lines: Pixels | None = None
    for index in np.flatnonzero(hierarchy[0, :, 3] < 0) if contours else ():  # those of holes have another around them
        contour = contours[index]
        x, y, width, height = cv2.boundingRect(contour)
        if min(width, height) < LEAST_PX:
            continue
        box = Box(x, y, width, height)
        if not _may_be_box(view_of(mask, box), box, mask.shape):
            continue
        holes = [contours[hole] for hole in np.flatnonzero(hierarchy[0, :, 3] == index)]
        if not holes:
            continue
        _, labels = cv2.connectedComponents(view_of(mask, box), connectivity=8)
        first = contour[0, 0] - (box.x, box.y)
        inside = np.asarray(labels == labels[first[1], first[0]], np.uint8) * np.uint8(255)
        outer, inner = (
            _corners(cv2.convexHull(places - (box.x, box.y))) for places in (contour, np.concatenate(holes))
        )
        found = None if outer is None else _lines_of(inside, outer)
        if found is None and inner is not None:  # what touches a box may reach out of it
            around = _around(inside, inner)
            found = None if around is None else _lines_of(inside, around)
        if found is not None:
            lines = np.zeros_like(mask) if lines is None else lines
            view_of(lines, box)[...] |= found
    if lines is None:
        return None
    soft = cv2.dilate(lines, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.subtract(soft, cv2.subtract(mask, lines)), np.uint8)


def _may_be_box(window: Pixels, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether something is free of the picture's edges, and mostly hollow."""
    return not edges_at(box, shape) and cv2.countNonZero(window) < MOST_INK * box.area


def _corners(hull: NDArray[Any]) -> Places | None:
    """The four corners of a convex outline, clockwise from the upper left; None if it has others."""
    corners = np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)
    if cv2.contourArea(hull) < RECTANGLE * cv2.contourArea(corners):  # seen askew, or no box
        corners = cv2.approxPolyDP(hull, CORNERS * cv2.arcLength(hull, True), True)[:, 0].astype(np.float32)
        if len(corners) != 4 or cv2.contourArea(corners) < QUADRILATERAL * cv2.contourArea(hull):
            return None
    around = np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)
    return around if cv2.contourArea(around, oriented=True) > 0 else np.roll(around[::-1], 1, axis=0)


def _around(inside: Pixels, corners: Places) -> Places | None:
    """The outer corners of a box, of which the inner ones are known; None if it lacks a side."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = int(sides[::2].max()) + 1, int(sides[1::2].max()) + 1
    reach = int(THICKEST * min(width, height)) + 2
    level = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float32) + reach
    there = cv2.getPerspectiveTransform(corners, level)
    size = (width + 2 * reach, height + 2 * reach)
    seen = cv2.warpPerspective(inside, there, size, flags=cv2.INTER_NEAREST) > 0
    rows, columns = seen[:, reach:-reach].mean(axis=1), seen[reach:-reach].mean(axis=0)
    top, bottom, left, right = (_thick_px(one[:reach][::-1]) for one in (rows, rows[::-1], columns, columns[::-1]))
    if min(top, bottom, left, right) == 0:
        return None
    outer = level + np.array([(-left, -top), (right, -top), (right, bottom), (-left, bottom)], np.float32)
    return np.asarray(cv2.perspectiveTransform(outer[None], np.linalg.inv(there))[0], np.float32)


def _thick_px(covered: NDArray[np.float64]) -> int:
    """How many rows, from the first on, are covered as a line is."""
    return int(np.argmin(np.append(covered >= COVERED, False)))


def _lines_of(inside: Pixels, corners: Places) -> Pixels | None:
    """The sides of the box and the lines between them; None if it lacks a side."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = int(sides[::2].max()) + 1, int(sides[1::2].max()) + 1
    if min(width, height) < LEAST_PX:
        return None
    level = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float32)
    there = cv2.getPerspectiveTransform(corners, level)
    seen = np.asarray(cv2.warpPerspective(inside, there, (width, height), flags=cv2.INTER_NEAREST), np.uint8)
    across, down = _crossing(seen), _crossing(np.ascontiguousarray(seen.T))
    if across is None or down is None:
        return None
    size, back = inside.shape[::-1], cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    joints = np.outer(across.any(axis=1), down.any(axis=1)) * seen
    level_lines = across | down.T | joints.astype(np.uint8)
    if not _is_touched(seen, level_lines):
        return inside
    return np.asarray(cv2.warpPerspective(level_lines, there, size, flags=back), np.uint8)


def _is_touched(seen: Pixels, lines: Pixels) -> bool:
    """Whether more than its own lines hangs together with a box or a table of boxes."""
    away_px = cv2.distanceTransform(cv2.bitwise_not(lines), cv2.DIST_C, 3)
    ink_px = away_px[seen > 0]
    into = ink_px.max() > max(BESIDE_PX, INTO * away_px.max())
    return bool(into or (ink_px > BESIDE_PX).mean() >= ALONE)


def _is_covered(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows have ink from side to side: what stops short of one is a digit that touches the other."""
    sides_px, end_px = (round(share * seen.shape[1]) for share in (THICKEST, THICKEST + END))
    ends = (seen[:, sides_px : end_px + 1], seen[:, -end_px - 1 : -sides_px])
    return np.asarray((seen.mean(axis=1) >= COVERED) & np.all([part.all(axis=1) for part in ends], axis=0))


def _crossing(seen: Pixels) -> Pixels | None:
    """255 on the rows of ink from side to side, less what crosses them; None where the first or the last is none."""
    tolerant = cv2.dilate(seen, np.ones((3, 1), np.uint8))
    is_line = _is_covered(tolerant > 0)
    starts, ends = (np.flatnonzero(np.diff(np.pad(is_line, 1).astype(np.int8)) == step) for step in (1, -1))
    most_px = THICKEST * min(seen.shape) + 2.0
    if not len(starts) or starts[0] > most_px or ends[-1] < len(seen) - most_px or (ends - starts).max() > most_px:
        return None
    lines = np.zeros_like(seen)
    near = np.convolve(is_line, np.ones(2 * ASKEW_PX + 1), "same") > 0
    lines[near] = seen[near]
    thick_px = np.maximum(ends - starts, int(np.median(ends - starts)))  # of a table some lines are heavier
    nearest = np.abs(np.arange(len(seen))[:, None] - (starts + ends) // 2).argmin(axis=1)
    strokes = np.zeros_like(seen)
    for thick in np.unique(thick_px):
        tall = np.ones((int(STROKE_FACTOR * thick + STROKE_PX), 1), np.uint8)
        crossing = cv2.morphologyEx(seen, cv2.MORPH_OPEN, tall, borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,))
        strokes = np.where((thick_px[nearest] == thick)[:, None], crossing, strokes)
    return np.asarray(cv2.subtract(lines, np.asarray(strokes, np.uint8)), np.uint8)
