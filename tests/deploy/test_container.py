"""The real playbook, through Ansible's own ssh, into a fresh Debian with a running systemd: a press, an answer.

The tests build on each other, in order: each finds the box as the one before left it. A root is built once and kept in
.appliance (DIGITBOX_MACHINES names another folder); what happens to it happens in memory.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import Broker, Listener, brokering, free_port
from container import CMDLINE, CONFIG, CONTAINER, RELEASE, REPOSITORY, SOON_SECONDS, Box, run, soon, why_not, words_in


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One that lets everybody in, on this machine, whose network the box shares."""
    with brokering(tmp_path_factory.mktemp("broker"), "allow_anonymous true") as made:
        yield made


@pytest.fixture(scope="module")
def page() -> str:
    """Where the box's page is asked for: not on its usual port, which others of this machine may have."""
    return f"127.0.0.1:{free_port()}"


KEPT = "[speech]\npitch = 40"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, broker: Broker, page: str) -> Iterator[Box]:
    """A fresh Debian, as far as ssh."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    missing = [program for program in ("systemd-nspawn", "mmdebstrap", "nsenter", "ssh") if not shutil.which(program)]
    assert not missing, f"tests/run installs what has {', '.join(missing)}"
    made = Box(
        tmp_path_factory.mktemp("box"),
        {"console": {"idle_seconds": 1.0}, "mqtt": {"host": "127.0.0.1", "port": broker.port}},
        digitbox_mqtt=True,
    )
    try:
        made.prepare()
        # Of a former installation, whose user had another number.
        made.shell("install -d -o 1700 -g 1700 -m 700 /var/lib/digitbox /var/lib/digitbox/speech-models")
        made.shell(f"cd /var/lib/digitbox; echo '{KEPT}' > preferences.toml; chown 1700:1700 *; chmod 600 *.toml")
        made.do("tee", "/etc/sudoers.d/umask", text="Defaults umask=0077\nDefaults umask_override\n")  # the strictest
        made.do("mkdir", "-p", "/etc/systemd/system/digitbox-console.socket.d")
        lines = f"[Socket]\nListenStream=\nListenStream={page}\n"
        made.do("tee", "/etc/systemd/system/digitbox-console.socket.d/port.conf", text=lines)
        yield made
    finally:
        run([CONTAINER, "stop"], env=made.environ)


@pytest.mark.long
def test_a_rehearsal_says_what_it_would_do(box):
    """On a bare Debian, where most of what later steps need isn't there."""
    counted = box.install("--check")
    assert counted["failed"] == 0
    assert counted["changed"] > 5
    assert box.shell("ls /opt").strip() == ""


SEEN = {
    "system": "Debian GNU/Linux 12 (bookworm)", "release": "12", "architecture": "arm64", "year": "2026",
    "cmdline": "rootwait", "disk_mb": "29000", "systemd": "yes", "config": "yes", "cmdline_txt": "yes",
}  # fmt: skip
"""What the first task of the role `base` sees of a box that will do."""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"architecture": "armhf"}, r"Debian GNU/Linux 12 .*, armhf, and digitbox needs Raspberry Pi OS .*64-bit"),
        ({"architecture": "", "system": "", "release": ""}, r"an unknown system, not a Debian, and"),
        ({"disk_mb": "1900"}, r"holds 1900 MB, and digitbox needs 3500"),
        ({"config": None, "raspberry_pi": "yes"}, r"There is no /boot/firmware/config.txt, .* mount /boot/firmware"),
    ],
    ids=["32-bit", "no Debian", "small disk", "firmware's partition not mounted"],
)
def test_a_box_that_will_not_do_is_refused(box, found, said):
    """In one sentence with the next step, before anything is changed."""
    seen = {name: value for name, value in {**SEEN, **found}.items() if value is not None}
    done = box.installer("-e", json.dumps({"base_seen": seen}))
    assert done.returncode != 0
    assert re.search(said, re.sub(r"\s+", " ", done.stdout)), done.stdout[-3000:]
    assert "run the same command again" in done.stderr
    assert box.shell("ls /opt").strip() == ""


