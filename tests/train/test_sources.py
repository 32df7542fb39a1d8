"""Fetching and converting, against a server of our own."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from train.errors import DownloadError, OutputError
from train.sets import Bhmsds, Semeion, UnipenDigits
from train.sources import SOURCES, Source, download, fetched

CONTENT = bytes(range(256)) * 2000
DATA = Path(__file__).parents[3] / "shared" / "data"


class Server(BaseHTTPRequestHandler):
    """Serves `CONTENT` or an archive, ranges too, and breaks off when it is told to."""

    files: dict[str, bytes]
    asked: list[str | None]
    stop_after: int | None

    def do_GET(self):
        """Answer as a web server does."""
        self.asked.append(self.headers["Range"])
        content = self.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers["Range"] else 0
        if begin >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin : self.stop_after])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    """The handler's class, and its address."""

    class Fresh(Server):
        files: ClassVar[dict[str, bytes]] = {"/file": CONTENT}
        asked: ClassVar[list[str | None]] = []
        stop_after = None

    with ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield Fresh, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def test_a_broken_download_goes_on_where_it_was(server, tmp_path):
    """The second try asks for the rest alone, and the whole file is right."""
    handler, address = server
    handler.stop_after = 100_000
    with pytest.raises(DownloadError, match=r"then go on|broke off"):
        download(address + "file", tmp_path / "file")
    assert not (tmp_path / "file").exists()
    have = (tmp_path / "file.part").stat().st_size
    assert 0 < have <= 100_000
    handler.stop_after = None
    download(address + "file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert handler.asked == [None, f"bytes={have}-"]


def test_a_part_that_was_whole_is_taken(server, tmp_path):
    """Killed between the last byte and the renaming."""
    _, address = server
    (tmp_path / "file.part").write_bytes(CONTENT)
    download(address + "file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_what_cannot_be_fetched_is_one_line(server, tmp_path, file_size_limit):
    """No such file, no server, no room."""
    _, address = server
    with pytest.raises(DownloadError, match="404"):
        download(address + "none", tmp_path / "file")
    with pytest.raises(DownloadError, match="look at the network"):
        download("http://127.0.0.1:9/file", tmp_path / "file")
    with file_size_limit(10_000), pytest.raises(OutputError, match="free space"):
        download(address + "file", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def archive(members: dict[str, bytes]) -> bytes:
    """A repository's .tar.gz with these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"repository-commit/{name}")
            entry.size = len(content)
            files.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def png(picture: np.ndarray) -> bytes:
    """As a file."""
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.fixture
def bhmsds_upstream(digits):
    """Three pictures as bhmsds names them, with what does not belong to the set beside them."""
    pictures = [255 - digits.model_inputs[row] for row in (3, 0, 13)]
    names = ("symbols/3-0000.png", "symbols/0-0001.png", "symbols/3-0002.png")
    members = {name: png(picture) for name, picture in zip(names, pictures, strict=True)}
    wanted = {"images": np.stack([pictures[1], pictures[0], pictures[2]]), "labels": np.array([0, 3, 3], np.uint8)}
    return {**members, "symbols/plus-0001.png": b"no digit", "readme.md": b"text"}, wanted


def sha256(arrays):
    """Of each array."""
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}


def test_a_set_is_fetched_converted_and_verified(server, tmp_path, bhmsds_upstream):
    """The real set's own conversion on a miniature; a second run fetches nothing, a damaged file is mended."""
    handler, address = server
    members, wanted = bhmsds_upstream
    handler.files["/bhmsds"] = archive(members)
    entry = Bhmsds(sha256(wanted))
    sources = {"bhmsds": Source([address + "bhmsds"], SOURCES["bhmsds"].wanted, SOURCES["bhmsds"].convert)}
    assert list(fetched([entry], tmp_path, sources)) == ["bhmsds: fetched"]
    with np.load(tmp_path / entry.place) as arrays:
        assert np.array_equal(arrays["images"], wanted["images"])
        assert arrays["source_id"].tolist() == [1, 0, 2]
    assert list(fetched([entry], tmp_path, sources)) == []
    packed = bytearray((tmp_path / entry.place).read_bytes())
    packed[200:300] = bytes(100)  # of what is compressed; the archive's own table of contents is whole
    for damaged in (b"half", packed):
        (tmp_path / entry.place).write_bytes(damaged)
        assert list(fetched([entry], tmp_path, sources)) == ["bhmsds: fetched"]
    assert [path.name for path in (tmp_path / "bhmsds").iterdir()] == ["bhmsds_digits.npz"]


def test_an_upstream_that_has_changed_replaces_nothing(server, tmp_path, bhmsds_upstream):
    """Other pictures, missing ones and a damaged archive are said; what stood there stays."""
    handler, address = server
    members, wanted = bhmsds_upstream
    entry = Bhmsds(sha256(wanted))
    sources = {"bhmsds": Source([address + "bhmsds"], SOURCES["bhmsds"].wanted, SOURCES["bhmsds"].convert)}
    path = tmp_path / entry.place
    path.parent.mkdir()
    path.write_bytes(b"mine")
    changed = {name: content for name, content in members.items() if "3-0002" not in name}
    for upstream, said in ((archive(changed), "SHA-256"), (archive({}), "upstream has changed"), (b"junk", "damaged")):
        handler.files["/bhmsds"] = upstream
        (line,) = fetched([entry], tmp_path, sources)
        assert said in line
        assert path.read_bytes() == b"mine"
        for left in path.parent.glob("*.tar.gz"):
            left.unlink()


def test_semeion_is_read_from_its_lines(server, tmp_path):
    """256 pixels and a one-hot label a line."""
    handler, address = server
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 2, (4, 256))
    labels = np.array([7, 0, 9, 3])
    table = np.hstack([pixels, np.eye(10)[labels]])
    lines = [" ".join(f"{value:.4f}" for value in row) for row in table]
    handler.files["/semeion"] = archive({"semeion.data": "\n".join(lines).encode(), "other": b"x"})
    wanted = {"images": (pixels * 255).astype(np.uint8).reshape(4, 16, 16), "labels": labels.astype(np.uint8)}
    sources = {"semeion": Source([address + "semeion"], SOURCES["semeion"].wanted, SOURCES["semeion"].convert)}
    entry = Semeion(sha256(wanted))
    assert list(fetched([entry], tmp_path, sources)) == ["semeion: fetched"]
    with np.load(tmp_path / entry.place) as arrays:
        assert np.array_equal(arrays["images"], wanted["images"])


def unipen_upstream(arrays, rng) -> list[bytes]:
    """The two archives that would give these digits: more pictures than are listed, and some digits twice."""
    names = [f"{48 + label}/{number}.png" for label, number in zip(arrays["labels"], arrays["source_id"], strict=True)]
    pictures = dict(zip(names, map(png, arrays["images"]), strict=True))
    lists = {part: [name for name, of in zip(names, arrays["split"], strict=True) if of == part] for part in range(3)}
    for row in rng.choice(len(names), min(50, len(names) // 3), replace=False):
        again = f"{names[row].removesuffix('.png')}99999.png"  # after it in the order of names
        pictures[again] = pictures[names[row]]
        lists[int(rng.integers(3))].append(again)
    for listed in lists.values():
        rng.shuffle(listed)
        listed.append("65/12.png")
    members = {f"_NumberDataSet/{name}": content for name, content in pictures.items()}
    members |= {"_NumberDataSet/48/7.png.txt": b"text", "_NumberDataSet/48/0-0001.png": b"of another set"}
    texts = {f"split/{name}.txt": "\n".join(lists[part]).encode() for part, name in enumerate(("trn", "val", "tst"))}
    return [archive(members), archive(texts)]


def fetched_unipen(server, tmp_path, arrays, entry):
    """What comes of these digits, from two archives by way of the network."""
    handler, address = server
    for number, content in enumerate(unipen_upstream(arrays, np.random.default_rng(3))):
        handler.files[f"/unipen-{number}"] = content
    known = SOURCES["unipen_digits"]
    sources = {entry.name: Source([f"{address}unipen-{n}" for n in range(2)], known.wanted, known.convert)}
    return list(fetched([entry], tmp_path, sources))


def test_unipen_is_named_by_its_lists_and_its_duplicates_are_dropped(server, tmp_path, digits):
    """Labels from the folders, parts from the lists, order by name; the first of equal pictures stays."""
    arrays = {
        "images": digits.model_inputs[[0, 10, 1, 2, 12]],
        "labels": np.array([0, 0, 1, 2, 2], np.uint8),
        "split": np.array([0, 2, 1, 0, 1], np.uint8),
        "source_id": np.array([101, 9, 12, 1000, 11], np.int32),
    }
    entry = UnipenDigits(sha256({name: arrays[name] for name in ("images", "labels", "split")}))
    assert fetched_unipen(server, tmp_path, arrays, entry) == ["unipen_digits: fetched"]
    with np.load(tmp_path / entry.place) as found:
        assert all(np.array_equal(found[name], values) for name, values in arrays.items())


@pytest.mark.shared
@pytest.mark.skipif(not (DATA / UnipenDigits().place).exists(), reason="needs ../shared/data")
def test_the_real_unipen_comes_out_with_its_recorded_checksums(server, tmp_path):
    """All 9,957 digits, taken apart into the files that upstream has, come back to the bytes of the data folder."""
    with np.load(DATA / UnipenDigits().place) as kept:
        arrays = dict(kept)
    assert fetched_unipen(server, tmp_path, arrays, UnipenDigits()) == ["unipen_digits: fetched"]
