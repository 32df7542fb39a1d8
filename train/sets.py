"""Sets of handwritten digits, each read by a small class of its own into the same shape.

To add a set, write one class with `name`, `place` and `read`, and put it into `SETS`.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from device import images
from device.domain import Pixels
from device.errors import FrameError, ImageFileError
from device.find import find
from device.preprocess import INPUT_PX, mnist_layout
from train.archives import DAMAGED
from train.data import MNIST_SHA256, DigitSet, check_digits, read_mnist, split
from train.errors import DataError
from train.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """One set, divided.

    Attributes:
        training: Learned from, or None where the set is only measured on.
        validation: Chosen by; nothing in common with `training`.
        test: Only ever measured on, or None where the set is too much of one hand for that.
        whole: All of it, which is what a network that never saw the set is measured on.
    """

    training: DigitSet | None
    validation: DigitSet | None
    test: DigitSet | None
    whole: DigitSet


class HandwritingSet(ABC):
    """One collection: where it lies, how it is read, how it is divided."""

    name: ClassVar[str]
    """What settings and tables call it."""
    place: ClassVar[str]
    """Inside the data folder; where it is missing, the set is."""
    sha256: Mapping[str, str]
    """Of what is learned from or measured on, by the name of the file or of the array."""

    @abstractmethod
    def read(self, folder: Path, settings: Settings) -> Parts:
        """Read, verify and divide it; every digit in MNIST layout.

        Args:
            folder: As `../shared/data`: one folder a set.
            settings: Seed and size of the split.

        Raises:
            DataError: A file is missing, damaged, or not the one that was meant.
        """

    def is_in(self, folder: Path) -> bool:
        """Whether it lies in that data folder. Raises DataError where that cannot be seen."""
        return is_there(folder / self.place)


@dataclass(frozen=True)
class Mnist(HandwritingSet):
    """70,000 digits of American officials and pupils; the split is by digit, for the files don't name the writers."""

    sha256: Mapping[str, str] = field(default_factory=lambda: MNIST_SHA256)
    name: ClassVar[str] = "mnist"
    place: ClassVar[str] = "mnist"

    def read(self, folder: Path, settings: Settings) -> Parts:  # noqa: D102 - the base class says it
        original = read_mnist(folder / self.place, "train", self.sha256)
        test = read_mnist(folder / self.place, "t10k", self.sha256)
        training, validation = split(original, validation=settings.validation, seed=settings.seed)
        return Parts(training, validation, test, test)


@dataclass(frozen=True)
class Bhmsds(HandwritingSet):
    """15,000 European digits by a couple of people, stretched to squares; too few hands to be a test of anything else.

    Who wrote what is not known, so the split is by digit.
    """

    sha256: Mapping[str, str] = field(
        default_factory=lambda: {
            "images": "25488e111fbcb4467bcbbc0ae18825dc77b5d2cb39307b7d7ce8bcadfc155608",
            "labels": "845e1e99de67b13ce4146781b39d1be17fa8244f81df8a596809963119c231c9",
        }
    )
    name: ClassVar[str] = "bhmsds"
    place: ClassVar[str] = "bhmsds/bhmsds_digits.npz"

    def read(self, folder: Path, settings: Settings) -> Parts:  # noqa: D102
        arrays = read_arrays(folder / self.place, self.sha256)
        digits = laid_out(self.name, ~arrays["images"], arrays["labels"])  # it has dark ink on white
        count = round(settings.validation_share * len(digits))
        training, validation = split(digits, validation=count, seed=settings.seed)
        return Parts(training, validation, None, digits)


