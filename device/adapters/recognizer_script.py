"""A recognizer that is told what was said: one line of a text file for each utterance, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from device.config import ListeningConfig
from device.domain import Audio, SpokenWord, Transcript
from device.errors import RecognizerError

_WORD_SECONDS = 0.3


class ScriptRecognizer:
    """Understands the next line, whatever it hears; an empty line is silence, after the last line comes no more.

    Args:
        config: Its `script` is the file: words in UTF-8, one line an utterance; `#` begins a comment, and a line
            that is all comment does not count.
    """

    vocabulary: frozenset[str] | None = None

    def __init__(self, config: ListeningConfig) -> None:
        self._path = config.script
        self._lines: list[str] | None = None

    def open(self) -> None:
        """Read the script. Raises RecognizerError."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecognizerError(
                f"{self._path}: cannot be read ({error}); set [listening] script to a text file"
            ) from error
        lines = text.splitlines()
        self._lines = [line.partition("#")[0] for line in lines if not line.lstrip().startswith("#")]

    def begin(self, phrases: Sequence[str]) -> None:
        """Start an utterance. Raises RecognizerError."""
        if self._lines is None:
            raise RecognizerError("the recognizer of scripts is closed; open it first")

    def feed(self, chunk: Audio) -> None:
        """Hear nothing."""

    def finish(self) -> Transcript:
        """What the next line says. Raises RecognizerError."""
        if self._lines is None:
            raise RecognizerError("the recognizer of scripts is closed; open it first")
        words = self._lines.pop(0).split() if self._lines else []
        return Transcript(
            tuple(
                SpokenWord(word, 1.0, number * _WORD_SECONDS, (number + 1) * _WORD_SECONDS)
                for number, word in enumerate(words)
            )
        )

    def close(self) -> None:
        """Forget the script."""
        self._lines = None
