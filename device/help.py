"""Says that the box needs help and blinks, after the daemon has failed for good.

A program of its own, run by digitbox-help.service from /usr/local/lib/digitbox with the system's Python: whatever broke
the installed release must not break this. So it needs the standard library only, believes no file, and asks the kernel
for the LED itself. Beside it lie copies of default.toml and of the catalogues.
"""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONFIGURATION = Path("/etc/digitbox/digitbox.toml")
CARDS = Path("/proc/asound")

SAY_AT_SECONDS = (0.0, 60.0, 600.0)
"""Thrice, ever later: somebody may have been out of the room, and nobody wants to hear it all night. It blinks on."""

HALF_PERIOD_SECONDS = 0.1
"""Fast blinking, as the daemon shows a fault."""

_SPEECH_LIMIT_SECONDS = 20.0
_WRONG_CONFIGURATION = "2"
"""The daemon's exit status for it (product.md, "The command line")."""

_LAST_RESORT = "I need help."
"""When there is no catalogue to take the sentence from."""

# linux/gpio.h, second version of the interface: a request is 64 offsets, the consumer's name, a configuration (flags,
# count of attributes, padding, ten attributes of 24 bytes), count of lines, buffer size, padding and the descriptor.
_REQUEST = struct.Struct("=64I32sQI20x240xII20xi")
_GET_LINE = 0xC250B407
_VALUES = struct.Struct("=QQ")
_SET_VALUES = 0xC010B40F
_OUTPUT = 1 << 3


class Led:
    """One line of a gpiochip, as an output; OSError where there is none or another program has it."""

    def __init__(self, chip: int, pin: int) -> None:
        device = os.open(f"/dev/gpiochip{chip}", os.O_RDWR | os.O_CLOEXEC)
        try:
            request = _REQUEST.pack(*(pin, *[0] * 63), b"digitbox-help", _OUTPUT, 0, 1, 0, -1)
            self._line: int = _REQUEST.unpack(fcntl.ioctl(device, _GET_LINE, request))[-1]
        finally:
            os.close(device)

    def show(self, *, lit: bool) -> None:
        """Light it or not. Raises OSError."""
        fcntl.ioctl(self._line, _SET_VALUES, _VALUES.pack(int(lit), 1))


def table(path: Path) -> Mapping[str, Any]:
    """A TOML file, or nothing where it can't be read."""
    with suppress(OSError, ValueError):
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return {}


class Settings:
    """Single values of the installed configuration; where that is damaged, of the shipped one."""

    def __init__(self, installed: Path = CONFIGURATION, shipped: Path = HERE / "default.toml") -> None:
        self._tables = (table(installed), table(shipped))

    def value(self, section: str, key: str, kind: type[Any]) -> Any:  # noqa: ANN401 - `kind` says what it is
        """The first value that is of the kind, else the kind's empty one (0, "")."""
        for content in self._tables:
            keys = content.get(section)
            if isinstance(keys, Mapping) and type(keys.get(key)) is kind:
                return keys[key]
        return kind()


def sentence(settings: Settings, exit_status: str, catalogues: Path = HERE / "languages") -> tuple[str, str]:
    """The voice to speak with and what to say, for the exit status with which the daemon ended last."""
    content = table(catalogues / f"{Path(settings.value('speech', 'language', str) or 'en').name}.toml")
    voice = settings.value("speech", "voice", str) or content.get("voice")
    said = content.get("out_of_order", {})
    words = [said.get("needs_help", _LAST_RESORT)]
    if exit_status == _WRONG_CONFIGURATION and "wrong_configuration" in said:
        words.append(said["wrong_configuration"])
    return (voice if isinstance(voice, str) else "en"), " ".join(words)


def say(settings: Settings, voice: str, text: str) -> None:
    """Speak, through the configured card or into the configured folder; in silence where that can't be."""
    speak = ["espeak-ng", "-v", voice, "--stdout", "--", text]
    try:
        sound = subprocess.run(speak, capture_output=True, timeout=_SPEECH_LIMIT_SECONDS, check=True).stdout
        if settings.value("sound", "backend", str) == "wav":
            Path(settings.value("sound", "folder", str), "help.wav").write_bytes(sound)
            return
        _play(sound, settings.value("sound", "card", str) or "default")
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"digitbox: could not say {text!r}: {error}\n")


def _play(sound: bytes, card: str) -> None:
    """Through the first of its devices that plays. Raises OSError, subprocess.SubprocessError for the last."""
    devices = _devices(card)
    for device in devices:
        try:
            subprocess.run(["aplay", "-q", "-D", device], input=sound, timeout=_SPEECH_LIMIT_SECONDS, check=True)
        except subprocess.SubprocessError:
            if device == devices[-1]:
                raise
        else:
            return


def _devices(card: str) -> list[str]:
    """As adapters/player_alsa.py: a card's bare name is no ALSA device, and "default" may be a microphone today."""
    if card != "default":
        return [f"plughw:CARD={card}" if (CARDS / card).is_symlink() else card]
    names = sorted({path.parent.name for path in CARDS.glob("*/pcm*p") if path.parent.is_symlink()})
    return [card, *(f"plughw:CARD={name}" for name in sorted(names, key=lambda name: "hdmi" in name.lower()))]


def _light(settings: Settings) -> Callable[[bool], None]:
    """What shows the LED lit or dark; nothing at all where there is none."""
    if settings.value("indicator", "backend", str) == "none":
        return lambda lit: None
    try:
        led = Led(settings.value("indicator", "chip", int), settings.value("indicator", "pin", int))
    except (OSError, struct.error) as error:  # a number that no pin and no chip has
        sys.stderr.write(f"digitbox: the status light can't blink: {error}\n")
        return lambda lit: None

    def show(lit: bool) -> None:
        with suppress(OSError):
            led.show(lit=lit)

    return show


def main() -> int:
    """Never returns by itself: systemd ends it when the daemon starts again."""
    settings = Settings()
    voice, text = sentence(settings, os.environ.get("MONITOR_EXIT_STATUS", ""))
    show, begin, said = _light(settings), time.monotonic(), 0
    while True:
        show(True)
        if said < len(SAY_AT_SECONDS) and time.monotonic() - begin >= SAY_AT_SECONDS[said]:
            said += 1
            say(settings, voice, text)
        time.sleep(HALF_PERIOD_SECONDS)
        show(False)
        time.sleep(HALF_PERIOD_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
