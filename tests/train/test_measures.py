"""Intervals, calibration, risk and rejection, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from train.corruptions import CORRUPTIONS, corrupted
from train.held_out import KINDS, held_out_negatives
from train.measures import calibration_error, confusion, rejection, reliability, risk_coverage, wilson


@pytest.mark.parametrize(
    ("right", "of", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_wilson_intervals_are_those_in_print(right, of, low, high):
    """The first is the example of Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857."""
    assert wilson(right, of) == pytest.approx((low, high), abs=2e-4)


def test_confusion_has_labels_down_and_answers_across():
    """A 3 read as 5 twice, and a 5 read as 5."""
    table = confusion(np.array([3, 3, 5]), np.array([5, 5, 5]), 11)
    assert (table[3, 5], table[5, 5], table.sum()) == (2, 1, 3)


def test_calibration_error_is_the_distance_to_the_diagonal():
    """Confidence 0.9 with 8 of 10 right is off by a tenth; 0.5 with half right is not; they weigh alike."""
    confidence = np.array([0.9] * 10 + [0.5] * 10, np.float32)
    right = np.array([True] * 8 + [False] * 2 + [True, False] * 5)
    assert [count for *_, count in reliability(confidence, right, bins=2)] == [10, 10]
    assert calibration_error(confidence, right, bins=2) == pytest.approx(0.05)


def test_bins_hold_the_same_number_of_answers():
    """Equal mass, also where most answers have the same confidence; fewer answers than bins are no error."""
    counts = [count for *_, count in reliability(np.ones(100, np.float32), np.ones(100, bool))]
    assert max(counts) - min(counts) <= 1
    assert len(counts) == 15
    assert len(reliability(np.ones(3, np.float32), np.ones(3, bool))) == 3


def test_risk_rises_when_the_unsure_are_wrong():
    """The most confident two are right, the third is wrong."""
    risks = risk_coverage(np.array([0.2, 0.9, 0.8], np.float32), np.array([False, True, True]))
    assert risks.tolist() == pytest.approx([0.0, 0.0, 1 / 3])


def test_rejection_costs_the_share_of_digits_that_was_allowed():
    """One digit in a hundred lies below the threshold, and so do the others that are less sure than it."""
    digits = np.linspace(0.5, 1.0, 101).astype(np.float32)
    threshold, rejected = rejection(digits, np.array([0.1, 0.2, 0.7], np.float32), 0.01)
    assert (digits < threshold).sum() == 1
    assert rejected == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_changes_the_pictures_the_same_way_each_time(name, digits):
    """Model inputs again, seeded, and not one of them as before."""
    first, again = (corrupted(name, digits.model_inputs[:20]) for _ in range(2))
    assert (first.shape, first.dtype) == ((20, 28, 28), np.uint8)
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - digits.model_inputs[:20]).max(axis=(1, 2)).min() > 20


def test_there_are_fifteen_corruptions():
    """As many as MNIST-C has."""
    assert len(CORRUPTIONS) == 15


def test_negatives_for_measuring_are_versioned(digits):
    """The same digits give the same pictures, four hundred of each kind."""
    first, again = (held_out_negatives(digits.model_inputs) for _ in range(2))
    assert first.keys() == KINDS.keys()
    for name, pictures in first.items():
        assert (pictures.shape, pictures.dtype) == ((400, 28, 28), np.uint8)
        assert np.array_equal(pictures, again[name])
    assert all(pictures.any(axis=(1, 2)).all() for name, pictures in first.items() if name != "blank")
