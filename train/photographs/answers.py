"""What the box answers to photographs, beside what is on them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from device import compose, config, images
from device.domain import Box, Digit, Frame, Pixels, Reading, Status
from device.model_reader import ModelReader
from train.photographs.files import Shot
from train.photographs.optics import jpeg

REAL_SETS = ("photo_digits", "sudoku_photo", "photo_numbers")
"""Photographs of real paper in the data folder."""

SAME = 0.4
"""An answer's box and a digit's are of one thing where they share this much (intersection over union)."""

TILE_PX = 220
"""Side of a mistake's picture."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and the truth about it.

    Attributes:
        kind: Of the scene, or the set the photograph is of.
        name: Of the file, or of the shot.
        label: What is written, groups separated by blanks where they are known.
        number: What was read, so separated.
        status: Value of `Status`.
        advice: Values of `Advice`, the most useful first.
        wanted: The advice that a spoilt picture should give, or "".
        found: Digits of the label found where they stand and read right.
        milliseconds: It took.
        cause: Why a drawn scene is not right, by `cause_of`; "" for one that is, and for photographs.
        facts: What tables are broken down by.
        picture: For one that is not right: the part with the writing, as a JPEG of at most `TILE_PX`; empty otherwise.
    """

    kind: str
    name: str
    label: str
    number: str
    status: str
    advice: tuple[str, ...] = ()
    wanted: str = ""
    found: int = 0
    milliseconds: float = 0.0
    cause: str = ""
    facts: Mapping[str, str | float] = field(default_factory=dict)
    picture: bytes = b""

    @property
    def digits(self) -> str:
        """Of the label, without blanks."""
        return self.label.replace(" ", "")

    @property
    def right(self) -> bool:
        """Every digit, in order, whatever the status and the groups."""
        return bool(self.digits) and self.number.replace(" ", "") == self.digits

    @property
    def grouped(self) -> bool:
        """Right, and in the right groups."""
        return bool(self.digits) and self.number == self.label

    @property
    def ok(self) -> bool:
        """Said without a doubt."""
        return self.status == Status.OK.value

    @property
    def mistaken(self) -> bool:
        """What a person should look at: a wrong answer, a doubt, a digit where there is none, or the wrong advice."""
        if self.wanted:
            return self.advice[:1] != (self.wanted,)
        return not (self.right and self.ok) if self.label else self.ok


def opened(*paths: Path, any_angle: bool = False) -> ModelReader:
    """The box's reader with its own configuration and the given files laid over it. Raises ConfigError, ModelError."""
    settings = config.load(*paths)
    if any_angle:
        settings = replace(settings, reading=replace(settings.reading, any_angle=True))
    reader = compose.reader(settings)
    reader.open()
    return reader


def real(data: Path, name: str, reader: ModelReader) -> Iterator[Answer]:
    """Read every photograph of a set; nothing when the set is not there."""
    path = data / name / "labels.csv"
    if not path.exists():
        return
    with path.open(encoding="utf-8") as labels:
        for row in csv.DictReader(labels):
            frame = images.load(data / name / row["file"])
            reading = reader.read([frame])
            facts = {"writer": row["writer"], "source": row["source"]}
            answer = _answer(name, row["file"], row["label"], reading, facts)
            yield replace(answer, picture=_tile(frame.pixels, (), reading)) if answer.mistaken else answer


def drawn(shot: Shot, reader: ModelReader) -> Answer:
    """Read a synthetic photograph, or the frames of a burst, after JPEG."""
    frames = [
        Frame(through_jpeg(frame.pixels, frame.scene.lens.jpeg_quality), source=shot.name) for frame in shot.frames
    ]
    reading = reader.read(frames)
    scene, boxes = shot.scene, shot.frames[0].boxes
    answer = _answer(scene.kind, shot.name, scene.label, reading, scene.facts)
    answer = replace(
        answer,
        wanted=scene.advice.value if scene.advice else "",
        found=_found(scene.label.replace(" ", ""), boxes, reading.digits, reading.status),
        cause="" if answer.right else cause_of(scene.label.replace(" ", ""), boxes, reading.digits),
    )
    return replace(answer, picture=_tile(frames[0].pixels, boxes, reading)) if answer.mistaken else answer


