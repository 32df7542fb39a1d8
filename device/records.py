"""What the daemon keeps: readings that wait to be written, corrections, and the pictures of the latest digits.

Everything that takes a history is called on that history's worker; the rest from the loop.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from device.domain import Box, Frame, Pixels, Reading, Status
from device.ports import History, Pictures, Samples
from device.protocol import CorrectAsked, DeleteAsked, HistoryAsked

log = logging.getLogger(__name__)

MOST_UNSAVED = 1000
"""Readings kept in memory while the history cannot be written; the oldest go."""


MOST_PICTURES = 8
"""Of these, so many with their pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What the camera saw of a reading: one picture of each digit, and one of all where such are kept."""

    crops: tuple[Pixels, ...] = ()
    picture: Pixels | None = None


class Records:
    """Keeps readings for a history that may be absent for a while.

    Args:
        samples: Where pictures of digits go, each after a spoken yes.
        pictures: Where a picture of each reading goes, where the installer wants that.
    """

    def __init__(self, samples: Samples, pictures: Pictures) -> None:
        self._samples = samples
        self._pictures = pictures
        self._unsaved: deque[tuple[Reading, str, Pixels | None]] = deque(maxlen=MOST_UNSAVED)
        self._saving = threading.Lock()
        self._saver = object()
        self._latest_id: int | None = None
        self._crops: tuple[Pixels, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether something has not been written yet."""
        return bool(self._unsaved)

    def taken(self, frame: Frame, reading: Reading) -> Taken:
        """Cut out what may be kept of a reading; from any thread."""
        boxes = [digit.box for digit in reading.digits]
        whole = _crop(frame, reduce(Box.union, boxes)) if boxes and self._pictures.wanted else None
        return Taken(tuple(_crop(frame, box) for box in boxes), whole)

    def remember(self, reading: Reading, taken: Taken) -> None:
        """Let a reading be written with the next `save`; one of nothing is not worth it."""
        self._crops = taken.crops
        if reading.status is Status.NOTHING:
            return
        # Pictures of readings that have to wait for the history are not worth the memory.
        picture = taken.picture if len(self._unsaved) < MOST_PICTURES else None
        self._unsaved.append((reading, datetime.now().astimezone().isoformat(timespec="seconds"), picture))
        self._latest_id = None

    def save(self, history: History) -> None:
        """Write what has not been written yet; what fails stays for the next try. Raises HistoryError.

        A call that hung and was given up touches nothing when it comes back: what it was writing may be there twice,
        and nothing is lost.
        """
        saver = object()
        with self._saving:
            self._saver = saver
        while (waiting := self._next(saver)) is not None:
            reading, moment, picture = waiting
            entry = history.append(reading, time=moment).id
            with self._saving:
                if self._saver is not saver:
                    return
                if self._unsaved and self._unsaved[0] is waiting:  # the oldest go where too many wait
                    self._unsaved.popleft()
                self._latest_id = entry
            self._pictures.keep(entry, picture)

    def _next(self, saver: object) -> tuple[Reading, str, Pixels | None] | None:
        """The oldest that waits; None where none does, or another call has taken over."""
        with self._saving:
            return self._unsaved[0] if self._unsaved and self._saver is saver else None

    def correct_latest(self, history: History, number: str) -> bool:
        """Note what the latest reading really was; False when it is no longer there. Raises HistoryError."""
        self.save(history)
        return self._latest_id is not None and history.correct(self._latest_id, number)

    def keep_sample(self, index: int, digit: int) -> bool:
        """Keep the picture of the digit at this place of the latest reading, from 0; False when it is gone.

        Raises:
            HistoryError: It cannot be written.
        """
        crops = self._crops
        if index >= len(crops):
            return False
        self._samples.keep(crops[index], digit)
        return True

    def forget_everything(self, history: History) -> int:
        """Delete all pictures and entries, also what waits to be written; how many entries there were.

        Raises:
            HistoryError: Something could not be deleted; all that could be is.
        """
        self._unsaved.clear()
        self._crops, self._latest_id = (), None
        with ExitStack() as others:  # each is tried, whatever comes of the rest
            others.callback(self._pictures.delete)
            others.callback(self._samples.delete)
            return history.delete()

    def picture(self, entry: int) -> bytes | None:
        """The JPEG that was kept of an entry, if any."""
        return self._pictures.load(entry)

    def answer(self, history: History, request: HistoryAsked | CorrectAsked | DeleteAsked) -> dict[str, Any]:
        """What another program is told. Raises HistoryError."""
        if request == DeleteAsked():
            return {"deleted": self.forget_everything(history)}
        self.save(history)
        match request:
            case HistoryAsked(limit, before, number):
                entries = history.search(limit=limit, before=before, number=number)
                return {"entries": [asdict(entry) for entry in entries]}
            case CorrectAsked(entry, number):
                return {"corrected": history.correct(entry, number)}
            case DeleteAsked(entry):
                self._pictures.delete(entry)
                return {"deleted": history.delete(entry)}


def _crop(frame: Frame, box: Box) -> Pixels:
    """With a margin of a quarter of its size, in the frame's own pixels."""
    place = box.scaled(1.0 / frame.scale)
    margin = max(place.width, place.height) // 4
    rows = slice(max(0, place.y - margin), place.bottom + margin)
    columns = slice(max(0, place.x - margin), place.right + margin)
    return frame.pixels[rows, columns].copy()
