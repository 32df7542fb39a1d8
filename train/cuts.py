"""Digits as the box gets them: written on drawn sheets, photographed, found and cut by the device's own finder.

What is cut out with two digits in it is kept as well, as something that is no digit. Made once a run and kept on the
disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import PREPROCESSING_VERSION, Box, Frame, Pixels
from device.find import find
from device.preprocess import mnist_layout
from train.data import DigitSet
from train.errors import DataError
from train.output import written_beside
from train.photographs.files import SEEDS, shot
from train.photographs.hands import Part, Pool, pools
from train.photographs.optics import jpeg
from train.settings import Settings
from train.views import NOT_A_DIGIT, in_processes

Cuts = tuple[Pixels, NDArray[np.uint8]]
Progress = Callable[[Iterator[Cuts], int], Iterable[Cuts]]

NAME = "photographs, training part"

KINDS = ("single", "number", "sheet")
"""Of `train.photographs.files.KINDS`, in turn."""

BLOCK = 50
"""Photographs that one process takes at a time."""

VERSION = 1
"""Raise it when other pictures come out: those kept from before are then left alone."""

LEAST_OVERLAP = 0.6
"""Of a digit's box and a cut's, shared over joined: below it, the cut is of something else or of a part."""

MOST_FOREIGN = 0.15
"""Share of another digit's box that may lie in a cut; from 0.6 on it is in the cut."""


def cut_digits(data: Path, settings: Settings, out: Path, *, shown: Progress = lambda steps, _: steps) -> DigitSet:
    """Digits in the handwriting of the training parts, and pairs of them labelled "not a digit".

    Args:
        data: The sets to learn from; only those that the settings name lend their handwriting.
        settings: How many photographs, and the sets.
        out: Folder in which they are kept.
        shown: Passes steps on, given their number, and may show how far they have got.

    Raises:
        DataError: A set is damaged, or what was kept is.
        OutputError: They cannot be kept.
    """
    hands = tuple(pool for pool in pools(data, Part.TRAINING) if pool.name in settings.sets)
    path = out / f"cuts-{_key(hands, settings.photographs)}.npz"
    if not path.exists():
        begins = range(0, settings.photographs, BLOCK)
        tasks = [(hands, range(begin, min(begin + BLOCK, settings.photographs))) for begin in begins]
        found = list(shown(in_processes(_cut_block, tasks), len(tasks)))
        pictures, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
        with written_beside(path) as partial, partial.open("wb") as target:
            np.savez(target, pictures=pictures, labels=labels)
    try:
        with path.open("rb") as file, np.load(file) as kept:
            return DigitSet(NAME, kept["pictures"], kept["labels"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path} cannot be read ({error}); delete it, and it will be made anew") from error


def cut_from_photograph(frame: Frame, label: str, boxes: Sequence[Box | None]) -> list[tuple[Pixels, int]]:
    """What the device cuts out of a photograph, with what it is: 0..9, or 10 for two digits in one.

    Args:
        frame: The photograph.
        label: Its digits, without blanks.
        boxes: Where they are; None for one outside the picture.

    Returns:
        Model inputs, uint8, shape (28, 28), and labels; pieces of digits and of other things are left out.
    """
    places = [(int(digit), box) for digit, box in zip(label, boxes, strict=True) if box is not None]
    cuts = [(writing, _label(writing.box, places)) for writing in find(frame).writings]
    return [(mnist_layout(writing.ink), meant) for writing, meant in cuts if meant is not None]


def _label(cut: Box, places: Sequence[tuple[int, Box]]) -> int | None:
    """What is in a cut, None where that is not one whole digit nor several."""
    inside = [cut.shared_area(box) / max(1, box.area) for _, box in places]
    if sum(share > LEAST_OVERLAP for share in inside) > 1:
        return NOT_A_DIGIT
    touched = [place for place, share in zip(places, inside, strict=True) if share > MOST_FOREIGN]
    if len(touched) != 1:
        return None
    ((digit, box),) = touched
    shared = cut.shared_area(box)
    return digit if shared > LEAST_OVERLAP * (cut.area + box.area - shared) else None


def photographs(
    kinds: Sequence[str], hands: Sequence[Pool], part: Part, numbers: range
) -> Iterator[tuple[Frame, str, tuple[Box | None, ...]]]:
    """Drawn photographs as a camera stores them, the digits in each without blanks, and their boxes.

    Args:
        kinds: Of `train.photographs.files.KINDS` with one frame each, in turn.
        hands: Who writes.
        part: Whose seed.
        numbers: Which photographs.
    """
    for number in numbers:
        (taken,) = shot(kinds[number % len(kinds)], hands, SEEDS[part], number).frames
        stored = np.frombuffer(jpeg(taken.pixels, taken.scene.lens.jpeg_quality), np.uint8)
        frame = Frame(np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8), source=f"photograph {number}")
        yield frame, taken.scene.label.replace(" ", ""), taken.boxes


def _cut_block(hands: Sequence[Pool], numbers: range) -> Cuts:
    cv2.setNumThreads(1)  # the cores are taken
    pictures = []
    for taken in photographs(KINDS, hands, Part.TRAINING, numbers):
        pictures += cut_from_photograph(*taken)
    shown = [picture for picture, _ in pictures]
    labels = np.array([label for _, label in pictures], np.uint8)
    return np.stack(shown) if shown else np.empty((0, 28, 28), np.uint8), labels


def _key(hands: Sequence[Pool], count: int) -> str:
    """Changes with everything that the pictures depend on but the code."""
    parts = hashlib.sha256(repr((VERSION, PREPROCESSING_VERSION, count, KINDS)).encode())
    for pool in hands:
        parts.update(pool.name.encode())
        parts.update(pool.pictures.tobytes())
    return parts.hexdigest()[:16]
