"""Scores of a row of digits -> what it says, how sure that is, and where its digits stand.

The row reader gives scores for every four columns of a row: of each digit, and of nothing (`ctc`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.ctc import Probabilities, best_path, forward, probabilities, shares

BLANK = 10
"""The last score: nothing is read here."""

MOST_DIGITS = 10
"""More in one piece of ink is no row of digits, and to weigh all that it may say would take long."""

ROUNDS = 3
"""The best digits are looked for one edit away, so often at most."""

Digits = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What a row says.

    Attributes:
        digits: From left to right; may be empty.
        probability: That it says exactly these.
        of_each: For each place the probabilities of the ten digits, and at last that it is not one digit,
            shape (n, 11).
        middles: Where each digit stands, as a share of the row's width.
    """

    digits: Digits
    probability: float
    of_each: Probabilities
    middles: tuple[float, ...]


def read_row(scores: NDArray[np.float32], temperature: float) -> Row | None:
    """Read a row; None if that says more digits than a piece of writing has.

    Args:
        scores: Logits, shape (t, 11).
        temperature: Divides them before the softmax (Guo et al. 2017, arXiv:1706.04599), above 0.
    """
    if len(best_path(scores)) > MOST_DIGITS:
        return None
    steps = shares(scores, temperature)
    digits, found = most_likely(steps)
    return Row(digits, found[digits], _of_each(digits, found), _middles(steps, digits))


def certainty(scores: NDArray[np.float32]) -> float:
    """How likely it is that a row says what it most likely says, at a temperature of 1; of too many digits, 1.0."""
    if len(best_path(scores)) > MOST_DIGITS:
        return 1.0
    digits, found = most_likely(shares(scores, 1.0))
    return found[digits]


def most_likely(steps: Probabilities) -> tuple[Digits, dict[Digits, float]]:
    """What the row most likely says, and how likely it is that it says this or what is one edit away."""
    digits = best_path(steps)
    for _ in range(ROUNDS):
        tried = [digits, *one_edit_away(digits)]
        found = dict(zip(tried, probabilities(steps, tried), strict=True))
        best = max(tried, key=found.__getitem__)
        if best == digits:
            break
        digits = best
    return tried[0], found


def one_edit_away(digits: Digits) -> list[Digits]:
    """All that differ by one digit: another, one less or one more."""
    places = range(len(digits))
    other = {(*digits[:place], digit, *digits[place + 1 :]) for place in places for digit in range(10)}
    less = {(*digits[:place], *digits[place + 1 :]) for place in places}
    more = {(*digits[:place], digit, *digits[place:]) for place in range(len(digits) + 1) for digit in range(10)}
    return sorted((other | less | more) - {digits})


def _of_each(digits: Digits, found: dict[Digits, float]) -> Probabilities:
    """The probabilities of each place, from those of all that is one edit away."""
    as_many = sum(probability for other, probability in found.items() if len(other) == len(digits))
    share = as_many / sum(found.values())
    result = np.zeros((len(digits), 11))
    for place in range(len(digits)):
        here = np.array([found[*digits[:place], digit, *digits[place + 1 :]] for digit in range(10)])
        result[place, :10] = share * here / here.sum()
    result[:, 10] = 1.0 - result[:, :10].sum(axis=1)
    return result


def _middles(steps: Probabilities, digits: Digits) -> tuple[float, ...]:
    """The mean step of each digit over all ways to say them, as a share of the steps."""
    if not digits:
        return ()
    before = forward(steps, [digits], kept=len(steps))[:, 0]
    after = forward(steps[::-1], [digits[::-1]], kept=len(steps))[::-1, 0, ::-1]
    own = (before * after)[:, 1::2] / steps[:, list(digits)]
    own /= own.sum(axis=0)
    return tuple(float(place) for place in (np.arange(len(steps)) + 0.5) @ own / len(steps))
