"""Bursts: the same scene several times, as a camera and a hand give it that are not quite still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from train.photographs import chance
from train.photographs.hands import Pool
from train.photographs.optics import Lens
from train.photographs.scene import Scene
from train.photographs.sheet import View
from train.photographs.written import Order, generator, written

FRAMES = 5
"""Of a burst (product.md, "Reading")."""


def burst(pools: Sequence[Pool], seed: tuple[int, ...]) -> tuple[Scene, ...]:
    """Five frames of one scene: a hand that shakes, a focus that hunts, a shadow that passes, light that flickers."""
    rng = generator(seed)
    kind = str(rng.choice(["single", "number", "sheet"], p=[0.4, 0.45, 0.15]))
    scene = replace(written(Order(kind, pools, chance.angles(rng), crops=0.0), seed, rng), kind="burst")
    height_px = float(scene.facts["least_px"])
    drift = rng.normal(0.0, 0.004 * scene.view.width_px, 2)
    shadow = replace(chance.shadow(rng), share=float(rng.uniform(0.4, 0.7))) if rng.random() < 0.5 else None
    begin, way = float(rng.uniform(-0.5, 0.3)), float(rng.uniform(0.1, 0.4))
    frames = []
    for number in range(FRAMES):
        lens = _poor(scene.lens, height_px, rng)
        light = scene.light
        if shadow is not None:
            light = replace(light, shadows=(*light.shadows, replace(shadow, edge=begin + way * number)))
        light = replace(light, brightness=light.brightness * float(rng.uniform(0.9, 1.1)))
        frames.append(replace(scene, view=_shaken(scene.view, drift * number, rng), lens=lens, light=light))
    return tuple(frames)


def _poor(lens: Lens, height_px: float, rng: np.random.Generator) -> Lens:
    """Some frames are moved, some out of focus, by up to a tenth of a digit's height; most are neither."""
    moved = height_px * float(rng.uniform(0.05, 0.3)) if rng.random() < 0.35 else 0.0
    soft = height_px * float(rng.uniform(0.02, 0.09)) if rng.random() < 0.3 else 0.0
    return replace(
        lens,
        motion_px=min(60.0, moved),
        motion_degrees=float(rng.uniform(0.0, 180.0)),
        blur_px=max(lens.blur_px, soft),
        noise=lens.noise * float(rng.uniform(0.8, 1.8)),
    )


def _shaken(view: View, drift: NDArray[np.float64], rng: np.random.Generator) -> View:
    """Moved by the drift and by some pixels, turned by up to half a degree."""
    angle = np.radians(rng.normal(0.0, 0.2))
    x, y = drift + rng.normal(0.0, 0.002 * view.width_px, 2)
    middle = np.array([view.width_px, view.height_px]) / 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    off = middle - turn @ middle + (x, y)
    return replace(view, matrix=np.array([[*turn[0], off[0]], [*turn[1], off[1]], [0.0, 0.0, 1.0]]) @ view.matrix)
