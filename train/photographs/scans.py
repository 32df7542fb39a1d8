"""Digits as they lie in folders: a set's pictures as they are, enlarged, cut to their ink, in frames, rings and rows.

The drawn photographs have paper, light and a camera. These have nothing but ink on even ground, in layouts that no
sheet has: a picture 28 pixels high, a strip of them, a crop whose edge is a printed frame. Some are photos, but smaller
than any that a scene makes; a table and a page come from a scanner, and the last four are the fields of forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from device.domain import Frame, Pixels, Status
from device.model_reader import ModelReader
from train.photographs.hands import Pool
from train.photographs.stamps import SPECK

INK = (255,)
"""Lines drawn beside digits; these are white on black until `as_paper`."""

ENLARGED = 5
"""Digits of the larger layouts are so many times as large as in their set."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """Writes some digits of one set.

    Attributes:
        pool: The set.
        rng: The only source of chance.
    """

    pool: Pool
    rng: np.random.Generator

    def digits(self, count: int) -> tuple[list[Pixels], str]:
        """Pictures of the set, white on black, uint8, shape (28, 28), and what they say."""
        label = "".join(str(digit) for digit in self.rng.integers(10, size=count))
        rows = [self.rng.choice(self.pool.rows[int(digit)]) for digit in label]
        return [self.pool.pictures[row] for row in rows], label


Layout = Callable[[Hand], tuple[Pixels, str]]
"""A grey picture and what it says."""


def as_it_is(hand: Hand) -> tuple[Pixels, str]:
    """28 x 28 pixels, white on black."""
    (picture,), label = hand.digits(1)
    return picture, label


def enlarged(hand: Hand) -> tuple[Pixels, str]:
    """Ten times as large, dark on white."""
    (picture,), label = hand.digits(1)
    return as_paper(larger(picture, 2 * ENLARGED)), label


def cut_to_ink(hand: Hand) -> tuple[Pixels, str]:
    """Nothing around it: all four edges are touched."""
    (picture,), label = hand.digits(1)
    x, y, width, height = cv2.boundingRect((picture > SPECK).view(np.uint8))
    return as_paper(larger(picture[y : y + height, x : x + width], ENLARGED)), label


def cut_along_frame(hand: Hand) -> tuple[Pixels, str]:
    """The printed frame is the picture's edge."""
    return _framed(hand, margin_px=0)


def in_frame(hand: Hand) -> tuple[Pixels, str]:
    """A little paper is left around the printed frame."""
    return _framed(hand, margin_px=8)


def in_ring(hand: Hand) -> tuple[Pixels, str]:
    """On a page, a ring drawn around it."""
    (picture,), label = hand.digits(1)
    page = np.zeros((400, 400), np.uint8)
    left, top = (int(place) for place in hand.rng.integers(60, 200, size=2))
    page[top : top + 140, left : left + 140] = larger(picture, ENLARGED)
    cv2.ellipse(page, (left + 70, top + 70), (90, 85), 10.0, 0.0, 360.0, INK, 4, cv2.LINE_AA)
    return as_paper(page), label


def underlined(hand: Hand) -> tuple[Pixels, str]:
    """Three digits on a page, a line below them that may slope."""
    return _underlined(hand, (8, 20))


def line_touched(hand: Hand) -> tuple[Pixels, str]:
    """The line below touches at least the lowest of them."""
    return _underlined(hand, (-2, 2))


def strip(hand: Hand) -> tuple[Pixels, str]:
    """Five pictures of the set side by side, 28 pixels high, white on black."""
    pictures, label = hand.digits(5)
    return np.hstack(pictures), label


def form(hand: Hand) -> tuple[Pixels, str]:
    """Five digits, each in a printed frame; the outer ones are the picture's edge."""
    pictures, label = hand.digits(5)
    row = np.hstack([_with_frame(larger(picture, 3), 0, 1) for picture in pictures])
    return as_paper(row), label


def grid(hand: Hand) -> tuple[Pixels, str]:
    """Two rows of four."""
    pictures, label = hand.digits(8)
    return as_paper(larger(np.vstack([np.hstack(pictures[:4]), np.hstack(pictures[4:])]), 3)), label


