"""The row reader's rows, and a run of seconds: drawn, trained, converted, measured."""

from __future__ import annotations

import json
import multiprocessing

import numpy as np
import pytest

from device.domain import Box
from device.preprocess import ROW_PX
from train.confidence import TEMPERATURES
from train.errors import DataError
from train.photographs.hands import Part
from train.rows.drawing import LENGTHS, drawn_rows
from train.rows.kept import kept_rows
from train.rows.make import fit_temperature
from train.rows.photographed import Photographs, photographed_rows, said
from train.rows.settings import RowSettings

SMALL = RowSettings(
    rows=240,
    validation_rows=60,
    epochs=2,
    batch=16,
    widths=(8, 8, 12, 12, 16, 16),
    warm_up_steps=5,
    learning_rate=5e-3,
    calibration_rows=20,
)


def test_rows_are_the_same_for_the_same_seed_and_say_what_they_show(digits):
    """As the device lays them out; none, one or several digits; wider the more there are."""
    made, again = (drawn_rows([digits], 120, (5,)) for _ in range(2))
    assert made.labels == again.labels
    assert all(np.array_equal(one, other) for one, other in zip(made.pictures, again.pictures, strict=True))
    assert made.labels != drawn_rows([digits], 120, (6,)).labels
    assert all(picture.shape[0] == ROW_PX and picture.shape[1] % 16 == 0 for picture in made.pictures)
    assert all(picture.dtype == np.uint8 and picture.max() > 128 for picture in made.pictures)
    lengths = [len(says) for says in made.labels]
    assert set(lengths) <= set(LENGTHS)
    assert {0, 1, 2, 3} <= set(lengths)
    widths = {length: np.mean([p.shape[1] for p, n in zip(made.pictures, lengths, strict=True) if n == length])
              for length in (1, 2, 3)}  # fmt: skip
    assert widths[1] < widths[2] < widths[3]


def test_a_piece_of_a_photograph_says_the_digits_that_are_wholly_in_it():
    """From left to right; nothing where there is none; not known where one is torn, or framed, or below another."""
    two, seven, four = Box(10, 10, 20, 40), Box(32, 12, 20, 40), Box(12, 60, 20, 40)
    both, upper_half = Box(9, 9, 44, 44), Box(10, 10, 20, 20)
    assert said("27", [two, seven], [both, Box(200, 10, 30, 30)]) == [(2, 7), ()]
    assert said("72", [seven, two], [both]) == [(2, 7)]
    assert said("27", [two, seven], [upper_half, Box(31, 11, 22, 42)]) == [None, (7,)]
    assert said("2", [two], [Box(0, 0, 90, 90)]) == [None], "a frame around it"
    assert said("24", [two, four], [Box(8, 8, 28, 95)]) == [None], "one below the other"
    assert said("2", [two], [Box(9, 9, 22, 42), Box(10, 10, 21, 41)]) == [None, None], "in two pieces"
    assert said("27", [two, None], [Box(9, 9, 22, 42)]) == [(2,)]
    assert said("2", [two], []) == []


def test_rows_of_photographs_are_the_same_each_time_and_come_behind_those_drawn(digits, tmp_path):
    """In drawn hands, without a set: each piece as it is and once by another hand, saying the same."""
    taken = Photographs((), Part.TRAINING, 6, copies=2)
    made = photographed_rows(taken, 0, 6)
    assert made.labels == photographed_rows(taken, 0, 6).labels
    assert made.labels[::2] == made.labels[1::2]
    assert any(not np.array_equal(*pair) for pair in zip(made.pictures[::2], made.pictures[1::2], strict=True))
    assert all(picture.shape[0] == ROW_PX for picture in made.pictures)
    assert sum(len(says) == 1 for says in made.labels) > 4
    both = kept_rows([digits], 10, (1,), tmp_path / "rows.npz", taken)
    assert both.labels[10:] == made.labels
    assert both.labels[:10] == drawn_rows([digits], 10, (1, 0)).labels


def test_kept_rows_are_those_that_were_drawn_and_another_or_a_damaged_file_is_refused(digits, tmp_path, monkeypatch):
    """Asked a second time, they come from the file, unless that was made of something else."""
    path = tmp_path / "rows.npz"
    drawn = kept_rows([digits], 30, (1,), path)
    monkeypatch.setattr("train.rows.kept.drawn_rows", None)
    kept = kept_rows([digits], 30, (1,), path)
    assert kept.labels == drawn.labels
    assert all(np.array_equal(one, other) for one, other in zip(kept.pictures, drawn.pictures, strict=True))
    for count, seed in ((31, 1), (30, 2)):
        with pytest.raises(DataError, match="with other settings; delete it"):
            kept_rows([digits], count, (seed,), path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match="delete it"):
        kept_rows([digits], 30, (1,), path)


def test_a_row_too_narrow_for_its_digits_does_not_spoil_the_temperature():
    """It has no probability at any temperature, and the others decide."""
    doubtful = [8.0 * np.eye(11, dtype=np.float32)[[1, 10, 1, 10]]] * 4
    scores, labels = [*doubtful, doubtful[0]], [(1, 1), (1, 1), (1, 1), (1,), (1, 1, 1)]
    assert fit_temperature(scores, labels) == fit_temperature(scores[:-1], labels[:-1]) != TEMPERATURES[0]


@pytest.mark.needs("tensorflow")
@pytest.mark.filterwarnings("ignore:::tensorflow")
def test_a_run_learns_and_the_device_reads_its_file(digits, tmp_path):
    """Two epochs on drawn digits: the loss falls; the file is measured by the device's own scorer."""
    from train.rows.fit import batches
    from train.rows.make import TFLITE_NAME, make

    paths = [tmp_path / "training.npz", tmp_path / "validation.npz"]
    learned = kept_rows([digits], SMALL.rows, (1,), paths[0])
    assert sorted(says for batch in batches(learned, SMALL, 0) for says in batch.labels) == sorted(learned.labels)
    kept_rows([digits], SMALL.validation_rows, (2,), paths[1])
    make(*paths, SMALL, tmp_path)
    with np.load(tmp_path / "rows.checkpoint.npz") as kept:
        history = str(kept["history"])
    losses = json.loads(history)["loss"]
    assert losses[-1] < losses[0]
    # In another process, as on the command line: tflite_runtime can't be loaded beside TensorFlow.
    with multiprocessing.get_context("spawn").Pool(1) as other:
        found, card = other.apply(_measured, (tmp_path / TFLITE_NAME, paths[1]))
    assert found["drawn"] == found["validation"]
    assert sum(row["rows"] for row in found["drawn"].values()) == SMALL.validation_rows
    assert card["rows"] == found
    assert card["temperature"] > 0.0
    assert card["command"] == "digitbox-train rows"


def _measured(path, kept):
    """What is measured of a file on rows that are kept, and its card."""
    from device.adapters.tflite import read_card
    from train.rows.kept import read_rows
    from train.rows.make import measure

    rows = read_rows(kept)
    found = measure(path, rows, {"drawn": rows}, {"command": "digitbox-train rows"})
    return found, dict(read_card(path).facts)
