"""The measuring command: what it counts as right, as a mistake, as a goal met; and all of it on a few pictures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.domain import Box, Digit, Status
from train.photographs import table
from train.photographs.__main__ import main
from train.photographs.answers import Answer, _found, cause_of, write_answers
from train.photographs.baseline import WAYS
from train.photographs.hands import Part
from train.photographs.measure import Plan, measure
from train.photographs.mistakes import write_mistakes
from train.photographs.table import Row

DATA = Path(__file__).parents[3] / "shared" / "data"
SCENE = {"ground": "white paper", "hand": "mnist", "pen": "pencil", "least_px": 33.0, "tilt": 3.0, "turn": -4.0,
         "touching": 0, "crop": 0, "specks": 0}  # fmt: skip


def answer(kind: str, label: str, number: str, status: str = "ok", **more: object) -> Answer:
    """An answer with the facts of a scene."""
    return Answer(kind, "name", label, number, status, **{"facts": SCENE, **more})  # type: ignore[arg-type]


def digit(value: int, box: Box) -> Digit:
    """A digit read there."""
    return Digit(value, 0.9, None, box, (0.1,) * 10, sure=True)


HERE, BESIDE, ELSEWHERE = Box(0, 0, 20, 30), Box(30, 0, 20, 30), Box(200, 200, 20, 30)


@pytest.mark.parametrize(
    ("digits", "cause"),
    [
        ([], "nothing found"),
        ([digit(4, HERE), digit(2, BESIDE), digit(1, ELSEWHERE)], "something besides"),
        ([digit(4, Box(0, 0, 50, 30))], "joined"),
        ([digit(4, HERE)], "lost"),
        ([digit(4, HERE), digit(7, BESIDE)], "misread"),
        ([digit(2, BESIDE), digit(4, HERE)], "order"),
    ],
)
def test_the_first_cause_of_a_mistake_is_named(digits: list[Digit], cause: str) -> None:
    """Of 42: what was found of it, and where, says what went wrong first."""
    assert cause_of("42", (HERE, BESIDE), digits) == cause


def test_causes_are_counted_with_those_that_touch() -> None:
    """A row a cause, and one for what is right all the same but doubted."""
    answers = [
        answer("number", "42", "4", cause="lost"),
        answer("number", "42", "", "nothing", cause="nothing found", facts={**SCENE, "touching": 1}),
        answer("number", "42", "42", "unsure"),
    ]
    shown = table.causes(answers)
    assert "| lost | 1 | 0 | 1 |" in shown
    assert "| nothing found | 1 | 1 | 0 |" in shown
    assert "| (right, but not `ok`) | 1 | 0 | 0 |" in shown


def figure(rows: list[Row], name: str) -> Row:
    """The row of that figure."""
    (row,) = [row for row in rows if row.figure == name]
    return row


# --- what is right ---


@pytest.mark.parametrize(
    ("label", "number", "right", "grouped"),
    [
        ("427", "427", True, True),
        ("427", "4 27", True, False),
        ("4 27", "4 27", True, True),
        ("42", "427", False, False),
        ("7", "", False, False),
        ("", "", False, False),
    ],
)
def test_right_is_every_digit_in_order(label: str, number: str, right: bool, grouped: bool) -> None:
    """Groups count by themselves; a picture of nothing is never right."""
    one = answer("number", label, number)
    assert (one.right, one.grouped) == (right, grouped)


@pytest.mark.parametrize(
    ("one", "mistaken"),
    [
        (answer("single", "7", "7"), False),
        (answer("single", "7", "7", "unsure"), True),
        (answer("single", "7", "1"), True),
        (answer("negative", "", "3"), True),
        (answer("negative", "", "3", "unsure"), False),
        (answer("negative", "", "", "nothing"), False),
        (answer("spoilt", "7", "", "nothing", wanted="blurred", advice=("blurred",)), False),
        (answer("spoilt", "7", "", "nothing", wanted="blurred", advice=("too_dark", "blurred")), True),
        (answer("spoilt", "7", "", "nothing", wanted="blurred"), True),
    ],
)
def test_a_mistake_is_what_a_person_should_look_at(one: Answer, mistaken: bool) -> None:
    """Wrong or doubted answers, digits said where there are none, and the wrong advice."""
    assert one.mistaken is mistaken


def test_digits_are_found_where_they_stand() -> None:
    """The right digit elsewhere, or another one there, is not found; a lone 6 may be a 9 while it is unsure."""
    left, right = Box(0, 0, 20, 40), Box(30, 0, 20, 40)
    there = (digit(4, Box(1, 2, 18, 38)), digit(2, Box(31, 0, 19, 39)))
    assert _found("42", (left, right), there, Status.OK) == 2
    assert _found("24", (left, right), there, Status.OK) == 0
    assert _found("4", (right,), there[:1], Status.OK) == 0
    assert _found("6", (left,), (digit(9, left),), Status.UNSURE) == 1
    assert _found("6", (left,), (digit(9, left),), Status.OK) == 0


# --- the table ---


def test_goals_are_met_from_either_side() -> None:
    """At least, at most, and nothing without a goal or without pictures."""
    assert Row("a", 95, 100, 0.95).met is True
    assert Row("a", 94, 100, 0.95).met is False
    assert Row("a", 1, 1000, 0.003, most=True).met is True
    assert Row("a", 4, 1000, 0.003, most=True).met is False
    assert Row("a", 1, 2).met is None
    assert Row("a", 0, 0, 0.5).met is None
    assert "not measured" in Row("a", 0, 0, 0.5).cells


def test_the_table_counts_what_it_says() -> None:
    """Wrong answers are a share of those given as `ok`; numbers are counted apart from single digits."""
    answers = [
        *[answer("single", "7", "7")] * 8,
        answer("single", "7", "1"),
        answer("single", "7", "1", "unsure"),
        answer("number", "427", "4 27"),
        answer("number", "427", "42", facts={**SCENE, "pen": "black gel"}),
        answer("negative", "", "3", facts={"shows": "letters"}),
        answer("negative", "", "", "nothing", facts={"shows": "hand"}),
        answer("spoilt", "7", "", "nothing", wanted="blurred", advice=("too_dark",), facts={"spoilt": "blurred"}),
        answer("spoilt", "7", "7", wanted="too_dark", facts={"spoilt": "dark"}),
        answer("turned", "42", "42", found=1),
        answer("photo_digits", "7", "7", facts={"writer": "somebody"}),
    ]
    rows = table.rows(answers)
    counted = {
        "synthetic scenes: answered `ok`": (11, 12),
        "synthetic scenes: of those, wrong": (2, 11),
        "scenes in chalk or pencil: answered `ok`": (10, 11),
        "ordinary scenes (none of the next four): answered `ok`": (1, 1),
        "ordinary scenes (none of the next four): of those, wrong": (1, 1),
        "scenes tilted by 20 degrees or more: right": (0, 0),
        "synthetic numbers of 2 to 8 digits: right": (1, 2),
        "of these, as one group": (0, 2),
        "negatives answered with a digit as `ok`": (1, 2),
        "of these, letters": (1, 1),
        "spoilt pictures: the right advice first": (0, 2),
        "of the spoilt pictures that were not read all the same, the right advice first": (0, 1),
        "spoilt pictures answered `ok`: wrong": (0, 1),
        "readable pictures read right: advice given for nothing": (0, 9),
        "of these, blurred (else: 1 too_dark)": (0, 1),
        "sheets turned by any angle: digits found and right": (1, 2),
        "of these, writer somebody, reported only": (1, 1),
    }
    assert {name: (figure(rows, name).count, figure(rows, name).of) for name in counted} == counted


def test_the_breakdown_counts_every_scene_once_a_fact() -> None:
    """Each fact's lines add up to all scenes."""
    lines = table.breakdown([answer("single", "7", "7"), answer("number", "42", "41")]).splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]
    assert ["least_px 2: 30 to 50", "2", "50.0%", "100.0%", "1"] in [row[1:6] for row in cells]
    assert len(cells) == 9


