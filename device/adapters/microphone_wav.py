"""A microphone that hears recordings: one WAV file a hold, for demonstrations and tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from device import sounds
from device.config import MicrophoneConfig
from device.domain import Audio
from device.errors import AudioError, MicrophoneError


class WavMicrophone:
    """Hears the next recording whenever it is started, in no time; after the last comes the first again.

    Args:
        config: Its `folder` holds the WAV files, heard in order of name.
        paths: These files instead, in this order.
    """

    def __init__(self, config: MicrophoneConfig, paths: Sequence[Path] = ()) -> None:
        self._folder = config.folder
        self._given = tuple(paths)
        self._paths: tuple[Path, ...] = ()
        self._holds = 0
        self._lock = threading.Lock()
        self._chunks: Iterator[Audio] = iter(())

    def open(self) -> None:
        """List the folder. Raises MicrophoneError."""
        try:
            self._paths = self._given or tuple(sorted(self._folder.glob("*.wav")))
        except OSError as error:
            raise MicrophoneError(f"{self._folder}: cannot be listed ({error.strerror}); {_ADVICE}") from error
        if not self._paths:
            raise MicrophoneError(f"{self._folder}: has no WAV file; {_ADVICE}")

    def start(self) -> None:
        """Turn to the next recording. Raises MicrophoneError."""
        if not self._paths:
            raise MicrophoneError("the microphone of recordings is closed; open it first")
        path = self._paths[self._holds % len(self._paths)]
        self._holds += 1
        try:
            chunks = sounds.chunks(sounds.load(path), sounds.RATE_HZ)
        except AudioError as error:
            raise MicrophoneError(str(error)) from error
        with self._lock:
            self._chunks = chunks

    def take(self, limit_seconds: float) -> Audio | None:
        """The next chunk; None when the recording is over or was stopped."""
        with self._lock:
            return next(self._chunks, None)

    def stop(self) -> None:
        """The user let go once all was said: what is left of the recording can still be taken."""

    def close(self) -> None:
        """Forget the folder."""
        self._paths = ()
        with self._lock:
            self._chunks = iter(())


_ADVICE = "put one there or set [microphone] folder to another"
