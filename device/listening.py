"""Sound -> what was asked for: the one order for the daemon, `digitbox listen`, measuring and tests.

Knows the ports and no thread. A word list makes a recognizer turn any speech into listed words, with full confidence
(issue 5), so nothing is believed that it says once: after the first pass, which runs while the user speaks, the same
sound is heard again with its noise turned down and slowed, and each time it is compared with what the recognizer's own
"[unk]" makes of it. How much better the words fit, and how many passes agree, gives the odds that the command was
meant; a digit said alone has its own passes and its own odds. A spotter, which knows few words but many people, says
what it takes the sound for (`ports.Spotter`): how well that fits what the recognizer heard counts too, and so does what
it hears by itself. Whatever is doubtful ends as "not understood".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from device import sounds, spotting
from device.commands import UNKNOWN, Commands
from device.config import ListeningConfig
from device.domain import Audio, Command, Context, Heard, Spotted, Transcript, VoiceCommand
from device.hearing import Features, Hearing, Kind
from device.ports import Recognizer, Spotter

LONGEST_SECONDS = 4.0
"""No command takes longer to say, in the slowest of the voices that limits were tuned on; longer speech is not looked
at twice."""

LOUDNESS = 1500.0
"""Root mean square of its loudest 20 ms to which a sound is brought, because what the model hears depends on it: of 250
digits by a person whose recordings peak at 950 of 32768, 93.2 % are right at half of that, 98.4 % as they are, 98.8 %
with their peaks at 3000, 96.8 % at 25000 (the digits' list, theo's even recordings; train/speech/README.md)."""

AGREEING = 0.5
"""Share of the digits said after a reading that are the one that was read. Nobody has counted them: who says a digit
agrees with what was read, or names another, and a half favours neither. Any other digit has a ninth of the rest."""

PHRASE_ODDS = -0.25
"""Added to the logarithm of the odds of anything but a digit said alone: the largest quarter with which about one in a
hundred ordinary words and sentences does something in idle (train/speech/README.md)."""

UNHEARD_ODDS = -1.5
"""Added instead to those of what the spotter alone heard: with more, many an ordinary word would act
(train/speech/README.md)."""

REFUSAL_ODDS = 1.0
"""Added instead to those of a no or a cancel where the box has asked: what isn't understood there refuses as well, so
that to believe either costs nothing but the words that it is answered with (train/speech/README.md)."""

_MUCH = 1.6
"""A sound so much louder or quieter is heard anew at the right loudness."""

_PAD_SECONDS = 0.3
"""Of quiet, around what is heard: a recognizer needs to hear a word begin and end."""

_MOST_OF_A_DIGIT = 2
"""Where more words were heard, no digit was said alone."""

_ENOUGH = 5.0
"""Evidence (a logarithm) beyond which a pass counts for no more where passes differ. Of 500 digits by a person 99.0 %
are right with it and 98.8 % without, in noise of 10 dB 91.6 % and 91.4 % (theo's even recordings)."""

_LEAST_LOG = -12.0
"""A spotter that gives a digit less than e to this is as sure as it can be that it is none."""

_LEAST_FIT, _FAR = -25.0, 10.0
"""A phrase that fits so much worse than what the spotter takes a sound for does not fit at all; one command is at most
so much likelier than all others. Both are logarithms."""

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
        better: How much better the best that can be said in the situation fits, in the same measure; at least 0.
    """

    text: str
    command: VoiceCommand | None
    evidence: float
    words: int
    seconds: float
    better: float = 0.0


@dataclass(frozen=True, slots=True)
class Unheard:
    """What the spotter takes a sound for, and the recognizer does not; never a yes, which both must hear.

    Attributes:
        text: The phrase.
        command: What it means.
        known: The recognizer knows all its words, so that it might have heard it.
    """

    text: str
    command: VoiceCommand
    known: bool


@dataclass(frozen=True, slots=True)
class Look:
    """All that was heard of one utterance, before it is judged.

    Attributes:
        text: The words of the first pass; "" where there was no speech.
        passes: What was heard, up to two for each view of the sound; none where it can be no command.
        contrast_db: How far the sound stands above its noise.
        clipped: It was too loud for the microphone.
        context: The situation it was said in; None for any.
        told: What a recognizer that was told what was said means by it.
        spotted: Natural logarithms of the probabilities that it is 0 to 9, and no digit; None where no spotter was
            asked, or no digit means anything.
        fits: How well the best phrase of each command fits what the spotter heard, and of those that mean nothing:
            logarithms (`spotting.fits`); None where no spotter was asked.
        sought: What the spotter heard and no pass did, but one that the recognizer was asked for by itself.
        unheard: What the recognizer did not even hear then.
    """

    text: str = ""
    passes: Sequence[Pass] = ()
    contrast_db: float = 0.0
    clipped: bool = False
    context: Context | None = None
    told: VoiceCommand | None = None
    spotted: tuple[float, ...] | None = None
    fits: Mapping[VoiceCommand | None, float] | None = None
    sought: Sequence[Pass] = ()
    unheard: Unheard | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may have been said.

    Attributes:
        command: What it means.
        text: The words.
        digit: It is a digit said alone.
        passes: Those that heard it; none where the spotter alone did.
    """

    command: VoiceCommand
    text: str
    digit: bool
    passes: Sequence[Pass]


class Listener:
    """Understands one utterance at a time.

    Args:
        recognizer: Open.
        commands: What can be said.
        hearing: How far passes are believed.
        config: The limits.
        limit_seconds: Of one utterance; what comes later is not heard.
        spotter: Open; None for a language that has none.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what hearing is made of
        self,
        recognizer: Recognizer,
        commands: Commands,
        hearing: Hearing,
        config: ListeningConfig,
        limit_seconds: float,
        spotter: Spotter | None = None,
    ) -> None:
        self._recognizer = recognizer
        self._commands = commands
        self._hearing = hearing
        self._config = config
        self._limit_seconds = limit_seconds
        self._spotter = spotter
        self._digits = tuple(commands.digit_words(recognizer.vocabulary))

    def listen(self, chunks: Iterable[Audio], context: Context | None, read: int | None = None) -> Heard:
        """What was said.

        Args:
            chunks: The sound as it comes; the utterance ends with it, or at the limit.
            context: The situation; None takes whatever means something in any.
            read: The digit that one said alone is compared with; it is expected more than others.

        Raises:
            RecognizerError: The recognizer failed.
            ModelError: The spotter isn't open.
            MicrophoneError: From `chunks`.
        """
        return self.judged(self.look(chunks, context), read)

    def look(self, chunks: Iterable[Audio], context: Context | None) -> Look:
        """Hear it to its end, and what is worth it again; arguments and errors are those of `listen`."""
        first, heard = self._first_pass(chunks, context)
        if not self._is_speech(heard):
            return Look()
        if self._recognizer.vocabulary is None:  # it was told what was said, so there is nothing to hear again
            return Look(first.text, told=self._meaning(first, context))
        sound = sounds.joined(*heard)
        contrast_db, is_clipped = sounds.contrast_db(sound), sounds.is_clipped(sound)
        if _is_hopeless(first):
            return Look(first.text, (), contrast_db, is_clipped, context)
        spotted = None if self._spotter is None else self._spotter.spotted(sound)
        at_one_loudness, sound = self._at_one_loudness(first, sound, context)
        passes = self._passes(at_one_loudness, sound, context)
        look = Look(first.text, passes, contrast_db, is_clipped, context)
        return look if spotted is None else self._with_spotter(look, spotted, at_one_loudness, sound)

    def judged(self, look: Look, read: int | None = None) -> Heard:
        """The command with the best odds, if they suffice; `read` as for `listen`."""
        if look.told is not None:
            return Heard(look.text, look.told, 1.0, self._digit_scores(look.told, 1.0))
        believed = [
            (*self._confidences(one, look, read if digit else None), one)
            for digit in (True, False)
            for one in candidates(look, digit, read)
        ]
        confidence, by_sound, best = max(believed, key=lambda one: one[0], default=(0.0, 0.0, None))
        if best is None or confidence < self._config.least_confidence:
            return Heard(look.text, clipped=look.clipped)
        return Heard(best.text, best.command, confidence, self._digit_scores(best.command, by_sound))

    def _at_one_loudness(self, first: Transcript, sound: Audio, context: Context | None) -> tuple[Transcript, Audio]:
        """A sound at LOUDNESS, and the first pass over that."""
        loudness = sounds.loudness(sound)
        if LOUDNESS / _MUCH < loudness < LOUDNESS * _MUCH:
            return first, sound
        sound = sounds.amplified(sound, LOUDNESS / max(loudness, 1.0))
        return self._heard_as(self._phrases(context), sound), sound

    def _passes(self, first: Transcript, sound: Audio, context: Context | None) -> list[Pass]:
        """What was heard in the first pass over a sound and in the others."""
        looked = self._looked(first, sound, context)
        for view in _VIEWS:
            other = view(sound)
            looked += self._looked(self._heard_as(self._phrases(context), other), other, context)
        return looked

    def _with_spotter(self, look: Look, spotted: Spotted, first: Transcript, sound: Audio) -> Look:
        """The look with what the spotter makes of the sound, and what it heard and no pass did."""
        of_phrases = spotting.fits(spotted, self._commands.phrases(look.context, frozenset(spotted.words)))
        meant = {phrase: self._commands.meaning(phrase.split(), look.context) for phrase in of_phrases}
        fits: dict[VoiceCommand | None, float] = {}
        for phrase, fit in of_phrases.items():
            fits[meant[phrase]] = max(fit, fits.get(meant[phrase], fit))
        digits = spotted.digits if self._digits_count(look.context) else None
        heard = {looked.command for looked in look.passes}
        sought: list[Pass | None] = []
        unheard = None
        best = max(of_phrases, key=of_phrases.__getitem__, default="")
        command = meant.get(best)
        if command is not None and command not in heard and not _is_digit(command, best):
            known = (self._recognizer.vocabulary or frozenset()).issuperset(best.split())
            sought.append(self._sought(command, [best], first, sound) if known else None)
            if sought == [None] and command.command is not Command.YES:
                unheard = Unheard(best, command, known)
        if digits is not None:
            digit = VoiceCommand(Command.DIGIT, digit=max(range(len(digits) - 1), key=digits.__getitem__))
            words = [word for word in self._digits if self._commands.meaning([word], look.context) == digit]
            sought.append(self._sought(digit, words, first, sound) if words and digit not in heard else None)
        return replace(look, spotted=digits, fits=fits, sought=[one for one in sought if one], unheard=unheard)

    def _sought(
        self, command: VoiceCommand, phrases: Sequence[str], transcript: Transcript, sound: Audio
    ) -> Pass | None:
        """How well what the spotter heard fits the sound, if the recognizer hears it among nothing else."""
        heard = self._heard_as(phrases, sound)
        if heard.text not in phrases:
            return None
        return _pass(heard, command, self._heard_as((), sound).score, transcript)

    def _first_pass(self, chunks: Iterable[Audio], context: Context | None) -> tuple[Transcript, list[Audio]]:
        """Decode the sound while it comes, and keep it."""
        heard = []
        self._recognizer.begin(self._phrases(context))
        self._recognizer.feed(sounds.quiet(_PAD_SECONDS))
        for chunk in self._within_limit(chunks):
            self._recognizer.feed(chunk)
            heard.append(chunk)
        self._recognizer.feed(sounds.quiet(_PAD_SECONDS))
        return self._recognizer.finish(), heard

    def _looked(self, transcript: Transcript, sound: Audio, context: Context | None) -> list[Pass]:
        """What one look at a sound gave: a phrase, and the digit that it is if one was said alone."""
        heard = [transcript]
        if len(transcript.words) <= _MOST_OF_A_DIGIT and self._digits_count(context):
            heard = [self._heard_as(self._digits, sound)]
            if not _is_digit(
                self._meaning(transcript, context), transcript.text
            ):  # else the digits' list hears it better
                heard.append(transcript)
        meant = [(one, command) for one in heard if (command := self._meaning(one, context)) is not None]
        if not meant:
            return []
        unknown = self._heard_as((), sound).score
        return [_pass(one, command, unknown, transcript) for one, command in meant]

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
        """Whether enough of it is loud enough; of a "six" that is its vowel alone."""
        if not any(len(chunk.samples) for chunk in heard):
            return False
        loud_seconds = sounds.loud_seconds(sounds.joined(*heard), self._config.least_level_db)
        return loud_seconds >= self._config.least_seconds

    def _meaning(self, transcript: Transcript, context: Context | None) -> VoiceCommand | None:
        words = [word.text for word in transcript.words]
        return None if UNKNOWN in words or not words else self._commands.meaning(words, context)

    def _confidences(self, candidate: Candidate, look: Look, read: int | None) -> tuple[float, float]:
        """How far one is believed, and how far by its sound alone, for what is fused with what was read later."""
        found = features(look, candidate)
        expected = 0.0 if candidate.digit else _phrase_odds(candidate, look.context)
        return (
            self._hearing.confidence(found, expected + _likelier(candidate.command.digit, read)),
            self._hearing.confidence(found, expected),
        )

    def _digit_scores(self, command: VoiceCommand, confidence: float) -> tuple[float, ...] | None:
        if command.command not in (Command.CORRECT, Command.DIGIT) or command.digit is None:
            return None
        return self._hearing.digit_scores(command.digit, confidence)


def _is_hopeless(first: Transcript) -> bool:
    """Whether a first pass is so far from any command that no other pass is worth its time."""
    texts = [word.text for word in first.words]
    seconds = sum(word.end_seconds - word.start_seconds for word in first.words)
    return seconds > LONGEST_SECONDS or (UNKNOWN in texts and len(texts) > 2)


def _pass(heard: Transcript, command: VoiceCommand, unknown: float, transcript: Transcript) -> Pass:
    """A look's words beside "[unk]", which scores so much, and beside the best of all that could be said."""
    return Pass(
        heard.text,
        command,
        heard.score - unknown,
        len(heard.words),
        sum(word.end_seconds - word.start_seconds for word in heard.words),
        max(0.0, transcript.score - heard.score),
    )


def candidates(look: Look, digit: bool, read: int | None = None) -> list[Candidate]:
    """What was heard with the most evidence, if anything was; all that was heard where a spotter tells it apart.

    Args:
        look: At one sound.
        digit: Only digits said alone; else only what else was heard.
        read: A digit that is expected, and so comes second wherever a pass heard it.
    """
    passes: dict[VoiceCommand, list[Pass]] = {}
    for looked in (*look.passes, *look.sought):
        if looked.command is not None and (looked.words == 1 and looked.command.command is Command.DIGIT) == digit:
            passes.setdefault(looked.command, []).append(looked)
    heard = [Candidate(command, agreeing[0].text, digit, agreeing) for command, agreeing in passes.items()]
    if look.unheard is not None and not digit:
        heard.append(Candidate(look.unheard.command, look.unheard.text, digit, ()))
    if not heard or (look.spotted if digit else look.fits) is not None:
        return heard
    # No pass counts for more than a few others together: one that is badly wrong is often very sure.
    best = max(heard, key=lambda one: sum(min(max(looked.evidence, 0.01), _ENOUGH) for looked in one.passes))
    expected = VoiceCommand(Command.DIGIT, digit=read)
    return [best, *(one for one in heard if digit and one.command == expected != best.command)]


def features(look: Look, candidate: Candidate) -> Features:
    """What the odds of one of its candidates depend on."""
    command, passes, is_digit = candidate.command, candidate.passes, candidate.digit
    if not is_digit and look.fits is not None and command in look.fits:
        fit = _fit(look.fits, command)
        if passes:
            return Features(Kind.SPOTTED_PHRASE, (*_of_passes(passes), look.contrast_db, *fit))
        words = len(candidate.text.split())
        known = look.unheard is not None and look.unheard.known
        return Features(Kind.UNHEARD_PHRASE, (*fit, math.log(words), float(words == 1), float(known)))
    if is_digit and look.spotted is not None and command.digit is not None:
        own = look.spotted[command.digit]
        others = max(log for other, log in enumerate(look.spotted[:-1]) if other != command.digit)
        spotted = (max(_LEAST_LOG, own), max(_LEAST_LOG, min(-_LEAST_LOG, own - others)))
        return Features(Kind.SPOTTED_DIGIT, (*_of_passes(passes), *spotted))
    return Features(Kind.DIGIT if is_digit else Kind.PHRASE, (*_of_passes(passes), look.contrast_db))


def _of_passes(agreeing: Sequence[Pass]) -> tuple[float, ...]:
    """What the recognizer's passes say of what they heard."""
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
        math.log1p(statistics.fmean(looked.better for looked in agreeing)),
    )


def _fit(fits: Mapping[VoiceCommand | None, float], command: VoiceCommand) -> tuple[float, float]:
    """How well a command fits what the spotter heard, by itself and beside any other."""
    own = fits[command]
    ahead = own - max((fit for other, fit in fits.items() if other != command), default=own - _FAR)
    return max(_LEAST_FIT, own), max(-_FAR, min(_FAR, ahead))


def _phrase_odds(candidate: Candidate, context: Context | None) -> float:
    """What is added to the logarithm of the odds of anything but a digit said alone."""
    if context is Context.CONFIRM and candidate.command.command in (Command.NO, Command.CANCEL):
        return REFUSAL_ODDS
    return PHRASE_ODDS if candidate.passes else UNHEARD_ODDS


def _likelier(said: int | None, read: int | None) -> float:
    """How much likelier a digit is than in what was fitted on, where each was said as often: logarithm of the odds."""
    if read is None:
        return 0.0
    return math.log(10.0 * (AGREEING if said == read else (1.0 - AGREEING) / 9.0))


def _is_digit(command: VoiceCommand | None, text: str) -> bool:
    return command is not None and command.command is Command.DIGIT and " " not in text
