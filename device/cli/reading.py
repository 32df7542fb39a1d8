"""`digitbox read`: image files, and what is written in them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from device import compose, config, phrases
from device.cli.output import complain, print_json, show_error, shown
from device.cli.settings import in_force
from device.cli.speaking import speak
from device.config import Config
from device.domain import Frame, Reading
from device.errors import DigitboxError
from device.phrases import Phrase
from device.protocol import reading_as_json

if TYPE_CHECKING:
    from device.looking import Observation


def read(options: argparse.Namespace) -> int:
    """Read image files, each by itself or all as one burst."""
    settings = in_force(options.config) if options.speak else config.installed(options.config)
    catalogue = phrases.load(settings.speech.language)
    if options.explain is not None:
        from device import explain

        explain.prepare(options.explain)
    reader = compose.reader(settings)
    reader.open()
    failed, speaks = False, options.speak
    for path, frames in _bursts(options):
        if isinstance(frames, DigitboxError):
            failed = True
            show_error(path, frames, options)
            continue
        seen: list[Observation] = []
        reading = reader.read(frames, seen.append if options.explain is not None else None)
        phrase = Phrase("reading", reading)
        more = {}
        if options.explain is not None:
            said = " ".join(catalogue.utterance(phrase, number_style=settings.speech.number_style))
            more = _explained(path, seen, reading, said, options.explain)
            failed |= not more
        _show_reading(path, reading, more, options)
        if speaks and not _spoken(catalogue, phrase, settings):
            failed, speaks = True, False
    return int(failed)


def _spoken(catalogue: phrases.Catalogue, phrase: Phrase, settings: Config) -> bool:
    """Say an answer; False, and why, where that cannot be done: the answers are still printed."""
    try:
        speak(catalogue, phrase, settings)
    except DigitboxError as error:
        complain(error, 1)
        return False
    return True


def _bursts(options: argparse.Namespace) -> Iterator[tuple[str, list[Frame] | DigitboxError]]:
    """The name and the frames of each reading, or what is wrong with a file."""
    if not options.burst:
        for path, frame in _loaded(options):
            yield path, frame if isinstance(frame, DigitboxError) else [frame]
        return
    burst = list(_loaded(options))
    yield from ((path, frame) for path, frame in burst if isinstance(frame, DigitboxError))
    readable = [frame for _, frame in burst if isinstance(frame, Frame)]
    if readable:
        yield readable[0].source or "", readable


def _loaded(options: argparse.Namespace) -> Iterator[tuple[str, Frame | DigitboxError]]:
    from device import images

    for name in options.images:
        try:
            yield name, images.load(Path(name))
        except DigitboxError as error:
            yield name, error


def _explained(path: str, seen: Sequence[Observation], reading: Reading, said: str, folder: Path) -> dict[str, str]:
    """Write the picture that explains a reading; the field that names it, or none where that cannot be done."""
    from device import explain

    try:
        return {"explained": str(explain.write(explain.sheet(path, seen, reading, said), folder, path))}
    except DigitboxError as error:
        complain(error, 1)  # the answer itself is still good
        return {}


def _show_reading(path: str, reading: Reading, more: dict[str, str], options: argparse.Namespace) -> None:
    """Print one answer; `more` are fields beyond those of the reading."""
    if options.json:
        print_json({"path": path, **reading_as_json(reading, scores=options.scores), **more})
        return
    _print_reading(path, reading, scores=options.scores)
    for name, value in more.items():
        print(f"    {name}: {shown(value)}")


def _print_reading(path: str, reading: Reading, *, scores: bool) -> None:
    digits = ", ".join(f"{digit.digit} ({digit.confidence:.1%})" for digit in reading.digits)
    advice = ", ".join(advice.value.replace("_", " ") for advice in reading.advice)
    parts = [part for part in (reading.number, digits, advice) if part]
    print(f"{shown(path)}: {reading.status.value}" + (f": {'; '.join(parts)}" if parts else ""))
    if scores:
        for digit in reading.digits:
            print("    " + "  ".join(f"{number}: {score:.1%}" for number, score in enumerate(digit.scores)))
