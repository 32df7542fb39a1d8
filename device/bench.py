"""Measures this machine: medians of repeated runs of the shipped parts, nothing simulated but button and camera."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from device import compose, images, phrases
from device.adapters.player_wav import WavPlayer
from device.config import Config
from device.domain import Audio, Frame
from device.errors import DigitboxError
from device.events import StopRequested
from device.ports import Camera
from device.tones import Tone, sound
from device.voice import Voice

RUNS = 15
_LIMIT_SECONDS = 20.0
_TONE_SECONDS = sound(Tone.SHUTTER, volume=0.0).seconds


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity: the median of so many runs, in its unit."""

    figure: str
    median: float
    unit: str
    runs: int


def measure() -> Iterator[Figure]:
    """All figures, each as soon as it is there. Raises DigitboxError when something needed is missing."""
    # One core is what a Zero 2 W has left for this, and what the aims are stated for.
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="digitbox-bench-") as folder:
        yield from _reading(compose.demo_config(Path(folder)))
        yield from _answers(Path(folder))
        yield from _process(Path(folder))


def _median(name: str, unit: str, factor: float, runs: int, once: Callable[[], float]) -> Figure:
    once()  # the first run fills caches
    return Figure(name, statistics.median(once() for _ in range(runs)) * factor, unit, runs)


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _reading(settings: Config) -> Iterator[Figure]:
    classifier, reader = compose.opened_reader(settings)
    frame = images.load(images.paths_in(settings.camera.photos)[0])
    inputs = np.ascontiguousarray(np.repeat(reader.observe(frame).model_inputs[:1], 100, axis=0))
    yield _median("model_inference", "ms", 1000 / len(inputs), RUNS, lambda: _timed(lambda: classifier.scores(inputs)))
    name = f"frame_to_digits_{frame.width_px * frame.height_px / 1e6:.0f}_megapixels"
    yield _median(name, "ms", 1000, RUNS, lambda: _timed(lambda: reader.observe(frame)))


# --- the appliance ----------------------------------------------------------------------------------------------------


class _Stopwatch:
    """Notes when things happen in a running appliance, and lets the bench wait for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._moments: list[tuple[str, float]] = []

    def note(self, name: str) -> None:
        with self._changed:
            self._moments.append((name, time.perf_counter()))
            self._changed.notify_all()

    def first(self, name: str, after: float) -> float:
        """The first such moment after another; waits for it. Raises DigitboxError when it doesn't come."""
        with self._changed:
            self._changed.wait_for(lambda: self._all(name, after, float("inf")), _LIMIT_SECONDS)
            found = self._all(name, after, float("inf"))
        if not found:
            raise DigitboxError(f"the appliance shows no {name} within {_LIMIT_SECONDS:g} s; run digitbox doctor")
        return found[0]

    def last(self, name: str, before: float) -> float:
        """The last such moment before another; there must be one."""
        with self._changed:
            return self._all(name, 0.0, before)[-1]

    def _all(self, name: str, after: float, before: float) -> list[float]:
        return [moment for each, moment in self._moments if each == name and after < moment < before]


class _BenchButton:
    """A button the bench presses."""

    def __init__(self) -> None:
        self.press: Callable[[], None] = lambda: None
        self.release: Callable[[], None] = lambda: None

    def open(self, pressed: Callable[[], None], released: Callable[[], None], ended: Callable[[], None]) -> None:
        self.press, self.release = pressed, released

    def check(self) -> None:
        """Nothing to lose."""

    def close(self) -> None:
        """Nothing to give back."""


class _TimedPlayer(WavPlayer):
    """Notes when a tone and when speech begins."""

    def __init__(self, settings: Config, stopwatch: _Stopwatch) -> None:
        super().__init__(settings.sound)
        self._stopwatch = stopwatch

    def start(self, audio: Audio) -> None:
        super().start(audio)
        self._stopwatch.note("tone" if audio.seconds == _TONE_SECONDS else "speech")


class _TimedCamera:
    """Notes when a frame has been captured."""

    def __init__(self, camera: Camera, stopwatch: _Stopwatch) -> None:
        self._camera = camera
        self._stopwatch = stopwatch
        self.open, self.close = camera.open, camera.close

    def capture(self, *, after_seconds: float) -> Frame:
        frame = self._camera.capture(after_seconds=after_seconds)
        self._stopwatch.note("frame")
        return frame


class _TimedDisplay:
    """Notes when the appliance is idle."""

    def __init__(self, stopwatch: _Stopwatch) -> None:
        self._stopwatch = stopwatch

    def mode(self, name: str) -> None:
        self._stopwatch.note(name)

    def answer(self, *_: object) -> None:
        """Not timed."""

    def said(self, text: str) -> None:
        """Not timed."""


