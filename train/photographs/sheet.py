"""What is photographed: a sheet or a board with printed lines and ink, perhaps on a table, in even white light.

Colours are BGR bytes on the curve of `tiles.GAMMA`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Pixels
from train.photographs import tiles
from train.photographs.layout import Placed
from train.scenes.area import Colour
from train.scenes.strokes import Points

Alpha = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pen:
    """What writes.

    Attributes:
        colour: Of a solid line.
        density: How much of the ground a line hides, 0..1.
        tooth: How much the ground's grain breaks the line up: 0.0 wet ink, 0.5 pencil or chalk.
        fineness: Of the lines: 0.0 fine to 1.0 broad, the range it is used in.
    """

    colour: Colour
    density: float
    tooth: float
    fineness: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ruling:
    """Printed lines.

    Attributes:
        kind: "plain", "ruled", "squared" or "margin" (ruled, with a red line down the left).
        spacing_mm: Between them.
        offset_mm: Of the first one from the sheet's origin, across and down.
        line_mm: Their thickness.
        colour: Theirs.
        strength: How much of the paper they hide, 0..1.
    """

    kind: str = "plain"
    spacing_mm: float = 8.0
    offset_mm: tuple[float, float] = (0.0, 0.0)
    line_mm: float = 0.22
    colour: Colour = (214, 186, 160)
    strength: float = 0.9


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is written on.

    Attributes:
        ground: Name of the material.
        colour: Of it when bare.
        left_mm: Its edges.
        top_mm: As above.
        right_mm: As above.
        bottom_mm: As above.
        ruling: Printed lines.
        grain: Standard deviation of its fine tone, in grey levels.
        smear: Standard deviation of wiped chalk or marker on it, in grey levels.
        table: Index into `tiles.TABLE_TOPS`.
        table_degrees: How the table lies under the sheet.
    """

    ground: str
    colour: Colour
    left_mm: float
    top_mm: float
    right_mm: float
    bottom_mm: float
    ruling: Ruling = Ruling()
    grain: float = 1.5
    smear: float = 0.0
    table: int = 0
    table_degrees: float = 0.0

    @property
    def corners_mm(self) -> Points:
        """Clockwise from the top left, shape (4, 2)."""
        left, top, right, bottom = self.left_mm, self.top_mm, self.right_mm, self.bottom_mm
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A camera's picture: its size and the matrix (3, 3) from the sheet in mm to pixel centres, homogeneous."""

    width_px: int
    height_px: int
    matrix: Points

    def seen(self, points_mm: Points) -> Points:
        """Where points of the sheet are in the picture: shape (n, 2) to (n, 2)."""
        return mapped(points_mm, self.matrix)

    def visible_mm(self) -> Points:
        """The part of the sheet's plane in the picture: its four corners, clockwise."""
        right, bottom = self.width_px - 0.5, self.height_px - 0.5
        corners = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])
        return mapped(corners, np.linalg.inv(self.matrix))


def mapped(points: Points, matrix: Points) -> Points:
    """Points of a plane through a homography."""
    far = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(far[:, :2] / far[:, 2:])


