"""The loop: one inbox, one worker a device, deadlines, the watchdog. It knows ports, never adapters.

The loop itself never blocks: GPIO callbacks, signal handlers and workers only put messages into its inbox, and what
takes time runs on the worker of the device that takes it, with a limit. A worker for each device, rather than one for
all, because a hung camera must not keep the box from saying so.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from device.appliance import (
    Action,
    AssumptionBroken,
    ButtonPressed,
    ButtonReleased,
    ClearDeadline,
    Deadline,
    DeadlinePassed,
    DeviceLost,
    DeviceOpened,
    Event,
    Failed,
    HintSeen,
    InputEnded,
    Look,
    Mode,
    NotifyReady,
    PlayTone,
    PowerFailed,
    PowerOff,
    Read,
    ReadingMade,
    Remember,
    Say,
    SetDeadline,
    Situation,
    SpeechFinished,
    StopSpeech,
    transition,
)
from device.domain import Audio, Device, Frame, Hint, Reading, Status
from device.errors import CameraError, CameraTimeout, DigitboxError, IndicatorError, PowerError, SoundError
from device.phrases import Catalogue, Phrase, Utterance
from device.ports import (
    Button,
    Camera,
    Display,
    History,
    Indicator,
    Player,
    Power,
    Supervisor,
    Synthesizer,
)
from device.tones import Tone, sound
from device.voice import Voice
from device.worker import Worker

if TYPE_CHECKING:
    from device.reading import Observation

log = logging.getLogger(__name__)

MOST_STUCK = 3
"""A device that has swallowed so many threads is not tried again until one of them comes back."""

CLOSE_SECONDS = 3.0
"""For all devices together, at the end; systemd would wait longer, a person pulling the plug would not."""

CONFIRM_SECONDS = 5.0
"""Product.md, "Gestures": so long a press confirms."""

MOST_UNSAVED = 1000
"""Readings kept in memory while the history cannot be written; the oldest go."""


class Reader(Protocol):
    """Frames -> Reading; device.reading.Reader, which is only imported after READY because OpenCV takes its time."""

    def open(self) -> None:
        """Load the model. Raises ModelError."""

    def read(self, frames: Iterable[Frame], seen: Callable[[Observation], None] | None = None) -> Reading:
        """Read a burst, taking no more frames than it needs."""

    def look(self, frame: Frame) -> Hint:
        """How to move the paper, by this frame and the one looked at before."""

    def close(self) -> None:
        """Drop the model."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the daemon is made of: what it opens, as factories, so that a lost device gets a fresh adapter."""

    button: Callable[[], Button]
    indicator: Callable[[], Indicator]
    player: Callable[[], Player]
    camera: Callable[[], Camera]
    reader: Callable[[], Reader]
    synthesizer: Callable[[], Synthesizer]
    history: Callable[[], History]
    voice: Voice
    catalogue: Catalogue
    power: Power
    supervisor: Supervisor
    display: Display


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of the loop, from the configuration; seconds unless named otherwise."""

    frames: int
    number_style: str
    tone_volume: float
    hold_seconds: float
    warning_seconds: float
    shutdown_seconds: float
    retry_seconds: float
    tick_seconds: float
    capture_limit_seconds: float
    camera_open_limit_seconds: float
    reading_limit_seconds: float
    speech_limit_seconds: float
    device_limit_seconds: float
    aims_at_start: bool
    aims_after_trouble: bool
    look_seconds: float
    aim_limit_seconds: float

    def deadline_seconds(self, deadline: Deadline) -> float | None:
        """From the press (or from now) to the deadline; None when it is turned off."""
        return {
            Deadline.HOLD: self.hold_seconds,
            Deadline.WARNING: self.warning_seconds,
            Deadline.SHUT_DOWN: self.shutdown_seconds or None,
            Deadline.CONFIRM: CONFIRM_SECONDS,
            Deadline.LOOK: self.look_seconds,
            Deadline.AIM: self.aim_limit_seconds,
        }[deadline]


Adapter = TypeVar("Adapter")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A message of the daemon to itself: this device's adapter is open now."""

    device: Device
    adapter: Any
    notice: str | None = None


_Message = Event | _Opened


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


