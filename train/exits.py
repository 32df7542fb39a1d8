"""How a command of the training package ends: with its own exit status, or with one line that says what went wrong."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from device.errors import DigitboxError

STOPPED = "stopped; what was complete is kept"


def exit_status(command: Callable[[], int], prefix: str = "") -> int:
    """What a command returns; 1 after an error, or Ctrl-C, which is said in one line.

    Args:
        command: The work.
        prefix: Of that line.
    """
    try:
        return command()
    except (DigitboxError, OSError) as error:
        said = str(error)
    except KeyboardInterrupt:
        said = STOPPED
    sys.stderr.write(f"{prefix}{said}\n")
    return 1


def leave_stopping_to_parent() -> None:
    """Keep Ctrl-C from a process that works for another one: that one stops it, and says so once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
