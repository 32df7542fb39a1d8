"""The whole behaviour of the box: `transition(situation, event) -> (situation, actions)`.

No clock, no I/O, no logging. Events are facts in the past tense, actions are orders. Durations are the daemon's:
here a deadline has a name, is set by an action and comes back as an event.

| mode | event | next | actions |
|---|---|---|---|
| STARTING | DeviceOpened(button), DeviceOpened(sound) | STARTING | NotifyReady after the second |
| STARTING | ButtonPressed, then ButtonReleased | STARTING | Tone(low); the tap is remembered |
| STARTING | camera, model and speech all opened or lost | SPEAKING | Say(ready) or Say(fault) |
| STARTING | the same, after a remembered tap | READING | Read |
| IDLE | ButtonPressed | IDLE | Tone(shutter), the hold's deadlines are set |
| IDLE | ButtonReleased (a tap) | READING, or SPEAKING while camera or model are lost | Read, or Say(fault) |
| IDLE | DeadlinePassed(hold) | LISTENING | - |
| READING | ButtonPressed | READING | Tone(low); neither this tap nor this hold counts |
| READING | ReadingMade | SPEAKING | Say(answer), Remember |
| READING | Failed / the third in a row | SPEAKING / STOPPED | Say(apology) / - |
| READING | DeviceLost(camera or model) | SPEAKING | Say(fault) |
| SPEAKING | ButtonPressed | IDLE | StopSpeech, Tone(shutter); this tap means nothing more, a hold listens |
| SPEAKING | SpeechFinished | IDLE, or SPEAKING while something waits to be said | -, or Say |
| LISTENING | ButtonReleased | SPEAKING | Say(no voice commands) |
| LISTENING | DeadlinePassed(warning) | LISTENING | Tone(warning); a release now means nothing |
| LISTENING | DeadlinePassed(shut_down) | CONFIRMING | Say(question) |
| CONFIRMING | ButtonPressed | STOPPING | StopSpeech, Tone(shutter), Say(goodbye) |
| CONFIRMING | DeadlinePassed(confirm) | SPEAKING | Say(cancelled) |
| STOPPING | ButtonPressed | STOPPING | Tone(low) |
| STOPPING | SpeechFinished / PowerFailed | STOPPING / SPEAKING | PowerOff / Say(power_failed) |
| IDLE, others once they are | AimRequested, or wanted from the start | AIMING | Say(begun), the limit is set |
| AIMING | SpeechFinished or DeadlinePassed(look), the later | AIMING | Look, the next look is set; or Say(news) |
| AIMING | HintSeen | AIMING | Say(hint), unless it was said of late |
| AIMING | ButtonPressed | IDLE | StopSpeech, Tone(shutter): the tap reads, a hold listens, as from IDLE |
| AIMING | DeadlinePassed(aim) / AimCancelled | SPEAKING | StopSpeech, Say(ended) |
| AIMING | Failed / DeviceLost(camera or model) | as in READING | StopSpeech, Say(apology) / Say(fault) |
| any | DeviceLost(x) / DeviceOpened(x) | same | Say(fault) / Say(recovered), each once and when nothing else is |
| any | InputEnded | STOPPED once idle and silent | - |
| any | StopRequested / AssumptionBroken | STOPPED | StopSpeech |

Each action that takes time carries a turn and its result returns it: a result of an older turn is dropped. A press
counts for the mode it began in (`Press`), so what happens while it lasts cannot change its meaning. A press also ends
a wish to aim that still waits: whoever presses wants something else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from device.domain import Device, Hint, Light, Reading, Status
from device.phrases import Phrase
from device.tones import Tone

MOST_FAILURES = 3
"""So many bad tries in a row end the process, for the supervisor to start a fresh one."""


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


class Mode(Enum):
    """What the box is doing."""

    STARTING = "starting"
    IDLE = "idle"
    READING = "reading"
    SPEAKING = "speaking"
    LISTENING = "listening"
    CONFIRMING = "confirming"
    AIMING = "aiming"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Press(Enum):
    """What the press under way counts for, decided when it began."""

    ACTS = "a tap reads, a hold listens"
    SILENCED = "it cut speech short: a tap means nothing more, a hold listens"
    EARLY = "it came while starting: a tap is remembered"
    IGNORED = "it counts for nothing"


class Deadline(Enum):
    """Moments the daemon waits for; the first three count from the press."""

    HOLD = "hold"
    WARNING = "warning"
    SHUT_DOWN = "shut down"
    CONFIRM = "confirm"
    LOOK = "look"
    AIM = "aim"


AIM_DEADLINES = (Deadline.LOOK, Deadline.AIM)
HOLD_DEADLINES = (Deadline.HOLD, Deadline.WARNING, Deadline.SHUT_DOWN)
STARTUP_DEVICES = frozenset({Device.BUTTON, Device.SOUND, Device.CAMERA, Device.MODEL, Device.SPEECH})
READY_DEVICES = frozenset({Device.BUTTON, Device.SOUND})


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """The button went down."""


@dataclass(frozen=True, slots=True)
class ButtonReleased:
    """The button came up."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """A deadline that an action had set has come."""

    deadline: Deadline


@dataclass(frozen=True, slots=True)
class DeviceOpened:
    """A device works now; `notice` is the key of something it wants said, such as a damaged history set aside."""

    device: Device
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device is absent or has stopped answering."""

    device: Device


