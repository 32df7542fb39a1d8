"""Examines everything the appliance needs and names, for each thing that is missing, the step that mends it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from device import compose, config, durable
from device.config import Config
from device.domain import EARLIEST_YEAR
from device.errors import ConfigError, DigitboxError

LEAST_FREE_BYTES = 200_000_000
"""Below this an update of digitbox no longer fits."""

LEAST_KEPT_BYTES = 1_000_000
"""Below this, where history and phrases lie, the next reading may be lost: each takes 8 kB of SQLite's log, which is
folded into the database after a thousand pages of 4 kB; chosen, not measured."""

LEAST_FREE_SHARE = 0.05
"""Root keeps so much of an ext4 file system for itself by default."""

_CORRECT = "correct that line; `digitbox config` prints every key, default.toml explains each"

_ANSWER_SECONDS = 15.0
"""A device that takes longer is out of order."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; `remedy` is the next step, None when all is well."""

    check: str
    ok: bool
    message: str
    remedy: str | None = None


Check = Callable[[Config], str]
"""Returns what is well; raises DigitboxError, whose text after the first "; " is the remedy."""


def examine(path: Path | None) -> Iterator[Finding]:
    """Check everything in the order in which it matters; `path` is the configuration file, None the installed one."""
    try:
        settings = config.installed(path)
    except ConfigError as error:
        for mistake in error.mistakes:
            message, _, remedy = mistake.partition("; ")
            yield Finding("configuration", False, message, remedy or _CORRECT)
        settings = config.load()
    else:
        there = path is not None or config.is_installed()
        message = "read without a mistake" if there else f"no {config.SYSTEM_PATH}: defaults"
        yield Finding("configuration", True, message)
    for name, check in CHECKS.items():
        yield _finding(name, check, settings)


def _finding(name: str, check: Check, settings: Config) -> Finding:
    """The outcome of one check, or that it did not end in time."""
    outcome: list[Finding] = []
    thread = threading.Thread(target=lambda: outcome.append(_outcome(name, check, settings)), daemon=True)
    thread.start()
    thread.join(_ANSWER_SECONDS)
    if not outcome:
        return Finding(name, False, f"no answer within {_ANSWER_SECONDS:g} s", "switch the box off and on again")
    return outcome[0]


def _outcome(name: str, check: Check, settings: Config) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except DigitboxError as error:
        mistakes = [mistake.partition("; ") for mistake in str(error).splitlines()]
        remedies = dict.fromkeys(remedy for _, _, remedy in mistakes if remedy)
        return Finding(name, False, ", ".join(message for message, _, _ in mistakes), "; ".join(remedies) or None)
    except (ImportError, AttributeError, OSError) as error:  # of a library that is there in part
        return Finding(name, False, f"{type(error).__name__}: {error}", "install digitbox again")


def _python_packages(settings: Config) -> str:
    """The known traps: numpy 2 under tflite-runtime, no interpreter, no lgpio, the wrong espeakng."""
    names = ("numpy", "tflite-runtime", "ai-edge-litert", "opencv-python-headless")
    versions = {name: _version(name) for name in names}
    _check_interpreter(versions)
    if settings.button.backend == "gpio" and importlib.util.find_spec("lgpio") is None:
        raise DigitboxError("Python's lgpio is missing; sudo apt install python3-lgpio, or pip install lgpio")
    _check_espeakng()
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)


def _check_interpreter(versions: dict[str, str | None]) -> None:
    old, new = versions["tflite-runtime"], versions["ai-edge-litert"]
    if not old and not new:
        package = "tflite-runtime" if sys.version_info < (3, 12) else "ai-edge-litert"
        raise DigitboxError(f"no interpreter for the model; pip install {package}")
    numpy = versions["numpy"] or "none"
    if old and not numpy.startswith("1."):
        raise DigitboxError(f'tflite-runtime needs numpy 1, but numpy is {numpy}; pip install "numpy<2"')


def _check_espeakng() -> None:
    espeakng, other = _version("espeakng"), _version("py-espeak-ng")
    if other:
        raise DigitboxError(
            "py-espeak-ng has taken the place of espeakng; "
            "pip uninstall py-espeak-ng && pip install --force-reinstall espeakng"
        )
    if not espeakng:
        raise DigitboxError("the package espeakng is missing; pip install espeakng")


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _model(settings: Config) -> str:
    from device.adapters.rows_tflite import TfliteRowScorer
    from device.adapters.tflite import read_card

    classifier, rows = compose.opened_classifier(settings.model.path), TfliteRowScorer(settings.model.rows)
    rows.open()
    with contextlib.closing(classifier), contextlib.closing(rows):
        first = read_card(settings.model.path)
        second = {first.second.file: classifier.card} if first.second else {}
        cards = {settings.model.path.name: first, **second, settings.model.rows.name: rows.card}
        found = ", ".join(f"{name} sha256 {card.sha256[:12]}..." for name, card in cards.items())
        return f"{found}, each belongs to its card"


