"""What lies under the camera: a table and a sheet of paper on it, seen straight from above.

Places and surfaces are as in `train.scenes.area`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from train.scenes.area import Area, Colour, Plane, linear, noise
from train.scenes.strokes import Trace


@dataclass(frozen=True, slots=True)
class Table:
    """What the sheet lies on.

    Attributes:
        texture: "wood", "cloth" or "laminate".
        light: Its lighter colour.
        dark: Its darker colour.
    """

    texture: str = "wood"
    light: Colour = (92, 138, 178)
    dark: Colour = (48, 84, 122)


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheet.

    Attributes:
        colour: Of the bare paper.
        size_mm: Width and height.
        place_mm: Where the middle of the writing is, from the sheet's top left corner.
        turn_degrees: How far the sheet is turned on the table, clockwise.
        ruling: "plain", "ruled" or "squared".
        spacing_mm: Between printed lines.
        line_mm: Thickness of a printed line.
        line_colour: Of printed lines.
        grain: Relative standard deviation of the paper's fine tone, about 0.005..0.03.
        waviness: Relative standard deviation of the shading by waves in the sheet, about 0..0.03.
        lift_mm: How far its lower edge stands up from the table: it throws the longer shadow; about 0..8.
    """

    colour: Colour = (232, 238, 240)
    size_mm: tuple[float, float] = (210.0, 297.0)
    place_mm: tuple[float, float] = (100.0, 120.0)
    turn_degrees: float = 0.0
    ruling: str = "plain"
    spacing_mm: float = 8.0
    line_mm: float = 0.22
    line_colour: Colour = (214, 186, 160)
    grain: float = 0.012
    waviness: float = 0.01
    lift_mm: float = 0.6


def on_table(traces: Sequence[Trace], paper: Paper) -> list[Trace]:
    """The traces where they lie once the sheet is turned."""
    angle = np.radians(paper.turn_degrees)
    turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [replace(trace, points_mm=trace.points_mm @ turned) for trace in traces]


def lay_out(area: Area, table: Table, paper: Paper, rng: np.random.Generator) -> Plane:
    """The reflectance of a sheet on a table over an area, shape (H, W, 3)."""
    across, down = _on_sheet(area, paper)
    sheet = _sheet(area, paper, across, down, rng)
    edge_mm = _inside(across, down, paper) + np.float32(0.012) * noise(area, (0.8, 0.8), rng)
    cover = np.clip(0.5 + edge_mm * area.px_per_mm, 0.0, 1.0)[..., None]
    if cover.min() == 1.0:
        return sheet
    ground = _table(area, table, rng) * (1.0 - _cast_shadow(across, down, paper))[..., None]
    return np.asarray(ground + cover * (sheet - ground), np.float32)


def _on_sheet(area: Area, paper: Paper) -> tuple[Plane, Plane]:
    """Every point's way across and down from the sheet's top left corner, mm, shape (H, W) each."""
    angle = np.radians(paper.turn_degrees)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y = area.grid()
    left, top = (np.float32(place) for place in paper.place_mm)
    return x * cos + y * sin + left, y * cos - x * sin + top


def _inside(across: Plane, down: Plane, paper: Paper) -> Plane:
    """Way to the nearest edge of the sheet, mm; negative outside."""
    width, height = (np.float32(size) for size in paper.size_mm)
    return np.minimum(np.minimum(across, width - across), np.minimum(down, height - down))


def _cast_shadow(across: Plane, down: Plane, paper: Paper) -> Plane:
    """Share of the light that the sheet's edge keeps from the table around it."""
    fall = np.clip(down / np.float32(paper.size_mm[1]), 0.0, 1.0) ** 4
    offset = np.float32(0.3) + np.float32(0.5 * paper.lift_mm) * fall
    soft = np.float32(0.5) + np.float32(0.8 * paper.lift_mm) * fall
    outside = -_inside(across - offset, down - offset, paper)
    return np.asarray(0.6 * np.exp(-np.maximum(outside, 0.0) / soft), np.float32)


