"""Draw photographs, or measure the box on them: python -m train.photographs draw|measure --help."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from train.photographs.files import KINDS, SEEDS, shots, write_shots
from train.photographs.hands import Part, pools


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, or 2 for a wrong command line (argparse exits by itself)."""
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(prog="python -m train.photographs", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="draw")
    draw = commands.add_parser("draw", help="write photographs and labels.csv")
    draw.add_argument("--kind", choices=list(KINDS), default="mixed")
    draw.add_argument("--count", type=int, default=100, help="photographs, or bursts")
    draw.add_argument("--part", choices=[part.value for part in Part], default="training", help="whose handwriting")
    draw.add_argument("--seed", type=int, help="default: the part's own")
    draw.add_argument("--data", type=Path, default=Path("../shared/data"), help="where the sets of handwriting are")
    draw.add_argument("--out", type=Path, required=True)
    draw.set_defaults(run=_draw)
    chosen = parser.parse_args(arguments)
    result: int = chosen.run(chosen)
    return result


def _draw(chosen: argparse.Namespace) -> int:
    part = Part(chosen.part)
    seed = SEEDS[part] if chosen.seed is None else chosen.seed
    files = write_shots(chosen.out, shots(chosen.kind, pools(chosen.data, part), chosen.count, seed))
    sys.stdout.write(f"{files} photographs and labels.csv in {chosen.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
