"""Ink on paper: what a pen leaves behind along its way.

Ink is laid down by a round tip that moves: slow places and crossings get more of it, pressure widens the line.
Its density is an optical one (Beer and Lambert): light that has met density d is the pen's colour to the power of d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np

from train.scenes.area import Area, Colour, Plane, linear, noise
from train.scenes.strokes import Points, Trace


@dataclass(frozen=True, slots=True)
class Pen:
    """What writes.

    Attributes:
        colour: Of a solid line on white paper.
        width_mm: Of a line at usual pressure.
        density: How solid a line is in its middle; 1.0 gives `colour`.
        flatness: How soon the paper is full: near 0.0 a line is solid in its middle only and crossings add up, at 4.0
            it is even from edge to edge and crossings hardly show.
        yielding: How much pressure widens a line: 0.0 a hard ball, 1.0 a soft tip.
        dryness: Share of a line's ink that is missing in flecks along it, 0..0.5.
        tooth: How much the paper's grain breaks the line up: 0.0 wet ink, 1.0 a pencil.
        bleed_mm: How far ink creeps along fibres.
    """

    colour: Colour
    width_mm: float
    density: float = 1.3
    flatness: float = 2.0
    yielding: float = 0.3
    dryness: float = 0.1
    tooth: float = 0.1
    bleed_mm: float = 0.02


def radii_mm(trace: Trace, pen: Pen) -> Points:
    """Half the width of the line at each sample: shape (N,)."""
    return 0.5 * pen.width_mm * (1.0 + pen.yielding * (trace.pressure - 1.0))


def write(surface: Plane, area: Area, pen: Pen, traces: Sequence[Trace], rng: np.random.Generator) -> None:
    """Write on a surface, shape (H, W, 3), in place; traces lie on the table, samples outside are left out."""
    points = np.concatenate([trace.points_mm for trace in traces])
    part, rows, columns = area.part(points, margin_mm=pen.width_mm + 1.0)
    if not part.width_px or not part.height_px:
        return
    amount = np.zeros(part.shape, np.float32)
    for trace in traces:
        _lay_down(amount, part, pen, trace)
    taken_up = (1.0 - np.exp(-pen.flatness * amount)) / (1.0 - np.exp(-pen.flatness))  # 1.0 in mid-line
    density = _crept(_broken(pen.density * taken_up, part, pen, rng), part, pen, rng)
    surface[rows, columns] *= np.exp(density[..., None] * np.log(linear(pen.colour)))


def _lay_down(amount: Plane, area: Area, pen: Pen, trace: Trace) -> None:
    """Add one trace's ink, in place: its samples by widths, each width spread out by its own disc."""
    radius_px = radii_mm(trace, pen) * area.px_per_mm
    step_px = trace.step_mm * area.px_per_mm
    flow = np.sqrt(trace.pressure) * trace.slowness * step_px / (2.0 * radius_px)  # 1.0 in mid-line
    places = (trace.points_mm - (area.left_mm, area.top_mm)) * area.px_per_mm - 0.5
    level = np.round(np.log(radius_px) / _LEVEL)
    for one in np.unique(level):
        chosen = level == one
        amount += cv2.filter2D(_splat(places[chosen], flow[chosen], area), -1, _disc(float(np.exp(one * _LEVEL))))


_LEVEL = 0.06
"""Widths within six per cent share a disc."""


def _splat(places: Points, amounts: Points, area: Area) -> Plane:
    """Amounts at sub-pixel places, shared out among the four pixels around; places outside are left out."""
    plane = np.zeros(area.shape, np.float64)
    corner = np.floor(places).astype(int)
    part = places - corner
    for x in (0, 1):
        for y in (0, 1):
            column, row = corner[:, 0] + x, corner[:, 1] + y
            share = amounts * np.abs(1 - x - part[:, 0]) * np.abs(1 - y - part[:, 1])
            seen = (column >= 0) & (column < area.width_px) & (row >= 0) & (row < area.height_px)
            np.add.at(plane, (row[seen], column[seen]), share[seen])
    return plane.astype(np.float32)


def _disc(radius_px: float) -> Plane:
    """A disc of value 1.0 with a soft rim one pixel wide: shape (2 r + 3, 2 r + 3)."""
    reach = int(np.ceil(radius_px)) + 1
    way = np.arange(-reach, reach + 1, dtype=np.float32)
    return np.clip(np.float32(radius_px + 0.5) - np.hypot(way[:, None], way[None, :]), 0.0, 1.0)


def _broken(density: Plane, area: Area, pen: Pen, rng: np.random.Generator) -> Plane:
    """Ink with the paper's grain and the pen's dry flecks in it."""
    grain = 0.8 * noise(area, (0.08, 0.08), rng) + 0.6 * noise(area, (0.3, 0.3), rng)
    density = density * np.clip(1.0 + pen.tooth * grain, 0.0, 2.0)
    if pen.dryness > 0.0:
        bare = NormalDist().inv_cdf(1.0 - pen.dryness)
        density *= 1.0 - 0.6 * np.clip(1.5 * (grain - bare), 0.0, 1.0)
    return density


def _crept(density: Plane, area: Area, pen: Pen, rng: np.random.Generator) -> Plane:
    """Ink moved a little along the paper's fibres, so that its edge is not a ruler's."""
    reach = np.float32(pen.bleed_mm * area.px_per_mm)
    columns, rows = np.meshgrid(np.arange(area.width_px, dtype=np.float32), np.arange(area.height_px, dtype=np.float32))
    cells = (0.35, 0.35)
    columns += reach * noise(area, cells, rng)
    rows += reach * noise(area, cells, rng)
    return np.asarray(cv2.remap(density, columns, rows, cv2.INTER_LINEAR), np.float32)
