"""Training: seeded batches -> a Keras model, with its best epoch kept on the way."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import tensorflow as tf
import tf_keras as keras

from train.data import DigitSet
from train.errors import DataError
from train.evaluate import mildly_changed
from train.feed import NOT_A_DIGIT, batches, network_input, steps_in
from train.model import build
from train.output import write_bytes, written_beside
from train.settings import Settings

BEST_NAME = "best.keras"
REPORT_NAME = "fit.json"


def fit(training: DigitSet, validation: DigitSet, settings: Settings, out: Path) -> None:
    """Train the network and write the Keras model of its best epoch, and what happened as JSON.

    The best epoch is the one that does best on the mildly changed validation digits. It stands in `out` from the first
    epoch on, so that a run that is cut short leaves its best.

    Args:
        training: Learned from; labels 0..9.
        validation: Chosen by; nothing in common with `training`.
        settings: Every number of the run.
        out: Folder for the results.

    Raises:
        DataError: There are fewer digits than in one batch.
        OutputError: A result cannot be written.
    """
    keras.utils.set_random_seed(settings.seed)
    model = build(NOT_A_DIGIT + 1)
    history = train(
        model,
        training,
        validation,
        settings,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        callbacks=[_keep_best(model, out / BEST_NAME)],
    )
    report = {"settings": asdict(settings), "history": history}
    write_bytes(out / REPORT_NAME, json.dumps(report, indent=2).encode())


def load_best(out: Path) -> keras.Model:
    """The Keras model that `fit` left in a folder. Raises DataError."""
    path = out / BEST_NAME
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is not a Keras model ({error}); run `digitbox-train fit` with the same --out"
        ) from error


def train(  # noqa: PLR0913 - fit and compress differ in just these
    model: keras.Model,
    training: DigitSet,
    validation: DigitSet,
    settings: Settings,
    *,
    epochs: int,
    learning_rate: float,
    callbacks: list[keras.callbacks.Callback],
) -> dict[str, list[float]]:
    """Run epochs over fresh batches, with a progress bar; return the metrics of each epoch by name."""
    steps = steps_in(training, settings)
    if steps == 0:
        raise DataError(f"{training.name} has {len(training)} digits; a batch needs {settings.batch}")
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(
                0.0,
                max(1, steps * epochs - settings.warm_up_steps),
                warmup_target=learning_rate,
                warmup_steps=settings.warm_up_steps,
            )
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    mild = mildly_changed(validation, replace(settings, validation_copies=1))
    history = model.fit(
        _dataset(training, settings, epochs),
        steps_per_epoch=steps,
        epochs=epochs,
        validation_data=(network_input(mild.model_inputs), mild.labels),
        callbacks=callbacks,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def save_keras(model: keras.Model, path: Path) -> None:
    """Write a model as a .keras file. Raises OutputError."""
    with written_beside(path) as partial:
        model.save(partial)


def _keep_best(model: keras.Model, path: Path) -> keras.callbacks.Callback:
    """Write the model after each epoch with the best validation accuracy so far; a tie goes to the later one."""
    best = 0.0

    def keep(_: int, metrics: dict[str, float]) -> None:
        nonlocal best
        if metrics["val_accuracy"] >= best:
            best = metrics["val_accuracy"]
            save_keras(model, path)

    return keras.callbacks.LambdaCallback(on_epoch_end=keep)


def _dataset(training: DigitSet, settings: Settings, epochs: int) -> tf.data.Dataset:
    """The batches, made in a thread of their own while the network computes."""
    signature = (tf.TensorSpec((None, 28, 28, 1), tf.float32), tf.TensorSpec((None,), tf.uint8))
    return tf.data.Dataset.from_generator(
        lambda: batches(training, settings, epochs=epochs, seed=settings.seed), output_signature=signature
    ).prefetch(4)