@dataclass(frozen=True)
class UnipenDigits(HandwritingSet):
    """9,957 digits of many people in several countries, drawn from recorded pen strokes; divided by its authors."""

    sha256: Mapping[str, str] = field(
        default_factory=lambda: {
            "images": "8c0393408a8c7b8b82f73d3463379ca5cf9d25610ee368694d0eb7d1372660f2",
            "labels": "9ced7afd2c74cd8e368a9460972de10839cdb64a97e4dabcfcd454444d170d74",
            "split": "ff38d45d7d9819a0f19d9bb2702180110789031daaeb8ed44caf01531c1302c9",
        }
    )
    name: ClassVar[str] = "unipen_digits"
    place: ClassVar[str] = "unipen_digits/unipen_digits.npz"

    def read(self, folder: Path, settings: Settings) -> Parts:  # noqa: D102 - the split is the authors'
        arrays = read_arrays(folder / self.place, self.sha256)
        digits = laid_out(self.name, arrays["images"], arrays["labels"])
        training, validation, test = (
            digits.part(f"{self.name}, {part}", np.flatnonzero(arrays["split"] == number))
            for number, part in enumerate(("training part", "validation part", "test part"))
        )
        return Parts(training, validation, test, test)


@dataclass(frozen=True)
class Semeion(HandwritingSet):
    """1,593 digits of some 80 Italians, black and white, stretched to 16x16; never learned from."""

    sha256: Mapping[str, str] = field(
        default_factory=lambda: {
            "images": "9f36986211de94bee409cb0c137a3e13385101e3c51235d505d47b583fc2d8f5",
            "labels": "9d32221e06f77a74f484948a772e828573e3798db4164e91b12d7a8917336906",
        }
    )
    name: ClassVar[str] = "semeion"
    place: ClassVar[str] = "semeion/semeion.npz"

    def read(self, folder: Path, settings: Settings) -> Parts:  # noqa: D102
        arrays = read_arrays(folder / self.place, self.sha256)
        digits = laid_out(self.name, arrays["images"], arrays["labels"])
        return Parts(None, None, digits, digits)


@dataclass(frozen=True)
class Photographs(HandwritingSet):
    """Crops of photographs, cut by the device's own finder and preprocessing; never learned from.

    Its largest piece of writing is taken for the digit; a photograph in which the finder sees nothing stays as a blank
    and counts as a wrong answer.
    """

    folder: str
    sha256: Mapping[str, str]

    @property
    def name(self) -> str:  # type: ignore[override]
        """Of its folder."""
        return self.folder

    @property
    def place(self) -> str:  # type: ignore[override]
        """Its list of files."""
        return f"{self.folder}/labels.csv"

    def read(self, folder: Path, settings: Settings) -> Parts:  # noqa: D102
        rows = _rows(folder / self.place, self.sha256)
        pictures = np.stack([cut_from(folder / self.folder / row["file"]) for row in rows])
        labels = np.array([_digit(row["label"], folder / self.place) for row in rows], np.uint8)
        digits = DigitSet(self.folder, pictures, labels, np.array([row["writer"] for row in rows]))
        return Parts(None, None, digits, digits)


SETS: Sequence[HandwritingSet] = (
    Mnist(),
    Bhmsds(),
    UnipenDigits(),
    Semeion(),
    Photographs("photo_digits", {"labels.csv": "80b8d2640b0e2ac84143b75444c2ad33ead5a81bb359ba494001c89a62f9f118"}),
    Photographs("sudoku_photo", {"labels.csv": "21a558ec7ccd35a6c536ffc862a59741290d35a350af27e9901347e4fd7e8c19"}),
)


@dataclass(frozen=True, slots=True)
class Learned:
    """What one run learns from and chooses by, set by set."""

    training: tuple[DigitSet, ...]
    validation: tuple[DigitSet, ...]


def learned(folder: Path, settings: Settings, sets: Sequence[HandwritingSet] = SETS) -> Learned:
    """The training and validation parts of the sets that the settings name.

    Raises:
        DataError: A name is unknown, a set is missing or damaged, or it has no training part.
    """
    known = {entry.name: entry for entry in sets}
    unknown = [name for name in settings.sets if name not in known]
    if unknown or not settings.sets:
        raise DataError(f"there is no set {', '.join(unknown) or 'to learn from'}; known are {', '.join(known)}")
    parts = [known[name].read(folder, settings) for name in settings.sets]
    training = tuple(part.training for part in parts if part.training is not None)
    validation = tuple(part.validation for part in parts if part.validation is not None)
    if len(training) != len(parts):
        raise DataError(f"not all of {', '.join(settings.sets)} may be learned from: some are only for measuring")
    return Learned(training, validation)


