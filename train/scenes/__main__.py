"""Draw the bundled pictures again: python -m train.scenes device/pictures."""

from __future__ import annotations

import sys
from pathlib import Path

from train.errors import OutputError
from train.scenes import write_bundled


def main() -> int:
    """Write them into the folder named on the command line.

    Returns:
        0; 1 when they cannot be written; 2 for a wrong command line.
    """
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.stderr.write("usage: python -m train.scenes FOLDER\n")
        return 2
    try:
        paths = write_bundled(Path(sys.argv[1]))
    except OutputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in paths:
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