def in_shadow(hand: Hand) -> tuple[Pixels, str]:
    """A crop of a photograph, the edge of a shadow across it, which takes six tenths of the light."""
    (picture,), label = hand.digits(1)
    return _photographed(as_paper(larger(picture, ENLARGED)), hand, darkest=0.4), label


def small_photograph(hand: Hand) -> tuple[Pixels, str]:
    """Three digits somewhere on a sheet in an old webcam's 480 x 360 pixels, a shadow across it."""
    pictures, label = hand.digits(3)
    row = larger(np.hstack(pictures), 2)
    page = np.zeros((360, 480), np.uint8)
    left, top = (int(hand.rng.integers(10, room - 10)) for room in (480 - row.shape[1], 360 - row.shape[0]))
    page[top : top + row.shape[0], left : left + row.shape[1]] = row
    return _photographed(as_paper(page), hand, darkest=0.7), label


def worksheet(hand: Hand) -> tuple[Pixels, str]:
    """Eight digits on a sheet, each in a printed box that may touch it, as an exercise or a form has them."""
    pictures, label = hand.digits(8)
    page = np.full((420, 1040), 245, np.uint8)
    for place, picture in enumerate(pictures):
        left = 60 + 116 * place
        cv2.rectangle(page, (left, 150), (left + 90, 262), (120,), 2)
        digit = larger(picture, 4)
        down, across = 150 + int(hand.rng.integers(-6, 7)), left - 11 + int(hand.rng.integers(-6, 7))
        below = page[down : down + 112, across : across + 112]
        np.minimum(below, 245 - np.minimum(digit, 200), out=below)
    return _photographed(page, hand, darkest=0.7), label


