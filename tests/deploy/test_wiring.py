"""The wiring diagram and its words are those of the pins in default.toml."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wiring():
    """deploy/wiring.py, which is no package."""
    spec = importlib.util.spec_from_file_location("wiring", REPOSITORY / "deploy" / "wiring.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_header_is_the_one_of_the_boards(wiring):
    """28 GPIOs once each, eight grounds, and the four corners everybody knows."""
    assert len(wiring.HEADER) == 40
    assert sorted(int(name) for name in wiring.HEADER if name.isdecimal()) == list(range(28))
    assert wiring.HEADER.count("GND") == 8
    assert [wiring.HEADER[pin - 1] for pin in (1, 2, 39, 40)] == ["3V3", "5V", "GND", "21"]


def test_the_committed_picture_is_the_one_it_draws(wiring):
    """After a change of pins: python deploy/wiring.py."""
    assert wiring.PICTURE.read_text(encoding="utf-8") == wiring.picture()


def test_the_page_says_the_same_words(wiring):
    """For those who can't see the picture."""
    page = (REPOSITORY / "docs" / "build-one.md").read_text(encoding="utf-8")
    for line in wiring.words():
        assert f"- {line}" in page


def test_no_ground_is_taken_twice_and_none_is_across(wiring):
    """Each wire ends on a ground of its own in its column."""
    pins = list(wiring.wires().values())
    assert len({ground for _, _, ground in pins}) == len(pins)
    assert all(pin % 2 == ground % 2 for _, pin, ground in pins)


def test_what_the_page_quotes_is_what_the_box_says():
    """Every quoted fault stands in the English catalogue."""
    page = (REPOSITORY / "docs" / "build-one.md").read_text(encoding="utf-8")
    catalogue = (REPOSITORY / "device" / "languages" / "en.toml").read_text(encoding="utf-8")
    quoted = re.findall(r'^\| "([^"]+)"', page, re.MULTILINE)
    assert len(quoted) >= 6
    assert [words for words in quoted if f'"{words}"' not in catalogue] == []
