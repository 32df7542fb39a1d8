"""Digits cut out of drawn photographs by the device's own finder."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from device.domain import Box, Frame
from train.cuts import cut_digits, cut_from_photograph
from train.errors import DataError
from train.settings import Settings
from train.views import NOT_A_DIGIT

FEW = replace(Settings(), photographs=3)


def sheet():
    """A four, an eight, and a two and a seven that touch; and where they are."""
    pixels = np.full((480, 900, 3), 235, np.uint8)
    for text, left in (("4", 90), ("8", 330), ("2", 570), ("7", 638)):
        cv2.putText(pixels, text, (left, 330), cv2.FONT_HERSHEY_SIMPLEX, 6.0, (40, 30, 30), 14, cv2.LINE_AA)
    cv2.line(pixels, (600, 200), (700, 200), (40, 30, 30), 14)
    boxes = [Box(left, 195, 105, 140) for left in (90, 330)] + [Box(575, 195, 70, 140), Box(645, 195, 80, 140)]
    return Frame(pixels, source="drawn"), boxes


def test_whole_digits_are_cut_and_two_in_one_are_no_digit():
    """A digit alone keeps its label; what the finder did not take apart is labelled "not a digit"."""
    frame, boxes = sheet()
    found = cut_from_photograph(frame, "4827", boxes)
    assert [label for _, label in found] == [4, 8, NOT_A_DIGIT]
    assert all(picture.shape == (28, 28) and picture.max() > 200 for picture, _ in found)


def test_a_digit_outside_the_picture_and_other_writing_are_left_out():
    """Only what the truth names is kept."""
    frame, boxes = sheet()
    assert [label for _, label in cut_from_photograph(frame, "4", boxes[:1])] == [4]
    assert cut_from_photograph(frame, "4", [None]) == []


def test_cuts_are_kept_and_the_same_each_time(tmp_path):
    """Without any set the digits are in drawn hands; a second call reads what the first one kept."""
    made = cut_digits(tmp_path / "none", FEW, tmp_path)
    (kept,) = tmp_path.glob("cuts-*.npz")
    written = kept.stat().st_mtime_ns
    again = cut_digits(tmp_path / "none", FEW, tmp_path)
    assert len(made) > 2
    assert made.model_inputs.shape[1:] == (28, 28)
    assert np.array_equal(made.model_inputs, again.model_inputs)
    assert np.array_equal(made.labels, again.labels)
    assert kept.stat().st_mtime_ns == written
    kept.write_bytes(b"half")
    with pytest.raises(DataError, match="delete it"):
        cut_digits(tmp_path / "none", FEW, tmp_path)
