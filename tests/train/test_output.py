"""Nothing half-written in place of something good."""

from __future__ import annotations

import pytest

from train.errors import OutputError
from train.output import write_bytes, written_beside


def test_a_file_is_replaced_whole(tmp_path):
    """The new content stands there, and nothing beside it."""
    path = tmp_path / "runs" / "model"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_replaced_whole(tmp_path):
    """A folder with files in it takes the place of another one."""
    path = tmp_path / "saved"
    for content in ("old", "new"):
        with written_beside(path) as partial:
            partial.mkdir()
            (partial / content).write_text(content)
    assert [file.name for file in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_what_stood_there_survives_a_stop_in_the_middle(tmp_path, stop):
    """Ctrl-C or a mistake while writing leaves the old file and no rest of the new one."""
    path = tmp_path / "model"
    write_bytes(path, b"old")

    def interrupted():
        with written_beside(path) as partial:
            partial.write_bytes(b"ne")
            raise stop

    with pytest.raises(stop):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_keeps_the_old_file_and_says_so(tmp_path, file_size_limit):
    """No room for the new one: one line, the old one stands, nothing is left beside it."""
    path = tmp_path / "model"
    write_bytes(path, b"old")
    with (
        file_size_limit(1000),
        pytest.raises(OutputError, match=r"model cannot be written .*; free space or give another --out"),
    ):
        write_bytes(path, bytes(5000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """A file where a folder is needed gives the same one line."""
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(OutputError, match="runs/model cannot be written"):
        write_bytes(tmp_path / "runs" / "model", b"new")
