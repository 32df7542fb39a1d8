"""What the daemon keeps: nothing is lost where writing hangs, and all that can be deleted is."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from device.domain import Box, Digit, Reading, Status
from device.errors import HistoryError
from device.records import Records, Taken

SOON = 10.0
"""In seconds."""


def reading(digit: int) -> Reading:
    """Of one digit."""
    return Reading(Status.OK, (Digit(digit, 0.99, None, Box(1, 2, 3, 4), (0.01,) * 10, sure=True),))


class SlowHistory:
    """Appends to a list, the first time once it is let go."""

    def __init__(self, kept: list[str]) -> None:
        self.kept = kept
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.corrected: list[str] = []

    def append(self, made: Reading, time: str) -> SimpleNamespace:
        """As `ports.History`."""
        self.begun.set()
        assert self.let_go.wait(SOON)
        self.kept.append(made.number)
        return SimpleNamespace(id=len(self.kept))

    def correct(self, entry: int, number: str) -> bool:
        """As `ports.History`."""
        self.corrected.append(self.kept[entry - 1])
        return True


def test_a_save_that_was_given_up_loses_nothing():
    """It comes back while others wait: they are written all the same, and a correction is of the latest."""
    records = Records(SimpleNamespace(), SimpleNamespace(wanted=False, keep=lambda *_: None))
    kept: list[str] = []
    hung, fresh = SlowHistory(kept), SlowHistory(kept)
    fresh.let_go.set()
    records.remember(reading(1), Taken())
    given_up = threading.Thread(target=lambda: records.save(hung))
    given_up.start()
    assert hung.begun.wait(SOON)
    records.remember(reading(2), Taken())
    records.save(fresh)
    records.remember(reading(3), Taken())
    hung.let_go.set()
    given_up.join(SOON)
    assert records.correct_latest(fresh, "8")
    assert not records.is_waiting
    assert (set(kept), kept.count("3"), fresh.corrected) == ({"1", "2", "3"}, 1, ["3"])


@pytest.mark.parametrize("failing", ["samples", "pictures", "history"])
def test_whatever_cannot_be_deleted_the_rest_is(failing: str):
    """A user who has everything deleted wants it gone."""
    deleted = []

    def delete(name: str) -> int:
        if name == failing:
            raise HistoryError(f"{name} cannot be deleted")
        deleted.append(name)
        return 1

    samples, pictures, history = (
        SimpleNamespace(delete=lambda name=name: delete(name)) for name in ("samples", "pictures", "history")
    )
    with pytest.raises(HistoryError, match=failing):
        Records(samples, pictures).forget_everything(history)
    assert sorted(deleted) == sorted({"samples", "pictures", "history"} - {failing})
