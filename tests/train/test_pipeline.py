"""fit -> compress -> evaluate on drawn digits, whole."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from device.adapters.classifier_tflite import read_card
from train.data import split
from train.errors import CompressionError, DataError, OutputError
from train.evaluate import evaluate

# TensorFlow is imported by the fixtures, not here: the device's tests must come to load tflite_runtime first.
pytestmark = [
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="training needs TensorFlow"),
    pytest.mark.filterwarnings("ignore:::tensorflow"),
]


@pytest.fixture(scope="module")
def parts(digits, settings):
    """Training and validation digits."""
    return split(digits, validation=settings.validation, seed=settings.seed)


@pytest.fixture(scope="module")
def run(parts, digits, settings, tmp_path_factory):
    """The folder of a run that went through fit and compress."""
    from train.compress import compress
    from train.fit import fit

    out = tmp_path_factory.mktemp("run")
    fit(*parts, settings, out)
    compress(*parts, digits.model_inputs[:50], settings, out, facts={"command": "digitbox-train fit"})
    return out


def test_the_run_learns_and_the_device_reads_its_file(run, digits, parts, settings):
    """The converted file, through the device's own classifier, knows most of the digits it was trained on."""
    path = run / "digits.tflite"
    # In another process, as on the command line: tflite_runtime can't be loaded beside TensorFlow.
    with multiprocessing.get_context("spawn").Pool(1) as other:
        found = other.apply(evaluate, (path, parts[1], [digits], settings))["drawn"]
    assert found.count == len(digits)
    assert found.share > 0.7
    card = read_card(path)
    assert card.facts["accuracy"]["drawn"]["correct"] == found.correct
    assert card.facts["command"] == "digitbox-train fit"
    assert all(value >= settings.least_threshold for value in card.thresholds)


def test_the_file_keeps_what_its_card_promises(run):
    """By the file's own tensors at least half of the weights are zero, and old runtimes know the operators."""
    from train.compress import KNOWN_OPERATORS
    from train.flatbuffer import operators, sparsity

    content = (run / "digits.tflite").read_bytes()
    assert sparsity(content).share >= 0.5
    assert read_card(run / "digits.tflite").facts["sparsity"]["zeros"] == sparsity(content).zeros
    assert operators(content).keys() <= KNOWN_OPERATORS.keys()


def test_keras_model_and_saved_model_are_the_same_network(run, digits):
    """All three formats hold the pruned network: the float ones agree with each other."""
    import tensorflow as tf
    import tf_keras as keras

    from train.feed import network_input

    pictures = network_input(digits.model_inputs[:8])
    kept = keras.models.load_model(run / "digits.keras", compile=False).predict(pictures, verbose=0)
    served = tf.saved_model.load(str(run / "saved_model")).signatures["serving_default"](tf.constant(pictures))
    assert np.allclose(kept, next(iter(served.values())).numpy(), atol=1e-4)


def test_the_report_of_the_fit_names_settings_and_metrics(run, settings):
    """Every number of the run and the metrics of each epoch are in fit.json."""
    report = json.loads((run / "fit.json").read_text())
    assert report["settings"]["augment"]["slant"] == settings.augment.slant
    assert len(report["history"]["val_accuracy"]) == settings.epochs


def test_the_same_seed_gives_the_same_weights(parts, settings, tmp_path):
    """Two runs on one machine end in the same network."""
    from train.fit import fit, load_best

    short = replace(settings, epochs=1)
    weights = []
    for name in ("first", "second"):
        fit(*parts, short, tmp_path / name)
        weights.append(load_best(tmp_path / name).get_weights())
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))


def test_too_few_zeros_are_refused(run, parts, digits, settings, tmp_path):
    """A file that is not half zeros is never written."""
    from train.compress import compress

    (tmp_path / "best.keras").write_bytes((run / "best.keras").read_bytes())
    dense = replace(settings, sparsity=0.1, prune_epochs=1)
    with pytest.raises(CompressionError, match=r"weights are zero, expected at least half"):
        compress(*parts, digits.model_inputs[:20], dense, tmp_path, facts={})
    assert not (tmp_path / "digits.tflite").exists()


def test_compress_without_a_fit_names_the_command(parts, digits, settings, tmp_path):
    """An empty folder gives one line that says what comes first."""
    from train.compress import compress

    with pytest.raises(DataError, match=r"best\.keras is not a Keras model .*run `digitbox-train fit`"):
        compress(*parts, digits.model_inputs[:20], settings, tmp_path, facts={})


def test_fewer_digits_than_a_batch_are_said_so(parts, settings, tmp_path):
    """Not a division by zero deep in Keras."""
    from train.fit import fit

    with pytest.raises(DataError, match="a batch needs 1000"):
        fit(*parts, replace(settings, batch=1000), tmp_path)


def test_a_full_disk_during_a_checkpoint_keeps_the_last_good_one(run, parts, settings, tmp_path, file_size_limit):
    """The model of the run before is still there, and nothing half-written is beside it."""
    from train.fit import fit

    best = tmp_path / "best.keras"
    best.write_bytes((run / "best.keras").read_bytes())
    with file_size_limit(20_000), pytest.raises(OutputError, match=r"best\.keras cannot be written"):
        fit(*parts, replace(settings, epochs=1), tmp_path)
    assert best.read_bytes() == (run / "best.keras").read_bytes()
    assert list(tmp_path.iterdir()) == [best]
