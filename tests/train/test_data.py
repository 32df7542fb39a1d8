"""Reading, verifying, fetching and splitting the digits."""

from __future__ import annotations

import gzip
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from train.data import (
    DigitSet,
    calibration_set,
    fetch_mnist,
    parse_idx,
    read_mnist,
    split,
)
from train.errors import DataError, DownloadError
from train.settings import Settings

SHARED_MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"


LABELS = np.array([7, 0, 9])


@pytest.fixture
def images():
    """Three pictures."""
    return np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)


def test_idx_files_are_read_as_they_were_written(write_idx, tmp_path, images):
    """Images and labels come back byte for byte, from gzipped files and from plain ones."""
    sha256 = write_idx(tmp_path, "train", images, LABELS)
    digits = read_mnist(tmp_path, "train", sha256)
    assert np.array_equal(digits.model_inputs, images)
    assert digits.labels.tolist() == [7, 0, 9]
    for packed in tmp_path.glob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert np.array_equal(read_mnist(tmp_path, "train", sha256).model_inputs, images)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "begins b''"),
        (b"PNG!", "begins b'PNG!'"),
        (bytes([0, 0, 8, 1, 0, 0]), "begins"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3]), "has 13 bytes, this one 11"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]), "has 9 bytes, this one 10"),
    ],
)
def test_damaged_idx_files_are_refused(content, said):
    """Empty, foreign, truncated and overlong contents are told apart in the message."""
    with pytest.raises(DataError, match=said):
        parse_idx(content, 1)


def test_wrong_checksum_names_file_and_next_step(write_idx, tmp_path, images):
    """A file that is whole but not the original one is not trained on."""
    sha256 = write_idx(tmp_path, "train", images, LABELS)
    write_idx(tmp_path, "train", images + 1, LABELS)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte: the SHA-256 .* `digitbox-train data`"):
        read_mnist(tmp_path, "train", sha256)


def test_truncated_archive_is_said_plainly(write_idx, tmp_path, images):
    """Half a gzip file gives one message, whatever gzip raises."""
    sha256 = write_idx(tmp_path, "train", images, LABELS)
    packed = tmp_path / "train-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        read_mnist(tmp_path, "train", sha256)


def test_missing_folder_names_the_command_that_fetches(tmp_path):
    """Who has no data yet is told how to get it."""
    with pytest.raises(DataError, match=r"is missing; run `digitbox-train data`"):
        read_mnist(tmp_path / "nowhere", "train")


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.zeros((2, 28, 28)), np.array([3, 10]), "not digits from 0 to 9"),
        (np.zeros((2, 28, 28)), np.array([3]), "2, 28, 28.* and 1 labels"),
        (np.zeros((1, 27, 28)), np.array([3]), r"\(1, 27, 28\)"),
        (np.zeros((0, 28, 28)), np.zeros(0), "not digits"),
    ],
)
def test_contents_that_are_no_labelled_digits_are_refused(write_idx, tmp_path, images, labels, said):
    """Labels above 9, another count, another size and an empty set never reach the training."""
    sha256 = write_idx(tmp_path, "train", images, labels)
    with pytest.raises(DataError, match=said):
        read_mnist(tmp_path, "train", sha256)


class Mirror(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path):
    """A folder, and its address on a local web server."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Mirror, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_fetch_takes_the_first_mirror_that_is_right(write_idx, tmp_path, mirror, images):
    """A mirror without the files, and one with other files, are passed over; the result verifies."""
    folder, address = mirror
    sha256 = write_idx(folder, "train", images, LABELS)
    write_idx(folder / "other", "train", images + 1, LABELS)
    fetch_mnist(tmp_path / "data", [address + "none/", address + "other/", address], sha256)
    assert read_mnist(tmp_path / "data", "train", sha256).labels.tolist() == [7, 0, 9]


def test_fetch_leaves_alone_what_is_right_and_mends_what_is_not(write_idx, tmp_path, mirror, images):
    """A second run repairs a damaged file and doesn't touch a good one."""
    folder, address = mirror
    sha256 = write_idx(folder, "train", images, LABELS)
    data = tmp_path / "data"
    fetch_mnist(data, [address], sha256)
    good, damaged = data / "train-labels-idx1-ubyte.gz", data / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(b"half")
    before = good.stat().st_ino
    fetch_mnist(data, [address], sha256)
    assert good.stat().st_ino == before
    assert np.array_equal(read_mnist(data, "train", sha256).model_inputs, images)


def test_fetch_without_a_right_mirror_keeps_the_old_file_and_says_why(tmp_path, mirror):
    """No half or wrong file is put in place; what is wrong with it and each mirror's reason are named."""
    _, address = mirror
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"mine")
    with pytest.raises(DownloadError, match=r"cannot be read .*; and it cannot be fetched: .*404.*look at") as said:
        fetch_mnist(tmp_path, [address], {"train-images-idx3-ubyte": "0" * 64})
    assert "run `digitbox-train data`" not in str(said.value)  # that is what was run
    assert [path.name for path in tmp_path.glob("*ubyte*")] == ["train-images-idx3-ubyte.gz"]
    assert (tmp_path / "train-images-idx3-ubyte.gz").read_bytes() == b"mine"


def test_split_is_seeded_and_has_no_digit_twice():
    """The parts share nothing, hold everything, and depend on the seed alone."""
    digits = DigitSet("numbered", np.zeros((100, 28, 28), np.uint8), np.arange(100, dtype=np.uint8))
    training, validation = split(digits, validation=30, seed=4)
    assert len(validation) == 30
    assert sorted([*training.labels, *validation.labels]) == list(range(100))
    assert np.array_equal(split(digits, validation=30, seed=4)[1].labels, validation.labels)
    assert not np.array_equal(split(digits, validation=30, seed=5)[1].labels, validation.labels)


@pytest.mark.parametrize("count", [0, 100])
def test_split_refuses_to_leave_a_part_empty(count):
    """Neither part can be all of the digits."""
    digits = DigitSet("few", np.zeros((100, 28, 28), np.uint8), np.zeros(100, np.uint8))
    with pytest.raises(DataError, match="can't be kept for validation"):
        split(digits, validation=count, seed=1)


def test_calibration_list_needs_the_whole_training_set(digits):
    """Rows beyond the end of a smaller set are an error, not an IndexError; so is a list of none of its digits."""
    with pytest.raises(DataError, match=r"calibration\.txt names row"):
        calibration_set([digits])
    with pytest.raises(DataError, match=r"calibration\.txt lists no digit of strange"):
        calibration_set([DigitSet("strange", digits.model_inputs, digits.labels)])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_MNIST.is_dir(), reason="needs ../shared/data/mnist")
def test_mnist_itself_is_what_we_think():
    """The checksums in the code are those of the real files, and the calibration list names fifty of each digit."""
    training, test = read_mnist(SHARED_MNIST, "train"), read_mnist(SHARED_MNIST, "t10k")
    assert (len(training), len(test)) == (60_000, 10_000)
    assert training.model_inputs.mean() == pytest.approx(33.318, abs=0.001)
    part, _ = split(training, validation=Settings().validation, seed=Settings().seed)
    chosen = {picture.tobytes() for picture in calibration_set([part])}
    rows = [row for row, picture in enumerate(part.model_inputs) if picture.tobytes() in chosen]
    assert np.bincount(part.labels[rows]).tolist() == [50] * 10
