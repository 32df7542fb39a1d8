"""What the box can order to be done: each is an order, given once, carried out by the daemon."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from device.domain import Context, Reading
from device.events import AIM_DEADLINES, HOLD_DEADLINES, Deadline
from device.phrases import Phrase
from device.preferences import Preferences
from device.tones import Tone


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
class Listen:
    """Record and understand until told to stop, then report CommandHeard of this turn.

    Attributes:
        context: The situation.
        read: The digit that one said alone is compared with; None where there is none.
    """

    turn: int
    context: Context
    read: int | None = None


@dataclass(frozen=True, slots=True)
class StopListening:
    """Close the microphone at once."""


class Topic(Enum):
    """What only the daemon can know."""

    TIME = "time"
    STATUS = "status"
    HISTORY = "history"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Tell:
    """Find out and say it, then report SpeechFinished of this turn; `back` counts readings back, 0 the latest."""

    topic: Topic
    turn: int
    back: int = 0


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete the history and all kept pictures and say so, then report SpeechFinished of this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class UsePreferences:
    """Speak this way from the next sentence on, and keep it for the next start."""

    preferences: Preferences


@dataclass(frozen=True, slots=True)
class Mute:
    """Say nothing more; tones stay."""


@dataclass(frozen=True, slots=True)
class Unmute:
    """Speak again, if muted."""


@dataclass(frozen=True, slots=True)
class Correct:
    """Note in the history what the latest reading really was, as `Reading.number` has it."""

    number: str


@dataclass(frozen=True, slots=True)
class KeepSample:
    """Keep the picture of one digit of the latest reading for learning; `index` is its place, from 0."""

    index: int
    digit: int


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


Action = (
    NotifyReady
    | PlayTone
    | Say
    | StopSpeech
    | Read
    | Look
    | Remember
    | Listen
    | StopListening
    | Tell
    | Forget
    | UsePreferences
    | Mute
    | Unmute
    | Correct
    | KeepSample
    | SetDeadline
    | ClearDeadline
    | PowerOff
)
Actions = tuple[Action, ...]


CLEAR_HOLD: Actions = tuple(ClearDeadline(deadline) for deadline in HOLD_DEADLINES)
"""What follows when the button comes up."""

CLEAR_AIM: Actions = tuple(ClearDeadline(deadline) for deadline in AIM_DEADLINES)
"""What follows when aiming ends."""
