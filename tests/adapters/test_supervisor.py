"""The contract of the supervisor port, against real sockets."""

from __future__ import annotations

import os
import socket
import uuid

import pytest

from device.adapters.supervisor_systemd import SystemdSupervisor


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """A socket such as systemd gives, and its name in the environment."""
    name = f"{tmp_path}/notify" if request.param == "path" else f"@digitbox-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5.0)
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        yield listening, {"NOTIFY_SOCKET": name}


def test_every_message_arrives(systemd):
    """One datagram each, in systemd's words."""
    listening, environ = systemd
    supervisor = SystemdSupervisor(environ)
    supervisor.ready()
    supervisor.status("idle")
    supervisor.ping()
    supervisor.stopping()
    messages = [listening.recv(4096) for _ in range(4)]
    assert messages == [b"READY=1", b"STATUS=idle", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_status_is_one_line(systemd):
    """A line break would begin another assignment: a status must not be able to say STOPPING=1."""
    listening, environ = systemd
    SystemdSupervisor(environ).status("lost:\ncamera\r\nSTOPPING=1 \udc80é")
    assert listening.recv(4096) == "STATUS=lost: camera STOPPING=1 ?é".encode()


def test_nobody_who_listens_stops_us(systemd):
    """A socket whose queue is full neither blocks nor raises."""
    _, environ = systemd
    supervisor = SystemdSupervisor(environ)
    for _ in range(2000):
        supervisor.ping()


@pytest.mark.parametrize("name", [None, "", "/no/such/socket", "vsock:2:1234", "/" + "long" * 99, "/nul\0"])
def test_no_socket_is_silence(name):
    """Without systemd, or with a name that leads nowhere, nothing happens."""
    supervisor = SystemdSupervisor({} if name is None else {"NOTIFY_SOCKET": name})
    supervisor.ready()
    supervisor.status("idle")
    supervisor.ping()
    supervisor.stopping()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_time(environ, seconds):
    """Microseconds of the environment, if they are meant for this process."""
    assert SystemdSupervisor(environ).watchdog_seconds == seconds
