"""Puts releases of digitbox in place: a new one works and stays, or the old one comes back, also after a power cut.

A program of its own, run as root by deploy/install and, at boot, by digitbox-recover.service; a copy lies in
/usr/local/lib/digitbox and runs on the system's Python with nothing but the standard library, whatever is installed. It
is one file, long as it is: one rename replaces the copy whole, and no bytecode of a former copy can lie beside it.

    release.py build PAYLOAD            make releases/NAME of a payload (deploy/install makes those)
    release.py activate NAME [--configuration FILE]     "-" is what comes in
    release.py rollback                 activate the one before
    release.py recover                  undo an update that was interrupted; replace a release in use that is gone
    release.py whole NAME               whether this release is there with all its files
    release.py list

Each prints one JSON object with `changed` and `message`; status 1 and a line on standard error when it can't be done.

An update, in order: its journal is written; the daemon stops; files are migrated; the new release examines itself; the
link `current`, and with it the units, changes by one rename; the daemon starts, must say READY and stay up; the journal
goes. As long as the journal is there the update isn't accepted, and whoever finds it undoes everything: files migrate
back, the former configuration and link return. Each step of both ways may be cut off and repeated.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import grp
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

SERVICE = "digitbox.service"
HELP = "digitbox-help.service"
USER = "digitbox"
GROUPS = ("gpio", "audio", "video")
"""The daemon's, as in digitbox.service."""

NEEDED_BYTES = 700_000_000
"""A release with its packages takes 250 MB, its wheels while they are unpacked 100 MB; the rest is for the box."""

SETTLE_SECONDS = 5.0
"""A daemon that has said READY and is still there, never restarted, so much later has opened camera and model."""

_PIP_LIMIT_SECONDS = 1800.0
_CHECK_LIMIT_SECONDS = 180.0
_STARTED = ("InvocationID", "Result")
_NO_VENV = "is python3-venv installed?"
_NO_INDEX = "does this box reach the package index? deploy/bundle makes a payload that needs none"
_OTHER_BUNDLE = (
    f"this box is a {os.uname().machine} with Python {sys.version_info.major}.{sys.version_info.minor}; "
    "a bundle only fits boxes like the machine on which deploy/bundle packed it"
)
_WHEELS = Path("/usr/share/python-wheels")
_MAKE_ROOM = "sudo apt clean, or take a card of 8 GB or more"
_COMPLETE = "complete.json"
_PARTS = ("bin", "lib", "systemd")
_LONGEST_CONFIGURATION = 4_000_000  # what device/config.py reads, of four bytes a character
_KEEP = 2


class ReleaseError(Exception):
    """What failed and the next step, for a person."""


# --- files that survive a power cut -----------------------------------------------------------------------------------


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """Replace a file, durably: after a power cut it is the old one or the new one, whole."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(0o644)
    beside.replace(path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Delete a file or link that may be there, durably."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def link(path: Path, target: str | None) -> None:
    """Let the link name another target by one rename, durably; None removes it."""
    if target is None:
        remove(path)
        return
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(path)
    sync_folder(path.parent)


# --- the machine ------------------------------------------------------------------------------------------------------


class Machine(Protocol):
    """What an update asks of the machine besides files."""

    def stop(self) -> None:
        """Stop the daemon."""

    def start(self) -> str | None:
        """Start it and wait until it is ready and stays; else why not."""

    def is_running(self) -> bool:
        """Whether the daemon runs."""

    def start_later(self, unit: str) -> None:
        """Have this unit started, without waiting for it."""

    def reload(self) -> str | None:
        """Let systemd read the units again; else why it did not: it would go on with the units of another release."""

    def run(self, command: Sequence[str], *, as_daemon: bool) -> subprocess.CompletedProcess[str]:
        """Run a program, with the daemon's rights or with ours. Raises OSError, subprocess.SubprocessError."""


