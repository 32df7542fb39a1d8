"""The latest complaints of the log: bounded, the latest first, equal ones counted."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from device.complaints import MOST_KEPT, MOST_LETTERS, Complaints

log = logging.getLogger("device.test_complaints")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Attached as the daemon attaches it."""
    made = Complaints()
    logging.getLogger("device").addHandler(made)
    yield made
    logging.getLogger("device").removeHandler(made)


def test_warnings_and_errors_are_kept(complaints):
    """And nothing less, the latest first."""
    log.warning("camera: %s", "gone")
    log.info("all is well")
    log.error("no disk")
    kept = complaints.as_json()
    assert [(one["level"], one["message"]) for one in kept] == [("error", "no disk"), ("warning", "camera: gone")]
    assert kept[0]["time"].endswith("+00:00")


def test_the_same_again_is_counted(complaints):
    """A device that keeps failing does not push out the reason."""
    log.warning("the reason")
    for _ in range(100):
        log.warning("again")
    assert [(one["message"], one["count"]) for one in complaints.as_json()] == [("again", 100), ("the reason", 1)]


def test_there_is_an_end_to_it(complaints):
    """Neither many nor long ones take memory."""
    for number in range(1000):
        log.warning("%d %s", number, "x" * 10_000)
    kept = complaints.as_json()
    assert len(kept) == MOST_KEPT
    assert kept[0]["message"].startswith("999 ")
    assert {len(one["message"]) for one in kept} == {MOST_LETTERS}
