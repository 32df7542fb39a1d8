"""A sheet that lies turned under the camera: by which angles it may be turned, and the frame turned upright.

What is straight says it up to a quarter turn: the edges of the paper, ruled lines. A line of writing says it up to a
half turn. Which of the turns is right is for the classifier to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Frame, Pixels
from device.ink import SCENE_PX

SMALL_PX = 400
"""Longer side of the picture in which straight edges are looked for."""

LEAST_LINE = 0.12
"""An edge counts from this share of the longer side on."""

STRAIGHTNESS = 0.5
"""From this share of all edges on the strongest direction, and those square to it, are believed."""

SPREAD_DEGREES = 4.0
"""Edges seen in perspective, and those of one sheet, differ by so much."""

SLIMNESS = 3.0
"""Writing is a line where its middles are spread along one direction so many times as far as across."""

SAME_DEGREES = 8.0
"""Turns that differ by less are one; reading bears 20 degrees."""

ASKEW = (33.0, 75.0)
"""Degrees from the horizontal between which no line of writing, and no column of numbers, stands on an upright sheet:
reading bears 20, and 300 drawn scenes within them have up to 27."""

AROUND = 2.0
"""Around the writing so many times its largest piece is looked at as well: a one that lies is found by no line."""

MOST_PIXELS = 1_000_000
"""A larger frame is turned at this size: four turns take four times the time of one reading."""


def possible_turns(frame: Frame, boxes: Sequence[Box], square: float | None = None) -> list[float]:
    """Angles by which the sheet may be turned clockwise, in degrees, -180..180, other than upright; at most six.

    Args:
        frame: Any.
        boxes: What was found in it, in its pixels, whether it could be read or not.
        square: How far the sheet's sides are turned, in degrees, where that is known.
    """
    if square is None:
        square = _direction_of_edges(frame)
    turns = [(square or 0.0) + quarter for quarter in (0.0, 90.0, 180.0, 270.0)]
    along = _direction_of_writing(boxes)
    if along is not None:
        by_writing = [along, along + 180.0]
        # Four pieces of writing in a row are surer than any edge; two may be halves of one digit, three of two lines.
        turns = by_writing if len(boxes) > 3 else [*by_writing, *turns]
    chosen: list[float] = []
    for turn in turns:
        wrapped = (turn + 180.0) % 360.0 - 180.0
        if all(abs((wrapped - other + 180.0) % 360.0 - 180.0) > SAME_DEGREES for other in (0.0, *chosen)):
            chosen.append(wrapped)
    return chosen


def lies_askew(boxes: Sequence[Box], groups: Sequence[int], square: float | None = None) -> bool:
    """Whether three pieces or more stand on a line as none does on an upright sheet; or fewer on a sheet so turned.

    Args:
        boxes: What was found.
        groups: Of each its group: numbers may stand anywhere on a sheet, but the digits of one stand on a line.
        square: How far the sides of their sheet are turned, in degrees, where that is known.
    """
    if len(boxes) < 3:
        return _is_askew(square)
    if not _is_askew(_direction_of_writing(boxes)):
        return False
    beside = [pair for pair, (one, other) in zip(pairwise(boxes), pairwise(groups), strict=True) if one == other]
    return not beside or any(_is_askew(_direction_of_writing(pair)) for pair in beside)


def _is_askew(degrees: float | None) -> bool:
    return degrees is not None and ASKEW[0] < abs(degrees) < ASKEW[1]


def turned(frame: Frame, degrees: float, boxes: Sequence[Box]) -> tuple[Frame, NDArray[np.float64]]:
    """The part of the frame with the writing turned counterclockwise.

    Args:
        frame: Any.
        degrees: Any angle; what lies turned clockwise by it is upright afterwards.
        boxes: What was found, in the frame's pixels; with none, the whole frame is turned.

    Returns:
        A frame, reduced to about `MOST_PIXELS`, and a float64 matrix of shape (2, 3), which takes its pixels to those
        of the given frame.
    """
    around = _surroundings(frame, boxes)
    factor = min(1.0, float(np.sqrt(MOST_PIXELS / around.area)))
    middle = (around.x + around.width / 2, around.y + around.height / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, degrees, factor), np.float64)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (
        max(1, round(around.width * cos + around.height * sin)),
        max(1, round(around.width * sin + around.height * cos)),
    )
    matrix[:, 2] += np.array(size) / 2 - middle
    # Outside the frame the table goes on, as smooth as can be: an edge there would be taken for one of the sheet.
    pixels = cv2.warpAffine(frame.pixels, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    back = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    return replace(frame, pixels=np.asarray(pixels, np.uint8)), back


def turned_like(mask: Pixels, back: NDArray[np.float64], shape: tuple[int, ...]) -> Pixels:
    """A mask of a frame turned as that was, 0 outside of it; `back` and `shape` are those of the turned frame."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.warpAffine(mask, back, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP), np.uint8)


