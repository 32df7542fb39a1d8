"""The row reader's file and card: converted to int8 in a process with TensorFlow, measured in one without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.adapters.rows_tflite import TfliteRowScorer
from device.ctc import probabilities, shares
from device.preprocess import ROW_DEFAULT_PX
from device.rows import most_likely
from train.card import Facts, identity, write_card
from train.confidence import TEMPERATURES
from train.measures import wilson
from train.output import write_bytes
from train.rows.drawing import Rows
from train.rows.kept import read_rows
from train.rows.settings import RowSettings

TFLITE_NAME = "rows.tflite"

LEAST = 1e-300
"""Of a row's probability, whose logarithm is taken: one that is too narrow for its digits has none."""

CLASSES = (*map(str, range(10)), "nothing")


def make(learned: Path, chosen_by: Path, settings: RowSettings, out: Path) -> None:
    """Train on kept rows and write the .tflite file and a card that is sure of nothing yet.

    Raises:
        OutputError: A result cannot be written.
        DataError: The rows or a checkpoint are damaged.
    """
    from train.compress import converted
    from train.model import architecture
    from train.rows.fit import fit
    from train.rows.model import build, network_input

    rows = read_rows(learned)
    model = fit(rows, read_rows(chosen_by), settings, out)

    def examples() -> Iterator[list[NDArray[np.float32]]]:
        usual = (picture for picture in rows.pictures if picture.shape[1] == ROW_DEFAULT_PX)
        for picture in islice(usual, settings.calibration_rows):
            yield [network_input(picture[None])]

    # The interpreter makes it as wide as each row; of an unknown width it makes 1, which one of the two refuses.
    usual = build(settings.widths, ROW_DEFAULT_PX)
    usual.set_weights(model.get_weights())
    content = converted(usual, examples)
    path = out / TFLITE_NAME
    write_bytes(path, content)
    write_card(path, {**identity(content, CLASSES), "architecture": architecture(model), "settings": asdict(settings)})


def measure(path: Path, chosen_by: Rows, measured_on: Mapping[str, Rows], facts: Facts) -> dict[str, Any]:
    """Fit the temperature, count the rows that are read right, and write both into the card.

    Args:
        path: The .tflite file, its card beside it.
        chosen_by: Fits the temperature.
        measured_on: Rows of digits that nothing was learned from or chosen by, by the name of their set.
        facts: What the card says beyond what is found out here.

    Returns:
        For each name, and for "validation", how many rows of each number of digits are read right.

    Raises:
        ModelError: The model or its card cannot be used.
        OutputError: The card cannot be written.
    """
    scorer = TfliteRowScorer(path)
    scorer.open()
    scores = {
        name: [scorer.scores(picture) for picture in rows.pictures]
        for name, rows in {"validation": chosen_by, **measured_on}.items()
    }
    temperature = fit_temperature(scores["validation"], chosen_by.labels)
    labels = {"validation": chosen_by.labels, **{name: rows.labels for name, rows in measured_on.items()}}
    found = {name: counts(scores[name], labels[name], temperature) for name in scores}
    write_card(path, {**scorer.card.facts, **facts, "temperature": temperature, "rows": found})
    return found


def fit_temperature(scores: Sequence[NDArray[np.float32]], labels: Sequence[tuple[int, ...]]) -> float:
    """The temperature with the least negative log likelihood of what the rows say (`train.confidence`)."""
    said = list(zip(scores, labels, strict=True))
    losses = [
        -np.mean([np.log(max(LEAST, probabilities(shares(row, t), [says])[0])) for row, says in said])
        for t in TEMPERATURES[::8]
    ]
    return float(TEMPERATURES[::8][int(np.argmin(losses))])


def counts(
    scores: Sequence[NDArray[np.float32]], labels: Sequence[tuple[int, ...]], temperature: float
) -> dict[str, dict[str, Any]]:
    """How many rows of each number of digits are read right, with Wilson's interval."""
    right = [most_likely(shares(row, temperature))[0] == says for row, says in zip(scores, labels, strict=True)]
    result = {}
    for length in sorted({len(says) for says in labels}):
        own = [one for one, says in zip(right, labels, strict=True) if len(says) == length]
        low, high = wilson(sum(own), len(own))
        result[f"{length} digits"] = {"rows": len(own), "right": sum(own), "interval": [round(low, 4), round(high, 4)]}
    return result
