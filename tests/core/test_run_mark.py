"""Whether the daemon's former run came to its own end."""

from __future__ import annotations

import pytest

from device.run_mark import RunMark


@pytest.fixture
def boot(tmp_path):
    """The number of this boot, in a file as the kernel's."""
    path = tmp_path / "boot_id"
    path.write_text("0f5a\n", encoding="ascii")
    return path


def test_a_run_that_was_killed_is_noticed_until_one_ends_well(tmp_path, boot):
    """Also when it is killed again."""
    path = tmp_path / "state" / "running"
    assert RunMark(path, boot).begin() is False
    assert RunMark(path, boot).begin() is True
    mark = RunMark(path, boot)
    assert mark.begin() is True
    mark.end()
    assert RunMark(path, boot).begin() is False


def test_a_plug_that_was_pulled_is_nothing_to_make_words_about(tmp_path, boot):
    """The mark is of a former boot, or was only half written."""
    path = tmp_path / "running"
    assert RunMark(path, boot).begin() is False
    boot.write_text("7c11\n", encoding="ascii")
    assert RunMark(path, boot).begin() is False
    path.write_bytes(b"\xff7c")
    assert RunMark(path, boot).begin() is False
    assert RunMark(path, boot).begin() is True


def test_a_disk_that_takes_nothing_keeps_no_box_from_starting(tmp_path, boot, caplog):
    """It only can't say later that it recovered, and says so in its log."""
    (tmp_path / "state").write_text("no folder", encoding="ascii")
    mark = RunMark(tmp_path / "state" / "running", boot)
    assert mark.begin() is False
    assert "cannot be written" in caplog.text
    mark.end()