# --- files ---


def test_every_mistake_has_its_picture(tmp_path: Path) -> None:
    """Thirty to a page, right answers left out; nothing is written when all are right."""
    _, tile = cv2.imencode(".jpg", np.full((100, 220, 3), 90, np.uint8))
    wrong = answer("single", "7", "1", picture=tile.tobytes())
    paths = write_mistakes(tmp_path, "single", [wrong] * 31 + [answer("single", "7", "7")] * 50)
    assert [path.name for path in paths] == ["single-01.jpg", "single-02.jpg"]
    assert cv2.imread(str(paths[0])).shape[0] > 4 * cv2.imread(str(paths[1])).shape[0]
    assert write_mistakes(tmp_path / "none", "single", [answer("single", "7", "7")]) == []


def test_answers_are_written_as_a_table(tmp_path: Path) -> None:
    """One row each, with what it is of and whether it is right."""
    write_answers(tmp_path / "answers.csv", [answer("single", "7", "7"), answer("single", "7", "1")])
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["right"] for row in rows] == ["1", "0"]
    assert "ground=white_paper" in rows[0]["facts"]


def test_the_textbooks_ways_differ() -> None:
    """On a dim photograph of a small digit only Otsu makes ink white, and only the layout brings it to size."""
    grey = np.full((84, 84), 60, np.uint8)
    cv2.line(grey, (50, 20), (50, 40), (160,), 4)
    plain, otsu, laid_out = (way(grey) for way in WAYS.values())
    assert plain.max() < 200
    assert otsu.max() == 255
    heights = [np.flatnonzero(ink.max(axis=1)).size for ink in (otsu, laid_out)]
    assert heights[0] < 10
    assert heights[1] >= 18


