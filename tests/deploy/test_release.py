"""Releases: a good one stays, a bad one is undone, and a power cut at any step leaves the old one or the new one."""

from __future__ import annotations

import argparse
import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from functools import partial
from pathlib import Path

import pytest
from boxes import Behaviour, Box

from device import release
from device.release import Release, ReleaseError

NEWER = {"configuration": 1, "preferences": 0, "history": 2}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box on which "one" runs, with a configuration and a history."""
    made = Box(tmp_path)
    made.keep("configuration", 0)
    made.keep("history", 1)
    made.add("one")
    made.releases().activate("one")
    return made


def test_a_first_release_is_taken_into_use(box):
    """The link names it, its units are read, its daemon runs, and nothing of the update is left."""
    assert (box.releases().current, box.releases().previous, box.running) == ("one", None, "one")
    assert box.reloads == 1
    assert sorted(os.listdir(box.places.base)) == ["current", "releases"]  # noqa: PTH208


def test_the_same_release_again_changes_nothing(box):
    """Neither without a configuration nor with the one that is there."""
    assert not box.releases().activate("one")
    assert not box.releases().activate("one", box.places.configuration.read_bytes())
    assert box.reloads == 1


def test_an_update_migrates_and_remembers_the_one_before(box):
    """The newer release's layouts are on the disk when it starts."""
    box.add("two", Behaviour(latest=NEWER))
    assert box.releases().activate("two")
    assert (box.releases().current, box.releases().previous, box.running) == ("two", "one", "two")
    assert (box.layout("configuration"), box.layout("history")) == (1, 2)


def test_a_release_whose_units_are_not_read_is_undone(box):
    """As with a full /run: it would run under the units of the one before, and first meet its own at the next boot."""
    box.add("two")
    box.cannot_reload = "is /run full?"
    with pytest.raises(ReleaseError, match=r"two did not pass and was undone, one runs again: is /run full\?"):
        box.releases().activate("two")
    assert (box.releases().current, box.running) == ("one", "one")


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (Behaviour(NEWER, failing=[("reading", True)]), "reading!"),
        (Behaviour(NEWER, failing=[("camera", False)]), "camera!"),
        (Behaviour(NEWER, refuses="the daemon did not stay up: bang"), "bang"),
        (Behaviour(NEWER, needs_in_configuration="new_key"), "configuration!"),
    ],
)
def test_a_release_that_fails_is_undone(box, behaviour, said):
    """The one before runs again on its own layouts; the message says what was wrong."""
    box.add("two", behaviour)
    with pytest.raises(ReleaseError, match=said):
        box.releases().activate("two", b"# layout 1\nwanted = 1\n")
    assert (box.releases().current, box.releases().previous, box.running) == ("one", None, "one")
    assert (box.layout("configuration"), box.layout("history")) == (0, 1)
    assert not box.places.journal.exists()


def test_a_device_that_was_missing_before_is_no_reason(box):
    """A bench without a camera can be updated."""
    box.behaviour["one"].failing = [("camera", False)]
    box.add("two", Behaviour(failing=[("camera", False)]))
    assert box.releases().activate("two")


def test_what_is_missing_for_another_configuration_is_no_reason(box):
    """A language without a speech model is asked for together with an update: the release before lacked it as well."""
    box.behaviour["one"].cannot_hear = "german"
    box.add("two", Behaviour(cannot_hear="german"))
    assert box.releases().activate("two", b"language = german")


def test_a_broken_release_is_no_yardstick(box):
    """Where the one in use can't even say what was wrong before, a missing camera doesn't keep its successor away."""
    box.behaviour["one"].is_broken = True
    box.add("two", Behaviour(latest=NEWER, failing=[("camera", False)]))
    assert box.releases().activate("two")
    assert (box.releases().current, box.layout("history")) == ("two", 2)


def test_a_first_release_needs_no_device(tmp_path):
    """Plugging in comes later; but its own software has to work, and else nothing is left of it."""
    empty = Box(tmp_path)
    empty.add("one", Behaviour(failing=[("camera", False)]))
    empty.add("broken", Behaviour(failing=[("reading", True)]))
    with pytest.raises(ReleaseError, match="nothing was installed before"):
        empty.releases().activate("broken", b"x = 1\n")
    assert (empty.releases().current, empty.places.configuration.exists()) == (None, False)
    assert empty.releases().activate("one")


def test_a_wrong_configuration_is_undone(box):
    """The same release goes on with the configuration it had."""
    box.behaviour["one"].needs_in_configuration = "layout"
    with pytest.raises(ReleaseError, match="one runs again"):
        box.releases().activate("one", b"nonsense = 1\n")
    assert box.layout("configuration") == 0
    assert box.running == "one"


