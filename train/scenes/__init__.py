"""The synthetic photographer: draws handwritten digits on paper and photographs them, with labels and exact boxes.

A scene is drawn from settings, all in millimetres and degrees, and a seeded generator: skeletons bent by a hand
(`strokes`), ink on a sheet on a table (`ink`, `desk`), light, lens and sensor (`camera`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.domain import Box, Pixels
from train.output import write_bytes
from train.scenes import ink, strokes
from train.scenes.bundled import BUNDLED
from train.scenes.camera import Camera, jpeg, lit, photograph
from train.scenes.desk import lay_out, on_table
from train.scenes.settings import Settings
from train.scenes.strokes import Trace

STEP_MM = 0.05
"""Distance between samples along a stroke: less than a tenth of the thinnest line."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A photograph and the truth about it.

    Attributes:
        pixels: BGR, uint8, shape (H, W, 3), before JPEG.
        label: The digits in reading order, without blanks.
        boxes: One per digit: the smallest that holds all its ink, as the lens sees it and before its blur.
    """

    pixels: Pixels
    label: str
    boxes: tuple[Box, ...]


def draw(settings: Settings, rng: np.random.Generator) -> Scene:
    """Write, light and photograph; the same settings and a generator in the same state give the same picture."""
    traces = on_table(strokes.write(settings.text, settings.hand, rng, step_mm=STEP_MM), settings.paper)
    area = settings.camera.sees()
    surface = lay_out(area, settings.table, settings.paper, rng)
    ink.write(surface, area, settings.pen, traces, rng)
    pixels = photograph(lit(surface, area, settings.light, rng), area, settings.camera, rng)
    boxes = tuple(_box(trace, settings.pen, settings.camera) for trace in traces)
    return Scene(pixels, "".join(trace.digit for trace in traces), boxes)


def _box(trace: Trace, pen: ink.Pen, camera: Camera) -> Box:
    """Around the round tip's outline at every sample."""
    around = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    rim = np.stack([np.cos(around), np.sin(around)], axis=1)
    outline = trace.points_mm[:, None, :] + ink.radii_mm(trace, pen)[:, None, None] * rim
    places = camera.pixels_of(outline.reshape(-1, 2)) + 0.5
    left, top = np.floor(places.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(places.max(axis=0)).astype(int).tolist()
    return Box(left, top, right - left, bottom - top)


def write_bundled(out: Path, bundled: Sequence[tuple[int, Settings]] = BUNDLED) -> list[Path]:
    """Write the bundled pictures, named by their order and what they show: 01-7.jpg, 03-42.jpg, ...

    Raises:
        OutputError: The folder cannot be written.
    """
    paths = []
    for number, (seed, settings) in enumerate(bundled, start=1):
        scene = draw(settings, np.random.default_rng(seed))
        paths.append(out / f"{number:02}-{scene.label}.jpg")
        write_bytes(paths[-1], jpeg(scene.pixels, settings.camera.jpeg_quality))
    return paths
