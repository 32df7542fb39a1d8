"""`digitbox-train` as a person meets it: messages, exit status, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from train.cli import main

ROOT = Path(__file__).parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
RUN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from train.cli import main; sys.exit(main())"
)
"""Whoever starts the tests in the background of a shell has them ignore SIGINT, and their children too."""


def test_help_explains_the_steps_in_their_order(capsys):
    """Each command is named with what it does."""
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    places = [said.index(f"digitbox-train {name}") for name in ("data", "fit", "compress", "evaluate", "report")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bake"],
        ["fit", "--epochs", "3"],
        ["data", "--sets", "x"],
        ["sweep", "everything"],
        ["sweep", "--digits", "0"],
        ["scenes", "--count", "-2"],
        ["scenes", "--count", "0"],
        ["scenes", "--seed", "-1"],
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    """Unknown commands and options are argparse's to refuse."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: digitbox-train" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("evaluate", "digits.tflite is missing; run digitbox-train compress"),
        ("report", "evaluation.json is missing; run digitbox-train evaluate"),
    ],
)
def test_a_step_that_comes_too_early_names_the_one_before(command, said, tmp_path, capsys):
    """No traceback; standard output stays empty; nothing is written."""
    assert main([command, "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("digitbox-train: ")
    assert said in found.err
    assert found.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs("tensorflow")
@pytest.mark.parametrize("content", [None, "{", '{"seed": 1}'])
def test_compress_needs_the_settings_that_fit_ran_with(content, tmp_path):
    """Missing, damaged and foreign ones are one line with the next step."""
    if content is not None:
        (tmp_path / "settings.json").write_text(content)
    ended = run("compress", "--data", tmp_path, "--out", tmp_path)
    assert ended.returncode == 1
    assert "settings.json cannot be read" in ended.stderr.splitlines()[-1]
    assert "run digitbox-train fit" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.needs("tensorflow")
def test_missing_and_foreign_data_are_one_line(tmp_path, write_idx):
    """An empty folder, and files by the right names that are not MNIST: nothing is written for either."""
    ended = run("fit", "--data", tmp_path, "--out", tmp_path / "out", "--sets", "mnist")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "is missing; run `digitbox-train data`" in ended.stderr.splitlines()[-1]
    write_idx(tmp_path / "mnist", "train", np.zeros((3, 28, 28)), np.zeros(3))
    ended = run("fit", "--data", tmp_path, "--out", tmp_path / "out", "--sets", "mnist")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "SHA-256" in ended.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def run(*arguments):
    """The command in a process of its own: TensorFlow stays out of this one."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize("command", ["fit", "compress"])
def test_without_tensorflow_the_package_to_install_is_named(command, tmp_path):
    """The commands that need TensorFlow say how to get it; nothing is written."""
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.modules['tensorflow'] = None; {RUN}",
            command,
            "--out",
            tmp_path / "x",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "digitbox-train: training needs tensorflow, which is not installed; pip install 'digitbox[train]' in an "
        "environment of its own\n"
    )
    assert not (tmp_path / "x").exists()


def test_help_and_data_do_not_load_tensorflow():
    """They are quick, and work where it is not installed."""
    script = "import sys, train.cli; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def _busy_processes(parent: int) -> int:
    """How many children have worked for longer than they need to import (proc(5): utime is field 14)."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    ticks = [
        int(Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11])
        for child in children
    ]
    return sum(worked > 3 * os.sysconf("SC_CLK_TCK") for worked in ticks)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="needs ../shared/data")
@pytest.mark.needs("tensorflow")
def test_ctrl_c_stops_a_run_with_one_line(tmp_path):
    """In the middle of changing the digits, which all processes do: status 1, one line at the end, no half view."""
    arguments = ["fit", "--data", SHARED_DATA, "--out", tmp_path / "out", "--sets", "mnist"]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", RUN, *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as training:
        deadline = time.monotonic() + 60
        while _busy_processes(training.pid) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(training.pid, signal.SIGINT)  # as a terminal does: to every process
        try:
            _, said = training.communicate(timeout=60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(training.pid, signal.SIGKILL)
    assert training.returncode == 1
    assert said.splitlines()[-1] == "digitbox-train: stopped; what was complete is kept"
    assert "Traceback" not in said
    assert list((tmp_path / "out").glob("views-*/*")) == []
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_file()] == ["settings.json"]


INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(name, *_):
        if name == "numpy.core.multiarray" or name == "numpy._core.multiarray":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
from train.__main__ import main
sys.exit(main())
"""


def test_ctrl_c_before_the_command_begins_is_one_line():
    """While modules are imported, which is most of what a short command does; NumPy's is where it is hardest."""
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "digitbox-train: stopped\n")


def test_scenes_are_drawn_without_any_set(tmp_path, capsys):
    """In drawn hands where no set is there: pictures, their labels, and how many there are."""
    arguments = ["scenes", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out"), "--kind", "single"]
    assert main([*arguments, "--count", "2"]) == 0
    assert "2 photographs" in capsys.readouterr().out
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 2
    assert (tmp_path / "out" / "labels.csv").read_text(encoding="utf-8").count("\n") == 3
    assert main([*arguments, "--part", "mine"]) == 1
    assert "--part mine: is none of training, tuning" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["a file in the way", "a full disk"])
def test_scenes_that_cannot_be_written_are_one_line_and_cost_no_labels(tmp_path, capsys, file_size_limit, wrong):
    """The labels of earlier pictures stay, and no half a picture is left."""
    out = tmp_path / "out"
    arguments = ["scenes", "--data", str(tmp_path / "none"), "--kind", "single", "--count", "1", "--out"]
    assert main([*arguments, str(out)]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    capsys.readouterr()
    if wrong == "a full disk":
        with file_size_limit(10_000):
            assert main([*arguments, str(out), "--seed", "5"]) == 1
    else:
        assert main([*arguments, str(out / "labels.csv")]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith(f"digitbox-train: {out}")
    assert found.err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
