"""Logistic regression."""

from __future__ import annotations

import numpy as np

from train.logistic import fitted


def test_weights_are_found_again() -> None:
    """Of 20,000 answers drawn by known odds the fit finds the weights to a tenth."""
    rng = np.random.default_rng(3)
    terms = np.c_[np.ones(20_000), rng.normal(size=(20_000, 2))]
    known = np.array([-0.5, 1.5, -1.0])
    truth = rng.random(20_000) < 1.0 / (1.0 + np.exp(-terms @ known))
    assert np.abs(fitted(terms, truth, 2e-4) - known).max() < 0.1


def test_a_term_that_is_never_there_weighs_nothing() -> None:
    """Neither does the fit fail on it."""
    terms = np.c_[np.ones(100), np.linspace(-1, 1, 100), np.zeros(100)]
    truth = np.arange(100) % 3 > 0
    assert abs(fitted(terms, truth, 2e-4)[2]) < 1e-6


def test_a_ridge_keeps_weights_small() -> None:
    """But not the constant, where one term parts right from wrong without a rest."""
    terms = np.c_[np.ones(100), np.repeat([-1.0, 1.0], 50)]
    truth = terms[:, 1] > 0.0
    weak, strong = (fitted(terms, truth, ridge)[1] for ridge in (1e-3, 1e-1))
    assert 0.0 < strong < weak < 10.0
    assert abs(fitted(np.ones((100, 1)), np.arange(100) < 75, 10.0)[0] - np.log(3.0)) < 1e-6
