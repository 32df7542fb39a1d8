"""Broken digits: two pieces of writing that are one digit together, where one at least is no sure digit by itself.

Chalk on a rough board, a pen that runs dry and a printed line taken out of the picture leave gaps that are too wide for
the strokes of one digit (`pieces.joined_strokes`); what the pieces make together the classifier says (`separate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from device.domain import Box
from device.find import Writing
from device.judge import LIKELY, Probabilities
from device.pieces import view_of

NEAR = 0.2
"""The pieces of a broken digit are nearer to each other than this share of the digits' height, across and down. With
0.35 no scene more of 1,200 to tune on is read."""

BESIDE = 0.5
"""They stand side by side, or one above the other, by this share of the smaller one: of a line of writing that lies
turned each digit comes near to the corner of the next."""

BROADEST = 1.1
"""A digit is no broader than so many times its height."""

HEIGHTS = (0.6, 1.35)
"""Nor lower, or higher, than so many times the median of three likely digits or more."""

DOUBTED = 0.9
"""Of one of the pieces at least the best digit has less probability."""


def near_pairs(writings: Sequence[Writing], probabilities: Probabilities) -> Iterator[tuple[int, int]]:
    """The places of two pieces that may be one broken digit, the first before the second in reading order.

    Args:
        writings: In reading order; what was cut from another piece is none of a broken digit.
        probabilities: Of them, shape (n, 10 or 11).
    """
    best = probabilities[:, :10].max(axis=1, initial=0.0)
    likely = [writing.box.height for writing, share in zip(writings, best, strict=True) if share > LIKELY]
    usual_px = float(np.median(likely)) if len(likely) > 2 else None
    whole = [place for place, writing in enumerate(writings) if not writing.separated]
    for one, other in combinations(whole, 2):
        if min(best[one], best[other]) < DOUBTED and _may_be_one(writings[one].box, writings[other].box, usual_px):
            yield one, other


def _may_be_one(one: Box, other: Box, usual_px: float | None) -> bool:
    around = one.union(other)
    height_px = usual_px or around.height
    across_px = min(one.right, other.right) - max(one.x, other.x)  # negative where there is a gap
    down_px = min(one.bottom, other.bottom) - max(one.y, other.y)
    is_near = min(across_px, down_px) >= -NEAR * height_px
    are_beside = down_px >= BESIDE * min(one.height, other.height)
    are_stacked = across_px >= BESIDE * min(one.width, other.width)
    is_usual = usual_px is None or HEIGHTS[0] * usual_px < around.height < HEIGHTS[1] * usual_px
    return is_near and (are_beside or are_stacked) and around.width <= BROADEST * around.height and is_usual


def united(one: Writing, other: Writing) -> Writing:
    """Both as one piece of writing, in the place of the first."""
    factor = one.ink.shape[0] / one.ink_box.height
    places = [
        Box(round(part.ink_box.x * factor), round(part.ink_box.y * factor), part.ink.shape[1], part.ink.shape[0])
        for part in (one, other)
    ]
    around = places[0].union(places[1])
    ink = np.zeros((around.height, around.width), np.uint8)
    for part, place in zip((one, other), places, strict=True):
        window = view_of(ink, Box(place.x - around.x, place.y - around.y, place.width, place.height))
        np.maximum(window, part.ink, out=window)
    return replace(
        one,
        box=one.box.union(other.box),
        ink=ink,
        ink_box=one.ink_box.union(other.ink_box),
        after_mark=one.after_mark or other.after_mark,
        cut_off=tuple(dict.fromkeys((*one.cut_off, *other.cut_off))),
        softness=max(one.softness, other.softness),
        tangled=one.tangled or other.tangled,
        clearness=max(one.clearness, other.clearness),
    )
