"""Frame -> sheets of paper, notes and boards in it, which may be small and far away, on any table.

Each is an area of even brightness or colour with straight sides. What is written on one is read best with the table
around it out of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Frame, Pixels
from device.ink import SCENE_PX

SMALL_PX = 320
"""Longer side of the picture in which sheets are looked for."""

LEVELS = 6
"""Levels of brightness and of colour at which the picture is divided into darker and lighter areas."""

LEAST_RANGE = 24
"""A channel whose values span less, of 255, shows no sheet."""

LEAST_SHARE, MOST_SHARE = 0.001, 0.85
"""Share of the frame that a sheet takes; a larger one needs no finding."""

MOST_OF_FRAME = 0.95
"""What reaches so far has the frame's edges for its own, and they don't say how it is turned: share of the frame."""

LEAST_SIDE_PX = 8
"""Shorter side of a sheet in the small picture."""

NEAR_EDGE_PX, OUTERMOST = 1, 0.4
"""A sheet that comes so near to the edge of the small picture is cut off there: writing must not be lost between. The
frame's outermost pixels lie by the second beyond the middle of that picture's."""

SOLID, RECTANGULAR = 0.93, 0.83
"""A sheet fills so much of its convex hull, and of the smallest turned rectangle around it: seen at 30 degrees it loses
an eighth of that, and an ellipse fills 0.79."""

SAME_SHARE = 0.6
"""Boxes that share this much (intersection over union) are of one sheet."""

MOST_SHEETS = 3
"""Sheets given, the most even first."""

TWIN_RATIO = 1.15
"""Sheets are twins where neither side differs by more."""

FAR_WEIGHT = 0.01
"""What the mean of a whole sheet counts beside that of the sheet near by, where the background is made up."""

RIM = 0.015
"""What lies nearer to a sheet's edge, as a share of its size and at least two pixels, is the edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet as the camera sees it.

    Attributes:
        outline: Its corners, convex, int32, shape (n, 2), x and y in pixels of the frame.
        degrees: How far its sides are turned clockwise, -45..45.
    """

    outline: NDArray[np.int32]
    degrees: float

    @property
    def box(self) -> Box:
        """Around the outline."""
        return _box(self.outline)

    def holds(self, box: Box) -> bool:
        """Whether all corners of a box lie on the sheet."""
        corners = ((x, y) for x in (box.x, box.right) for y in (box.y, box.bottom))
        return all(cv2.pointPolygonTest(self.outline, (float(x), float(y)), False) >= 0 for x, y in corners)


def sheets(frame: Frame) -> list[Sheet]:
    """Find the sheets that are smaller than the frame; the most even first, at most `MOST_SHEETS`."""
    factor = min(1.0, SMALL_PX / max(frame.width_px, frame.height_px))
    size = (max(1, round(frame.width_px * factor)), max(1, round(frame.height_px * factor)))
    # Every pixel averaged would take as long as all that follows.
    sample = cv2.resize(frame.pixels, (2 * size[0], 2 * size[1]), interpolation=cv2.INTER_NEAREST)
    small = cv2.medianBlur(cv2.resize(sample, size, interpolation=cv2.INTER_AREA), 3)
    found: list[tuple[float, NDArray[np.int32]]] = []
    for mask in _divided(np.asarray(small, np.uint8)):
        found += _outlines(mask)
    found.sort(key=lambda pair: pair[0], reverse=True)
    chosen = _different([outline for _, outline in found])
    alone = [outline for outline, has_twin in zip(chosen, _have_twins(chosen), strict=True) if not has_twin]
    return [_sheet(_reaching(outline, size), factor) for outline in alone[:MOST_SHEETS]]


@dataclass(frozen=True, slots=True, eq=False)
class Cutting:
    """A sheet alone, enlarged to a scene, with bare paper in place of what is not on it.

    Attributes:
        frame: The picture.
        mask: 0 where the paper is made up, else not; uint8, shape (H, W) of the frame.
        corner: Column and row of its top left corner in the picture that it was cut out of.
        factor: Its pixels per pixel of that.
    """

    frame: Frame
    mask: Pixels
    corner: tuple[int, int]
    factor: float


def cut_out(frame: Frame, sheet: Sheet) -> Cutting:
    """The sheet alone, or the frame where hardly anything of the sheet would be left."""
    box = sheet.box
    box = Box(max(0, box.x), max(0, box.y), min(box.right, frame.width_px), min(box.bottom, frame.height_px))
    box = Box(box.x, box.y, box.width - box.x, box.height - box.y)
    pixels = frame.pixels[box.y : box.bottom, box.x : box.right].copy()
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.asarray(sheet.outline - (box.x, box.y), np.int32), [255])
    rim = max(2, round(RIM * max(mask.shape)))
    # Where the sheet goes on beyond the frame there is no edge to be taken off; erosion spares a picture's own edges.
    near_px = max(frame.pixels.shape) // SMALL_PX + 1  # no outline is known better
    mask[0] *= box.y <= near_px
    mask[-1] *= box.bottom >= frame.height_px - near_px
    mask[:, 0] *= box.x <= near_px
    mask[:, -1] *= box.right >= frame.width_px - near_px
    mask = np.asarray(cv2.erode(mask, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)), np.uint8)
    if not mask.any():
        return Cutting(frame, np.full(frame.pixels.shape[:2], 255, np.uint8), (0, 0), 1.0)
    cv2.copyTo(_paper_around(pixels, mask), cv2.bitwise_not(mask), pixels)
    factor = max(1.0, SCENE_PX / min(mask.shape))
    if factor > 1.0:
        size = (math.ceil(mask.shape[1] * factor), math.ceil(mask.shape[0] * factor))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return Cutting(replace(frame, pixels=pixels), mask, (box.x, box.y), factor)


def _paper_around(pixels: Pixels, mask: Pixels) -> Pixels:
    """Bare paper, as bright as the sheet is near by, where the mask is 0."""
    factor = 32 / max(mask.shape)
    size = (max(1, round(mask.shape[1] * factor)), max(1, round(mask.shape[0] * factor)))
    weights = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255.0
    paper = cv2.bitwise_and(pixels, pixels, mask=mask)
    means = cv2.resize(paper, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    spread = 2 * (max(size) // 4) + 1
    # Beyond the reach of the blur the paper is as bright as in the mean: black corners would be taken for ink.
    mean = FAR_WEIGHT * means.sum(axis=(0, 1)) / weights.sum()
    smooth = (cv2.blur(means, (spread, spread)) + mean) / (cv2.blur(weights, (spread, spread))[..., None] + FAR_WEIGHT)
    bare = np.clip(smooth, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(bare, mask.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _divided(small: Pixels) -> Iterator[Pixels]:
    """Masks of what is lighter, and of what is darker, than each of some levels, in brightness and in two colours."""
    # Not Lab, whose tables take OpenCV 7 MB.
    for channel in cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)):
        low, high, _, _ = cv2.minMaxLoc(channel)
        if high - low < LEAST_RANGE:
            continue
        for level in np.linspace(low, high, LEVELS + 2)[1:-1]:
            lighter = np.asarray(cv2.threshold(channel, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
            yield lighter
            yield np.asarray(cv2.bitwise_not(lighter), np.uint8)


def _outlines(mask: Pixels) -> Iterator[tuple[float, NDArray[np.int32]]]:
    """The rectangular areas of a mask: how well each fills its rectangle, and its convex hull."""
    total = mask.size
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        area = cv2.contourArea(contour)
        if not LEAST_SHARE * total <= area <= MOST_SHARE * total:
            continue
        hull = np.asarray(cv2.convexHull(contour), np.int32)
        if _box(hull).area > MOST_OF_FRAME * total:
            continue
        _, sides, _ = cv2.minAreaRect(hull)
        rectangular = area / max(1.0, sides[0] * sides[1])
        solid = area / max(1.0, cv2.contourArea(hull))
        if solid >= SOLID and rectangular >= RECTANGULAR and min(sides) >= LEAST_SIDE_PX:
            yield solid * rectangular, hull[:, 0]


def _different(outlines: Sequence[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
    """Of outlines whose boxes share more than `SAME_SHARE`, the first; on squared paper there are a thousand."""
    boxes = np.array([cv2.boundingRect(outline) for outline in outlines], np.float64).reshape(-1, 4)
    starts, ends = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    areas = boxes[:, 2] * boxes[:, 3]
    kept: list[int] = []
    for index in range(len(outlines)):
        shared = np.minimum(ends[kept], ends[index]) - np.maximum(starts[kept], starts[index])
        both = np.prod(np.maximum(shared, 0.0), axis=1)
        if not np.any(both >= SAME_SHARE * (areas[kept] + areas[index] - both)):
            kept.append(index)
    return [outlines[index] for index in kept]


def _have_twins(outlines: Sequence[NDArray[np.int32]]) -> NDArray[np.bool_]:
    """Of each whether another one has its size: the squares of squared paper."""
    sides = np.array([sorted(cv2.minAreaRect(outline)[1]) for outline in outlines], np.float64).reshape(-1, 2)
    logs = np.log(sides)
    alike = np.all(np.abs(logs[:, None] - logs) < np.log(TWIN_RATIO), axis=2)
    return np.asarray(alike.sum(axis=1) > 1)


def _box(outline: NDArray[np.int32]) -> Box:
    x, y, width, height = cv2.boundingRect(outline)
    return Box(x, y, width, height)


def _reaching(outline: NDArray[np.int32], size: tuple[int, int]) -> NDArray[np.float64]:
    """An outline brought to the edges of the small picture, of this width and height, where it all but reaches them."""
    last = np.array(size) - 1
    places = np.where(outline <= NEAR_EDGE_PX, -OUTERMOST, outline)
    return np.asarray(np.where(outline >= last - NEAR_EDGE_PX, last + OUTERMOST, places), np.float64)


def _sheet(outline: NDArray[np.float64], factor: float) -> Sheet:
    places = np.rint((outline + 0.5) / factor - 0.5).astype(np.int32)
    _, _, angle = cv2.minAreaRect(places)
    return Sheet(places, float((angle + 45.0) % 90.0 - 45.0))
