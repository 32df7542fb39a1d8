"""Sets of handwriting as small classes of one shape, on made-up miniatures."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from device.preprocess import mnist_layout
from train.contact_sheet import contact_sheet
from train.data import check_digits
from train.errors import DataError
from train.sets import (
    SETS,
    Bhmsds,
    HandwritingSet,
    Mnist,
    Parts,
    Photographs,
    Semeion,
    UnipenDigits,
    cut_from,
    described,
    laid_out,
    learned,
    measured_on,
    read_arrays,
)
from train.settings import Settings

SETTINGS = Settings(validation=5, validation_share=0.2)


def sums(**arrays):
    """Checksums by name."""
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}


@pytest.fixture
def shelf(tmp_path, digits, write_idx):
    """A data folder with twenty digits of each set, and the sets that read it."""
    pictures, labels = digits.model_inputs[:20], digits.labels[:20]
    sha256 = {
        **write_idx(tmp_path / "mnist", "train", pictures, labels),
        **write_idx(tmp_path / "mnist", "t10k", pictures[:10], labels[:10]),
    }
    arrays = {
        "semeion/semeion": {"images": pictures, "labels": labels},
        "bhmsds/bhmsds_digits": {"images": 255 - pictures, "labels": labels},
        "unipen_digits/unipen_digits": {
            "images": pictures,
            "labels": labels,
            "split": np.array([0] * 8 + [1] * 5 + [2] * 7, np.uint8),
        },
    }
    for name, content in arrays.items():
        path = tmp_path / f"{name}.npz"
        path.parent.mkdir()
        np.savez(path, **content)
    photographs = write_photographs(tmp_path / "photo_digits", pictures[:6], labels[:6])
    sets = (
        Mnist(sha256),
        Bhmsds(sums(**arrays["bhmsds/bhmsds_digits"])),
        UnipenDigits(sums(**arrays["unipen_digits/unipen_digits"])),
        Semeion(sums(**arrays["semeion/semeion"])),
        Photographs("photo_digits", {"labels.csv": photographs}),
    )
    return tmp_path, sets


def write_photographs(folder, pictures, labels) -> str:
    """Dark ink on light paper as PNGs, by two writers in turn; the checksum of their list."""
    folder.mkdir()
    lines = ["file,label,writer,source,medium"]
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        large = cv2.resize(picture, (112, 112), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(
            str(folder / f"{number}.jpg"), cv2.cvtColor(230 - (large * 0.8).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        )
        lines.append(f"{number}.jpg,{label},{'ab'[number % 2]},here,drawn")
    content = ("\n".join(lines) + "\n").encode()
    (folder / "labels.csv").write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_every_set_comes_white_on_black_in_mnist_layout(shelf, digits):
    """Whatever their polarity, the pictures are what `mnist_layout` makes of white ink."""
    folder, sets = shelf
    expected = np.stack([mnist_layout(ink) for ink in digits.model_inputs[:20]])
    whole = {entry.name: entry.read(folder, SETTINGS).whole for entry in sets}
    assert np.array_equal(whole["semeion"].model_inputs, expected)
    assert np.array_equal(whole["bhmsds"].model_inputs, expected)
    assert np.array_equal(whole["unipen_digits"].model_inputs, expected[13:])
    assert whole["bhmsds"].labels.tolist() == list(range(10)) * 2


def test_photographs_are_cut_by_the_device_and_keep_their_writers(shelf, digits):
    """The finder sees the dark ink; what it cuts looks like the digit that was photographed."""
    folder, sets = shelf
    cut = sets[-1].read(folder, SETTINGS).whole
    assert cut.writers.tolist() == ["a", "b"] * 3
    assert cut.labels.tolist() == list(range(6))
    difference = np.abs(cut.model_inputs.astype(float) - digits.model_inputs[:6]).mean(axis=(1, 2))
    assert np.median(difference) < 15.0
    assert cut.part("some", np.array([1, 3])).writers.tolist() == ["b", "b"]


def test_a_photograph_of_nothing_is_a_blank(tmp_path):
    """It counts as one that was not read; it does not stop the measuring."""
    cv2.imwrite(str(tmp_path / "blank.jpg"), np.full((60, 60, 3), 220, np.uint8))
    assert not cut_from(tmp_path / "blank.jpg").any()
    with pytest.raises(DataError, match="cannot be read"):
        cut_from(tmp_path / "none.jpg")


def test_parts_share_nothing_and_are_the_same_each_time(shelf):
    """Sizes are those of the settings, or of the authors' own split; sets for measuring have no training part."""
    folder, sets = shelf
    found = {entry.name: described(entry.read(folder, SETTINGS)) for entry in sets}
    assert found == {
        "mnist": "15 learned from, 5 chosen by, 10 measured on",
        "bhmsds": "16 learned from, 4 chosen by",
        "unipen_digits": "8 learned from, 5 chosen by, 7 measured on",
        "semeion": "20 measured on",
        "photo_digits": "6 measured on",
    }


def test_what_is_learned_from_and_what_is_measured_on(shelf):
    """A set that was learned from is measured on by its test part alone; one that was not, by all of it."""
    folder, sets = shelf
    both = learned(folder, SETTINGS, sets)
    assert [part.set_name for part in both.training] == ["mnist", "bhmsds", "unipen_digits"]
    assert [len(part) for part in both.validation] == [5, 4, 5]
    counts = {digits.set_name: len(digits) for digits in measured_on(folder, SETTINGS, sets)}
    assert counts == {"mnist": 10, "unipen_digits": 7, "semeion": 20, "photo_digits": 6}
    alone = Settings(sets=("mnist",), validation=5, validation_share=0.2)
    counts = {digits.set_name: len(digits) for digits in measured_on(folder, alone, sets)}
    assert counts == {"mnist": 10, "bhmsds": 20, "unipen_digits": 7, "semeion": 20, "photo_digits": 6}


@pytest.mark.parametrize("names", [("semeion",), ("strange",), ()])
def test_only_sets_that_are_there_for_it_are_learned_from(shelf, names):
    """The sets for measuring, unknown ones and none at all are refused by name."""
    folder, sets = shelf
    with pytest.raises(DataError, match=r"only for measuring|there is no set"):
        learned(folder, Settings(sets=names), sets)


def test_sets_that_are_not_there_are_left_out_of_the_measuring(tmp_path):
    """Nobody needs them to train on MNIST."""
    assert list(measured_on(tmp_path, SETTINGS)) == []


def test_a_folder_that_nobody_can_look_into_is_named(tmp_path):
    """Not taken for an empty one, and no traceback; a name that is too long is the one that stops root as well."""
    folder = tmp_path / ("x" * 300)
    for look in (lambda: list(measured_on(folder, SETTINGS)), lambda: Semeion().read(folder, SETTINGS)):
        with pytest.raises(DataError, match=r"x{300}.* cannot be read \(.*\); .*give another --data"):
            look()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_of_another_user_is_named(shelf):
    """Its mode keeps this user out."""
    folder, sets = shelf
    folder.chmod(0)
    try:
        with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
            list(measured_on(folder, SETTINGS, sets))
    finally:
        folder.chmod(0o700)


def test_an_empty_folder_is_said_in_one_line(tmp_path):
    """Training needs the sets it names."""
    with pytest.raises(DataError, match=r"missing; run `digitbox-train data`"):
        learned(tmp_path, SETTINGS)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_a_damaged_file_is_one_line(shelf, content):
    """Empty, cut off and foreign files are named, with the next step."""
    folder, sets = shelf
    (folder / "semeion" / "semeion.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"semeion\.npz is not an \.npz file, .*copy it again"):
        sets[3].read(folder, SETTINGS)


def test_an_archive_cut_in_the_middle_is_one_line(shelf):
    """Its end, with the table of contents, may be missing, or a part of an array."""
    folder, sets = shelf
    path = folder / "semeion" / "semeion.npz"
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:500] + bytes(200) + content[700:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"semeion\.npz"):
            sets[3].read(folder, SETTINGS)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_whatever_byte_of_an_archive_is_wrong_is_one_line(tmp_path, save):
    """In the packed arrays, their headers or the table of contents: each makes zipfile or NumPy fail in its own way."""
    path = tmp_path / "set.npz"
    save(path, images=np.arange(4000, dtype=np.uint8).reshape(-1, 20, 20), labels=np.arange(10, dtype=np.uint8))
    content = path.read_bytes()
    rng = np.random.default_rng(2)
    for place in [*rng.integers(len(content), size=300), *range(content.index(b"PK\x01\x02"), len(content))]:
        damaged = bytearray(content)
        damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"set\.npz") as said:
            read_arrays(path, {"images": "none is this", "labels": "nor this"})
        assert "\n" not in str(said.value)


