"""What only TensorFlow can say of a run: the float networks' accuracies, and pictures changed against the network.

In a process of its own: tflite_runtime, which scores the converted file, can't be loaded beside TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras

from device.domain import Pixels
from train.compress import KERAS_NAME
from train.data import DigitSet, Labels
from train.evaluate import ADVERSARIAL_NAME, FLOAT_NAME
from train.feed import NetworkInput, network_input
from train.fit import BEST_NAME, ROWS_AT_ONCE, load_best, share_right
from train.output import write_bytes, written_beside

STEPS = {"fgsm 0.05": 0.05, "fgsm 0.1": 0.1}
"""How far each pixel is moved, in units of white."""


def write_float_facts(out: Path, sets: Iterable[DigitSet]) -> None:
    """Score the network before and after pruning, both float, and change the first set's pictures against the latter.

    Args:
        out: Folder with what `fit` and `compress` left.
        sets: Measured on.

    Raises:
        DataError: A Keras model is missing.
        OutputError: A result cannot be written.
    """
    models = {"before pruning": load_best(out, BEST_NAME), "after pruning": load_best(out, KERAS_NAME)}
    measured = list(sets)
    shares = {name: {digits.name: share_right(model, digits) for digits in measured} for name, model in models.items()}
    write_bytes(out / FLOAT_NAME, json.dumps(shares, indent=1).encode())
    first = measured[0]
    changed = adversarial(models["after pruning"], first.model_inputs, first.labels, list(STEPS.values()))
    with written_beside(out / ADVERSARIAL_NAME) as partial, partial.open("wb") as file:
        np.savez_compressed(file, labels=first.labels, **dict(zip(STEPS, changed, strict=True)))


def adversarial(model: keras.Model, model_inputs: Pixels, labels: Labels, steps: Sequence[float]) -> list[Pixels]:
    """Each picture moved against the network by one step along the sign of the loss' gradient.

    Args:
        model: float32 (n, 28, 28, 1) -> logits.
        model_inputs: uint8, shape (n, 28, 28).
        labels: What they are, shape (n,).
        steps: Lengths of the step, in units of white.

    Returns:
        uint8, shape (n, 28, 28), for each step; what the camera could have delivered: whole grey levels.

    Source:
        Goodfellow et al. 2015, arXiv:1412.6572.
    """
    gradients = np.concatenate(
        [
            _gradient(
                model, network_input(model_inputs[begin : begin + ROWS_AT_ONCE]), labels[begin : begin + ROWS_AT_ONCE]
            )
            for begin in range(0, len(labels), ROWS_AT_ONCE)
        ]
    )[..., 0]
    return [
        np.clip(model_inputs + 255.0 * step * np.sign(gradients), 0.0, 255.0).round().astype(np.uint8) for step in steps
    ]


def _gradient(model: keras.Model, pictures: NetworkInput, labels: Labels) -> NetworkInput:
    given = tf.constant(pictures)
    with tf.GradientTape() as tape:
        tape.watch(given)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels.astype(np.int32), model(given, training=False))
        loss = tf.reduce_sum(losses)
    return np.asarray(tape.gradient(loss, given), np.float32)
