"""The contract of the history port, over every adapter, and what SQLite must survive."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from device import durable
from device.adapters.history_none import NullHistory
from device.adapters.history_sqlite import SqliteHistory
from device.domain import Box, Digit, Reading, Status
from device.errors import HistoryError

TIME = "2025-06-01T12:00:00+02:00"


def reading(number=7):
    """A reading of one number."""
    digits = (Digit(int(digit), 0.99, None, Box(0, 0, 9, 9), (0.1,) * 10, sure=True) for digit in str(number))
    return Reading(Status.OK, tuple(digits))


@pytest.fixture
def history_settings(settings, tmp_path):
    """A file of the test's own, in a folder that is not there yet."""
    return replace(settings.history, path=tmp_path / "state" / "history.sqlite3", keep=1000)


@pytest.fixture
def sqlite(history_settings):
    """The history in SQLite, opened."""
    history = SqliteHistory(history_settings)
    history.open()
    yield history
    history.close()


@pytest.fixture(params=["sqlite", "none"])
def history(request):
    """Every history, opened; `keeps` says whether it remembers anything."""
    return NullHistory() if request.param == "none" else request.getfixturevalue("sqlite")


def test_nothing_is_kept_where_its_disk_should_be(history_settings, tmp_path, monkeypatch):
    """A partition that is gone: what were written below it would be lost, or hidden once it is back."""
    fstab = tmp_path / "fstab"
    fstab.write_text(f"/media/data/digitbox {history_settings.path.parent} none bind,nofail 0 0\n", encoding="utf-8")
    monkeypatch.setattr(durable, "FSTAB", fstab)
    for read_only in (False, True):
        with pytest.raises(HistoryError, match=r"the partition for .* is missing.*; plug it in again"):
            SqliteHistory(history_settings, read_only=read_only).open()
    assert not history_settings.path.parent.exists()


# --- the contract -----------------------------------------------------------------------------------------------------


def test_a_reading_is_kept_as_it_was(history):
    """What append returns is what entries give, oldest first; a history that keeps nothing gives nothing."""
    kept = [history.append(reading(number), time=TIME) for number in (7, 427)]
    assert [(entry.time, entry.number, entry.status, entry.corrected) for entry in kept] == [
        (TIME, "7", "ok", None),
        (TIME, "427", "ok", None),
    ]
    assert list(history.entries()) == ([] if isinstance(history, NullHistory) else kept)


def test_deleting_says_how_many_there_were(history):
    """Afterwards there is none, and deleting again deletes none."""
    for number in range(3):
        history.append(reading(number), time=TIME)
    assert history.delete() == (0 if isinstance(history, NullHistory) else 3)
    assert list(history.entries()) == []
    assert history.delete() == 0


def test_a_history_can_be_closed_at_any_time(history):
    """Closing twice is no error, and opening again goes on."""
    history.close()
    history.close()
    history.open()
    history.append(reading(), time=TIME)
    assert history.kept_aside is None


def test_a_correction_is_noted(history, sqlite):
    """With its entry and nowhere else; for an entry that is not there, it says so."""
    first, second = (history.append(reading(number), time=TIME) for number in (7, 427))
    assert history.correct(first.id, "1") is (history is sqlite)
    assert not history.correct(99999, "1")
    kept = {entry.id: entry.corrected for entry in history.entries()}
    assert kept == ({first.id: "1", second.id: None} if history is sqlite else {})


def test_one_reading_is_deleted(history, sqlite):
    """And only that one; a second time there is nothing left to delete."""
    first, second = (history.append(reading(number), time=TIME) for number in (7, 427))
    assert history.delete(first.id) == int(history is sqlite)
    assert history.delete(first.id) == 0
    assert [entry.id for entry in history.entries()] == ([second.id] if history is sqlite else [])


def test_readings_are_searched_for(sqlite):
    """The latest first, page by page, by digits in a row, also in what was corrected."""
    for number in (7, 427, 42, 1):
        sqlite.append(reading(number), time=TIME)
    sqlite.correct(4, "4 2")
    assert [entry.number for entry in sqlite.search(limit=2)] == ["1", "42"]
    assert [entry.number for entry in sqlite.search(limit=2, before=3)] == ["427", "7"]
    assert [entry.id for entry in sqlite.search(limit=9, number="42")] == [4, 3, 2]
    assert not sqlite.search(limit=9, number="99")
    assert not NullHistory().search(limit=9)


# --- SQLite -----------------------------------------------------------------------------------------------------------


