"""Changed copies of the digits, made once by all cores and kept on the disk for every epoch to come.

To change a digit takes longer than to learn from it. A run therefore shows a number of views in turn; each is a file
that is there whole or not at all, so that a run that was killed goes on with those it has.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.pool import Pool
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.augment import augmented
from train.damage import damaged
from train.data import DigitSet, Labels
from train.errors import DataError
from train.forms import other_form
from train.negatives import negatives
from train.output import written_beside
from train.settings import Settings

Result = TypeVar("Result")

NOT_A_DIGIT = 10

END_SECONDS = 5.0
"""So long the processes that change digits have to end."""

BLOCK = 4096
"""Digits that are changed by one process from one state of chance, whatever the number of processes."""

VERSION = 2
"""Of the changes: raise it with every edit of this file, augment.py, damage.py, forms.py or negatives.py that alters a
picture."""

MNIST_FORMS = "mnist"
"""The set whose digits are given other forms; the others have them by themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One changed copy of every digit, then the negatives.

    Attributes:
        pictures: uint8, shape (n + m, 28, 28); row i shows digit i, the last m no digit.
        labels: uint8, shape (n + m,); 0..10.
    """

    pictures: Pixels
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


class Views:
    """Views of some sets of digits, made when first asked for.

    Args:
        sets: The digits, set after set.
        settings: Shares, seed, and how far pictures are changed.
        folder: Where views are kept; those of other digits or settings there are left alone.
    """

    def __init__(self, sets: Sequence[DigitSet], settings: Settings, folder: Path) -> None:
        self._sets = sets
        self._settings = settings
        self._folder = folder / f"views-{_key(sets, settings)}"

    def __len__(self) -> int:
        """Rows of a view."""
        count = sum(len(digits) for digits in self._sets)
        return count + sum(_negatives_beside(block, self._settings) for block in _blocks(self._sets))

    def view(self, number: int) -> View:
        """The view of that number, mapped into memory rather than read.

        Raises:
            OutputError: It cannot be kept: the disk is full.
            DataError: What was kept is damaged.
        """
        path = self._folder / f"{number:03}.npy"
        if not path.exists():
            with written_beside(path) as partial, partial.open("wb") as file:
                np.save(file, self._made(number))
        return self._read(path)

    def make(self, count: int) -> Iterator[int]:
        """Make the views 0..count - 1 that are not there yet; yields the number of each when it is."""
        for number in range(count):
            self.view(number)
            yield number

    def _made(self, number: int) -> NDArray[np.uint8]:
        """One row a picture: its 784 pixels and its label."""
        tasks = [
            (block, self._settings, (self._settings.seed, number, row)) for row, block in enumerate(_blocks(self._sets))
        ]
        changed_blocks = list(in_processes(_changed_block, tasks))
        counts = [len(block) for block in _blocks(self._sets)]
        digits = [made[:count] for made, count in zip(changed_blocks, counts, strict=True)]
        others = [made[count:] for made, count in zip(changed_blocks, counts, strict=True)]
        return np.concatenate([*digits, *others])

    def _read(self, path: Path) -> View:
        try:
            rows = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read ({error}); delete it, and it will be made anew") from error
        if rows.shape != (len(self), 28 * 28 + 1):
            raise DataError(
                f"{path} holds {rows.shape}, expected {(len(self), 785)}; delete it, and it will be made anew"
            )
        return View(rows[:, :-1].reshape(-1, 28, 28), np.array(rows[:, -1]))


def changed(digits: DigitSet, settings: Settings, rng: np.random.Generator) -> DigitSet:
    """The digits as the box may meet them, and behind them their share of things that are no digit.

    Args:
        digits: Labels 0..9; at least 2 of them when there are to be negatives.
        settings: How many take another form, how many stay unchanged or nearly so, how many negatives are added.
        rng: The only source of chance.
    """
    share = settings.forms_share if digits.set_name == MNIST_FORMS else 0.0
    formed = np.stack(
        [
            other_form(picture, int(label), rng) if rng.random() < share else picture
            for picture, label in zip(digits.model_inputs, digits.labels, strict=True)
        ]
    )
    others = negatives(_negatives_beside(digits, settings), digits.model_inputs, rng)
    pictures = np.concatenate([formed, others])
    lot = rng.random(len(pictures))
    changed_far = augmented(pictures[lot >= settings.mild_share], rng, settings.augment)
    changed_mildly = augmented(pictures[lot < settings.mild_share], rng, settings.mild)
    result = np.empty_like(pictures)
    result[lot >= settings.mild_share], result[lot < settings.mild_share] = changed_far, changed_mildly
    unchanged = np.flatnonzero(rng.random(len(digits)) < settings.unchanged_share)
    result[unchanged] = digits.model_inputs[unchanged]
    for row in np.flatnonzero(rng.random(len(result)) < settings.damaged_share):
        result[row] = damaged(result[row], rng)
    labels = np.concatenate([digits.labels, np.full(len(others), NOT_A_DIGIT, np.uint8)])
    return DigitSet(digits.name, result, labels)


def mildly_changed(sets: Sequence[DigitSet], settings: Settings) -> DigitSet:
    """Digits as ordinary photographs show them, several copies of each, with negatives among them."""
    mild = replace(settings, mild_share=1.0, unchanged_share=0.0, damaged_share=0.0)
    rng = np.random.default_rng(settings.seed)
    copies = [changed(digits, mild, rng) for digits in sets for _ in range(settings.validation_copies)]
    return DigitSet(
        "validation, mildly changed",
        np.concatenate([copy.model_inputs for copy in copies]),
        np.concatenate([copy.labels for copy in copies]),
    )


def in_processes(work: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Result]:
    """What a function of a module makes of each tuple of arguments, in their order, by all cores."""
    if len(tasks) == 1:
        yield work(*tasks[0])
        return
    with _pool(min(len(tasks), os.cpu_count() or 1)) as pool:
        yield from pool.imap(_done, [(work, *task) for task in tasks])


def _done(task: tuple[Callable[..., Result], *tuple[Any, ...]]) -> Result:
    work, *arguments = task
    return work(*arguments)


@contextmanager
def _pool(processes: int) -> Iterator[Pool]:
    """Processes that leave Ctrl-C, which reaches every process of a terminal, to their parent, which ends them.

    They inherit a mask that holds the signal back: to ignore it is too late once a process has begun to import. What
    came while they were started is raised once there is somebody to end them.
    """
    ensure_running()  # now, since the first start of the tracker lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool = multiprocessing.get_context("spawn").Pool(processes)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield pool
        finally:
            _end(pool)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: Pool) -> None:
    """End the processes; given up after a while, for `terminate` waits for ever where a task is still half sent.

    Its thread ends with the program, and so do the processes.
    """
    ending = threading.Thread(target=pool.terminate, daemon=True)
    ending.start()
    ending.join(END_SECONDS)


def _changed_block(digits: DigitSet, settings: Settings, seed: tuple[int, ...]) -> NDArray[np.uint8]:
    cv2.setNumThreads(1)  # the pictures are small, and the cores are taken
    made = changed(digits, settings, np.random.default_rng(seed))
    return np.column_stack([made.model_inputs.reshape(len(made), -1), made.labels])


def _blocks(sets: Sequence[DigitSet]) -> Iterator[DigitSet]:
    for digits in sets:
        for begin in range(0, len(digits), BLOCK):
            yield digits.part(digits.name, np.arange(begin, min(begin + BLOCK, len(digits))))


def _negatives_beside(digits: DigitSet, settings: Settings) -> int:
    return round(settings.negative_share * len(digits))


def _key(sets: Sequence[DigitSet], settings: Settings) -> str:
    """Changes with everything that a view depends on."""
    names = (
        "seed",
        "negative_share",
        "forms_share",
        "augment",
        "mild",
        "mild_share",
        "unchanged_share",
        "damaged_share",
    )
    values = asdict(settings)
    text = repr((VERSION, BLOCK, [(name, values[name]) for name in names]))
    parts = hashlib.sha256(text.encode())
    for digits in sets:
        parts.update(digits.name.encode())
        parts.update(digits.model_inputs.tobytes())
        parts.update(digits.labels.tobytes())
    return parts.hexdigest()[:16]
