"""`digitbox-train`: arguments, messages and exit status; one function per command."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from train.arguments import positive, seed
from train.card import TFLITE_NAME, versions
from train.compare import (
    Compared,
    baselines,
    corruption_table,
    evaluations,
    more_figures,
    ours,
    table,
    timed_together,
    write_between_marks,
)
from train.contact_sheet import write_contact_sheet
from train.data import DigitSet, calibration_set
from train.errors import DataError, ToolError
from train.evaluate import evaluate
from train.exits import exit_status
from train.experiments import GROUPS
from train.output import write_bytes
from train.sets import SETS, Learned, described, learned, measured_on
from train.settings import Settings, from_json, on_sets_alone
from train.sources import fetched
from train.touching import touching_parts
from train.views import Views

DESCRIPTION = """\
Make the model that digitbox ships with: a small convolutional network, trained on digits of many hands under strong
augmentation, shrunk, pruned by magnitude while it learns from its own wider form, and quantized to int8. The
steps, in their order:

  digitbox-train data     --data DIR            fetch, verify and convert the sets; draw a contact sheet of them
  digitbox-train fit      --data DIR --out DIR  train; keep the best epoch as a Keras model; goes on after a kill
  digitbox-train compress --data DIR --out DIR  drop the weakest channels, prune and quantize; write digits.tflite and
                                                its card, and the same network as Keras model and SavedModel
  digitbox-train evaluate --data DIR --out DIR  through the device's classifier: fit the confidence, score digits.tflite
                                                on test sets, corruptions and negatives, complete its card
  digitbox-train report   --out DIR             one HTML page with curves, mistakes and calibration; the card as text

and beside them:

  digitbox-train rows     --data DIR --out DIR  the model that reads digits that touch, from drawn rows to its card
  digitbox-train aware    --data DIR --out DIR  after compress: would quantization-aware training do better?
  digitbox-train sweep    GROUP --data DIR      the baselines and experiments of the literature as a table and a picture
  digitbox-train scenes   --data DIR --out DIR  draw photographs of sheets, digits and numbers, with labels
"""

SETTINGS_NAME = "settings.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when it is done; 1 after an error, which is said in one line; argparse leaves with 2 when the command line is
        wrong.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own chatter
    return exit_status(lambda: _run(arguments), "digitbox-train: ")


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    options.command(options)
    return 0


def data_command(options: argparse.Namespace) -> None:
    """Fetch what is missing, say what is there and draw a contact sheet of it."""
    for said in fetched(SETS, options.data):
        print(said)
    settings = Settings()
    shown = []
    for entry in SETS:
        if not entry.is_in(options.data):
            print(f"{entry.name}: not in {options.data}")
            continue
        parts = entry.read(options.data, settings)
        shown.append(parts.whole)
        print(f"{entry.name}: {described(parts)}; checksums right")
    path = options.out / "contact-sheet.png"
    write_contact_sheet(path, shown)
    print(f"some of each: {path}")


def fit_command(options: argparse.Namespace) -> None:
    """Train the network."""
    with _tensorflow():
        from train.fit import fit
    settings = _new_settings(options)
    found = _learned(options, settings)
    write_bytes(options.out / SETTINGS_NAME, json.dumps(asdict(settings), indent=2).encode())
    _make_views(found, settings, options.out, settings.views, "fit")
    fit(found, settings, options.out)
    print(f"the best epoch is in {options.out}; next: {_command('compress', options)}")


def compress_command(options: argparse.Namespace) -> None:
    """Shrink, prune, quantize and write the card."""
    with _tensorflow():
        from train.compress import compress, shown_while_pruning
    settings = _kept_settings(options)
    found = _learned(options, settings)
    facts = {
        "training_data": [
            {"name": part.name, "count": len(part), "sha256": _checksums(part)} for part in found.training
        ],
        "command": " && ".join(_command(name, options, settings) for name in ("fit", "compress", "evaluate")),
        "settings": asdict(settings),
        "versions": versions(),
    }
    _make_views(found, shown_while_pruning(settings), options.out, settings.prune_views, "compress")
    path = compress(found, calibration_set(found.training), settings, options.out, facts=facts)
    print(f"{path}, {path.stat().st_size} bytes, and its card; next: {_command('evaluate', options)}")


def aware_command(options: argparse.Namespace) -> None:
    """Compare quantization-aware training with quantization after training, on validation digits."""
    with _tensorflow():
        from train.aware import aware
        from train.compress import shown_while_pruning
    settings = _kept_settings(options)
    found = _learned(options, settings)
    _make_views(found, shown_while_pruning(settings), options.out, settings.prune_views, "aware")
    shares = aware(found, settings, options.out)
    for name, right in shares.items():
        print(f"{name}: " + ", ".join(f"{digits} {share:.2%}" for digits, share in right.items()))


def evaluate_command(options: argparse.Namespace) -> None:
    """Find the confidence's temperature and thresholds, score the .tflite file, add all of it to its card."""
    path = options.out / TFLITE_NAME
    if not path.exists():
        raise DataError(f"{path} is missing; run {_command('compress', options)}")
    settings = _kept_settings(options)
    found = learned(options.data, settings)
    measured = list(measured_on(options.data, settings))
    if find_spec("tensorflow") is None:
        print("TensorFlow is not installed: the float networks are not scored, and no picture is changed against them")
    else:
        with multiprocessing.get_context("spawn").Pool(1) as other:
            other.apply(_write_float_facts, (options.out, measured))
    both = ("", "with the wide network where in doubt: ")
    for prefix, sets in zip(both, evaluate(path, found.validation, measured, settings), strict=False):
        for name, figures in sets.items():
            print(f"{prefix}{name}: {figures.spelled()}")


