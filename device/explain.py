"""What a reading saw, as one picture that a person can look at: `digitbox read --explain DIR`.

At the top the answer as it is said; below it the photograph with a box around each piece of writing, and the cleaned
ink; then the model's inputs with what it says of them; at the foot what was measured, the range in which it does no
harm, and the advice. What is sure, doubtful or not read differs by colour (Okabe and Ito 2008, told apart by the
colour-blind), by the line around it and by a sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from device import advice
from device.domain import Box, Digit, Frame, Pixels, Reading
from device.errors import DigitboxError
from device.find import find
from device.ink import contrast
from device.quality import Quality, measured
from device.ruling import without_lines

if TYPE_CHECKING:
    from device.judge import Probabilities
    from device.looking import Observation

WIDTH_PX, MARGIN_PX, GAP_PX = 1200, 16, 16
"""A sheet fits a laptop's screen."""

PANEL_PX = (WIDTH_PX - 2 * MARGIN_PX - GAP_PX) // 2
"""Longest side of the photograph and of the ink."""

CARD_PX, INPUT_SHOWN_PX, CARD_ROW_PX = 97, 84, 148
"""Width of one model input with its words, of the input itself (three times its 28 pixels), and height of a row."""

MOST_CARDS = 36
"""Three rows; a page of text is not explained piece by piece."""

MOST_ENLARGED = 12
"""A tiny crop is shown with pixels at most so large."""

Colour = tuple[int, int, int]
BLACK, GREY, PALE, WHITE = (0, 0, 0), (96, 96, 96), (224, 224, 224), (255, 255, 255)
BLUE, ORANGE, VERMILION = (0, 114, 178), (230, 159, 0), (213, 94, 0)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a piece of writing is marked: colour, sign after its digit, dashes and gaps of the line around it, in px."""

    colour: Colour
    sign: str
    dashes: tuple[int, int]


SURE, DOUBTFUL, NOT_READ = _Kind(BLUE, "", (1, 0)), _Kind(ORANGE, "?", (9, 5)), _Kind(VERMILION, "x", (3, 4))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity.

    Attributes:
        name: What it is.
        value: What was measured, with its unit.
        range: In which it does no harm.
        good: Whether it is in that range.
    """

    name: str
    value: str
    range: str
    good: bool


def figures(quality: Quality) -> list[Figure]:
    """What was measured, beside the limits of `device.advice`; what was not looked at is left out."""
    edges = advice.cut_off(quality)
    found = [_light(quality), _glare(quality)]
    if 0.0 < quality.step < 255.0:
        found.insert(0, _cover(quality))
    if quality.contrast is not None:
        found.append(Figure("contrast", f"ink differs by {quality.contrast:.0%} from its paper", "any", True))
    return [
        *found,
        _blur(quality),
        _size(quality),
        Figure("cut off", ", ".join(edge.value.removeprefix("cut_off_") for edge in edges) or "nowhere", "nowhere",
               not edges),
    ]  # fmt: skip


def _cover(quality: Quality) -> Figure:
    limits = f"over {advice.FLAT_STEP:.0f} and the noise, {advice.LID_STEP:.0f} in the dark"
    return Figure("edges", f"steps of luma up to {quality.step:.0f} of 255", limits, not advice.is_covered(quality))


def _light(quality: Quality) -> Figure:
    signal = f"{quality.brightest / quality.noise:.0f}" if quality.noise >= 1.0 else "over 100"
    value = f"paper {quality.brightest:.0f} of 255, {signal} times the noise"
    limits = f"from {advice.DARK_LUMA:.0f}, and {advice.LEAST_SIGNAL:.0f} times"
    return Figure("exposure", value, limits, not advice.is_dark(quality))


def _glare(quality: Quality) -> Figure:
    limits = f"up to {advice.CLIPPED_SHARE:.0%}, or contrast from {advice.CLEAR_CONTRAST:.0%}"
    return Figure("glare", f"{quality.clipped:.0%} of the picture is clipped", limits, not advice.is_glaring(quality))


def _blur(quality: Quality) -> Figure:
    parts = []
    if quality.softness is not None:
        parts.append(f"slopes {quality.softness:.1%} of the digit")
    if quality.smear is not None:
        parts.append(f"sharpest edges {quality.smear:.1f} px")
    agreeing, enough = advice.SMEARED_PX
    limits = f"up to {advice.SOFTEST:.1%} or {agreeing:.1f} px, unseen up to {enough:.1f} px"
    return Figure("blur", ", ".join(parts) or "nothing to measure it on", limits, not advice.is_blurred(quality))


