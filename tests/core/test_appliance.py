"""The transition table of device.appliance, one row a case, and a long random walk that must keep the rules."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from device.actions import (
    CLEAR_AIM,
    Action,
    ClearDeadline,
    Forget,
    Listen,
    Look,
    NotifyReady,
    PlayTone,
    PowerOff,
    Read,
    Remember,
    Say,
    SetDeadline,
    StopListening,
    StopSpeech,
    Tell,
    Unmute,
)
from device.appliance import MOST_FAILURES, transition
from device.domain import Box, Command, Context, Device, Digit, Heard, Hint, Light, Reading, Status, VoiceCommand
from device.events import (
    AIM_DEADLINES,
    HOLD_DEADLINES,
    AssumptionBroken,
    ButtonPressed,
    ButtonReleased,
    CommandGiven,
    CommandHeard,
    Deadline,
    DeadlinePassed,
    DeviceLost,
    DeviceOpened,
    Event,
    Failed,
    Forgotten,
    HintSeen,
    InputEnded,
    NotKept,
    PhraseGiven,
    PowerFailed,
    ReadingMade,
    SpeechFinished,
    StopRequested,
)
from device.obeying import SHUT_DOWN_BY_PRESS
from device.phrases import Phrase
from device.preferences import Preferences
from device.situation import HEARING_DEVICES, STARTUP_DEVICES, Aim, Mode, Press, Question, Situation, Step
from device.tones import Tone

TURN = 5
READING = Reading(Status.NOTHING)
ANSWER = Phrase("reading", READING)
LOST_CAMERA = frozenset({Device.CAMERA})
LOST_MODEL = frozenset({Device.MODEL})
DEAF = "appliance.no_voice_commands"
LOST_MICROPHONE = frozenset({Device.MICROPHONE})
SEVEN = Reading(Status.OK, (Digit(7, 0.99, None, Box(1, 2, 3, 4), (0.01,) * 10, sure=True),))
RECENT = SetDeadline(Deadline.RECENT)
UNDERSTAND, IN_TIME = SetDeadline(Deadline.UNDERSTAND), ClearDeadline(Deadline.UNDERSTAND)
MUTE = Heard("mute", VoiceCommand(Command.MUTE), 0.9)
READ = Heard("read", VoiceCommand(Command.READ), 0.9)

PREFERENCES = Preferences("en", "", 155, 50, 100, "digits")
YES, NOTHING_HEARD = Heard("yes", VoiceCommand(Command.YES), 0.9), Heard()
MAYBE = Question(Phrase("answer.mute_question"), Phrase("answer.muted"))

SET_HOLD = tuple(SetDeadline(deadline) for deadline in HOLD_DEADLINES)
CLEAR_HOLD = tuple(ClearDeadline(deadline) for deadline in HOLD_DEADLINES)
SHUTTER, LOW, WARNING = PlayTone(Tone.SHUTTER), PlayTone(Tone.LOW), PlayTone(Tone.WARNING)


def at(mode: Mode, press: Press | None = None, **more) -> Situation:
    """A situation after the start: all devices known, a few turns gone."""
    return replace(Situation(mode, TURN, press, unknown=frozenset(), preferences=PREFERENCES), **more)


def starting(*unknown: Device, **more) -> Situation:
    """A situation in which these devices have not answered yet."""
    return Situation(turn=TURN, unknown=frozenset(unknown), preferences=PREFERENCES, **more)


def say(key: str, turn: int = TURN + 1) -> Say:
    """The order to say a sentence."""
    return Say(Phrase(key), turn)


def and_cancelled(key: str) -> Phrase:
    """What is said of an answer that was not made out."""
    return Phrase(key, then=Phrase("appliance.cancelled"))


def phrases(*keys: str) -> tuple[Phrase, ...]:
    """What waits to be said."""
    return tuple(Phrase(key) for key in keys)


def row(name: str, before: Situation, event: Event, actions: tuple[Action, ...], **changes):
    """One row: a situation, what happens, what is ordered, and all that is different afterwards."""
    return pytest.param(before, event, replace(before, **changes), actions, id=name)


NEXT = {"turn": TURN + 1}
SPEAKING = {"mode": Mode.SPEAKING, **NEXT}


def listen(context: Context, read: int | None = None) -> tuple[Action, ...]:
    """The orders that begin a hold."""
    return (Unmute(), PlayTone(Tone.LISTENING), Listen(TURN + 1, context, read))


STARTING_ROWS = [
    row("first of two", starting(Device.BUTTON, Device.SOUND), DeviceOpened(Device.BUTTON), (),
        unknown=frozenset({Device.SOUND})),
    row("button and sound make ready", starting(Device.SOUND, Device.CAMERA), DeviceOpened(Device.SOUND),
        (NotifyReady(),), unknown=LOST_CAMERA),
    row("a lost loudspeaker is no reason to wait", starting(Device.SOUND, Device.CAMERA), DeviceLost(Device.SOUND),
        (NotifyReady(),), unknown=LOST_CAMERA, faults=frozenset({Device.SOUND}), waiting=phrases("fault.sound")),
    row("an indicator is nothing to wait for", starting(Device.SOUND), DeviceOpened(Device.INDICATOR), ()),
    row("press", starting(Device.CAMERA), ButtonPressed(), (LOW, SetDeadline(Deadline.HOLD)), press=Press.EARLY),
    row("tap is remembered", starting(Device.CAMERA, press=Press.EARLY), ButtonReleased(), CLEAR_HOLD,
        press=None, tapped_early=True),
    row("hold means nothing", starting(Device.CAMERA, press=Press.EARLY), DeadlinePassed(Deadline.HOLD), (),
        press=Press.IGNORED),
    row("release of that hold", starting(Device.CAMERA, press=Press.IGNORED), ButtonReleased(), CLEAR_HOLD, press=None),
    row("ready", starting(Device.CAMERA), DeviceOpened(Device.CAMERA), (say("appliance.ready"),),
        unknown=frozenset(), **SPEAKING),
    row("ready, and what else there is", starting(Device.SPEECH), DeviceLost(Device.SPEECH),
        (say("appliance.ready"),), unknown=frozenset(), faults=frozenset({Device.SPEECH}),
        waiting=phrases("fault.speech"), **SPEAKING),
    row("started again, and ready", starting(Device.CAMERA, restarted=True), DeviceOpened(Device.CAMERA),
        (say("appliance.restarted"),), restarted=False, unknown=frozenset(), waiting=phrases("appliance.ready"),
        **SPEAKING),
    row("started again without a camera", starting(Device.CAMERA, restarted=True), DeviceLost(Device.CAMERA),
        (say("appliance.restarted"),), restarted=False, unknown=frozenset(), faults=LOST_CAMERA,
        waiting=phrases("fault.camera"), **SPEAKING),
    row("started again, and a tap to answer first", starting(Device.CAMERA, restarted=True, tapped_early=True),
        DeviceOpened(Device.CAMERA), (Read(TURN + 1),), restarted=False, unknown=frozenset(), tapped_early=False,
        waiting=phrases("appliance.restarted"), mode=Mode.READING, **NEXT),
    row("no camera", starting(Device.CAMERA), DeviceLost(Device.CAMERA), (say("fault.camera"),),
        unknown=frozenset(), faults=LOST_CAMERA, **SPEAKING),
    row("camera early, model last, no camera any more", starting(Device.MODEL, faults=LOST_CAMERA,
        waiting=phrases("fault.camera")), DeviceOpened(Device.MODEL), (say("fault.camera"),),
        unknown=frozenset(), waiting=(), **SPEAKING),
    row("remembered tap reads", starting(Device.CAMERA, tapped_early=True), DeviceOpened(Device.CAMERA),
        (Read(TURN + 1),), unknown=frozenset(), tapped_early=False, mode=Mode.READING, **NEXT),
    row("remembered tap without a camera", starting(Device.CAMERA, tapped_early=True), DeviceLost(Device.CAMERA),
        (say("fault.camera"),), unknown=frozenset(), tapped_early=False, faults=LOST_CAMERA, **SPEAKING),
    row("tap being made", starting(Device.CAMERA, press=Press.EARLY), DeviceOpened(Device.CAMERA), (),
        unknown=frozenset(), mode=Mode.IDLE),
    row("hold being made: ready has to wait", starting(Device.CAMERA, press=Press.IGNORED),
        DeviceOpened(Device.CAMERA), (), unknown=frozenset(), mode=Mode.IDLE, waiting=phrases("appliance.ready")),
    row("no input, but a tap to answer", starting(Device.CAMERA, tapped_early=True), InputEnded(), (),
        input_ended=True),
    row("opened again makes ready only once", starting(Device.CAMERA), DeviceOpened(Device.SOUND), ()),
]  # fmt: skip

IDLE_ROWS = [
    row("press", at(Mode.IDLE), ButtonPressed(), (SHUTTER, *SET_HOLD), press=Press.ACTS),
    row("tap", at(Mode.IDLE, Press.ACTS), ButtonReleased(), (*CLEAR_HOLD, Read(TURN + 1)),
        press=None, mode=Mode.READING, **NEXT),
    row("tap begun while starting", at(Mode.IDLE, Press.EARLY), ButtonReleased(), (*CLEAR_HOLD, Read(TURN + 1)),
        press=None, mode=Mode.READING, **NEXT),
    row("tap without a camera", at(Mode.IDLE, Press.ACTS, faults=LOST_CAMERA), ButtonReleased(),
        (*CLEAR_HOLD, say("fault.camera")), press=None, **SPEAKING),
    row("tap without a model", at(Mode.IDLE, Press.ACTS, faults=LOST_MODEL), ButtonReleased(),
        (*CLEAR_HOLD, say("fault.model")), press=None, **SPEAKING),
    row("fault is not said twice", at(Mode.IDLE, Press.ACTS, faults=LOST_CAMERA,
        waiting=phrases("fault.camera", "fault.history")), ButtonReleased(), (*CLEAR_HOLD, say("fault.camera")),
        press=None, waiting=phrases("fault.history"), **SPEAKING),
    row("hold", at(Mode.IDLE, Press.ACTS), DeadlinePassed(Deadline.HOLD), listen(Context.IDLE),
        mode=Mode.LISTENING, **NEXT),
    row("hold after cutting speech short", at(Mode.IDLE, Press.SILENCED), DeadlinePassed(Deadline.HOLD),
        listen(Context.IDLE), mode=Mode.LISTENING, **NEXT),
    row("hold after a reading", at(Mode.IDLE, Press.ACTS, last=SEVEN, recent=True), DeadlinePassed(Deadline.HOLD),
        listen(Context.READING, 7), mode=Mode.LISTENING, **NEXT),
    row("hold after a reading of nothing", at(Mode.IDLE, Press.ACTS, last=READING, recent=True),
        DeadlinePassed(Deadline.HOLD), listen(Context.IDLE), mode=Mode.LISTENING, **NEXT),
    row("hold long after a reading", at(Mode.IDLE, Press.ACTS, last=SEVEN), DeadlinePassed(Deadline.HOLD),
        listen(Context.IDLE), mode=Mode.LISTENING, **NEXT),
    row("hold without ears", at(Mode.IDLE, Press.ACTS, deafness=DEAF), DeadlinePassed(Deadline.HOLD), (Unmute(),),
        mode=Mode.LISTENING, deaf=Phrase(DEAF), **NEXT),
    row("hold without a microphone", at(Mode.IDLE, Press.ACTS, faults=LOST_MICROPHONE), DeadlinePassed(Deadline.HOLD),
        (Unmute(),), mode=Mode.LISTENING, deaf=Phrase("fault.microphone"), **NEXT),
    row("the reading is no longer recent", at(Mode.IDLE, last=SEVEN, recent=True), DeadlinePassed(Deadline.RECENT), (),
        recent=False),
    row("tap after cutting speech short", at(Mode.IDLE, Press.SILENCED), ButtonReleased(), CLEAR_HOLD, press=None),
    row("the same, with news waiting", at(Mode.IDLE, Press.SILENCED, waiting=phrases("recovered.camera")),
        ButtonReleased(), (*CLEAR_HOLD, say("recovered.camera")), press=None, waiting=(), **SPEAKING),
    row("hold of a press that counts for nothing", at(Mode.IDLE, Press.IGNORED), DeadlinePassed(Deadline.HOLD), ()),
    row("its release", at(Mode.IDLE, Press.IGNORED), ButtonReleased(), CLEAR_HOLD, press=None),
    row("input ended", at(Mode.IDLE), InputEnded(), (), mode=Mode.STOPPED, input_ended=True),
]  # fmt: skip

READING_ROWS = [
    row("press", at(Mode.READING), ButtonPressed(), (LOW,), press=Press.IGNORED),
    row("release", at(Mode.READING, Press.IGNORED), ButtonReleased(), CLEAR_HOLD, press=None),
    row("reading", at(Mode.READING, failures=2), ReadingMade(TURN, READING),
        (Say(ANSWER, TURN + 1), Remember(READING), RECENT), failures=0, last=READING, recent=True, back=0,
        **SPEAKING),
    row("reading while pressed", at(Mode.READING, Press.IGNORED), ReadingMade(TURN, READING),
        (Say(ANSWER, TURN + 1), Remember(READING), RECENT), last=READING, recent=True, **SPEAKING),
    row("stale reading", at(Mode.READING), ReadingMade(TURN - 1, READING), ()),
    row("stale failure", at(Mode.READING), Failed(TURN - 1), ()),
    row("stale speech", at(Mode.READING), SpeechFinished(TURN - 1), ()),
    row("speech of this turn is none", at(Mode.READING), SpeechFinished(TURN), ()),
    row("first failure", at(Mode.READING), Failed(TURN), (say("appliance.apology"),), failures=1, **SPEAKING),
    row("last failure", at(Mode.READING, failures=MOST_FAILURES - 1), Failed(TURN), (),
        mode=Mode.STOPPED, exit_status=1),
    row("camera lost", at(Mode.READING), DeviceLost(Device.CAMERA), (say("fault.camera"),),
        faults=LOST_CAMERA, **SPEAKING),
    row("model lost", at(Mode.READING), DeviceLost(Device.MODEL), (say("fault.model"),), faults=LOST_MODEL, **SPEAKING),
    row("camera lost while pressed", at(Mode.READING, Press.IGNORED), DeviceLost(Device.CAMERA), (),
        faults=LOST_CAMERA, mode=Mode.IDLE, waiting=phrases("fault.camera")),
    row("history lost", at(Mode.READING), DeviceLost(Device.HISTORY), (),
        faults=frozenset({Device.HISTORY}), waiting=phrases("fault.history")),
    row("input ended", at(Mode.READING), InputEnded(), (), input_ended=True),
]  # fmt: skip

SPEAKING_ROWS = [
    row("press", at(Mode.SPEAKING), ButtonPressed(), (StopSpeech(TURN), SHUTTER, *SET_HOLD),
        mode=Mode.IDLE, press=Press.SILENCED, **NEXT),
    row("finished", at(Mode.SPEAKING), SpeechFinished(TURN), (), mode=Mode.IDLE),
    row("finished, more waits", at(Mode.SPEAKING, waiting=phrases("fault.camera", "fault.sound")),
        SpeechFinished(TURN), (say("fault.camera"),), waiting=phrases("fault.sound"), **NEXT),
    row("finished while a press lasts", at(Mode.SPEAKING, Press.IGNORED, waiting=phrases("fault.camera")),
        SpeechFinished(TURN), (), mode=Mode.IDLE),
    row("finished, no press can follow", at(Mode.SPEAKING, input_ended=True), SpeechFinished(TURN), (),
        mode=Mode.STOPPED),
    row("stale finish", at(Mode.SPEAKING), SpeechFinished(TURN - 1), ()),
    row("late reading", at(Mode.SPEAKING), ReadingMade(TURN, READING), ()),
    row("late failure", at(Mode.SPEAKING), Failed(TURN), ()),
    row("device lost", at(Mode.SPEAKING), DeviceLost(Device.CAMERA), (), faults=LOST_CAMERA,
        waiting=phrases("fault.camera")),
    row("press begun while reading ends", at(Mode.SPEAKING, Press.IGNORED), ButtonReleased(), CLEAR_HOLD, press=None),
    row("input ended", at(Mode.SPEAKING), InputEnded(), (), input_ended=True),
]  # fmt: skip

LISTENING_ROWS = [
    row("release", at(Mode.LISTENING, Press.ACTS), ButtonReleased(), (*CLEAR_HOLD, StopListening(), UNDERSTAND),
        press=None),
    row("release without ears", at(Mode.LISTENING, Press.ACTS, deafness=DEAF), ButtonReleased(),
        (*CLEAR_HOLD, StopListening(), say(DEAF)), press=None, **SPEAKING),
    row("release without a microphone", at(Mode.LISTENING, Press.ACTS, faults=LOST_MICROPHONE,
        waiting=phrases("fault.microphone", "fault.history")), ButtonReleased(),
        (*CLEAR_HOLD, StopListening(), say("fault.microphone")),
        press=None, waiting=phrases("fault.history"), **SPEAKING),
    row("release before the speech model is there", at(Mode.LISTENING, Press.ACTS,
        unknown=frozenset({Device.RECOGNIZER})), ButtonReleased(),
        (*CLEAR_HOLD, StopListening(), say("appliance.not_listening_yet")),
        press=None, **SPEAKING),
    row("release when the microphone has just come back", at(Mode.LISTENING, Press.ACTS,
        deaf=Phrase("fault.microphone")), ButtonReleased(), (*CLEAR_HOLD, StopListening(), say("fault.microphone")),
        press=None, deaf=None, **SPEAKING),
    row("understood after the release", at(Mode.LISTENING), CommandHeard(TURN, READ), (IN_TIME, Read(TURN + 1)),
        mode=Mode.READING, **NEXT),
    row("understood before the release", at(Mode.LISTENING, Press.ACTS), CommandHeard(TURN, READ), (), heard=READ),
    row("release after that", at(Mode.LISTENING, Press.ACTS, heard=READ), ButtonReleased(),
        (*CLEAR_HOLD, StopListening(), Read(TURN + 1)), press=None, heard=None, mode=Mode.READING, **NEXT),
    row("a command of another turn", at(Mode.LISTENING), CommandHeard(TURN - 1, READ), ()),
    row("a command when nobody listens", at(Mode.IDLE), CommandHeard(TURN, READ), ()),
    row("nothing heard", at(Mode.LISTENING), CommandHeard(TURN, NOTHING_HEARD),
        (IN_TIME, say("appliance.heard_nothing")),
        **SPEAKING),
    row("not understood", at(Mode.LISTENING), CommandHeard(TURN, Heard("[unk]")),
        (IN_TIME, say("appliance.not_understood")), **SPEAKING),
    row("too loud", at(Mode.LISTENING), CommandHeard(TURN, Heard("[unk]", clipped=True)),
        (IN_TIME, say("appliance.too_loud")), **SPEAKING),
    row("never understood", at(Mode.LISTENING), DeadlinePassed(Deadline.UNDERSTAND),
        (say("appliance.not_understood", TURN + 2),), mode=Mode.SPEAKING, turn=TURN + 2),
    row("not yet understood", at(Mode.LISTENING, Press.ACTS), DeadlinePassed(Deadline.UNDERSTAND), ()),
    row("press while it is made out", at(Mode.LISTENING), ButtonPressed(), (LOW,)),
    row("its release", at(Mode.LISTENING), ButtonReleased(), CLEAR_HOLD),
    row("microphone lost while it is made out", at(Mode.LISTENING), DeviceLost(Device.MICROPHONE),
        (StopListening(), IN_TIME, say("fault.microphone")), faults=LOST_MICROPHONE, **SPEAKING),
    row("microphone lost while held", at(Mode.LISTENING, Press.ACTS), DeviceLost(Device.MICROPHONE), (),
        faults=LOST_MICROPHONE, waiting=phrases("fault.microphone"), deaf=Phrase("fault.microphone")),
    row("warning", at(Mode.LISTENING, Press.ACTS, heard=READ, question=MAYBE), DeadlinePassed(Deadline.WARNING),
        (StopListening(), WARNING), press=Press.IGNORED, heard=None, question=None,
        deaf=and_cancelled("appliance.too_long"), **NEXT),
    row("warning without a question", at(Mode.LISTENING, Press.ACTS), DeadlinePassed(Deadline.WARNING),
        (StopListening(), WARNING), press=Press.IGNORED, deaf=Phrase("appliance.too_long"), **NEXT),
    row("release after the warning", at(Mode.LISTENING, Press.IGNORED, deaf=Phrase("appliance.too_long")),
        ButtonReleased(), (*CLEAR_HOLD, StopListening(), say("appliance.too_long")), press=None, deaf=None, **SPEAKING),
    row("question", at(Mode.LISTENING, Press.IGNORED), DeadlinePassed(Deadline.SHUT_DOWN),
        (say("appliance.shut_down_question"),), mode=Mode.CONFIRMING, question=SHUT_DOWN_BY_PRESS, **NEXT),
    row("device lost", at(Mode.LISTENING, Press.ACTS), DeviceLost(Device.CAMERA), (), faults=LOST_CAMERA,
        waiting=phrases("fault.camera")),
]  # fmt: skip

CONFIRMING_ROWS = [
    row("question said", at(Mode.CONFIRMING, question=MAYBE), SpeechFinished(TURN), (SetDeadline(Deadline.ANSWER),)),
    row("no answer", at(Mode.CONFIRMING, question=MAYBE), DeadlinePassed(Deadline.ANSWER),
        (say("appliance.cancelled"),), question=None, **SPEAKING),
    row("press", at(Mode.CONFIRMING, question=MAYBE), ButtonPressed(),
        (ClearDeadline(Deadline.ANSWER), StopSpeech(TURN), SHUTTER, *SET_HOLD), press=Press.ANSWERS, **NEXT),
    row("tap", at(Mode.CONFIRMING, Press.ANSWERS, question=MAYBE), ButtonReleased(),
        (*CLEAR_HOLD, say("appliance.cancelled")), press=None, question=None, **SPEAKING),
    row("hold", at(Mode.CONFIRMING, Press.ANSWERS, question=MAYBE), DeadlinePassed(Deadline.HOLD),
        listen(Context.CONFIRM), mode=Mode.LISTENING, **NEXT),
    row("yes", at(Mode.LISTENING, question=MAYBE), CommandHeard(TURN, YES), (IN_TIME, say("answer.muted")),
        question=None, **SPEAKING),
    row("anything else", at(Mode.LISTENING, question=MAYBE), CommandHeard(TURN, READ),
        (IN_TIME, say("appliance.cancelled")), question=None, **SPEAKING),
    row("nothing", at(Mode.LISTENING, question=MAYBE), CommandHeard(TURN, NOTHING_HEARD),
        (IN_TIME, Say(and_cancelled("appliance.heard_nothing"), TURN + 1)), question=None, **SPEAKING),
    row("an answer that is not understood", at(Mode.LISTENING, question=MAYBE), CommandHeard(TURN, Heard("[unk]")),
        (IN_TIME, Say(and_cancelled("appliance.not_understood"), TURN + 1)), question=None, **SPEAKING),
    row("a further question", at(Mode.SPEAKING, next_question=MAYBE), SpeechFinished(TURN),
        (say("answer.mute_question"),), mode=Mode.CONFIRMING, question=MAYBE, next_question=None, **NEXT),
    row("a further question that nobody could hear", at(Mode.SPEAKING, next_question=MAYBE,
        faults=frozenset({Device.SPEECH})), SpeechFinished(TURN), (), mode=Mode.IDLE, next_question=None),
    row("a press before the further question", at(Mode.SPEAKING, next_question=MAYBE), ButtonPressed(),
        (StopSpeech(TURN), SHUTTER, *SET_HOLD), mode=Mode.IDLE, press=Press.SILENCED, next_question=None, **NEXT),
    row("no answer could be heard", at(Mode.LISTENING, faults=frozenset({Device.SOUND})), CommandHeard(TURN, MUTE),
        (IN_TIME, say("appliance.cancelled")), **SPEAKING),
    row("ears lost meanwhile", at(Mode.LISTENING, question=MAYBE), DeviceLost(Device.RECOGNIZER),
        (StopListening(), IN_TIME, say("fault.recognizer")), question=None, faults=frozenset({Device.RECOGNIZER}),
        **SPEAKING),
    row("what could not be kept is said", at(Mode.IDLE), NotKept(), (say("appliance.not_kept"),), **SPEAKING),
]  # fmt: skip

SHUTDOWN_ROWS = [
    row("release before the question ends", at(Mode.CONFIRMING, Press.IGNORED), ButtonReleased(), CLEAR_HOLD,
        press=None),
    row("question said", at(Mode.CONFIRMING, question=SHUT_DOWN_BY_PRESS), SpeechFinished(TURN),
        (SetDeadline(Deadline.CONFIRM),)),
    row("confirmed", at(Mode.CONFIRMING, question=SHUT_DOWN_BY_PRESS), ButtonPressed(),
        (ClearDeadline(Deadline.CONFIRM), StopSpeech(TURN), SHUTTER, say("appliance.goodbye")),
        mode=Mode.STOPPING, press=Press.IGNORED, question=None, **NEXT),
    row("not confirmed", at(Mode.CONFIRMING, question=SHUT_DOWN_BY_PRESS), DeadlinePassed(Deadline.CONFIRM),
        (say("appliance.cancelled"),), question=None, **SPEAKING),
    row("press while stopping", at(Mode.STOPPING), ButtonPressed(), (LOW,), press=Press.IGNORED),
    row("release while stopping", at(Mode.STOPPING, Press.IGNORED), ButtonReleased(), CLEAR_HOLD, press=None),
    row("goodbye said", at(Mode.STOPPING), SpeechFinished(TURN), (PowerOff(), SetDeadline(Deadline.OFF)), **NEXT),
    row("power failed", at(Mode.STOPPING), PowerFailed(),
        (ClearDeadline(Deadline.OFF), say("appliance.power_failed")), **SPEAKING),
    row("still on", at(Mode.STOPPING), DeadlinePassed(Deadline.OFF), (say("appliance.power_failed"),), **SPEAKING),
    row("quit while stopping", at(Mode.STOPPING), InputEnded(), (StopSpeech(TURN), StopListening()),
        mode=Mode.STOPPED),
    row("power failed before", at(Mode.IDLE), PowerFailed(), ()),
]  # fmt: skip

BEGUN = {"mode": Mode.AIMING, "aim": Aim(Step.SPEAKING, due=True), **NEXT}
BEGIN = (say("aim.begun"), SetDeadline(Deadline.AIM))
LOOK = (Look(TURN + 1), SetDeadline(Deadline.LOOK))
LOOKED = {"aim": Aim(Step.LOOKING), **NEXT}
HUSH_AIM = (StopSpeech(TURN), *CLEAR_AIM)


def aiming(step: Step, hint: Hint | None = None, looks: int = 0, *, due: bool = False, **more) -> Situation:
    """A situation in the middle of aiming."""
    return at(Mode.AIMING, aim=Aim(step, due, hint, looks), **more)


GIVEN_ROWS = [
    row("said", at(Mode.IDLE), PhraseGiven(Phrase("appliance.ready")), (say("appliance.ready"),), **SPEAKING),
    row("said in practice", at(Mode.PRACTISING), PhraseGiven(Phrase("appliance.ready")), (say("appliance.ready"),),
        **SPEAKING),
    row("said instead", at(Mode.SPEAKING, next_question=SHUT_DOWN_BY_PRESS), PhraseGiven(Phrase("appliance.ready")),
        (StopSpeech(TURN), say("appliance.ready", TURN + 2)), turn=TURN + 2, next_question=None),
    *(row(f"not said while {mode.value}", at(mode), PhraseGiven(Phrase("appliance.ready")), ())
      for mode in (Mode.READING, Mode.LISTENING, Mode.CONFIRMING, Mode.AIMING, Mode.STOPPING)),
    row("not said while pressed", at(Mode.IDLE, press=Press.ACTS), PhraseGiven(Phrase("appliance.ready")), ()),
]  # fmt: skip

AIMING_ROWS = [
    row("given", at(Mode.IDLE), CommandGiven(Command.AIM), BEGIN, **BEGUN),
    row("given without a camera", at(Mode.IDLE, faults=LOST_CAMERA), CommandGiven(Command.AIM), (say("fault.camera"),),
        **SPEAKING),
    row("given while speaking", at(Mode.SPEAKING), CommandGiven(Command.AIM),
        (StopSpeech(TURN), say("aim.begun", TURN + 2), SetDeadline(Deadline.AIM)), mode=Mode.AIMING,
        aim=Aim(Step.SPEAKING, due=True), turn=TURN + 2),
    row("given while starting", starting(Device.CAMERA), CommandGiven(Command.AIM), ()),
    row("given again", aiming(Step.LOOKING), CommandGiven(Command.AIM), ()),
    row("wanted from the start", starting(Device.CAMERA, aim_wanted=True), DeviceOpened(Device.CAMERA),
        (say("appliance.ready"),), unknown=frozenset(), **SPEAKING),
    row("begins after what is being said", at(Mode.SPEAKING, aim_wanted=True), SpeechFinished(TURN), BEGIN,
        aim_wanted=False, **BEGUN),
    row("begins after the news", at(Mode.SPEAKING, aim_wanted=True, waiting=phrases("fault.sound")),
        SpeechFinished(TURN), (say("fault.sound"),), waiting=(), **NEXT),
    row("a press ends the wish", at(Mode.SPEAKING, aim_wanted=True), ButtonPressed(),
        (StopSpeech(TURN), SHUTTER, *SET_HOLD), mode=Mode.IDLE, press=Press.SILENCED, aim_wanted=False, **NEXT),
    row("a reading without an answer", at(Mode.READING, aims_after_trouble=True), ReadingMade(TURN, READING),
        (Say(ANSWER, TURN + 1), Remember(READING), RECENT), aim_wanted=True, last=READING, recent=True, **SPEAKING),
    row("an answer is no trouble", at(Mode.READING, aims_after_trouble=True), ReadingMade(TURN, Reading(Status.OK)),
        (Say(Phrase("reading", Reading(Status.OK)), TURN + 1), Remember(Reading(Status.OK)), RECENT),
        last=Reading(Status.OK), recent=True, **SPEAKING),
    row("begun was said", aiming(Step.SPEAKING, due=True), SpeechFinished(TURN), LOOK, **LOOKED),
    row("a hint was said before the next look", aiming(Step.SPEAKING, Hint.LEFT), SpeechFinished(TURN), (),
        aim=Aim(Step.WAITING, hint=Hint.LEFT)),
    row("the next look", aiming(Step.WAITING, Hint.LEFT), DeadlinePassed(Deadline.LOOK), LOOK,
        aim=Aim(Step.LOOKING, hint=Hint.LEFT), **NEXT),
    row("the next look comes while speaking", aiming(Step.SPEAKING), DeadlinePassed(Deadline.LOOK), (),
        aim=Aim(Step.SPEAKING, due=True)),
    row("the next look comes while looking", aiming(Step.LOOKING), DeadlinePassed(Deadline.LOOK), (),
        aim=Aim(Step.LOOKING, due=True)),
    row("news goes before the next look", aiming(Step.WAITING, waiting=phrases("fault.sound")),
        DeadlinePassed(Deadline.LOOK), (say("fault.sound"),), waiting=(), aim=Aim(Step.SPEAKING, due=True), **NEXT),
    row("a hint", aiming(Step.LOOKING, failures=2), HintSeen(TURN, Hint.LEFT), (say("aim.left"),),
        aim=Aim(Step.SPEAKING, hint=Hint.LEFT), failures=0, **NEXT),
    row("another hint", aiming(Step.LOOKING, Hint.GOOD, due=True), HintSeen(TURN, Hint.LEFT), (say("aim.left"),),
        aim=Aim(Step.SPEAKING, due=True, hint=Hint.LEFT), **NEXT),
    row("a direction again", aiming(Step.LOOKING, Hint.LEFT), HintSeen(TURN, Hint.LEFT), (say("aim.left"),),
        aim=Aim(Step.SPEAKING, hint=Hint.LEFT), **NEXT),
    row("still good is not said", aiming(Step.LOOKING, Hint.GOOD), HintSeen(TURN, Hint.GOOD), (),
        aim=Aim(Step.WAITING, hint=Hint.GOOD, looks=1)),
    row("still good, and the moment has come", aiming(Step.LOOKING, Hint.GOOD, due=True), HintSeen(TURN, Hint.GOOD),
        LOOK, aim=Aim(Step.LOOKING, hint=Hint.GOOD, looks=1), **NEXT),
    row("still good after a while is", aiming(Step.LOOKING, Hint.GOOD, 3), HintSeen(TURN, Hint.GOOD),
        (say("aim.good"),), aim=Aim(Step.SPEAKING, hint=Hint.GOOD), **NEXT),
    row("nothing yet is said now and then", aiming(Step.LOOKING, Hint.NOTHING, 5), HintSeen(TURN, Hint.NOTHING),
        (say("aim.nothing"),), aim=Aim(Step.SPEAKING, hint=Hint.NOTHING), **NEXT),
    row("nothing yet in between", aiming(Step.LOOKING, Hint.NOTHING, 4), HintSeen(TURN, Hint.NOTHING), (),
        aim=Aim(Step.WAITING, hint=Hint.NOTHING, looks=5)),
    row("stale hint", aiming(Step.LOOKING), HintSeen(TURN - 1, Hint.LEFT), ()),
    row("hint after aiming", at(Mode.IDLE), HintSeen(TURN, Hint.LEFT), ()),
    row("speech of this turn is none", aiming(Step.LOOKING), SpeechFinished(TURN), ()),
    row("a tap begins", aiming(Step.SPEAKING, Hint.LEFT), ButtonPressed(), (*HUSH_AIM, SHUTTER, *SET_HOLD),
        mode=Mode.IDLE, press=Press.ACTS, aim=None, **NEXT),
    row("a stale moment of a look", at(Mode.IDLE), DeadlinePassed(Deadline.LOOK), ()),
    row("the limit", aiming(Step.LOOKING), DeadlinePassed(Deadline.AIM),
        (*HUSH_AIM, say("aim.ended", TURN + 2)), mode=Mode.SPEAKING, aim=None, turn=TURN + 2),
    row("cancelled", aiming(Step.SPEAKING), CommandGiven(Command.CANCEL),
        (*HUSH_AIM, say("aim.ended", TURN + 2)), mode=Mode.SPEAKING, aim=None, turn=TURN + 2),
    row("a stale limit", at(Mode.READING), DeadlinePassed(Deadline.AIM), ()),
    row("failure", aiming(Step.LOOKING), Failed(TURN), (*HUSH_AIM, say("appliance.apology", TURN + 2)),
        mode=Mode.SPEAKING, aim=None, failures=1, turn=TURN + 2),
    row("camera lost", aiming(Step.SPEAKING), DeviceLost(Device.CAMERA), (*HUSH_AIM, say("fault.camera", TURN + 2)),
        mode=Mode.SPEAKING, aim=None, faults=LOST_CAMERA, turn=TURN + 2),
    row("history lost", aiming(Step.SPEAKING), DeviceLost(Device.HISTORY), (),
        faults=frozenset({Device.HISTORY}), waiting=phrases("fault.history")),
    row("input ended", aiming(Step.SPEAKING), InputEnded(), HUSH_AIM, mode=Mode.STOPPED, aim=None, input_ended=True,
        **NEXT),
]  # fmt: skip

DEVICE_ROWS = [
    row("lost is said", at(Mode.IDLE), DeviceLost(Device.CAMERA), (say("fault.camera"),),
        faults=LOST_CAMERA, **SPEAKING),
    row("lost again is not", at(Mode.IDLE, faults=LOST_CAMERA), DeviceLost(Device.CAMERA), ()),
    row("opened is said", at(Mode.IDLE, faults=LOST_CAMERA), DeviceOpened(Device.CAMERA), (say("recovered.camera"),),
        faults=frozenset(), **SPEAKING),
    row("opened again is not", at(Mode.IDLE), DeviceOpened(Device.CAMERA), ()),
    row("recovered before the fault was said", at(Mode.SPEAKING, faults=LOST_CAMERA, waiting=phrases("fault.camera")),
        DeviceOpened(Device.CAMERA), (), faults=frozenset(), waiting=()),
    row("lost before the recovery was said", at(Mode.SPEAKING, waiting=phrases("recovered.camera", "fault.sound")),
        DeviceLost(Device.CAMERA), (), faults=LOST_CAMERA, waiting=phrases("fault.sound")),
    row("lost while held", at(Mode.LISTENING, Press.ACTS), DeviceLost(Device.BUTTON),
        (*CLEAR_HOLD, StopListening(), say("fault.button")), faults=frozenset({Device.BUTTON}), press=None,
        **SPEAKING),
    row("lost while pressed at a question", at(Mode.CONFIRMING, Press.IGNORED), DeviceLost(Device.BUTTON), CLEAR_HOLD,
        faults=frozenset({Device.BUTTON}), press=None, waiting=phrases("fault.button")),
    row("lost while a question was to be answered", at(Mode.CONFIRMING, Press.ANSWERS, question=MAYBE),
        DeviceLost(Device.BUTTON), (*CLEAR_HOLD, SetDeadline(Deadline.ANSWER)), faults=frozenset({Device.BUTTON}),
        press=None, waiting=phrases("fault.button")),
    row("a notice is said", at(Mode.IDLE), DeviceOpened(Device.HISTORY, "appliance.history_renewed"),
        (say("appliance.history_renewed"),), **SPEAKING),
    row("a notice that waits already", at(Mode.SPEAKING, waiting=phrases("appliance.history_renewed")),
        DeviceOpened(Device.HISTORY, "appliance.history_renewed"), ()),
]  # fmt: skip

STOP_ROWS = [
    row(f"{name} in {mode.value}", at(mode), event, (StopSpeech(TURN), StopListening()),
        mode=Mode.STOPPED, exit_status=status)
    for mode in Mode if mode is not Mode.STOPPED
    for name, event, status in (("stop", StopRequested(), 0), ("broken", AssumptionBroken(), 1))
]  # fmt: skip

FINAL_ROWS = [
    row(type(event).__name__, at(Mode.STOPPED, unknown=frozenset({Device.SOUND})), event, ())
    for event in (
        ButtonPressed(), ButtonReleased(), DeadlinePassed(Deadline.HOLD), DeviceOpened(Device.SOUND),
        DeviceLost(Device.CAMERA), ReadingMade(TURN, READING), SpeechFinished(TURN), Failed(TURN), PowerFailed(),
        InputEnded(), StopRequested(), AssumptionBroken(), CommandGiven(Command.READ), Forgotten(),
        PhraseGiven(Phrase("appliance.ready")),
        HintSeen(TURN, Hint.GOOD),
    )
]  # fmt: skip


def check(before: Situation, event: Event, after: Situation, actions: tuple[Action, ...]) -> None:
    """The row holds: everything that the situation knows, and every order in its order."""
    assert transition(before, event) == (after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), STARTING_ROWS)
def test_while_starting(before, event, after, actions):
    """READY needs button and tone, the greeting camera, model and speech; a tap is remembered, a hold is not."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), IDLE_ROWS)
