"""For programs: the same readings and state as JSON, described by /api/openapi.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, request
from werkzeug.datastructures import FileStorage

from device.console.decoder import Busy, DecoderError
from device.console.reading import read
from device.console.services import services, status

api = Blueprint("api", __name__, url_prefix="/api")

DESCRIPTION = Path(__file__).with_name("openapi.json")
_KINDS = ("image/", "application/octet-stream")

Answer = tuple[dict[str, Any], int]


@api.post("/read")
def read_picture() -> Answer:
    """One picture, as the field `image` of a form or as the whole body."""
    file = request.files.get("image")
    if file is None and request.mimetype.startswith(_KINDS):
        file = FileStorage(request.stream, filename="picture")
    if file is None:
        return {"error": "send the picture as the form's field `image`, or as the body with its own Content-Type"}, 400
    try:
        fields = read(file, language=services().config.speech.language, page=False)
    except Busy as error:
        return {"error": str(error)}, 503
    except DecoderError as error:
        return {"error": str(error)}, 422
    return fields, 422 if "error" in fields else 200


@api.get("/status")
def status_() -> Answer:
    """How the box is."""
    fields, problem = status()
    return ({"error": problem}, 503) if problem else (dict(fields), 200)


@api.get("/openapi.json")
def description() -> dict[str, Any]:
    """This, described."""
    content: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return content
