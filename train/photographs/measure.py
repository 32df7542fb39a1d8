"""The whole of issue 4's table in one command: real photographs, synthetic scenes, the baseline, the times."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import cv2

from device import config
from device.compose import opened_classifier
from device.domain import Frame
from device.model_reader import ModelReader
from train.exits import leave_stopping_to_parent
from train.photographs import baseline, table
from train.photographs.answers import REAL_SETS, Answer, drawn, opened, real, write_answers
from train.photographs.chance import FRAME_PX
from train.photographs.files import KINDS, shot
from train.photographs.hands import Part, Pool, pools
from train.photographs.mistakes import write_mistakes
from train.photographs.scene import Scene, photograph
from train.photographs.table import Row

SHARES = {"mixed": 1.0, "turned": 0.2, "negative": 0.25, "spoilt": 0.25, "burst": 0.1}
"""Pictures of each kind for every synthetic scene asked for."""

PARTS = ("real", *SHARES, "times")
"""What can be measured by itself, when the rest is known or not wanted."""

TIMED = 40
"""Photographs timed of each kind; each is read three times, and the fastest counts: others use the machine too."""

TIMED_SCENES = 99
"""Part of their seed, which no kind has: the scenes timed are others than those counted."""

LIMITS_MS = {"one digit": 30.0, "eight digits": 60.0}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        data: Folder of the sets.
        count: Synthetic scenes; the other kinds follow by `SHARES`.
        part: Whose handwriting, and so whose seed.
        seed: Of the scenes.
        overlays: Configuration files laid over the box's own.
        workers: Processes.
        timed: Photographs timed of each kind.
        only: Names in `PARTS`; all of them when empty.
    """

    data: Path
    count: int
    part: Part
    seed: int
    overlays: tuple[Path, ...] = ()
    workers: int = 1
    timed: int = TIMED
    only: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """What is measured, in the table's order."""
        return tuple(part for part in PARTS if not self.only or part in self.only)

    @property
    def tasks(self) -> list[tuple[str, int]]:
        """Kind and number of every synthetic picture."""
        kinds = [kind for kind in SHARES if kind in self.parts]
        return [(kind, number) for kind in kinds for number in range(round(SHARES[kind] * self.count))]


class Station:
    """One process's reader, and its pools of handwriting."""

    def __init__(self, plan: Plan) -> None:
        cv2.setNumThreads(1)
        self._seed = plan.seed
        self._pools: tuple[Pool, ...] = pools(plan.data, plan.part)
        self._reader = opened(*plan.overlays)
        self._turned = opened(*plan.overlays, any_angle=True)

    def answer(self, kind: str, number: int) -> Answer:
        """Draw the photograph of that number and read it."""
        return drawn(shot(kind, self._pools, self._seed, number), self._turned if kind == "turned" else self._reader)


_stations: list[Station] = []


def _open_station(plan: Plan) -> None:
    leave_stopping_to_parent()
    _stations.append(Station(plan))


def _answer(task: tuple[str, int]) -> Answer:
    return _stations[0].answer(*task)


def synthetic(plan: Plan) -> Iterator[Answer]:
    """Answers to synthetic photographs of every kind, in order."""
    if plan.workers == 1:
        station = Station(plan)
        yield from (station.answer(*task) for task in plan.tasks)
        return
    with ProcessPoolExecutor(plan.workers, get_context("spawn"), _open_station, (plan,)) as executor:
        yield from executor.map(_answer, plan.tasks, chunksize=8)


def measure(plan: Plan, out: Path) -> str:
    """Measure everything, write it into a folder made if need be, and return the table as Markdown.

    Written are table.md, figures.json, answers.csv, and mistakes/ and mistakes-real/ with pictures of every mistake;
    the second shows photographs from the data folder, whose licences differ.

    Raises:
        OSError: The folder cannot be written.
        ConfigError: A configuration file is wrong.
        DataError: A set is damaged.
        ModelError: The model is missing or damaged.
    """
    out.mkdir(parents=True, exist_ok=True)  # before an hour of work
    reader = opened(*plan.overlays)
    timed = times(plan, reader) if "times" in plan.parts else []
    sets = REAL_SETS if "real" in plan.parts else ()
    answers = [answer for name in sets for answer in real(plan.data, name, reader)]
    for done, answer in enumerate(synthetic(plan), start=1):
        answers.append(answer)
        _show_progress(done, len(plan.tasks))
    rows = [*table.rows(answers), *(_baseline(plan) if sets else ())]
    shown = _document(plan, rows, timed, answers)
    _write(out, rows, timed, answers, shown)
    return shown


