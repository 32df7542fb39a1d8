"""A daemon of in-memory parts that runs in a thread of its own, with a clock that is moved by hand."""

from __future__ import annotations

import resource
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from installed import need

from device import phrases, tones
from device.adapters.display_none import NullDisplay
from device.adapters.requests_socket import Answer
from device.daemon import Daemon
from device.domain import (
    Audio,
    Box,
    Context,
    Device,
    Digit,
    Frame,
    Heard,
    Hint,
    HistoryEntry,
    Light,
    Pixels,
    Reading,
    Status,
)
from device.errors import DigitboxError
from device.events import StopRequested
from device.parts import Parts, Settings
from device.preferences import Preferences
from device.protocol import Request
from device.situation import Mode
from device.tones import Tone
from device.voice import PieceStore

SOON = 10.0
"""Seconds; only ever waited for in full when a test fails."""

SEVEN = Reading(Status.OK, (Digit(7, 0.99, None, Box(1, 2, 3, 4), (0.01,) * 10, sure=True),))

SETTINGS = Settings(
    frames=3,
    tone_volume=0.3,
    hold_seconds=0.6,
    warning_seconds=6.0,
    shutdown_seconds=8.0,
    retry_seconds=10.0,
    tick_seconds=0.005,
    capture_limit_seconds=0.05,
    camera_open_limit_seconds=4.0,
    reading_limit_seconds=5.0,
    speech_limit_seconds=2.0,
    device_limit_seconds=1.0,
    aims_at_start=False,
    aims_after_trouble=False,
    look_seconds=1.0,
    aim_limit_seconds=60.0,
    spare_memory_bytes=50_000_000,
    preference_limits={"volume": (0, 200), "words_per_minute": (80, 450), "pitch": (0, 99)},
)
"""A tick and a frame's limit are waited for in real time and so are short; the rest is the clock's."""


PREFERENCES = Preferences("en", "", 155, 50, 100, "digits")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """See to the marker `needs`."""
    for marker in item.iter_markers("needs"):
        need(*marker.args)


class Clock:
    """Monotonic seconds that pass only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """The moment."""
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self.seconds += seconds


class FakeDevice:
    """What all parts share: the appliance they belong to says which of their calls fail or hang."""

    device: Device

    def __init__(self, appliance: Appliance) -> None:
        self._appliance = appliance
        self.is_closed = False

    def open(self, *_: Callable[[], None]) -> None:
        """Open, unless that is to fail."""
        self._appliance.meet(self.device, "open")

    def check(self) -> None:
        """Be there, unless that is to fail; only button and indicator are ever asked."""
        self._appliance.meet(self.device, "check")

    def close(self) -> None:
        """Remember it."""
        self._appliance.meet(self.device, "close")
        self.is_closed = True


class FakeButton(FakeDevice):
    """Pressed by the test."""

    device = Device.BUTTON

    def open(self, *reports: Callable[[], None]) -> None:
        """Hand the three functions to the test."""
        self._appliance.press, self._appliance.release, self._appliance.end_input = reports
        super().open()


class FakeIndicator(FakeDevice):
    """Keeps the lights shown."""

    device = Device.INDICATOR

    def show(self, light: Light) -> None:
        """Remember changes."""
        self._appliance.meet(self.device, "show")
        if self._appliance.lights[-1:] != [light]:
            self._appliance.lights.append(light)


class FakePlayer(FakeDevice):
    """Understands what it is given to play, and plays in no time."""

    device = Device.SOUND

    def start(self, audio: Audio) -> None:
        """Remember the tone's name, or the sentences."""
        self._appliance.meet(self.device, "start")
        self._appliance.heard.append(self._appliance.understand(audio))

    def wait(self, limit_seconds: float) -> bool:
        """Silent already, unless that is to hang."""
        self._appliance.meet(self.device, "wait")
        return True

    def stop(self) -> None:
        """Remember it."""
        self._appliance.heard.append("silence")


class FakeCamera(FakeDevice):
    """Takes black pictures."""

    device = Device.CAMERA

    def capture(self, *, after_seconds: float) -> Frame:
        """One of them."""
        self._appliance.meet(self.device, "capture")
        self._appliance.captured_after.append(after_seconds)
        return Frame(np.zeros((4, 4, 3), np.uint8), after_seconds)


