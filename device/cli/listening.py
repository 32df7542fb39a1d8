"""`digitbox listen`: recordings, and the commands understood in them."""

from __future__ import annotations

import argparse
import contextlib
import time
from pathlib import Path

from device import compose, config
from device.cli.output import print_json, show_error, shown
from device.domain import Context, Heard
from device.errors import DigitboxError


def listen(options: argparse.Namespace) -> int:
    """Understand recordings of spoken commands."""
    from device import sounds

    context = Context(options.context) if options.context else None
    settings = config.installed(options.config)
    recognizer = compose.recognizer(settings)
    recognizer.open()
    failed = False
    with contextlib.closing(recognizer):
        listener = compose.listener(settings, recognizer)
        for name in options.recordings:
            started = time.monotonic()
            try:
                sound = sounds.load(Path(name))
                heard = listener.listen(sounds.chunks(sound, sounds.RATE_HZ), context, options.read)
            except DigitboxError as error:
                failed = True
                show_error(name, error, options)
                continue
            _show_heard(name, heard, 1000.0 * (time.monotonic() - started), options)
    return int(failed)


def _show_heard(path: str, heard: Heard, elapsed_ms: float, options: argparse.Namespace) -> None:
    command = heard.command
    if options.json:
        print_json(
            {
                "path": path,
                "text": heard.text,
                "command": command.command.value if command else None,
                "arguments": command.arguments if command else {},
                "confidence": round(heard.confidence, 4),
                "elapsed_ms": round(elapsed_ms, 1),
            }
        )
        return
    arguments = "".join(f" {value}" for value in command.arguments.values()) if command else ""
    meant = f"{command.command.value}{arguments} ({heard.confidence:.2f})" if command else "not understood"
    print(f'{shown(path)}: {meant}, heard "{heard.text}"', flush=True)
