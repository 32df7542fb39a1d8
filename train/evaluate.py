"""How well the converted file does, scored through the device's own classifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from device.adapters.classifier_tflite import TfliteClassifier
from device.domain import ModelCard
from device.judge import calibrated
from train.card import measured, write_card
from train.confidence import Scores, fit_temperature, fit_thresholds
from train.data import DigitSet, Labels
from train.feed import changed
from train.settings import Settings


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


def evaluate(
    model_path: Path, validation: DigitSet, others: Iterable[DigitSet], settings: Settings
) -> dict[str, Accuracy]:
    """Fit the temperature and the thresholds, score every set by them, and write all of it into the model's card.

    Args:
        model_path: The .tflite file, its card beside it.
        validation: What is chosen by: temperature and thresholds are fitted on mildly changed copies of it.
        others: Only measured.
        settings: Every number of the run.

    Returns:
        The accuracy on each set by its name, the mildly changed validation digits first.

    Raises:
        ModelError: The model or its card cannot be used.
        OutputError: The card cannot be written.
    """
    classifier = TfliteClassifier(model_path)
    classifier.open()
    mild = mildly_changed(validation, settings)
    card = with_confidence(classifier.card, classifier.scores(mild.model_inputs), mild.labels, settings)
    found = {
        digits.name: accuracy(classifier.scores(digits.model_inputs), digits.labels, card)
        for digits in (mild, validation, *others)
    }
    write_card(model_path, measured(card, {name: figures.as_facts() for name, figures in found.items()}))
    return found


def mildly_changed(validation: DigitSet, settings: Settings) -> DigitSet:
    """Validation digits as ordinary photographs show them, several copies of each, with negatives among them."""
    rng = np.random.default_rng(settings.seed)
    copies = [changed(validation, settings, settings.mild, rng) for _ in range(settings.validation_copies)]
    return DigitSet(
        f"{validation.name}, mildly changed",
        np.concatenate([copy.model_inputs for copy in copies]),
        np.concatenate([copy.labels for copy in copies]),
    )


def with_confidence(card: ModelCard, scores: Scores, labels: Labels, settings: Settings) -> ModelCard:
    """The card with the temperature and the thresholds that fit these scores."""
    temperature = fit_temperature(scores, labels)
    thresholds = fit_thresholds(
        scores, labels, temperature=temperature, wrong_share=settings.wrong_share, floor=settings.least_threshold
    )
    return replace(card, temperature=temperature, thresholds=thresholds)


def accuracy(scores: Scores, labels: Labels, card: ModelCard) -> Accuracy:
    """Count what is right: scores float32 (n, 10 or 11), labels (n,), n at least 1."""
    confidence = calibrated(scores, card.temperature)
    answers = confidence.argmax(axis=1)
    right = answers == labels
    # No threshold is above 1, so infinity keeps "not a digit" from ever being a sure answer.
    least = np.append(card.thresholds, np.inf)[answers]
    sure = confidence.max(axis=1) >= least
    per_class = {
        int(label): (int(right[labels == label].sum()), int((labels == label).sum())) for label in np.unique(labels)
    }
    return Accuracy(len(labels), int(right.sum()), int(sure.sum()), int((sure & ~right).sum()), per_class)
