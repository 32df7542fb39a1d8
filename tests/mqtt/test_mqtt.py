"""Publishing to a real broker, Debian's Mosquitto: what arrives, and what is said when the broker does not want us."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from broker import SOON, Broker, Listener, brokering, free_port

from device import config, mqtt
from device.adapters.requests_socket import Answer, SocketRequests
from device.cli import main
from device.config import MqttConfig
from device.daemon_client import DaemonClient
from device.errors import ConfigError
from device.home_assistant import Topics
from device.mqtt import Attempts, Publisher
from device.protocol import Request

STATUS = {"mode": "idle", "faults": [], "readings": 3, "version": "1.2.3"}
READING = {"status": "ok", "number": "42", "digits": [{"confidence": 0.9}], "advice": [], "elapsed_ms": 1.0}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """One that lets everybody in."""
    with brokering(tmp_path, "allow_anonymous true") as made:
        yield made


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    """One at that broker."""
    made = Listener(broker)
    yield made
    made.close()


class Box:
    """The daemon's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requests: SocketRequests | None = None

    def start(self) -> None:
        """Answer."""
        self.requests = SocketRequests(self.path)
        self.requests.open(self.answer)

    def answer(self, request: Request, answer: Answer) -> None:
        """Only how it is."""
        answer.give(STATUS)

    def tell(self, **news: Any) -> None:
        """Something has happened."""
        assert self.requests is not None
        self.requests.tell(news)

    def stop(self) -> None:
        """Hang up."""
        if self.requests is not None:
            self.requests.close()
            self.requests = None


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A running one."""
    made = Box(tmp_path / "run" / "daemon.sock")
    made.start()
    yield made
    made.stop()


@contextmanager
def publishing(settings: MqttConfig, box: Box, password: str = "") -> Iterator[Publisher]:
    """The publisher on a thread of its own, until the end."""
    publisher = Publisher(settings, password, DaemonClient(box.path), Topics(settings.topic, settings.discovery, "b"))
    thread = threading.Thread(target=publisher.run, daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        publisher.stop()
        thread.join(SOON)
        assert not thread.is_alive()


def until(holds: Callable[[], object]) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of it as a warning, apart from the first connection."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_is_read_is_told(broker, listener, box):
    """Descriptions, how the box is, a reading, another mode; at the end that it is gone."""
    with publishing(broker.config(), box):
        assert listener.next("/reading/config")["state_topic"] == "digitbox/b/reading"
        assert listener.next("/status") == STATUS
        assert listener.next("/availability") == "online"
        box.tell(reading=READING)
        told = listener.next("b/reading")
        assert (told["number"], told["status"], told["confidence"]) == ("42", "ok", 0.9)
        box.tell(mode="speaking")
        assert listener.next("/status") == {**STATUS, "mode": "speaking", "readings": 4}
        box.tell(faults=["camera"])
        assert listener.next("/status")["faults"] == ["camera"]
    assert listener.next("/availability") == "offline"


def test_who_comes_later_finds_all_but_the_readings(broker, box):
    """The broker keeps descriptions, status and availability; of a reading it keeps nothing."""
    with publishing(broker.config(), box):
        first = Listener(broker)
        assert first.next("/availability") == "online"
        box.tell(reading=READING)
        first.next("b/reading")
        first.close()
        later = Listener(broker)
        until(lambda: later.heard.qsize() >= 6)
        kept = [later.heard.get() for _ in range(later.heard.qsize())]
        later.close()
    assert all(retained for _, _, retained in kept)
    told = {topic: content for topic, content, _ in kept}
    assert told["digitbox/b/availability"] == "online"
    assert "digitbox/b/reading" not in told


def test_one_that_dies_leaves_its_will(broker, listener, box, tmp_path):
    """Killed without a word, it is offline."""
    text = f'[daemon]\nruntime = "{box.path.parent}"\n[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
    (tmp_path / "digitbox.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "device.cli", "mqtt", "--config", "digitbox.toml"]
    process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    try:
        assert listener.next("/availability") == "online"
    finally:
        process.kill()
        process.wait(SOON)
    assert listener.next("/availability") == "offline"


def test_a_box_that_goes_and_comes_is_told(broker, listener, box):
    """Offline while the daemon is away, then online with its status."""
    with publishing(broker.config(), box):
        assert listener.next("/availability") == "online"
        box.stop()
        assert listener.next("/availability") == "offline"
        box.start()
        assert listener.next("/status") == STATUS
        assert listener.next("/availability") == "online"


def test_a_broker_that_goes_and_comes_is_found_again(broker, box, caplog):
    """One line that it hung up, one that it is back; what was read meanwhile is not told later."""
    caplog.set_level(logging.INFO)
    with publishing(broker.config(), box):
        first = Listener(broker)
        assert first.next("/availability") == "online"
        first.close()
        broker.stop()
        until(lambda: any("hung up" in line for line in complaints(caplog)))
        box.tell(reading=READING)
        broker.start()
        second = Listener(broker)
        assert second.next("/status")["readings"] in (3, 4)
        box.tell(reading={**READING, "number": "7"})
        assert second.next("b/reading")["number"] == "7"
        second.close()
    connected = [line for line in caplog.messages if line == f"127.0.0.1:{broker.port}: connected"]
    assert len(connected) == 2


def test_a_broker_that_is_not_there_is_named_once(box, tmp_path, caplog):
    """With the reason; that it still is not there is no news."""
    broker = Broker(tmp_path, free_port(), [])
    with publishing(broker.config(), box) as publisher:
        until(lambda: publisher._with_broker._wait_seconds > 2.0)  # it was tried twice
    (line,) = complaints(caplog)
    assert line.startswith(f"127.0.0.1:{broker.port}: cannot be reached (Connection refused)")


def test_a_name_that_nobody_has_is_named(box, tmp_path, caplog):
    """As the resolver says it."""
    with publishing(Broker(tmp_path, 1883, []).config(host="no.such.host.invalid"), box):
        until(lambda: complaints(caplog))
    assert "no.such.host.invalid:1883: cannot be reached" in complaints(caplog)[0]


def test_a_wrong_password_is_named_once_and_the_right_one_comes_in(box, tmp_path, caplog):
    """The password itself stands in no line."""
    secret = tmp_path / "passwords"
    secret.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(secret), "me", "right-secret"], check=True, capture_output=True)
    with brokering(tmp_path, "allow_anonymous false", f"password_file {secret}") as broker:
        caplog.set_level(logging.DEBUG)
        with publishing(broker.config(user="me"), box, password="wrong-secret") as publisher:  # noqa: S106 - a wrong one
            until(lambda: publisher._with_broker._wait_seconds > 2.0)
        refused = [line for line in complaints(caplog) if "refuses us" in line]
        assert len(refused) == 1
        assert "look at [mqtt] user and the password" in refused[0]
        assert not [line for line in complaints(caplog) if "hung up" in line]  # it did, because it had refused us
        caplog.clear()
        with publishing(broker.config(user="me"), box, password="right-secret"):  # noqa: S106 - of this test
            until(lambda: f"127.0.0.1:{broker.port}: connected" in caplog.messages)
    assert "secret" not in caplog.text


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """For a name such as "DNS:broker.example" or "IP:127.0.0.1", signed by itself; and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=broker", "-addext", f"subjectAltName={name}", "-out", str(made), "-keyout", str(key)],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


# Paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize(
    ("name", "is_trusted", "reason"),
    [
        ("IP:127.0.0.1", True, None),
        ("IP:127.0.0.1", False, "self-signed certificate"),
        ("DNS:broker.example", True, "is not valid for '127.0.0.1'"),
    ],
)
def test_a_broker_is_told_in_private(box, tmp_path, caplog, name, is_trusted, reason):
    """By TLS, where its certificate is signed by whom we trust and has the name we asked for; else not at all."""
    caplog.set_level(logging.INFO)
    made, key = certificate(tmp_path, name)
    trusted = {"ca": str(made)} if is_trusted else {}
    with brokering(tmp_path, "allow_anonymous true", f"certfile {made}", f"keyfile {key}") as broker:
        connected = f"127.0.0.1:{broker.port}: connected"
        with publishing(broker.config(host="127.0.0.1", tls=True, **trusted), box):
            until(lambda: complaints(caplog) or connected in caplog.messages)
        assert (connected in caplog.messages) == (reason is None)
        assert reason is None or reason in complaints(caplog)[0]


def test_a_silent_box_is_given_up(broker, listener, tmp_path):
    """A daemon that hangs tells nothing: it is offline before anybody waits for it."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        settings = broker.config()
        client = DaemonClient(path, answer_seconds=0.1)
        publisher = Publisher(settings, "", client, Topics("digitbox", "", "b"))
        for _ in range(4):
            publisher.turn()
        assert listener.next("/availability") == "offline"


def test_trying_again_takes_longer_each_time():
    """Up to a limit, and from the beginning once it has worked for a minute."""
    now = 0.0
    attempts = Attempts("x", lambda: now)
    waits = []
    for _ in range(10):
        assert attempts.is_due
        attempts.failed("gone")
        begin = now
        while not attempts.is_due:
            now += 0.5
        waits.append(now - begin)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]
    attempts.succeeded()
    now += 59.0
    attempts.failed("gone")
    now += 119.0
    assert not attempts.is_due
    attempts.succeeded()
    now += 60.0
    attempts.failed("gone")
    now += 1.0
    assert attempts.is_due


def test_neither_broker_nor_box_is_tried_before_its_time(tmp_path, monkeypatch):
    """A box whose broker is switched off would try it, and write of it, with every turn of the loop."""
    monkeypatch.setattr(mqtt, "TURN_SECONDS", 0.001)
    now = 0.0
    settings = Broker(tmp_path, free_port(), []).config()
    box = DaemonClient(tmp_path / "none.sock")
    publisher = Publisher(settings, "", box, Topics("digitbox", "", "b"), monotonic=lambda: now)
    for now, wait_seconds in ((0.0, 2.0), (1.0, 4.0), (2.9, 4.0), (3.0, 8.0)):  # noqa: B007 - the publisher's clock
        for _ in range(5):
            publisher.turn()
        # Doubled with each try.
        assert publisher._with_broker._wait_seconds == publisher._with_box._wait_seconds == wait_seconds


def test_the_password_comes_from_systemd_or_from_a_file(tmp_path, monkeypatch):
    """Without the end of its line; none is none, and one that cannot be read is said."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    path = tmp_path / "password"
    assert mqtt.password(path) == ""
    path.write_text("from the file\n", encoding="utf-8")
    assert mqtt.password(path) == "from the file"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    (tmp_path / "credentials").mkdir()
    assert mqtt.password(path) == ""
    (tmp_path / "credentials" / "mqtt-password").write_bytes(b"from systemd")
    assert mqtt.password(path) == "from systemd"
    (tmp_path / "credentials" / "mqtt-password").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        mqtt.password(path)


