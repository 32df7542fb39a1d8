"""Fetch a Vosk model, check it, unpack it beside the others: all of it, or nothing is left behind."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import stat
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from device import files, speech_models
from device.errors import RecognizerError

MOST_BYTES = 3 * 2**30
"""Of a model, packed or not: the largest published ones unpack to this; a zip bomb doesn't."""

_BLOCK_BYTES = 1 << 16
_ANSWER_SECONDS = 30.0
_TRIES = 4
"""A connection that breaks is taken up where it broke; after so many breaks in a row it is given up."""

Progress = Callable[[int, int | None], None]
"""Told how many bytes are there, and how many there will be where that is known."""


def install(  # noqa: PLR0913 - what a person may say of a model
    language: str,
    folder: Path,
    *,
    name: str | None = None,
    file: Path | None = None,
    sha256: str | None = None,
    source: str = speech_models.SOURCE,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Put a model into FOLDER/LANGUAGE/NAME; the folder it lies in then.

    Args:
        language: Code of a catalogue.
        folder: Of all installed models.
        name: Of the model; the small one published for that language when None, or the file's.
        file: The model as a zip file, instead of fetching it.
        sha256: Of the zip file, in hexadecimal; needed to fetch a model of which none is recorded.
        source: Address of the folder it is fetched from, http or https.
        progress: Called while it is fetched.

    Raises:
        RecognizerError: It cannot be fetched, is not what the checksum says, is no Vosk model, or there is no space.
    """
    published = speech_models.PUBLISHED.get(language)
    if name is None:
        name = file.stem if file else published.name if published else None
    if name is None or not name.replace("-", "").replace(".", "").replace("_", "").isalnum() or name.startswith("."):
        raise RecognizerError(f"which model? No small one is published for {language!r}: give --name, or --file")
    if sha256 is None and published is not None and published.name == name:
        sha256 = published.sha256
    place = folder / language / name
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if file is None:
            if sha256 is None:
                raise RecognizerError(
                    f"no checksum of {name} is recorded: give --sha256, or fetch {name}.zip yourself and give --file"
                )
            file = place.parent / f".{name}.zip.part"
            _fetch(f"{source.rstrip('/')}/{name}.zip", file, progress)
            _check(file, sha256, remove=True)
            _unpack(file, place)
            file.unlink()
        else:
            files.refuse_endless(file)
            if sha256 is not None:
                _check(file, sha256, remove=False)
            _unpack(file, place)
    except OSError as error:
        if isinstance(error, RecognizerError):
            raise
        raise RecognizerError(
            f"{error.filename or place}: {error.strerror or error}; {_remedy(error, file)}"
        ) from error
    return place


def _remedy(error: OSError, file: Path | None) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some space"
    if isinstance(error, PermissionError):
        return "run this as root"
    if file is not None and error.filename == str(file):
        return "name the zip file of a model"
    return "set [listening] models to a folder on another disk"


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """Load into the file, which may hold the beginning from another time."""
    if not url.startswith(("http://", "https://")):
        raise RecognizerError(f"{url}: only http and https can be fetched")
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _fetch_rest(url, part, before, progress):
                return
            problem = "the connection ended too early"
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                part.unlink()  # more than there is: it is another file's beginning
                continue
            raise RecognizerError(
                f"{url}: the server answers {error.code} {error.reason}; check name and network"
            ) from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
        got_more = part.exists() and part.stat().st_size > before
        tries = 1 if got_more else tries + 1
        if tries >= _TRIES:
            raise RecognizerError(f"{url}: cannot be fetched ({problem}); run this again, it goes on where it stopped")


def _fetch_rest(url: str, part: Path, before: int, progress: Progress) -> bool:
    """Append what is missing; whether all is there then."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={before}-"} if before else {})  # noqa: S310 - checked
    with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - checked
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        done = before if resumed else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        if max(done, total or 0) > MOST_BYTES:
            raise RecognizerError(f"{url}: has more than {MOST_BYTES >> 30} GB; that is no small model")
        _need_space(part.parent, (total or 0) - done)
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(_BLOCK_BYTES):
                file.write(block)
                done += len(block)
                progress(done, total)
                if done > MOST_BYTES:
                    raise RecognizerError(f"{url}: has more than {MOST_BYTES >> 30} GB; that is no small model")
            file.flush()
            os.fsync(file.fileno())
    return total is None or done >= total


def _need_space(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise RecognizerError(f"{folder}: {needed_bytes >> 20} MB are needed and {free >> 20} MB free; make some space")


def _check(file: Path, sha256: str, *, remove: bool) -> None:
    """Raise unless the file has that checksum."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != sha256.strip().lower():
        if remove:
            file.unlink()
        raise RecognizerError(
            f"{file.name}: has the SHA-256 {found}, not {sha256}: it is damaged or another; nothing was installed"
        )


def _unpack(file: Path, place: Path) -> None:
    """Unpack beside the place and move there once it is whole."""
    beside = place.with_name(f".{place.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive, file.name)
            _need_space(place.parent, sum(member.file_size for member, _ in members))
            for member, path in members:
                with archive.open(member) as content:
                    _write(content, beside / path, member.file_size)
        speech_models.check(beside)
        former = place.with_name(f".{place.name}.former")
        shutil.rmtree(former, ignore_errors=True)
        if place.exists():
            place.rename(former)
        beside.rename(place)
        shutil.rmtree(former, ignore_errors=True)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise RecognizerError(f"{file.name}: is not a whole zip file ({error}); fetch it again") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _members(archive: zipfile.ZipFile, name: str) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files in the archive's one folder, each with its path inside. Raises RecognizerError."""
    members = []
    for member in archive.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or stat.S_ISLNK(member.external_attr >> 16):
            raise RecognizerError(
                f"{name}: holds {member.filename!r}, which leads out of its folder; it was not unpacked"
            )
        if not member.is_dir():
            members.append((member, PurePosixPath(*path.parts[1:])))
    if sum(member.file_size for member, _ in members) > MOST_BYTES:
        raise RecognizerError(f"{name}: unpacks to more than {MOST_BYTES >> 30} GB; that is no small model")
    return members


def _write(content: IO[bytes], path: Path, size_bytes: int) -> None:
    """Copy a member, no more of it than the archive says it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        left = size_bytes
        while left and (block := content.read(min(left, _BLOCK_BYTES))):
            file.write(block)
            left -= len(block)
        file.flush()
        os.fsync(file.fileno())
