"""Who writes: people whose digits a data set holds, or a hand drawn by chance.

What a network learned from must not be what it is measured on, so each part of a set is a pool of its own:
"training" to learn from, "tuning" and "held out" to choose by and to measure on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.data import DigitSet
from train.photographs.stamps import SPECK, Stamp, enlarged, traced
from train.scenes import strokes
from train.sets import Bhmsds, HandwritingSet, Mnist, Parts, UnipenDigits
from train.settings import Settings

Writer = Callable[[str, float], Stamp]
"""Writes one digit: what it is, and its height in pixels, about."""

STEP_MM = 0.1
"""Between samples of a drawn stroke whose digit is 10 mm high."""

DRAWN_SHARE = 0.3
"""Share of scenes in a drawn hand where there are sets; their forms are few, so that people write more."""

LEAST_INK = 25
"""A set's picture with fewer pixels of ink than this shows nothing."""


class Part(Enum):
    """Which digits of a set may be used."""

    TRAINING = "training"
    TUNING = "tuning"
    HELD_OUT = "held out"


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Digits of one set.

    Attributes:
        name: Of the set.
        pictures: White ink on black, uint8, shape (n, 28, 28).
        rows: Which of them show each digit, "0" to "9" in order.
        stretched: The set brought every digit to a square, so that its proportions must be guessed.
    """

    name: str
    pictures: Pixels
    rows: tuple[NDArray[np.intp], ...]
    stretched: bool = False


def pools(data: Path, part: Part) -> tuple[Pool, ...]:
    """The pools of the sets that lie in the data folder.

    MNIST and UNIPEN were divided by their authors: the held-out scenes are written with their test parts, the tuning
    scenes with the validation parts. bhmsds has no test part: its validation part is shared out, every other digit.

    Raises:
        DataError: A set is damaged, or the folder cannot be read.
    """
    sets: tuple[HandwritingSet, ...] = (Mnist(), Bhmsds(), UnipenDigits())
    found = (entry.read(data, Settings()) for entry in sets if entry.is_in(data))
    return tuple(_pool(_chosen(parts, part)) for parts in found)


def _chosen(parts: Parts, part: Part) -> DigitSet:
    if part is Part.TRAINING and parts.training is not None:
        return parts.training
    if parts.test is not None and part is Part.HELD_OUT:
        return parts.test
    digits = parts.whole if parts.validation is None else parts.validation
    if parts.test is not None:
        return digits
    begin = 1 if part is Part.HELD_OUT else 0
    return digits.part(digits.name, np.arange(begin, len(digits), 2, dtype=np.intp))


def _pool(digits: DigitSet) -> Pool:
    inked = (digits.model_inputs > SPECK).sum(axis=(1, 2)) >= LEAST_INK
    rows = tuple(np.flatnonzero((digits.labels == digit) & inked) for digit in range(10))
    return Pool(digits.set_name, digits.model_inputs, rows, stretched=digits.set_name == Bhmsds.name)


def writer(choice: Sequence[Pool], boldness: float, rng: np.random.Generator) -> tuple[str, Writer]:
    """Somebody, and the name of the set they are from ("drawn" when of none).

    Args:
        choice: The pools; may be empty.
        boldness: How broad the pen is, 0.0 fine to 1.0 broad.
        rng: The only source of chance, now and at every digit written.
    """
    if not choice or rng.random() < DRAWN_SHARE:
        return "drawn", _drawn(boldness, rng)
    # MNIST holds the most hands by far, UNIPEN the most countries.
    weights = np.array([len(pool.pictures) ** 0.5 for pool in choice])
    pool = choice[rng.choice(len(choice), p=weights / weights.sum())]
    return pool.name, _of_set(pool, boldness, rng)


def _of_set(pool: Pool, boldness: float, rng: np.random.Generator) -> Writer:
    width = float(rng.uniform(0.9, 1.15))
    stroke = 0.05 + 0.09 * boldness

    def write(digit: str, height_px: float) -> Stamp:
        picture = pool.pictures[rng.choice(pool.rows[int(digit)])]
        proportion = width
        if pool.stretched:
            proportion *= float(rng.uniform(0.3, 0.6) if digit == "1" else rng.uniform(0.55, 0.85))
        return enlarged(picture, digit, height_px=height_px, stroke=stroke, width=proportion)

    return write


def _drawn(boldness: float, rng: np.random.Generator) -> Writer:
    hand = strokes.Hand(
        height_mm=10.0,
        forms=tuple(str(rng.choice(list(forms))) for forms in strokes.ALLOGRAPHS.values()),
        width=float(rng.uniform(0.8, 1.25)),
        slant_degrees=float(rng.uniform(-6.0, 20.0)),
        wobble=float(rng.uniform(0.008, 0.03)),
        tremor=float(rng.uniform(0.001, 0.006)),
    )
    width_mm = 0.45 + 0.75 * boldness

    def write(digit: str, height_px: float) -> Stamp:
        (trace,) = strokes.write(digit, hand, rng, step_mm=STEP_MM)
        return traced(trace, height_px=height_px, width_mm=width_mm)

    return write
