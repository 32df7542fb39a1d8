"""Where writing stands on a sheet: digits beside each other, touching or not, groups on a line, lines below each other.

Millimetres on the sheet; x goes right, y down; the first digit begins about (0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from train.photographs.hands import Writer
from train.photographs.stamps import MARGIN_PX, Stamp
from train.scenes.strokes import Points

ROWS = 48
"""Heights at which the space between two digits is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A stamp on the sheet: the top left corner of its ink, and how large its pixels are there."""

    stamp: Stamp
    left_mm: float
    top_mm: float
    mm_per_px: float

    @property
    def right_mm(self) -> float:
        """Of its ink."""
        return self.left_mm + self.stamp.width_px * self.mm_per_px

    @property
    def bottom_mm(self) -> float:
        """Of its ink."""
        return self.top_mm + self.stamp.height_px * self.mm_per_px

    @property
    def corners_mm(self) -> Points:
        """Of its ink, clockwise, shape (4, 2)."""
        left, top, right, bottom = self.left_mm, self.top_mm, self.right_mm, self.bottom_mm
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])

    @property
    def to_mm(self) -> Points:
        """Matrix (3, 3) from the stamp's pixels to the sheet."""
        step = self.mm_per_px
        edge = MARGIN_PX - 0.5  # a pixel's centre is a whole number, the ink's edge half a pixel before it
        return np.array(
            [[step, 0.0, self.left_mm - edge * step], [0.0, step, self.top_mm - edge * step], [0.0, 0.0, 1.0]]
        )

    def moved(self, x_mm: float, y_mm: float) -> Placed:
        """The same elsewhere."""
        return replace(self, left_mm=self.left_mm + x_mm, top_mm=self.top_mm + y_mm)


@dataclass(frozen=True, slots=True)
class Style:
    """How somebody sets digits beside each other.

    Attributes:
        height_mm: Of a digit.
        gap: Between neighbours, in heights.
        unevenness: Standard deviation of size, and of the baseline in heights.
        touching: Share of neighbours that touch or overlap, 0..1.
    """

    height_mm: float
    gap: float
    unevenness: float
    touching: float


def lines(
    text: str, style: Style, write: Writer, px_per_mm: float, rng: np.random.Generator
) -> tuple[tuple[Placed, ...], int]:
    """Write lines of groups, in reading order, and count the neighbours that touch.

    Args:
        text: Digits; a blank begins a new group, a line feed a new line.
        style: How.
        write: Who.
        px_per_mm: Of the photograph, for the resolution of the stamps.
        rng: The only source of chance.
    """
    placed: list[Placed] = []
    touching = 0
    top_mm = 0.0
    for line in text.split("\n"):
        left_mm = float(rng.uniform(0.0, 1.5)) * style.height_mm
        for group in line.split(" "):
            digits, count = _group(group, style, write, px_per_mm, rng)
            placed += [digit.moved(left_mm, top_mm) for digit in digits]
            touching += count
            left_mm = placed[-1].right_mm + float(rng.uniform(1.6, 3.0)) * style.height_mm
        top_mm += float(rng.uniform(1.6, 2.3)) * style.height_mm
    return tuple(placed), touching


def _group(
    text: str, style: Style, write: Writer, px_per_mm: float, rng: np.random.Generator
) -> tuple[list[Placed], int]:
    placed: list[Placed] = []
    touching = 0
    for digit in text:
        height_mm = style.height_mm * max(0.7, 1.0 + rng.normal(0.0, style.unevenness))
        stamp = write(digit, max(10.0, height_mm * px_per_mm))
        top_mm = style.height_mm - height_mm + style.height_mm * rng.normal(0.0, style.unevenness)
        here = Placed(stamp, 0.0, top_mm, height_mm / stamp.height_px)
        if placed:
            touch = rng.random() < style.touching
            touching += touch
            here = here.moved(_start_mm(placed[-1], here, style, rng, touch=touch), 0.0)
        placed.append(here)
    return placed, touching


def _start_mm(left: Placed, right: Placed, style: Style, rng: np.random.Generator, *, touch: bool) -> float:
    """Where the right digit begins, so that it stands clear of the left one or touches it."""
    contact_mm = _contact_mm(left, right)
    if touch:
        return contact_mm - float(rng.uniform(0.01, 0.09)) * style.height_mm
    gap_mm = style.gap * style.height_mm * float(rng.uniform(0.8, 1.25))
    # A seven reaches over a four, but never farther than a third of its height.
    clear_mm = contact_mm + max(gap_mm, 0.1 * style.height_mm)
    return max(clear_mm, left.right_mm - 0.33 * style.height_mm) if rng.random() < 0.4 else left.right_mm + gap_mm


def _contact_mm(left: Placed, right: Placed) -> float:
    """Where the right digit would begin if it just touched the left one."""
    top, bottom = min(left.top_mm, right.top_mm), max(left.bottom_mm, right.bottom_mm)
    heights = np.linspace(top, bottom, ROWS)
    ends, begins = _profile(left, heights, last=True), _profile(right, heights, last=False)
    room = ends - begins
    return float(np.nanmax(room)) if np.isfinite(room).any() else left.right_mm


def _profile(placed: Placed, heights_mm: NDArray[np.float64], *, last: bool) -> NDArray[np.float64]:
    """Where ink ends (or begins) at each height, mm from the sheet's left (or from the digit's own); NaN without."""
    stamp = placed.stamp
    ink = stamp.ink[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] >= 128
    edge = stamp.width_px - np.argmax(ink[:, ::-1], axis=1) if last else np.argmax(ink, axis=1)
    edges = np.where(ink.any(axis=1), edge * placed.mm_per_px, np.nan) + (placed.left_mm if last else 0.0)
    rows = np.floor((heights_mm - placed.top_mm) / placed.mm_per_px).astype(int)
    inside = (rows >= 0) & (rows < len(edges))
    return np.where(inside, edges[np.clip(rows, 0, len(edges) - 1)], np.nan)


def extent_mm(marks: Sequence[Placed]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all ink; at least one mark."""
    corners = np.concatenate([mark.corners_mm for mark in marks])
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right, bottom
