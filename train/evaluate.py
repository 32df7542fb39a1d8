"""How well the converted files do, scored through the device's own classifiers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.adapters.classifier_tflite import TfliteClassifier
from device.cascade import Cascade
from device.domain import ModelCard, Pixels
from device.judge import Probabilities, calibrated
from device.ports import Classifier
from train.card import measured, write_card
from train.confidence import Scores, fit_temperature, fit_thresholds
from train.corruptions import CORRUPTIONS, corrupted
from train.data import DigitSet, Labels, joined
from train.held_out import held_out_negatives
from train.interpreter import timed
from train.measures import Right, calibration_error, confusion, rejection, reliability, risk_coverage, wilson
from train.output import write_bytes
from train.settings import Settings
from train.views import mildly_changed

EVALUATION_NAME = "evaluation.json"
BOTH_EVALUATION_NAME = "evaluation-both.json"
ADVERSARIAL_NAME = "adversarial.npz"
FLOAT_NAME = "float.json"

FALSE_REJECTIONS = 0.01
"""Share of digits that the rejection of other things may cost."""

COVERAGES = 100
"""Points of a risk-coverage curve."""


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
        low, high = wilson(self.correct, self.count)
        return (
            f"{self.share:.2%} right ({self.correct} of {self.count}; {low:.2%} to {high:.2%}); "
            f"{self.sure / self.count:.2%} answered surely, {self.sure_wrong} of them wrong"
        )

    def as_facts(self) -> dict[str, Any]:
        """For the card and for JSON."""
        return {
            "count": self.count,
            "correct": self.correct,
            "accuracy": round(self.share, 6),
            "interval": [round(end, 6) for end in wilson(self.correct, self.count)],
            "sure": self.sure,
            "sure_wrong": self.sure_wrong,
            "per_class": {
                str(label): {"correct": correct, "count": count, "accuracy": round(correct / count, 6)}
                for label, (correct, count) in self.per_class.items()
            },
        }


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A classifier whose scores become confidences.

    Attributes:
        classifier: Opened.
        card: With the temperature and thresholds to judge by.
    """

    classifier: Classifier
    card: ModelCard

    def confidence(self, model_inputs: Pixels) -> Probabilities:
        """uint8 (n, 28, 28) -> float32 (n, 11)."""
        return calibrated(self.classifier.scores(model_inputs), self.card.temperature)

    def share_right(self, model_inputs: Pixels, labels: Labels) -> float:
        """Of the answers."""
        return float((self.confidence(model_inputs).argmax(axis=1) == labels).mean())


def evaluate(
    model_path: Path, validation: Sequence[DigitSet], others: Iterable[DigitSet], settings: Settings
) -> list[dict[str, Accuracy]]:
    """Fit the temperature and the thresholds, score every set by them, and write all of it beside and into the card.

    First of the file by itself, then of it and the second one that its card names, as the device asks them
    (`device.cascade`); what is fitted to both goes into the second one's card. The cards get what travels to the
    device; `evaluation.json` and `evaluation-both.json` in the same folder all that a report needs.

    Args:
        model_path: The .tflite file, its card beside it.
        validation: What is chosen by: temperature and thresholds are fitted on mildly changed copies of it.
        others: Only measured. Corruptions and pairs are made of the first of them.
        settings: Every number of the run.

    Returns:
        The accuracy on each set by its name, the mildly changed validation digits first; of the file by itself, and of
        both where there are two.

    Raises:
        ModelError: A model or its card cannot be used.
        OutputError: A result cannot be written.
    """
    sets = Sets(mildly_changed(validation, settings), tuple(validation), tuple(others))
    first = _opened(model_path)
    found = [_evaluated(first, model_path, model_path.with_name(EVALUATION_NAME), sets, settings)]
    if first.card.second is not None:
        second_path = model_path.with_name(first.card.second.file)
        both = Cascade(first, _opened(second_path))
        found.append(_evaluated(both, second_path, model_path.with_name(BOTH_EVALUATION_NAME), sets, settings))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """What is measured on.

    Attributes:
        mild: The validation digits, changed mildly: what the confidence is fitted to.
        validation: The same as they are.
        others: Only measured.
    """

    mild: DigitSet
    validation: tuple[DigitSet, ...]
    others: tuple[DigitSet, ...]

    @property
    def all(self) -> tuple[DigitSet, ...]:
        """In the order of the report."""
        return self.mild, *self.validation, *self.others

    @property
    def first(self) -> DigitSet:
        """Of which corruptions and pairs are made."""
        return (*self.others, *self.validation)[0]


def _opened(model_path: Path) -> TfliteClassifier:
    classifier = TfliteClassifier(model_path)
    classifier.open()
    return classifier


def _evaluated(
    classifier: Classifier, model_path: Path, result: Path, sets: Sets, settings: Settings
) -> dict[str, Accuracy]:
    """Measure a classifier; its card is the one beside `model_path`."""
    scored = [(digits, classifier.scores(digits.model_inputs)) for digits in sets.all]
    card = with_confidence(classifier.card, scored[0][1], sets.mild.labels, settings)
    judge = Judge(classifier, card)
    found = {digits.name: accuracy(scores, digits.labels, card) for digits, scores in scored}
    facts: dict[str, Any] = {
        "sets": {digits.name: set_facts(card, digits, scores) for digits, scores in scored},
        "corruptions": corruption_errors(judge, sets.first),
        "negatives": negative_facts(judge, joined(sets.validation, "validation"), sets.first),
        "adversarial": adversarial_errors(judge, model_path.with_name(ADVERSARIAL_NAME)),
        "float": read_json(model_path.with_name(FLOAT_NAME)),
        "milliseconds": timed(model_path),
        "size_bytes": model_path.stat().st_size,
        "sparsity": card.facts.get("sparsity"),
    }
    write_bytes(result, json.dumps(facts, indent=1).encode())
    summary = {name: {**figures.as_facts(), **_in_card(facts["sets"][name])} for name, figures in found.items()}
    more = {name: facts[name] for name in ("corruptions", "negatives", "adversarial")}
    write_card(model_path, {**measured(card, summary), **more})
    return found


def set_facts(card: ModelCard, digits: DigitSet, scores: Scores) -> dict[str, Any]:
    """Everything about one set: counts, confusion, calibration, risk and coverage, writers, worst mistakes."""
    shares = calibrated(scores, card.temperature)
    answers, confidence = shares.argmax(axis=1), shares.max(axis=1)
    right = answers == digits.labels
    risks = risk_coverage(confidence, right)
    places = np.unique(np.linspace(0, len(risks) - 1, min(COVERAGES, len(risks))).astype(int))
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:20]
    facts: dict[str, Any] = {
        **accuracy(scores, digits.labels, card).as_facts(),
        "confusion": confusion(digits.labels, answers, len(card.classes)).tolist(),
        "calibration_error": round(calibration_error(confidence, right), 6),
        "reliability": reliability_facts(confidence, right),
        "risk_coverage": [[round((row + 1) / len(risks), 6), round(float(risks[row]), 6)] for row in places],
        "worst": [
            {
                "row": int(row),
                "label": int(digits.labels[row]),
                "answer": int(answers[row]),
                "confidence": round(float(confidence[row]), 4),
                "pixels": digits.model_inputs[row].tobytes().hex(),
            }
            for row in worst
        ],
    }
    if digits.writers is not None:
        facts["writers"] = writer_facts(right, digits.writers)
    return facts


def reliability_facts(confidence: Probabilities, right: Right) -> list[list[float]]:
    """Of each bin: mean confidence, share right, count, and both ends of the 95 % interval of the share."""
    return [
        [round(said, 6), round(share, 6), count, *(round(end, 6) for end in wilson(round(share * count), count))]
        for said, share, count in reliability(confidence, right)
    ]


def writer_facts(right: Right, writers: NDArray[np.str_]) -> dict[str, Any]:
    """Count and share right of each writer, their mean, and the worst of them."""
    each = {
        str(tag): {"count": int((writers == tag).sum()), "accuracy": round(float(right[writers == tag].mean()), 6)}
        for tag in np.unique(writers)
    }
    worst = min(each, key=lambda tag: each[tag]["accuracy"])
    mean = float(np.mean([facts["accuracy"] for facts in each.values()]))
    return {"each": each, "mean": round(mean, 6), "worst": {"writer": worst, **each[worst]}}


def corruption_errors(judge: Judge, digits: DigitSet) -> dict[str, float]:
    """Share of wrong answers under each corruption, then their mean."""
    errors = {
        name: round(1.0 - judge.share_right(corrupted(name, digits.model_inputs), digits.labels), 6)
        for name in CORRUPTIONS
    }
    return {**errors, "mean": round(sum(errors.values()) / len(errors), 6)}


def negative_facts(judge: Judge, validation: DigitSet, pairs_of: DigitSet) -> dict[str, float]:
    """Share of each kind of negatives that is rejected, at the threshold that costs one digit in a hundred.

    The threshold is chosen on the validation digits; what it costs among `pairs_of` is measured as well.
    """
    best = judge.confidence(validation.model_inputs)[:, :10].max(axis=1)
    kinds = {
        name: judge.confidence(pictures)[:, :10].max(axis=1)
        for name, pictures in held_out_negatives(pairs_of.model_inputs).items()
    }
    threshold, together = rejection(best, np.concatenate(list(kinds.values())), FALSE_REJECTIONS)
    cost = float((judge.confidence(pairs_of.model_inputs)[:, :10].max(axis=1) < threshold).mean())
    each = {name: round(float((values < threshold).mean()), 6) for name, values in kinds.items()}
    return {**each, "all": round(together, 6), "threshold": round(threshold, 6), "digits_rejected": round(cost, 6)}


def adversarial_errors(judge: Judge, path: Path) -> dict[str, float] | None:
    """Share of wrong answers on each set of pictures that were changed against the float network; None without them."""
    if not path.exists():
        return None
    with np.load(path) as arrays:
        labels = arrays["labels"]
        return {
            name: round(1.0 - judge.share_right(arrays[name], labels), 6) for name in arrays.files if name != "labels"
        }


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


def read_json(path: Path) -> Any | None:  # noqa: ANN401 - what another step wrote
    """The facts in a file, or None where it is not there."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _in_card(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What of a set's facts travels to the device: no pictures, and of the curves the one that the page draws."""
    return {name: facts[name] for name in ("calibration_error", "reliability", "writers") if name in facts}
