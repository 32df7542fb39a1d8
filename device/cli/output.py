"""What commands print: answers as JSON, and what went wrong."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from device.errors import DigitboxError


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
