"""A teacher's answers on the training digits, as a small file that the network learns from without the teacher."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import DigitSet
from train.errors import DataError
from train.feed import CLASSES, Targets
from train.output import written_beside

SOFT_LABELS_PATH = Path(__file__).with_name("soft_labels.npz")

LEVELS = 255
"""Shares are kept as bytes; the rest of a row's sum goes back to its greatest share when they are read."""


def write_soft_labels(path: Path, sets: Sequence[DigitSet], answers: Sequence[Targets]) -> None:
    """Keep a teacher's answers for some sets of digits, each as one byte. Raises OutputError."""
    arrays: dict[str, NDArray[Any]] = {}
    for digits, shares in zip(sets, answers, strict=True):
        arrays[digits.set_name] = np.round(shares * LEVELS).astype(np.uint8)
        arrays[_sum_name(digits)] = np.array(_sha256(digits))
    with written_beside(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_soft_labels(path: Path, sets: Sequence[DigitSet]) -> Targets:
    """The teacher's answers for these sets, one row a digit: float32 (n, 11), rows summing to 1.

    Raises:
        DataError: The file is missing or damaged, or was made for other digits or another split.
    """
    try:
        with path.open("rb") as file, np.load(file) as kept:
            parts = [(kept[digits.set_name], str(kept[_sum_name(digits)])) for digits in sets]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} has no soft labels for these sets ({error}); run `digitbox-train teach`") from error
    for (answers, sha256), digits in zip(parts, sets, strict=True):
        if sha256 != _sha256(digits) or answers.shape != (len(digits), CLASSES):
            raise DataError(f"{path} was made for other digits than {digits.name}; run `digitbox-train teach`")
    return np.concatenate([_shares(answers) for answers, _ in parts])


def _shares(answers: NDArray[np.uint8]) -> Targets:
    shares = answers.astype(np.float32) / np.float32(LEVELS)
    rows = np.arange(len(shares))
    shares[rows, shares.argmax(axis=1)] += 1.0 - shares.sum(axis=1)
    return shares


def _sum_name(digits: DigitSet) -> str:
    return f"{digits.set_name} sha256"


def _sha256(digits: DigitSet) -> str:
    return hashlib.sha256(digits.model_inputs.tobytes() + digits.labels.tobytes()).hexdigest()
