"""The weights of the finder's and of the judge's odds, fitted to drawn scenes whose truth is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from device import config
from device.clearness import CLEARNESS, LEAST_CLEARNESS, weighed
from device.compose import opened_reader
from device.domain import Box, Frame, Pixels, Status
from device.judge import LEAST_TRUST, judged, trust_terms
from device.ports import Classifier
from device.reading import Reader
from device.sheet import cut_out, sheets
from train.logistic import fitted
from train.photographs.answers import through_jpeg
from train.photographs.files import Shot, shots
from train.photographs.hands import Pool

RIDGE = 2e-4
"""Weight of the squared weights: enough that a term which is hardly ever there gets no extreme one."""

SURE = 0.9
"""Probability from which on a digit would be answered if there were no trust: only these need it."""

ON_INK, SAME = 0.55, 0.5
"""A piece of which the first share lies on digits is writing; it is a digit where it and the box share the second."""

NEGATIVES = 0.375
"""Scenes without digits for each with digits."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one scene says.

    Attributes:
        pieces: Terms of the pieces' clearness, shape (n, 6).
        written: Of each piece whether it is writing.
        digits: Terms of the digits' trust, shape (m, 7).
        right: Of each digit whether it is.
        sure: Of each digit whether the model is sure of it.
        answer: "right" or "wrong" where nothing but trust keeps the scene from `ok`, else "".
        is_negative: There is no digit in the scene.
    """

    pieces: Numbers
    written: NDArray[np.bool_]
    digits: Numbers
    right: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    answer: str
    is_negative: bool


def fit(pools: Sequence[Pool], count: int, seed: int) -> str:
    """Both sets of weights, and what thresholds on them would do, as Markdown.

    Args:
        pools: Handwriting.
        count: Scenes with digits.
        seed: Of the scenes.

    Raises:
        ModelError: The model is missing or damaged.
    """
    settings = config.load()
    classifier, reader = opened_reader(settings)
    drawn = chain(shots("mixed", pools, count, seed), shots("negative", pools, round(NEGATIVES * count), seed))
    seen = [_seen(shot, reader, classifier) for shot in drawn]
    return "\n".join([*_clearness(seen), "", *_trust(seen), ""])


def _seen(shot: Shot, reader: Reader, classifier: Classifier) -> Seen:
    (photograph,) = shot.frames
    frame = Frame(through_jpeg(photograph.pixels, photograph.scene.lens.jpeg_quality))
    boxes = [box for box in photograph.boxes if box is not None]
    pieces = list(chain(_pieces(frame, boxes), *(_on_sheet(frame, boxes, number) for number in range(2))))
    evidence = reader.observe(frame).evidence
    label = photograph.scene.label.replace(" ", "")
    best, digits = evidence.probabilities[:, :10].max(axis=1), evidence.probabilities[:, :10].argmax(axis=1)
    truth = dict(zip(photograph.boxes, label, strict=True)) if label else {}
    right = [_is_right(box, str(digit), truth) for box, digit in zip(evidence.boxes, digits, strict=True)]
    reading = judged(evidence, classifier.card)
    answered = reading.status is Status.OK or (
        len(reading.digits) == len(evidence.boxes) > 0 and not (evidence.other_ink or evidence.cut_off)
    )
    is_right = bool(label) and reading.number.replace(" ", "") == label
    return Seen(
        np.array([terms for terms, _ in pieces]).reshape(len(pieces), len(CLEARNESS)),
        np.array([written for _, written in pieces], np.bool_),
        trust_terms(evidence),
        np.array(right, np.bool_),
        np.asarray(best >= SURE, np.bool_),
        ("right" if is_right else "wrong") if answered else "",
        not label,
    )


def _is_right(found: Box, digit: str, truth: dict[Box | None, str]) -> bool:
    return any(box is not None and found.overlap(box) > 0.4 and label == digit for box, label in truth.items())


def _pieces(frame: Frame, boxes: Sequence[Box], paper: Pixels | None = None) -> Iterator[tuple[Numbers, bool]]:
    """Terms of each piece, and whether it is a digit; parts of digits, and several together, are neither."""
    for found, terms in weighed(frame, paper):
        is_digit = any(found.overlap(box) > SAME for box in boxes)
        on_ink = sum(found.shared_area(box) for box in boxes) / found.area
        if is_digit or on_ink <= ON_INK:
            yield terms, is_digit


def _on_sheet(frame: Frame, boxes: Sequence[Box], number: int) -> Iterator[tuple[Numbers, bool]]:
    found = sheets(frame)
    if number < len(found):
        cutting = cut_out(frame, found[number])
        left, top = cutting.corner
        moved = (Box(box.x - left, box.y - top, box.width, box.height) for box in boxes)
        yield from _pieces(cutting.frame, [box.scaled(cutting.factor) for box in moved], cutting.mask)


def _clearness(seen: Sequence[Seen]) -> Iterator[str]:
    terms = np.concatenate([one.pieces for one in seen if len(one.pieces)])
    written = np.concatenate([one.written for one in seen])
    weights = fitted(terms, written, RIDGE)
    yield f"clearness.CLEARNESS = ({_words(weights)}), from {len(terms)} pieces, {written.sum()} of them digits"
    yield "\n| least clearness | digits left out | of all else kept |\n|---|---|---|"
    odds = terms @ weights
    for least in sorted({-3.0, -1.0, 0.0, LEAST_CLEARNESS}):
        yield f"| {least} | {(odds[written] < least).mean():.1%} | {(odds[~written] >= least).mean():.1%} |"


def _trust(seen: Sequence[Seen]) -> Iterator[str]:
    terms = np.concatenate([one.digits[one.sure] for one in seen])
    right = np.concatenate([one.right[one.sure] for one in seen])
    weights = fitted(terms, right, RIDGE)
    yield f"judge.TRUST = ({_words(weights)}), from {len(terms)} digits, {(~right).sum()} of them wrong"
    yield "\n| least trust | scenes `ok` and right | `ok` and wrong | without digits, `ok` |\n|---|---|---|---|"
    for least in sorted({-9.0, 0.0, 1.0, 2.0, 3.0, LEAST_TRUST}):
        passed = [one for one in seen if one.answer and (one.digits @ weights >= least).all()]
        counts = [sum(one.answer == answer and not one.is_negative for one in passed) for answer in ("right", "wrong")]
        yield f"| {least} | {counts[0]} | {counts[1]} | {sum(one.is_negative for one in passed)} |"


def _words(weights: Iterable[float]) -> str:
    return ", ".join(f"{weight:.2f}" for weight in weights)
