"""Playbook, scripts and locked packages, as far as they can be examined without a box."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tomllib
import uuid
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from device import migrate, release

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
LOCKED = DEPLOY / "requirements"
PYTHONS = {"py311": "3.11", "py313": "3.13"}
FROM_APT = {"numpy"}
MACHINES = REPOSITORY / "tests" / "machines"
FOLDERS = (DEPLOY, REPOSITORY / ".ci", REPOSITORY / "tests", MACHINES, MACHINES / "board", MACHINES / "gpio")
SCRIPTS = sorted(
    path
    for folder in FOLDERS
    for path in folder.iterdir()
    if path.is_file() and re.match(rb"#!.*\b(ba)?sh\b", path.read_bytes()[:80])
)
LIMIT_SECONDS = 600.0


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command in the repository."""
    return subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **environ}, capture_output=True, text=True,
        timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip


def test_ansible_lint_has_nothing_to_say():
    """The production profile, over all of deploy/; the linter comes from the locked packages."""
    made = "need_locked_environment .venv-checks deploy/requirements/controller.txt deploy/requirements/checks.txt"
    prepared = run("bash", "-ec", f". deploy/environment.sh; {made}")
    assert prepared.returncode == 0, prepared.stderr
    bin_ = REPOSITORY / ".venv-checks" / "bin"
    done = run(
        "env", "-C", str(DEPLOY), str(bin_ / "ansible-lint"), "--offline", "--nocolor", "--profile", "production",
        ANSIBLE_CONFIG="ansible.cfg", PATH=f"{bin_}:{os.environ['PATH']}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failure(s), 0 warning(s)" in done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_shellcheck_has_nothing_to_say(script):
    """Every script there is, with what it sources."""
    assert shutil.which("shellcheck"), "tests/run installs it"
    done = run("shellcheck", "-x", "-P", "SCRIPTDIR", str(script))
    assert done.stdout == ""


def pins(name: str) -> list[tuple[str, str]]:
    """Package and version of every pin; a package may have two, for different systems."""
    text = (LOCKED / f"{name}.txt").read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9-]+)==([^ ]+) (?:; .* )?\\$", text, re.MULTILINE)


def locked(name: str) -> dict[str, str]:
    """Package -> version."""
    return dict(pins(name))


def needed(tag: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for on a Pi with this Python."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for extra in ("pi", "console", "mqtt") for line in project["optional-dependencies"][extra]]
    for line in [*project["dependencies"], *extras]:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"python_version": PYTHONS[tag]}):
            yield requirement


@pytest.mark.parametrize("tag", PYTHONS)
def test_what_is_locked_is_what_is_asked_for(tag):
    """Every dependency in a version that pyproject.toml allows; else run deploy/lock and commit what it changes."""
    there = {**locked("sources"), **locked(tag), **locked("py311-lgpio")}
    wrong = [
        str(requirement)
        for requirement in needed(tag)
        if requirement.name not in FROM_APT and not requirement.specifier.contains(there.get(requirement.name, "0"))
    ]
    assert wrong == []


