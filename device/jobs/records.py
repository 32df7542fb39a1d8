"""What history and keeper do: readings, corrections, pictures and preferences that outlast the box's switching off."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from functools import partial

from device import telling
from device.actions import Topic
from device.devices import Devices
from device.domain import Reading
from device.errors import HistoryError, PreferencesError
from device.events import Event, Forgotten, NotKept, SpeechFinished
from device.jobs.keeper import Keeper
from device.messages import Job, Post, Told
from device.phrases import phrase
from device.ports import Answer, History, PreferencesStore
from device.preferences import Preferences
from device.protocol import CorrectAsked, DeleteAsked, HistoryAsked
from device.records import Records, Taken

log = logging.getLogger(__name__)


class RecordJobs:
    """Writes and asks the history on its worker; what lies beside it, the keeper writes.

    Args:
        devices: Whose history.
        records: What is kept.
        preferences: Where they are kept.
        keeper: Writes what does not go into the history.
        post: Takes what comes of it.

    Attributes:
        readings_made: So many were remembered since the start.
    """

    def __init__(
        self, devices: Devices, records: Records, preferences: PreferencesStore, keeper: Keeper, post: Post
    ) -> None:
        self.readings_made = 0
        self._devices = devices
        self._records = records
        self._preferences = preferences
        self._keeper = keeper
        self._post = post
        self._asked_turn = -1

    def remember(self, reading: Reading, taken: Taken) -> None:
        """Keep a reading, once there is a history to write it to."""
        self.readings_made += 1
        self._records.remember(reading, taken)
        self.save()

    def save(self) -> None:
        """Write what has not been written yet; a history that is not open writes it when it opens."""
        history = self._devices.history.adapter
        if history is not None and self._records.is_waiting:
            self._use(partial(self._records.save, history))

    def tell(self, topic: Topic, turn: int, back: int) -> bool:
        """Ask the history and post what is to be said; False where there is none."""
        history = self._devices.history.adapter
        if history is None:
            return False

        def ask() -> Told:
            self._records.save(history)
            return Told(turn, telling.history(history, topic, back))

        self._asked_turn = turn
        self._use(ask)
        return True

    def forget(self, turn: int) -> None:
        """Delete everything, with a history of its own where the daemon's is lost; posts what is to be said."""

        def forget() -> Told:
            try:
                with self._some_history() as history:
                    self._records.forget_everything(history)
            except HistoryError as error:
                log.warning("%s", error)
                return Told(turn, phrase("answer.not_forgotten"))
            return Told(turn, phrase("answer.forgotten"))

        self._asked_turn = turn
        self._use(forget)

    def history_lost(self, turn: int) -> None:
        """End the turn in which the history was asked for something, if that is this one: its loss is said instead."""
        if self._asked_turn == turn:
            self._post(SpeechFinished(turn))

    def correct(self, number: str) -> None:
        """Note what the latest reading really was; posts NotKept where that cannot be done."""
        history = self._devices.history.adapter
        if history is None:
            log.warning("a correction is lost, because the history is")
            self._post(NotKept())
            return
        self._use(lambda: None if self._records.correct_latest(history, number) else NotKept())

    def answer(self, request: HistoryAsked | CorrectAsked | DeleteAsked, answer: Answer) -> None:
        """Answer another program from the history; posts Forgotten when everything was deleted for it."""
        history = self._devices.history.adapter
        if history is None:
            answer.refuse("the history does not work; digitbox doctor says why")
            return

        def work() -> Event | None:
            try:
                answer.give(self._records.answer(history, request))
            except HistoryError as error:
                answer.refuse(str(error))
                raise
            return Forgotten() if request == DeleteAsked() else None

        self._use(work)

    def show_picture(self, entry: int, answer: Answer) -> None:
        """Answer another program with the picture of this entry."""

        def load() -> None:
            picture = self._records.picture(entry)
            if picture is None:
                answer.refuse("no picture of this reading was kept")
            else:
                answer.give({}, picture)

        self._use(load)

    def keep_preferences(self, preferences: Preferences) -> None:
        """Keep them for the next start; posts NotKept where that cannot be done."""

        def save() -> Event | None:
            try:
                self._preferences.save(preferences)
            except PreferencesError as error:
                log.warning("%s", error)
                return NotKept()
            return None

        self._keeper.keep(save)

    def keep_sample(self, index: int, digit: int) -> None:
        """Keep the picture of one digit of the latest reading; posts NotKept where that cannot be done."""

        def keep() -> Event | None:
            try:
                return None if self._records.keep_sample(index, digit) else NotKept()
            except HistoryError as error:
                log.warning("%s", error)
                return NotKept()

        self._keeper.keep(keep)

    @contextlib.contextmanager
    def _some_history(self) -> Iterator[History]:
        """The open history, or one made for the purpose, which need not be opened to be deleted."""
        if self._devices.history.adapter is not None:
            yield self._devices.history.adapter
            return
        history = self._devices.history.make()
        with contextlib.closing(history):
            yield history

    def _use(self, job: Job) -> None:
        self._devices.use(self._devices.history, job)


def history_opened(records: Records, history: History) -> str | None:
    """Write what has waited for a history that has just opened; the key of what is to be said then.

    Raises:
        HistoryError: It cannot be written.
    """
    records.save(history)
    if history.kept_aside is None:
        return None
    log.warning("the history was damaged; it was kept as %s", history.kept_aside)
    return "appliance.history_renewed"
