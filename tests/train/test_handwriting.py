"""Other people's handwriting, from made-up miniatures of the sets."""

from __future__ import annotations

import numpy as np
import pytest

from device.preprocess import mnist_layout
from train.errors import DataError
from train.handwriting import handwriting


@pytest.fixture
def shelf(tmp_path, digits):
    """A folder with the three sets, ten drawn digits each, in the layout and polarity of the real ones."""
    pictures, labels = digits.model_inputs[:10], digits.labels[:10]
    for folder, name, arrays in (
        ("semeion", "semeion", {"images": pictures}),
        ("bhmsds", "bhmsds_digits", {"images": 255 - pictures}),
        ("unipen_digits", "unipen_digits", {"images": pictures, "split": np.array([0] * 4 + [1] * 3 + [2] * 3)}),
    ):
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / f"{name}.npz", labels=labels, **arrays)
    return tmp_path


def test_every_set_comes_white_on_black_in_mnist_layout(shelf, digits):
    """Whatever their polarity, the pictures are what `mnist_layout` makes of white ink."""
    sets = {found.name: found for found in handwriting(shelf)}
    assert sets.keys() == {"semeion", "bhmsds", "unipen_digits test"}
    expected = np.stack([mnist_layout(ink) for ink in digits.model_inputs[:10]])
    assert np.array_equal(sets["semeion"].model_inputs, expected)
    assert np.array_equal(sets["bhmsds"].model_inputs, expected)
    assert sets["bhmsds"].labels.tolist() == list(range(10))


def test_only_the_test_split_of_unipen_is_measured_on(shelf):
    """Training on the other splits is a later issue's; measuring on them would spoil it."""
    sets = {found.name: found for found in handwriting(shelf)}
    assert sets["unipen_digits test"].labels.tolist() == [7, 8, 9]


def test_sets_that_are_not_there_are_left_out(tmp_path):
    """Nobody needs them to train."""
    assert list(handwriting(tmp_path)) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_a_damaged_file_is_one_line(shelf, content):
    """Empty, cut off and foreign files are named, with the next step."""
    (shelf / "semeion" / "semeion.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"semeion\.npz is not an \.npz file, .*copy it again"):
        list(handwriting(shelf))


def test_a_set_without_its_arrays_is_one_line(shelf):
    """Another set's file by the right name has other arrays."""
    np.savez(shelf / "semeion" / "semeion.npz", pictures=np.zeros((1, 16, 16), np.uint8))
    with pytest.raises(DataError, match=r"semeion\.npz cannot be read"):
        list(handwriting(shelf))
