"""fit -> compress -> evaluate on drawn digits, whole."""

from __future__ import annotations

import gc
import json
import multiprocessing
import shutil
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from device.adapters.tflite import read_card
from train.errors import CompressionError, DataError, OutputError
from train.evaluate import evaluate
from train.held_out import KINDS

# TensorFlow is imported by the fixtures, not here: the device's tests must come to load tflite_runtime first.
pytestmark = [
    pytest.mark.needs("tensorflow"),
    pytest.mark.filterwarnings("ignore:::tensorflow"),
]


FACTS = {"command": "digitbox-train fit", "training_data": [{"name": "mnist drawn", "count": 160}]}


@pytest.fixture(scope="module")
def run(parts, digits, settings, tmp_path_factory):
    """The folder of a run that went through fit and compress."""
    from train.compress import compress
    from train.fit import fit

    out = tmp_path_factory.mktemp("run")
    fit(parts, settings, out)
    compress(parts, digits.model_inputs[:50], settings, out, facts=FACTS)
    return out


def test_the_run_learns_and_the_device_reads_its_file(run, digits, parts, settings):
    """The converted file, through the device's own classifier, knows most of the digits it was trained on."""
    path = run / "digits.tflite"
    # In another process, as on the command line: tflite_runtime can't be loaded beside TensorFlow.
    with multiprocessing.get_context("spawn").Pool(1) as other:
        found, both = (
            sets["mnist drawn"] for sets in other.apply(evaluate, (path, parts.validation, [digits], settings))
        )
    assert found.count == len(digits)
    assert found.share > 0.7
    card = read_card(path)
    assert card.facts["accuracy"]["mnist drawn"]["correct"] == found.correct
    assert card.facts["command"] == "digitbox-train fit"
    assert all(value >= settings.least_threshold for value in card.thresholds)
    wide = read_card(path.with_name(card.second.file))
    assert (wide.sha256, wide.facts["accuracy"]["mnist drawn"]["correct"]) == (card.second.sha256, both.correct)
    assert both.share > 0.7


def test_an_evaluation_has_all_that_a_report_needs(run, digits, parts, settings):
    """Corruptions, negatives, float networks and pictures changed against them; and the page is made of it."""
    from train.float_side import write_float_facts

    write_float_facts(run, [digits])
    with multiprocessing.get_context("spawn").Pool(1) as other:
        other.apply(evaluate, (run / "digits.tflite", parts.validation, [digits], settings))
    facts = json.loads((run / "evaluation.json").read_text())
    assert len(facts["corruptions"]) == 16
    assert facts["adversarial"].keys() == {"fgsm 0.05", "fgsm 0.1"}
    assert facts["float"]["after pruning"]["mnist drawn"] == pytest.approx(
        facts["sets"]["mnist drawn"]["accuracy"], abs=0.1
    )
    assert facts["negatives"]["all"] == pytest.approx(np.mean([facts["negatives"][name] for name in KINDS]), abs=1e-5)
    assert facts["sets"]["mnist drawn"]["calibration_error"] < 0.5
    if find_spec("matplotlib") is not None:
        from train.report import write_report

        assert write_report(run, []).stat().st_size > 50_000


def test_the_file_keeps_what_its_card_promises(run):
    """By the file's own tensors at least half of the weights are zero, and old runtimes know the operators."""
    from train.compress import KNOWN_OPERATORS
    from train.flatbuffer import operators, sparsity

    content = (run / "digits.tflite").read_bytes()
    assert sparsity(content).share >= 0.5
    facts = read_card(run / "digits.tflite").facts
    assert facts["sparsity"]["zeros"] == sparsity(content).zeros
    assert 0.0 <= facts["not_a_digit_lowered"] <= 3.0
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
        fit(parts, short, tmp_path / name)
        weights.append(load_best(tmp_path / name).get_weights())
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))


def test_too_few_zeros_are_refused(run, parts, digits, settings, tmp_path):
    """A file that is not half zeros is never written."""
    from train.compress import compress

    (tmp_path / "best.keras").write_bytes((run / "best.keras").read_bytes())
    dense = replace(settings, sparsity=0.1, prune_epochs=1)
    with pytest.raises(CompressionError, match=r"weights are zero, expected at least half"):
        compress(parts, digits.model_inputs[:20], dense, tmp_path, facts={})
    assert not (tmp_path / "digits.tflite").exists()


def test_compress_without_a_fit_names_the_command(parts, digits, settings, tmp_path):
    """An empty folder gives one line that says what comes first."""
    from train.compress import compress

    with pytest.raises(DataError, match=r"best\.keras is not a Keras model .*run `digitbox-train fit`"):
        compress(parts, digits.model_inputs[:20], settings, tmp_path, facts={})


