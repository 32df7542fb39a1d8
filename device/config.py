"""The configuration: frozen dataclasses over device/default.toml, whose keys are the schema.

The default file is the only place where a default is written; here stand the ranges. Every mistake of a file
is collected and reported at once.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from device.errors import ConfigError
from device.phrases import languages

DEFAULT_PATH = Path(__file__).with_name("default.toml")
SYSTEM_PATH = Path("/etc/digitbox/digitbox.toml")
PREFERENCES = ("language", "voice", "words_per_minute", "pitch", "volume", "number_style")
"""The keys of [speech] that the user may change, as device.preferences.Preferences has them."""

_LONGEST = 1_000_000
"""Characters of a file; the shipped one, with all its comments, has a hundredth of that."""

_MOST_SHOWN = 100
"""Characters of a value in a complaint."""

_REINSTALL = "it belongs to digitbox: install digitbox again"

WARNING_SECONDS = 6.0
"""Product.md, "Gestures": listening ends so long after the press; asking to switch off comes later."""


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a number, both ends included."""

    low: float
    high: float

    def mistake(self, value: Any) -> str | None:  # noqa: ANN401 - a TOML value of the annotated type
        """What is wrong with the value, if anything."""
        return None if self.low <= value <= self.high else f"is outside {self.low}..{self.high}"


@dataclass(frozen=True, slots=True, init=False)
class OneOf:
    """The words a key can have."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)

    def mistake(self, value: Any) -> str | None:  # noqa: ANN401 - a TOML value of the annotated type
        """What is wrong with the value, if anything."""
        if value in self.words:
            return None
        nearest = difflib.get_close_matches(str(value), self.words, 1)
        hint = f'; did you mean "{nearest[0]}"?' if nearest else ""
        return "is not one of " + ", ".join(f'"{word}"' for word in self.words) + hint


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Where pictures come from."""

    backend: Annotated[str, OneOf("picamera2", "v4l2", "files")]
    number: Annotated[int, Between(0, 9)]
    device: Path
    photos: Path
    width_px: Annotated[int, Between(64, 4608)]
    height_px: Annotated[int, Between(64, 3456)]
    open_limit_seconds: Annotated[float, Between(0.1, 60.0)]
    capture_limit_seconds: Annotated[float, Between(0.1, 30.0)]


@dataclass(frozen=True, slots=True)
class ButtonConfig:
    """The button and its gestures."""

    backend: Annotated[str, OneOf("gpio", "keyboard", "script")]
    chip: Annotated[int, Between(0, 15)]
    pin: Annotated[int, Between(0, 27)]
    pull_up: bool
    bounce_seconds: Annotated[float, Between(0.0, 0.3)]
    hold_seconds: Annotated[float, Between(0.2, 3.0)]
    shutdown_seconds: Annotated[float, Between(0.0, 30.0)]
    script: Path


@dataclass(frozen=True, slots=True)
class IndicatorConfig:
    """The status LED."""

    backend: Annotated[str, OneOf("gpio", "none")]
    chip: Annotated[int, Between(0, 15)]
    pin: Annotated[int, Between(0, 27)]


@dataclass(frozen=True, slots=True)
class SoundConfig:
    """Where sound goes."""

    backend: Annotated[str, OneOf("alsa", "wav")]
    card: str
    folder: Path
    tone_volume: Annotated[float, Between(0.0, 1.0)]


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """How it speaks."""

    language: Annotated[str, OneOf(*languages())]
    voice: str
    words_per_minute: Annotated[int, Between(80, 450)]
    pitch: Annotated[int, Between(0, 99)]
    volume: Annotated[int, Between(0, 200)]
    number_style: Annotated[str, OneOf("digits", "number")]
    limit_seconds: Annotated[float, Between(0.5, 60.0)]
    phrases: Path


@dataclass(frozen=True, slots=True)
class MicrophoneConfig:
    """Where the user's voice comes from."""

    backend: Annotated[str, OneOf("alsa", "wav", "none")]
    card: str
    folder: Path
    limit_seconds: Annotated[float, Between(1.0, 60.0)]


