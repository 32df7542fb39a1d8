"""Pictures kept for learning."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from device.adapters.samples_png import PngSamples
from device.errors import HistoryError

PICTURE = np.full((20, 15, 3), 200, np.uint8)


def test_a_sample_is_kept_under_its_digit(tmp_path):
    """Twice the same makes two files, each the picture itself."""
    samples = PngSamples(tmp_path / "samples")
    samples.keep(PICTURE, 7)
    samples.keep(PICTURE, 7)
    paths = sorted((tmp_path / "samples").rglob("*.*"))
    assert [str(path.relative_to(tmp_path)) for path in paths] == ["samples/7/00001.png", "samples/7/00002.png"]
    assert np.array_equal(cv2.imread(str(paths[0])), PICTURE)


def test_all_of_them_can_be_deleted(tmp_path):
    """Also when there are none."""
    samples = PngSamples(tmp_path / "samples")
    samples.delete()
    samples.keep(PICTURE, 0)
    samples.delete()
    assert list(tmp_path.iterdir()) == []


def test_there_is_a_limit(tmp_path):
    """The disk of a box that runs for months stays free."""
    samples = PngSamples(tmp_path, most=2)
    samples.keep(PICTURE, 1)
    samples.keep(PICTURE, 2)
    with pytest.raises(HistoryError, match="holds 2 samples"):
        samples.keep(PICTURE, 3)


def test_a_full_disk_is_said(tmp_path, file_size_limit):
    """And leaves nothing that looks like a picture."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    with file_size_limit(100), pytest.raises(HistoryError, match="cannot keep a sample"):
        PngSamples(tmp_path).keep(noise, 1)
    assert not list(tmp_path.rglob("*.png"))
