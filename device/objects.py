"""Pieces that are things and no ink: the holes of a binding, an eyelet, a pen that lies on the paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.clearness import PLAIN_CLEARNESS
from device.domain import Box
from device.pieces import Piece, longer_px, mean_stroke_px

HOLES, MOST_ROWS, HOLE_SOLID, SAME_SIZE, IN_LINE = 6, 2, 0.7, 1.3, 0.3
"""Holes along a sheet's edge, or what shows of the wires in them, are at least so many in at most so many rows, each
filling the third share of the rectangle around it; one's sides are at most the fourth times another's, and they stand
in line to the fifth share of their longer side."""

EYELET_PX, EYELET_ROUND, EYELET_OFF, EYELET_SIZE, MOST_RINGS = 16, 0.8, 0.03, 0.9, 60
"""An eyelet is at least so large; its sides differ by at most the second factor; it is round, inside and outside, to
the third share of its size and to a pixel; and is lower than the fourth share of the highest writing. Of 1,007 zeros of
people to tune on none is so round. They are looked for among at most so many pieces."""

BAR_LONG, BAR_THICK, BAR_SHAPE, BAR_FILLS = 3.0, 2.5, 5.0, 0.45
"""A pen that lies across the paper is so many times as long as the writing is high, as thick as its strokes, and as
long as thick; with its clip it fills this share of the rectangle around it."""

LEAST_WRITTEN_PX = 24
"""Less says nothing about how high writing is beside a pen."""

LEAST_HOLE_PX, MOST_PIECES, MOST_BESIDE = 8, 300, 60
"""The longer side of the smallest hole. A notebook's page with more pieces as large as that, or half as large as its
holes, is a page of text and not a number."""

SAME_STEP, MOST_STEPS = 1.2, 0.8
"""From hole to hole it is the middle step, to the first factor, in the second share of cases: some may not be seen."""


def holes(pieces: Sequence[Piece]) -> list[Piece]:
    """The holes of a notebook's binding: many of one size in line, one step apart, as no hand writes.

    A sheet has them along one side; more rows, or much beside them as large, are print.
    """
    left = [piece for piece in _of_one_size(pieces) if _is_solid(piece)]
    rows: list[list[Piece]] = []
    while len(left) >= HOLES and len(rows) <= MOST_ROWS:
        seed = left.pop()
        alike = [seed, *(piece for piece in left if _is_as_large(piece.box, seed.box))]
        row = _evenly_in_line(alike) if len(alike) >= HOLES else []
        rows += [row] if row else []
        left = [piece for piece in left if piece not in row]
    found = [piece for row in rows for piece in row]
    least_px = 0.5 * min((longer_px(piece.box) for piece in found), default=0)
    beside = sum(longer_px(piece.box) >= least_px for piece in pieces) - len(found)
    return found if len(rows) <= MOST_ROWS and beside <= MOST_BESIDE else []


def _of_one_size(pieces: Sequence[Piece]) -> list[Piece]:
    """Those as large as enough others to be holes; none where there are so many that it is print."""
    large = [piece for piece in pieces if longer_px(piece.box) >= LEAST_HOLE_PX]
    if not HOLES <= len(large) <= MOST_PIECES:
        return []
    logs = np.log([(piece.box.width, piece.box.height) for piece in large])
    alike = np.all(np.abs(logs[:, None] - logs) <= np.log(SAME_SIZE), axis=2)
    return [piece for piece, count in zip(large, alike.sum(axis=1), strict=True) if count >= HOLES]


def _is_solid(piece: Piece) -> bool:
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(piece.mask)))
    return piece.area >= HOLE_SOLID * (sides[0] + 1.0) * (sides[1] + 1.0)


def _is_as_large(one: Box, other: Box) -> bool:
    pairs = ((one.width, other.width), (one.height, other.height))
    return all(max(pair) <= SAME_SIZE * min(pair) for pair in pairs)


def _evenly_in_line(pieces: Sequence[Piece]) -> list[Piece]:
    """Those that stand on one straight line, if they are enough and evenly apart."""
    centres = np.array([(box.x + box.width / 2, box.y + box.height / 2) for box in (piece.box for piece in pieces)])
    along_x, along_y, x, y = cv2.fitLine(centres.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
    beside = np.abs((centres - (x, y)) @ (-along_y, along_x))
    inside = beside <= IN_LINE * longer_px(pieces[0].box)
    if inside.sum() < HOLES:
        return []
    steps = np.diff(np.sort((centres[inside] - (x, y)) @ (along_x, along_y)))
    middle = float(np.median(steps))
    even = (steps < SAME_STEP * middle) & (middle < SAME_STEP * steps)
    return [piece for piece, is_in in zip(pieces, inside, strict=True) if is_in] if even.mean() >= MOST_STEPS else []


def eyelets(pieces: Sequence[Piece]) -> list[Piece]:
    """Printed or metal rings, as round inside as outside, which no hand draws so, beside higher writing."""
    large = [piece for piece in pieces if longer_px(piece.box) >= EYELET_PX]
    if len(large) > MOST_RINGS:
        return []
    rings = [piece for piece in large if _is_even_ring(piece)]
    highest = max((piece.box.height for piece in large if piece not in rings), default=0)
    return [ring for ring in rings if ring.box.height < EYELET_SIZE * highest]


def _is_even_ring(piece: Piece) -> bool:
    """Whether its outer and its inner outline are ellipses about one middle."""
    if min(piece.box.width, piece.box.height) < EYELET_ROUND * longer_px(piece.box):
        return False
    mask = cv2.copyMakeBorder(piece.mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes = [contour for contour, (*_, around) in zip(contours, hierarchy[0], strict=True) if around >= 0]
    if not holes:
        return False
    outlines = (max(contours, key=cv2.contourArea), max(holes, key=cv2.contourArea))
    if min(map(len, outlines)) < EYELET_PX:
        return False
    (outer, is_round), (inner, is_round_inside) = map(_fitted_ellipse, outlines)
    return is_round and is_round_inside and float(np.hypot(*(outer - inner))) < EYELET_OFF * longer_px(piece.box)


def _fitted_ellipse(outline: NDArray[Any]) -> tuple[NDArray[np.float64], bool]:
    """The middle of the ellipse that fits an outline best, and whether it fits to a few hundredths of its size."""
    middle, axes, degrees = cv2.fitEllipse(outline)
    if min(axes) < EYELET_ROUND * max(axes):
        return np.array(middle), False
    turn = np.deg2rad(degrees)
    turned = (outline[:, 0] - middle) @ np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    off = np.abs(np.hypot(*(turned / (np.array(axes) / 2.0)).T) - 1.0)
    return np.array(middle), float(np.percentile(off, 95)) < max(EYELET_OFF, 1.0 / max(axes))


def lying_bars(pieces: Sequence[Piece]) -> list[Piece]:
    """Pens and rulers that lie across the paper: bars far longer and thicker than the strokes of all else."""
    plain = [piece for piece in pieces if piece.clearness >= PLAIN_CLEARNESS]
    found = []
    for piece in (one for one in pieces if one.box.width > one.box.height):
        others = [other for other in plain if other is not piece and longer_px(other.box) >= LEAST_WRITTEN_PX]
        if not others:
            continue
        _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(piece.mask)))
        length, thick = max(sides) + 1.0, min(sides) + 1.0
        height = float(np.percentile([longer_px(other.box) for other in others], 75))
        is_bar = length >= BAR_SHAPE * thick and piece.area >= BAR_FILLS * length * thick
        is_large = length >= BAR_LONG * height and thick >= BAR_THICK * float(np.median([*map(mean_stroke_px, others)]))
        if is_bar and is_large:
            found.append(piece)
    return found
