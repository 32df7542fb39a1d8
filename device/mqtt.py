"""Publishes what the box reads to an MQTT broker, from a process of its own: the daemon has no network.

It only tells: it subscribes to nothing, so nothing that comes from the network reaches the box. One loop waits for the
broker and for the daemon at once, with a limit; either may come and go. What is read while the broker is away is not
told later, because a late number is taken for a fresh one; the history has it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import selectors
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from device import __version__, files
from device.config import MqttConfig
from device.daemon_client import DaemonClient, DaemonError, News
from device.errors import ConfigError
from device.home_assistant import Message, Topics
from device.protocol import StatusAsked

log = logging.getLogger(__name__)

CREDENTIAL = "mqtt-password"
"""As systemd names it (systemd.exec(5), LoadCredential=)."""

CONNECT_SECONDS = 5.0
"""For the broker's TCP connection: one in the house answers in milliseconds."""

KEEPALIVE_SECONDS = 30
"""So often the broker hears from us; it tells the last will after half as long again."""

SILENCE_SECONDS = 30.0
"""The daemon says something each ten: one that does not has gone."""

FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 120.0
"""Before trying again: twice as long each time, so that a broker that is off for a night costs nothing."""

STEADY_SECONDS = 60.0
"""What worked for so long begins anew. A broker that lets us in and hangs up at once, as it does to two of one
identity, would otherwise be asked, and written of in the journal, every second."""

TURN_SECONDS = 1.0
FAREWELL_SECONDS = 2.0

MOST_WAITING = 100
"""Messages that the broker has not taken yet."""