def bare(sheet: Sheet, view: View, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """The sheet on its table without any writing, and where the sheet is: uint8 (H, W, 3), and (H, W), 255 on it."""
    size = view.width_px, view.height_px
    picture = np.empty((size[1], size[0], 3), np.uint8)
    picture[:] = sheet.colour
    part = _visible_part(sheet, view)
    if part is None:
        return _table(sheet, view), np.zeros(picture.shape[:2], np.uint8)
    _rule(picture, sheet.ruling, part, view)
    _roughen(picture, sheet, rng)
    on_sheet = np.zeros(picture.shape[:2], np.uint8)
    left, top, right, bottom = part
    corners = view.seen(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    cv2.fillConvexPoly(on_sheet, np.round(corners * 16).astype(np.int32), (255,), cv2.LINE_8, 4)
    if on_sheet.min() == 0:
        cv2.copyTo(_shaded(_table(sheet, view), on_sheet), 255 - on_sheet, picture)
    return picture, on_sheet


def _visible_part(sheet: Sheet, view: View) -> tuple[float, float, float, float] | None:
    """Edges of the part of the sheet that may be in the picture: what lies behind the camera can't be drawn."""
    low, high = view.visible_mm().min(axis=0) - 2.0, view.visible_mm().max(axis=0) + 2.0
    left, top = max(sheet.left_mm, low[0]), max(sheet.top_mm, low[1])
    right, bottom = min(sheet.right_mm, high[0]), min(sheet.bottom_mm, high[1])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _rule(picture: Pixels, ruling: Ruling, part: tuple[float, float, float, float], view: View) -> None:
    """Print the lines, in place."""
    if ruling.kind == "plain":
        return
    left, top, right, bottom = part
    plane = np.zeros(picture.shape[:2], np.uint8)
    for y in _places(top, bottom, ruling.spacing_mm, ruling.offset_mm[1]):
        _line(plane, np.array([[left, y], [right, y]]), ruling.line_mm, view)
    if ruling.kind == "squared":
        for x in _places(left, right, ruling.spacing_mm, ruling.offset_mm[0]):
            _line(plane, np.array([[x, top], [x, bottom]]), ruling.line_mm, view)
    _tint(picture, plane, ruling.colour, ruling.strength)
    if ruling.kind == "margin":
        plane[:] = 0
        x = ruling.offset_mm[0]
        _line(plane, np.array([[x, top], [x, bottom]]), ruling.line_mm, view)
        _tint(picture, plane, (150, 140, 226), ruling.strength)


def _places(begin: float, end: float, spacing: float, offset: float) -> NDArray[np.float64]:
    first = np.ceil((begin - offset) / spacing)
    return np.asarray(offset + spacing * np.arange(first, (end - offset) / spacing))


def _line(plane: Pixels, ends_mm: Points, width_mm: float, view: View) -> None:
    """One line, in place; one thinner than a pixel is a pixel wide and paler."""
    across = ends_mm[1] - ends_mm[0]
    aside = np.array([-across[1], across[0]]) / np.linalg.norm(across) * width_mm / 2.0
    rim = view.seen(np.concatenate([ends_mm + aside, ends_mm[::-1] - aside]))
    middle = view.seen(ends_mm)
    width_px = float(np.mean(np.linalg.norm(rim[:2] - rim[:1:-1], axis=1)))
    if width_px < 2.0:
        first, last = np.round(middle * 16).astype(int).tolist()
        cv2.line(plane, first, last, (min(255.0, 150.0 * width_px + 20.0),), 1, cv2.LINE_AA, 4)
    else:
        cv2.fillConvexPoly(plane, np.round(rim * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)


def _tint(picture: Pixels, cover: Pixels, colour: Colour, strength: float) -> None:
    """Print a colour where there is cover, in place."""
    rows, columns = np.nonzero(cover)
    share = (strength / 255.0) * cover[rows, columns].astype(np.float32)[:, None]
    under = picture[rows, columns].astype(np.float32)
    picture[rows, columns] = (under + share * (np.array(colour, np.float32) - under)).astype(np.uint8)


def _roughen(picture: Pixels, sheet: Sheet, rng: np.random.Generator) -> None:
    """The material's fine tone, and what was wiped from a board, in place."""
    height, width = picture.shape[:2]
    amount = sheet.grain / tiles.SPREAD
    tone = cv2.cvtColor(np.ascontiguousarray(tiles.cut(tiles.grain(), width, height, rng)), cv2.COLOR_GRAY2BGR)
    cv2.addWeighted(picture, 1.0, tone, amount, -128.0 * amount, dst=picture)
    if sheet.smear > 0.0:
        wiped = tiles.smooth_noise((height // 8, width // 8), 14.0, rng)
        wiped += tiles.smooth_noise((height // 8, width // 8), 45.0, rng) * 0.5
        wide = cv2.resize(np.clip(sheet.smear * wiped + 20.0, 0.0, 80.0).astype(np.uint8), (width, height))
        light = sum(sheet.colour) < 384
        change = cv2.add if light else cv2.subtract
        change(picture, cv2.cvtColor(wide if light else wide // 3, cv2.COLOR_GRAY2BGR), dst=picture)


def _table(sheet: Sheet, view: View) -> Pixels:
    top = tiles.table_top(sheet.table)
    angle = np.radians(sheet.table_degrees)
    cos, sin = np.cos(angle) / tiles.TABLE_PX_PER_MM, np.sin(angle) / tiles.TABLE_PX_PER_MM
    middle = np.array([sheet.left_mm + sheet.right_mm, sheet.top_mm + sheet.bottom_mm]) / 2.0
    half = tiles.TABLE_SIDE_PX / 2.0
    lie = np.array([[cos, -sin, middle[0]], [sin, cos, middle[1]], [0.0, 0.0, 1.0]])
    shift = np.array([[1.0, 0.0, -half], [0.0, 1.0, -half], [0.0, 0.0, 1.0]])
    size = (view.width_px, view.height_px)
    seen = cv2.warpPerspective(top, view.matrix @ lie @ shift, size, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, np.uint8)


def _shaded(table: Pixels, on_sheet: Pixels) -> Pixels:
    """The table with the shadow that the sheet's edge throws on it."""
    small = cv2.resize(on_sheet, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    moved = cv2.warpAffine(small, np.array([[1.0, 0.0, 1.5], [0.0, 1.0, 2.0]]), small.shape[::-1])
    kept = 255 - (0.45 * cv2.GaussianBlur(moved, (0, 0), 2.5)).astype(np.uint8)
    whole = cv2.resize(kept, on_sheet.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(table, cv2.cvtColor(whole, cv2.COLOR_GRAY2BGR), scale=1.0 / 255.0), np.uint8)


def write(
    picture: Pixels, marks: Sequence[Placed], pen: Pen, view: View, rng: np.random.Generator
) -> tuple[Box | None, ...]:
    """Write marks, in place; the box around each one's ink in the picture, None where it is outside."""
    return tuple(_write_one(picture, mark, pen, view, rng) for mark in marks)


def _write_one(picture: Pixels, mark: Placed, pen: Pen, view: View, rng: np.random.Generator) -> Box | None:
    corners = view.seen(mark.corners_mm)
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0).tolist()
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 3, (view.width_px, view.height_px)).tolist()
    fleck = rng.spawn(1)[0]  # a mark outside the picture must not change what chance gives the next one
    if right <= left or bottom <= top:
        return None
    to_part = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
    size = (right - left, bottom - top)
    ink = np.asarray(cv2.warpPerspective(mark.stamp.ink, to_part @ view.matrix @ mark.to_mm, size), np.uint8)
    alpha = _alpha(ink, pen, fleck)
    part = picture[top:bottom, left:right]
    solid = np.empty_like(part)
    solid[:] = pen.colour
    part[:] = cv2.blendLinear(np.ascontiguousarray(part), solid, 1.0 - alpha, alpha)
    x, y, width, height = cv2.boundingRect((ink >= 128).astype(np.uint8))
    return Box(left + x, top + y, width, height) if width and height else None


def _alpha(ink: Pixels, pen: Pen, rng: np.random.Generator) -> Alpha:
    """How much of the ground the ink hides, 0..1."""
    height, width = ink.shape
    deviation = (np.arange(256) - 128.0) / tiles.SPREAD
    taken = 255.0 * pen.density * np.clip(1.0 + 0.6 * pen.tooth * deviation - 0.25 * pen.tooth, 0.0, 1.0)
    flecks = cv2.LUT(np.ascontiguousarray(tiles.cut(tiles.grain(), width, height, rng)), taken.astype(np.uint8))
    swell = np.clip(1.0 - 0.12 * np.abs(tiles.smooth_noise((height, width), 4.0, rng)), 0.6, 1.0)
    return np.asarray(cv2.multiply(ink, flecks, scale=1.0 / 65025.0, dtype=cv2.CV_32F) * swell, np.float32)