def test_the_latest_entries(sqlite):
    """A limit gives the latest, still oldest first; ids rise."""
    for number in range(5):
        sqlite.append(reading(number), time=TIME)
    assert [entry.number for entry in sqlite.entries(limit=2)] == ["3", "4"]
    assert list(sqlite.entries(limit=0)) == []
    ids = [entry.id for entry in sqlite.entries()]
    assert ids == sorted(ids)


def test_it_outlives_its_process(sqlite, history_settings):
    """Another opening finds the entries, and ids go on rising, also after everything was deleted."""
    first = sqlite.append(reading(1), time=TIME)
    sqlite.close()
    again = SqliteHistory(history_settings)
    again.open()
    assert list(again.entries()) == [first]
    again.delete()
    assert again.append(reading(2), time=TIME).id > first.id
    again.close()


def test_the_oldest_go(history_settings):
    """No more than `keep` readings are kept."""
    history = SqliteHistory(replace(history_settings, keep=3))
    history.open()
    for number in range(10):
        history.append(reading(number), time=TIME)
    assert [entry.number for entry in history.entries()] == ["7", "8", "9"]
    history.close()


def test_commits_are_durable(sqlite):
    """Write-ahead log, synced at every commit: a power cut costs nothing that was acknowledged."""
    database = sqlite._database
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from device import config
from device.adapters.history_sqlite import SqliteHistory
from device.domain import Reading, Status
history = SqliteHistory(replace(config.load().history, path=Path(sys.argv[1]), keep=1000000))
history.open()
while True:
    print(history.append(Reading(Status.UNREADABLE), time="2025-06-01T12:00:00+02:00").id, flush=True)
"""


def test_a_kill_loses_nothing_acknowledged(history_settings):
    """A process killed in the middle of appends: all it had acknowledged is there, and the file is sound."""
    command = [sys.executable, "-c", CHILD, str(history_settings.path)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    acknowledged = 0
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as child:
            for _ in range(50):
                acknowledged = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            # What it had written before the signal came was acknowledged too.
            acknowledged = max([acknowledged, *(int(line) for line in child.stdout if line.endswith(b"\n"))])
        history = SqliteHistory(history_settings)
        history.open()
        ids = [entry.id for entry in history.entries()]
        history.close()
        assert history.kept_aside is None
        assert ids == list(range(1, len(ids) + 1))
        assert len(ids) in (acknowledged, acknowledged + 1)


def test_deleted_readings_leave_no_trace(sqlite, history_settings):
    """Neither the file nor the log beside it holds a number any more."""
    sqlite.append(reading(31415926), time=TIME)
    files = history_settings.path.parent
    assert any(b"31415926" in path.read_bytes() for path in files.iterdir())
    sqlite.delete()
    assert not any(b"31415926" in path.read_bytes() for path in files.iterdir())


def test_what_a_reader_keeps_in_the_log_is_told_of(sqlite, history_settings):
    """As long as another program looks at them, deleted readings stay in the file; afterwards they can go."""
    sqlite.append(reading(31415926), time=TIME)
    with closing(sqlite3.connect(history_settings.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert len(reader.execute("SELECT * FROM readings").fetchall()) == 1
        with pytest.raises(HistoryError, match="delete it once more"):
            sqlite.delete()
    sqlite.delete()
    assert not any(b"31415926" in path.read_bytes() for path in history_settings.path.parent.iterdir())


@pytest.mark.parametrize("damaged_from", [0, 100, 3 * 4096], ids=["header", "schema", "rows"])
def test_a_damaged_file_is_kept_aside(history_settings, damaged_from):
    """A new one is begun, the old one stays under a name of its own, as often as it happens."""
    path = history_settings.path
    for number in (1, 2):
        history = SqliteHistory(history_settings)
        history.open()
        for _ in range(200):
            history.append(reading(), time=TIME)
        history.close()
        content = bytearray(path.read_bytes())
        content[damaged_from : damaged_from + 3900] = b"\xaa" * 3900
        path.write_bytes(content)
        history = SqliteHistory(history_settings)
        history.open()
        assert history.kept_aside == f"{path}.corrupt-{number}"
        assert Path(history.kept_aside).read_bytes() == bytes(content)
        assert list(history.entries()) == []
        history.append(reading(), time=TIME)
        history.close()


@pytest.mark.parametrize("table", [None, "CREATE TABLE readings (id)"], ids=["no table", "no columns"])
def test_a_file_with_another_schema_is_kept_aside(history_settings, table):
    """Its version says that it has ours, and every reading would be lost with a word about a full disk."""
    path = history_settings.path
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")
        database.execute(table or "CREATE TABLE other (id)")
    history = SqliteHistory(history_settings)
    history.open()
    assert history.kept_aside == f"{path}.corrupt-1"
    history.append(reading(), time=TIME)
    history.close()


def test_a_folder_in_its_place_is_kept_aside(history_settings):
    """What is in it goes with everything else that is deleted."""
    history_settings.path.mkdir(parents=True)
    (history_settings.path / "x").touch()
    history = SqliteHistory(history_settings)
    history.open()
    aside = Path(history.kept_aside)
    assert (aside / "x").exists()
    history.append(reading(), time=TIME)
    assert history.delete() == 1
    assert not aside.exists()
    history.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_pipe_in_its_place_is_not_waited_for(history_settings, read_only):
    """Nor put aside: it is somebody else's."""
    history_settings.path.parent.mkdir()
    os.mkfifo(history_settings.path)
    with pytest.raises(HistoryError, match="a pipe or a device"):
        SqliteHistory(history_settings, read_only=read_only).open()
    assert history_settings.path.exists()


