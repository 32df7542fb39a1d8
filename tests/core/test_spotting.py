"""How well phrases fit what a spotter heard."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from device.domain import Spotted
from device.spotting import fits

WORDS = ("go", "back", "stop")
OTHER, NONE = 3, 4


def spotted(steps: list[list[float]]) -> Spotted:
    """Steps of three words, any other, and none."""
    return Spotted((0.0,) * 11, WORDS, np.array(steps))


def clearly(*classes: int) -> Spotted:
    """A step of each, which is hardly anything else."""
    return spotted([[0.96 if one == said else 0.01 for one in range(5)] for said in classes])


def test_the_words_that_come_in_that_order_fit():
    """Best of all what was said; not so what lacks a word or has it elsewhere."""
    found = fits(clearly(NONE, 0, NONE, 1, NONE), ("go back", "back go", "go", "stop"))
    assert found["go back"] == pytest.approx(0.0)
    assert max(found, key=found.__getitem__) == "go back"
    assert found["go"] > found["stop"]
    assert found["back go"] < -4.0


def says(path: tuple[int, ...]) -> tuple[int, ...]:
    """What a path says: alike neighbours are one, then none is left out."""
    return tuple(one for before, one in zip((NONE, *path), path, strict=False) if one not in {before, NONE})


def test_they_are_sums_over_all_paths():
    """Of three steps, all 125, beside what the likeliest path says."""
    steps = np.random.default_rng(1).dirichlet([1.0] * 5, 3)
    total: dict[tuple[int, ...], float] = {}
    for path in product(range(5), repeat=3):
        total[says(path)] = total.get(says(path), 0.0) + math.prod(steps[range(3), path])
    likeliest = says(tuple(steps.argmax(axis=1)))
    found = fits(spotted(steps.tolist()), ("go back", "stop"))
    assert found["go back"] == pytest.approx(math.log(total[0, 1] / total[likeliest]))
    assert found["stop"] == pytest.approx(math.log(total[(2,)] / total[likeliest]))


def test_other_words_fit_no_phrase():
    """What was said may be no phrase, or nothing; none fits as well."""
    assert fits(clearly(NONE, OTHER, NONE), ("stop",))["stop"] < -3.0
    assert fits(clearly(NONE, NONE, NONE), ("stop",))["stop"] < -3.0


def test_phrases_with_words_that_it_does_not_know_are_left_out():
    """They can't be compared; what is too unlikely to count still has a logarithm."""
    assert fits(clearly(2), ("stop", "stop it", "")).keys() == {"stop", ""}
    assert math.isfinite(fits(spotted([[0.0, 0.0, 1.0, 0.0, 0.0]] * 3), ("go",))["go"])
