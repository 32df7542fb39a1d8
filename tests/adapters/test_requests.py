"""The socket: clients that ask, follow, send rubbish, stop reading, or come in crowds."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from contextlib import suppress

import pytest

from device.adapters import requests_socket
from device.adapters.requests_socket import MOST_CLIENTS, SocketRequests
from device.errors import RequestError
from device.protocol import MOST_LINE_BYTES, DeleteAsked, FollowAsked, LookAsked, StatusAsked, written

SOON = 10.0


class Client:
    """Another program."""

    def __init__(self, path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SOON)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self._lines = self.socket.makefile("rb")

    def ask(self, line: bytes) -> tuple[dict, bytes]:
        """Send a line, read the answer."""
        self.socket.sendall(line)
        return self.read()

    def read(self) -> tuple[dict, bytes]:
        """The next line, and what belongs to it; an empty line means that it was hung up."""
        line = self._lines.readline()
        fields = json.loads(line) if line else {"hung up": True}
        return fields, self._lines.read(fields.get("bytes", 0))

    def close(self) -> None:
        """Go."""
        self._lines.close()
        self.socket.close()


@pytest.fixture
def path(tmp_path):
    """Of the socket, in a folder that is not there yet."""
    return tmp_path / "run" / "daemon.sock"


@pytest.fixture
def requests(path):
    """Answers at once with what was asked; a look with a picture, deleting never."""
    made = SocketRequests(path)

    def asked(request, answer) -> None:
        if not isinstance(request, DeleteAsked):
            answer.give({"asked": type(request).__name__}, b"\x00JPEG\n" if isinstance(request, LookAsked) else b"")

    made.open(asked)
    yield made
    made.close()


@pytest.fixture
def connect(path, requests):
    """Connects clients."""
    clients = []

    def one() -> Client:
        clients.append(Client(path))
        return clients[-1]

    yield one
    for client in clients:
        client.close()


def test_requests_are_answered_in_order(connect):
    """Also those sent in one go, and what follows a line is as long as it says."""
    client = connect()
    client.socket.sendall(written(StatusAsked()) + written(LookAsked()) + written(StatusAsked()))
    assert client.read() == ({"asked": "StatusAsked"}, b"")
    assert client.read() == ({"asked": "LookAsked", "bytes": 6}, b"\x00JPEG\n")
    assert client.read() == ({"asked": "StatusAsked"}, b"")


def test_only_the_group_may_ask(path, requests):
    """Nobody else on this machine."""
    assert path.stat().st_mode & 0o777 == 0o660


def test_rubbish_is_answered_and_forgiven(connect):
    """The next request is served as if nothing had been."""
    client = connect()
    assert "error" in client.ask(b"\xff{[\n")[0]
    assert client.ask(written(StatusAsked()))[0] == {"asked": "StatusAsked"}


def test_a_line_without_an_end_is_cut(connect):
    """Told why, and hung up on."""
    client = connect()
    client.socket.sendall(b"x" * (MOST_LINE_BYTES + 1))
    assert "at most" in client.read()[0]["error"]
    assert client.read()[0] == {"hung up": True}


def test_what_is_never_answered_is_said(connect, monkeypatch):
    """After a limit; the connection stays."""
    monkeypatch.setattr(requests_socket, "_ANSWER_SECONDS", 0.1)
    client = connect()
    assert "no answer in time" in client.ask(written(DeleteAsked()))[0]["error"]
    assert client.ask(written(StatusAsked()))[0] == {"asked": "StatusAsked"}


def test_who_says_nothing_keeps_no_place(connect, monkeypatch):
    """All places can be taken by such clients: each is hung up on."""
    monkeypatch.setattr(requests_socket, "_IDLE_SECONDS", 0.1)
    silent = [connect() for _ in range(MOST_CLIENTS)]
    assert [client.read()[0] for client in silent] == [{"hung up": True}] * MOST_CLIENTS


def test_who_says_nothing_more_keeps_no_place(connect, monkeypatch):
    """After an answer it has as long as before it, not as long as it would have to read one."""
    monkeypatch.setattr(requests_socket, "_IDLE_SECONDS", 0.5)
    monkeypatch.setattr(requests_socket, "_SEND_SECONDS", 3 * SOON)
    client = connect()
    assert client.ask(written(StatusAsked()))[0] == {"asked": "StatusAsked"}
    assert client.read()[0] == {"hung up": True}


def test_who_does_not_read_the_answer_is_hung_up_on(path, monkeypatch):
    """It would hold a thread and a place for ever."""
    monkeypatch.setattr(requests_socket, "_SEND_SECONDS", 0.1)
    made = SocketRequests(path)
    made.open(lambda request, answer: answer.give({}, bytes(10_000_000)))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(written(LookAsked()))
        hung_up = select.poll()
        hung_up.register(client, select.POLLHUP)
        assert hung_up.poll(1000 * SOON)
    made.close()


def test_a_follower_hears_something_though_nothing_happens(connect, monkeypatch):
    """Else one that has gone would be noticed by nobody, and neither would a daemon that hangs."""
    monkeypatch.setattr(requests_socket, "_SILENCE_SECONDS", 0.05)
    follower = connect()
    follower.socket.sendall(written(FollowAsked()))
    assert [follower.read()[0] for _ in range(2)] == [{}, {}]


def test_followers_hear_what_happens(connect, requests):
    """Each of them, in order."""
    followers = [connect(), connect()]
    for follower in followers:
        follower.socket.sendall(written(FollowAsked()))
    deadline = time.monotonic() + SOON
    while len(requests._server._followers) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    requests.tell({"mode": "reading"})
    requests.tell({"mode": "idle"})
    for follower in followers:
        assert [follower.read()[0] for _ in range(2)] == [{"mode": "reading"}, {"mode": "idle"}]


def test_a_follower_that_does_not_read_hears_no_more(connect, requests):
    """`tell` never waits for it, however much there is to tell."""
    connect().socket.sendall(written(FollowAsked()))
    deadline = time.monotonic() + SOON
    while not requests._server._followers:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begin = time.monotonic()
    for _ in range(5000):
        requests.tell({"much": "x" * 1000})
    assert time.monotonic() - begin < SOON / 2
    assert not requests._server._followers


def test_a_crowd_gets_no_more_places_than_there_are(connect):
    """Those too many are hung up on at once, the others are served, and a place that is given back is free again."""
    clients = [connect() for _ in range(MOST_CLIENTS)]
    for client in clients:
        assert client.ask(written(StatusAsked()))[0] == {"asked": "StatusAsked"}
    late = connect()
    assert late.read()[0] == {"hung up": True}
    clients[0].close()
    deadline = time.monotonic() + SOON
    while True:
        client = connect()
        try:
            if client.ask(written(StatusAsked()))[0] == {"asked": "StatusAsked"}:
                break
        except OSError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_fifty_at_once_leave_it_alive(path, connect):
    """Threads of clients that connect, send rubbish and go."""

    def bother() -> None:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(path))
            client.sendall(b"\x00" * 3000 + b"\n")

    threads = [threading.Thread(target=bother) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    deadline = time.monotonic() + SOON
    while True:
        try:
            if connect().ask(written(StatusAsked()))[0] == {"asked": "StatusAsked"}:
                break
        except OSError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_socket_left_behind_is_replaced(path, requests):
    """As after a power cut; and closing takes the file away."""
    again = SocketRequests(path)
    again.open(lambda request, answer: answer.give({"again": True}))
    client = Client(path)
    assert client.ask(written(StatusAsked()))[0] == {"again": True}
    client.close()
    again.close()
    assert not path.exists()


def test_a_place_that_takes_no_socket_is_named(tmp_path):
    """A file for a folder, a path too long for a socket."""
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "daemon.sock", tmp_path / ("x" * 200) / "daemon.sock"):
        with pytest.raises(RequestError, match="no socket can be made"):
            SocketRequests(path).open(lambda request, answer: None)
