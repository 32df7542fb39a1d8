"""Layouts that lie in folders: what each shows, and the table of what is read of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawing import STROKES, write

from device.domain import Box, Pixels
from train.photographs.__main__ import main
from train.photographs.answers import opened
from train.photographs.hands import Pool
from train.photographs.scans import LAYOUTS, Hand, Layout, compare


def drawn_pool() -> Pool:
    """One picture of each digit that `drawing` knows; the others are written with its zero."""
    pictures = np.zeros((len(STROKES), 28, 28, 3), np.uint8)
    for picture, digit in zip(pictures, STROKES, strict=True):
        write(picture, digit, Box(8, 4, 11, 19), pen_px=3, luma=255)
    known = list(STROKES)
    rows = tuple(np.array([known.index(digit) if digit in known else 0]) for digit in range(10))
    return Pool("drawn", np.ascontiguousarray(pictures[..., 0]), rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_the_same_for_the_same_chance(layout: Layout) -> None:
    """And has ink and ground, and a digit at least for what it says."""
    (first, label), (second, same) = (layout(Hand(drawn_pool(), np.random.default_rng(4))) for _ in range(2))
    assert np.array_equal(first, second)
    assert label == same
    assert label.isdigit()
    assert float(first.min()) < 60.0
    assert float(first.max()) > 200.0


def parts_of(picture: Pixels) -> int:
    """Connected parts of its ink, dark on white."""
    return cv2.connectedComponents((picture < 128).astype(np.uint8))[0] - 1


@pytest.mark.parametrize(
    ("name", "parts"), [("cut_to_ink", 1), ("cut_along_frame", 2), ("in_frame", 2), ("in_ring", 2), ("underlined", 4)]
)
def test_what_is_beside_the_digits_is_of_another_part(name: str, parts: int) -> None:
    """A frame, a ring and a free line touch nothing; all drawn digits but the five are one part."""
    (layout,) = (one for one in LAYOUTS if one.__name__ == name)
    pool = drawn_pool()
    without_five = Pool(pool.name, pool.pictures, tuple(pool.rows[0 if digit == 5 else digit] for digit in range(10)))
    hand = Hand(without_five, np.random.default_rng(7))
    assert {parts_of(layout(hand)[0]) for _ in range(8)} == {parts}


def test_the_table_counts_what_is_read() -> None:
    """Pictures of zeros under any label: nearly all are answered surely, and wrongly but for the zeros among them."""
    pool = drawn_pool()
    zeros = Pool("zeros", pool.pictures, (pool.rows[0],) * 10)
    header, _, *rows = compare([zeros], 2, 5, opened()).splitlines()
    assert header.split("|")[1:3] == [" layout ", " set "]
    pictures, right, ok, wrong = np.array([[int(cell) for cell in row.split("|")[3:7]] for row in rows]).T
    assert pictures.tolist() == [2] * len(LAYOUTS)
    assert ok.sum() >= 0.9 * pictures.sum()
    assert (wrong >= ok - right).all()
    assert wrong.sum() > right.sum()


def test_without_a_set_there_is_nothing_to_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says where it looked; nothing is written."""
    assert main(["scans", "--data", str(tmp_path), "--out", str(tmp_path / "table.md")]) == 1
    assert str(tmp_path) in capsys.readouterr().err
    assert not (tmp_path / "table.md").exists()
