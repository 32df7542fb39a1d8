"""Sound -> what was asked for: the one order for the daemon, `digitbox listen`, measuring and tests.

Knows the ports and no thread. A word list makes a recognizer turn any speech into listed words, with full confidence
(issue 5), so nothing is believed that it says once: after the first pass, which runs while the user speaks, the same
sound is heard again with its noise turned down and slowed, and each time it is compared with what the recognizer's own
"[unk]" makes of it. How much better the words fit, and how many passes agree, gives the odds that the command was
meant. Whatever is doubtful ends as "not understood".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from device import sounds
from device.commands import UNKNOWN, Commands
from device.config import ListeningConfig
from device.domain import Audio, Command, Context, Heard, Transcript, VoiceCommand
from device.hearing import Hearing
from device.ports import Recognizer

LONGEST_SECONDS = 4.0
"""No command takes longer to say, in the slowest of the voices that limits were tuned on; longer speech is not looked
at twice."""

LOUDNESS = 1500.0
"""Root mean square of its loudest 20 ms to which a sound is brought, because what the model hears depends on it: of 250
digits by a person whose recordings peak at 950 of 32768, 93.2 % are right at half of that, 98.4 % as they are, 98.8 %
with their peaks at 3000, 96.8 % at 25000 (the digits' list, theo's even recordings; train/speech/README.md)."""

DIGIT_ODDS = {Context.READING: 5.0, Context.PRACTICE: 5.0, None: 1.0}
"""Added to the logarithm of the odds of a digit said alone: after a reading and in practice, where one is expected, and
a little where nobody knows the situation. The odds are fitted on synthetic voices, which suit the model better than
people do: of 125 digits by a person 52.8 % are right and believed with 0, 84.0 % with 1, 92.0 % with 2, 96.0 % with 5
(theo's even recordings). The price: 14 % of ordinary words are taken for a digit after a reading instead of 1 %; the
state machine holds a digit against what was seen before anything comes of it (`device.sight_and_speech`)."""

_MUCH = 1.6
"""A sound so much louder or quieter is heard anew at the right loudness."""

_PAD_SECONDS = 0.3
"""Of quiet, around what is heard: a recognizer needs to hear a word begin and end."""

_VIEWS: tuple[Callable[[Audio], Audio], ...] = (sounds.cleaned, lambda heard: sounds.slowed(heard, 1.075))
"""How the sound is heard again. Of 140 digits by 14 synthetic voices in white noise of 10 dB, 90.7 % are right as they
are, 95.7 % with the digit that these three passes give the most evidence for (train/speech/README.md)."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one look at the sound gave.

    Attributes:
        text: The words.
        command: What they mean.
        evidence: How much better they fit than "[unk]": logarithm of the likelihoods' ratio.
        words: How many there are.
        seconds: How long they last.
    """

    text: str
    command: VoiceCommand | None
    evidence: float
    words: int
    seconds: float


class Listener:
    """Understands one utterance at a time.

    Args:
        recognizer: Open.
        commands: What can be said.
        hearing: How far passes are believed.
        config: The limits.
        limit_seconds: Of one utterance; what comes later is not heard.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        commands: Commands,
        hearing: Hearing,
        config: ListeningConfig,
        limit_seconds: float,
    ) -> None:
        self._recognizer = recognizer
        self._commands = commands
        self._hearing = hearing
        self._config = config
        self._limit_seconds = limit_seconds
        self._digits = tuple(commands.digit_words(recognizer.vocabulary))

    def listen(self, chunks: Iterable[Audio], context: Context | None) -> Heard:
        """What was said.

        Args:
            chunks: The sound as it comes; the utterance ends with it, or at the limit.
            context: The situation; None takes whatever means something in any.

        Raises:
            RecognizerError: The recognizer failed.
            MicrophoneError: From `chunks`.
        """
        first, heard = self.first_pass(chunks, context)
        if not self._is_speech(heard):
            return Heard()
        if self._recognizer.vocabulary is None:  # it was told what was said, so there is nothing to hear again
            return self._as_told(first, context)
        sound = sounds.joined(*heard)
        if is_hopeless(first):
            understood = Heard(first.text)
        else:
            understood = self._judged(first.text, self.passes(first, sound, context), context)
        return understood if understood.command else replace(understood, clipped=sounds.is_clipped(sound))

    def passes(self, first: Transcript, sound: Audio, context: Context | None) -> list[Pass]:
        """The first pass over a sound and the others, all at one loudness. Raises RecognizerError."""
        loudness = sounds.loudness(sound)
        if not LOUDNESS / _MUCH < loudness < LOUDNESS * _MUCH:
            sound = sounds.amplified(sound, LOUDNESS / max(loudness, 1.0))
            first = self._heard_as(self._phrases(context), sound)
        looked = [self._pass(first, sound, context)]
        for view in _VIEWS:
            other = view(sound)
            looked.append(self._pass(self._heard_as(self._phrases(context), other), other, context))
        return looked

    def first_pass(self, chunks: Iterable[Audio], context: Context | None) -> tuple[Transcript, list[Audio]]:
        """Decode the sound while it comes, and keep it."""
        heard = []
        self._recognizer.begin(self._phrases(context))
        self._recognizer.feed(sounds.quiet(_PAD_SECONDS))
        for chunk in self._within_limit(chunks):
            self._recognizer.feed(chunk)
            heard.append(chunk)
        self._recognizer.feed(sounds.quiet(_PAD_SECONDS))
        return self._recognizer.finish(), heard

    def _pass(self, transcript: Transcript, sound: Audio, context: Context | None) -> Pass:
        """What a transcript is worth; where it is no command, a digit alone may have been said."""
        command = self._meaning(transcript, context)
        if command is None and len(transcript.words) <= 2 and self._digits_count(context):
            transcript = self._heard_as(self._digits, sound)
            command = self._meaning(transcript, context)
        if command is None:
            return Pass(transcript.text, None, 0.0, len(transcript.words), 0.0)
        evidence = transcript.score - self._heard_as((), sound).score
        seconds = sum(word.end_seconds - word.start_seconds for word in transcript.words)
        return Pass(transcript.text, command, evidence, len(transcript.words), seconds)

    def _heard_as(self, phrases: Sequence[str], sound: Audio) -> Transcript:
        """One more pass over a sound, with these phrases."""
        self._recognizer.begin(phrases)
        for part in (sounds.quiet(_PAD_SECONDS), sound, sounds.quiet(_PAD_SECONDS)):
            self._recognizer.feed(part)
        return self._recognizer.finish()

    def _phrases(self, context: Context | None) -> tuple[str, ...]:
        return self._commands.phrases(context, self._recognizer.vocabulary)

    def _digits_count(self, context: Context | None) -> bool:
        return bool(self._digits) and self._commands.meaning(self._digits[:1], context) is not None

    def _within_limit(self, chunks: Iterable[Audio]) -> Iterator[Audio]:
        left = round(self._limit_seconds * sounds.RATE_HZ)
        for chunk in chunks:
            yield chunk
            left -= len(chunk.samples)
            if left <= 0:
                return

    def _is_speech(self, heard: list[Audio]) -> bool:
        """Whether enough of it is loud enough."""
        least_db = self._config.least_level_db
        return sum(chunk.seconds for chunk in heard if sounds.level_db(chunk) >= least_db) > self._config.least_seconds

    def _meaning(self, transcript: Transcript, context: Context | None) -> VoiceCommand | None:
        words = [word.text for word in transcript.words]
        return None if UNKNOWN in words or not words else self._commands.meaning(words, context)

    def _judged(self, text: str, passes: Sequence[Pass], context: Context | None) -> Heard:
        """The command with the most evidence, if the odds for it suffice."""
        found: dict[VoiceCommand, list[Pass]] = {}
        for looked in passes:
            if looked.command is not None:
                found.setdefault(looked.command, []).append(looked)
        if not found:
            return Heard(text)
        command = max(found, key=lambda one: sum(looked.evidence for looked in found[one]))
        expected = DIGIT_ODDS.get(context, 0.0) if command.command is Command.DIGIT else 0.0
        confidence = self._hearing.confidence(features(found[command]), expected)
        if confidence < self._config.least_confidence:
            return Heard(text)
        return Heard(found[command][0].text, command, confidence, self._digit_scores(command, confidence))

    def _as_told(self, transcript: Transcript, context: Context | None) -> Heard:
        command = self._meaning(transcript, context)
        if command is None:
            return Heard(transcript.text)
        return Heard(transcript.text, command, 1.0, self._digit_scores(command, 1.0))

    def _digit_scores(self, command: VoiceCommand, confidence: float) -> tuple[float, ...] | None:
        if command.command not in (Command.CORRECT, Command.DIGIT) or command.digit is None:
            return None
        return self._hearing.digit_scores(command.digit, confidence)


def is_hopeless(first: Transcript) -> bool:
    """Whether a first pass is so far from any command that no other pass is worth its time."""
    texts = [word.text for word in first.words]
    seconds = sum(word.end_seconds - word.start_seconds for word in first.words)
    return seconds > LONGEST_SECONDS or (UNKNOWN in texts and len(texts) > 2)


def features(agreeing: Sequence[Pass]) -> tuple[float, ...]:
    """What the odds of a command depend on, as `hearing.FEATURES` lists it; `agreeing` are the passes that heard it."""
    seconds = [max(looked.seconds, 0.1) for looked in agreeing]
    rates = [looked.evidence / lasting for looked, lasting in zip(agreeing, seconds, strict=True)]
    words = sum(looked.words for looked in agreeing)
    return (
        math.log(max(1.0, statistics.fmean(rates))),
        math.log(max(1.0, min(rates))),
        sum(seconds) / words,
        statistics.pstdev(seconds),
        len(agreeing) / (1 + len(_VIEWS)),
        math.log(words / len(agreeing)),
        float(words == len(agreeing)),
    )
