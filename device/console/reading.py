"""An uploaded picture -> what is written on it."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from flask import abort, request
from werkzeug.datastructures import FileStorage

from device.console.decoder import DecoderError
from device.console.services import services

log = logging.getLogger(__name__)

MOST_NAME = 100


def read(file: FileStorage, *, language: str, page: bool) -> dict[str, Any]:
    """The fields of `digitbox read --json --scores`, or "path" and "error". Raises DecoderError."""
    at_hand = services()
    if not at_hand.readings.allows(str(request.remote_addr)):
        abort(429)
    with contextlib.closing(file):
        content = file.stream.read()
    try:
        answer = at_hand.decoder.read(
            content,
            name=_plain(file.filename or "picture"),
            language=language,
            number_style=at_hand.config.speech.number_style,
            page=page,
        )
    except DecoderError as error:
        _log(content, str(error))
        raise
    if "error" in answer:
        _log(content, answer["error"])
    return answer


def _log(content: bytes, reason: str) -> None:
    log.warning("%s: a picture of %d bytes was refused: %.200s", request.remote_addr, len(content), reason)


def _plain(name: str) -> str:
    """The last part of a name, which is only ever shown: no folder, no control character."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:MOST_NAME] or "picture"
