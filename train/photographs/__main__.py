"""Draw photographs, show some, measure the box on them: python -m train.photographs COMMAND -h."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from train.arguments import folder, positive, result, seed
from train.exits import exit_status
from train.photographs.answers import opened
from train.photographs.files import KINDS, SEEDS, shot, shots, write_shots
from train.photographs.fusing import compare
from train.photographs.hands import Part, Pool, pools
from train.photographs.measure import PARTS, Plan, measure
from train.photographs.mistakes import overview
from train.photographs.optics import jpeg
from train.photographs.scans import compare as compare_scans
from train.photographs.weights import fit

SHOWN = {"single": 6, "number": 12, "sheet": 6, "turned": 6, "negative": 12, "spoilt": 12}
"""Photographs of each kind in the picture that `show` makes."""


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0; 1 when something cannot be read or written, or Ctrl-C; 2 for a wrong command line."""
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(prog="python -m train.photographs", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="draw|show|measure|scans|fusing|weights")
    draw = commands.add_parser("draw", help="write photographs and labels.csv")
    draw.add_argument("--kind", choices=list(KINDS), default="mixed")
    draw.add_argument("--count", type=positive, default=100, help="photographs, or bursts")
    draw.set_defaults(run=_draw)
    take = commands.add_parser("measure", help="issue 4's table, with pictures of every mistake")
    take.add_argument("--count", type=positive, default=2000, help="scenes; the other kinds follow in proportion")
    take.add_argument("--config", type=Path, nargs="*", default=[], help="files laid over the box's configuration")
    take.add_argument("--workers", type=positive, default=1, help="processes")
    take.add_argument("--only", choices=PARTS, nargs="*", default=[], help="these parts of the table")
    take.set_defaults(run=_measure)
    show = commands.add_parser("show", help="one picture of some photographs of every kind")
    show.set_defaults(run=_show)
    scan = commands.add_parser("scans", help="digits as they lie in folders: crops, frames, strips, underlined ones")
    scan.add_argument("--count", type=positive, default=100, help="pictures of each layout and set")
    scan.set_defaults(run=_scan)
    fuse = commands.add_parser("fusing", help="the ways to fuse a burst, compared")
    fuse.add_argument("--count", type=positive, default=100, help="bursts of five frames")
    fuse.set_defaults(run=_fuse)
    weigh = commands.add_parser("weights", help="fit what the finder and the judge weigh")
    weigh.add_argument("--count", type=positive, default=400, help="scenes with digits; the negatives follow")
    weigh.set_defaults(run=_weigh)
    parts = {draw: Part.TRAINING, show: Part.TUNING, take: Part.HELD_OUT}
    parts |= {scan: Part.TUNING, fuse: Part.TUNING, weigh: Part.TUNING}
    for command, part in parts.items():
        command.add_argument(
            "--part", choices=[one.value for one in Part], default=part.value, help="whose handwriting"
        )
        command.add_argument("--seed", type=seed, help="default: the part's own")
        command.add_argument("--data", type=folder, default=Path("../shared/data"), help="where the sets are")
        command.add_argument("--out", type=Path if command in (draw, take) else result, required=True)
    chosen = parser.parse_args(arguments)
    return exit_status(lambda: chosen.run(chosen))


def _draw(chosen: argparse.Namespace) -> int:
    files = write_shots(chosen.out, shots(chosen.kind, _hands(chosen), chosen.count, _seed(chosen)))
    sys.stdout.write(f"{files} photographs and labels.csv in {chosen.out}\n")
    return 0


def _hands(chosen: argparse.Namespace) -> tuple[Pool, ...]:
    found = pools(chosen.data, Part(chosen.part))
    if not found:
        sys.stderr.write(f"{chosen.data} holds no set of handwriting; all hands are drawn\n")
    return found


def _seed(chosen: argparse.Namespace) -> int:
    return int(SEEDS[Part(chosen.part)] if chosen.seed is None else chosen.seed)


def _show(chosen: argparse.Namespace) -> int:
    hands = _hands(chosen)
    some = [shot(kind, hands, _seed(chosen), number) for kind, count in SHOWN.items() for number in range(count)]
    chosen.out.write_bytes(jpeg(overview(some), 80))
    sys.stdout.write(f"{chosen.out}\n")
    return 0


def _scan(chosen: argparse.Namespace) -> int:
    hands = _hands(chosen)
    if not hands:
        return 1
    shown = compare_scans(hands, chosen.count, _seed(chosen), opened())
    chosen.out.write_text(shown, encoding="utf-8")
    sys.stdout.write(shown)
    return 0


def _fuse(chosen: argparse.Namespace) -> int:
    shown = compare(_hands(chosen), chosen.count, _seed(chosen))
    chosen.out.write_text(shown, encoding="utf-8")
    sys.stdout.write(shown)
    return 0


def _weigh(chosen: argparse.Namespace) -> int:
    shown = fit(_hands(chosen), chosen.count, _seed(chosen))
    chosen.out.write_text(shown, encoding="utf-8")
    sys.stdout.write(shown)
    return 0


def _measure(chosen: argparse.Namespace) -> int:
    part = Part(chosen.part)
    if not chosen.data.is_dir():
        sys.stderr.write(f"{chosen.data} is not there; only what is drawn is measured\n")
    plan = Plan(
        data=chosen.data,
        count=chosen.count,
        part=part,
        seed=_seed(chosen),
        overlays=tuple(chosen.config),
        workers=chosen.workers,
        only=tuple(chosen.only),
    )
    sys.stdout.write(measure(plan, chosen.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
