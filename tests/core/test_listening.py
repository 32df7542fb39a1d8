"""From sound to command: gates, the passes over one sound, and how far they are believed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from device import commands, config, hearing, listening, sounds
from device.domain import Audio, Command, Context, SpokenWord, Spotted, Transcript, VoiceCommand
from device.errors import MicrophoneError
from device.hearing import FEATURES, Features, Hearing, Kind, Odds
from device.listening import Candidate, Listener, Look, Pass, Unheard

SEVEN, HELP = VoiceCommand(Command.DIGIT, digit=7), VoiceCommand(Command.HELP)
EVEN = tuple((1.0 - (row == np.arange(10))) / 9.0 for row in range(10))


class Told:
    """A recognizer that is told what each pass hears, by the phrases it is given.

    Attributes:
        passes: Text and score of each pass with phrases, the last one for ever.
        alone: The same of the passes with nothing but digits; without, they hear a digit as the pass before did.
        filler: Score of a pass without phrases.
    """

    def __init__(self, *passes, alone=(), filler=0.0, vocabulary=frozenset({"seven", "one", "help", "the"})):
        self.passes = list(passes)
        self.alone = list(alone)
        self.latest = ("", 0.0)
        self.filler = filler
        self.vocabulary = vocabulary
        self.begun = []
        self.seconds = 0.0

    def open(self):
        """Ready."""

    def begin(self, phrases):
        """Remember what is listened for."""
        self.begun.append(tuple(phrases))
        self.seconds = 0.0

    def feed(self, chunk):
        """Count."""
        self.seconds += chunk.seconds

    def finish(self):
        """What the pass hears."""
        if not self.begun[-1]:
            return Transcript((), self.filler)
        text, score = self._heard()
        words = tuple(SpokenWord(word, 1.0, 0.5 * at, 0.5 * at + 0.5) for at, word in enumerate(text.split()))
        return Transcript(words, score)

    def _heard(self):
        if set(self.begun[-1]) == {"one", "seven"}:
            if self.alone:
                return self.alone.pop(0) if len(self.alone) > 1 else self.alone[0]
            return self.latest if self.latest[0] in self.begun[-1] else ("[unk]", 0.0)
        self.latest = self.passes.pop(0) if len(self.passes) > 1 else self.passes[0]
        return self.latest

    def close(self):
        """Done."""


def odds(kind, **weights):
    """Odds of a kind that depend on some of its features, by the words that these begin with; even where all are 0."""
    found = [
        next((weight for name, weight in weights.items() if feature.startswith(name.replace("_", " "))), 0.0)
        for feature in FEATURES[kind]
    ]
    return Odds((0.0,) * len(found), (0.2,) * len(found), (*found, 0.0))


def believing(threshold=1.0):
    """Odds that rise with the evidence alone, even at `threshold` a second; with a spotter, with what that says."""
    by_evidence = odds(Kind.DIGIT, log_of_evidence=1.0)
    by_evidence = replace(by_evidence, means=(math.log(threshold), *by_evidence.means[1:]))
    return Hearing(
        {
            Kind.DIGIT: by_evidence,
            Kind.PHRASE: by_evidence,
            Kind.SPOTTED_DIGIT: odds(Kind.SPOTTED_DIGIT, log_of_evidence=1.0, log_of_the_spotter=1.0),
            Kind.SPOTTED_PHRASE: odds(Kind.SPOTTED_PHRASE, log_of_evidence=0.01, log_of_the_spotter=1.0),
            Kind.UNHEARD_PHRASE: odds(Kind.UNHEARD_PHRASE, log_of_the_spotter=1.0, log_of_its=0.2),
        },
        EVEN,
    )


def speech(seconds=1.0, level=3000):
    """Sound that is loud enough, in chunks."""
    noise = np.random.default_rng(1).normal(size=round(seconds * sounds.RATE_HZ)) * level
    return sounds.chunks(Audio(noise.astype(np.int16), sounds.RATE_HZ))


class Spotting:
    """A spotter that gives some digits these probabilities, and all others hardly any, and hears words one by one."""

    words = ("help", "one", "pardon", "seven", "the", "yeah")

    def __init__(self, *said, **probabilities):
        self.logs = [-20.0] * 11
        for word, digit in (("one", 1), ("seven", 7)):
            self.logs[digit] = math.log(probabilities.get(word, 1e-9))
        self.steps = np.full((2 * len(said) + 3, len(self.words) + 2), 0.01)
        classes = [len(self.words) + 1] * len(self.steps)
        classes[1 : 1 + 2 * len(said) : 2] = [self.words.index(word) for word in said]
        self.steps[range(len(self.steps)), classes] = 0.95
        self.asked = 0

    def spotted(self, sound):
        """The same of every sound."""
        assert sound.rate_hz == sounds.RATE_HZ
        self.asked += 1
        return Spotted(tuple(self.logs), self.words, self.steps)


def heard(recognizer, chunks=None, context=Context.READING, believed=None, read=None, spotter=None, **limits):
    """What the listener makes of it."""
    settings = replace(config.load().listening, **limits)
    listener = Listener(recognizer, commands.load("en"), believed or believing(10.0), settings, 6.0, spotter)
    return listener.listen(speech() if chunks is None else chunks, context, read)


def test_a_command_that_every_pass_hears():
    """With its text, its confidence, and the probabilities of the digit."""
    answer = heard(Told(("seven", 100.0)))
    assert (answer.text, answer.command) == ("seven", SEVEN)
    assert answer.confidence > 0.9
    assert answer.digit_scores.index(max(answer.digit_scores)) == 7
    assert sum(answer.digit_scores) == pytest.approx(1.0)


def test_words_that_fit_no_better_than_others():
    """What was said most likely was something else; the text still says what it sounded like."""
    answer = heard(Told(("seven", 100.0), filler=99.0), context=None)
    assert (answer.text, answer.command, answer.confidence, answer.digit_scores) == ("seven", None, 0.0, None)


def test_the_command_with_the_most_evidence_is_taken():
    """Two weak passes for one against a strong one for another; but one pass alone outvotes no two that are sure."""
    assert heard(Told(("one", 1.0), ("seven", 80.0), ("one", 2.0))).command == SEVEN
    assert heard(Told(("one", 40.0), ("seven", 80.0), ("one", 40.0))).command.digit == 1


def test_speech_with_an_unknown_word_is_no_command():
    """Not even with a command inside it."""
    assert heard(Told(("help [unk]", 100.0)), context=Context.IDLE).command is None


def test_what_was_too_loud_says_so():
    """Only where it was not understood; whoever is understood need not speak more softly."""
    loud = [Audio(np.clip(chunk.samples * 40.0, -32768, 32767).astype(np.int16), chunk.rate_hz) for chunk in speech()]
    assert heard(Told(("seven", 100.0), filler=99.0), loud, context=None).clipped
    assert not heard(Told(("seven", 100.0)), loud).clipped
    assert not heard(Told(("seven", 100.0), filler=99.0), context=None).clipped


def test_a_digit_that_drowned_is_asked_for_again():
    """With the digits alone as phrases, where a digit can be meant."""
    recognizer = Told(("[unk]", 0.0), alone=[("seven", 80.0)])
    assert heard(recognizer).command == SEVEN
    assert ("one", "seven") in [tuple(sorted(phrases)) for phrases in recognizer.begun]
    assert heard(Told(("[unk]", 0.0), alone=[("seven", 80.0)]), context=Context.CONFIRM).command is None


def test_a_digit_has_odds_of_its_own():
    """What would make a phrase doubtful may be enough for a digit said alone, and the better one is taken."""
    easy, hard = (believing(threshold).odds[Kind.DIGIT] for threshold in (2.0, 1000.0))
    for digit, phrase, meant in ((easy, hard, SEVEN), (hard, easy, HELP)):
        told = Told(("help", 30.0), alone=[("seven", 20.0)])
        assert heard(told, believed=Hearing({Kind.DIGIT: digit, Kind.PHRASE: phrase}, EVEN)).command == meant


def test_a_yes_is_believed_as_other_phrases_are():
    """Where it fits as well; it is what changes or stops something, so what fits worse is none."""
    words = frozenset({"yes", "no"})
    for text, command in (("yes", Command.YES), ("no", Command.NO)):
        answers = [heard(Told((text, fits), vocabulary=words), context=Context.CONFIRM) for fits in (3.0, 5.5)]
        assert answers[0].command is None, text
        assert answers[1].command.command is command


@pytest.mark.parametrize(("word", "command"), [("no", Command.NO), ("cancel", Command.CANCEL)])
def test_a_refusal_is_believed_sooner_where_the_box_has_asked(word, command):
    """What isn't understood there refuses as well; a yes that fits no better is none, nor is a cancel elsewhere."""
    words = frozenset({"yes", "no", "cancel"})
    for text, context, meant in (
        (word, Context.CONFIRM, command),
        ("yes", Context.CONFIRM, None),
        ("cancel", Context.READING, None),
    ):
        answer = heard(Told((text, 4.5), vocabulary=words), context=context).command
        assert (answer and answer.command) == meant, text


