"""`digitbox run` as systemd runs it: a process, a NOTIFY_SOCKET, signals, and a kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from device import compose, config
from device.adapters.history_sqlite import SqliteHistory
from device.domain import Audio

ROOT = Path(__file__).parents[2]
SOON = 30.0
"""Seconds; a busy machine may need them, only a failure waits for all of them."""


HEEDING_SIGNALS = ("/usr/bin/env", "--default-signal=INT", "--default-signal=HUP")
"""Under nohup, or in the background of a shell, the tests ignore these two, and so would their children."""


class Process:
    """The daemon and what it tells systemd."""

    def __init__(self, path: Path, **environ: str) -> None:
        name = f"digitbox-{uuid.uuid4()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(SOON)
        self._socket.bind("\0" + name)
        self._errors = path.with_name(f"{name}.log")
        with self._errors.open("wb") as errors:
            self._popen = subprocess.Popen(
                [*HEEDING_SIGNALS, sys.executable, "-m", "device.cli", "run", "--config", str(path)],
                cwd=ROOT,
                env={**os.environ, "NOTIFY_SOCKET": "@" + name, **environ},
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )
        self.told: list[str] = []

    def until(self, holds: Callable[[], object]) -> None:
        """Take what it tells until something has come true; it tells something at least at every tick."""
        end = time.monotonic() + SOON
        while not holds():
            if "STOPPING=1" in self.told or time.monotonic() > end:
                pytest.fail(f"it has ended, or it goes on without that; told: {self.told}\n{self.errors}")
            try:
                self.told.append(self._socket.recv(4096).decode())
            except TimeoutError:
                pytest.fail(f"told: {self.told}\n{self.errors}")

    def until_told(self, *messages: str) -> None:
        """Wait for messages, in this order, with others between them."""
        for message in messages:
            seen = len(self.told)
            self.until(lambda message=message, seen=seen: message in self.told[seen:])

    def end(self, number: int) -> int:
        """Send a signal; the exit status."""
        self._popen.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit status once it has ended, and the last of what it told."""
        status = self._popen.wait(SOON)
        self._socket.setblocking(False)
        try:
            while True:
                self.told.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return status

    @property
    def errors(self) -> str:
        """Its log."""
        return self._errors.read_text(encoding="utf-8")

    def clean_up(self) -> None:
        """Leave nothing running."""
        self._popen.kill()
        self._popen.wait(SOON)
        self._socket.close()


@pytest.fixture
def start():
    """Starts the daemon; whatever runs at the end is killed."""
    processes = []

    def start_one(path: Path, **environ: str) -> Process:
        processes.append(Process(path, **environ))
        return processes[-1]

    yield start_one
    for process in processes:
        process.clean_up()


def numbers(path: Path) -> list[str]:
    """What the history holds."""
    settings = config.load(path).history
    if not settings.path.exists():
        return []
    history = SqliteHistory(settings, read_only=True)
    history.open()
    try:
        return [entry.number for entry in history.entries()]
    finally:
        history.close()


def test_a_reading_from_start_to_end(start, configuration, speech):
    """Ready, a tap read and spoken into a file, kept; then the script ends and so does the process, with 0."""
    path = configuration("0 tap\n0.2 quit\n")
    process = start(path)
    process.until_told("READY=1", "STATUS=reading", "STATUS=speaking")
    assert process.wait() == 0
    assert len(numbers(path)) == 1
    sounds = [Audio.from_wav(wav.read_bytes()) for wav in sorted(path.with_name("said").iterdir())]
    assert any(sound.seconds < 0.1 for sound in sounds[:-1]), "a tone comes before the answer"
    assert sounds[-1].seconds > 0.2, "the answer comes last"
    assert abs(sounds[-1].samples).max() > 1000
    assert process.told[-1] == "STOPPING=1"
    assert "Traceback" not in process.errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it(start, configuration, number):
    """With STOPPING=1, status 0 and no traceback; systemd sends the first, a person the second, a terminal the last."""
    process = start(configuration())
    process.until_told("READY=1", "STATUS=idle")
    assert process.end(number) == 0
    assert process.told.count("STOPPING=1") == 1
    assert "Traceback" not in process.errors