def _size(quality: Quality) -> Figure:
    digit = "" if quality.height_px is None else f"largest digit {quality.height_px} px high"
    specks = f"{quality.specks} specks" if quality.specks else ""
    value = ", ".join(part for part in (digit, specks) if part) or "nothing to measure"
    limits = f"from {advice.LEAST_HEIGHT_PX} px"
    return Figure("size", value, limits, not advice.is_small(quality))


def quality_of(shown: Observation) -> Quality:
    """The frame measured by the writing that was seen in it: on a dark table a whole look may find only the paper.

    Of a turned sheet, and where nothing was seen, that is what a look at the whole frame finds.
    """
    return measured(shown.frame, shown.writings or find(shown.frame).writings)


def sheet(name: str, observations: Sequence[Observation], reading: Reading, said: str) -> Image.Image:
    """Draw it.

    Args:
        name: Of the picture, or of the first one of a burst.
        observations: Of the burst, at least one; the latest that agrees with the reading is shown.
        reading: What was concluded.
        said: The answer as it is spoken.
    """
    shown = _shown(observations, reading)
    quality = quality_of(shown)
    pieces = list(_pieces(shown, reading))
    photograph = _fitted(shown.frame.pixels)
    cards = min(len(shown.model_inputs), MOST_CARDS)
    rows = math.ceil(cards / ((WIDTH_PX - 2 * MARGIN_PX) // CARD_PX))
    lines = figures(quality)
    panels_top = 84
    cards_top = panels_top + photograph.shape[0] + 24 + GAP_PX
    figures_top = cards_top + rows * CARD_ROW_PX + (4 if rows else 0)
    canvas = Image.new("RGB", (WIDTH_PX, figures_top + 26 * (len(lines) + 1) + 40), WHITE)
    draw = ImageDraw.Draw(canvas)
    _head(draw, name, len({id(seen.frame) for seen in observations}), reading, said)
    factor = photograph.shape[1] / (shown.frame.width_px * shown.frame.scale)
    right = MARGIN_PX + PANEL_PX + GAP_PX
    for left, title, pixels in (
        (MARGIN_PX, _dimensions(shown.frame), photograph),
        (right, "ink, without light, shadow and printed lines", _ink(shown.frame, photograph.shape)),
    ):
        _text(draw, (left, panels_top), title, 15, GREY)
        canvas.paste(Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1])), (left, panels_top + 24))
        for piece in pieces:
            _mark(draw, piece, factor, (left, panels_top + 24), pixels.shape)
    _cards(canvas, shown, reading, cards_top)
    _table(draw, lines, figures_top)
    words = ", ".join(each.value.replace("_", " ") for each in reading.advice) or "none"
    _text(draw, (MARGIN_PX, canvas.height - 32), f"advice: {words}", 20, BLACK)
    return canvas


def write(drawn: Image.Image, folder: Path, name: str) -> Path:
    """Write a sheet into a folder, under a name that no file there has.

    Args:
        drawn: The sheet.
        folder: It is made where it is missing.
        name: Of the picture explained; `a.jpg` becomes `a-explained.png`, then `a-explained-2.png` and so on.

    Raises:
        DigitboxError: The folder or the file cannot be written.
    """
    prepare(folder)
    stem = Path(name).stem or "picture"
    number = 0
    while True:
        number += 1
        path = folder / (f"{stem}-explained.png" if number == 1 else f"{stem}-explained-{number}.png")
        try:
            with path.open("xb") as file:
                _save_or_remove(path, lambda: drawn.save(file, "PNG", optimize=True))
        except FileExistsError:
            continue
        except OSError as error:
            reason = error.strerror or error
            raise DigitboxError(
                f"{path}: cannot be written ({reason}); name a folder with space after --explain"
            ) from error
        return path


def prepare(folder: Path) -> None:
    """Make a folder where it is missing. Raises DigitboxError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise DigitboxError(f"{folder}: is no folder to write to ({reason}); name another after --explain") from error


def _save_or_remove(path: Path, save: Callable[[], None]) -> None:
    """Half a picture helps nobody."""
    try:
        save()
    except OSError:
        path.unlink(missing_ok=True)
        raise


# --- what is shown ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of writing: where it is in the given picture, how it is marked, and its sign."""

    box: Box
    kind: _Kind
    sign: str


