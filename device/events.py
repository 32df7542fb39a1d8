"""What can happen to the box: facts, named in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from device.domain import Command, Device, Heard, Hint, Reading
from device.phrases import Phrase
from device.preferences import Preferences


class Deadline(Enum):
    """Moments the daemon waits for; the first three count from the press."""

    HOLD = "hold"
    WARNING = "warning"
    SHUT_DOWN = "shut down"
    CONFIRM = "confirm"
    LOOK = "look"
    AIM = "aim"
    RECENT = "recent"
    ANSWER = "answer"
    PRACTICE = "practice"
    UNDERSTAND = "understand"
    OFF = "off"


AIM_DEADLINES = (Deadline.LOOK, Deadline.AIM)
HOLD_DEADLINES = (Deadline.HOLD, Deadline.WARNING, Deadline.SHUT_DOWN)


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
    """A device is absent, or has stopped answering while it was used."""

    device: Device
    in_use: bool = False


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
class CommandHeard:
    """What was said in this turn has been made out, perhaps as nothing."""

    turn: int
    heard: Heard


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """Another program gave a command, as if it had been said."""

    command: Command


@dataclass(frozen=True, slots=True)
class PhraseGiven:
    """Another program wants this said."""

    phrase: Phrase


@dataclass(frozen=True, slots=True)
class PreferencesChosen:
    """Another program wants the box to speak this way."""

    preferences: Preferences


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Everything that had been read has been deleted."""


@dataclass(frozen=True, slots=True)
class NotKept:
    """What was to be kept for later, a setting or a sample, could not be."""


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
    | CommandHeard
    | CommandGiven
    | PhraseGiven
    | PreferencesChosen
    | Forgotten
    | NotKept
    | SpeechFinished
    | Failed
    | PowerFailed
    | InputEnded
    | StopRequested
    | AssumptionBroken
)
