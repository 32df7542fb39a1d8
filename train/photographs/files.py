"""Photographs as files with a table of what they show."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.domain import Box
from train.output import write_bytes
from train.photographs import written
from train.photographs.bursts import burst
from train.photographs.hands import Part, Pool
from train.photographs.negatives import negative
from train.photographs.optics import jpeg
from train.photographs.scene import Photograph, Scene, photograph
from train.photographs.spoilt import spoilt

FACTS = ("turn", "tilt", "hand", "ground", "pen", "least_px", "touching", "crop", "specks", "shows", "spoilt")
COLUMNS = ("file", "kind", "label", "boxes", "advice", *FACTS)

SEEDS = {Part.TRAINING: 104, Part.TUNING: 204, Part.HELD_OUT: 304}
"""Scenes to learn from, to choose by and to measure on have nothing in common: neither chance nor handwriting."""

KINDS: dict[str, Callable[[Sequence[Pool], tuple[int, ...]], Scene | tuple[Scene, ...]]] = {
    "mixed": written.mixed,
    "single": written.of_kind("single"),
    "number": written.of_kind("number"),
    "sheet": written.of_kind("sheet"),
    "turned": written.turned,
    "negative": negative,
    "spoilt": spoilt,
    "burst": burst,
}
"""What can be asked for, each a function of pools of handwriting and a seed.

The order is part of the seed, so that only new ones may be added, at the end.

| kind | what |
|---|---|
| mixed | any of the next three |
| single | one digit |
| number | one number of two to eight digits |
| sheet | several groups on one or more lines |
| turned | any of those three, turned by any angle |
| negative | nothing that may be read as a digit |
| spoilt | a readable picture, spoilt in one known way |
| burst | five frames of one scene, some of them poor |
"""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One scene's photographs, one or the frames of a burst, in order; `name` is the file's without its ending."""

    name: str
    frames: tuple[Photograph, ...]

    @property
    def scene(self) -> Scene:
        """Of the first frame."""
        return self.frames[0].scene


def shots(kind: str, pools: Sequence[Pool], count: int, seed: int, *, first: int = 0) -> Iterator[Shot]:
    """Photographs of one kind; each depends on the seed, the kind and its own number only."""
    for number in range(first, first + count):
        yield shot(kind, pools, seed, number)


def shot(kind: str, pools: Sequence[Pool], seed: int, number: int) -> Shot:
    """The photograph, or the burst, of that number."""
    key = (seed, list(KINDS).index(kind), number)
    made = KINDS[kind](pools, key)
    if isinstance(made, Scene):
        return Shot(f"{kind}-{number:05}-{_named(made)}", (photograph(made),))
    frames = tuple(photograph(scene, np.random.default_rng((*key, 2, frame))) for frame, scene in enumerate(made))
    return Shot(f"{kind}-{number:05}-{_named(made[0])}", frames)


def _named(scene: Scene) -> str:
    words = (scene.facts.get("spoilt"), scene.facts.get("shows"), scene.label)
    return "-".join(str(word) for word in words if word).replace(" ", "_")


def write_shots(out: Path, made: Iterator[Shot]) -> int:
    """Write JPEGs and labels.csv into a folder made if need be; how many files.

    The columns are file, kind, label (the digits in reading order, groups separated by one blank), boxes (`x y width
    height` in pixels for each digit, separated by semicolons; an empty one is outside the picture), advice (what the
    box should say first) and what is known of the scene: turn and tilt in degrees, hand, ground, pen, least_px (height
    of the smallest digit), touching (how many neighbours), crop (1 for a tight one), specks, shows, spoilt.

    An earlier labels.csv stays until the last picture is there; where there is none, and Ctrl-C stops the work, that of
    the pictures so far is written.

    Raises:
        OutputError: The folder cannot be written.
    """
    files = 0
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(COLUMNS)
    labels = out / "labels.csv"
    try:
        for one in made:
            for number, frame in enumerate(one.frames):
                name = f"{one.name}.jpg" if len(one.frames) == 1 else f"{one.name}-{number}.jpg"
                write_bytes(out / name, jpeg(frame.pixels, frame.scene.lens.jpeg_quality))
                rows.writerow((name, *_row(frame)))
                files += 1
    except KeyboardInterrupt:
        if files and not labels.exists():
            write_bytes(labels, table.getvalue().encode())
        raise
    write_bytes(labels, table.getvalue().encode())
    return files


def _row(frame: Photograph) -> tuple[str | float, ...]:
    scene = frame.scene
    boxes = ";".join(_words(box) for box in frame.boxes)
    advice = scene.advice.value if scene.advice else ""
    return (scene.kind, scene.label, boxes, advice, *(scene.facts.get(fact, "") for fact in FACTS))


def _words(box: Box | None) -> str:
    return "" if box is None else f"{box.x} {box.y} {box.width} {box.height}"
