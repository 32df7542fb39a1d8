"""How many real photographs are read right: python tests/measure_photographs.py [DATA], DATA being ../shared/data.

Run by hand. Prints, for each set and writer, the share read right whatever the status, with its 95 % interval (Wilson
1927, doi:10.1080/01621459.1927.10502953), and how many of the answers given as `ok` are wrong.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from device import compose, config, images
from device.domain import Status

SETS = ("photo_digits", "sudoku_photo", "photo_numbers")


@dataclass
class Tally:
    """Counts of one writer."""

    pictures: int = 0
    right: int = 0
    ok: int = 0
    wrong_ok: int = 0


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, right / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - spread) / (1 + z * z / of), (middle + spread) / (1 + z * z / of)


def measure(folder: Path, reader: compose.ModelReader) -> dict[str, Tally]:
    """Read every picture of a set; tallies by writer, and under "all"."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    with (folder / "labels.csv").open(encoding="utf-8") as labels:
        for row in csv.DictReader(labels):
            reading = reader.read([images.load(folder / row["file"])])
            right = reading.number.replace(" ", "") == row["label"]
            for tally in (tallies[row["writer"]], tallies["all"]):
                tally.pictures += 1
                tally.right += right
                tally.ok += reading.status is Status.OK
                tally.wrong_ok += reading.status is Status.OK and not right
    return tallies


def main() -> None:
    """Print the table."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    reader = compose.ModelReader(config.load())
    reader.open()
    print(f"{'set':14} {'writer':14} {'right':>12} {'95 % interval':>16} {'ok':>5} {'wrong ok':>9}")
    for name in SETS:
        tallies = measure(data / name, reader)
        shown = tallies if len(tallies) < 8 else {"all": tallies["all"]}  # sudoku's writers are puzzles
        for writer, tally in shown.items():
            low, high = wilson(tally.right, tally.pictures)
            right = f"{tally.right} of {tally.pictures}"
            print(f"{name:14} {writer:14} {right:>12} {low:8.1%}-{high:.1%} {tally.ok:5} {tally.wrong_ok:9}")


if __name__ == "__main__":
    main()
