"""Handwriting as a pen makes it: skeletons of the digits, bent by a hand, with pressure and speed along the way.

A skeleton is drawn by hand on a unit of height: x to the right from 0 to about 0.6, y down from 0 (top of the
digit) to 1 (baseline). A point given twice is a corner; everything else is one smooth curve. Which form of a
digit a person writes is an allograph: the flagged one, the barred seven, the open four.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Points on a plane, shape (N, 2): x and y."""

_ZERO = ((0.33, 0.00), (0.13, 0.12), (0.03, 0.46), (0.10, 0.85), (0.30, 1.00), (0.50, 0.86), (0.58, 0.50), (0.51, 0.14),
         (0.35, 0.01), (0.25, 0.05))  # fmt: skip
_ONE = ((0.07, 0.31), (0.21, 0.18), (0.38, 0.00), (0.38, 0.00), (0.37, 0.50), (0.35, 1.00))
_BOWL_OF_FIVE = ((0.08, 0.43), (0.30, 0.37), (0.53, 0.49), (0.57, 0.74), (0.38, 0.98), (0.02, 0.92))
_SEVEN = ((0.02, 0.06), (0.30, 0.04), (0.60, 0.01), (0.60, 0.01), (0.41, 0.45), (0.27, 1.00))

Skeleton = tuple[tuple[tuple[float, float], ...], ...]
"""The strokes of one digit, each a row of (x, y) in units of its height."""

