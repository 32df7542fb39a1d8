"""A button pressed by a script: taps and holds at given times, for tests and for `digitbox demo --once`."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from device.config import ButtonConfig
from device.errors import ButtonError

_CLOSE_SECONDS = 1.0
_USAGE = 'expected "SECONDS tap", "SECONDS hold SECONDS" or "SECONDS quit"'


@dataclass(frozen=True, slots=True)
class Press:
    """The button goes down so long after `open` and stays down so long; a tap stays for no time."""

    at_seconds: float
    down_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """The presses in order of time, and when no more can follow."""

    presses: tuple[Press, ...]
    end_seconds: float


def parse(text: str, name: str) -> Script:
    """Read a script: one press a line, times rising, `#` begins a comment.

    Args:
        text: Lines such as "1.5 tap", "4 hold 2.0" and, perhaps, "9 quit" as the last; without it the end comes
            with the end of the last press.
        name: Of the script, for messages.

    Raises:
        ButtonError: All mistakes of the script, each with its line number.
    """
    presses: list[Press] = []
    mistakes: list[str] = []
    earliest_seconds, quit_line = 0.0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            press, earliest_seconds = _step(words, earliest_seconds, quit_line)
        except ValueError as mistake:
            mistakes.append(f"{name}:{number}: {mistake}")
            continue
        if press is None:
            quit_line = number
        else:
            presses.append(press)
    if not (presses or quit_line or mistakes):
        mistakes.append(f"{name}: no line says what to do; {_USAGE}")
    if mistakes:
        raise ButtonError("\n".join(mistakes))
    return Script(tuple(presses), earliest_seconds)


class ScriptButton:
    """Presses itself, in a thread that does not keep the program alive.

    Args:
        config: Its `script` is the file.
        wait: Waits for an event at most so many seconds, True when it came; tests give one that takes no time.
    """

    def __init__(
        self,
        config: ButtonConfig,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self._path = config.script
        self._wait = wait
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, pressed: Callable[[], None], released: Callable[[], None], ended: Callable[[], None]) -> None:
        """Read the script and begin to press; times count from here. Raises ButtonError."""
        script = parse(_text(self._path), str(self._path))
        self._closed.clear()
        self._thread = threading.Thread(
            target=self._run, args=(script, pressed, released, ended), name="button-script", daemon=True
        )
        self._thread.start()

    def check(self) -> None:
        """A script stays."""

    def close(self) -> None:
        """Report nothing more."""
        self._closed.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_SECONDS)

    def _run(
        self, script: Script, pressed: Callable[[], None], released: Callable[[], None], ended: Callable[[], None]
    ) -> None:
        steps: Iterable[tuple[float, Callable[[], None]]] = [
            *(
                step
                for press in script.presses
                for step in ((press.at_seconds, pressed), (press.at_seconds + press.down_seconds, released))
            ),
            (script.end_seconds, ended),
        ]
        reached_seconds = 0.0
        for at_seconds, report in steps:
            if self._wait(self._closed, at_seconds - reached_seconds):
                return
            reached_seconds = at_seconds
            report()


def _step(words: list[str], earliest_seconds: float, quit_line: int) -> tuple[Press | None, float]:
    """One line's press (None for quit) and the moment it is over; ValueError says what is wrong with the line."""
    if quit_line:
        raise ValueError(f"stands after the quit of line {quit_line}; nothing can follow it")
    press: Press | None = None
    match words:
        case [at, "tap"]:
            press = Press(_seconds(at))
        case [at, "hold", down]:
            press = Press(_seconds(at), _seconds(down))
        case [_, "quit"]:
            pass
        case _:
            raise ValueError(f'"{" ".join(words)}" is unknown; {_USAGE}')
    at_seconds = _seconds(words[0])
    if at_seconds < earliest_seconds:
        raise ValueError(f"{at_seconds:g} s is too early; the line before is over at {earliest_seconds:g} s")
    return press, at_seconds + (press.down_seconds if press else 0.0)


def _seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise ValueError(f'"{word}" is not a number of seconds, 0 or more')
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ButtonError(f"{path}: cannot be read ({error.strerror}); set [button] script to a script") from error
    except UnicodeDecodeError as error:
        raise ButtonError(f"{path}: is not text in UTF-8; {_USAGE}") from error
