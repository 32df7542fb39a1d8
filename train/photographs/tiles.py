"""Textures made once a process: grain of paper and ink, noise of a sensor, table tops. Chance picks a place in them.

Making noise anew for every picture would take longer than all the rest of it.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.scenes.area import Area, Plane
from train.scenes.desk import Paper, Table, lay_out
from train.scenes.materials import TABLES

SIDE_PX = 2304
"""Of a tile of noise: a picture of 1640x1232, upright or lying, and room for another place in it."""

SPREAD = 40.0
"""Standard deviation of a tile of noise, whose mean is 128: three of them fit into a byte."""

TABLE_PX_PER_MM = 5.0
TABLE_SIDE_PX = 1100

GAMMA = 2.2
"""Everything is computed on this curve instead of sRGB's: a product of light and surface stays a product on it."""

_MORE_TABLES = (
    Table("laminate", light=(226, 228, 230), dark=(200, 204, 206)),
    Table("laminate", light=(60, 56, 54), dark=(34, 32, 32)),
    Table("cloth", light=(70, 62, 128), dark=(40, 36, 86)),
    Table("wood", light=(176, 204, 226), dark=(130, 164, 192)),
)
"""A white, a black, a red and a pale one, beside those of the bundled pictures."""

TABLE_TOPS = (*TABLES, *_MORE_TABLES)


@cache
def grain() -> Pixels:
    """Uneven tone of paper or ink, uint8, shape (SIDE_PX, SIDE_PX): mean 128, standard deviation `SPREAD`."""
    rng = np.random.default_rng(1)
    fine, middling, coarse = (rng.standard_normal((SIDE_PX, SIDE_PX), np.float32) for _ in range(3))
    mixed = _even(fine, 0.8) + _even(middling, 1.8) + 0.7 * _even(coarse, 6.0)
    return _bytes(mixed / 1.6)


@cache
def sensor() -> Pixels:
    """A sensor's noise after a camera's own noise reduction, uint8, shape (SIDE_PX, SIDE_PX, 3); as `grain` else."""
    rng = np.random.default_rng(2)
    grey = _even(rng.standard_normal((SIDE_PX, SIDE_PX), np.float32), 0.6)
    colours = [_even(rng.standard_normal((SIDE_PX, SIDE_PX), np.float32), 1.8) for _ in range(3)]
    return np.dstack([_bytes((grey + 0.5 * colour) / 1.12) for colour in colours])


@cache
def table_top(index: int) -> Pixels:
    """One of `TABLE_TOPS`, uint8, BGR, square, `TABLE_PX_PER_MM`."""
    area = Area(0.0, 0.0, TABLE_SIDE_PX, TABLE_SIDE_PX, TABLE_PX_PER_MM)
    away = Paper(place_mm=(-5000.0, -5000.0))
    return encoded(lay_out(area, TABLE_TOPS[index], away, np.random.default_rng((3, index))))


def encoded(light: Plane) -> Pixels:
    """Linear light, 0..1, as bytes on the curve of `GAMMA`."""
    return (255.0 * np.power(np.clip(light, 0.0, 1.0), 1.0 / GAMMA) + 0.5).astype(np.uint8)


def cut(tile: Pixels, width_px: int, height_px: int, rng: np.random.Generator) -> Pixels:
    """Some place of a tile, perhaps mirrored: a view, uint8, shape (height_px, width_px[, 3])."""
    left, top = (int(rng.integers(0, SIDE_PX - side + 1)) for side in (width_px, height_px))
    place = tile[top : top + height_px, left : left + width_px]
    return place[:: int(rng.choice([1, -1])), :: int(rng.choice([1, -1]))]


def smooth_noise(shape: tuple[int, int], cells: float, rng: np.random.Generator) -> Plane:
    """Noise of about unit variance with so many cells across: float32 of that shape."""
    rows = max(2, round(cells * shape[0] / shape[1]) + 1)
    coarse = rng.standard_normal((rows, max(2, round(cells) + 1)), np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine / np.float32(0.75), np.float32)


def _even(noise: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blurred, and of unit variance again."""
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.asarray(soft / soft.std(), np.float32)


def _bytes(noise: NDArray[np.float32]) -> Pixels:
    return np.clip(128.0 + SPREAD * noise, 0.0, 255.0).astype(np.uint8)