def table(hand: Hand) -> tuple[Pixels, str]:
    """Six rows of eight digits of several sizes, each in a cell of a printed table that it may touch."""
    cell, rows, columns = 100, 6, 8
    pictures, label = hand.digits(rows * columns)
    page = np.full((cell * rows + 200, cell * columns + 200), 235, np.uint8)
    for place in range(max(rows, columns) + 1):
        at = 100 + cell * place
        if place <= columns:
            cv2.line(page, (at, 100), (at, 100 + cell * rows), (120,), 2)
        if place <= rows:
            cv2.line(page, (100, at), (100 + cell * columns, at), (120,), 2)
    for place, picture in enumerate(pictures):
        digit = _digit(picture, float(hand.rng.uniform(40.0, 75.0)))
        centre = 150 + cell * (place % columns), 150 + cell * (place // columns)
        left, top = (middle - side // 2 for middle, side in zip(centre, digit.shape[::-1], strict=True))
        _write(page, digit, left + int(hand.rng.integers(-8, 9)), top + int(hand.rng.integers(-8, 9)))
    return _grainy(page, hand), label


def scanned_page(hand: Hand) -> tuple[Pixels, str]:
    """A page a little askew, four digits of some millimetres on it, and the black of the scanner around it."""
    pictures, label = hand.digits(4)
    page = np.full((1170, 830), 235, np.uint8)
    left, top, height_px = 100 + int(hand.rng.integers(300)), int(hand.rng.integers(80, 1000)), hand.rng.uniform(20, 36)
    for picture in pictures:
        digit = _digit(picture, float(height_px))
        _write(page, digit, left, top)
        left += digit.shape[1] + round(0.25 * height_px)
    around = cv2.copyMakeBorder(page, *(80,) * 4, cv2.BORDER_CONSTANT, value=(12,))
    height, width = around.shape
    askew = cv2.getRotationMatrix2D((width / 2, height / 2), hand.rng.uniform(-4.0, 4.0), 1.0)
    return _grainy(np.asarray(cv2.warpAffine(around, askew, (width, height), borderValue=(12,)), np.uint8), hand), label


def box_touched(hand: Hand) -> tuple[Pixels, str]:
    """Four digits in one printed box, which stand on its lower side or reach out of it a little."""
    page, pictures, label = _sheet(hand, 4)
    foot, height_px = 300, float(hand.rng.uniform(60.0, 100.0))
    right = _number(page, pictures, 150, foot + int(hand.rng.integers(-3, 8)), height_px)
    top, beyond = round(foot - hand.rng.uniform(1.15, 1.4) * height_px), hand.rng.integers(20, 120)
    cv2.rectangle(page, (130, top), (right + int(beyond), foot), (90,), int(hand.rng.integers(2, 5)))
    return _askew(page, hand), label


def across_line(hand: Hand) -> tuple[Pixels, str]:
    """Four digits that reach down to the printed line of a form, or across it."""
    page, pictures, label = _sheet(hand, 4)
    foot, height_px = 300, float(hand.rng.uniform(60.0, 100.0))
    right = _number(page, pictures, 150, foot, height_px)
    down = round(foot - hand.rng.uniform(-0.02, 0.2) * height_px)
    cv2.line(page, (110, down), (right + 40, down), (90,), int(hand.rng.integers(2, 5)))
    return _askew(page, hand), label


def comb(hand: Hand) -> tuple[Pixels, str]:
    """Five digits in a printed comb, the teeth of which are low or as high as they."""
    page, pictures, label = _sheet(hand, 5)
    foot, height_px, thick_px = 300, float(hand.rng.uniform(60.0, 100.0)), int(hand.rng.integers(2, 5))
    step, tooth_px = round(1.1 * height_px), round(hand.rng.choice([0.3, 1.05]) * height_px)
    cv2.line(page, (100, foot), (100 + step * len(pictures), foot), (90,), thick_px)
    for place in range(len(pictures) + 1):
        cv2.line(page, (100 + step * place, foot - tooth_px), (100 + step * place, foot), (90,), thick_px)
    for place, picture in enumerate(pictures):
        digit = _digit(picture, height_px)
        centre = 100 + step * place + step // 2
        _write(page, digit, centre - digit.shape[1] // 2, foot - digit.shape[0] - int(hand.rng.integers(-3, 12)))
    return _askew(page, hand), label


def crossed_out(hand: Hand) -> tuple[Pixels, str]:
    """Three digits, and three before them with one stroke or two through all, which are no longer meant."""
    page, pictures, label = _sheet(hand, 6)
    height_px = float(hand.rng.uniform(60.0, 90.0))
    right = _number(page, pictures[:3], 110, 300, height_px)
    for _ in range(hand.rng.integers(1, 3)):
        ends = (300 - round(hand.rng.uniform(0.35, 0.65) * height_px) for _ in range(2))
        cv2.line(page, (90, next(ends)), (right + 20, next(ends)), (50,), 7, cv2.LINE_AA)
    _number(page, pictures[3:], right + round(1.2 * height_px), 300, height_px)
    return _askew(page, hand), label[3:]


LAYOUTS: tuple[Layout, ...] = (
    as_it_is,
    enlarged,
    cut_to_ink,
    cut_along_frame,
    in_frame,
    in_ring,
    underlined,
    line_touched,
    strip,
    form,
    grid,
    in_shadow,
    small_photograph,
    worksheet,
    table,
    scanned_page,
    box_touched,
    across_line,
    comb,
    crossed_out,
)


def compare(hands: Sequence[Pool], count: int, seed: int, reader: ModelReader) -> str:
    """A table: of each layout and set how many pictures are read right, answered `ok`, and answered so but wrong.

    Args:
        hands: At least one set.
        count: Pictures of each.
        seed: The only source of chance.
        reader: Opened.
    """
    return "\n".join(_rows(hands, count, seed, reader)) + "\n"


def _rows(hands: Sequence[Pool], count: int, seed: int, reader: ModelReader) -> Iterator[str]:
    yield "| layout | set | pictures | right | `ok` | of these, wrong |\n|---|---|---|---|---|---|"
    for number, layout in enumerate(LAYOUTS):
        for pool in hands:
            hand = Hand(pool, np.random.default_rng((seed, number)))
            readings = [
                (label, reader.read([Frame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8))]))
                for picture, label in (layout(hand) for _ in range(count))
            ]
            right = [reading.number.replace(" ", "") == label for label, reading in readings]
            ok = [reading.status is Status.OK for _, reading in readings]
            wrong = sum(answered and not is_right for answered, is_right in zip(ok, right, strict=True))
            name = layout.__name__.replace("_", " ")
            yield f"| {name} | {pool.name} | {count} | {sum(right)} | {sum(ok)} | {wrong} |"


def as_paper(ink: Pixels) -> Pixels:
    """Dark ink on white."""
    return np.asarray(cv2.bitwise_not(ink), np.uint8)


def larger(picture: Pixels, factor: int) -> Pixels:
    """So many times as large, smoothly."""
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)


