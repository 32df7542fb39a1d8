"""A day of presses in a container, with every system call of the daemon that opens anything written down by strace.

DIGITBOX_DAY_SECONDS says how long it takes; an hour has as many presses as a busy day.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from container import CONTAINER, REPOSITORY, Box, run, soon, why_not

DAY_SECONDS = float(os.environ.get("DIGITBOX_DAY_SECONDS", "600"))
ROUND_SECONDS = 50.0
TAPS = [5.0 * number for number in range(8)]
HOLD = (41.0, 3.0)
"""Eight taps and a spoken command in each round, each once the answer before it is over, for a press while it speaks
silences it and reads nothing. At a load of 12 on two cores 3 s were too short for 15 of 400 taps; 5 s leave room. A
hold of 1.5 s was over once in 72 times before a starved aplay had played the tone after which it listens."""

COMMANDS = ("louder", "quieter")
"""Obeyed in turn, each with a word and a write of the preferences."""

FIRST_SECONDS = 20.0
WARM = 0.2
"""After this part of the day every picture, phrase and cache has been used."""

WRITABLE = (
    "/var/lib/digitbox/history.sqlite3",
    "/var/lib/digitbox/preferences.toml.part",
    "/var/lib/digitbox/phrases/",
    "/var/lib/digitbox/heard.wav",
    "/run/digitbox/",
    "/dev/null",
    "/proc/self/",
)
"""What may be opened for writing: history, preferences, what it says itself, the file that stands for the sound card.
None of it holds what was heard."""

WRITTEN = re.compile(
    r'\bopen(?:at)?\((?:\w+, )?"([^"]+)", [^)\n]*O_(?:WRONLY|RDWR|CREAT)[^\n]*(?: = \d|<unfinished \.\.\.>)'
)
"""A path opened for writing, as strace writes it; an interrupted call counts, whatever came of it."""

pytestmark = pytest.mark.long


def rounds() -> int:
    """How many fit."""
    return max(2, int(DAY_SECONDS / ROUND_SECONDS))


def script() -> str:
    """The button's, for the whole day."""
    lines = []
    for number in range(rounds()):
        begin = FIRST_SECONDS + number * ROUND_SECONDS
        lines += [f"{begin + tap:g} tap" for tap in TAPS]
        lines.append(f"{begin + HOLD[0]:g} hold {HOLD[1]:g}")
    return "\n".join([*lines, "100000 quit", ""])


