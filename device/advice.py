"""What would help most, from measured quantities; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from device.domain import Advice, Frame
from device.find import Writing
from device.quality import Quality, measured

COVERED_LUMA = 25.0
"""A picture whose brightest hundredth stays below (of 255) shows a lid or a hand, not a dark room."""

DARK_LUMA = 70.0
"""Paper darker than this (of 255) drowns in the sensor's noise."""

CLIPPED_SHARE = 0.25
"""A picture with more than this share of clipped pixels has lost ink in glare."""

LEAST_HEIGHT_PX = 12
"""A lower digit has strokes thinner than a pixel."""

SOFTEST = 0.065
"""Strokes whose soft edge is a larger share of the digit's size are blurred. The photographs of photo_digits and
sudoku_photo stay below 0.056; drawn scenes blurred by 8 px (of 1640) reach 0.058 in the median, by 14 px 0.080."""

MOST = 2
"""More pieces of advice at once help nobody."""


def advise(frame: Frame, found: Sequence[Writing]) -> tuple[Advice, ...]:
    """What would help with a frame, given the writing found in it.

    The most useful advice first, at most two pieces; empty when all is well.
    """
    return advised(measured(frame, found))


def advised(quality: Quality) -> tuple[Advice, ...]:
    """The same, of what was measured already."""
    return tuple(dict.fromkeys(_all(quality)))[:MOST]


def _all(quality: Quality) -> Iterator[Advice]:
    yield from quality.cut_off
    if quality.brightest < COVERED_LUMA:
        yield Advice.COVERED
    elif quality.brightest < DARK_LUMA:
        yield Advice.TOO_DARK
    elif quality.height_px is None and quality.clipped > CLIPPED_SHARE:
        yield Advice.TOO_BRIGHT
    if quality.height_px is not None and quality.height_px < LEAST_HEIGHT_PX:
        yield Advice.TOO_SMALL
    if quality.softness is not None and quality.softness > SOFTEST:
        yield Advice.BLURRED