def measured_on(folder: Path, settings: Settings, sets: Sequence[HandwritingSet] = SETS) -> Iterator[DigitSet]:
    """What a network trained by these settings is measured on: unseen parts of seen sets, all of the unseen ones.

    A set that was learned from and has no test part is left out: its validation part was chosen by. Sets that are not
    in the folder are left out too.

    Raises:
        DataError: A set is damaged, or the folder cannot be read.
    """
    for entry in sets:
        if entry.is_in(folder):
            parts = entry.read(folder, settings)
            digits = parts.test if entry.name in settings.sets else parts.whole
            if digits is not None:
                yield digits


def described(parts: Parts) -> str:
    """How many digits are used for what."""
    used = {"learned from": parts.training, "chosen by": parts.validation, "measured on": parts.test}
    return ", ".join(f"{len(digits)} {purpose}" for purpose, digits in used.items() if digits is not None)


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder.

    Path.exists raises an error of its own, or from Python 3.14 on says no, where this user may not look.

    Raises:
        DataError: Nobody can tell.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(
            f"{path.parent} cannot be read ({error.strerror}); make it readable for this user, or give another --data"
        ) from error
    return True


def read_arrays(path: Path, sha256: Mapping[str, str]) -> dict[str, NDArray[np.uint8]]:
    """The arrays of an .npz file whose bytes have the given checksums; the archive's own hold the time of packing.

    Raises:
        DataError: It is missing, damaged, or holds something else.
    """
    if not is_there(path):
        raise DataError(f"{path} is missing; run `digitbox-train data`, or give the folder that holds it with --data")
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not an .npz file, or was cut short; run `digitbox-train data`, or copy it again")
    try:
        with path.open("rb") as file, np.load(file) as archive:  # NumPy leaves its own file open when it fails
            arrays = {name: archive[name] for name in sha256}
    except DAMAGED as error:
        raise DataError(f"{path} cannot be read ({error}); run `digitbox-train data`, or copy it again") from error
    for name, array in arrays.items():
        found = hashlib.sha256(array.tobytes()).hexdigest()
        if found != sha256[name]:
            raise DataError(
                f"{path}: the SHA-256 of its array {name} is {found}, expected {sha256[name]}; "
                "run `digitbox-train data`, or copy it again"
            )
    return arrays


def laid_out(name: str, pictures: Pixels, labels: NDArray[np.uint8]) -> DigitSet:
    """White ink on black, uint8, shape (n, h, w) -> digits in MNIST layout. Raises DataError."""
    if pictures.ndim != 3 or pictures.dtype != np.uint8:
        raise DataError(
            f"{name}: images of shape {pictures.shape} and type {pictures.dtype}; expected (n, h, w), uint8"
        )
    inputs = [mnist_layout(ink) for ink in pictures]
    digits = DigitSet(name, np.stack(inputs) if inputs else np.empty((0, 28, 28), np.uint8), labels)
    check_digits(digits)
    return digits


def cut_from(path: Path) -> Pixels:
    """The digit in a photograph as the device cuts it: uint8 (28, 28), all zero where nothing is found.

    Where there is none of the ink that there seems to be, the other is looked for, as the reader does.

    Raises:
        DataError: The file is missing or no picture.
    """
    try:
        frame = images.load(path)
        found = find(frame).writings or find(frame, inverted=True).writings
    except (ImageFileError, FrameError) as error:
        raise DataError(f"{path} cannot be read ({error}); copy it again") from error
    if not found:
        return np.zeros((INPUT_PX, INPUT_PX), np.uint8)
    return mnist_layout(max(found, key=lambda writing: writing.box.area).ink)


def _rows(path: Path, sha256: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines of a verified labels.csv. Raises DataError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); copy it again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256[path.name]:
        raise DataError(f"{path}: its SHA-256 is {found}, expected {sha256[path.name]}; copy it again")
    rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    if not rows:
        raise DataError(f"{path} lists no pictures; copy it again")
    return rows


def _digit(label: str, path: Path) -> int:
    if label not in set("0123456789"):
        raise DataError(f"{path} has the label {label!r}, which is no digit from 0 to 9; copy it again")
    return int(label)
