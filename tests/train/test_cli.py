"""`digitbox-train` as a person meets it: messages, exit status, no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from train.cli import main

ROOT = Path(__file__).parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
RUN = "import sys; from train.cli import main; sys.exit(main())"


def test_help_explains_the_steps_in_their_order(capsys):
    """Each command is named with what it does."""
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    places = [said.index(f"digitbox-train {name}") for name in ("data", "fit", "compress", "evaluate")]
    assert places == sorted(places)


@pytest.mark.parametrize("arguments", [[], ["bake"], ["fit", "--epochs", "3"], ["data", "--out", "x"]])
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    """Unknown commands and options are argparse's to refuse."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: digitbox-train" in capsys.readouterr().err


def test_missing_data_is_one_line_with_the_next_step(tmp_path, capsys):
    """No traceback; standard output stays empty."""
    assert main(["evaluate", "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("digitbox-train: ")
    assert "is missing; run `digitbox-train data`" in said.err
    assert said.err.count("\n") == 1


def test_foreign_data_is_refused_by_its_checksum(tmp_path, write_idx, capsys):
    """Files by the right names that are not MNIST are not used."""
    write_idx(tmp_path / "mnist", "train", np.zeros((3, 28, 28)), np.zeros(3))
    assert main(["evaluate", "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "SHA-256" in capsys.readouterr().err


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


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="needs ../shared/data")
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="training needs TensorFlow")
def test_ctrl_c_stops_a_training_with_one_line(tmp_path):
    """The first epoch is interrupted: status 1, one line at the end, no half-written model."""
    arguments = ["fit", "--data", SHARED_DATA, "--out", tmp_path / "out"]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", RUN, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as training:
        assert training.stdout is not None
        assert training.stdout.readline().startswith("Epoch 1/")
        training.send_signal(signal.SIGINT)
        _, said = training.communicate(timeout=60)
    assert training.returncode == 1
    assert said.splitlines()[-1] == "digitbox-train: stopped; what was complete is kept"
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
