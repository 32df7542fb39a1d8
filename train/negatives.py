"""Pictures that are not one digit, for the eleventh class: drawn from a seed, brought into MNIST layout.

What looks like a digit is left out on purpose: upright strokes (1), closed curves (0), corners at the top right (7),
and the letters that may be read as digits.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import mnist_layout

CANVAS_PX = 56
INK = (255,)
# Without O o I l S s Z z q g b B, which are digits to many, and c D G i J j r T U u Y y, which are to some.
LETTERS = "ACEFHKLMNPQRVWXadefhkmnptvwx&%#*+="
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def negatives(count: int, digits: Pixels, rng: np.random.Generator) -> Pixels:
    """Pictures of nothing, of scribbles, of several digits: whatever the finder may cut out that is not one digit.

    Args:
        count: How many; each kind is as likely as the others.
        digits: Model inputs that pairs and pieces are made of, uint8, shape (m, 28, 28), m at least 2.
        rng: The only source of chance.

    Returns:
        uint8, shape (count, 28, 28), in MNIST layout.
    """
    kinds: tuple[Callable[[Pixels, np.random.Generator], Pixels], ...] = (
        _blank,
        _noise,
        _tangle,
        _hatching,
        _hatching,
        _loops,
        _letter,
        _letter,
        _letter_piece,
        _pair,
        _pair,
        _uneven_pair,
        _piece,
        _rule,
    )
    pictures = [mnist_layout(kinds[rng.integers(len(kinds))](digits, rng)) for _ in range(count)]
    return np.stack(pictures) if pictures else np.empty((0, 28, 28), np.uint8)


def scrawls(count: int, rng: np.random.Generator) -> list[Pixels]:
    """Letters and scribbles, no pieces of digits and not laid out: uint8, at most 56 pixels high."""
    kinds = (_tangle, _hatching, _loops, _letter, _letter, _letter, _letter_piece)
    return [kinds[rng.integers(len(kinds))](_empty()[None], rng) for _ in range(count)]


def _empty() -> Pixels:
    return np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)


def _blank(_: Pixels, rng: np.random.Generator) -> Pixels:
    """Nothing, or a speck."""
    ink = _empty()
    if rng.random() < 0.5:
        height = int(rng.integers(1, 4))  # never upright: that would be a 1
        cv2.ellipse(ink, (28, 28), (height + int(rng.integers(0, 4)), height), 0.0, 0.0, 360.0, INK, -1)
    return ink


def _noise(_: Pixels, rng: np.random.Generator) -> Pixels:
    """Blobs: what is left of texture, shadow and crumpled paper."""
    side = int(rng.integers(7, 20))
    coarse = rng.random((side, side), np.float32)
    smooth = cv2.resize(coarse, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC)
    level = rng.uniform(0.55, 0.85)
    return np.clip((smooth - level) * 2000.0, 0.0, 255.0).astype(np.uint8)


def _tangle(_: Pixels, rng: np.random.Generator) -> Pixels:
    """A line that crosses itself again and again."""
    corners = rng.uniform(6, CANVAS_PX - 6, (int(rng.integers(7, 16)), 1, 2)).astype(np.float32)
    path = cv2.resize(corners, (1, 8 * len(corners)), interpolation=cv2.INTER_CUBIC)
    ink = _empty()
    cv2.polylines(ink, [path.round().astype(np.int32)], False, INK, int(rng.integers(2, 6)), cv2.LINE_AA)
    return ink


def _hatching(_: Pixels, rng: np.random.Generator) -> Pixels:
    """Sharp strokes to and fro at any slant, whose reach grows, shrinks or stays; some are crossed out once more."""
    ink = _empty()
    for _layer in range(1 if rng.random() < 0.8 else 2):
        turns = int(rng.integers(6, 14))
        along = np.sort(rng.uniform(-24.0, 24.0, turns)) if rng.random() < 0.5 else np.linspace(-22.0, 22.0, turns)
        first, last = rng.uniform(8.0, 24.0, 2)
        reach = np.linspace(first, last, turns) * rng.uniform(0.8, 1.2, turns)
        path = np.stack([np.where(np.arange(turns) % 2, reach, -reach), along], axis=1)
        _draw_path(ink, path @ _turned(rng.uniform(0.0, np.pi)), int(rng.integers(1, 6)))
    return ink


def _loops(_: Pixels, rng: np.random.Generator) -> Pixels:
    """Coils one beside the other, as of someone who tries a pen."""
    coils = rng.uniform(3.0, 7.0)
    phase = np.linspace(0.0, 2.0 * np.pi * coils, int(16 * coils))
    width, height = rng.uniform(4.0, 9.0), rng.uniform(8.0, 20.0)
    path = np.stack([width * np.cos(phase) + np.linspace(-18.0, 18.0, len(phase)), height * np.sin(phase)], axis=1)
    ink = _empty()
    _draw_path(ink, path @ _turned(rng.uniform(-0.6, 0.6)), int(rng.integers(1, 4)))
    return ink


def _letter(_: Pixels, rng: np.random.Generator) -> Pixels:
    """A letter or a sign, slanted and turned a little."""
    letter, font = LETTERS[rng.integers(len(LETTERS))], FONTS[rng.integers(len(FONTS))]
    ink = _empty()
    cv2.putText(ink, letter, (14, 42), font, 1.3, INK, int(rng.integers(2, 6)), cv2.LINE_AA)
    turn, slant = np.deg2rad(rng.normal(0.0, 8.0)), rng.normal(0.0, 0.2)
    shape = 0.9 * np.array([[np.cos(turn), -np.sin(turn) - slant], [np.sin(turn), np.cos(turn)]])
    middle = np.full(2, CANVAS_PX / 2)
    return np.asarray(cv2.warpAffine(ink, np.column_stack([shape, middle - shape @ middle]), ink.shape), np.uint8)


def _letter_piece(digits: Pixels, rng: np.random.Generator) -> Pixels:
    """A letter and the beginning of the next, or two: writing that the finder could not take apart."""
    left, right = (_letter(digits, rng) for _ in range(2))
    left, right = _trimmed(left), _trimmed(right)
    kept = right[:, : max(2, int(right.shape[1] * rng.uniform(0.3, 1.0)))]
    return _side_by_side(left, kept, int(rng.integers(-2, 5)))


def _uneven_pair(digits: Pixels, rng: np.random.Generator) -> Pixels:
    """Two digits that touch, one smaller or lower than the other; sometimes a third."""
    ink = _trimmed(digits[rng.integers(len(digits))])
    for row in rng.integers(len(digits), size=1 if rng.random() < 0.85 else 2):
        other = _trimmed(digits[row])
        size = tuple(max(2, round(side * rng.uniform(0.65, 1.0))) for side in other.shape[::-1])
        smaller = np.zeros((len(ink), size[0]), np.uint8)
        top = int(rng.integers(0, max(1, len(ink) - size[1] + 1)))
        place = smaller[top : top + size[1]]
        place[:] = cv2.resize(other, size, interpolation=cv2.INTER_AREA)[: len(place)]
        ink = _side_by_side(ink, _trimmed(smaller), int(rng.integers(0, 5)))
    return ink


def _pair(digits: Pixels, rng: np.random.Generator) -> Pixels:
    """Two digits that touch."""
    left, right = (_trimmed(digits[row]) for row in rng.integers(len(digits), size=2))
    return _side_by_side(left, right, int(rng.integers(0, 4)))


def _piece(digits: Pixels, rng: np.random.Generator) -> Pixels:
    """The top or the bottom of a digit, of which the rest was cut off: less than a third of it, and wide."""
    digit = digits[rng.integers(len(digits))]
    rows = np.flatnonzero(digit.max(axis=1) > 64)
    height = max(2, int(len(rows) * rng.uniform(0.12, 0.3)))
    kept = rows[:height] if rng.random() < 0.5 else rows[-height:]
    piece = np.array(digit[kept[0] : kept[-1] + 1])
    return piece if _trimmed(piece).shape[1] > 1.5 * len(piece) else _empty()


def _rule(_: Pixels, rng: np.random.Generator) -> Pixels:
    """A remnant of ruled paper: a line lying down, alone or with a shorter one standing on it or crossing it."""
    ink = _empty()
    row, thickness = int(rng.integers(20, 50)), int(rng.integers(1, 5))
    ends = (int(rng.integers(0, 14)), row), (int(rng.integers(38, 56)), row + int(rng.integers(-3, 4)))
    cv2.line(ink, *ends, INK, thickness, cv2.LINE_AA)
    if rng.random() < 0.5:
        column = int(rng.integers(4, 52))
        cv2.line(ink, (column, row - int(rng.integers(8, 20))), (column, min(55, row + 8)), INK, thickness, cv2.LINE_AA)
    return ink


def _draw_path(ink: Pixels, path: NDArray[np.float64], pen_px: int) -> None:
    """One stroke along points seen from the middle."""
    places = np.round(path + CANVAS_PX / 2).astype(np.int32)
    cv2.polylines(ink, [places], False, INK, pen_px, cv2.LINE_AA)


def _turned(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _side_by_side(left: Pixels, right: Pixels, overlap: int) -> Pixels:
    """Two pictures of one height as one; the overlap may be negative, which leaves a gap."""
    begin = max(0, left.shape[1] - overlap)
    ink = np.zeros((len(left), max(left.shape[1], begin + right.shape[1])), np.uint8)
    ink[:, : left.shape[1]] = left
    place = ink[:, begin : begin + right.shape[1]]
    np.maximum(place, right, out=place)
    return ink


def _trimmed(digit: Pixels) -> Pixels:
    """Without the empty columns at its sides."""
    columns = np.flatnonzero(digit.max(axis=0) > 64)
    return digit[:, columns[0] : columns[-1] + 1] if columns.size else digit
