"""Frame -> pieces of writing that may be digits, in reading order.

Ink is told from paper (`device.ink`), printed lines are taken out (`device.ruling`), what is connected becomes a
piece, the strokes of one digit are joined, specks are left out, and what remains is put into lines and groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Advice, Box, Frame, Pixels
from device.ink import Contrast, contrast
from device.ruling import without_lines

MOST_PIECES = 200
LEAST_AREA_PX = 12
EDGE_SHARE = 0.4
"""A stroke's edge lies where the contrast is this share of its core's: half, less a little for pale ends of strokes."""


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """What may be one digit.

    Attributes:
        box: In pixels of the frame.
        ink: Its ink alone, as `preprocess.mnist_layout` takes it: uint8, the stroke's edge at 128.
        group: Number of its group, from 0, in reading order.
        cut_off: The edges of the frame that its strokes cross, as what to say about it.
    """

    box: Box
    ink: Pixels
    group: int
    cut_off: tuple[Advice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Strokes that hang together; boxes in working pixels.

    Attributes:
        box: Around them.
        mask: True on them, shape (box.height, box.width).
        core: Contrast that a tenth of them exceeds, 0..255.
        area: Pixels of the strokes.
    """

    box: Box
    mask: NDArray[np.bool_]
    core: float
    area: int


def find(frame: Frame) -> tuple[Writing, ...]:
    seen = contrast(frame)
    cleaned = without_lines(seen.pixels, seen.level)
    pieces = pieces_of(cleaned, seen.level)
    clusters = joined(pieces)
    lines = in_lines(clusters)
    return tuple(
        Writing(c.box.scaled(1 / seen.factor), ink_of(cleaned, c), g, ()) for g, line in enumerate(lines) for c in line
    )


def pieces_of(pixels: Pixels, level: float) -> list[Piece]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats((pixels > level).view(np.uint8), connectivity=8)
    order = 1 + np.argsort(stats[1:, cv2.CC_STAT_AREA])[::-1][:MOST_PIECES]
    pieces = []
    for label in order:
        x, y, w, h, area = (int(v) for v in stats[label])
        if area < LEAST_AREA_PX:
            break
        window = pixels[y : y + h, x : x + w]
        mask = labels[y : y + h, x : x + w] == label
        core = core_of(window[mask])
        strong = (mask & (window > EDGE_SHARE * core)).view(np.uint8)
        _, parts, part_stats, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
        for part in range(1, len(part_stats)):
            px, py, pw, ph, parea = (int(v) for v in part_stats[part])
            if parea >= max(LEAST_AREA_PX, 0.02 * area):
                m = parts[py : py + ph, px : px + pw] == part
                pieces.append(Piece(Box(x + px, y + py, pw, ph), m, core, parea))
    return pieces


def core_of(values: Pixels) -> float:
    rank = values.size * 9 // 10
    return float(np.partition(values, rank)[rank])


def joined(pieces: list[Piece]) -> list[Piece]:
    if not pieces:
        return []
    big = max(p.area * p.core for p in pieces)
    main = [p for p in pieces if p.area * p.core >= 0.15 * big]
    height = float(np.median([max(p.box.height, p.box.width * 0.5) for p in main]))
    core = float(np.median([p.core for p in main]))
    kept = [p for p in pieces if p.core >= 0.4 * core and max(p.box.height, p.box.width) >= 0.15 * height]
    n = len(kept)
    near = np.eye(n, dtype=bool)
    for i in range(n):
        for j in range(i):
            near[i, j] = belongs(kept[i], kept[j], height)
    groups = components(near | near.T)
    out = [merged([kept[i] for i in g]) for g in groups]
    return [p for p in out if p.box.height >= 0.35 * height]


def belongs(a: Piece, b: Piece, height: float) -> bool:
    A, B = a.box, b.box
    dx = max(A.x, B.x) - min(A.right, B.right)
    dy = max(A.y, B.y) - min(A.bottom, B.bottom)
    small, large = sorted((A, B), key=lambda x: x.height)
    if small.height > 0.6 * height:
        return -dx > 0.5 * min(A.width, B.width) and dy < 0
    return dx < 0.12 * height and dy < 0.2 * height


def components(near):
    left = set(range(len(near)))
    out = []
    while left:
        todo = [left.pop()]
        g = []
        while todo:
            i = todo.pop()
            g.append(i)
            new = [j for j in np.flatnonzero(near[i]) if j in left]
            left.difference_update(new)
            todo += new
        out.append(g)
    return out


def merged(ps: Sequence[Piece]) -> Piece:
    if len(ps) == 1:
        return ps[0]
    box = ps[0].box
    for p in ps[1:]:
        box = box.union(p.box)
    mask = np.zeros((box.height, box.width), bool)
    for p in ps:
        mask[p.box.y - box.y : p.box.bottom - box.y, p.box.x - box.x : p.box.right - box.x] |= p.mask
    return Piece(box, mask, max(p.core for p in ps), sum(p.area for p in ps))


def in_lines(ps: list[Piece]) -> list[list[Piece]]:
    lines: list[list[Piece]] = []
    for p in sorted(ps, key=lambda p: p.box.x):
        mid = p.box.y + p.box.height / 2
        for line in lines:
            last = line[-1].box
            if abs(last.y + last.height / 2 - mid) < 0.6 * max(last.height, p.box.height):
                line.append(p)
                break
        else:
            lines.append([p])
    return sorted(lines, key=lambda line: min(p.box.y for p in line))


def ink_of(pixels: Pixels, p: Piece) -> Pixels:
    pad = 2
    b = p.box
    y0, x0 = max(0, b.y - pad), max(0, b.x - pad)
    window = pixels[y0 : b.bottom + pad, x0 : b.right + pad]
    m = np.zeros(window.shape, np.uint8)
    m[b.y - y0 : b.y - y0 + b.height, b.x - x0 : b.x - x0 + b.width] = p.mask
    m = cv2.dilate(m, np.ones((3, 3), np.uint8), iterations=pad)
    return cv2.convertScaleAbs(window * m, alpha=128 / (EDGE_SHARE * p.core))
