"""Writes down the addresses by which this machine can be reached, for the daemon, which has no network, to say.

A program of its own, run by digitbox-network.service: `python -m device.network /run/digitbox/network`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

COMMAND = ("ip", "-json", "address", "show", "up", "scope", "global")
"""Of iproute2, which every Debian has; global, because nobody can type a link-local address (ip-address(8))."""

_LIMIT_SECONDS = 10.0
"""The kernel answers in a millisecond."""


def addresses(answer: str) -> Iterator[tuple[str, str]]:
    """Interface and address, IPv4 first, of what `ip -json address` printed; ValueError when it is no such thing.

    Temporary IPv6 addresses are left out: they are gone tomorrow (RFC 8981).
    """
    found = [
        (address["family"] != "inet", interface["ifname"], address["local"])
        for interface in json.loads(answer)
        for address in interface.get("addr_info", ())
        if "local" in address and not address.get("temporary") and not address.get("deprecated")
    ]
    for _, interface, local in sorted(found):
        yield interface, local


def write(path: Path, lines: Iterator[tuple[str, str]]) -> None:
    """One "ADDRESS INTERFACE" a line, nothing where there is no network; renamed into place, so always whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text("".join(f"{address} {interface}\n" for interface, address in lines), encoding="utf-8")
    beside.replace(path)


def main(arguments: list[str]) -> int:
    """Write the file named in the arguments; the exit status."""
    try:
        (path,) = arguments
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=True)
        write(Path(path), addresses(done.stdout))
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"digitbox: the network addresses cannot be written down: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