class SystemdMachine:
    """The real one; where systemd isn't running (a chroot), there is no daemon to stop or start.

    Args:
        at_boot: The daemon waits for us to end: it is neither stopped, which would cancel its start, nor started.
    """

    def __init__(self, *, at_boot: bool = False) -> None:
        self._running = Path("/run/systemd/system").is_dir()
        self._at_boot = at_boot

    def stop(self) -> None:
        """Stop the daemon, and who calls for help in its place."""
        if not self._at_boot:
            self._systemctl("stop", SERVICE, HELP)

    def start(self) -> str | None:
        """Start it and wait; else the first lines of why not."""
        if not self._running or self._at_boot:
            return None
        self._systemctl("reset-failed", SERVICE)
        if self._systemctl("start", SERVICE):
            return self._why("does not start")
        time.sleep(SETTLE_SECONDS)
        shown = _output("systemctl", "show", "--value", "-p", "ActiveState,NRestarts", SERVICE).split()
        return None if sorted(shown) == ["0", "active"] else self._why("did not stay up")

    def is_running(self) -> bool:
        """As systemd says; where it isn't running nothing is amiss."""
        return self._systemctl("is-active", SERVICE) == 0

    def start_later(self, unit: str) -> None:
        """Put it into systemd's queue: at boot it may be waiting for us to end."""
        self._systemctl("start", "--no-block", unit)

    def reload(self) -> str | None:
        """Read the units again; systemd refuses where /run has less than 16 MB of room."""
        if self._systemctl("daemon-reload") == 0:
            return None
        return "systemd did not read the units again; is /run full? `df /run` says, and a restart of the box empties it"

    def run(self, command: Sequence[str], *, as_daemon: bool) -> subprocess.CompletedProcess[str]:
        """Run it as root, or as the daemon's user with its groups."""
        user: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": list(_groups())} if as_daemon else {}
        return subprocess.run(
            command, **user, umask=0o077 if as_daemon else 0o022, cwd="/", env=_environment(),
            capture_output=True, text=True, timeout=_CHECK_LIMIT_SECONDS, check=False,
        )  # fmt: skip

    def _systemctl(self, *words: str) -> int:
        if not self._running:
            return 0
        return subprocess.run(["systemctl", "--quiet", *words], capture_output=True, check=False).returncode

    def _why(self, what: str) -> str:
        """What it wrote at its last start, or else systemd; older lines would be about another one."""
        invocation, result = (_output("systemctl", "show", "--value", "-p", key, SERVICE).strip() for key in _STARTED)
        read = ["journalctl", "--no-pager", "--quiet", "-o", "cat", "-n", "4"]
        for written_by in ("_SYSTEMD_INVOCATION_ID", "INVOCATION_ID"):
            lines = _output(*read, f"{written_by}={invocation}").splitlines()
            if lines:
                return f"the daemon {what}: " + " | ".join(lines)
        return f"the daemon {what}: {result}, and the journal kept nothing of it"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _groups() -> Iterator[int]:
    for name in GROUPS:
        with suppress(KeyError):  # a plain Debian has no gpio
            yield grp.getgrnam(name).gr_gid


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


# --- a release --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Places:
    """Where an installation lives; tests take another root."""

    base: Path = Path("/opt/digitbox")
    configuration: Path = Path("/etc/digitbox/digitbox.toml")
    state: Path = Path("/var/lib/digitbox")

    @property
    def releases(self) -> Path:
        """One folder a release."""
        return self.base / "releases"

    @property
    def journal(self) -> Path:
        """There as long as an update isn't accepted; digitbox-recover.service looks for it."""
        return self.base / "update.json"

    @property
    def former_configuration(self) -> Path:
        """The configuration before the update, while the journal is there."""
        return self.base / "update.toml"


