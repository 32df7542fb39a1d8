"""The whole behaviour of the box: `transition(situation, event) -> (situation, actions)`.

No clock, no I/O, no logging. Events are facts in the past tense, actions are orders. Durations are the daemon's:
here a deadline has a name, is set by an action and comes back as an event. Parts of it have modules of their own:
what a spoken command does is in `obeying`, aiming in `aiming`, practising in `practice`, common steps in `steps`.

| mode | event | next | actions |
|---|---|---|---|
| STARTING | DeviceOpened(button), DeviceOpened(sound) | STARTING | NotifyReady after the second |
| STARTING | ButtonPressed, then ButtonReleased | STARTING | Tone(low); the tap is remembered |
| STARTING | camera, model and speech all opened or lost | SPEAKING | Say(ready) or Say(fault) |
| STARTING | the same, after a remembered tap | READING | Read |
| IDLE, PRACTISING | ButtonPressed | same | Tone(shutter), the hold's deadlines are set |
| IDLE, PRACTISING | ButtonReleased (a tap) | READING, or SPEAKING without camera or model | Read, or Say(fault) |
| IDLE, PRACTISING | DeadlinePassed(hold) | LISTENING | Unmute, Tone(listening), Listen |
| PRACTISING | DeadlinePassed(practice) | SPEAKING | Say(score) |
| READING | ButtonPressed | READING | Tone(low); neither this tap nor this hold counts |
| READING | ReadingMade | SPEAKING | Say(answer), Remember; while practising Say(verdict and what comes next) |
| READING | Failed / the third in a row | SPEAKING / STOPPED | Say(apology) / - |
| READING | DeviceLost(camera or model) | SPEAKING | Say(fault) |
| SPEAKING | ButtonPressed | IDLE, PRACTISING | StopSpeech, Tone(shutter); this tap means nothing more, a hold listens |
| SPEAKING | SpeechFinished | IDLE, PRACTISING, or SPEAKING while something waits to be said | -, or Say |
| LISTENING | ButtonReleased | LISTENING, or SPEAKING when nobody listened | StopListening, perhaps Say(why) |
| LISTENING | CommandHeard after the release | per command, see obeying | e.g. Read, Say(help), Say(not understood) |
| LISTENING | ButtonPressed after the release | LISTENING | Tone(low) |
| LISTENING | DeadlinePassed(understand) after the release | SPEAKING | Say(not understood) |
| LISTENING | DeadlinePassed(warning) | LISTENING | StopListening, Tone(warning); a release now only says why |
| LISTENING | DeadlinePassed(shut_down) | CONFIRMING | Say(question) |
| LISTENING | DeviceLost(microphone or recognizer) | LISTENING | -: the release says it, also if it is back by then |
| LISTENING | DeviceLost(microphone or recognizer) after the release | SPEAKING | Say(fault) |
| CONFIRMING | SpeechFinished | CONFIRMING | the limit for the answer is set |
| CONFIRMING, by press | ButtonPressed | STOPPING | StopSpeech, Tone(shutter), Say(goodbye) |
| CONFIRMING, by voice | ButtonPressed | CONFIRMING | StopSpeech, Tone(shutter), the hold's deadlines are set |
| CONFIRMING, by voice | ButtonReleased (a tap) | SPEAKING | Say(cancelled) |
| CONFIRMING, by voice | DeadlinePassed(hold) | LISTENING | Unmute, Tone(listening), Listen, for yes and no |
| SPEAKING | SpeechFinished, and there is more to ask | CONFIRMING | Say(question), unless nobody can hear it |
| CONFIRMING | DeadlinePassed(confirm or answer) | SPEAKING | Say(cancelled) |
| STOPPING | ButtonPressed | STOPPING | Tone(low) |
| STOPPING | SpeechFinished | STOPPING | PowerOff, its limit is set |
| STOPPING | PowerFailed or DeadlinePassed(off) / InputEnded | SPEAKING / STOPPED | Say(power_failed) / - |
| IDLE, others once they are | aiming wanted, by a command or from the start | AIMING | Say(begun), the limit is set |
| AIMING | SpeechFinished or DeadlinePassed(look), the later | AIMING | Look, the next look is set; or Say(news) |
| AIMING | HintSeen | AIMING | Say(hint), unless it was said of late |
| AIMING | ButtonPressed | IDLE | StopSpeech, Tone(shutter): the tap reads, a hold listens, as from IDLE |
| AIMING | DeadlinePassed(aim) / CommandGiven(cancel) | SPEAKING | StopSpeech, Say(ended) |
| AIMING | Failed / DeviceLost(camera or model) | as in READING | StopSpeech, Say(apology) / Say(fault) |
| any | DeviceLost(x) / DeviceOpened(x) | same | Say(fault) / Say(recovered), each once and when nothing else is |
| IDLE, PRACTISING, SPEAKING without a press | CommandGiven | per command, see obeying | perhaps StopSpeech first |
| IDLE, PRACTISING, SPEAKING without a press | PhraseGiven | SPEAKING | Say(phrase), perhaps StopSpeech first |
| any | PreferencesChosen | same | UsePreferences |
| any | Forgotten | same | the latest reading is none any more |
| any | NotKept | same | Say(not_kept), when nothing else is |
| any | DeadlinePassed(recent) | same | what is said is no longer about the latest reading |
| any | InputEnded | STOPPED once idle and silent | - |
| any | StopRequested / AssumptionBroken | STOPPED | StopSpeech, StopListening |

Each action that takes time carries a turn and its result returns it: a result of an older turn is dropped. A press
counts for the mode it began in (`Press`), so what happens while it lasts cannot change its meaning. A press also ends
a wish to aim that still waits: whoever presses wants something else.
"""

