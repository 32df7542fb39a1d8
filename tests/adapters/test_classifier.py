"""The shipped model and its loader, in both runtimes."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from installed import need

from device import preprocess
from device.adapters.classifier_tflite import TfliteClassifier
from device.adapters.tflite import RUNTIMES, load, read_card
from device.cascade import AGAIN_NATS
from device.domain import PREPROCESSING_VERSION
from device.errors import ModelError

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "device" / "models" / "digits.tflite"
SHARED_MNIST = ROOT.parent / "shared" / "data" / "mnist"

# Strokes of each digit by our own hand, as points (x, y) on a square of 100.
DRAWN = {
    0: [[(50, 8), (28, 20), (20, 50), (28, 80), (50, 92), (72, 80), (80, 50), (72, 20), (50, 8)]],
    1: [[(54, 8), (50, 50), (46, 92)]],
    2: [[(25, 28), (34, 12), (55, 8), (72, 20), (70, 40), (48, 65), (22, 90), (78, 88)]],
    3: [[(26, 16), (48, 8), (70, 18), (68, 38), (46, 48), (70, 56), (76, 74), (56, 92), (24, 84)]],
    4: [[(36, 8), (30, 32), (22, 54), (76, 52)], [(66, 16), (62, 52), (58, 92)]],
    5: [[(34, 10), (30, 44), (52, 40), (72, 54), (70, 78), (48, 92), (24, 86)], [(34, 10), (74, 8)]],
    6: [[(62, 8), (38, 28), (26, 58), (32, 84), (52, 92), (70, 78), (66, 58), (46, 52), (29, 66)]],
    7: [[(22, 14), (76, 12), (58, 50), (44, 92)]],
    8: [[(68, 20), (48, 8), (32, 20), (40, 40), (64, 60), (66, 82), (46, 92), (28, 78), (40, 56), (64, 38), (68, 20)]],
    9: [[(70, 26), (54, 8), (34, 14), (28, 34), (42, 48), (62, 42), (70, 26), (66, 60), (58, 92)]],
}


def drawn(digit):
    """A digit drawn with strokes, as a model input: uint8 (28, 28)."""
    ink = np.zeros((100, 100), np.uint8)
    for stroke in DRAWN[digit]:
        cv2.polylines(ink, [np.array(stroke)], False, (255,), 9, cv2.LINE_AA)
    return preprocess.mnist_layout(ink)


@pytest.fixture
def classifier(runtime):
    """The shipped model, open, in one of the two runtimes."""
    opened = TfliteClassifier(SHIPPED)
    opened.open()
    yield opened
    opened.close()


def looked_at_once(model_inputs):
    """What the model gives for each input, by an interpreter of the test's own."""
    model = load(SHIPPED, lambda card: [((1, 28, 28, 1), np.uint8), ((1, len(card.classes)), np.int8)])
    scores = []
    for model_input in model_inputs:
        model.interpreter.set_tensor(model.input_index, model_input.reshape(1, 28, 28, 1))
        model.interpreter.invoke()
        scores.append(model.real(model.interpreter.get_tensor(model.output_index))[0])
    return np.stack(scores)


@pytest.fixture
def copied(tmp_path):
    """A copy of the shipped model that a test may damage."""
    for path in (SHIPPED, SHIPPED.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    return tmp_path / SHIPPED.name


def change_card(model_path, **changes):
    """Write other values into the card of a copied model."""
    path = model_path.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("digit", range(10))
def test_the_shipped_model_reads_our_own_strokes(classifier, digit):
    """Ten digits drawn as plain strokes, none of them from any data set."""
    assert classifier.scores(drawn(digit)[None]).argmax() == digit


def test_scores_of_several_are_those_of_each(classifier):
    """A batch is nothing but one after the other; no input gives no rows."""
    model_inputs = np.stack([drawn(digit) for digit in range(10)])
    together = classifier.scores(model_inputs)
    assert together.dtype == np.float32
    assert together.shape == (10, len(classifier.card.classes))
    assert np.array_equal(together, np.concatenate([classifier.scores(one[None]) for one in model_inputs]))
    assert classifier.scores(model_inputs[:0]).shape == (0, len(classifier.card.classes))


def test_what_is_not_sure_is_looked_at_from_five_places(classifier):
    """The mean of the picture and its four neighbours a pixel away; what is sure at once is left at one look."""
    sure, unsure = drawn(7), np.zeros((28, 28), np.uint8)
    unsure[8:20, 13:16] = 255
    unsure[18:20, 13:22] = 120  # a 1 with half a foot
    framed = np.pad(unsure, 1)
    places = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)]
    looks = np.stack([framed[down : down + 28, right : right + 28] for down, right in places])
    once = looked_at_once(np.stack([sure, *looks]))
    two = np.partition(once, -2, axis=1)[:2, -2:]
    assert two[0, 1] - two[0, 0] >= AGAIN_NATS > two[1, 1] - two[1, 0]
    found = classifier.scores(np.stack([sure, unsure]))
    assert np.array_equal(found[0], once[0])
    assert np.allclose(found[1], once[1:].mean(axis=0), atol=1e-5)


@pytest.mark.parametrize(
    "model_inputs",
    [np.zeros((28, 28), np.uint8), np.zeros((1, 28, 27), np.uint8), np.zeros((1, 28, 28), np.float32)],
)
def test_other_shapes_and_types_are_refused(classifier, model_inputs):
    """A float picture between 0 and 1 would be read as black, so it is an error."""
    with pytest.raises(ModelError, match=r"expected \(n, 28, 28\) and uint8"):
        classifier.scores(model_inputs)


