"""Touching digits that are put together and taken apart again."""

from __future__ import annotations

import numpy as np

from device.preprocess import mnist_layout
from train.touching import Row, parts_of, touching_parts, touching_row
from train.views import NOT_A_DIGIT


def test_a_row_is_one_piece_of_ink_or_nearly_so(digits):
    """Each digit reaches into the one before it, and keeps its label."""
    rng = np.random.default_rng(2)
    for _ in range(10):
        row = touching_row(digits, rng)
        assert 2 <= len(row.labels) == len(row.inks) <= 4
        left_edges = [int(np.flatnonzero((ink >= 128).any(axis=0))[0]) for ink in row.inks]
        right_edges = [int(np.flatnonzero((ink >= 128).any(axis=0))[-1]) for ink in row.inks]
        assert left_edges == sorted(left_edges)
        assert all(left <= right + 4 for left, right in zip(left_edges[1:], right_edges[:-1], strict=True))


def test_right_parts_are_the_digits_and_both_together_are_none(digits):
    """Two digits beside each other: each of them is found as itself, whatever else is tried."""
    rng = np.random.default_rng(3)
    two = np.zeros((2, 100, 160), np.uint8)
    for number, digit in enumerate((digits.model_inputs[3], digits.model_inputs[8])):
        two[number, 8:92, 4 + 72 * number : 88 + 72 * number] = np.kron(digit, np.ones((3, 3), np.uint8))
    labels = int(digits.labels[3]), int(digits.labels[8])
    parts = parts_of(Row(two, labels), rng)
    whole = mnist_layout(two.max(axis=0))
    assert set(labels) <= {label for _, label in parts} <= {*labels, NOT_A_DIGIT}
    for picture, label in parts:
        alike = np.abs(picture.astype(int) - whole.astype(int)).mean() < 2.0
        assert not alike or label == NOT_A_DIGIT


def test_parts_are_the_same_for_the_same_seed(digits):
    """A run can be repeated; most parts are digits, and every wrong one is labelled so."""
    made, again = (touching_parts([digits], 12, seed=5) for _ in range(2))
    assert np.array_equal(made.model_inputs, again.model_inputs)
    assert np.array_equal(made.labels, again.labels)
    assert made.model_inputs.shape[1:] == (28, 28)
    assert 0.3 < (made.labels < NOT_A_DIGIT).mean() < 0.9
    assert not np.array_equal(made.labels, touching_parts([digits], 12, seed=6).labels)


def test_no_row_makes_no_part(digits):
    """An empty set that can stand among the others."""
    assert touching_parts([digits], 0, seed=1).model_inputs.shape == (0, 28, 28)
