"""Files that are there whole after a power cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from device import durable


def test_a_file_is_replaced_whole(tmp_path):
    """In a folder that is made for it, with nothing left beside it."""
    path = tmp_path / "state" / "file.toml"
    durable.write(path, b"one")
    durable.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_content_then_name_reach_the_disk(tmp_path, monkeypatch):
    """The whole file, then its name: else a power cut leaves an empty file, or the former one."""
    steps: list[tuple[str, int]] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append((path.name, path.stat().st_size if path.is_file() else 0))
        fsync(descriptor)

    def replaced(source: Path, target: Path) -> None:
        steps.append(("renamed", 0))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    durable.write(tmp_path / "file", b"content")
    assert steps == [("file.part", 7), ("renamed", 0), (tmp_path.name, 0)]


def test_a_full_disk_leaves_the_former(tmp_path, file_size_limit):
    """What was there stays as it was."""
    path = tmp_path / "file"
    durable.write(path, b"former")
    with file_size_limit(10), pytest.raises(OSError, match="File too large"):
        durable.write(path, b"x" * 100)
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_the_rights_of_another_file_are_taken_over(tmp_path):
    """As when a configuration is migrated that only its group may read."""
    path = tmp_path / "file"
    durable.write(path, b"former")
    path.chmod(0o640)
    durable.write(path, b"new", like=path.stat())
    assert path.stat().st_mode & 0o7777 == 0o640


def test_a_disk_that_fstab_names_is_missed_where_nothing_is_mounted(tmp_path, monkeypatch):
    """As the installer writes it for a partition of its own; a comment, another folder or no fstab is no reason."""
    fstab = tmp_path / "fstab"
    monkeypatch.setattr(durable, "FSTAB", fstab)
    assert not durable.lacks_its_disk(tmp_path)
    fstab.write_text(f"# x {tmp_path}\n\n/dev/none {tmp_path}/else ext4 defaults 0 1\n", encoding="utf-8")
    assert not durable.lacks_its_disk(tmp_path)
    fstab.write_text(f"/media/data/digitbox {tmp_path} none bind,nofail 0 0\n/x /proc none\n", encoding="utf-8")
    assert durable.lacks_its_disk(tmp_path)
    assert not durable.lacks_its_disk(Path("/proc"))
