"""Damage that no ordinary photograph does: lines and bands across, specks, veils, outlines; seeded, pure.

A modest share of the digits is damaged, so that the network learns to look past what it has never met. The fifteen
corruptions that robustness is measured on (`corruptions.py`) have fixed strengths and were written down first; what is
here is drawn from ranges, in other ways: `KINDS` says of each which of those it is near.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import INPUT_PX

INK = (255,)
SUBPIXEL_BITS = 4
MOST_POINTS = 14

Damage = Callable[[Pixels, np.random.Generator], Pixels]


def damaged(model_input: Pixels, rng: np.random.Generator) -> Pixels:
    """The picture with one kind of damage: uint8 (28, 28) -> uint8 (28, 28)."""
    kind = _IN_ORDER[rng.integers(len(_IN_ORDER))]
    return kind(model_input, rng)


def _banded(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Black and white change places in a band, upright or lying, of any width up to half of the picture."""
    result = picture.copy()
    side = result if rng.random() < 0.3 else result.T  # a view: what changes there changes the picture
    width = int(rng.integers(3, 15))
    begin = int(rng.integers(0, INPUT_PX - width + 1))
    side[begin : begin + width] = 255 - side[begin : begin + width]
    return result


def _dotted(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Dots along a line from one edge to another."""
    begin, end = _across(rng)
    places = np.linspace(begin, end, int(rng.integers(7, 20))).round().astype(int)
    result = picture.copy()
    result[places[:, 1], places[:, 0]] = rng.integers(150, 256)
    return result


def _crossed_out(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A straight, bent or jagged thin line from one edge to another."""
    begin, end = _across(rng)
    points = np.linspace(begin, end, int(rng.integers(2, MOST_POINTS)))
    along = end - begin
    aside = np.array([-along[1], along[0]]) / max(1.0, float(np.hypot(*along)))
    swing = rng.uniform(0.0, 3.5)
    to_and_fro = np.where(np.arange(len(points)) % 2, swing, -swing) + rng.normal(0.0, 0.5, len(points))
    path = np.round((points + to_and_fro[:, None] * aside) * 2**SUBPIXEL_BITS).astype(np.int32)
    result = picture.copy()
    thickness = 1 if rng.random() < 0.8 else 2
    cv2.polylines(result, [path], False, (int(rng.integers(150, 256)),), thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return result


def _specked(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Single pixels black or white, as of a worn sensor."""
    lot, share = rng.random(picture.shape), rng.uniform(0.02, 0.14)
    whites = rng.uniform(0.3, 0.7)
    return np.where(
        lot < share * whites, np.uint8(255), np.where(lot > 1.0 - share * (1.0 - whites), 0, picture)
    ).astype(np.uint8)


def _grainy(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Strong noise of too little light."""
    return _clipped(picture + rng.normal(0.0, rng.uniform(15.0, 70.0), picture.shape))


def _outlined(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Nothing but the edges of the strokes: of a thin or a thick pen, sharp or soft."""
    if rng.random() < 0.5:
        lower = rng.uniform(40.0, 140.0)
        return np.asarray(cv2.Canny(picture, lower, lower * rng.uniform(1.5, 2.5)), np.uint8)
    body = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    around = cv2.dilate(picture, body)
    edges = around - (picture if rng.random() < 0.5 else cv2.erode(picture, body))
    return _clipped(edges * rng.uniform(1.0, 2.0))


def _veiled(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Paper that is far from black: even light, or clouds of it."""
    strength = rng.uniform(30.0, 130.0)
    if rng.random() < 0.5:
        return _clipped(picture.astype(np.float32) + strength)
    side = int(rng.integers(2, 9))
    clouds = cv2.resize(rng.random((side, side), np.float32), picture.shape, interpolation=cv2.INTER_CUBIC)
    return _clipped(picture * rng.uniform(0.6, 1.0) + strength * clouds * 1.3)


def _spattered(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Round drops of ink, here and there."""
    result = picture.copy()
    for _ in range(int(rng.integers(2, 12))):
        x, y = (int(value) for value in rng.integers(0, INPUT_PX * 2**SUBPIXEL_BITS, 2))
        radius = int(rng.uniform(0.7, 2.2) * 2**SUBPIXEL_BITS)
        cv2.circle(result, (x, y), radius, INK, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return result


def _shaken(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A camera that moved, in a straight line or in a bow."""
    reach, angle = rng.uniform(1.0, 3.5), rng.uniform(0.0, np.pi)
    far = reach * np.array([np.cos(angle), np.sin(angle)])
    middle = np.full(2, 4.0)
    path = np.stack([middle - far, middle + rng.normal(0.0, 0.4, 2), middle + far])
    blur = np.zeros((9, 9), np.float32)
    fixed = [np.round(path * 2**SUBPIXEL_BITS).astype(np.int32)]
    cv2.polylines(blur, fixed, False, (1.0,), 1, cv2.LINE_AA, SUBPIXEL_BITS)
    return _clipped(cv2.filter2D(picture, cv2.CV_32F, blur / blur.sum()))


def _frosted(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Seen through rippled glass: each place from a little beside it, and blurred."""
    reach = rng.uniform(0.5, 1.7)
    shifts = rng.uniform(-reach, reach, (2, INPUT_PX, INPUT_PX)).astype(np.float32)
    rows, columns = np.indices(picture.shape, np.float32)
    moved = cv2.remap(picture, columns + shifts[0], rows + shifts[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.3, 0.9)), np.uint8)


def _misplaced(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Too small, turned, slanted and beside the middle, all at once."""
    turn, slant = np.deg2rad(rng.uniform(-24.0, 24.0)), rng.uniform(-0.35, 0.35)
    shape = rng.uniform(0.65, 1.0) * np.array([[np.cos(turn), -np.sin(turn) + slant], [np.sin(turn), np.cos(turn)]])
    middle = np.full(2, (INPUT_PX - 1) / 2)
    move = np.column_stack([shape, middle - shape @ middle + rng.uniform(-3.5, 3.5, 2)])
    return np.asarray(cv2.warpAffine(picture, move, picture.shape), np.uint8)


KINDS: Mapping[Damage, tuple[str, ...]] = {
    _banded: ("stripe",),
    _dotted: ("dotted_line",),
    _crossed_out: ("zigzag",),
    _specked: ("impulse_noise",),
    _grainy: ("shot_noise",),
    _outlined: ("canny_edges",),
    _veiled: ("brightness", "fog"),
    _spattered: ("spatter",),
    _shaken: ("motion_blur",),
    _frosted: ("glass_blur",),
    _misplaced: ("shear", "scale", "rotate", "translate"),
}
"""Each kind of damage, and the corruptions in `train.corruptions` that it is near."""

# The hardest ones more often.
_IN_ORDER = (*KINDS, _banded, _crossed_out, _specked, _outlined, _misplaced)


def _across(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points on two opposite edges, x before y."""
    ends = np.array([[0.0, rng.uniform(0, INPUT_PX - 1)], [INPUT_PX - 1.0, rng.uniform(0, INPUT_PX - 1)]])
    ends = ends if rng.random() < 0.7 else ends[:, ::-1]
    return ends[0], ends[1]


def _clipped(picture: NDArray[np.generic]) -> Pixels:
    return np.clip(np.asarray(picture, np.float32), 0.0, 255.0).round().astype(np.uint8)
