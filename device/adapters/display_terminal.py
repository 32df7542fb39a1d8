"""The appliance in a terminal: its mode, the picture, the crops and the answer."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Mapping
from typing import TextIO

import cv2
import numpy as np

from device.domain import Box, Frame, Pixels, Reading

_RAMP = np.array(list(" .:-=+*#%@"))
"""Characters of rising darkness on a light page, of rising light on a dark one."""

_PICTURE_COLUMNS = 64
_CROP_COLUMNS = 28
_BOX_BGR = (40, 200, 40)


class TerminalDisplay:
    """Draws pictures with half blocks in 24-bit colour, or with characters where there is no colour.

    Args:
        stream: Where to draw.
        environ: Decides on colour together with the stream: NO_COLOR (no-color.org) and TERM=dumb turn it off, and
            so does an encoding without the block.
        columns: Width of the terminal; asked from it when None.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ, columns: int | None = None) -> None:
        self._stream = stream
        unicode = (stream.encoding or "").lower().startswith("utf")
        self._colour = unicode and stream.isatty() and "NO_COLOR" not in environ and environ.get("TERM") != "dumb"
        self._columns = columns or shutil.get_terminal_size().columns
        self._lock = threading.Lock()

    def mode(self, name: str) -> None:
        """A line with the mode."""
        self._write(f"[{name}]")

    def said(self, text: str) -> None:
        """What is being said, in quotation marks."""
        self._write(f'says: "{text}"')

    def answer(self, frame: Frame, reading: Reading, model_inputs: Pixels) -> None:
        """The picture with boxes, the model inputs beneath, and the answer."""
        lines = self._picture(frame, [digit.box.scaled(1.0 / frame.scale) for digit in reading.digits])
        lines += self._crops(model_inputs)
        digits = ", ".join(f"{digit.digit} ({digit.confidence:.1%})" for digit in reading.digits)
        advice = "; ".join(advice.value.replace("_", " ") for advice in reading.advice)
        lines.append(f"{reading.status.value}: {digits or advice or 'nothing'}   [{reading.elapsed_ms:.0f} ms]")
        self._write("\n".join(lines))

    def _picture(self, frame: Frame, boxes: list[Box]) -> list[str]:
        factor = min(_PICTURE_COLUMNS, self._columns) / max(frame.width_px, frame.height_px)
        width, height = max(1, round(frame.width_px * factor)), max(2, round(frame.height_px * factor))
        small = cv2.resize(frame.pixels, (width, height), interpolation=cv2.INTER_AREA)
        for box in boxes:
            place = box.scaled(factor)
            cv2.rectangle(small, (place.x - 1, place.y - 1), (place.right, place.bottom), _BOX_BGR, 1)
        return self._draw(small.astype(np.uint8))

    def _crops(self, model_inputs: Pixels) -> list[str]:
        shown = model_inputs[: self._columns // (_CROP_COLUMNS + 1)]
        if not len(shown):
            return []
        row = np.concatenate([np.pad(crop, ((0, 0), (0, 1))) for crop in shown], axis=1)
        return self._draw(cv2.cvtColor(row, cv2.COLOR_GRAY2BGR).astype(np.uint8))

    def _draw(self, picture: Pixels) -> list[str]:
        """Two rows of pixels to a line of text, as a character is about twice as high as wide."""
        even = picture[: len(picture) // 2 * 2]
        pairs = list(zip(even[0::2], even[1::2], strict=True))
        return [(_half_blocks if self._colour else _characters)(upper, lower) for upper, lower in pairs]

    def _write(self, text: str) -> None:
        # The port must not raise: a terminal that has gone, or cannot show a letter, ends no appliance.
        with self._lock, contextlib.suppress(OSError, ValueError):
            print(text, file=self._stream, flush=True)


def _half_blocks(upper: Pixels, lower: Pixels) -> str:
    cells = [
        f"\x1b[38;2;{above[2]};{above[1]};{above[0]};48;2;{below[2]};{below[1]};{below[0]}m▀"
        for above, below in zip(upper, lower, strict=True)
    ]
    return "".join(cells) + "\x1b[0m"


def _characters(upper: Pixels, lower: Pixels) -> str:
    light = (upper.astype(np.uint16) + lower).mean(axis=1) / 2
    return "".join(_RAMP[(light / 256 * len(_RAMP)).astype(int)]).rstrip()
