"""Rows made once by all cores and kept in a file, for every epoch and every process to come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.archives import DAMAGED
from train.data import DigitSet
from train.errors import DataError
from train.output import written_beside
from train.rows.drawing import Rows, drawn_rows
from train.rows.photographed import Photographs, photographed_rows
from train.views import in_processes

BLOCK = 1000
"""Rows that are drawn by one process from one state of chance, whatever the number of processes."""

PHOTOGRAPHS_BLOCK = 50
"""The same of photographs."""


def kept_rows(
    sets: Sequence[DigitSet], count: int, seed: tuple[int, ...], path: Path, taken: Photographs | None = None
) -> Rows:
    """Rows in the hands of some sets, from the file where they are kept, or made and put there.

    Args:
        sets: Whose digits rows are drawn of.
        count: How many of these.
        seed: Theirs.
        path: Of the file.
        taken: What is found on these photographs comes behind them.

    Raises:
        OutputError: They cannot be kept.
        DataError: What was kept is damaged, or was made of something else.
    """
    made_of = repr(([digits.name for digits in sets], count, seed, taken and (taken.part, taken.count, taken.copies)))
    if not path.exists():
        begins = range(0, count, BLOCK)
        tasks = [(_some_of(sets, (*seed, begin)), min(BLOCK, count - begin), (*seed, begin)) for begin in begins]
        parts = list(in_processes(drawn_rows, tasks))
        if taken is not None:
            begins = range(0, taken.count, PHOTOGRAPHS_BLOCK)
            cuts = [(taken, begin, min(PHOTOGRAPHS_BLOCK, taken.count - begin)) for begin in begins]
            parts += in_processes(photographed_rows, cuts)
        _keep(parts, path, made_of)
    return read_rows(path, made_of)


def read_rows(path: Path, made_of: str | None = None) -> Rows:
    """The rows in a file. Raises DataError, also where they were made of something else."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            if made_of not in {None, str(kept["made_of"])}:
                raise DataError(f"{path} was made with other settings; delete it, and it will be made anew")
            pictures = np.split(kept["columns"], np.cumsum(kept["widths"])[:-1], axis=1)
            digits = np.split(kept["digits"], np.cumsum(kept["lengths"])[:-1])
    except DataError:
        raise
    except DAMAGED as error:
        raise DataError(f"{path} cannot be read ({error}); delete it, and it will be made anew") from error
    return Rows(tuple(pictures), tuple(tuple(int(digit) for digit in row) for row in digits))


def _some_of(sets: Sequence[DigitSet], seed: tuple[int, ...]) -> list[DigitSet]:
    """Digits for one block: all of them would be copied into each process again and again."""
    rng = np.random.default_rng((*seed, 1))
    chosen = [rng.choice(len(digits), min(len(digits), 2 * BLOCK), replace=False) for digits in sets]
    return [digits.part(digits.name, np.sort(rows)) for digits, rows in zip(sets, chosen, strict=True)]


def _keep(parts: Sequence[Rows], path: Path, made_of: str) -> None:
    pictures = [picture for part in parts for picture in part.pictures]
    labels = [digits for part in parts for digits in part.labels]
    with written_beside(path) as partial, partial.open("wb") as file:
        np.savez(
            file,
            columns=np.concatenate(pictures, axis=1),
            widths=[picture.shape[1] for picture in pictures],
            digits=np.array([digit for row in labels for digit in row], np.uint8),
            lengths=[len(row) for row in labels],
            made_of=made_of,
        )
