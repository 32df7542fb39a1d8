"""What the box knows of itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from device.actions import Actions, ClearDeadline, Say
from device.domain import Command, Context, Device, Heard, Hint, Light, Reading
from device.events import Deadline
from device.phrases import Phrase
from device.preferences import Preferences

STARTUP_DEVICES = frozenset({Device.BUTTON, Device.SOUND, Device.CAMERA, Device.MODEL, Device.SPEECH})
READY_DEVICES = frozenset({Device.BUTTON, Device.SOUND})
HEARING_DEVICES = frozenset({Device.MICROPHONE, Device.RECOGNIZER})


class Mode(Enum):
    """What the box is doing."""

    STARTING = "starting"
    IDLE = "idle"
    READING = "reading"
    SPEAKING = "speaking"
    LISTENING = "listening"
    CONFIRMING = "confirming"
    AIMING = "aiming"
    PRACTISING = "practising"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Press(Enum):
    """What the press under way counts for, decided when it began."""

    ACTS = "a tap reads, a hold listens"
    SILENCED = "it cut speech short: a tap means nothing more, a hold listens"
    ANSWERS = "a tap says no, a hold listens for the answer"
    EARLY = "it came while starting: a tap is remembered"
    IGNORED = "it counts for nothing"


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
class Practice:
    """How far practising has got.

    Attributes:
        asked: The digits to write, in order.
        done: How many of them are over and done with.
        right: How many of those were right.
        tries: How often the present one was tried in vain.
        seen: What the latest try was read as: the probabilities of 0 to 9; None before it.
    """

    asked: tuple[int, ...]
    done: int = 0
    right: int = 0
    tries: int = 0
    seen: tuple[float, ...] | None = None

    @property
    def digit(self) -> int:
        """The one to write now."""
        return self.asked[self.done]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is done once the user has agreed.

    Attributes:
        asked: The question.
        said: What is said after the yes; None where everything is forgotten, or the box switches off.
        forgets: Everything that was read is deleted after the yes.
        orders: What is done after the yes.
        preferences: How the box speaks after the yes.
        last: What the latest reading is taken for after the yes.
        next: A further question, asked once `said` has been said.
        by_press: A press agrees, as after the long hold; else only a spoken yes does.
    """

    asked: Phrase
    said: Phrase | None = None
    forgets: bool = False
    orders: Actions = ()
    preferences: Preferences | None = None
    last: Reading | None = None
    next: Question | None = None
    by_press: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the box knows of itself.

    Attributes:
        mode: What it is doing.
        turn: Number of the latest order that takes time; results of older ones are dropped.
        press: What the press under way counts for; None while the button is up.
        unknown: Devices that have neither opened nor been lost since the start.
        faults: Devices that are absent or lost.
        restarted: The former run did not come to its own end, which is said once this one has started.
        tapped_early: A tap came while starting and waits for its answer.
        waiting: Phrases to be said as soon as nothing else is.
        aim: How far aiming has got; None in other modes.
        aim_wanted: Aiming begins as soon as nothing else is going on.
        aims_after_trouble: Aiming begins by itself after a reading that had no answer.
        deafness: Key of the sentence that says why no spoken command can ever be taken; None where they can be.
        heard: What was made out while the button is still down.
        deaf: Why nothing comes of the hold under way, if so.
        unproven: Devices that were lost while they were used and whose opening does not prove that they work.
        question: What waits for a yes.
        next_question: What is asked when that which is being said has been said.
        practice: How far practising has got; None when nobody practises.
        last: The latest reading.
        recent: It was made a short while ago, so that what is said may be about it.
        back: How many readings back the history was told last.
        preferences: How the box speaks.
        seed: Of whatever is left to chance.
        failures: Bad tries in a row.
        input_ended: No press can follow: stop when idle.
        exit_status: What the process ends with.
    """

    mode: Mode = Mode.STARTING
    turn: int = 0
    press: Press | None = None
    unknown: frozenset[Device] = STARTUP_DEVICES | HEARING_DEVICES
    faults: frozenset[Device] = frozenset()
    restarted: bool = False
    tapped_early: bool = False
    waiting: tuple[Phrase, ...] = ()
    aim: Aim | None = None
    aim_wanted: bool = False
    aims_after_trouble: bool = False
    deafness: str | None = None
    heard: Heard | None = None
    deaf: Phrase | None = None
    unproven: frozenset[Device] = frozenset()
    question: Question | None = None
    next_question: Question | None = None
    practice: Practice | None = None
    last: Reading | None = None
    recent: bool = False
    back: int = 0
    preferences: Preferences = field(kw_only=True)
    seed: int = 0
    failures: int = 0
    input_ended: bool = False
    exit_status: int = 0

    @property
    def context(self) -> Context:
        """What can be meant by what is said now."""
        if self.question is not None:
            return Context.CONFIRM
        if self.practice is not None:
            return Context.PRACTICE
        return Context.READING if self.recent and self.last is not None and self.last.digits else Context.IDLE

    def accepts(self, command: Command) -> bool:
        """Whether nothing is going on that this command of another program would disturb, but for words."""
        return command is Command.CANCEL if self.mode is Mode.AIMING else self.is_free

    @property
    def is_free(self) -> bool:
        """Whether nothing is going on, but for words, and nobody holds the button."""
        return self.mode in (Mode.IDLE, Mode.PRACTISING, Mode.SPEAKING) and self.press is None

    @property
    def can_be_heard(self) -> bool:
        """Whether what it says can be heard, so that it may ask."""
        return not self.faults & {Device.SPEECH, Device.SOUND}

    @property
    def digit_at_issue(self) -> int | None:
        """The digit that one said alone is compared with: the latest reading's least sure; None before one."""
        if self.context is not Context.READING or self.last is None:
            return None
        return self.last.digits[least_sure(self.last)].digit

    @property
    def resting(self) -> Mode:
        """The mode in which nothing is going on."""
        return Mode.IDLE if self.practice is None else Mode.PRACTISING

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


def least_sure(reading: Reading) -> int:
    """The place of the digit that is least sure, and so is meant where no place is named; there is at least one."""
    return min(range(len(reading.digits)), key=lambda place: reading.digits[place].confidence)


Outcome = tuple[Situation, Actions]


def say(situation: Situation, phrase: Phrase, mode: Mode = Mode.SPEAKING, clear: tuple[Deadline, ...] = ()) -> Outcome:
    """Say it in a turn of its own, and forget these deadlines."""
    turn = situation.turn + 1
    cleared = tuple(ClearDeadline(deadline) for deadline in clear)
    return replace(situation, mode=mode, turn=turn), (*cleared, Say(phrase, turn))