@dataclass(frozen=True, slots=True)
class Release:
    """One release, and what its own programs say; it is asked in its own words, whatever else is installed."""

    name: str
    places: Places
    machine: Machine

    @property
    def folder(self) -> Path:
        """Where it lies, if it does."""
        return self.places.releases / self.name

    @property
    def marker(self) -> Path:
        """There once it was made to the end."""
        return self.folder / _COMPLETE

    def is_whole(self) -> bool:
        """Whether it has all the files that it was made with; one made before they were counted is believed."""
        try:
            made = json.loads(self.marker.read_text(encoding="utf-8"))
            return "files" not in made or bool(made == _contents(self.name, self.folder))
        except (OSError, ValueError, TypeError):
            return False

    def mark_complete(self) -> None:
        """Write down what it is made of."""
        write(self.marker, json.dumps(_contents(self.name, self.folder)).encode())

    def findings(self, configuration: Path | None = None) -> list[dict[str, Any]]:
        """What it says of itself and the box with this configuration. Raises ReleaseError when it cannot say."""
        done = self._run("device.health", *(["--config", str(configuration)] if configuration else []))
        findings = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode not in (0, 1) or "reading" not in {finding["check"] for finding in findings}:
            raise ReleaseError(f"{self.name} cannot examine itself: {_last_line(done)}")
        return findings

    def present_layouts(self) -> dict[str, int | None]:
        """Those that the files have, by kind; None where there is no file. Raises ReleaseError."""
        return self._migration("present")

    def latest_layouts(self) -> dict[str, int | None]:
        """Those that it writes, by kind. Raises ReleaseError."""
        return self._migration("latest")

    def knows(self, layouts: Sequence[Mapping[str, int | None]]) -> bool:
        """Whether it can read all of these. Raises ReleaseError."""
        latest = self.latest_layouts()
        return all((latest.get(kind) or 0) >= (layout or 0) for needed in layouts for kind, layout in needed.items())

    def migrate(self, layouts: Mapping[str, int | None]) -> None:
        """Bring files to these layouts. Raises ReleaseError."""
        # The configuration is root's, all else the daemon's; what root would write the daemon could not.
        own = [f"{kind}={layout}" for kind, layout in layouts.items() if kind != "configuration"]
        if own:
            self._migration("to", *own)
        if "configuration" in layouts:
            self._migration("to", f"configuration={layouts['configuration']}", as_daemon=False)

    def _migration(self, *words: str, as_daemon: bool = True) -> dict[str, int | None]:
        """What its migrate answers."""
        places = ["--configuration", str(self.places.configuration), "--state", str(self.places.state)]
        done = self._run("device.migrate", *words, *places, as_daemon=as_daemon)
        if done.returncode:
            raise ReleaseError(f"{self.name} cannot migrate: {_last_line(done)}")
        answer: dict[str, int | None] = json.loads(done.stdout)
        return answer

    def _run(self, module: str, *words: str, as_daemon: bool = True) -> subprocess.CompletedProcess[str]:
        return self.machine.run([str(self.folder / "bin/python"), "-I", "-m", module, *words], as_daemon=as_daemon)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip().splitlines() or ["it says nothing"])[-1]


def _contents(name: str, folder: Path) -> dict[str, Any]:
    """What a release is known by: its name, and how many files of how many bytes programs and packages have.

    Python's own caches come and go, and what a link names is not the release's.
    """
    sizes = [
        Path(path, file).lstat().st_size
        for part in _PARTS
        for path, _, files in os.walk(folder / part)
        if not path.endswith("__pycache__")
        for file in files
    ]
    return {"release": name, "files": len(sizes), "bytes": sum(sizes)}


# --- building a release -----------------------------------------------------------------------------------------------


def _install(folder: Path, unpacked: Path) -> None:
    """An environment of the locked packages and of ours, in one call of a pip that isn't installed into it.

    That, and compiling on all cores afterwards, takes a third less time than an environment with a pip of its own.
    """
    venv = [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(folder)]
    _must(venv, "python3 cannot make an environment", _NO_VENV)
    wheels = unpacked / "wheels"
    offline = ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() else []
    python = str(folder / "bin/python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
           "--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes", *offline]  # fmt: skip
    files = [word for locked in (*_locked(unpacked), _ours(unpacked)) for word in ("-r", str(locked))]
    _must([*pip, *files], "pip cannot install the packages", _OTHER_BUNDLE if offline else _NO_INDEX, PYTHONPATH=_pip())
    # Some packages bring files for another Python, which can't be compiled and are never imported.
    subprocess.run([python, "-m", "compileall", "-qq", "-j", "0", str(folder / "lib")], check=False)
    shutil.copytree(unpacked / "systemd", folder / "systemd")


def _pip() -> str:
    """The wheel of pip that `python3 -m venv` would install. Raises ReleaseError."""
    found = sorted(_WHEELS.glob("pip-*.whl"))
    if not found:
        raise ReleaseError(f"there is no pip on this box; {_NO_VENV}")
    return str(found[-1])


