"""Fit how much speech counts against sight where the user says which digit it is (device/sight_and_speech.py).

Sight is the box's reading model on the digits that its training kept for validation; speech is what the listener makes
of digits said by synthetic voices that numbers are tuned on. A user who is right says what was written; one who is
mistaken, or a recognizer that is, says another digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device import config
from device.compose import opened_classifier
from device.judge import calibrated
from device.sight_and_speech import fused
from train.errors import DataError
from train.sets import UnipenDigits
from train.settings import Settings
from train.speech.fit import digit_clips
from train.speech.hear import answers

Numbers = NDArray[np.float64]
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
LIMITS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SEED = 31
PICTURES = 1500


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What was seen and what was said: probabilities (n, 10) each, and the digits that were meant (n,)."""

    seen: Numbers
    said: Numbers
    written: NDArray[np.int64]
    spoken: NDArray[np.int64]


def pairs(data: Path, clips: Path, workers: int) -> Pairs:
    """Every picture with a spoken digit at random, half of them the same digit. Raises DataError, OSError."""
    random = np.random.default_rng(SEED)
    pictures = UnipenDigits().read(data, Settings()).validation
    if pictures is None:
        raise DataError(f"{data}: has no digits to validate with")
    chosen = random.permutation(len(pictures.labels))[:PICTURES]
    settings = config.load(config.DEFAULT_PATH)
    classifier = opened_classifier(settings.model.path)
    scores = classifier.scores(pictures.model_inputs[chosen])
    seen = calibrated(scores, classifier.card.temperature)[:, :10].astype(np.float64)
    written = pictures.labels[chosen].astype(np.int64)
    heard = [answer for answer in answers(digit_clips(clips), workers) if answer.heard.digit_scores is not None]
    said = np.array([answer.heard.digit_scores for answer in heard])
    spoken = np.array([answer.expected.digit for answer in heard if answer.expected is not None])
    rows = []
    for number, digit in enumerate(written):
        same = number % 2 == 0
        rows.append(random.choice(np.flatnonzero((spoken == digit) == same)))
    return Pairs(seen, said[rows], written, spoken[rows])


def report(found: Pairs) -> str:
    """What share is believed rightly and wrongly, for every weight and limit."""
    lines = ["| weight of speech | limit | right: believed | right: believed to be another | mistaken: asked back |"]
    lines.append("| --- | --- | --- | --- | --- |")
    same = found.written == found.spoken
    for weight in WEIGHTS:
        for limit in LIMITS:
            digit, believed = outcomes(found, weight, limit)
            right = np.mean(believed[same] & (digit[same] == found.written[same]))
            wrong = np.mean(believed[same] & (digit[same] != found.written[same]))
            asked = np.mean(~believed[~same])
            lines.append(f"| {weight} | {limit} | {right:.1%} | {wrong:.1%} | {asked:.1%} |")
    return "\n".join(lines) + "\n"


def outcomes(found: Pairs, weight: float, limit: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The fused digits (n,), and whether each is believed."""
    agreements = [fused(seen, said, weight=weight, limit=limit) for seen, said in _rows(found)]
    digits = np.array([agreement.digit for agreement in agreements])
    return digits, np.array([agreement.believed for agreement in agreements])


def _rows(found: Pairs) -> Sequence[tuple[list[float], list[float]]]:
    return list(zip(found.seen.tolist(), found.said.tolist(), strict=True))
