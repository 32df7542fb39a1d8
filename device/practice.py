"""Practising: the box asks for a digit, the child writes it and taps, and hears whether it is right."""

from __future__ import annotations

import random
from dataclasses import replace

from device.actions import SetDeadline
from device.domain import Device, Digit, Heard, Reading, Status
from device.events import Deadline
from device.phrases import Phrase, phrase
from device.sight_and_speech import fused
from device.situation import Outcome, Practice, Situation, say

ROUNDS = 5
"""Digits of one practice: a child of five stays with it for two or three minutes."""

MOST_TRIES = 2
"""So often a digit is asked for before the next one is."""


def begin(situation: Situation) -> Outcome:
    """Begin, or say what is missing for it."""
    for device in (Device.CAMERA, Device.MODEL):
        if device in situation.faults:
            return say(situation, Phrase(f"fault.{device.value}"))
    chance = random.Random(situation.seed + situation.turn)  # noqa: S311 - a child's next digit is no secret
    practice = Practice(tuple(chance.sample(range(10), ROUNDS)))
    return _asked(replace(situation, practice=practice), phrase("practice.begun"))


def prompt(practice: Practice) -> Phrase:
    """What the child is to do now."""
    return phrase("practice.write", guess=practice.digit)


def repeated(situation: Situation, practice: Practice) -> Outcome:
    """Ask for the same once more."""
    return say(situation, prompt(practice))


def judged(situation: Situation, practice: Practice, reading: Reading) -> Outcome:
    """Say whether it is the digit asked for, what else it looks like, and what comes next.

    The box is lenient with itself: where it is not sure but thinks of the right digit first, the child wins.
    """
    if reading.status is Status.NOTHING or reading.status is Status.UNREADABLE:
        return _asked(situation, Phrase("reading", reading))
    if len(reading.digits) > 1:
        return _asked(situation, phrase("practice.several"))
    digit = reading.digits[0]
    if digit.digit == practice.digit:
        return _over(situation, practice, phrase("practice.right", guess=digit.digit), right=True)
    return _wrong(situation, practice, digit)


def named(situation: Situation, practice: Practice, heard: Heard) -> Outcome:
    """The child says which digit it wrote: that counts where sight and speech together say so too."""
    digit = practice.digit
    if practice.seen is None or heard.digit_scores is None:
        return repeated(situation, practice)
    agreement = fused(practice.seen, heard.digit_scores)
    if agreement.believed and agreement.digit == digit:
        return _over(situation, practice, phrase("practice.agreed", guess=digit), right=True)
    seen = max(range(10), key=practice.seen.__getitem__)
    return _asked(situation, phrase("practice.looks_like", guess=seen))


def skipped(situation: Situation, practice: Practice) -> Outcome:
    """Leave this digit for the next one."""
    return _over(situation, practice, phrase("practice.skipped"), right=False)


def ended(situation: Situation, practice: Practice) -> Outcome:
    """Stop, with the score so far."""
    if not practice.done:
        return say(_without(situation), phrase("practice.ended"), clear=(Deadline.PRACTICE,))
    score = phrase("practice.score", right=practice.right, done=practice.done)
    return say(_without(situation), score, clear=(Deadline.PRACTICE,))


def _wrong(situation: Situation, practice: Practice, digit: Digit) -> Outcome:
    looks = phrase("practice.looks_like", guess=digit.digit)
    tried = replace(practice, tries=practice.tries + 1, seen=digit.scores)
    if tried.tries < MOST_TRIES:
        return _asked(replace(situation, practice=tried), looks)
    return _over(situation, practice, looks, right=False)


def _over(situation: Situation, practice: Practice, verdict: Phrase, *, right: bool) -> Outcome:
    """This digit is over and done with: the next one, or the score."""
    after = Practice(practice.asked, practice.done + 1, practice.right + right)
    if after.done < len(after.asked):
        return _asked(replace(situation, practice=after), verdict)
    score = phrase("practice.score", right=after.right, done=after.done)
    return say(_without(situation), replace(verdict, then=score), clear=(Deadline.PRACTICE,))


def _asked(situation: Situation, first: Phrase) -> Outcome:
    """Say something and what to do next, and wait for it anew."""
    assert situation.practice is not None  # noqa: S101 - for mypy: only called while practising
    speaking, words = say(situation, replace(first, then=prompt(situation.practice)))
    return speaking, (*words, SetDeadline(Deadline.PRACTICE))


def _without(situation: Situation) -> Situation:
    return replace(situation, practice=None)
