"""A microphone through ALSA: one `arecord` for each hold, which streams into a pipe and is killed at the end."""

from __future__ import annotations

import logging
import os
import re
import select
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from device import sounds
from device.config import MicrophoneConfig
from device.domain import Audio
from device.errors import MicrophoneError

log = logging.getLogger(__name__)

PROGRAM = "arecord"
CARDS = Path("/proc/asound")
"""Has a link named after each card, to a folder with one entry for each of its streams: pcm0c is one that records."""

_PERIOD_MICROSECONDS = 25_000
"""The program hands on so much at a time; what it holds when it is killed is lost."""
_BUFFER_MICROSECONDS = 400_000
"""Of the driver: so long the program may be kept from running before sound is lost."""

_REAP_SECONDS = 0.5
"""A killed program is gone within a millisecond, unless the driver holds it."""

_SILENT_SECONDS = 1.5
"""A card that has given nothing for so long when it is stopped gives nothing at all: who is told that nothing was heard
would only speak up. A card's first sound comes within a few tenths of a second; chosen with room for a busy board."""

_CHUNK_BYTES = 2 * round(sounds.CHUNK_SECONDS * sounds.RATE_HZ)


@dataclass(slots=True, eq=False)
class _Recording:
    """One running arecord; `words_fd` is a memory file that takes what it complains about.

    Attributes:
        began: The monotonic moment of its start.
        lasted_seconds: From there until it was stopped; None: it was not.
        sounded: It has given something.
    """

    process: subprocess.Popen[bytes]
    words_fd: int
    waiting: bytearray = field(default_factory=bytearray)
    began: float = field(default_factory=time.monotonic)
    lasted_seconds: float | None = None
    sounded: bool = False

    def take(self, limit_seconds: float) -> bytes:
        """The next chunk; shorter, perhaps empty, at the end of the recording. TimeoutError after the limit."""
        assert self.process.stdout is not None  # noqa: S101 - for mypy: it was started with a pipe
        fd, end = self.process.stdout.fileno(), time.monotonic() + limit_seconds
        while len(self.waiting) < _CHUNK_BYTES:
            if not select.select([fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError
            more = os.read(fd, _CHUNK_BYTES - len(self.waiting))
            if not more:
                break
            self.sounded = True
            self.waiting += more
        chunk, self.waiting = bytes(self.waiting), bytearray()
        return chunk

    def stop(self) -> None:
        """End it; what it has handed on can still be taken."""
        if self.lasted_seconds is None:
            self.lasted_seconds = time.monotonic() - self.began
        self.process.kill()

    def forget(self) -> str:
        """Clean up after it has ended; what it complained about last, in its own words. Call once."""
        self.process.kill()
        try:
            self.process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("%s %d did not end when killed; its driver holds it", PROGRAM, self.process.pid)
        if self.process.stdout is not None:
            self.process.stdout.close()
        words = os.pread(self.words_fd, 65536, 0).decode("utf-8", "replace").strip().splitlines()
        os.close(self.words_fd)
        own = [line for line in words if line.startswith(f"{PROGRAM}:")] or words
        return own[-1] if own else f"{PROGRAM} ended with status {self.process.returncode}"


class AlsaMicrophone:
    """Records between `start` and `stop` and has no card open otherwise.

    Args:
        config: Its `card` is an ALSA device such as "default" or "plughw:1,0", or the bare name of a card.
        cards: The folder with a link for each card.
    """

    def __init__(self, config: MicrophoneConfig, cards: Path = CARDS) -> None:
        self._card = config.card
        self._cards = cards
        self._instead: str | None = None
        self._lock = threading.Lock()
        self._recording: _Recording | None = None

    def open(self) -> None:
        """See that there is a card that records, without opening it. Raises MicrophoneError."""
        self._instead = None
        if shutil.which(PROGRAM) is None:
            raise MicrophoneError(f"the program {PROGRAM} is missing; sudo apt install alsa-utils")
        recording = self._recording_cards()
        if not recording:
            raise MicrophoneError('no microphone is connected; plug one in, or set [microphone] backend to "none"')
        if self._is_bare_name() and self._card not in recording:
            raise MicrophoneError(f"{self._where()} is not there; {self._choice()}")

    def start(self) -> None:
        """Begin to record; that the card is taken or gone is found by `take`. Raises MicrophoneError."""
        self.stop()
        begun = self._launch()
        with self._lock:
            former, self._recording = self._recording, begun
        if former is not None:
            former.forget()

    def _launch(self) -> _Recording:
        """A program that records. Raises MicrophoneError."""
        command = [PROGRAM, "-q", "-D", self._device(), "-f", "S16_LE", "-r", str(sounds.RATE_HZ), "-c", "1"]
        command += ["-t", "raw", "-F", str(_PERIOD_MICROSECONDS), "-B", str(_BUFFER_MICROSECONDS)]
        words_fd = os.memfd_create("arecord's words")
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words_fd, bufsize=0
            )
        except OSError as error:
            os.close(words_fd)
            raise MicrophoneError(
                f"{PROGRAM} cannot be started ({error.strerror}); sudo apt install alsa-utils"
            ) from error
        return _Recording(process, words_fd)

    def take(self, limit_seconds: float) -> Audio | None:
        """The next chunk, 0.1 s; None once stopped and all was taken. From one thread.

        Raises:
            MicrophoneError: The card is taken by another program, was unplugged, or gave nothing, neither within the
                limit nor in a recording of `_SILENT_SECONDS`.
        """
        with self._lock:
            recording = self._recording
        if recording is None:
            return None
        try:
            sound = recording.take(limit_seconds)
        except TimeoutError:
            self._forget(recording)
            raise self._mute(limit_seconds) from None
        samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.int16)
        if len(samples):
            return Audio(samples, sounds.RATE_HZ)
        if self._takes_another(recording):
            return self.take(limit_seconds)
        complaint = self._forget(recording)
        lasted_seconds = recording.lasted_seconds
        if lasted_seconds is not None and (recording.sounded or lasted_seconds < _SILENT_SECONDS):
            return None
        if lasted_seconds is not None:
            raise self._mute(lasted_seconds)
        raise MicrophoneError(f"{self._where()} cannot be heard ({complaint}); {self._choice()}")

    def _takes_another(self, failed: _Recording) -> bool:
        """Whether a card that records takes the place of "default", which is card 0: on a Pi that one only plays.

        Under the lock, for after a stop nothing may record any more.
        """
        cards = self._recording_cards()
        if self._card != "default" or self._instead or failed.sounded or not cards:
            return False
        with self._lock:
            if self._recording is not failed or failed.lasted_seconds is not None:
                return False
            self._instead = cards[0]
            self._recording = self._launch()
        log.warning('the microphone "default" cannot be heard (%s); listening to "%s"', failed.forget(), self._instead)
        return True

    def stop(self) -> None:
        """Close the recording."""
        with self._lock:
            if self._recording is not None:
                self._recording.stop()

    def close(self) -> None:
        """Stop, and drop what was not taken."""
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is not None:
            recording.forget()

    def _forget(self, recording: _Recording) -> str:
        """Clean up, unless `close` or another `start` has."""
        with self._lock:
            if self._recording is not recording:
                recording.lasted_seconds = 0.0
                return ""
            self._recording = None
        return recording.forget()

    def _mute(self, seconds: float) -> MicrophoneError:
        return MicrophoneError(f"{self._where()} gave no sound for {seconds:.3g} s; unplug and replug it")

    def _where(self) -> str:
        return f'the microphone "{self._card}"'

    def _device(self) -> str:
        """What ALSA opens: by "plughw", which converts rate and channels from what the card can, instead of by "hw".

        Where a card can't do 16 kHz, arecord takes "hw" at the nearest rate that it can, and with -q says nothing.
        """
        if self._instead or self._is_bare_name():
            return f"plughw:CARD={self._instead or self._card}"
        return f"plug{self._card}" if self._card.startswith("hw:") else self._card

    def _is_bare_name(self) -> bool:
        """Whether it names a card and not an ALSA device, as "default" and "plughw:1,0" do."""
        return re.fullmatch(r"[A-Za-z0-9_-]+", self._card) is not None and self._card not in _DEVICES

    def _recording_cards(self) -> list[str]:
        """The cards that can record, by name."""
        return sorted(path.name for path in self._cards.glob("*") if path.is_symlink() and any(path.glob("pcm*c")))

    def _choice(self) -> str:
        """What to do instead."""
        names = ", ".join(f'"{name}"' for name in ("default", *self._recording_cards()))
        return f"is it plugged in, and free? [microphone] card can be one of: {names}"


_DEVICES = {"default", "sysdefault", "null", "pulse", "pipewire"}
"""ALSA devices whose names look like those of cards."""
