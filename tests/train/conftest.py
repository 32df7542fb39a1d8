"""Digits drawn with a font, in place of MNIST, and a run small enough for a test."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.preprocess import mnist_layout
from train.data import DigitSet, split
from train.sets import Learned
from train.settings import Settings


def drawn(label: int, rng: np.random.Generator):
    """One digit in MNIST layout: uint8 (28, 28)."""
    ink = np.zeros((56, 56), np.uint8)
    cv2.putText(ink, str(label), (16, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (255,), int(rng.integers(3, 6)), cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((28, 28), float(rng.normal(0.0, 5.0)), 1.0)
    return mnist_layout(cv2.warpAffine(ink, turn, ink.shape))


@pytest.fixture(scope="session")
def digits():
    """Two hundred digits, twenty of each."""
    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(10, dtype=np.uint8), 20)
    return DigitSet("mnist drawn", np.stack([drawn(int(label), rng) for label in labels]), labels)


@pytest.fixture(scope="session")
def settings():
    """A run of seconds."""
    return Settings(
        validation=40,
        validation_copies=1,
        batch=16,
        epochs=12,
        warm_up_steps=2,
        learning_rate=5e-3,
        prune_epochs=6,
        prune_learning_rate=5e-3,
        views=3,
        prune_views=2,
        widths=(8, 12, 16, 16, 12),
        kept_widths=(8, 10, 12, 12, 10),
        photographs=0,
        touching=0,
        aware_epochs=2,
    )


@pytest.fixture(scope="session")
def parts(digits, settings):
    """Something to learn from and something to choose by."""
    training, validation = split(digits, validation=settings.validation, seed=settings.seed)
    return Learned((training,), (validation,))


@pytest.fixture(scope="session")
def write_idx():
    """Puts a pair of gzipped IDX files into a folder and returns their checksums by name."""

    def write(folder: Path, part: str, images: np.ndarray, labels: np.ndarray) -> dict[str, str]:
        folder.mkdir(parents=True, exist_ok=True)
        contents = {f"{part}-images-idx3-ubyte": idx(images), f"{part}-labels-idx1-ubyte": idx(labels)}
        for name, content in contents.items():
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}

    return write


def idx(array: np.ndarray) -> bytes:
    """An array as an IDX file of unsigned bytes."""
    sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sides + array.astype(np.uint8).tobytes()
