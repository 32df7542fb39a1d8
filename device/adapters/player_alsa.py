"""Sound through ALSA: one `aplay` for each sound, which it finds in memory on its standard input."""

from __future__ import annotations

import logging
import os
import re
import select
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.config import SoundConfig
from device.domain import Audio
from device.errors import SoundError

log = logging.getLogger(__name__)

PROGRAM = "aplay"
CARDS = Path("/proc/asound")
"""Has a link named after each card."""

_OPEN_SECONDS = 3.0
"""A card that cannot be opened within this hangs; a good one takes some 10 ms."""

_REAP_SECONDS = 0.5
"""A killed program is gone within a millisecond, unless the driver holds it."""


@dataclass(slots=True, eq=False)
class _Playback:
    """One running aplay; `words_fd` is a memory file that takes what it complains about."""

    process: subprocess.Popen[bytes]
    words_fd: int

    def kill(self) -> None:
        """End it and forget it, whatever it had to say."""
        self.process.kill()
        try:
            self.process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("%s %d did not end when killed; its driver holds it", PROGRAM, self.process.pid)
        os.close(self.words_fd)

    def complaint(self) -> str | None:
        """Why the ended program failed, in its own words; None when it did not. Call once."""
        words = os.pread(self.words_fd, 65536, 0).decode("utf-8", "replace").strip().splitlines()
        os.close(self.words_fd)
        if self.process.returncode == 0:
            return None
        own = [line for line in words if line.startswith(f"{PROGRAM}:")] or words
        return own[-1] if own else f"{PROGRAM} ended with status {self.process.returncode}"


class AlsaPlayer:
    """Plays one sound at a time.

    Args:
        config: Its `card` is an ALSA device such as "default" or "plughw:1,0", or the bare name of a card.
        cards: The folder with a link for each card.
    """

    def __init__(self, config: SoundConfig, cards: Path = CARDS) -> None:
        self._card = config.card
        self._cards = cards
        self._device = config.card
        self._lock = threading.Lock()
        self._playing: _Playback | None = None

    def open(self) -> None:
        """Open the card for a moment, with a sound of no length. Raises SoundError."""
        if shutil.which(PROGRAM) is None:
            raise SoundError(f"the program {PROGRAM} is missing; sudo apt install alsa-utils")
        # A bare card name is no ALSA device; "plughw" converts rate and channels to what the card can.
        self._device = _named(self._card) if self._is_card(self._card) else self._card
        complaint = self._complaint()
        if complaint and not self._takes_another():
            raise SoundError(f"{self._where()} cannot be opened ({complaint}); {self._choice()}")

    def _takes_another(self) -> bool:
        """Whether some card plays where "default" does not: that is card 0, at the next boot perhaps a microphone."""
        former = self._device
        for name in self._playing_cards() if self._card == "default" else ():
            self._device = _named(name)
            if self._complaint() is None:
                log.warning('the sound card "default" cannot be opened; playing through "%s"', name)
                return True
        self._device = former
        return False

    def _complaint(self) -> str | None:
        """Why the device cannot be opened, None where it can. Raises SoundError when it hangs."""
        probe = self._launch(Audio(np.zeros(0, np.int16), 22050))
        try:
            probe.process.wait(_OPEN_SECONDS)
        except subprocess.TimeoutExpired:
            probe.kill()
            raise SoundError(f"{self._where()} does not answer; unplug and replug it, or choose another") from None
        return probe.complaint()

    def start(self, audio: Audio) -> None:
        """Stop what is playing and begin this; returns in milliseconds.

        Raises:
            SoundError: It cannot be started, or the sound before it had failed meanwhile.
        """
        with self._lock:
            former, self._playing = self._playing, None
            if former is not None:
                self._end(former)
            self._playing = self._launch(audio)

    def wait(self, limit_seconds: float) -> bool:
        """Wait until nothing is playing; False when it still is after the limit. Raises SoundError if it failed."""
        end = time.monotonic() + limit_seconds
        while (watched := self._watched()) is not None:
            playback, ended_fd = watched
            try:
                ended, _, _ = select.select([ended_fd], [], [], max(0.0, end - time.monotonic()))
            finally:
                os.close(ended_fd)
            if not ended:
                return False
            with self._lock:
                if self._playing is playback:  # else another sound has taken its place, or it was stopped
                    self._playing = None
                    self._end(playback)
        return True

    def stop(self) -> None:
        """Be silent at once."""
        with self._lock:
            playback, self._playing = self._playing, None
            if playback is not None:
                playback.kill()

    def close(self) -> None:
        """Stop, and give the card back."""
        self.stop()

    def _watched(self) -> tuple[_Playback, int] | None:
        """What is playing, and a descriptor that becomes readable when it ends (pidfd_open(2))."""
        with self._lock:
            # Processes are reaped under the lock only, so that this number is still its own.
            playback = self._playing
            return (playback, os.pidfd_open(playback.process.pid)) if playback else None

    def _launch(self, audio: Audio) -> _Playback:
        """Start aplay with the whole sound in a memory file: no file to clean up, no thread to feed a pipe."""
        words_fd = os.memfd_create("aplay's words")
        try:
            with open(os.memfd_create("sound"), "w+b") as sound:  # noqa: PTH123 - a descriptor, no path
                sound.write(audio.to_wav())
                sound.seek(0)
                command = [PROGRAM, "-q", "-D", self._device]
                process = subprocess.Popen(command, stdin=sound, stdout=subprocess.DEVNULL, stderr=words_fd)
        except OSError as error:
            os.close(words_fd)
            raise SoundError(f"{PROGRAM} cannot be started ({error.strerror}); sudo apt install alsa-utils") from error
        return _Playback(process, words_fd)

    def _end(self, playback: _Playback) -> None:
        """Kill it if it still plays; raise what it failed with if it had ended by itself."""
        if playback.process.poll() is None:
            playback.kill()
            return
        complaint = playback.complaint()
        if complaint:
            raise SoundError(f"{self._where()} stopped playing ({complaint}); is it still plugged in?")

    def _where(self) -> str:
        return f'the sound card "{self._card}"'

    def _is_card(self, name: str) -> bool:
        return re.fullmatch(r"[A-Za-z0-9_-]+", name) is not None and (self._cards / name).is_symlink()

    def _cards_by_name(self) -> list[Path]:
        return sorted((path for path in self._cards.glob("*") if path.is_symlink()), key=lambda path: path.name)

    def _playing_cards(self) -> list[str]:
        """Those that have a stream to play, by name; a screen comes last, for few can be heard."""
        names = [path.name for path in self._cards_by_name() if any(path.glob("pcm*p"))]
        return sorted(names, key=lambda name: "hdmi" in name.lower())

    def _choice(self) -> str:
        """What to do instead: the cards there are, by name."""
        cards = [path.name for path in self._cards_by_name()]
        if not cards:
            return 'connect a sound card, this machine has none, or set [sound] backend to "wav"'
        return "set [sound] card to one of: " + ", ".join(f'"{name}"' for name in ("default", *cards))


def _named(card: str) -> str:
    return f"plughw:CARD={card}"