def test_the_digit_that_was_read_is_expected():
    """It is understood where by itself it is not, another less readily; how sure its sound is stays as it was."""
    for score, read, understood in ((4.0, None, False), (4.0, 7, True), (5.0, None, True), (5.0, 1, False)):
        assert (heard(Told(("seven", score)), read=read).command == SEVEN) == understood, (score, read)
    assert heard(Told(("one", 5.0), ("seven", 4.0), ("one", 5.0))).command.digit == 1
    assert heard(Told(("one", 5.0), ("seven", 4.0), ("one", 5.0)), read=7).command == SEVEN
    alone, expected = (heard(Told(("seven", 6.0)), read=read) for read in (None, 7))
    assert alone.confidence < expected.confidence
    assert alone.digit_scores == expected.digit_scores


def test_what_fits_better_counts_against_a_digit():
    """By how much, in the measure of the evidence."""
    recognizer = Told(("help", 30.0), alone=[("seven", 20.0)])
    listener = Listener(recognizer, commands.load("en"), believing(), config.load().listening, 6.0)
    look = listener.look(speech(), Context.READING)
    assert {(looked.text, looked.better) for looked in look.passes} == {("seven", 10.0), ("help", 0.0)}


def test_a_digit_that_the_spotter_does_not_hear_is_none():
    """However well the recognizer's words fit."""
    assert heard(Told(("seven", 100.0))).command == SEVEN
    assert heard(Told(("seven", 100.0)), spotter=Spotting(seven=0.9)).command == SEVEN
    assert heard(Told(("seven", 100.0)), spotter=Spotting(seven=1e-5)).command is None


