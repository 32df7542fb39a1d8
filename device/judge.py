"""Scores -> digits and status: calibration and thresholds.

A wrong answer said with confidence is the worst that can happen, so everything doubtful ends as `unsure` or
`unreadable`, never as `ok`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.domain import Advice, Box, Digit, ModelCard, Reading, Status

LEAST_READABLE = 0.35
"""Writing whose best digit has less is not taken for a digit: three guesses would be as good."""

SEPARATED = 0.99
"""A digit that was cut from another is sure from here on, at least: the cut may have taken a stroke away."""

LEAST_PLAUSIBLE = 0.03
"""A second guess below is not worth saying."""

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What one frame says.

    Attributes:
        boxes: Of the pieces of writing, in reading order, in pixels of the given picture.
        groups: Their groups.
        probabilities: float32, shape (n, 10 or 11); the 11th is "not a digit".
        advice: What would help, the most useful first; nobody needs it who gets an answer.
        cut_off: Whether a piece of writing crosses the frame's edge.
        tight: Whether the picture is a crop, whose edge strokes may touch and still be whole.
        other_ink: Whether there is writing besides these pieces: a mark between them, a page of text.
        separated: Of each piece whether it touched another and was cut from it; empty means that none was.
        ambiguous: Whether the sheet may as well lie the other way up.
        sharpness: Of the frame: the digits' size over the width of their strokes' soft edges; 0.0 with no writing.
    """

    boxes: tuple[Box, ...]
    groups: tuple[int, ...]
    probabilities: Probabilities
    advice: tuple[Advice, ...]
    cut_off: bool
    tight: bool
    other_ink: bool
    separated: tuple[bool, ...] = ()
    ambiguous: bool = False
    sharpness: float = 0.0


def calibrated(scores: NDArray[np.float32], temperature: float) -> Probabilities:
    """Softmax of the scores over the temperature, row by row.

    Args:
        scores: float32, shape (n, classes).
        temperature: Above 0.

    Source:
        Guo et al. (2017), "On Calibration of Modern Neural Networks", arXiv:1706.04599.
    """
    scaled = scores / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def judged(evidence: Evidence, card: ModelCard) -> Reading:
    """The reading that the evidence allows (product.md, "Reading"); `elapsed_ms` is left to the caller."""
    if not evidence.boxes and not evidence.other_ink:
        return Reading(Status.NOTHING, advice=evidence.advice)
    separated_pieces = evidence.separated or (False,) * len(evidence.boxes)
    digits = tuple(
        _digit(probabilities, box, group, max(card.thresholds[int(np.argmax(probabilities))], SEPARATED * separated))
        for probabilities, box, group, separated in zip(
            evidence.probabilities, evidence.boxes, evidence.groups, separated_pieces, strict=True
        )
        if _is_digit(probabilities)
    )
    only_digits = len(digits) == len(evidence.boxes) and not evidence.other_ink and not evidence.ambiguous
    sure = only_digits and all(digit.sure for digit in digits)
    if not digits or (evidence.cut_off and not (evidence.tight and sure)):
        return Reading(Status.UNREADABLE, advice=evidence.advice)
    return Reading(Status.OK, digits) if sure else Reading(Status.UNSURE, digits, evidence.advice)


def _is_digit(probabilities: Probabilities) -> bool:
    return int(np.argmax(probabilities)) < 10 and float(np.max(probabilities)) >= LEAST_READABLE


def _digit(probabilities: Probabilities, box: Box, group: int, threshold: float) -> Digit:
    second, first = (int(digit) for digit in np.argsort(probabilities[:10])[-2:])
    confidence = float(probabilities[first])
    return Digit(
        digit=first,
        confidence=confidence,
        second=second if probabilities[second] >= LEAST_PLAUSIBLE else None,
        box=box,
        scores=tuple(float(value) for value in probabilities[:10]),
        sure=confidence >= threshold,
        group=group,
    )
