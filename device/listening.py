"""Sound -> what was asked for: the one order for the daemon, `digitbox listen`, measuring and tests.

Knows the ports and no thread. Sound is decoded while it comes; whatever is doubtful ends as "not understood".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from device.commands import UNKNOWN, Commands
from device.config import ListeningConfig
from device.domain import Audio, Command, Context, Heard, Transcript
from device.ports import Recognizer


class Listener:
    """Understands one utterance at a time.

    Args:
        recognizer: Open.
        commands: What can be said.
        config: The limits.
        limit_seconds: Of one utterance; what comes later is not heard.
    """

    def __init__(
        self, recognizer: Recognizer, commands: Commands, config: ListeningConfig, limit_seconds: float
    ) -> None:
        self._recognizer = recognizer
        self._commands = commands
        self._config = config
        self._limit_seconds = limit_seconds

    def listen(self, chunks: Iterable[Audio], context: Context | None) -> Heard:
        """What was said.

        Args:
            chunks: The sound as it comes; the utterance ends with it, or at the limit.
            context: The situation; None takes whatever means something in any.

        Raises:
            RecognizerError: The recognizer failed.
            MicrophoneError: From `chunks`.
        """
        self._recognizer.begin(self._commands.phrases(context, self._recognizer.vocabulary))
        heard = []
        for chunk in self._within_limit(chunks):
            self._recognizer.feed(chunk)
            heard.append(chunk)
        transcript = self._recognizer.finish()
        if not self._is_speech(heard):
            return Heard()
        return self._understood(transcript, context)

    def _within_limit(self, chunks: Iterable[Audio]) -> Iterator[Audio]:
        seconds = 0.0
        for chunk in chunks:
            yield chunk
            seconds += chunk.seconds
            if seconds >= self._limit_seconds:
                return

    def _is_speech(self, heard: list[Audio]) -> bool:
        """Whether enough of it is loud enough."""
        loud_seconds = sum(chunk.seconds for chunk in heard if level_db(chunk) >= self._config.least_level_db)
        return loud_seconds > self._config.least_seconds

    def _understood(self, transcript: Transcript, context: Context | None) -> Heard:
        words = [word.text for word in transcript.words if word.text != UNKNOWN]
        command = self._commands.meaning(words, context) if words else None
        confidence = min((word.confidence for word in transcript.words), default=0.0)
        if command is None or len(words) < len(transcript.words) or confidence < self._config.least_confidence:
            return Heard(transcript.text)
        scores = None
        if command.command in (Command.CORRECT, Command.DIGIT):
            scores = tuple(confidence if digit == command.digit else (1.0 - confidence) / 9 for digit in range(10))
        return Heard(transcript.text, command, confidence, scores)


def level_db(audio: Audio) -> float:
    """How loud a sound is, in decibels below the loudest there can be; -inf for silence."""
    if not len(audio.samples):
        return -np.inf
    mean_square = float(np.mean(np.square(audio.samples.astype(np.float64))))
    return 10.0 * float(np.log10(mean_square / 32768.0**2)) if mean_square > 0.0 else -np.inf
