"""Things that are no digit, to measure rejection on: drawn from a seed of their own, in ways the training did not see.

The training's `negatives` have other fonts, other scribbles, other blots, and pairs of training digits; these have
pairs of MNIST's test digits. Letters are all but O o I l S s Z z q g b B, which are digits to many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from device.domain import Pixels
from device.preprocess import mnist_layout

SEED = 7719
"""Versioned: another seed is another set."""

OF_EACH = 400
CANVAS_PX = 56
INK = (255,)
LETTERS = "ACDEFGHJKLMNPQRTUVWXYacdefhijkmnprtuvwxy"
FONTS = (cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL, cv2.FONT_HERSHEY_PLAIN | cv2.FONT_ITALIC)

Kind = Callable[[Pixels, np.random.Generator], Pixels]


def held_out_negatives(digits: Pixels) -> dict[str, Pixels]:
    """Four hundred of each kind, always the same for the same digits.

    Args:
        digits: Model inputs that pairs are made of, uint8, shape (m, 28, 28), m at least 2.

    Returns:
        uint8, shape (400, 28, 28), in MNIST layout, by kind.
    """
    return {
        name: np.stack(
            [mnist_layout(kind(digits, np.random.default_rng((SEED, number, row)))) for row in range(OF_EACH)]
        )
        for number, (name, kind) in enumerate(KINDS.items())
    }


def _blank(_: Pixels, rng: np.random.Generator) -> Pixels:
    """Nothing at all, or dust."""
    ink = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    for _dust in range(int(rng.integers(0, 4))):
        ink[rng.integers(CANVAS_PX), rng.integers(CANVAS_PX)] = 255
    return ink


def _scribble(_: Pixels, rng: np.random.Generator) -> Pixels:
    """A pen that runs to and fro: zigzags with rounded corners."""
    turns = int(rng.integers(6, 12))
    down = np.linspace(6, CANVAS_PX - 6, turns) + rng.normal(0.0, 2.0, turns)
    across = np.where(np.arange(turns) % 2, rng.uniform(34, 50, turns), rng.uniform(6, 22, turns))
    corners = np.stack([across, down], axis=1)[:, None].astype(np.float32)
    path = cv2.resize(corners, (1, 8 * turns), interpolation=cv2.INTER_CUBIC)
    ink = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    cv2.polylines(ink, [path.round().astype(np.int32)], False, INK, int(rng.integers(1, 5)), cv2.LINE_AA)
    return np.asarray(np.rot90(ink, int(rng.integers(2))), np.uint8)


def _smudge(_: Pixels, rng: np.random.Generator) -> Pixels:
    """A wiped blot: a few broad strokes in one direction, torn by grain."""
    ink = np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    for _wipe in range(int(rng.integers(2, 5))):
        middle = tuple(int(value) for value in rng.integers(16, 40, 2))
        axes = (int(rng.integers(10, 22)), int(rng.integers(5, 12)))
        cv2.ellipse(ink, middle, axes, float(rng.normal(0.0, 25.0)), 0.0, 360.0, (255.0,), -1, cv2.LINE_AA)
    grain = cv2.GaussianBlur(rng.random(ink.shape, np.float32), (0, 0), 1.0)
    return np.where(grain > rng.uniform(0.35, 0.5), ink, 0.0).astype(np.uint8)


def _letter(_: Pixels, rng: np.random.Generator) -> Pixels:
    """A letter that no one takes for a digit."""
    ink = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    letter, font = LETTERS[rng.integers(len(LETTERS))], FONTS[rng.integers(len(FONTS))]
    cv2.putText(ink, letter, (14, 42), font, 1.4, INK, int(rng.integers(1, 5)), cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), float(rng.normal(0.0, 8.0)), 1.0)
    return np.asarray(cv2.warpAffine(ink, turn, ink.shape), np.uint8)


def _pair(digits: Pixels, rng: np.random.Generator) -> Pixels:
    """Two digits that touch, of unlike height."""
    left, right = (_trimmed(digits[row]) for row in rng.integers(len(digits), size=2))
    size = (right.shape[1], int(right.shape[0] * rng.uniform(0.75, 1.0)))
    right = np.asarray(cv2.resize(right, size, interpolation=cv2.INTER_AREA), np.uint8)
    overlap = min(int(rng.integers(1, 4)), left.shape[1], right.shape[1])
    ink = np.zeros((left.shape[0], left.shape[1] + right.shape[1] - overlap), np.uint8)
    ink[:, : left.shape[1]] = left
    top = int(rng.integers(0, left.shape[0] - right.shape[0] + 1))
    place = ink[top : top + right.shape[0], left.shape[1] - overlap :]
    np.maximum(place, right, out=place)
    return ink


def _trimmed(digit: Pixels) -> Pixels:
    columns = np.flatnonzero(digit.max(axis=0) > 64)
    return digit[:, columns[0] : columns[-1] + 1] if columns.size else digit


KINDS: Mapping[str, Kind] = {
    "blank": _blank,
    "scribble": _scribble,
    "smudge": _smudge,
    "letter": _letter,
    "pair": _pair,
}