@pytest.mark.long
@pytest.mark.parametrize("cpu", ["aarch64", "x86_64"])
@pytest.mark.parametrize("tag", PYTHONS)
def test_pip_finds_every_locked_wheel(tmp_path, tag, cpu):
    """For the Pi's processor and ours, with the hashes, up to the glibc of Debian 12 (2.36)."""
    platforms = [f"manylinux_2_{minor}_{cpu}" for minor in range(17, 37)] + [f"manylinux2014_{cpu}", "any"]
    done = run(
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
        "--python-version", PYTHONS[tag], "--dest", str(tmp_path), "--requirement", str(LOCKED / f"{tag}.txt"),
        *(word for platform in platforms for word in ("--platform", platform)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(list(tmp_path.glob("*.whl"))) == len(pins(tag))


@pytest.mark.parametrize("tag", PYTHONS)
def test_what_comes_from_apt_is_not_locked(tag):
    """numpy must be the one that picamera2 was built for, lgpio apt's where it has one."""  # noqa: D403
    assert not FROM_APT & locked(tag).keys()
    assert "lgpio" not in locked(tag)


@pytest.mark.parametrize("path", sorted(LOCKED.glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_package_has_hashes(path):
    """At least one each, and no address of any registry."""
    text = path.read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(path.stem)) > 0
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


@pytest.mark.parametrize("role", ["base", "digitbox", "readonly"])
def test_knobs_carry_the_name_of_their_role(role):
    """And each has a comment above it, for defaults/main.yml is the manual."""
    lines = (DEPLOY / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8").splitlines()
    knobs = [number for number, line in enumerate(lines) if re.match(r"\w+:", line)]
    assert knobs
    assert all(lines[number].startswith(f"{role}_") for number in knobs)
    paragraphs = "\n".join(lines).split("\n\n")
    assert all(paragraph.lstrip("-\n").startswith("#") for paragraph in paragraphs)


def test_the_written_configuration_has_the_latest_layout():
    """Once digitbox.toml has a second layout, the template must say so in its first line."""
    template = (DEPLOY / "roles" / "digitbox" / "templates" / "digitbox.toml.j2").read_text(encoding="utf-8")
    found = re.findall(r"^# layout (\d+)$", template, re.MULTILINE)
    assert [int(layout) for layout in found or [0]] == [len(migrate.CONFIGURATION)]


def test_all_units_are_linked_to_the_release(tmp_path):
    """But those of the recovery and of the call for help, which must outlast any; whatever umask packs them."""
    done = run("sh", "-c", f"umask 077; deploy/outlasting {tmp_path}/outlasting.tar")
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "outlasting.tar") as tar:
        packed = {member.name: member for member in tar}
    folder = "etc/systemd/system/"
    units = {name.removeprefix(folder): member for name, member in packed.items() if name.startswith(folder)}
    assert units.keys() == {path.name for path in (REPOSITORY / "systemd").glob("digitbox*")}
    own = {name for name, unit in units.items() if unit.isfile()}
    assert own == {"digitbox-help.service", "digitbox-recover.service", "digitbox-users.service"}
    linked = {(name, unit.linkname) for name, unit in units.items() if unit.issym()}
    assert linked == {(name, f"/opt/digitbox/current/systemd/{name}") for name in units.keys() - own}
    assert {member.mode for member in packed.values() if member.isfile()} == {0o644}
    assert {(member.uid, member.gid) for member in packed.values()} == {(0, 0)}


def test_a_release_is_examined_with_the_groups_of_its_unit():
    """Else a camera that the daemon reaches would be called missing, or the other way round."""
    unit = (REPOSITORY / "systemd" / "digitbox.service").read_text(encoding="utf-8")
    assert f"SupplementaryGroups={' '.join(release.GROUPS)}\n" in unit


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "deploy/install USER@HOST"),
        (("--wrong",), 2, "deploy/install USER@HOST"),
        (("--inventory", "/no/such/file"), 1, "cannot be read; copy deploy/inventory.example.ini"),
        (("pi@my box",), 1, "'pi@my box' is no USER@HOST, such as pi@raspberrypi.local"),
        (("@box",), 1, "'@box' is no USER@HOST"),
        (("pi@no-such-box.invalid",), 1, "there is no no-such-box.invalid in this network"),
        (("pi@refused",), 1, "refused does not let anybody in; switch on ssh"),
    ],
)
def test_the_installer_says_what_is_wrong(tmp_path, arguments, status, words):
    """Before it has made or changed anything, in one line that names the next step."""
    assert shutil.which("ssh"), "tests/run installs it"
    config = tmp_path / "ssh.conf"
    config.write_text("Host refused\n  HostName 127.0.0.1\n  Port 1\n", encoding="utf-8")
    more = {"DIGITBOX_SSH_CONFIG": str(config)} if "refused" in str(arguments) else {}
    done = run("deploy/install", *arguments, **more)
    assert done.returncode == status
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1 or status == 2


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "without spaces in its name"),
        ("[boxes]\n", "without spaces in its name"),
        ("[boxes]\nmy box ansible_user=pi\n", "Expected key=value host variable assignment, got: box"),
        ("[boxes\nkitchen.local\n", "Failed to parse inventory"),
    ],
    ids=["empty", "no box", "a space in a name", "a bracket missing"],
)
def test_an_inventory_without_a_box_is_no_success(tmp_path, lines, words):
    """Ansible only warns, and ends with 0; words of its own say what it made of the file."""
    inventory = tmp_path / "boxes.ini"
    inventory.write_text(lines, encoding="utf-8")
    done = run("deploy/install", "--inventory", str(inventory))
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"digitbox: {inventory} names no box; deploy/inventory.example.ini shows how")
    assert words in said


