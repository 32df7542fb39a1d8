"""Serves the application until nobody has asked for anything for a while."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from device.config import Config, toml_value
from device.console.app import create_app
from device.console.services import NAME, Services
from device.errors import ConfigError, DigitboxError

log = logging.getLogger(__name__)

FIRST_PASSED = 3
"""The first descriptor that systemd passes (sd_listen_fds(3))."""

OPTIONS: dict[str, Any] = {
    "threads": 8,
    "connection_limit": 80,
    "channel_timeout": 30,
    "cleanup_interval": 5,
    "max_request_header_size": 16_384,
    "max_request_body_size": 20_500_000,
    "inbuf_overflow": 262_144,
    "recv_bytes": 65_536,
    "ident": "digitbox",
    # What proxies add is left for Access to see: who comes through one is not on this machine.
    "clear_untrusted_proxy_headers": False,
}
"""Of Waitress: one loop takes requests in, however slow their senders are, and a thread works only on a whole one."""

MOST_WAITED_FOR = 60
"""Connections whose client is sending, reading or idle; if there are more, whoever takes longest makes room.
Waitress would let nobody in beyond its own limit, and slow ones stay as long as a byte comes now and then."""

REQUEST_SECONDS = 120.0
"""From the end of one request of a connection to that of the next: 20 MB at 1.3 Mbit/s."""

_TURN_SECONDS = 1.0


class ServerError(DigitboxError, OSError):
    """The address cannot be listened on."""


class _Connection(HTTPChannel):
    """One that knows since when its client is waited for."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - Waitress's
        self.waited_for_since = time.monotonic()
        super().__init__(*given, **named)

    def service(self) -> None:
        """Answer one request."""
        super().service()
        self.waited_for_since = time.monotonic()


def serve(config: Config, configuration: Path | None) -> int:
    """Serve until a signal comes, or nobody has come for `idle_seconds`.

    Raises:
        ConfigError: The address is not this machine's.
        ServerError: It cannot be listened on.
        PairingError: The secret cannot be read or kept.
    """
    listening = _passed() or _bound(config)
    host, port = listening.getsockname()[:2]
    exposed = not _is_loopback(host)
    app = create_app(config, configuration, exposed=exposed)
    shown = f"[{host}]" if ":" in host else host
    log.info("http://%s:%d/, for %s", shown, port, "all who have the token" if exposed else "this machine alone")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a flood would fill the journal with its length
    channels: dict[int, Any] = {}
    server = create_server(app, map=channels, sockets=[listening], **OPTIONS)
    cast("BaseWSGIServer", server).channel_class = _Connection  # of one socket it makes no other
    services: Services = app.extensions[NAME]
    try:
        _turn(app, channels, config.console.idle_seconds, services)
    finally:
        server.task_dispatcher.shutdown(timeout=2)
        server.close()
        services.decoder.close()
    return 0


def _turn(app: Flask, channels: dict[int, Any], idle_seconds: float, services: Services) -> None:
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda which, frame: stopped.append(which))
    own = len(channels)  # the server's own: where connections come in, and where threads wake the loop
    used_at = time.monotonic()

    def note() -> None:
        nonlocal used_at
        used_at = time.monotonic()

    app.before_request(note)
    while not stopped:
        wasyncore.loop(timeout=_TURN_SECONDS, map=channels, count=1)
        part_with_slow([one for one in channels.values() if isinstance(one, _Connection)], time.monotonic())
        services.decoder.rest()
        if idle_seconds and len(channels) <= own and time.monotonic() - used_at > idle_seconds:
            log.info("nobody has come for %g s", idle_seconds)
            return


def part_with_slow(connections: Iterable[_Connection], now: float) -> None:
    """Hang up on clients that take too long over a request, and on the slowest where there are too many."""
    waited_for = sorted((one for one in connections if not one.requests), key=lambda one: one.waited_for_since)
    slow = waited_for[: max(0, len(waited_for) - MOST_WAITED_FOR)]
    slow += [one for one in waited_for if one.request is not None and now - one.waited_for_since > REQUEST_SECONDS]
    for one in slow:
        one.will_close = True
    if slow:
        log.warning(
            "%s: too slow after %.0f s, as are %d more", slow[0].addr[0], now - slow[0].waited_for_since, len(slow) - 1
        )


def _passed() -> socket.socket | None:
    """The socket that systemd listened on for us, if it did (sd_listen_fds(3)). Raises ServerError."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    if os.environ.get("LISTEN_FDS") != "1":
        raise ServerError("digitbox-console.socket has more than one ListenStream=; leave one")
    os.set_inheritable(FIRST_PASSED, False)
    passed = socket.socket(fileno=FIRST_PASSED)
    passed.setblocking(False)
    return passed


def _bound(config: Config) -> socket.socket:
    host, port = config.console.host, config.console.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=64)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that can be no name"
        if isinstance(error, UnicodeError | socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            mistake = f"[console] host = {toml_value(host)} is no address of this machine ({reason})"
            step = "127.0.0.1 is this machine alone, 0.0.0.0 lets the network in"
            raise ConfigError([f"{mistake}; {step}"]) from error
        raise ServerError(f"{host}:{port}: cannot be listened on ({reason}); change [console] port") from error


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback
