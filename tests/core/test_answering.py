"""The answers to other programs without a loop: what is told at once, what is handed on, what followers hear."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from device import phrases
from device.answering import RequestHandler
from device.domain import Box, Command, Device, Digit, Reading, Status
from device.errors import RequestError
from device.events import ButtonPressed, CommandGiven, PhraseGiven, PreferencesChosen, ReadingMade
from device.messages import Asked
from device.phrases import phrase
from device.preferences import Preferences
from device.protocol import CommandAsked, FollowAsked, LookAsked, PreferencesAsked, SayTokenAsked, StatusAsked
from device.situation import Mode, Practice, Press, Situation

PREFERENCES = Preferences("en", "", 155, 50, 100, "digits")
SEVEN = Reading(Status.OK, (Digit(7, 0.99, None, Box(1, 2, 3, 4), (0.01,) * 10, sure=True),))


class KeptAnswer:
    """What was given, or why not."""

    given = refused = None

    def give(self, fields, content=b""):
        """Remember it."""
        self.given = fields

    def refuse(self, reason):
        """Remember it."""
        self.refused = reason


class Bench:
    """A handler of a box whose situation is set by hand; what reached the loop, the jobs and the followers."""

    def __init__(self):
        self.situation = Situation(mode=Mode.IDLE, preferences=PREFERENCES)
        self.events = []
        self.shown = []
        self.tried = []
        self.news = []
        self.posted = []
        self.opening_error = None
        self.speech = SimpleNamespace(is_muted=False, try_voice=lambda preferences, _: self.tried.append(preferences))
        jobs = SimpleNamespace(
            speech=self.speech,
            records=SimpleNamespace(readings_made=3),
            reading=SimpleNamespace(show=lambda width_px, answer, **how: self.shown.append((width_px, how))),
        )
        machine = SimpleNamespace(version="1.2.3", network_address=lambda: None, free_bytes=lambda: 5)
        parts = SimpleNamespace(requests=lambda: self, machine=machine, catalogue=phrases.load)
        settings = SimpleNamespace(preference_limits={"volume": (0, 200), "words_per_minute": (80, 450)})
        self.handler = RequestHandler(parts, settings, jobs, lambda: self.situation, self.events.append)

    def open(self, asked):
        """Remember how to ask, unless the socket is to fail."""
        if self.opening_error is not None:
            raise self.opening_error
        self.asked = asked

    def tell(self, news):
        """Remember it."""
        self.news.append(news)

    def ask(self, request):
        """The answer that is there at once."""
        answer = KeptAnswer()
        self.handler.answer(Asked(request, answer), at_seconds=1000.0)
        return answer


@pytest.fixture
def bench():
    """A handler that nobody has asked yet."""
    return Bench()


def test_a_request_is_posted_for_the_loop_to_answer(bench):
    """The thread of the socket answers nothing itself."""
    bench.handler.open(bench.posted.append)
    answer = KeptAnswer()
    bench.asked(StatusAsked(), answer)
    assert bench.posted == [Asked(StatusAsked(), answer)]


def test_the_box_works_without_its_socket(bench, caplog):
    """It says so in the log, and tells nobody anything."""
    bench.opening_error = RequestError("daemon.sock: cannot be made")
    bench.handler.open(bench.posted.append)
    bench.handler.tell_followers(replace(bench.situation, mode=Mode.READING), ButtonPressed())
    assert "daemon.sock: cannot be made" in caplog.text
    assert bench.news == []


def test_the_status_is_of_the_present_situation(bench):
    """With the faults by name, in order."""
    bench.situation = replace(
        bench.situation, faults=frozenset({Device.SPEECH, Device.CAMERA}), last=SEVEN, practice=Practice((4, 2), done=1)
    )
    status = bench.ask(StatusAsked()).given
    assert (status["faults"], status["readings"], status["last"]["number"]) == (["camera", "speech"], 3, "7")
    assert status["practice"] == {"digit": 2, "done": 1, "right": 0, "rounds": 2}


@pytest.mark.parametrize(("mode", "obeyed"), [(Mode.IDLE, True), (Mode.READING, False)])
def test_a_command_is_answered_by_what_it_meets(bench, mode, obeyed):
    """The answer is of the moment before the command is handled; the state machine decides again."""
    bench.situation = replace(bench.situation, mode=mode)
    assert bench.ask(CommandAsked("read")).given == {"obeyed": obeyed}
    assert bench.events == [CommandGiven(Command.READ)]


@pytest.mark.parametrize("press", [None, Press.ACTS])
def test_a_look_is_handed_on_with_what_it_depends_on(bench, press):
    """The reader and the camera know for themselves whether they are busy, the press they do not."""
    bench.situation = replace(bench.situation, press=press)
    bench.ask(LookAsked(320))
    assert bench.shown == [(320, {"at_seconds": 1000.0, "is_pressed": press is not None})]


def test_what_nobody_would_hear_is_refused(bench):
    """Muted, or without a voice; the reason names the way out."""
    bench.speech.is_muted = True
    assert bench.ask(SayTokenAsked("12345678")).refused == "the box is muted; hold the button once"
    bench.speech.is_muted = False
    bench.situation = replace(bench.situation, faults=frozenset({Device.SOUND}))
    assert "no voice now" in bench.ask(SayTokenAsked("12345678")).refused
    assert bench.events == []
    bench.situation = replace(bench.situation, faults=frozenset())
    assert bench.ask(SayTokenAsked("12345678")).given == {"obeyed": True}
    (event,) = bench.events
    assert isinstance(event, PhraseGiven)
    assert event.phrase.then == phrase("told.token", number="1 2 3 4 5 6 7 8")


def test_preferences_are_taken_at_once_but_a_voice_is_tried(bench):
    """What cannot be is refused with the reason, and nothing is changed."""
    answer = bench.ask(PreferencesAsked({"volume": 70}))
    louder = replace(PREFERENCES, volume=70)
    assert (answer.given["preferences"]["volume"], bench.events) == (70, [PreferencesChosen(louder)])
    bench.ask(PreferencesAsked({"voice": "en+f3"}))
    assert (bench.tried, len(bench.events)) == ([replace(PREFERENCES, voice="en+f3")], 1)
    assert bench.ask(PreferencesAsked({"volume": 7000})).refused
    assert bench.ask(PreferencesAsked({"language": "xx"})).refused
    assert (len(bench.tried), len(bench.events)) == (1, 1)


def test_what_is_not_for_the_daemon_is_refused(bench):
    """The socket follows by itself."""
    assert bench.ask(FollowAsked()).refused == "the daemon does not answer this"


def test_followers_hear_of_changes_and_of_nothing_else(bench):
    """In the order of mode, faults, reading and practice; a reading of an older turn changes nothing."""
    bench.handler.open(bench.posted.append)
    before = bench.situation
    bench.handler.tell_followers(before, ReadingMade(1, SEVEN))
    assert bench.news == []
    bench.situation = replace(
        before, mode=Mode.SPEAKING, faults=frozenset({Device.CAMERA}), practice=Practice((4, 2)), last=SEVEN
    )
    bench.handler.tell_followers(before, ReadingMade(1, SEVEN))
    assert [list(news) for news in bench.news] == [["mode"], ["faults"], ["reading"], ["practice"]]
    assert "scores" not in bench.news[2]["reading"]["digits"][0]


@pytest.mark.parametrize("after", [Practice((4, 2), done=1), None], ids=["goes on", "was the last"])
def test_what_was_written_in_practice_is_no_reading(bench, after):
    """It would start what somebody has made of readings at home, and be counted."""
    bench.handler.open(bench.posted.append)
    before = replace(bench.situation, practice=Practice((4, 2)))
    bench.situation = replace(before, practice=after, last=SEVEN)
    bench.handler.tell_followers(before, ReadingMade(1, SEVEN))
    assert [list(news) for news in bench.news] == [["practice"]]