def _write_float_facts(out: Path, measured: list[DigitSet]) -> None:
    from train.float_side import write_float_facts

    write_float_facts(out, measured)


def rows_command(options: argparse.Namespace) -> None:
    """Make the model that reads digits that touch, and its card."""
    with _tensorflow():
        if find_spec("tensorflow") is None:  # said now, and not after the rows were drawn
            raise ModuleNotFoundError(name="tensorflow")
    from train.photographs.hands import Part, pools
    from train.rows.kept import kept_rows
    from train.rows.make import TFLITE_NAME as ROWS_NAME
    from train.rows.make import make, measure
    from train.rows.photographed import Photographs
    from train.rows.settings import RowSettings

    settings, digits = RowSettings(), Settings()
    found = learned(options.data, digits)
    paths = [options.out / f"{name}.npz" for name in ("training", "validation")]
    seen = {
        Part.TRAINING: (settings.photographs, settings.copies),
        Part.TUNING: (settings.validation_photographs, 1),
    }
    taken = [Photographs(pools(options.data, part), part, *counts) for part, counts in seen.items()]
    kept_rows(found.training, settings.rows, (settings.seed, 0), paths[0], taken[0])
    chosen_by = kept_rows(found.validation, settings.validation_rows, (settings.seed, 1), paths[1], taken[1])
    # In a process of its own: tflite_runtime, which measures, can't be loaded beside TensorFlow.
    with multiprocessing.get_context("spawn").Pool(1) as other:
        other.apply(make, (*paths, settings, options.out))
    rows = {
        part.name: kept_rows([part], settings.measured_rows, (settings.seed, 2), options.out / f"{part.set_name}.npz")
        for part in measured_on(options.data, digits)
    }
    facts = {
        "training_data": [
            {"name": part.name, "count": len(part), "sha256": _checksums(part)} for part in found.training
        ],
        "command": f"digitbox-train rows --data {options.data} --out {options.out}",
        "versions": versions(),
    }
    for name, lengths in measure(options.out / ROWS_NAME, chosen_by, rows, facts).items():
        said = ", ".join(f"{length} {row['right']} of {row['rows']}" for length, row in lengths.items())
        print(f"{name}: {said}")