def test_a_phrase_that_the_spotter_does_not_hear_is_none():
    """It may have heard other words, or none."""
    assert heard(Told(("help", 100.0)), spotter=Spotting("help")).command == HELP
    assert heard(Told(("help", 100.0)), spotter=Spotting("the", "the")).command is None
    assert heard(Told(("help", 100.0)), spotter=Spotting()).command is None


def test_of_two_digits_the_spotter_chooses():
    """The passes differ, and the one with less evidence is what it hears."""
    passes = (("one", 40.0), ("seven", 60.0), ("one", 40.0))
    assert heard(Told(*passes)).command.digit == 1
    assert heard(Told(*passes), spotter=Spotting(one=1e-5, seven=0.9)).command == SEVEN


def looked(recognizer, spotter, context=Context.READING):
    """One look with a spotter."""
    settings = config.load().listening
    return Listener(recognizer, commands.load("en"), believing(), settings, 6.0, spotter).look(speech(), context)


def test_a_digit_that_only_the_spotter_hears_is_looked_for():
    """With that word alone; where it does not fit either, nothing was said."""
    recognizer = Told(("one", 50.0))
    look = looked(recognizer, Spotting(seven=0.9))
    assert ("seven",) in recognizer.begun
    assert {found.command.digit for found in look.passes} == {1}
    assert look.sought == []


def test_a_phrase_that_only_the_spotter_hears_is_looked_for():
    """With those words alone: the recognizer hears them then, or the spotter is all there is."""
    recognizer = Told(*[("the", 50.0)] * 4, ("help", 50.0))
    look = looked(recognizer, Spotting("help"))
    assert ("help",) in recognizer.begun
    (sought,) = look.sought
    assert (sought.text, sought.command, sought.evidence, look.unheard) == ("help", HELP, 50.0, None)
    look = looked(Told(*[("the", 50.0)] * 4, ("[unk]", 0.0)), Spotting("help"))
    assert (look.sought, look.unheard) == ([], Unheard("help", HELP, known=True))


