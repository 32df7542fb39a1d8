"""Migrations: up and down again, whole or not at all, and every step of the history can be undone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from device import migrate
from device.migrate import HistoryKind, MigrationError, Step, TextKind

RENAMED = Step(
    "[sound] card is called device",
    up=lambda text: text.replace("card =", "device ="),
    down=lambda text: text.replace("device =", "card ="),
)
ADDED = Step("a key", up=lambda text: text + "new = 1\n", down=lambda text: text.replace("new = 1\n", ""))


@pytest.fixture
def configuration(tmp_path):
    """A file as a person wrote it."""
    path = tmp_path / "digitbox.toml"
    path.write_text('# mine\n[sound]\ncard = "Headphones"  # the jack\n', encoding="utf-8")
    return TextKind(path, (RENAMED, ADDED))


def test_up_and_down_again_is_the_same_file(configuration):
    """With the person's comments and rights; the layout stands in the file between."""
    before = configuration.path.read_text(encoding="utf-8")
    configuration.path.chmod(0o640)
    configuration.change(2)
    after = configuration.path.read_text(encoding="utf-8")
    assert after == '# layout 2\n# mine\n[sound]\ndevice = "Headphones"  # the jack\nnew = 1\n'
    assert configuration.present() == 2
    assert configuration.path.stat().st_mode & 0o777 == 0o640
    configuration.change(1)
    assert configuration.present() == 1
    configuration.change(0)
    assert configuration.path.read_text(encoding="utf-8") == before


def test_a_file_that_is_not_there_is_left_so(configuration):
    """Nothing has no layout."""
    configuration.path.unlink()
    configuration.change(2)
    assert configuration.present() is None


def test_a_newer_layout_is_not_touched(configuration):
    """Only the release that knows it can undo it."""
    configuration.path.write_text("# layout 3\n", encoding="utf-8")
    with pytest.raises(MigrationError, match="layout 3, this release knows 2"):
        configuration.change(0)


def test_the_history_is_undone_in_one_transaction(tmp_path):
    """A statement that fails leaves everything as it was."""
    kind = HistoryKind(tmp_path / "history.sqlite3", {2: "ALTER TABLE readings DROP COLUMN note", 3: "NONSENSE"}, 3)
    with closing(sqlite3.connect(kind.path)) as database:
        database.executescript("CREATE TABLE readings (id, note); INSERT INTO readings VALUES (1, 2)")
        database.execute("PRAGMA user_version = 3")
        database.commit()
    with pytest.raises(sqlite3.OperationalError):
        kind.change(1)
    assert kind.present() == 3
    with closing(sqlite3.connect(kind.path)) as database:
        database.execute("PRAGMA user_version = 2")
    kind.change(1)
    with closing(sqlite3.connect(kind.path)) as database:
        assert database.execute("SELECT * FROM readings").fetchall() == [(1,)]
    assert kind.present() == 1


@pytest.mark.parametrize("content", [None, b"\xff" * 5000], ids=["a folder", "noise"])
def test_what_is_damaged_has_no_layout(tmp_path, content):
    """The daemon puts it aside when it starts; an update goes its way before."""
    for name in ("digitbox.toml", "preferences.toml", "history.sqlite3"):
        path = tmp_path / name
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
    for kind in migrate.kinds(tmp_path / "digitbox.toml", tmp_path).values():
        assert kind.present() is None
        kind.change(0)


def test_every_layout_of_the_history_but_the_first_can_be_undone():
    """Whoever adds a migration to history_sqlite writes its undoing into device/migrate.py."""
    assert set(migrate.HISTORY_DOWN) == set(range(2, len(migrate.HISTORY_UP) + 1))


def test_the_command_line_answers_in_json(tmp_path, capsys):
    """As device/release.py reads it."""
    places = ["--configuration", str(tmp_path / "digitbox.toml"), "--state", str(tmp_path)]
    (tmp_path / "digitbox.toml").write_text("", encoding="utf-8")
    assert migrate.main(["present", *places]) == 0
    assert json.loads(capsys.readouterr().out) == {"configuration": 0, "preferences": None, "history": None}
    assert migrate.main(["latest", *places]) == 0
    assert json.loads(capsys.readouterr().out)["configuration"] == len(migrate.CONFIGURATION)
    assert migrate.main(["to", "history=x", *places]) == 1
    assert "KIND=LAYOUT" in capsys.readouterr().err
