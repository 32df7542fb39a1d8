"""What the pages work with, and how they get at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flask import abort, current_app, g, request, session

from device import phrases
from device.config import Config
from device.console import texts
from device.console.access import Access
from device.console.decoder import Decoder
from device.console.limits import Limit
from device.console.texts import Texts
from device.daemon_client import DaemonClient, DaemonError
from device.protocol import CommandAsked, Request, SayAsked, StatusAsked

NAME = "digitbox"


@dataclass(frozen=True, slots=True)
class Services:
    """Of one application.

    Attributes:
        config: The effective configuration.
        configuration: Its file; None is the installed one.
        daemon: The box.
        decoder: Reads pictures.
        access: Who may come in.
        readings: How many pictures each address may have read.
        long_work: Held by whoever examines or exports: one at a time, so that memory and threads last for the others.
    """

    config: Config
    configuration: Path | None
    daemon: DaemonClient
    decoder: Decoder
    access: Access
    readings: Limit
    long_work: threading.Lock = field(default_factory=threading.Lock)


def services() -> Services:
    """Of the application that answers now."""
    found: Services = current_app.extensions[NAME]
    return found


@contextmanager
def long_work() -> Iterator[None]:
    """Examine or export, unless somebody else does: then 503."""
    lock = services().long_work
    if not lock.acquire(blocking=False):
        abort(503)
    try:
        yield
    finally:
        lock.release()


def words() -> Texts:
    """The language of this request: chosen on the page, else the browser's, else the box's."""
    if "words" not in g:
        wished = request.args.get("language", "")
        if wished in texts.languages():
            session["language"] = wished
        accepted = [language for language, _ in request.accept_languages]
        g.words = texts.chosen([session.get("language", ""), *accepted, services().config.speech.language])
    chosen: Texts = g.words
    return chosen


def catalogue() -> phrases.Catalogue:
    """The box's own sentences in the language of this request."""
    return phrases.load(words().language)


@cache
def names() -> Mapping[str, str]:
    """What the speakers of each language call it, by its code."""
    return {language: phrases.load(language).name for language in texts.languages()}


def ask(request: Request) -> tuple[Mapping[str, Any], str]:
    """The daemon's answer, or nothing and what is wrong."""
    try:
        return services().daemon.ask(request), ""
    except DaemonError as error:
        return {}, str(error)


def ask_to_obey(request: CommandAsked | SayAsked) -> str:
    """Have the box do something; why it does not, or nothing."""
    answer, problem = ask(request)
    return problem or ("" if answer.get("obeyed") else words()("live.busy"))


def status() -> tuple[Mapping[str, Any], str]:
    """How the box is, or why that can't be told."""
    return ask(StatusAsked())
