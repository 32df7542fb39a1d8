"""Writing a file so that after a power cut it is there whole, and where it belongs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FSTAB = Path("/etc/fstab")


def write(path: Path, content: bytes, *, like: os.stat_result | None = None) -> None:
    """Write beside, flush to the disk, rename, flush the folder; the folder is made if need be.

    Args:
        path: Of the file.
        content: All of it.
        like: Of a file whose rights the new one is to have, and, where root writes, its owner.

    Raises:
        OSError: The disk is full, or may not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            if like is not None:
                os.fchmod(file.fileno(), like.st_mode & 0o7777)
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)  # on a full disk what was begun takes the last of it
        raise
    flush(path.parent)


def flush(folder: Path) -> None:
    """Let the names in a folder reach the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lacks_its_disk(folder: Path) -> bool:
    """Whether fstab(5) names a mount at this folder, as the installer writes one, and nothing is mounted there.

    What is written there then lies below: it is hidden once the disk is back, and on a read-only root gone at the
    next start.
    """
    try:
        lines = FSTAB.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    named = any(words[1:2] == [str(folder)] for line in lines if (words := line.partition("#")[0].split()))
    return named and not folder.is_mount()