def test_a_phrase_whose_words_the_recognizer_lacks_is_heard_by_the_spotter():
    """The recognizer is not asked for it, and another command that it heard instead fits worse."""
    recognizer = Told(("help", 50.0))
    look = looked(recognizer, Spotting("pardon"))
    assert look.unheard == Unheard("pardon", VoiceCommand(Command.REPEAT), known=False)
    assert ("pardon",) not in recognizer.begun
    answer = heard(Told(("help", 50.0)), spotter=Spotting("pardon"))
    assert (answer.text, answer.command.command) == ("pardon", Command.REPEAT)
    assert heard(Told(("help", 50.0)), spotter=Spotting("pardon", "the")).command is None


def test_a_yes_must_be_heard_by_both():
    """It may change or stop something; a no that the spotter alone hears is one."""
    spotting = Spotting("yeah")
    look = looked(Told(("[unk]", 0.0)), spotting, Context.CONFIRM)
    assert look.fits[VoiceCommand(Command.YES)] == 0.0
    assert (look.sought, look.unheard) == ([], None)
    assert heard(Told(("[unk]", 0.0)), context=Context.CONFIRM, spotter=spotting).command is None


def test_what_the_passes_heard_is_not_looked_for_again():
    """Nor what means nothing where it is said."""
    assert looked(Told(("help", 50.0)), Spotting("help", seven=0.9)).sought == []
    recognizer = Told(("seven", 50.0))
    assert looked(recognizer, Spotting("the", seven=0.9)).sought == []
    assert ("the",) not in recognizer.begun


def test_how_well_a_phrase_fits_counts_beside_all_others():
    """Beside the likeliest words, and beside any other command; as far as they count at all."""
    said = Candidate(HELP, "help", False, [Pass("help", HELP, 30.0, 1, 0.5)])

    def last(fits):
        return listening.features(Look(fits=fits), said).values[-2:]

    assert last({HELP: -1.0, SEVEN: -4.0, None: -2.0}) == (-1.0, 1.0)
    assert last({HELP: -90.0, SEVEN: -4.0}) == (-25.0, -10.0)
    assert last({HELP: -1.0}) == (-1.0, 10.0)
    assert listening.features(Look(fits={SEVEN: -4.0}), said).kind is Kind.PHRASE


@pytest.mark.parametrize("known", [False, True])
def test_what_the_spotter_alone_heard_has_odds_of_its_own(known):
    """Of how well it fits, how long it is, and whether the recognizer might have heard it."""
    again = VoiceCommand(Command.REPEAT)
    look = Look(fits={again: -1.0, HELP: -4.0}, unheard=Unheard("once more", again, known))
    (candidate,) = listening.candidates(look, False)
    assert listening.candidates(look, True) == []
    assert (candidate.text, candidate.command, candidate.passes) == ("once more", again, ())
    assert listening.features(look, candidate) == Features(
        Kind.UNHEARD_PHRASE, (-1.0, 3.0, math.log(2), 0.0, float(known))
    )


def test_the_spotter_is_asked_once_an_utterance():
    """Where no digit can be meant it says nothing of digits."""
    spotter = Spotting("help", seven=0.9)
    assert looked(Told(("seven", 100.0)), spotter).spotted == tuple(spotter.logs)
    assert spotter.asked == 1
    vocabulary = frozenset({"yes", "seven"})
    look = looked(Told(("yes", 100.0), vocabulary=vocabulary), spotter, Context.CONFIRM)
    assert look.spotted is None
    assert spotter.asked == 2


def test_phrases_are_those_of_the_situation_and_of_the_model():
    """Nothing else can be heard."""
    recognizer = Told(("", 0.0))
    heard(recognizer, context=Context.IDLE)
    assert recognizer.begun[0] == ("help",)


def test_every_pass_hears_quiet_before_and_after():
    """A recognizer that starts in the middle of a word loses it."""
    recognizer = Told(("seven", 100.0))
    heard(recognizer, speech(1.0))
    assert recognizer.seconds > 1.5


@pytest.mark.parametrize(
    "chunks",
    [[], list(speech(1.0, level=0)), list(speech(1.0, level=10)), list(speech(0.05))],
    ids=["none", "zeros", "quiet", "short"],
)
def test_what_is_no_speech(chunks):
    """Nothing, a muted microphone, the noise of the room, a click: nothing was said, and it is not looked at twice."""
    recognizer = Told(("seven", 100.0))
    assert heard(recognizer, chunks).text == ""
    assert len(recognizer.begun) == 1


