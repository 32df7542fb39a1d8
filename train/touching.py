"""Touching digits, taken apart at every place that the device would try: right parts are digits, wrong ones are not.

Which of several ways to cut is right is decided by the network's own scores (`device.split`), so it must have seen what
a wrong cut leaves. Here, unlike in a photograph, it is known to the pixel whose ink is whose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import mnist_layout
from device.split import WORK_PX, Lattice, lattice
from train.data import DigitSet
from train.views import NOT_A_DIGIT

NAME = "touching digits, taken apart"

SCALE = 4
"""Digits are enlarged so much before they are put together: strokes are then cut as finely as in a photograph."""

LENGTHS, LENGTH_SHARES = (2, 3, 4), (0.65, 0.25, 0.1)
"""Digits in a row, and how often so many."""

HEIGHTS = (0.82, 1.15)
"""Range of a digit's size, as a share of its own."""

LIFT = 0.08
"""Standard deviation of a digit's height on the line, as a share of the canvas."""

OVERLAP_PX = (-1.0, 9.0)
"""Range of how far a digit reaches into the one before it, at the enlarged size; below 0 they almost touch."""

WHOLE, FOREIGN = 0.88, 0.1
"""A part is a digit when it has at least this share of its ink, and at most this share of its own ink is others'."""

FRAGMENT = (0.3, 0.7)
"""A part with this share of one digit's ink, and none of another's, is a piece of it."""

STROKE = 0.4
"""A piece narrower than this share of its height may look just like a 1, and is left out."""

MIXED = 0.25
"""A part of whose ink at least this share is another digit's is no digit."""

WRONG_PER_DIGIT = 0.6
"""Wrong parts are as many as the digits in a row times this; which of them is left to chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Some digits that touch.

    Attributes:
        inks: Of each digit on the common canvas, uint8, shape (n, h, w).
        labels: What they are.
    """

    inks: Pixels
    labels: tuple[int, ...]


def touching_parts(sets: Sequence[DigitSet], count: int, seed: int) -> DigitSet:
    """Parts of touching digits in the layout of the model's input.

    Args:
        sets: Whose handwriting is put together; digits of one set stand beside each other, for they look alike.
        count: Rows of digits that are taken apart.
        seed: The only source of chance.
    """
    rng = np.random.default_rng((seed, count))
    sizes = np.array([len(digits) for digits in sets], np.float64)
    found: list[tuple[Pixels, int]] = []
    for _ in range(count):
        digits = sets[int(rng.choice(len(sets), p=sizes / sizes.sum()))]
        found += parts_of(touching_row(digits, rng), rng)
    pictures = [picture for picture, _ in found]
    labels = np.array([label for _, label in found], np.uint8)
    return DigitSet(NAME, np.stack(pictures) if pictures else np.empty((0, 28, 28), np.uint8), labels)


def touching_row(digits: DigitSet, rng: np.random.Generator) -> Row:
    """Some digits side by side, each pushed into the one before it."""
    length = int(rng.choice(LENGTHS, p=LENGTH_SHARES))
    rows = rng.integers(len(digits), size=length)
    height = round(28 * SCALE * 1.6)
    inks: list[Pixels] = []
    joined = np.zeros((height, length * 40 * SCALE), np.uint8)
    for row in rows:
        digit = _enlarged(digits.model_inputs[row], float(rng.uniform(*HEIGHTS)))
        y = round((height - digit.shape[0]) / 2 + float(np.clip(rng.normal(0.0, LIFT), -0.15, 0.15)) * 28 * SCALE)
        x = _place(joined[y : y + digit.shape[0]], digit, float(rng.uniform(*OVERLAP_PX))) if inks else 0
        own = np.zeros_like(joined)
        own[y : y + digit.shape[0], x : x + digit.shape[1]] = digit
        inks.append(own)
        joined = np.maximum(joined, own)
    x, y, width, tall = cv2.boundingRect((joined >= 128).view(np.uint8))
    return Row(np.stack(inks)[:, y : y + tall, x : x + width], tuple(int(digits.labels[row]) for row in rows))


def parts_of(row: Row, rng: np.random.Generator) -> list[tuple[Pixels, int]]:
    """What the device would try as digits of a row, with what it is: 0..9, or 10 for more or less than one digit."""
    ink = row.inks.max(axis=0)
    proposed = lattice(ink)
    size = (int(proposed.cuts[-1][0]), WORK_PX)
    inks = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in row.inks]).astype(np.float64)
    meant = list(_meant(proposed, inks))
    # Cuts near to each other leave much the same: one of it is enough.
    alike = [[part for part in meant if part.digit == number] for number in range(len(row.labels))]
    digits = [parts[int(rng.integers(len(parts)))] for parts in alike if parts]
    wrong = [part for part in meant if part.digit is None]
    most = round(WRONG_PER_DIGIT * len(row.labels))
    chosen = [*digits, *(wrong[number] for number in rng.permutation(len(wrong))[:most])]
    return [(mnist_layout(part.ink), NOT_A_DIGIT if part.digit is None else row.labels[part.digit]) for part in chosen]


@dataclass(frozen=True, slots=True, eq=False)
class _Meant:
    """A part, and which of the row's digits it is; None for none."""

    ink: Pixels
    digit: int | None


def _meant(proposed: Lattice, inks: NDArray[np.float64]) -> Iterator[_Meant]:
    """The parts of which it is clear what they are."""
    totals = inks.sum(axis=(1, 2))
    columns = np.arange(inks.shape[2])
    for part in proposed.parts:
        left, right = proposed.cuts[part.begin][:, None], proposed.cuts[part.end][:, None]
        own = (inks * ((columns >= left) & (columns < right))).sum(axis=(1, 2))
        main = int(own.argmax())
        share = own[main] / max(1.0, totals[main])  # of the digit's ink, what the part has
        foreign = 1.0 - own[main] / max(1.0, float(own.sum()))  # of the part's ink, what is others'
        is_piece = FRAGMENT[0] <= share <= FRAGMENT[1] and part.ink.shape[1] >= STROKE * part.ink.shape[0]
        if share >= WHOLE and foreign <= FOREIGN:
            yield _Meant(part.ink, main)
        elif foreign >= MIXED or (is_piece and foreign <= FOREIGN):
            yield _Meant(part.ink, None)


def _enlarged(picture: Pixels, factor: float) -> Pixels:
    """A digit at the enlarged size, cropped to its ink; its edge stays where it was."""
    large = cv2.resize(picture, None, fx=SCALE * factor, fy=SCALE * factor, interpolation=cv2.INTER_CUBIC)
    x, y, width, height = cv2.boundingRect((large >= 128).view(np.uint8))
    return np.asarray(large[y : y + max(1, height), x : x + max(1, width)], np.uint8)


def _place(before: Pixels, digit: Pixels, overlap: float) -> int:
    """The column at which a digit reaches that far into what stands before it, where both have ink in a row."""
    width = before.shape[1]
    is_ink, is_new = before >= 128, digit >= 128
    ends = np.where(is_ink.any(axis=1), width - is_ink[:, ::-1].argmax(axis=1), -width)
    begins = np.where(is_new.any(axis=1), is_new.argmax(axis=1), 2 * width)
    furthest = int((ends - begins).max())
    if furthest < 0:  # no row has ink of both
        furthest = int(ends.max())
    return min(max(0, round(furthest - overlap)), width - digit.shape[1])