from __future__ import annotations

from dataclasses import replace

from device import aiming, obeying, practice
from device.actions import (
    CLEAR_HOLD,
    Actions,
    ClearDeadline,
    Listen,
    NotifyReady,
    PlayTone,
    PowerOff,
    Remember,
    SetDeadline,
    StopListening,
    StopSpeech,
    Unmute,
    UsePreferences,
)
from device.domain import Device, Heard, Reading, Status, VoiceCommand
from device.events import (
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
    PreferencesChosen,
    ReadingMade,
    SpeechFinished,
    StopRequested,
)
from device.phrases import Phrase, phrase
from device.situation import (
    HEARING_DEVICES,
    READY_DEVICES,
    STARTUP_DEVICES,
    Mode,
    Outcome,
    Press,
    Situation,
    Step,
    say,
)
from device.steps import aiming_ended, read, rested, settle, settled_out_of_aiming
from device.tones import Tone

MOST_FAILURES = 3
"""So many bad tries in a row end the process, for the supervisor to start a fresh one."""


def transition(situation: Situation, event: Event) -> Outcome:  # noqa: PLR0911, PLR0912 - one a case, as in the table
    """What follows from an event: the table at the head of this module."""
    if situation.mode is Mode.STOPPED:
        return situation, ()
    match event:
        case StopRequested():
            return _stopped(situation, exit_status=0)
        case AssumptionBroken():
            return _stopped(situation, exit_status=1)
        case InputEnded() if situation.mode is Mode.STOPPING:
            return _stopped(situation, exit_status=0)
        case InputEnded():
            return settled_out_of_aiming(replace(situation, input_ended=True))
        case HintSeen() if event.turn == situation.turn and situation.mode is Mode.AIMING:
            return aiming.hint_seen(situation, event.hint)
        case ButtonPressed():
            return _pressed(situation)
        case ButtonReleased():
            return _released(situation)
        case DeadlinePassed(deadline):
            return _deadline_passed(situation, deadline)
        case DeviceOpened() | DeviceLost():
            return _device_changed(situation, event)
        case ReadingMade(turn, reading) if turn == situation.turn and situation.mode is Mode.READING:
            return _reading_made(situation, reading)
        case CommandHeard(turn, heard) if turn == situation.turn and situation.mode is Mode.LISTENING:
            return _heard(situation, heard)
        case Failed(turn) if turn == situation.turn and situation.mode in (Mode.READING, Mode.AIMING):
            return _failed(situation)
        case SpeechFinished(turn) if turn == situation.turn:
            return _speech_finished(situation)
        case PowerFailed() if situation.mode is Mode.STOPPING:
            return say(situation, Phrase("appliance.power_failed"), clear=(Deadline.OFF,))
        case CommandGiven(command) if situation.accepts(command):
            return _given(situation, Heard(command.value, VoiceCommand(command), 1.0))
        case PhraseGiven(given) if situation.is_free:
            silent, silence = _silenced(situation)
            speaking, words = say(rested(silent), given)
            return speaking, (*silence, *words)
        case Forgotten():
            return replace(situation, last=None), ()
        case PreferencesChosen(preferences):
            return replace(situation, preferences=preferences), (UsePreferences(preferences),)
        case NotKept():
            return settle(replace(situation, waiting=_with(situation.waiting, Phrase("appliance.not_kept"))))
    return situation, ()


