"""Shrinking, pruning and quantization: the Keras model -> the .tflite file and its card."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from device.domain import Pixels
from train.card import TFLITE_NAME, Facts, identity, write_card
from train.errors import CompressionError
from train.feed import Course, NetworkInput, Targets, network_input, steps_in
from train.fit import load_best, save_keras, train
from train.flatbuffer import Sparsity, operators, sparsity, without_names
from train.model import architecture
from train.output import write_bytes, written_beside
from train.sets import Learned
from train.settings import Settings
from train.shrink import shrunk
from train.views import Views

KERAS_NAME = "digits.keras"
SAVED_MODEL_NAME = "saved_model"
PRUNE_REPORT_NAME = "prune.json"

LEAST_SPARSITY = 0.5

KNOWN_OPERATORS = {"QUANTIZE": 1, "ADD": 2, "CONV_2D": 3, "MAX_POOL_2D": 2, "RESHAPE": 1, "FULLY_CONNECTED": 4}
"""Operators and the greatest version of each that tflite-runtime 2.14 was seen to run with the bytes of the newest
ai-edge-litert; a newer converter may emit versions that it refuses."""


def compress(  # noqa: PLR0913 - where from, where to, and what is to be said of it
    learned: Learned,
    calibration: Pixels,
    settings: Settings,
    out: Path,
    *,
    facts: Facts,
    soft: Targets | None = None,
) -> Path:
    """Shrink, prune and quantize what `fit` left in `out`; write it as Keras model, SavedModel and .tflite with card.

    The card's thresholds are 1: nothing is sure before `evaluate` has measured the file. That takes another process:
    tflite_runtime can't be loaded into one that has loaded TensorFlow.

    Args:
        learned: Trained on while pruning, and shown along the way.
        calibration: Model inputs whose activations set the int8 ranges, uint8, shape (n, 28, 28).
        settings: Every number of the run.
        out: Folder with the model that `fit` left; gets the results.
        facts: What the card says beyond what is found out here.
        soft: A teacher's answers for the training digits, or None.

    Returns:
        Where the .tflite file is.

    Raises:
        DataError: `fit` left no model, or there are too few digits.
        CompressionError: The file lacks the promised zeros, or has operators that old runtimes don't know.
        OutputError: A result cannot be written.
    """
    keras.utils.set_random_seed(settings.seed)
    model = prune(shrunk(load_best(out), settings.kept_widths), learned, settings, out, soft)
    content = quantize(model, calibration)
    zeros = sparsity(content)
    _check(zeros, operators(content))
    save_keras(model, out / KERAS_NAME)
    with written_beside(out / SAVED_MODEL_NAME) as partial:
        tf.saved_model.save(model, str(partial))
    path = out / TFLITE_NAME
    write_bytes(path, content)
    write_card(path, {**identity(content), "sparsity": asdict(zeros), "architecture": architecture(model), **facts})
    return path


def prune(
    model: keras.Model, learned: Learned, settings: Settings, out: Path, soft: Targets | None = None
) -> keras.Model:
    """Set the smallest weights of each layer but the first to zero while training goes on, then let the rest heal.

    The training goes on with more of what the box will mostly see, and with the teacher's answers. What happened is
    written to prune.json; a run that was killed goes on where it was.

    Source:
        Zhu and Gupta 2017, arXiv:1710.01878: the sparsity rises with a cubic. The first layer stays dense: it has
        a hundredth of the weights, and all that follows sees the picture through them.
    """
    course = Course(
        epochs=settings.prune_epochs,
        learning_rate=settings.prune_learning_rate,
        views=Views(learned.training, shown_while_pruning(settings), out),
        count=settings.prune_views,
        checkpoint=out / "prune.checkpoint.npz",
        soft=soft,
        soft_share=settings.prune_soft_share,
    )
    steps = steps_in(course.views, settings) * settings.prune_epochs
    rise = max(1, int(settings.prune_ramp * steps))
    schedule = tfmot.sparsity.keras.PolynomialDecay(0.0, settings.sparsity, 0, rise, frequency=min(50, rise))
    others = [layer for layer in model.layers if hasattr(layer, "kernel")][1:]

    def wrapped(layer: keras.layers.Layer) -> keras.layers.Layer:
        return tfmot.sparsity.keras.prune_low_magnitude(layer, schedule) if layer in others else layer

    pruned = keras.models.clone_model(model, clone_function=wrapped)
    history = train(pruned, course, learned.validation, settings, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()])
    write_bytes(out / PRUNE_REPORT_NAME, json.dumps({"history": history}, indent=2).encode())
    return tfmot.sparsity.keras.strip_pruning(pruned)


def shown_while_pruning(settings: Settings) -> Settings:
    """The settings of the views that are shown then."""
    return replace(settings, mild_share=settings.prune_mild_share, unchanged_share=settings.prune_unchanged_share)


def quantize(model: keras.Model, calibration: Pixels) -> bytes:
    """Full int8 by calibration after training: uint8 in, int8 out, symmetric weights with a scale per channel.

    Source:
        Jacob et al. 2018, arXiv:1712.05877; TensorFlow Lite's quantization specification.
    """

    def examples() -> Iterator[list[NetworkInput]]:
        for picture in network_input(calibration):
            yield [picture[None]]

    return converted(model, examples)


def converted(model: keras.Model, examples: Callable[[], Iterator[list[NetworkInput]]] | None = None) -> bytes:
    """A .tflite file, uint8 in, int8 out; without examples for a model that was trained with int8's rounding."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if examples is not None:
        converter.representative_dataset = examples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    converter.exclude_conversion_metadata = True  # a kilobyte that nobody reads
    return without_names(bytes(converter.convert()))


def _check(zeros: Sparsity, found: dict[str, int]) -> None:
    if zeros.share < LEAST_SPARSITY:
        raise CompressionError(
            f"{zeros.zeros} of {zeros.weights} weights are zero, expected at least half; raise the sparsity in "
            "train/settings.py"
        )
    unknown = [f"{name} version {version}" for name, version in found.items() if version > KNOWN_OPERATORS.get(name, 0)]
    if unknown:
        raise CompressionError(
            f"tflite-runtime 2.14 may not know {', '.join(unknown)}; use layers or a converter that need less, or "
            "try it there and add it to KNOWN_OPERATORS"
        )
