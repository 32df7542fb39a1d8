"""The real playbook, through Ansible's own ssh, into a fresh Debian with a running systemd: a press, an answer.

The tests build on each other, in order: each finds the box as the one before left it. A root is built once and kept in
.appliance (DIGITBOX_MACHINES names another folder); what happens to it happens in memory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import wave
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MACHINES = REPOSITORY / "tests" / "machines"
CONTAINER = str(MACHINES / "container.sh")
RELEASE = ("/usr/bin/python3", "-I", "/usr/local/lib/digitbox/release.py")
MODEL = REPOSITORY / "device" / "models" / "vosk-tiny-en"
KNOBS = {
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
    """The container, by what container.sh can do with it."""

    def __init__(self, folder: Path) -> None:
        self.environ = {**os.environ, "BOX": f"box{os.getpid()}"}
        self.ssh = folder / "ssh.conf"
        self.knobs = folder / "knobs.json"
        self.knobs.write_text(json.dumps(KNOBS), encoding="utf-8")

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
        environ = {**self.environ, "DIGITBOX_SSH_CONFIG": str(self.ssh), "ANSIBLE_FORCE_COLOR": "0"}
        return run(["deploy/install", "box", "-e", f"@{self.knobs}", *words], env=environ)

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


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A fresh Debian, as far as ssh."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    missing = [program for program in ("systemd-nspawn", "mmdebstrap", "nsenter", "ssh") if not shutil.which(program)]
    assert not missing, f"tests/run installs what has {', '.join(missing)}"
    made = Box(tmp_path_factory.mktemp("box"))
    try:
        made.prepare()
        yield made
    finally:
        run([CONTAINER, "stop"], env=made.environ)


def soon(holds, what: str):
    """Wait until it holds, and return that."""
    end = time.monotonic() + SOON_SECONDS
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {SOON_SECONDS:g} s: {what}")


def words_in(wav: bytes) -> set[str]:
    """What a speech recognizer hears; nothing in half a file."""
    import vosk

    vosk.SetLogLevel(-1)
    try:
        with wave.open(BytesIO(wav)) as sound:
            rate_hz, frames = sound.getframerate(), sound.readframes(sound.getnframes())
            if sound.getnchannels() == 2:
                frames = b"".join(frames[at : at + 2] for at in range(0, len(frames), 4))
    except (wave.Error, EOFError):
        return set()
    recognizer = vosk.KaldiRecognizer(vosk.Model(str(MODEL)), float(rate_hz), json.dumps([*sorted(ANSWERS), "[unk]"]))
    recognizer.AcceptWaveform(frames + bytes(rate_hz))
    return set(json.loads(recognizer.FinalResult())["text"].split())


@pytest.mark.long
def test_a_rehearsal_says_what_it_would_do(box):
    """On a bare Debian, where most of what later steps need isn't there."""
    counted = box.install("--check")
    assert counted["failed"] == 0
    assert counted["changed"] > 5
    assert box.shell("ls /opt").strip() == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"base_architecture": {"rc": 0, "stdout": "armhf"}}, r"Debian 12.*\(armhf\).* needs Raspberry Pi OS .*64-bit"),
        ({"base_architecture": {"rc": 127, "stdout": ""}}, r"not a Debian"),
        ({"base_disk": {"stdout_lines": ["size", "1900 1000"]}}, r"holds 1900 MB, and digitbox needs 3500"),
    ],
    ids=["32-bit", "no Debian", "small disk"],
)
def test_a_box_that_will_not_do_is_refused(box, found, said):
    """In one sentence with the next step, before anything is changed."""
    done = box.installer("-e", json.dumps(found))
    assert done.returncode != 0
    assert re.search(said, done.stdout), done.stdout[-3000:]
    assert "run the same command again" in done.stderr
    assert box.shell("ls /opt").strip() == ""


def test_it_installs_on_a_fresh_debian(box):
    """One command, no question; then the daemon runs, and says that it is ready."""
    assert box.install()["failed"] == 0
    assert box.is_active()
    assert box.shell("systemctl is-enabled digitbox digitbox-recover").split() == ["enabled", "enabled"]


