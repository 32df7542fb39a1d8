"""Marks of ink as masks: a digit of a data set enlarged with smooth edges, or strokes drawn with a round tip.

A stamp knows no millimetres: whoever lays it out says how high it is to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.scenes.strokes import Points, Trace

MARGIN_PX = 2
"""Empty rim around the ink, so that a warp finds paper beyond every edge."""

SPECK = 40
"""Grey level (of 255) below which a data set's pixel is no ink but the softness of its scan."""

LEVEL = 0.42
"""Share of a stroke's own ink at which its edge is drawn: on MNIST's training part, half leaves gaps in thin hooks."""


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One mark.

    Attributes:
        ink: How much of each point is covered, uint8, shape (h, w), 255 all of it; ink fills it but for `MARGIN_PX`.
        digit: "0" to "9", or "" for what is no digit.
    """

    ink: Pixels
    digit: str

    @property
    def height_px(self) -> int:
        """Of the ink itself."""
        return int(self.ink.shape[0]) - 2 * MARGIN_PX

    @property
    def width_px(self) -> int:
        """Of the ink itself."""
        return int(self.ink.shape[1]) - 2 * MARGIN_PX


def enlarged(picture: Pixels, digit: str, *, height_px: float, stroke: float, width: float) -> Stamp:
    """A small grey picture of a digit as a large one with smooth edges.

    Args:
        picture: White ink on black, uint8, shape (h, w), not empty of ink.
        digit: What it shows.
        height_px: Of the result, about, at least 8.
        stroke: Wanted width of a stroke in heights, about 0.05..0.15; it is reached as far as the digit allows, whose
            own strokes must neither break nor run together.
        width: Factor by which it is made wider.
    """
    factor = max(2.0, 1.2 * height_px / picture.shape[0])
    rim = cv2.copyMakeBorder(picture, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(0,)).astype(np.float32)
    soft = cv2.GaussianBlur(rim, (0, 0), 0.6)
    large = cv2.resize(soft, None, fx=factor * width, fy=factor, interpolation=cv2.INTER_CUBIC)
    level = LEVEL * float(np.percentile(soft[rim > SPECK], 75))
    return Stamp(_trimmed(_redrawn(large > level, stroke * 20.0 * factor)), digit)


def _redrawn(mask: NDArray[np.bool_], stroke_px: float) -> Pixels:
    """A mask with strokes of about that width and an edge one pixel soft; a digit of a set is 20 pixels high."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    if not mask.any():
        return np.zeros(mask.shape, np.uint8)
    half_px = float(np.percentile(inside[mask], 90))
    growth_px = float(np.clip(0.5 * stroke_px - half_px, -0.35 * half_px, 0.25 * half_px))
    cover = np.clip(127.5 * (inside - outside + growth_px) + 127.5, 0.0, 255.0)
    return np.asarray(cv2.GaussianBlur(cover.astype(np.uint8), (0, 0), 0.8), np.uint8)


def traced(trace: Trace, *, height_px: float, width_mm: float) -> Stamp:
    """A digit's strokes as a round tip draws them.

    Args:
        trace: What the hand did.
        height_px: Of the result, about, at least 8.
        width_mm: Of the tip at usual pressure, on the trace's own scale.
    """
    scale = height_px / max(1e-6, float(np.ptp(trace.points_mm[:, 1])))
    jumps = np.linalg.norm(np.diff(trace.points_mm, axis=0), axis=1) > 2.5 * trace.step_mm
    cuts = np.flatnonzero(jumps) + 1
    radii = 0.5 * width_mm * (1.0 + 0.35 * (trace.pressure - 1.0)) * scale
    strokes = list(zip(np.split(trace.points_mm * scale, cuts), np.split(radii, cuts), strict=True))
    return drawn(strokes, trace.digit)


def drawn(strokes: Sequence[tuple[Points, NDArray[np.float64]]], digit: str = "") -> Stamp:
    """Strokes, each points (n, 2) in pixels and the tip's radii (n,), as a stamp."""
    everything = np.concatenate([points for points, _ in strokes])
    radius = max(float(radii.max()) for _, radii in strokes)
    finer = int(np.clip(np.ceil(4.0 / max(radius, 0.5)), 1, 4))  # a thin line's width is a whole number of pixels
    low = everything.min(axis=0) - radius - 2.0
    width, height = (np.ceil(np.ptp(everything, axis=0) + 2.0 * radius + 4.0)).astype(int)
    canvas = np.zeros((int(height) * finer, int(width) * finer), np.uint8)
    for points, radii in strokes:
        _draw(canvas, (points - low) * finer, radii * finer)
    if finer > 1:
        canvas = np.asarray(cv2.resize(canvas, (int(width), int(height)), interpolation=cv2.INTER_AREA), np.uint8)
    return Stamp(_trimmed(canvas), digit)


def _draw(canvas: Pixels, points: Points, radii: NDArray[np.float64]) -> None:
    """Short straight lines, each as wide as the tip is there."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    mean_px = float(lengths.mean()) if len(lengths) else 0.0
    step = max(1, int(max(1.5, 0.3 * float(radii.mean())) / max(1e-6, mean_px)))
    chosen = np.unique(np.append(np.arange(0, len(points), step), len(points) - 1))
    places = np.round(points[chosen] * 16).astype(int).tolist()
    widths = np.maximum(1, np.round(2.0 * radii[chosen])).astype(int).tolist()
    if len(places) == 1:
        places, widths = places * 2, widths * 2
    for begin, end, width in zip(places, places[1:], widths[1:], strict=False):
        cv2.line(canvas, begin, end, (255,), width, cv2.LINE_AA, 4)


def _trimmed(ink: Pixels) -> Pixels:
    """Cut to the ink, with the margin around; a blank stays one pixel large."""
    x, y, width, height = cv2.boundingRect((ink >= 128).astype(np.uint8))
    cut = ink[y : y + height, x : x + width] if width and height else np.zeros((1, 1), np.uint8)
    rim = MARGIN_PX
    return np.asarray(cv2.copyMakeBorder(cut, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(0,)), np.uint8)
