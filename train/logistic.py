"""Logistic regression: few terms, many rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDS = 50
"""Newton's steps; a dozen do where the terms tell the rows apart no better than these here."""

TINY = 1e-9
"""Added to the curvature, of which a term that is always 0 has none."""


def fitted(terms: NDArray[np.float64], truth: NDArray[np.bool_], ridge: float) -> NDArray[np.float64]:
    """Weights with the least mean cross entropy and squares, by Newton's method (Bishop 2006, section 4.3.3).

    Args:
        terms: Of each row, shape (n, k); the first is 1.0.
        truth: Shape (n,).
        ridge: Weight of the half of the squared weights, but for the first.

    Returns:
        Shape (k,): what the terms add to the logarithm of the odds.
    """
    weights = np.zeros(terms.shape[1])
    ridges = ridge * np.r_[0.0, np.ones(terms.shape[1] - 1)]
    for _ in range(ROUNDS):
        odds = 1.0 / (1.0 + np.exp(-np.clip(terms @ weights, -50.0, 50.0)))
        slope = terms.T @ (odds - truth) / len(terms) + ridges * weights
        curve = (terms * (odds * (1.0 - odds))[:, None]).T @ terms / len(terms) + np.diag(ridges + TINY)
        weights = weights - np.linalg.solve(curve, slope)
    return np.asarray(weights, np.float64)
