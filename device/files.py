"""Files that somebody has named."""

from __future__ import annotations

import errno
from pathlib import Path


def refuse_endless(path: Path) -> None:
    """Raise OSError where there is a pipe or a device: it may be waited for, or read, for ever."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
