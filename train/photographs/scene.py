"""A scene, and the photograph of it with the truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from device.domain import Advice, Box, Pixels
from train.photographs import sheet as sheets
from train.photographs.layout import Placed
from train.photographs.optics import Finger, Lens, Light, lay_finger, lit, taken
from train.photographs.sheet import Pen, Sheet, View


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything about one photograph except the grain of its materials, which a seed gives.

    Attributes:
        kind: "single", "number", "sheet", ...; see `train.photographs.files.KINDS`.
        label: The digits in reading order, groups separated by one blank; "" where there is nothing to read.
        marks: What is written, the label's digits first and in its order.
        seed: Of the materials; frames of one burst share it.
        facts: What a table is broken down by.
        advice: What the box should say first, for a picture spoilt on purpose.
    """

    kind: str
    label: str
    sheet: Sheet
    pen: Pen
    marks: tuple[Placed, ...]
    view: View
    light: Light
    lens: Lens
    seed: tuple[int, ...]
    fingers: tuple[Finger, ...] = ()
    facts: Mapping[str, str | float] = field(default_factory=dict)
    advice: Advice | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """A photograph and the truth about it.

    Attributes:
        pixels: BGR, uint8, shape (H, W, 3), before JPEG.
        boxes: One for each digit of the label: the smallest that holds its ink, as far as it is in the picture, before
            the lens's blur; None for one that is outside.
    """

    pixels: Pixels
    scene: Scene
    boxes: tuple[Box | None, ...]


def photograph(scene: Scene, rng: np.random.Generator | None = None) -> Photograph:
    """Take a picture of a scene.

    Args:
        scene: Of what.
        rng: Of the noise and of what bends the shadows; another for each frame of a burst. None: the scene's seed.
    """
    materials, moment = (np.random.default_rng((*scene.seed, part)) for part in (0, 1))
    moment = moment if rng is None else rng
    picture, _ = sheets.bare(scene.sheet, scene.view, materials)
    boxes = sheets.write(picture, scene.marks, scene.pen, scene.view, materials)
    for finger in scene.fingers:
        lay_finger(picture, finger)
    seen = lit(picture, scene.light, scene.lens, scene.view, moment)
    digits = len(scene.label.replace(" ", ""))
    return Photograph(taken(seen, scene.light, scene.lens, moment), scene, boxes[:digits])
