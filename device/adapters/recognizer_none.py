"""No recognizer: spoken commands are switched off."""

from __future__ import annotations

from collections.abc import Sequence

from device.domain import Audio, Transcript
from device.errors import RecognizerError


class NullRecognizer:
    """Refuses to open, so that the box says that it takes no spoken commands."""

    vocabulary: frozenset[str] | None = frozenset()

    def open(self) -> None:
        """Say how to get one. Raises RecognizerError."""
        raise RecognizerError('spoken commands are switched off; set [listening] backend to "vosk"')

    def begin(self, phrases: Sequence[str]) -> None:
        """As `open`. Raises RecognizerError."""
        self.open()

    def feed(self, chunk: Audio) -> None:
        """Hear nothing."""

    def finish(self) -> Transcript:
        """Nothing was understood."""
        return Transcript()

    def close(self) -> None:
        """Nothing to drop."""
