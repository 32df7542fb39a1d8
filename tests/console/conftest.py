"""A page with a box of our own behind it: the daemon's real socket, with answers from a dictionary."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from device import config
from device.adapters.requests_socket import Answer, SocketRequests
from device.compose import SOCKET
from device.console.app import create_app
from device.console.decoder import Decoder
from device.protocol import Request

SOON = 60.0
"""Seconds; only waited for in full when a test fails."""

PREFERENCES = {
    "language": "en",
    "voice": "",
    "words_per_minute": 155,
    "pitch": 50,
    "volume": 100,
    "number_style": "digits",
}
ENTRIES = [
    {"id": 8, "time": "2026-01-02T03:04:05+00:00", "number": "42", "status": "ok", "corrected": None},
    {"id": 7, "time": "2026-01-02T03:00:00+00:00", "number": "", "status": "unreadable", "corrected": "17"},
]
STATUS = {
    "mode": "idle",
    "faults": ["camera"],
    "version": "1.2.3",
    "free_bytes": 3_000_000_000,
    "readings": 5,
    "preferences": PREFERENCES,
    "practice": {"digit": 7, "done": 2, "right": 1, "rounds": 5},
    "last": None,
}
ERRORS = [
    {"time": "2026-01-02T03:04:05+00:00", "level": "error", "message": "a <b>loss</b>", "count": 1},
    {"time": "2026-01-02T03:04:04+00:00", "level": "warning", "message": "camera: no answer", "count": 3},
]
SEEN = {
    "status": "unsure",
    "number": "7",
    "digits": [{"digit": 7, "confidence": 0.6, "second": 1, "box": [10, 20, 30, 40]}],
    "advice": ["too_dark"],
    "width_px": 640,
    "height_px": 480,
    "quality": {"brightest": 200.0, "middle": 90.0, "clipped": 0.0, "smear": None, "contrast": 0.5, "softness": 0.1},
}


@dataclass
class Box:
    """A daemon whose answers can be changed, and who remembers what it was asked."""

    answers: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "StatusAsked": STATUS,
            "ErrorsAsked": {"errors": ERRORS},
            "LookAsked": SEEN,
            "CommandAsked": {"obeyed": True},
            "SayAsked": {"obeyed": True},
            "SayTokenAsked": {"obeyed": True},
            "PreferencesAsked": {"preferences": PREFERENCES},
            "HistoryAsked": {"entries": ENTRIES},
            "CorrectAsked": {"corrected": True},
            "DeleteAsked": {"deleted": 1},
            "PictureAsked": {},
        }
    )
    asked: list[Request] = field(default_factory=list)

    def answer(self, request: Request, answer: Answer) -> None:
        """As the daemon does, but at once."""
        self.asked.append(request)
        kind = type(request).__name__
        content = b"\xff\xd8 a picture" if kind in ("LookAsked", "PictureAsked") else b""
        answer.give(self.answers[kind], content)


@dataclass
class Browser:
    """Sends forms as a browser does: with the token of a page that was opened before."""

    client: FlaskClient

    def send(self, path: str, page: str = "/try", /, **fields: Any) -> Any:
        """Post these fields to the path, after opening the page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found
        return self.client.post(path, data={"csrf_token": found[1], **fields})


@contextmanager
def page_of(configuration: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`digitbox console` on a socket of ours, passed as systemd passes it; its address and its process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        program = (
            f"import os, sys; os.dup2({number}, 3); os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
            "os.execv(sys.executable, [sys.executable, '-m', 'device.cli', 'console', '--config', sys.argv[1]])"
        )
        process = subprocess.Popen([sys.executable, "-c", program, str(configuration)], pass_fds=[number])
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", process
        finally:
            process.terminate()
            process.wait(SOON)


@pytest.fixture(scope="session")
def serve() -> Any:
    """`page_of`, for tests."""
    return page_of


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    """One process for all tests: it takes a second to start."""
    opened = Decoder(config.DEFAULT_PATH)
    yield opened
    opened.close()


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A configuration with all folders in the test's own."""
    path = tmp_path / "digitbox.toml"
    path.write_text(
        '[daemon]\nruntime = "run"\n[console]\nfolder = "console"\n[history]\nkeep_pictures = true\n', encoding="utf-8"
    )
    return path


@pytest.fixture
def app(configuration: Path, decoder: Decoder) -> Flask:
    """The page as it is on this machine alone."""
    return create_app(config.load(configuration), configuration, exposed=False, decoder=decoder)


@pytest.fixture
def exposed(configuration: Path, decoder: Decoder) -> Flask:
    """The page as the network sees it."""
    return create_app(config.load(configuration), configuration, exposed=True, decoder=decoder)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a form."""
    return app.test_client()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    """A browser on this machine."""
    return Browser(client)


@pytest.fixture
def visitor(exposed: Flask) -> Browser:
    """A browser on another machine."""
    return Browser(exposed.test_client())


@pytest.fixture
def box(configuration: Path) -> Iterator[Box]:
    """The daemon's end of the socket."""
    made = Box()
    requests = SocketRequests(config.load(configuration).daemon.runtime / SOCKET)
    requests.open(made.answer)
    yield made
    requests.close()
