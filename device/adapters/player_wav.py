"""A player that keeps what would have been heard: one WAV file a sound, for tests and machines without a sound card."""

from __future__ import annotations

import logging
import tempfile
import threading
from pathlib import Path

from device.config import SoundConfig
from device.domain import Audio
from device.errors import SoundError

log = logging.getLogger(__name__)


class WavPlayer:
    """Writes 001.wav, 002.wav, ... and plays in no time; files that are there already keep their numbers.

    Args:
        config: Its `folder` takes the files.
    """

    def __init__(self, config: SoundConfig) -> None:
        self._folder = config.folder
        self._lock = threading.Lock()
        self._number = 0
        self._last_path: Path | None = None

    @property
    def last_path(self) -> Path | None:
        """The file written last, None before the first."""
        return self._last_path

    def open(self) -> None:
        """Make the folder and see that it can be written. Raises SoundError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                pass
            numbers = [int(path.stem) for path in self._folder.glob("*.wav") if path.stem.isdecimal()]
        except OSError as error:
            raise self._refused(self._folder, error) from error
        self._number = max(numbers, default=0)

    def start(self, audio: Audio) -> None:
        """Write the next file; it has been played when this returns. Raises SoundError."""
        with self._lock:
            path = self._write_next(audio.to_wav())
            self._last_path = path
        log.info("sound of %.2f s written to %s", audio.seconds, path)

    def wait(self, limit_seconds: float) -> bool:
        """True: nothing is ever playing."""
        return True

    def stop(self) -> None:
        """Nothing is ever playing."""

    def close(self) -> None:
        """Nothing to give back."""

    def _write_next(self, wav: bytes) -> Path:
        while True:
            self._number += 1
            path = self._folder / f"{self._number:03d}.wav"
            try:
                with path.open("xb") as file:
                    file.write(wav)
            except FileExistsError:
                continue  # another digitbox writes here as well
            except OSError as error:
                path.unlink(missing_ok=True)  # half a file would pass for a whole one
                raise self._refused(path, error) from error
            return path

    def _refused(self, path: Path, error: OSError) -> SoundError:
        return SoundError(
            f"{path}: cannot be written ({error.strerror}); free some space or set [sound] folder to another"
        )
