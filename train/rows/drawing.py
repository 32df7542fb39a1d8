"""Rows of digits that touch, as one piece of ink: what the row reader learns from, and is measured on.

Digits of one set are pushed into each other, tied by a stroke, or stand so close that a camera joins them; then the
whole row is written by another hand, photographed and cut out. A row without a digit (letters, scribbles) says nothing,
nor does one that lies on its side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import row_layout
from train.data import DigitSet
from train.forms import other_form
from train.negatives import CANVAS_PX, scrawls
from train.sets import Bhmsds, Mnist

DIGIT_PX = 72
"""Height at which digits are put together."""

LENGTHS, LENGTH_SHARES = (0, 1, 2, 3, 4, 5, 6), (0.1, 0.24, 0.33, 0.17, 0.1, 0.04, 0.02)
"""Digits in a row, and how often so many."""

LYING_SHARE = 0.35
"""Of the rows that say nothing, those that are digits on their side."""

UPRIGHT_ONLY = (2, 3, 4, 5, 6, 7, 9)
"""Digits that are none on their side; a zero may be a zero, a one is a stroke, an eight two zeros."""

OTHER_FORM_SHARE = 0.2
"""Of MNIST's digits, those in a form that its writers seldom use: flagged ones, barred sevens."""

HEIGHT_SPREAD, LIFT_SPREAD = 0.1, 0.07
"""Standard deviations of a digit's height, and of its place above the line, as shares of the height."""

OVERLAP = (-0.04, 0.11)
"""Range of how far a digit reaches into the one before it, as a share of the height; below 0 only a blur joins them."""

TIE_SHARE, TIE_GAP = 0.15, (0.03, 0.25)
"""How often a stroke ties two digits that stand apart, and how far apart, as a share of the height."""

SQUARE_WIDTHS = {True: (0.22, 0.7), False: (0.5, 0.85)}
"""Range of the widths given back to digits whose set made them square, of ones, flagged or not, and of others."""

TURN_DEGREES, SLANT, STRETCH, WOBBLE = 4.0, 0.18, 1.2, 0.035
"""Standard deviations of turn and slant (dx per dy), greatest change of proportions, and standard deviation of the
elastic displacement at its grid points as a share of the height."""

PEN = (-0.035, 0.05)
"""Range of the change of the strokes' width, as a share of the height."""

SEEN_PX = (13, 80)
"""Range of the height of a row in the photograph that it is cut from, drawn on a scale of ratios."""

LENS_PX = (0.3, 1.1)
"""Range of the blur's standard deviation there."""

EDGE_GAIN = (1.0, 2.5)
"""Range of the steepness that the finder gives to edges."""

GAP_SHARE, GAP_PX = 0.06, (2, 6)
"""How often a spot is covered, and its side at DIGIT_PX."""

GRAIN_SHARE = 0.1
"""How often strokes have the grain of pencil on paper."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows and what they say.

    Attributes:
        pictures: As `row_layout` makes them, uint8, shape (32, w) each; w differs.
        labels: Digits of each from left to right; empty for none.
    """

    pictures: tuple[Pixels, ...]
    labels: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.labels)


def drawn_rows(sets: Sequence[DigitSet], count: int, seed: tuple[int, ...]) -> Rows:
    """Rows in the hands of some sets, each as likely as the others.

    Args:
        sets: Digits labelled 0..9.
        count: How many rows.
        seed: The only source of chance.
    """
    rng = np.random.default_rng(seed)
    pictures: list[Pixels] = []
    labels: list[tuple[int, ...]] = []
    while len(labels) < count:
        digits = sets[int(rng.integers(len(sets)))]
        length = int(rng.choice(LENGTHS, p=LENGTH_SHARES))
        rows = rng.integers(len(digits), size=length)
        ink = written(digits, rows, rng) if length else _nothing(digits, rng)
        pictures.append(row_layout(seen(changed(ink, rng), rng)))
        labels.append(tuple(int(label) for label in digits.labels[rows]))
    return Rows(tuple(pictures), tuple(labels))


