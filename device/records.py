"""What the daemon keeps: readings that wait to be written, corrections, and the pictures of the latest digits.

Everything that takes a history is called on that history's worker; the rest from the loop.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import asdict
from datetime import datetime
from functools import reduce
from typing import Any

from device.domain import Box, Frame, Pixels, Reading, Status
from device.ports import History, Pictures, Samples
from device.protocol import CorrectAsked, DeleteAsked, HistoryAsked

log = logging.getLogger(__name__)

MOST_UNSAVED = 1000
"""Readings kept in memory while the history cannot be written; the oldest go."""


class Records:
    """Keeps readings for a history that may be absent for a while.

    Args:
        samples: Where pictures of digits go, each after a spoken yes.
        pictures: Where a picture of each reading goes, where the installer wants that.
    """

    def __init__(self, samples: Samples, pictures: Pictures) -> None:
        self._samples = samples
        self._pictures = pictures
        self._unsaved: deque[tuple[Reading, str]] = deque(maxlen=MOST_UNSAVED)
        self._picture: Pixels | None = None
        self._latest_id = 0
        self._crops: tuple[Pixels, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether something has not been written yet."""
        return bool(self._unsaved)

    def remember(self, reading: Reading) -> None:
        """Let a reading be written with the next `save`; one of nothing is not worth it."""
        if reading.status is not Status.NOTHING:
            self._unsaved.append((reading, datetime.now().astimezone().isoformat(timespec="seconds")))

    def see(self, frame: Frame, reading: Reading) -> None:
        """Have the pictures of a reading's digits at hand until the next one."""
        boxes = [digit.box for digit in reading.digits]
        self._crops = tuple(_crop(frame, box) for box in boxes)
        self._picture = _crop(frame, reduce(Box.union, boxes)) if boxes and self._pictures.wanted else None

    def save(self, history: History) -> None:
        """Write what has not been written yet; what fails stays for the next try. Raises HistoryError."""
        while self._unsaved:
            reading, moment = self._unsaved[0]
            self._latest_id = history.append(reading, time=moment).id
            self._unsaved.popleft()
            if self._picture is not None and not self._unsaved:
                # Those of readings that had to wait for the history are not worth the memory.
                self._pictures.keep(self._latest_id, self._picture)
                self._picture = None

    def correct_latest(self, history: History, number: str) -> None:
        """Note what the latest reading really was. Raises HistoryError."""
        self.save(history)
        history.correct(self._latest_id, number)

    def keep_sample(self, index: int, digit: int) -> None:
        """Keep the picture of the digit at this place of the latest reading, from 0. Raises HistoryError."""
        if index < len(self._crops):
            self._samples.keep(self._crops[index], digit)

    def forget(self, history: History, entry: int | None = None) -> int:
        """Delete one entry, or everything with all pictures; how many entries there were. Raises HistoryError."""
        self.save(history)
        deleted = history.delete(entry)
        self._pictures.delete(entry)
        if entry is None:
            self._samples.delete()
            self._crops = ()
        return deleted

    def picture(self, entry: int) -> bytes | None:
        """The JPEG that was kept of an entry, if any."""
        return self._pictures.load(entry)

    def answer(self, history: History, request: HistoryAsked | CorrectAsked | DeleteAsked) -> dict[str, Any]:
        """What another program is told. Raises HistoryError."""
        self.save(history)
        match request:
            case HistoryAsked(limit, before, number):
                entries = history.search(limit=limit, before=before, number=number)
                return {"entries": [asdict(entry) for entry in entries]}
            case CorrectAsked(entry, number):
                return {"corrected": history.correct(entry, number)}
            case DeleteAsked(entry):
                return {"deleted": self.forget(history, entry)}


def _crop(frame: Frame, box: Box) -> Pixels:
    """With a margin of a quarter of its size, in the frame's own pixels."""
    place = box.scaled(1.0 / frame.scale)
    margin = max(place.width, place.height) // 4
    rows = slice(max(0, place.y - margin), place.bottom + margin)
    columns = slice(max(0, place.x - margin), place.right + margin)
    return frame.pixels[rows, columns].copy()
