"""The spotter of digits and words: a network that was trained on many people's speech, and two small ones behind it.

The first is Google's speech_embedding (Lin et al. 2020, arXiv:2002.01322; Apache License 2.0), trained on people's
speech: for each 80 ms it tells in 96 numbers what is said around them. Nothing of it is changed. What stands behind it
is ours, and learns from synthetic voices: one part tells the ten digits from all else, the other writes down the
catalogue's words as they come (connectionist temporal classification, Graves et al. 2006, doi:10.1145/1143844.1143891).
So it is the people in the first that keep them from learning how synthetic voices talk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tf_keras import layers

from device.adapters.spotter_tflite import STEPS_BETWEEN, STEPS_OF_A_LOOK, steps_of
from device.domain import Pixels
from device.mel import BANDS, RANGE_DB
from train.card import identity, versions, write_card
from train.compress import converted
from train.errors import DataError
from train.model import architecture
from train.output import write_bytes
from train.speech import word_clips
from train.speech.spotter_clips import NOTHING, SEED, STEPS, Pictures, network_input
from train.speech.word_clips import Spoken

PACKAGE, FILE = "pyopen-wakeword", "pyopen_wakeword/models/embedding_model.tflite"
"""Where Google's weights come from: a package (Apache License 2.0) that has them as a .tflite file."""

SHA256 = "c0aea21eb84a4ce90a08c870da41b7a7173b45269e6a3207c71d67c40f3a59d8"
"""Of that file."""

POOLED_AFTER = {3: (2, 2), 7: (1, 2), 11: (2, 2), 15: (1, 2), 19: (2, 2)}
"""After so many of its twenty convolutions the embedding network pools, over time and bands."""

SLOPE, FLOOR = 0.2, -0.4
"""Of its rectifiers: what is negative counts a fifth, and never less than this."""

LOUDEST = 5.0
"""What it was trained to see, ten decibels to one, at the loudest place of speech as loud as in `spotter_clips`."""

HIDDEN, REACH = 96, 5
"""Of our part: units, and over how many steps of 80 ms each of them looks."""

SAID_LEFT_OUT, UNITS_LEFT_OUT = 0.4, 0.5
"""Share of the published network's numbers, and of our units, that each step of training does without.

Chosen on digits and words in seven voices that nothing learns from (`voices.NEW_VOICES`, and MBROLA's en1): with none
of the first, a reach of 3 and 64 units, of which 30 % are left out, it learns how the teachers talk. The cross entropy
of those voices' digits is then 0.70 and of their words 0.09; as it is, 0.26 and 0.15.
"""

WORDS_HIDDEN, WORDS_REACH, WORDS_REACH_AGAIN = 256, 5, 3
"""Of our part for words: units of both its layers, and over how many steps each of them looks.

Chosen on commands in seven voices that nothing learns from, a third of them in noise: the phrase that fits best is what
was said in 69 % of them; with 192 units in 68 %, with one such layer in 54 %, and in 53 % where each word is spotted by
itself wherever it stands. (Counted by a script that was not kept, on half the clips.)
"""

WORDS_SAID_LEFT_OUT, WORDS_UNITS_LEFT_OUT = 0.1, 0.3
"""As for the digits, but with as much of that left out words are not learned (43 % of those commands)."""

BATCH, EPOCHS, LEARNING_RATE, WEIGHT_DECAY = 128, 15, 2e-3, 1e-2

WORDS_EPOCHS = 20

CALIBRATED_ON = 300
"""Clips whose activations set the int8 ranges."""

TFLITE_NAME = "spoken-words-en.tflite"

CLASSES = (*map(str, range(10)), "no digit")


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Of a convolution: kernel (height, width, in, out) and bias (out,)."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def published_weights() -> list[Weights]:
    """Google's, from the package that has them.

    Raises:
        DataError: It is not installed, or has another file.
    """
    try:
        content = Path(str(metadata.distribution(PACKAGE).locate_file(FILE))).read_bytes()
    except (metadata.PackageNotFoundError, OSError) as error:
        raise DataError(f"{PACKAGE} is not there ({error}); pip install 'digitbox[train]'") from error
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        raise DataError(f"{FILE} of {PACKAGE} has the SHA-256 {found}, not {SHA256}; install version 1.1.0")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]

    def tensor(number: int) -> NDArray[np.float32]:
        found = graph.tensors[number]
        return np.frombuffer(bytes(model.buffers[found.buffer].data), np.float32).reshape(found.shape)

    kinds = [model.operatorCodes[one.opcodeIndex].builtinCode for one in graph.operators]
    convolutions = [
        one.inputs for one, kind in zip(graph.operators, kinds, strict=True) if kind == schema.BuiltinOperator.CONV_2D
    ]
    return [Weights(tensor(kernel).transpose(1, 2, 3, 0), tensor(bias)) for _, kernel, bias in convolutions]