def _stopped(situation: Situation, *, exit_status: int) -> Outcome:
    stopped = replace(situation, mode=Mode.STOPPED, exit_status=exit_status)
    return stopped, (StopSpeech(situation.turn), StopListening())


# --- the button -------------------------------------------------------------------------------------------------------


def _pressed(before: Situation) -> Outcome:  # noqa: PLR0911 - one return a mode, as in the table
    situation = replace(before, aim_wanted=False)
    answer: Actions = (PlayTone(Tone.SHUTTER), *(SetDeadline(deadline) for deadline in HOLD_DEADLINES))
    match situation.mode:
        case Mode.IDLE | Mode.PRACTISING:
            return replace(situation, press=Press.ACTS), answer
        case Mode.SPEAKING:
            silent = replace(rested(situation), turn=situation.turn + 1, press=Press.SILENCED, next_question=None)
            return silent, (StopSpeech(situation.turn), *answer)
        case Mode.AIMING:
            idle, hushed = aiming.ended(situation)
            return replace(idle, press=Press.ACTS), (*hushed, *answer)
        case Mode.CONFIRMING if situation.question is not None and situation.question.by_press:
            leaving, farewell = obeying.agree(replace(situation, press=Press.IGNORED))
            silence = StopSpeech(situation.turn)
            return leaving, (ClearDeadline(Deadline.CONFIRM), silence, PlayTone(Tone.SHUTTER), *farewell)
        case Mode.CONFIRMING:
            silent = replace(situation, turn=situation.turn + 1, press=Press.ANSWERS)
            return silent, (ClearDeadline(Deadline.ANSWER), StopSpeech(situation.turn), *answer)
        case Mode.STARTING:
            return replace(situation, press=Press.EARLY), (PlayTone(Tone.LOW), SetDeadline(Deadline.HOLD))
        case Mode.READING | Mode.STOPPING:
            return replace(situation, press=Press.IGNORED), (PlayTone(Tone.LOW),)
        case Mode.LISTENING:
            return situation, (PlayTone(Tone.LOW),)
    return situation, ()


def _released(situation: Situation) -> Outcome:
    press, up = situation.press, replace(situation, press=None)
    match situation.mode, press:
        case Mode.STARTING, Press.EARLY:
            outcome: Outcome = (replace(up, tapped_early=True), ())
        case ((Mode.IDLE | Mode.PRACTISING), (Press.ACTS | Press.EARLY)):
            outcome = read(up)
        case Mode.CONFIRMING, Press.ANSWERS:
            outcome = obeying.refuse(up)
        case Mode.LISTENING, None:
            outcome = (up, ())  # of a press that counts for nothing, while what was said is still made out
        case Mode.LISTENING, _:
            outcome = _listened(up)
        case _:
            outcome = settle(up)
    return outcome[0], (*CLEAR_HOLD, *outcome[1])


def _deadline_passed(situation: Situation, deadline: Deadline) -> Outcome:  # noqa: PLR0911 - as above
    match deadline, situation.mode, situation.press:
        case Deadline.HOLD, (Mode.IDLE | Mode.PRACTISING | Mode.CONFIRMING), (
            Press.ACTS | Press.SILENCED | Press.ANSWERS
        ):
            return _listen(situation)
        case Deadline.HOLD, _, Press.EARLY:
            return replace(situation, press=Press.IGNORED), ()
        case Deadline.WARNING, Mode.LISTENING, _:
            cancelled = None if situation.question is None else phrase("appliance.cancelled")
            why = phrase("appliance.too_long", then=cancelled)
            deaf = replace(situation, press=Press.IGNORED, question=None, heard=None, deaf=situation.deaf or why)
            return replace(deaf, turn=situation.turn + 1), (StopListening(), PlayTone(Tone.WARNING))
        case Deadline.SHUT_DOWN, Mode.LISTENING, _:
            asked = replace(situation, press=Press.IGNORED, heard=None, deaf=None)
            return obeying.ask(asked, obeying.SHUT_DOWN_BY_PRESS)
        case ((Deadline.CONFIRM | Deadline.ANSWER), Mode.CONFIRMING, _):
            return obeying.refuse(situation)
        case Deadline.UNDERSTAND, Mode.LISTENING, None:
            return obeying.obey(replace(situation, turn=situation.turn + 1), Heard("[unk]"))
        case Deadline.OFF, Mode.STOPPING, _:
            return say(situation, Phrase("appliance.power_failed"))
        case Deadline.LOOK, Mode.AIMING, _:
            return aiming.look_when_free(situation, due=True)
        case Deadline.AIM, Mode.AIMING, _:
            return aiming_ended(situation)
        case Deadline.RECENT, _, _:
            return replace(situation, recent=False), ()
        case Deadline.PRACTICE, Mode.PRACTISING, None if situation.practice is not None:
            return practice.ended(situation, situation.practice)
        case Deadline.PRACTICE, _, _ if situation.practice is not None:
            return situation, (SetDeadline(Deadline.PRACTICE),)  # something is going on
    return situation, ()