def test_other_content_by_the_right_name_is_refused_by_its_checksum(shelf):
    """Another set's arrays, or one changed pixel, are not trained on."""
    folder, sets = shelf
    path = folder / "bhmsds" / "bhmsds_digits.npz"
    with np.load(path) as arrays:
        images, labels = arrays["images"].copy(), arrays["labels"]
    images[0, 0, 0] ^= 1
    np.savez(path, images=images, labels=labels)
    with pytest.raises(DataError, match=r"SHA-256 of its array images is .*expected"):
        sets[1].read(folder, SETTINGS)
    np.savez(path, pictures=images)
    with pytest.raises(DataError, match=r"bhmsds_digits\.npz cannot be read"):
        sets[1].read(folder, SETTINGS)


@pytest.mark.parametrize(
    ("pictures", "labels", "said"),
    [
        (np.ones((2, 28, 28), np.uint8), np.array([3, 10], np.uint8), "labels are not digits from 0 to 9"),
        (np.ones((2, 28, 28), np.uint8), np.array([3], np.uint8), "1 labels"),
        (np.ones((2, 28), np.uint8), np.array([3, 4], np.uint8), r"images of shape \(2, 28\)"),
        (np.ones((2, 28, 28), np.float32), np.array([3, 4], np.uint8), "type float32"),
        (np.ones((0, 28, 28), np.uint8), np.array([], np.uint8), "labels are not digits"),
    ],
)
def test_contents_that_are_no_labelled_digits_are_refused(pictures, labels, said):
    """Labels beyond 9, another count, another shape or type, and nothing at all."""
    with pytest.raises(DataError, match=said):
        laid_out("made up", pictures, labels)


@pytest.mark.parametrize(
    ("content", "said"),
    [("file,label,writer\n", "lists no pictures"), ("file,label,writer\na.jpg,12,x\n", "'12', which is no digit")],
)
def test_lists_of_photographs_are_checked(tmp_path, content, said):
    """Empty lists and labels that are no digits."""
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "labels.csv").write_text(content)
    (tmp_path / "shots" / "a.jpg").write_bytes(cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    entry = Photographs("shots", {"labels.csv": hashlib.sha256(content.encode()).hexdigest()})
    with pytest.raises(DataError, match=said):
        entry.read(tmp_path, SETTINGS)
    with pytest.raises(DataError, match="expected 0000"):
        Photographs("shots", {"labels.csv": "0000"}).read(tmp_path, SETTINGS)


@dataclass(frozen=True)
class Crosses(HandwritingSet):
    """What the next set costs to add: this."""

    sha256: dict[str, str] = field(default_factory=dict)
    name: ClassVar[str] = "crosses"
    place: ClassVar[str] = "crosses.npy"

    def read(self, folder: Path, settings: Settings) -> Parts:
        """All of it is measured on."""
        pictures = np.load(folder / self.place)
        digits = laid_out(self.name, pictures, np.ones(len(pictures), np.uint8))
        return Parts(None, None, digits, digits)


def test_adding_a_set_takes_one_small_class(tmp_path, digits):
    """It is measured on with the others."""
    np.save(tmp_path / "crosses.npy", digits.model_inputs[:4])
    (found,) = measured_on(tmp_path, SETTINGS, (*SETS, Crosses()))
    check_digits(found)
    assert (found.name, len(found)) == ("crosses", 4)


def test_the_contact_sheet_shows_some_of_each_digit(digits):
    """Ten rows and a caption a set; a set that lacks a digit leaves its row black."""
    sheet = contact_sheet([digits, digits.part("sevens", np.flatnonzero(digits.labels == 7))])
    assert sheet.shape == (2 * (280 + 14), 672)
    rows = sheet[294 + 14 :].reshape(10, 28, 672).any(axis=(1, 2))
    assert rows.tolist() == [digit == 7 for digit in range(10)]
