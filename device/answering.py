"""Answers what other programs of this machine ask (device.protocol), and tells those that follow what has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from device import telling
from device.complaints import Complaints
from device.domain import Command, Device
from device.errors import CatalogueError, RequestError
from device.events import CommandGiven, Event, PhraseGiven, PreferencesChosen, ReadingMade
from device.jobs import Jobs
from device.messages import Asked, Post
from device.parts import Parts, Settings
from device.phrases import Phrase
from device.ports import Answer, Requests
from device.protocol import (
    CommandAsked,
    CorrectAsked,
    DeleteAsked,
    ErrorsAsked,
    HistoryAsked,
    LookAsked,
    PictureAsked,
    PreferencesAsked,
    SayAsked,
    SayTokenAsked,
    StatusAsked,
    changed,
    reading_as_json,
    reading_to_say,
)
from device.situation import Practice, Situation

log = logging.getLogger(__name__)


class RequestHandler:
    """Answers requests; all but `complaints` belongs to the loop.

    Args:
        parts: Where requests come from, and what is told of the machine.
        settings: The limits of preferences.
        jobs: What takes time is answered by them.
        situation: Tells the box's situation.
        handle: Takes an event at once.

    Attributes:
        complaints: What the log complained of, for whoever asks.
    """

    def __init__(
        self,
        parts: Parts,
        settings: Settings,
        jobs: Jobs,
        situation: Callable[[], Situation],
        handle: Callable[[Event], None],
    ) -> None:
        self.complaints = Complaints()
        self._parts = parts
        self._settings = settings
        self._jobs = jobs
        self._situation = situation
        self._handle = handle
        self._requests: Requests | None = None

    def open(self, post: Post) -> None:
        """Let other programs ask; their requests are posted. The box works without them."""
        if self._parts.requests is None:
            return
        requests = self._parts.requests()
        try:
            requests.open(lambda request, answer: post(Asked(request, answer)))
        except RequestError as error:
            log.warning("%s", error)
            return
        self._requests = requests

    def close(self) -> None:
        """Take no more requests."""
        if self._requests is not None:
            self._requests.close()

    def tell_followers(self, before: Situation, event: Event) -> None:
        """Tell who follows what this event has changed."""
        if self._requests is None:
            return
        situation = self._situation()
        if situation.mode is not before.mode:
            self._requests.tell({"mode": situation.mode.value})
        if situation.faults != before.faults:
            self._requests.tell({"faults": _names(situation.faults)})
        # What was written in practice is no reading: it isn't remembered either.
        if isinstance(event, ReadingMade) and situation is not before and before.practice is None:
            self._requests.tell({"reading": reading_as_json(event.reading, scores=False)})
        if situation.practice is not before.practice:
            self._requests.tell({"practice": _practice_as_json(situation.practice)})

    def answer(self, asked: Asked, *, at_seconds: float) -> None:
        """Answer, or have it answered by whoever knows; `at_seconds` is this monotonic moment."""
        answer = asked.answer
        match asked.request:
            case StatusAsked():
                answer.give(self._status_as_json())
            case ErrorsAsked():
                answer.give({"errors": self.complaints.as_json()})
            case LookAsked(width_px):
                is_pressed = self._situation().press is not None
                self._jobs.reading.show(width_px, answer, at_seconds=at_seconds, is_pressed=is_pressed)
            case CommandAsked(command):
                answer.give({"obeyed": self._situation().accepts(Command(command))})
                self._handle(CommandGiven(Command(command)))
            case SayAsked() as request:
                self._say(Phrase("reading", reading_to_say(request)), answer)
            case SayTokenAsked(token):
                self._say(telling.token(token), answer)
            case PreferencesAsked(wishes):
                self._prefer(wishes, answer)
            case PictureAsked(entry):
                self._jobs.records.show_picture(entry, answer)
            case HistoryAsked() | CorrectAsked() | DeleteAsked() as request:
                self._jobs.records.answer(request, answer)
            case _:
                answer.refuse("the daemon does not answer this")

    def _status_as_json(self) -> dict[str, Any]:
        situation, machine = self._situation(), self._parts.machine
        return {
            "mode": situation.mode.value,
            "faults": _names(situation.faults),
            "hears": situation.deafness is None,
            "version": machine.version,
            "address": machine.network_address(),
            "free_bytes": machine.free_bytes(),
            "readings": self._jobs.records.readings_made,
            "preferences": asdict(situation.preferences),
            "practice": _practice_as_json(situation.practice),
            "last": None if situation.last is None else reading_as_json(situation.last, scores=True),
        }

    def _say(self, phrase: Phrase, answer: Answer) -> None:
        situation, is_muted = self._situation(), self._jobs.speech.is_muted
        if is_muted or not situation.can_be_heard:
            reason = "is muted; hold the button once" if is_muted else "has no voice now; digitbox doctor says why"
            answer.refuse(f"the box {reason}")
            return
        answer.give({"obeyed": situation.is_free})
        self._handle(PhraseGiven(phrase))

    def _prefer(self, wishes: Mapping[str, Any], answer: Answer) -> None:
        present = self._situation().preferences
        try:
            preferences = changed(present, wishes, self._settings.preference_limits)
            self._parts.catalogue(preferences.language)
        except (RequestError, CatalogueError) as error:
            answer.refuse(str(error))
            return
        if preferences.voice in ("", present.voice):
            self._handle(PreferencesChosen(preferences))
            answer.give({"preferences": asdict(preferences)})
        else:
            self._jobs.speech.try_voice(preferences, answer)


def _names(devices: Iterable[Device]) -> list[str]:
    return sorted(device.value for device in devices)


def _practice_as_json(practice: Practice | None) -> dict[str, int] | None:
    if practice is None:
        return None
    return {"digit": practice.digit, "done": practice.done, "right": practice.right, "rounds": len(practice.asked)}
