"""The command that fits what the finder and the judge weigh."""

from __future__ import annotations

from pathlib import Path

from device.domain import Box
from train.photographs.__main__ import main
from train.photographs.weights import _is_right


def test_a_digit_is_right_where_it_stands() -> None:
    """The right digit elsewhere, or another one there, is wrong."""
    here, there = Box(10, 10, 20, 30), Box(100, 10, 20, 30)
    assert _is_right(Box(11, 11, 20, 28), "4", {here: "4", there: "7"})
    assert not _is_right(Box(11, 11, 20, 28), "7", {here: "4", there: "7"})


def test_the_command_writes_both_fits(tmp_path: Path) -> None:
    """A few scenes in drawn hands give two lists of weights and two tables."""
    out = tmp_path / "weights.md"
    assert main(["weights", "--data", str(tmp_path), "--count", "8", "--seed", "5", "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "clearness.CLEARNESS = (" in text
    assert "judge.TRUST = (" in text