def embedding(weights: list[Weights], steps: int | None = None) -> keras.Model:
    """The network that these weights are of.

    Args:
        weights: Of its convolutions.
        steps: Rows of a picture; None for any.

    Returns:
        float32 (n, t, 32, 1), 0 .. 1 (`spotter_clips.network_input`) -> float32 (n, 1 + (t - 76) // 8, 1, 96).
    """
    picture = keras.Input((steps, BANDS, 1))
    x = layers.Rescaling(RANGE_DB / 10.0, LOUDEST - RANGE_DB / 10.0)(picture)
    x = layers.ZeroPadding2D((0, 1))(x)
    for number, one in enumerate(weights, 1):
        height, width, _, channels = one.kernel.shape
        padding = "same" if height == 1 else "valid"
        x = layers.Conv2D(channels, (height, width), padding=padding, weights=[one.kernel, one.bias], trainable=False)(
            x
        )
        if number < len(weights):
            x = tf.maximum(layers.LeakyReLU(SLOPE)(x), FLOOR)
        if number in POOLED_AFTER:
            x = layers.MaxPooling2D(POOLED_AFTER[number])(x)
    return keras.Model(picture, x, name="speech_embedding")


def head(means: NDArray[np.float32], scales: NDArray[np.float32]) -> keras.Model:
    """Our part: float32 (n, s, 1, 96) -> float32 (n, s, 1, 11), logits of the digits and of none at each step."""
    said = keras.Input((None, 1, len(means)))
    x = layers.Normalization(mean=means, variance=np.square(scales))(said)
    x = layers.Dropout(SAID_LEFT_OUT)(x)
    x = layers.Conv2D(HIDDEN, (REACH, 1), padding="same", activation="relu")(x)
    x = layers.Dropout(UNITS_LEFT_OUT)(x)
    return keras.Model(said, layers.Conv2D(NOTHING + 1, 1)(x), name="head")


def word_head(means: NDArray[np.float32], scales: NDArray[np.float32], classes: int) -> keras.Model:
    """Our part for words: float32 (n, s, 1, 96) -> float32 (n, s, 1, classes), logits of `word_clips.words`."""
    x = said = keras.Input((None, 1, len(means)))
    x = layers.Normalization(mean=means, variance=np.square(scales))(x)
    x = layers.Dropout(WORDS_SAID_LEFT_OUT)(x)
    for reach in (WORDS_REACH, WORDS_REACH_AGAIN):
        x = layers.Conv2D(WORDS_HIDDEN, (reach, 1), padding="same", activation="relu")(x)
        x = layers.Dropout(WORDS_UNITS_LEFT_OUT)(x)
    return keras.Model(said, layers.Conv2D(classes, 1)(x), name="words")


def pooled(scores: tf.Tensor) -> tf.Tensor:
    """Of all steps together: (n, s, 1, 11) -> (n, 11), the logarithm of the mean of each class's exponentials."""
    steps = tf.cast(tf.shape(scores)[1], scores.dtype)
    return tf.reduce_logsumexp(scores, axis=(1, 2)) - tf.math.log(steps)


def make(learned: Pictures, spoken: Spoken, weights: list[Weights], out: Path, command: str) -> Path:
    """Train our parts, write the .tflite file of all and its card.

    Raises:
        OutputError: A result cannot be written.
    """
    keras.utils.set_random_seed(SEED)
    published = embedding(weights)
    features = published.predict(network_input(learned.pictures), batch_size=BATCH, verbose=0)
    means, scales = features.mean(axis=(0, 1, 2)), features.std(axis=(0, 1, 2)) + 1e-3
    digits, words = head(means, scales), word_head(means, scales, len(word_clips.words()) + 2)
    history = _fit(digits, features, learned.labels)
    losses = _fit_words(words, _features(published, spoken.pictures), spoken.classes)
    whole = _whole(embedding(weights, STEPS), digits, words)

    def examples() -> Iterator[list[NDArray[np.float32]]]:
        chosen = np.random.default_rng(SEED).choice(len(learned.pictures), CALIBRATED_ON)
        for number in chosen:
            yield [network_input(learned.pictures[number : number + 1])]

    content = converted(whole, examples)
    path = out / TFLITE_NAME
    write_bytes(path, content)
    facts: dict[str, Any] = {
        "words": list(word_clips.words()),
        "architecture": architecture(published) + architecture(digits) + architecture(words),
        "published_weights": {"package": PACKAGE, "file": FILE, "sha256": SHA256, "licence": "Apache-2.0"},
        "training_data": {
            "clips": len(learned.labels),
            "digits": int(np.sum(learned.labels != NOTHING)),
            "clips of words": len(spoken.classes),
        },
        "right_in_training": history,
        "loss_of_words_in_training": losses,
        "command": command,
        "versions": versions(),
    }
    write_card(path, {**identity(content, CLASSES), **facts})
    return path


