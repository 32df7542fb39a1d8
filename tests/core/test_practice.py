"""Practising: what is asked, judged and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device.actions import Read, Say, SetDeadline
from device.appliance import transition
from device.domain import Advice, Box, Command, Digit, Heard, Reading, Status, VoiceCommand
from device.events import ButtonReleased, CommandHeard, Deadline, DeadlinePassed, ReadingMade, SpeechFinished
from device.phrases import load
from device.practice import ROUNDS
from device.preferences import Preferences
from device.situation import Mode, Press, Situation

START = Situation(
    Mode.LISTENING, 1, unknown=frozenset(), preferences=Preferences("en", "", 155, 50, 100, "digits"), seed=20260101
)


def said(command: Command, digit: int | None = None) -> Heard:
    """A command, spoken clearly."""
    scores = None if digit is None else tuple(0.91 if place == digit else 0.01 for place in range(10))
    return Heard(command.value, VoiceCommand(command, digit=digit), 0.95, scores)


def written(digit: int, other: int | None = None, status: Status = Status.OK) -> Reading:
    """A reading of one digit, perhaps with another that it might as well be."""
    scores = [0.0] * 10
    scores[digit] = 1.0 if other is None else 0.55
    if other is not None:
        scores[other] = 0.45
    return Reading(status, (Digit(digit, scores[digit], other, Box(0, 0, 9, 9), tuple(scores), sure=other is None),))


def sentence(orders) -> str:
    """What is said in English."""
    catalogue = load("en")
    return " ".join(" ".join(catalogue.utterance(order.phrase, number_style="digits")) for order in orders
                    if isinstance(order, Say))  # fmt: skip


def tell(situation: Situation, heard: Heard) -> tuple[Situation, str]:
    """Say something while practising; where that leads once the answer is out, and the answer."""
    listening = replace(situation, mode=Mode.LISTENING)
    after, orders = transition(listening, CommandHeard(listening.turn, heard))
    return transition(after, SpeechFinished(after.turn))[0], sentence(orders)


def show(situation: Situation, reading: Reading) -> tuple[Situation, str]:
    """Tap and let this be read; where that leads once the answer is out, and the answer."""
    reading_mode, orders = transition(replace(situation, press=Press.ACTS), ButtonReleased())
    assert any(isinstance(order, Read) for order in orders)
    after, orders = transition(reading_mode, ReadingMade(reading_mode.turn, reading))
    return transition(after, SpeechFinished(after.turn))[0], sentence(orders)


@pytest.fixture
def practising() -> Situation:
    """The box has asked for the first digit."""
    situation, answer = tell(START, said(Command.PRACTISE))
    assert situation.mode is Mode.PRACTISING
    assert answer.startswith("Let's practise. Write a")
    return situation


def test_five_right_digits(practising):
    """Each is praised, the next one is asked for, and the score ends it; none is asked for twice."""
    asked, situation = [], practising
    for _ in range(ROUNDS):
        asked.append(situation.practice.digit)
        situation, answer = show(situation, written(asked[-1]))
        assert answer.startswith("Right, that is")
    assert answer.endswith("You wrote 5 of 5 right. Well done.")
    assert (situation.mode, situation.practice) == (Mode.IDLE, None)
    assert len(set(asked)) == ROUNDS


def test_a_wrong_digit_may_be_tried_once_more(practising):
    """It hears what it looked like, the same digit is asked for again, then the next; only the right ones count."""
    digit = practising.practice.digit
    other = (digit + 1) % 10
    once, answer = show(practising, written(other))
    assert answer.startswith("That looks like")
    assert once.practice.digit == digit
    twice, _ = show(once, written(other))
    assert twice.practice.digit == practising.practice.asked[1]
    ended, answer = tell(twice, said(Command.CANCEL))
    assert answer == "You wrote 0 of 1 right. Well done."
    assert ended.mode is Mode.IDLE


def test_an_unsure_reading_of_the_right_digit_is_right(practising):
    """The box is lenient with its own doubts."""
    digit = practising.practice.digit
    situation, answer = show(practising, written(digit, other=(digit + 1) % 10, status=Status.UNSURE))
    assert answer.startswith("Right,")
    assert situation.practice.right == 1


@pytest.mark.parametrize(
    ("reading", "answer"),
    [
        (Reading(Status.NOTHING, advice=(Advice.TOO_DARK,)), "I see no digit. It is too dark, give me more light."),
        (Reading(Status.UNREADABLE), "I can't read this."),
        (Reading(Status.OK, written(1).digits * 2), "I see more than one digit."),
    ],
)
def test_what_is_no_try_does_not_count(practising, reading, answer):
    """The same digit is asked for again, as often as need be."""
    situation, said_then = show(practising, reading)
    assert said_then.startswith(answer + " Write a")
    assert situation.practice == practising.practice


def test_the_child_may_say_what_it_is(practising):
    """Where sight wavers, speech decides; where sight is clear, it does not."""
    digit = practising.practice.digit
    other = (digit + 1) % 10
    wavering, _ = show(practising, written(other, other=digit, status=Status.UNSURE))
    agreed, answer = tell(wavering, said(Command.DIGIT, digit))
    assert answer.startswith("All right,")
    assert agreed.practice.right == 1
    clear, _ = show(practising, written(other))
    refused, answer = tell(clear, said(Command.DIGIT, digit))
    assert answer.startswith("That looks like")
    assert refused.practice.right == 0


def test_saying_a_digit_before_writing_one_repeats_the_question(practising):
    """There is nothing to agree with yet."""
    situation, answer = tell(practising, said(Command.DIGIT, practising.practice.digit))
    assert answer.startswith("Write a")
    assert situation.practice == practising.practice


def test_a_digit_may_be_skipped(practising):
    """It counts as done and not as right."""
    situation, answer = tell(practising, said(Command.PRACTISE))
    assert answer.startswith("All right. Write a")
    assert (situation.practice.done, situation.practice.right) == (1, 0)


def test_it_ends_by_itself():
    """After a while without a tap; before the first digit there is no score to tell."""
    practising, _ = tell(START, said(Command.PRACTISE))
    after, orders = transition(practising, DeadlinePassed(Deadline.PRACTICE))
    assert sentence(orders) == "We stop practising."
    assert after.practice is None


def test_it_does_not_end_in_the_middle_of_something(practising):
    """Then it waits as long again."""
    reading = replace(practising, mode=Mode.READING)
    assert transition(reading, DeadlinePassed(Deadline.PRACTICE)) == (reading, (SetDeadline(Deadline.PRACTICE),))


def test_two_practices_ask_for_different_digits():
    """The seed and the turn decide, so that a box does not always begin alike."""
    asked = {tell(replace(START, seed=seed), said(Command.PRACTISE))[0].practice.asked for seed in range(20)}
    assert len(asked) > 10