# --- listening --------------------------------------------------------------------------------------------------------


def _listen(before: Situation) -> Outcome:
    """Listen, where there is something to listen with; the release says what is missing."""
    deaf = _deafness(before)
    situation = replace(before, mode=Mode.LISTENING, turn=before.turn + 1, heard=None, deaf=deaf)
    if deaf is not None:
        return situation, (Unmute(),)
    listen = Listen(situation.turn, situation.context, situation.digit_at_issue)
    return situation, (Unmute(), PlayTone(Tone.LISTENING), listen)


def _listened(situation: Situation) -> Outcome:
    """The button came up: obey what is made out, now or when it is."""
    deaf = situation.deaf or _deafness(situation)
    if deaf is not None:
        others = tuple(waiting for waiting in situation.waiting if waiting != deaf)
        outcome, words = say(replace(situation, question=None, heard=None, deaf=None, waiting=others), deaf)
        return outcome, (StopListening(), *words)
    if situation.heard is not None:
        outcome, actions = obeying.obey(replace(situation, heard=None), situation.heard)
        return outcome, (StopListening(), *actions)
    return situation, (StopListening(), SetDeadline(Deadline.UNDERSTAND))


def _heard(situation: Situation, heard: Heard) -> Outcome:
    """Obey, but not before the button is up."""
    if situation.press is not None:
        return replace(situation, heard=heard), ()
    outcome, actions = obeying.obey(situation, heard)
    return outcome, (ClearDeadline(Deadline.UNDERSTAND), *actions)


def _given(situation: Situation, heard: Heard) -> Outcome:
    """Obey another program, which need not wait for what is being said."""
    if situation.mode is Mode.AIMING:
        return aiming_ended(situation)
    silent, silence = _silenced(situation)
    outcome, actions = obeying.obey(silent, heard)
    return outcome, (*silence, *actions)


def _silenced(situation: Situation) -> Outcome:
    """With what is being said cut short, and what it would have asked forgotten."""
    if situation.mode is not Mode.SPEAKING:
        return situation, ()
    return replace(situation, turn=situation.turn + 1, next_question=None), (StopSpeech(situation.turn),)


def _deafness(situation: Situation) -> Phrase | None:
    """Why nobody listens, if so."""
    if situation.deafness is not None:
        return phrase(situation.deafness)
    for device in (Device.RECOGNIZER, Device.MICROPHONE):
        if device in situation.faults:
            return phrase(f"fault.{device.value}")
    return phrase("appliance.not_listening_yet") if situation.unknown & HEARING_DEVICES else None


# --- devices ----------------------------------------------------------------------------------------------------------


def _device_changed(situation: Situation, event: DeviceOpened | DeviceLost) -> Outcome:
    device = event.device
    lost = isinstance(event, DeviceLost)
    waiting = situation.waiting
    if lost != (device in situation.faults) and (lost or device not in situation.unproven):
        waiting = _with_news(waiting, device, lost=lost)
    unproven = situation.unproven - {device}
    if isinstance(event, DeviceLost) and event.in_use and device is Device.MICROPHONE:
        # That a card is there does not mean that nobody else has it: the next hold will tell.
        unproven |= {device}
    if isinstance(event, DeviceOpened) and event.notice:
        waiting = _with(waiting, Phrase(event.notice))
    deaf = situation.deaf
    if lost and device in HEARING_DEVICES and situation.mode is Mode.LISTENING and situation.press is not None:
        deaf = deaf or phrase(f"fault.{device.value}")  # what was said is gone, even if the device comes back at once
    changed = replace(
        situation,
        unknown=situation.unknown - {device},
        deaf=deaf,
        faults=situation.faults | {device} if lost else situation.faults - {device},
        waiting=waiting,
        unproven=unproven,
    )
    forget: Actions = ()
    if lost and device is Device.BUTTON and situation.press is not None:
        changed, forget = _press_forgotten(changed)
    ready: Actions = ()
    if situation.unknown & READY_DEVICES and not changed.unknown & READY_DEVICES:
        ready = (NotifyReady(),)
    outcome = _lost_in_the_middle(changed, device) if lost else None
    if outcome is None and situation.mode is Mode.STARTING and not changed.unknown & STARTUP_DEVICES:
        outcome = _started(changed)
    if outcome is None:
        outcome = settle(changed)
    return outcome[0], (*forget, *ready, *outcome[1])


