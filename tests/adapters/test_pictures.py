"""Pictures of readings, kept only where they are wanted."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from device.adapters.pictures_jpeg import WIDTH_PX, JpegPictures
from device.errors import HistoryError

PICTURE = np.full((50, 2 * WIDTH_PX, 3), 180, np.uint8)


@pytest.fixture
def wanted(settings, tmp_path):
    """A configuration that keeps pictures of the two latest readings."""
    return replace(settings.history, pictures=tmp_path / "pictures", keep_pictures=True, keep=2)


def test_a_picture_is_kept_small(wanted):
    """As JPEG, no wider than is needed, and found again by its entry."""
    pictures = JpegPictures(wanted)
    pictures.keep(1, PICTURE)
    shown = cv2.imdecode(np.frombuffer(pictures.load(1), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (25, WIDTH_PX, 3)
    assert abs(int(shown.mean()) - 180) < 3
    assert pictures.load(2) is None


def test_it_goes_with_its_entry(wanted):
    """The oldest when there are more than readings are kept, one, or all."""
    pictures = JpegPictures(wanted)
    for entry in (1, 2, 3):
        pictures.keep(entry, PICTURE)
    assert [pictures.load(entry) is not None for entry in (1, 2, 3)] == [False, True, True]
    pictures.delete(2)
    pictures.delete(2)
    assert pictures.load(2) is None
    pictures.delete()
    assert list(wanted.pictures.iterdir()) == []


def test_what_a_former_history_had_is_not_shown_with_another(wanted):
    """One that kept more entries, or one that was damaged and is counted from 1 anew."""
    former = JpegPictures(replace(wanted, keep=10))
    for entry in range(1, 9):
        former.keep(entry, PICTURE)
    JpegPictures(wanted).keep(9, PICTURE)
    assert sorted(path.stem for path in wanted.pictures.iterdir()) == ["00000008", "00000009"]
    renewed = JpegPictures(wanted)
    renewed.keep(1, None)
    assert list(wanted.pictures.iterdir()) == []


def test_nothing_is_written_where_it_is_not_wanted(wanted):
    """But what was kept before can be seen and deleted."""
    JpegPictures(wanted).keep(1, PICTURE)
    pictures = JpegPictures(replace(wanted, keep_pictures=False))
    pictures.keep(2, PICTURE)
    assert [path.name for path in wanted.pictures.iterdir()] == ["00000001.jpg"]
    assert pictures.load(1)
    pictures.delete()
    assert pictures.load(1) is None


def test_a_full_disk_is_said(wanted, file_size_limit):
    """And leaves nothing that looks like a picture."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    with file_size_limit(100), pytest.raises(HistoryError, match="cannot be written"):
        JpegPictures(wanted).keep(1, noise)
    assert not list(wanted.pictures.glob("*.jpg"))
