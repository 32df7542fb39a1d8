"""Requests of other programs over a Unix socket: one thread for each of a few clients, and none that can hold us up.

A client is answered one request after the other. One that sends too much, or does not read what it asked for, loses its
connection; the daemon itself never waits for any of them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device.errors import RequestError
from device.protocol import MOST_LINE_BYTES, FollowAsked, Request, parsed

log = logging.getLogger(__name__)

MOST_CLIENTS = 12
"""A flooded console takes eight, who publishes over MQTT two, a person at a terminal one; more only cost threads."""

_BACKLOG = 16
_MODE = 0o660
"""The user's group may ask: the console's user belongs to it."""

_NEWS = 16
"""So many pieces of news may wait for one client."""

_SEND_SECONDS = 5.0
_ANSWER_SECONDS = 20.0
"""Longer than any limit of the daemon's own, so that its reason arrives."""

_IDLE_SECONDS = 60.0
"""A client that asks nothing for so long loses its place; it may come back."""

_SILENCE_SECONDS = 10.0
"""A follower hears something at least so often, so that one that has gone is noticed."""

_CLOSE_SECONDS = 1.0

_Content = tuple[Mapping[str, Any], bytes]


class Answer:
    """What one request is answered with: once, from any thread."""

    def __init__(self) -> None:
        self._content: queue.SimpleQueue[_Content] = queue.SimpleQueue()

    def give(self, fields: Mapping[str, Any], content: bytes = b"") -> None:
        """Answer; what follows the line is announced in it."""
        self._content.put((fields, content))

    def refuse(self, reason: str) -> None:
        """Say why not."""
        self.give({"error": reason})

    def wait(self, limit_seconds: float) -> _Content:
        """The answer, or that there was none in time."""
        try:
            return self._content.get(timeout=limit_seconds)
        except queue.Empty:
            return {"error": "no answer in time; try again, or restart digitbox"}, b""


Asked = Callable[[Request, Answer], None]


class SocketRequests:
    """A socket file that other programs of this machine may connect to.

    Args:
        path: Of the socket; one that a former process left there is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: _Server | None = None

    def open(self, asked: Asked) -> None:
        """Begin to take requests; `asked` is called on a client's thread and returns at once. Raises RequestError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            self._server = _Server(str(self._path), asked)
            self._path.chmod(_MODE)
        except OSError as error:
            self.close()
            raise RequestError(f"{self._path}: no socket can be made there ({error.strerror or error})") from error
        threading.Thread(target=self._server.serve_forever, name="the socket", daemon=True).start()

    def tell(self, news: Mapping[str, Any]) -> None:
        """Let all who follow know of something; returns at once."""
        if self._server is not None:
            self._server.tell(news)

    def close(self) -> None:
        """Take no more requests, and hang up."""
        server, self._server = self._server, None
        if server is not None:
            server.end()
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = _BACKLOG

    def __init__(self, path: str, asked: Asked) -> None:
        self.asked = asked
        self._places = threading.BoundedSemaphore(MOST_CLIENTS)
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._followers: set[queue.Queue[Mapping[str, Any] | None]] = set()
        super().__init__(path, _Client)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 - the base class's types
        """Whether there is a place for one more."""
        return self._places.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Serve one client and give its place back."""
        with self._lock:
            self._connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.discard(request)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """A client that has gone, or was put out, is no error; anything else is logged and hurts nobody else."""
        log.debug("a client of the socket has gone", exc_info=True)

    def tell(self, news: Mapping[str, Any]) -> None:
        """Let all who follow know; one that does not keep up hears no more."""
        with self._lock:
            for follower in list(self._followers):
                try:
                    follower.put_nowait(news)
                except queue.Full:
                    self._followers.discard(follower)

    def follow(self) -> queue.Queue[Mapping[str, Any] | None]:
        """A queue of the news to come."""
        news: queue.Queue[Mapping[str, Any] | None] = queue.Queue(maxsize=_NEWS)
        with self._lock:
            self._followers.add(news)
        return news

    def is_followed_by(self, news: queue.Queue[Mapping[str, Any] | None]) -> bool:
        """Whether this queue still gets news."""
        with self._lock:
            return news in self._followers

    def forget(self, news: queue.Queue[Mapping[str, Any] | None]) -> None:
        """Put no more news into this queue."""
        with self._lock:
            self._followers.discard(news)

    def end(self) -> None:
        """Stop serving, hang up on everybody."""
        stopper = threading.Thread(target=self.shutdown, daemon=True)
        stopper.start()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        stopper.join(_CLOSE_SECONDS)
        self.server_close()


class _Client(socketserver.StreamRequestHandler):
    server: _Server
    rbufsize = MOST_LINE_BYTES

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(_IDLE_SECONDS)

    def handle(self) -> None:
        while line := self.rfile.readline(MOST_LINE_BYTES + 1):
            if len(line) > MOST_LINE_BYTES:
                self._send({"error": f"a request has at most {MOST_LINE_BYTES} bytes"})
                return
            try:
                request = parsed(line)
            except RequestError as error:
                self._send({"error": str(error)})
                continue
            if isinstance(request, FollowAsked):
                self._follow()
                return
            answer = Answer()
            self.server.asked(request, answer)
            self._send(*answer.wait(_ANSWER_SECONDS))

    def _follow(self) -> None:
        news = self.server.follow()
        try:
            while self.server.is_followed_by(news):
                try:
                    self._send(news.get(timeout=_SILENCE_SECONDS) or {})
                except queue.Empty:
                    self._send({})
        finally:
            self.server.forget(news)

    def _send(self, fields: Mapping[str, Any], content: bytes = b"") -> None:
        more = {"bytes": len(content)} if content else {}
        self.connection.settimeout(_SEND_SECONDS)
        self.connection.sendall(json.dumps({**fields, **more}, ensure_ascii=False).encode() + b"\n" + content)
        self.connection.settimeout(_IDLE_SECONDS)
