"""What the machine knows of itself."""

from __future__ import annotations

import pytest

from device import __version__
from device.adapters.machine_linux import LinuxMachine


@pytest.mark.parametrize(
    ("content", "address"),
    [(None, None), ("", None), ("\n", None), ("192.168.1.5\n", "192.168.1.5"), ("10.0.0.2 fe80::1\n", "10.0.0.2")],
)
def test_the_address_is_the_first_in_the_file(tmp_path, content, address):
    """Written by a unit that may see the network; none is no error."""
    if content is not None:
        (tmp_path / "network").write_text(content, encoding="ascii")
    assert LinuxMachine(tmp_path, tmp_path).network_address() == address


def test_free_space_and_memory_are_known_here(tmp_path):
    """Of the disk that a folder will be made on, and of the machine."""
    machine = LinuxMachine(tmp_path, tmp_path / "not" / "yet")
    assert 0 <= machine.free_bytes() < 10**18
    assert 10**6 < machine.available_memory_bytes() < 10**15
    assert machine.version == __version__
