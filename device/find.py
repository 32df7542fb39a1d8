"""Frame -> pieces of writing that may be digits, in reading order.

The light is flattened, ink told from paper by its contrast, printed lines and specks are left out, strokes of one
digit are joined, and what remains is put into lines and groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Advice, Box, Frame, Pixels

WORK_PIXELS = 2_100_000
SMALL_PX = 128
GROUND_PX = 512
LEAST_CONTRAST = 16
MOST_PIECES = 300


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    box: Box
    ink: Pixels
    group: int
    cut_off: tuple[Advice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Connected ink: `mask` and `box` in working pixels; `core` is the contrast of its strokes' middle, 0..255."""

    box: Box
    mask: NDArray[np.bool_]
    core: float
    area: int


def working(grey):
    h, w = grey.shape
    if max(h, w) < SMALL_PX:
        f = SMALL_PX / max(h, w)
        return cv2.resize(grey, (max(1, round(w * f)), max(1, round(h * f))), interpolation=cv2.INTER_CUBIC), f
    if h * w > WORK_PIXELS:
        f = (WORK_PIXELS / (h * w)) ** 0.5
        return cv2.resize(grey, (max(1, round(w * f)), max(1, round(h * f))), interpolation=cv2.INTER_AREA), f
    return grey, 1.0


def thumb(grey, side):
    h, w = grey.shape
    f = min(1.0, side / max(h, w))
    return cv2.resize(grey, (max(1, round(w * f)), max(1, round(h * f))), interpolation=cv2.INTER_AREA)


def is_light_on_dark(grey, small):
    s = thumb(grey, 256)
    if not small:
        share = 0.3 if min(grey.shape) >= 400 else 0.5
        n = min(255, int(min(s.shape) * share) | 1)
        s = np.clip(128 + s.astype(np.int16) - cv2.medianBlur(s, n), 0, 255).astype(np.uint8)
    _, m = cv2.threshold(s, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    e = np.concatenate([m[0], m[-1], m[:, 0], m[:, -1]])
    return float(e.mean() + m.mean()) > 1.0


def contrast_of(grey):
    s = thumb(grey, GROUND_PX)
    share = 0.2 if min(grey.shape) >= 400 else 0.6
    n = max(3, int(min(s.shape) * share) | 1)
    g = cv2.morphologyEx(s, cv2.MORPH_CLOSE, np.ones((n, n), np.uint8))
    g = cv2.blur(g, (5, 5))
    g = cv2.resize(g, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return 255 - cv2.divide(grey, g, scale=255)


def least_contrast(c):
    s = c[::2, ::2] if c.size > 100000 else c
    lo, mid = np.percentile(s, [10, 40])
    return mid + max(LEAST_CONTRAST, 5 * (mid - lo))


def pieces_of(c, level):
    n, labels, stats, _ = cv2.connectedComponentsWithStats((c > level).view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    order = 1 + np.argsort(stats[1:, cv2.CC_STAT_AREA])[::-1][:MOST_PIECES]
    out = []
    for i in order:
        x, y, w, h, a = (int(v) for v in stats[i])
        if a < 12:
            break
        m = labels[y : y + h, x : x + w] == i
        cc = c[y : y + h, x : x + w]
        core = float(np.percentile(cc[m], 90))
        strong = (m & (cc > core / 2)).view(np.uint8)
        k, l2, st2, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
        for j in range(1, k):
            X, Y, W, H, A = (int(v) for v in st2[j])
            if A < max(12, 0.02 * a):
                continue
            out.append(Piece(Box(x + X, y + Y, W, H), l2[Y : Y + H, X : X + W] == j, core, A))
    return out
