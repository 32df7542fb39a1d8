"""Rows as the box gets them: written on drawn sheets, photographed, found and cut by the device's own finder.

They have what no row drawn by itself has: what is left of printed lines, broken strokes of pencil and chalk, and
pieces of tables, shadows and drawings, which say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from device.domain import Box, Pixels
from device.find import find
from device.preprocess import row_layout
from train.cuts import LEAST_OVERLAP, MOST_FOREIGN, photographs
from train.photographs.hands import Part, Pool
from train.rows.drawing import DIGIT_PX, Rows, changed

KINDS = ("number", "sheet", "negative")
"""Of `train.photographs.files.KINDS`, in turn."""

FIRST = 100_000
"""Number of the first photograph: those before are the digit model's (`train.cuts`)."""

MOST_OF_ONE = 8
"""Pieces taken from one photograph: a page of text has hundreds, all alike."""

LEAST_FILLED = 0.4
"""Share of a piece's box that the box around all its digits fills: what has a lower one is a frame."""

WIDEST = 6.0
"""A piece wider than so many times its height is changed no more: it would take long, and few are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Which photographs.

    Attributes:
        hands: Who writes.
        part: Whose hands these are.
        count: How many.
        copies: What is cut out is kept as it is, and so often in all, by another hand each time.
    """

    hands: tuple[Pool, ...]
    part: Part
    count: int
    copies: int = 1


def photographed_rows(taken: Photographs, begin: int, count: int) -> Rows:
    """What is found on some of the photographs, with what it says.

    Args:
        taken: All of them.
        begin: Which is the first.
        count: How many.
    """
    cv2.setNumThreads(1)  # the cores are taken
    pictures: list[Pixels] = []
    labels: list[tuple[int, ...]] = []
    rng = np.random.default_rng((FIRST, begin))
    numbers = range(FIRST + begin, FIRST + begin + count)
    for frame, label, boxes in photographs(KINDS, taken.hands, taken.part, numbers):
        writings = find(frame).writings
        meant = said(label, boxes, [writing.box for writing in writings])
        known = [(writing.ink, says) for writing, says in zip(writings, meant, strict=True) if says is not None]
        for index in rng.permutation(len(known))[:MOST_OF_ONE]:
            ink, says = known[index]
            several = [ink, *(_by_another(ink, rng) for _ in range(taken.copies - 1))]
            pictures += [row_layout(one) for one in several]
            labels += [says] * len(several)
    return Rows(tuple(pictures), tuple(labels))


def said(label: str, boxes: Sequence[Box | None], pieces: Sequence[Box]) -> list[tuple[int, ...] | None]:
    """What each piece of writing says: its digits from left to right; None where a part of one is in it.

    Args:
        label: The photograph's digits, without blanks.
        boxes: Where they are; None for one outside the picture.
        pieces: Boxes of what was found.
    """
    places = [(int(digit), box) for digit, box in zip(label, boxes, strict=True) if box is not None]
    shares = np.array([[piece.shared_area(box) / max(1, box.area) for _, box in places] for piece in pieces])
    shares = shares.reshape(len(pieces), len(places))
    inside = shares > LEAST_OVERLAP
    # A digit that is in two pieces is in pieces itself, or one of them is the outline of something around it.
    torn = (inside.sum(axis=0) > 1) & inside
    doubtful = ((shares > MOST_FOREIGN) & ~inside) | torn
    return [
        None if doubtful[row].any() else _in_a_row(piece, [places[column] for column in np.flatnonzero(inside[row])])
        for row, piece in enumerate(pieces)
    ]


def _in_a_row(piece: Box, places: Sequence[tuple[int, Box]]) -> tuple[int, ...] | None:
    """The digits from left to right; None if one stands below another, or if the piece is a frame around them."""
    if places and reduce(Box.union, (box for _, box in places)).area < LEAST_FILLED * piece.area:
        return None
    ordered = sorted(places, key=lambda place: place[1].x + place[1].width / 2)
    if any(not one.is_beside(other) for _, one in ordered for _, other in ordered):
        return None
    return tuple(digit for digit, _ in ordered)


def _by_another(ink: Pixels, rng: np.random.Generator) -> Pixels:
    """The same by another hand with another pen."""
    height, width = ink.shape
    if width > WIDEST * height:
        return ink
    size = (max(1, round(width * DIGIT_PX / height)), DIGIT_PX)
    interpolation = cv2.INTER_AREA if height > DIGIT_PX else cv2.INTER_LINEAR
    return changed(np.asarray(cv2.resize(ink, size, interpolation=interpolation), np.uint8), rng)
