"""The networks that ours is compared with: what students of this subject publish, and the classics by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tf_keras as keras
from tf_keras import layers

from train.model import build
from train.settings import Settings

DIGITS = 10


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain convolutional network; each field is one of the questions that papers on MNIST ask.

    Attributes:
        kernel: Side of the convolutions' kernels.
        kernels: How many there are in each layer.
        convolutions: Layers of them, each followed by pooling while there is something to pool.
        dense: Widths of the layers after them.
        pooling: "max" or "average".
        activation: "relu" or "sigmoid".
        dropout: Share dropped before the last layer.
    """

    kernel: int = 3
    kernels: int = 32
    convolutions: int = 2
    dense: tuple[int, ...] = (64,)
    pooling: str = "max"
    activation: str = "relu"
    dropout: float = 0.0

    def build(self) -> keras.Model:
        """The untrained network: float32 (n, 28, 28, 1), 0..1 -> float32 (n, 10), logits."""
        digit = x = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
        pool = layers.MaxPooling2D if self.pooling == "max" else layers.AveragePooling2D
        for _ in range(self.convolutions):
            x = layers.Conv2D(self.kernels, self.kernel, activation=self.activation)(x)  # (n, h, w, kernels)
            x = pool(2)(x)  # (n, h / 2, w / 2, kernels)
        x = layers.Flatten()(x)
        for width in self.dense:
            x = layers.Dense(width, activation=self.activation)(x)  # (n, width)
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        return keras.Model(digit, layers.Dense(DIGITS)(x))  # (n, 10)


def perceptron() -> keras.Model:
    """One layer: every pixel votes for every digit (LeCun et al. 1998, section III.C.1)."""
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    return keras.Model(digit, layers.Dense(DIGITS)(layers.Flatten()(digit)))  # (n, 10)


def mlp() -> keras.Model:
    """Two hidden layers."""
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    x = layers.Flatten()(digit)  # (n, 784)
    x = layers.Dense(256, activation="relu")(x)  # (n, 256)
    x = layers.Dense(128, activation="relu")(x)  # (n, 128)
    return keras.Model(digit, layers.Dense(DIGITS)(x))  # (n, 10)


def lenet5() -> keras.Model:
    """LeNet-5 as it is rebuilt today (LeCun et al. 1998, doi:10.1109/5.726791): tanh, average pooling."""
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    x = layers.Conv2D(6, 5, padding="same", activation="tanh")(digit)  # (n, 28, 28, 6)
    x = layers.AveragePooling2D(2)(x)  # (n, 14, 14, 6)
    x = layers.Conv2D(16, 5, activation="tanh")(x)  # (n, 10, 10, 16)
    x = layers.AveragePooling2D(2)(x)  # (n, 5, 5, 16)
    x = layers.Dense(120, activation="tanh")(layers.Flatten()(x))  # (n, 120)
    x = layers.Dense(84, activation="tanh")(x)  # (n, 84)
    return keras.Model(digit, layers.Dense(DIGITS)(x))  # (n, 10)


def lenet_8_16() -> keras.Model:
    """The variant with 8 and 16 kernels of 5x5, 128 dense units and dropout 0.2."""
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    x = layers.Conv2D(8, 5, activation="relu")(digit)  # (n, 24, 24, 8)
    x = layers.MaxPooling2D(2)(x)  # (n, 12, 12, 8)
    x = layers.Conv2D(16, 5, activation="relu")(x)  # (n, 8, 8, 16)
    x = layers.MaxPooling2D(2)(x)  # (n, 4, 4, 16)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))  # (n, 128)
    return keras.Model(digit, layers.Dense(DIGITS)(layers.Dropout(0.2)(x)))  # (n, 10)


def cnn_3x64() -> keras.Model:
    """Three layers of 64 kernels, then 64 and 32 dense units."""
    return Plain(kernels=64, convolutions=3, dense=(64, 32)).build()


def small_vgg() -> keras.Model:
    """Pairs of 3x3 convolutions between poolings (Simonyan and Zisserman 2015, arXiv:1409.1556), small."""
    digit = x = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    for channels in (16, 32):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)  # (n, 14, 14, 16), (n, 7, 7, 32)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))  # (n, 128)
    return keras.Model(digit, layers.Dense(DIGITS)(x))  # (n, 10)


def small_resnet() -> keras.Model:
    """Three residual blocks (He et al. 2016, arXiv:1512.03385), 16 to 64 channels, averaged over the picture."""
    digit = keras.Input((28, 28, 1))  # (n, 28, 28, 1)
    x = _normalised(digit, 16, stride=2)  # (n, 14, 14, 16)
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        short = x if stride == 1 else layers.Conv2D(channels, 1, strides=stride)(x)
        inner = layers.ReLU()(_normalised(x, channels, stride=stride))
        x = layers.ReLU()(layers.Add()([_normalised(inner, channels), short]))  # (n, 14 / stride, ..., channels)
    return keras.Model(digit, layers.Dense(DIGITS)(layers.GlobalAveragePooling2D()(x)))  # (n, 10)


def _normalised(x: keras.KerasTensor, channels: int, stride: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)


def ours_plain() -> keras.Model:
    """Our own network, for what it does when nobody changes the digits it learns from."""
    return build(DIGITS, Settings().kept_widths)


BASELINES: Mapping[str, Callable[[], keras.Model]] = {
    "perceptron": perceptron,
    "mlp": mlp,
    "lenet5": lenet5,
    "lenet-8-16": lenet_8_16,
    "cnn-3x64": cnn_3x64,
    "small-vgg": small_vgg,
    "small-resnet": small_resnet,
    "ours, digits unchanged": ours_plain,
}
"""By the names that tables and the command line use."""
