"""The shapes of what lies outside: one Protocol each, met by the files in device/adapters/.

Constructors only take settings; `open` touches the hardware and may raise the family error it names; `close`
may be called at any time, twice as well, and never raises. Unless it says otherwise a method may block for as
long as its device needs: the daemon calls it on that device's own worker, with a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from device.domain import Audio, Frame, HistoryEntry, Light, ModelCard, Pixels, Reading, Spotted, Transcript
from device.preferences import Preferences
from device.protocol import Request


class Camera(Protocol):
    """Takes pictures."""

    def open(self) -> None:
        """Start the preview stream and let light and focus settle. Raises CameraError."""

    def capture(self, *, after_seconds: float) -> Frame:
        """A frame whose exposure began at or after this monotonic moment.

        Raises:
            CameraError: The camera is lost; CameraTimeout when it gave no frame within its limit.
            ImageFileError: This one picture cannot be read.
        """

    def close(self) -> None:
        """Give the camera back."""


class Classifier(Protocol):
    """Scores model inputs."""

    def open(self) -> None:
        """Load the model, check it against its card. Raises ModelError."""

    @property
    def card(self) -> ModelCard:
        """The card of the loaded model."""

    def scores(self, model_inputs: Pixels) -> NDArray[np.float32]:
        """Scores before temperature and softmax: uint8 (n, 28, 28) -> float32 (n, 10 or 11); n may be 0."""

    def close(self) -> None:
        """Drop the model."""


class RowScorer(Protocol):
    """Scores rows of digits that touch."""

    def open(self) -> None:
        """Load the model, check it against its card. Raises ModelError."""

    @property
    def card(self) -> ModelCard:
        """The card of the loaded model."""

    def scores(self, row: Pixels) -> NDArray[np.float32]:
        """Scores before temperature and softmax: uint8 (32, w) -> float32 (w / 4, 11)."""

    def close(self) -> None:
        """Drop the model."""


class Spotter(Protocol):
    """Tells which digit a sound is, if it is one, and which words come in it."""

    def spotted(self, sound: Audio) -> Spotted:
        """What it makes of a sound. Raises ModelError."""


class Synthesizer(Protocol):
    """Turns a sentence into sound."""

    def open(self) -> None:
        """See that the program and the voice are there. Raises SpeechError."""

    def synthesize(self, sentence: str) -> Audio:
        """Say it into memory. Raises SpeechError."""

    def close(self) -> None:
        """Forget everything."""


class Player(Protocol):
    """Makes sound audible. `start` and `stop` return within milliseconds and may be called from any thread."""

    def open(self) -> None:
        """See that the card is there. Raises SoundError."""

    def start(self, audio: Audio) -> None:
        """Stop what is playing and begin this. Raises SoundError."""

    def wait(self, limit_seconds: float) -> bool:
        """Wait until nothing is playing; False when it still is after the limit. Raises SoundError if it failed."""

    def stop(self) -> None:
        """Be silent at once."""

    def close(self) -> None:
        """Stop, and give the card back."""


class Microphone(Protocol):
    """Takes sound, only between `start` and `stop`."""

    def open(self) -> None:
        """See that the card is there, without recording. Raises MicrophoneError."""

    def start(self) -> None:
        """Begin to record. Raises MicrophoneError."""

    def take(self, limit_seconds: float) -> Audio | None:
        """The next chunk, about 0.1 s, mono at 16 kHz; None once stopped and all was taken, or the recording is over.

        Raises:
            MicrophoneError: It was unplugged, or gave nothing within the limit.
        """

    def stop(self) -> None:
        """Close the recording; returns within milliseconds and may be called from any thread, also when not started."""

    def close(self) -> None:
        """Stop, and give the card back."""


class Recognizer(Protocol):
    """Turns sound into words. One utterance at a time: `begin`, any number of `feed`, `finish`."""

    def open(self) -> None:
        """Load the model. Raises RecognizerError."""

    @property
    def vocabulary(self) -> frozenset[str] | None:
        """The words that a grammar may use; None when nobody knows."""

    def begin(self, phrases: Sequence[str]) -> None:
        """Start an utterance that is one of these phrases or something else. Raises RecognizerError."""

    def feed(self, chunk: Audio) -> None:
        """Hear more of it; takes less time than the chunk lasts. Raises RecognizerError."""

    def finish(self) -> Transcript:
        """What was said. Raises RecognizerError."""

    def close(self) -> None:
        """Drop the model and its memory."""


class Button(Protocol):
    """The one button. The three functions given to `open` may be called from any thread and return at once."""

    def open(self, pressed: Callable[[], None], released: Callable[[], None], ended: Callable[[], None]) -> None:
        """Begin to report; `ended` means that no press can follow (end of a script, q on a keyboard).

        Raises:
            ButtonError: The chip, the pin or the script cannot be used.
        """

    def check(self) -> None:
        """See that presses can still come; returns within milliseconds. Raises ButtonError."""

    def close(self) -> None:
        """Report nothing more."""


class Indicator(Protocol):
    """The status LED. `show` returns at once."""

    def open(self) -> None:
        """Take the pin. Raises IndicatorError."""

    def show(self, light: Light) -> None:
        """Show this until told otherwise."""

    def check(self) -> None:
        """See that what is shown can still be seen; returns within milliseconds. Raises IndicatorError."""

    def close(self) -> None:
        """Dark, and give the pin back."""


class History(Protocol):
    """Keeps readings. What `append` returned from is on the disk."""

    def open(self) -> None:
        """Open or create. Raises HistoryError."""

    @property
    def kept_aside(self) -> str | None:
        """Where `open` put a file it could not read, before it began a new one; None when all was well."""

    def append(self, reading: Reading, *, time: str) -> HistoryEntry:
        """Keep a reading, durably; `time` as in HistoryEntry. Raises HistoryError."""

    def entries(self, *, limit: int | None = None) -> Sequence[HistoryEntry]:
        """The latest `limit` entries (all when None), oldest first. Raises HistoryError."""

    def search(self, *, limit: int, before: int | None = None, number: str = "") -> Sequence[HistoryEntry]:
        """At most `limit` entries, the latest first, with ids below `before`, that hold these digits in a row.

        Raises:
            HistoryError: The history cannot be read.
        """

    def correct(self, number: int, corrected: str) -> bool:
        """Note what the entry of this number really was, durably; False when there is none. Raises HistoryError."""

    def delete(self, number: int | None = None) -> int:
        """Delete the entry of this number, or everything, open or not; say how many there were. Raises HistoryError."""

    def close(self) -> None:
        """Close the file."""


class Samples(Protocol):
    """Keeps pictures of digits for learning, each after a spoken yes."""

    def keep(self, picture: Pixels, digit: int) -> None:
        """Keep a picture of a digit, uint8 (h, w, 3) BGR. Raises HistoryError."""

    def delete(self) -> None:
        """Delete all of them. Raises HistoryError."""


class Pictures(Protocol):
    """Keeps a picture of each reading, where that is wanted."""

    @property
    def wanted(self) -> bool:
        """Whether pictures are to be kept."""

    def keep(self, entry: int, picture: Pixels | None) -> None:
        """Keep the picture of an entry, uint8 (h, w, 3) BGR, if there is one; called once for each entry.

        Raises:
            HistoryError: It cannot be written.
        """

    def load(self, entry: int) -> bytes | None:
        """The JPEG of an entry; None when there is none."""

    def delete(self, entry: int | None = None) -> None:
        """Delete the picture of one entry, or all of them. Raises HistoryError."""


class PreferencesStore(Protocol):
    """Keeps what the user changed for the next start."""

    def save(self, preferences: Preferences) -> None:
        """Keep them, durably. Raises PreferencesError."""


class Machine(Protocol):
    """What the computer knows of itself. No method blocks or raises."""

    @property
    def version(self) -> str:
        """Of digitbox."""

    def network_address(self) -> str | None:
        """Its first address, or None while it has none."""

    def free_bytes(self) -> int | None:
        """Space that is left for what the box keeps; None where nobody knows."""

    def available_memory_bytes(self) -> int | None:
        """Memory that new work could have; None where nobody knows."""


class Power(Protocol):
    """Switches the box off."""

    def power_off(self) -> None:
        """Ask the machine to switch off. Raises PowerError."""


class Supervisor(Protocol):
    """Whoever restarts the daemon when it stops answering. No method blocks or raises."""

    @property
    def watchdog_seconds(self) -> float | None:
        """How long it waits for a ping before it restarts us; None when it does not."""

    def ready(self) -> None:
        """The button can be pressed."""

    def status(self, text: str) -> None:
        """One line for a person who asks how we are."""

    def ping(self) -> None:
        """The loop has just turned."""

    def stopping(self) -> None:
        """We are on our way out."""


class Display(Protocol):
    """What a sighted person at a terminal is shown. No method blocks or raises."""

    def mode(self, name: str) -> None:
        """The appliance changed its mode."""

    def answer(self, frame: Frame, reading: Reading, model_inputs: Pixels) -> None:
        """What was read, the latest frame, and the model inputs cut from it, uint8 (n, 28, 28)."""

    def said(self, text: str) -> None:
        """What the box is saying."""


class Answer(Protocol):
    """What one request is answered with: once, from any thread."""

    def give(self, fields: Mapping[str, Any], content: bytes = b"") -> None:
        """Answer; `content` follows the fields as it is."""

    def refuse(self, reason: str) -> None:
        """Say why not, in words for a person."""


class Requests(Protocol):
    """Takes what other programs of this machine ask (device.protocol), and tells those who follow what happens."""

    def open(self, asked: Callable[[Request, Answer], None]) -> None:
        """Begin; `asked` may be called from any thread and returns at once. Raises RequestError."""

    def tell(self, news: Mapping[str, Any]) -> None:
        """Let all who follow know of something; returns at once."""

    def close(self) -> None:
        """Take no more requests."""
