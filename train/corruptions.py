"""Fifteen corruptions of model inputs after the description of MNIST-C; seeded, pure.

The strengths were written down before any network was scored on them, and no choice in training was made by them. The
training has damage of its own near each of them, drawn from ranges in other ways: `train.damage.KINDS` says which.

Source:
    Mu and Gilmer 2019, "MNIST-C: A robustness benchmark for computer vision", arXiv:1906.02337.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels

SIDE = 28
INK = (255,)
Reals = NDArray[np.float32]
Corruption = Callable[[Reals, np.random.Generator], Reals]

SEED = 1906


def corrupted(name: str, model_inputs: Pixels) -> Pixels:
    """Each picture corrupted in that way, the same each time: uint8 (n, 28, 28) -> uint8 (n, 28, 28)."""
    rng = np.random.default_rng((SEED, sorted(CORRUPTIONS).index(name)))
    result = np.empty_like(model_inputs)
    for row, picture in zip(result, model_inputs, strict=True):
        row[:] = np.clip(CORRUPTIONS[name](picture.astype(np.float32) / 255.0, rng) * 255.0, 0.0, 255.0).round()
    return result


def _shot_noise(picture: Reals, rng: np.random.Generator) -> Reals:
    """Few photons."""
    return (rng.poisson(picture * 20.0) / 20.0).astype(np.float32)


def _impulse_noise(picture: Reals, rng: np.random.Generator) -> Reals:
    """A tenth of the pixels black or white."""
    lot = rng.random(picture.shape)
    return np.where(lot < 0.05, 0.0, np.where(lot > 0.95, 1.0, picture)).astype(np.float32)


def _glass_blur(picture: Reals, rng: np.random.Generator) -> Reals:
    """Pixels trade places with near ones, between two blurs."""
    result = cv2.GaussianBlur(picture, (0, 0), 0.5)
    rows, columns = np.indices(picture.shape)
    near = rng.integers(-1, 2, (2, *picture.shape))
    moved = result[np.clip(rows + near[0], 0, SIDE - 1), np.clip(columns + near[1], 0, SIDE - 1)]
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.5), np.float32)


def _motion_blur(picture: Reals, rng: np.random.Generator) -> Reals:
    """A line of five pixels in any direction."""
    line = np.zeros((7, 7), np.float32)
    angle = rng.uniform(0.0, np.pi)
    reach = 2.0 * np.array([np.cos(angle), np.sin(angle)])
    ends = [tuple(int(v) for v in np.round((3.0 + sign * reach) * 16)) for sign in (-1, 1)]
    cv2.line(line, ends[0], ends[1], (1.0,), 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(picture, -1, line / line.sum()), np.float32)


def _shear(picture: Reals, rng: np.random.Generator) -> Reals:
    return _moved(picture, np.array([[1.0, rng.choice([-0.4, 0.4])], [0.0, 1.0]]))


def _scale(picture: Reals, _: np.random.Generator) -> Reals:
    """Seven tenths of the size."""
    return _moved(picture, np.eye(2) / 0.7)


def _rotate(picture: Reals, rng: np.random.Generator) -> Reals:
    angle = np.deg2rad(rng.choice([-25.0, 25.0]))
    return _moved(picture, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def _brightness(picture: Reals, _: np.random.Generator) -> Reals:
    """Paper and ink lighter by 0.4 of the range."""
    return picture + np.float32(0.4)


def _translate(picture: Reals, rng: np.random.Generator) -> Reals:
    """Three pixels to a side and three up or down."""
    return _moved(picture, np.eye(2), 3.0 * rng.choice([-1.0, 1.0], 2))


def _stripe(picture: Reals, _: np.random.Generator) -> Reals:
    """Black and white change places in the middle third."""
    result = picture.copy()
    result[:, 10:18] = 1.0 - result[:, 10:18]
    return result


def _fog(picture: Reals, rng: np.random.Generator) -> Reals:
    """Clouds of up to half of the range."""
    clouds = sum(
        cv2.resize(rng.random((side, side), np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / side
        for side in (2, 4, 8, 16)
    )
    share = np.asarray(clouds) / np.asarray(clouds).max()
    return np.asarray(picture * 0.8 + 0.5 * share, np.float32)


def _spatter(picture: Reals, rng: np.random.Generator) -> Reals:
    """Drops of white."""
    drops = cv2.GaussianBlur(rng.standard_normal(picture.shape, np.float32), (0, 0), 1.2)
    return np.maximum(picture, np.clip((drops - 0.45) * 8.0, 0.0, 1.0)).astype(np.float32)


def _dotted_line(picture: Reals, rng: np.random.Generator) -> Reals:
    """A straight line of dots across the picture."""
    begin, end = rng.uniform(0.0, SIDE - 1, 2)
    result = picture.copy()
    for x in range(0, SIDE, 2):
        result[round(begin + (end - begin) * x / (SIDE - 1)), x] = 1.0
    return result


def _zigzag(picture: Reals, rng: np.random.Generator) -> Reals:
    """A thin line up and down across the picture."""
    begin, end = rng.uniform(4.0, SIDE - 5, 2)
    columns = np.arange(0, SIDE, 4)
    rows = begin + (end - begin) * columns / (SIDE - 1) + np.where(columns // 4 % 2, 2.0, -2.0)
    result = (picture * 255.0).astype(np.uint8)
    path = np.round(np.stack([columns, rows], axis=1) * 16).astype(np.int32)
    cv2.polylines(result, [path], False, INK, 1, cv2.LINE_AA, 4)
    return result.astype(np.float32) / np.float32(255.0)


def _canny_edges(picture: Reals, _: np.random.Generator) -> Reals:
    """Only the outlines of the strokes."""
    edges = cv2.Canny((picture * 255.0).astype(np.uint8), 100.0, 200.0)
    return edges.astype(np.float32) / np.float32(255.0)


def _moved(picture: Reals, back: NDArray[np.float64], shift: NDArray[np.float64] | None = None) -> Reals:
    """Each pixel comes from `back` of its place, seen from the middle, less the shift."""
    middle = np.full(2, (SIDE - 1) / 2)
    offset = middle - back @ (middle + (np.zeros(2) if shift is None else shift))
    matrix = np.column_stack([back, offset])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=flags), np.float32)


CORRUPTIONS: Mapping[str, Corruption] = {
    "shot_noise": _shot_noise,
    "impulse_noise": _impulse_noise,
    "glass_blur": _glass_blur,
    "motion_blur": _motion_blur,
    "shear": _shear,
    "scale": _scale,
    "rotate": _rotate,
    "brightness": _brightness,
    "translate": _translate,
    "stripe": _stripe,
    "fog": _fog,
    "spatter": _spatter,
    "dotted_line": _dotted_line,
    "zigzag": _zigzag,
    "canny_edges": _canny_edges,
}
"""By MNIST-C's names."""