class Burst:
    """The frames of one reading, captured on the camera's worker while the reader works on the one before.

    Args:
        count: At most so many frames.
        after_seconds: Monotonic moment before which no exposure may begin.
        limit_seconds: For one frame.
    """

    def __init__(self, count: int, after_seconds: float, limit_seconds: float) -> None:
        self._count = count
        self._after_seconds = after_seconds
        self._limit_seconds = limit_seconds
        # One frame waits while one is being read and one exposed: more would only cost memory.
        self._frames: queue.Queue[Frame | DigitboxError | None] = queue.Queue(maxsize=1)
        self._enough = threading.Event()

    def fill(self, camera: Camera) -> None:
        """Capture until there are enough. Raises what the camera raises, here and in the reader."""
        try:
            for _ in range(self._count):
                if self._enough.is_set():
                    break
                self._put(camera.capture(after_seconds=self._after_seconds))
            self._put(None)
        except DigitboxError as error:
            self._put(error)
            raise

    def end(self) -> None:
        """Capture nothing more."""
        self._enough.set()

    def __iter__(self) -> Iterator[Frame]:
        """The frames as they come."""
        while (item := self._take()) is not None:
            if isinstance(item, DigitboxError):
                raise item
            yield item

    def _take(self) -> Frame | DigitboxError | None:
        try:
            return self._frames.get(timeout=self._limit_seconds)
        except queue.Empty:
            raise CameraTimeout(
                f"the camera gave no frame within {self._limit_seconds:g} s; check its cable, and what else uses it"
            ) from None

    def _put(self, item: Frame | DigitboxError | None) -> None:
        while not self._enough.is_set():
            try:
                self._frames.put(item, timeout=0.1)
            except queue.Full:
                continue  # the reader is still busy; it has a limit of its own and ends the burst when it reaches it
            return