def test_while_idle(before, event, after, actions):
    """A tap reads, a hold listens, unless the press began in a mode where it means something else."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), READING_ROWS)
def test_while_reading(before, event, after, actions):
    """A reading ends in an answer, an apology, a fault or the end, and no press counts meanwhile."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), SPEAKING_ROWS)
def test_while_speaking(before, event, after, actions):
    """A press makes it silent at once; what waits is said afterwards, one by one."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), LISTENING_ROWS)
def test_while_listening(before, event, after, actions):
    """A release is answered, unless the warning has sounded; then the question follows."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), CONFIRMING_ROWS)
def test_while_a_question_waits(before, event, after, actions):
    """Only a spoken yes agrees; a tap, silence and anything else leave it."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), SHUTDOWN_ROWS)
def test_while_shutting_down(before, event, after, actions):
    """Only a press within the time after the question switches off."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), GIVEN_ROWS)
def test_words_of_another_program(before, event, after, actions):
    """Said when nothing is going on but words, which they cut short; else not at all."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), AIMING_ROWS)
def test_while_aiming(before, event, after, actions):
    """Look, say, look again; any press ends it and means what it means when idle, the limit ends it with a word."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), DEVICE_ROWS)
def test_a_change_of_a_device_is_said_once(before, event, after, actions):
    """A fault once, its end once, and neither when it was over before anybody heard of it."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), STOP_ROWS)
def test_a_stop_works_in_every_mode(before, event, after, actions):
    """SIGTERM ends it from anywhere with 0, a mistake in the program with 1, and both are silent."""
    check(before, event, after, actions)


@pytest.mark.parametrize(("before", "event", "after", "actions"), FINAL_ROWS)
def test_nothing_follows_a_stop(before, event, after, actions):
    """STOPPED is final: no order comes after the last, and the exit status stands."""
    check(before, event, after, actions)


@pytest.mark.parametrize(
    ("situation", "light"),
    [
        (starting(Device.CAMERA), Light.SLOW_BLINK),
        (starting(Device.CAMERA, faults=LOST_CAMERA), Light.FAST_BLINK),
        (at(Mode.IDLE), Light.OFF),
        (at(Mode.IDLE, faults=LOST_CAMERA), Light.FAST_BLINK),
        (at(Mode.READING), Light.ON),
        (at(Mode.SPEAKING), Light.ON),
        (at(Mode.SPEAKING, faults=LOST_CAMERA), Light.ON),
        (at(Mode.LISTENING), Light.BLINK),
        (at(Mode.AIMING), Light.ON),
        (at(Mode.PRACTISING), Light.OFF),
        (at(Mode.CONFIRMING), Light.BLINK),
        (at(Mode.STOPPING), Light.ON),
        (at(Mode.STOPPED, faults=LOST_CAMERA), Light.OFF),
    ],
)
def test_the_light_shows_the_mode(situation, light):
    """As the table of product.md, "Gestures", has it; a fault shows when nothing livelier does."""
    assert situation.light is light


def story(situation: Situation, *events: Event) -> tuple[Situation, list[Action]]:
    """Where several events lead, and every order on the way."""
    orders: list[Action] = []
    for event in events:
        situation, actions = transition(situation, event)
        orders += actions
    return situation, orders


def test_three_failures_in_a_row_end_the_process():
    """A good reading between them begins the count anew."""
    situation = at(Mode.IDLE)
    for good in (False, False, True, False, False, False):
        assert situation.mode is Mode.IDLE
        read, spoken = situation.turn + 1, situation.turn + 2
        result = ReadingMade(read, READING) if good else Failed(read)
        situation, _ = story(situation, ButtonPressed(), ButtonReleased(), result, SpeechFinished(spoken))
    assert (situation.mode, situation.exit_status) == (Mode.STOPPED, 1)


def test_the_shutdown_gesture_whole():
    """Hold, warning, question, release, press, goodbye, off; and the box lives on when that cannot be asked for."""
    situation, orders = story(
        at(Mode.IDLE),
        ButtonPressed(),
        DeadlinePassed(Deadline.HOLD),
        DeadlinePassed(Deadline.WARNING),
        DeadlinePassed(Deadline.SHUT_DOWN),
        ButtonReleased(),
        SpeechFinished(TURN + 3),
        ButtonPressed(),
        ButtonReleased(),
        SpeechFinished(TURN + 4),
        PowerFailed(),
        SpeechFinished(TURN + 6),
    )
    assert [order for order in orders if not isinstance(order, SetDeadline | ClearDeadline)] == [
        SHUTTER,
        *listen(Context.IDLE),
        StopListening(),
        WARNING,
        say("appliance.shut_down_question", TURN + 3),
        StopSpeech(TURN + 3),
        SHUTTER,
        say("appliance.goodbye", TURN + 4),
        PowerOff(),
        say("appliance.power_failed", TURN + 6),
    ]
    assert situation == at(Mode.IDLE, turn=TURN + 6)


HEARING = (Device.MICROPHONE, Device.RECOGNIZER)


@dataclass
class World:
    """What surrounds the state machine in the walk: everything that an order brings about."""

    dice: random.Random
    situation: Situation = field(default_factory=lambda: Situation(preferences=PREFERENCES))
    down: bool = False
    deadlines: set[Deadline] = field(default_factory=set)
    saying: int | None = None
    reading: int | None = None
    looking: int | None = None
    listening: int | None = None
    switching_off: bool = False

    def event(self) -> Event:
        """Something that can happen now, or a result that comes too late."""
        unknown = [device for device in Device if device in self.situation.unknown]
        device = self.dice.choice(unknown or [Device.CAMERA, Device.HISTORY, Device.SPEECH, Device.BUTTON, *HEARING])
        old_turn = self.dice.randint(0, self.situation.turn)
        possible: list[Event] = [
            ButtonReleased() if self.down else ButtonPressed(),
            self.dice.choice([DeviceOpened, DeviceLost])(device),
            DeviceOpened(Device.HISTORY, "appliance.history_renewed"),
            NotKept(),
            self.given(),
            *(DeadlinePassed(deadline) for deadline in Deadline if deadline in self.deadlines),
            *(result(old_turn) for result in (SpeechFinished, Failed) if old_turn < self.situation.turn),
        ]
        if self.saying is not None:
            possible += 3 * [SpeechFinished(self.saying)]
        if self.reading is not None:
            possible += [*3 * [ReadingMade(self.reading, READING)], Failed(self.reading)]
        if self.looking is not None:
            possible += [*3 * [HintSeen(self.looking, self.dice.choice(list(Hint)))], Failed(self.looking)]
        if self.listening is not None:
            possible += 6 * [CommandHeard(self.listening, self.heard())]
        if self.switching_off:
            possible.append(PowerFailed())
        if self.dice.random() < 0.01:
            possible = [InputEnded(), StopRequested(), AssumptionBroken()]
        return self.dice.choice(possible)

    def given(self) -> Event:
        """Anything that another program can want."""
        commands = (Command.AIM, Command.AIM, Command.CANCEL, Command.READ)
        return self.dice.choice([*map(CommandGiven, commands), PhraseGiven(Phrase("reading", READING))])

    def heard(self) -> Heard:
        """Anything that can be said."""
        command = self.dice.choice([*Command, *3 * [Command.PRACTISE, Command.YES], None])
        if command is None:
            return Heard(self.dice.choice(["", "[unk]"]))
        scores = tuple(0.91 if digit == 3 else 0.01 for digit in range(10))
        return Heard("said", VoiceCommand(command, 3, 1, "es"), 0.9, scores)

    def obey(self, event: Event, actions: tuple[Action, ...]) -> None:  # noqa: PLR0912 - one a case
        """Let what happened and what was ordered take effect."""
        match event:
            case ButtonPressed() | ButtonReleased():
                self.down = isinstance(event, ButtonPressed)
            case DeviceLost(Device.BUTTON):
                self.down = False
            case DeadlinePassed(deadline):
                self.deadlines.discard(deadline)
            case SpeechFinished(turn) if turn == self.saying:
                self.saying = None
            case ReadingMade(turn) | Failed(turn) if turn == self.reading:
                self.reading = None
            case HintSeen(turn) | Failed(turn) if turn == self.looking:
                self.looking = None
            case CommandHeard(turn) if turn == self.listening:
                self.listening = None
            case PowerFailed():
                self.switching_off = False
        for action in actions:
            match action:
                case Say(_, turn) | Tell(_, turn) | Forget(turn):
                    assert self.saying is None, "two things are said at once"
                    self.saying = turn
                case StopSpeech(turn):
                    assert self.saying is None or turn == self.saying
                    self.saying = None
                case Read(turn):
                    self.reading = turn
                case Listen(turn):
                    assert self.saying is None, "the box hears itself"
                    self.listening = turn
                case Look(turn):
                    assert self.saying is None, "a look while something is said"
                    self.looking = turn
                case SetDeadline(deadline):
                    self.deadlines.add(deadline)
                case ClearDeadline(deadline):
                    self.deadlines.discard(deadline)
                case PowerOff():
                    self.switching_off = True

    def check(self, before: Situation, event: Event, actions: tuple[Action, ...]) -> None:  # noqa: PLR0912 - rules
        """What must hold after every step."""
        now = self.situation
        assert now.turn >= before.turn
        assert all(
            action.turn == now.turn > before.turn
            for action in actions
            if isinstance(action, Say | Tell | Forget | Read | Look | Listen)
        )
        assert now.press is None or self.down
        assert len(set(now.waiting)) == len(now.waiting)
        if now.mode is Mode.SPEAKING:
            assert self.saying == now.turn
        if now.mode is Mode.READING:
            assert self.reading == now.turn
        if now.mode is not Mode.STOPPED:
            assert (now.aim is not None) == (now.mode is Mode.AIMING)
        if now.aim is not None and now.mode is Mode.AIMING:
            assert (now.aim.step is Step.SPEAKING) == (self.saying == now.turn)
            assert (now.aim.step is Step.LOOKING) == (self.looking == now.turn)
            assert now.aim.due or Deadline.LOOK in self.deadlines, "nobody will ever look again"
            assert Deadline.AIM in self.deadlines, "nothing would end it"
        if now.mode is Mode.LISTENING and now.press is None:
            assert self.listening == now.turn, "nobody will ever answer"
        if now.mode is Mode.CONFIRMING:
            assert now.question is not None
            waits = {Deadline.CONFIRM, Deadline.ANSWER} & self.deadlines
            assert waits or self.saying == now.turn or now.press is not None, "nobody will ever answer"
        assert Deadline.UNDERSTAND not in self.deadlines or now.mode in (Mode.LISTENING, Mode.STOPPED)
        if now.mode is Mode.LISTENING and now.press is None:
            assert Deadline.UNDERSTAND in self.deadlines, "nobody may ever answer"
        if now.next_question is not None:
            assert now.mode in (Mode.SPEAKING, Mode.STOPPED)
        if now.question is not None:
            assert now.mode in (Mode.CONFIRMING, Mode.LISTENING, Mode.STOPPED)
        if now.mode in (Mode.IDLE, Mode.PRACTISING):
            assert now.mode is now.resting
        if now.mode is Mode.PRACTISING and now.press is None:
            assert Deadline.PRACTICE in self.deadlines, "nothing would end it"
        if now.mode in (Mode.IDLE, Mode.PRACTISING) and now.press is None:
            assert not now.aim_wanted or now.practice is not None
            assert not now.waiting
            assert not now.input_ended
        if now.mode is Mode.STARTING:
            assert now.unknown & STARTUP_DEVICES
        if not self.down:
            assert not self.deadlines.intersection(HOLD_DEADLINES)
        if isinstance(event, ButtonPressed):
            assert any(isinstance(action, PlayTone) for action in actions)
        assert not self.deadlines.intersection(AIM_DEADLINES) or now.mode in (Mode.AIMING, Mode.STOPPED)
        asked = Mode.CONFIRMING, Mode.STOPPED
        assert not self.deadlines.intersection({Deadline.CONFIRM, Deadline.ANSWER}) or now.mode in asked


def test_a_long_random_walk_keeps_the_rules():
    """20,000 events of all kinds: one voice, turns that never fall, no press without a sound, nothing left unsaid."""
    dice = random.Random(20260101)  # noqa: S311 - a walk, not a secret
    world = World(dice)
    modes = set()
    for _ in range(20_000):
        before, event = world.situation, world.event()
        world.situation, actions = transition(before, event)
        world.obey(event, actions)
        world.check(before, event, actions)
        modes.add(world.situation.mode)
        if world.situation.mode is Mode.STOPPED:
            world = World(dice)
    assert modes == set(Mode)


def test_the_start_waits_for_the_devices_that_matter():
    """The situation before anything is known; an indicator or a history is nothing to wait for."""
    assert set(Device) - {Device.INDICATOR, Device.HISTORY, *HEARING_DEVICES} == STARTUP_DEVICES
    assert Situation(preferences=PREFERENCES).unknown == STARTUP_DEVICES | HEARING_DEVICES
