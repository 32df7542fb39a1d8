"""Quantization-aware training, measured against quantization after training: is it worth its epochs?

The shipped model is quantized after training. `digitbox-train aware` trains the finished float network on with int8's
rounding simulated, zeros kept, and says how both files do on the validation digits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from numpy.typing import NDArray

from device.domain import Pixels
from train.card import TFLITE_NAME
from train.compress import KERAS_NAME, answers_to, converted, shown_while_pruning
from train.data import DigitSet
from train.feed import Course
from train.fit import load_best, train
from train.output import write_bytes
from train.sets import Learned
from train.settings import Settings
from train.views import Views, mildly_changed

AWARE_NAME = "aware.tflite"
AWARE_REPORT_NAME = "aware.json"


def aware(learned: Learned, settings: Settings, out: Path) -> dict[str, dict[str, float]]:
    """Train on with int8 simulated; write the file and the comparison beside what `compress` left.

    Args:
        learned: Trained on, and chosen by.
        settings: `aware_epochs` and `aware_learning_rate`, and what pruning was run with.
        out: Folder with the results of `compress`.

    Returns:
        Share right of both files on each validation part and on mildly changed copies of all.

    Raises:
        DataError: `compress` has not been run.
        OutputError: A result cannot be written.

    Source:
        Jacob et al. 2018, arXiv:1712.05877, section 3; the zeros are kept as in TensorFlow's own prune-preserving
        scheme.
    """
    keras.utils.set_random_seed(settings.seed)
    scheme = tfmot.experimental.combine.Default8BitPrunePreserveQuantizeScheme()
    annotated = tfmot.quantization.keras.quantize_annotate_model(load_best(out, KERAS_NAME))
    model = tfmot.quantization.keras.quantize_apply(annotated, scheme)
    views = Views(learned.training, shown_while_pruning(settings), out)
    course = Course(
        epochs=settings.aware_epochs,
        learning_rate=settings.aware_learning_rate,
        views=views,
        count=settings.prune_views,
        checkpoint=out / "aware.checkpoint.npz",
        answers=answers_to(load_best(out), views, settings),
        answers_share=settings.prune_answers_share,
        temperature=settings.prune_temperature,
    )
    train(model, course, learned.validation, settings, callbacks=[])
    write_bytes(out / AWARE_NAME, converted(model))
    measured = [*learned.validation, mildly_changed(learned.validation, settings)]
    found = {name: shares_right(out / name, measured) for name in (TFLITE_NAME, AWARE_NAME)}
    write_bytes(out / AWARE_REPORT_NAME, json.dumps(found, indent=1).encode())
    return found


def shares_right(path: Path, sets: Sequence[DigitSet]) -> dict[str, float]:
    """Of a file's answers, by TensorFlow's own interpreter, which may be loaded beside it."""
    interpreter = tf.lite.Interpreter(str(path))
    return {digits.name: float((_answers(interpreter, digits.model_inputs) == digits.labels).mean()) for digits in sets}


def _answers(interpreter: tf.lite.Interpreter, model_inputs: Pixels) -> NDArray[np.intp]:
    given, said = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(given, [len(model_inputs), 28, 28, 1])
    interpreter.allocate_tensors()
    interpreter.set_tensor(given, model_inputs[..., None])
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(said).argmax(axis=1))
