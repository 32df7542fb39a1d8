"""What the daemon is made of and the numbers of its loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from device.domain import Audio, Context, Frame, Heard, Hint, Reading
from device.events import Deadline
from device.phrases import Catalogue
from device.ports import (
    Button,
    Camera,
    Display,
    History,
    Indicator,
    Machine,
    Microphone,
    Pictures,
    Player,
    Power,
    PreferencesStore,
    Requests,
    Samples,
    Supervisor,
    Synthesizer,
)
from device.preferences import Preferences
from device.voice import PieceStore

if TYPE_CHECKING:
    from device.looking import Observation

CONFIRM_SECONDS = 5.0
"""Product.md, "Gestures": so long a press confirms."""

ANSWER_SECONDS = 10.0
"""After a question, until a spoken answer must have begun: long enough to find the button by touch."""

RECENT_SECONDS = 120.0
"""So long what is said may be about the latest reading."""

UNDERSTAND_SECONDS = 12.0
"""From the release to the command: a fraction of a second, unless the speech model must first be loaded again."""

OFF_SECONDS = 60.0
"""After switching off was asked for: systemd stops the daemon within a few of them."""

PRACTICE_SECONDS = 300.0
"""So long practising waits for the next digit."""


class Reader(Protocol):
    """Frames -> Reading; device.model_reader.ModelReader, which loads OpenCV when it is opened: that takes its time."""

    def open(self) -> None:
        """Load the model. Raises ModelError."""

    def read(self, frames: Iterable[Frame], seen: Callable[[Observation], None] | None = None) -> Reading:
        """Read a burst, taking no more frames than it needs."""

    def show(self, frame: Frame, width_px: int) -> tuple[dict[str, Any], bytes]:
        """What is seen in a frame and how good it is, and a JPEG of it at most so wide."""

    def look(self, frame: Frame) -> Hint:
        """How to move the paper, by this frame and the one looked at before."""

    def close(self) -> None:
        """Drop the model."""


class Ears(Protocol):
    """Sound -> command; device.command_listener.CommandListener, which loads the speech model when it is needed."""

    def open(self) -> str | None:
        """Load the speech model; the key of a sentence about it that is to be said, if any. Raises RecognizerError."""

    def listen(self, chunks: Iterable[Audio], context: Context, read: int | None = None) -> Heard:
        """Understand one utterance as it comes, loading the model first if need be.

        Args:
            chunks: Its sound.
            context: The situation.
            read: The digit that one said alone is compared with.

        Raises:
            RecognizerError: The recognizer failed.
            DigitboxError: From `chunks`.
        """

    def unload(self) -> None:
        """Give the model's memory back until the next utterance."""

    def close(self) -> None:
        """Drop the model."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the daemon is made of: what it opens, as factories, so that a lost device gets a fresh adapter.

    `deafness` is the key of the sentence that says why no spoken command can be taken, if so; microphone and ears are
    then never made. `requests` is None where no other program may ask anything.
    """

    button: Callable[[], Button]
    indicator: Callable[[], Indicator]
    player: Callable[[], Player]
    camera: Callable[[], Camera]
    reader: Callable[[], Reader]
    synthesizer: Callable[[Preferences], Synthesizer]
    history: Callable[[], History]
    microphone: Callable[[], Microphone]
    ears: Callable[[Preferences], Ears]
    deafness: str | None
    requests: Callable[[], Requests] | None
    preferences: Preferences
    preferences_store: PreferencesStore
    pieces: Callable[[Preferences], PieceStore]
    catalogue: Callable[[str], Catalogue]
    samples: Samples
    pictures: Pictures
    machine: Machine
    power: Power
    supervisor: Supervisor
    display: Display


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of the loop, from the configuration; seconds unless named otherwise."""

    frames: int
    tone_volume: float
    hold_seconds: float
    warning_seconds: float
    shutdown_seconds: float
    retry_seconds: float
    tick_seconds: float
    capture_limit_seconds: float
    camera_open_limit_seconds: float
    reading_limit_seconds: float
    speech_limit_seconds: float
    device_limit_seconds: float
    aims_at_start: bool
    aims_after_trouble: bool
    look_seconds: float
    aim_limit_seconds: float
    spare_memory_bytes: int
    preference_limits: Mapping[str, tuple[int, int]]

    def deadline_seconds(self, deadline: Deadline) -> float | None:
        """From the press (or from now) to the deadline; None when it is turned off."""
        return {
            Deadline.HOLD: self.hold_seconds,
            Deadline.WARNING: self.warning_seconds,
            Deadline.SHUT_DOWN: self.shutdown_seconds or None,
            Deadline.CONFIRM: CONFIRM_SECONDS,
            Deadline.LOOK: self.look_seconds,
            Deadline.AIM: self.aim_limit_seconds,
            Deadline.RECENT: RECENT_SECONDS,
            Deadline.ANSWER: ANSWER_SECONDS,
            Deadline.PRACTICE: PRACTICE_SECONDS,
            Deadline.UNDERSTAND: UNDERSTAND_SECONDS,
            Deadline.OFF: OFF_SECONDS,
        }[deadline]