def test_a_wrong_key_is_said(box, tmp_path):
    """As a wrong password would be: in one line, with the command that must work first."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")])
    config = tmp_path / "ssh.conf"
    ours = box.ssh.read_text(encoding="utf-8")
    config.write_text(
        re.sub(r"IdentityFile .*", f"IdentityFile {tmp_path}/key\n  BatchMode yes", ours), encoding="utf-8"
    )
    done = run(["deploy/install", "pi@box"], env={**box.environ, "DIGITBOX_SSH_CONFIG": str(config)})
    assert done.returncode == 1
    assert "pi may not log in on box: the password or the key is wrong; 'ssh pi@box' must work first" in done.stderr


def test_it_installs_on_a_fresh_debian(box, tmp_path):
    """One command, no question; then the daemon runs, and says that it is ready. What is installed may lie anywhere."""
    packed = run(["deploy/payload", "dist"])
    stick = tmp_path / "my stick"
    stick.mkdir()
    box.environ["DIGITBOX_PAYLOAD"] = shutil.copy(packed.stdout.rpartition(" ")[0], stick)
    assert box.install()["failed"] == 0
    del box.environ["DIGITBOX_PAYLOAD"]
    assert box.is_active()
    assert box.shell("systemctl is-enabled digitbox digitbox-recover").split() == ["enabled", "enabled"]


def test_what_a_former_installation_kept_is_the_daemons(box):
    """Whatever number its user had; else the release could read nothing of it, and would not be taken into use."""
    assert box.shell("find /var/lib/digitbox ! -user digitbox") == ""
    assert box.do("cat", "/var/lib/digitbox/preferences.toml").strip() == KEPT


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


def test_a_rehearsal_of_a_second_run_finds_nothing_to_do(box):
    """`--check` gets through on an installed box, too, and agrees with the run above."""
    counted = box.install("--check")
    assert (counted["changed"], counted["failed"]) == (0, 0)


def memory_bytes(box: Box, user: str) -> list[int]:
    """What each process of this user holds, its share of what it has in common with others among it."""
    found = box.shell(f"for pid in $(pgrep -u {user}); do cat /proc/$pid/smaps_rollup; done; true")
    return [1024 * int(kilobytes) for kilobytes in re.findall(r"^Pss: +(\d+) kB", found, re.MULTILINE)]


def number_read(connection: http.client.HTTPConnection) -> str | None:
    """What the page reads on a bundled picture, None where it says to come back."""
    picture = (REPOSITORY / "device" / "pictures" / "05-427.jpg").read_bytes()
    connection.request("POST", "/api/read", picture, {"Content-Type": "image/jpeg"})
    number: str | None = json.loads(connection.getresponse().read()).get("number")
    return number


def test_the_page_is_started_by_its_socket_and_leaves(box, page, record_property):
    """Whoever asks gets the page, and a picture read, in the memory it may take; when nobody asks, nothing is left."""
    unit, user = "digitbox-console.service", "digitbox-console"
    assert box.is_active("digitbox-console.socket")
    assert (box.is_active(unit), memory_bytes(box, user)) == (False, [])
    connection = http.client.HTTPConnection(page, timeout=SOON_SECONDS)
    with contextlib.closing(connection):  # as long as it is open, somebody is there
        connection.request("GET", "/status")
        assert b"<h1>Status</h1>" in connection.getresponse().read()
        assert box.is_active(unit)
        alone = memory_bytes(box, user)
        assert soon(lambda: number_read(connection), "a reading, which a busy machine may refuse at first") == "427"
        together = memory_bytes(box, user)
    record_property("page_bytes", alone)
    record_property("page_and_decoder_bytes", together)
    assert (len(alone), len(together)) == (1, 2)
    assert sum(alone) < 60e6
    assert sum(together) < 120e6
    soon(lambda: not box.is_active(unit), "the page's end")
    assert (memory_bytes(box, user), box.is_active("digitbox-console.socket")) == ([], True)
    assert box.shell(f"systemctl show -p Result --value {unit}") == "success\n"


def test_the_page_starts_again_and_what_it_has_the_box_read_is_published(box, broker, page):
    """A form on the page, the daemon's camera and model, the broker: each behind the units as they are shipped."""
    assert not box.is_active("digitbox-console.service")
    listener = Listener(broker)
    try:
        assert listener.next("/availability") == "online"
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(f"http://{page}/live", timeout=SOON_SECONDS) as answer:
            token = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
        assert token is not None
        form = urllib.parse.urlencode({"csrf_token": token[1], "command": "read"}).encode()
        browser.open(f"http://{page}/do", form, timeout=SOON_SECONDS).close()
        reading = listener.next("/reading")
    finally:
        listener.close()
    assert reading["status"] == "ok"
    assert f"reading: ok, {len(reading['number'])} digits" in box.do("journalctl", "-u", "digitbox", "-o", "cat")


