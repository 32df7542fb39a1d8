"""Rows -> the row reader, trained epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from device.ctc import best_path
from device.domain import Pixels
from train.fit import Checkpoint, learning_rate
from train.rows.drawing import Rows
from train.rows.model import build, loss, network_input, sparse
from train.rows.settings import RowSettings

CHECKPOINT_NAME = "rows.checkpoint.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows of one width.

    Attributes:
        pictures: uint8, shape (n, 32, w).
        labels: What each says.
    """

    pictures: Pixels
    labels: tuple[tuple[int, ...], ...]


def fit(learned: Rows, validation: Rows, settings: RowSettings, out: Path) -> keras.Model:
    """Train; a run that was killed goes on after its last whole epoch.

    Raises:
        OutputError: A checkpoint cannot be written.
        DataError: The checkpoint is damaged or of another network.
    """
    keras.utils.set_random_seed(settings.seed)
    model = build(settings.widths)
    steps = sum(1 for _ in batches(learned, settings, 0))
    schedule = learning_rate(settings.learning_rate, steps * settings.epochs, settings.warm_up_steps)
    model.compile(keras.optimizers.Adam(schedule, clipnorm=settings.steepest))
    checkpoint = Checkpoint(model, out / CHECKPOINT_NAME)
    step, console = _step(model), Console(stderr=True)
    for epoch in range(checkpoint.restore(), settings.epochs):
        name = f"epoch {epoch + 1} of {settings.epochs}"
        losses = [
            float(step(network_input(batch.pictures), sparse(batch.labels), _is_empty(batch)))
            for batch in track(batches(learned, settings, epoch), name, steps, console=console)
        ]
        logs = {"loss": float(np.mean(losses)), "right": share_right(model, validation)}
        checkpoint.on_epoch_end(epoch, logs)
        console.print(f"{name}: loss {logs['loss']:.4f}, rows right {logs['right']:.2%}")
    return model


def batches(rows: Rows, settings: RowSettings, epoch: int) -> Iterator[Batch]:
    """Every row once, those of one width together, in another order each epoch."""
    rng = np.random.default_rng((settings.seed, epoch))
    widths = np.array([picture.shape[1] for picture in rows.pictures])
    chosen: list[NDArray[np.intp]] = []
    for width in np.unique(widths):
        order = rng.permutation(np.flatnonzero(widths == width))
        chosen += np.split(order, range(settings.batch, len(order), settings.batch))
    for number in rng.permutation(len(chosen)):
        yield _batch(rows, chosen[number])


def share_right(model: keras.Model, rows: Rows) -> float:
    """Of the rows whose most probable path says what they say."""
    right = 0
    for batch in batches(rows, RowSettings(batch=200), 0):
        scores = model(network_input(batch.pictures), training=False).numpy()[:, 0]
        right += sum(best_path(one) == digits for one, digits in zip(scores, batch.labels, strict=True))
    return right / len(rows)


def _step(model: keras.Model) -> tf.types.experimental.GenericFunction:
    def step(pictures: tf.Tensor, labels: tf.SparseTensor, is_empty: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(labels, is_empty, model(pictures, training=True)))
        gradients = tape.gradient(value, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    return tf.function(step, reduce_retracing=True)


def _batch(rows: Rows, chosen: NDArray[np.intp]) -> Batch:
    return Batch(np.stack([rows.pictures[row] for row in chosen]), tuple(rows.labels[row] for row in chosen))


def _is_empty(batch: Batch) -> NDArray[np.bool_]:
    return np.array([not digits for digits in batch.labels])