def test_fewer_digits_than_a_batch_are_said_so(parts, settings, tmp_path):
    """Not a division by zero deep in Keras."""
    from train.fit import fit

    with pytest.raises(DataError, match="a batch needs 1000"):
        fit(parts, replace(settings, batch=1000), tmp_path)


def test_a_full_disk_during_a_checkpoint_keeps_the_last_good_one(run, parts, settings, tmp_path, file_size_limit):
    """The model and the checkpoint of before are still there, and nothing half-written is beside them."""
    from train.fit import fit

    before = tmp_path / "run"
    shutil.copytree(run, before)
    kept = {path.name: path.read_bytes() for path in before.iterdir() if path.is_file()}
    longer = replace(settings, epochs=settings.epochs + 1)
    with file_size_limit(20_000), pytest.raises(OutputError, match=r"(best\.keras|checkpoint\.npz) cannot be written"):
        fit(parts, longer, before)
    gc.collect()  # nothing is left open either, which would complain now
    assert {path.name: path.read_bytes() for path in before.iterdir() if path.is_file()} == kept


class KilledError(Exception):
    """Stands for a kill between two epochs."""


def test_a_killed_run_goes_on_and_ends_in_the_same_weights(parts, settings, tmp_path, monkeypatch):
    """After a kill in the third epoch the same command goes on with it, and nothing in the result tells of the kill."""
    import train.fit
    from train.fit import Checkpoint, fit, load_best

    short = replace(settings, epochs=4)
    fit(parts, short, tmp_path / "whole")
    on_epoch_end = Checkpoint.on_epoch_end

    def killed(self, epoch, logs=None):
        if epoch == 2:
            raise KilledError
        on_epoch_end(self, epoch, logs)

    with monkeypatch.context() as patched:
        patched.setattr(train.fit.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KilledError):
            fit(parts, short, tmp_path / "killed")
    fit(parts, short, tmp_path / "killed")
    whole, killed_one = (np.load(tmp_path / name / "fit.checkpoint.npz") for name in ("whole", "killed"))
    assert json.loads(str(killed_one["history"]))["loss"] == pytest.approx(json.loads(str(whole["history"]))["loss"])
    assert all(np.allclose(whole[name], killed_one[name], atol=1e-5) for name in whole.files if name != "history")
    assert load_best(tmp_path / "killed").count_params() > 0


def test_a_killed_run_that_goes_on_keeps_its_best_epoch(parts, settings, tmp_path):
    """Later epochs that do worse than one before the kill don't take its place, unless its file is gone."""
    from train.fit import fit

    fit(parts, replace(settings, epochs=1), tmp_path)
    best, checkpoint = tmp_path / "best.keras", tmp_path / "fit.checkpoint.npz"
    with np.load(checkpoint) as kept:
        values = dict(kept)
    history = {**json.loads(str(values.pop("history"))), "val_accuracy": [1.01]}  # no later epoch gets there
    np.savez(checkpoint, history=json.dumps(history), **values)
    before = best.read_bytes()
    fit(parts, replace(settings, epochs=2), tmp_path)
    assert best.read_bytes() == before
    best.unlink()
    fit(parts, replace(settings, epochs=3), tmp_path)
    assert best.exists()