def test_the_watchdog_is_fed(start, configuration):
    """A ping at every tick, long before systemd would lose its patience."""
    process = start(configuration(), WATCHDOG_USEC="1000000")
    process.until_told("READY=1", *["WATCHDOG=1"] * 10)
    assert process.end(signal.SIGTERM) == 0


def test_a_kill_loses_no_reading(start, configuration):
    """What was kept before kill -9 is there after the restart, and the next reading follows it."""
    path = configuration("0 tap\n3600 quit\n")
    process = start(path)
    process.until(lambda: numbers(path))
    before = numbers(path)
    assert process.end(signal.SIGKILL) == -signal.SIGKILL
    again = start(path)
    again.until(lambda: len(numbers(path)) == 2)
    assert again.end(signal.SIGTERM) == 0
    assert numbers(path) == [*before, *before], "the same picture is read again"


def test_it_says_that_it_recovered(start, configuration, speech):
    """After a kill, before it says that it is ready; the run after that follows an end that it was told to make."""
    path = configuration()
    said = path.with_name("said")
    counts = []
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGTERM):
        before = len(list(said.glob("*.wav")))
        process = start(path)
        process.until_told("READY=1", "STATUS=speaking", "STATUS=idle")
        assert abs(process.end(number)) in (0, signal.SIGKILL)
        counts.append(len(list(said.glob("*.wav"))) - before)
    assert counts == [1, 2, 1]


def test_a_second_one_is_refused(start, configuration):
    """It would answer the same button; and the first is still reached where it was."""
    path = configuration()
    first = start(path)
    first.until_told("READY=1", "STATUS=idle")
    second = start(path)
    assert second.wait() == 1
    assert "digitbox runs already" in second.errors
    assert (config.load(path).daemon.runtime / compose.SOCKET).exists()
    assert first.end(signal.SIGTERM) == 0


def test_a_log_that_nobody_takes_is_no_failure(configuration):
    """The journal is dead: it goes on, and a stop is an orderly one."""
    command = [*HEEDING_SIGNALS, sys.executable, "-m", "device.cli", "run", "--config", str(configuration())]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while b"model: open" not in process.stderr.readline():
            pass
        process.stderr.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0


def test_a_box_without_a_camera_runs(start, configuration, tmp_path):
    """Absent devices are a state: READY comes, the status names what is missing, and a camera is found later."""
    photos = tmp_path / "photos"
    photos.mkdir()
    path = configuration(camera=f'backend = "files"\nphotos = "{photos}"')
    process = start(path)
    process.until_told("READY=1", "STATUS=idle; out of order: camera")
    picture = ROOT / "device" / "pictures" / "01-7.jpg"
    (photos / "1.jpg").write_bytes(picture.read_bytes())
    process.until_told("STATUS=idle")
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.errors


def test_a_box_without_a_voice_reads(start, configuration):
    """No espeak-ng on PATH: the status says so, and a tap is read and kept all the same."""
    path = configuration("0 tap\n3600 quit\n")
    process = start(path, PATH="/nonexistent")
    process.until(lambda: numbers(path))
    process.until(lambda: any("out of order: speech" in message for message in process.told))
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.errors


def test_a_box_without_a_sound_card_reads(start, configuration):
    """Nothing can be said: READY comes all the same, the status names what is missing, a tap is read and kept."""
    path = configuration("0 tap\n3600 quit\n", sound='backend = "alsa"\ncard = "nowhere"')
    process = start(path)
    process.until_told("READY=1")
    process.until(lambda: numbers(path))
    process.until(lambda: any("out of order: " in told and "sound" in told for told in process.told))
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.errors


def test_a_bad_configuration_is_told_whole(start, configuration):
    """Every mistake on a line of its own, status 2, at which systemd does not try again, and no traceback."""
    path = configuration(camera="width_px = 99999", reading="framse = 3", cammera="number = 1")
    process = start(path)
    assert process.wait() == 2
    assert process.errors.splitlines() == [
        f"digitbox: {path}: [camera] width_px = 99999 is outside 64..4608",
        f"digitbox: {path}: [reading] unknown key framse; the nearest is frames",
        f"digitbox: {path}: unknown section [cammera]; the nearest is camera",
    ]
    assert process.told == []
