"""Steps that several parts of the state machine take."""

from __future__ import annotations

from dataclasses import replace

from device import aiming
from device.actions import Read
from device.domain import Device
from device.phrases import Phrase
from device.situation import Mode, Outcome, Situation, say


def read(situation: Situation) -> Outcome:
    """Read, or say what is missing for it."""
    for device in (Device.CAMERA, Device.MODEL):
        if device in situation.faults:
            fault = Phrase(f"fault.{device.value}")
            others = tuple(phrase for phrase in situation.waiting if phrase != fault)
            return say(replace(situation, waiting=others), fault)
    turn = situation.turn + 1
    return replace(situation, mode=Mode.READING, turn=turn), (Read(turn),)


def rested(situation: Situation) -> Situation:
    """With nothing going on any more."""
    return replace(situation, mode=situation.resting)


def settle(situation: Situation) -> Outcome:
    """When nothing is going on: say what waits, or stop when no press can follow."""
    if situation.mode not in (Mode.IDLE, Mode.PRACTISING) or situation.press is not None:
        return situation, ()
    if situation.waiting:
        first, *rest = situation.waiting
        return say(replace(situation, waiting=tuple(rest)), first)
    if situation.input_ended:
        return replace(situation, mode=Mode.STOPPED), ()
    if situation.aim_wanted and situation.practice is None:
        return aiming.begin(replace(situation, aim_wanted=False))
    return rested(situation), ()


def settled_out_of_aiming(situation: Situation) -> Outcome:
    """End aiming, where it is under way, without a word of its own."""
    if situation.mode is not Mode.AIMING:
        return settle(situation)
    idle, silence = aiming.ended(situation)
    settled, actions = settle(idle)
    return settled, (*silence, *actions)


def aiming_ended(situation: Situation) -> Outcome:
    """End aiming, where it is under way, and say so."""
    if situation.mode is not Mode.AIMING:
        return situation, ()
    idle, silence = aiming.ended(situation)
    speaking, words = say(idle, Phrase("aim.ended"))
    return speaking, (*silence, *words)
