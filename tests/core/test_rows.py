"""Scores of a row -> what it says: against every path written out, and for cases that can be seen at a glance."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from device.ctc import best_path, probabilities, shares
from device.rows import BLANK, Row, one_edit_away, read_row


def spoken(*steps: int, lead: float = 12.0) -> NDArray[np.float32]:
    """Scores whose greatest is this one at each step."""
    scores = np.zeros((len(steps), 11), np.float32)
    scores[np.arange(len(steps)), steps] = lead
    return scores


def read(scores: NDArray[np.float32], temperature: float = 1.0) -> Row:
    """What is no more than a row."""
    row = read_row(scores, temperature)
    assert row is not None
    return row


def read_aloud(path: tuple[int, ...]) -> tuple[int, ...]:
    """What a path says: alike neighbours are one, then nothing is left out."""
    return tuple(step for before, step in zip((BLANK, *path), path, strict=False) if step not in {before, BLANK})


def test_probabilities_are_sums_over_all_paths() -> None:
    """Of four steps, all 14,641 paths."""
    steps = shares(np.random.default_rng(3).normal(0.0, 2.0, (4, 11)).astype(np.float32), 1.0)
    expected: dict[tuple[int, ...], float] = {}
    for path in product(range(11), repeat=4):
        says = read_aloud(path)
        expected[says] = expected.get(says, 0.0) + float(np.prod(steps[np.arange(4), path]))
    likely = sorted(expected, key=lambda says: expected[says], reverse=True)[:60]
    tried = [*likely, (), (7,), (7, 7), (1, 2, 3, 4), (5, 5, 5)]
    assert probabilities(steps, tried) == pytest.approx([expected.get(says, 0.0) for says in tried], rel=1e-9)
    assert sum(expected.values()) == pytest.approx(1.0, abs=1e-3)  # LEAST raises a few


def test_alike_digits_need_nothing_between_them() -> None:
    """One long seven, and two."""
    assert read(spoken(BLANK, 7, 7, 7, BLANK)).digits == (7,)
    row = read(spoken(7, 7, BLANK, 7, BLANK))
    assert row.digits == (7, 7)
    assert row.probability > 0.9


def test_digits_stand_where_their_steps_are() -> None:
    """Eight steps: a three at the second, a five at the seventh."""
    row = read(spoken(BLANK, 3, BLANK, BLANK, BLANK, BLANK, 5, BLANK))
    assert row.digits == (3, 5)
    assert row.middles == pytest.approx((1.5 / 8, 6.5 / 8), abs=0.01)


def test_what_else_it_may_be_is_told_of_each_place() -> None:
    """A four or a nine, then surely a one; each place sums to 1, and a warm temperature makes less sure."""
    scores = spoken(BLANK, 4, BLANK, 1, BLANK)
    scores[1, 9] = scores[1, 4] - 1.0
    row = read(scores)
    assert row.digits == (4, 1)
    assert row.of_each.sum(axis=1) == pytest.approx(1.0)
    assert row.of_each[0, 9] == pytest.approx(row.of_each[0, 4] * np.exp(-1.0), rel=0.05)
    assert row.of_each[1, 1] > 0.97
    assert read(scores, 3.0).probability < row.probability


def test_a_row_may_say_nothing() -> None:
    """No digit, no place for any."""
    row = read(spoken(*[BLANK] * 6))
    assert row.digits == row.middles == ()
    assert row.of_each.shape == (0, 11)
    assert row.probability > 0.99


def test_the_best_digits_are_not_always_those_of_the_best_path() -> None:
    """Nothing is best at each step, but a two at either of them is likelier in sum."""
    scores = np.full((2, 11), -20.0, np.float32)
    scores[:, BLANK], scores[:, 2] = 0.1, 0.0
    assert best_path(scores) == ()
    assert read(scores).digits == (2,)


def test_one_edit_is_another_digit_one_less_or_one_more() -> None:
    """Of two digits: 18 others, 2 shorter, 28 longer, for an inserted digit beside its like is one and the same."""
    found = one_edit_away((1, 2))
    assert len(found) == len(set(found)) == 18 + 2 + 28
    assert (1, 2) not in found
    assert {(1,), (2,), (1, 3), (0, 1, 2), (1, 1, 2), (1, 2, 9)} <= set(found)


def test_the_longest_row_is_still_a_number_and_a_longer_one_is_none() -> None:
    """Ten digits in two hundred steps: nothing vanishes. Eleven: no row."""
    ten = spoken(*([BLANK] * 19 + [6]) * 10)
    row = read(ten)
    assert row.digits == (6,) * 10
    assert row.of_each.sum(axis=1) == pytest.approx(1.0)
    assert read_row(spoken(*[BLANK, 6] * 11), 1.0) is None
