"""Who may ask what: the Host header, the rate, the origin of a form, the token; and the headers of every answer."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable

from flask import Flask, Response, abort, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from device.console.limits import Limit
from device.console.pairing import Pairing

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

MOST_AT_ONCE, MOST_EACH_SECOND = 120.0, 20.0
"""Of one address: a page takes five requests, the live picture two each second."""

_GUESSES_AT_ONCE, _GUESSES_EACH_SECOND = 10.0, 0.2
"""Typed into the form, of one address: nobody types faster."""

_FORWARDED = ("forwarded", "via", "x-real-ip", "x-forwarded")
"""What the headers begin with that proxies add: who comes through one is not on this machine, though the proxy is."""

_WITHOUT_TOKEN = frozenset({"pages.pair", "static"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TIED = "paired"


class Access:
    """Guards an application.

    Args:
        pairing: The token.
        host: What the configuration listens on.
        exposed: Other machines can reach us, so the token is needed.
    """

    def __init__(self, pairing: Pairing, host: str, *, exposed: bool) -> None:
        self._pairing = pairing
        self._exposed = exposed
        self._names = _own_names(host)
        self._requests = Limit(MOST_AT_ONCE, MOST_EACH_SECOND)
        self._tokens = Limit(_GUESSES_AT_ONCE, _GUESSES_EACH_SECOND)

    def guard(self, app: Flask) -> None:
        """Let every request of this application be checked."""
        checks: list[Callable[[], AnyResponse | None]] = [
            self._check_host,
            self._check_rate,
            self._check_origin,
            self._check_token,
        ]
        for check in checks:
            app.before_request(check)
        app.after_request(_with_headers)

    def pair(self, token: str) -> bool:
        """Let this browser in if the token is right; too many guesses are refused."""
        if not self._tokens.allows(str(request.remote_addr)):
            abort(429)
        if not self._pairing.accepts(token):
            log.warning("%s: a wrong token", request.remote_addr)
            return False
        session.clear()
        session.permanent = True
        session[_TIED] = self._pairing.generation()
        return True

    @property
    def is_open(self) -> bool:
        """Whether this request may see more than the page that asks for the token."""
        if not self._exposed and not any(name.lower().startswith(_FORWARDED) for name, _ in request.headers):
            return True
        generation = self._pairing.generation()
        return bool(generation) and session.get(_TIED) == generation

    def _check_host(self) -> None:
        """Another site that has its name point here (DNS rebinding) sends that name."""
        host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
        host = host.strip("[]").lower().rstrip(".")
        if host not in self._names and not (self._exposed and _is_address(host)):
            abort(421)

    def _check_rate(self) -> None:
        if not self._requests.allows(str(request.remote_addr)):
            abort(429)

    def _check_origin(self) -> None:
        """A form of another site is not ours, whatever it holds."""
        if request.method in _SAFE:
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin != request.host_url.rstrip("/"):
            abort(403)
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(403)

    def _check_token(self) -> AnyResponse | None:
        if request.endpoint in _WITHOUT_TOKEN or self.is_open:
            return None
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            # Guesses are slowed by the limit on all requests: at twenty a second, 120 bits last.
            if self._pairing.accepts(token):
                return None
            log.warning("%s: a wrong token", request.remote_addr)
        if request.path.startswith("/api/") or request.method not in _SAFE:
            abort(401)
        return redirect(url_for("pages.pair"))


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _own_names(host: str) -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({"localhost", "127.0.0.1", "::1", host.lower(), name, f"{name}.local"} - {"", "0.0.0.0", "::"})  # noqa: S104 - not listened on here


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