def _speech(settings: Config) -> str:
    synthesizer = compose.synthesizer(settings)
    synthesizer.open()
    with contextlib.closing(synthesizer):
        return f"a word takes {synthesizer.synthesize('seven').seconds:.2f} s to say"


def _sound(settings: Config) -> str:
    player = compose.player(settings)
    player.open()
    player.close()
    where = settings.sound.card if settings.sound.backend == "alsa" else settings.sound.folder
    return f"{settings.sound.backend}: {where}"


def _button(settings: Config) -> str:
    if settings.button.backend == "keyboard":
        return "the Enter key"
    button = compose.button(settings)
    button.open(_ignore, _ignore, _ignore)
    button.close()
    return f"{settings.button.backend}: gpiochip{settings.button.chip}, pin {settings.button.pin}"


def _ignore() -> None:
    """A press during the examination means nothing."""


def _indicator(settings: Config) -> str:
    indicator = compose.indicator(settings)
    indicator.open()
    indicator.close()
    return settings.indicator.backend


def _camera(settings: Config) -> str:
    camera = compose.camera(settings)
    camera.open()
    with contextlib.closing(camera):
        begin = time.monotonic()
        frame = camera.capture(after_seconds=begin)
        milliseconds = (time.monotonic() - begin) * 1000
        return f"{settings.camera.backend}: {frame.width_px} x {frame.height_px} pixels in {milliseconds:.0f} ms"


def _history(settings: Config) -> str:
    history = compose.history(settings, read_only=True)
    history.open()
    with contextlib.closing(history):
        return f"{len(history.entries())} readings kept"


def _microphone(settings: Config) -> str:
    if settings.microphone.backend == "none":
        return "none wanted"
    microphone = compose.microphone(settings)
    microphone.open()
    microphone.close()
    where = settings.microphone.card if settings.microphone.backend == "alsa" else settings.microphone.folder
    return f"{settings.microphone.backend}: {where}"


def _listening(settings: Config) -> str:
    if compose.deafness(settings) is not None:
        if settings.listening.backend == "vosk" and settings.microphone.backend != "none":
            raise DigitboxError("no spoken commands: the package vosk is missing; pip install 'digitbox[voice]'")
        return "no spoken commands wanted"
    recognizer = compose.recognizer(settings)
    begin = time.monotonic()
    recognizer.open()
    with contextlib.closing(recognizer):
        milliseconds = (time.monotonic() - begin) * 1000
        words = len(recognizer.vocabulary or ())
        if (spotter := compose.spotter(settings.speech.language)) is not None:
            spotter.open()
        return f"{settings.listening.backend}: {words or 'any'} words, loaded in {milliseconds:.0f} ms"


def _preferences(settings: Config) -> str:
    speech = config.preferred(settings).speech
    if speech == settings.speech:
        return "nothing was changed by voice or on the page"
    return ", ".join(f"{key} {getattr(speech, key)}" for key in config.PREFERENCES if getattr(speech, key) != "")


def _disk(settings: Config) -> str:
    """Of the root, and of what is kept where that lies on a disk of its own."""
    kept = settings.history.path.parent
    if durable.lacks_its_disk(kept):
        raise DigitboxError(
            f"the partition for {kept} is missing, and what is kept now may be gone at the next start; "
            "plug it in again and restart the box"
        )
    if kept.is_dir():
        found = os.statvfs(kept)
        if found.f_flag & os.ST_RDONLY:
            raise DigitboxError(
                f"{kept} cannot be written: its disk is read-only, which the kernel makes of one that fails; "
                "restart the box, and replace the card if it happens again"
            )
        if found.f_bavail * found.f_frsize < LEAST_KEPT_BYTES:
            raise DigitboxError(f"the disk of {kept} is full; digitbox history --delete, or a larger disk, makes room")
    usage = shutil.disk_usage("/")
    text = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free"
    if usage.free < max(LEAST_FREE_BYTES, LEAST_FREE_SHARE * usage.total):
        remedy = "sudo apt clean && sudo journalctl --vacuum-size=50M"
        raise DigitboxError(f"the root file system is nearly full, {text}; {remedy}")
    return text


def _clock(settings: Config) -> str:
    now = datetime.now().astimezone()
    if now.year < EARLIEST_YEAR:
        raise DigitboxError(f"the clock says {now:%Y-%m-%d}; connect a network once, or sudo timedatectl set-time")
    return f"{now:%Y-%m-%d %H:%M}"


CHECKS: dict[str, Check] = {
    "packages": _python_packages,
    "model": _model,
    "speech": _speech,
    "sound": _sound,
    "button": _button,
    "indicator": _indicator,
    "camera": _camera,
    "microphone": _microphone,
    "listening": _listening,
    "history": _history,
    "preferences": _preferences,
    "disk": _disk,
    "clock": _clock,
}