def through_jpeg(pixels: Pixels, quality: int) -> Pixels:
    """What a file of this quality, 1..100, makes of a picture."""
    decoded = cv2.imdecode(np.frombuffer(jpeg(pixels, quality), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8)


def _answer(kind: str, name: str, label: str, reading: Reading, facts: Mapping[str, str | float]) -> Answer:
    return Answer(
        kind=kind,
        name=name,
        label=label,
        number=reading.number,
        status=reading.status.value,
        advice=tuple(advice.value for advice in reading.advice),
        milliseconds=reading.elapsed_ms,
        facts=facts,
    )


def _found(label: str, boxes: Sequence[Box | None], digits: Sequence[Digit], status: Status) -> int:
    """How many digits of the label have an answer in the middle of their box that says what they are.

    A lone 6 or 9 on a sheet turned by any angle may be either: such an answer counts when it is not sure of itself.
    """
    count = 0
    for wanted, box in zip(label, boxes, strict=True):
        if box is None:
            continue
        there = [str(digit.digit) for digit in digits if _is_at(digit.box, box)]
        either = len(label) == 1 and wanted in "69" and status is not Status.OK
        count += wanted in there or (either and bool({"6", "9"}.intersection(there)))
    return count


def cause_of(label: str, boxes: Sequence[Box | None], digits: Sequence[Digit]) -> str:
    """What went wrong first on the way from the sheet to the number.

    "nothing found"; "something besides": an answer that lies on no digit; "joined": one over two digits; "lost": a
    digit without an answer, or with one of another extent; "misread"; or "order".
    """
    there = [box for box in boxes if box is not None]
    over = [sum(digit.box.shared_area(box) > 0.5 * box.area for box in there) for digit in digits]
    besides = [not any(digit.box.shared_area(box) for box in there) for digit in digits]
    said = [
        {str(digit.digit) for digit in digits if digit.box.overlap(box) > SAME} if box is not None else set()
        for box in boxes
    ]
    if not digits:
        return "nothing found"
    if any(besides):
        return "something besides"
    if max(over) > 1:
        return "joined"
    if not all(said):
        return "lost"
    return "misread" if any(wanted not in some for wanted, some in zip(label, said, strict=True)) else "order"


def _is_at(found: Box, wanted: Box) -> bool:
    """Whether a box's middle lies in the inner part of another."""
    x, y = found.x + found.width / 2 - wanted.x, found.y + found.height / 2 - wanted.y
    return 0.15 * wanted.width <= x <= 0.85 * wanted.width and 0.15 * wanted.height <= y <= 0.85 * wanted.height


def _tile(pixels: Pixels, boxes: Sequence[Box | None], reading: Reading) -> bytes:
    """The writing, as it is and as it was found: the truth's boxes green, the answer's red."""
    green, red = [box for box in boxes if box], [digit.box for digit in reading.digits]
    left, top, right, bottom = _around(green or red, pixels)
    part = pixels[top:bottom, left:right]
    scale = TILE_PX / max(part.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    tile = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=way), np.uint8)
    for some, rim, colour in ((green, 2, (60, 160, 0)), (red, 1, (40, 40, 230))):
        for box in some:
            first = round((box.x - left) * scale) - rim, round((box.y - top) * scale) - rim
            last = round((box.right - left) * scale) + rim, round((box.bottom - top) * scale) + rim
            cv2.rectangle(tile, first, last, colour, 1)
    return jpeg(tile, 85)


def _around(boxes: Sequence[Box], pixels: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part that holds the boxes, with a rim; of the whole without any."""
    height, width = pixels.shape[:2]
    if not boxes:
        return 0, 0, width, height
    whole = boxes[0]
    for box in boxes:
        whole = whole.union(box)
    rim = max(whole.width, whole.height) // 3 + 8
    return max(0, whole.x - rim), max(0, whole.y - rim), min(width, whole.right + rim), min(height, whole.bottom + rim)


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """As a table, one answer a row, without the pictures. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        names = [name for name in Answer.__dataclass_fields__ if name not in ("picture", "facts", "advice")]
        rows.writerow((*names, "advice", "right", "facts"))
        for answer in answers:
            facts = " ".join(f"{name}={value}".replace(" ", "_") for name, value in answer.facts.items())
            values = asdict(replace(answer, picture=b""))
            rows.writerow((*(values[name] for name in names), " ".join(answer.advice), int(answer.right), facts))