@dataclass(frozen=True, slots=True)
class ListeningConfig:
    """How it hears."""

    backend: Annotated[str, OneOf("vosk", "script", "none")]
    model: str
    models: Path
    script: Path
    least_confidence: Annotated[float, Between(0.0, 1.0)]
    least_seconds: Annotated[float, Between(0.0, 2.0)]
    least_level_db: Annotated[float, Between(-90.0, 0.0)]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which models."""

    path: Path
    rows: Path


@dataclass(frozen=True, slots=True)
class ReadingConfig:
    """How a burst is read."""

    frames: Annotated[int, Between(1, 9)]
    enough_frames: Annotated[int, Between(1, 9)]
    limit_seconds: Annotated[float, Between(0.5, 30.0)]
    any_angle: bool
    fusion: Annotated[str, OneOf("mean", "quality", "attention")]


@dataclass(frozen=True, slots=True)
class AimConfig:
    """When it helps with aiming, and how."""

    begin: Annotated[str, OneOf("never", "start", "trouble")]
    look_seconds: Annotated[float, Between(0.2, 10.0)]
    limit_seconds: Annotated[float, Between(5.0, 3600.0)]


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """Where readings are kept."""

    backend: Annotated[str, OneOf("sqlite", "none")]
    path: Path
    keep: Annotated[int, Between(1, 1_000_000)]
    keep_pictures: bool
    pictures: Path


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """The loop and its limits."""

    runtime: Path
    preferences: Path
    samples: Path
    spare_megabytes: Annotated[int, Between(0, 4096)]
    retry_seconds: Annotated[float, Between(0.1, 600.0)]
    device_limit_seconds: Annotated[float, Between(0.1, 60.0)]
    tick_seconds: Annotated[float, Between(0.01, 10.0)]


@dataclass(frozen=True, slots=True)
class ConsoleConfig:
    """The local page."""

    host: str
    port: Annotated[int, Between(1, 65535)]
    idle_seconds: Annotated[float, Between(0.0, 86400.0)]
    folder: Path


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """Where readings are published."""

    host: str
    port: Annotated[int, Between(1, 65535)]
    tls: bool
    ca: str
    user: str
    password: Path
    topic: str
    discovery: str


@dataclass(frozen=True, slots=True)
class Config:
    """The effective configuration."""

    camera: CameraConfig
    button: ButtonConfig
    indicator: IndicatorConfig
    sound: SoundConfig
    speech: SpeechConfig
    microphone: MicrophoneConfig
    listening: ListeningConfig
    model: ModelConfig
    reading: ReadingConfig
    aim: AimConfig
    history: HistoryConfig
    daemon: DaemonConfig
    console: ConsoleConfig
    mqtt: MqttConfig


def load(*paths: Path) -> Config:
    """Lay configuration files over the defaults, later ones over earlier ones.

    Raises:
        ConfigError: A file cannot be read, or holds an unknown key or an impossible value; all are listed.
    """
    values: dict[str, dict[str, Any]] = {}
    mistakes: list[str] = []
    for path in (DEFAULT_PATH, *paths):
        _lay_over(values, path, mistakes)
    if not mistakes:
        mistakes += _contradictions(values)
    if mistakes:
        raise ConfigError(mistakes)
    hints = get_type_hints(Config)
    return Config(**{name: hints[name](**section) for name, section in values.items()})


def installed(path: Path | None) -> Config:
    """The configuration to run with: the given file, else the installer's where there is one, else the defaults."""
    if path is None and is_installed():
        path = SYSTEM_PATH
    return load(*([path] if path else []))


def is_installed() -> bool:
    """Whether the installer's file is there; also where nobody may look, so that reading it says why."""
    try:
        SYSTEM_PATH.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def preference_limits() -> dict[str, tuple[int, int]]:
    """The ranges of those preferences that are numbers, both ends included."""
    hints = get_type_hints(SpeechConfig, include_extras=True)
    found = [(key, limit) for key in PREFERENCES for limit in get_args(hints[key]) if isinstance(limit, Between)]
    return {key: (int(limit.low), int(limit.high)) for key, limit in found}


def preferred(config: Config) -> Config:
    """The configuration with what the user has changed laid over [speech].

    Raises:
        ConfigError: The file of preferences cannot be read or holds something else.
    """
    usable, mistakes = usable_preferences(config.daemon.preferences)
    if mistakes:
        raise ConfigError(mistakes)
    return with_preferences(config, usable)


def with_preferences(config: Config, chosen: Mapping[str, Any]) -> Config:
    """The configuration with these values of PREFERENCES in place of its own."""
    return replace(config, speech=replace(config.speech, **chosen))


def usable_preferences(path: Path) -> tuple[dict[str, Any], list[str]]:
    """As much of the file of preferences as makes sense, and what of it does not: no key costs the others."""
    try:
        if not path.exists():
            return {}, []
    except OSError as error:
        step = "run this with sudo" if isinstance(error, PermissionError) else "correct [daemon] preferences"
        return {}, [f"{path}: cannot be looked for ({error.strerror}); {step}"]
    values: dict[str, dict[str, Any]] = {}
    mistakes: list[str] = []
    _lay_over(values, path, mistakes)
    speech = values.pop("speech", {})
    strange = [*values, *(key for key in speech if key not in PREFERENCES)]
    mistakes += [f"{path}: {name} is no preference" for name in strange]
    mistakes = [mistake if "; " in mistake else f"{mistake}; delete the file to start afresh" for mistake in mistakes]
    chosen = {key: value for key, value in speech.items() if key in PREFERENCES}
    if any(mistake.startswith(f"{path}: [speech] language = ") for mistake in mistakes):
        chosen.pop("voice", None)  # it is that language's
    return chosen, mistakes


