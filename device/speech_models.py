"""Which speech model is listened with: the one that comes with digitbox and those installed beside it, by language."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from device.config import ListeningConfig
from device.errors import RecognizerError

BUILT_IN = Path(__file__).with_name("models")
"""Has the folders vosk-tiny-LANGUAGE."""

AUTO = "auto"
CHOSEN = "chosen"
"""A file in a language's folder of installed models: the name of the one to take."""

SMALL_BOARD_BYTES = 600 * 2**20
"""A board with 512 MB reports less, the next one has 1 GB: the official small models take 300 MB and don't fit."""


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """One model on this machine.

    Attributes:
        name: Of its folder, such as "vosk-tiny-en".
        language: Code of the catalogue it is for.
        folder: Where it is.
        size_bytes: Of all its files.
    """

    name: str
    language: str
    folder: Path
    size_bytes: int


def installed(folder: Path) -> tuple[SpeechModel, ...]:
    """Every model there is: those of digitbox itself, then those in FOLDER/LANGUAGE/NAME. Raises RecognizerError."""
    built_in = [(path.name.removeprefix("vosk-tiny-"), path) for path in sorted(BUILT_IN.glob("vosk-tiny-*"))]
    try:
        added = [(path.parent.name, path) for path in sorted(folder.glob("*/*")) if path.is_dir()]
        return tuple(
            SpeechModel(path.name, language, path, _size_bytes(path))
            for language, path in (*built_in, *added)
            if not path.name.startswith(".")
        )
    except OSError as error:
        raise RecognizerError(f"{folder}: cannot be listed ({error.strerror}); set [listening] models") from error


def chosen(config: ListeningConfig, language: str, memory_bytes: int | None = None) -> SpeechModel:
    """The model to listen with.

    The configuration's, else what `digitbox speech-model choose` chose, else the largest that fits the board.

    Args:
        config: Its `model` and `models`.
        language: Code of a catalogue.
        memory_bytes: Of the board; asked from the system when None.

    Raises:
        RecognizerError: There is none for that language, or not the one that was named.
    """
    models = installed(config.models)
    if config.model != AUTO:
        return _named(config.model, models, language)
    own = [model for model in models if model.language == language]
    if not own:
        raise RecognizerError(f"there is no speech model for {language!r}; digitbox speech-model install {language}")
    mark = config.models / language / CHOSEN
    if mark.is_file():
        return _named(mark.read_text(encoding="utf-8").strip(), models, language)
    own.sort(key=lambda model: model.size_bytes)
    return own[0] if (memory_bytes or _memory_bytes()) < SMALL_BOARD_BYTES else own[-1]


def _named(name: str, models: tuple[SpeechModel, ...], language: str) -> SpeechModel:
    if Path(name).is_absolute():
        return SpeechModel(Path(name).name, language, Path(name), 0)
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models) or "none"
    raise RecognizerError(f"the speech model {name!r} is not installed; there are: {known}")


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
