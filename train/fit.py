"""Training: seeded batches -> a Keras model, with its best epoch kept on the way."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras

from train.archives import DAMAGED
from train.data import DigitSet
from train.errors import DataError
from train.feed import CLASSES, Course, batches, network_input, one_hot, steps_in
from train.model import build
from train.output import write_bytes, written_beside
from train.sets import Learned
from train.settings import Settings
from train.views import Views, mildly_changed

BEST_NAME = "best.keras"
REPORT_NAME = "fit.json"

ROWS_AT_ONCE = 1000

History = dict[str, list[float]]


def fit(learned: Learned, settings: Settings, out: Path) -> None:
    """Train the network and write the Keras model of its best epoch, and what happened as JSON.

    The best epoch is the one that does best on the mildly changed validation digits. It stands in `out` from the first
    epoch on, so that a run that is cut short leaves its best. A run that was killed goes on where it was when it is
    called again with the same settings.

    Args:
        learned: What is learned from and chosen by.
        settings: Every number of the run.
        out: Folder for the results.

    Raises:
        DataError: There are fewer digits than in one batch.
        OutputError: A result cannot be written.
    """
    course = Course(
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        views=Views(learned.training, settings, out),
        count=settings.views,
        checkpoint=out / "fit.checkpoint.npz",
        best=out / BEST_NAME,
    )
    fit_model(lambda: build(CLASSES, settings.widths), course, learned, settings, out / REPORT_NAME)


def fit_model(
    network: Callable[[], keras.Model], course: Course, learned: Learned, settings: Settings, report: Path
) -> None:
    """Train a fresh network, keeping its best epoch where the course says and what happened in a file.

    Several machines train it together when TF_CONFIG names them (tf.distribute's own convention). Each makes the views
    and keeps the results in a folder of its own: what is read of the network is gathered from all of them, so all must.

    Raises:
        DataError: There are fewer digits than in one batch.
        OutputError: A result cannot be written.
    """
    with distribution().scope():
        keras.utils.set_random_seed(settings.seed)
        model = network()
        history = train(model, course, learned.validation, settings, callbacks=[])
    facts = {"settings": asdict(settings), "history": history}
    write_bytes(report, json.dumps(facts, indent=2).encode())


def distribution() -> tf.distribute.Strategy:
    """One process, unless TF_CONFIG names several."""
    if "TF_CONFIG" in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.get_strategy()


def load_best(out: Path, name: str = BEST_NAME) -> keras.Model:
    """The Keras model that `fit` left in a folder. Raises DataError."""
    path = out / name
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is not a Keras model ({error}); run `digitbox-train fit` with the same --out"
        ) from error


def train(
    model: keras.Model,
    course: Course,
    validation: tuple[DigitSet, ...],
    settings: Settings,
    *,
    callbacks: list[keras.callbacks.Callback],
) -> History:
    """Run epochs over fresh batches, with a progress bar; return the metrics of each epoch by name.

    Raises:
        DataError: There are fewer digits than in one batch.
        OutputError: A checkpoint or the best epoch cannot be written.
    """
    steps = steps_in(course.views, settings)
    if steps == 0:
        raise DataError(f"there are {len(course.views)} pictures to learn from; a batch needs {settings.batch}")
    model.compile(
        keras.optimizers.Adam(learning_rate(course.learning_rate, steps * course.epochs, settings.warm_up_steps)),
        softened_loss(course.temperature),
        metrics=["accuracy"],
    )
    for _ in course.views.make(course.count):
        pass  # now, and not in TensorFlow's thread, which would wrap a full disk into an error of its own
    checkpoint = Checkpoint(model, course.checkpoint)
    begin = checkpoint.restore()
    keepers = [checkpoint] if course.best is None else [_keep_best(model, course.best, checkpoint.history), checkpoint]
    mild = mildly_changed(validation, replace(settings, validation_copies=1))
    model.fit(
        _dataset(course, settings, begin),
        steps_per_epoch=steps,
        initial_epoch=begin,
        epochs=course.epochs,
        validation_data=(network_input(mild.model_inputs), one_hot(mild.labels)),
        validation_batch_size=500,
        callbacks=[*callbacks, *keepers],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    return checkpoint.history


def softened_loss(temperature: float) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Cross-entropy of targets and scores, the scores divided by a temperature first; mean over the pictures."""
    entropy = keras.losses.CategoricalCrossentropy(from_logits=True)

    def softened(targets: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        return entropy(targets, scores / temperature)

    return softened


def learning_rate(greatest: float, steps: int, rising: int) -> keras.optimizers.schedules.CosineDecay:
    """Rises in a line, falls along a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983)."""
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=greatest, warmup_steps=rising
    )


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps weights, optimizer and history after each epoch, in one file that is there whole or not at all.

    Keras' own BackupAndRestore spreads them over several files, of which a full disk may leave some.
    """

    def __init__(self, model: keras.Model, path: Path) -> None:
        super().__init__()
        self._kept = model  # `model` is Keras' own name, set later
        self._path = path
        self.history: History = {}

    def restore(self) -> int:
        """Go back to what was kept, if anything was; the epoch to go on with.

        Raises:
            DataError: What was kept is damaged or of another network.
        """
        self._kept.optimizer.build(self._kept.trainable_variables)
        if not self._path.exists():
            return 0
        try:
            with self._path.open("rb") as file, np.load(file) as kept:
                values = [kept[f"value_{number}"] for number in range(len(self._variables()))]
                self.history = json.loads(str(kept["history"]))
            for variable, value in zip(self._variables(), values, strict=True):
                variable.assign(value)
        except DAMAGED as error:
            raise DataError(
                f"{self._path} is not a checkpoint of this network ({error}); delete it to begin anew"
            ) from error
        return len(self.history["loss"])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the state of the run. Raises OutputError."""
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        values = {f"value_{number}": variable.numpy() for number, variable in enumerate(self._variables())}
        packed = io.BytesIO()  # on a full disk savez would leave an archive open, which complains when it is collected
        np.savez(packed, history=json.dumps(self.history), **values)
        write_bytes(self._path, packed.getvalue())

    def _variables(self) -> list[tf.Variable]:
        return [*self._kept.variables, *self._kept.optimizer.variables]


def share_right(model: keras.Model, digits: DigitSet) -> float:
    """Of a Keras model's answers."""
    answers = [
        np.argmax(model(network_input(digits.model_inputs[begin : begin + ROWS_AT_ONCE]), training=False), axis=1)
        for begin in range(0, len(digits), ROWS_AT_ONCE)
    ]
    return round(float((np.concatenate(answers) == digits.labels).mean()), 6)


def save_keras(model: keras.Model, path: Path) -> None:
    """Write a model as a .keras file. Raises OutputError."""
    with written_beside(path) as partial:
        model.save(partial)


def _keep_best(model: keras.Model, path: Path, history: History) -> keras.callbacks.Callback:
    """Write the model after each epoch with the best validation accuracy so far; a tie goes to the later one.

    So far means since the run began, also before a kill; if what was kept then is gone, the best of what comes counts.
    """
    best = max(history.get("val_accuracy", [0.0])) if path.exists() else 0.0

    def keep(_: int, metrics: dict[str, float]) -> None:
        nonlocal best
        if metrics["val_accuracy"] >= best:
            best = metrics["val_accuracy"]
            save_keras(model, path)

    return keras.callbacks.LambdaCallback(on_epoch_end=keep)


def _dataset(course: Course, settings: Settings, begin: int) -> tf.data.Dataset:
    """The batches, made in a thread of their own while the network computes."""
    signature = (tf.TensorSpec((None, 28, 28, 1), tf.float32), tf.TensorSpec((None, CLASSES), tf.float32))
    dataset = tf.data.Dataset.from_generator(lambda: batches(course, settings, begin=begin), output_signature=signature)
    # Each machine makes the same batches and trains on its share of them.
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.with_options(options).prefetch(4)
