"""The curves and tables of a report, drawn; the only importer of matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]
import numpy as np
from matplotlib.axes import Axes  # type: ignore[import-not-found,unused-ignore]
from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "digitbox"  # the same figures give the same bytes

Facts = Mapping[str, Any]


def training_curves(stages: Mapping[str, Facts]) -> str:
    """Accuracy of each epoch, while learning and on the validation digits, stage after stage. All here return SVG."""
    figure, axes = _figure("epoch", "accuracy")
    begin = 0
    for stage, history in stages.items():
        epochs = begin + 1 + np.arange(len(history["accuracy"]))
        axes.plot(epochs, history["accuracy"], label=f"{stage}, learned from")
        axes.plot(epochs, history["val_accuracy"], label=f"{stage}, validation", linestyle="--")
        begin += len(epochs)
    return _svg(figure, axes)


def confusion_matrix(table: Sequence[Sequence[int]]) -> str:
    """Labels down, answers across; the diagonal is left out of the shades, or nothing else would be seen."""
    counts = np.asarray(table)
    figure, axes = _figure("answer", "label", size=(5.0, 5.0))
    off = counts.astype(float)
    np.fill_diagonal(off, 0.0)
    axes.imshow(off, cmap="Reds")
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            ink = "white" if off[row, column] > off.max() / 2 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=ink)
    names = [*map(str, range(10)), "none"][: len(counts)]
    axes.set_xticks(range(len(counts)), names)
    axes.set_yticks(range(len(counts)), names)
    return _svg(figure)


def reliability_diagram(sets: Mapping[str, Facts]) -> str:
    """Share right over mean confidence, in bins of equal mass."""
    figure, axes = _figure("mean confidence", "share right")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.5)
    for name, facts in sets.items():
        bins = np.asarray(facts["reliability"])
        axes.plot(bins[:, 0], bins[:, 1], marker="o", markersize=3, label=f"{name} ({facts['calibration_error']:.2%})")
    return _svg(figure, axes)


def risk_coverage_curve(sets: Mapping[str, Facts]) -> str:
    """Share wrong among the answers that are given, over the share that is given, the most confident first."""
    figure, axes = _figure("share answered", "share wrong of these")
    for name, facts in sets.items():
        points = np.asarray(facts["risk_coverage"])
        axes.plot(points[:, 0], points[:, 1], label=name)
    return _svg(figure, axes)


def size_and_accuracy(networks: Mapping[str, tuple[float, float, float]], what: str) -> str:
    """Accuracy over size in bytes, a circle's area the inference time; values (bytes, accuracy, ms) by name."""
    figure, axes = _figure("bytes", what)
    axes.set_xscale("log")
    for name, (size, accuracy, milliseconds) in networks.items():
        axes.scatter([size], [accuracy], s=20 + 60 * milliseconds, alpha=0.6)
        axes.annotate(f"{name}, {milliseconds:.2f} ms", (size, accuracy), fontsize=7)
    return _svg(figure)


def bars(shares: Mapping[str, Mapping[str, float]], what: str) -> str:
    """Groups of bars: by name, by set."""
    figure, axes = _figure("", what, size=(8.0, 4.0))
    sets = list(next(iter(shares.values())))
    places = np.arange(len(shares))
    for number, name in enumerate(sets):
        values = [by_set.get(name, np.nan) for by_set in shares.values()]
        axes.bar(places + 0.8 * number / len(sets), values, 0.8 / len(sets), label=name)
    axes.set_xticks(places + 0.4, list(shares), rotation=20, ha="right", fontsize=7)
    lowest = min(value for by_set in shares.values() for value in by_set.values())
    axes.set_ylim(max(0.0, lowest - 0.05), 1.0)
    figure.legend(loc="outside upper center", ncols=len(sets), fontsize=7)  # inside it would hide bars
    return _svg(figure)


def _figure(across: str, up: str, size: tuple[float, float] = (6.0, 4.0)) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def _svg(figure: Figure, legend: Axes | None = None) -> str:
    if legend is not None:
        legend.legend(fontsize=7)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    content = text.getvalue()
    return content[content.index("<svg") :]
