"""What a Pi gets, run here: a release built in a Debian for aarch64, whose programs qemu-user runs one by one.

Speed means nothing there; digits, scores and words must be the ones of this machine.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from container import MACHINES, REPOSITORY

ARM64 = str(MACHINES / "arm64.sh")
PICTURES = sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "device" / "pictures").glob("*.jpg"))
COMMANDS = ["read", "history", "louder", "what is this"]
SEEN_AS = Path("/srv/digitbox")
"""Where arm64.sh shows this repository, read only."""

LIMIT_SECONDS = 3000.0
SCORE_TOLERANCE = 0.02
"""Scores are multiples of the int8 model's 1/256; other builds of libvips and OpenCV may round a pixel otherwise."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can build a machine; sudo tests/run --long"),
    pytest.mark.skipif(platform.machine() == "aarch64", reason="this is such a machine: test_container.py shows it"),
]


class There:
    """A release in the root of one Debian."""

    def __init__(self, suite: str) -> None:
        self._environ = {**os.environ, "SUITE": suite}
        self.release = self.run("release").decode().strip()
        self.lgpio = ", lgpio" if suite == "bookworm" else ""  # for 13 only Raspberry Pi's archive has it

    def run(self, *words: str) -> bytes:
        """What arm64.sh prints; a failure is the test's."""
        done = subprocess.run(
            [ARM64, *words], cwd=REPOSITORY, env=self._environ, capture_output=True, timeout=LIMIT_SECONDS, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout[-3000:]!r}{done.stderr[-2000:]!r}"
        return done.stdout

    def program(self, name: str, *words: str) -> str:
        """What a program of the release prints."""
        return self.run("exec", f"{self.release}/bin/{name}", *words).decode()


def here(*words: str) -> str:
    """What `digitbox` prints on this machine's processor."""
    done = subprocess.run(
        [sys.executable, "-m", "device.cli", *words], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout


def comparable(lines: str) -> list[dict[str, object]]:
    """Each line without what tells of the machine."""
    answers = [json.loads(line) for line in lines.splitlines()]
    for answer in answers:
        answer["path"] = Path(answer["path"]).name
        del answer["elapsed_ms"]
    return answers


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def there(request: pytest.FixtureRequest) -> There:
    """Python 3.11 with tflite-runtime, and Python 3.13 with ai-edge-litert: by pip in there, from the locked wheels."""
    return There(request.param)


def test_the_programs_are_the_pis_own(there):
    """Else nothing below means anything."""
    code = f"import platform, cv2, numpy, vosk, pyvips, gpiozero{there.lgpio}; print(platform.machine())"
    assert there.program("python", "-I", "-c", code).strip() == "aarch64"


def test_pictures_are_read_as_here(there, record_property):
    """The bundled ones: status, number, digits, boxes; and the ten scores of each digit."""
    words = ("read", "--json", "--scores")
    found = comparable(there.program("digitbox", *words, *(str(SEEN_AS / path) for path in PICTURES)))
    expected = comparable(here(*words, *map(str, PICTURES)))
    record_property("identical", sum(one == other for one, other in zip(found, expected, strict=True)))
    for one, other in zip(found, expected, strict=True):
        assert (one["path"], one["status"], one["number"]) == (other["path"], other["status"], other["number"])
        for digit, known in zip(one["digits"], other["digits"], strict=True):
            assert (digit["digit"], digit["box"]) == (known["digit"], known["box"])
            assert digit["scores"] == pytest.approx(known["scores"], abs=SCORE_TOLERANCE)


def test_speech_is_made_and_understood(there, tmp_path):
    """What eSpeak NG says on aarch64, Vosk hears on aarch64, and as it does here."""
    inside, names = "/srv/said", [f"{number}.wav" for number in range(len(COMMANDS))]
    there.run("exec", "mkdir", "-p", inside)
    for name, text in zip(names, COMMANDS, strict=True):
        there.program("digitbox", "say", text, "--wav", f"{inside}/{name}")
        (tmp_path / name).write_bytes(there.run("exec", "cat", f"{inside}/{name}"))
    found = comparable(there.program("digitbox", "listen", "--json", *(f"{inside}/{name}" for name in names)))
    expected = comparable(here("listen", "--json", *(str(tmp_path / name) for name in names)))
    assert [(one["text"], one["command"]) for one in found] == [(one["text"], one["command"]) for one in expected]
    assert sum(one["command"] is not None for one in found) >= len(COMMANDS) / 2