def test_the_log_of_a_damaged_file_goes_with_it(history_settings):
    """A log that is still there, because another process looks at the file, is kept with it for a rescue."""
    history = SqliteHistory(history_settings)
    history.open()
    for _ in range(200):
        history.append(reading(), time=TIME)
    history.close()
    path = history_settings.path
    looking = sqlite3.connect(path)
    looking.execute("SELECT * FROM readings").fetchone()
    looking.execute("INSERT INTO readings (time, number, status) VALUES ('', '', '')")
    looking.commit()
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 4 * 4096] = b"\xaa" * 4096
    path.write_bytes(content)
    log = path.with_name(path.name + "-wal").read_bytes()
    history.open()
    assert Path(f"{history.kept_aside}-wal").read_bytes() == log
    history.append(reading(), time=TIME)
    looking.close()
    assert len(history.entries()) == 1
    history.close()


def test_an_empty_file_is_begun(history_settings):
    """A file of no bytes, as after a power cut at the first start, is no damage."""
    history_settings.path.parent.mkdir()
    history_settings.path.touch()
    history = SqliteHistory(history_settings)
    history.open()
    assert history.kept_aside is None
    history.close()


def test_a_newer_file_is_left_alone(sqlite, history_settings):
    """The file of a later version is neither changed nor put aside."""
    sqlite._database.execute("PRAGMA user_version = 99")
    sqlite.close()
    for read_only in (False, True):
        with pytest.raises(HistoryError, match="newer digitbox"):
            SqliteHistory(history_settings, read_only=read_only).open()
    assert [path.name for path in history_settings.path.parent.iterdir()] == [history_settings.path.name]


def test_a_full_disk_is_no_damage(sqlite, history_settings, file_size_limit):
    """The append fails and says so; nothing acknowledged is lost, and with space again it goes on."""
    kept = [sqlite.append(reading(number), time=TIME) for number in range(5)]
    size = max(path.stat().st_size for path in history_settings.path.parent.iterdir())

    def fill():
        while True:
            kept.append(sqlite.append(reading(), time=TIME))

    with file_size_limit(size), pytest.raises(HistoryError, match="disk full"):
        fill()
    assert list(sqlite.entries()) == kept
    kept.append(sqlite.append(reading(), time=TIME))
    sqlite.close()
    again = SqliteHistory(history_settings)
    again.open()
    assert list(again.entries()) == kept
    assert again.kept_aside is None
    again.close()


def test_a_write_that_fails_midway_leaves_nothing_and_hinders_none(history_settings):
    """A reading is kept and the oldest goes, or neither; and the next write begins anew."""
    with closing(SqliteHistory(replace(history_settings, keep=1))) as history:
        history.open()
        history.append(reading(7), time=TIME)
        with closing(sqlite3.connect(history_settings.path, isolation_level=None)) as other:
            other.execute("CREATE TRIGGER fails BEFORE DELETE ON readings BEGIN SELECT RAISE(FAIL, 'no room'); END")
            with pytest.raises(HistoryError, match="no room"):
                history.append(reading(8), time=TIME)
            assert [entry.number for entry in history.entries()] == ["7"]
            other.execute("DROP TRIGGER fails")
        history.append(reading(9), time=TIME)
        assert [entry.number for entry in history.entries()] == ["9"]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_full_disk_can_be_made_room_on(sqlite, history_settings, file_size_limit, is_open):
    """Deleting everything needs none, whether the daemon does it or a program of its own."""
    for _ in range(5):
        sqlite.append(reading(31415926), time=TIME)
    if not is_open:
        sqlite.close()
    with file_size_limit(0):
        assert sqlite.delete() == 5
    assert not any(b"31415926" in path.read_bytes() for path in history_settings.path.parent.iterdir())
    sqlite.open()
    sqlite.append(reading(), time=TIME)
    assert len(sqlite.entries()) == 1