def _surroundings(frame: Frame, boxes: Sequence[Box]) -> Box:
    """The part of the frame with all writing that stands free in it and with as much around as reading looks at."""
    whole = Box(0, 0, frame.width_px, frame.height_px)
    free = [box for box in boxes if box.x > 0 and box.y > 0 and box.right < whole.width and box.bottom < whole.height]
    if not free or min(whole.width, whole.height) < SCENE_PX:
        return whole
    union = free[0]
    for box in free[1:]:
        union = union.union(box)
    near = max(max(box.width, box.height) for box in free)
    far = round(AROUND * near)  # as far as the frame goes: beyond it there is nothing to be found
    left, top = (min(side - near, max(0, side - far)) for side in (union.x, union.y))
    right, bottom = (
        max(side + near, min(limit, side + far))
        for side, limit in ((union.right, whole.width), (union.bottom, whole.height))
    )
    width, height = (max(side, round(1.1 * SCENE_PX)) for side in (right - left, bottom - top))
    return Box(left + (right - left - width) // 2, top + (bottom - top - height) // 2, width, height)


def turned_back(box: Box, back: NDArray[np.float64], shape: tuple[int, ...]) -> Box:
    """The upright box around a turned one, inside a picture of this shape."""
    corners = np.array([[x, y, 1.0] for x in (box.x, box.right) for y in (box.y, box.bottom)]) @ back.T
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    left, top = (int(np.clip(value, 0, limit - 1)) for value, limit in ((left, shape[1]), (top, shape[0])))
    right, bottom = int(min(max(right, left + 1), shape[1])), int(min(max(bottom, top + 1), shape[0]))
    return Box(left, top, right - left, bottom - top)


def _direction_of_writing(boxes: Sequence[Box]) -> float | None:
    """Degrees clockwise from the right, -90..90, of the line on which most of the writing stands; None if on none."""
    if len(boxes) < 2:
        return None
    sizes = np.array([max(box.width, box.height) for box in boxes], np.float64)
    middles = np.array([(box.x + box.width / 2, box.y + box.height / 2) for box in boxes])
    middles = middles[sizes > 0.4 * np.median(sizes)]
    if len(middles) < 2:
        return None
    spreads, directions = np.linalg.eigh(np.cov(middles.T))
    if spreads[1] < 1.0 or spreads[1] < SLIMNESS**2 * spreads[0]:
        return None
    x, y = directions[:, 1]
    return float(np.degrees(np.arctan2(y, x)) + 90.0) % 180.0 - 90.0


def _direction_of_edges(frame: Frame) -> float | None:
    """Degrees clockwise, -45..45, of the strongest straight edges or of those square to them; None without any."""
    grey = np.asarray(cv2.cvtColor(_reduced(frame.pixels), cv2.COLOR_BGR2GRAY))
    grey = cv2.GaussianBlur(grey, (0, 0), 1.5)
    edges = cv2.Canny(grey, 25, 60)
    least_px = LEAST_LINE * max(grey.shape)
    lines = cv2.HoughLinesP(edges, 1, np.pi / 360, 30, minLineLength=least_px, maxLineGap=6)
    if lines is None:
        return None
    steps = (lines[:, 0, 2:] - lines[:, 0, :2]).astype(np.float64)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    # Four times the angle makes all quarter turns one direction.
    angles = 4.0 * np.arctan2(steps[:, 1], steps[:, 0])
    near = np.cos(angles[:, None] - angles[None, :]) > np.cos(np.radians(4 * SPREAD_DEGREES))
    support = near @ lengths
    strongest = int(np.argmax(support))
    if support[strongest] < STRAIGHTNESS * lengths.sum():
        return None
    members = near[strongest]
    mean = np.arctan2(lengths[members] @ np.sin(angles[members]), lengths[members] @ np.cos(angles[members]))
    return float(np.degrees(mean)) / 4.0


def _reduced(pixels: Pixels) -> Pixels:
    factor = min(1.0, SMALL_PX / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
