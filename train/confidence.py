"""From scores to honest confidences: the temperature and the thresholds of a model card."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.judge import Probabilities, calibrated
from train.data import Labels

Scores = NDArray[np.float32]

TEMPERATURES = np.geomspace(0.25, 4.0, 161)

LEAST = np.float32(1e-12)  # keeps the logarithm finite


def fit_temperature(scores: Scores, labels: Labels) -> float:
    """The temperature with the least negative log likelihood, to 1.75 percent.

    Source:
        Guo et al. 2017, arXiv:1706.04599, section 4.2.
    """
    rows = np.arange(len(labels))
    losses = [-np.log(calibrated(scores, t)[rows, labels] + LEAST).mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def fit_thresholds(
    scores: Scores, labels: Labels, *, temperature: float, wrong_share: float, floor: float
) -> tuple[float, ...]:
    """Per digit, the least confidence from which on at most `wrong_share` of the answers are wrong.

    Args:
        scores: float32 (n, N).
        labels: (n,); what is labelled 10 is wrong whatever digit is answered.
        temperature: As from `fit_temperature`.
        wrong_share: 0..1.
        floor: No threshold is below it, however well the digit does; 0..1.

    Returns:
        Ten numbers from `floor` to 1, rounded up to four places.
    """
    share = calibrated(scores, temperature)
    answers = share.argmax(axis=1)
    return tuple(
        _threshold(share[answers == digit, digit], labels[answers == digit] != digit, wrong_share, floor)
        for digit in range(10)
    )


def _threshold(confidence: Probabilities, wrong: NDArray[np.bool_], wrong_share: float, floor: float) -> float:
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    kept = np.flatnonzero(shares <= wrong_share)
    if not kept.size:
        return 1.0
    if kept[-1] == len(order) - 1:
        return floor
    return min(1.0, max(floor, float(np.ceil(confidence[order[kept[-1]]] * 1e4) / 1e4)))
