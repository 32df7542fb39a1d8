"""Frame -> sheets of paper, notes and boards in it, which may be small and far away, on any table.

Each is an area of even brightness or colour with straight sides. What is written on one is read best with the table
around it out of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Frame, Pixels
from device.ink import SCENE_PX
from device.pieces import view_of

Contour: TypeAlias = NDArray[Any]

SMALL_PX = 320
"""Longer side of the picture in which sheets are looked for."""

LEVELS = 6
"""Levels of brightness and of colour at which the picture is divided into darker and lighter areas."""

LEAST_RANGE = 24
"""A channel whose values span less, of 255, shows no sheet."""

LEAST_SHARE, MOST_SHARE = 0.001, 0.94
"""Share of the frame that a sheet takes; a larger one needs no finding. With 0.85 pencil was lost on a page that a
scanner shows with little black around it."""

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

EDGES, EDGE_PX = (20, 50), 1
"""Canny's lower and upper threshold of an edge of a sheet, and by how much edges are thickened to leave no gaps."""

FAR, AROUND = 0.3, 0.25
"""A sheet whose longer side is at most the first share of the frame's is outlined anew from near by, with the second
share of that side around it."""

SAME_SHARE = 0.6
"""Boxes that share this much (intersection over union) are of one sheet."""

MOST_SHEETS = 3
"""Sheets given, the most even first."""

TWIN_RATIO, TWINS = 1.15, 2
"""Outlines are twins where neither side differs by more; what has so many is a square of squared paper."""

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
    small, factor = _small(frame.pixels)
    chosen = _different(_outlines(small))
    alone = [outline for outline, has_twins in zip(chosen, _have_twins(chosen), strict=True) if not has_twins]
    return [_fine(frame, _sheet(_reaching(outline, small.shape), factor)) for outline in alone[:MOST_SHEETS]]


def _small(pixels: Pixels) -> tuple[Pixels, float]:
    """A picture of at most `SMALL_PX`, without specks, and its pixels per pixel of the given one."""
    factor = min(1.0, SMALL_PX / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    # Every pixel averaged would take as long as all that follows.
    sample = cv2.resize(pixels, (2 * size[0], 2 * size[1]), interpolation=cv2.INTER_NEAREST)
    small = cv2.medianBlur(cv2.resize(sample, size, interpolation=cv2.INTER_AREA), 3)
    return np.asarray(small, np.uint8), factor


def _fine(frame: Frame, sheet: Sheet) -> Sheet:
    """The sheet; one far away as outlined from near by, for a pixel of the small picture is much of its writing."""
    box = sheet.box
    if max(box.width, box.height) > FAR * max(frame.width_px, frame.height_px):
        return sheet
    reach = round(AROUND * max(box.width, box.height))
    whole = Box(0, 0, frame.width_px, frame.height_px)
    around = Box(box.x - reach, box.y - reach, box.width + 2 * reach, box.height + 2 * reach).within(whole)
    small, factor = _small(view_of(frame.pixels, around))
    near = (_sheet(_reaching(outline, small.shape), factor) for outline in _outlines(small))
    moved = [replace(one, outline=np.add(one.outline, (around.x, around.y), dtype=np.int32)) for one in near]
    best = max(moved, key=lambda one: one.box.overlap(box), default=sheet)
    return best if best.box.overlap(box) > SAME_SHARE else sheet


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


def _outlines(small: Pixels) -> list[NDArray[np.int32]]:
    """The convex hulls, shape (n, 2), of all that may be a sheet; what fills its rectangle best comes first."""
    found = [pair for area, margin in _areas(small) for pair in _rectangular(area, margin, small.shape)]
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [outline for _, outline in found]


def _areas(small: Pixels) -> Iterator[tuple[Contour, int]]:
    """What is lighter, and what is darker, than each of some levels, in brightness and two colours; and between edges.

    Of each its contour, and by how many pixels it reaches beyond it.
    """
    # Not Lab, whose tables take OpenCV 7 MB.
    for channel in cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)):
        low, high, _, _ = cv2.minMaxLoc(channel)
        if high - low < LEAST_RANGE:
            continue
        for level in np.linspace(low, high, LEVELS + 2)[1:-1]:
            lighter = np.asarray(cv2.threshold(channel, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
            for mask in (lighter, cv2.bitwise_not(lighter)):
                contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
                yield from ((contour, 0) for contour in contours)
    yield from ((contour, EDGE_PX) for contour in _between_edges(small))


def _between_edges(small: Pixels) -> Iterator[Contour]:
    """The areas that sharp edges enclose: a soft shadow may lie across them, and the table be as bright."""
    edges = cv2.Canny(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), *EDGES)
    smooth = cv2.bitwise_not(cv2.dilate(edges, np.ones((2 * EDGE_PX + 1, 2 * EDGE_PX + 1), np.uint8)))
    contours, hierarchy = cv2.findContours(smooth, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (*_, around) in zip(contours, hierarchy[0] if contours else (), strict=True):
        if around < 0:  # else it is that of a hole
            yield contour


def _rectangular(contour: Contour, margin: int, shape: tuple[int, ...]) -> Iterator[tuple[float, NDArray[np.int32]]]:
    """How well an area fills its rectangle, and its convex hull; nothing where it is no sheet."""
    total = shape[0] * shape[1]
    area = cv2.contourArea(contour)
    if not LEAST_SHARE * total <= area <= MOST_SHARE * total:
        return
    hull = np.asarray(cv2.convexHull(contour), np.int32)
    if _box(hull).area > MOST_OF_FRAME * total:
        return
    _, sides, _ = cv2.minAreaRect(hull)
    rectangular = area / max(1.0, sides[0] * sides[1])
    solid = area / max(1.0, cv2.contourArea(hull))
    if solid >= SOLID and rectangular >= RECTANGULAR and min(sides) >= LEAST_SIDE_PX:
        yield solid * rectangular, _widened(hull, margin)[:, 0] if margin else hull[:, 0]


def _widened(hull: Contour, margin: int) -> Contour:
    """A convex outline with all that is so near to it."""
    corners = [(x, y) for x in (-margin, margin) for y in (-margin, margin)]
    return np.asarray(cv2.convexHull(np.concatenate([hull + corner for corner in corners])), np.int32)


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
    """Of each whether several others have its size: the squares of squared paper."""
    sides = np.array([sorted(cv2.minAreaRect(outline)[1]) for outline in outlines], np.float64).reshape(-1, 2)
    logs = np.log(sides)
    alike = np.all(np.abs(logs[:, None] - logs) < np.log(TWIN_RATIO), axis=2)
    return np.asarray(alike.sum(axis=1) >= TWINS + 1)


def _box(outline: NDArray[np.int32]) -> Box:
    x, y, width, height = cv2.boundingRect(outline)
    return Box(x, y, width, height)


def _reaching(outline: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """An outline brought to the edges of a picture of this shape where it all but reaches them."""
    last = np.array(shape[1::-1]) - 1
    places = np.where(outline <= NEAR_EDGE_PX, -OUTERMOST, outline)
    return np.asarray(np.where(outline >= last - NEAR_EDGE_PX, last + OUTERMOST, places), np.float64)


def _sheet(outline: NDArray[np.float64], factor: float) -> Sheet:
    places = np.rint((outline + 0.5) / factor - 0.5).astype(np.int32)
    _, _, angle = cv2.minAreaRect(places)
    return Sheet(places, float((angle + 45.0) % 90.0 - 45.0))
