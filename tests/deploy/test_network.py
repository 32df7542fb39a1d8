"""The program that writes down the addresses the daemon can say."""

from __future__ import annotations

import json
import os

import pytest

from device import network
from device.adapters.machine_linux import LinuxMachine

ANSWER = json.dumps(
    [
        {},
        {
            "ifname": "wlan0",
            "addr_info": [
                {"family": "inet6", "local": "2001:db8::9", "temporary": True},
                {"family": "inet6", "local": "2001:db8::7"},
                {"family": "inet", "local": "192.0.2.7"},
            ],
        },
        {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "192.0.2.8"}]},
    ]
)


def test_addresses_come_with_those_of_four_numbers_first():
    """They are the ones that can be said and typed; temporary ones are left out."""
    assert list(network.addresses(ANSWER)) == [
        ("eth0", "192.0.2.8"),
        ("wlan0", "192.0.2.7"),
        ("wlan0", "2001:db8::7"),
    ]


@pytest.mark.parametrize("answer", ["", "nonsense"])
def test_an_answer_that_is_none_is_an_error(answer):
    """Rather than a file that says there is no network."""
    with pytest.raises(ValueError, match="Expecting value"):
        list(network.addresses(answer))


def test_it_is_written_whole_or_not(tmp_path):
    """The file is replaced by a rename, and nothing else stays in the folder."""
    path = tmp_path / "network"
    path.write_text("old\n", encoding="utf-8")
    network.write(path, network.addresses(ANSWER))
    assert path.read_text(encoding="utf-8").splitlines()[0] == "192.0.2.8 eth0"
    assert LinuxMachine(tmp_path, tmp_path).network_address() == "192.0.2.8"  # which is what the daemon says
    assert os.listdir(tmp_path) == ["network"]  # noqa: PTH208


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys, monkeypatch):
    """One line, no traceback, status 1; the same without the program ip."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert network.main([str(tmp_path / "none" / "network")]) == 1
    assert "cannot be written down" in capsys.readouterr().err
