"""Measure how well the box hears, or fit its numbers: python -m train.speech measure|fit|spotter|fusing|phrases -h."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from train.arguments import positive
from train.exits import exit_status
from train.speech.fit import fit, write
from train.speech.fusing import pairs, report
from train.speech.measure import Plan, measure
from train.speech.phrases import report as report_on_phrases
from train.speech.voices import lacking, teachers


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0; 1 when something cannot be read or written, or Ctrl-C; 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m train.speech", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="measure|fit|spotter|fusing|phrases")
    take = commands.add_parser("measure", help="issue 5's table, as figures.md and figures.json")
    take.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder that has speech_digits")
    take.add_argument("--out", type=Path, required=True)
    take.set_defaults(run=_measure)
    learn = commands.add_parser("fit", help="device/hearing.json, from other voices and lines than are reported on")
    learn.set_defaults(run=_fit)
    spot = commands.add_parser("spotter", help="device/models/spoken-words-en.tflite, with TensorFlow")
    spot.add_argument("--out", type=Path, default=Path("runs/spotter"))
    spot.set_defaults(run=_spotter)
    fuse = commands.add_parser("fusing", help="how much speech counts against sight: device/sight_and_speech.py")
    fuse.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder that has unipen_digits")
    fuse.set_defaults(run=_fusing)
    choose = commands.add_parser("phrases", help="which phrases voices that are new to the model are understood with")
    choose.set_defaults(run=_phrases)
    for command in (take, learn, spot, fuse, choose):
        command.add_argument("--clips", type=Path, default=Path("runs/speech"), help="where synthetic clips are kept")
        command.add_argument("--workers", type=positive, default=2, help="processes")
    for command in (take, learn, choose):
        command.add_argument("--every", type=positive, default=1, help="only every so-many-th clip")
    chosen = parser.parse_args(arguments)
    return exit_status(lambda: chosen.run(chosen))


def _measure(chosen: argparse.Namespace) -> int:
    plan = Plan(chosen.data, chosen.clips, chosen.every, chosen.workers)
    sys.stdout.write(measure(plan, chosen.out))
    return 0


def _spotter(chosen: argparse.Namespace) -> int:
    from train.speech.spotter import make, published_weights
    from train.speech.spotter_clips import SEED, pictures
    from train.speech.word_clips import spoken

    weights = published_weights()  # what is missing is said before the clips are made
    if missing := lacking(teachers(SEED)):
        sys.stderr.write(f"some teachers are absent, and it will learn from the others; install {', '.join(missing)}\n")
    command = f"python -m train.speech spotter --out {chosen.out}"
    digits = pictures(chosen.clips, SEED, chosen.workers)
    path = make(digits, spoken(chosen.clips, SEED, chosen.workers), weights, chosen.out, command)
    sys.stdout.write(f"{path}\n")
    return 0


def _fusing(chosen: argparse.Namespace) -> int:
    sys.stdout.write(report(pairs(chosen.data, chosen.clips, chosen.workers)))
    return 0


def _phrases(chosen: argparse.Namespace) -> int:
    sys.stdout.write(report_on_phrases(chosen.clips, chosen.every, chosen.workers))
    return 0


def _fit(chosen: argparse.Namespace) -> int:
    facts, report = fit(chosen.clips, chosen.every, chosen.workers)
    write(facts)
    sys.stdout.write(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
