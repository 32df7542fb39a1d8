"""The jobs of the workers, run at once on devices that are only names: what each posts, answers and leaves alone."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from device import phrases, telling
from device.actions import Topic
from device.domain import Audio, Context, Frame, Heard, Hint, Reading, Status
from device.errors import CameraError, FrameError, PreferencesError
from device.events import CommandHeard, DeviceLost, Failed, HintSeen, NotKept, SpeechFinished
from device.jobs.keeper import Keeper
from device.jobs.listening import ListeningJobs
from device.jobs.reading import SHOWN_SECONDS, ReadingJobs
from device.jobs.records import RecordJobs, history_opened
from device.jobs.speech import SpeechJobs
from device.preferences import Preferences
from device.records import Records
from device.situation import Situation
from device.tones import Tone
from device.voice import PieceStore

SOON = 10.0
"""Seconds; only ever waited for in full when a test fails."""

PREFERENCES = Preferences("en", "", 155, 50, 100, "digits")
SETTINGS = SimpleNamespace(
    device_limit_seconds=1.0,
    capture_limit_seconds=0.1,
    reading_limit_seconds=5.0,
    warning_seconds=6.0,
    speech_limit_seconds=2.0,
    tone_volume=0.3,
    spare_memory_bytes=50,
)
FRAME = Frame(np.zeros((4, 4, 3), np.uint8), 0.0)


class Devices:
    """Where every job is done when it is given, and a device is a slot without a worker."""

    def __init__(self):
        for name in ("camera", "reader", "player", "synthesizer", "history", "microphone", "ears"):
            setattr(self, name, SimpleNamespace(name=name, adapter=None, worker=SimpleNamespace(busy=False)))
        self.preferences = PREFERENCES
        self.posted = []
        self.limits = {}

    def use(self, slot, job, limit_seconds=None):
        """Do it, and remember how long it might have taken."""
        if slot is not None:
            self.limits[slot.name] = limit_seconds
        try:
            message = job()
        except CameraError as error:
            message = self.lost(slot, error)
        if message is not None:
            self.posted.append(message)

    def lost(self, slot, error):
        """Only its name."""
        return DeviceLost(slot.name)


class KeptAnswer:
    """What was given, or why not."""

    given = refused = None

    def give(self, fields, content=b""):
        """Remember it."""
        self.given = fields, content

    def refuse(self, reason):
        """Remember it."""
        self.refused = reason


def failing(error):
    """A function that raises it, whatever it is called with."""

    def fail(*_, **__):
        raise error

    return fail


@pytest.fixture
def devices():
    """None of them there."""
    return Devices()


@pytest.fixture
def reading(devices):
    """The jobs of camera and reader, which are there."""
    devices.camera.adapter = SimpleNamespace(capture=lambda after_seconds: FRAME)
    devices.reader.adapter = SimpleNamespace(
        look=lambda frame: Hint.GOOD, show=lambda frame, width_px: ({"width_px": width_px}, b"JPEG")
    )
    return ReadingJobs(SETTINGS, devices, Records(None, None), None, devices.posted.append)


def show(reading, seconds, width_px=640, *, is_pressed=False):
    """What another program is answered at this moment."""
    answer = KeptAnswer()
    reading.show(width_px, answer, at_seconds=seconds, is_pressed=is_pressed)
    return answer


def test_a_frame_is_shown_again_for_a_moment(reading, devices):
    """To whoever asks for the same width, also while the camera is at work; another asks the camera."""
    assert show(reading, 10.0).given == ({"width_px": 640}, b"JPEG")
    devices.camera.worker.busy = True
    assert show(reading, 10.0 + 0.9 * SHOWN_SECONDS).given == ({"width_px": 640}, b"JPEG")
    assert show(reading, 10.0, 320).refused == "busy; try again in a moment"
    assert show(reading, 10.0 + SHOWN_SECONDS).refused == "busy; try again in a moment"


def test_a_press_comes_before_whoever_watches(reading):
    """A reading may begin at any moment."""
    assert show(reading, 10.0, is_pressed=True).refused == "busy; try again in a moment"


def test_a_camera_that_fails_while_it_is_watched_is_lost(reading, devices):
    """And the watcher is told; a picture that cannot be read is told only."""
    devices.camera.adapter.capture = failing(CameraError("unplugged"))
    assert show(reading, 10.0).refused == "unplugged"
    assert devices.posted == [DeviceLost("camera")]
    devices.camera.adapter.capture = failing(FrameError("empty"))
    assert show(reading, 11.0).refused == "empty"
    assert devices.posted == [DeviceLost("camera")]


def test_a_look_posts_what_it_saw(reading, devices):
    """Of its own turn; without a camera it has failed."""
    reading.look(4, after_seconds=1.0)
    devices.camera.adapter = None
    reading.look(5, after_seconds=1.0)
    assert devices.posted == [HintSeen(4, Hint.GOOD), Failed(5)]


@pytest.fixture
def speech(devices):
    """The jobs of voice and loudspeaker, which are absent."""
    parts = SimpleNamespace(
        preferences=PREFERENCES,
        catalogue=phrases.load,
        pieces=lambda _: PieceStore(None, ""),
        display=SimpleNamespace(said=lambda text: None),
    )
    return SpeechJobs(parts, SETTINGS, devices, lambda: Situation(preferences=PREFERENCES), devices.posted.append)


def test_a_tone_waits_for_a_card_that_has_not_opened_yet(speech, devices):
    """The latest one, once."""
    started = []
    speech.tone(Tone.LOW)
    speech.tone(Tone.SHUTTER)
    devices.player.adapter = SimpleNamespace(start=started.append)
    speech.sound_opened()
    speech.sound_opened()
    assert len(started) == 1


@pytest.mark.parametrize("is_muted", [False, True])
def test_what_cannot_be_said_is_over_at_once(speech, devices, is_muted):
    """Without a voice, and while the box is mute: nothing waits for its end."""
    speech.is_muted = is_muted
    speech.say(phrases.phrase("appliance.ready"), 3)
    assert devices.posted == [SpeechFinished(3)]


def test_what_is_said_may_take_as_long_as_it_is(speech, devices):
    """Each piece has its own limit to be synthesised, and the card has the whole length to play it.

    Else a long answer of a good voice would be cut off, and the voice or the card called broken.
    """
    second = Audio(np.zeros(22050, np.int16), 22050)
    devices.synthesizer.adapter = SimpleNamespace(synthesize=lambda piece: second)
    devices.player.adapter = SimpleNamespace(wait=lambda limit_seconds: True, start=lambda audio: None)
    machine = SimpleNamespace(free_bytes=lambda: None, network_address=lambda: None, version="1.2.3")
    status = telling.status(Situation(preferences=PREFERENCES), machine, "dot")
    pieces = speech.catalogue.utterance(status, number_style="digits")
    assert len(pieces) > 1
    speech.say(status, 3)
    assert devices.posted == [SpeechFinished(3)]
    assert devices.limits["synthesizer"] == len(pieces) * SETTINGS.speech_limit_seconds
    assert len(pieces) < devices.limits["player"] < len(pieces) + 3


def test_a_hold_without_a_microphone_hears_nothing(devices, clock):
    """Its loss is on the way to the loop."""
    jobs = ListeningJobs(SETTINGS, devices, None, devices.posted.append, clock)
    jobs.listen(3, Context.IDLE, None)
    (message,) = devices.posted
    assert isinstance(message, CommandHeard)
    assert message.heard.command is None


def test_the_speech_model_is_unloaded_while_memory_is_short(devices, clock):
    """Looked at every ten seconds, and never while somebody is being listened to."""
    machine, unloaded = SimpleNamespace(available_memory_bytes=lambda: 49), []
    devices.ears.adapter = SimpleNamespace(unload=lambda: unloaded.append(clock.seconds))
    jobs = ListeningJobs(SETTINGS, devices, machine, devices.posted.append, clock)
    jobs.look_at_memory()
    clock.pass_by(10.0)
    jobs.look_at_memory()
    jobs.look_at_memory()
    devices.ears.worker.busy = True
    clock.pass_by(10.0)
    jobs.look_at_memory()
    assert unloaded == [1010.0]


def test_a_speech_model_is_unloaded_once(devices, clock):
    """Not at every look while memory stays short: each would be a line in the log. A hold loads it again."""
    machine, unloaded = SimpleNamespace(available_memory_bytes=lambda: 49), []
    devices.ears.adapter = SimpleNamespace(unload=lambda: unloaded.append(clock.seconds), listen=lambda *_: Heard())
    devices.microphone.adapter = SimpleNamespace(start=lambda: None, stop=lambda: None, take=lambda _: None)
    jobs = ListeningJobs(SETTINGS, devices, machine, devices.posted.append, clock)
    for _ in range(3):
        clock.pass_by(10.0)
        jobs.look_at_memory()
    assert unloaded == [1010.0]
    jobs.listen(3, Context.IDLE, None)
    clock.pass_by(10.0)
    jobs.look_at_memory()
    assert unloaded == [1010.0, 1040.0]


@pytest.fixture
def record_jobs(devices):
    """With a keeper that writes at once, and no history."""
    keeper = SimpleNamespace(keep=lambda job: devices.use(None, job))
    store = SimpleNamespace(save=failing(PreferencesError("the card is full")))
    return RecordJobs(devices, Records(None, None), store, keeper, devices.posted.append)


def test_what_is_not_kept_is_told(record_jobs, devices):
    """Preferences that cannot be written, a correction without a history, a picture that is gone."""
    record_jobs.keep_preferences(PREFERENCES)
    record_jobs.correct("42")
    record_jobs.keep_sample(0, 7)
    assert devices.posted == [NotKept()] * 3


def test_the_loss_of_the_history_ends_the_turn_that_asked_it(record_jobs, devices):
    """And no other: what is being said meanwhile goes on."""
    assert not record_jobs.tell(Topic.HISTORY, 3, 0)
    devices.history.adapter = SimpleNamespace(search=lambda limit: [])
    assert record_jobs.tell(Topic.HISTORY, 4, 0)
    devices.posted.clear()
    record_jobs.history_lost(3)
    assert devices.posted == []
    record_jobs.history_lost(4)
    assert devices.posted == [SpeechFinished(4)]


def test_a_reading_waits_for_the_history(devices, caplog):
    """It is written when one opens, which may have a word to say itself."""
    kept = []
    records = Records(None, SimpleNamespace(wanted=False, keep=lambda *_: None))
    record_jobs = RecordJobs(devices, records, None, None, devices.posted.append)
    record_jobs.remember(Reading(Status.UNREADABLE), records.taken(FRAME, Reading(Status.UNREADABLE)))
    assert (record_jobs.readings_made, kept) == (1, [])
    history = SimpleNamespace(
        append=lambda reading, time: kept.append(reading.status) or SimpleNamespace(id=1), kept_aside="history.corrupt"
    )
    assert history_opened(records, history) == "appliance.history_renewed"
    assert kept == [Status.UNREADABLE]
    assert "kept as history.corrupt" in caplog.text


def test_a_keeper_that_hangs_is_given_up(clock):
    """The user is told, and the next is written by a fresh thread."""
    posted, begun, let_go, written = [], threading.Event(), threading.Event(), threading.Event()
    keeper = Keeper(posted.append, clock, 1.0)

    def hang():
        begun.set()
        let_go.wait(3 * SOON)  # longer than what is written then is waited for

    keeper.keep(hang)
    assert begun.wait(SOON)
    keeper.look_after()
    assert posted == []
    clock.pass_by(1.0)
    keeper.look_after()
    assert posted == [NotKept()]
    keeper.keep(written.set)
    keeper.finish(SOON)
    assert written.is_set()
    let_go.set()
    let_go.set()