def _baseline(plan: Plan) -> Iterator[Row]:
    """The textbooks' ways with the box's model on the same photographs."""
    classifier = opened_classifier(config.load(*plan.overlays).model.path)
    for way in baseline.WAYS:
        counts = [baseline.right_answers(plan.data, name, way, classifier) for name in REAL_SETS[:2]]
        right, of = (sum(column) for column in zip(*counts, strict=True))
        yield Row(f"baseline on the same real single digits: {way}", right, of)


@dataclass(frozen=True, slots=True)
class Times:
    """From frame to digits, milliseconds, of two megapixels on one core."""

    name: str
    limit: float
    all: tuple[float, ...]

    @property
    def line(self) -> str:
        """A row of the table of times."""
        if not self.all:
            return f"| {self.name} | not measured | | {self.limit:.0f} ms | |"
        met = "yes" if median(self.all) < self.limit else "no"
        return f"| {self.name} | {median(self.all):.1f} ms | {max(self.all):.1f} ms | {self.limit:.0f} ms | {met} |"


def times(plan: Plan, reader: ModelReader) -> list[Times]:
    """How long readings take: of one digit, of eight, and of the negatives, which no goal names."""
    pool = pools(plan.data, plan.part)
    kinds = (("one digit", "single", 1), ("eight digits", "number", 8), ("no digit (no goal)", "negative", 0))
    found = []
    for name, kind, digits in kinds:
        scenes = _ordered(kind, digits, pool, plan.seed)
        limit = LIMITS_MS.get(name, LIMITS_MS["eight digits"])
        found.append(Times(name, limit, tuple(_timed(islice(scenes, plan.timed), reader))))
    return found


def _ordered(kind: str, digits: int, pool: Sequence[Pool], seed: int) -> Iterator[Scene]:
    """Scenes of two megapixels with that many digits, other ones than those measured elsewhere; without end."""
    for number in count():
        scene = KINDS[kind](pool, (seed, TIMED_SCENES, list(KINDS).index(kind), number))
        if isinstance(scene, Scene) and _is_timed(scene, digits):
            yield scene


def _timed(scenes: Iterator[Scene], reader: ModelReader) -> Iterator[float]:
    """Milliseconds of the fastest of three readings of each."""
    for scene in scenes:
        frame = Frame(photograph(scene).pixels)
        yield min(_seconds(frame, reader) for _ in range(3)) * 1000.0


def _is_timed(scene: Scene, digits: int) -> bool:
    return (scene.view.width_px, scene.view.height_px) == FRAME_PX and len(scene.label) == digits


def _seconds(frame: Frame, reader: ModelReader) -> float:
    """Processor time: the clock would count what others do on the machine."""
    begin = time.process_time()
    reader.read([frame])
    return time.process_time() - begin


def _document(plan: Plan, rows: Sequence[Row], timed: Sequence[Times], answers: Sequence[Answer]) -> str:
    said = f"{plan.count} synthetic scenes (seed {plan.seed}, handwriting: {plan.part.value})"
    lines = ["| from frame to digits, 1640x1232, one core | median | worst | goal | met |", "|---|---|---|---|---|"]
    speeds = "\n".join([*lines, *(one.line for one in timed)])
    tables = (table.markdown(rows), speeds + "\n", table.causes(answers), table.breakdown(answers))
    return f"Measured on {said}.\n\n" + "\n".join(tables)


def _write(out: Path, rows: Sequence[Row], timed: Sequence[Times], answers: Sequence[Answer], shown: str) -> None:
    (out / "table.md").write_text(shown, encoding="utf-8")
    figures = [{"figure": row.figure, "count": row.count, "of": row.of, "share": row.share, "goal": row.goal,
                "met": row.met} for row in rows]  # fmt: skip
    speeds = [{"figure": one.name, "median_ms": median(one.all), "worst_ms": max(one.all)} for one in timed if one.all]
    text = json.dumps({"figures": figures, "times": speeds}, indent=1) + "\n"
    (out / "figures.json").write_text(text, encoding="utf-8")
    write_answers(out / "answers.csv", answers)
    for folder in ("mistakes", "mistakes-real"):
        for old in (out / folder).glob("*.jpg"):
            old.unlink()
    for kind in sorted({answer.kind for answer in answers}):
        folder = "mistakes-real" if kind in REAL_SETS else "mistakes"
        write_mistakes(out / folder, kind, [answer for answer in answers if answer.kind == kind])


def _show_progress(done: int, total: int) -> None:
    """On a terminal a line that counts; in a file one line for every tenth."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {total}" + ("\n" if done == total else ""))
    elif done % max(1, total // 10) == 0:
        sys.stderr.write(f"{done} of {total}\n")