def sweep_command(options: argparse.Namespace) -> None:
    """Train the networks that students of this subject publish, and compare them; a killed sweep goes on."""
    with _tensorflow():
        from train.sweep import sweep
    settings = on_sets_alone(("mnist",))
    (training,) = learned(options.data, settings).training
    if options.digits is not None:
        training = training.part(training.name, np.arange(min(options.digits, len(training))))
    measured = list(measured_on(options.data, settings))
    for group in options.group or ["baselines"]:
        folder = options.out / group
        if options.spread:
            with _tool("a spread sweep"):
                from train.spread import spread
            spread(GROUPS[group], training, measured, settings.seed, folder)
        for facts in sweep(GROUPS[group], training, measured, settings.seed, folder):
            said = ", ".join(f"{name} {share:.2%}" for name, share in facts["accuracy"].items())
            print(f"{facts['name']}: {said}; {facts['parameters']} weights, {facts['milliseconds']} ms")
        found = baselines(folder)
        write_bytes(folder / "table.md", f"{table(found)}\n".encode())
        _write_bars(folder, found)
        print(f"the table: {folder / 'table.md'}")


def report_command(options: argparse.Namespace) -> None:
    """Write one HTML page about the model and its card as Markdown; with --table the table of all networks too."""
    folders = {"ours": options.out}
    if options.alone is not None:
        folders["ours, MNIST alone"] = options.alone
    compared = [entry for name, folder in folders.items() for entry in ours(name, folder)]
    if options.baselines is not None:
        compared += baselines(options.baselines)
    compared = timed_together(compared)
    with _tool("the report"):
        from train.report import write_report
    print(write_report(options.out, compared))
    if options.table is not None:
        found = {called: path for name, folder in folders.items() for called, path in evaluations(name, folder).items()}
        made = f"Made by `{_report_command(options)}`."
        parts = (made, table(compared), more_figures(found), corruption_table(found))
        write_between_marks(options.table, "\n\n".join(parts))
        print(options.table)


def _write_bars(folder: Path, found: Sequence[Compared]) -> None:
    with _tool("the picture"):
        from train.pictures import bars
    write_bytes(folder / "picture.svg", bars({entry.name: entry.accuracy for entry in found}, "share right").encode())


def _report_command(options: argparse.Namespace) -> str:
    given = {"alone": options.alone, "baselines": options.baselines, "table": options.table}
    return f"digitbox-train report --out {options.out}" + "".join(
        f" --{name} {value}" for name, value in given.items() if value is not None
    )


def scenes_command(options: argparse.Namespace) -> None:
    """Draw photographs of handwritten digits and numbers, in the hands of the sets where they are there."""
    from train.photographs.files import KINDS, SEEDS, shots, write_shots
    from train.photographs.hands import Part, pools

    parts = {part.value: part for part in Part}
    for name, choices in (("kind", KINDS), ("part", parts)):
        if getattr(options, name) not in choices:
            raise DataError(f"--{name} {getattr(options, name)}: is none of {', '.join(choices)}")
    part = parts[options.part]
    begin = SEEDS[part] if options.seed is None else options.seed
    files = write_shots(options.out, shots(options.kind, pools(options.data, part), options.count, begin))
    print(f"{files} photographs and labels.csv in {options.out}")


def _new_settings(options: argparse.Namespace) -> Settings:
    """What this version is set to, for the sets that were asked for."""
    sets = tuple(options.sets.split(","))
    return Settings() if set(sets) == set(Settings().sets) else on_sets_alone(sets)


def _kept_settings(options: argparse.Namespace) -> Settings:
    """Those that `fit` ran with. Raises DataError."""
    path = options.out / SETTINGS_NAME
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); run {_command('fit', options)}") from error


def _learned(options: argparse.Namespace, settings: Settings) -> Learned:
    """The sets, and behind them parts of touching digits and cuts from photographs, if the settings ask for them."""
    found = learned(options.data, settings)
    if settings.touching:
        parts = touching_parts(found.training, settings.touching, settings.seed)
        found = replace(found, training=(*found.training, parts))
    if not settings.photographs:
        return found
    from rich.console import Console
    from rich.progress import track

    from train.cuts import cut_digits

    what = "photographs of drawn sheets, cut by the finder"
    cuts = cut_digits(
        options.data,
        settings,
        options.out,
        shown=lambda steps, count: track(steps, what, count, console=Console(stderr=True)),
    )
    return replace(found, training=(*found.training, cuts))


