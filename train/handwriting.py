"""Other people's handwriting, which is only ever measured on: read from local copies, brought into MNIST layout."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.preprocess import mnist_layout
from train.data import DigitSet
from train.errors import DataError

Arrays = Mapping[str, NDArray[np.uint8]]


def handwriting(folder: Path) -> Iterator[DigitSet]:
    """Each set whose file is in the folder.

    Args:
        folder: As `../shared/data`: one folder a set.

    Raises:
        DataError: A file is there but cannot be read.
    """
    for name, read in SETS.items():
        path = folder / name
        if path.exists():
            yield _laid_out(path, read)


def _unipen_test(arrays: Arrays) -> DigitSet:
    test = np.flatnonzero(arrays["split"] == 2)
    return DigitSet("unipen_digits test", arrays["images"], arrays["labels"]).part("unipen_digits test", test)


def _bhmsds(arrays: Arrays) -> DigitSet:
    return DigitSet("bhmsds", ~arrays["images"], arrays["labels"])  # it has dark ink on white


def _semeion(arrays: Arrays) -> DigitSet:
    return DigitSet("semeion", arrays["images"], arrays["labels"])


SETS: dict[str, Callable[[Arrays], DigitSet]] = {
    "semeion/semeion.npz": _semeion,
    "bhmsds/bhmsds_digits.npz": _bhmsds,
    "unipen_digits/unipen_digits.npz": _unipen_test,
}


def _laid_out(path: Path, read: Callable[[Arrays], DigitSet]) -> DigitSet:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not an .npz file, or was cut short; copy it again")
    try:
        with np.load(path) as arrays:
            digits = read(arrays)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({error}); copy it again") from error
    return DigitSet(digits.name, np.stack([mnist_layout(ink) for ink in digits.model_inputs]), digits.labels)
