"""The network: four convolutions and one dense layer, small enough for a Pi Zero."""

from __future__ import annotations

import tf_keras as keras
from tf_keras import layers


def build(classes: int) -> keras.Model:
    """The untrained network.

    Strides and pooling come early, so that most of the work is done at 14x14 and 7x7 pixels; every layer is one that
    the int8 kernels of tflite-runtime 2.14 know. Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167)
    disappears into the convolutions when the model is converted.

    Args:
        classes: Number of scores; 10, or 11 with "not a digit".

    Returns:
        float32 (n, 28, 28, 1), 0 black .. 1 white -> float32 (n, classes), logits.
    """
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    x = _convolution(digit, 16, kernel=5, stride=2)  # (n, 14, 14, 16)
    x = _convolution(x, 32, kernel=3)  # (n, 14, 14, 32)
    x = layers.MaxPooling2D(2)(x)  # (n, 7, 7, 32)
    x = _convolution(x, 48, kernel=3)  # (n, 7, 7, 48)
    x = _convolution(x, 64, kernel=3)  # (n, 7, 7, 64)
    x = layers.MaxPooling2D(2)(x)  # (n, 3, 3, 64)
    x = layers.Flatten()(x)  # (n, 576)
    return keras.Model(digit, layers.Dense(classes)(x), name="digits")  # (n, classes)


def _convolution(x: keras.KerasTensor, channels: int, *, kernel: int, stride: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def architecture(model: keras.Model) -> list[str]:
    """One line a layer, for the card: what it is, what comes out, how many weights it has."""
    return [
        f"{type(layer).__name__} -> {tuple(layer.output_shape[1:])}, {layer.count_params()} weights"
        for layer in model.layers[1:]
    ]
