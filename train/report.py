"""One page about one model, with everything in it, and its card for people: HTML and Markdown, no other files."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from train import pictures
from train.card import TFLITE_NAME, WIDE_NAME, card_path
from train.compare import Compared, read_facts
from train.evaluate import EVALUATION_NAME, read_json
from train.output import write_bytes

Facts = Mapping[str, Any]

HTML_NAME = "report.html"
CARD_NAME = "card.md"
MAGNIFIED = 3

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse } td, th { border: 1px solid #bbb; padding: .2em .6em; text-align: right }
td:first-child, th:first-child { text-align: left } svg { max-width: 100%; height: auto }
figure { display: inline-block; margin: .3em; text-align: center; font-size: 13px } img { image-rendering: pixelated }
"""


def write_report(out: Path, others: Sequence[Compared]) -> Path:
    """Write the page and the Markdown card of the model in a folder.

    Args:
        out: What `fit`, `compress` and `evaluate` left.
        others: Networks to compare with; may be none.

    Returns:
        Where the page is.

    Raises:
        DataError: A step before has not been run.
        OutputError: A result cannot be written.
    """
    evaluation, card, both = evaluation_of(out), card_of(out, TFLITE_NAME), card_of(out, WIDE_NAME)
    page = "\n".join(_page(out, evaluation, card, others))
    write_bytes(out / HTML_NAME, page.encode())
    write_bytes(out / CARD_NAME, card_as_markdown(card, both).encode())
    return out / HTML_NAME


def evaluation_of(out: Path) -> dict[str, Any]:
    """What `evaluate` found. Raises DataError."""
    return read_facts(out / EVALUATION_NAME, "evaluate")


def card_of(out: Path, model_name: str) -> dict[str, Any]:
    """The card of a model in a folder. Raises DataError."""
    return read_facts(card_path(out / model_name), "evaluate")


def card_as_markdown(card: Facts, both: Facts) -> str:
    """The card for people: what it is, how it was made, how well it does, what it is not for.

    Args:
        card: Of the small model.
        both: Of the large one, with the figures of both together.
    """
    zeros = card["sparsity"]
    lines = [
        "# Model card: digits",
        "",
        f"{card['size_bytes']} bytes, {zeros['weights']} weights, {zeros['zeros'] / zeros['weights']:.1%} of them 0.",
        "Input: one digit, 28x28 grey levels, white ink on black in MNIST layout. Output, int8: scores of "
        f"{', '.join(card['classes'])}.",
        "",
        "Made by:",
        "",
        f"    {card['command']}",
        "",
        "Learned from: "
        + "; ".join(f"{part['name']} ({part['count']} digits)" for part in card["training_data"])
        + ".",
        "",
        *_measured_lines(card),
        "## Together with the large model",
        "",
        f"Where it is in doubt, the box asks the network that it was made from: {both['size_bytes']} bytes, "
        f"{both['sparsity']['weights']} weights, the same input and output. Both together:",
        "",
        *_measured_lines(both),
        "Not for: letters and signs, of which it knows only that most are no digit; digits upside down.",
        "",
    ]
    return "\n".join(lines)


def _measured_lines(card: Facts) -> Iterator[str]:
    yield "| set | right | 95 % interval | of | calibration error |"
    yield "|---|---|---|---|---|"
    yield from (_set_line(name, facts) for name, facts in card["accuracy"].items())
    yield ""
    thresholds = ", ".join(f"{value:g}" for value in card["thresholds"])
    yield f"Temperature {card['temperature']:.3f}; thresholds of 0 to 9: {thresholds}."
    yield ""


def _set_line(name: str, facts: Facts) -> str:
    low, high = facts["interval"]
    values = (
        f"{facts['accuracy']:.2%}",
        f"{low:.2%} to {high:.2%}",
        facts["count"],
        f"{facts['calibration_error']:.2%}",
    )
    return f"| {name} | {' | '.join(map(str, values))} |"


def _page(out: Path, evaluation: Facts, card: Facts, others: Sequence[Compared]) -> Iterator[str]:
    sets = evaluation["sets"]
    unchanged = {name: facts for name, facts in sets.items() if "mildly changed" not in name}
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>digits</title><style>{STYLE}</style>"
    yield "<h1>The digit model</h1>"
    yield f"<p>Made by <code>{html.escape(card['command'])}</code></p>"
    yield f"<p>{card['size_bytes']} bytes; {evaluation['milliseconds']} ms a digit on this machine, one thread.</p>"
    yield _accuracy_table(sets)
    stages = {
        name: facts["history"]
        for name, path in (("fit", out / "fit.json"), ("prune", out / "prune.json"))
        if (facts := read_json(path)) is not None
    }
    if stages:
        yield "<h2>Training</h2>" + pictures.training_curves(stages)
    yield "<h2>Reliability</h2>" + pictures.reliability_diagram(unchanged)
    yield "<h2>Risk and coverage</h2>" + pictures.risk_coverage_curve(unchanged)
    for title, name in (("Corruptions: share wrong", "corruptions"), ("Not a digit: share rejected", "negatives")):
        yield f"<h2>{title}</h2>" + _share_table(evaluation[name])
    if evaluation["adversarial"]:
        yield "<h2>Pictures changed against it: share wrong</h2>" + _share_table(evaluation["adversarial"])
    for name, facts in unchanged.items():
        yield f"<h2>{html.escape(name)}</h2>" + pictures.confusion_matrix(facts["confusion"])
        yield "<p>Its worst mistakes:</p>" + "".join(map(_mistake, facts["worst"]))
    if others:
        yield "<h2>Beside other networks</h2>" + _beside(others)


def _accuracy_table(sets: Facts) -> str:
    rows = [
        f"<tr><td>{html.escape(name)}<td>{facts['accuracy']:.2%}<td>{facts['interval'][0]:.2%} to "
        f"{facts['interval'][1]:.2%}<td>{facts['count']}<td>{facts['calibration_error']:.2%}<td>{_worst_writer(facts)}"
        for name, facts in sets.items()
    ]
    head = "<tr><th>set<th>right<th>95 % interval<th>of<th>calibration error<th>worst writer"
    return f"<table>{head}{''.join(rows)}</table>"


def _worst_writer(facts: Facts) -> str:
    if "writers" not in facts:
        return ""
    writers = facts["writers"]
    return f"{html.escape(writers['worst']['writer'])}: {writers['worst']['accuracy']:.1%} (mean {writers['mean']:.1%})"


def _share_table(shares: Facts) -> str:
    rows = [f"<tr><td>{html.escape(name)}<td>{value:.2%}" for name, value in shares.items()]
    return f"<table>{''.join(rows)}</table>"


def _mistake(facts: Facts) -> str:
    pixels = np.frombuffer(bytes.fromhex(facts["pixels"]), np.uint8).reshape(28, 28)
    _, png = cv2.imencode(".png", pixels)
    source = base64.b64encode(png.tobytes()).decode()
    answer = "none" if facts["answer"] == 10 else facts["answer"]
    size = 28 * MAGNIFIED
    return (
        f'<figure><img alt="" width={size} height={size} src="data:image/png;base64,{source}">'
        f"<figcaption>{facts['label']} read as {answer}, {facts['confidence']:.0%}</figcaption></figure>"
    )


def _beside(others: Sequence[Compared]) -> str:
    drawn = {entry.name: (entry.size_bytes, entry.accuracy["mnist t10k"], entry.milliseconds) for entry in others}
    return pictures.size_and_accuracy(drawn, "right on MNIST's test digits")
