"""`digitbox history`: what was read."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device import compose, config, durable
from device.cli.output import print_json
from device.config import Config
from device.domain import HistoryEntry
from device.errors import DigitboxError
from device.records import Records


def show_history(options: argparse.Namespace) -> int:
    """Print, export or delete what was read."""
    settings = config.installed(options.config)
    if options.export is not None:  # before they are deleted
        entries = _entries(settings)
        path = _export(entries, options.export)
        facts = {"exported": len(entries), "path": str(path)}
        _tell(facts, f"{len(entries)} readings written to {path}", options)
    if options.delete:  # what can't be read too
        with contextlib.closing(compose.history(settings)) as history:
            deleted = Records(compose.samples(settings), compose.pictures(settings)).forget_everything(history)
        _tell({"deleted": deleted}, f"{deleted} readings deleted, and all kept pictures", options)
    if options.delete or options.export is not None:
        return 0
    for entry in _entries(settings):
        if options.json:
            print_json(asdict(entry))
        else:
            corrected = f" (corrected: {entry.corrected})" if entry.corrected is not None else ""
            print(f"{entry.id:6}  {entry.time}  {entry.status:10}  {entry.number}{corrected}")
    return 0


def _entries(settings: Config) -> Sequence[HistoryEntry]:
    """All that is kept, looked at without writing. Raises HistoryError."""
    with contextlib.closing(compose.history(settings, read_only=True)) as history:
        history.open()
        return history.entries()


def _tell(facts: dict[str, Any], sentence: str, options: argparse.Namespace) -> None:
    """What was done: an object with --json, else a sentence."""
    if options.json:
        print_json(facts)
    else:
        print(sentence)


def _export(entries: Sequence[HistoryEntry], folder: Path) -> Path:
    """Write history.csv into the folder; the file is whole or not there. Raises DigitboxError."""
    import csv

    path, table = folder / "history.csv", io.StringIO(newline="")
    writer = csv.DictWriter(table, ["id", "time", "number", "status", "corrected"])
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    try:
        durable.write(path, table.getvalue().encode())
    except OSError as error:
        remedy = "name a folder with space that you may write to"
        raise DigitboxError(f"{path}: cannot be written ({error.strerror}); {remedy}") from error
    return path