def outer_pid(box: Box) -> int:
    """The daemon, as this machine numbers it: the process whose innermost number is the one that systemd has."""
    inner = box.shell("systemctl show -p MainPID --value digitbox").strip()
    wanted = Path(f"/proc/{box.container('leader').strip()}/ns/pid").readlink()
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            found = re.search(r"^NSpid:.*\t(\d+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            if found and found[1] == inner and (path.parent / "ns/pid").readlink() == wanted:
                return int(path.parent.name)
        except OSError:
            continue
    raise AssertionError("the daemon is not there")


@contextmanager
def traced(pid: int, file: Path) -> Iterator[None]:
    """What it and its children open, and which sockets they make, in a file."""
    calls = "trace=socket,socketpair,open,openat,creat,execve"
    strace = subprocess.Popen(
        ["strace", "-f", "-qq", "-ttt", "-s", "200", "-e", calls, "-o", str(file), "-p", str(pid)],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        assert strace.poll() is None, "strace has ended"
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait(20)


def figures(box: Box) -> dict[str, int]:
    """Of the running daemon: presses it answered, commands it heard, memory, open files."""
    text = box.shell(
        """
        pid=$(systemctl show -p MainPID --value digitbox)
        journalctl -u digitbox -o cat _PID=$pid > /tmp/day
        grep -c 'reading: ' /tmp/day
        grep -cE 'heard: (louder|quieter)' /tmp/day
        sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/$pid/status
        ls /proc/$pid/fd | wc -l
        systemctl show -p NRestarts --value digitbox"""
    )
    return dict(zip(("readings", "commands", "rss_kb", "files", "restarts"), map(int, text.split()), strict=True))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box with a microphone that hears recordings."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("day")
    microphone = {"microphone": {"backend": "wav", "folder": "/srv/recordings"}}
    box = Box(folder, microphone)
    box.environ |= {"BOX": f"day{os.getpid()}"}
    try:
        box.prepare()
        box.do("tee", "/srv/button.txt", text="100000 quit\n")
        box.do("mkdir", "/srv/recordings")
        for number, words in enumerate(COMMANDS):
            wav = folder / f"{number}.wav"
            subprocess.run(
                [sys.executable, "-m", "device.cli", "say", words, "--wav", str(wav)], cwd=REPOSITORY, check=True
            )
            with wav.open("rb") as sound:
                into = [CONTAINER, "exec", "tee", f"/srv/recordings/{wav.name}"]
                subprocess.run(into, env=box.environ, stdin=sound, stdout=subprocess.DEVNULL, check=True)
        assert box.install()["failed"] == 0
        yield box
    finally:
        run([CONTAINER, "stop"], env=box.environ)


def test_a_day_of_presses(day, tmp_path, record_property):
    """None is missed; neither memory nor open files run away; no socket but local ones; nothing heard is written."""
    day.do("tee", "/srv/button.txt", text=script())
    day.do("systemctl", "restart", "digitbox")
    trace = tmp_path / "trace"
    begin = time.monotonic()
    with traced(outer_pid(day), trace):
        time.sleep(max(0.0, FIRST_SECONDS + WARM * rounds() * ROUND_SECONDS - (time.monotonic() - begin)))
        early = figures(day)
        time.sleep(max(0.0, FIRST_SECONDS + rounds() * ROUND_SECONDS + 10 - (time.monotonic() - begin)))
        late = figures(day)
    calls = trace.read_text(encoding="utf-8", errors="replace")
    sockets = re.findall(r"\bsocket(?:pair)?\((\w+).* = (-?\d+)", calls)
    made = [family for family, descriptor in sockets if int(descriptor) >= 0]
    written = set(WRITTEN.findall(calls))
    for name, value in {
        **late,
        "sockets": len(made),
        "sockets_refused": len(sockets) - len(made),
        "paths_written": len(written),
    }.items():
        record_property(f"day_{name}", value)
    record_property("day_rss_growth_percent", round(100 * (late["rss_kb"] / early["rss_kb"] - 1), 2))
    assert (late["readings"], late["commands"]) == (rounds() * len(TAPS), rounds())
    assert late["restarts"] == 0
    assert late["files"] <= early["files"]
    assert late["rss_kb"] < early["rss_kb"] * 1.01
    assert set(made) <= {"AF_UNIX"}
    assert [path for path in sorted(written) if not path.startswith(WRITABLE)] == []
    assert "arecord" not in calls


def test_a_hung_sound_device_is_given_up_and_comes_back(day, record_property):
    """The card's driver blocks for ever: it is given up, and used again once it answers."""
    day.do("tee", "/srv/button.txt", text="3 tap\n9 tap\n15 tap\n21 tap\n27 tap\n33 tap\n100000 quit\n")
    day.shell("rm -f /var/lib/digitbox/heard.wav")
    day.do("systemctl", "restart", "digitbox")
    soon(lambda: day.shell("ls /var/lib/digitbox/heard.wav 2>/dev/null || true").strip(), "a sound")
    day.shell("rm -f /var/lib/digitbox/heard.wav; mkfifo -m 666 /var/lib/digitbox/heard.wav")
    status = "systemctl show -p StatusText --value digitbox"
    begin = time.monotonic()
    soon(lambda: "sound" in day.shell(status), "the loss of the card")
    record_property("hung_sound_given_up_seconds", round(time.monotonic() - begin, 1))
    day.shell("rm -f /var/lib/digitbox/heard.wav")
    begin = time.monotonic()
    soon(lambda: "sound" not in day.shell(status), "the card's return")
    record_property("hung_sound_back_seconds", round(time.monotonic() - begin, 1))
    assert day.shell("systemctl show -p NRestarts --value digitbox").strip() == "0"