class Attempts:
    """When to try next, and one line in the log for each reason why it failed.

    Args:
        what: That is tried, for the log.
        monotonic: A clock, in seconds.
    """

    def __init__(self, what: str, monotonic: Callable[[], float]) -> None:
        self._what = what
        self._monotonic = monotonic
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._due = monotonic()
        self._reason = ""
        self._worked_since: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether to try now."""
        return self._monotonic() >= self._due

    def failed(self, reason: str) -> None:
        """Try again after a while."""
        now, since, self._worked_since = self._monotonic(), self._worked_since, None
        if since is not None and now - since >= STEADY_SECONDS:
            self._wait_seconds, self._reason = FIRST_WAIT_SECONDS, ""
        level = logging.DEBUG if reason == self._reason else logging.WARNING
        log.log(level, "%s: %s; tried again within %g s", self._what, reason, MOST_WAIT_SECONDS)
        self._reason = reason
        self._due = now + self._wait_seconds
        self._wait_seconds = min(2 * self._wait_seconds, MOST_WAIT_SECONDS)

    def succeeded(self) -> None:
        """It works, for now."""
        log.info("%s: connected", self._what)
        self._worked_since = self._monotonic()


class Publisher:
    """Tells one broker of one box.

    Args:
        config: Of the broker.
        password: For it; empty for none.
        box: The daemon.
        topics: Where everything goes.
        monotonic: A clock, in seconds.

    Raises:
        ConfigError: The certificates cannot be used.
    """

    def __init__(
        self,
        config: MqttConfig,
        password: str,
        box: DaemonClient,
        topics: Topics,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._box = box
        self._topics = topics
        self._monotonic = monotonic
        self._news: News | None = None
        self._heard_at = monotonic()
        self._status: dict[str, Any] = {}
        self._with_broker = Attempts(f"{config.host}:{config.port}", monotonic)
        self._with_box = Attempts("the box", monotonic)
        self._password = password
        self._tls = _tls(config.ca) if config.tls else None
        self._client: Client | None = None
        self._stopped = False

    def stop(self) -> None:
        """End `run` soon; from a signal handler too."""
        self._stopped = True

    def run(self) -> None:
        """Tell, until stopped."""
        while not self._stopped:
            self.turn()
        self._take_leave()

    def turn(self) -> None:
        """Connect what is not connected and may be tried, then wait for either to say something."""
        if self._client is None and self._with_broker.is_due:
            self._connect()
        if self._news is None and self._with_box.is_due:
            self._follow()
        self._wait(TURN_SECONDS)
        self._serve_broker()
        self._hear_box()

    # --- the broker ---------------------------------------------------------------------------------------------------

    def _made(self) -> Client:
        """A client for one connection: one that connects again would send anew what it had not sent before."""
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"digitbox-{self._topics.box}", reconnect_on_failure=False
        )
        client.connect_timeout = CONNECT_SECONDS
        client.max_queued_messages_set(MOST_WAITING)
        will = self._topics.availability(online=False)
        client.will_set(will.topic, will.content, qos=1, retain=True)
        if self._config.user:
            client.username_pw_set(self._config.user, self._password or None)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        return client

    def _connect(self) -> None:
        client = self._made()
        try:
            client.connect(self._config.host, self._config.port, KEEPALIVE_SECONDS)
        except (OSError, ValueError) as error:  # ValueError: a name that can be none
            self._with_broker.failed(f"cannot be reached ({_reason(error)})")
            return
        self._client = client

    def _on_connect(self, _client: Client, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        if code.is_failure:
            self._with_broker.failed(f"refuses us ({code}); look at [mqtt] user and the password")
            return
        self._with_broker.succeeded()
        self._publish(self._topics.descriptions(name=f"digitbox {socket.gethostname()}", version=__version__))
        self._tell_how_it_is()

    def _serve_broker(self) -> None:
        """Let the client read, write and keep the connection alive."""
        client = self._client
        if client is None:
            return
        for work in (client.loop_read, client.loop_write, client.loop_misc):
            code = work()
            if code is not MQTTErrorCode.MQTT_ERR_SUCCESS or client.socket() is None:
                self._client = None
                if self._with_broker.is_due:  # else it has refused us, and that has been told
                    self._with_broker.failed(f"hung up ({error_string(code) if code else 'it does not answer'})")
                return

    def _publish(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if self._client is not None and self._client.is_connected():
                self._client.publish(message.topic, message.content, qos=1, retain=message.retained)

    # --- the box ------------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        try:
            news = self._box.follow()
        except DaemonError as error:
            self._with_box.failed(str(error))
            return
        try:
            self._status = dict(self._box.ask(StatusAsked()))
        except DaemonError as error:
            news.close()
            self._with_box.failed(str(error))
            return
        self._news, self._heard_at = news, self._monotonic()
        self._with_box.succeeded()
        self._tell_how_it_is()

    def _hear_box(self) -> None:
        if self._news is None:
            return
        try:
            for told in self._news.arrived():
                self._heard_at = self._monotonic()
                self._tell(told)
            if self._monotonic() - self._heard_at > SILENCE_SECONDS:
                raise DaemonError("says nothing any more")
        except DaemonError as error:
            self._news.close()
            self._news = None
            self._with_box.failed(str(error))
            self._tell_how_it_is()

    def _tell(self, told: Mapping[str, Any]) -> None:
        if "reading" in told:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._publish([self._topics.reading(told["reading"], time=now)])
            self._status["readings"] = self._status.get("readings", 0) + 1
        changed = {name: told[name] for name in ("mode", "faults") if name in told}
        if changed:
            self._status.update(changed)
            self._publish([self._topics.status(self._status)])

    def _tell_how_it_is(self) -> None:
        if self._news is not None:
            self._publish([self._topics.status(self._status)])
        self._publish([self._topics.availability(online=self._news is not None)])

    # --- both ---------------------------------------------------------------------------------------------------------

    def _wait(self, limit_seconds: float) -> None:
        """Until broker or box has something to say, or the broker takes what waits, or the limit has passed."""
        with selectors.DefaultSelector() as selector:
            connection = None if self._client is None else self._client.socket()
            if self._client is not None and connection is not None:
                writing = selectors.EVENT_WRITE if self._client.want_write() else 0
                selector.register(connection, selectors.EVENT_READ | writing)
            if self._news is not None:
                selector.register(self._news, selectors.EVENT_READ)
            selector.select(limit_seconds)

    def _take_leave(self) -> None:
        """Say that we are gone: a broker tells the last will only of those who go without a word."""
        end = self._monotonic() + FAREWELL_SECONDS
        if self._news is not None:
            self._news.close()
            self._news = None
        client = self._client
        if client is None or not client.is_connected():
            return
        gone = self._topics.availability(online=False)
        sent = client.publish(gone.topic, gone.content, qos=1, retain=True)
        while not sent.is_published() and self._client is not None and self._monotonic() < end:
            self._wait(0.1)
            self._serve_broker()
        client.disconnect()


def serve(config: MqttConfig, box: DaemonClient) -> int:
    """Publish until a signal comes.

    Raises:
        ConfigError: No broker is named, the password cannot be read, or the certificates cannot be used.
    """
    if not config.host:
        raise ConfigError(['[mqtt] host is empty; name the broker, such as "homeassistant.local"'])
    secret = password(config.password)
    if secret and not config.tls:
        log.warning("the password goes to the broker unencrypted; [mqtt] tls = true encrypts it")
    publisher = Publisher(config, secret, box, Topics(config.topic, config.discovery, identity()))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda which, frame: publisher.stop())
    publisher.run()
    return 0


def password(path: Path) -> str:
    """From the credential that systemd hands over, else from the file; empty where neither is. Raises ConfigError."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    source = Path(folder) / CREDENTIAL if folder else path
    try:
        files.refuse_endless(source)
        return source.read_text(encoding="utf-8").strip("\r\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{source}: cannot be read ({_reason(error)}); [mqtt] password names the file"]) from error


def identity(machine_id: Path = Path("/etc/machine-id")) -> str:
    """Tells this box from others: its name, and a piece of its machine's identity, hashed as machine-id(5) wants it."""
    name = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().lower()).strip("-") or "box"
    try:
        known = machine_id.read_bytes().strip()
    except OSError:
        return name
    return f"{name}-{hashlib.sha256(b'digitbox ' + known).hexdigest()[:6]}"


def _tls(ca: str) -> ssl.SSLContext:
    try:
        files.refuse_endless(Path(ca))
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise ConfigError([f"{ca}: no certificates ({_reason(error)}); [mqtt] ca names a file in PEM"]) from error


def _reason(error: Exception) -> str:
    """In words: of a certificate what is wrong with it, of a system call what the system says."""
    return str(getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error)
