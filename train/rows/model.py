"""The network that reads a row of digits, and what it learns by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray
from tf_keras import layers

from device.preprocess import ROW_PX
from device.rows import BLANK
from train.model import convolution

Widths = tuple[int, int, int, int, int, int]
"""Channels of the six convolutions, in their order."""

CLASSES = 11


def build(widths: Widths, row_px: int | None = None) -> keras.Model:
    """The untrained network: a row of any width, and for every four columns of it the scores of what is read there.

    It has no memory: what is read at a place depends on the 47 columns around it, wider than any digit is.

    Args:
        widths: Channels (a, b, c, d, e, f).
        row_px: Width of a row; None for any.

    Returns:
        float32 (n, 32, w, 1), 0 black .. 1 white, w a multiple of 4 -> float32 (n, 1, w / 4, 11), logits.
    """
    first, second, third, fourth, fifth, last = widths
    row = keras.Input((ROW_PX, row_px, 1))  # (n, 32, w, 1)
    x = convolution(row, first, kernel=5, stride=2)  # (n, 16, w / 2, a)
    x = convolution(x, second)  # (n, 16, w / 2, b)
    x = layers.MaxPooling2D((2, 1))(x)  # (n, 8, w / 2, b)
    x = convolution(x, third)  # (n, 8, w / 2, c)
    x = layers.MaxPooling2D(2)(x)  # (n, 4, w / 4, c)
    x = convolution(x, fourth)  # (n, 4, w / 4, d)
    x = layers.ZeroPadding2D((0, 1))(x)
    x = convolution(x, fifth, kernel=(4, 3), padding="valid")  # (n, 1, w / 4, e)
    x = convolution(x, last, kernel=(1, 5))  # (n, 1, w / 4, f)
    return keras.Model(row, layers.Conv2D(CLASSES, 1)(x), name="rows")  # (n, 1, w / 4, 11)


def loss(labels: tf.SparseTensor, is_empty: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """Minus the logarithm of each row's probability, summed over all places where its digits may stand.

    Args:
        labels: Digits of each row, shape (n, longest).
        is_empty: Whether a row says nothing, shape (n,).
        scores: Logits, shape (n, 1, t, 11).

    Source:
        Graves et al. 2006, doi:10.1145/1143844.1143891 (connectionist temporal classification).
    """
    places = tf.transpose(tf.squeeze(scores, 1), (1, 0, 2))  # (t, n, 11), as the operator wants it
    lengths = tf.fill(tf.shape(places)[1:2], tf.shape(places)[0])
    of_digits = tf.compat.v1.nn.ctc_loss(labels, places, lengths, ignore_longer_outputs_than_inputs=True)
    # The operator refuses a row without digits: `sparse` gives it some digit, which does not count.
    of_nothing = -tf.reduce_sum(tf.nn.log_softmax(places)[..., BLANK], axis=0)
    return tf.where(is_empty, of_nothing, of_digits)


def sparse(labels: Sequence[tuple[int, ...]]) -> tf.SparseTensor:
    """Digits of rows, as many as each has; a 0 in those without any."""
    labels = [digits or (0,) for digits in labels]
    places = [(row, column) for row, digits in enumerate(labels) for column in range(len(digits))]
    values = [digit for digits in labels for digit in digits]
    shape = (len(labels), max(len(digits) for digits in labels))
    return tf.SparseTensor(np.array(places, np.int64), np.array(values, np.int32), shape)


def network_input(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network in TensorFlow sees: (n, 32, w) -> (n, 32, w, 1)."""
    return pictures[..., None].astype(np.float32) / np.float32(255.0)
