"""The loop: one inbox, one worker a device, deadlines, the watchdog. It knows ports, never adapters.

The loop itself never blocks: GPIO callbacks, signal handlers and workers only put messages into its inbox, and what
takes time runs on the worker of the device that takes it, with a limit. A worker for each device, rather than one for
all, because a hung camera must not keep the box from saying so.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from device import telling
from device.actions import (
    Action,
    ClearDeadline,
    Correct,
    Forget,
    KeepSample,
    Listen,
    Look,
    Mute,
    NotifyReady,
    PlayTone,
    PowerOff,
    Read,
    Remember,
    Say,
    SetDeadline,
    StopListening,
    StopSpeech,
    Tell,
    Topic,
    Unmute,
    UsePreferences,
)
from device.appliance import transition
from device.capture import Burst, Recording
from device.complaints import Complaints
from device.domain import Audio, Command, Context, Device, Frame, Heard, Reading
from device.errors import (
    CameraError,
    CatalogueError,
    DigitboxError,
    HistoryError,
    IndicatorError,
    MicrophoneError,
    PowerError,
    PreferencesError,
    RequestError,
    SoundError,
    SpeechError,
)
from device.events import (
    AssumptionBroken,
    ButtonPressed,
    ButtonReleased,
    CommandGiven,
    CommandHeard,
    Deadline,
    DeadlinePassed,
    DeviceLost,
    DeviceOpened,
    Event,
    Failed,
    Forgotten,
    HintSeen,
    InputEnded,
    NotKept,
    PhraseGiven,
    PowerFailed,
    PreferencesChosen,
    ReadingMade,
    SpeechFinished,
)
from device.parts import Parts, Reader, Settings
from device.phrases import Phrase, Utterance, phrase
from device.ports import Answer, History, Requests, Synthesizer
from device.preferences import Preferences
from device.protocol import (
    CommandAsked,
    CorrectAsked,
    DeleteAsked,
    ErrorsAsked,
    HistoryAsked,
    LookAsked,
    PictureAsked,
    PreferencesAsked,
    Request,
    SayAsked,
    SayTokenAsked,
    StatusAsked,
    changed,
    reading_as_json,
    reading_to_say,
)
from device.records import Records, Taken
from device.situation import HEARING_DEVICES, STARTUP_DEVICES, Mode, Practice, Situation
from device.tones import Tone, sound
from device.voice import Voice
from device.worker import Worker

if TYPE_CHECKING:
    from device.reading import Observation

log = logging.getLogger(__name__)

MOST_STUCK = 3
"""A device that has swallowed so many threads is not tried again until one of them comes back."""

EARS_OPEN_SECONDS = 30.0
"""The larger speech models take several seconds to load from an SD card; nobody waits for them."""

CLOSE_SECONDS = 3.0
"""For all devices together, at the end; systemd would wait longer, a person pulling the plug would not."""

SHOWN_SECONDS = 0.3
"""Who looks more often than that is shown the same frame again."""

MEMORY_SECONDS = 10.0
"""Between two looks at how much memory is left."""


Adapter = TypeVar("Adapter")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A message of the daemon to itself: this device's adapter is open now."""

    device: Device
    adapter: Any
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message of the daemon to itself: another program has asked for something."""

    request: Request
    answer: Answer


@dataclass(frozen=True, slots=True)
class _Told:
    """A message of the daemon to itself: what was asked for in this turn has been found out."""

    turn: int
    phrase: Phrase


_Message = Event | _Opened | _Told | _Asked


class Slot(Generic[Adapter]):
    """A place for a device that may be absent: how to make its adapter, its worker, and the adapter while it works."""

    def __init__(
        self, device: Device, make: Callable[[], Adapter], worker: Worker[_Message], open_limit_seconds: float
    ) -> None:
        self.device = device
        self.make = make
        self.worker = worker
        self.open_limit_seconds = open_limit_seconds
        self.adapter: Adapter | None = None
        self.retry_at: float | None = None
        self.latest_error = ""


class Daemon:
    """Runs the appliance until it is told to stop.

    Args:
        parts: What it is made of.
        settings: The numbers of its loop.
        restarted: The former run did not come to its own end.
        monotonic: The clock, in seconds; moved by hand in tests.
    """

    def __init__(
        self,
        parts: Parts,
        settings: Settings,
        *,
        restarted: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.situation = Situation(
            unknown=STARTUP_DEVICES | (HEARING_DEVICES if parts.hears else frozenset()),
            hears=parts.hears,
            restarted=restarted,
            aim_wanted=settings.aims_at_start,
            aims_after_trouble=settings.aims_after_trouble,
            preferences=parts.preferences,
            seed=secrets.randbits(32),
        )
        self.readings_made = 0
        self._parts = parts
        self._settings = settings
        self._monotonic = monotonic
        self._inbox: queue.SimpleQueue[tuple[float, _Message]] = queue.SimpleQueue()
        self._postponed: deque[tuple[float, _Message]] = deque()
        self._deadlines: dict[Deadline, float] = {}
        self._event_seconds = monotonic()
        self._burst: Burst | None = None
        self._recording: Recording | None = None
        self._early_tone: Tone | None = None
        self._muted = False
        self._catalogue = parts.catalogue(parts.preferences.language)
        self._preferences = parts.preferences
        self._voice = Voice(parts.pieces(parts.preferences), volume=parts.preferences.volume)
        self._records = Records(parts.samples, parts.pictures)
        self._taken: tuple[Reading | None, Taken] = (None, Taken())
        self._keeper: Worker[_Message] = Worker("keeper", self.post, monotonic)
        self._made_with: dict[Device, Preferences] = {}
        self._asked_turn = -1
        self._memory_due = monotonic() + MEMORY_SECONDS
        self._requests: Requests | None = None
        self._complaints = Complaints()
        self._shown: tuple[float, int, dict[str, Any], bytes] | None = None
        limit = settings.device_limit_seconds
        self._button = self._slot(Device.BUTTON, parts.button, limit)
        self._indicator = self._slot(Device.INDICATOR, parts.indicator, limit)
        self._player = self._slot(Device.SOUND, parts.player, limit)
        self._camera = self._slot(Device.CAMERA, parts.camera, settings.camera_open_limit_seconds)
        self._reader = self._slot(Device.MODEL, parts.reader, settings.reading_limit_seconds + limit)
        self._synthesizer = self._slot(
            Device.SPEECH, lambda: self._made(Device.SPEECH, parts.synthesizer), settings.speech_limit_seconds
        )
        self._history = self._slot(Device.HISTORY, parts.history, limit)
        self._microphone = self._slot(Device.MICROPHONE, parts.microphone, limit)
        self._ears = self._slot(Device.RECOGNIZER, lambda: self._made(Device.RECOGNIZER, parts.ears), EARS_OPEN_SECONDS)
        self._slots: tuple[Slot[Any], ...] = (
            self._indicator, self._button, self._player, self._camera, self._reader, self._synthesizer, self._history,
            self._microphone, self._ears,
        )  # fmt: skip

    def run(self) -> int:
        """Open everything, obey the button until stopped, close everything; the process's exit status."""
        logging.getLogger(__package__).addHandler(self._complaints)
        # What comes before READY is opened first and alone: the rest would only take its processor away.
        for slot in (self._indicator, self._button, self._player):
            self._open(slot)
        self._open_requests()
        while self.situation.mode is not Mode.STOPPED:
            self.turn()
        self._close()
        return self.situation.exit_status

    def post(self, message: _Message) -> None:
        """Let the loop know of something that has happened; from any thread, and from signal handlers."""
        self._inbox.put((self._monotonic(), message))

    def turn(self) -> None:
        """One turn of the loop: wait for an event for at most a tick, handle it, look after the workers."""
        message = self._next_message()
        if isinstance(message, _Opened):
            message = self._install(message)
        elif isinstance(message, DeviceLost):
            self._uninstall(self._slot_of(message.device))
        elif isinstance(message, _Told):
            if message.turn == self.situation.turn:
                self._say(message.phrase, message.turn)
            message = None
        elif isinstance(message, _Asked):
            self._answer(message.request, message.answer)
            message = None
        if message is not None:
            self._handle(message)
        for slot in self._slots:
            if slot.worker.overdue():
                self._give_up(slot)
            elif slot.retry_at is not None and self._monotonic() >= slot.retry_at:
                self._retry(slot)
        if self._keeper.overdue():
            self._keeper.abandon()
            log.warning("what was to be kept was not written within its limit")
            self.post(NotKept())
        self._look_at_memory()
        self._parts.supervisor.ping()

    # --- events -------------------------------------------------------------------------------------------------------

    def _next_message(self) -> _Message | None:
        """The next message or passed deadline, in the order in which they happened; None after a quiet tick.

        A release that came in time must not turn into a hold because the loop was late to look.
        """
        deadline = min(self._deadlines, key=self._deadlines.__getitem__, default=None)
        due = None if deadline is None else self._deadlines[deadline]
        item = self._take_item(due)
        if deadline is not None and due is not None and due <= (item[0] if item else self._monotonic()):
            if item is not None:
                self._postponed.appendleft(item)
            del self._deadlines[deadline]
            self._event_seconds = due
            return DeadlinePassed(deadline)
        if item is None:
            return None
        self._event_seconds, message = item
        return message

    def _take_item(self, due: float | None) -> tuple[float, _Message] | None:
        """What waits in the inbox, or comes within a tick and before the next deadline."""
        if self._postponed:
            return self._postponed.popleft()
        wait = self._settings.tick_seconds
        if due is not None:
            wait = min(wait, max(0.0, due - self._monotonic()))
        try:
            return self._inbox.get(timeout=wait)
        except queue.Empty:
            return None

    def _handle(self, event: Event) -> None:
        before = self.situation
        self.situation, actions = transition(before, event)
        if self.situation.mode is not before.mode:
            log.debug("%s: %s -> %s", type(event).__name__, before.mode.value, self.situation.mode.value)
            self._parts.display.mode(self.situation.mode.value)
            self._tell_followers({"mode": self.situation.mode.value})
            if self.situation.mode is Mode.STOPPED:
                log.info("stopping after %s, with exit status %d", type(event).__name__, self.situation.exit_status)
        if self.situation.faults != before.faults:
            self._tell_followers({"faults": _names(self.situation.faults)})
        if isinstance(event, ReadingMade) and self.situation is not before:
            self._tell_followers({"reading": reading_as_json(event.reading, scores=False)})
        if self.situation.practice is not before.practice:
            self._tell_followers({"practice": _practice_as_json(self.situation.practice)})
        if (self.situation.mode, self.situation.faults) != (before.mode, before.faults):
            self._parts.supervisor.status(self._status_line())
        for action in actions:
            self._start(action)
        self._show_light()

    def _status_line(self) -> str:
        faults = ", ".join(_names(self.situation.faults))
        return self.situation.mode.value + (f"; out of order: {faults}" if faults else "")

    # --- actions ------------------------------------------------------------------------------------------------------

    def _start(self, action: Action) -> None:  # noqa: PLR0912 - one a case
        match action:
            case NotifyReady():
                self._parts.supervisor.ready()
                hearing = (self._microphone, self._ears) if self._parts.hears else ()
                for slot in (self._synthesizer, self._camera, self._reader, self._history, *hearing):
                    self._open(slot)
            case PlayTone(tone):
                self._play_tone(tone)
            case StopSpeech(turn):
                self._voice.hush(self._player.adapter, turn=turn)
            case Say(phrase, turn):
                self._say(phrase, turn)
            case Read(turn):
                self._read(turn)
            case Look(turn):
                self._look(turn)
            case Remember(reading):
                self._remember(reading)
            case SetDeadline(deadline):
                seconds = self._settings.deadline_seconds(deadline)
                if seconds is not None:
                    self._deadlines[deadline] = self._event_seconds + seconds
            case ClearDeadline(deadline):
                self._deadlines.pop(deadline, None)
            case PowerOff():
                self._power_off()
            case _:
                self._start_command(action)

    def _start_command(self, action: Action) -> None:
        """What only spoken commands order."""
        match action:
            case Listen(turn, context, read):
                self._listen(turn, context, read)
            case StopListening():
                self._stop_listening()
            case Tell(topic, turn, back):
                self._tell(topic, turn, back)
            case Forget(turn):
                self._forget(turn)
            case UsePreferences(preferences):
                self._use_preferences(preferences)
            case Mute() | Unmute():
                self._muted = isinstance(action, Mute)
            case Correct(number):
                self._correct(number)
            case KeepSample(index, digit):
                self._keep_sample(index, digit)

    def _play_tone(self, tone: Tone) -> None:
        if self._player.adapter is None:
            if Device.SOUND in self.situation.unknown:
                self._early_tone = tone  # the button was quicker to open: answered in a moment
            return
        try:
            self._player.adapter.start(sound(tone, volume=self._settings.tone_volume))
        except SoundError as error:
            self.post(self._lost(self._player, error))

    def _say(self, phrase: Phrase, turn: int) -> None:
        """Synthesise on the speech worker, then play on the sound worker; without either, a tone has to do."""
        if self._muted:
            self.post(SpeechFinished(turn))
            return
        utterance = self._catalogue.utterance(phrase, number_style=self.situation.preferences.number_style)
        self._parts.display.said(" ".join(utterance))
        voice = self._voice
        synthesizer, player = self._synthesizer.adapter, self._player.adapter
        if synthesizer is None or player is None:
            self._play_tone(Tone.FAULT)
            self.post(SpeechFinished(turn))
            return
        device_limit = self._settings.device_limit_seconds

        def synthesize() -> None:
            audio = voice.audio(synthesizer, utterance)
            self._use(self._player, lambda: play(audio), audio.seconds + 2 * device_limit)

        def play(audio: Audio) -> SpeechFinished:
            voice.play(player, audio, turn=turn, limit_seconds=device_limit)
            return SpeechFinished(turn)

        self._use(self._synthesizer, synthesize, self._settings.speech_limit_seconds * len(utterance))

    def _read(self, turn: int) -> None:
        camera, reader = self._camera.adapter, self._reader.adapter
        if camera is None or reader is None:  # lost since the transition: its DeviceLost is in the inbox
            self.post(Failed(turn))
            return
        settings = self._settings
        burst = self._burst = Burst(settings.frames, self._event_seconds, settings.capture_limit_seconds)

        def fill() -> None:
            try:
                burst.fill(camera)
            except CameraError:
                raise
            except DigitboxError:
                pass  # a picture that cannot be read is one bad try, and the reader reports it

        def read() -> Event | None:
            try:
                return ReadingMade(turn, self._read_burst(reader, burst))
            except CameraError as error:
                return self._lost(self._camera, error)
            except DigitboxError as error:
                log.warning("no reading: %s", error)
                return Failed(turn)

        # A camera that has to wait for the reader is not at fault; one that hangs is noticed by the reader.
        fill_limit_seconds = settings.frames * settings.capture_limit_seconds + settings.reading_limit_seconds
        self._use(self._camera, fill, fill_limit_seconds)
        self._use(self._reader, read, settings.reading_limit_seconds)

    def _read_burst(self, reader: Reader, burst: Burst) -> Reading:
        latest: deque[Observation] = deque(maxlen=1)
        try:
            reading = reader.read(burst, seen=latest.append)
        finally:
            burst.end()
        log.info("reading: %s, %d digits in %.0f ms", reading.status.value, len(reading.digits), reading.elapsed_ms)
        if latest:
            self._taken = (reading, self._records.taken(latest[0].frame, reading))
            self._parts.display.answer(latest[0].frame, reading, latest[0].model_inputs)
        return reading

    def _look(self, turn: int) -> None:
        """One frame on the camera's worker, then how the paper lies on the reader's."""
        camera, reader = self._camera.adapter, self._reader.adapter
        if camera is None or reader is None:  # lost since the transition: its DeviceLost is in the inbox
            self.post(Failed(turn))
            return
        settings, moment = self._settings, self._event_seconds

        def capture() -> Event | None:
            try:
                frame = camera.capture(after_seconds=moment)
            except CameraError:
                raise
            except DigitboxError as error:
                return failed(error)  # a picture that cannot be read is one bad try
            self._use(self._reader, lambda: look(frame), settings.reading_limit_seconds)
            return None

        def look(frame: Frame) -> Event:
            try:
                return HintSeen(turn, reader.look(frame))
            except DigitboxError as error:
                return failed(error)

        def failed(error: DigitboxError) -> Failed:
            log.warning("no look: %s", error)
            return Failed(turn)

        self._use(self._camera, capture, settings.capture_limit_seconds + settings.device_limit_seconds)

    def _remember(self, reading: Reading) -> None:
        self.readings_made += 1
        of, taken = self._taken
        self._records.remember(reading, taken if of is reading else Taken())
        self._save_on_worker()

    # --- spoken commands ----------------------------------------------------------------------------------------------

    def _listen(self, turn: int, context: Context, read: int | None) -> None:
        """Record on the microphone's worker, once the tone is over, and understand on the ears'."""
        microphone, ears, player = self._microphone.adapter, self._ears.adapter, self._player.adapter
        if microphone is None or ears is None:  # lost since the transition: its DeviceLost is in the inbox
            self.post(CommandHeard(turn, Heard()))
            return
        limit_seconds = self._settings.device_limit_seconds
        recording = self._recording = Recording(limit_seconds)

        def record() -> None:
            if player is not None:
                with contextlib.suppress(SoundError):
                    player.wait(limit_seconds)  # the box must not hear itself
            recording.fill(microphone)

        def understand() -> Event:
            try:
                heard = ears.listen(recording, context, read)
            except MicrophoneError as error:
                return self._lost(self._microphone, error)
            finally:
                recording.end()
            command = heard.command.command.value if heard.command else "nothing"
            log.info("heard: %s (%.2f)", command, heard.confidence)
            return CommandHeard(turn, heard)

        longest_seconds = self._settings.warning_seconds + 2 * limit_seconds
        self._use(self._microphone, record, longest_seconds)
        # It may have been unloaded for want of memory.
        self._use(self._ears, understand, longest_seconds + EARS_OPEN_SECONDS)

    def _stop_listening(self) -> None:
        if self._recording is not None:
            self._recording.end()
        if self._microphone.adapter is not None:
            self._microphone.adapter.stop()

    def _use_preferences(self, preferences: Preferences) -> None:
        """Speak this way from the next sentence on, and keep it for the next start."""
        before, self._preferences = self._preferences, preferences
        self._voice.volume = preferences.volume
        if replace(before, volume=0) != replace(preferences, volume=0):
            self._change_voice(before, preferences)

        def save() -> Event | None:
            try:
                self._parts.preferences_store.save(preferences)
            except PreferencesError as error:
                log.warning("%s", error)
                return NotKept()
            return None

        self._keeper.submit(self._guarded(save), limit_seconds=self._settings.device_limit_seconds)

    def _change_voice(self, before: Preferences, preferences: Preferences) -> None:
        try:
            self._catalogue = self._parts.catalogue(preferences.language)
        except CatalogueError as error:  # nothing is left to say it in but the language spoken so far
            log.error("%s", error)
            return
        self._voice = Voice(self._parts.pieces(preferences), volume=preferences.volume, former=self._voice)
        if self._synthesizer.adapter is not None:
            self._replace(self._synthesizer)
            self._prepare_all(self._synthesizer.adapter)
        if before.language != preferences.language and self._ears.adapter is not None:
            self._replace(self._ears)

    def _replace(self, slot: Slot[Any]) -> None:
        """A fresh adapter in place of one that works, opened before anything else is asked of it."""
        former, fresh = slot.adapter, slot.make()
        slot.adapter = fresh
        if former is None:
            return
        slot.worker.submit(self._guarded(former.close), limit_seconds=self._settings.device_limit_seconds)
        self._use(slot, fresh.open, slot.open_limit_seconds)

    def _tell(self, topic: Topic, turn: int, back: int) -> None:
        match topic:
            case Topic.TIME:
                self._say(telling.time(datetime.now()), turn)
            case Topic.STATUS:
                dot = self._catalogue.sentences["told.dot"]
                self._say(telling.status(self.situation, self._parts.machine, dot), turn)
            case _:
                self._tell_history(topic, turn, back)

    def _tell_history(self, topic: Topic, turn: int, back: int) -> None:
        """Ask the history on its worker, then say what it knows."""
        history = self._history.adapter
        if history is None:
            self._say(phrase("fault.history"), turn)
            return

        def ask() -> _Told:
            self._records.save(history)
            return _Told(turn, telling.history(history, topic, back))

        self._asked_turn = turn
        self._use(self._history, ask, self._settings.device_limit_seconds)

    def _forget(self, turn: int) -> None:
        """Delete everything on the history's worker, with a history of its own where the daemon's is lost."""

        def forget() -> _Told:
            try:
                with self._some_history() as history:
                    self._records.forget_everything(history)
            except HistoryError as error:
                log.warning("%s", error)
                return _Told(turn, phrase("answer.not_forgotten"))
            return _Told(turn, phrase("answer.forgotten"))

        self._asked_turn = turn
        self._use(self._history, forget, self._settings.device_limit_seconds)

    @contextlib.contextmanager
    def _some_history(self) -> Iterator[History]:
        """The open history, or one opened for the purpose. Raises HistoryError."""
        if self._history.adapter is not None:
            yield self._history.adapter
            return
        history = self._parts.history()
        with contextlib.closing(history):
            history.open()
            yield history

    def _correct(self, number: str) -> None:
        history = self._history.adapter
        if history is None:
            log.warning("a correction is lost, because the history is")
            self.post(NotKept())
            return

        def correct() -> Event | None:
            return None if self._records.correct_latest(history, number) else NotKept()

        self._use(self._history, correct, self._settings.device_limit_seconds)

    def _keep_sample(self, index: int, digit: int) -> None:
        def keep() -> Event | None:
            try:
                return None if self._records.keep_sample(index, digit) else NotKept()
            except HistoryError as error:
                log.warning("%s", error)
                return NotKept()

        self._keeper.submit(self._guarded(keep), limit_seconds=self._settings.device_limit_seconds)

    def _look_at_memory(self) -> None:
        """Give the speech model's memory back while the machine is short of it; the next hold loads it again."""
        if self._monotonic() < self._memory_due:
            return
        self._memory_due = self._monotonic() + MEMORY_SECONDS
        ears, available = self._ears.adapter, self._parts.machine.available_memory_bytes()
        short = available is not None and available < self._settings.spare_memory_bytes
        if short and ears is not None and not self._ears.worker.busy:
            log.info("little memory is left; the speech model is unloaded until the next hold")
            self._use(self._ears, ears.unload, self._settings.device_limit_seconds)

    # --- requests of other programs -----------------------------------------------------------------------------------

    def _open_requests(self) -> None:
        if self._parts.requests is None:
            return
        requests = self._parts.requests()
        try:
            requests.open(lambda request, answer: self.post(_Asked(request, answer)))
        except RequestError as error:
            log.warning("%s", error)  # the box works without
            return
        self._requests = requests

    def _tell_followers(self, news: dict[str, Any]) -> None:
        if self._requests is not None:
            self._requests.tell(news)

    def _answer(self, request: Request, answer: Answer) -> None:
        match request:
            case StatusAsked():
                answer.give(self._status_as_json())
            case ErrorsAsked():
                answer.give({"errors": self._complaints.as_json()})
            case LookAsked(width_px):
                self._show(width_px, answer)
            case CommandAsked(command):
                answer.give({"obeyed": self.situation.accepts(Command(command))})
                self._handle(CommandGiven(Command(command)))
            case SayAsked():
                self._say_for_another(Phrase("reading", reading_to_say(request)), answer)
            case SayTokenAsked(token):
                self._say_for_another(telling.token(token), answer)
            case PreferencesAsked(wishes):
                self._prefer(wishes, answer)
            case PictureAsked(entry):
                self._answer_with_picture(entry, answer)
            case HistoryAsked() | CorrectAsked() | DeleteAsked():
                self._answer_from_history(request, answer)
            case _:
                answer.refuse("the daemon does not answer this")

    def _status_as_json(self) -> dict[str, Any]:
        situation = self.situation
        return {
            "mode": situation.mode.value,
            "faults": _names(situation.faults),
            "hears": situation.hears,
            "version": self._parts.machine.version,
            "address": self._parts.machine.network_address(),
            "free_bytes": self._parts.machine.free_bytes(),
            "readings": self.readings_made,
            "preferences": asdict(situation.preferences),
            "practice": _practice_as_json(situation.practice),
            "last": None if situation.last is None else reading_as_json(situation.last, scores=True),
        }

    def _show(self, width_px: int, answer: Answer) -> None:
        """A frame and what is seen in it, unless the camera or the reader has better things to do."""
        now = self._monotonic()
        if self._shown is not None and now - self._shown[0] < SHOWN_SECONDS and self._shown[1] == width_px:
            answer.give(*self._shown[2:])
            return
        camera, reader = self._camera.adapter, self._reader.adapter
        if camera is None or reader is None:
            answer.refuse("the camera or the model does not work; digitbox doctor says why")
            return
        if self._camera.worker.busy or self._reader.worker.busy or self.situation.press is not None:
            answer.refuse("busy; try again in a moment")
            return
        settings = self._settings

        def capture() -> Event | None:
            try:
                frame = camera.capture(after_seconds=now)
            except CameraError as error:
                answer.refuse(str(error))
                raise
            except DigitboxError as error:
                answer.refuse(str(error))
                return None
            self._use(self._reader, lambda: show(frame), settings.reading_limit_seconds)
            return None

        def show(frame: Frame) -> None:
            try:
                shown = reader.show(frame, width_px)
            except DigitboxError as error:
                answer.refuse(str(error))
                return
            self._shown = (now, width_px, *shown)
            answer.give(*shown)

        self._use(self._camera, capture, settings.capture_limit_seconds + settings.device_limit_seconds)

    def _say_for_another(self, phrase: Phrase, answer: Answer) -> None:
        if self._muted or not self.situation.can_be_heard:
            reason = "is muted; hold the button once" if self._muted else "has no voice now; digitbox doctor says why"
            answer.refuse(f"the box {reason}")
            return
        answer.give({"obeyed": self.situation.is_free})
        self._handle(PhraseGiven(phrase))

    def _prefer(self, wishes: Mapping[str, Any], answer: Answer) -> None:
        try:
            preferences = changed(self.situation.preferences, wishes, self._settings.preference_limits)
            self._parts.catalogue(preferences.language)
        except (RequestError, CatalogueError) as error:
            answer.refuse(str(error))
            return
        if preferences.voice in ("", self.situation.preferences.voice):
            self._handle(PreferencesChosen(preferences))
            answer.give({"preferences": asdict(preferences)})
            return

        def attempt() -> Event | None:
            """A voice that cannot speak must not take the place of one that can."""
            synthesizer = self._parts.synthesizer(preferences)
            try:
                synthesizer.open()
            except SpeechError as error:
                answer.refuse(str(error))
                return None
            finally:
                synthesizer.close()
            answer.give({"preferences": asdict(preferences)})
            return PreferencesChosen(preferences)

        self._use(self._synthesizer, attempt, self._settings.speech_limit_seconds)

    def _answer_with_picture(self, entry: int, answer: Answer) -> None:
        def load() -> None:
            picture = self._records.picture(entry)
            if picture is None:
                answer.refuse("no picture of this reading was kept")
            else:
                answer.give({}, picture)

        self._use(self._history, load, self._settings.device_limit_seconds)

    def _answer_from_history(self, request: HistoryAsked | CorrectAsked | DeleteAsked, answer: Answer) -> None:
        history = self._history.adapter
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

        self._use(self._history, work, self._settings.device_limit_seconds)

    # --- power and light ----------------------------------------------------------------------------------------------

    def _power_off(self) -> None:
        try:
            self._parts.power.power_off()
        except PowerError as error:
            log.error("%s", error)
            self.post(PowerFailed())

    def _show_light(self) -> None:
        indicator = self._indicator.adapter
        if indicator is None:
            return
        try:
            indicator.show(self.situation.light)
        except IndicatorError as error:
            self.post(self._lost(self._indicator, error))

    # --- devices ------------------------------------------------------------------------------------------------------

    def _slot(self, device: Device, make: Callable[[], Adapter], open_limit_seconds: float) -> Slot[Adapter]:
        worker: Worker[_Message] = Worker(device.value, self.post, self._monotonic)
        return Slot(device, make, worker, open_limit_seconds)

    def _made(self, device: Device, make: Callable[[Preferences], Adapter]) -> Adapter:
        """An adapter that speaks or hears as the user prefers now; noted, since that may change while it opens."""
        preferences = self._made_with[device] = self._preferences
        return make(preferences)

    def _slot_of(self, device: Device) -> Slot[Any]:
        return next(slot for slot in self._slots if slot.device is device)

    def _open(self, slot: Slot[Any]) -> None:
        slot.retry_at = None

        def open_() -> _Message:
            adapter = None
            try:
                adapter = slot.make()
                if slot.device is Device.BUTTON:
                    adapter.open(self._on_pressed, self._on_released, self._on_ended)
                else:
                    adapter.open()
                return _Opened(slot.device, adapter, self._notice(slot.device, adapter))
            except (DigitboxError, ImportError) as error:
                if adapter is not None:
                    adapter.close()
                return self._lost(slot, _explained(error), in_use=False)

        def discard(message: _Message | None) -> None:
            if isinstance(message, _Opened):
                message.adapter.close()

        slot.worker.submit(self._guarded(open_), limit_seconds=slot.open_limit_seconds, discard=discard)

    def _notice(self, device: Device, adapter: Any) -> str | None:  # noqa: ANN401 - any port's adapter
        """What a device that has just opened wants said; the history also writes what had to wait for it."""
        if device is not Device.HISTORY:
            return None
        self._records.save(adapter)
        if adapter.kept_aside is None:
            return None
        log.warning("the history was damaged; it was kept as %s", adapter.kept_aside)
        return "appliance.history_renewed"

    def _install(self, message: _Opened) -> DeviceOpened:
        slot = self._slot_of(message.device)
        slot.adapter = message.adapter
        slot.latest_error = ""
        log.info("%s: open", message.device.value)
        if message.device is Device.SOUND and self._early_tone is not None:
            self._play_tone(self._early_tone)
            self._early_tone = None
        if message.device is Device.HISTORY:
            self._save_on_worker()  # a reading may have been made since it wrote what had waited
        if self._is_outdated(message.device):
            self._replace(slot)
        if message.device is Device.SPEECH and slot.adapter is not None:
            self._prepare_all(slot.adapter)
        return DeviceOpened(message.device, message.notice)

    def _is_outdated(self, device: Device) -> bool:
        """Whether a device that has just opened was made for preferences that have changed since."""
        made_with = self._made_with.get(device)
        if made_with is None:
            return False
        if device is Device.RECOGNIZER:
            return made_with.language != self._preferences.language
        return replace(made_with, volume=0) != replace(self._preferences, volume=0)

    def _prepare_all(self, synthesizer: Synthesizer) -> None:
        voice, pieces = self._voice, self._catalogue.fixed_pieces()

        def begin() -> None:
            voice.forget_others(pieces)
            self._prepare(voice, synthesizer, pieces)

        self._use(self._synthesizer, begin, self._settings.device_limit_seconds)

    def _prepare(self, voice: Voice, synthesizer: Synthesizer, pieces: Utterance) -> None:
        """Synthesise the fixed pieces one job each, so that whatever is to be said need only wait for one."""

        def prepare() -> None:
            voice.prepare(synthesizer, pieces[0])
            if len(pieces) > 1 and self.situation.mode is not Mode.STOPPED and voice is self._voice:
                self._prepare(voice, synthesizer, pieces[1:])

        self._use(self._synthesizer, prepare, self._settings.speech_limit_seconds)

    def _use(self, slot: Slot[Any], job: Callable[[], _Message | None], limit_seconds: float) -> None:
        """Run a job on a device's worker; an error of its means that the device is lost."""
        adapter = slot.adapter

        def run() -> _Message | None:
            try:
                return job()
            except DigitboxError as error:
                return self._lost(slot, error)

        def discard(_: _Message | None) -> None:
            if adapter is not None:
                adapter.close()

        slot.worker.submit(self._guarded(run), limit_seconds=limit_seconds, discard=discard)

    def _guarded(self, job: Callable[[], _Message | None]) -> Callable[[], _Message | None]:
        """A job whose unforeseen errors end the process, for the supervisor to start a fresh one."""

        def run() -> _Message | None:
            try:
                return job()
            except Exception:
                log.exception("this is a mistake in digitbox; please report it")
                return AssumptionBroken()

        return run

    def _lost(self, slot: Slot[Any], error: DigitboxError, *, in_use: bool = True) -> DeviceLost:
        """The event for it; a device that stays away is logged once and not at every try."""
        repeated = str(error) == slot.latest_error
        log.log(logging.DEBUG if repeated else logging.WARNING, "%s: %s", slot.device.value, error)
        slot.latest_error = str(error)
        return DeviceLost(slot.device, in_use)

    def _give_up(self, slot: Slot[Any]) -> None:
        """The call under way on this device's worker has taken too long."""
        slot.worker.abandon()
        message = f"no answer within its limit; given up, tried again every {self._settings.retry_seconds:g} s"
        self.post(self._lost(slot, DigitboxError(message)))

    def _uninstall(self, slot: Slot[Any]) -> None:
        """Part with a lost device's adapter, and plan the next try."""
        adapter, slot.adapter = slot.adapter, None
        slot.retry_at = self._monotonic() + self._settings.retry_seconds
        if slot.worker.busy:
            slot.worker.abandon()  # whoever lost it does not wait for it any longer; its job closes it if it returns
        elif adapter is not None:
            slot.worker.submit(self._guarded(adapter.close), limit_seconds=self._settings.device_limit_seconds)
        if slot is self._reader and self._burst is not None:
            self._burst.end()
        if slot in (self._synthesizer, self._player):
            self.post(SpeechFinished(self.situation.turn))
        if slot is self._history and self._asked_turn == self.situation.turn:
            self.post(SpeechFinished(self._asked_turn))  # what it was asked for will not come: its loss is said instead
        if slot is self._microphone and self._recording is not None:
            self._recording.abandon()

    def _retry(self, slot: Slot[Any]) -> None:
        if slot.worker.stuck < MOST_STUCK:
            self._open(slot)
        else:
            slot.retry_at = self._monotonic() + self._settings.retry_seconds

    def _close(self) -> None:
        """Close everything; what hangs is left behind, its thread ends with the process."""
        self._parts.supervisor.stopping()
        if self._requests is not None:
            self._requests.close()
        until = self._monotonic() + CLOSE_SECONDS
        self._install_what_opened()
        for slot in self._slots:
            if slot.adapter is not None:
                slot.worker.submit(self._guarded(slot.adapter.close), limit_seconds=CLOSE_SECONDS)
        self._keeper.finish(max(0.0, until - self._monotonic()))
        for slot in self._slots:
            if not slot.worker.finish(max(0.0, until - self._monotonic())):
                log.warning("%s: did not close in time", slot.device.value)
        logging.getLogger(__package__).removeHandler(self._complaints)

    def _install_what_opened(self) -> None:
        """Take over what opened while the loop came to its end, so that it is closed, and so that nothing is lost."""
        left = [message for _, message in self._postponed]
        while not self._inbox.empty():
            left.append(self._inbox.get_nowait()[1])
        for message in left:
            if isinstance(message, _Opened):
                self._slot_of(message.device).adapter = message.adapter
        self._save_on_worker()

    def _save_on_worker(self) -> None:
        """Write on the history's worker what has not been written yet; one that is not open writes when it opens."""
        history = self._history.adapter
        if history is not None and self._records.is_waiting:
            self._use(self._history, partial(self._records.save, history), self._settings.device_limit_seconds)

    def _on_pressed(self) -> None:
        self.post(ButtonPressed())

    def _on_released(self) -> None:
        self.post(ButtonReleased())

    def _on_ended(self) -> None:
        self.post(InputEnded())


def _explained(error: DigitboxError | ImportError) -> DigitboxError:
    """A library that is there in part is a fault of the card, or of whoever deleted it, and no mistake in here."""
    if isinstance(error, DigitboxError):
        return error
    return DigitboxError(f"a library is missing or damaged ({error}); install digitbox again")


def _names(devices: frozenset[Device]) -> list[str]:
    return sorted(device.value for device in devices)


def _practice_as_json(practice: Practice | None) -> dict[str, int] | None:
    if practice is None:
        return None
    return {"digit": practice.digit, "done": practice.done, "right": practice.right, "rounds": len(practice.asked)}
