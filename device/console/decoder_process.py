"""A process that decodes strangers' pictures and reads them; it may be killed at any time.

Once it is ready it says so by an empty line on standard output. On standard input comes then, for each picture, a line
of JSON {"bytes": n, "name": str, "language": str, "number_style": str, "page": bool} and n bytes; on standard output
goes a line of JSON: the fields of `digitbox read --json --scores`, or {"path", "error"}.

With "page" it has what the page shows as well: "said", the sentence; "width_px" and "height_px" of the upright picture,
whose pixels the boxes count; "picture", a small JPEG; and "inputs", what the model saw as PNGs, one for each digit, or
all pieces where no digit was read. Pictures are in base64.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

from device import compose, config, images, phrases
from device.console.decoder import MOST_UPLOAD_BYTES
from device.domain import Box, Frame, Pixels, Reading
from device.errors import DigitboxError, ImageFileError
from device.live import shrunk
from device.looking import Observation
from device.model_reader import ModelReader
from device.phrases import Phrase
from device.protocol import reading_as_json

MEMORY_BYTES = 400_000_000
"""Of its own data: what decodes 48 megapixels stays below 300 MB in all (device.images); a bomb does not."""

SHOWN_PX = 640
"""Longer side of the picture on the page."""

MOST_INPUTS = 60
"""Shown on a page: more, nobody looks at."""


def main() -> int:
    """Answer until standard input ends."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever asked has gone: end in silence
    _limit_itself()
    reader = compose.reader(config.installed(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    reader.open()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    target.write(b"\n")
    target.flush()
    while line := source.readline():
        target.write(json.dumps(_answer(reader, json.loads(line), source)).encode() + b"\n")
        target.flush()
    return 0


def _limit_itself() -> None:
    """Give up what decoding needs not: memory, core dumps, larger files than an upload."""
    for what, limit in (
        (resource.RLIMIT_DATA, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, MOST_UPLOAD_BYTES),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (limit, limit))


def _answer(reader: ModelReader, asked: Mapping[str, Any], source: BinaryIO) -> dict[str, Any]:
    name = str(asked["name"])
    with os.fdopen(os.memfd_create("picture"), "w+b") as file:
        file.write(source.read(int(asked["bytes"])))
        file.flush()
        path = Path(f"/proc/self/fd/{file.fileno()}")
        try:
            frame = images.load(path)
            return {"path": name, **_read(reader, frame, asked)}
        except ImageFileError as error:
            return {"path": name, "error": str(error).replace(f"{path}: ", "the picture ", 1).replace(str(path), name)}
        except DigitboxError as error:
            return {"path": name, "error": f"the picture cannot be read ({error}); try another"}
        except (MemoryError, cv2.error):
            return {"path": name, "error": "the picture cannot be read (it is too large); try another"}


def _read(reader: ModelReader, frame: Frame, asked: Mapping[str, Any]) -> dict[str, Any]:
    seen: list[Observation] = []
    reading = reader.read([frame], seen.append)
    fields = reading_as_json(reading, scores=True)
    if not asked["page"]:
        return fields
    catalogue = phrases.load(str(asked["language"]))
    said = " ".join(catalogue.utterance(Phrase("reading", reading), number_style=str(asked["number_style"])))
    return {**fields, "said": said, **_shown(frame), "inputs": [_png(one) for one in _inputs(seen, reading)]}


def _shown(frame: Frame) -> dict[str, Any]:
    factor = min(1.0, SHOWN_PX / max(frame.width_px, frame.height_px))
    size = max(1, round(frame.width_px * factor)), max(1, round(frame.height_px * factor))
    small = shrunk(frame.pixels, *size)
    _, content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return {
        "width_px": round(frame.width_px * frame.scale),
        "height_px": round(frame.height_px * frame.scale),
        "picture": base64.b64encode(content.tobytes()).decode(),
    }


def _inputs(seen: list[Observation], reading: Reading) -> Iterator[Pixels]:
    """What the model saw of each digit, or of every piece of writing where no digit was read."""
    if not reading.digits:
        yield from seen[-1].model_inputs[:MOST_INPUTS]
        return
    pieces = [
        (box, one)
        for observation in reversed(seen)
        for box, one in zip(observation.evidence.boxes, observation.model_inputs, strict=False)
    ]
    for digit in reading.digits[:MOST_INPUTS]:
        yield min(pieces, key=lambda piece: _distance(piece[0], digit.box))[1]


def _distance(one: Box, other: Box) -> int:
    return sum(
        abs(a - b)
        for a, b in ((one.x, other.x), (one.y, other.y), (one.right, other.right), (one.bottom, other.bottom))
    )


def _png(pixels: Pixels) -> str:
    _, content = cv2.imencode(".png", np.asarray(pixels, np.uint8))
    return base64.b64encode(content.tobytes()).decode()


if __name__ == "__main__":
    sys.exit(main())
