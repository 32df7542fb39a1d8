"""Batches of views and of what is to be answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import INPUT_PX
from train.data import Labels
from train.settings import Settings
from train.views import NOT_A_DIGIT, Views

CLASSES = NOT_A_DIGIT + 1

MOST_DEVIATIONS = 2.5
"""What is drawn for a bend is cut off at so many standard deviations."""

WOBBLE_POINTS = 4
"""The elastic displacement is drawn on a grid of so many points a side and interpolated."""

MOST_CHANNELS = 512
"""That OpenCV resizes at once."""

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
        temperature: What the scores are divided by before they are compared with the target; the answers' own.
        checkpoint: Where the state after each epoch is kept, so that a killed run goes on from there.
        best: Where the network of the best epoch is kept, if anywhere.
    """

    epochs: int
    learning_rate: float
    views: Views
    count: int
    checkpoint: Path
    best: Path | None = None
    answers: Sequence[Targets] | None = None
    answers_share: float = 0.0
    temperature: float = 1.0


def batches(course: Course, settings: Settings, *, begin: int = 0) -> Iterator[tuple[NetworkInput, Targets]]:
    """Every digit once an epoch, in another order and another view each time; the same batches for the same seed.

    Args:
        course: What is shown, how often, and what is to be answered.
        settings: Seed, size of a batch, and how far its pictures are moved.
        begin: The first epoch; a run that goes on begins later than at 0.

    Yields:
        Network inputs and targets. What is left over after whole batches waits for the next epoch.
    """
    cv2.setNumThreads(1)  # the pictures are small, and TensorFlow takes the cores
    for epoch in range(begin, course.epochs):
        view = course.views.view(epoch % course.count)
        targets = one_hot(view.labels)
        if course.answers is not None:
            targets = mixed(targets, course.answers[epoch % course.count], course.answers_share)
        rng = np.random.default_rng((settings.seed, epoch))
        order = rng.permutation(len(view))
        for step in range(steps_in(course.views, settings)):
            rows = np.sort(order[step * settings.batch : (step + 1) * settings.batch])
            pictures = moved(view.pictures[rows], settings.moved_px, rng)
            yield network_input(bent(pictures, settings, rng)), targets[rows]


def moved(pictures: Pixels, most_px: int, rng: np.random.Generator) -> Pixels:
    """Each picture by 0 to `most_px` pixels each way, black following: uint8 (n, 28, 28) -> uint8 (n, 28, 28)."""
    if not most_px:
        return pictures
    framed = np.pad(pictures, ((0, 0), (most_px, most_px), (most_px, most_px)))
    down, right = (first[:, None] + np.arange(28) for first in rng.integers(0, 2 * most_px + 1, (2, len(pictures))))
    return np.asarray(framed[np.arange(len(pictures))[:, None, None], down[:, :, None], right[:, None, :]], np.uint8)


def bent(pictures: Pixels, settings: Settings, rng: np.random.Generator) -> Pixels:
    """A share of the pictures turned, slanted, stretched and bent a little: uint8 (n, 28, 28) -> uint8 (n, 28, 28).

    It is what `train.augment.warp` does to a view once, weaker, and so cheap that it is done each time a picture is
    shown: a tenth of the time of learning from it.
    """
    chosen = np.flatnonzero(rng.random(len(pictures)) < settings.bent_share)
    result = pictures.copy()
    for row, places in zip(chosen, _bends(len(chosen), settings, rng), strict=True):
        result[row] = cv2.remap(pictures[row], places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    return result


def _bends(count: int, settings: Settings, rng: np.random.Generator) -> NDArray[np.float32]:
    """Where each pixel comes from in its picture: float32, shape (count, 28, 28, 2), x before y."""

    def drawn(*shape: int) -> NDArray[np.float32]:
        return np.clip(rng.standard_normal((count, *shape), np.float32), -MOST_DEVIATIONS, MOST_DEVIATIONS)

    turn = np.deg2rad(settings.bent_turn_degrees) * drawn()
    rotation = np.stack([np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)], axis=-1).reshape(-1, 2, 2)
    shear = np.zeros((count, 2, 2), np.float32)
    shear[:, [0, 1], [0, 1]] = np.exp(settings.bent_stretch * drawn(2))
    shear[:, 0, 1] = settings.bent_slant * drawn()
    shift = settings.bent_shift_px * rng.uniform(-1.0, 1.0, (count, 1, 1, 2)) + (INPUT_PX - 1) / 2
    straight = np.einsum("yxj,nij->nyxi", _CENTRED, (rotation @ shear).astype(np.float32)) + shift.astype(np.float32)
    return np.asarray(straight + np.float32(settings.bent_wobble_px) * _wobbles(count, rng), np.float32)


def _wobbles(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth displacements of standard deviation 1 at the grid's points: float32, shape (count, 28, 28, 2)."""
    points = rng.standard_normal((WOBBLE_POINTS, WOBBLE_POINTS, 2 * count), np.float32)
    size = (INPUT_PX, INPUT_PX)
    smooth = [
        cv2.resize(points[..., begin : begin + MOST_CHANNELS], size, interpolation=cv2.INTER_CUBIC)
        for begin in range(0, 2 * count, MOST_CHANNELS)
    ]
    together = np.concatenate([np.zeros((*size, 0), np.float32), *smooth], axis=-1)
    return np.asarray(together.reshape(*size, count, 2).transpose(2, 0, 1, 3))


_CENTRED = np.stack(np.meshgrid(*[np.arange(INPUT_PX, dtype=np.float32) - (INPUT_PX - 1) / 2] * 2), axis=-1)
"""Places of the pixels from the centre: shape (28, 28, 2), x before y."""


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