def test_a_small_measurement_writes_all_its_results(tmp_path: Path) -> None:
    """Without any data folder the drawn scenes are measured still, in the box's own way."""
    shown = measure(Plan(tmp_path / "no data", 4, Part.TUNING, seed=5, timed=1), tmp_path / "out")
    assert "| synthetic scenes: answered `ok` |" in shown
    assert shown == (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    figures = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    assert {one["figure"]: one["of"] for one in figures["figures"]}["synthetic scenes within 20 degrees: right"] == 4
    assert [one["figure"] for one in figures["times"]] == ["one digit", "eight digits", "no digit (no goal)"]
    with (tmp_path / "out" / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 4 + 1 + 1 + 1


# --- the command ---


def test_the_command_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how many photographs it wrote and where."""
    assert main(["draw", "--count", "1", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"1 photographs and labels.csv in {tmp_path / 'out'}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["draw"],
        ["draw", "--out", "x", "--count", "0"],
        ["draw", "--out", "x", "--seed", "-1"],
        ["take", "--out", "x"],
        ["measure", "--data", "no such folder", "--out", "x"],
        ["show", "--out", "/no/such/folder/x.jpg"],
        ["fusing", "--out", "/"],
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As argparse does, with a line that says what is wrong."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["draw", "measure"])
def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Exit status 1, one line, no traceback, and before anything is measured."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert main([command, "--count", "1", "--data", str(tmp_path), "--out", str(tmp_path / "file" / "out")]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"{tmp_path}/file/out" in last
    assert "Not a directory" in last


@pytest.mark.shared
@pytest.mark.skipif(not DATA.exists(), reason="the photographs are not here")
def test_baselines_are_counted_on_the_photographs() -> None:
    """Every photograph is counted, and Otsu's threshold loses none that the plain resize has right."""
    from device import config
    from device.compose import opened_classifier
    from train.photographs.baseline import right_answers

    classifier = opened_classifier(config.load().model.path)
    counts = {way: right_answers(DATA, "photo_digits", way, classifier) for way in WAYS}
    assert {of for _, of in counts.values()} == {284}
    assert 200 < counts["resize"][0] <= counts["Otsu, resize"][0] <= 284
    assert right_answers(DATA, "nowhere", "resize", classifier) == (0, 0)