def written(digits: DigitSet, rows: NDArray[np.int64], rng: np.random.Generator) -> Pixels:
    """Digits of a set beside each other, joined: uint8, cropped."""
    is_square = digits.set_name == Bhmsds.name
    other_forms = OTHER_FORM_SHARE if digits.set_name == Mnist.name else 0.0
    row = np.zeros((2 * DIGIT_PX, 2 * DIGIT_PX * len(rows)), np.uint8)
    end = 0
    for index in rows:
        picture, label = digits.model_inputs[index], int(digits.labels[index])
        picture = other_form(picture, label, rng) if rng.random() < other_forms else picture
        digit = _enlarged(picture, is_square, label == 1, rng)
        height, width = digit.shape
        lift = float(np.clip(rng.normal(0.0, LIFT_SPREAD), -0.2, 0.2)) * DIGIT_PX
        top = int(np.clip(round((len(row) - height) / 2 + lift), 0, len(row) - height))
        rows_of_both = row[top : top + height]
        ties = end > 0 and rng.random() < TIE_SHARE
        reach = -rng.uniform(*TIE_GAP) if ties else rng.uniform(*OVERLAP)
        x = _contact(rows_of_both, digit, end) - round(reach * DIGIT_PX) if end else 0
        x = min(max(0, x), row.shape[1] - width)
        if ties:
            _tie(row, digit, (x, top), end, rng)
        place = row[top : top + height, x : x + width]
        np.maximum(place, digit, out=place)
        end = max(end, x + width)
    return _cropped(row)