def _sheet(area: Area, paper: Paper, across: Plane, down: Plane, rng: np.random.Generator) -> Plane:
    """The paper with its grain, its waves and its printed lines; shape (H, W, 3)."""
    fine, middling, coarse = (noise(area, cell_mm, rng) for cell_mm in ((0.09, 0.09), (0.3, 0.22), (1.5, 1.5)))
    grain = 0.5 * fine + 0.6 * middling + 0.4 * coarse
    tone = 1.0 + paper.grain * grain + paper.waviness * noise(area, (45.0, 45.0), rng)
    tone += 0.012 * paper.lift_mm * np.clip(down / np.float32(paper.size_mm[1]), 0.0, 1.0) ** 3
    printed = (_printed(area, paper, across, down) * (1.0 + 0.06 * noise(area, (0.2, 0.2), rng)))[..., None]
    bare = linear(paper.colour)
    return np.asarray(tone[..., None] * (bare + printed * (linear(paper.line_colour) - bare)), np.float32)


def _printed(area: Area, paper: Paper, across: Plane, down: Plane) -> Plane:
    """How much of each point a printed line covers, 0..1."""
    if paper.ruling == "plain":
        return np.zeros(area.shape, np.float32)
    lines = _lines(down, paper, area)
    return np.maximum(lines, _lines(across, paper, area)) if paper.ruling == "squared" else lines


def _lines(way: Plane, paper: Paper, area: Area) -> Plane:
    spacing = np.float32(paper.spacing_mm)
    off = np.abs(np.mod(way, spacing) - 0.5 * spacing)
    return np.asarray(np.clip(0.5 + (np.float32(0.5 * paper.line_mm) - off) * area.px_per_mm, 0.0, 1.0), np.float32)


def _table(area: Area, table: Table, rng: np.random.Generator) -> Plane:
    """The bare table; shape (H, W, 3)."""
    textures = {"wood": _wood, "cloth": _cloth, "laminate": _laminate}
    share = np.clip(textures[table.texture](area, rng), 0.0, 1.0)[..., None]
    dark = linear(table.dark)
    return np.asarray(dark + share * (linear(table.light) - dark), np.float32)


def _wood(area: Area, rng: np.random.Generator) -> Plane:
    """Year rings cut lengthwise, fine fibres and dark pores along x; 1.0 is light."""
    _, y = area.grid()
    bent = y + 9.0 * noise(area, (180.0, 30.0), rng) + 0.5 * noise(area, (30.0, 3.0), rng)
    rings = np.mod(bent / 6.5, 1.0)  # each ring darkens slowly and ends at once
    fibres = noise(area, (25.0, 0.5), rng) + 0.7 * noise(area, (9.0, 0.2), rng)
    pores = np.clip(noise(area, (3.5, 0.14), rng) - 1.3, 0.0, 1.0)
    return np.asarray(0.75 - 0.4 * rings**2 + 0.10 * fibres - 0.5 * pores, np.float32)


def _cloth(area: Area, rng: np.random.Generator) -> Plane:
    """A plain weave of threads half a millimetre wide."""
    x, y = area.grid()
    across = np.sin(2.0 * np.pi * (x + 0.06 * noise(area, (2.0, 6.0), rng)))
    along = np.sin(2.0 * np.pi * (y + 0.06 * noise(area, (6.0, 2.0), rng)))
    return np.asarray(0.5 + 0.25 * across * along + 0.12 * noise(area, (0.3, 0.3), rng), np.float32)


def _laminate(area: Area, rng: np.random.Generator) -> Plane:
    """A smooth board with fine mottling."""
    return np.asarray(0.6 + 0.15 * noise(area, (0.4, 0.4), rng) + 0.04 * noise(area, (60.0, 60.0), rng), np.float32)
