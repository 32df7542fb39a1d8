"""How far a heard command is believed: odds fitted on voices, most of them synthetic; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("hearing.json")
"""Written by `python -m train.speech fit`."""

FEATURES = (
    "log of evidence a second",
    "log of the least evidence a second",
    "seconds a word",
    "spread of seconds",
    "share of passes that agree",
    "log of words",
    "one word",
    "log of how much better other words fit",
    "decibels above the noise",
)

SPOTTED_DIGIT_FEATURES = (*FEATURES[:-1], "log of the spotter's probability", "log of its odds against any other digit")
"""Where a spotter was asked too; the noise is left out, for it doubted digits between digital silence."""

SPOTTED_PHRASE_FEATURES = (
    *FEATURES,
    "log of the spotter's likelihood beside that of the likeliest words",
    "log of its likelihood beside any other command's",
    "heard by the spotter alone",
)
"""Likewise, of anything but a digit said alone."""


KINDS = ("digit", "phrase", "spotted digit", "spotted phrase")
"""Of what is heard, each with odds of its own."""


@dataclass(frozen=True, slots=True)
class Odds:
    """A logistic regression over one of the lists of features.

    Attributes:
        means: Of the features, in the data it was fitted on.
        scales: Their standard deviations.
        weights: Of the standardised features, then the constant.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]

    def probability(self, features: Sequence[float], expected: float = 0.0) -> float:
        """Of these features, 0..1; `expected` is added to the logarithm of the odds."""
        standardised = [
            (feature - mean) / scale for feature, mean, scale in zip(features, self.means, self.scales, strict=True)
        ]
        odds = expected + sum(weight * value for weight, value in zip(self.weights, [*standardised, 1.0], strict=True))
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, odds))))


@dataclass(frozen=True, slots=True)
class Hearing:
    """The fitted numbers.

    Attributes:
        digit: Of a digit said alone.
        phrase: Of anything else.
        spotted_digit: Of a digit said alone where a spotter was asked.
        spotted_phrase: Of anything else where one was asked.
        confusion: Row d: how often 0 to 9 was said when digit d was heard wrongly; each row adds up to one.
    """

    digit: Odds
    phrase: Odds
    spotted_digit: Odds
    spotted_phrase: Odds
    confusion: tuple[tuple[float, ...], ...]

    def confidence(self, features: Sequence[float], digit: bool, expected: float = 0.0) -> float:
        """Probability that a command with these features was meant, 0..1.

        Args:
            features: As `FEATURES` lists them, or `SPOTTED_DIGIT_FEATURES`, or `SPOTTED_PHRASE_FEATURES`.
            digit: It is a digit said alone.
            expected: How much likelier it is in this situation than in the data: added to the logarithm of its odds.
        """
        if len(features) == len(FEATURES):
            return (self.digit if digit else self.phrase).probability(features, expected)
        return (self.spotted_digit if digit else self.spotted_phrase).probability(features, expected)

    def digit_scores(self, digit: int, confidence: float) -> tuple[float, ...]:
        """Probabilities that 0 to 9 was said, where `digit` was heard with this confidence; they add up to one."""
        return tuple(
            confidence if other == digit else (1.0 - confidence) * share
            for other, share in enumerate(self.confusion[digit])
        )


def load(path: Path = PATH) -> Hearing:
    """Read the fitted numbers; the file is part of the package, so that anything wrong is a mistake in digitbox."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    digit, phrase, spotted_digit, spotted_phrase = (
        Odds(*(tuple(facts[kind][name]) for name in ("means", "scales", "weights"))) for kind in KINDS
    )
    confusion = tuple(tuple(row) for row in facts["confusion"])
    return Hearing(digit, phrase, spotted_digit, spotted_phrase, confusion)