@dataclass(frozen=True, slots=True)
class ReadingMade:
    """The reading ordered in this turn is there."""

    turn: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class HintSeen:
    """The look ordered in this turn was taken."""

    turn: int
    hint: Hint


@dataclass(frozen=True, slots=True)
class AimRequested:
    """Somebody wants help with aiming, as soon as nothing else is going on."""


@dataclass(frozen=True, slots=True)
class AimCancelled:
    """Nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class SpeechFinished:
    """What was to be said in this turn has been said, or cannot be."""

    turn: int


@dataclass(frozen=True, slots=True)
class Failed:
    """What was ordered in this turn went wrong this once."""

    turn: int


@dataclass(frozen=True, slots=True)
class PowerFailed:
    """Switching off could not be asked for."""


@dataclass(frozen=True, slots=True)
class InputEnded:
    """No press can follow."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody wants the program to end now."""


@dataclass(frozen=True, slots=True)
class AssumptionBroken:
    """Something happened that the program takes for impossible."""


Event = (
    ButtonPressed
    | ButtonReleased
    | DeadlinePassed
    | DeviceOpened
    | DeviceLost
    | ReadingMade
    | HintSeen
    | AimRequested
    | AimCancelled
    | SpeechFinished
    | Failed
    | PowerFailed
    | InputEnded
    | StopRequested
    | AssumptionBroken
)


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotifyReady:
    """Tell the supervisor that the button can be pressed."""


@dataclass(frozen=True, slots=True)
class PlayTone:
    """Answer a press at once."""

    tone: Tone


@dataclass(frozen=True, slots=True)
class Say:
    """Say a phrase, then report SpeechFinished of this turn."""

    phrase: Phrase
    turn: int


@dataclass(frozen=True, slots=True)
class StopSpeech:
    """Be silent at once, and let nothing of this turn or an older one be heard any more."""

    turn: int


@dataclass(frozen=True, slots=True)
class Read:
    """Take a burst and read it, then report ReadingMade or Failed of this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class Look:
    """Take one frame and see how the paper lies, then report HintSeen or Failed of this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep a reading in the history."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Report DeadlinePassed when it comes; one that was set already is set anew."""

    deadline: Deadline


@dataclass(frozen=True, slots=True)
class ClearDeadline:
    """Forget a deadline."""

    deadline: Deadline


