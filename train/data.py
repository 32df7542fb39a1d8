"""Handwritten digits to learn from: fetched, verified, read and split."""

from __future__ import annotations

import gzip
import hashlib
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.errors import DataError, DownloadError
from train.output import write_bytes

Labels = NDArray[np.uint8]

MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the uncompressed files: the archives of different mirrors were packed differently."""

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
"""Where the original files are kept for PyTorch and for TensorFlow; the authors' own page no longer serves them."""

CALIBRATION_NAME = "calibration.txt"

FETCH_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class DigitSet:
    """Digits and what they are.

    Attributes:
        name: Of the set and the part of it.
        model_inputs: White ink on black in MNIST layout, uint8, shape (n, 28, 28).
        labels: uint8, shape (n,); 0..9, and 10 for "not a digit".
        writers: Tags of the hands, shape (n,), where they are known.
    """

    name: str
    model_inputs: Pixels
    labels: Labels
    writers: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def set_name(self) -> str:
        """The set's name without the part's: "mnist train, training part" is of "mnist"."""
        return self.name.partition(",")[0].partition(" ")[0]

    def part(self, name: str, rows: NDArray[np.intp]) -> DigitSet:
        """These rows of it, in the given order."""
        writers = None if self.writers is None else self.writers[rows]
        return DigitSet(name, self.model_inputs[rows], self.labels[rows], writers)


def joined(sets: Sequence[DigitSet], name: str) -> DigitSet:
    """Several sets as one, in their order; at least one."""
    pictures = np.concatenate([digits.model_inputs for digits in sets])
    return DigitSet(name, pictures, np.concatenate([digits.labels for digits in sets]))


def read_mnist(folder: Path, part: str, sha256: Mapping[str, str] = MNIST_SHA256) -> DigitSet:
    """Read the original IDX files, gzipped or not, after verifying them.

    Args:
        folder: Holds the files, by their original names.
        part: "train" (60,000 digits) or "t10k" (the 10,000 test digits).
        sha256: Of each uncompressed file, by its name.

    Raises:
        DataError: A file is missing, its checksum is wrong, or it is not what IDX files are.
    """
    images, labels = (
        _verified(folder, name, sha256) for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")
    )
    digits = DigitSet(f"mnist {part}", parse_idx(images, 3), parse_idx(labels, 1))
    check_digits(digits)
    return digits


