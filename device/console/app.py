"""Puts the application together."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from device import __version__
from device.compose import SOCKET
from device.config import Config
from device.console.access import Access
from device.console.api import api
from device.console.decoder import MOST_UPLOAD_BYTES, Decoder
from device.console.limits import Limit
from device.console.pages import pages
from device.console.pairing import Pairing
from device.console.services import NAME, Services, catalogue, names, words
from device.daemon_client import DaemonClient

log = logging.getLogger(__name__)

SESSION = timedelta(days=30)
"""A browser that comes back within it needs no new token."""

FORM_SECONDS = 12 * 3600
"""A page left open for longer has to be loaded again before its forms are taken."""

READINGS_AT_ONCE, READINGS_EACH_SECOND = 30.0, 5.0
"""Of one address: more than anybody draws. Programs send one after the other, and only one is read at a time anyway."""


def create_app(config: Config, configuration: Path | None, *, exposed: bool, decoder: Decoder | None = None) -> Flask:
    """The application.

    Args:
        config: The effective configuration.
        configuration: Its file, for the programs that are started; None is the installed one.
        exposed: Other machines can reach it.
        decoder: Instead of one with the usual limits.

    Raises:
        PairingError: The folder of token and secret cannot be used.
    """
    app = Flask(__name__)
    pairing = Pairing(config.console.folder)
    app.config.update(
        SECRET_KEY=pairing.secret(),
        SESSION_COOKIE_NAME=NAME,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION,
        MAX_CONTENT_LENGTH=MOST_UPLOAD_BYTES,
        MAX_FORM_MEMORY_SIZE=100_000,
        MAX_FORM_PARTS=20,
        WTF_CSRF_TIME_LIMIT=FORM_SECONDS,
    )
    access = Access(pairing, config.console.host, exposed=exposed)
    app.extensions[NAME] = Services(
        config=config,
        configuration=configuration,
        daemon=DaemonClient(config.daemon.runtime / SOCKET),
        decoder=decoder or Decoder(configuration),
        access=access,
        readings=Limit(READINGS_AT_ONCE, READINGS_EACH_SECOND),
    )
    access.guard(app)
    forms = CSRFProtect(app)
    # Programs have no forms: a token stands in a header, which no other site can send, and nothing is changed there.
    forms.exempt(api)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(CSRFError, _refused)
    app.register_error_handler(Exception, _unforeseen)
    app.context_processor(_at_hand)
    return app


def _at_hand() -> dict[str, object]:
    """What every template may use."""
    return {"t": words(), "box": catalogue(), "languages": names(), "version": __version__}


def _refused(error: HTTPException) -> Response:
    """A plain page, or JSON for programs, and a line in the log."""
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    log.warning("%s: %s %.80s: %d %s", request.remote_addr, request.method, repr(request.path), code, error.name)
    if request.path.startswith("/api/"):
        return make_response({"error": f"{error.name}: {error.description}"}, code, _allowed(error))
    if request.path.startswith("/static/") or code in (421, 429):
        return _plain(f"{code} {error.name}", code)
    why = words().sentences.get(f"error.{code}", "")
    return make_response(render_template("error.html", code=code, name=error.name, why=why), code, _allowed(error))


def _allowed(error: HTTPException) -> dict[str, str]:
    """The header that goes with 405 (RFC 9110, 15.5.6)."""
    return {name: value for name, value in error.get_headers() if name == "Allow"}


def _unforeseen(error: Exception) -> Response:
    """No traceback reaches a user; the journal gets it."""
    log.error("%s %.80s: %s: %s", request.method, repr(request.path), type(error).__name__, error, exc_info=error)
    return _plain("500: a mistake in digitbox, please report it", 500)


def _plain(text: str, code: int) -> Response:
    return Response(f"{text}\n", code, content_type="text/plain; charset=utf-8")
