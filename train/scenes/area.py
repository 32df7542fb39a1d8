"""A patch of the table as a grid of points, and what can fill it: colours as linear light, smooth noise.

Everything is laid out in millimetres on the table; (0, 0) is the middle of the writing, x goes right, y goes
down. Surfaces are linear reflectances, float32, blue-green-red, 0..1: what light meets, before any camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.scenes.strokes import Points

Plane = NDArray[np.float32]
"""One value per point of an area, shape (H, W), or three, shape (H, W, 3)."""

Colour = tuple[int, int, int]
"""Blue, green, red as on a screen (sRGB), 0..255."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the table as a grid of points."""

    left_mm: float
    top_mm: float
    width_px: int
    height_px: int
    px_per_mm: float

    @classmethod
    def around(cls, points_mm: Points, *, margin_mm: float, px_per_mm: float) -> Area:
        """The smallest area that holds all points and a margin."""
        low, high = points_mm.min(axis=0) - margin_mm, points_mm.max(axis=0) + margin_mm
        width, height = np.ceil((high - low) * px_per_mm).astype(int)
        return cls(float(low[0]), float(low[1]), int(width), int(height), px_per_mm)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height_px, self.width_px

    @property
    def to_mm(self) -> Points:
        """Matrix (3, 3) from pixel centres (x, y, 1) to millimetres on the table."""
        step = 1.0 / self.px_per_mm
        half = 0.5 * step
        return np.array([[step, 0.0, self.left_mm + half], [0.0, step, self.top_mm + half], [0.0, 0.0, 1.0]])

    def part(self, points_mm: Points, *, margin_mm: float) -> tuple[Area, slice, slice]:
        """The part of this area around some points, and its rows and columns; empty when they are outside."""
        low = np.floor((points_mm.min(axis=0) - margin_mm - (self.left_mm, self.top_mm)) * self.px_per_mm).astype(int)
        high = np.ceil((points_mm.max(axis=0) + margin_mm - (self.left_mm, self.top_mm)) * self.px_per_mm).astype(int)
        size = (self.width_px, self.height_px)
        (left, top), (right, bottom) = np.clip(low, 0, size).tolist(), np.clip(high, 0, size).tolist()
        step = 1.0 / self.px_per_mm
        area = Area(self.left_mm + left * step, self.top_mm + top * step, right - left, bottom - top, self.px_per_mm)
        return area, slice(top, bottom), slice(left, right)

    def grid(self) -> tuple[Plane, Plane]:
        """The x and the y of every point in millimetres, shapes (1, W) and (H, 1)."""
        x = self.left_mm + (np.arange(self.width_px, dtype=np.float32) + 0.5) / self.px_per_mm
        y = self.top_mm + (np.arange(self.height_px, dtype=np.float32) + 0.5) / self.px_per_mm
        return x[None, :], y[:, None]


def linear(colour: Colour) -> Plane:
    """A screen colour as linear light, float32, shape (3,).

    Source:
        IEC 61966-2-1 (sRGB).
    """
    value = np.asarray(colour, np.float32) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def noise(area: Area, cell_mm: tuple[float, float], rng: np.random.Generator) -> Plane:
    """Smooth noise of about unit variance whose cells are so wide and so high."""
    rows = max(2, round(area.height_px / max(1.0, cell_mm[1] * area.px_per_mm)) + 1)
    columns = max(2, round(area.width_px / max(1.0, cell_mm[0] * area.px_per_mm)) + 1)
    coarse = rng.standard_normal((rows, columns), np.float32)
    fine = cv2.resize(coarse, (area.width_px, area.height_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine / np.float32(0.75), np.float32)  # interpolation takes a good quarter of the spread
