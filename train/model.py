"""The network, small enough for a Pi Zero once it is shrunk; at its full width it is its own teacher."""

from __future__ import annotations

import tf_keras as keras
from tf_keras import layers

Widths = tuple[int, int, int, int, int]
"""Channels of the five convolutions, in their order."""


def build(classes: int, widths: Widths) -> keras.Model:
    """The untrained network that the box will run.

    The first convolution has a stride of 2, the second is pooled, and the last two lose their edges. A stride of 1 and
    pooling after the third took twice the time, and with as many weights made 5 % fewer mistakes on changed validation
    digits; the longer training that fits into the time saved makes up for it. There is no sum of layers: the int8
    kernel of ADD took as long as a convolution at the same place. Every layer is one that the int8 kernels of
    tflite-runtime 2.14 know. Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) disappears into the
    convolutions when the model is converted.

    Args:
        classes: Number of scores; 10, or 11 with "not a digit".
        widths: Channels (a, b, c, d, e).

    Returns:
        float32 (n, 28, 28, 1), 0 black .. 1 white -> float32 (n, classes), logits.
    """
    first, second, third, fourth, last = widths
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    x = convolution(digit, first, kernel=5, stride=2)  # (n, 14, 14, a)
    x = convolution(x, second)  # (n, 14, 14, b)
    x = layers.MaxPooling2D(2)(x)  # (n, 7, 7, b)
    x = convolution(x, third)  # (n, 7, 7, c)
    x = convolution(x, fourth, padding="valid")  # (n, 5, 5, d)
    x = convolution(x, last, padding="valid")  # (n, 3, 3, e)
    x = layers.Flatten()(x)  # (n, 9e)
    return keras.Model(digit, layers.Dense(classes)(x), name="digits")  # (n, classes)


def convolution(
    x: keras.KerasTensor,
    channels: int,
    *,
    kernel: int | tuple[int, int] = 3,
    stride: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    """Convolution, normalisation, rectifier."""
    x = layers.Conv2D(channels, kernel, strides=stride, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def architecture(model: keras.Model) -> list[str]:
    """One line a layer, for the card: what it is, what comes out, how many weights it has."""
    return [
        f"{type(layer).__name__} -> {tuple(layer.output_shape[1:])}, {layer.count_params()} weights"
        for layer in model.layers[1:]
    ]