def _ours(unpacked: Path) -> Path:
    """The wheels that the payload brings along, as pip wants to hear of them beside locked ones."""
    wheels = [wheel for pattern in ("built/*.whl", "digitbox-*.whl") for wheel in sorted(unpacked.glob(pattern))]
    file = unpacked / "ours.txt"
    lines = [f"{wheel} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n" for wheel in wheels]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def _locked(unpacked: Path) -> list[Path]:
    """The locked packages for this Python; lgpio's only where apt has none."""
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    locked = unpacked / "requirements" / f"{tag}.txt"
    if not locked.exists():
        raise ReleaseError(
            f"this release has no packages for Python {sys.version_info.major}.{sys.version_info.minor}; "
            "install Raspberry Pi OS Bookworm or Trixie, 64-bit"
        )
    has_lgpio = subprocess.run([sys.executable, "-c", "import lgpio"], capture_output=True, check=False).returncode == 0
    extra = locked.with_name(f"{tag}-lgpio.txt")
    return [locked] if has_lgpio or not extra.exists() else [locked, extra]


def _check_space(base: Path) -> None:
    free = shutil.disk_usage(base).free
    if free < NEEDED_BYTES:
        raise ReleaseError(
            f"the disk is too small: {free / 1e9:.1f} GB free, {NEEDED_BYTES / 1e9:.1f} GB needed; {_MAKE_ROOM}"
        )


def _member(tar: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - tarfile's type is private
    try:
        found = tar.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise ReleaseError(f"{tar.name!r} is no payload of digitbox: it has no {name}; deploy/install makes one")
    return found


def _unpack(tar: tarfile.TarFile, folder: str) -> None:
    """Without owners, devices and names that lead outside, where this Python can (3.11.4, PEP 706)."""
    ours = [member for member in tar.getmembers() if not member.name.startswith("debs")]  # a bundle's, for apt
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, members=ours, filter="data")
    else:
        tar.extractall(folder, members=ours)  # noqa: S202 - the payload is ours


def _must(command: Sequence[str], failed: str, step: str, **environ: str) -> None:
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=_PIP_LIMIT_SECONDS, check=False
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        if any(os.strerror(errno.ENOSPC) in line for line in words):
            step = _MAKE_ROOM
        raise ReleaseError(f"{failed}: {(words or ['it says nothing'])[-1]}; {step}")


# --- from one release to another --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Journal:
    """How everything was before the update."""

    former: str | None
    new: str
    previous: str | None
    layouts: Mapping[str, int | None]
    had_configuration: bool


