"""`digitbox doctor`, `bench` and `config`: how it is with this machine."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from device import config
from device.cli.output import print_json
from device.cli.settings import in_force


def examine(options: argparse.Namespace) -> int:
    """Show what works, and what to do about the rest; status 1 when something does not."""
    from device import boot, doctor

    findings = boot.examine() if options.boot else doctor.examine(options.config)
    healthy = True
    for finding in findings:
        healthy &= finding.ok
        if options.json:
            print_json(asdict(finding))
        else:
            remedy = f"\n       -> {finding.remedy}" if finding.remedy else ""
            print(f"{'  ok ' if finding.ok else 'FAIL '} {finding.check}: {finding.message}{remedy}", flush=True)
    return 0 if healthy else 1


def measure(options: argparse.Namespace) -> int:
    """Show how fast this machine is."""
    from device import bench

    for figure in bench.measure():
        if options.json:
            print_json(asdict(figure))
        else:
            print(f"{figure.figure:32} {figure.median:10.3f} {figure.unit:4} (median of {figure.runs})", flush=True)
    return 0


def show_config(options: argparse.Namespace) -> int:
    """Print the effective configuration, preferences and all, or say what is wrong with a file."""
    if options.check is not None:
        config.load(options.check)
        print(f"{options.check}: good")
    else:
        print(config.dump(in_force(options.config)))
    return 0