def test_the_firmware_hears_of_camera_sound_and_memory(box):
    """What was there stays; the overlays hold for all boards, whatever section came before."""
    added = "# BEGIN digitbox\n[all]\ndtoverlay=imx519\ndtoverlay=hifiberry-dac\n# END digitbox\n"
    assert box.do("cat", "/boot/firmware/config.txt") == CONFIG + added
    assert box.do("cat", "/boot/firmware/cmdline.txt") == f"{CMDLINE.strip()} cgroup_enable=memory\n"


def test_a_press_is_answered_in_words(box):
    """The script's tap, the first bundled picture, and "seven" in the file that the sound card wrote."""
    soon(lambda: "seven" in words_in(box.heard()), "the spoken seven")
    assert "reading: ok, 1 digits" in box.do("journalctl", "-u", "digitbox", "-o", "cat")


def test_a_second_run_changes_nothing(box):
    """Where there is nothing to do, nothing is done."""
    assert box.install()["changed"] == 0


def test_the_installed_service_is_as_closed_as_the_shipped_one(box):
    """What systemd itself says of the running unit, drop-ins and all."""
    said = box.do("systemd-analyze", "security", "digitbox.service", "--no-pager")
    assert float(re.findall(r"exposure level for digitbox.service: ([\d.]+)", said)[0]) <= 0.6


def test_the_daemon_has_no_socket_but_local_ones(box):
    """Its network namespace holds nothing but lo; each of its sockets is an AF_UNIX one, of there or of systemd's."""
    script = r"""
        pid=$(systemctl show -p MainPID --value digitbox)
        sed -n '3,$s/:.*//p' /proc/$pid/net/dev | tr -d ' ' | sort
        for fd in /proc/$pid/fd/*; do readlink "$fd"; done | sed -n 's/^socket:\[\(.*\)\]$/\1/p' | while read -r inode
        do
            grep -qE " $inode( |$)" /proc/$pid/net/unix /proc/1/net/unix || echo "socket $inode is not AF_UNIX"
        done"""
    assert box.shell(script).split() == ["lo"]


def test_the_network_is_written_down_for_it(box):
    """By the unit beside it, in a file the daemon may read."""
    assert box.shell("systemctl show -p Result --value digitbox-network").strip() == "success"
    for line in box.do("cat", "/run/digitbox/network").splitlines():
        assert re.fullmatch(r"[0-9a-f.:]+ \S+", line)


def test_what_delayed_the_start_can_be_asked(box):
    """By systemd's own clocks."""
    said = box.shell("/opt/digitbox/current/bin/digitbox doctor --boot --json || true").splitlines()
    assert "the button could be pressed" in json.loads(said[0])["message"]


def test_a_killed_daemon_comes_back(box):
    """By SIGKILL, and it is ready again by itself."""
    box.do("systemctl", "kill", "--kill-who=main", "--signal=KILL", "digitbox")
    soon(lambda: box.shell("systemctl show -p NRestarts --value digitbox").strip() == "1", "the restart")
    soon(box.is_active, "READY")


def test_a_stopped_daemon_is_replaced_by_the_watchdog(box):
    """SIGSTOP stands for a loop that hangs; with a shorter patience than the shipped 20 s."""
    box.shell("mkdir -p /run/systemd/system/digitbox.service.d")
    box.do("tee", "/run/systemd/system/digitbox.service.d/patience.conf", text="[Service]\nWatchdogSec=4\n")
    box.shell("systemctl daemon-reload && systemctl restart digitbox")
    box.do("systemctl", "kill", "--kill-who=main", "--signal=STOP", "digitbox")
    soon(lambda: "Watchdog timeout" in box.do("journalctl", "-u", "digitbox", "-o", "cat"), "the watchdog")
    soon(box.is_active, "READY")
    box.shell("rm -r /run/systemd/system/digitbox.service.d && systemctl daemon-reload")


@pytest.mark.long
def test_an_interrupted_build_is_begun_again(box):
    """The folder of a release that was not finished, and what it was unpacked into, don't stop the next run."""
    name = box.current()
    box.shell(f"rm /opt/digitbox/releases/{name}/complete.json /opt/digitbox/releases/{name}/bin/digitbox")
    box.shell("mkdir /opt/digitbox/.unpacked-left")
    assert box.install()["failed"] == 0
    assert box.is_active()
    assert box.shell("ls -A /opt/digitbox | grep unpacked || true") == ""


def another_release(box: Box, name: str, spoil: str = "true") -> str:
    """A copy of the release in use, changed by a line of shell in its folder; its name."""
    made = f"{box.current()}-{name}"
    box.shell(f"cd /opt/digitbox/releases && cp -a {box.current()} {made} && cd {made} && {spoil}")
    return made


