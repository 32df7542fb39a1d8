"""What would help most, from measured quantities; pure."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from device.domain import Advice, Frame
from device.find import Writing

COVERED_LUMA = 25.0
"""A picture whose brightest hundredth stays below (of 255) shows a lid or a hand, not a dark room."""

DARK_LUMA = 70.0
"""Paper darker than this (of 255) drowns in the sensor's noise."""

CLIPPED_LUMA = 252
CLIPPED_SHARE = 0.25
"""A picture with more than this share of clipped pixels has lost ink in glare."""

LEAST_HEIGHT_PX = 12
"""A lower digit has strokes thinner than a pixel."""


SOFTEST = 0.065
"""Strokes whose soft edge is a larger share of the digit's size are blurred. The photographs of photo_digits and
sudoku_photo stay below 0.056; drawn scenes blurred by 8 px (of 1640) reach 0.058 in the median, by 14 px 0.080."""


def advise(frame: Frame, found: Sequence[Writing]) -> tuple[Advice, ...]:
    """The most useful advice first, at most two pieces; empty when all is well."""
    # Averaging every pixel would take as long as finding the lines; sixteen of each tile are enough against noise.
    sample = cv2.resize(frame.pixels, (640, 480), interpolation=cv2.INTER_NEAREST)
    small = cv2.resize(sample, (160, 120), interpolation=cv2.INTER_AREA)
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    brightest = float(np.percentile(luma, 99))
    advice = [edge for writing in found for edge in writing.cut_off]
    if brightest < COVERED_LUMA:
        advice.append(Advice.COVERED)
    elif brightest < DARK_LUMA:
        advice.append(Advice.TOO_DARK)
    elif not found and float(np.mean(luma >= CLIPPED_LUMA)) > CLIPPED_SHARE:
        advice.append(Advice.TOO_BRIGHT)
    if found and max(writing.box.height for writing in found) < LEAST_HEIGHT_PX:
        advice.append(Advice.TOO_SMALL)
    if found and float(np.median([writing.softness for writing in found])) > SOFTEST:
        advice.append(Advice.BLURRED)
    return tuple(dict.fromkeys(advice))[:2]
