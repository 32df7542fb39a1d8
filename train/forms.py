"""Forms of digits that MNIST's American writers seldom use and the rest of the world does.

Flagged and footed ones, barred sevens, slashed zeros: a stroke is added to a digit of MNIST. Open fours and hooked
nines: drawn anew, each a little different. Lengths are fractions of the digit's height; seeded and pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import stroke_px

Points = NDArray[np.float64]
"""Shape (n, 2), x before y, in pixels of the model input."""

INK = (255,)
SUBPIXEL_BITS = 4
HEIGHT_PX = 20.0
CORNER_PX = np.array([8.0, 4.0])


def other_form(digit: Pixels, label: int, rng: np.random.Generator) -> Pixels:
    """The same digit in a form that MNIST has too few of; other digits stay as they are.

    Args:
        digit: A model input, uint8, shape (28, 28).
        label: What it is, 0..9.
        rng: The only source of chance.

    Returns:
        uint8, shape (28, 28); not in MNIST layout: a stroke may reach the edge.
    """
    form = _FORMS.get(label)
    return digit if form is None or not digit.any() else form(digit, rng)


def _slashed(digit: Pixels, rng: np.random.Generator) -> Pixels:
    """A zero with a stroke through it, rising to the right, or lying."""
    angle = np.deg2rad(rng.uniform(0.0, 75.0))
    reach = HEIGHT_PX * rng.uniform(0.3, 0.65) * np.array([np.cos(angle), -np.sin(angle)])
    return _drawn(digit, np.stack([_middle(digit) - reach, _middle(digit) + reach]))


def _flagged(digit: Pixels, rng: np.random.Generator) -> Pixels:
    """A one with a stroke that rises to its top, a foot, or both."""
    top, bottom = _ends(digit)
    flagged, footed = ((True, False), (True, False), (True, True), (False, True))[rng.integers(4)]
    if flagged:
        flag = HEIGHT_PX * np.array([-rng.uniform(0.15, 0.55), 0.0])
        flag[1] = -flag[0] * rng.uniform(0.6, 1.8)
        digit = _drawn(digit, np.stack([top + flag, top + 0.6 * flag + rng.normal(0.0, 0.5, 2), top]))
    if footed:
        half = HEIGHT_PX * rng.uniform(0.12, 0.4, 2)
        foot = np.array([[-half[0], rng.normal(0.0, 0.7)], [half[1], rng.normal(0.0, 0.7)]])
        digit = _drawn(digit, bottom + foot)
    return digit


def _barred(digit: Pixels, rng: np.random.Generator) -> Pixels:
    """A seven with a bar, on MNIST's own or on one whose roof begins with a hook."""
    if rng.random() < 0.5:
        return _hooked_seven(digit, rng)
    rows = np.flatnonzero(digit.max(axis=1) > 128)
    row = rows[0] + (rows[-1] - rows[0]) * rng.uniform(0.4, 0.65)
    stem = float(np.average(np.arange(digit.shape[1]), weights=digit[int(row)] + 1e-3))
    half = HEIGHT_PX * rng.uniform(0.12, 0.32, 2)
    rise = rng.normal(1.0, 1.5)
    return _drawn(digit, np.array([[stem - half[0], row + rise], [stem + half[1], row - rise]]))


def _hooked_seven(digit: Pixels, rng: np.random.Generator) -> Pixels:
    """A seven whose roof rises from a hook and sags; mostly with a bar."""
    width, foot = rng.uniform(0.45, 0.75), rng.uniform(0.1, 0.4)
    roof = [
        [0.0, rng.uniform(0.08, 0.35)],
        [width * rng.uniform(0.15, 0.3), rng.uniform(0.0, 0.08)],
        [width * rng.uniform(0.45, 0.65), rng.uniform(0.05, 0.2)],
        [width, 0.0],
    ]
    strokes = [_curve(roof), np.array([[width, 0.0], [foot + rng.uniform(-0.03, 0.12), 0.5], [foot, 1.0]])]
    if rng.random() < 0.8:
        middle, row, rise = (width + foot) / 2, rng.uniform(0.42, 0.66), rng.uniform(-0.04, 0.1)
        half = rng.uniform(0.12, 0.3, 2)
        strokes.append(np.array([[middle - half[0], row + rise], [middle + half[1], row - rise]]))
    return _redrawn(digit, strokes)


