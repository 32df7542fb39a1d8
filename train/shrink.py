"""Structured shrinking: the channels that earn least leave the network, with all that hangs on them."""

from __future__ import annotations

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray
from tf_keras import layers

from train.feed import CLASSES
from train.model import Widths, build

Kept = NDArray[np.intp]


def shrunk(model: keras.Model, widths: Widths) -> keras.Model:
    """The same network with fewer channels, to be trained on.

    A channel earns the scale of its normalisation times the size of the weights that read it.

    Args:
        model: As from `train.model.build`.
        widths: Channels to be kept, none more than there are.

    Source:
        Liu et al. 2017, "Network slimming", arXiv:1708.06519, for the scale; Li et al. 2017, arXiv:1608.08710.
    """
    convolutions, norms, dense = _layers(model)
    readers = [*convolutions[1:], dense]
    kept = [_best(_gain(norm, reader), width) for norm, reader, width in zip(norms, readers, widths, strict=True)]
    small = build(CLASSES, widths)
    small_convolutions, small_norms, small_dense = _layers(small)
    read = [np.array([0]), *kept]  # the picture has one channel
    for number, outputs in enumerate(kept):
        kernel = convolutions[number].get_weights()[0]
        small_convolutions[number].set_weights([kernel[:, :, read[number]][..., outputs]])
        small_norms[number].set_weights([values[outputs] for values in norms[number].get_weights()])
    kernel, bias = dense.get_weights()
    small_dense.set_weights([_by_channel(dense)[:, kept[-1]].reshape(-1, kernel.shape[1]), bias])
    return small


def _layers(
    model: keras.Model,
) -> tuple[list[layers.Conv2D], list[layers.BatchNormalization], layers.Dense]:
    """Its convolutions and their normalisations in order, and the dense layer at its end."""
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    return convolutions, norms, model.layers[-1]


def _by_channel(dense: layers.Dense) -> NDArray[np.float32]:
    """The dense layer's weights as it reads the flattened 3x3 places: (9, channels, classes)."""
    kernel = dense.get_weights()[0]
    return np.asarray(kernel.reshape(9, -1, kernel.shape[1]))


def _gain(norm: layers.BatchNormalization, reader: layers.Layer) -> NDArray[np.float32]:
    """What each channel earns."""
    return np.asarray(np.abs(norm.get_weights()[0]) * _read_by(reader), np.float32)


def _read_by(reader: layers.Layer) -> NDArray[np.float32]:
    """Size of the weights of a layer that read each of its input channels."""
    if isinstance(reader, layers.Dense):
        return np.asarray(np.sqrt((_by_channel(reader) ** 2).sum(axis=(0, 2))))
    return np.asarray(np.sqrt((reader.get_weights()[0] ** 2).sum(axis=(0, 1, 3))))


def _best(gains: NDArray[np.float32], count: int) -> Kept:
    return np.sort(np.argsort(-gains, kind="stable")[:count])
