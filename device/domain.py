"""The things digitbox talks about: frames, digits, readings, sounds and the model's card."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import AudioError, FrameError, ModelError

Pixels = NDArray[np.uint8]

EARLIEST_YEAR = 2026
"""A clock before the year of this release has never been set."""

PREPROCESSING_VERSION = 1
"""Version of `device.preprocess`, and so of what a model input is; raise it with every change that alters one."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One captured picture.

    Attributes:
        pixels: BGR, uint8, shape (H, W, 3), H and W at least 1.
        exposed_seconds: Monotonic moment at which the exposure began; 0.0 where nobody knows.
        source: The file it was read from, or None.
        scale: Pixels of the original file per pixel of this frame, at least 1.0; above 1.0 when a large file
            was decoded reduced.
    """

    pixels: Pixels
    exposed_seconds: float = 0.0
    source: str | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or not self.pixels.size:
            raise FrameError(
                f"a frame has shape {self.pixels.shape} and type {self.pixels.dtype}; expected (H, W, 3) and uint8"
            )

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels: left edge, top edge, width and height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """Pixels inside."""
        return self.width * self.height

    def scaled(self, factor: float) -> Box:
        """The same place in a picture `factor` times as large; at least one pixel wide and high."""
        return Box(
            round(self.x * factor),
            round(self.y * factor),
            max(1, round(self.width * factor)),
            max(1, round(self.height * factor)),
        )

    def within(self, outer: Box) -> Box:
        """What of it is inside another, or the pixel of that one that is nearest to it."""
        left, right = min(max(outer.x, self.x), outer.right - 1), min(self.right, outer.right)
        top, bottom = min(max(outer.y, self.y), outer.bottom - 1), min(self.bottom, outer.bottom)
        return Box(left, top, max(1, right - left), max(1, bottom - top))

    def shared_area(self, other: Box) -> int:
        """Of the intersection of both, square pixels."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0, width) * max(0, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union (Jaccard 1912), 0..1."""
        both = self.shared_area(other)
        return both / (self.area + other.area - both)

    def is_beside(self, other: Box) -> bool:
        """Whether more than half of the lower one has the other to its left or right, as on one line of writing."""
        both_px = min(self.bottom, other.bottom) - max(self.y, other.y)
        return both_px > 0.5 * min(self.height, other.height)

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)


class Status(Enum):
    """What a reading can be (product.md, "Reading")."""

    OK = "ok"
    UNSURE = "unsure"
    NOTHING = "nothing"
    UNREADABLE = "unreadable"


class Hint(Enum):
    """What the aiming mode says of one look; the value names the phrase.

    A direction is the one in which to move the paper, as somebody sees it who reads it: up is away from the reader.
    """

    NOTHING = "nothing"
    COVERED = "covered"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    CLOSER = "closer"
    FARTHER = "farther"
    HOLD_STILL = "hold_still"
    GOOD = "good"