ALLOGRAPHS: dict[str, dict[str, Skeleton]] = {
    "0": {
        "round": (_ZERO,),
        "narrow": (tuple((0.08 + 0.7 * x, y) for x, y in _ZERO),),
    },
    "1": {
        "plain": (((0.31, 0.00), (0.29, 0.50), (0.26, 1.00)),),
        "flagged": (_ONE,),
        "footed": (_ONE, ((0.12, 1.00), (0.35, 0.99), (0.60, 0.98))),
    },
    "2": {
        "sharp": (((0.05, 0.25), (0.13, 0.07), (0.32, 0.00), (0.52, 0.10), (0.53, 0.31), (0.38, 0.60), (0.20, 0.82),
                   (0.02, 0.99), (0.02, 0.99), (0.30, 0.97), (0.62, 0.98)),),
        "looped": (((0.06, 0.22), (0.17, 0.04), (0.36, 0.00), (0.52, 0.13), (0.50, 0.34), (0.36, 0.63), (0.18, 0.90),
                    (0.06, 0.98), (0.03, 0.89), (0.15, 0.85), (0.36, 0.96), (0.64, 0.94)),),
    },
    "3": {
        "round": (((0.05, 0.13), (0.22, 0.00), (0.44, 0.05), (0.51, 0.22), (0.42, 0.40), (0.23, 0.46), (0.23, 0.46),
                   (0.46, 0.52), (0.57, 0.73), (0.44, 0.95), (0.20, 1.00), (0.02, 0.88)),),
        "flat": (((0.06, 0.03), (0.28, 0.02), (0.52, 0.00), (0.52, 0.00), (0.38, 0.20), (0.24, 0.41), (0.24, 0.41),
                  (0.48, 0.50), (0.57, 0.74), (0.42, 0.96), (0.18, 1.00), (0.00, 0.90)),),
    },
    "4": {
        "open": (((0.15, 0.00), (0.11, 0.30), (0.02, 0.60), (0.02, 0.60), (0.30, 0.58), (0.62, 0.55)),
                 ((0.46, 0.24), (0.44, 0.60), (0.41, 1.00))),
        "closed": (((0.43, 0.01), (0.22, 0.34), (0.00, 0.67), (0.00, 0.67), (0.30, 0.66), (0.64, 0.64)),
                   ((0.44, 0.00), (0.44, 0.50), (0.43, 1.00))),
    },
    "5": {
        "lifted": (((0.13, 0.03), (0.11, 0.22), *_BOWL_OF_FIVE[:1], *_BOWL_OF_FIVE),
                   ((0.13, 0.04), (0.35, 0.03), (0.58, 0.00))),
        "flowing": (((0.57, 0.00), (0.36, 0.02), (0.15, 0.03), (0.15, 0.03), (0.12, 0.22), *_BOWL_OF_FIVE[:1],
                     *_BOWL_OF_FIVE),),
    },
    "6": {
        "curved": (((0.47, 0.00), (0.23, 0.19), (0.07, 0.52), (0.10, 0.86), (0.31, 1.00), (0.51, 0.88), (0.52, 0.67),
                    (0.35, 0.55), (0.16, 0.65), (0.08, 0.79)),),
        "upright": (((0.30, 0.00), (0.13, 0.30), (0.05, 0.64), (0.12, 0.92), (0.31, 1.00), (0.49, 0.90), (0.50, 0.69),
                     (0.33, 0.58), (0.15, 0.69), (0.09, 0.80)),),
    },
    "7": {
        "plain": (_SEVEN,),
        "barred": (_SEVEN, ((0.15, 0.51), (0.36, 0.49), (0.57, 0.47))),
    },
    "8": {
        "crossed": (((0.48, 0.10), (0.29, 0.00), (0.11, 0.12), (0.16, 0.33), (0.35, 0.50), (0.53, 0.70), (0.46, 0.94),
                     (0.26, 1.00), (0.07, 0.87), (0.11, 0.66), (0.30, 0.47), (0.46, 0.29), (0.5, 0.14), (0.43, 0.05)),),
        "stacked": (((0.33, 0.46), (0.14, 0.34), (0.15, 0.10), (0.32, 0.00), (0.48, 0.10), (0.48, 0.33), (0.32, 0.46),
                     (0.09, 0.60), (0.06, 0.84), (0.28, 1.00), (0.52, 0.88), (0.53, 0.62), (0.35, 0.46)),),
    },
    "9": {
        "straight": (((0.50, 0.12), (0.31, 0.00), (0.09, 0.11), (0.05, 0.31), (0.20, 0.45), (0.41, 0.37), (0.52, 0.10),
                      (0.52, 0.10), (0.51, 0.50), (0.47, 1.00)),),
        "hooked": (((0.49, 0.13), (0.30, 0.00), (0.09, 0.12), (0.06, 0.32), (0.22, 0.45), (0.42, 0.35), (0.51, 0.10),
                    (0.51, 0.10), (0.52, 0.45), (0.46, 0.83), (0.27, 1.00), (0.06, 0.92)),),
    },
}  # fmt: skip
"""Digit -> name of the form -> its strokes, in the order in which a right-handed person draws them."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody writes.

    Attributes:
        height_mm: Height of a digit, above 0.
        forms: Names of the allographs this hand prefers; a digit without any of them takes one at random.
        width: Width of a digit relative to its skeleton, about 0.7..1.4.
        slant_degrees: Lean to the right, about -10..25.
        gap: Space between neighbours in heights of a digit; a blank in the text adds twice as much.
        wobble: Standard deviation of the skeleton's points in heights of a digit, about 0..0.04.
        tremor: Standard deviation of the fine waviness along a stroke in heights of a digit, about 0..0.006.
        unevenness: Relative standard deviation of size, and of the baseline in heights, about 0..0.08.
        pressure_change: Relative standard deviation of the pressure along a stroke, about 0..0.3.
    """

    height_mm: float = 12.0
    forms: tuple[str, ...] = ()
    width: float = 1.0
    slant_degrees: float = 6.0
    gap: float = 0.3
    wobble: float = 0.018
    tremor: float = 0.003
    unevenness: float = 0.03
    pressure_change: float = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One digit as the pen went: samples a small, even distance apart, strokes one after the other.

    Attributes:
        digit: What was meant, "0" to "9".
        points_mm: Shape (N, 2); x to the right and y down, on the sheet.
        step_mm: Distance between neighbouring samples of a stroke.
        pressure: Shape (N,); 1.0 is this hand's usual pressure, 0.0 the pen lifting off.
        slowness: Shape (N,); time spent per way, 1.0 in a straight stroke, more in bends and where a stroke begins.
    """

    digit: str
    points_mm: Points
    step_mm: float
    pressure: NDArray[np.float64]
    slowness: NDArray[np.float64]


def write(text: str, hand: Hand, rng: np.random.Generator, *, step_mm: float) -> list[Trace]:
    """Write digits on one line, left to right, the middle of the line at (0, 0).

    Args:
        text: Digits and blanks; at least one digit.
        hand: How.
        rng: Where the variation comes from.
        step_mm: Distance between samples, above 0.

    Raises:
        ValueError: The text holds no digit, or something that is neither digit nor blank.
    """
    if not text.strip() or not set(text) <= {*ALLOGRAPHS, " "}:
        raise ValueError(f"cannot write {text!r}; expected digits and blanks")
    traces: list[Trace] = []
    edge_mm = 0.0
    for letter in text:
        if letter == " ":
            edge_mm += 2.0 * hand.gap * hand.height_mm
            continue
        trace = _digit(letter, hand, rng, step_mm)
        left, right = trace.points_mm[:, 0].min(), trace.points_mm[:, 0].max()
        traces.append(_moved(trace, edge_mm - left, hand.height_mm * rng.normal(0.0, hand.unevenness)))
        edge_mm += right - left + hand.gap * hand.height_mm * rng.uniform(0.8, 1.2)
    everything = np.concatenate([trace.points_mm for trace in traces])
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2.0
    return [_moved(trace, -middle[0], -middle[1]) for trace in traces]


def _moved(trace: Trace, x_mm: float, y_mm: float) -> Trace:
    return Trace(trace.digit, trace.points_mm + np.array([x_mm, y_mm]), trace.step_mm, trace.pressure, trace.slowness)


def _digit(digit: str, hand: Hand, rng: np.random.Generator, step_mm: float) -> Trace:
    """One digit, its strokes bent, slanted, sampled and pressed; its place is arbitrary."""
    size_mm = hand.height_mm * (1.0 + rng.normal(0.0, hand.unevenness))
    shape = _shape(hand, rng) * size_mm
    points, pressure, slowness = [], [], []
    for skeleton in _allograph(digit, hand, rng):
        path = _bent(np.asarray(skeleton), hand.wobble, rng) @ shape.T
        way = _resampled(_smooth_curve(path, step_mm), step_mm)
        way = _smoothed(way, max(1.0, 0.012 * size_mm / step_mm))  # no hand turns on the spot
        way = way + hand.tremor * size_mm * _slow_noise(len(way), 2, 0.08 * size_mm / step_mm, rng)
        points.append(way)
        slowness.append(_slowness(way, step_mm, size_mm))
        pressure.append(_pressure(len(way), step_mm / size_mm, hand.pressure_change, rng))
    return Trace(digit, np.concatenate(points), step_mm, np.concatenate(pressure), np.concatenate(slowness))


def _allograph(digit: str, hand: Hand, rng: np.random.Generator) -> Skeleton:
    forms = ALLOGRAPHS[digit]
    name = next((form for form in hand.forms if form in forms), None) or str(rng.choice(list(forms)))
    return forms[name]


def _shape(hand: Hand, rng: np.random.Generator) -> Points:
    """The matrix that gives a skeleton this hand's width, slant and a little turn."""
    lean = np.tan(np.radians(hand.slant_degrees + rng.normal(0.0, 2.0)))
    turn = np.radians(rng.normal(0.0, 1.5))
    width = hand.width * (1.0 + rng.normal(0.0, 2.0 * hand.unevenness))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(turned @ np.array([[width, -lean], [0.0, 1.0]]))


