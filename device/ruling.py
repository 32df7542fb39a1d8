"""Printed lines out of a contrast picture: ruled and squared paper, and what is left of a frame at the picture's edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels

SEARCH_PX = 400
MOST_LINES = 48
TILT = np.deg2rad(20)
EDGE_TILT = np.deg2rad(8)


@dataclass(frozen=True, slots=True)
class Line:
    """y = start + slope * x; `upright` lines are such lines of the transposed picture."""

    start: float
    slope: float
    upright: bool


def without_lines(pixels: Pixels, level: float) -> Pixels:
    cleaned = pixels.copy()
    for line in lines_of(pixels, level):
        view = cleaned.T if line.upright else cleaned
        source = pixels.T if line.upright else pixels
        _take_out(source, view, line, level)
    return cleaned


def lines_of(pixels: Pixels, level: float) -> Iterator[Line]:
    factor = max(1, -(-max(pixels.shape) // SEARCH_PX))
    mask = (pixels > level).view(np.uint8)
    h, w = pixels.shape[0] // factor, pixels.shape[1] // factor
    small = cv2.resize(mask[: h * factor, : w * factor] * 255, (w, h), interpolation=cv2.INTER_AREA)
    small = (small > 100).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(small, connectivity=8)
    for upright, side, length, angle in ((False, cv2.CC_STAT_WIDTH, w, np.pi / 2), (True, cv2.CC_STAT_HEIGHT, h, 0.0)):
        wide = stats[:, side] >= 0.4 * length
        wide[0] = False
        if not wide.any():
            continue
        spanning = wide[labels].view(np.uint8)
        found = cv2.HoughLines(
            spanning, 1, np.deg2rad(0.25), int(0.4 * length), min_theta=angle - TILT, max_theta=angle + TILT
        ) if not upright else cv2.HoughLines(
            np.ascontiguousarray(spanning.T), 1, np.deg2rad(0.25), int(0.4 * length), min_theta=np.pi / 2 - TILT, max_theta=np.pi / 2 + TILT
        )
        kept: list[tuple[float, float]] = []
        for rho, theta in found[:, 0] if found is not None else []:
            start, end = rho / np.sin(theta), (rho - length * np.cos(theta)) / np.sin(theta)
            if all(abs(start - s) + abs(end - e) > 6 for s, e in kept):
                kept.append((start, end))
            if len(kept) == MOST_LINES:
                break
        for start, end in kept:
            yield Line((start + 0.5) * factor - 0.5, (end - start) / length, upright)


def _take_out(pixels: Pixels, cleaned: Pixels, line: Line, level: float) -> None:
    height, width = pixels.shape
    x = np.arange(width)
    y = np.rint(line.start + line.slope * x).astype(int)
    inside = (y >= 0) & (y < height)
    x, y = x[inside], y[inside]
    if len(x) < 0.4 * width:
        return
    at_edge = max(np.minimum(y, height - 1 - y).max() / height, 0) < 0.2
    reach = max(8, int((0.12 if at_edge else 0.03) * height))
    offsets = np.arange(-reach, reach + 1)[:, None]
    rows = np.clip(y + offsets, 0, height - 1)
    strip = (pixels[rows, x] > level) & (y + offsets >= 0) & (y + offsets < height)
    nearest = np.where(strip, np.abs(offsets), 2 * reach).argmin(axis=0)
    cols = np.arange(len(x))
    hit = strip[nearest, cols] & (np.abs(nearest - reach) <= max(3, reach // 4))
    index = np.arange(len(strip))[:, None]
    first = np.maximum.accumulate(np.where(strip, -1, index), axis=0)[nearest, cols] + 1
    last = np.minimum.accumulate(np.where(strip, len(strip), index)[::-1], axis=0)[::-1][nearest, cols] - 1
    thick = last - first + 1
    hit = lasting(hit, int((0.7 if at_edge else 0.3) * width))
    if hit.mean() < 0.6:
        return
    usual = float(np.percentile(thick[hit], 40))
    if usual > (0.1 * height if at_edge else max(3.0, len(x) / 50)):
        return
    bare = hit & (thick <= 1.4 * usual + 2)
    clear = strip & (index >= first - 1) & (index <= last + 1) & bare
    r, k = np.nonzero((index >= first - 1) & (index <= last + 1) & bare)
    cleaned[rows[r, k], x[k]] = 0


def lasting(hit, length):
    row = hit.view(np.uint8)[None]
    row = cv2.morphologyEx(np.pad(row, ((0, 0), (9, 9)), mode="edge"), cv2.MORPH_CLOSE, np.ones((1, 9), np.uint8))[:, 9:-9]
    n, labels, stats, _ = cv2.connectedComponentsWithStats(row, connectivity=8)
    good = stats[:, cv2.CC_STAT_WIDTH] >= length
    good[0] = False
    return hit & good[labels[0]]
