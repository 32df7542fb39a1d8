"""Where the sets come from: fetched (a broken download goes on where it was), converted, verified, put in place.

The photographs of digits were cut by hand and have no upstream file; they are copied, with `--data`.
"""

from __future__ import annotations

import http.client
import io
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.data import FETCH_LIMIT_SECONDS, MNIST_MIRRORS, fetch_mnist
from train.errors import DataError, DownloadError, OutputError
from train.output import written_beside
from train.sets import HandwritingSet, Mnist, is_there, read_arrays

Arrays = Mapping[str, NDArray[np.generic]]
Members = Mapping[str, bytes]

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Source:
    """An upstream repository at one commit, and how its files become ours.

    Attributes:
        archives: Addresses of .tar.gz files of whole repositories.
        wanted: Which of their members are read, by the path below the archive's own folder.
        convert: Those members' contents, by that path, archive after archive -> the arrays of the .npz file.
    """

    archives: Sequence[str]
    wanted: Callable[[str], bool]
    convert: Callable[[Members], Arrays]


def fetched(
    sets: Sequence[HandwritingSet],
    folder: Path,
    sources: Mapping[str, Source] | None = None,
    mirrors: Sequence[str] = MNIST_MIRRORS,
) -> Iterator[str]:
    """Fetch what is missing or damaged of these sets; says of each what was done.

    Raises:
        DownloadError: MNIST cannot be had from any mirror. Other sets that cannot be had are only said to be missing:
            nobody needs all of them.
        OutputError: A file cannot be written.
    """
    known = SOURCES if sources is None else sources
    for entry in sets:
        if isinstance(entry, Mnist):
            fetch_mnist(folder / entry.place, mirrors, entry.sha256)
        elif entry.name in known:
            path = folder / entry.place
            try:
                read_arrays(path, entry.sha256)
            except DataError:
                try:
                    _fetch(known[entry.name], path, entry.sha256)
                    yield f"{entry.name}: fetched"
                except (DownloadError, DataError) as error:
                    yield f"{entry.name}: {error}"


def download(address: str, path: Path) -> None:
    """Fetch one file; what an earlier try left in `path`.part is not fetched again.

    Raises:
        DownloadError: The server cannot be reached or refuses, or the file ends too early.
        OutputError: It cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - our own addresses
    try:
        with urllib.request.urlopen(request, timeout=FETCH_LIMIT_SECONDS) as response:  # noqa: S310
            _append(response, part, whole=response.status != http.client.PARTIAL_CONTENT)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:  # that is a part that was whole already
            raise DownloadError(f"{address} cannot be fetched ({error}); look at the network") from error
    except (OutputError, DownloadError):
        raise
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{address} cannot be fetched ({error}); look at the network, then go on") from error
    part.replace(path)


def _append(response: http.client.HTTPResponse, part: Path, *, whole: bool) -> None:
    """Write what comes; the part stays when it breaks off. Raises OutputError, DownloadError."""
    expected = response.length
    received = 0
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb" if whole else "ab") as file:
            while chunk := _read(response):
                file.write(chunk)
                received += len(chunk)
    except DownloadError:
        raise
    except OSError as error:
        raise OutputError(f"{part} cannot be written ({error.strerror}); free space or give another --data") from error
    if expected is not None and received < expected:
        raise http.client.IncompleteRead(b"", expected - received)


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{response.url} broke off ({error}); run `digitbox-train data` again") from error


def _fetch(source: Source, path: Path, sha256: Mapping[str, str]) -> None:
    """Download, convert and verify; only then it takes its place. Raises DownloadError, DataError, OutputError."""
    members: dict[str, bytes] = {}
    for number, address in enumerate(source.archives):
        archive = path.with_name(f"{path.stem}.{number}.tar.gz")
        if not is_there(archive):
            download(address, archive)
        members.update(_members(archive, source.wanted))
    try:
        arrays = source.convert(members)
    except (KeyError, ValueError, cv2.error) as error:
        raise DataError(f"{path.name} cannot be converted ({error}): upstream has changed") from error
    with written_beside(path) as partial:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)
        verified = partial.with_suffix(".npz")
        partial.replace(verified)
        try:
            read_arrays(verified, sha256)
        finally:
            verified.replace(partial)
    for number in range(len(source.archives)):
        path.with_name(f"{path.stem}.{number}.tar.gz").unlink()


def _members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Path below the archive's own folder, and content. Raises DataError."""
    try:
        with tarfile.open(archive) as files:
            for member in files:
                name = str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))
                file = files.extractfile(member) if member.isfile() and wanted(name) else None
                if file is not None:
                    yield name, file.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        archive.unlink(missing_ok=True)
        raise DataError(f"{archive} is damaged ({error}); run `digitbox-train data` again") from error