def test_one_box_is_tried_before_all_others(tmp_path):
    """And where it can't even be reached, nothing is done to the others, which Ansible would go on with."""
    inventory = tmp_path / "boxes.ini"
    refused = "ansible_host=127.0.0.1 ansible_port=1"
    inventory.write_text(f"[boxes]\nfirst {refused}\nsecond {refused}\nthird {refused}\n", encoding="utf-8")
    config = tmp_path / "ssh.conf"
    config.touch()
    where = os.path.relpath(config, REPOSITORY)  # as somebody in the repository would name it
    done = run("deploy/install", "--inventory", str(inventory), DIGITBOX_SSH_CONFIG=where)
    assert done.returncode != 0
    assert "Connection refused" in done.stdout
    assert re.findall(r"^(\w+) +: .*unreachable=1", done.stdout, re.MULTILINE) == ["first"]
    said = re.sub(r"\s+", " ", done.stdout)
    assert "first, which is tried before all others, can't be reached, and nothing has been done to third" in said


def test_half_a_payload_is_refused_before_anybody_is_asked(tmp_path):
    """A stick pulled out too early; in one line, for the person may not read Python."""
    (tmp_path / "boxes.ini").write_text("[boxes]\nno-such-box.invalid\n", encoding="utf-8")
    half = tmp_path / "half.tar"
    with tarfile.open(half, "w") as tar:
        tar.add(DEPLOY / "lock", "manifest.json")
    os.truncate(half, 700)
    done = run("deploy/install", "--inventory", str(tmp_path / "boxes.ini"), DIGITBOX_PAYLOAD=str(half))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"digitbox: {half} is no payload, or only a part of one; copy it again"
    )
    assert "Traceback" not in done.stderr


def played(
    tmp_path: Path, tasks: str, hosts: str, *, role: str = "base", **knobs: object
) -> subprocess.CompletedProcess[str]:
    """Some tasks of a role, here, as the playbook runs them on boxes."""
    made = run(
        "bash",
        "-ec",
        ". deploy/environment.sh; need_locked_environment .venv-deploy deploy/requirements/controller.txt",
    )
    assert made.returncode == 0, made.stderr
    included = {"include_role": {"name": role, "tasks_from": tasks}}
    play = {"hosts": "all", "gather_facts": False, "serial": [1, "100%"], "tasks": [included]}
    (tmp_path / "site.yml").write_text(json.dumps([play | {"any_errors_fatal": True}]), encoding="utf-8")
    (tmp_path / "boxes").write_text(
        "\n".join(f"{host} ansible_connection=local" for host in hosts.split()), encoding="utf-8"
    )
    program = str(REPOSITORY / ".venv-deploy/bin/ansible-playbook")
    command = [program, str(tmp_path / "site.yml"), "-i", str(tmp_path / "boxes"), "-e", json.dumps(knobs)]
    # Root's path, in which wipefs is.
    return run(*command, ANSIBLE_CONFIG=str(DEPLOY / "ansible.cfg"), PATH=f"{os.environ['PATH']}:/usr/sbin")