class FakeReader(FakeDevice):
    """Reads sevens, from two frames."""

    device = Device.MODEL

    def read(self, frames: Iterable[Frame], seen: Callable[[Any], None] | None = None) -> Reading:
        """Take two frames and answer."""
        self._appliance.meet(self.device, "read")
        taken = [frame for frame, _ in zip(frames, range(2), strict=False)]
        assert len(taken) == 2
        if seen is not None:
            seen(SimpleNamespace(frame=taken[-1], model_inputs=np.zeros((0, 28, 28), np.uint8)))
        return self._appliance.reading

    def show(self, frame: Frame, width_px: int) -> tuple[dict[str, Any], bytes]:
        """A frame that says how wide it is."""
        self._appliance.meet(self.device, "show")
        return {"number": "7", "width_px": width_px}, b"JPEG"

    def look(self, frame: Frame) -> Hint:
        """The next hint; the last one for ever."""
        self._appliance.meet(self.device, "look")
        hints = self._appliance.hints
        return hints.pop(0) if len(hints) > 1 else hints[0]


class FakeSynthesizer(FakeDevice):
    """Numbers the sentences; a sound is made of the number of its sentence."""

    device = Device.SPEECH

    def synthesize(self, sentence: str) -> Audio:
        """Ten samples of its number."""
        self._appliance.meet(self.device, "synthesize")
        if sentence not in self._appliance.sentences:
            self._appliance.sentences.append(sentence)
        return Audio(np.full(10, self._appliance.sentences.index(sentence) + 1, np.int16), 22050)


class FakeHistory(FakeDevice):
    """Keeps numbers in a list that outlives it."""

    device = Device.HISTORY
    kept_aside: str | None = None

    def append(self, reading: Reading, *, time: str) -> HistoryEntry:
        """Keep it, unless that is to fail."""
        self._appliance.meet(self.device, "append")
        self._appliance.kept.append(reading.number)
        return HistoryEntry(len(self._appliance.kept), time, reading.number, reading.status.value)

    def correct(self, number: int, corrected: str) -> bool:
        """Remember it, where there is such an entry."""
        self._appliance.meet(self.device, "correct")
        if number > len(self._appliance.kept):
            return False
        self._appliance.corrected[number] = corrected
        return True

    def search(self, *, limit: int, before: int | None = None, number: str = "") -> list[HistoryEntry]:
        """The latest first, as far as the test needs it."""
        return self.entries(limit=limit)[::-1]

    def entries(self, *, limit: int | None = None) -> list[HistoryEntry]:
        """What was kept, with corrections."""
        self._appliance.meet(self.device, "entries")
        kept = [
            HistoryEntry(place, "", number, "ok", self._appliance.corrected.get(place))
            for place, number in enumerate(self._appliance.kept, start=1)
        ]
        return kept[-limit:] if limit else kept

    def delete(self, number: int | None = None) -> int:
        """Forget it all."""
        self._appliance.meet(self.device, "delete")
        count = len(self._appliance.kept)
        self._appliance.kept.clear()
        self._appliance.corrected.clear()
        return count


class FakeMicrophone(FakeDevice):
    """Gives ten chunks of silence, or more until it is stopped."""

    device = Device.MICROPHONE

    def start(self) -> None:
        """Begin, unless that is to fail."""
        self._appliance.meet(self.device, "start")
        self._appliance.recording = True

    def take(self, limit_seconds: float) -> Audio | None:
        """A chunk, until it is stopped."""
        self._appliance.meet(self.device, "take")
        return Audio(np.zeros(1600, np.int16), 16000) if self._appliance.recording else None

    def stop(self) -> None:
        """Stop."""
        self._appliance.meet(self.device, "stop")
        self._appliance.recording = False


class FakeEars(FakeDevice):
    """Understands what the test has put into its mouth."""

    device = Device.RECOGNIZER

    def open(self, *_: Callable[[], None]) -> str | None:
        """Tell what the test wants said about the speech model."""
        super().open()
        return self._appliance.ears_notice

    def listen(self, chunks: Iterable[Audio], context: Context, read: int | None = None) -> Heard:
        """Hear all of it, then the next thing said."""
        self._appliance.meet(self.device, "listen")
        for _ in chunks:
            pass
        self._appliance.contexts.append(context)
        self._appliance.at_issue.append(read)
        return self._appliance.said.pop(0) if self._appliance.said else Heard()

    def unload(self) -> None:
        """Remember it."""
        self._appliance.meet(self.device, "unload")


class FakePictures:
    """Keeps the shapes of pictures."""

    def __init__(self) -> None:
        self.wanted = False
        self.kept: dict[int, tuple[int, ...]] = {}

    def keep(self, entry: int, picture: Pixels | None) -> None:
        """Remember its shape."""
        if picture is not None:
            self.kept[entry] = picture.shape

    def load(self, entry: int) -> bytes | None:
        """Something of it."""
        return b"JPEG" if entry in self.kept else None

    def delete(self, entry: int | None = None) -> None:
        """Forget one or all."""
        self.kept = {} if entry is None else {kept: shape for kept, shape in self.kept.items() if kept != entry}


