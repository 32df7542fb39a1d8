"""Says whether this release can work on this machine: what `digitbox doctor` checks, and a reading of a known picture.

A program of its own, run by device/release.py as the daemon's user while the daemon is stopped:

    python -m device.health [--config FILE]

One JSON object a line, `digitbox doctor`'s fields and `software`: whether the release itself is at fault rather than
what is plugged in. Exit status 0 when all of the software is well.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from device import compose, config, doctor
from device.doctor import Finding
from device.errors import DigitboxError

SOFTWARE = frozenset({"configuration", "packages", "model", "speech", "reading"})
"""Without these no release may stay; the others may be missing on a bench, and then were missing before as well."""

KNOWN_PICTURE = compose.PACKAGE / "pictures" / "05-427.jpg"
KNOWN_NUMBER = "427"


def examine(path: Path | None) -> Iterator[Finding]:
    """The doctor's findings, then that of the reading; `path` is the configuration file, None the installed one."""
    yield from doctor.examine(path)
    try:
        yield _reading(config.installed(path))
    except DigitboxError as error:
        message, _, remedy = str(error).partition("; ")
        yield Finding("reading", False, message, remedy or "install this release again")


def _reading(settings: config.Config) -> Finding:
    from device import images

    reader = compose.reader(settings)
    reader.open()
    reading = reader.read([images.load(KNOWN_PICTURE)])
    answer = f"{reading.status.value} {reading.number}".strip()
    if (reading.status.value, reading.number) != ("ok", KNOWN_NUMBER):
        return Finding("reading", False, f'"{KNOWN_NUMBER}" is read as "{answer}"', "install this release again")
    return Finding("reading", True, f'"{KNOWN_NUMBER}" is read in {reading.elapsed_ms:.0f} ms')


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m device.health", description="Can this release work here?")
    parser.add_argument("--config", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    well = True
    for finding in examine(options.config):
        software = finding.check in SOFTWARE
        well &= finding.ok or not software
        sys.stdout.write(json.dumps({**asdict(finding), "software": software}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