def _shown(observations: Sequence[Observation], reading: Reading) -> Observation:
    """The latest frame in which as many pieces were seen as were read."""
    agreeing = [each for each in observations if len(each.evidence.boxes) == len(reading.digits)]
    return (agreeing or list(observations))[-1]


def _pieces(shown: Observation, reading: Reading) -> Iterator[_Piece]:
    for digit in reading.digits:
        kind = SURE if digit.sure else DOUBTFUL
        yield _Piece(digit.box, kind, f"{digit.digit}{kind.sign}")
    for box in shown.evidence.boxes:
        if _digit_at(box, reading) is None:
            yield _Piece(box, NOT_READ, NOT_READ.sign)


def _digit_at(box: Box, reading: Reading) -> Digit | None:
    """The digit that was read where a piece of writing was seen."""
    return next((digit for digit in reading.digits if digit.box.overlap(box) > 0.5), None)


def _ink(frame: Frame, shape: tuple[int, ...]) -> Pixels:
    """What stands out from the paper, black on white, at the size of the photograph's panel."""
    seen = contrast(frame)
    pixels = without_lines(seen.pixels, seen.level)
    # The level at which something counts as ink becomes a middle grey: what was too faint can still be seen.
    shown = cv2.convertScaleAbs(pixels, alpha=128.0 / max(1.0, seen.level))
    small = cv2.resize(shown, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(cv2.bitwise_not(small), cv2.COLOR_GRAY2BGR), np.uint8)


def _fitted(pixels: Pixels) -> Pixels:
    """At most a panel large, and a tiny picture enlarged so that its pixels can be seen."""
    factor = PANEL_PX / max(pixels.shape[:2])
    if factor >= 2.0:
        factor = float(min(int(factor), MOST_ENLARGED))
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    return np.asarray(
        cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST), np.uint8
    )


# --- drawing ----------------------------------------------------------------------------------------------------------


def _text(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size_px: int, colour: Colour) -> None:
    draw.text(place, text, fill=colour, font=ImageFont.load_default(size_px))


def _shortened(draw: ImageDraw.ImageDraw, text: str, size_px: int, width_px: int) -> str:
    """The beginning of a text that fits."""
    font = ImageFont.load_default(size_px)
    if draw.textlength(text, font) <= width_px:
        return text
    while text and draw.textlength(text + "...", font) > width_px:
        text = text[:-1]
    return text + "..."