def _bent(skeleton: Points, wobble: float, rng: np.random.Generator) -> Points:
    """The skeleton with its points moved; the two halves of a corner stay together."""
    shifts = rng.normal(0.0, wobble, skeleton.shape)
    for index in np.flatnonzero(_corners(skeleton)):
        shifts[index + 1] = shifts[index]
    return skeleton + shifts


def _corners(skeleton: Points) -> NDArray[np.bool_]:
    """Shape (N - 1,): this point and the next are the same."""
    return np.asarray((skeleton[1:] == skeleton[:-1]).all(axis=1))


def _smooth_curve(points: Points, step_mm: float) -> Points:
    """A curve through the points, smooth except at doubled ones: shape (many, 2)."""
    pieces = np.split(points, np.flatnonzero(_corners(points)) + 1)
    return np.concatenate([_catmull_rom(piece, step_mm) for piece in pieces])


def _catmull_rom(points: Points, step_mm: float) -> Points:
    """A smooth curve through at least two points.

    Source:
        Cubic Hermite pieces over centripetal knots, whose curve has no cusps or loops of its own:
        Yuksel, Schaefer and Keyser (2011), doi:10.1016/j.cad.2010.08.008.
    """
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(lengths))])
    tangents = np.gradient(points, knots, axis=0)
    pieces = []
    for i, length in enumerate(lengths):
        t = np.linspace(0.0, 1.0, max(2, int(length / step_mm) + 1))[:, None]
        span = knots[i + 1] - knots[i]
        pieces.append(
            (1.0 + 2.0 * t) * (1.0 - t) ** 2 * points[i]
            + t * (1.0 - t) ** 2 * span * tangents[i]
            + t**2 * (3.0 - 2.0 * t) * points[i + 1]
            + t**2 * (t - 1.0) * span * tangents[i + 1]
        )
    return np.concatenate(pieces)


