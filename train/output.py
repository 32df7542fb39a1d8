"""Results reach their place whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from train.errors import OutputError


@contextlib.contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a place beside `path` to write a file or folder to, and move it to `path` once all of it is there.

    Whatever happens on the way (a full disk, Ctrl-C, a kill), what stood at `path` before stays; a folder is
    replaced in two moves, so a kill between them leaves the old one beside, with `.old` added to its name.

    Raises:
        OutputError: It could not be written.
    """
    partial = path.with_name(f"partial-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        try:
            yield partial
            _replace(partial, path)
        finally:
            _remove(partial)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path} cannot be written ({reason}); free space or give another --out") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file, durably. Raises OutputError."""
    with written_beside(path) as partial, partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(partial: Path, path: Path) -> None:
    if not path.is_dir():
        partial.replace(path)
        return
    old = path.with_name(f"{path.name}.old")
    _remove(old)
    path.replace(old)  # a folder that is not empty can't be replaced in one move
    partial.replace(path)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
