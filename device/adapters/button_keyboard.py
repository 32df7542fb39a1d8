"""The Enter key as the button, for a laptop."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from typing import TextIO

from device.errors import ButtonError

log = logging.getLogger(__name__)

_IDLE_SECONDS = 60.0
"""Every wait has a limit; a keyboard nobody touches is looked at once a minute."""

_CLOSE_SECONDS = 1.0


class KeyboardButton:
    """Enter is a tap, `h` Enter begins a hold that the next Enter ends, `q` Enter or the end of input ends it all.

    Args:
        stream: What is read, by its file descriptor: a terminal, a pipe or a file; it stays open.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._thread: threading.Thread | None = None
        self._wake_fd: int | None = None

    def open(self, pressed: Callable[[], None], released: Callable[[], None], ended: Callable[[], None]) -> None:
        """Begin to read lines, in a thread that does not keep the program alive. Raises ButtonError."""
        try:
            fd = self._stream.fileno()
        except (AttributeError, OSError, ValueError) as error:
            raise ButtonError("standard input is closed; start digitbox from a terminal") from error
        wake_fd, self._wake_fd = os.pipe()
        lines = _Lines(pressed, released)
        self._thread = threading.Thread(
            target=_read, args=(fd, wake_fd, lines, ended), name="button-keyboard", daemon=True
        )
        self._thread.start()

    def check(self) -> None:
        """What it reads says by itself when it is at its end."""

    def close(self) -> None:
        """Report nothing more."""
        wake_fd, self._wake_fd = self._wake_fd, None
        thread, self._thread = self._thread, None
        if wake_fd is not None:
            os.close(wake_fd)  # the other end becomes readable
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_SECONDS)


class _Lines:
    """What a line means, given whether a hold is under way."""

    def __init__(self, pressed: Callable[[], None], released: Callable[[], None]) -> None:
        self._pressed = pressed
        self._released = released
        self._holding = False

    def take(self, line: str) -> bool:
        """Report what the line means; False when it is the last."""
        word = line.strip().lower()
        if word == "q" or self._holding:
            self.let_go()
        elif word == "h":
            self._holding = True
            self._pressed()
        elif word == "":
            self._pressed()
            self._released()
        else:
            log.warning("the keyboard button knows no %r: Enter taps, h Enter holds, q Enter quits", word)
        return word != "q"

    def let_go(self) -> None:
        """End a hold, if one is under way."""
        if self._holding:
            self._holding = False
            self._released()


def _read(fd: int, wake_fd: int, lines: _Lines, ended: Callable[[], None]) -> None:
    """Read until the last line or until `wake_fd` is hung up."""
    rest = b""
    try:
        while True:
            ready, _, _ = select.select([fd, wake_fd], [], [], _IDLE_SECONDS)
            if wake_fd in ready:
                return
            if fd not in ready:
                continue
            data = _available(fd)
            *whole, rest = (rest + data).split(b"\n")
            if not all(lines.take(line.decode("utf-8", "replace")) for line in whole):
                break
            if not data:
                lines.let_go()
                break
        ended()
    finally:
        os.close(wake_fd)


def _available(fd: int) -> bytes:
    """What can be read without waiting; nothing at the end, or when the terminal has gone."""
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""