def changed(ink: Pixels, rng: np.random.Generator) -> Pixels:
    """The same row by another hand with another pen, cropped."""
    height, width = ink.shape
    room = height // 2
    size = (width + 2 * room, height + 2 * room)
    turn = np.deg2rad(TURN_DEGREES) * np.clip(rng.standard_normal(), -2.5, 2.5)
    stretch = STRETCH ** rng.uniform(-1.0, 1.0)
    hand = np.array([[stretch, SLANT * rng.standard_normal()], [0.0, 1.0]])
    hand = hand @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    places = np.stack([x - size[0] / 2, y - size[1] / 2], axis=-1) @ hand.T.astype(np.float32)
    points = (4, max(4, round(4 * size[0] / size[1])), 2)
    wobble = WOBBLE * height * rng.standard_normal(points, np.float32)
    places += cv2.resize(wobble, size, interpolation=cv2.INTER_CUBIC) + np.array([width / 2, height / 2], np.float32)
    moved = cv2.remap(ink, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    moved = _with_pen(np.asarray(moved, np.uint8), rng).copy()
    if rng.random() < GAP_SHARE:
        side = int(rng.integers(*GAP_PX))
        top, left = (int(rng.integers(0, max(1, length - side))) for length in moved.shape)
        moved[top : top + side, left : left + side] = 0
    if rng.random() < GRAIN_SHARE:
        grain = cv2.GaussianBlur(rng.random(moved.shape, np.float32), (0, 0), 1.0)
        moved[grain < np.quantile(grain, rng.uniform(0.05, 0.35))] //= 3
    return _cropped(moved)


def seen(ink: Pixels, rng: np.random.Generator) -> Pixels:
    """The row as the finder cuts it from a photograph: at its size there, its edges at 128."""
    height = float(np.exp(rng.uniform(*np.log(SEEN_PX))))
    factor = height / len(ink)
    size = (max(3, round(ink.shape[1] * factor)), max(3, round(height)))
    near = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    near = cv2.copyMakeBorder(near, 3, 3, 3, 3, cv2.BORDER_CONSTANT)
    small = cv2.GaussianBlur(near, (0, 0), rng.uniform(*LENS_PX)).astype(np.float32)
    small += rng.standard_normal(small.shape, np.float32) * np.float32(rng.uniform(0.0, 14.0))
    level = 0.5 * float(np.quantile(small, 0.97)) * rng.uniform(0.75, 1.15)
    edged = 128.0 + rng.uniform(*EDGE_GAIN) * (small - level)
    return _cropped(np.where(small < 0.25 * level, 0.0, np.clip(edged, 0.0, 255.0)).astype(np.uint8))


def _enlarged(picture: Pixels, is_square: bool, is_one: bool, rng: np.random.Generator) -> Pixels:
    """A digit at its size in the row, cropped to its ink."""
    ink = _cropped(picture)
    height = max(12, round(DIGIT_PX * (1.0 + float(np.clip(rng.normal(0.0, HEIGHT_SPREAD), -0.25, 0.25)))))
    width = height * rng.uniform(*SQUARE_WIDTHS[is_one]) if is_square else ink.shape[1] * height / ink.shape[0]
    size = (int(np.clip(round(width), 4, 1.8 * DIGIT_PX)), height)
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _contact(before: Pixels, digit: Pixels, end: int) -> int:
    """The column at which a digit just meets what stands before it in the same rows."""
    is_ink, is_new = before >= 128, digit >= 128
    both = is_ink.any(axis=1) & is_new.any(axis=1)
    if not both.any():
        return end
    ends = before.shape[1] - is_ink[both, ::-1].argmax(axis=1)
    return int((ends - is_new[both].argmax(axis=1)).max())


def _tie(row: Pixels, digit: Pixels, place: tuple[int, int], end: int, rng: np.random.Generator) -> None:
    """Draw a stroke from the end of the row to the beginning of the next digit."""
    edge = np.flatnonzero((row[:, max(0, end - 4) : end] >= 128).any(axis=1))
    start = np.flatnonzero((digit[:, :4] >= 128).any(axis=1))
    if not (edge.size and start.size):
        return
    first = (end - 3, int(edge[rng.integers(edge.size)]))
    last = (place[0] + 3, place[1] + int(start[rng.integers(start.size)]))
    cv2.line(row, first, last, (255,), int(rng.integers(3, 8)), cv2.LINE_AA)


def _nothing(digits: DigitSet, rng: np.random.Generator) -> Pixels:
    """What says nothing: digits on their side, letters or scribbles."""
    upright = np.flatnonzero(np.isin(digits.labels, UPRIGHT_ONLY))
    if not upright.size or rng.random() >= LYING_SHARE:
        return _scrawl(rng)
    row = written(digits, rng.choice(upright, int(rng.integers(1, 5))), rng)
    return np.ascontiguousarray(np.rot90(row, int(rng.choice([1, 3]))))


def _scrawl(rng: np.random.Generator) -> Pixels:
    """Letters or scribbles beside each other, at the size of digits."""
    count = int(rng.integers(1, 5))
    pieces = [_cropped(piece) for piece in scrawls(count, rng)]
    factor = DIGIT_PX / CANVAS_PX
    row = np.zeros((2 * DIGIT_PX, 3 * DIGIT_PX * count), np.uint8)
    x = 0
    for piece in pieces:
        large = cv2.resize(piece, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        height, width = min(len(row), large.shape[0]), min(row.shape[1] - x, large.shape[1])
        top = (len(row) - height) // 2
        place = row[top : top + height, x : x + width]
        np.maximum(place, large[:height, :width], out=place)
        x = max(0, x + width - int(rng.integers(-2, 6)))
    return _cropped(row)


def _with_pen(ink: Pixels, rng: np.random.Generator) -> Pixels:
    """Change the width of the strokes."""
    radius = round(rng.uniform(*PEN) * DIGIT_PX / 2)
    if not radius:
        return ink
    operation: Callable[[Pixels, Pixels], Pixels] = cv2.erode if radius < 0 else cv2.dilate  # type: ignore[assignment]
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(radius) + 1,) * 2)
    other = operation(ink, np.asarray(disc, np.uint8))
    return other if (other >= 128).any() else ink


def _cropped(ink: Pixels) -> Pixels:
    """To its ink, at least one pixel."""
    x, y, width, height = cv2.boundingRect((ink >= 64).view(np.uint8))
    return ink[y : y + max(1, height), x : x + max(1, width)]
