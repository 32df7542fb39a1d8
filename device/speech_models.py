"""Which speech model is listened with: the one that comes with digitbox and those installed beside it, by language."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from device import durable
from device.config import ListeningConfig
from device.errors import RecognizerError

BUILT_IN = Path(__file__).with_name("models")
"""Has the folders vosk-tiny-LANGUAGE."""

NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst")
"""Files of every model that takes a grammar at run time; a model with one whole graph (HCLG.fst) cannot."""

AUTO = "auto"
CHOSEN = "chosen"
"""A file in a language's folder of installed models: the name of the one to take."""

SMALL_BOARD_BYTES = 600 * 2**20
"""A board with 512 MB reports less, the next one has 1 GB: the official small models take 300 MB and don't fit."""


SOURCE = "https://alphacephei.com/vosk/models/"
"""Where Vosk's authors publish models, as NAME.zip."""


@dataclass(frozen=True, slots=True)
class Published:
    """A model that can be fetched; `sha256` is None where nobody of this project has computed it."""

    name: str
    sha256: str | None = None


PUBLISHED = {
    "en": Published("vosk-model-small-en-us-0.15", "30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498"),
    "es": Published("vosk-model-small-es-0.42"),
    "fr": Published("vosk-model-small-fr-0.22"),
    "de": Published("vosk-model-small-de-0.15"),
    "hi": Published("vosk-model-small-hi-0.22"),
    "zh": Published("vosk-model-small-cn-0.22"),
}
"""The small model of each language that Vosk's authors list; for Arabic they have only large ones, to be named."""


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
        return _named(_marked(mark), models, language)
    own.sort(key=lambda model: model.size_bytes)
    return own[0] if (memory_bytes or _memory_bytes()) < SMALL_BOARD_BYTES else own[-1]


def _marked(mark: Path) -> str:
    """The name in the mark that `choose` left. Raises RecognizerError."""
    try:
        return mark.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RecognizerError(
            f"{mark}: cannot be read ({error}); digitbox speech-model choose writes it anew"
        ) from error


def choose(folder: Path, language: str, name: str) -> None:
    """Take this model for the language from now on; "auto" leaves it to `chosen` again. Raises RecognizerError."""
    mark = folder / language / CHOSEN
    if name != AUTO:
        model = _named(name, installed(folder), language)
        if model.language != language:
            raise RecognizerError(f"{name} is a model for {model.language!r}, not for {language!r}")
    try:
        if name == AUTO:
            mark.unlink(missing_ok=True)
        else:
            durable.write(mark, f"{name}\n".encode())
    except OSError as error:
        raise RecognizerError(f"{mark}: cannot be written ({error.strerror}); run this as root") from error


def check(folder: Path) -> None:
    """See that it has the files of a model, none of them empty. Raises RecognizerError."""
    if folder.is_file():
        raise RecognizerError(f"{folder}: is a file and no speech model's folder; digitbox speech-model install --file")
    if not folder.is_dir():
        raise RecognizerError(f"{folder}: there is no such speech model; see digitbox speech-model list")
    missing = [name for name in NEEDED if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if missing:
        raise RecognizerError(f"{folder}: the speech model lacks {', '.join(missing)}; install it again")


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