def _answers(folder: Path) -> Iterator[Figure]:
    _prepare_phrases(compose.demo_config(folder))
    tone, speech, _ = _answer_times(folder, frames=1)
    yield Figure("press_to_first_sound", tone, "ms", RUNS)
    yield Figure("release_to_speech_1_frame", speech, "ms", RUNS)
    *_, speech = _answer_times(folder, frames=5)
    yield Figure("last_frame_to_speech_5_frames", speech, "ms", RUNS)


def _prepare_phrases(settings: Config) -> None:
    """As on a box that has run before: every fixed phrase is on the disk."""
    voice, synthesizer = Voice(compose.piece_store(settings)), compose.synthesizer(settings)
    synthesizer.open()
    for piece in phrases.load(settings.speech.language).fixed_pieces():
        voice.prepare(synthesizer, piece)


def _answer_times(folder: Path, *, frames: int) -> tuple[float, float, float]:
    """Medians in ms: from press to tone, from release to speech, from the last frame to speech."""
    settings = compose.demo_config(folder)
    settings = replace(settings, reading=replace(settings.reading, frames=frames, enough_frames=frames))
    stopwatch, button = _Stopwatch(), _BenchButton()
    parts = replace(
        compose.configured_parts(settings),
        button=lambda: button,
        player=lambda: _TimedPlayer(settings, stopwatch),
        camera=lambda: _TimedCamera(compose.camera(settings), stopwatch),
        display=_TimedDisplay(stopwatch),
    )
    daemon = compose.daemon(settings, parts)
    thread = threading.Thread(target=daemon.run, daemon=True)
    thread.start()
    try:
        stopwatch.first("idle", after=stopwatch.first("speech", after=0.0))  # it has said "ready"
        times = [_answer_time(stopwatch, button) for _ in range(RUNS)]
    finally:
        daemon.post(StopRequested())
        thread.join(_LIMIT_SECONDS)
    tone, speech, frame = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
    return tone, speech, frame


def _answer_time(stopwatch: _Stopwatch, button: _BenchButton) -> tuple[float, float, float]:
    pressed = time.perf_counter()
    button.press()
    tone = stopwatch.first("tone", after=pressed)
    released = time.perf_counter()
    button.release()
    speech = stopwatch.first("speech", after=released)
    stopwatch.first("idle", after=speech)
    return tone - pressed, speech - released, speech - stopwatch.last("frame", before=speech)


# --- the process ------------------------------------------------------------------------------------------------------

_CONFIGURATION = """
[camera]
backend = "files"
photos = "{photos}"
[button]
backend = "script"
script = "button.txt"
[indicator]
backend = "none"
[sound]
backend = "wav"
[speech]
phrases = "phrases"
[microphone]
backend = "none"
[reading]
enough_frames = 5
[history]
path = "history.sqlite3"
pictures = "pictures"
[daemon]
runtime = "run"
preferences = "preferences.toml"
"""

_PROGRAM = "import sys; from device.cli import main; main(sys.argv[1:]); print(open('/proc/self/status').read())"


def _process(folder: Path) -> Iterator[Figure]:
    """A daemon of its own: one reading of five frames, from start to READY and to its end."""
    path = folder / "bench.toml"
    path.write_text(_CONFIGURATION.format(photos=compose.demo_config(folder).camera.photos), encoding="utf-8")
    (folder / "button.txt").write_text("0 tap\n", encoding="utf-8")
    outcomes = [_run_daemon(path) for _ in range(5)]
    ready, memory = (statistics.median(column) for column in zip(*outcomes, strict=True))
    yield Figure("start_to_ready", ready, "s", len(outcomes))
    yield Figure("peak_memory_5_frames", memory, "MB", len(outcomes))


def _run_daemon(path: Path) -> tuple[float, float]:
    """Seconds from start to READY=1, and the peak of resident memory in MB (VmHWM, proc(5))."""
    address = path.with_name("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(address))
        notices.settimeout(_LIMIT_SECONDS)
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, "run", "--config", str(path)],
            env={**os.environ, "NOTIFY_SOCKET": str(address)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while b"READY=1" not in notices.recv(4096):
                pass
            ready = time.perf_counter() - begin
            status, _ = process.communicate(timeout=_LIMIT_SECONDS)
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            process.kill()
            raise DigitboxError("the daemon did not become ready, or did not end; run digitbox doctor") from error
    address.unlink()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return ready, int(peak.split()[1]) * 1024 / 1e6