def dump(config: Config) -> str:
    """The configuration as TOML, every key of it."""
    parts = []
    for section in fields(config):
        lines = [f"[{section.name}]"]
        content = getattr(config, section.name)
        lines += [f"{key.name} = {toml_value(getattr(content, key.name))}" for key in fields(content)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def toml_value(value: object) -> str:
    """As TOML writes it: a truth, a number, or else text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    # A JSON string is a TOML string, but for the one control character that JSON lets stand.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(value: object) -> str:
    """As TOML writes it, or as much of it as a line has room for."""
    try:
        text = toml_value(value)
    except ValueError:  # a hexadecimal number of more digits than Python converts
        return "a number"
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def _lay_over(values: dict[str, dict[str, Any]], path: Path, mistakes: list[str]) -> None:
    try:
        with path.open(encoding="utf-8-sig") as file:  # with a mark in front, as Windows writes it
            text = file.read(_LONGEST + 1)  # of a device there would be no end
        if len(text) > _LONGEST:
            mistakes.append(f"{path}: is longer than {_LONGEST:,} characters; name a configuration file")
            return
        content = tomllib.loads(text)
    except OSError as error:
        mistakes.append(f"{path}: cannot be read ({error.strerror}); {_step(path, error)}")
        return
    except UnicodeDecodeError as error:
        mistakes.append(f"{path}: is not text in UTF-8; {_step(path, error)}")
        return
    except RecursionError as error:
        mistakes.append(f"{path}: has too many brackets within brackets; {_step(path, error)}")
        return
    except ValueError as error:  # also a number of more digits than Python converts
        mistakes.append(f"{path}: is not TOML: {error}" + (f"; {_REINSTALL}" if path == DEFAULT_PATH else ""))
        return
    sections = get_type_hints(Config)
    for name, section in content.items():
        if name not in sections:
            mistakes.append(f"{path}: {_unknown(f'section [{name}]', name, list(sections))}")
        elif not isinstance(section, dict):
            mistakes.append(f"{path}: {name} is a section; write [{name}] on a line of its own, keys below it")
        else:
            target = values.setdefault(name, {})
            target.update(_section_values(sections[name], name, section, path, mistakes))


def _step(path: Path, error: OSError | UnicodeDecodeError | RecursionError) -> str:
    """What to do about a file that cannot be read."""
    if path == DEFAULT_PATH:
        return _REINSTALL
    if isinstance(error, UnicodeDecodeError | RecursionError):
        return "write it with a text editor"
    if isinstance(error, PermissionError):
        rights = f"a+r {path}" if os.access(path.parent, os.X_OK) else f"a+rx {path.parent}"
        return f"let everybody read it: sudo chmod {rights}"
    return "name a file that exists, or leave --config out"


def _section_values(kind: type, name: str, section: dict[str, Any], path: Path, mistakes: list[str]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    good = {}
    for key, value in section.items():
        if key not in hints:
            mistakes.append(f"{path}: [{name}] {_unknown(f'key {key}', key, list(hints))}")
            continue
        converted, mistake = _convert(value, hints[key], path.parent)
        if mistake:
            mistakes.append(f"{path}: [{name}] {key} = {_shown(value)} {mistake}")
        else:
            good[key] = converted
    return good


def _convert(value: object, hint: Any, folder: Path) -> tuple[object, str | None]:  # noqa: ANN401 - a type, perhaps Annotated
    """The value as its field wants it, or what is wrong with it."""
    kind, *limits = get_args(hint) or (hint,)
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < sys.maxsize else math.inf
    if type(value) is not (str if kind is Path else kind):
        names = {str: "text in quotes", Path: "text in quotes", bool: "true or false", int: "a whole number"}
        return None, f"is not {names.get(kind, 'a number')}"
    if isinstance(value, str) and "\0" in value:
        return None, "holds a zero character, which no name or path has"
    if kind is Path:
        return _path(str(value), folder)
    return value, next((mistake for limit in limits if (mistake := limit.mistake(value))), None)


def _path(text: str, folder: Path) -> tuple[Path | None, str | None]:
    try:
        return folder / Path(text).expanduser(), None
    except RuntimeError:
        return None, "begins with the home folder of an unknown user"


def _unknown(what: str, name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, 1, cutoff=0.0)
    return f"unknown {what}; the nearest is {nearest[0]}"


def _contradictions(values: dict[str, dict[str, Any]]) -> list[str]:
    found = []
    shutdown = values["button"]["shutdown_seconds"]
    if 0.0 < shutdown <= WARNING_SECONDS:
        found.append(
            f"[button] shutdown_seconds = {shutdown} is not above {WARNING_SECONDS}, when listening ends; "
            "take 0 to turn it off, or more"
        )
    if values["reading"]["enough_frames"] > values["reading"]["frames"]:
        found.append("[reading] enough_frames is above frames; a burst has no more frames than that")
    for key in ("topic", "discovery"):
        topic = values["mqtt"][key]
        if set(topic) & set("+#\0") or topic.startswith(("$", "/")) or topic.endswith("/"):
            found.append(
                f"[mqtt] {key} = {toml_value(topic)} is no topic: it holds no + or #, no / at its ends, no $ first"
            )
    if not values["mqtt"]["topic"]:
        found.append("[mqtt] topic is empty; the default is digitbox")
    button, light = values["button"], values["indicator"]
    if button["backend"] == light["backend"] == "gpio" and (button["chip"], button["pin"]) == (
        light["chip"],
        light["pin"],
    ):
        found.append(f"[button] pin and [indicator] pin are both {button['pin']}; give each its own")
    return found
