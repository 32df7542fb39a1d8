"""The demonstration on a laptop, as far as it needs no environment of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "deploy" / "demo"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--once", "--help"]])
def test_help_installs_nothing(tmp_path, arguments):
    """Who only asks gets no environment of some hundred megabytes first."""
    script = shutil.copy(DEMO, tmp_path)
    done = subprocess.run([script, *arguments], capture_output=True, text=True, check=True)
    assert "deploy/demo [--once] [--photos DIR]" in done.stdout
    assert list(tmp_path.iterdir()) == [tmp_path / "demo"]
