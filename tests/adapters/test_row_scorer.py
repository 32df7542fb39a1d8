"""The shipped row reader and its loader, in both runtimes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from drawing import paper, write

from device import config
from device.adapters.rows_tflite import TfliteRowScorer
from device.domain import Box
from device.errors import ModelError
from device.preprocess import ROW_PX, row_layout
from device.rows import read_row

SHIPPED = config.load().model.rows

PLACES = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))
"""Down and right, in pixels."""


@pytest.fixture
def scorer(runtime):
    """The shipped model, open, in one of the two runtimes."""
    opened = TfliteRowScorer(SHIPPED)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def copied(tmp_path):
    """A copy of the shipped model that a test may damage."""
    for path in (SHIPPED, SHIPPED.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    return tmp_path / SHIPPED.name


def row(*digits: int, step_px: int = 62):
    """Digits of plain strokes that touch, as the row reader sees them."""
    pixels = paper(140, 80 + step_px * len(digits), luma=0.0, grain=0.0)
    for place, digit in enumerate(digits):
        write(pixels, digit, Box(20 + place * step_px, 20, 60, 100), pen_px=10, luma=255)
    return row_layout(np.ascontiguousarray(pixels[:, :, 0]))


@pytest.mark.parametrize("digits", [(7,), (2, 7), (7, 4), (0, 0), (2, 0, 5), (4, 7, 2, 0)])
def test_rows_of_our_own_strokes_are_read(scorer, digits):
    """Digits that touch, none of them from any data set; rows of different widths one after the other."""
    for _ in range(2):
        read = read_row(scorer.scores(row(*digits)), scorer.card.temperature)
        assert read is not None
        assert read.digits == digits
        read = read_row(scorer.scores(row(5)), scorer.card.temperature)
        assert read is not None
        assert read.digits == (5,)


def test_a_doubtful_row_is_looked_at_from_five_places(scorer, monkeypatch):
    """The mean of the looks decides; of a plain row, the first."""
    rng = np.random.default_rng(3)
    doubtful = np.asarray(np.clip(row(2, 0, 5) * rng.random((ROW_PX, row(2, 0, 5).shape[1])) * 0.7, 0, 255), np.uint8)
    given = scorer.scores(doubtful)
    monkeypatch.setattr("device.adapters.rows_tflite.AGAIN", 0.0)
    looks = [np.pad(doubtful, 1)[1 - down :, 1 - right :][:ROW_PX, : doubtful.shape[1]] for down, right in PLACES]
    np.testing.assert_allclose(given, np.mean([scorer.scores(look) for look in looks], axis=0), atol=1e-4)
    assert np.abs(given - scorer.scores(doubtful)).max() > 0.1
    once = scorer.scores(row(2, 7))
    monkeypatch.undo()
    np.testing.assert_array_equal(scorer.scores(row(2, 7)), once)


def test_both_runtimes_give_the_same_bytes(runtimes):
    """On Bookworm and on Trixie, for digits and for noise."""
    rng = np.random.default_rng(1)
    shown = [row(7, 4), row(2, 0, 5), rng.integers(0, 256, (ROW_PX, 96), dtype=np.uint8)]
    answers = []
    for _ in runtimes:
        opened = TfliteRowScorer(SHIPPED)
        opened.open()
        answers.append([opened.scores(picture).tobytes() for picture in shown])
    assert answers[0] == answers[1]


def test_the_scores_are_one_step_every_four_columns(scorer):
    """float32, eleven of them a step."""
    scores = scorer.scores(np.zeros((ROW_PX, 64), np.uint8))
    assert scores.shape == (16, 11)
    assert scores.dtype == np.float32


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((28, 32), np.uint8),
        np.zeros((32, 30), np.uint8),
        np.zeros((32, 0), np.uint8),
        np.zeros((1, 32, 32), np.uint8),
        np.zeros((32, 32), np.float32),
    ],
)
def test_other_shapes_and_types_are_refused(scorer, picture):
    """A float picture between 0 and 1 would be read as black, so it is an error."""
    with pytest.raises(ModelError, match=r"expected \(32, 4n\) and uint8"):
        scorer.scores(picture)


def test_scores_before_open_and_after_close_are_errors(scorer):
    """It says that it is closed."""
    scorer.close()
    with pytest.raises(ModelError, match="not loaded; open it first"):
        scorer.scores(np.zeros((ROW_PX, 64), np.uint8))


def test_a_damaged_file_and_one_of_another_kind_are_refused(copied):
    """By the checksum in its card, and by its tensors."""
    content = copied.read_bytes()
    copied.write_bytes(content[:-100])
    with pytest.raises(ModelError, match="SHA-256"):
        TfliteRowScorer(copied).open()
    digits = config.load().model.path
    copied.write_bytes(digits.read_bytes())
    card = json.loads(digits.with_suffix(".json").read_text())
    copied.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"expected uint8 \[1, 32"):
        TfliteRowScorer(copied).open()


def test_a_pipe_is_not_waited_for(tmp_path):
    """Nobody may ever write to it."""
    os.mkfifo(tmp_path / "rows.tflite")
    with pytest.raises(ModelError, match="a pipe or a device"):
        TfliteRowScorer(tmp_path / "rows.tflite").open()


def test_a_missing_model_names_its_place(tmp_path: Path):
    """No file: the path, and what to do."""
    with pytest.raises(ModelError, match=r"nowhere\.tflite cannot be read"):
        TfliteRowScorer(tmp_path / "nowhere.tflite").open()
