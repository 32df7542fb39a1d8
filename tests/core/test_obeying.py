"""What each spoken command does: one row a command, and the questions before the grave ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device.actions import (
    ClearDeadline,
    Correct,
    Forget,
    KeepSample,
    Mute,
    PowerOff,
    Read,
    Say,
    SetDeadline,
    Tell,
    Topic,
    UsePreferences,
)
from device.appliance import transition
from device.domain import Box, Command, Device, Digit, Heard, Reading, Status, VoiceCommand
from device.events import CommandHeard, Deadline, SpeechFinished
from device.phrases import Phrase, load, phrase
from device.preferences import SPEEDS, VOLUMES, Preferences
from device.situation import Mode, Situation

PREFERENCES = Preferences("en", "", 155, 50, 100, "digits")
TURN = 5


def digit(value: int, confidence: float = 0.99) -> Digit:
    """A digit whose scores agree with its confidence."""
    scores = [(1.0 - confidence) / 9] * 10
    scores[value] = confidence
    return Digit(value, confidence, None, Box(0, 0, 9, 9), tuple(scores), sure=confidence > 0.9)


ONE = Reading(Status.OK, (digit(1, 0.97),))
NUMBER = Reading(Status.UNSURE, (digit(4), digit(2, 0.6), digit(7)))


def listening(last: Reading | None = None, **more) -> Situation:
    """The moment at which what was said has been made out."""
    situation = Situation(Mode.LISTENING, TURN, unknown=frozenset(), last=last, preferences=PREFERENCES)
    return replace(situation, **more)


def test_the_digit_at_issue_is_the_least_sure():
    """It is the one that a digit said alone is compared with; there is none where nothing was read, or long ago."""
    assert listening(NUMBER, recent=True).digit_at_issue == 2
    assert listening(ONE, recent=True).digit_at_issue == 1
    for last, recent in ((None, True), (ONE, False)):
        assert listening(last, recent=recent).digit_at_issue is None


def heard(command: Command, *, confidence: float = 0.95, **arguments) -> CommandHeard:
    """A command as the ears report it, with the scores of its digit."""
    spoken = arguments.get("digit")
    scores = None if spoken is None else digit(spoken, confidence).scores
    return CommandHeard(TURN, Heard(command.value, VoiceCommand(command, **arguments), confidence, scores))


def sentence(order: Say) -> str:
    """What is said in English."""
    return " ".join(load("en").utterance(order.phrase, number_style="digits"))


@pytest.mark.parametrize(
    ("event", "last", "answer"),
    [
        (heard(Command.REPEAT), ONE, "one."),
        (heard(Command.REPEAT), NUMBER, "I think four, two, seven."),
        (heard(Command.SPELL), NUMBER, "I think four, two, seven."),
        (heard(Command.AS_NUMBER), NUMBER, "I think four hundred and twenty-seven."),
        (heard(Command.DIGIT_AT, position=2), NUMBER, "Digit 2 is two."),
        (heard(Command.DIGIT_AT, position=4), NUMBER, "I read only 3 digits."),
        (heard(Command.HOW_SURE), ONE, "I am 97 percent sure."),
        (heard(Command.HOW_SURE), NUMBER, "I am least sure of digit 2, two: 60 percent."),
        (heard(Command.CANCEL), ONE, "Cancelled."),
        (heard(Command.REPEAT), None, "I have not read anything yet."),
        (heard(Command.HOW_SURE), Reading(Status.NOTHING), "I have not read anything yet."),
        (heard(Command.LANGUAGE, language="en"), None, "I speak English."),
    ],
)
def test_what_is_answered(event, last, answer):
    """Commands about the latest reading, and those that only say something."""
    situation, (in_time, order) = transition(listening(last), event)
    assert in_time == ClearDeadline(Deadline.UNDERSTAND)
    assert sentence(order) == answer
    assert situation == listening(last, mode=Mode.SPEAKING, turn=TURN + 1)


@pytest.mark.parametrize("command", [Command.DIGIT, Command.CORRECT])
def test_a_digit_that_was_read_is_confirmed(command):
    """Said by whoever wrote it: from then on it is sure."""
    doubtful = Reading(Status.UNSURE, (digit(1, 0.6),))
    situation, (_, order) = transition(listening(doubtful), heard(command, digit=1))
    assert sentence(order) == "Yes, one."
    assert (situation.last.status, situation.last.number, situation.last.digits[0].confidence) == (Status.OK, "1", 1.0)


@pytest.mark.parametrize(
    ("command", "back", "order"),
    [
        (Command.TIME, 0, Tell(Topic.TIME, TURN + 1)),
        (Command.STATUS, 0, Tell(Topic.STATUS, TURN + 1)),
        (Command.HISTORY, 0, Tell(Topic.HISTORY, TURN + 1)),
        (Command.LAST, 0, Tell(Topic.BACK, TURN + 1)),
        (Command.BEFORE, 3, Tell(Topic.BACK, TURN + 1, 3)),
    ],
)
def test_what_only_the_daemon_knows_is_told_by_it(command, back, order):
    """`before` goes one further back each time, and `last` begins anew."""
    situation, orders = transition(listening(back=2), heard(command))
    assert orders[1:] == (order,)
    assert (situation.mode, situation.back) == (Mode.SPEAKING, back)


def test_read_and_aim_are_obeyed_at_once():
    """Read reads, aim begins to aim; without a camera both say so."""
    assert transition(listening(), heard(Command.READ))[1][1:] == (Read(TURN + 1),)
    aiming, orders = transition(listening(), heard(Command.AIM))
    assert aiming.mode is Mode.AIMING
    assert orders[1:] == (Say(Phrase("aim.begun"), TURN + 1), SetDeadline(Deadline.AIM))
    for command in (Command.READ, Command.AIM, Command.PRACTISE):
        blind, orders = transition(listening(faults=frozenset({Device.CAMERA})), heard(command))
        assert orders[1:] == (Say(Phrase("fault.camera"), TURN + 1),)
        assert blind.practice is None


@pytest.mark.parametrize(
    ("command", "field", "values", "past"),
    [
        (Command.LOUDER, "volume", VOLUMES, "I can't speak any louder."),
        (Command.QUIETER, "volume", VOLUMES[::-1], "I can't speak any quieter."),
        (Command.FASTER, "words_per_minute", SPEEDS, "I can't speak any faster."),
        (Command.SLOWER, "words_per_minute", SPEEDS[::-1], "I can't speak any slower."),
    ],
)
def test_the_voice_changes_step_by_step(command, field, values, past):
    """From one end to the other, each step used before it is said, and at the end it says that it goes no further."""
    situation = listening(preferences=replace(PREFERENCES, **{field: values[0]}))
    for value in values[1:]:
        changed, (_, use, order) = transition(situation, heard(command))
        assert use == UsePreferences(replace(PREFERENCES, **{field: value}))
        assert sentence(order) == f"{command.value.capitalize()}."
        situation = replace(changed, mode=Mode.LISTENING, turn=TURN)
    same, (_, order) = transition(situation, heard(command))
    assert sentence(order) == past
    assert same.preferences == situation.preferences


def agreed(situation: Situation, event: CommandHeard) -> tuple[str, Situation, tuple]:
    """The question that a command asks, and what follows from a spoken yes."""
    asking, (_, order) = transition(situation, event)
    assert asking.mode is Mode.CONFIRMING
    assert isinstance(order, Say)
    waiting, orders = transition(asking, SpeechFinished(asking.turn))
    assert orders == (SetDeadline(Deadline.ANSWER),)
    answering = replace(waiting, mode=Mode.LISTENING, turn=TURN)
    after, orders = transition(answering, heard(Command.YES))
    return sentence(order), after, orders[1:]


def test_a_language_changes_after_a_yes():
    """The preferences change, with the language's own voice, before anything more is said."""
    situation = listening(preferences=replace(PREFERENCES, voice="en-us"))
    question, changed, orders = agreed(situation, heard(Command.LANGUAGE, language="fr"))
    assert question.startswith("Shall I speak French?")
    french = replace(PREFERENCES, language="fr")
    assert changed.preferences == french
    assert orders == (UsePreferences(french), Say(phrase("answer.language"), TURN + 1))


