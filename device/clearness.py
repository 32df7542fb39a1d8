"""How surely a piece of ink is writing, rather than a sheet's edge, a rest of a line or the grain of a table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Frame, Pixels
from device.ink import Contrast, contrast, ranked
from device.pieces import Piece, count_above, edges_at, grown, is_blot, longer_px, pieces_of, view_of
from device.ruling import without_lines

CLEARNESS = (-2.40, -1.81, 3.16, -3.67, -2.66, -1.28)
"""Log odds that a piece is writing: a constant, and what counts by each of the `clearness_terms`. Fitted to
12,274 pieces of 400 drawn scenes to tune on and 150 without digits (train/photographs/README.md says how)."""

LEAST_CLEARNESS = -2.0
"""Log odds below which a piece is left out: 1 % of the digits and 73 % of what is none."""

PLAIN_CLEARNESS = 0.0
"""Log odds from which on a piece is rather writing than not."""

BUSY_CORE = 0.3
"""Bare is what has less than this share of the piece's own contrast: squared paper around dark ink, not around more of
its own lines."""

CELLS, CELL_PX, CELL_RANK = 4, 48, 60.0
"""The ground around a large piece is looked at in so many parts across and down, none narrower than the second, and the
third is the percentile of theirs that counts: the edge of a shadow crosses some of them, that of a sheet lies in all.
Of 300 drawn scenes to tune on and 84 in chalk or pencil 318 are right and 270 answered; by the median 317 and 268."""

LEAST_RING_PX = 8
"""What has fewer pixels of ground around is at the edge of the picture: all around it counts."""


def weighed(frame: Frame, paper: Pixels | None = None) -> Iterator[tuple[Box, NDArray[np.float64]]]:
    """The pieces of a scene that may be strokes, in its pixels, with the terms that CLEARNESS weighs: to fit it.

    Args:
        frame: Any.
        paper: As `ink.contrast` takes it.
    """
    seen = contrast(frame, paper=paper)
    pixels = without_lines(seen.pixels, seen.level)
    if not seen.is_wide:
        for piece in pieces_of(pixels, seen.level):
            if not is_blot(piece, pixels.shape):
                yield piece.box.scaled(1 / seen.factor), clearness_terms(piece, pixels, seen)


class Scale:
    """Weighs the pieces of one scene, each once.

    Args:
        pixels: The contrast, without printed lines.
        seen: What it was taken from.
    """

    def __init__(self, pixels: Pixels, seen: Contrast) -> None:
        self._pixels = pixels
        self._seen = seen
        self._weighed: dict[Piece, float] = {}

    def clearness(self, piece: Piece) -> float:
        """Log odds that a piece is writing."""
        if piece not in self._weighed:
            terms = clearness_terms(piece, self._pixels, self._seen)
            self._weighed[piece] = float(np.dot(CLEARNESS, terms))
        return self._weighed[piece]


def clearness_terms(piece: Piece, pixels: Pixels, seen: Contrast) -> NDArray[np.float64]:
    """What speaks for writing: it has bare, even ground around, stands out from it and doesn't cross an edge.

    Args:
        piece: Any.
        pixels: The contrast, without printed lines.
        seen: What it was taken from.
    """
    # The soft edges of its own strokes are not around it; a small digit has little else.
    inner, outer = (grown(piece.box, margin, pixels.shape) for margin in (3, 6 + longer_px(piece.box) // 8))
    bare = max(seen.level / 2, BUSY_CORE * piece.core)
    around = count_above(view_of(pixels, outer), bare) - count_above(view_of(pixels, inner), bare)
    busy = around / max(1, outer.area - inner.area)
    spread, unevenness = _ground(piece, seen.grey)
    terms = (
        1.0,
        min(spread, 1.0),
        np.log(piece.core / seen.level),
        min(busy, 0.3),
        min(unevenness, 1.0),
        bool(edges_at(piece.box, pixels.shape)),
    )
    return np.array(terms, np.float64)


def _ground(piece: Piece, grey: Pixels) -> tuple[float, float]:
    """How uneven the ground along its strokes is, as a share of their depth in it, and of its own brightness.

    Paper lies on both sides of a stroke; of the edge of a sheet only on one.
    """
    reach = max(3, min(12, int(0.08 * longer_px(piece.box))))
    place = grown(piece.box, 3 + reach, grey.shape)
    mask = np.zeros((place.height, place.width), np.uint8)
    view_of(mask, Box(piece.box.x - place.x, piece.box.y - place.y, piece.box.width, piece.box.height))[...] = (
        piece.mask
    )
    inner, outer = (cv2.dilate(mask, np.ones((2 * px + 1, 2 * px + 1), np.uint8)) for px in (3, 3 + reach))
    ring = np.asarray(cv2.subtract(outer, inner), np.uint8)
    window = view_of(grey, place)
    if max(place.width, place.height) < 2 * CELL_PX:
        return _unevenness(window, mask, None if cv2.countNonZero(ring) < LEAST_RING_PX else ring)
    known = [
        _unevenness(*parts)
        for parts in ([view_of(picture, cell) for picture in (window, mask, ring)] for cell in _cells(place))
        if min(cv2.countNonZero(part) for part in parts[1:]) >= LEAST_RING_PX
    ] or [_unevenness(window, mask, None)]
    spread, unevenness = np.percentile(np.array(known, np.float64), CELL_RANK, axis=0)
    return float(spread), float(unevenness)


def _cells(place: Box) -> list[Box]:
    """A place divided into parts of at least CELL_PX, at most CELLS across and down."""
    across, down = (max(1, min(CELLS, side // CELL_PX)) for side in (place.width, place.height))
    xs, ys = (
        np.linspace(0, side, parts + 1).astype(int).tolist()
        for side, parts in ((place.width, across), (place.height, down))
    )
    return [Box(x, y, right - x, bottom - y) for y, bottom in pairwise(ys) for x, right in pairwise(xs)]


def _unevenness(window: Pixels, mask: Pixels, ring: Pixels | None) -> tuple[float, float]:
    """Of the ground in the ring around some strokes, or in the whole window."""
    least, low, middle, high, most = ranked(window, ring, 0.05, 0.1, 0.5, 0.9, 0.95)
    (dark,) = ranked(window, mask, 0.25)
    return (high - low) / max(4.0, middle - dark), (most - least) / max(1.0, middle)