@dataclass
class Appliance:
    """The daemon in its thread, what it was told, and what came of it.

    Attributes:
        broken: Calls that raise, such as (Device.CAMERA, "open").
        hanging: Calls that do not come back before their event is set.
        making: Functions called before a call goes on.
    """

    clock: Clock = field(default_factory=Clock)
    reading: Reading = SEVEN
    hints: list[Hint] = field(default_factory=lambda: [Hint.GOOD])
    broken: dict[tuple[Device, str], Exception] = field(default_factory=dict)
    hanging: dict[tuple[Device, str], threading.Event] = field(default_factory=dict)
    making: dict[tuple[Device, str], Callable[[], None]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    lights: list[Light] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    captured_after: list[float] = field(default_factory=list)
    said: list[Heard] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    at_issue: list[int | None] = field(default_factory=list)
    recording: bool = False
    corrected: dict[int, str] = field(default_factory=dict)
    samples: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    pictures: FakePictures = field(default_factory=FakePictures)
    saved: list[Preferences] = field(default_factory=list)
    spoken_with: list[Preferences] = field(default_factory=list)
    keeping_error: DigitboxError | None = None
    news: list[dict[str, Any]] = field(default_factory=list)
    deafness: str | None = None
    ears_notice: str | None = None
    version: str = "1.2.3"
    address: str | None = None
    free: int | None = 5_000_000_000
    memory: int | None = 900_000_000
    told: list[str] = field(default_factory=list)
    calls: list[tuple[Device, str]] = field(default_factory=list)
    made: dict[Device, list[FakeDevice]] = field(default_factory=lambda: defaultdict(list))
    power_error: DigitboxError | None = None
    powered_off: bool = False
    pings: int = 0
    watchdog_seconds: float | None = None
    status_ended: int | None = None

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._tones = {tones.sound(tone, volume=SETTINGS.tone_volume).samples.tobytes(): tone for tone in Tone}
        self._fixed = set(phrases.load(PREFERENCES.language).fixed_pieces())
        self.press = self.release = self.end_input = lambda: None
        parts = Parts(
            button=lambda: self._make(FakeButton),
            indicator=lambda: self._make(FakeIndicator),
            player=lambda: self._make(FakePlayer),
            camera=lambda: self._make(FakeCamera),
            reader=lambda: self._make(FakeReader),
            synthesizer=self._make_synthesizer,
            history=lambda: self._make(FakeHistory),
            microphone=lambda: self._make(FakeMicrophone),
            ears=lambda _: self._make(FakeEars),
            deafness=self.deafness,
            requests=lambda: self,
            preferences=PREFERENCES,
            preferences_store=self,
            pieces=lambda _: PieceStore(None, ""),
            catalogue=phrases.load,
            samples=self,
            pictures=self.pictures,
            machine=self,
            power=self,
            supervisor=self,
            display=NullDisplay(),
        )
        self.daemon = Daemon(parts, SETTINGS, monotonic=self.clock)
        self._thread = threading.Thread(target=self._run, name="the daemon", daemon=True)

    def start(self) -> None:
        """Switch it on."""
        self._thread.start()

    def started(self) -> None:
        """Switch it on and wait until it has said that it is ready, until history and ears are, and all is prepared."""
        self.start()
        self.until(lambda: self.mode is Mode.IDLE and "Ready." in self.heard and self._all_opened())

    def _all_opened(self) -> bool:
        situation = self.daemon.situation
        has_history = self.daemon._devices.history.adapter is not None or Device.HISTORY in situation.faults
        return has_history and not situation.unknown and self.is_prepared()

    def is_prepared(self) -> bool:
        """Whether nothing is being synthesised any more: the clock would jump past that job's limit."""
        voiced = Device.SPEECH in self.daemon.situation.faults or self._fixed <= set(self.sentences)
        return voiced and not self.daemon._devices.synthesizer.worker.busy

    def end(self) -> int:
        """Wait until the process would end; its exit status."""
        self._thread.join(SOON)
        assert self.status_ended is not None, "the daemon did not end"
        return self.status_ended

    @property
    def mode(self) -> Mode:
        """What it is doing."""
        return self.daemon.situation.mode

    def tap(self) -> None:
        """Press and release."""
        self.press()
        self.release()

    def command(self, *said: Heard) -> None:
        """Hold the button, say something, let go; then wait until it has been made out."""
        self.said += said
        before = len(self.contexts)
        self.press()
        self.turned()
        self.clock.pass_by(0.7)
        self.until(lambda: self.recording)
        self.release()
        self.until(lambda: len(self.contexts) > before)

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for something to come true; looked at whenever the loop has turned or called a part."""
        with self._changed:
            assert self._changed.wait_for(holds, SOON), f"{self.daemon.situation}; heard: {self.heard}"

    def until_called(self, device: Device, call: str) -> None:
        """Wait until the daemon has called this function of a part."""
        self.until(lambda: (device, call) in self.calls)

    def turned(self, times: int = 5) -> None:
        """Let the loop turn a few times, for what must not happen to have its chance."""
        pings = self.pings + times
        self.until(lambda: self.pings >= pings)

    def meet(self, device: Device, call: str) -> None:
        """What a part does first in every call: fail, hang, or go on."""
        with self._changed:
            self.calls.append((device, call))
            self._changed.notify_all()
        self.making.get((device, call), lambda: None)()
        if (device, call) in self.hanging:
            self.hanging[device, call].wait(SOON)
        if (device, call) in self.broken:
            raise self.broken[device, call]

    def understand(self, audio: Audio) -> str:
        """The name of a tone, or the sentences that a sound is made of."""
        tone = self._tones.get(audio.samples.tobytes())
        if tone is not None:
            return f"tone {tone.name.lower()}"
        volume = self.daemon.situation.preferences.volume
        numbers = np.rint(audio.samples[np.flatnonzero(audio.samples)][::10] * (100 / volume)).astype(int)
        return " ".join(self.sentences[number - 1] for number in numbers)

    def _make(self, kind: type[FakeDevice]) -> Any:
        part = kind(self)
        self.made[part.device].append(part)
        return part

    def _make_synthesizer(self, preferences: Preferences) -> Any:
        self.spoken_with.append(preferences)
        return self._make(FakeSynthesizer)

    def _run(self) -> None:
        self.status_ended = self.daemon.run()

    # --- what the daemon tells its supervisor and the power switch ---

    def ready(self) -> None:
        """Remember it."""
        self.told.append("ready")

    def status(self, text: str) -> None:
        """Remember it."""
        self.told.append(text)

    def stopping(self) -> None:
        """Remember it."""
        self.told.append("stopping")

    def ping(self) -> None:
        """Count, and let the test look."""
        with self._changed:
            self.pings += 1
            self._changed.notify_all()

    # --- what other programs ask ---

    def open(self, asked: Callable[[Request, Answer], None]) -> None:
        """Let the test ask."""
        self.asked = asked

    def close(self) -> None:
        """Nothing to hang up."""

    def tell(self, news: Mapping[str, Any]) -> None:
        """Remember it."""
        self.news.append(dict(news))

    def ask(self, request: Request) -> tuple[dict[str, Any], bytes]:
        """Ask as another program does, and wait for the answer."""
        answer = Answer()
        self.asked(request, answer)
        return answer.wait(SOON)

    # --- what it keeps, and what the machine knows ---

    def save(self, preferences: Preferences) -> None:
        """Remember it, unless that is to fail."""
        if self.keeping_error is not None:
            raise self.keeping_error
        self.saved.append(preferences)

    def keep(self, picture: Pixels, digit: int) -> None:
        """Remember the shape of the picture, unless that is to fail."""
        if self.keeping_error is not None:
            raise self.keeping_error
        self.samples.append((picture.shape, digit))

    def delete(self) -> None:
        """Forget the samples."""
        self.samples.clear()

    def network_address(self) -> str | None:
        """The one the test has set."""
        return self.address

    def free_bytes(self) -> int | None:
        """As the test has set."""
        return self.free

    def available_memory_bytes(self) -> int | None:
        """As the test has set."""
        return self.memory

    def power_off(self) -> None:
        """Remember it, unless that is to fail."""
        if self.power_error is not None:
            raise self.power_error
        self.powered_off = True


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def file_size_limit():
    """A disk that is full: as a context, no file can grow beyond so many bytes."""

    @contextmanager
    def limited(size_bytes: int) -> Iterator[None]:
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, former[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)

    return limited


@pytest.fixture
def appliance():
    """One that is switched off; whatever hangs is let go at the end."""
    with switched_off_at_the_end(Appliance()) as made:
        yield made


@pytest.fixture
def deaf_appliance():
    """One without spoken commands."""
    with switched_off_at_the_end(Appliance(deafness="appliance.no_voice_commands")) as made:
        yield made


@contextmanager
def switched_off_at_the_end(made: Appliance) -> Iterator[Appliance]:
    """Let go of whatever hangs, and stop the daemon where the test did not."""
    yield made
    for event in made.hanging.values():
        event.set()
    if made.status_ended is None and made.pings:
        made.daemon.post(StopRequested())
        made.end()