def test_it_falls_silent_after_a_yes_and_a_last_word():
    """The order to be silent comes behind the sentence."""
    _, _, orders = agreed(listening(), heard(Command.MUTE))
    assert orders == (Say(phrase("answer.muted"), TURN + 1), Mute())


def test_everything_is_forgotten_after_a_yes():
    """Told by whoever deletes it; the latest reading goes too."""
    _, forgotten, orders = agreed(listening(ONE), heard(Command.FORGET))
    assert orders == (Forget(TURN + 1),)
    assert forgotten.last is None


def test_it_switches_off_after_a_yes():
    """Goodbye first."""
    _, leaving, orders = agreed(listening(), heard(Command.SHUT_DOWN))
    assert leaving.mode is Mode.STOPPING
    assert orders == (Say(phrase("appliance.goodbye"), TURN + 1),)
    assert transition(leaving, SpeechFinished(leaving.turn))[1] == (PowerOff(), SetDeadline(Deadline.OFF))


def test_a_correction_is_noted_after_a_yes_and_its_picture_after_another():
    """The latest reading is then taken for what it was corrected to."""
    question, noted, orders = agreed(listening(ONE), heard(Command.CORRECT, digit=7))
    assert question.startswith("I clearly see a one. Did you say a seven?")
    assert [order for order in orders if not isinstance(order, Say)] == [Correct("7")]
    assert sentence(orders[0]) == "I noted a seven."
    assert (noted.mode, noted.last.number, noted.last.status) == (Mode.SPEAKING, "7", Status.OK)
    asking, (order,) = transition(noted, SpeechFinished(noted.turn))
    assert sentence(order).startswith("Shall I keep its picture for learning?")
    kept, orders = transition(replace(asking, mode=Mode.LISTENING, turn=TURN), heard(Command.YES))
    assert KeepSample(0, 7) in orders
    assert kept.question is None