@pytest.mark.long
def test_publishing_can_be_switched_off_and_on_again(box):
    """Off, its unit is still there; and switching it off twice changes nothing the second time."""
    unit = "digitbox-mqtt.service"
    off = ("-e", '{"digitbox_mqtt": false}')
    assert [box.install(*off)["changed"], box.install(*off)["changed"]] == [1, 0]
    assert box.shell(f"systemctl is-active {unit} || systemctl is-enabled {unit} || true").split() == [
        "inactive",
        "linked",
    ]
    assert box.install()["changed"] == 1
    assert (box.is_active(unit), box.shell(f"systemctl is-enabled {unit}")) == (True, "enabled\n")


@pytest.mark.long
def test_the_root_can_be_made_read_only_and_writable_again(box):
    """The kernel is told so, once; a partition for what is kept must be there; and all of it can be taken back.

    An update of a box that was started so says what has to come first, and prepares it.
    """
    done = box.installer("-e", "readonly_data=/dev/no-such-disk")
    assert done.returncode != 0
    assert "There is no partition /dev/no-such-disk" in done.stdout
    closed = ("-e", '{"readonly_root": true}')
    assert box.install(*closed)["failed"] == 0
    assert box.do("cat", "/boot/firmware/cmdline.txt").endswith(" overlayroot=tmpfs:recurse=0\n")
    assert box.shell("dpkg-query -W -f '${Status}' overlayroot") == "install ok installed"
    # Neither Bookworm's swap file nor Trixie's: both would lie in memory.
    assert box.do("readlink", "/etc/systemd/system/dphys-swapfile.service") == "/dev/null\n"
    assert "\n[Main]\nMechanism=zram\n" in box.do("cat", "/etc/rpi/swap.conf.d/90-digitbox.conf")
    assert box.install(*closed)["changed"] == 0
    done = box.installer("-e", json.dumps({"base_seen": {**SEEN, "cmdline": "overlayroot=tmpfs:recurse=0"}}))
    assert done.returncode != 0
    assert "writable: sudo reboot, then run this again" in re.sub(r"\s+", " ", done.stdout), done.stdout[-3000:]
    assert "overlayroot" not in box.do("cat", "/boot/firmware/cmdline.txt")
    assert box.install(*closed)["changed"] == 1
    # It is writable as long as nobody has restarted it: so it stays, and its swap is as it was.
    assert box.install()["changed"] == 2
    assert "overlayroot" not in box.do("cat", "/boot/firmware/cmdline.txt")
    assert box.shell("ls /etc/rpi/swap.conf.d; ls /etc/systemd/system | grep swap || true") == ""


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


