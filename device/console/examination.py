"""What `digitbox doctor` finds, but for what the daemon holds: it says itself what is wrong with that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from device.doctor import Finding
from device.errors import DigitboxError

THE_DAEMONS = frozenset(
    {"speech", "sound", "button", "indicator", "camera", "microphone", "listening", "history", "preferences"}
)
"""Checks that open a device, which for this process would be taken or out of reach, or a file of the daemon's own."""

LIMIT_SECONDS = 60.0


class ExaminationError(DigitboxError, OSError):
    """The examination did not come to its end."""


def findings(configuration: Path | None) -> list[Finding]:
    """Examine this machine, in a process of its own. Raises ExaminationError."""
    command = [sys.executable, "-m", "device.cli", "doctor", "--json"]
    command += ["--config", str(configuration)] if configuration else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExaminationError("the examination took too long; run `digitbox doctor` on the box itself") from error
    try:
        found = [Finding(**json.loads(line)) for line in done.stdout.splitlines()]
    except (ValueError, TypeError) as error:
        raise ExaminationError("the examination failed; run `digitbox doctor` on the box itself") from error
    return [finding for finding in found if finding.check not in THE_DAEMONS]


def free_memory_bytes() -> int | None:
    """Memory that programs may still take, or None where the kernel does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