def test_the_release_before_comes_back_with_its_layouts(box):
    """Rolling back undoes migrations with the code of the newer release; rolling back again goes forward."""
    box.add("two", Behaviour(latest=NEWER))
    box.releases().activate("two")
    assert box.releases().rollback() == "one"
    assert (box.layout("configuration"), box.layout("history"), box.running) == (0, 1, "one")
    assert box.releases().rollback() == "two"
    assert (box.layout("configuration"), box.layout("history"), box.running) == (1, 2, "two")


def test_the_release_before_comes_back_with_its_configuration(box):
    """Where it can't work with the present one, it gets the one it last ran with."""
    before = box.places.configuration.read_bytes()
    box.behaviour["one"].needs_in_configuration = before.decode()
    box.add("two")
    box.releases().activate("two", b"other = 1\n")
    assert box.releases().rollback() == "one"
    assert box.places.configuration.read_bytes() == before


def test_without_a_release_before_there_is_no_way_back(box):
    """And the message says so."""
    with pytest.raises(ReleaseError, match="no release before one"):
        box.releases().rollback()


def test_two_installations_at_once_are_refused(box):
    """The second is told to wait, and changes nothing."""
    with box.releases().alone(), pytest.raises(ReleaseError, match="another installation"), box.releases().alone():
        pass


def test_old_releases_go_and_the_one_before_stays(box):
    """Also half-built ones; never the one in use."""
    for name in ("two", "three"):
        box.add(name)
        box.releases().activate(name)
    (box.places.releases / "half").mkdir()
    (box.places.releases / "somebody's note").touch()
    assert sorted(box.releases().prune(keep=2)) == ["half", "one"]
    assert box.releases().prune(keep=1) == ["two"]
    assert sorted(os.listdir(box.places.releases)) == ["somebody's note", "three"]  # noqa: PTH208


def test_old_releases_go_only_once_the_new_one_runs(box):
    """Until then nobody knows how far back a working one has to be looked for; here it is as the program is called."""
    box.add("two")
    box.releases().activate("two")
    box.add("three", Behaviour(refuses="the daemon does not start: bang"))
    asked = argparse.Namespace(order="activate", name="three", configuration=None, keep=2)
    with pytest.raises(ReleaseError, match="three did not pass and was undone, two runs again"):
        release._obey(asked, box.releases())
    assert sorted(box.releases().complete()) == ["one", "three", "two"]
    box.behaviour["three"].refuses = None
    assert release._obey(asked, box.releases()) == (True, "three is in use")
    assert sorted(box.releases().complete()) == ["three", "two"]


def test_a_release_that_does_not_run_is_tried_again(box):
    """Installing again is what the owner does of a box whose daemon is down for good; it says why, or mends it."""
    box.running = None
    box.behaviour["one"].refuses = "the daemon does not start: bang"
    with pytest.raises(ReleaseError, match=r"and one does not run either \(the daemon does not start: bang\)"):
        box.releases().activate("one")
    box.behaviour["one"].refuses = None
    assert box.releases().activate("one")
    assert (box.running, box.releases().previous) == ("one", None)


def test_a_journal_that_makes_no_sense_is_no_obstacle(box):
    """The release in use stays in use, and the next update goes its way."""
    for content in ("", "[1]", '{"former": 1}', "\0" * 40):
        box.places.journal.write_text(content, encoding="utf-8")
        boot(box)
        assert not box.places.journal.exists()
    box.add("two")
    assert box.releases().activate("two")


def vanish(box: Box, name: str) -> None:
    """As if somebody, or a broken card, had deleted it."""
    shutil.rmtree(box.places.releases / name)


def test_where_the_release_in_use_is_gone_another_takes_its_place(box):
    """The one before, else the newest; the units are read again, for those of the daemon went with it."""
    for name in ("two", "three"):
        box.add(name)
        box.releases().activate(name)
    assert not box.releases().settle()
    vanish(box, "three")
    assert box.releases().settle()
    assert (box.releases().current, box.started_later) == ("two", [release.SERVICE])
    vanish(box, "two")
    assert box.releases().settle()
    assert (box.releases().current, box.started_later) == ("one", [release.SERVICE] * 2)


def test_where_no_release_is_left_it_calls_for_help(box):
    """Nothing else could: every unit but two comes with a release."""
    vanish(box, "one")
    assert not box.releases().settle()
    assert box.started_later == [release.HELP]