def test_on_a_full_disk_nobody_elses_history_is_taken_away(sqlite, history_settings, file_size_limit):
    """The daemon would go on writing into a file without a name; who is told knows the next step."""
    sqlite.append(reading(), time=TIME)
    other = SqliteHistory(history_settings)
    with file_size_limit(0), pytest.raises(HistoryError, match="another program has it open; stop that first"):
        other.delete()
    assert len(sqlite.entries()) == 1


def test_a_disk_full_at_the_start_is_no_damage(history_settings, file_size_limit):
    """Opening fails, and nothing is put aside."""
    with file_size_limit(0), pytest.raises(HistoryError):
        SqliteHistory(history_settings).open()
    assert not list(history_settings.path.parent.glob("*.corrupt*"))


def test_a_path_that_cannot_be_used_is_named(settings, tmp_path):
    """The message names the path."""
    path = tmp_path / "state" / "history.sqlite3"
    path.parent.write_text("")
    with pytest.raises(HistoryError, match=r"history\.sqlite3"):
        SqliteHistory(replace(settings.history, path=path)).open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write every file")
def test_a_file_that_cannot_be_written_is_named(sqlite, history_settings):
    """The daemon learns at once that it cannot keep anything, not at the first reading."""
    history_settings.path.chmod(0o444)
    with pytest.raises(HistoryError, match="readonly"):
        SqliteHistory(history_settings).open()


def test_it_may_be_closed_from_another_thread(sqlite, history_settings):
    """The worker opens it; whoever gives it up closes it, and what comes later is an error of the history."""
    sqlite.append(reading(), time=TIME)
    thread = threading.Thread(target=sqlite.close)
    thread.start()
    thread.join(5.0)
    assert not list(history_settings.path.parent.glob("*-wal"))  # SQLite tidies up when it closes
    with pytest.raises(HistoryError, match="closed"):
        sqlite.append(reading(), time=TIME)


# --- looking at it from another process -------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [True, False])
def test_reading_beside_the_daemon(sqlite, history_settings, running):
    """The entries, whether the daemon has the file open or not, and nothing is written or created."""
    kept = [sqlite.append(reading(number), time=TIME) for number in range(3)]
    if not running:
        sqlite.close()
    before = {path: path.read_bytes() for path in history_settings.path.parent.iterdir() if path.suffix != "-shm"}
    looking = SqliteHistory(history_settings, read_only=True)
    looking.open()
    assert list(looking.entries()) == kept
    if running:
        kept.append(sqlite.append(reading(), time=TIME))
        assert list(looking.entries()) == kept
    else:
        assert {path: path.read_bytes() for path in history_settings.path.parent.iterdir()} == before
    looking.close()


@pytest.mark.parametrize("there", [True, False])
def test_nothing_to_look_at_is_no_error(history_settings, there):
    """No file, or an empty one: no entries, and none is created."""
    if there:
        history_settings.path.parent.mkdir()
        history_settings.path.touch()
    looking = SqliteHistory(history_settings, read_only=True)
    looking.open()
    assert list(looking.entries()) == []
    looking.close()
    assert history_settings.path.exists() == there


def test_looking_at_a_damaged_file_is_an_error(history_settings):
    """It is not put aside: that is the daemon's business."""
    history_settings.path.parent.mkdir()
    history_settings.path.write_bytes(b"no database" * 500)
    with pytest.raises(HistoryError, match="damaged"):
        SqliteHistory(history_settings, read_only=True).open()
    assert history_settings.path.exists()


def test_who_only_looks_cannot_write(sqlite, history_settings):
    """An append is an error, and changes nothing."""
    looking = SqliteHistory(history_settings, read_only=True)
    sqlite.append(reading(), time=TIME)
    looking.open()
    with pytest.raises(HistoryError, match="readonly"):
        looking.append(reading(), time=TIME)
    looking.close()
    with sqlite3.connect(history_settings.path) as database:
        assert database.execute("SELECT COUNT(*) FROM readings").fetchone() == (1,)
    database.close()