def test_a_password_without_end_is_not_read(monkeypatch):
    """As of /dev/zero; a pipe that nobody writes to would be waited for."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="a pipe or a device"):
        mqtt.password(Path("/dev/zero"))


def test_without_a_broker_it_says_what_to_do(tmp_path, capsys):
    """Status 2, as for every wrong configuration; and as for certificates that are none, before anything is tried."""
    path = tmp_path / "digitbox.toml"
    path.write_text("[mqtt]\n", encoding="utf-8")
    assert main(["mqtt", "--config", str(path)]) == 2
    assert "host is empty" in capsys.readouterr().err
    path.write_text('[mqtt]\nhost = "x"\ntls = true\nca = "/no/such.pem"\n', encoding="utf-8")
    assert main(["mqtt", "--config", str(path)]) == 2
    assert "/no/such.pem" in capsys.readouterr().err


@pytest.mark.parametrize("line", ['topic = "a/#"', 'topic = ""', 'topic = "$SYS"', 'discovery = "a+b"', 'topic = "/a"'])
def test_a_topic_that_is_none_is_refused(tmp_path, line):
    """Before a broker hangs up on us for it."""
    path = tmp_path / "digitbox.toml"
    path.write_text(f"[mqtt]\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[mqtt\]"):
        config.load(path)


def test_two_boxes_of_one_name_are_told_apart(tmp_path):
    """By a piece of the machine's identity, which is not itself told."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a" * 32)
    other.write_text("b" * 32)
    assert mqtt.identity(one) != mqtt.identity(other)
    assert "aaaa" not in mqtt.identity(one)
    assert mqtt.identity(tmp_path / "none")
