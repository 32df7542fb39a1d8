"""A real MQTT broker, Debian's Mosquitto, and somebody who hears all that is published there."""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from device.config import MqttConfig

SOON = 30.0
"""Seconds; only waited for in full when a test fails."""

PATH = f"{os.environ['PATH']}:/usr/sbin"
MOSQUITTO = shutil.which("mosquitto", path=PATH) or "mosquitto is not installed; tests/run installs it"


@dataclass
class Broker:
    """A Mosquitto of our own.

    Attributes:
        folder: For its files.
        port: Where it listens.
        lines: Of its configuration, beyond where it listens.
    """

    folder: Path
    port: int
    lines: list[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        path = self.folder / "mosquitto.conf"
        user = ["user root"] if os.geteuid() == 0 else []
        path.write_text("\n".join([*user, f"listener {self.port} 127.0.0.1", *self.lines]) + "\n", encoding="utf-8")
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + SOON
        while True:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "Mosquitto has ended"
            assert time.monotonic() < end

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(SOON)
            self.process = None

    def config(self, **changes: Any) -> MqttConfig:
        """How to reach it."""
        known: dict[str, Any] = {
            "host": "127.0.0.1", "port": self.port, "tls": False, "ca": "", "user": "", "password": Path(),
            "topic": "digitbox", "discovery": "homeassistant",
        }  # fmt: skip
        return MqttConfig(**{**known, **changes})


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def brokering(folder: Path, *lines: str) -> Iterator[Broker]:
    """A running broker."""
    broker = Broker(folder, free_port(), list(lines))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@dataclass
class Listener:
    """Somebody who hears everything that is published."""

    broker: Broker
    heard: queue.Queue[tuple[str, str, bool]] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _, __, message: self.heard.put(
            (message.topic, message.payload.decode(), message.retain)
        )
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", self.broker.port)
        self.client.loop_start()
        assert subscribed.wait(SOON)

    def next(self, name: str) -> Any:
        """The next message whose topic ends so: its content."""
        while True:
            topic, content, _ = self.heard.get(timeout=SOON)
            if topic.endswith(name):
                return json.loads(content) if content.startswith("{") else content

    def close(self) -> None:
        """Hear no more."""
        self.client.disconnect()
        self.client.loop_stop()