@pytest.mark.long
def test_a_release_that_lost_files_is_made_anew(box):
    """Half deleted, and the daemon down for good: the same command again mends it, and what outlasts releases."""
    box.shell(
        "rm -r /opt/digitbox/current/lib/python3*/site-packages/device/adapters; systemctl restart digitbox || true"
    )
    soon(lambda: box.is_active("digitbox-help"), "the help unit")
    box.shell("rm /usr/local/lib/digitbox/release.py /etc/systemd/system/digitbox.service")
    box.shell("echo broken > /usr/local/lib/digitbox/help.py")
    assert box.install()["failed"] == 0
    assert (box.is_active(), box.is_active("digitbox-help")) == (True, False)
    assert box.shell("tar --diff --file=/usr/local/lib/digitbox.tar --directory=/ 2>&1 || true") == ""
    assert box.shell("ls -A /usr/local/lib | grep '^[.]' || true") == ""
    assert box.install()["changed"] == 0


def another_release(box: Box, name: str, spoil: str = "true") -> str:
    """A copy of the release in use, changed by a line of shell in its folder; its name."""
    made = f"{box.current()}-{name}"
    own = f"sed -i '1s|.*|#!/opt/digitbox/releases/{made}/bin/python|' bin/digitbox"
    box.shell(f"cd /opt/digitbox/releases && cp -a {box.current()} {made} && cd {made} && {own} && {spoil}")
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
    assert "invalid choice: 'walk'" in done.stderr
    assert (box.current(), box.is_active()) == (before, True)
    assert "digitbox run" in box.do("systemctl", "show", "-p", "ExecStart", "digitbox")


def test_a_release_whose_units_systemd_does_not_read_is_undone(box):
    """It reads none where /run is nearly full: this one would have run under the former units, until the next boot."""
    before = box.current()
    wrong = another_release(box, "unread", "sed -i 's/digitbox run/digitbox walk/' systemd/digitbox.service")
    box.shell("mount -o remount,size=10M /run")
    done = box.release("activate", wrong)
    box.shell("mount -o remount,size=20% /run")
    assert done.returncode == 1
    assert "was undone" in done.stderr
    assert "is /run full?" in done.stderr
    assert (box.current(), box.is_active()) == (before, True)


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


def interrupted_update(box: Box) -> str:
    """What a cut leaves, the daemon down: the journal from before it, the link already changed; the former release."""
    before = box.current()
    after = f"{before}-cut"
    if after not in box.do("ls", "/opt/digitbox/releases").split():
        another_release(box, "cut")
    journal = {"former": before, "new": after, "previous": None, "layouts": {"history": 1}, "had_configuration": True}
    box.do("systemctl", "stop", "digitbox")
    box.do("tee", "/opt/digitbox/update.json", text=json.dumps(journal))
    box.shell(
        f"cp /etc/digitbox/digitbox.toml /opt/digitbox/update.toml; ln -sfn releases/{after} /opt/digitbox/current"
    )
    return before


LEFT = "ls /opt/digitbox/update.* 2>/dev/null || true"


def test_what_an_interrupted_update_left_is_undone_by_its_unit(box):
    """The boot-time unit brings the former release back."""
    before = interrupted_update(box)
    box.do("systemctl", "start", "digitbox-recover")
    assert (box.current(), box.shell(LEFT)) == (before, "")
    box.do("systemctl", "start", "digitbox")


RUNNING = "tr '\\0' ' ' < /proc/$(systemctl show -p MainPID --value digitbox)/cmdline"
MIDWAY = """
    systemctl reset-failed digitbox digitbox-recover
    systemctl start --no-block digitbox digitbox-recover
    until [ "$(systemctl is-active digitbox-recover)" = activating ]; do sleep 0.02; done
    sleep 0.1"""


@pytest.mark.parametrize("end", ["systemctl kill --kill-who=main --signal=KILL", "systemctl stop"])
def test_a_recovery_that_ends_midway_is_taken_up_again(box, end):
    """Killed, it begins anew, and the daemon waits for it; stopped by somebody, at the next start."""
    before = interrupted_update(box)
    box.shell(f"{MIDWAY}; {end} digitbox-recover")
    soon(box.is_active, "READY")
    if "stop" in end:
        box.shell("systemctl stop digitbox; systemctl start digitbox-recover digitbox")
    assert (box.current(), box.shell(LEFT)) == (before, "")
    assert f"/opt/digitbox/releases/{before}/bin/" in box.shell(RUNNING)


