"""Aiming: look, say how to move the paper, wait a moment, look again."""

from __future__ import annotations

from dataclasses import replace

from device.actions import CLEAR_AIM, Look, SetDeadline, StopSpeech
from device.domain import Device, Hint
from device.events import Deadline
from device.phrases import Phrase
from device.situation import Aim, Mode, Outcome, Situation, Step, say

REPEATED_AFTER = {
    Hint.GOOD: 4,
    Hint.NOTHING: 6,
    Hint.HOLD_STILL: 2,
    Hint.COVERED: 4,
    Hint.TOO_DARK: 4,
    Hint.TOO_BRIGHT: 4,
}
"""While aiming, a hint that stays the same is said again with the so-manieth look, directions with each: whoever moves
the paper steers by them, and the others would only be a nuisance."""


def begin(situation: Situation) -> Outcome:
    """Begin, or say what is missing for it."""
    for device in (Device.CAMERA, Device.MODEL):
        if device in situation.faults:
            return say(situation, Phrase(f"fault.{device.value}"))
    aim = Aim(Step.SPEAKING, due=True)
    aiming, words = say(replace(situation, aim=aim), Phrase("aim.begun"), Mode.AIMING)
    return aiming, (*words, SetDeadline(Deadline.AIM))


def look_when_free(situation: Situation, *, due: bool = False) -> Outcome:
    """The next look once its moment has come and nothing is said or looked at; news goes before it."""
    aim = situation.aim
    if aim is None:
        return situation, ()
    aim = replace(aim, due=aim.due or due)
    if not aim.due or aim.step is not Step.WAITING:
        return replace(situation, aim=aim), ()
    if situation.waiting:
        first, *rest = situation.waiting
        speaking = replace(situation, waiting=tuple(rest), aim=replace(aim, step=Step.SPEAKING))
        return say(speaking, first, Mode.AIMING)
    turn = situation.turn + 1
    looking = replace(situation, turn=turn, aim=replace(aim, step=Step.LOOKING, due=False))
    return looking, (Look(turn), SetDeadline(Deadline.LOOK))


def hint_seen(situation: Situation, hint: Hint) -> Outcome:
    """Say it, unless the same was said a moment ago."""
    aim = situation.aim
    if aim is None:
        return situation, ()
    seen = replace(situation, failures=0)
    if hint is aim.hint and aim.looks + 1 < REPEATED_AFTER.get(hint, 1):
        return look_when_free(replace(seen, aim=replace(aim, step=Step.WAITING, looks=aim.looks + 1)))
    saying = replace(seen, aim=Aim(Step.SPEAKING, aim.due, hint))
    return say(saying, Phrase(f"aim.{hint.value}"), Mode.AIMING)


def ended(situation: Situation) -> Outcome:
    """IDLE and silent, what was ordered last forgotten; whatever follows is up to the caller."""
    idle = replace(situation, mode=Mode.IDLE, turn=situation.turn + 1, aim=None)
    return idle, (StopSpeech(situation.turn), *CLEAR_AIM)