def test_a_release_that_has_lost_files_is_not_whole(box):
    """Python's own caches may come and go; a release from before files were counted is taken as it is."""
    folder = box.places.releases / "one"
    assert box.releases().is_whole("one")
    for name in ("bin/digitbox", "lib/device/cli.py", "lib/device/__pycache__/cli.pyc", "systemd/digitbox.service"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "complete.json").write_text(json.dumps(release._contents("one", folder)), encoding="utf-8")
    (folder / "lib/device/__pycache__/cli.pyc").unlink()
    assert box.releases().is_whole("one")
    (folder / "lib/device/cli.py").write_text("", encoding="utf-8")
    assert not box.releases().is_whole("one")
    (folder / "complete.json").write_text("", encoding="utf-8")
    assert not box.releases().is_whole("one")
    assert not box.releases().is_whole("two")


class Asked:
    """A machine on which a release's programs answer as the test says; what was run, and with whose rights."""

    def __init__(self, status: int = 0, output: str = "{}", trouble: str = "") -> None:
        self.answer = status, output, trouble
        self.ran: list[tuple[list[str], bool]] = []

    def run(self, command, *, as_daemon):
        """Answer."""
        self.ran.append((list(command), as_daemon))
        return subprocess.CompletedProcess(command, *self.answer)


def test_a_release_migrates_the_configuration_as_root_and_all_else_as_the_daemon(box):
    """What root would write the daemon could not; and what there is nothing of is not asked for."""
    machine = Asked()
    one = Release("one", box.places, machine)
    one.migrate({"history": 2, "configuration": 1, "preferences": 0})
    places = ["--configuration", str(box.places.configuration), "--state", str(box.places.state)]
    program = [str(box.places.releases / "one/bin/python"), "-I", "-m", "device.migrate", "to"]
    assert machine.ran == [
        ([*program, "history=2", "preferences=0", *places], True),
        ([*program, "configuration=1", *places], False),
    ]
    one.migrate({"configuration": 0})
    assert machine.ran[2:] == [([*program, "configuration=0", *places], False)]


@pytest.mark.parametrize(
    ("layouts", "known"),
    [([{"history": 2}], True), ([{"history": 1}, {"history": 3}], False), ([{"history": None}, {"other": 1}], False)],
)
def test_a_release_knows_the_layouts_up_to_its_own(box, layouts, known):
    """A kind that it has never heard of is none of them."""
    assert Release("one", box.places, Asked(output='{"history": 2}')).knows(layouts) == known


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((2, "", "a line\nno such module"), "one cannot examine itself: no such module"),
        ((0, '{"check": "camera"}', ""), "one cannot examine itself: it says nothing"),
    ],
)
def test_a_release_that_cannot_examine_itself_says_why(box, answer, words):
    """Also when it ended well and never came to the reading."""
    with pytest.raises(ReleaseError, match=words):
        Release("one", box.places, Asked(*answer)).findings()


def test_what_is_no_release_is_named(box):
    """With those there are."""
    with pytest.raises(ReleaseError, match="there is no release two; build it first, or choose of: one"):
        box.releases().activate("two")


def payload(folder: Path, **files: bytes) -> Path:
    """A payload with these members."""
    path = folder / "payload.tar"
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/").replace("_json", ".json"))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_what_is_no_payload_is_named(box, tmp_path):
    """Rather than a traceback about a member."""
    with pytest.raises(ReleaseError, match="no payload of digitbox"):
        box.releases().build(payload(tmp_path, other=b""))


def test_a_disk_too_small_is_said_before_anything_is_written(box, tmp_path, monkeypatch):
    """With what is free and what is needed."""
    monkeypatch.setattr(release, "NEEDED_BYTES", 10**15)
    with pytest.raises(ReleaseError, match=r"too small: .* GB free, 1000000.0 GB needed"):
        box.releases().build(payload(tmp_path, manifest_json=json.dumps({"release": "two"}).encode()))
    assert not (box.places.releases / "two").exists()