class Releases:
    """The installed releases and the way from one to another.

    Args:
        places: Where they are.
        machine: The daemon and its user.
        note: Told each step, for the person who watches.
    """

    def __init__(self, places: Places, machine: Machine, note: Callable[[str], None] = lambda text: None) -> None:
        self._places = places
        self._machine = machine
        self._note = note

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock against a second installation; first undo what an interrupted one left. Raises ReleaseError."""
        self._places.releases.mkdir(parents=True, exist_ok=True)
        with (self._places.base / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ReleaseError(
                    "another installation is at work on this box; wait for its end, then run again"
                ) from None
            self._link_again()
            if self.undo() and self.current:
                self._machine.start()
            yield

    @property
    def current(self) -> str | None:
        """The release in use."""
        return self._target("current")

    @property
    def previous(self) -> str | None:
        """The one before, if it is still there."""
        return self._target("previous")

    def _link_again(self) -> None:
        """Where a copy or a backup has made folders of the links, bring the links back. Raises OSError."""
        for name in ("previous", "current"):
            folder = self._places.base / name
            if folder.is_symlink() or not folder.is_dir():
                continue
            self._note(f"{folder} is a folder where a link belongs, and is replaced")
            target = self._named_in(folder)
            if target is None or self._release(target).marker.exists():
                shutil.rmtree(folder)
            else:
                shutil.rmtree(self._release(target).folder, ignore_errors=True)
                folder.rename(self._release(target).folder)
            link(folder, f"releases/{target}" if target else None)
            self._reload()

    @staticmethod
    def _named_in(folder: Path) -> str | None:
        """The name of the release that this folder is, None where it is none that was finished."""
        try:
            return Path(json.loads((folder / _COMPLETE).read_text(encoding="utf-8"))["release"]).name
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def complete(self) -> list[str]:
        """Whole releases, the newest first."""
        markers = self._places.releases.glob(f"*/{_COMPLETE}")
        return [marker.parent.name for marker in sorted(markers, key=lambda path: -path.stat().st_mtime)]

    def is_whole(self, name: str) -> bool:
        """Whether this release is there with all the files that it was made with."""
        return self._release(name).is_whole()

    def build(self, payload: Path) -> bool:
        """Make a release of a payload; False when it is there with all its files. Raises ReleaseError."""
        with tarfile.open(payload) as tar:
            name = str(json.load(_member(tar, "manifest.json"))["release"])
            release = self._release(name)
            if release.is_whole():
                return False
            _check_space(self._places.base)
            lost = name == self.current
            if lost:
                self._note(f"{release.folder} has lost files: stopping it and making it anew")
                self._machine.stop()
                remove(release.marker)
            for left in (release.folder, *self._places.base.glob(".unpacked-*")):  # by an interrupted run
                shutil.rmtree(left, ignore_errors=True)
            self._note(f"making {release.folder}")
            try:
                with tempfile.TemporaryDirectory(dir=self._places.base, prefix=".unpacked-") as unpacked:
                    _unpack(tar, unpacked)
                    _install(release.folder, Path(unpacked))
            except BaseException:
                if lost:
                    self.settle()
                raise
        os.sync()
        release.mark_complete()
        return True

    def activate(self, name: str, configuration: bytes | None = None) -> bool:
        """Take this release, with this configuration, into use; False when it is already. Raises ReleaseError.

        Whatever fails is undone first; the error then says so.
        """
        if not self._release(name).marker.exists():
            raise ReleaseError(
                f"there is no release {name}; build it first, or choose of: {', '.join(self.complete())}"
            )
        if self.current == name and configuration in (None, self._configuration()) and self._machine.is_running():
            return False
        former = self.current
        self._begin(name)
        try:
            self._change(name, configuration)
        except (ReleaseError, OSError, subprocess.SubprocessError) as error:
            try:
                self.undo()
            except OSError as hindrance:  # a full or failing disk
                raise ReleaseError(
                    f"{name} did not pass ({error}) and could not be undone yet ({hindrance}), "
                    f"{self._back_to(self.current)}; make room ({_MAKE_ROOM}), then run this again"
                ) from error
            raise ReleaseError(f"{name} did not pass and was undone, {self._back_to(former)}: {error}") from error
        self._accept()
        return True

    def rollback(self) -> str:
        """Activate the release before this one; its name. Raises ReleaseError."""
        name = self.previous
        if name is None:
            raise ReleaseError(f"there is no release before {self.current or 'the first'} on this box")
        try:
            self.activate(name)
        except ReleaseError:
            kept = self._places.releases / name / "digitbox.toml"
            if not kept.exists() or kept.read_bytes() == self._configuration():
                raise
            self._note(f"{name} does not work with this configuration; trying the one it last had")
            self.activate(name, kept.read_bytes())
        return name

    def undo(self) -> bool:
        """Bring back what the journal says was before; False when there is nothing to undo."""
        journal = self._read_journal()
        if journal is None:
            return False
        self._note(f"undoing the update to {journal.new}")
        self._machine.stop()
        try:
            self._migrate(journal.layouts, [journal.new, journal.former])
        except (ReleaseError, OSError, subprocess.SubprocessError) as error:
            self._note(f"a file could not be migrated back: {error}")  # better an old release that says so than none
        if self._places.former_configuration.exists():
            kept = self._places.former_configuration.read_bytes()
            if kept != self._configuration():  # on a full disk the rest can be undone without room
                write(self._places.configuration, kept)
        elif not journal.had_configuration:
            remove(self._places.configuration)
        self._switch(journal.former, journal.previous)
        self._reload()
        remove(self._places.journal)
        remove(self._places.former_configuration)
        return True

    def settle(self) -> bool:
        """Where the link names no release, take the one before or else the newest; where there is none, call for help.

        At boot, for the units come with the release: without one nobody would say a word. False when all is well.
        """
        if self.current:
            return False
        left = next(iter([name for name in (self.previous, *self.complete()) if name]), None)
        if left is None:
            self._note("there is no release on this box any more; deploy/install installs one")
            self._machine.start_later(HELP)
            return False
        self._note(f"the release in use is gone; taking {left} in its place")
        link(self._places.base / "current", f"releases/{left}")
        self._reload()
        self._machine.start_later(SERVICE)
        return True

    def prune(self, keep: int = _KEEP) -> list[str]:
        """Delete all but the release in use, the one before and the newest, `keep` in all; the names of those gone."""
        kept = [name for name in dict.fromkeys([self.current, self.previous, *self.complete()]) if name][: max(keep, 1)]
        gone = [path for path in self._places.releases.iterdir() if path.is_dir() and path.name not in kept]
        for path in gone:
            self._release(path.name).marker.unlink(missing_ok=True)  # half a release must not pass for a whole one
            sync_folder(path)
            shutil.rmtree(path)
        return [path.name for path in gone]

    def _back_to(self, former: str | None) -> str:
        """Start the former release, and say what came of it."""
        if former is None:
            return "nothing was installed before"
        trouble = self._machine.start()
        return f"and {former} does not run either ({trouble})" if trouble else f"{former} runs again"

    def _begin(self, name: str) -> None:
        """Write down how everything is, before anything changes."""
        configuration = self._configuration()
        remove(self._places.former_configuration)
        if configuration is not None:
            write(self._places.former_configuration, configuration)
        layouts = self._release(name).present_layouts()
        journal = Journal(self.current, name, self.previous, layouts, configuration is not None)
        write(self._places.journal, json.dumps(asdict(journal)).encode())

    def _change(self, name: str, configuration: bytes | None) -> None:
        self._note(f"changing from {self.current or 'nothing'} to {name}")
        self._machine.stop()
        former = self.current
        if configuration is not None:
            write(self._places.configuration, configuration)
        self._migrate(self._release(name).latest_layouts(), [name, former])
        self._examine(name, former)
        self._switch(name, former if former != name else self.previous)
        trouble = self._machine.reload() or self._machine.start()
        if trouble:
            raise ReleaseError(trouble)

    def _accept(self) -> None:
        journal = self._read_journal()
        if journal and journal.former not in (None, journal.new) and self._places.former_configuration.exists():
            kept = self._places.releases / str(journal.former) / "digitbox.toml"
            write(kept, self._places.former_configuration.read_bytes())
        remove(self._places.journal)
        remove(self._places.former_configuration)

    def _switch(self, current: str | None, previous: str | None) -> None:
        link(self._places.base / "previous", f"releases/{previous}" if previous else None)
        link(self._places.base / "current", f"releases/{current}" if current else None)

    def _reload(self) -> None:
        """On the way back, where an old release under another's units is better than none."""
        trouble = self._machine.reload()
        if trouble:
            self._note(trouble)

    # --- examining and migrating --------------------------------------------------------------------------------------

    def _examine(self, name: str, former: str | None) -> None:
        """Raise ReleaseError when the release is at fault, or when a device fails that did not with the former one."""
        failed = [finding for finding in self._release(name).findings() if not finding["ok"]]
        new = [finding for finding in failed if finding["software"]]
        if failed and not new and former not in (None, name):
            as_before = self._failing_before(str(former))
            new = [finding for finding in failed if as_before is not None and finding["check"] not in as_before]
        for finding in failed:
            self._note(f"{finding['check']}: {finding['message']} -> {finding['remedy']}")
        if new:
            raise ReleaseError("; ".join(f"{finding['check']}: {finding['message']}" for finding in new))

    def _failing_before(self, former: str) -> set[str] | None:
        """The checks that failed with the former release; None where it is too broken to say, and no yardstick.

        Also those that fail with it under another configuration that is asked for now: that is no release's fault.
        """
        kept = self._places.former_configuration
        asked = [kept, None] if kept.exists() and kept.read_bytes() != self._configuration() else [None]
        try:
            before = [finding for file in asked for finding in self._release(former).findings(file)]
        except (ReleaseError, OSError, subprocess.SubprocessError) as error:
            self._note(f"{former} cannot be asked what was wrong before: {error}")
            return None
        return {finding["check"] for finding in before if not finding["ok"]}

    def _migrate(self, wanted: Mapping[str, int | None], names: Sequence[str | None]) -> None:
        """Bring the files to these layouts, with the first of the releases that knows those they have and will have."""
        known = [release for release in map(self._release, filter(None, names)) if release.marker.exists()]
        if not known:
            return
        present = known[0].present_layouts()
        steps = {kind: layout for kind, layout in wanted.items() if None not in (layout, present[kind])}
        steps = {kind: layout for kind, layout in steps.items() if layout != present[kind]}
        if not steps:
            return
        layouts = [steps, {kind: present[kind] for kind in steps}]
        able = next((release for release in known if release.knows(layouts)), None)
        if able is None:
            raise ReleaseError(f"no release here can change the layouts {present} to {dict(wanted)}")
        able.migrate(steps)

    def _release(self, name: str) -> Release:
        return Release(name, self._places, self._machine)

    def _configuration(self) -> bytes | None:
        try:
            return self._places.configuration.read_bytes()
        except FileNotFoundError:
            return None

    def _read_journal(self) -> Journal | None:
        """None also for one that makes no sense, which no power cut leaves: it would be in the way for ever."""
        try:
            return Journal(**json.loads(self._places.journal.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            self._note(f"{self._places.journal} is damaged and deleted, {self.current} stays in use ({error})")
            remove(self._places.journal)
            return None

    def _target(self, name: str) -> str | None:
        try:
            target = (self._places.base / name).readlink().name
        except OSError:
            return None
        return target if self._release(target).marker.exists() else None


# --- the command line -------------------------------------------------------------------------------------------------


def _asked(file: str | None) -> bytes | None:
    """The configuration that comes with the order; a chroot may have no /dev/stdin to name. Raises ReleaseError."""
    if not file:
        return None
    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as content:
        configuration = content.read(_LONGEST_CONFIGURATION + 1)  # of a device there would be no end
    if len(configuration) > _LONGEST_CONFIGURATION:
        raise ReleaseError(f"{file} is longer than {_LONGEST_CONFIGURATION:,} bytes; name a configuration file")
    return configuration


def _obey(options: argparse.Namespace, releases: Releases) -> tuple[bool, str]:
    """Whether anything changed, and what to say."""
    match options.order:
        case "build":
            try:
                made = releases.build(options.payload)
            except tarfile.TarError as error:
                raise ReleaseError(f"{options.payload} is damaged or cut off ({error}); copy it again") from error
            return made, "built" if made else "already there"
        case "activate":
            configuration = _asked(options.configuration)
            changed = releases.activate(options.name, configuration)
            gone = releases.prune(options.keep)
            return changed or bool(gone), f"{options.name} is in use"
        case "rollback":
            return True, f"{releases.rollback()} is in use"
        case "recover":
            return releases.settle(), f"{releases.current or 'nothing'} is in use"
    return False, f"{releases.current or 'nothing'} is in use"


def main(arguments: Sequence[str] | None = None) -> int:
    """Obey the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="release.py", description="Change between releases of digitbox.")
    orders = parser.add_subparsers(dest="order", required=True)
    orders.add_parser("build").add_argument("payload", type=Path)
    activate = orders.add_parser("activate")
    activate.add_argument("name")
    activate.add_argument("--configuration")
    activate.add_argument("--keep", type=int, default=_KEEP)
    orders.add_parser("whole").add_argument("name")
    for order in ("rollback", "recover", "list"):
        orders.add_parser(order)
    options = parser.parse_args(arguments)
    os.umask(0o022)  # whatever sudo's is: the daemon must be able to read what root makes
    machine = SystemdMachine(at_boot=options.order == "recover")
    releases = Releases(Places(), machine, lambda text: print(f"digitbox: {text}", file=sys.stderr))  # noqa: T201
    try:
        if options.order == "list":
            changed, message = False, " ".join(releases.complete())
        elif options.order == "whole":
            return int(not releases.is_whole(options.name))
        else:
            with releases.alone():
                changed, message = _obey(options, releases)
    except (ReleaseError, OSError, ValueError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"digitbox: {error}\n")
        return 1
    sys.stdout.write(json.dumps({"changed": changed, "message": message, "current": releases.current}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
