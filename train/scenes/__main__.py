"""Draw the bundled pictures again: python -m train.scenes device/pictures."""

from __future__ import annotations

import sys
from pathlib import Path

from train.exits import exit_status
from train.scenes import write_bundled


def main() -> int:
    """Write them into the folder named on the command line.

    Returns:
        0; 1 when they cannot be written; 2 for a wrong command line.
    """
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.stderr.write("usage: python -m train.scenes FOLDER\n")
        return 2
    return exit_status(lambda: _write(Path(sys.argv[1])))


def _write(folder: Path) -> int:
    for path in write_bundled(folder):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
