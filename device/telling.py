"""What is said when somebody asks for the time, the status or the history, made of what the daemon found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from device.actions import Topic
from device.domain import EARLIEST_YEAR, Device
from device.phrases import Phrase, phrase
from device.ports import History, Machine
from device.situation import Situation

LATEST_TOLD = 5
"""Readings told when asked for the history: more, nobody remembers while listening."""

LATEST_LOOKED_AT = 200
"""Those without a number are passed over, as are older ones: nobody says "before" so often."""


def time(moment: datetime) -> Phrase:
    """The time on the wall, or that nobody has set the clock."""
    if moment.year < EARLIEST_YEAR:
        return phrase("told.no_clock")
    return phrase("told.time", hour=moment.hour, minute=f"{moment.minute:02}")


def status(situation: Situation, machine: Machine, dot: str) -> Phrase:
    """What works and what does not, the address, the space, the version; `dot` is how a dot is said."""
    free_bytes, address = machine.free_bytes(), machine.network_address()
    parts = [phrase(f"fault.{device.value}") for device in Device if device in situation.faults]
    if situation.deafness is not None:
        parts.append(phrase(situation.deafness))
    parts = parts or [phrase("told.all_well")]
    parts.append(phrase("told.address", address=address.replace(".", dot)) if address else phrase("told.no_address"))
    if free_bytes is not None:
        parts.append(phrase("told.free_space", count=free_bytes // 1_000_000))
    parts.append(phrase("told.version", version=machine.version.replace(".", dot)))
    return _chained(parts)


def history(records: History, topic: Topic, back: int) -> Phrase:
    """The latest numbers, or for Topic.BACK the one so many back. Raises HistoryError."""
    entries = records.search(limit=LATEST_LOOKED_AT)
    numbers = [entry.corrected or entry.number for entry in entries if entry.corrected or entry.number]
    if not numbers:
        return phrase("told.no_history")
    if topic is Topic.BACK:
        return phrase("told.read_then", number=numbers[back]) if back < len(numbers) else phrase("told.no_more")
    return phrase("told.history", number=" ".join(number.replace(" ", "") for number in numbers[:LATEST_TOLD]))


def token(digits: str) -> Phrase:
    """The token of the page, digit by digit whatever the style of numbers, and once more for who writes it down."""
    once = phrase("told.token", number=" ".join(digits))
    return replace(once, then=once)


def _chained(phrases: Sequence[Phrase]) -> Phrase:
    """All of them as one to say, in order."""
    chained = phrases[-1]
    for earlier in reversed(phrases[:-1]):
        chained = replace(earlier, then=chained)
    return chained