def _whole(published: keras.Model, digits: keras.Model, words: keras.Model) -> keras.Model:
    """All parts as one network, whose scores of words stand behind those of digits."""
    both = layers.Concatenate()([digits(published.output), words(published.output)])
    return keras.Model(published.input, both, name="spotter")


def _fit(ours: keras.Model, features: NDArray[np.float32], labels: NDArray[np.int64]) -> list[float]:
    """Train on what the published network says of the clips; the share of them that is right after each epoch."""
    said = keras.Input(features.shape[1:])
    trained = keras.Model(said, layers.Lambda(pooled)(ours(said)))
    falling = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, EPOCHS * (len(labels) // BATCH + 1))
    optimizer = keras.optimizers.AdamW(falling, weight_decay=WEIGHT_DECAY)
    trained.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    history = trained.fit(features, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    return [round(float(share), 4) for share in history.history["accuracy"]]


def _features(published: keras.Model, pictures: Sequence[Pixels]) -> list[NDArray[np.float32]]:
    """What the published network says of pictures of different lengths: (s, 1, 96) of each, which it has to itself."""
    found: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(pictures)
    for batch in _alike([_looks(len(picture)) for picture in pictures]):
        steps = steps_of(max(_looks(len(pictures[number])) for number in batch))
        padded = [
            np.pad(pictures[number][:steps], ((0, max(0, steps - len(pictures[number]))), (0, 0))) for number in batch
        ]
        said = published.predict_on_batch(network_input(np.stack(padded)))
        for number, of_one in zip(batch, said, strict=True):
            found[number] = of_one[: _looks(len(pictures[number]))]
    return found


def _looks(rows: int) -> int:
    """How many looks a picture of so many rows has, at least one."""
    return max(1, 1 + (rows - STEPS_OF_A_LOOK) // STEPS_BETWEEN)


def _alike(lengths: Sequence[float]) -> list[list[int]]:
    """Indices of what is about as long, in batches."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[begin : begin + BATCH] for begin in range(0, len(order), BATCH)]


def _fit_words(
    ours: keras.Model, features: Sequence[NDArray[np.float32]], said: Sequence[tuple[int, ...]]
) -> list[float]:
    """Train on clips and the words said in them, one after the other; the mean loss of each epoch.

    Clips with more words than looks are left out: they can't be written down.
    """
    kept = [number for number, classes in enumerate(said) if len(classes) <= len(features[number])]
    rng = np.random.default_rng(SEED)
    steps = WORDS_EPOCHS * -(-len(kept) // BATCH)
    optimizer = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), WEIGHT_DECAY)
    step = _word_step(ours, optimizer)
    history = []
    for _ in range(WORDS_EPOCHS):
        # Not quite sorted by length, so that no batch is the same in two epochs.
        batches = _alike([len(features[number]) + 3.0 * float(rng.random()) for number in kept])
        rng.shuffle(batches)
        losses = [float(step(*_word_batch([kept[at] for at in batch], features, said))) for batch in batches]
        history.append(round(float(np.mean(losses)), 4))
    return history


def _word_batch(
    chosen: Sequence[int], features: Sequence[NDArray[np.float32]], said: Sequence[tuple[int, ...]]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """What was said of some clips and what it is: features, their lengths, classes, their lengths."""
    lengths, counts = [len(features[number]) for number in chosen], [len(said[number]) for number in chosen]
    longest = 4 * -(-max(lengths) // 4)  # few different shapes, for each is compiled
    padded = np.stack(
        [
            np.pad(features[number], ((0, longest - len(features[number])), (0, 0), (0, 0)), mode="edge")
            for number in chosen
        ]
    )
    classes = np.zeros((len(chosen), word_clips.MOST_WORDS), np.int32)
    for row, number in enumerate(chosen):
        classes[row, : len(said[number])] = said[number]
    return tf.constant(padded), tf.constant(lengths), tf.constant(classes), tf.constant(counts)


def _word_step(ours: keras.Model, optimizer: keras.optimizers.Optimizer) -> tf.types.experimental.GenericFunction:
    """One step of training, which gives the loss."""

    def step(features: tf.Tensor, lengths: tf.Tensor, classes: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            scores = tf.squeeze(ours(features, training=True), 2)
            of_each = tf.nn.ctc_loss(classes, scores, counts, lengths, logits_time_major=False, blank_index=-1)
            loss = tf.reduce_mean(of_each)
        weights = ours.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return tf.function(step, reduce_retracing=True)
