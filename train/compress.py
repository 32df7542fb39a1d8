"""Shrinking, pruning and quantization: the Keras model -> two .tflite files and their cards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from numpy.typing import NDArray

from device.domain import Pixels
from train.card import TFLITE_NAME, WIDE_NAME, Facts, identity, write_card
from train.data import DigitSet, Labels
from train.errors import CompressionError
from train.feed import Course, NetworkInput, Targets, network_input, steps_in
from train.fit import ROWS_AT_ONCE, load_best, save_keras, train
from train.flatbuffer import operators, sparsity, without_names
from train.model import architecture
from train.output import write_bytes, written_beside
from train.sets import Learned
from train.settings import Settings
from train.shrink import shrunk
from train.views import NOT_A_DIGIT, Views, mildly_changed

KERAS_NAME = "digits.keras"
SAVED_MODEL_NAME = "saved_model"
PRUNE_REPORT_NAME = "prune.json"

LEAST_SPARSITY = 0.5

PRIOR_OFFSETS = tuple(0.25 * step for step in range(13))
"""What may be taken off the score of "not a digit", in nats."""

KNOWN_OPERATORS = {"QUANTIZE": 1, "ADD": 2, "CONV_2D": 3, "MAX_POOL_2D": 2, "RESHAPE": 1, "FULLY_CONNECTED": 4}
"""Operators and the greatest version of each that tflite-runtime 2.14 was seen to run with the bytes of the newest
ai-edge-litert; a newer converter may emit versions that it refuses."""


def compress(learned: Learned, calibration: Pixels, settings: Settings, out: Path, *, facts: Facts) -> Path:
    """Shrink, prune and quantize what `fit` left in `out`; write it as Keras model, SavedModel and .tflite with card.

    The wide network that it comes from is quantized as well: it is asked where the small one is in doubt
    (`device.cascade`).

    The cards' thresholds are 1: nothing is sure before `evaluate` has measured the files. That takes another process:
    tflite_runtime can't be loaded into one that has loaded TensorFlow.

    Args:
        learned: Trained on while pruning, and shown along the way.
        calibration: Model inputs whose activations set the int8 ranges, uint8, shape (n, 28, 28).
        settings: Every number of the run.
        out: Folder with the model that `fit` left; gets the results.
        facts: What the card says beyond what is found out here.

    Returns:
        Where the small one's .tflite file is.

    Raises:
        DataError: `fit` left no model, or there are too few digits.
        CompressionError: A file lacks the promised zeros, or has operators that old runtimes don't know.
        OutputError: A result cannot be written.
    """
    keras.utils.set_random_seed(settings.seed)
    wide = load_best(out)
    model = prune(shrunk(wide, settings.kept_widths), wide, learned, settings, out)
    validation = mildly_changed(learned.validation, settings)
    small, small_facts = _file(model, validation, calibration, facts)
    _check_zeros(small)
    large, large_facts = _file(wide, validation, calibration, facts)
    save_keras(model, out / KERAS_NAME)
    with written_beside(out / SAVED_MODEL_NAME) as partial:
        tf.saved_model.save(model, str(partial))
    write_bytes(out / WIDE_NAME, large)
    write_card(out / WIDE_NAME, large_facts)
    write_bytes(out / TFLITE_NAME, small)
    write_card(out / TFLITE_NAME, {**small_facts, "second": {"file": WIDE_NAME, "sha256": large_facts["sha256"]}})
    return out / TFLITE_NAME


def _file(
    model: keras.Model, validation: DigitSet, calibration: Pixels, facts: Facts
) -> tuple[bytes, dict[str, object]]:
    """A network as .tflite, and what its card says."""
    lowered = _lower_prior(model, validation)
    content = quantize(model, calibration)
    _check_operators(operators(content))
    return content, {
        **identity(content),
        "sparsity": asdict(sparsity(content)),
        "architecture": architecture(model),
        "not_a_digit_lowered": lowered,
        **facts,
    }


def prune(model: keras.Model, teacher: keras.Model, learned: Learned, settings: Settings, out: Path) -> keras.Model:
    """Set the smallest weights of each layer but the first to zero while training goes on, then let the rest heal.

    The training goes on with more of what the box will mostly see, and with what a larger network answers to the very
    pictures that are shown. What happened is written to prune.json; a run that was killed goes on where it was.

    Source:
        Zhu and Gupta 2017, arXiv:1710.01878: the sparsity rises with a cubic. The first layer stays dense: it has
        a hundredth of the weights, and all that follows sees the picture through them. Beyer et al. 2022,
        arXiv:2106.05237: a teacher is followed best on the same changed pictures, for long.
    """
    views = Views(learned.training, shown_while_pruning(settings), out)
    course = Course(
        epochs=settings.prune_epochs,
        learning_rate=settings.prune_learning_rate,
        views=views,
        count=settings.prune_views,
        checkpoint=out / "prune.checkpoint.npz",
        answers=answers_to(teacher, views, settings) if settings.prune_answers_share else None,
        answers_share=settings.prune_answers_share,
        temperature=settings.prune_temperature,
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


def answers_to(teacher: keras.Model, views: Views, settings: Settings) -> list[Targets]:
    """What a network says of each picture of the views that are shown while pruning, one array a view."""
    shown = (views.view(number).pictures for number in range(settings.prune_views))
    return [
        np.asarray(tf.nn.softmax(scores / settings.prune_temperature), np.float32) for scores in logits(teacher, shown)
    ]


def logits(model: keras.Model, shown: Iterable[Pixels]) -> Iterator[NDArray[np.float32]]:
    """What a network gives for each array of pictures, float32, shape (n, 11)."""
    for pictures in shown:
        begins = range(0, len(pictures), ROWS_AT_ONCE)
        given = (network_input(pictures[begin : begin + ROWS_AT_ONCE]) for begin in begins)
        yield np.concatenate([np.asarray(model(rows, training=False)) for rows in given])


def prior_offset(scores: NDArray[np.float32], labels: Labels) -> float:
    """What is taken off "not a digit", so that most validation pictures are answered right; the least such.

    The network is shown more that is no digit than a box is, whose finder leaves most of it out.

    Source:
        Saerens et al. 2002, doi:10.1162/089976602753284446: another prior is a term added to each score.
    """

    def right(offset: float) -> int:
        moved = scores.copy()
        moved[:, NOT_A_DIGIT] -= offset
        return int((moved.argmax(axis=1) == labels).sum())

    return max(PRIOR_OFFSETS, key=lambda offset: (right(offset), -offset))


def _lower_prior(model: keras.Model, validation: DigitSet) -> float:
    """Take off the last layer's score of "not a digit" what suits these pictures best, and say how much it is."""
    (scores,) = logits(model, [validation.model_inputs])
    offset = prior_offset(scores, validation.labels)
    kernel, bias = model.layers[-1].get_weights()
    bias[NOT_A_DIGIT] -= offset
    model.layers[-1].set_weights([kernel, bias])
    return offset


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


def _check_zeros(content: bytes) -> None:
    zeros = sparsity(content)
    if zeros.share < LEAST_SPARSITY:
        raise CompressionError(
            f"{zeros.zeros} of {zeros.weights} weights are zero, expected at least half; raise the sparsity in "
            "train/settings.py"
        )


def _check_operators(found: dict[str, int]) -> None:
    unknown = [f"{name} version {version}" for name, version in found.items() if version > KNOWN_OPERATORS.get(name, 0)]
    if unknown:
        raise CompressionError(
            f"tflite-runtime 2.14 may not know {', '.join(unknown)}; use layers or a converter that need less, or "
            "try it there and add it to KNOWN_OPERATORS"
        )
