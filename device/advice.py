"""What would help most, from measured quantities; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from device.domain import Advice, Frame
from device.find import Writing
from device.quality import CLEARLY_SEEN_PX, DIM_LUMA, Quality, measured

COVERED_LUMA, FINGER_LUMA = 25.0, 110.0
"""A flat picture whose brightest hundredth stays below the first (of 255) shows a lid; a red one below the second,
light that came through a finger."""

FLAT_STEP, LID_STEP = 5.0, 12.0
"""Steps of luma up to the first, and the noise, are none: what lies on the lens itself has no edges. In the little
light past a lid they may be as high as the second; 50 drawn scenes in the dark have 14 and more."""

FINGER_REDNESS = 1.6
"""Light that came through a finger has at least so many times as much red as blue."""

DARK_LUMA = 60.0
"""Paper darker than this (of 255) drowns in the sensor's noise."""

LEAST_SIGNAL = 18.0
"""The brightest parts are at least so many times as bright as the noise is strong; drawn scenes in which faint ink is
lost in amplified noise stay below 14, the roughest table in good light reaches 33."""

CLIPPED_SHARE = 0.05
"""A picture with more than this share of clipped pixels may have lost ink in glare."""

CLEAR_INK_SHARE = 0.002
"""Where more of a picture is clear ink on white paper it is a scan, and no light is too much: of 45 drawn scenes spoilt
by glare or overexposure 44 have none and one 0.0012, a page full of digits 0.05."""

CLEAR_CONTRAST = 0.6
"""Ink that differs by this share from its paper isn't lost in glare, though the paper be white."""

LEAST_HEIGHT_PX = 16
"""Lower digits are better brought closer when they weren't read; from 12 px on they can be."""

SMALL_HEIGHT_PX = CLEARLY_SEEN_PX
"""What is found beside smaller specks and is lower may be a fold or a sheet's corner, and the specks the writing."""

SOFTEST = 0.006
"""Strokes whose slopes are a larger share of the digit's size are blurred."""

VERY_SOFT = 0.01
"""Of digits that are clearly seen, a larger share is blur however sharp the rest is: the hand that moved held the
paper."""

SMEARED_PX = (4.5, 6.5)
"""Edges wider than the first, in px of the frame, agree with a digit that seems blurred; wider than the second they are
a blurred picture. Of 57 drawn scenes blurred on purpose 55 lie above, of 70 others that weren't read surely none."""

VERY_SMEARED_PX = 10.0
"""Edges wider than this, in px of the frame, are a blurred picture before anything else: in 120 drawn scenes spoilt to
tune on, those cut off stay below."""

MOST_SPECKS = 40
"""More are crumbs or the grain of something."""

TINY_PX = 12
"""Lower digits are read by luck (issue 4: from 12 px on)."""

GLANCE_EVERY = 32
"""Of so many pixels each way one is looked at to see whether a frame is dim: 2000 of two megapixels."""

MOST = 2
"""More pieces of advice at once help nobody."""


def advise(frame: Frame, found: Sequence[Writing], cut_off: tuple[Advice, ...] = ()) -> tuple[Advice, ...]:
    """What would help with a frame, given the writing found in it, and edges that cross something beside it.

    The most useful advice first, at most two pieces; empty when all is well.
    """
    quality = measured(frame, found)
    return advised(replace(quality, cut_off=tuple(dict.fromkeys((*quality.cut_off, *cut_off)))))


def advised(quality: Quality) -> tuple[Advice, ...]:
    """The same, of what was measured already."""
    return tuple(dict.fromkeys(_all(quality)))[:MOST]


def advise_reader(frame: Frame, found: Sequence[Writing]) -> tuple[Advice, ...]:
    """What would help with a frame that was read all the same: more light, or a smaller distance.

    Only a picture that is dim at a glance, or whose writing is tiny, is measured: the others cost no time.
    """
    glance = frame.pixels[::GLANCE_EVERY, ::GLANCE_EVERY].max(axis=2)
    is_tiny = bool(found) and max(writing.box.height for writing in found) < TINY_PX
    is_dim = float(np.percentile(glance, 99)) < DIM_LUMA and is_dark(measured(frame, found))
    shown = {Advice.TOO_DARK: is_dim, Advice.TOO_SMALL: is_tiny}
    return tuple(advice for advice, is_so in shown.items() if is_so)


def is_covered(quality: Quality) -> bool:
    """Whether a lid or a finger lies on the lens."""
    is_finger = quality.brightest < FINGER_LUMA and quality.redness >= FINGER_REDNESS
    if quality.brightest < COVERED_LUMA:
        return quality.step <= LID_STEP
    return is_finger and quality.step <= FLAT_STEP + quality.noise


def is_dark(quality: Quality) -> bool:
    """Whether there is too little light, or so little that the camera had to amplify it."""
    return quality.brightest < max(DARK_LUMA, LEAST_SIGNAL * quality.noise)


def is_glaring(quality: Quality) -> bool:
    """Whether light has washed the ink away; white paper with clear ink on it is no glare."""
    is_washed_out = quality.contrast is None or quality.contrast < CLEAR_CONTRAST
    return quality.clipped > CLIPPED_SHARE and quality.inked < CLEAR_INK_SHARE and is_washed_out


def is_blurred(quality: Quality) -> bool:
    """Whether strokes, or all there is to be seen, are smeared."""
    agreeing, enough = SMEARED_PX
    is_smeared = quality.smear is not None and quality.smear > enough
    if quality.softness is None or quality.height_px is None:
        return is_smeared
    if quality.height_px >= CLEARLY_SEEN_PX and (is_smeared or quality.softness > VERY_SOFT):
        return quality.softness > SOFTEST
    return is_smeared or (quality.softness > SOFTEST and (quality.smear is None or quality.smear > agreeing))


def cut_off(quality: Quality) -> tuple[Advice, ...]:
    """The edges that cut writing off; where hardly any was found, those that strokes seem to cross."""
    is_unseen = (quality.height_px is None or quality.height_px < CLEARLY_SEEN_PX) and not is_dark(quality)
    return quality.cut_off or (quality.crossings if is_unseen and not quality.is_plain else ())


def is_smeared(quality: Quality) -> bool:
    """Whether the picture is so smeared that nothing else that it seems to show can be believed."""
    return quality.smear is not None and quality.smear > VERY_SMEARED_PX and is_blurred(quality)


def is_small(quality: Quality) -> bool:
    """Whether what was written is too small to be read, or to be found."""
    has_specks = 0 < quality.specks <= MOST_SPECKS
    if quality.height_px is None:
        return has_specks
    return quality.height_px < LEAST_HEIGHT_PX or (has_specks and quality.height_px < SMALL_HEIGHT_PX)


def _all(quality: Quality) -> Iterator[Advice]:
    if is_covered(quality):
        yield Advice.COVERED
        return
    if is_glaring(quality):
        yield Advice.TOO_BRIGHT
    if is_smeared(quality):
        yield Advice.BLURRED
    yield from cut_off(quality)
    if is_dark(quality):
        yield Advice.TOO_DARK
    if is_small(quality):
        yield Advice.TOO_SMALL
    if is_blurred(quality):
        yield Advice.BLURRED
    yield from quality.sheet_edges