def parse_idx(content: bytes, dimensions: int) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes as an array with that many dimensions.

    The header is two zeros, the type (8: unsigned byte), the number of dimensions, and each dimension as a big-endian
    32-bit number.

    Raises:
        DataError: The header says something else, or there are fewer or more bytes than it says.
    """
    header = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < header:
        raise DataError(f"not an IDX file of unsigned bytes with {dimensions} dimensions: it begins {content[:4]!r}")
    shape = tuple(int(side) for side in np.frombuffer(content, ">u4", dimensions, offset=4))
    expected = header + int(np.prod(shape))
    if len(content) != expected:
        raise DataError(f"an IDX file of shape {shape} has {expected} bytes, this one {len(content)}; fetch it again")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def fetch_mnist(folder: Path, mirrors: Sequence[str] = MNIST_MIRRORS, sha256: Mapping[str, str] = MNIST_SHA256) -> None:
    """Download what is missing or damaged; a file that verifies is left alone.

    Raises:
        DownloadError: No mirror delivered a file with the right checksum; it says what is wrong with ours, too.
        OutputError: A file cannot be written.
    """
    for name in sha256:
        try:
            _right(folder, name, sha256)
        except DataError as wrong:
            try:
                content = _fetched(f"{name}.gz", mirrors, sha256[name])
            except DownloadError as error:
                raise DownloadError(f"{wrong}; and {error}") from error
            write_bytes(folder / f"{name}.gz", content)


def split(digits: DigitSet, *, validation: int, seed: int) -> tuple[DigitSet, DigitSet]:
    """Two parts without a digit in common, the same for the same seed.

    Args:
        digits: What is to be split.
        validation: How many go to the second part; 1..len(digits) - 1.
        seed: Of the shuffle.

    Returns:
        The training part and the validation part.

    Raises:
        DataError: There are not enough digits.
    """
    if not 0 < validation < len(digits):
        raise DataError(f"{digits.name} has {len(digits)} digits; {validation} of them can't be kept for validation")
    order = np.random.default_rng(seed).permutation(len(digits))
    return (
        digits.part(f"{digits.name}, training part", np.sort(order[validation:])),
        digits.part(f"{digits.name}, validation part", np.sort(order[:validation])),
    )


def calibration_set(sets: Sequence[DigitSet]) -> Pixels:
    """The model inputs that set the ranges of int8: rows of training parts, listed in calibration.txt.

    Lines of sets that are not among the given ones are left out.

    Raises:
        DataError: The list names a row that is not there, or none of these sets.
    """
    text = Path(__file__).with_name(CALIBRATION_NAME).read_text(encoding="utf-8")
    entries = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    pictures = []
    for digits in sets:
        rows = [int(row) for name, row in entries if name == digits.set_name]
        if rows and max(rows) >= len(digits):
            raise DataError(f"{CALIBRATION_NAME} names row {max(rows)}, but {digits.name} has {len(digits)} digits")
        pictures.append(digits.model_inputs[rows])
    chosen: Pixels = np.concatenate(pictures)
    if not len(chosen):
        raise DataError(f"{CALIBRATION_NAME} lists no digit of {', '.join(digits.name for digits in sets)}")
    return chosen


def check_digits(digits: DigitSet) -> None:
    """Refuse what are not 28x28 pictures of the digits 0 to 9. Raises DataError."""
    if digits.model_inputs.shape != (len(digits), 28, 28):
        raise DataError(
            f"{digits.name}: images of shape {digits.model_inputs.shape} and {len(digits)} labels; expected "
            f"({len(digits)}, 28, 28)"
        )
    if len(digits) == 0 or digits.labels.max() > 9:
        raise DataError(f"{digits.name}: the labels are not digits from 0 to 9; fetch the files again")


def _verified(folder: Path, name: str, sha256: Mapping[str, str]) -> bytes:
    """The uncompressed content of a file whose checksum is right. Raises DataError with the next step."""
    try:
        return _right(folder, name, sha256)
    except DataError as error:
        raise DataError(
            f"{error}; run `digitbox-train data` to fetch it, or give the folder that holds mnist/ with --data"
        ) from error


def _right(folder: Path, name: str, sha256: Mapping[str, str]) -> bytes:
    """As `_verified`, but the error says only what is wrong."""
    content = _uncompressed(folder, name)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256[name]:
        raise DataError(f"{folder / name}: the SHA-256 of its content is {found}, expected {sha256[name]}")
    return content


def _uncompressed(folder: Path, name: str) -> bytes:
    packed = folder / f"{name}.gz"
    try:
        return gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{packed} is missing") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{packed} cannot be read ({error})") from error


def _fetched(name: str, mirrors: Sequence[str], sha256: str) -> bytes:
    """The archive from the first mirror that has the right one. Raises DownloadError."""
    reasons = []
    for mirror in mirrors:
        try:
            with urllib.request.urlopen(mirror + name, timeout=FETCH_LIMIT_SECONDS) as response:  # noqa: S310 - our own addresses
                content: bytes = response.read()
            if hashlib.sha256(gzip.decompress(content)).hexdigest() == sha256:
                return content
            reasons.append(f"{mirror}: wrong checksum")
        except (OSError, HTTPException, EOFError, zlib.error) as error:
            reasons.append(f"{mirror}: {error}")
    raise DownloadError(f"it cannot be fetched: {', '.join(reasons)}; look at the network, or copy the file by hand")
