"""What people put on paper that is no digit: letters, scribbles, drawings, marks. Each is a stamp without a digit.

Left out is whatever may be read as a digit: upright strokes (1), closed curves alone (0), and the letters O o I l S s
Z z q g b B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from train.photographs.stamps import Stamp, drawn
from train.scenes.strokes import Points

LETTERS = "ACDEFGHJKLMNPQRTUVWXYacdefhijkmnprtuvwxy"
"""The alphabet without those named above."""

PRINTED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""In words of a page of text any letter may stand."""

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)

Path = Sequence[tuple[float, float]]


def letter(which: str, height_px: float, thickness: float, rng: np.random.Generator) -> Stamp:
    """A letter, bent and slanted as a hand would.

    Args:
        which: One of `LETTERS`, or several as a word.
        height_px: Of a capital, about.
        thickness: Of a stroke, in heights, about 0.04..0.15.
        rng: The only source of chance.
    """
    size = max(24, int(height_px))
    font = FONTS[rng.integers(len(FONTS))]
    scale = size / 21.0
    width = max(1, round(thickness * size))
    (across, _), _ = cv2.getTextSize(which, font, scale, width)
    canvas = np.zeros((2 * size + 8, across + size), np.uint8)
    cv2.putText(canvas, which, (size // 2, int(1.4 * size)), font, scale, (255,), width, cv2.LINE_AA)
    return Stamp(_cut(_bent(canvas, 0.035 * size, size, rng)), "")


def _bent(canvas: NDArray[np.uint8], reach_px: float, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Moved about smoothly, and slanted."""
    height, width = canvas.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slant = np.float32(rng.uniform(-0.05, 0.3))
    cells = max(2, 3 * width // size), max(2, 3 * height // size)
    aside, down = (
        np.float32(reach_px) * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        for coarse in rng.standard_normal((2, cells[1] + 1, cells[0] + 1), np.float32)
    )
    x += aside + slant * (y - np.float32(height / 2))
    y += down
    return np.asarray(cv2.remap(canvas, x, y, cv2.INTER_LINEAR), np.uint8)


def _cut(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    x, y, width, height = cv2.boundingRect((ink >= 128).astype(np.uint8))
    return np.pad(ink[y : y + max(1, height), x : x + max(1, width)], 2)


def scribble(size_px: float, thickness: float, rng: np.random.Generator) -> Stamp:
    """A line that crosses itself again and again."""
    corners = rng.uniform(0.0, 1.0, (int(rng.integers(9, 26)), 2)) * (float(rng.uniform(0.8, 2.5)), 1.0)
    return _sketched([corners.tolist()], size_px, thickness, rng, smooth=True)


def drawing(size_px: float, thickness: float, rng: np.random.Generator) -> Stamp:
    """A house, a face, a star, ...: one of `DRAWINGS`."""
    names = list(DRAWINGS)
    paths = DRAWINGS[names[rng.integers(len(names))]](rng)
    return _sketched(paths, size_px, thickness, rng, smooth=False)


def _sketched(
    paths: Sequence[Path], size_px: float, thickness: float, rng: np.random.Generator, *, smooth: bool
) -> Stamp:
    """Paths on a unit square as a hand draws them."""
    strokes = []
    for path in paths:
        points = np.array(path, np.float64)
        way = _rounded(points) if smooth else _dense(points)
        slow = cv2.GaussianBlur(rng.standard_normal((len(way), 2)), (1, 0), 0.01, sigmaY=len(way) / 14 + 1)
        way = way + 0.02 * slow / max(1e-9, float(slow.std()))
        strokes.append((way * size_px, np.full(len(way), 0.5 * thickness * size_px)))
    return drawn(strokes)


def _dense(points: Points) -> Points:
    """The same corners with sixty points on each side."""
    share = np.linspace(0.0, 1.0, 60, endpoint=False)[:, None]
    sides = [begin + share * (end - begin) for begin, end in pairwise(points)]
    return np.concatenate([*sides, points[-1:]])


def _rounded(points: Points) -> Points:
    columns = [
        cv2.resize(points[:, axis : axis + 1], (1, 40 * len(points)), interpolation=cv2.INTER_CUBIC)[:, 0]
        for axis in (0, 1)
    ]
    return np.stack(columns, axis=1)


def _circle(x: float, y: float, radius: float, begin: float = 0.0, end: float = 360.0) -> Path:
    angles = np.radians(np.linspace(begin, end, 40))
    return [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angles]


def _house(rng: np.random.Generator) -> list[Path]:
    door = float(rng.uniform(0.2, 0.6))
    return [
        [(0.1, 1.0), (0.1, 0.4), (0.5, 0.0), (0.9, 0.4), (0.9, 1.0), (0.1, 1.0)],
        [(0.1, 0.4), (0.9, 0.4)],
        [(door, 1.0), (door, 0.65), (door + 0.18, 0.65), (door + 0.18, 1.0)],
    ]


def _face(_: np.random.Generator) -> list[Path]:
    return [
        _circle(0.5, 0.5, 0.5),
        _circle(0.33, 0.38, 0.05),
        _circle(0.67, 0.38, 0.05),
        _circle(0.5, 0.5, 0.28, 20.0, 160.0),
        [(0.5, 0.45), (0.45, 0.58), (0.52, 0.6)],
    ]


def _person(_: np.random.Generator) -> list[Path]:
    return [
        _circle(0.5, 0.15, 0.15),
        [(0.5, 0.3), (0.5, 0.68), (0.3, 1.0)],
        [(0.5, 0.68), (0.7, 1.0)],
        [(0.2, 0.35), (0.5, 0.45), (0.8, 0.3)],
    ]


def _star(rng: np.random.Generator) -> list[Path]:
    turns = rng.uniform(-10.0, 10.0) + 144.0 * np.arange(6) - 90.0
    return [[(0.5 + 0.5 * float(np.cos(np.radians(a))), 0.5 + 0.5 * float(np.sin(np.radians(a)))) for a in turns]]


def _flower(rng: np.random.Generator) -> list[Path]:
    petals = int(rng.integers(5, 8))
    around = 2.0 * np.pi * np.arange(petals) / petals
    middles = zip((0.5 + 0.2 * np.cos(around)).tolist(), (0.3 + 0.2 * np.sin(around)).tolist(), strict=True)
    blossoms = [_circle(x, y, 0.11) for x, y in middles]
    return [*blossoms, [(0.5, 0.5), (0.48, 1.0)], [(0.49, 0.8), (0.65, 0.7), (0.7, 0.6)]]


def _heart(_: np.random.Generator) -> list[Path]:
    t = np.linspace(0.0, 2.0 * np.pi, 50)
    x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [list(zip((0.5 + x / 34).tolist(), (0.45 - y / 34).tolist(), strict=True))]


def _arrow(_: np.random.Generator) -> list[Path]:
    return [[(0.0, 0.35), (1.4, 0.25)], [(1.15, 0.05), (1.4, 0.25), (1.2, 0.5)]]


def _wave(rng: np.random.Generator) -> list[Path]:
    x = np.linspace(0.0, 3.0, 60)
    return [list(zip(x.tolist(), (0.3 * np.sin(rng.uniform(6.0, 12.0) * x)).tolist(), strict=True))]


def _spiral(_: np.random.Generator) -> list[Path]:
    t = np.linspace(0.0, 7.0 * np.pi, 120)
    reach = 0.02 * t
    return [list(zip((0.5 + reach * np.cos(t)).tolist(), (0.5 + reach * np.sin(t)).tolist(), strict=True))]


def _tree(_: np.random.Generator) -> list[Path]:
    k = np.arange(17)
    leaf = 0.05 * (k % 2)
    x, y = 0.5 + (0.3 + leaf) * np.cos(0.4 * k), 0.32 + (0.28 + leaf) * np.sin(0.4 * k)
    crown = list(zip(x.tolist(), y.tolist(), strict=True))
    return [crown, [(0.42, 0.6), (0.4, 1.0)], [(0.58, 0.6), (0.6, 1.0)]]


def _cube(_: np.random.Generator) -> list[Path]:
    return [
        [(0.0, 0.3), (0.7, 0.3), (0.7, 1.0), (0.0, 1.0), (0.0, 0.3)],
        [(0.0, 0.3), (0.3, 0.0), (1.0, 0.0), (0.7, 0.3)],
        [(1.0, 0.0), (1.0, 0.7), (0.7, 1.0)],
    ]


def _hatching(rng: np.random.Generator) -> list[Path]:
    count = int(rng.integers(6, 14))
    rows: list[Path] = [[(0.12 * k, 1.0), (0.12 * k + 0.5, 0.0)] for k in range(count)]
    return [*rows, [(0.0, 0.6), (0.12 * count + 0.3, 0.4)]]


def _cross(_: np.random.Generator) -> list[Path]:
    return [[(0.0, 0.0), (1.0, 1.0)], [(0.0, 1.0), (1.0, 0.0)]]


def _fish(_: np.random.Generator) -> list[Path]:
    return [
        [(1.5, 0.0), (1.2, 0.3), (0.7, 0.1), (0.2, 0.25), (0.0, 0.45), (0.2, 0.65), (0.7, 0.8), (1.2, 0.6), (1.5, 0.9),
         (1.4, 0.45), (1.5, 0.0)],
        _circle(0.25, 0.4, 0.04),
    ]  # fmt: skip


DRAWINGS: dict[str, Callable[[np.random.Generator], list[Path]]] = {
    "house": _house,
    "face": _face,
    "person": _person,
    "star": _star,
    "flower": _flower,
    "heart": _heart,
    "arrow": _arrow,
    "wave": _wave,
    "spiral": _spiral,
    "tree": _tree,
    "cube": _cube,
    "hatching": _hatching,
    "cross": _cross,
    "fish": _fish,
}
"""Name -> what draws it, on about a unit square."""
