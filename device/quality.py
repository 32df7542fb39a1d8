"""How good a picture is, in measured quantities; pure. `advice` turns them into words, `explain` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from device.domain import Advice, Frame, Pixels
from device.find import Writing

SAMPLE_PX = (640, 480)
TILES_PX = (160, 120)
"""Brightness is measured on tiles of which sixteen pixels each are averaged: enough against noise, and all pixels would
take as long as finding the lines does."""

CLIPPED_LUMA = 252
"""From here on (of 255) a tile is white whatever is on it."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured in one frame.

    Attributes:
        brightest: Luma that a hundredth of the tiles exceeds, 0..255: the paper's, where there is any.
        middle: Median luma of the tiles, 0..255.
        clipped: Share of the tiles that are clipped to white, 0..1.
        contrast: How much darker (or lighter) the ink is than its paper, as a share of the lighter one, 0..1; the
            median over the writing, None without any.
        softness: Width of the soft edge of the strokes as a share of the digit's longer side, above 0; the median over
            the writing, None without any.
        height_px: Height of the largest piece of writing in pixels of the frame; None without any.
        cut_off: The edges that writing crosses.
    """

    brightest: float
    middle: float
    clipped: float
    contrast: float | None = None
    softness: float | None = None
    height_px: int | None = None
    cut_off: tuple[Advice, ...] = ()


def measured(frame: Frame, found: Sequence[Writing]) -> Quality:
    """Measure a frame, given the writing found in it."""
    sample = cv2.resize(frame.pixels, SAMPLE_PX, interpolation=cv2.INTER_NEAREST)
    luma = np.asarray(cv2.cvtColor(cv2.resize(sample, TILES_PX, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY))
    contrasts = [_contrast(_window(frame, writing)) for writing in found]
    return Quality(
        brightest=float(np.percentile(luma, 99)),
        middle=float(np.median(luma)),
        clipped=float(np.mean(luma >= CLIPPED_LUMA)),
        contrast=float(np.median(contrasts)) if contrasts else None,
        softness=float(np.median([writing.softness for writing in found])) if found else None,
        height_px=max((writing.box.height for writing in found), default=None),
        cut_off=tuple(dict.fromkeys(edge for writing in found for edge in writing.cut_off)),
    )


def _window(frame: Frame, writing: Writing) -> Pixels:
    box = writing.box
    return frame.pixels[max(0, box.y) : max(1, box.bottom), max(0, box.x) : max(1, box.right)]


def _contrast(window: Pixels) -> float:
    """Between the 5th and the 95th percentile of a window, which are ink and paper in either order."""
    every = max(1, min(window.shape[:2]) // 32)
    luma = cv2.cvtColor(np.ascontiguousarray(window[::every, ::every]), cv2.COLOR_BGR2GRAY)
    low, high = np.percentile(luma, [5, 95])
    return float((high - low) / max(1.0, high))
