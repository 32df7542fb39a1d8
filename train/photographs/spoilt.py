"""Scenes that could be read, spoilt in one known way each, and the advice that each asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from device.domain import Advice
from train.photographs import chance
from train.photographs.chance import Wanted
from train.photographs.hands import Pool
from train.photographs.layout import Placed, extent_mm
from train.photographs.optics import Glare
from train.photographs.scene import Scene
from train.photographs.sheet import Ruling
from train.photographs.written import Order, generator, written

LIGHT_GROUND = 420
"""Sum of the three colours above which a ground is lighter than its ink: boards and black paper stay under 210."""


def spoilt(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
    """A digit or a number that could be read, spoilt in one known way: one of `SPOILS`."""
    rng = generator(seed)
    kind = "single" if rng.random() < 0.5 else "number"
    names = list(SPOILS)
    name = names[rng.integers(len(names))]
    at = chance.angles(rng, most_turn=8.0, most_tilt=15.0)
    scene = written(Order(kind, pools, at, crops=0.0), seed, rng)
    while name in _ENDS and not _is_wide(scene, _ENDS[name]):
        scene = written(Order(kind, pools, at, crops=0.0), seed, rng)
    bright = replace(scene.light, glare=(), brightness=max(0.55, scene.light.brightness))
    scene = replace(scene, fingers=(), light=bright)
    advice, spoil = SPOILS[name]
    spoiled = spoil(scene, rng)
    return replace(spoiled, kind="spoilt", advice=advice, facts={**spoiled.facts, "spoilt": name})


def _dark(scene: Scene, rng: np.random.Generator) -> Scene:
    """A room in which paper is as dark as ink is else: its grey level stays under 60."""
    level = float(rng.uniform(30.0, 55.0)) / max(240.0, *scene.sheet.colour)
    light = replace(scene.light, brightness=level**2.2, lamp_share=min(0.5, scene.light.lamp_share), shadows=())
    lens = replace(scene.lens, lift=0.0, noise=float(rng.uniform(2.0, 5.0)))
    return replace(_dark_on_light(scene), light=light, lens=lens)


def _covered(scene: Scene, rng: np.random.Generator) -> Scene:
    """A hand or a lid on the lens: hardly any light, and nothing sharp."""
    lens = replace(scene.lens, lift=0.0, blur_px=30.0, noise=float(rng.uniform(0.5, 2.5)), sharpening=0.0)
    return replace(scene, light=replace(scene.light, brightness=float(rng.uniform(0.0, 0.002)), shadows=()), lens=lens)


def _overexposed(scene: Scene, rng: np.random.Generator) -> Scene:
    """Exposed until the ink is nearly as white as its paper."""
    light = replace(scene.light, brightness=0.9, lamp_share=0.2, shadows=())
    lens = replace(scene.lens, gain=float(rng.uniform(2.2, 4.5)), lift=40.0)
    return replace(_dark_on_light(scene), light=light, lens=lens)


def _glare(scene: Scene, rng: np.random.Generator) -> Scene:
    """A lamp's reflection over the whole of the writing."""
    left, top, right, bottom = chance.extent_px(_digits(scene), scene.view)
    width = scene.view.width_px
    glare = Glare(
        x=(left + right) / 2.0 / width - 0.5,
        y=((top + bottom) / 2.0 - scene.view.height_px / 2.0) / width,
        radius=max(0.7 * (bottom - top) / width, 0.2),
        strength=float(rng.uniform(600.0, 1200.0)),
        stretch=max(1.0, 0.8 * (right - left) / max(1.0, bottom - top)),
    )
    return replace(_dark_on_light(scene), light=replace(scene.light, glare=(glare,)))


def _dark_on_light(scene: Scene) -> Scene:
    """The same on white paper: chalk on a board stays readable whatever light falls on it."""
    if sum(scene.sheet.colour) > LIGHT_GROUND:
        return scene
    colour = chance.GROUNDS[0].colours[0]
    return replace(scene, sheet=replace(scene.sheet, colour=colour, smear=0.0), pen=chance.PENS["black gel"])