@dataclass(frozen=True, slots=True)
class PowerOff:
    """Switch the box off."""


Action = NotifyReady | PlayTone | Say | StopSpeech | Read | Look | Remember | SetDeadline | ClearDeadline | PowerOff
Actions = tuple[Action, ...]


CLEAR_HOLD: Actions = tuple(ClearDeadline(deadline) for deadline in HOLD_DEADLINES)
"""What follows when the button comes up."""

CLEAR_AIM: Actions = tuple(ClearDeadline(deadline) for deadline in AIM_DEADLINES)
"""What follows when aiming ends."""


# --- the situation ----------------------------------------------------------------------------------------------------


class Step(Enum):
    """What aiming is at."""

    WAITING = "for the moment of the next look"
    LOOKING = "at a frame"
    SPEAKING = "a hint"


@dataclass(frozen=True, slots=True)
class Aim:
    """How far aiming has got.

    Attributes:
        step: What it is at.
        due: The moment of the next look has come, and the look only waits for this step to end.
        hint: What was said last.
        looks: How often it was seen again since.
    """

    step: Step
    due: bool = False
    hint: Hint | None = None
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the box knows of itself.

    Attributes:
        mode: What it is doing.
        turn: Number of the latest Read or Say; results of older ones are dropped.
        press: What the press under way counts for; None while the button is up.
        unknown: Devices that have neither opened nor been lost since the start.
        faults: Devices that are absent or lost.
        tapped_early: A tap came while starting and waits for its answer.
        waiting: Phrases to be said as soon as nothing else is.
        aim: How far aiming has got; None in other modes.
        aim_wanted: Aiming begins as soon as nothing else is going on.
        aims_after_trouble: Aiming begins by itself after a reading that had no answer.
        failures: Bad tries in a row.
        input_ended: No press can follow: stop when idle.
        exit_status: What the process ends with.
    """

    mode: Mode = Mode.STARTING
    turn: int = 0
    press: Press | None = None
    unknown: frozenset[Device] = STARTUP_DEVICES
    faults: frozenset[Device] = frozenset()
    tapped_early: bool = False
    waiting: tuple[Phrase, ...] = ()
    aim: Aim | None = None
    aim_wanted: bool = False
    aims_after_trouble: bool = False
    failures: int = 0
    input_ended: bool = False
    exit_status: int = 0

    @property
    def light(self) -> Light:
        """What the LED shows (product.md, "Gestures"): a fault whenever there is nothing livelier to show."""
        match self.mode:
            case Mode.READING | Mode.SPEAKING | Mode.AIMING | Mode.STOPPING:
                return Light.ON
            case Mode.LISTENING | Mode.CONFIRMING:
                return Light.BLINK
            case Mode.STOPPED:
                return Light.OFF
        if self.faults:
            return Light.FAST_BLINK
        return Light.SLOW_BLINK if self.mode is Mode.STARTING else Light.OFF


Outcome = tuple[Situation, Actions]


def transition(situation: Situation, event: Event) -> Outcome:  # noqa: PLR0911, PLR0912 - one a case, as in the table
    """What follows from an event: the table at the head of this module."""
    if situation.mode is Mode.STOPPED:
        return situation, ()
    match event:
        case StopRequested():
            return replace(situation, mode=Mode.STOPPED), (StopSpeech(situation.turn),)
        case AssumptionBroken():
            return replace(situation, mode=Mode.STOPPED, exit_status=1), (StopSpeech(situation.turn),)
        case InputEnded():
            return _settled_out_of_aiming(replace(situation, input_ended=True))
        case AimRequested():
            return _settle(replace(situation, aim_wanted=situation.mode is not Mode.AIMING))
        case AimCancelled():
            return _aiming_ended(replace(situation, aim_wanted=False))
        case HintSeen() if event.turn == situation.turn and situation.mode is Mode.AIMING:
            return _hint_seen(situation, event.hint)
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
        case Failed(turn) if turn == situation.turn and situation.mode in (Mode.READING, Mode.AIMING):
            return _failed(situation)
        case SpeechFinished(turn) if turn == situation.turn:
            return _speech_finished(situation)
        case PowerFailed() if situation.mode is Mode.STOPPING:
            return _say(situation, Phrase("appliance.power_failed"))
    return situation, ()


# --- the button -------------------------------------------------------------------------------------------------------


def _pressed(before: Situation) -> Outcome:  # noqa: PLR0911 - one return a mode, as in the table
    situation = replace(before, aim_wanted=False)
    answer: Actions = (PlayTone(Tone.SHUTTER), *(SetDeadline(deadline) for deadline in HOLD_DEADLINES))
    match situation.mode:
        case Mode.IDLE:
            return replace(situation, press=Press.ACTS), answer
        case Mode.SPEAKING:
            silent = replace(situation, mode=Mode.IDLE, turn=situation.turn + 1, press=Press.SILENCED)
            return silent, (StopSpeech(situation.turn), *answer)
        case Mode.AIMING:
            idle, hushed = _out_of_aiming(situation)
            return replace(idle, press=Press.ACTS), (*hushed, *answer)
        case Mode.CONFIRMING:
            agreed = replace(situation, press=Press.IGNORED)
            leaving, farewell = _say(agreed, Phrase("appliance.goodbye"), Mode.STOPPING)
            silence = StopSpeech(situation.turn)
            return leaving, (ClearDeadline(Deadline.CONFIRM), silence, PlayTone(Tone.SHUTTER), *farewell)
        case Mode.STARTING:
            return replace(situation, press=Press.EARLY), (PlayTone(Tone.LOW), SetDeadline(Deadline.HOLD))
        case Mode.READING | Mode.STOPPING:
            return replace(situation, press=Press.IGNORED), (PlayTone(Tone.LOW),)
    return situation, ()


def _released(situation: Situation) -> Outcome:
    press, up = situation.press, replace(situation, press=None)
    match situation.mode, press:
        case Mode.STARTING, Press.EARLY:
            outcome: Outcome = (replace(up, tapped_early=True), ())
        case Mode.IDLE, Press.ACTS | Press.EARLY:
            outcome = _read(up)
        case Mode.LISTENING, Press.IGNORED:
            outcome = _settle(replace(up, mode=Mode.IDLE))
        case Mode.LISTENING, _:
            outcome = _say(up, Phrase("appliance.no_voice_commands"))
        case _:
            outcome = _settle(up)
    return outcome[0], (*CLEAR_HOLD, *outcome[1])


def _deadline_passed(situation: Situation, deadline: Deadline) -> Outcome:  # noqa: PLR0911 - as above
    match deadline, situation.mode, situation.press:
        case Deadline.HOLD, Mode.IDLE, Press.ACTS | Press.SILENCED:
            return replace(situation, mode=Mode.LISTENING), ()
        case Deadline.HOLD, _, Press.EARLY:
            return replace(situation, press=Press.IGNORED), ()
        case Deadline.WARNING, Mode.LISTENING, _:
            return replace(situation, press=Press.IGNORED), (PlayTone(Tone.WARNING),)
        case Deadline.SHUT_DOWN, Mode.LISTENING, _:
            return _say(situation, Phrase("appliance.shut_down_question"), Mode.CONFIRMING)
        case Deadline.CONFIRM, Mode.CONFIRMING, _:
            return _say(situation, Phrase("appliance.cancelled"))
        case Deadline.LOOK, Mode.AIMING, _:
            return _look_when_free(situation, due=True)
        case Deadline.AIM, Mode.AIMING, _:
            return _aiming_ended(situation)
    return situation, ()


# --- devices ----------------------------------------------------------------------------------------------------------


def _device_changed(situation: Situation, event: DeviceOpened | DeviceLost) -> Outcome:
    device = event.device
    lost = isinstance(event, DeviceLost)
    waiting = situation.waiting
    if lost != (device in situation.faults):
        waiting = _with_news(waiting, device, lost=lost)
    if isinstance(event, DeviceOpened) and event.notice and Phrase(event.notice) not in waiting:
        waiting += (Phrase(event.notice),)
    changed = replace(
        situation,
        unknown=situation.unknown - {device},
        faults=situation.faults | {device} if lost else situation.faults - {device},
        waiting=waiting,
    )
    forget: Actions = ()
    if lost and device is Device.BUTTON and situation.press is not None:
        # Its release will not be heard of.
        changed = replace(changed, press=None, mode=Mode.IDLE if changed.mode is Mode.LISTENING else changed.mode)
        forget = CLEAR_HOLD
    ready: Actions = ()
    if situation.unknown & READY_DEVICES and not changed.unknown & READY_DEVICES:
        ready = (NotifyReady(),)
    if situation.mode is Mode.READING and lost and device in (Device.CAMERA, Device.MODEL):
        # The answer cannot come any more: say why at once.
        outcome = _settle(replace(changed, mode=Mode.IDLE))
    elif situation.mode is Mode.AIMING and lost and device in (Device.CAMERA, Device.MODEL):
        outcome = _settled_out_of_aiming(changed)
    elif situation.mode is Mode.STARTING and not changed.unknown:
        outcome = _started(changed)
    else:
        outcome = _settle(changed)
    return outcome[0], (*forget, *ready, *outcome[1])


def _with_news(waiting: tuple[Phrase, ...], device: Device, *, lost: bool) -> tuple[Phrase, ...]:
    """Let a change be said; one that undoes a change nobody has heard of yet needs no words, and no place to wait."""
    fault, recovered = Phrase(f"fault.{device.value}"), Phrase(f"recovered.{device.value}")
    news, undone = (fault, recovered) if lost else (recovered, fault)
    return tuple(phrase for phrase in waiting if phrase != undone) if undone in waiting else (*waiting, news)


def _started(situation: Situation) -> Outcome:
    idle = replace(situation, mode=Mode.IDLE)
    if situation.tapped_early:
        return _read(replace(idle, tapped_early=False))
    if Device.CAMERA in situation.faults or situation.press is Press.EARLY:
        # A tap that is just being made will be answered by a reading, which says enough.
        return _settle(idle)
    return _settle(replace(idle, waiting=(Phrase("appliance.ready"), *situation.waiting)))


# --- reading and speaking ---------------------------------------------------------------------------------------------


def _read(situation: Situation) -> Outcome:
    """Read, or say what is missing for it."""
    for device in (Device.CAMERA, Device.MODEL):
        if device in situation.faults:
            fault = Phrase(f"fault.{device.value}")
            others = tuple(phrase for phrase in situation.waiting if phrase != fault)
            return _say(replace(situation, waiting=others), fault)
    turn = situation.turn + 1
    return replace(situation, mode=Mode.READING, turn=turn), (Read(turn),)


def _reading_made(situation: Situation, reading: Reading) -> Outcome:
    trouble = reading.status in (Status.NOTHING, Status.UNREADABLE)
    wanted = situation.aim_wanted or (trouble and situation.aims_after_trouble)
    speaking, answer = _say(replace(situation, failures=0, aim_wanted=wanted), Phrase("reading", reading))
    return speaking, (*answer, Remember(reading))


def _failed(before: Situation) -> Outcome:
    situation, silence = _out_of_aiming(before) if before.mode is Mode.AIMING else (before, ())
    failures = situation.failures + 1
    if failures >= MOST_FAILURES:
        return replace(situation, mode=Mode.STOPPED, exit_status=1), silence
    speaking, apology = _say(replace(situation, failures=failures), Phrase("appliance.apology"))
    return speaking, (*silence, *apology)


def _say(situation: Situation, phrase: Phrase, mode: Mode = Mode.SPEAKING) -> Outcome:
    turn = situation.turn + 1
    return replace(situation, mode=mode, turn=turn), (Say(phrase, turn),)


def _speech_finished(situation: Situation) -> Outcome:
    match situation.mode:
        case Mode.SPEAKING:
            return _settle(replace(situation, mode=Mode.IDLE))
        case Mode.AIMING if situation.aim is not None and situation.aim.step is Step.SPEAKING:
            return _look_when_free(replace(situation, aim=replace(situation.aim, step=Step.WAITING)))
        case Mode.CONFIRMING:
            return situation, (SetDeadline(Deadline.CONFIRM),)
        case Mode.STOPPING:
            # The turn is over: speech that is lost meanwhile ends no second time.
            return replace(situation, turn=situation.turn + 1), (PowerOff(),)
    return situation, ()


def _settle(situation: Situation) -> Outcome:
    """When nothing is going on: say what waits, or stop when no press can follow."""
    if situation.mode is not Mode.IDLE or situation.press is not None:
        return situation, ()
    if situation.waiting:
        first, *rest = situation.waiting
        return _say(replace(situation, waiting=tuple(rest)), first)
    if situation.input_ended:
        return replace(situation, mode=Mode.STOPPED), ()
    return _aim(replace(situation, aim_wanted=False)) if situation.aim_wanted else (situation, ())


# --- aiming -----------------------------------------------------------------------------------------------------------


def _aim(situation: Situation) -> Outcome:
    """Begin, or say what is missing for it."""
    for device in (Device.CAMERA, Device.MODEL):
        if device in situation.faults:
            return _say(situation, Phrase(f"fault.{device.value}"))
    aim = Aim(Step.SPEAKING, due=True)
    aiming, words = _say(replace(situation, aim=aim), Phrase("aim.begun"), Mode.AIMING)
    return aiming, (*words, SetDeadline(Deadline.AIM))


def _look_when_free(situation: Situation, *, due: bool = False) -> Outcome:
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
        return _say(speaking, first, Mode.AIMING)
    turn = situation.turn + 1
    looking = replace(situation, turn=turn, aim=replace(aim, step=Step.LOOKING, due=False))
    return looking, (Look(turn), SetDeadline(Deadline.LOOK))


def _hint_seen(situation: Situation, hint: Hint) -> Outcome:
    """Say it, unless the same was said a moment ago."""
    aim = situation.aim
    if aim is None:
        return situation, ()
    seen = replace(situation, failures=0)
    if hint is aim.hint and aim.looks + 1 < REPEATED_AFTER.get(hint, 1):
        return _look_when_free(replace(seen, aim=replace(aim, step=Step.WAITING, looks=aim.looks + 1)))
    saying = replace(seen, aim=Aim(Step.SPEAKING, aim.due, hint))
    return _say(saying, Phrase(f"aim.{hint.value}"), Mode.AIMING)


def _out_of_aiming(situation: Situation) -> Outcome:
    """IDLE and silent, what was ordered last forgotten; whatever follows is up to the caller."""
    idle = replace(situation, mode=Mode.IDLE, turn=situation.turn + 1, aim=None)
    return idle, (StopSpeech(situation.turn), *CLEAR_AIM)


def _settled_out_of_aiming(situation: Situation) -> Outcome:
    """End aiming, where it is under way, without a word of its own."""
    if situation.mode is not Mode.AIMING:
        return _settle(situation)
    idle, silence = _out_of_aiming(situation)
    settled, actions = _settle(idle)
    return settled, (*silence, *actions)


def _aiming_ended(situation: Situation) -> Outcome:
    """End aiming, where it is under way, and say so."""
    if situation.mode is not Mode.AIMING:
        return situation, ()
    idle, silence = _out_of_aiming(situation)
    speaking, words = _say(idle, Phrase("aim.ended"))
    return speaking, (*silence, *words)