def _open_four(digit: Pixels, rng: np.random.Generator) -> Pixels:
    """A four like lightning in one stroke, or an angle and an upright stroke through its arm."""
    x, y = rng.uniform(0.55, 0.8), rng.uniform(0.4, 0.62)
    angle = [[rng.uniform(0.05, 0.4), 0.0], [0.0, rng.uniform(0.45, 0.65)], [x, y]]
    if rng.random() < 0.5:
        lightning = [*angle, [x, y - rng.uniform(0.0, 0.35)], [x - rng.uniform(0.02, 0.3), 1.0]]
        return _redrawn(digit, [np.array(lightning)])
    x -= rng.uniform(0.05, 0.25)
    upright = [[x + rng.uniform(-0.05, 0.1), rng.uniform(0.0, 0.35)], [x, 1.0]]
    return _redrawn(digit, [np.array(angle), np.array(upright)])


def _hooked_nine(digit: Pixels, rng: np.random.Generator) -> Pixels:
    """A nine whose tail turns to the left, as in a written g; its loop may stay open."""
    width, loop = rng.uniform(0.35, 0.6), rng.uniform(0.32, 0.58)
    bow = width * rng.uniform(0.95, 1.2)
    path = [
        [width * rng.uniform(0.7, 1.0), rng.uniform(0.0, 0.15)],
        [0.5 * width, 0.0],
        [0.1 * width, 0.2 * loop],
        [0.0, 0.6 * loop],
        [0.4 * width, loop],
        [0.85 * width, 0.7 * loop],
        [width, rng.uniform(0.2, 0.5) * loop],
        [bow, 0.65],
        [0.85 * bow, 0.9],
        [0.45 * bow, 1.0],
        [rng.uniform(-0.2, 0.15), rng.uniform(0.78, 0.98)],
    ]
    return _redrawn(digit, [_curve(path)])


_FORMS: dict[int, Callable[[Pixels, np.random.Generator], Pixels]] = {
    0: _slashed,
    1: _flagged,
    4: _open_four,
    7: _barred,
    9: _hooked_nine,
}


def _middle(digit: Pixels) -> Points:
    y, x = np.nonzero(digit > 64)
    return np.array([(x.min() + x.max()) / 2, (y.min() + y.max()) / 2])


def _ends(digit: Pixels) -> tuple[Points, Points]:
    """Middle of the topmost and of the lowest ink."""
    rows = np.flatnonzero(digit.max(axis=1) > 128)
    top, bottom = (np.array([np.flatnonzero(digit[row] > 64).mean(), row]) for row in (rows[0], rows[-1]))
    return top, bottom


def _redrawn(digit: Pixels, strokes: Sequence[Points]) -> Pixels:
    """These strokes, in heights of a digit, with the pen of the given digit."""
    width = stroke_px(digit)
    ink = np.zeros_like(digit)
    for stroke in strokes:
        ink = _drawn(ink, CORNER_PX + HEIGHT_PX * stroke, width)
    return ink


def _curve(path: Sequence[Sequence[float]]) -> Points:
    """A smooth line along some points."""
    smooth = cv2.resize(np.array([path]), (8 * len(path), 1), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth[0], np.float64)


def _drawn(digit: Pixels, path: Points, width_px: float | None = None) -> Pixels:
    """The digit with one more stroke, by default as wide as its own."""
    width = max(1, round(stroke_px(digit) if width_px is None else width_px))
    fixed = np.round(path * 2**SUBPIXEL_BITS).astype(np.int32)
    ink = np.array(digit)
    cv2.polylines(ink, [fixed], False, INK, width, cv2.LINE_AA, SUBPIXEL_BITS)
    return ink