def _bhmsds(members: Members) -> Arrays:
    """symbols/D-NNNN.png -> pictures in the order of their names."""
    names = sorted(members)
    keys = [PurePosixPath(name).stem.split("-") for name in names]
    return {
        "images": np.stack([_grey(members[name]) for name in names]),
        "labels": np.array([int(digit) for digit, _ in keys], np.uint8),
        "source_id": np.array([int(number) for _, number in keys], np.int16),
    }


def _semeion(members: Members) -> Arrays:
    """semeion.data: in a line 256 pixels, 0 or 1, then the label, one-hot."""
    table = np.loadtxt(io.BytesIO(members["semeion.data"]))
    return {
        "images": (table[:, :256] * 255).astype(np.uint8).reshape(-1, 16, 16),
        "labels": table[:, 256:266].argmax(axis=1).astype(np.uint8),
    }


def _unipen_digits(members: Members) -> Arrays:
    """split/{trn,val,tst}.txt name the pictures, each in a folder named by its character's code: 48/101.png is a 0.

    They stand in the order of their names; of pictures that are alike, pixel by pixel, the first is kept.
    """
    parts = {
        line.strip(): number
        for number, part in enumerate(("trn", "val", "tst"))
        for line in members[f"split/{part}.txt"].decode().splitlines()
        if line.strip() and _is_digit(line.strip())
    }
    kept: dict[bytes, tuple[str, Pixels]] = {}
    for name in sorted(parts):
        picture = _grey(members[f"{UNIPEN_FOLDER}/{name}"])
        kept.setdefault(picture.tobytes(), (name, picture))
    names = [PurePosixPath(name) for name, _ in kept.values()]
    return {
        "images": np.stack([picture for _, picture in kept.values()]),
        "labels": np.array([int(name.parent.name) - ord("0") for name in names], np.uint8),
        "split": np.array([parts[str(name)] for name in names], np.uint8),
        "source_id": np.array([int(name.stem) for name in names], np.int32),
    }


UNIPEN_FOLDER = "_NumberDataSet"


def _is_digit(name: str) -> bool:
    """Whether a picture of the UNIPEN set, as 48/101.png, shows one."""
    folder, _, file = name.partition("/")
    return folder in {str(ord(digit)) for digit in "0123456789"} and file.removesuffix(".png").isdigit()


def _grey(png: bytes) -> Pixels:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError("a picture cannot be read")
    return np.asarray(picture, np.uint8)


def _archive(repository: str, commit: str) -> str:
    return f"https://codeload.github.com/{repository}/tar.gz/{commit}"


SOURCES: Mapping[str, Source] = {
    "bhmsds": Source(
        [_archive("wblachowski/bhmsds", "07d208e41923b061e338c241e59daacdd2752d53")],
        lambda name: name.startswith("symbols/") and name[8:9].isdigit() and name[9:10] == "-",
        _bhmsds,
    ),
    "unipen_digits": Source(
        [
            _archive("jeng-a-yo/Final-Project", "b3602b753506e76bac4ce89245ad2156204b334b"),
            _archive("sueiras/handwritting_characters_database", "fe153a7da2c311d8c81ffe367d2c9bffbc71688e"),
        ],
        lambda name: name.startswith("split/") or _is_digit(name.removeprefix(f"{UNIPEN_FOLDER}/")),
        _unipen_digits,
    ),
    "semeion": Source(
        [_archive("iamb2/Semion-Digits", "d9a28192f36006abd6e07491e73a2cdb6086c911")],
        lambda name: name == "semeion.data",
        _semeion,
    ),
}
"""As the table in the data folder's README says. Which one of unipen_digits' duplicates is kept is not written there;
should it not be the first by name, the checksums say so and nothing is replaced."""