def test_a_release_that_vanished_is_replaced_or_help_is_called(box):
    """The units go with the release; what is left of them at a start takes the one before, or says that it can't."""
    lost = box.current()
    at_boot = "systemctl stop digitbox; systemctl daemon-reload; systemctl start digitbox-recover"
    box.shell(f"mv /opt/digitbox/releases/{lost} /opt/lost; {at_boot}")
    soon(box.is_active, "READY of another release")
    assert box.current() not in ("", lost)
    box.shell(f"mv /opt/digitbox/releases /opt/all; {at_boot}")
    soon(lambda: box.is_active("digitbox-help"), "the help unit")
    box.shell("rmdir /opt/digitbox/releases; mv /opt/all /opt/digitbox/releases")
    box.shell(f"mv /opt/lost /opt/digitbox/releases/{lost}; systemctl daemon-reload; systemctl start digitbox")
    assert box.release("activate", lost).returncode == 0
    assert (box.current(), box.is_active("digitbox-help")) == (lost, False)


@pytest.mark.long
def test_help_is_called_where_nothing_can_be_kept(box):
    """A file where its folder should be: the daemon is not even started, and the call for help needs no folder."""
    box.shell("systemctl stop digitbox; mv /var/lib/digitbox /var/lib/kept; touch /var/lib/digitbox")
    box.shell("systemctl start digitbox || true")
    soon(lambda: box.is_active("digitbox-help"), "the help unit")
    box.shell("rm /var/lib/digitbox; mv /var/lib/kept /var/lib/digitbox; systemctl reset-failed digitbox")
    box.shell("systemctl start digitbox")
    assert (box.is_active(), box.is_active("digitbox-help")) == (True, False)


@pytest.mark.parametrize("deleted", ["userdel digitbox", "groupdel gpio"])
def test_a_deleted_user_or_group_is_made_again(box, deleted):
    """Deleted by hand: its own unit makes it anew before the daemon starts, and at a restart, however often it ran."""
    forget = "systemctl reset-failed digitbox"  # of five starts in five minutes
    box.shell("for _ in 1 2 3 4 5 6; do systemctl start digitbox-users; done")
    box.shell(f"{forget}; {deleted}; systemctl kill --kill-who=main --signal=KILL digitbox")
    soon(lambda: not box.is_active(), "the end")
    soon(box.is_active, "READY")
    box.shell(f"systemctl stop digitbox; {deleted}; systemctl start digitbox-help")
    assert box.is_active("digitbox-help")
    box.shell(f"systemctl start digitbox; {forget}")
    assert (box.is_active(), box.is_active("digitbox-help")) == (True, False)


@pytest.mark.long
def test_help_is_called_where_its_user_is_gone_for_good(box):
    """Where it can't be made anew either, the call for help needs none."""
    box.shell("systemctl stop digitbox; userdel digitbox; mount --bind -o ro /etc /etc")
    box.shell("systemctl start digitbox || true")
    soon(lambda: box.is_active("digitbox-help"), "the help unit")
    box.shell("umount /etc; systemctl reset-failed digitbox; systemctl start digitbox")
    assert (box.is_active(), box.is_active("digitbox-help")) == (True, False)


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
    soon(lambda: run([CONTAINER, "leader"], env=box.environ).returncode != 0, "the end of the box")


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
        assert cut_off.installer("-e", '{"base_further_packages": ["no-such-package"]}').returncode != 0
        assert cut_off.shell("ls -d /opt/digitbox/offline /etc/apt/*.d/digitbox* 2> /dev/null || true") == ""
        assert cut_off.install()["failed"] == 0
        assert cut_off.is_active()
        assert cut_off.install()["changed"] == 0
    finally:
        run([CONTAINER, "stop"], env=cut_off.environ)


@pytest.mark.long
def test_it_installs_on_the_next_debian(tmp_path):
    """Debian 13, Python 3.13, ai-edge-litert for tflite-runtime: installed, pressed, answered."""
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