def test_a_pruning_that_was_killed_goes_on_as_pruned(run, parts, settings, tmp_path):
    """Masks and steps of the pruning are in the checkpoint: the rest of the run ends with the promised zeros."""
    from train.compress import prune
    from train.fit import load_best
    from train.shrink import shrunk

    network = shrunk(load_best(run), settings.kept_widths)
    prune(network, network, parts, replace(settings, prune_epochs=3), tmp_path)
    ended = prune(network, network, parts, replace(settings, prune_epochs=6), tmp_path)
    assert len(json.loads((tmp_path / "prune.json").read_text())["history"]["loss"]) == 6
    kernels = [layer.kernel.numpy() for layer in ended.layers if hasattr(layer, "kernel")][1:]
    shares = [float((kernel == 0).mean()) for kernel in kernels]
    assert shares == pytest.approx([settings.sparsity] * len(shares), abs=0.02)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_damaged_checkpoint_is_one_line(parts, settings, tmp_path, content):
    """Nobody goes on from half a state."""
    from train.fit import fit

    (tmp_path / "fit.checkpoint.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"fit\.checkpoint\.npz is not a checkpoint .*delete it"):
        fit(parts, settings, tmp_path)


def test_inner_names_are_dropped_and_nothing_else(run):
    """The file that is shipped has names for what goes in and out alone, and is a valid file."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf((run / "digits.tflite").read_bytes(), 0)
    graph = model.subgraphs[0]
    named = {number for number, tensor in enumerate(graph.tensors) if tensor.name}
    assert named == {*graph.inputs, *graph.outputs}


def test_training_with_int8_simulated_is_compared_and_keeps_the_zeros(run, parts, settings):
    """Both files are scored on the validation digits; what pruning made zero stays so."""
    from train.aware import aware
    from train.flatbuffer import sparsity

    found = aware(parts, settings, run)
    assert set(found) == {"digits.tflite", "aware.tflite"}
    assert all(share > 0.6 for shares in found.values() for share in shares.values())
    assert sparsity((run / "aware.tflite").read_bytes()).share >= 0.5
    assert (run / "aware.json").exists()


def test_shrinking_removes_only_channels_that_earn_nothing():
    """Channels whose normalisation gives nothing go without a change in what the network says."""
    from train.feed import CLASSES
    from train.model import build
    from train.shrink import shrunk

    network = build(CLASSES, (6, 7, 8, 9, 7))
    norms = [layer for layer in network.layers if "batch_normalization" in layer.name]
    for norm, channels in zip(norms, ([1], [2, 5], [3], [0, 8], [4]), strict=True):
        scale, offset, *rest = norm.get_weights()
        scale[channels] = offset[channels] = 0.0
        norm.set_weights([scale, offset, *rest])
    pictures = np.random.default_rng(1).random((4, 28, 28, 1), np.float32)
    small = shrunk(network, (5, 5, 7, 7, 6))
    assert small.count_params() < network.count_params()
    assert np.allclose(small(pictures), network(pictures), atol=1e-5)


def test_the_wide_network_answers_to_every_picture_of_a_view(parts, settings, tmp_path):
    """Digits and negatives alike, rows that sum to 1, and the same as the network says when it is asked; softened."""
    from train.compress import answers_to
    from train.feed import CLASSES, network_input
    from train.model import build
    from train.views import Views

    network = build(CLASSES, settings.widths)
    views = Views(parts.training, settings, tmp_path)
    first, second = answers_to(network, views, replace(settings, prune_views=2, prune_temperature=1.0))
    (softer,) = answers_to(network, views, replace(settings, prune_views=1, prune_temperature=4.0))
    assert (softer.max(axis=1) < first.max(axis=1)).all()
    assert np.array_equal(softer.argmax(axis=1), first.argmax(axis=1))
    assert first.shape == (len(views), CLASSES)
    assert first.sum(axis=1) == pytest.approx(np.ones(len(views)), abs=1e-5)
    said = np.asarray(network(network_input(views.view(1).pictures[-3:])))
    assert np.array_equal(second[-3:].argmax(axis=1), said.argmax(axis=1))


def test_a_loss_with_a_temperature_is_least_where_the_softened_scores_are_the_target():
    """At 1 it is the usual one; the target is then what the scores give once they are divided."""
    import tensorflow as tf

    from train.fit import softened_loss

    scores = np.array([[6.0, 2.0, -1.0]], np.float32)
    target = np.asarray(tf.nn.softmax(scores / 3.0))
    away = np.array([[0.5, 0.0, 0.0]], np.float32)
    least = float(softened_loss(3.0)(target, scores))
    assert all(least < float(softened_loss(3.0)(target, scores + step)) for step in (away, -away))
    sharp = np.asarray(tf.nn.log_softmax(scores))
    assert float(softened_loss(1.0)(target, scores)) == pytest.approx(float(-(target * sharp).sum()))


def test_what_is_no_digit_loses_what_it_took_from_the_digits():
    """The least that makes most pictures right, and nothing where it took nothing."""
    from train.compress import prior_offset

    scores = np.zeros((4, 11), np.float32)
    scores[:, 10] = (1.1, 0.6, 3.0, 9.0)
    scores[np.arange(4), 7] = 0.2
    assert prior_offset(scores, np.array([7, 7, 10, 10])) == 1.0
    assert prior_offset(scores, np.array([10, 10, 10, 10])) == 0.0


def test_pictures_changed_against_the_network_stay_near_and_cost_it_answers(run, digits):
    """No pixel moves further than the step, and the loss rises: the gradient has the right sign."""
    from train.feed import network_input
    from train.fit import load_best
    from train.float_side import adversarial

    network = load_best(run)
    near, far = adversarial(network, digits.model_inputs, digits.labels, [0.02, 0.2])
    for changed, step in ((near, 0.02), (far, 0.2)):
        assert np.abs(changed.astype(int) - digits.model_inputs).max() <= round(255 * step)
    rows = np.arange(len(digits))
    before, after = (
        np.asarray(network(network_input(pictures)))[rows, digits.labels].mean()
        for pictures in (digits.model_inputs, far)
    )
    assert after < before