def _in_a_line(name: str) -> str:
    """A file's name as it can be drawn: it may have any character, also those that end a line or show nothing."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(name.split()))


def _head(draw: ImageDraw.ImageDraw, name: str, frames: int, reading: Reading, said: str) -> None:
    spoken = _shortened(draw, f"says: {said}", 28, WIDTH_PX - 2 * MARGIN_PX)
    _text(draw, (MARGIN_PX, 10), spoken, 28, BLACK)
    of = f", {frames} frames" if frames > 1 else ""
    facts = f"{_in_a_line(name)}{of}    status {reading.status.value}    {reading.elapsed_ms:.0f} ms"
    _text(draw, (MARGIN_PX, 50), _shortened(draw, facts, 17, WIDTH_PX - 2 * MARGIN_PX), 17, GREY)


def _dimensions(frame: Frame) -> str:
    width, height = round(frame.width_px * frame.scale), round(frame.height_px * frame.scale)
    reduced = f", read at {frame.width_px} x {frame.height_px}" if frame.scale > 1.0 else ""
    return f"the picture, {width} x {height} pixels{reduced}"


def _mark(
    draw: ImageDraw.ImageDraw, piece: _Piece, factor: float, corner: tuple[int, int], shape: tuple[int, ...]
) -> None:
    """A box around a piece of writing, and its sign on a tab above it, or below where there is no room above."""
    left, top = (corner[0] + piece.box.x * factor - 3, corner[1] + piece.box.y * factor - 3)
    right, bottom = (corner[0] + piece.box.right * factor + 3, corner[1] + piece.box.bottom * factor + 3)
    left, right = max(corner[0], left), min(corner[0] + shape[1] - 1, right)
    top, bottom = max(corner[1], top), min(corner[1] + shape[0] - 1, bottom)
    for begin, end in (
        ((left, top), (right, top)),
        ((right, top), (right, bottom)),
        ((right, bottom), (left, bottom)),
        ((left, bottom), (left, top)),
    ):
        _line(draw, begin, end, piece.kind)
    tab_px = 22
    tab_top = top - tab_px if top - tab_px >= corner[1] else min(bottom, corner[1] + shape[0] - tab_px)
    width = draw.textlength(piece.sign, ImageFont.load_default(18)) + 8
    draw.rectangle((left, tab_top, left + width, tab_top + tab_px), fill=piece.kind.colour)
    _text(draw, (left + 4, tab_top), piece.sign, 18, BLACK if piece.kind is DOUBTFUL else WHITE)


def _line(draw: ImageDraw.ImageDraw, begin: tuple[float, float], end: tuple[float, float], kind: _Kind) -> None:
    """A straight line, dashed as its kind has it."""
    length = math.dist(begin, end)
    dash, gap = kind.dashes if kind.dashes[1] else (max(1, math.ceil(length)), 0)
    for start in np.arange(0.0, max(length, 1.0), dash + gap):
        ends = [
            tuple(a + (b - a) * min(1.0, at / max(length, 1.0)) for a, b in zip(begin, end, strict=True))
            for at in (start, start + dash)
        ]
        draw.line([*ends[0], *ends[1]], fill=kind.colour, width=3)


def _cards(canvas: Image.Image, shown: Observation, reading: Reading, top: int) -> None:
    draw = ImageDraw.Draw(canvas)
    a_row = (WIDTH_PX - 2 * MARGIN_PX) // CARD_PX
    for number, model_input in enumerate(shown.model_inputs[:MOST_CARDS]):
        left, y = MARGIN_PX + number % a_row * CARD_PX, top + number // a_row * CARD_ROW_PX
        picture = Image.fromarray(model_input).resize((INPUT_SHOWN_PX, INPUT_SHOWN_PX), Image.Resampling.NEAREST)
        canvas.paste(picture.convert("RGB"), (left, y))
        digit = _digit_at(shown.evidence.boxes[number], reading)
        kind, lines = _words(digit, shown.evidence.probabilities[number])
        draw.rectangle(
            (left, y + INPUT_SHOWN_PX + 2, left + INPUT_SHOWN_PX - 1, y + INPUT_SHOWN_PX + 6), fill=kind.colour
        )
        for line, (text, size_px) in enumerate(zip(lines, (19, 15), strict=False)):
            _text(draw, (left, y + INPUT_SHOWN_PX + 10 + 24 * line), text, size_px, (BLACK, GREY)[line])
    left_out = len(shown.model_inputs) - MOST_CARDS
    if left_out > 0:
        _text(draw, (MARGIN_PX, top + MOST_CARDS // a_row * CARD_ROW_PX - 8), f"and {left_out} more", 15, GREY)


def _words(digit: Digit | None, probabilities: Probabilities) -> tuple[_Kind, tuple[str, ...]]:
    """How a model input is marked and described."""
    if digit is not None:
        kind = SURE if digit.sure else DOUBTFUL
        second = () if digit.second is None else (f"or {digit.second}  {digit.scores[digit.second]:.1%}",)
        return kind, (f"{digit.digit}{kind.sign}  {_percent(digit.confidence)}", *second)
    best = int(np.argmax(probabilities))
    if best < 10:
        return NOT_READ, ("not read", f"{best}?  {_percent(float(probabilities[best]))}")
    return NOT_READ, ("no digit", _percent(float(probabilities[best])))


def _percent(share: float) -> str:
    """Never 100 % for what is not certain."""
    return f"{math.floor(share * 1000) / 10:.1f}%"


def _table(draw: ImageDraw.ImageDraw, lines: Sequence[Figure], top: int) -> None:
    columns = (MARGIN_PX, 130, 560, 1020)
    for place, title in zip(columns, ("measured", "", "does no harm", ""), strict=True):
        _text(draw, (place, top), title, 15, GREY)
    for number, line in enumerate(lines, start=1):
        y = top + 26 * number
        draw.line((MARGIN_PX, y - 2, WIDTH_PX - MARGIN_PX, y - 2), fill=PALE)
        verdict, colour = ("good", BLUE) if line.good else ("! out of range", VERMILION)
        for place, text in zip(columns, (line.name, line.value, line.range, verdict), strict=True):
            _text(draw, (place, y), text, 18, colour if text is verdict else BLACK)