def _press_forgotten(situation: Situation) -> Outcome:
    """The button is lost while it is down: its release will not be heard of."""
    up = replace(situation, press=None)
    if up.mode is not Mode.LISTENING:
        answer = (SetDeadline(Deadline.ANSWER),) if situation.press is Press.ANSWERS else ()
        return up, (*CLEAR_HOLD, *answer)
    return rested(replace(up, question=None)), (*CLEAR_HOLD, StopListening())


def _lost_in_the_middle(situation: Situation, device: Device) -> Outcome | None:
    """Losing a device that is just being used, so that its answer cannot come any more: say why at once."""
    if device in (Device.CAMERA, Device.MODEL) and situation.mode is Mode.READING:
        return settle(rested(situation))
    if device in (Device.CAMERA, Device.MODEL) and situation.mode is Mode.AIMING:
        return settled_out_of_aiming(situation)
    if device in HEARING_DEVICES and situation.mode is Mode.LISTENING and situation.press is None:
        outcome, actions = settle(rested(replace(situation, question=None)))
        return outcome, (StopListening(), ClearDeadline(Deadline.UNDERSTAND), *actions)
    return None


def _with(waiting: tuple[Phrase, ...], phrase: Phrase) -> tuple[Phrase, ...]:
    return waiting if phrase in waiting else (*waiting, phrase)


def _with_news(waiting: tuple[Phrase, ...], device: Device, *, lost: bool) -> tuple[Phrase, ...]:
    """Let a change be said; one that undoes a change nobody has heard of yet needs no words, and no place to wait."""
    fault, recovered = Phrase(f"fault.{device.value}"), Phrase(f"recovered.{device.value}")
    news, undone = (fault, recovered) if lost else (recovered, fault)
    return tuple(phrase for phrase in waiting if phrase != undone) if undone in waiting else (*waiting, news)


def _started(situation: Situation) -> Outcome:
    told = (Phrase("appliance.restarted"),) if situation.restarted else ()
    idle = replace(situation, mode=Mode.IDLE, restarted=False, waiting=(*told, *situation.waiting))
    if situation.tapped_early:
        return read(replace(idle, tapped_early=False))
    if Device.CAMERA in situation.faults or situation.press is Press.EARLY:
        # A tap that is just being made will be answered by a reading, which says enough.
        return settle(idle)
    return settle(replace(idle, waiting=(*told, Phrase("appliance.ready"), *situation.waiting)))


# --- reading and speaking ---------------------------------------------------------------------------------------------


def _reading_made(before: Situation, reading: Reading) -> Outcome:
    situation = replace(before, failures=0)
    if situation.practice is not None:
        return practice.judged(situation, situation.practice, reading)
    trouble = reading.status in (Status.NOTHING, Status.UNREADABLE)
    wanted = situation.aim_wanted or (trouble and situation.aims_after_trouble)
    known = replace(situation, aim_wanted=wanted, last=reading, recent=True, back=0)
    speaking, answer = say(known, Phrase("reading", reading))
    return speaking, (*answer, Remember(reading), SetDeadline(Deadline.RECENT))


def _failed(before: Situation) -> Outcome:
    situation, silence = aiming.ended(before) if before.mode is Mode.AIMING else (before, ())
    failures = situation.failures + 1
    if failures >= MOST_FAILURES:
        return replace(situation, mode=Mode.STOPPED, exit_status=1), silence
    speaking, apology = say(replace(situation, failures=failures), Phrase("appliance.apology"))
    return speaking, (*silence, *apology)


def _speech_finished(situation: Situation) -> Outcome:
    match situation.mode:
        case Mode.SPEAKING if situation.next_question is not None and situation.can_be_heard:
            return obeying.ask(replace(situation, next_question=None), situation.next_question)
        case Mode.SPEAKING:
            return settle(rested(replace(situation, next_question=None)))
        case Mode.AIMING if situation.aim is not None and situation.aim.step is Step.SPEAKING:
            return aiming.look_when_free(replace(situation, aim=replace(situation.aim, step=Step.WAITING)))
        case Mode.CONFIRMING:
            by_press = situation.question is not None and situation.question.by_press
            return situation, (SetDeadline(Deadline.CONFIRM if by_press else Deadline.ANSWER),)
        case Mode.STOPPING:
            # The turn is over: speech that is lost meanwhile ends no second time.
            return replace(situation, turn=situation.turn + 1), (PowerOff(), SetDeadline(Deadline.OFF))
    return situation, ()
