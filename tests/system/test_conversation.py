"""A whole conversation with `digitbox run`: real Vosk, real eSpeak NG, recordings for the microphone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import need

from device import config
from device.adapters.history_sqlite import SqliteHistory

ROOT = Path(__file__).parents[2]
SOON = 60.0
"""Seconds; a busy machine may need them, only a failure waits for all of them."""

SAID = [
    "read this",
    "it's a three",
    "yes",
    "yes",
    "how sure is that",
    "louder",
    "start test",
    "cancel",
    "shut down",
    "yes",
]
"""One a hold, each by a voice that the speech model was trained with (its MODEL.md)."""


class Box:
    """The daemon in a process; its button is pressed through its standard input, as on a laptop."""

    def __init__(self, path: Path) -> None:
        self._log = path.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "device.cli", "run", "--config", str(path), "--verbose"],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )
        self._read = 0

    def until(self, pattern: str) -> None:
        """Wait for a line of the log after those already waited for."""
        end = time.monotonic() + SOON
        while (found := re.compile(pattern).search(self.log, self._read)) is None:
            if self._process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"no line with {pattern!r}; the log:\n{self.log}")
            time.sleep(0.02)
        self._read = found.end()

    @property
    def log(self) -> str:
        """All it has logged."""
        return self._log.read_text(encoding="utf-8")

    def type(self, line: str) -> None:
        """Press as on a laptop: "h" begins a hold, nothing is a tap or ends the hold."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def hold(self) -> None:
        """Hold, until the recording of this hold has been played into the microphone; then let go."""
        self.type("h")
        self.until("the microphone is open")
        self.type("")
        self.until(r"heard: ")

    def wait(self) -> int:
        """The exit status."""
        return self._process.wait(SOON)

    def end(self) -> None:
        """Leave nothing running."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(SOON)
        if self._process.stdin is not None:
            self._process.stdin.close()


@pytest.fixture
def box(configuration, speech, tmp_path) -> Callable[[], Box]:
    """One that says three sevens' worth of digits, with everything that is said to it recorded beforehand."""
    need("vosk")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for number, sentence in enumerate(SAID):
        path = recordings / f"{number:02}.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(path), "--", sentence], check=True)
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(ROOT / "device" / "pictures" / "01-7.jpg", photos)
    path = configuration(
        button='backend = "keyboard"',
        camera=f'backend = "files"\nphotos = "{photos}"',
        microphone='backend = "wav"\nfolder = "recordings"',
    )
    made = Box(path)
    yield made, config.load(path)
    made.end()


def test_a_conversation(box):
    """Read, correct, keep, ask, louder, practise and stop it, shut down: each obeyed, each grave one after a yes."""
    made, settings = box
    made.until(r"(?s)(recognizer: open.*-> idle|-> idle.*recognizer: open)")
    made.hold()
    made.until(r"reading: ok, 1 digits")
    made.until("-> idle")
    made.hold()
    made.until("-> confirming")
    made.hold()
    made.until("-> confirming")
    made.hold()
    made.until("-> idle")
    made.hold()
    made.until("-> idle")
    made.hold()
    made.until("-> idle")
    made.hold()
    made.until("-> practising")
    made.type("")
    made.until(r"reading: ")
    made.until("-> practising")
    made.hold()
    made.until("-> idle")
    made.hold()
    made.until("-> confirming")
    made.hold()
    made.until("-> stopping")
    end = time.monotonic() + SOON
    poweroff = settings.daemon.runtime / "poweroff"
    while not poweroff.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert poweroff.exists()
    heard = re.findall(r"heard: (\w+)", made.log)
    assert heard == ["read", "digit", "yes", "yes", "how_sure", "louder", "practise", "cancel", "shut_down", "yes"]
    history = SqliteHistory(settings.history, read_only=True)
    history.open()
    assert [(entry.number, entry.corrected) for entry in history.entries()] == [("7", "3")]
    history.close()
    assert [path.parent.name for path in settings.daemon.samples.rglob("*.png")] == ["3"]
    assert config.preferred(settings).speech.volume == 140
    assert not list(settings.history.path.parent.glob("*.wav")), "no audio is kept but what was said by the box"
    assert "Traceback" not in made.log