def test_a_correction_of_a_doubtful_digit_is_asked_plainly():
    """Where sight was not sure, speech is believed and only confirmed."""
    doubtful = Reading(Status.UNSURE, (replace(digit(1, 0.5), scores=(0.06, 0.5, *(0.0,) * 5, 0.44, 0.0, 0.0)),))
    question, *_ = agreed(listening(doubtful), heard(Command.DIGIT, digit=7))
    assert question.startswith("I read a one. Shall I note a seven instead?")


def test_in_a_number_the_least_sure_digit_is_corrected():
    """Named by its place, so that nobody agrees to something else."""
    question, noted, orders = agreed(listening(NUMBER), heard(Command.CORRECT, digit=3))
    assert question.startswith("Shall I note a three for digit 2, where I read a two?")
    assert Correct("437") in orders
    assert [one.sure for one in noted.last.digits] == [True, True, True]
    assert transition(listening(noted.last), heard(Command.HOW_SURE))[1][1].phrase.key == "answer.least_sure"
    question, *_ = agreed(listening(noted.last), heard(Command.CORRECT, digit=9))
    assert "for digit 1" in question, "what the user has named is sure; now another digit is the least sure"


@pytest.mark.parametrize("command", [command for command in Command if command is not Command.YES])
def test_nothing_but_a_yes_agrees(command):
    """Any other command leaves it and is not obeyed either."""
    asking, _ = transition(listening(ONE), heard(Command.MUTE))
    answering = replace(asking, mode=Mode.LISTENING, turn=TURN)
    situation, (_, order) = transition(answering, heard(command, digit=7, position=1, language="fr"))
    assert sentence(order) == "Cancelled."
    assert situation.question is None
    assert situation.preferences == PREFERENCES


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("last", [None, ONE, NUMBER])
def test_every_command_is_answered(command, last):
    """Whatever is said whenever: something is said, told, read or aimed at."""
    event = heard(command, digit=7, position=1, language="fr")
    situation, orders = transition(listening(last), event)
    assert any(isinstance(order, Say | Tell | Read) for order in orders)
    assert situation.mode is not Mode.LISTENING
