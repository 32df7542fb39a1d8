"""Some digits of each set as one picture, to be looked at before anything is learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from device.domain import Pixels
from train.data import DigitSet
from train.output import write_bytes

OF_EACH = 24
CAPTION_PX = 14
GREY = (160,)


def contact_sheet(sets: Sequence[DigitSet]) -> Pixels:
    """Ten rows a set, one a digit, under the set's name: uint8, shape (h, 672)."""
    return np.vstack([part for digits in sets for part in (_caption(digits), _rows(digits))])


def write_contact_sheet(path: Path, sets: Sequence[DigitSet]) -> None:
    """As a PNG. Raises OutputError."""
    _, png = cv2.imencode(".png", contact_sheet(sets))
    write_bytes(path, png.tobytes())


def _caption(digits: DigitSet) -> Pixels:
    strip = np.zeros((CAPTION_PX, 28 * OF_EACH), np.uint8)
    cv2.putText(strip, f"{digits.name}: {len(digits)}", (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.4, GREY, 1, cv2.LINE_AA)
    return strip


def _rows(digits: DigitSet) -> Pixels:
    """Evenly spread over the set, so that more than its first writer is seen."""
    sheet = np.zeros((10, OF_EACH, 28, 28), np.uint8)
    for label in range(10):
        rows = np.flatnonzero(digits.labels == label)
        chosen = (
            rows[np.unique(np.linspace(0, len(rows) - 1, min(OF_EACH, len(rows))).astype(int))] if rows.size else rows
        )
        sheet[label, : len(chosen)] = digits.model_inputs[chosen]
    return sheet.transpose(0, 2, 1, 3).reshape(280, 28 * OF_EACH)
