"""The command line: arguments, --json, logging, exit status; one function a command.

Exit status: 0 done, 1 something could not be done, 2 the command line or the configuration is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from device.cli.output import Output, complain, escape_what_cannot_be_written
from device.errors import CatalogueError, ConfigError, DigitboxError

log = logging.getLogger("digitbox")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. Raises KeyboardInterrupt."""
    try:
        return _run(arguments)
    except (ConfigError, CatalogueError) as error:
        return complain(error, 2)
    except DigitboxError as error:
        return complain(error, 1)
    except BrokenPipeError:
        return 1  # the reader of our output has gone; nothing can be told to anybody
    except Exception as error:  # the last resort: no traceback reaches a user
        log.debug("unforeseen", exc_info=True)
        what = f"{type(error).__name__}: {error}"
        return complain(DigitboxError(f"a mistake in digitbox, please report it ({what}); --verbose shows more"), 1)


def _run(arguments: Sequence[str] | None) -> int:
    # Here, since it loads NumPy: one that is damaged is to be no traceback either.
    from device.cli.arguments import parser

    escape_what_cannot_be_written()
    options = parser().parse_args(arguments)
    _set_up_logging(options.log_level)
    with contextlib.redirect_stdout(Output(sys.stdout) if sys.stdout else None):
        status = _command(options.command)(options)
        if sys.stdout is not None:  # closed by who started it: print() then writes nowhere
            sys.stdout.flush()
    return status


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command; see `parser`."""
    module, _, function = name.partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(import_module(f"device.cli.{module}"), function)
    return found


def _set_up_logging(level: int) -> None:
    prefix = "<%(priority)d>" if "JOURNAL_STREAM" in os.environ else ""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(prefix + "%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_with_priority)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _with_priority(record: logging.LogRecord) -> bool:
    """Let the journal know how serious a line is (sd-daemon(3))."""
    record.priority = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4}.get(record.levelno, 3)
    return True
