"""How well the converted file does, scored through the device's own classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.domain import ModelCard
from device.ports import Classifier
from train.confidence import Scores, confidences
from train.data import DigitSet, Labels


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of one model on one set.

    Attributes:
        count: Pictures.
        correct: Pictures whose greatest score is their label's, "not a digit" included among the scores.
        sure: Pictures answered with a digit at or above its threshold: what the box says without hesitating.
        sure_wrong: Of these, how many are wrong.
        per_class: Correct and count by label, for the labels that occur.
    """

    count: int
    correct: int
    sure: int
    sure_wrong: int
    per_class: Mapping[int, tuple[int, int]]

    @property
    def share(self) -> float:
        """Correct of all, 0..1."""
        return self.correct / self.count

    def spelled(self) -> str:
        """For a person."""
        return (
            f"{self.share:.2%} right ({self.correct} of {self.count}); {self.sure / self.count:.2%} answered surely, "
            f"{self.sure_wrong} of them wrong"
        )

    def as_facts(self) -> dict[str, Any]:
        """For the card and for JSON."""
        return {
            "count": self.count,
            "correct": self.correct,
            "accuracy": round(self.share, 6),
            "sure": self.sure,
            "sure_wrong": self.sure_wrong,
            "per_class": {
                str(label): {"correct": correct, "count": count, "accuracy": round(correct / count, 6)}
                for label, (correct, count) in self.per_class.items()
            },
        }


def evaluate(classifier: Classifier, digits: DigitSet) -> Accuracy:
    """Score an open classifier on a set that is not empty. Raises ModelError."""
    return accuracy(classifier.scores(digits.model_inputs), digits.labels, classifier.card)


def accuracy(scores: Scores, labels: Labels, card: ModelCard) -> Accuracy:
    """Count what is right: scores float32 (n, 10 or 11), labels (n,), n at least 1."""
    confidence = confidences(scores, card.temperature)
    answers = confidence.argmax(axis=1)
    right = answers == labels
    # No threshold is above 1, so infinity keeps "not a digit" from ever being a sure answer.
    least = np.append(card.thresholds, np.inf)[answers]
    sure = confidence.max(axis=1) >= least
    per_class = {
        int(label): (int(right[labels == label].sum()), int((labels == label).sum())) for label in np.unique(labels)
    }
    return Accuracy(len(labels), int(right.sum()), int(sure.sum()), int((sure & ~right).sum()), per_class)