def test_the_limits_are_the_configuration_s():
    """Each of the three can be set."""
    assert heard(Told(("seven", 100.0)), list(speech(0.05)), least_seconds=0.0).command == SEVEN
    assert heard(Told(("seven", 100.0)), list(speech(1.0, level=10)), least_level_db=-90.0).command == SEVEN
    assert heard(Told(("seven", 10.0)), least_confidence=0.0).command == SEVEN


def test_a_hold_of_ten_minutes_ends_at_the_limit():
    """The sound after it is not even taken."""
    taken = []

    def endless():
        while len(taken) < 6000:
            taken.append(1)
            yield Audio(np.zeros(1600, np.int16), sounds.RATE_HZ)

    heard(Told(("", 0.0)), endless())
    assert len(taken) == 60


def test_long_speech_is_no_command():
    """However well its words fit; it is not worth further passes."""
    recognizer = Told(("help " * 10, 1000.0))  # half a second each
    assert heard(recognizer).command is None
    assert len(recognizer.begun) == 1


def test_a_recognizer_that_was_told_is_believed():
    """A script has no second opinion, and one line for each utterance."""
    recognizer = Told(("seven", 0.0), vocabulary=None)
    answer = heard(recognizer)
    assert (answer.command, answer.confidence) == (SEVEN, 1.0)
    assert len(recognizer.begun) == 1


def test_a_microphone_that_is_lost_while_listening():
    """Its error comes through."""

    def unplugged():
        yield from speech(0.2)
        raise MicrophoneError("gone")

    with pytest.raises(MicrophoneError):
        heard(Told(("seven", 100.0)), unplugged())


def test_the_features_of_passes():
    """In the order that the fitted numbers have."""
    passes = [Pass("help me", None, 30.0, 2, 1.0, 2.0), Pass("help me", None, 60.0, 2, 2.0)]
    of_two = listening.features(Look(contrast_db=17.0), Candidate(HELP, "help me", False, passes))
    assert of_two.kind is Kind.PHRASE
    found = dict(zip(FEATURES[of_two.kind], of_two.values, strict=True))
    assert found["log of evidence a second"] == pytest.approx(np.log(30.0))
    assert found["log of the least evidence a second"] == pytest.approx(np.log(30.0))
    assert found["seconds a word"] == pytest.approx(0.75)
    assert found["spread of seconds"] == pytest.approx(0.5)
    assert found["share of passes that agree"] == pytest.approx(2 / 3)
    assert found["log of words"] == pytest.approx(np.log(2))
    assert found["one word"] == 0.0
    assert found["log of how much better other words fit"] == pytest.approx(np.log(2.0))
    assert found["decibels above the noise"] == 17.0
    of_one = listening.features(Look(), Candidate(HELP, "help", False, [Pass("help", HELP, 30.0, 1, 0.5)]))
    assert of_one.values[FEATURES[of_one.kind].index("one word")] == 1.0


def test_the_shipped_numbers():
    """They fit together, more evidence is worth more, and a digit is mostly taken for what it is confused with."""
    shipped = hearing.load()
    for kind in Kind:
        numbers = shipped.odds[kind]
        assert len(numbers.means) == len(numbers.scales) == len(FEATURES[kind]) == len(numbers.weights) - 1
        assert min(numbers.scales) > 0.0
    for text, digit in (("seven", True), ("help", False)):
        clear, doubtful = (
            shipped.confidence(
                listening.features(
                    Look(contrast_db=30.0), Candidate(SEVEN, text, digit, [Pass(text, SEVEN, evidence, 1, 0.4)] * count)
                )
            )
            for evidence, count in ((40.0, 3), (1.0, 1))
        )
        assert doubtful < 0.2
        assert clear > 0.6
    again = VoiceCommand(Command.REPEAT)
    well, badly = (
        shipped.confidence(listening.features(look, *listening.candidates(look, False)))
        for look in (
            Look(fits={again: fit, HELP: -4.0}, unheard=Unheard("once more", again, known=False))
            for fit in (0.0, -12.0)
        )
    )
    assert badly < 0.2
    assert well > 0.6
    for digit in range(10):
        scores = shipped.digit_scores(digit, 0.7)
        assert scores[digit] == pytest.approx(0.7)
        assert sum(scores) == pytest.approx(1.0, abs=1e-4)