def test_a_release_that_cannot_read_is_undone(box):
    """Its model is damaged: the one before runs again, and the message names the reason."""
    before = box.current()
    broken = another_release(box, "broken", "truncate -s 1000 lib/python3*/site-packages/device/models/digits.tflite")
    done = box.release("activate", broken)
    assert done.returncode == 1
    assert "did not pass and was undone" in done.stderr
    assert "model: " in done.stderr
    assert (box.current(), box.is_active()) == (before, True)


def test_a_release_that_does_not_start_is_undone(box):
    """Its unit is wrong, which no examination sees; systemd has the one before's units again."""
    before = box.current()
    done = box.release(
        "activate", another_release(box, "wrong", "sed -i 's/digitbox run/digitbox walk/' systemd/digitbox.service")
    )
    assert done.returncode == 1
    assert "does not start" in done.stderr
    assert (box.current(), box.is_active()) == (before, True)
    assert "digitbox run" in box.do("systemctl", "show", "-p", "ExecStart", "digitbox")


def test_a_good_release_stays_and_can_be_rolled_back(box):
    """There and back, by one rename each."""
    before = box.current()
    better = another_release(box, "better")
    assert box.release("activate", better).returncode == 0
    assert (box.current(), box.is_active()) == (better, True)
    done = run(
        ["deploy/rollback", "box"], env={**box.environ, "DIGITBOX_SSH_CONFIG": str(box.ssh)}, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    assert (box.current(), box.is_active()) == (before, True)


def test_what_an_interrupted_update_left_is_undone_by_its_unit(box):
    """A journal from before the cut, the link already changed: the boot-time unit brings the former release back."""
    before = box.current()
    after = another_release(box, "cut")
    journal = {"former": before, "new": after, "previous": None, "layouts": {"history": 1}, "had_configuration": True}
    box.do("systemctl", "stop", "digitbox")
    box.do("tee", "/opt/digitbox/update.json", text=json.dumps(journal))
    box.shell(
        f"cp /etc/digitbox/digitbox.toml /opt/digitbox/update.toml; ln -sfn releases/{after} /opt/digitbox/current"
    )
    box.do("systemctl", "start", "digitbox-recover")
    assert box.current() == before
    assert box.shell("ls /opt/digitbox/update.* 2>/dev/null || true") == ""
    box.do("systemctl", "start", "digitbox")


def test_a_wrong_configuration_calls_for_help(box):
    """No restart mends that: the help unit runs and says so, until the daemon can start again."""
    box.shell("cp /etc/digitbox/digitbox.toml /tmp/good; echo 'nonsense = 1' >> /etc/digitbox/digitbox.toml")
    box.shell("systemctl restart digitbox || true")
    soon(lambda: box.is_active("digitbox-help"), "the help unit")
    box.shell("cp /tmp/good /etc/digitbox/digitbox.toml; systemctl start digitbox")
    assert (box.is_active(), box.is_active("digitbox-help")) == (True, False)


def test_the_request_to_switch_off_is_obeyed(box):
    """The last thing: the file that the daemon writes, and the whole box goes down in order."""
    box.do("touch", "/run/digitbox/poweroff")
    soon(lambda: run([CONTAINER, "exec", "true"], env=box.environ).returncode != 0, "the end of the box")


@pytest.mark.long
def test_a_bundle_installs_without_any_network(tmp_path):
    """Packed here, where the system is the same, and installed into a box that sees nothing but lo."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    if "VERSION_CODENAME=bookworm" not in Path("/etc/os-release").read_text(encoding="utf-8"):
        pytest.skip("a bundle is for the system that packs it, and the box is a Debian 12")
    packed = run(["deploy/bundle", str(tmp_path)], env={**os.environ, "CAMERA": "files"})
    assert packed.returncode == 0, packed.stderr
    cut_off = Box(tmp_path)
    cut_off.environ |= {"BOX": f"cutoff{os.getpid()}", "NETWORK": "none", "DIGITBOX_PAYLOAD": packed.stdout.strip()}
    try:
        cut_off.prepare()
        assert cut_off.shell("ip -brief address | cut -d' ' -f1").split() == ["lo"]
        assert cut_off.install()["failed"] == 0
        assert cut_off.is_active()
        assert cut_off.install()["changed"] == 0
    finally:
        run([CONTAINER, "stop"], env=cut_off.environ)


@pytest.mark.long
def test_it_installs_on_the_next_debian(tmp_path):
    """Debian 13, Python 3.13, ai-edge-litert for tflite-runtime, lgpio from apt: installed, pressed, answered."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    next_one = Box(tmp_path)
    next_one.environ |= {"BOX": f"next{os.getpid()}", "SUITE": "trixie"}
    try:
        next_one.prepare()
        assert next_one.install()["failed"] == 0
        soon(lambda: "seven" in words_in(next_one.heard()), "the spoken seven")
        assert next_one.install()["changed"] == 0
    finally:
        run([CONTAINER, "stop"], env=next_one.environ)


JOURNAL = "ls /opt/digitbox/update.json 2>/dev/null || true"


@pytest.mark.long
def test_the_plug_is_pulled_during_updates(tmp_path, record_property):
    """Ten times, each a little later in the update: every process ends at once, and the next start brings all back."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    plugged = Box(tmp_path)
    plugged.environ |= {"BOX": "plug", "KEEP": "1", "DIGITBOX_MACHINES": str(tmp_path / "machines")}
    begin = time.monotonic()
    try:
        plugged.prepare()
        assert plugged.install()["failed"] == 0
        record_property("seconds_from_nothing", round(time.monotonic() - begin))
        names = [plugged.current(), another_release(plugged, "other")]
        seen, undone = [], 0
        for cut in range(10):
            wanted = names[1 - names.index(plugged.current())]
            update = subprocess.Popen(
                [CONTAINER, "exec", *RELEASE, "activate", wanted], cwd=REPOSITORY, env=plugged.environ,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            soon(lambda: plugged.shell(JOURNAL).strip(), "the journal")
            time.sleep(cut * 1.2)
            undone += plugged.shell(JOURNAL).strip() != ""
            plugged.container("power-cut")
            update.wait(SOON_SECONDS)
            plugged.container("start")
            soon(plugged.is_active, "READY after the cut")
            assert plugged.shell(JOURNAL) == ""
            assert plugged.current() in names
            seen.append(plugged.current())
        record_property("cuts_during_updates", len(seen))
        record_property("undone_at_boot", undone)
        assert undone > 0
    finally:
        run([CONTAINER, "stop"], env=plugged.environ)


DAY_PRESSES = 240
DAY_SECONDS_BETWEEN = 2.5


@pytest.mark.long
def test_a_day_of_presses(tmp_path, record_property):
    """As many as a busy day has, in ten minutes: none is missed, and neither memory nor open files run away."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    day = Box(tmp_path)
    day.environ |= {"BOX": f"day{os.getpid()}"}
    taps = "".join(f"{20 + number * DAY_SECONDS_BETWEEN:g} tap\n" for number in range(DAY_PRESSES))

    def figures() -> dict[str, int]:
        """Of the running daemon: presses it answered, memory, open files."""
        script = """
            pid=$(systemctl show -p MainPID --value digitbox)
            journalctl -u digitbox -o cat _PID=$pid | grep -c 'reading: '
            sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/$pid/status
            ls /proc/$pid/fd | wc -l"""
        return dict(zip(("presses", "rss_kb", "files"), map(int, day.shell(script).split()), strict=True))

    try:
        day.prepare()
        day.do("tee", "/srv/button.txt", text="100000 quit\n")
        assert day.install()["failed"] == 0
        day.do("tee", "/srv/button.txt", text=f"{taps}100000 quit\n")
        day.do("systemctl", "restart", "digitbox")
        time.sleep(20 + DAY_PRESSES / 5 * DAY_SECONDS_BETWEEN)  # long enough for every picture, phrase and cache
        early = figures()
        time.sleep(DAY_PRESSES * 4 / 5 * DAY_SECONDS_BETWEEN + 20)
        late = figures()
        for name, value in late.items():
            record_property(f"day_{name}", value)
        record_property("day_rss_growth_percent", round(100 * (late["rss_kb"] / early["rss_kb"] - 1), 2))
        assert late["presses"] == DAY_PRESSES
        assert late["files"] <= early["files"]
        assert late["rss_kb"] < early["rss_kb"] * 1.01
    finally:
        run([CONTAINER, "stop"], env=day.environ)
