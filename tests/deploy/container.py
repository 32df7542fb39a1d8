"""What the tests of a whole box share: a container to install into, waiting, and ears for what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import wave
from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

REPOSITORY = Path(__file__).parents[2]
MACHINES = REPOSITORY / "tests" / "machines"
CONTAINER = str(MACHINES / "container.sh")
RELEASE = ("/usr/bin/python3", "-I", "/usr/local/lib/digitbox/release.py")
MODEL = REPOSITORY / "device" / "models" / "vosk-tiny-en"
KNOBS: dict[str, Any] = {
    "digitbox_camera": "files",
    "digitbox_configuration": {
        "button": {"backend": "script", "script": "/srv/button.txt"},
        "indicator": {"backend": "none"},
    },
    "base_overlays": ["dtoverlay=imx519", "dtoverlay=hifiberry-dac"],
    "base_reboot": False,
}
"""No camera, button or LED here; the sound goes through aplay and ALSA into a file (asound.conf)."""

CMDLINE = "console=tty1 root=PARTUUID=1234 rootwait\n"
CONFIG = "camera_auto_detect=1\n[pi5]\ndtparam=x\n"
"""What a Pi's firmware partition would hold."""

PRESSES = "6 tap\n100000 quit\n"
ANSWERS = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
LIMIT_SECONDS = 900.0
SOON_SECONDS = 90.0

NOTHING_TO_BOOT = "this machine lets no container boot: "


def run(command: Sequence[str], **more) -> subprocess.CompletedProcess[str]:
    """A command whose words are kept for the message of a failure."""
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False, **more
    )


def why_not() -> str | None:
    """Why no container can boot here, where that is the machine's doing; a missing package is not."""
    if os.geteuid() != 0:
        return "only root can boot a container; sudo tests/run"
    probe = run(["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"])
    if probe.returncode:
        return f"{NOTHING_TO_BOOT}no namespaces or no mounts ({probe.stderr.strip()})"
    for folder in (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        made = folder / "digitbox-probe"
        try:
            made.mkdir()
            made.rmdir()
        except OSError:
            continue
        return None
    return f"{NOTHING_TO_BOOT}no control group can be made"


class Box:
    """The container, by what container.sh can do with it; more sections of its configuration and knobs may be given."""

    def __init__(
        self, folder: Path, sections: Mapping[str, Mapping[str, object]] = MappingProxyType({}), **knobs: object
    ) -> None:
        self.environ = {**os.environ, "BOX": f"box{os.getpid()}"}
        self.ssh = folder / "ssh.conf"
        self.knobs = folder / "knobs.json"
        configuration = {**KNOBS["digitbox_configuration"], **sections}
        self.knobs.write_text(json.dumps({**KNOBS, "digitbox_configuration": configuration, **knobs}), encoding="utf-8")

    def container(self, *words: str, text: str | None = None) -> str:
        """What container.sh prints; a failure is the test's."""
        done = run([CONTAINER, *words], env=self.environ, input=text)
        assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def prepare(self) -> None:
        """Boot it, with a sound card that writes files and a script that presses."""
        self.container("start")
        self.ssh.write_text(self.container("ssh-config"), encoding="utf-8")
        self.do("tee", "/etc/asound.conf", text=(MACHINES / "asound.conf").read_text(encoding="utf-8"))
        self.do("tee", "/srv/button.txt", text=PRESSES)
        self.do("mkdir", "/boot/firmware")
        self.do("tee", "/boot/firmware/config.txt", text=CONFIG)
        self.do("tee", "/boot/firmware/cmdline.txt", text=CMDLINE)

    def do(self, *words: str, text: str | None = None) -> str:
        """What a command in the box prints."""
        return self.container("exec", *words, text=text)

    def shell(self, script: str) -> str:
        """What a line of shell in the box prints."""
        return self.do("sh", "-c", script)

    def installer(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the installer to its end, good or bad."""
        return run(["deploy/install", "box", "-e", f"@{self.knobs}", *words], env=self.installing())

    def installing(self) -> dict[str, str]:
        """The environment of the installer, whose "box" this is."""
        return {**self.environ, "DIGITBOX_SSH_CONFIG": str(self.ssh), "ANSIBLE_FORCE_COLOR": "0"}

    def install(self, *words: str) -> dict[str, int]:
        """Run the installer and count what it did."""
        done = self.installer(*words)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        (recap,) = re.findall(r"^box +: (.*)$", done.stdout, re.MULTILINE)
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", recap)}

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run release.py in the box."""
        return run([CONTAINER, "exec", *RELEASE, *words], env=self.environ)

    def current(self) -> str:
        """The release in use."""
        return self.do("readlink", "/opt/digitbox/current").strip().rpartition("/")[2]

    def is_active(self, unit: str = "digitbox.service") -> bool:
        """Whether systemd says so."""
        return self.shell(f"systemctl is-active {unit} || true").strip() == "active"

    def heard(self) -> bytes:
        """The WAV file of what was played last."""
        done = subprocess.run(
            [CONTAINER, "exec", "cat", "/var/lib/digitbox/heard.wav"],
            env=self.environ,
            capture_output=True,
            check=False,
        )
        return done.stdout


def soon(holds, what: str, limit_seconds: float = SOON_SECONDS):
    """Wait until it holds, and return that."""
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {limit_seconds:g} s: {what}")


def words_in(wav: bytes) -> set[str]:
    """The digits that a speech recognizer hears; none in half a file."""
    try:
        with wave.open(BytesIO(wav)) as sound:
            rate_hz, channels = sound.getframerate(), sound.getnchannels()
            return words_in_samples(sound.readframes(sound.getnframes()), rate_hz=rate_hz, channels=channels)
    except (wave.Error, EOFError):
        return set()


def words_in_samples(
    samples: bytes, *, rate_hz: int, channels: int, words: Collection[str] = frozenset(ANSWERS)
) -> set[str]:
    """The same, or other words, in 16-bit samples, of which the first channel is heard."""
    import vosk

    vosk.SetLogLevel(-1)
    if channels == 2:
        samples = b"".join(samples[at : at + 2] for at in range(0, len(samples), 4))
    recognizer = vosk.KaldiRecognizer(vosk.Model(str(MODEL)), float(rate_hz), json.dumps([*sorted(words), "[unk]"]))
    recognizer.AcceptWaveform(samples + bytes(rate_hz))
    return set(json.loads(recognizer.FinalResult())["text"].split())
