"""Contact sheets: of every mistake, and of what the photographer draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from device.domain import Pixels
from train.photographs.answers import TILE_PX, Answer
from train.photographs.files import Shot
from train.photographs.optics import jpeg

ACROSS, DOWN = 6, 5
CAPTION_PX = 34


def write_mistakes(folder: Path, name: str, answers: Sequence[Answer]) -> list[Path]:
    """Contact sheets of the mistakes among some answers, named NAME-01.jpg and so on; none where all are right.

    Each picture is captioned with what is written and what was answered, or with the advice wanted and given. The
    truth's boxes are green, the answer's red.

    Raises:
        OSError: The folder cannot be written.
    """
    mistaken = [answer for answer in answers if answer.mistaken]
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for begin in range(0, len(mistaken), ACROSS * DOWN):
        paths.append(folder / f"{name}-{1 + begin // (ACROSS * DOWN):02}.jpg")
        paths[-1].write_bytes(jpeg(_page(mistaken[begin : begin + ACROSS * DOWN]), 80))
    return paths


def _page(answers: Sequence[Answer]) -> Pixels:
    rows = -(-len(answers) // ACROSS)
    height = TILE_PX + CAPTION_PX
    page = np.full((rows * height, ACROSS * TILE_PX, 3), 255, np.uint8)
    for number, answer in enumerate(answers):
        row, column = divmod(number, ACROSS)
        page[row * height : (row + 1) * height, column * TILE_PX : (column + 1) * TILE_PX] = _tile(answer)
    return page


def _tile(answer: Answer) -> Pixels:
    tile = np.full((TILE_PX + CAPTION_PX, TILE_PX, 3), 255, np.uint8)
    picture = cv2.imdecode(np.frombuffer(answer.picture, np.uint8), cv2.IMREAD_COLOR) if answer.picture else None
    if picture is not None:
        height, width = min(picture.shape[0], TILE_PX), min(picture.shape[1], TILE_PX)
        tile[CAPTION_PX : CAPTION_PX + height, :width] = picture[:height, :width]
    first = f"wanted {answer.wanted}" if answer.wanted else f"is {answer.label or 'nothing'}"
    said = f"got {answer.advice[0] if answer.advice else 'none'}" if answer.wanted else f"{answer.number or '-'}"
    for line, text in enumerate((first, f"{said} {answer.status}")):
        cv2.putText(tile, text[:34], (2, 13 + 15 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


SHOWN_PX = 260
SHOWN_ACROSS = 6


def overview(shots: Sequence[Shot]) -> Pixels:
    """Photographs side by side, six to a row, captioned with what they show: uint8, shape (h, 1560, 3)."""
    tiles = [_shown(shot) for shot in shots]
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % SHOWN_ACROSS)
    return np.vstack([np.hstack(tiles[row : row + SHOWN_ACROSS]) for row in range(0, len(tiles), SHOWN_ACROSS)])


def _shown(shot: Shot) -> Pixels:
    height = 3 * SHOWN_PX // 4
    tile = np.full((height + 22, SHOWN_PX, 3), 255, np.uint8)
    pixels = shot.frames[0].pixels
    scale = min((SHOWN_PX - 6) / pixels.shape[1], (height - 6) / pixels.shape[0])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tile[3 : 3 + small.shape[0], 3 : 3 + small.shape[1]] = small
    facts = shot.scene.facts
    text = str(facts.get("spoilt") or facts.get("shows") or f"{shot.scene.kind}: {shot.scene.label}")
    cv2.putText(tile, text[:40], (4, height + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return tile
