"""How far a heard command is believed: odds fitted on synthetic voices; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PATH = Path(__file__).with_name("hearing.json")
"""Written by `python -m train.speech fit`."""


class Kind(Enum):
    """Of what is heard; each has odds of its own."""

    DIGIT = "digit"
    """Said alone."""
    PHRASE = "phrase"
    """Anything else."""
    SPOTTED_DIGIT = "spotted digit"
    """A digit said alone where a spotter was asked too."""
    SPOTTED_PHRASE = "spotted phrase"
    """Anything else where one was asked."""
    UNHEARD_PHRASE = "phrase that only the spotter heard"


_HEARD = (
    "log of evidence a second",
    "log of the least evidence a second",
    "seconds a word",
    "spread of seconds",
    "share of passes that agree",
    "log of words",
    "one word",
    "log of how much better other words fit",
)
_NOISE = "decibels above the noise"
_FIT = "log of the spotter's likelihood beside that of the likeliest words"
_AHEAD = "log of its likelihood beside any other command's"

FEATURES: Mapping[Kind, tuple[str, ...]] = {
    Kind.DIGIT: (*_HEARD, _NOISE),
    Kind.PHRASE: (*_HEARD, _NOISE),
    # The noise is left out, for it doubted digits between digital silence.
    Kind.SPOTTED_DIGIT: (*_HEARD, "log of the spotter's probability", "log of its odds against any other digit"),
    Kind.SPOTTED_PHRASE: (*_HEARD, _NOISE, _FIT, _AHEAD),
    Kind.UNHEARD_PHRASE: (_FIT, _AHEAD, "log of words", "one word", "the recognizer knows its words"),
}
"""What the odds depend on."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the odds of one command depend on: `values` as FEATURES lists them for this kind."""

    kind: Kind
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Odds:
    """A logistic regression over the features of one kind.

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
        odds: Of each kind.
        confusion: Row d: how often 0 to 9 was said when digit d was heard wrongly; each row adds up to one.
    """

    odds: Mapping[Kind, Odds]
    confusion: tuple[tuple[float, ...], ...]

    def confidence(self, found: Features, expected: float = 0.0) -> float:
        """Probability that a command with these features was meant, 0..1.

        Args:
            found: Its features.
            expected: How much likelier it is in this situation than in the data: added to the logarithm of its odds.
        """
        return self.odds[found.kind].probability(found.values, expected)

    def digit_scores(self, digit: int, confidence: float) -> tuple[float, ...]:
        """Probabilities that 0 to 9 was said, where `digit` was heard with this confidence; they add up to one."""
        return tuple(
            confidence if other == digit else (1.0 - confidence) * share
            for other, share in enumerate(self.confusion[digit])
        )


def load(path: Path = PATH) -> Hearing:
    """Read the fitted numbers; the file is part of the package, so that anything wrong is a mistake in digitbox."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    odds = {kind: Odds(*(tuple(facts[kind.value][name]) for name in ("means", "scales", "weights"))) for kind in Kind}
    return Hearing(odds, tuple(tuple(row) for row in facts["confusion"]))
