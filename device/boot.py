"""How long the machine took from power-on until the button could be pressed, and what it waited for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from device.doctor import Finding

SERVICE = "digitbox.service"

LIMIT_SECONDS = 30.0
"""Chosen, not measured: about what a small board takes to its login; the button should not come later than that."""

WORTH_SECONDS = 0.5
"""Units of the chain that took less are not worth a line."""

ADVICE = {
    "wait-online": "sudo systemctl disable --now {unit}: it waits for a network that this box doesn't need",
    "udev-settle": "`systemctl list-dependencies --reverse {unit}` says who still asks for it: disable that",
    "cloud-": "sudo touch /etc/cloud/cloud-init.disabled: it sets up clouds",
    "fsck": "the card was checked, as after a power cut; if it is so at each start, replace the card",
    "apt-daily": "sudo systemctl disable --now apt-daily.timer apt-daily-upgrade.timer, and update by deploy/install",
}
"""Part of a unit's name -> what to do when it delays the start."""

_LIMIT_SECONDS = 20.0
_UNITS = {"min": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}


@dataclass(frozen=True, slots=True)
class Link:
    """A unit on the way to digitbox.service: when it was there, and how long it took itself."""

    unit: str
    at_seconds: float
    took_seconds: float


def examine() -> Iterator[Finding]:
    """When the button could be pressed, then every unit that it waited for and that took its time."""
    try:
        moments = _moments(_ask("systemctl", "show", SERVICE))
        chain = links(_ask("systemd-analyze", "--no-pager", "critical-chain", SERVICE))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        remedy = "ask on the box itself, once it has started: sudo systemctl status digitbox"
        yield Finding("start", False, f"systemd does not say how it started ({error})", remedy)
        return
    yield _start(*moments)
    for link in sorted(chain, key=lambda link: -link.took_seconds):
        if link.took_seconds >= WORTH_SECONDS and link.unit != SERVICE:
            advice = _advice(link.unit)
            message = f"{link.unit} took {link.took_seconds:.1f} s and was done {link.at_seconds:.1f} s after power-on"
            yield Finding("delay", advice is None, message, advice)


def links(answer: str) -> list[Link]:
    """The chain that `systemd-analyze critical-chain` draws, the last unit first."""
    found = re.findall(r"^[^\w/@-]*([\w@:.\\-]+\.[a-z]+) @([\w. ]+?)(?: \+([\w. ]+))?$", answer, re.MULTILINE)
    return [Link(unit, seconds(at) + seconds(took), seconds(took)) for unit, at, took in found]


def seconds(text: str) -> float:
    """A time as systemd writes it, such as "1min 2.5s"; 0 for nothing."""
    return sum(float(value) * _UNITS[unit] for value, unit in re.findall(r"([\d.]+)(min|ms|us|s)", text))


def _moments(answer: str) -> tuple[float, float]:
    """Seconds since the kernel began to run: when the daemon began, and when it was ready. Raises ValueError."""
    shown = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    begun, ready = (int(shown.get(f"{name}TimestampMonotonic", 0)) / 1e6 for name in ("InactiveExit", "ActiveEnter"))
    if not ready:
        raise ValueError(f"{SERVICE} has never been ready")
    return begun, ready


def _start(begun: float, ready: float) -> Finding:
    message = (
        f"the button could be pressed {ready:.1f} s after power-on (without the firmware's part): "
        f"digitbox began at {begun:.1f} s and took {ready - begun:.1f} s"
    )
    if ready <= LIMIT_SECONDS:
        return Finding("start", True, message)
    remedy = "see the units below; after a restart of digitbox alone these figures mean nothing"
    return Finding("start", False, message, remedy)


def _advice(unit: str) -> str | None:
    return next((text.format(unit=unit) for part, text in ADVICE.items() if part in unit), None)


def _ask(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"{command[0]} failed without a word"
        raise ValueError(said.splitlines()[0])
    return done.stdout
