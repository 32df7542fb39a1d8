"""What commands print: answers as JSON, and what went wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from device.errors import DigitboxError


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


def print_json(fields: dict[str, Any]) -> None:
    """Print one object on a line of its own, at once."""
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def complain(error: DigitboxError, status: int) -> int:
    """Say on standard error what could not be done, line by line; the exit status that was given."""
    for line in str(error).splitlines():
        print(f"digitbox: {line}", file=sys.stderr)
    return status


def show_error(path: str, error: DigitboxError, options: argparse.Namespace) -> None:
    """Say what is wrong with a file, and that it was this one."""
    if options.json:
        print_json({"path": path, "error": str(error)})
    else:
        complain(error, 1)
