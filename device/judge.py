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

SEPARATED = 0.95
"""A digit that was cut from another is sure from here on, at least: the cut may have taken a stroke away."""

LIKELY = 0.8
"""Digits with this probability show how high the others should be."""

LEAST_PLAUSIBLE = 0.03
"""A second guess below is not worth saying."""

TRUST = (0.19, -0.68, -3.58, 2.70, -0.36, -1.78, 0.28)
"""Log odds that a digit is right: a constant, and what counts by each of the `trust_terms`. Fitted to the
digits of 400 drawn scenes to tune on and 150 without digits (train/photographs/README.md says how)."""

LEAST_TRUST = 1.25
"""Log odds from which on a digit is sure. Of those scenes 320 are then answered and right, 8 answered and wrong, and 1
of those without digits; without it 337, 21 and 12, at 1.0 322, 9 and 1, at 2.0 306, 5 and 1."""

STILL_USEFUL = (Advice.TOO_DARK, Advice.TOO_SMALL)
"""Advice on a picture that was read all the same: the next one may not be. It is shown, and not said."""

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What one frame says.

    Attributes:
        boxes: Of the pieces of writing, in reading order, in pixels of the given picture.
        groups: Their groups.
        probabilities: float32, shape (n, 10 or 11); the 11th is "not a digit".
        advice: What would help, the most useful first; who gets an answer needs only what is in STILL_USEFUL.
        cut_off: Whether a piece of writing crosses the frame's edge.
        tight: Whether the picture is a crop, whose edge strokes may touch and still be whole.
        other_ink: Whether there is writing besides these pieces: a mark between them, a page of text.
        separated: Of each piece whether it touched another and was cut from it; empty means that none was.
        ambiguous: Whether the sheet may as well lie the other way up, or the digits come in another order.
        sharpness: Of the frame: the digits' size over the width of their strokes' soft edges; 0.0 with no writing.
        clearness: Of each piece, how surely it is written rather than an edge or a grain, as `find.Writing` has it;
            empty means that all surely are.
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
    clearness: tuple[float, ...] = ()


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
    thresholds = (
        max(card.thresholds[int(row.argmax())] if row.argmax() < 10 else 1.0, SEPARATED * separated)
        for row, separated in zip(evidence.probabilities, separated_pieces, strict=True)
    )
    digits = tuple(
        _digit(probabilities, box, group, threshold, trust)
        for probabilities, box, group, threshold, trust in zip(
            evidence.probabilities, evidence.boxes, evidence.groups, thresholds, trusts(evidence), strict=True
        )
        if _is_digit(probabilities)
    )
    only_digits = len(digits) == len(evidence.boxes) and not evidence.other_ink and not evidence.ambiguous
    sure = only_digits and all(digit.sure for digit in digits)
    # Whoever crops a picture around its digits often cuts into them: that is a doubt then, not the end of it.
    if not digits or (evidence.cut_off and not evidence.tight):
        return Reading(Status.UNREADABLE, advice=evidence.advice)
    if sure:
        return Reading(Status.OK, digits, tuple(advice for advice in evidence.advice if advice in STILL_USEFUL))
    return Reading(Status.UNSURE, digits, evidence.advice)


def _is_digit(probabilities: Probabilities) -> bool:
    return int(np.argmax(probabilities)) < 10 and float(np.max(probabilities)) >= LEAST_READABLE


def trusts(evidence: Evidence) -> NDArray[np.float64]:
    """Log odds that each digit is right, float64, shape (n,)."""
    return np.asarray(trust_terms(evidence) @ np.array(TRUST), np.float64)


def trust_terms(evidence: Evidence) -> NDArray[np.float64]:
    """What TRUST weighs, float64, shape (n, 7).

    Trust falls with the model's doubt, with a height other than that of the others, where the piece may be no writing,
    for a one, which any line or edge resembles, for a digit alone and for one cut from another. Nobody crops a picture
    around an edge: in a crop a one, or a digit alone, is no worse.
    """
    best = evidence.probabilities[:, :10].max(axis=1, initial=0.0)
    ones = evidence.probabilities[:, :10].argmax(axis=1) == 1
    heights = np.array([box.height for box in evidence.boxes], np.float64)
    clear = best > LIKELY
    terms = np.zeros((len(best), len(TRUST)))
    for index, height in enumerate(heights):
        others = heights[clear & (np.arange(len(heights)) != index)]
        terms[index] = (
            1.0,
            np.log(max(1.0 - best[index], 1e-4)),
            min(abs(np.log(height / np.median(others))), 1.5) if len(others) else 0.0,
            min(evidence.clearness[index], 0.0) if evidence.clearness else 0.0,
            ones[index] and not evidence.tight,
            not len(others) and not evidence.tight,
            evidence.separated[index] if evidence.separated else False,
        )
    return terms


def _digit(probabilities: Probabilities, box: Box, group: int, threshold: float, trust: float) -> Digit:
    second, first = (int(digit) for digit in np.argsort(probabilities[:10])[-2:])
    confidence = float(probabilities[first])
    return Digit(
        digit=first,
        confidence=confidence,
        second=second if probabilities[second] >= LEAST_PLAUSIBLE else None,
        box=box,
        scores=tuple(float(value) for value in probabilities[:10]),
        sure=bool(confidence >= threshold and trust >= LEAST_TRUST),
        group=group,
    )