def test_both_runtimes_give_the_same_bytes(runtimes):
    """The model says the same on Bookworm and on Trixie, for digits and for noise."""
    rng = np.random.default_rng(1)
    model_inputs = np.concatenate(
        [np.stack([drawn(digit) for digit in range(10)]), rng.integers(0, 256, (200, 28, 28), dtype=np.uint8)]
    )
    answers = []
    for _ in runtimes:
        classifier = TfliteClassifier(SHIPPED)
        classifier.open()
        answers.append(classifier.scores(model_inputs).tobytes())
    assert answers[0] == answers[1]


def test_without_a_runtime_both_packages_are_named(monkeypatch):
    """Neither installed: one message that says what to install."""
    for name in RUNTIMES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModelError, match=r"pip install tflite-runtime .* or ai-edge-litert"):
        TfliteClassifier(SHIPPED).open()


def test_scores_before_open_and_after_close_are_errors(classifier):
    """A closed classifier says that it is closed, and closing twice is no error."""
    classifier.close()
    classifier.close()
    with pytest.raises(ModelError, match="not loaded; open it first"):
        classifier.scores(np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(ModelError, match="not loaded"):
        _ = classifier.card


def test_a_missing_model_names_its_place(tmp_path):
    """No file: the path, and what to do."""
    with pytest.raises(ModelError, match=r"nowhere\.tflite cannot be read .*correct \[model\]"):
        TfliteClassifier(tmp_path / "nowhere.tflite").open()


def test_a_missing_card_names_its_place(copied):
    """A model alone is not trusted."""
    copied.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"digits\.json cannot be read .*belongs beside the model"):
        TfliteClassifier(copied).open()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\xfd", b"[]", b'"card"'])
def test_a_damaged_card_is_refused(copied, content):
    """Empty, cut off, not text, or another kind of JSON: a ModelError each."""
    copied.with_suffix(".json").write_bytes(content)
    with pytest.raises(ModelError, match="model card"):
        TfliteClassifier(copied).open()


def test_a_damaged_model_is_told_by_its_checksum(copied):
    """One changed byte is enough."""
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(content)
    with pytest.raises(ModelError, match=r"has the SHA-256 .* but its card names .*install both again"):
        TfliteClassifier(copied).open()


def test_a_model_for_another_preprocessing_is_refused(copied):
    """It would be read with inputs that it was not trained on."""
    change_card(copied, preprocessing_version=PREPROCESSING_VERSION + 1)
    with pytest.raises(ModelError, match=rf"version {PREPROCESSING_VERSION + 1}, but this digitbox has"):
        TfliteClassifier(copied).open()


def test_a_file_that_is_no_model_is_refused_even_with_a_matching_checksum(copied):
    """The runtime's own complaint is passed on in one line."""
    copied.write_bytes(b"TFL3 but not really")
    change_card(copied, sha256=hashlib.sha256(copied.read_bytes()).hexdigest())
    with pytest.raises(ModelError, match=r"^\S+ cannot load the model .*install the model again$"):
        TfliteClassifier(copied).open()


def test_a_model_with_another_number_of_outputs_than_its_card_is_refused(copied):
    """Scores would be taken for other digits."""
    classes = read_card(copied).classes
    change_card(copied, classes=[str(digit) for digit in range(10)] + ["not a digit"] * (len(classes) == 10))
    with pytest.raises(ModelError, match=r"int8 \[1, 1[01]\]; expected uint8 \[1, 28, 28, 1\], int8 \[1, 1[01]\]"):
        TfliteClassifier(copied).open()


def test_the_shipped_file_is_small_and_half_of_it_is_zero():
    """At most 100 kB; of the weights, read from the file's own tensors, at least half are exactly zero."""
    need("ai_edge_litert")
    schema = importlib.import_module("ai_edge_litert.schema_py_generated")
    content = SHIPPED.read_bytes()
    assert len(content) <= 100_000
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    tensors = [tensor for tensor in model.subgraphs[0].tensors if tensor.type == schema.TensorType.INT8]
    constants = [model.buffers[tensor.buffer].data for tensor in tensors]
    weights = np.concatenate([data for data in constants if data is not None])
    card = read_card(SHIPPED)
    assert weights.size == card.facts["sparsity"]["weights"]
    assert (weights == 0).sum() == card.facts["sparsity"]["zeros"]
    assert (weights == 0).mean() >= 0.5
    assert len(content) == card.facts["size_bytes"]


def test_the_shipped_card_says_how_it_was_made():
    """Data with checksums, settings, tools, accuracy with counts, and the command."""
    facts = read_card(SHIPPED).facts
    assert facts["command"].startswith("digitbox-train fit --data ../shared/data")
    assert len(facts["training_data"][0]["sha256"]) == 4
    assert facts["versions"].keys() >= {"python", "tensorflow", "tensorflow-model-optimization"}
    assert facts["settings"]["seed"]
    assert facts["accuracy"]["mnist t10k"]["per_class"].keys() == {str(digit) for digit in range(10)}


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_MNIST.is_dir(), reason="needs ../shared/data/mnist")
def test_the_shipped_model_reads_mnists_test_images(classifier):
    """At least 99.3 % of the 10,000, and what the card says to the digit."""
    images = np.frombuffer(gzip.decompress((SHARED_MNIST / "t10k-images-idx3-ubyte.gz").read_bytes())[16:], np.uint8)
    labels = np.frombuffer(gzip.decompress((SHARED_MNIST / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:], np.uint8)
    answers = classifier.scores(images.reshape(-1, 28, 28)).argmax(axis=1)
    correct = int((answers == labels).sum())
    assert correct >= 9930
    assert correct == classifier.card.facts["accuracy"]["mnist t10k"]["correct"]
