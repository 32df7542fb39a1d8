"""Power cuts between any two writes, with what was not synced thrown away: nothing acknowledged is lost.

Each program is run once under strace; then, for every prefix of its recorded writes, what a disk may hold is laid out
and opened as after a restart (tests/deploy/disk.py has the rules).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from boxes import Behaviour, Box
from disk import Disk, lay_out, record

from device import config
from device.adapters.history_sqlite import SqliteHistory
from device.config import HistoryConfig

TESTS = str(Path(__file__).parent)
KEPT = 12
NEWER = {"configuration": 1, "preferences": 0, "history": 2}

HISTORY = """
import os, sys
from dataclasses import replace
from pathlib import Path
from device import config
from device.adapters.history_sqlite import SqliteHistory
from device.domain import Reading, Status
settings = replace(config.load().history, path=Path(sys.argv[1], "history.sqlite3"), keep=1000)
history = SqliteHistory(settings)
history.open()
for number in range({kept}):
    entry = history.append(Reading(Status.OK, ()), time=f"2026-11-21T10:00:{{number:02}}+00:00")
    os.write(1, f"ack {{entry.id}}\\n".encode())
history.close()
"""

PREFERENCES = """
import os, sys
from dataclasses import fields, replace
from pathlib import Path
from device import compose, config
from device.preferences import Preferences
settings = config.load()
settings = replace(settings, daemon=replace(settings.daemon, preferences=Path(sys.argv[1], "preferences.toml")))
store = compose.configured_parts(settings).preferences_store
configured = Preferences(**{{field.name: getattr(settings.speech, field.name) for field in fields(Preferences)}})
for volume in range(50, 50 + {kept}):
    store.save(replace(configured, volume=volume))
    os.write(1, f"ack {{volume}}\\n".encode())
"""

UPDATE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_power_cuts import box_in
box_in(Path(sys.argv[1])).releases().activate("two", b"# layout 1\\nwanted = 1\\n")
os.write(1, b"ack two\\n")
"""


@pytest.fixture(autouse=True)
def _strace() -> None:
    """Skip where a container forbids to trace; a missing strace is a missing install step, which tests/run does."""
    assert shutil.which("strace"), "tests/run installs it"
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"this machine lets no process be traced: {probe.stderr.strip()}")


def cuts(
    program: str, folder: Path, check: Callable[[Path, list[str]], None], arguments: tuple[str, ...] = ()
) -> Iterator[str]:
    """Check what is left by a cut after each recorded write; yields the kind of state each time."""
    root, place = folder / "disk", folder / "after"
    disk = Disk(root)
    disk.load()
    lines = record(program, [str(root), *arguments], folder / "trace")
    for line in ["", *lines]:
        if line and not disk.obey(line):
            continue
        for kind, state in disk.states():
            lay_out(state, disk.folders, root, place)
            check(place, disk.acknowledged)
            yield kind


CARELESS = """
import os, sys
from pathlib import Path
path = Path(sys.argv[1], "kept")
for text in ("old", "new"):
    with path.with_suffix(".part").open("w") as file:
        file.write(text)
        if text == "old":
            file.flush()
            os.fsync(file.fileno())
    path.with_suffix(".part").replace(path)
    descriptor = os.open(sys.argv[1], os.O_RDONLY)
    os.fsync(descriptor)
"""


def test_the_recorded_disk_forgets_what_was_not_synced(tmp_path):
    """A program that forgets one fsync is found out: its file is empty after the last cut."""
    (tmp_path / "disk").mkdir()
    found = set()

    def check(place: Path, acknowledged: list[str]) -> None:
        path = place / "kept"
        found.add(path.read_text(encoding="utf-8") if path.exists() else None)

    list(cuts(CARELESS, tmp_path, check))
    assert found == {None, "old", "new", ""}


def test_history(tmp_path, record_property):
    """Every reading that was acknowledged is there, and the file was never damaged."""
    (tmp_path / "disk").mkdir()
    shipped = config.load().history

    def check(place: Path, acknowledged: list[str]) -> None:
        with closing(sqlite3.connect(place / "history.sqlite3")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        history = SqliteHistory(HistoryConfig(**{**vars_of(shipped), "path": place / "history.sqlite3"}))
        history.open()
        with closing(history):
            assert history.kept_aside is None
            there = [str(entry.id) for entry in history.entries()]
        assert there[: len(acknowledged)] == acknowledged
        assert len(there) - len(acknowledged) in (0, 1)

    done = list(cuts(HISTORY.format(kept=KEPT), tmp_path, check))
    record_property("cuts", len(done))
    assert len(done) > 100


def vars_of(section: HistoryConfig) -> dict[str, object]:
    """The fields of a frozen section."""
    return {name: getattr(section, name) for name in section.__dataclass_fields__}


def test_preferences(tmp_path, record_property):
    """The file is whole, and at least as new as what was acknowledged."""
    (tmp_path / "disk").mkdir()

    def check(place: Path, acknowledged: list[str]) -> None:
        path = place / "preferences.toml"
        if not path.exists():
            assert not acknowledged
            return
        volume = tomllib.loads(path.read_text(encoding="utf-8"))["speech"]["volume"]
        assert volume in ({int(acknowledged[-1]), int(acknowledged[-1]) + 1} if acknowledged else {50})

    done = list(cuts(PREFERENCES.format(kept=KEPT), tmp_path, check))
    record_property("cuts", len(done))
    assert len(done) > 100


def box_in(folder: Path) -> Box:
    """The box that lies in a folder, with release one and a release two of newer layouts."""
    box = Box(folder)
    box.behaviour = {"one": Behaviour(), "two": Behaviour(latest=NEWER)}
    return box


def test_update(tmp_path, monkeypatch, record_property):
    """After the boot-time unit one of the two releases is whole and in use; the new one, once that was said."""
    box = Box(tmp_path / "disk")
    box.keep("configuration", 0)
    box.keep("history", 1)
    box.add("one")
    box.add("two", Behaviour(latest=NEWER))
    box.releases().activate("one")
    outcomes = set()

    def check(place: Path, acknowledged: list[str]) -> None:
        after = box_in(place)
        with after.releases().alone():
            pass
        name = after.releases().current
        assert name == "two" if acknowledged else name in ("one", "two")
        assert after.start() is None
        assert not after.places.journal.exists()
        latest = after.behaviour[name].latest
        assert (after.layout("configuration"), after.layout("history")) == (latest["configuration"], latest["history"])
        outcomes.add(name)

    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # of the recoveries, which would take its time
    done = list(cuts(UPDATE, tmp_path, check, (TESTS,)))
    record_property("cuts", len(done))
    assert outcomes == {"one", "two"}
    assert len(done) > 60
