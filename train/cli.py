"""`digitbox-train`: arguments, messages and exit status; one function per command."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from device.errors import DigitboxError
from train.card import TFLITE_NAME, versions
from train.data import MNIST_SHA256, DigitSet, calibration_set, fetch_mnist, read_mnist, split
from train.errors import DataError, ToolError
from train.evaluate import evaluate
from train.handwriting import handwriting
from train.settings import Settings

DESCRIPTION = """\
Make the model that digitbox ships with: a small convolutional network, trained on MNIST under strong augmentation,
pruned by magnitude and quantized to int8. The steps, in their order:

  digitbox-train data     --data DIR            fetch MNIST's original IDX files and verify their checksums
  digitbox-train fit      --data DIR --out DIR  train; keep the best epoch as a Keras model
  digitbox-train compress --data DIR --out DIR  prune and quantize; write digits.tflite and its card, and the same
                                                network as Keras model and SavedModel
  digitbox-train evaluate --data DIR --out DIR  through the device's classifier: fit the confidence, score digits.tflite
                                                on test sets, complete its card
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when it is done; 1 after an error, which is said in one line; argparse leaves with 2 when the command line is
        wrong.
    """
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own chatter
    try:
        options.command(options)
    except DigitboxError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return _failed("stopped; what was complete is kept")
    return 0


def data_command(options: argparse.Namespace) -> None:
    """Fetch what is missing and say what is there."""
    folder = options.data / "mnist"
    fetch_mnist(folder)
    for digits in (read_mnist(folder, "train"), read_mnist(folder, "t10k")):
        print(f"{digits.name}: {len(digits)} digits in {folder}, checksums right")
    for digits in handwriting(options.data):
        print(f"{digits.name}: {len(digits)} digits, for evaluation only")


def fit_command(options: argparse.Namespace) -> None:
    """Train the network."""
    with _tensorflow():
        from train.fit import fit
    settings = Settings()
    training, validation = _parts(read_mnist(options.data / "mnist", "train"), settings)
    fit(training, validation, settings, options.out)
    print(f"the best epoch is in {options.out}; next: {_command('compress', options)}")


def compress_command(options: argparse.Namespace) -> None:
    """Prune, quantize and write the card."""
    with _tensorflow():
        from train.compress import compress
    settings = Settings()
    mnist = read_mnist(options.data / "mnist", "train")
    training, validation = _parts(mnist, settings)
    facts = {
        "training_data": [{"name": training.name, "count": len(training), "sha256": MNIST_SHA256}],
        "command": " && ".join(_command(name, options) for name in ("fit", "compress", "evaluate")),
        "settings": asdict(settings),
        "versions": versions(),
    }
    path = compress(training, validation, calibration_set(mnist), settings, options.out, facts=facts)
    print(f"{path}, {path.stat().st_size} bytes, and its card; next: {_command('evaluate', options)}")


def evaluate_command(options: argparse.Namespace) -> None:
    """Find the confidence's temperature and thresholds, score the .tflite file, add all of it to its card."""
    settings = Settings()
    _, validation = _parts(read_mnist(options.data / "mnist", "train"), settings)
    path = options.out / TFLITE_NAME
    if not path.exists():
        raise DataError(f"{path} is missing; run {_command('compress', options)}")
    others = (read_mnist(options.data / "mnist", "t10k"), *handwriting(options.data))
    for name, figures in evaluate(path, validation, others, settings).items():
        print(f"{name}: {figures.spelled()}")


def scenes_command(options: argparse.Namespace) -> None:
    """Draw photographs of handwritten digits."""
    from train.scenes import write_scenes

    write_scenes(options.out, options.count, options.seed)


def _parts(mnist: DigitSet, settings: Settings) -> tuple[DigitSet, DigitSet]:
    return split(mnist, validation=settings.validation, seed=settings.seed)


def _command(name: str, options: argparse.Namespace) -> str:
    return f"digitbox-train {name} --data {options.data} --out {options.out}"


@contextlib.contextmanager
def _tensorflow() -> Iterator[None]:
    """Around an import that needs TensorFlow. Raises ToolError."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ToolError(
            f"training needs {error.name}, which is not installed; pip install 'digitbox[train]' "
            "in an environment of its own"
        ) from error


def _failed(message: str) -> int:
    print(f"digitbox-train: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitbox-train", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, command in (
        ("data", data_command),
        ("fit", fit_command),
        ("compress", compress_command),
        ("evaluate", evaluate_command),
        ("scenes", scenes_command),
    ):
        subparser = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        subparser.set_defaults(command=command)
        if name != "scenes":
            subparser.add_argument("--data", type=Path, default=Path("data"), help="folder that holds mnist/")
        if name != "data":
            subparser.add_argument("--out", type=Path, default=Path("runs/digits"), help="folder for the results")
        if name == "scenes":
            subparser.add_argument("--count", type=int, default=20, help="pictures to draw")
            subparser.add_argument("--seed", type=int, default=1, help="the same seed draws the same pictures")
    return parser