class Advice(Enum):
    """The one thing that would help most; the value stands in `--json` and names the phrase."""

    COVERED = "covered"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    CUT_OFF_LEFT = "cut_off_left"
    CUT_OFF_RIGHT = "cut_off_right"
    CUT_OFF_TOP = "cut_off_top"
    CUT_OFF_BOTTOM = "cut_off_bottom"
    TOO_SMALL = "too_small"


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit of a reading.

    Attributes:
        digit: 0..9.
        confidence: Calibrated probability that `digit` is right, 0..1.
        second: The next best guess, 0..9, or None when nothing else is plausible.
        box: Where it is, in pixels of the given picture.
        scores: Calibrated probabilities of 0 to 9, in order.
        sure: The confidence reaches this digit's threshold.
        group: Number of the group it belongs to, from 0, in reading order; a wide gap or a new line begins one.
    """

    digit: int
    confidence: float
    second: int | None
    box: Box
    scores: tuple[float, ...]
    sure: bool
    group: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What was concluded from one burst of frames."""

    status: Status
    digits: tuple[Digit, ...] = ()
    advice: tuple[Advice, ...] = ()
    elapsed_ms: float = 0.0

    @property
    def number(self) -> str:
        """The digits joined, groups separated by one space; empty when none."""
        text = ""
        for before, digit in zip((None, *self.digits), self.digits, strict=False):
            text += " " if before and before.group != digit.group else ""
            text += str(digit.digit)
        return text


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Sound: `samples` is mono int16, shape (N,); `rate_hz` is 8000..192000."""

    samples: NDArray[np.int16]
    rate_hz: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate_hz

    def to_wav(self) -> bytes:
        """The same as a WAV file."""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate_hz)
            file.writeframes(self.samples.astype("<i2").tobytes())
        return buffer.getvalue()

    @classmethod
    def from_wav(cls, data: bytes, *, longest_seconds: float = math.inf) -> Audio:
        """Read a WAV file's loudest channel, with 16 bits a sample; PCM of 8 to 32 bits or floating point numbers.

        A length in its header that is too large (a stream's), or none because the writer was ended, is put right, part
        of a sample at its end is left out, and the header may be the extensible one that some programs write.

        Args:
            data: The file.
            longest_seconds: A longer sound is refused before it is decoded.

        Raises:
            AudioError: It is not such a file, or it lasts longer.

        Source:
            Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (1991), and the structure
            WAVEFORMATEXTENSIBLE of mmreg.h.
        """
        chunks = dict(_riff_chunks(memoryview(data)))
        header, sound = chunks.get(b"fmt ", memoryview(b"")), chunks.get(b"data")
        if len(header) < _HEADER.size or sound is None:
            raise AudioError("the sound is not a whole WAV file; record or convert it again")
        kind, channels, rate_hz, bits = _HEADER.unpack_from(header)
        if kind == _EXTENSIBLE and len(header) >= _SUBFORMAT + 2:
            kind = int.from_bytes(header[_SUBFORMAT : _SUBFORMAT + 2], "little")
        decode = _DECODERS.get((kind, bits))
        if decode is None or not channels:
            raise AudioError(
                f"the sound is neither PCM nor floating point numbers: format {kind}, bits {bits}, channels {channels};"
                " convert it first"
            )
        frames = len(sound) // (channels * bits // 8)
        if rate_hz and frames > longest_seconds * rate_hz:
            raise AudioError(f"the sound lasts {frames / rate_hz:.0f} seconds, more than {longest_seconds:.0f}; cut it")
        samples = _decoded(sound, frames * channels, bits // 8, decode)
        return cls(_loudest_channel(samples.reshape(-1, channels)), rate_hz)


_HEADER = struct.Struct("<HHI6xH")
"""Of a WAV file's "fmt " chunk: format, channels, samples a second, bits a sample."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SUBFORMAT = 24
"""Where an extensible header has what its format is."""


def _upper_bits(data: memoryview, sample_bytes: int) -> NDArray[np.int16]:
    """The upper 16 of the 24 or 32 bits of each sample."""
    whole = np.frombuffer(data, np.uint8).reshape(-1, sample_bytes)
    return np.asarray(np.ascontiguousarray(whole[:, -2:]).view("<i2").ravel(), np.int16)


def _of_floats(data: memoryview, kind: str) -> NDArray[np.int16]:
    """Numbers from -1 to 1; what is none is silence."""
    scaled = 32768.0 * np.nan_to_num(np.frombuffer(data, kind).astype(np.float64), posinf=1.0, neginf=-1.0)
    return np.asarray(np.clip(np.rint(scaled), -32768, 32767), np.int16)


Decoder = Callable[[memoryview], NDArray[np.int16]]

_DECODERS: Mapping[tuple[int, int], Decoder] = {
    (_PCM, 8): lambda data: (np.frombuffer(data, np.uint8).astype(np.int16) - 128) * np.int16(256),
    (_PCM, 16): lambda data: np.frombuffer(data, "<i2").astype(np.int16),
    (_PCM, 24): lambda data: _upper_bits(data, 3),
    (_PCM, 32): lambda data: _upper_bits(data, 4),
    (_FLOAT, 32): lambda data: _of_floats(data, "<f4"),
    (_FLOAT, 64): lambda data: _of_floats(data, "<f8"),
}
"""Samples as 16-bit numbers, by a WAV file's format and its bits a sample."""


_AT_A_TIME = 2**16
"""Samples: the larger numbers that they are reckoned with take little memory, however long a sound is."""


def _decoded(sound: memoryview, count: int, sample_bytes: int, decode: Decoder) -> NDArray[np.int16]:
    """The first `count` samples."""
    samples = np.empty(count, np.int16)
    for start in range(0, count, _AT_A_TIME):
        stop = min(start + _AT_A_TIME, count)
        samples[start:stop] = decode(sound[start * sample_bytes : stop * sample_bytes])
    return samples


def _loudest_channel(frames: NDArray[np.int16]) -> NDArray[np.int16]:
    """Of frames (n, channels); no sum of them, because what two microphones or wires have reversed would cancel out."""
    power = np.zeros(frames.shape[1])
    step = max(1, _AT_A_TIME // len(power))
    for start in range(0, len(frames), step):
        power += np.square(frames[start : start + step], dtype=np.float64).sum(axis=0)
    return np.ascontiguousarray(frames[:, int(power.argmax())])


def _riff_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks of a RIFF file of sound, by name; the last may be shorter than its length says.

    A program that was ended before it could fill in the lengths leaves a file that ends, by its own account, where the
    sound begins: all that follows is the sound.
    """
    at = 12 if bytes(data[:4]) == b"RIFF" and bytes(data[8:12]) == b"WAVE" else len(data)
    ends = 8 + int.from_bytes(data[4:8], "little")
    while at + 8 <= len(data):
        name, size = bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data" and not size and ends <= at + 8:
            size = len(data)
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


class Context(Enum):
    """The situation something is said in; it decides what can be meant."""

    IDLE = "idle"
    READING = "reading"
    PRACTICE = "practice"
    CONFIRM = "confirm"


class Command(Enum):
    """What can be asked for (product.md, "The command line"); the value stands in `--json` and names the phrases."""

    READ = "read"
    REPEAT = "repeat"
    DIGIT_AT = "digit_at"
    SPELL = "spell"
    AS_NUMBER = "as_number"
    HOW_SURE = "how_sure"
    CORRECT = "correct"
    DIGIT = "digit"
    YES = "yes"
    NO = "no"
    CANCEL = "cancel"
    HISTORY = "history"
    LAST = "last"
    BEFORE = "before"
    LOUDER = "louder"
    QUIETER = "quieter"
    SLOWER = "slower"
    FASTER = "faster"
    LANGUAGE = "language"
    HELP = "help"
    STATUS = "status"
    AIM = "aim"
    PRACTISE = "practise"
    TIME = "time"
    MUTE = "mute"
    FORGET = "forget"
    SHUT_DOWN = "shut_down"


@dataclass(frozen=True, slots=True)
class VoiceCommand:
    """A command with what it is about.

    Attributes:
        command: Which.
        digit: 0..9, of CORRECT and DIGIT.
        position: From 1, of DIGIT_AT.
        language: Code of a catalogue, of LANGUAGE.
    """

    command: Command
    digit: int | None = None
    position: int | None = None
    language: str | None = None

    @property
    def arguments(self) -> dict[str, int | str]:
        """Those it has, by name, as `listen --json` prints them."""
        named = {"digit": self.digit, "position": self.position, "language": self.language}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as the recognizer took it: its confidence is 0..1 and not calibrated, its times count from the start."""

    text: str
    confidence: float
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Spotted:
    """What a spotter makes of one utterance.

    Attributes:
        digits: Natural logarithms of the probabilities that its loudest part is 0 to 9, and no digit, said alone.
        words: That the spotter knows.
        steps: Every 80 ms the probabilities of each of these words, of any other, and that none is there,
            shape (t, len(words) + 2).
    """

    digits: tuple[float, ...]
    words: tuple[str, ...]
    steps: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recognizer made of one utterance; "[unk]" stands for speech outside the grammar.

    Attributes:
        words: In order.
        score: Logarithm of the likelihood, up to a constant of the sound: only the difference between two passes over
            the same sound means something. 0 where the recognizer has none.
    """

    words: tuple[SpokenWord, ...] = ()
    score: float = 0.0

    @property
    def text(self) -> str:
        """The words joined by spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one utterance was understood as.

    Attributes:
        text: What the recognizer made of it, "" when nothing.
        command: What it asks for; None is "not understood".
        confidence: 0..1; how sure the command is, 0 without one.
        digit_scores: Calibrated probabilities that 0 to 9 was said, where the command holds a digit.
        clipped: It was too loud for the microphone.
    """

    text: str = ""
    command: VoiceCommand | None = None
    confidence: float = 0.0
    digit_scores: tuple[float, ...] | None = None
    clipped: bool = False


class Light(Enum):
    """What the status LED shows (product.md, "Gestures")."""

    OFF = "off"
    ON = "on"
    SLOW_BLINK = "slow blink"
    BLINK = "blink"
    FAST_BLINK = "fast blink"


class Device(Enum):
    """Whatever can be absent or lost while the rest goes on working; the value names its phrases."""

    BUTTON = "button"
    SOUND = "sound"
    INDICATOR = "indicator"
    CAMERA = "camera"
    MODEL = "model"
    SPEECH = "speech"
    HISTORY = "history"
    MICROPHONE = "microphone"
    RECOGNIZER = "recognizer"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One reading as it was kept.

    Attributes:
        id: Its number, rising; 0 before it is stored.
        time: ISO 8601 with the offset from UTC, to the second.
        number: `Reading.number`.
        status: Value of `Status`.
        corrected: What the user said it really was, or None.
    """

    id: int
    time: str
    number: str
    status: str
    corrected: str | None = None


@dataclass(frozen=True, slots=True)
class SecondModel:
    """The larger model that is asked where one is in doubt (`device.cascade`).

    Attributes:
        file: Its name, beside the first one's.
        sha256: Of that file, lower-case hex.
    """

    file: str
    sha256: str

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> SecondModel:
        """What a card says of it. Raises KeyError, ValueError."""
        named = cls(str(facts["file"]), str(facts["sha256"]))
        if PurePath(named.file).name != named.file or not named.file:
            raise ValueError(f"the second model {named.file!r} is no file beside it")
        return named


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What travels beside a model file (product.md, "The model file").

    Attributes:
        sha256: Of the .tflite file, lower-case hex.
        preprocessing_version: Version of `device.preprocess` the model was trained with.
        classes: Names of the outputs, in order: "0" to "9", then perhaps "not a digit".
        temperature: Divides the scores before the softmax, above 0 (Guo et al. 2017, arXiv:1706.04599).
        thresholds: Per digit, the least confidence for a sure answer, ten numbers in 0..1.
        second: What is asked where this one is in doubt; None where nothing is.
        facts: The whole card, for showing: training data, accuracy, size, sparsity, command.
    """

    sha256: str
    preprocessing_version: int
    classes: tuple[str, ...]
    temperature: float
    thresholds: tuple[float, ...]
    second: SecondModel | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read a card.

        Raises:
            ModelError: It is not JSON, lacks a field, or a field has an impossible value.
        """
        try:
            facts = json.loads(text)
            card = cls(
                sha256=str(facts["sha256"]),
                preprocessing_version=int(facts["preprocessing_version"]),
                classes=tuple(str(name) for name in facts["classes"]),
                temperature=float(facts["temperature"]),
                thresholds=tuple(float(value) for value in facts["thresholds"]),
                second=SecondModel.from_facts(facts["second"]) if "second" in facts else None,
                facts=facts,
            )
        except KeyError as error:
            raise ModelError(f"the model card has no field {error}; install the model again") from error
        except (ValueError, TypeError) as error:
            raise ModelError(f"the model card cannot be read ({error}); install the model again") from error
        card._check()
        return card

    def _check(self) -> None:
        digits = tuple(str(digit) for digit in range(10))
        if self.classes[:10] != digits or len(self.classes) not in (10, 11):
            raise ModelError(f"the model card lists the classes {self.classes}; expected 0 to 9 and perhaps one more")
        if len(self.thresholds) != 10 or not all(0.0 <= value <= 1.0 for value in self.thresholds):
            raise ModelError("the model card's thresholds are not ten numbers from 0 to 1")
        if not self.temperature > 0.0:
            raise ModelError(f"the model card's temperature is {self.temperature}; it must be above 0")
