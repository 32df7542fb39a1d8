"""Batches of views and of what is to be answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.data import Labels
from train.settings import Settings
from train.views import NOT_A_DIGIT, Views

CLASSES = NOT_A_DIGIT + 1

NetworkInput = NDArray[np.float32]
"""Shape (n, 28, 28, 1), 0 black .. 1 white."""

Targets = NDArray[np.float32]
"""Shape (n, 11); each row sums to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How one training goes.

    Attributes:
        epochs: How often every digit comes.
        learning_rate: Adam's greatest.
        views: What is shown.
        count: Views that are shown in turn.
        answers: A teacher's answers to each of those views; None without one.
        answers_share: Of the target; the rest is the label.
        checkpoint: Where the state after each epoch is kept, so that a killed run goes on from there.
    """

    epochs: int
    learning_rate: float
    views: Views
    count: int
    checkpoint: Path
    answers: Sequence[Targets] | None = None
    answers_share: float = 0.0


def batches(course: Course, settings: Settings, *, begin: int = 0) -> Iterator[tuple[NetworkInput, Targets]]:
    """Every digit once an epoch, in another order and another view each time; the same batches for the same seed.

    Args:
        course: What is shown, how often, and what is to be answered.
        settings: Seed, size of a batch, and how far its pictures are moved.
        begin: The first epoch; a run that goes on begins later than at 0.

    Yields:
        Network inputs and targets. What is left over after whole batches waits for the next epoch.
    """
    for epoch in range(begin, course.epochs):
        view = course.views.view(epoch % course.count)
        targets = one_hot(view.labels)
        if course.answers is not None:
            targets = mixed(targets, course.answers[epoch % course.count], course.answers_share)
        rng = np.random.default_rng((settings.seed, epoch))
        order = rng.permutation(len(view))
        for step in range(steps_in(course.views, settings)):
            rows = np.sort(order[step * settings.batch : (step + 1) * settings.batch])
            yield network_input(moved(view.pictures[rows], settings.moved_px, rng)), targets[rows]


def moved(pictures: Pixels, most_px: int, rng: np.random.Generator) -> Pixels:
    """Each picture by 0 to `most_px` pixels each way, black following: uint8 (n, 28, 28) -> uint8 (n, 28, 28)."""
    if not most_px:
        return pictures
    framed = np.pad(pictures, ((0, 0), (most_px, most_px), (most_px, most_px)))
    down, right = (first[:, None] + np.arange(28) for first in rng.integers(0, 2 * most_px + 1, (2, len(pictures))))
    return np.asarray(framed[np.arange(len(pictures))[:, None, None], down[:, :, None], right[:, None, :]], np.uint8)


def steps_in(views: Views, settings: Settings) -> int:
    """Batches in one epoch."""
    return len(views) // settings.batch


def one_hot(labels: Labels) -> Targets:
    """All of the target on the label: (n,) -> (n, 11)."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def mixed(targets: Targets, answers: Targets, share: float) -> Targets:
    """The targets, moved by `share` towards a teacher's answers."""
    return np.asarray(targets + np.float32(share) * (answers - targets), np.float32)


def network_input(model_inputs: Pixels) -> NetworkInput:
    """What the network in TensorFlow sees; the converted one divides by 255 inside."""
    return model_inputs[..., None].astype(np.float32) / np.float32(255.0)
