"""How good answers and their confidences are: pure functions of arrays."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from device.judge import Probabilities
from train.data import Labels

BINS = 15
"""Of the calibration error and of the reliability diagram, each with as many answers as the others."""

Right = NDArray[np.bool_]


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, `of` at least 1.

    Source:
        Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    z, share = 1.959964, right / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - spread) / (1 + z * z / of), (middle + spread) / (1 + z * z / of)


def confusion(labels: Labels, answers: NDArray[np.intp], classes: int) -> NDArray[np.int64]:
    """How often each label (row) got each answer (column)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (labels, answers), 1)
    return table


def reliability(confidence: Probabilities, right: Right, bins: int = BINS) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and count of each bin of answers, the least confident bin first.

    Args:
        confidence: Of each answer, 0..1, shape (n,).
        right: Whether it was right, shape (n,).
        bins: Of equal mass, as nearly as n allows.
    """
    order = np.argsort(confidence, kind="stable")
    return [
        (float(confidence[rows].mean()), float(right[rows].mean()), len(rows))
        for rows in np.array_split(order, bins)
        if len(rows)
    ]


def calibration_error(confidence: Probabilities, right: Right, bins: int = BINS) -> float:
    """Expected distance between confidence and share right, over bins of equal mass.

    Source:
        Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning"; equal mass after Nguyen
        and O'Connor 2015, arXiv:1508.05154.
    """
    found = reliability(confidence, right, bins)
    return sum(count * abs(said - share) for said, share, count in found) / len(right)


def risk_coverage(confidence: Probabilities, right: Right) -> NDArray[np.float64]:
    """Share of wrong answers among the most confident ones, for every number of them: shape (n,), coverage 1/n..1.

    Source:
        Geifman and El-Yaniv 2017, arXiv:1705.08500.
    """
    order = np.argsort(-confidence, kind="stable")
    risks: NDArray[np.float64] = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    return risks


def rejection(digits: Probabilities, others: Probabilities, false_rejections: float) -> tuple[float, float]:
    """The confidence below which that share of the digits is rejected, and the share of the others it rejects.

    Args:
        digits: Confidence of the best digit for pictures of one digit each, shape (n,).
        others: The same for pictures that are no digit, shape (m,).
        false_rejections: 0..1.
    """
    threshold = float(np.quantile(digits, false_rejections, method="lower"))
    return threshold, float((others < threshold).mean())
