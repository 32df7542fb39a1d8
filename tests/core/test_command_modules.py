"""The command line by itself: what it names is there, and no more is loaded than a command needs."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from device.cli.arguments import parser

ROOT = Path(__file__).parents[2]


def commands(above: argparse.ArgumentParser) -> Iterator[str]:
    """What the parser says of each command, also of those below another."""
    for action in above._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from [name] if (name := below.get_default("command")) else commands(below)


@pytest.mark.parametrize("name", list(commands(parser())))
def test_each_command_is_a_function_with_a_description(name):
    """They are looked up only when they are called."""
    module, _, function = name.partition(":")
    found = getattr(import_module(f"device.cli.{module}"), function)
    assert found.__module__ == f"device.cli.{module}"
    assert found.__doc__


def test_no_command_is_forgotten():
    """Those of product.md and no others, speech-model in three."""
    assert len(list(commands(parser()))) == 14


@pytest.mark.parametrize(
    ("arguments", "not_loaded"),
    [
        (["--version"], {"device.daemon", "device.compose"}),
        (["config"], {"device.daemon", "device.compose"}),
        (["speech-model", "list"], {"device.daemon", "device.compose"}),
        (["history", "--export", "."], {"device.cli.running", "device.cli.reading", "cv2"}),
    ],
)
def test_a_command_loads_what_it_needs_and_no_more(tmp_path, arguments, not_loaded):
    """A board takes a second for what a laptop loads in a tenth."""
    (tmp_path / "digitbox.toml").write_text(f'[history]\npath = "{tmp_path / "history.sqlite3"}"\n', encoding="utf-8")
    configured = ["--config", str(tmp_path / "digitbox.toml")] if arguments != ["--version"] else []
    code = (
        "import sys; from device.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", *arguments, *configured],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "device.cli" in loaded
    assert not_loaded & loaded == set()
