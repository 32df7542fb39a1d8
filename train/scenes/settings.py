"""What a photograph is drawn from, chosen by hand or by chance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from train.scenes.camera import Camera, Light
from train.scenes.desk import Paper, Table
from train.scenes.ink import Pen
from train.scenes.materials import DAYLIGHT, LAMP, PAPERS, PENS, TABLES
from train.scenes.strokes import Hand


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about one photograph except chance.

    Attributes:
        text: What is written, digits and blanks, on one line.
    """

    text: str
    pen: Pen
    hand: Hand = field(default_factory=Hand)
    paper: Paper = field(default_factory=Paper)
    table: Table = field(default_factory=Table)
    light: Light = field(default_factory=Light)
    camera: Camera = field(default_factory=Camera)


def chosen(rng: np.random.Generator) -> Settings:
    """Settings as somebody at home might have them: one digit to five, all of it in the picture."""
    text = "".join(str(digit) for digit in rng.integers(0, 10, rng.choice([1, 1, 1, 2, 3, 4, 5])))
    pen = PENS[rng.integers(len(PENS))]
    hand = _hand(pen, rng)
    width_mm = len(text) * (0.65 * hand.width + hand.gap) * hand.height_mm
    paper = _paper(width_mm, hand.height_mm, rng)
    return Settings(
        text=text,
        pen=replace(pen, density=pen.density * rng.uniform(0.8, 1.2)),
        hand=hand,
        paper=paper,
        table=TABLES[rng.integers(len(TABLES))],
        light=_light(rng),
        camera=_camera(width_mm, hand.height_mm, rng),
    )


def _hand(pen: Pen, rng: np.random.Generator) -> Hand:
    return Hand(
        height_mm=pen.width_mm / rng.uniform(0.045, 0.1),  # as in photographs: a broad pen writes large
        width=rng.uniform(0.8, 1.25),
        slant_degrees=rng.uniform(-5.0, 18.0),
        gap=rng.uniform(0.25, 0.6),
        wobble=rng.uniform(0.008, 0.025),
    )


def _paper(width_mm: float, height_mm: float, rng: np.random.Generator) -> Paper:
    ruling = str(rng.choice(["plain", "ruled", "squared"], p=[0.5, 0.3, 0.2]))
    margin = 0.6 * np.array([width_mm, height_mm]) + 8.0
    left, top = margin + rng.uniform(0.0, 60.0, 2)
    return Paper(
        colour=PAPERS[rng.integers(len(PAPERS))],
        size_mm=(left + margin[0] + rng.uniform(0.0, 90.0), top + margin[1] + rng.uniform(0.0, 90.0)),
        place_mm=(left, top),
        turn_degrees=rng.uniform(-12.0, 12.0),
        ruling=ruling,
        spacing_mm=5.0 if ruling == "squared" else rng.uniform(7.0, 9.0),
        grain=rng.uniform(0.008, 0.02),
        waviness=rng.uniform(0.0, 0.02),
        lift_mm=rng.uniform(0.2, 4.0),
    )


def _light(rng: np.random.Generator) -> Light:
    lamp_from = rng.uniform(0.0, 2.0 * np.pi)
    return Light(
        lamp_mm=(300.0 * np.cos(lamp_from), 300.0 * np.sin(lamp_from), rng.uniform(250.0, 450.0)),
        lamp_share=rng.uniform(0.3, 0.85),
        colour=(DAYLIGHT, LAMP)[rng.integers(2)],
        shadow=float(rng.choice([0.0, rng.uniform(0.1, 0.4)])),
        shadow_degrees=rng.uniform(0.0, 360.0),
        shadow_mm=rng.uniform(-20.0, 60.0),
        shadow_soft_mm=rng.uniform(8.0, 30.0),
    )


def _camera(width_mm: float, height_mm: float, rng: np.random.Generator) -> Camera:
    """Near enough that a digit takes a sixth to a half of the height, far enough that the line fits twice over."""
    camera = Camera()
    aspect = camera.width_px / camera.height_px
    across_mm = max(height_mm / rng.uniform(1 / 6, 1 / 2) * aspect, 1.5 * width_mm)
    spare = 0.4 * np.array([across_mm - 1.3 * width_mm, across_mm / aspect - 1.5 * height_mm])
    aim_x, aim_y = 0.5 * rng.uniform(-spare, spare)
    return replace(
        camera,
        across_mm=across_mm,
        aim_mm=(float(aim_x), float(aim_y)),
        turn_degrees=rng.uniform(-8.0, 8.0),
        tilt_degrees=rng.uniform(-5.0, 16.0),
        pan_degrees=rng.uniform(-8.0, 8.0),
        exposure=rng.uniform(0.5, 0.8),
        vignetting=rng.uniform(0.05, 0.3),
        blur_px=rng.uniform(0.7, 1.6),
        photons=rng.uniform(1500.0, 6000.0),
    )