def _checksums(part: DigitSet) -> dict[str, str]:
    """Of a set's own files; of the pictures, where they were made here."""
    known = {entry.name: dict(entry.sha256) for entry in SETS}
    return known.get(part.set_name, {"pictures": hashlib.sha256(part.model_inputs.tobytes()).hexdigest()})


def _make_views(found: Learned, settings: Settings, out: Path, count: int, what: str) -> None:
    """Change the digits, with a bar that says how far it has got."""
    from rich.console import Console
    from rich.progress import track

    views = Views(found.training, settings, out)
    for _ in track(views.make(count), f"changed copies of the digits for {what}", count, console=Console(stderr=True)):
        pass


def _command(name: str, options: argparse.Namespace, settings: Settings | None = None) -> str:
    sets = ""
    if name == "fit" and settings is not None and settings.sets != Settings().sets:
        sets = f" --sets {','.join(settings.sets)}"
    return f"digitbox-train {name} --data {options.data} --out {options.out}{sets}"


def _tensorflow() -> contextlib.AbstractContextManager[None]:
    """Around an import that needs TensorFlow. Raises ToolError."""
    return _tool("training")


@contextlib.contextmanager
def _tool(what: str) -> Iterator[None]:
    """Around an import that needs what only a training host has. Raises ToolError."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ToolError(
            f"{what} needs {error.name}, which is not installed; pip install 'digitbox[train]' "
            "in an environment of its own"
        ) from error


def _group(name: str) -> str:
    if name not in GROUPS:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(GROUPS)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitbox-train", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (command, add_options) in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        subparser.set_defaults(command=command)
        subparser.add_argument("--data", type=Path, default=Path("data"), help="folder of the sets: mnist/, ...")
        place = Path(PLACES.get(name, "runs/digits"))
        subparser.add_argument("--out", type=Path, default=place, help="folder for the results")
        add_options(subparser)
    return parser


def _no_options(_: argparse.ArgumentParser) -> None:
    pass


def _fit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", default=",".join(Settings().sets), help="what to learn from, separated by commas")


def _sweep_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", nargs="*", metavar="GROUP", type=_group, help=f"what is varied: {', '.join(GROUPS)}")
    parser.add_argument(
        "--digits", type=positive, help="learn from so many of MNIST's digits, into an --out of their own"
    )
    parser.add_argument("--spread", action="store_true", help="share the runs with other machines through Keras Tuner")


def _report_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--alone", type=Path, help="folder of the same network's run on MNIST alone")
    parser.add_argument("--baselines", type=Path, help="folder of a sweep's results to compare with")
    parser.add_argument("--table", type=Path, help="text between whose marks the table of figures goes")


def _scenes_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", default="mixed", help="train/photographs/README.md says of what")
    parser.add_argument("--part", default="training", help="whose handwriting: training, tuning or held out")
    parser.add_argument("--count", type=positive, default=20, help="pictures to draw")
    parser.add_argument("--seed", type=seed, help="the same seed draws the same pictures; each part has its own")


COMMANDS: Mapping[str, tuple[Callable[[argparse.Namespace], None], Callable[[argparse.ArgumentParser], None]]] = {
    "data": (data_command, _no_options),
    "fit": (fit_command, _fit_options),
    "compress": (compress_command, _no_options),
    "rows": (rows_command, _no_options),
    "aware": (aware_command, _no_options),
    "evaluate": (evaluate_command, _no_options),
    "report": (report_command, _report_options),
    "sweep": (sweep_command, _sweep_options),
    "scenes": (scenes_command, _scenes_options),
}

PLACES = {"data": "runs/data", "rows": "runs/rows", "sweep": "runs/sweep"}
"""Where results go that belong to no run of the digit model."""
