"""What the README promises can be said means what it says there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device import commands
from device.domain import Command

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TALK = README.split("## Talk to it")[1].split("\n## ")[0]
PHRASES = re.findall(
    r"`([a-z' ]+)`", "".join(line.split("|")[1] for line in TALK.splitlines() if line.startswith("| `"))
)
TINY = frozenset(
    (Path(commands.__file__).parent / "models" / "vosk-tiny-en" / "graph" / "words.txt")
    .read_text(encoding="utf-8")
    .split()
)


@pytest.mark.parametrize("phrase", PHRASES)
def test_what_the_readme_says_is_understood(phrase):
    """Each phrase means a command, and the speech model that comes along knows all its words."""
    assert commands.load("en").meaning(phrase.split(), None) is not None
    assert set(phrase.split()) <= TINY


def test_the_readme_names_every_command():
    """A phrase for each."""
    meanings = [commands.load("en").meaning(phrase.split(), None) for phrase in PHRASES]
    assert {meaning.command for meaning in meanings if meaning is not None} == set(Command)
