"""Temperature, thresholds and counting."""

from __future__ import annotations

import json

import numpy as np
import pytest

from device.domain import ModelCard
from device.judge import calibrated
from train.confidence import fit_temperature, fit_thresholds
from train.evaluate import accuracy, reliability_facts, with_confidence
from train.settings import Settings


def scores_of(shares):
    """Scores whose softmax at temperature 1 gives these shares: float32, the shape of `shares`."""
    return np.log(np.asarray(shares, np.float32))


def one_sided(answer, confidence, classes=11):
    """Shares with this confidence in one answer, the rest spread evenly."""
    shares = np.full(classes, (1.0 - confidence) / (classes - 1))
    shares[answer] = confidence
    return shares


def test_the_temperature_undoes_overconfidence():
    """Scores three times too large are found to be so, to the fineness of the search."""
    rng = np.random.default_rng(1)
    scores = rng.normal(0.0, 2.0, (20_000, 10)).astype(np.float32)
    labels = (calibrated(scores, 1.0).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(scores, labels) == pytest.approx(1.0, rel=0.04)
    assert fit_temperature(3.0 * scores, labels) == pytest.approx(3.0, rel=0.04)


def test_answers_at_or_above_a_threshold_are_wrong_at_most_so_often():
    """The rule holds on the data it was fitted on, for a digit that needs a threshold and one that doesn't."""
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.3, 1.0, 4000)
    answers = rng.integers(0, 2, 4000)
    labels = np.where((answers == 1) & (rng.random(4000) > confidence), 7, answers)
    scores = scores_of([one_sided(a, c) for a, c in zip(answers, confidence, strict=True)])
    thresholds = fit_thresholds(scores, labels, temperature=1.0, wrong_share=0.05, floor=0.6)
    assert thresholds[0] == 0.6
    assert 0.8 < thresholds[1] < 1.0
    kept = (answers == 1) & (confidence >= thresholds[1])
    assert kept.sum() > 100
    assert (labels[kept] != 1).mean() <= 0.05


def test_a_digit_that_is_always_wrong_is_never_sure():
    """Where no answer can be trusted the threshold is 1; the same for a digit that never was an answer."""
    scores = scores_of([one_sided(4, 0.99)] * 50)
    thresholds = fit_thresholds(scores, np.full(50, 9), temperature=1.0, wrong_share=0.003, floor=0.6)
    assert thresholds[4] == 1.0
    assert thresholds[5] == 1.0


@pytest.fixture
def card():
    """Sure from 0.8 on."""
    return ModelCard("", 1, (*map(str, range(10)), "not a digit"), 1.0, (0.8,) * 10)


def test_accuracy_counts_right_sure_and_wrong(card):
    """Unsure answers and "not a digit" are never sure; a negative taken for a digit is wrong."""
    answers = [(3, 0.9, 3), (3, 0.7, 3), (5, 0.95, 3), (10, 0.99, 10), (10, 0.99, 3), (1, 0.9, 10)]
    scores = scores_of([one_sided(answer, confidence) for answer, confidence, _ in answers])
    found = accuracy(scores, np.array([label for *_, label in answers], np.uint8), card)
    assert (found.count, found.correct, found.sure, found.sure_wrong) == (6, 3, 3, 2)
    assert found.per_class == {3: (2, 4), 10: (1, 2)}
    assert found.share == 0.5
    assert found.as_facts()["per_class"]["3"] == {"correct": 2, "count": 4, "accuracy": 0.5}


def test_a_card_with_its_confidence_keeps_everything_else(card):
    """Only temperature and thresholds change."""
    scores = scores_of([one_sided(digit % 10, 0.9) for digit in range(100)])
    labels = np.arange(100, dtype=np.uint8) % 10
    found = with_confidence(card, scores, labels, Settings())
    assert (found.sha256, found.classes) == (card.sha256, card.classes)
    assert found.temperature < 1.0
    assert found.thresholds == (Settings().least_threshold,) * 10


def test_the_bins_of_a_card_carry_their_intervals():
    """Confidence, share right, count and both ends, in numbers that JSON can hold."""
    confidence = np.repeat(np.array([0.7, 0.9], np.float32), 10)
    right = np.array([True] * 8 + [False] * 2 + [True] * 10)
    first, *between, last = reliability_facts(confidence, right)
    assert len(between) == 13
    assert (first[0], first[1], first[2]) == (pytest.approx(0.7), 1.0, 2)
    assert first[3:] == [pytest.approx(0.342, abs=1e-3), 1.0]
    assert (last[0], last[1], last[2]) == (pytest.approx(0.9), 1.0, 1)
    assert json.loads(json.dumps(first)) == first