class Daemon:
    """Runs the appliance until it is told to stop.

    Args:
        parts: What it is made of.
        settings: The numbers of its loop.
        monotonic: The clock, in seconds; moved by hand in tests.
    """

    def __init__(self, parts: Parts, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.situation = Situation(aim_wanted=settings.aims_at_start, aims_after_trouble=settings.aims_after_trouble)
        self.readings_made = 0
        self._parts = parts
        self._settings = settings
        self._monotonic = monotonic
        self._inbox: queue.SimpleQueue[tuple[float, _Message]] = queue.SimpleQueue()
        self._postponed: deque[tuple[float, _Message]] = deque()
        self._deadlines: dict[Deadline, float] = {}
        self._event_seconds = monotonic()
        self._burst: Burst | None = None
        self._early_tone: Tone | None = None
        self._unsaved: deque[tuple[Reading, str]] = deque(maxlen=MOST_UNSAVED)
        limit = settings.device_limit_seconds
        self._button = self._slot(Device.BUTTON, parts.button, limit)
        self._indicator = self._slot(Device.INDICATOR, parts.indicator, limit)
        self._player = self._slot(Device.SOUND, parts.player, limit)
        self._camera = self._slot(Device.CAMERA, parts.camera, settings.camera_open_limit_seconds)
        self._reader = self._slot(Device.MODEL, parts.reader, settings.reading_limit_seconds + limit)
        self._synthesizer = self._slot(Device.SPEECH, parts.synthesizer, settings.speech_limit_seconds)
        self._history = self._slot(Device.HISTORY, parts.history, limit)
        self._slots: tuple[Slot[Any], ...] = (
            self._indicator, self._button, self._player, self._camera, self._reader, self._synthesizer, self._history,
        )  # fmt: skip

    def run(self) -> int:
        """Open everything, obey the button until stopped, close everything; the process's exit status."""
        # What comes before READY is opened first and alone: the rest would only take its processor away.
        for slot in (self._indicator, self._button, self._player):
            self._open(slot)
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
        if message is not None:
            self._handle(message)
        for slot in self._slots:
            if slot.worker.overdue():
                self._give_up(slot)
            elif slot.retry_at is not None and self._monotonic() >= slot.retry_at:
                self._retry(slot)
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
        if (self.situation.mode, self.situation.faults) != (before.mode, before.faults):
            self._parts.supervisor.status(self._status_line())
        for action in actions:
            self._start(action)
        self._show_light()

    def _status_line(self) -> str:
        faults = ", ".join(sorted(device.value for device in self.situation.faults))
        return self.situation.mode.value + (f"; out of order: {faults}" if faults else "")

    # --- actions ------------------------------------------------------------------------------------------------------

    def _start(self, action: Action) -> None:
        match action:
            case NotifyReady():
                self._parts.supervisor.ready()
                for slot in (self._synthesizer, self._camera, self._reader, self._history):
                    self._open(slot)
            case PlayTone(tone):
                self._play_tone(tone)
            case StopSpeech(turn):
                self._parts.voice.hush(self._player.adapter, turn=turn)
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
        utterance = self._parts.catalogue.utterance(phrase, number_style=self._settings.number_style)
        self._parts.display.said(" ".join(utterance))
        synthesizer, player = self._synthesizer.adapter, self._player.adapter
        if synthesizer is None or player is None:
            self._play_tone(Tone.FAULT)
            self.post(SpeechFinished(turn))
            return
        device_limit = self._settings.device_limit_seconds

        def synthesize() -> None:
            audio = self._parts.voice.audio(synthesizer, utterance)
            self._use(self._player, lambda: play(audio), audio.seconds + 2 * device_limit)

        def play(audio: Audio) -> SpeechFinished:
            self._parts.voice.play(player, audio, turn=turn, limit_seconds=device_limit)
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
        if reading.status is Status.NOTHING:
            return
        self._unsaved.append((reading, datetime.now().astimezone().isoformat(timespec="seconds")))
        self._save_on_worker()

    def _save(self, history: History) -> None:
        """Write what has not been written yet; what fails stays for the next try."""
        while self._unsaved:
            reading, moment = self._unsaved[0]
            history.append(reading, time=moment)
            self._unsaved.popleft()

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
            except DigitboxError as error:
                if adapter is not None:
                    adapter.close()
                return self._lost(slot, error)

        def discard(message: _Message | None) -> None:
            if isinstance(message, _Opened):
                message.adapter.close()

        slot.worker.submit(self._guarded(open_), limit_seconds=slot.open_limit_seconds, discard=discard)

    def _notice(self, device: Device, adapter: Any) -> str | None:  # noqa: ANN401 - any port's adapter
        """What a device that has just opened wants said; the history also writes what had to wait for it."""
        if device is not Device.HISTORY:
            return None
        self._save(adapter)
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
        if message.device is Device.SPEECH:
            pieces = self._parts.catalogue.fixed_pieces()
            self._parts.voice.forget_others(pieces)
            self._prepare(message.adapter, pieces)
        return DeviceOpened(message.device, message.notice)

    def _prepare(self, synthesizer: Synthesizer, pieces: Utterance) -> None:
        """Synthesise the fixed pieces one job each, so that whatever is to be said need only wait for one."""

        def prepare() -> None:
            self._parts.voice.prepare(synthesizer, pieces[0])
            if len(pieces) > 1 and self.situation.mode is not Mode.STOPPED:
                self._prepare(synthesizer, pieces[1:])

        self._use(self._synthesizer, prepare, self._settings.speech_limit_seconds)

    def _use(self, slot: Slot[Any], job: Callable[[], Event | None], limit_seconds: float) -> None:
        """Run a job on a device's worker; an error of its means that the device is lost."""
        adapter = slot.adapter

        def run() -> Event | None:
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

    def _lost(self, slot: Slot[Any], error: DigitboxError) -> DeviceLost:
        """The event for it; a device that stays away is logged once and not at every try."""
        repeated = str(error) == slot.latest_error
        log.log(logging.DEBUG if repeated else logging.WARNING, "%s: %s", slot.device.value, error)
        slot.latest_error = str(error)
        return DeviceLost(slot.device)

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

    def _retry(self, slot: Slot[Any]) -> None:
        if slot.worker.stuck < MOST_STUCK:
            self._open(slot)
        else:
            slot.retry_at = self._monotonic() + self._settings.retry_seconds

    def _close(self) -> None:
        """Close everything; what hangs is left behind, its thread ends with the process."""
        self._parts.supervisor.stopping()
        until = self._monotonic() + CLOSE_SECONDS
        self._install_what_opened()
        for slot in self._slots:
            if slot.adapter is not None:
                slot.worker.submit(self._guarded(slot.adapter.close), limit_seconds=CLOSE_SECONDS)
        for slot in self._slots:
            if not slot.worker.finish(max(0.0, until - self._monotonic())):
                log.warning("%s: did not close in time", slot.device.value)

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
        if history is not None and self._unsaved:
            self._use(self._history, lambda: self._save(history), self._settings.device_limit_seconds)

    def _on_pressed(self) -> None:
        self.post(ButtonPressed())

    def _on_released(self) -> None:
        self.post(ButtonReleased())

    def _on_ended(self) -> None:
        self.post(InputEnded())
