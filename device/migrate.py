"""Changes the layout of kept files from one release to the next, and back: numbered steps, each can be undone.

A program of its own, run by device/release.py while the daemon is stopped:

    python -m device.migrate latest                     the layouts this release writes
    python -m device.migrate present                    the layouts that lie on this machine
    python -m device.migrate to KIND=LAYOUT...          change the files of these kinds

Kinds are `configuration`, `preferences` and `history`. Each answers with one JSON object; a file that isn't there, or
that is too damaged to have one, has no layout and nothing to change: the daemon puts it aside, and no update fails for
it. Each file changes as a whole or not at all, whenever the power fails: texts are written beside, synced and renamed,
the database changes in one transaction with its version.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from device import durable
from device.adapters.history_sqlite import _MIGRATIONS as HISTORY_UP
from device.adapters.history_sqlite import is_damage
from device.errors import DigitboxError


class MigrationError(DigitboxError, ValueError):
    """A file can't be brought to the layout asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """From one layout of a text file to the next, and back; what a person wrote and the step doesn't know stays."""

    what: str
    up: Callable[[str], str]
    down: Callable[[str], str]


CONFIGURATION: tuple[Step, ...] = ()
"""One step for each layout of digitbox.toml after 0, the first release's. Only ever add."""

PREFERENCES: tuple[Step, ...] = ()
"""As above, for preferences.toml."""

HISTORY_DOWN: Mapping[int, str] = {}
"""Layout -> the statement that undoes it; the way up stands in history_sqlite and is walked when the daemon opens it.

Layout 1 is the first and is never undone. A test demands an entry for each later one.
"""

_LAYOUT = re.compile(r"^# layout (\d+)\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TextKind:
    """A text file whose layout stands in a comment of its own, as "# layout 3"; without one it is 0."""

    path: Path
    steps: tuple[Step, ...]

    @property
    def latest(self) -> int:
        """The layout after all steps."""
        return len(self.steps)

    def present(self) -> int | None:
        """The file's layout, None without a file that is text. Raises OSError."""
        if not self.path.is_file():
            return None
        try:
            found = _LAYOUT.search(self.path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            return None
        return int(found[1]) if found else 0

    def change(self, layout: int) -> None:
        """Walk the steps there. Raises OSError, ValueError, MigrationError."""
        present = self.present()
        if present in (None, layout):
            return
        _check_known(self.path, max(present or 0, layout), self.latest)
        text = _LAYOUT.sub("", self.path.read_text(encoding="utf-8"))
        for step in self.steps[present:layout]:
            text = step.up(text)
        for step in reversed(self.steps[layout:present]):
            text = step.down(text)
        replace(self.path, (f"# layout {layout}\n" if layout else "") + text)


@dataclass(frozen=True, slots=True)
class HistoryKind:
    """The history's database, whose layout is SQLite's user_version."""

    path: Path
    down: Mapping[int, str]
    latest: int

    def present(self) -> int | None:
        """The database's layout, None without a sound one. Raises sqlite3.Error."""
        if not self.path.is_file():
            return None
        try:
            with closing(self._open()) as database:
                return int(database.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return None
            raise

    def change(self, layout: int) -> None:
        """Undo what this layout doesn't have; the way up is the daemon's. Raises sqlite3.Error, MigrationError."""
        present = self.present()
        if present is None or present <= layout:
            return
        _check_known(self.path, present, self.latest)
        with closing(self._open()) as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN IMMEDIATE")
            for undone in range(present, layout, -1):
                database.execute(self.down[undone])
            database.execute(f"PRAGMA user_version = {layout}")
            database.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None)


Kind = TextKind | HistoryKind


def kinds(configuration: Path, state: Path) -> dict[str, Kind]:
    """What can be migrated, for an installation with these places."""
    return {
        "configuration": TextKind(configuration, CONFIGURATION),
        "preferences": TextKind(state / "preferences.toml", PREFERENCES),
        "history": HistoryKind(state / "history.sqlite3", HISTORY_DOWN, len(HISTORY_UP)),
    }


def replace(path: Path, text: str) -> None:
    """Write a file beside, sync it and rename it, with the owner and the rights of the one it replaces."""
    durable.write(path, text.encode(), like=path.stat())


def _check_known(path: Path, needed: int, latest: int) -> None:
    if needed > latest:
        raise MigrationError(
            f"{path}: has to do with layout {needed}, this release knows {latest}; migrate with the newer release"
        )


def _wanted(words: Sequence[str], known: Mapping[str, Kind]) -> dict[str, int]:
    wanted = {}
    for word in words:
        kind, _, layout = word.partition("=")
        if kind not in known or not layout.isdecimal():
            raise MigrationError(f'"{word}" is no KIND=LAYOUT; the kinds are {", ".join(known)}')
        wanted[kind] = int(layout)
    return wanted


def main(arguments: Sequence[str] | None = None) -> int:
    """Obey the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m device.migrate", description="Change the layout of kept files.")
    parser.add_argument("order", choices=("latest", "present", "to"))
    parser.add_argument("wanted", nargs="*", metavar="KIND=LAYOUT")
    parser.add_argument("--configuration", type=Path, default=Path("/etc/digitbox/digitbox.toml"))
    parser.add_argument("--state", type=Path, default=Path("/var/lib/digitbox"))
    options = parser.parse_args(arguments)
    known = kinds(options.configuration, options.state)
    try:
        if options.order == "to":
            for kind, layout in _wanted(options.wanted, known).items():
                known[kind].change(layout)
        latest = options.order == "latest"
        layouts = {name: kind.latest if latest else kind.present() for name, kind in known.items()}
    except (DigitboxError, OSError, ValueError, sqlite3.Error) as error:
        sys.stderr.write(f"digitbox: {error}\n")
        return 1
    sys.stdout.write(json.dumps(layouts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
