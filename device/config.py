"""The configuration: frozen dataclasses over device/default.toml, whose keys are the schema.

The default file is the only place where a default is written; here stand the ranges. Every mistake of a file
is collected and reported at once.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from device.errors import ConfigError

DEFAULT_PATH = Path(__file__).with_name("default.toml")
SYSTEM_PATH = Path("/etc/digitbox/digitbox.toml")
WARNING_SECONDS = 6.0
"""Product.md, "Gestures": listening ends so long after the press; asking to switch off comes later."""


def _between(low: float, high: float) -> Any:  # noqa: ANN401 - dataclasses.field is typed as its field's type
    return field(metadata={"range": (low, high)})


def _one_of(*names: str) -> Any:  # noqa: ANN401
    return field(metadata={"choices": names})


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Where pictures come from."""

    backend: str = _one_of("picamera2", "v4l2", "files")
    number: int = _between(0, 9)
    device: Path
    photos: Path
    width_px: int = _between(64, 4608)
    height_px: int = _between(64, 3456)
    open_limit_seconds: float = _between(0.1, 60.0)
    capture_limit_seconds: float = _between(0.1, 30.0)


@dataclass(frozen=True, slots=True)
class ButtonConfig:
    """The button and its gestures."""

    backend: str = _one_of("gpio", "keyboard", "script")
    chip: int = _between(0, 15)
    pin: int = _between(0, 27)
    pull_up: bool
    bounce_seconds: float = _between(0.0, 0.3)
    hold_seconds: float = _between(0.2, 3.0)
    shutdown_seconds: float = _between(0.0, 30.0)
    script: Path


@dataclass(frozen=True, slots=True)
class IndicatorConfig:
    """The status LED."""

    backend: str = _one_of("gpio", "none")
    chip: int = _between(0, 15)
    pin: int = _between(0, 27)


@dataclass(frozen=True, slots=True)
class SoundConfig:
    """Where sound goes."""

    backend: str = _one_of("alsa", "wav")
    card: str
    folder: Path
    tone_volume: float = _between(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """How it speaks."""

    language: str
    voice: str
    words_per_minute: int = _between(80, 450)
    pitch: int = _between(0, 99)
    volume: int = _between(0, 200)
    number_style: str = _one_of("digits", "number")
    limit_seconds: float = _between(0.5, 60.0)
    phrases: Path


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which model."""

    path: Path


@dataclass(frozen=True, slots=True)
class ReadingConfig:
    """How a burst is read."""

    frames: int = _between(1, 9)
    enough_frames: int = _between(1, 9)
    limit_seconds: float = _between(0.5, 30.0)


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """Where readings are kept."""

    backend: str = _one_of("sqlite", "none")
    path: Path
    keep: int = _between(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """The loop and its limits."""

    runtime: Path
    retry_seconds: float = _between(0.1, 600.0)
    device_limit_seconds: float = _between(0.1, 60.0)
    tick_seconds: float = _between(0.01, 10.0)


@dataclass(frozen=True, slots=True)
class Config:
    """The effective configuration."""

    camera: CameraConfig
    button: ButtonConfig
    indicator: IndicatorConfig
    sound: SoundConfig
    speech: SpeechConfig
    model: ModelConfig
    reading: ReadingConfig
    history: HistoryConfig
    daemon: DaemonConfig


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
    if path is None:
        path = SYSTEM_PATH if SYSTEM_PATH.exists() else None
    return load(*([path] if path else []))


def dump(config: Config) -> str:
    """The configuration as TOML, every key of it."""
    parts = []
    for section in fields(config):
        lines = [f"[{section.name}]"]
        content = getattr(config, section.name)
        lines += [f"{key.name} = {_toml(getattr(content, key.name))}" for key in fields(content)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lay_over(values: dict[str, dict[str, Any]], path: Path, mistakes: list[str]) -> None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        mistakes.append(f"{path}: cannot be read ({error.strerror}); name a file that exists, or leave --config out")
        return
    except UnicodeDecodeError:
        mistakes.append(f"{path}: is not text in UTF-8; write it with a text editor")
        return
    except tomllib.TOMLDecodeError as error:
        mistakes.append(f"{path}: is not TOML: {error}")
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


def _section_values(
    kind: type, name: str, section: dict[str, Any], path: Path, mistakes: list[str]
) -> dict[str, Any]:
    assert is_dataclass(kind)  # noqa: S101 - for mypy: every section of Config is one
    hints = get_type_hints(kind)
    keys = {key.name: key for key in fields(kind)}
    good = {}
    for key, value in section.items():
        where = f"{path}: [{name}] {key}"
        if key not in keys:
            mistakes.append(f"{path}: [{name}] {_unknown(f'key {key}', key, list(keys))}")
            continue
        converted, mistake = _convert(value, hints[key], dict(keys[key].metadata), path.parent)
        if mistake:
            mistakes.append(f"{where} = {_toml(value)} {mistake}")
        else:
            good[key] = converted
    return good


def _convert(value: object, kind: type, limits: dict[str, Any], folder: Path) -> tuple[object, str | None]:
    """The value as its field wants it, or what is wrong with it."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    wanted = str if kind is Path else kind
    if type(value) is not wanted:
        names = {str: "text in quotes", bool: "true or false", int: "a whole number", float: "a number"}
        return None, f"is not {names[wanted]}"
    mistake = _outside(value, limits)
    if kind is Path and not mistake:
        value = folder / Path(str(value)).expanduser()
    return value, mistake


def _outside(value: Any, limits: dict[str, Any]) -> str | None:  # noqa: ANN401 - a TOML value
    if "range" in limits:
        low, high = limits["range"]
        if not low <= value <= high:
            return f"is outside {low}..{high}"
    if "choices" in limits and value not in limits["choices"]:
        names = ", ".join(f'"{name}"' for name in limits["choices"])
        nearest = difflib.get_close_matches(str(value), limits["choices"], 1)
        return f"is not one of {names}" + (f'; did you mean "{nearest[0]}"?' if nearest else "")
    return None


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
    button, light = values["button"], values["indicator"]
    if button["backend"] == light["backend"] == "gpio" and (button["chip"], button["pin"]) == (light["chip"], light["pin"]):
        found.append(f"[button] pin and [indicator] pin are both {button['pin']}; give each its own")
    return found
