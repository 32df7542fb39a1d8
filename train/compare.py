"""Networks side by side: ours, the same one trained on MNIST alone, and the baselines; as numbers and as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from train.card import TFLITE_NAME, WIDE_NAME
from train.corruptions import CORRUPTIONS
from train.damage import KINDS
from train.errors import DataError
from train.evaluate import BOTH_EVALUATION_NAME, EVALUATION_NAME
from train.interpreter import timed
from train.output import write_bytes

SETS = ("mnist t10k", "semeion", "bhmsds", "unipen_digits, test part", "photo_digits", "sudoku_photo")
"""Columns of the table, by the names that sets have when they are measured on."""

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
"""Between these lines a text holds what is made anew by the command printed there."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One network's line.

    Attributes:
        name: What the table calls it.
        accuracy: By the set's name; a set that was learned from is not there.
        parameters: Weights, zeros included.
        size_bytes: Of its .tflite file.
        milliseconds: Median of one inference: one thread, on the machine of the run.
        path: Its .tflite file.
    """

    name: str
    accuracy: Mapping[str, float]
    parameters: int
    size_bytes: int
    milliseconds: float
    path: Path


def evaluations(name: str, out: Path) -> dict[str, Path]:
    """What `evaluate` found of a run, by what the tables call it: of the small file, then of both networks."""
    return {name: out / EVALUATION_NAME, f"{name}, both": out / BOTH_EVALUATION_NAME}


def ours(name: str, out: Path) -> Iterator[Compared]:
    """The int8 files of a run, as `evaluate` measured them. Raises DataError.

    Yields:
        The small one, then both; weights, bytes and time are then the large one's own.
    """
    for (called, path), file in zip(evaluations(name, out).items(), (TFLITE_NAME, WIDE_NAME), strict=True):
        yield _ours(called, path, out / file)


def _ours(name: str, evaluation: Path, file: Path) -> Compared:
    facts = read_facts(evaluation, "evaluate")
    accuracy = {name: figures["accuracy"] for name, figures in facts["sets"].items()}
    size = facts["sparsity"]["weights"], facts["size_bytes"]
    return Compared(name, accuracy, *size, facts["milliseconds"], file)


def baselines(folder: Path) -> list[Compared]:
    """The networks of a sweep, in the order of their size. Raises DataError."""
    found = []
    for path in sorted(folder.glob("*.json")):
        facts = read_facts(path, "sweep")
        size = facts["parameters"], facts["size_bytes"]
        found.append(
            Compared(facts["name"], facts["accuracy"], *size, facts["milliseconds"], path.with_suffix(".tflite"))
        )
    return sorted(found, key=lambda entry: entry.size_bytes)


def timed_together(networks: Sequence[Compared], rounds: int = 5) -> list[Compared]:
    """The same networks with times that can be compared: taken in turn, on one machine, the best of some rounds.

    Those whose files are not there keep the times that they have. Raises ToolError where there is no interpreter.
    """
    there = [entry for entry in networks if entry.path.exists()]
    taken = [[timed(entry.path) for entry in there] for _ in range(rounds)]
    best = {entry.path: min(times) for entry, times in zip(there, zip(*taken, strict=True), strict=True)}
    return [replace(entry, milliseconds=best.get(entry.path, entry.milliseconds)) for entry in networks]


def table(networks: Sequence[Compared]) -> str:
    """Markdown: one line a network; a set that it learned from is left empty."""
    head = ["network", *SETS, "weights", "bytes", "ms"]
    lines = [head, ["---"] * len(head), *([*_cells(entry)] for entry in networks)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(entry: Compared) -> Iterator[str]:
    yield entry.name
    for name in SETS:
        yield f"{entry.accuracy[name]:.2%}" if name in entry.accuracy else ""
    yield f"{entry.parameters:,}"
    yield f"{entry.size_bytes:,}"
    yield f"{entry.milliseconds:.3f}"


def more_figures(paths: Mapping[str, Path]) -> str:
    """Markdown: what else `evaluate` found about our own networks, one column for each of its files."""
    facts = {name: read_facts(path, "evaluate") for name, path in paths.items()}
    rows = [["figure", *facts], ["---"] * (1 + len(facts))]
    for title, value in _FIGURES:
        rows.append([title, *(value(found) for found in facts.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def corruption_table(paths: Mapping[str, Path]) -> str:
    """Markdown: share wrong under each corruption, a column for each file given; and the damage that is near it."""
    errors = {name: read_facts(path, "evaluate")["corruptions"] for name, path in paths.items()}
    near = {corruption: kind.__name__.strip("_") for kind, names in KINDS.items() for corruption in names}
    rows = [["share wrong", *errors, "near it in `damage.py`"], ["---"] * (2 + len(errors))]
    rows += [
        [corruption, *(_share(found, corruption) for found in errors.values()), near.get(corruption, "")]
        for corruption in (*CORRUPTIONS, "mean")
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _share(facts: Mapping[str, Any] | None, name: str) -> str:
    return "not measured" if not facts or name not in facts else f"{facts[name]:.2%}"


def _float(stage: str) -> Any:  # noqa: ANN401 - a function of the facts
    return lambda facts: _share((facts["float"] or {}).get(stage), "mnist t10k")


def _calibration(name: str) -> Any:  # noqa: ANN401 - as above
    return lambda facts: _share(facts["sets"].get(name), "calibration_error")


def _worst_corruption(facts: Mapping[str, Any]) -> str:
    errors = {name: value for name, value in facts["corruptions"].items() if name != "mean"}
    worst = max(errors, key=lambda name: errors[name])
    return f"{errors[worst]:.2%} ({worst})"


_FIGURES = (
    ("MNIST test, float, before shrinking and pruning", _float("before pruning")),
    ("MNIST test, float, pruned", _float("after pruning")),
    ("MNIST test, int8, pruned", lambda facts: _share(facts["sets"].get("mnist t10k"), "accuracy")),
    ("weights that are zero", lambda facts: f"{facts['sparsity']['zeros'] / facts['sparsity']['weights']:.1%}"),
    ("calibration error, unipen_digits test", _calibration("unipen_digits, test part")),
    ("calibration error, photo_digits", _calibration("photo_digits")),
    ("calibration error, sudoku_photo", _calibration("sudoku_photo")),
    ("fifteen corruptions, mean share wrong", lambda facts: _share(facts["corruptions"], "mean")),
    ("worst of them", _worst_corruption),
    ("FGSM 0.05, share wrong", lambda facts: _share(facts["adversarial"], "fgsm 0.05")),
    ("FGSM 0.1, share wrong", lambda facts: _share(facts["adversarial"], "fgsm 0.1")),
    ("negatives rejected at 1 % of digits rejected", lambda facts: _share(facts["negatives"], "all")),
)


def write_between_marks(path: Path, text: str) -> None:
    """Replace what stands between the marks of a text file. Raises DataError, OutputError."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); give a text with the lines {BEGIN}, {END}"
        ) from error
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise DataError(f"{path} lacks the lines {BEGIN} and {END}, between which the table goes")
    write_bytes(path, f"{before}{BEGIN}\n{text}\n{END}{after}".encode())


def read_facts(path: Path, step: str) -> dict[str, Any]:
    """A JSON file that a step left. Raises DataError."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; run digitbox-train {step} with the same --out") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); run digitbox-train {step} again") from error
    return facts
