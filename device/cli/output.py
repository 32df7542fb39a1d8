"""What commands print: answers as JSON, and what went wrong."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from contextlib import suppress
from typing import Any, TextIO

from device.errors import DigitboxError

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Output:
    """Standard output while a command runs, which says it where nothing more can be written, as on a full disk.

    Args:
        stream: What is written to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; its length. Raises DigitboxError, BrokenPipeError."""
        try:
            return self._stream.write(text)
        except OSError as error:
            raise self._given_up(error) from error

    def flush(self) -> None:
        """Hand on what was written. Raises DigitboxError, BrokenPipeError."""
        try:
            self._stream.flush()
        except OSError as error:
            raise self._given_up(error) from error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """All else is as it was."""
        return getattr(self._stream, name)

    def _given_up(self, error: OSError) -> Exception:
        """What to raise; a reader that has gone is told to nobody.

        What is still to be written goes nowhere: at its end Python would try once more, and complain by itself.
        """
        with suppress(OSError, ValueError):  # not every stream is a file
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        if isinstance(error, BrokenPipeError):
            return error
        return DigitboxError(f"standard output cannot be written ({error.strerror}); send it where there is space")


def escape_what_cannot_be_written() -> None:
    """Let standard output take any name of a file: not all are UTF-8, and one must not end the reading of the others.

    Where the locale is C, Python would pass their bytes on as they are, which is no JSON.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_json(fields: dict[str, Any]) -> None:
    """Print one object on a line of its own, at once."""
    line = json.dumps(fields, ensure_ascii=False)
    print(line if _can_be_encoded(line) else json.dumps(fields), flush=True)


def _can_be_encoded(text: str) -> bool:
    """Whether standard output takes it as it is; JSON has escapes of its own for what it does not take."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """A text with its control characters escaped: in the name of a file they would give orders to the terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def complain(error: DigitboxError, status: int) -> int:
    """Say on standard error what could not be done, line by line; the exit status that was given."""
    for line in str(error).splitlines():
        print(f"digitbox: {shown(line)}", file=sys.stderr)
    return status


def show_error(path: str, error: DigitboxError, options: argparse.Namespace) -> None:
    """Say what is wrong with a file, and that it was this one."""
    if options.json:
        print_json({"path": path, "error": str(error)})
    else:
        complain(error, 1)
