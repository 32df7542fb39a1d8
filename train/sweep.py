"""Experiments on MNIST as it is: one training each, one JSON file each, so that a sweep that was killed goes on."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras as keras

from train.baselines import BASELINES, Plain
from train.data import DigitSet
from train.evaluate import read_json
from train.experiments import Experiment
from train.feed import network_input
from train.fit import share_right
from train.interpreter import timed
from train.output import write_bytes


def sweep(
    experiments: Iterable[Experiment], training: DigitSet, measured: Sequence[DigitSet], seed: int, out: Path
) -> Iterator[dict[str, Any]]:
    """Run what has not been run yet; yields the facts of each experiment when they are known.

    Args:
        experiments: In their order.
        training: MNIST's training part, unchanged.
        measured: Measured on; nothing is chosen by them.
        seed: Of weights and order.
        out: Folder for the results: NAME.json and NAME.tflite.

    Raises:
        OutputError: A result cannot be written.
    """
    for experiment in experiments:
        path = out / f"{experiment.name}.json"
        facts = read_json(path)
        if facts is None:
            facts = run(experiment, training, measured, seed, out)
            write_bytes(path, json.dumps(facts, indent=1).encode())
        yield facts


def run(
    experiment: Experiment, training: DigitSet, measured: Sequence[DigitSet], seed: int, out: Path
) -> dict[str, Any]:
    """Train one network and measure it: accuracy on each set, parameters, bytes and time of its float file."""
    keras.utils.set_random_seed(seed)
    model = BASELINES[experiment.network]() if experiment.network else Plain(**experiment.fields).build()
    model.compile(
        _optimizer(experiment), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    history = model.fit(
        network_input(training.model_inputs),
        training.labels,
        batch_size=experiment.batch,
        epochs=experiment.epochs,
        verbose=2,
    )
    content = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    path = out / f"{experiment.name}.tflite"
    write_bytes(path, content)
    # tflite_runtime, which the box runs, can't be loaded beside TensorFlow.
    with multiprocessing.get_context("spawn").Pool(1) as other:
        milliseconds = other.apply(timed, (path,))
    return {
        "name": experiment.name,
        "experiment": asdict(experiment),
        "training_accuracy": round(float(history.history["accuracy"][-1]), 6),
        "accuracy": {digits.name: share_right(model, digits) for digits in measured},
        "parameters": int(model.count_params()),
        "size_bytes": len(content),
        "milliseconds": milliseconds,
    }


def _optimizer(experiment: Experiment) -> keras.optimizers.Optimizer:
    kind = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[experiment.optimizer]
    return kind(experiment.learning_rate)
