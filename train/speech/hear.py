"""Many recordings through the box's own listener, in several processes."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from device import commands, compose, config, sounds
from device.domain import Audio, Context, Heard, VoiceCommand
from device.listening import Look
from train.exits import leave_stopping_to_parent
from train.speech.voices import Part


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A recording, and what it is.

    Attributes:
        row: Of the table.
        text: What is said.
        audio: At 16 kHz.
        expected: What must be understood, None: nothing.
        context: The situation.
        part: Of the voice.
    """

    row: str
    text: str
    audio: Audio
    expected: VoiceCommand | None
    context: Context = Context.READING
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a clip.

    Attributes:
        row: As the clip's, like `text` and `expected`.
        heard: What was understood.
        seconds: From its end to the answer.
        processor_seconds: Of those, what the processor spent: no other work counts.
        bare: What the digits' list alone gives.
        after: What would have been understood had 0 to 9 been read before.
    """

    row: str
    text: str
    expected: VoiceCommand | None
    heard: Heard
    seconds: float
    processor_seconds: float
    bare: VoiceCommand | None
    after: tuple[Heard, ...] = ()


def shipped() -> config.Config:
    """The shipped configuration, with the speech model that comes along even where a larger one is installed."""
    settings = config.load(config.DEFAULT_PATH)
    return replace(settings, listening=replace(settings.listening, model="vosk-tiny-en"))


class Ears:
    """The listener with the model that comes with digitbox, whatever is installed."""

    def __init__(self) -> None:
        settings = shipped()
        self.recognizer = compose.recognizer(settings)
        self.recognizer.open()
        self.listener = compose.listener(settings, self.recognizer)
        self.commands = commands.load(settings.speech.language)

    def answer(self, clip: Clip) -> Answer:
        """Listen to a clip, as fast as it can be decoded, and take the time of what is left to do at its end."""
        ended = [0.0, 0.0]

        def until_its_end() -> Iterable[Audio]:
            yield from sounds.chunks(clip.audio)
            ended[:] = time.monotonic(), time.process_time()

        look = self.listener.look(until_its_end(), clip.context)
        heard = self.listener.judged(look)
        seconds, processor_seconds = time.monotonic() - ended[0], time.process_time() - ended[1]
        after = tuple(self.listener.judged(look, digit) for digit in range(10))
        return Answer(clip.row, clip.text, clip.expected, heard, seconds, processor_seconds, self._bare(clip), after)

    def look(self, clip: Clip) -> Look:
        """All that is heard of a clip, to fit on."""
        return self.listener.look(sounds.chunks(clip.audio), clip.context)

    def _bare(self, clip: Clip) -> VoiceCommand | None:
        """The engine by itself, with the digits as its list: what MODEL.md measured."""
        if not clip.row.startswith("digits"):
            return None
        self.recognizer.begin(tuple(self.commands.digit_words(self.recognizer.vocabulary)))
        self.recognizer.feed(clip.audio)
        words = [word.text for word in self.recognizer.finish().words if word.text != commands.UNKNOWN]
        return self.commands.meaning(words, Context.READING)


_ears: Ears | None = None


def _own_ears() -> Ears:
    global _ears  # noqa: PLW0603 - one model for each process
    _ears = _ears or Ears()
    return _ears


def _answer(clip: Clip) -> Answer:
    return _own_ears().answer(clip)


def _look(clip: Clip) -> Look:
    return _own_ears().look(clip)


@functools.cache
def _pool(workers: int) -> ProcessPoolExecutor:
    """The processes, each with its model; they end with this one."""
    return ProcessPoolExecutor(workers, initializer=leave_stopping_to_parent)


def answers(clips: Iterable[Clip], workers: int) -> list[Answer]:
    """What is understood of each. Raises RecognizerError."""
    return list(_pool(workers).map(_answer, clips, chunksize=4))


def looks(clips: Iterable[Clip], workers: int) -> list[Look]:
    """All that is heard of each. Raises RecognizerError."""
    return list(_pool(workers).map(_look, clips, chunksize=4))