def test_a_payload_that_was_cut_off_is_named(box, tmp_path, monkeypatch, capsys):
    """On the box as well, in one line."""
    whole = payload(tmp_path, manifest_json=json.dumps({"release": "two"}).encode(), requirements__py=b"x" * 99999)
    os.truncate(whole, 50000)
    monkeypatch.setattr(release, "Places", lambda: box.places)
    assert release.main(["build", str(whole)]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("; copy it again")
    assert (box.running, box.releases().complete()) == ("one", ["one"])


@pytest.mark.parametrize(("wheels", "step"), [(True, "a bundle only fits boxes like"), (False, "package index")])
def test_a_bundle_for_another_system_is_not_the_networks_fault(tmp_path, monkeypatch, wheels, step):
    """Its packages are there, only not for this Python or processor."""
    if wheels:
        (tmp_path / "wheels").mkdir()
    steps = []
    monkeypatch.setattr(release, "_must", lambda command, failed, step, **environ: steps.append(step))
    monkeypatch.setattr(release, "_locked", lambda unpacked: [tmp_path / "locked.txt"])
    monkeypatch.setattr(release, "_pip", lambda: "pip.whl")
    monkeypatch.setattr(release.subprocess, "run", lambda *command, **more: None)
    (tmp_path / "systemd").mkdir()
    release._install(tmp_path / "made", tmp_path)
    assert step in steps[1]


def test_what_the_payload_brings_is_known_by_its_hashes(tmp_path):
    """As pip wants it of everything once it wants it of one package; a wheel that changed since is not installed."""
    (tmp_path / "built").mkdir()
    for name in ("built/srt-1-py3-none-any.whl", "digitbox-1-py3-none-any.whl", "other.whl"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    lines = release._ours(tmp_path).read_text(encoding="utf-8").splitlines()
    assert [Path(line.split()[0]).name for line in lines] == ["srt-1-py3-none-any.whl", "digitbox-1-py3-none-any.whl"]
    for line in lines:
        path, hashed = line.split()
        assert hashed == f"--hash=sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def test_a_box_without_pip_is_told_what_to_install(tmp_path, monkeypatch):
    """Debian keeps it in a package of its own, which a venv needs, too."""
    monkeypatch.setattr(release, "_WHEELS", tmp_path)
    with pytest.raises(release.ReleaseError, match="no pip on this box; is python3-venv installed"):
        release._pip()
    for version in ("23.0.1", "25.1"):
        (tmp_path / f"pip-{version}-py3-none-any.whl").touch()
    assert release._pip() == str(tmp_path / "pip-25.1-py3-none-any.whl")


@pytest.mark.parametrize("has_releases", [True, False])
def test_links_that_a_backup_made_folders_are_links_again(box, has_releases):
    """As `cp -rL` or a FAT stick leaves them; where only the folder is left, it is the release."""
    box.add("two")
    box.releases().activate("two")
    for name, link in (("two", "current"), ("one", "previous")):
        folder = box.places.releases / name
        (folder / "complete.json").write_text(json.dumps({"release": name}), encoding="utf-8")
        (box.places.base / link).unlink()
        shutil.copytree(folder, box.places.base / link)
        if not has_releases:
            shutil.rmtree(folder)
    with box.releases().alone():
        assert (box.releases().current, box.releases().previous) == ("two", "one")
        assert box.releases().rollback() == "one"
    assert box.running == "one"


def test_a_folder_that_is_no_release_makes_way(box):
    """Then there is no release in use, and the next is a first one."""
    (box.places.base / "current").unlink()
    (box.places.base / "current").mkdir()
    with box.releases().alone():
        assert box.releases().current is None
        assert box.releases().activate("one")
    assert box.running == "one"


def test_a_disk_that_fills_up_during_an_update_stops_nobody(box, monkeypatch):
    """What can't be undone for want of room waits in the journal; the daemon runs meanwhile, and it is said why."""
    box.places.configuration.write_text("# layout 0\nmine = 1\n", encoding="utf-8")
    box.add("two", Behaviour(latest=NEWER, failing=[("reading", True)]))
    real = release.write

    def full(path: Path, content: bytes) -> None:
        if path == box.places.configuration and content != b"wanted = 1\n":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, content)

    monkeypatch.setattr(release, "write", full)
    with pytest.raises(ReleaseError, match=r"reading!.*could not be undone yet .*No space left.*make room"):
        box.releases().activate("two", b"wanted = 1\n")
    assert (box.releases().current, box.running) == ("one", "one")
    assert box.places.journal.exists()
    monkeypatch.undo()
    with box.releases().alone():
        assert (box.layout("configuration"), box.layout("history"), box.running) == (0, 1, "one")
    assert not box.places.journal.exists()


class PowerCutError(BaseException):
    """Nothing catches it, as nothing catches a pulled plug."""


class Plug:
    """Cuts the power before the n-th step that reaches the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        self.count = 0
        monkeypatch.setattr(os, "fsync", self._counting(lambda descriptor: None))  # which would take its time
        for name in ("replace", "symlink", "unlink", "rename"):
            monkeypatch.setattr(os, name, self._counting(getattr(os, name)))

    def _counting(self, real):
        def step(*arguments, **named):
            self.count += 1
            if self.count == self.left:
                raise PowerCutError
            return real(*arguments, **named)

        return step

    def cut_at(self, step: int) -> None:
        """Count from here; 0 never cuts."""
        self.left, self.count = step, 0


def working(box: Box) -> str:
    """The release in use, after asserting that everything on the disk fits it."""
    name = box.releases().current
    assert name is not None
    assert not box.places.journal.exists()
    assert box.start() is None
    latest = box.behaviour[name].latest
    assert {kind: box.layout(kind) for kind in ("configuration", "history")} == {
        kind: latest[kind] for kind in ("configuration", "history")
    }
    return name


@pytest.mark.parametrize("order", ["update", "update that fails", "rollback"])
def test_a_power_cut_at_any_step_leaves_a_working_release(tmp_path, monkeypatch, order):
    """Cut before each step of the update, then again before each step of the recovery that follows."""
    plug = Plug(monkeypatch)
    outcomes = set()
    for first in range(1, 200):
        cut_in_recovery, second = True, 0
        while cut_in_recovery:
            box = prepared(tmp_path / f"{first}-{second}", order)
            cut = interrupted(plug, first, partial(change, box, order))
            cut_in_recovery = cut and interrupted(plug, second + 1, partial(boot, box))
            plug.cut_at(0)
            boot(box)
            outcomes.add(working(box))
            second += 1
        if not cut:
            break
    assert first > 10
    assert outcomes == ({"one"} if order == "update that fails" else {"one", "two"})


def prepared(folder: Path, order: str) -> Box:
    """A box before the order."""
    box = Box(folder)
    box.keep("configuration", 0)
    box.keep("history", 1)
    box.add("one")
    box.add("two", Behaviour(latest=NEWER, refuses="bang" if order == "update that fails" else None))
    box.releases().activate("one")
    if order == "rollback":
        box.releases().activate("two")
    return box


def change(box: Box, order: str) -> None:
    """Obey; an update that fails is an answer."""
    try:
        if order == "rollback":
            box.releases().rollback()
        else:
            box.releases().activate("two", b"# layout 1\nwanted = 1\n")
    except ReleaseError:
        pass


def boot(box: Box) -> None:
    """What digitbox-recover.service does."""
    box.running = None
    with box.releases().alone():
        pass


def interrupted(plug: Plug, step: int, action) -> bool:
    """Whether the power was cut at that step of the action."""
    plug.cut_at(step)
    try:
        action()
    except PowerCutError:
        return True
    finally:
        plug.cut_at(0)
    return False


def test_the_configuration_may_come_in_with_the_order(box, tmp_path, monkeypatch):
    """From the installer, which needs no file for it; also in a chroot, which may have no /dev/stdin."""
    monkeypatch.setattr(release, "Places", lambda: box.places)
    monkeypatch.setattr(release, "SystemdMachine", lambda at_boot: box)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"asked = 1\n")))
    assert release.main(["activate", "one", "--configuration=-"]) == 0
    assert box.places.configuration.read_bytes() == b"asked = 1\n"
    (tmp_path / "asked.toml").write_bytes(b"asked = 2\n")
    assert release.main(["activate", "one", f"--configuration={tmp_path}/asked.toml"]) == 0
    assert box.places.configuration.read_bytes() == b"asked = 2\n"


def test_a_configuration_without_an_end_is_refused(box, monkeypatch, capsys):
    """A device named by mistake, in place of memory running full; what runs goes on."""
    monkeypatch.setattr(release, "Places", lambda: box.places)
    monkeypatch.setattr(release, "SystemdMachine", lambda at_boot: box)
    before = box.places.configuration.read_bytes()
    assert release.main(["activate", "one", "--configuration=/dev/zero"]) == 1
    assert "name a configuration file" in capsys.readouterr().err
    assert (box.places.configuration.read_bytes(), box.running) == (before, "one")


def test_what_it_makes_can_be_read_whatever_the_umask(box, monkeypatch, capsys):
    """Sudo may hand on one under which the daemon could not even start its Python."""
    monkeypatch.setattr(release, "Places", lambda: box.places)
    former = os.umask(0o077)
    try:
        assert release.main(["list"]) == 0
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(former)
    assert json.loads(capsys.readouterr().out)["message"] == "one"


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("ERROR: no matching distribution", "does it reach the index?"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "sudo apt clean"),
    ],
)
def test_a_step_that_fails_for_want_of_space_says_so(words, step):
    """And sends nobody to the network for it: it may run out while pip unpacks."""
    with pytest.raises(ReleaseError) as failed:
        release._must(["sh", "-c", f'echo "{words}" >&2; exit 1'], "pip failed", "does it reach the index?")
    assert str(failed.value).startswith(f"pip failed: {words}; {step}")