def _resampled(path: Points, step_mm: float) -> Points:
    """The same path with samples an even distance apart, at least two."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    even = np.linspace(0.0, along[-1], max(2, round(along[-1] / step_mm) + 1))
    return np.stack([np.interp(even, along, path[:, axis]) for axis in (0, 1)], axis=1)


def _smoothed(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Values along a path, Gaussian-smoothed over `sigma` samples along the first axis, ends held; 2-D."""
    reach = int(3.0 * sigma) + 1
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, weights / weights.sum(), mode="valid") for column in padded.T]
    return np.stack(columns, axis=1)


def _slow_noise(count: int, columns: int, sigma: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of unit variance that changes over about `sigma` samples: shape (count, columns)."""
    return np.asarray(_smoothed(rng.normal(0.0, 1.0, (count, columns)), sigma) * np.sqrt(2.0 * np.sqrt(np.pi) * sigma))


def _slowness(path: Points, step_mm: float, size_mm: float) -> NDArray[np.float64]:
    """Time per way along a stroke, about 1.0 where it is straight.

    Source:
        The speed of a hand falls with the cube root of curvature: Lacquaniti, Terzuolo and Viviani (1983),
        doi:10.1016/0001-6918(83)90027-6. A pen also rests for a moment where it is set down and where it is lifted:
        as long as it needs for some hundredths of the digit's height.
    """
    sigma = max(1.0, 0.02 * size_mm / step_mm)
    direction = _smoothed(np.gradient(path, step_mm, axis=0), sigma)
    curvature = np.linalg.norm(np.gradient(direction, step_mm, axis=0), axis=1)
    slowness = np.cbrt(1.0 + 0.25 * curvature * size_mm)
    slowness[0] += 0.05 * size_mm / step_mm
    slowness[-1] += 0.03 * size_mm / step_mm
    return np.asarray(slowness)


def _pressure(count: int, step: float, change: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Pressure along a stroke, 1.0 on the whole; `step` is the samples' distance in heights of the digit."""
    way = step * np.arange(count)
    put_down = 0.75 + 0.25 * np.clip(way / 0.05, 0.0, 1.0)
    lift_off = 0.55 + 0.45 * np.clip(way[::-1] / rng.uniform(0.05, 0.2), 0.0, 1.0)
    swell = 1.0 + change * _slow_noise(count, 1, 0.15 / step, rng)[:, 0]
    return np.asarray(np.clip(put_down * lift_off * swell, 0.3, 1.6))
