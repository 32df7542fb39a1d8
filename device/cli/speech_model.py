"""`digitbox speech-model`: the models that listening needs."""

from __future__ import annotations

import argparse
import sys

from device import config, speech_models
from device.cli.output import print_json


def install(options: argparse.Namespace) -> int:
    """Fetch a model, or take one from a file."""
    from device import speech_model_install

    folder = config.installed(options.config).listening.models
    place = speech_model_install.install(
        options.language,
        folder,
        name=options.name,
        file=options.file,
        sha256=options.sha256,
        source=options.source,
        progress=_Progress(),
    )
    print(f"{place.name} is installed in {place}")
    return 0


def show_all(options: argparse.Namespace) -> int:
    """Show what is installed, and what can be."""
    settings = config.installed(options.config)
    models = speech_models.installed(settings.listening.models)
    chosen = {model.name: speech_models.chosen(settings.listening, model.language).name for model in models}
    for model in models:
        taken = chosen[model.name] == model.name
        if options.json:
            facts = {"name": model.name, "language": model.language, "size_bytes": model.size_bytes, "chosen": taken}
            print_json({**facts, "folder": str(model.folder)})
        else:
            print(f"{model.language}  {model.name:32} {model.size_bytes / 1e6:6.1f} MB{'  chosen' if taken else ''}")
    if not options.json:
        names = {model.name for model in models}
        for language, published in speech_models.PUBLISHED.items():
            if published.name not in names:
                print(f"{language}  {published.name:32}    can be installed")
    return 0


def choose(options: argparse.Namespace) -> int:
    """Take this model from now on."""
    settings = config.installed(options.config)
    speech_models.choose(settings.listening.models, options.language, options.name)
    print(f"{options.language}: {speech_models.chosen(settings.listening, options.language).name}")
    return 0


class _Progress:
    """Shows on standard error how much was fetched: in place on a terminal, else a line for every tenth."""

    def __init__(self) -> None:
        self._shown = -1

    def __call__(self, done: int, total: int | None) -> None:
        steps = 100 if sys.stderr.isatty() else 10
        step = done * steps // total if total else done >> 20
        if step == self._shown:
            return
        self._shown = step
        text = f"{done >> 20} of {total >> 20} MB" if total else f"{done >> 20} MB"
        end = "\r" if sys.stderr.isatty() and done != total else "\n"
        print(f"digitbox: {text}", end=end, file=sys.stderr, flush=True)
