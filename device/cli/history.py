"""`digitbox history`: what was read."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from device import compose, config
from device.cli.output import print_json
from device.domain import HistoryEntry
from device.errors import DigitboxError
from device.records import Records


def show_history(options: argparse.Namespace) -> int:
    """Print, export or delete what was read."""
    settings = config.installed(options.config)
    history = compose.history(settings, read_only=not options.delete)
    history.open()
    with contextlib.closing(history):
        if options.delete:
            kept = Records(compose.samples(settings), compose.pictures(settings))
            print(f"{kept.forget_everything(history)} readings deleted, and all kept pictures")
            return 0
        entries = history.entries()
    if options.export is not None:
        _export(entries, options.export)
        return 0
    for entry in entries:
        if options.json:
            print_json(asdict(entry))
        else:
            corrected = f" (corrected: {entry.corrected})" if entry.corrected is not None else ""
            print(f"{entry.id:6}  {entry.time}  {entry.status:10}  {entry.number}{corrected}")
    return 0


def _export(entries: Sequence[HistoryEntry], folder: Path) -> None:
    """Write history.csv into the folder; the file is whole or not there. Raises DigitboxError."""
    import csv

    path = folder / "history.csv"
    beside = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["id", "time", "number", "status", "corrected"])
            writer.writeheader()
            writer.writerows(asdict(entry) for entry in entries)
        beside.replace(path)
    except OSError as error:
        raise DigitboxError(f"{path}: cannot be written ({error.strerror}); name a folder with space") from error
    print(f"{len(entries)} readings written to {path}")
