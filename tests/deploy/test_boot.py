"""What delays the start, from what systemd says."""

from __future__ import annotations

import pytest

from device import boot

CHAIN = """The time when unit became active or started is printed after the "@" character.
The time the unit took to start is printed after the "+" character.

digitbox.service +1.702s
└─sound.target @12.108s
  └─NetworkManager-wait-online.service @5.008s +1min 2.500s
    └─dev-disk-by\\x2duuid-1234.device @3.000s +800ms
      └─-.mount
"""

SHOWN = "Id=digitbox.service\nInactiveExitTimestampMonotonic=12110000\nActiveEnterTimestampMonotonic={}\nText=a=b\n"


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """Stand-ins for systemctl and systemd-analyze that print what the test gives them."""

    def say(shown: str, chain: str) -> None:
        for name, text in (("systemctl", shown), ("systemd-analyze", chain)):
            (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
            program = tmp_path / name
            program.write_text(f'#!/bin/sh\nexec /bin/cat "{tmp_path / name}.txt"\n', encoding="utf-8")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return say


@pytest.mark.parametrize(
    ("text", "value"), [("1min 2.500s", 62.5), ("800ms", 0.8), ("12.108s", 12.108), ("15us", 0.000015), ("", 0.0)]
)
def test_times_are_read_as_systemd_writes_them(text, value):
    """Minutes, seconds and their thousandths."""
    assert boot.seconds(text) == pytest.approx(value)


def test_the_chain_is_read_with_what_each_unit_took():
    """The unit asked for stands without a moment and is left out."""
    assert [(link.unit, round(link.took_seconds, 3)) for link in boot.links(CHAIN)] == [
        ("sound.target", 0.0),
        ("NetworkManager-wait-online.service", 62.5),
        ("dev-disk-by\\x2duuid-1234.device", 0.8),
    ]


def test_what_delays_is_named_with_what_to_do(systemd):
    """The slowest first; a unit that nobody can help is only named."""
    systemd(SHOWN.format(13812000), CHAIN)
    start, wait, disk = boot.examine()
    assert (start.ok, start.remedy) == (True, None)
    assert start.message.startswith("the button could be pressed 13.8 s after power-on")
    assert "digitbox began at 12.1 s and took 1.7 s" in start.message
    assert (wait.ok, wait.check) == (False, "delay")
    assert "NetworkManager-wait-online.service took 62.5 s" in wait.message
    assert "systemctl disable --now NetworkManager-wait-online.service" in str(wait.remedy)
    assert (disk.ok, disk.remedy) == (True, None)


def test_a_late_start_is_no_good(systemd):
    """Whatever took it so long."""
    systemd(SHOWN.format(75000000), "")
    (start,) = boot.examine()
    assert not start.ok


@pytest.mark.parametrize("shown", [SHOWN.format(0), ""])
def test_a_daemon_that_was_never_ready_is_said(systemd, shown):
    """Rather than a start after no time."""
    systemd(shown, "")
    (start,) = boot.examine()
    assert not start.ok
    assert "has never been ready" in start.message


def test_a_question_that_fails_without_a_word_is_named(tmp_path, monkeypatch):
    """It was a mistake in digitbox."""
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (start,) = boot.examine()
    assert not start.ok
    assert "systemctl failed without a word" in start.message


def test_without_systemd_it_says_so(tmp_path, monkeypatch):
    """On a laptop in a container, say."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (start,) = boot.examine()
    assert not start.ok