def _digit(picture: Pixels, height_px: float) -> Pixels:
    """Cut to its ink and brought to a height, white on black."""
    x, y, width, height = cv2.boundingRect((picture > SPECK).view(np.uint8))
    factor = height_px / height
    size = (max(1, round(width * factor)), max(1, round(height_px)))
    cut = picture[y : y + height, x : x + width]
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _write(page: Pixels, digit: Pixels, left: int, top: int) -> None:
    """Put a digit onto light paper, in place."""
    below = page[top : top + digit.shape[0], left : left + digit.shape[1]]
    np.minimum(below, 235 - np.minimum(digit, 195), out=below)


def _sheet(hand: Hand, count: int) -> tuple[Pixels, list[Pixels], str]:
    """A bare sheet, so many digits for it, and what they say."""
    pictures, label = hand.digits(count)
    return np.full((500, 1000), 235, np.uint8), pictures, label


def _number(page: Pixels, pictures: Sequence[Pixels], left: int, foot: int, height_px: float) -> int:
    """Write a number whose digits stand side by side at this row, in place; the column where it ends."""
    for picture in pictures:
        digit = _digit(picture, height_px)
        _write(page, digit, left, foot - digit.shape[0])
        left += digit.shape[1] + round(0.25 * height_px)
    return left - round(0.25 * height_px)


def _askew(page: Pixels, hand: Hand) -> Pixels:
    """Turned a little, as nobody holds a sheet straight."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), hand.rng.uniform(-3.0, 3.0), 1.0)
    return _grainy(np.asarray(cv2.warpAffine(page, turn, (width, height), borderValue=(235,)), np.uint8), hand)


def _grainy(picture: Pixels, hand: Hand) -> Pixels:
    return np.clip(picture + 3.0 * hand.rng.standard_normal(picture.shape), 0.0, 255.0).astype(np.uint8)


def _with_frame(ink: Pixels, margin_px: int, thick_px: int) -> Pixels:
    framed = cv2.copyMakeBorder(ink, *(margin_px,) * 4, cv2.BORDER_CONSTANT)
    height, width = framed.shape
    corner = (width - 1 - margin_px, height - 1 - margin_px)
    return np.asarray(cv2.rectangle(framed, (margin_px, margin_px), corner, INK, thick_px), np.uint8)


def _framed(hand: Hand, margin_px: int) -> tuple[Pixels, str]:
    (picture,), label = hand.digits(1)
    thick_px = int(hand.rng.integers(1, 5))
    return as_paper(_with_frame(larger(picture, ENLARGED), margin_px, thick_px)), label


def _underlined(hand: Hand, below_px: tuple[int, int]) -> tuple[Pixels, str]:
    pictures, label = hand.digits(3)
    page = np.zeros((500, 700), np.uint8)
    row = larger(np.hstack(pictures), 4)
    left, top = int(hand.rng.integers(60, 250)), int(hand.rng.integers(40, 300))
    page[top : top + row.shape[0], left : left + row.shape[1]] = row
    y = top + int(np.flatnonzero((row > 128).any(axis=1))[-1]) + int(hand.rng.integers(*below_px))
    falls = round(row.shape[1] * hand.rng.uniform(0.0, 0.05)) if below_px[0] > 0 else 0
    cv2.line(page, (left, y), (left + row.shape[1], y + falls), INK, 4, cv2.LINE_AA)
    return as_paper(page), label


def _photographed(picture: Pixels, hand: Hand, darkest: float) -> Pixels:
    """On paper less than white, with a shadow across that leaves so much of the light, grain, and as a poor JPEG."""
    height, width = picture.shape
    down, across = np.mgrid[:height, :width].astype(np.float32)
    angle, middle = hand.rng.uniform(0.0, 2.0 * np.pi), hand.rng.uniform(-0.3, 0.3)
    beyond = (across / width - 0.5) * np.cos(angle) + (down / height - 0.5) * np.sin(angle) - middle
    light = 1.0 - (1.0 - darkest) / (1.0 + np.exp(-beyond * hand.rng.uniform(8.0, 60.0)))
    grey = (25.0 + picture * 0.8) * light + 3.0 * hand.rng.standard_normal(picture.shape)
    _, stored = cv2.imencode(".jpg", np.clip(grey, 0.0, 255.0).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)