def firmware_seen(config: Path, cmdline: Path) -> dict[str, str]:
    """What the role's look makes of such files."""
    seen = {"config_txt": b64encode(config.read_bytes()).decode()}
    if b"digitbox\r" in config.read_bytes():
        seen["config_of_windows"] = "yes"
    if b"cgroup_enable=memory" in cmdline.read_bytes():
        seen["counts_memory"] = "yes"
    return seen


@pytest.mark.parametrize(
    ("config", "cmdline"),
    [
        ("camera_auto_detect=1\n", "root=/dev/vda rootwait\n"),
        ("[pi4]\r\ndtoverlay=imx708\r\n", "root=/dev/vda rootwait\r\n"),
        ("dtoverlay=hifiberry-dac\n[pi4]\ndtoverlay=imx708", "root=/dev/vda rootwait"),
    ],
    ids=["as shipped", "of Windows", "no end of the last line"],
)
def test_the_firmware_is_told_once_whatever_wrote_its_files(tmp_path, config, cmdline):
    """What was there stays; a block that an editor on Windows has saved is still known for ours.

    Told once more, where all is as it should be, nothing is even asked.
    """
    files = [tmp_path / "config.txt", tmp_path / "cmdline.txt"]
    for path, content in zip(files, (config, cmdline), strict=True):
        path.write_bytes(content.encode())

    def told(overlay: str) -> str:
        knobs = {"base_firmware": str(tmp_path), "base_overlays": [f"dtoverlay={overlay}"]}
        done = played(tmp_path, "firmware", "box", base_seen=firmware_seen(*files), **knobs)
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    for overlay in ("imx519", "imx296"):
        assert "changed=0" not in told(overlay)
        assert not re.search("TASK .*(Know|Name|Let)", told(overlay))
        block = f"# BEGIN digitbox\n[all]\ndtoverlay={overlay}\n# END digitbox\n"
        kept, _, found = files[0].read_bytes().decode().partition("# BEGIN")
        assert (kept.strip().replace("\r", ""), f"# BEGIN{found}") == (config.strip().replace("\r", ""), block)
        assert files[1].read_bytes().decode().split() == [*cmdline.split(), "cgroup_enable=memory"]
        for path in files:
            path.write_bytes(path.read_bytes().replace(b"\r", b"").replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            "dtoverlay=imx708,rotation=0\n[pi5]\ndtoverlay=hifiberry-dac\n",
            ["imx708,rotation=0, imx519", "hifiberry-dac, i2s-dac"],
        ),
        ("# dtoverlay=imx708\ndtoverlay=vc4-kms-v3d\ndtoverlay=imx519\r\n", []),
    ],
    ids=["others", "none"],
)
def test_lines_in_each_others_way_are_named(tmp_path, config, said):
    """A second sound card or camera that stands there already: the firmware loads both, and the later one wins."""
    files = [tmp_path / "config.txt", tmp_path / "cmdline.txt"]
    files[0].write_bytes(config.encode())
    files[1].touch()
    overlays = ["dtoverlay=imx519", "dtoverlay=i2s-dac"]
    for _ in range(2):  # our own block is nobody's rival
        done = played(
            tmp_path,
            "firmware",
            "box",
            base_firmware=str(tmp_path),
            base_seen=firmware_seen(*files),
            base_overlays=overlays,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        named = re.findall(r"names several (?:sound cards|cameras): (.*?)\. Where", done.stdout)
        assert sorted(named) == sorted(said), done.stdout[-3000:]


BLOCK_BYTES = 512
DISK_BLOCKS = 8192
"""Four megabytes: room for an ext4 of the smallest kind."""


def with_dos_partition() -> bytes:
    """The first block of a disk with one partition of Linux, as sticks and cards have it."""
    partition = struct.pack("<B3sB3sII", 0, b"", 0x83, b"", 2048, DISK_BLOCKS - 2048)
    return bytes(446) + partition + bytes(48) + b"\x55\xaa"


def with_gpt_partition() -> bytes:
    """The first blocks of a disk with one partition, as the UEFI specification 2.10, 5.3 has it, for larger disks."""
    linux, own = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4"), uuid.UUID(int=1)
    entries = (linux.bytes_le + own.bytes_le + struct.pack("<QQQ72s", 2048, DISK_BLOCKS - 64, 0, b"")).ljust(
        128 * 128, b"\0"
    )

    def header(checksum: int) -> bytes:
        places = (1, DISK_BLOCKS - 1, 34, DISK_BLOCKS - 34)
        table = (2, 128, 128, zlib.crc32(entries))
        return struct.pack("<8sIIII4Q16sQIII", b"EFI PART", 0x10000, 92, checksum, 0, *places, own.bytes_le, *table)

    protective = struct.pack("<B3sB3sII", 0, b"", 0xEE, b"", 1, DISK_BLOCKS - 1)
    first = bytes(446) + protective + bytes(48) + b"\x55\xaa"
    return first + header(zlib.crc32(header(0))).ljust(BLOCK_BYTES, b"\0") + entries


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Has the role look at a disk and format it if need be; a blkid that finds nothing ends it before all else."""
    (tmp_path / "bin").mkdir()
    blkid = tmp_path / "bin" / "blkid"
    blkid.write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")
    blkid.chmod(0o755)
    monkeypatch.setenv("PATH", str(blkid.parent), prepend=os.pathsep)

    def play(disk: Path) -> str:
        done = played(tmp_path, "data", "box", role="readonly", readonly_data=str(disk), base_seen={})
        assert done.returncode != 0
        return re.sub(r"\s+", " ", done.stdout)

    return play


@pytest.mark.parametrize("begin", [with_dos_partition(), with_gpt_partition()], ids=["dos", "gpt"])
def test_a_whole_disk_with_partitions_is_refused(tmp_path, data, begin):
    """Whoever writes /dev/sda for /dev/sda1 is told so, and not a byte of it changes."""
    disk = tmp_path / "disk"
    disk.write_bytes(begin.ljust(BLOCK_BYTES * DISK_BLOCKS, b"\0"))
    before = disk.read_bytes()
    said = data(disk)
    assert f"{disk} is a disk with partitions on it" in said, said[-3000:]
    assert f"such as {disk}1, and run this again. Nothing was written to it." in said
    assert disk.read_bytes() == before


def test_a_partition_is_formatted_only_if_it_is_empty(tmp_path, data):
    """With a file system on it, it is used as it is: somebody's pictures may lie there."""
    partition = tmp_path / "partition"
    partition.write_bytes(bytes(BLOCK_BYTES * DISK_BLOCKS))
    assert "Ask for its name" in data(partition)
    formatted = partition.read_bytes()
    assert b"digitbox-data" in formatted[:4096]  # ext4 has its label in the superblock, 1024 bytes from the begin
    assert "Ask for its name" in data(partition)
    assert partition.read_bytes() == formatted


@pytest.mark.parametrize(
    "hosts", ["kitchen kitchen.local", "bedroom kitchen kitchen.local"], ids=["in turn", "at once"]
)
def test_a_box_that_the_inventory_names_twice_is_refused(tmp_path, hosts):
    """By its two names, before anything is changed: else two installations would be at work there at once."""
    done = played(tmp_path, "look", hosts)
    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0
    assert re.search("kitchen.* are one and the same box. Name it once in the inventory and run this again", said), said


@pytest.mark.parametrize(
    ("wanted", "used"),
    [("xx_YY.UTF-8", "C.UTF-8"), ("POSIX", "C.UTF-8"), ("C.UTF-8", "C.UTF-8")],
    ids=["not installed", "not UTF-8", "fine"],
)
def test_the_language_that_ssh_brought_along_ends_nothing(wanted, used):
    """Ansible refuses to start with a locale that is not installed, or not UTF-8."""
    script = ". deploy/environment.sh; exec python3 -c 'import locale; print(locale.setlocale(locale.LC_ALL, \"\"))'"
    done = run("bash", "-c", script, LC_ALL=wanted)
    assert (done.returncode, done.stdout.strip()) == (0, used)
