"""What a sweep runs: the questions that papers on MNIST ask, and the baselines, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Experiment:
    """One training on MNIST as it is, without any change to the digits.

    Attributes:
        name: Of the run and of its files.
        network: A name of `train.baselines.BASELINES`, or None for `Plain` with these `fields`.
        fields: Of `Plain`.
        optimizer: "adam" or "sgd".
        learning_rate: Its own, constant.
        batch: Digits in a batch.
        epochs: How often each digit comes.
    """

    name: str
    network: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    batch: int = 128
    epochs: int = 5


def _plain(values: Mapping[str, Mapping[str, Any]]) -> list[Experiment]:
    return [Experiment(name, fields=fields) for name, fields in values.items()]


GROUPS: Mapping[str, Sequence[Experiment]] = {
    "baselines": [
        Experiment(name, network=name)
        for name in (
            "perceptron",
            "mlp",
            "lenet5",
            "lenet-8-16",
            "cnn-3x64",
            "small-vgg",
            "small-resnet",
            "ours, digits unchanged",
        )
    ],
    "optimizer": [
        Experiment(f"{name}-{epochs}-epochs", optimizer=name, learning_rate=rate, epochs=epochs)
        for name, rate in (("sgd", 1e-2), ("adam", 1e-3))
        for epochs in (5, 9)
    ],
    "learning-rate": [Experiment(f"rate-{rate:g}", learning_rate=rate) for rate in (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)],
    "batch": [Experiment(f"batch-{batch}", batch=batch) for batch in (32, 128)],
    "kernel-size": _plain({f"kernel-{side}x{side}": {"kernel": side} for side in (2, 3, 4)}),
    "kernels": _plain({f"kernels-{count}": {"kernels": count} for count in (64, 32, 16, 10, 5)}),
    "layers": _plain({f"convolutions-{count}": {"convolutions": count} for count in (1, 3)}),
    "dense": _plain({"dense-64-32": {"dense": (64, 32)}, "dense-10-10-10": {"dense": (10, 10, 10)}}),
    "pooling": _plain({f"pooling-{name}": {"pooling": name} for name in ("max", "average")}),
    "activation": _plain({name: {"activation": name} for name in ("relu", "sigmoid")}),
    "dropout": _plain({f"dropout-{share:g}": {"dropout": share} for share in (0.0, 0.2)}),
}
"""Experiments that belong in one table and one picture, by what is varied."""
