"""What a box may be like that can't be installed, and what its owner may do wrong: one sentence each, then it works.

test_container.py refuses what Ansible is told of a box; here the box itself is made wrong, with nothing else in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from container import REPOSITORY, Box, run, why_not

CONTAINER_PROGRAMS = ("systemd-nspawn", "mmdebstrap", "nsenter", "ssh")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A fresh Debian, as far as ssh."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    missing = [program for program in CONTAINER_PROGRAMS if not shutil.which(program)]
    assert not missing, f"tests/run installs what has {', '.join(missing)}"
    made = Box(tmp_path_factory.mktemp("bad"))
    made.environ |= {"BOX": f"{made.environ['BOX']}bad"}
    try:
        made.prepare()
        yield made
    finally:
        made.container("stop")


def test_a_system_too_old_is_refused(box):
    """By its own word, with what to do, before anything is changed."""
    box.shell("cp -L /etc/os-release /etc/debian_version /var/tmp/")
    box.shell("sed -i 's/12/11/g; s/bookworm/bullseye/g' $(realpath /etc/os-release) /etc/debian_version")
    done = box.installer()
    box.shell("cat /var/tmp/os-release > /etc/os-release; cat /var/tmp/debian_version > /etc/debian_version")
    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0
    assert re.search(r"runs Debian GNU/Linux 11 \(bullseye\), amd64, and digitbox needs .* Imager", said), said[-3000:]
    assert box.shell("ls /opt").strip() == ""


def test_a_disk_too_small_is_refused(box):
    """A card of 2 GB, as the box itself measures it."""
    box.do("mount", "-t", "tmpfs", "-o", "size=1900M", "tmpfs", "/opt")
    done = box.installer()
    box.do("umount", "/opt")
    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0
    assert "The disk holds 1900 MB, and digitbox needs 3500" in said, said[-3000:]
    assert "Take a card of 8 GB or more" in said


def test_a_disk_that_can_only_be_read_is_refused(box):
    """As the kernel leaves a card with errors; before apt says so in words of its own."""
    box.shell("mount --bind -o ro /opt /opt")
    done = box.installer()
    box.do("umount", "/opt")
    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0
    assert re.search(r"can only be read, .* Restart the box and run this again; .* another card", said), said[-3000:]


def test_a_wrong_password_of_sudo_is_said(box):
    """Ansible asks for it where sudo does, and says that it is wrong; it doesn't hang."""
    allowed = "/etc/sudoers.d/010_pi-nopasswd"
    box.shell(f"mv {allowed} /var/tmp/nopasswd; echo pi:right | chpasswd")
    done = box.installer("-e", "ansible_become_password=wrong")
    box.shell(f"mv /var/tmp/nopasswd {allowed}")
    assert done.returncode != 0
    assert re.search("(?i)incorrect (sudo|become) password|sorry, try again", done.stdout), done.stdout[-3000:]
    assert "run the same command again" in done.stderr
    assert box.shell("ls /opt").strip() == ""


HOLD = (
    "import fcntl, time; held = open('/var/lib/apt/lists/lock', 'w'); fcntl.lockf(held, fcntl.LOCK_EX); time.sleep(999)"
)


def test_another_program_that_installs_packages_is_named(box):
    """As the system's own updates after a first start, where they last longer than anybody waits."""
    box.shell("rm -rf /var/lib/apt/lists/*; mkdir -p /var/lib/apt/lists")
    box.do("systemd-run", "--unit=busy", "python3", "-c", HOLD)
    done = box.installer("-e", "base_apt_wait_seconds=2")
    box.do("systemctl", "stop", "busy")
    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0
    assert re.search("Another program of this box .* within 2 seconds .* then run this again", said), said[-3000:]
    assert box.shell("ls /opt").strip() == ""


@pytest.mark.long
def test_a_box_without_internet_is_told_of_the_bundle(tmp_path):
    """Apt gives no reason there; the message has the next step, and what packs all that is needed."""
    alone = Box(tmp_path)
    alone.environ |= {"BOX": f"alone{alone.environ['BOX']}", "NETWORK": "none"}
    try:
        alone.prepare()
        done = alone.installer()
        assert done.returncode != 0
        said = re.sub(r"\s+", " ", done.stdout)
        assert "apt can't fetch its lists" in said, said[-3000:]
        assert "`sudo apt-get update` there says more. deploy/bundle packs" in said
    finally:
        alone.container("stop")


@pytest.mark.long
def test_root_needs_no_sudo(box):
    """As on a bare Debian, where nobody has installed it; a rehearsal gets as far as anywhere."""
    box.shell("install -D -m 600 /home/pi/.ssh/authorized_keys ~root/.ssh/authorized_keys; mv /usr/bin/sudo /var/tmp/")
    done = run(["deploy/install", "root@box", "-e", f"@{box.knobs}", "--check"], env=box.installing())
    box.shell("mv /var/tmp/sudo /usr/bin/")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.long
def test_two_at_once_end_in_one_box(box):
    """Whichever comes second waits or is told so; a run after both finds a whole box, and finishes what is left."""
    command = ["deploy/install", "box", "-e", f"@{box.knobs}"]
    both = [
        subprocess.Popen(
            command, cwd=REPOSITORY, env=box.installing(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=1800)[0] for one in both]
    failed = [words for one, words in zip(both, said, strict=True) if one.returncode]
    assert len(failed) < 2, said
    for words in failed:
        assert "another installation is at work on this box" in words, words[-3000:]
    assert box.install()["failed"] == 0
    assert box.is_active()
    assert box.install()["changed"] == 0
