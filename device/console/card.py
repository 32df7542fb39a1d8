"""What the model's card tells, made ready to be drawn; a card may lack anything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

LEVELS = (0.0, 0.005, 0.01, 0.02, 0.05)
"""Shares of mistakes above which a cell of the table by digit is a shade stronger."""

_FLOORS = (0.98, 0.95, 0.9, 0.8, 0.5, 0.0)
"""Where an axis of accuracies can begin, so that they lie apart."""


DECADES = 4
"""Of the axes of doubt and mistakes: from one in ten thousand, which is less than any of the sets can tell, to all."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same confidence. Shares are 0..1.

    Attributes:
        confidence: Their mean.
        accuracy: Share that was right.
        count: How many they are.
        low: Lower end of the accuracy's 95 % interval.
        high: The upper end.
    """

    confidence: float
    accuracy: float
    count: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SetFigures:
    """How the model did on one set of pictures. Shares are 0..1.

    Attributes:
        name: As the card calls it.
        accuracy: Share that was right.
        low: Lower end of its 95 % interval; the accuracy itself where the card has none.
        high: The upper end.
        count: Pictures, 0 where the card does not say.
        sure_wrong: Those read wrong and said without a doubt; None where the card does not say.
        calibration_error: Mean distance between confidence and accuracy; None where the card does not say.
        mistakes: By digit, the share that was wrong; None where none was there.
        reliability: The least confident answers first; empty where the card has none.
    """

    name: str
    accuracy: float
    low: float
    high: float
    count: int
    sure_wrong: int | None
    calibration_error: float | None
    mistakes: tuple[float | None, ...]
    reliability: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be drawn of a card.

    Attributes:
        sets: In the card's order.
        floor: Where the axis of their accuracies begins; it ends at 1.
        corruptions: Share of mistakes by how the pictures were spoilt, the worst first.
        rejected: Share of pictures without a digit that are taken for none, by their kind.
    """

    sets: tuple[SetFigures, ...]
    floor: float
    corruptions: tuple[tuple[str, float], ...]
    rejected: tuple[tuple[str, float], ...]

    def place(self, accuracy: float) -> float:
        """Of an accuracy on the axis, 0..100."""
        return round(100 * max(0.0, accuracy - self.floor) / (1 - self.floor), 2)


def figures(card: Mapping[str, Any]) -> Figures:
    """The figures of a card; what is missing or of the wrong type is left out."""
    sets = tuple(_sets(_mapping(card.get("accuracy"))))
    lowest = min((one.low for one in sets), default=1.0)
    return Figures(
        sets,
        next(floor for floor in _FLOORS if floor <= lowest),
        tuple(sorted(_shares(card.get("corruptions"), without={"mean"}), key=lambda item: -item[1])),
        tuple(_shares(card.get("negatives"), without={"all", "threshold", "digits_rejected"})),
    )


def level(mistakes: float) -> int:
    """The shade of a share of mistakes, 0..5."""
    return sum(mistakes > limit for limit in LEVELS)


def decades(share: float) -> float:
    """Place of a share on an axis of powers of ten that begins with the least there is to show, 0..100."""
    return round(100 * max(0.0, 1 + math.log10(share) / DECADES), 2) if share > 0 else 0.0


def _sets(accuracy: Mapping[str, Any]) -> Iterator[SetFigures]:
    for name, found in accuracy.items():
        facts = _mapping(found)
        share = _share(facts.get("accuracy"))
        if share is None:
            continue
        ends = facts.get("interval")
        low, high = (_share(end) for end in ends) if isinstance(ends, list) and len(ends) == 2 else (None, None)
        per_class = _mapping(facts.get("per_class"))
        yield SetFigures(
            name=name,
            accuracy=share,
            low=share if low is None else low,
            high=share if high is None else high,
            count=_count(facts.get("count")) or 0,
            sure_wrong=_count(facts.get("sure_wrong")),
            calibration_error=_share(facts.get("calibration_error")),
            mistakes=tuple(_wrong(_mapping(per_class.get(str(digit)))) for digit in range(10)),
            reliability=tuple(_bins(facts.get("reliability"))),
        )


def _bins(rows: object) -> Iterator[Bin]:
    for row in rows if isinstance(rows, list) else ():
        known: list[Any] = row if isinstance(row, list) and len(row) == 5 else []
        shares = [share for value in known[:2] + known[3:] if (share := _share(value)) is not None]
        if len(shares) == 4 and (count := _count(known[2])) is not None:
            confidence, accuracy, low, high = shares
            yield Bin(confidence, accuracy, count, low, high)


def _wrong(facts: Mapping[str, Any]) -> float | None:
    right = _share(facts.get("accuracy"))
    return None if right is None else 1 - right


def _shares(found: object, *, without: Set[str]) -> Iterator[tuple[str, float]]:
    for name, value in _mapping(found).items():
        share = _share(value)
        if share is not None and name not in without:
            yield name.replace("_", " "), share


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _share(value: object) -> float | None:
    number = float(value) if isinstance(value, int | float) else math.nan
    return number if 0.0 <= number <= 1.0 else None


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