def _blurred(scene: Scene, rng: np.random.Generator) -> Scene:
    """Out of focus by an eighth to a fifth of a digit's height, or moved by a half to the whole of it."""
    height_px = float(scene.facts["least_px"])
    if rng.random() < 0.6:
        lens = replace(scene.lens, blur_px=height_px * float(rng.uniform(0.13, 0.2)), sharpening=0.2)
    else:
        motion = min(250.0, height_px * float(rng.uniform(0.6, 1.0)))
        lens = replace(scene.lens, motion_px=motion, motion_degrees=float(rng.uniform(0.0, 180.0)), sharpening=0.2)
    return replace(scene, lens=lens)


def _cut(side: str) -> Callable[[Scene, np.random.Generator], Scene]:
    def cut(scene: Scene, rng: np.random.Generator) -> Scene:
        """Moved until the picture's edge takes a quarter to a half of the outermost digit."""
        digits = _digits(scene)
        at = {"left": digits[0], "right": digits[-1]}.get(side)
        left, top, right, bottom = chance.extent_px(digits if at is None else (at,), scene.view)
        share = float(rng.uniform(0.25, 0.5))
        x = {"left": -left - share * (right - left),
             "right": scene.view.width_px - right + share * (right - left)}.get(side, 0.0)  # fmt: skip
        y = {"top": -top - share * (bottom - top),
             "bottom": scene.view.height_px - bottom + share * (bottom - top)}.get(side, 0.0)  # fmt: skip
        shift = np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
        return replace(scene, view=replace(scene.view, matrix=shift @ scene.view.matrix), marks=digits)

    return cut


def _far(scene: Scene, rng: np.random.Generator) -> Scene:
    """From so far away that a digit is seven to ten pixels high."""
    scene = replace(_dark_on_light(scene), pen=chance.PENS["black gel"])  # a pencil's line would be gone altogether
    digits = _digits(scene)
    height_mm = max(mark.bottom_mm - mark.top_mm for mark in digits)
    content = np.concatenate([mark.corners_mm for mark in digits])
    size = (scene.view.width_px, scene.view.height_px)
    at = chance.angles(rng, most_turn=8.0, most_tilt=12.0)
    wanted = Wanted(size, float(rng.uniform(7.0, 10.0)) / height_mm, 0.15 * min(size))
    view = chance.view(content, wanted, at, rng)
    lens = replace(scene.lens, blur_px=0.5, noise=min(2.0, scene.lens.noise))
    low, high = view.visible_mm().min(axis=0), view.visible_mm().max(axis=0)
    room = rng.uniform(0.1, 0.6, 4) * np.tile(high - low, 2)
    left, top, right, bottom = extent_mm(digits)
    sheet = replace(scene.sheet, ruling=Ruling(), left_mm=left - room[0], top_mm=top - room[1],
                    right_mm=right + room[2], bottom_mm=bottom + room[3])  # fmt: skip
    return replace(scene, view=view, lens=lens, sheet=sheet)


def _digits(scene: Scene) -> tuple[Placed, ...]:
    return scene.marks[: len(scene.label.replace(" ", ""))]


SPOILS: dict[str, tuple[Advice, Callable[[Scene, np.random.Generator], Scene]]] = {
    "dark": (Advice.TOO_DARK, _dark),
    "covered": (Advice.COVERED, _covered),
    "overexposed": (Advice.TOO_BRIGHT, _overexposed),
    "glare": (Advice.TOO_BRIGHT, _glare),
    "blurred": (Advice.BLURRED, _blurred),
    "cut off left": (Advice.CUT_OFF_LEFT, _cut("left")),
    "cut off right": (Advice.CUT_OFF_RIGHT, _cut("right")),
    "cut off top": (Advice.CUT_OFF_TOP, _cut("top")),
    "cut off bottom": (Advice.CUT_OFF_BOTTOM, _cut("bottom")),
    "too small": (Advice.TOO_SMALL, _far),
}
"""Name -> what the box should say first, and how it is done."""

_ENDS = {"cut off left": 0, "cut off right": -1}
"""Which digit is cut off sideways. Half of an upright stroke's width is still an upright stroke: no 1 is taken."""


def _is_wide(scene: Scene, end: int) -> bool:
    stamp = _digits(scene)[end].stamp
    return stamp.width_px > 0.4 * stamp.height_px
