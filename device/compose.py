"""The composition root: Config -> Daemon. The only module that names adapters, each inside the branch that picks it."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from device import commands, hearing, phrases, speech_models
from device import config as configuration
from device.command_listener import CommandListener
from device.config import WARNING_SECONDS, Config
from device.daemon import Daemon
from device.errors import CatalogueError, ModelError, RecognizerError
from device.listening import Listener
from device.model_reader import ModelReader
from device.parts import Parts, Settings
from device.ports import (
    Button,
    Camera,
    Classifier,
    History,
    Indicator,
    Microphone,
    Pictures,
    Player,
    Recognizer,
    Samples,
    Spotter,
    Synthesizer,
)
from device.preferences import Preferences
from device.run_mark import RunMark
from device.voice import PieceStore

if TYPE_CHECKING:
    from device.adapters.spotter_tflite import TfliteSpotter
    from device.reading import Reader

log = logging.getLogger(__name__)

SOCKET = "daemon.sock"
"""In the folder for state of this boot: where other programs ask (device.protocol)."""

RUNNING = "running"
"""In the folder for state that outlives a boot: there while the daemon runs (device.run_mark)."""

PACKAGE = Path(__file__).parent

SPOTTED_LANGUAGES = frozenset({"en"})
"""Those whose spoken words a model that comes with digitbox knows."""


def daemon(config: Config, parts: Parts | None = None, *, restarted: bool = False) -> Daemon:
    """The appliance, of the configured parts unless others are given. Raises CatalogueError."""
    return Daemon(parts or configured_parts(config), _settings(config), restarted=restarted)


def run_mark(config: Config) -> RunMark:
    """What tells whether the former run came to its own end."""
    return RunMark(config.daemon.preferences.with_name(RUNNING))


def preferred(config: Config) -> Config:
    """The configuration with the user's preferences laid over; what makes no sense among them is named and left out.

    Only a file of which nothing is of use is put aside: one of a newer release must be there when that comes back.
    """
    path = config.daemon.preferences
    usable, mistakes = configuration.usable_preferences(path)
    if mistakes and usable:
        log.warning("of %s this is left out, the rest holds: %s", path.name, "; ".join(mistakes))
    elif mistakes:
        log.warning(
            "the preferences cannot be used and are put aside as %s.damaged: %s", path.name, "; ".join(mistakes)
        )
        with suppress(OSError):
            path.replace(path.with_name(f"{path.name}.damaged"))
    if not _has_catalogue(usable.get("language", config.speech.language)):
        usable = {key: value for key, value in usable.items() if key not in ("language", "voice")}
    return configuration.with_preferences(config, usable)


def _has_catalogue(language: str) -> bool:
    """Whether there is a whole one; a damaged one is named."""
    try:
        phrases.load(language)
    except CatalogueError as error:
        log.warning("%s", error)
        return False
    return True


def configured_parts(config: Config) -> Parts:
    """What the configuration and the user's preferences ask for; nothing is opened yet.

    Raises:
        CatalogueError: There is no such language.
    """
    from device.adapters.display_none import NullDisplay
    from device.adapters.machine_linux import LinuxMachine
    from device.adapters.power_file import FilePower
    from device.adapters.preferences_toml import TomlPreferences
    from device.adapters.requests_socket import SocketRequests
    from device.adapters.supervisor_systemd import SystemdSupervisor

    configured = _preferences(config)
    config = preferred(config)
    return Parts(
        button=lambda: button(config),
        indicator=lambda: indicator(config),
        player=lambda: player(config),
        camera=lambda: camera(config),
        reader=lambda: reader(config),
        # The daemon makes it louder itself, so that what was synthesised once serves every loudness.
        synthesizer=lambda preferences: synthesizer(speaking(config, replace(preferences, volume=100))),
        history=lambda: history(config),
        microphone=lambda: microphone(config),
        ears=lambda preferences: ears(speaking(config, preferences)),
        deafness=deafness(config),
        requests=lambda: SocketRequests(config.daemon.runtime / SOCKET),
        preferences=_preferences(config),
        preferences_store=TomlPreferences(config.daemon.preferences, configured),
        pieces=lambda preferences: piece_store(speaking(config, preferences)),
        catalogue=phrases.load,
        samples=samples(config),
        pictures=pictures(config),
        machine=LinuxMachine(config.daemon.runtime, config.history.path.parent),
        power=FilePower(config.daemon),
        supervisor=SystemdSupervisor(),
        display=NullDisplay(),
    )


def demo_config(state: Path, *, photos: Path | None = None, once: bool = False) -> Config:
    """The whole appliance with a laptop's stand-ins.

    Args:
        state: Folder for what an installed box keeps in /var/lib and /run.
        photos: Folder of pictures to show the camera; the bundled ones when None.
        once: One tap instead of the Enter key.

    Raises:
        ConfigError: The shipped files are damaged.
    """
    config = configuration.load(PACKAGE / "demo.toml")
    return replace(
        config,
        camera=replace(config.camera, photos=photos or config.camera.photos),
        button=replace(config.button, backend="script" if once else "keyboard"),
        sound=replace(config.sound, folder=state / "said"),
        speech=replace(config.speech, phrases=state / "phrases"),
        history=replace(config.history, path=state / "history.sqlite3", pictures=state / "pictures"),
        daemon=replace(
            config.daemon, runtime=state / "run", preferences=state / "preferences.toml", samples=state / "samples"
        ),
    )


def opened_reader(config: Config) -> tuple[Classifier, Reader]:
    """The configured models, loaded, and what reads frames with them.

    Raises:
        ModelError: A model, its card or an interpreter is missing or damaged.
    """
    from device.adapters.rows_tflite import TfliteRowScorer
    from device.reading import Reader

    classifier, rows = opened_classifier(config.model.path), TfliteRowScorer(config.model.rows)
    rows.open()
    return classifier, Reader(classifier, config.reading, rows)


def opened_classifier(model_path: Path) -> Classifier:
    """A digit model, loaded, and with it the larger one that its card may name for what it is in doubt about.

    Raises:
        ModelError: A model, its card or an interpreter is missing or damaged, or the two don't belong together.
    """
    from device.adapters.classifier_tflite import TfliteClassifier
    from device.cascade import Cascade

    first = TfliteClassifier(model_path)
    first.open()
    if first.card.second is None:
        return first
    second = TfliteClassifier(model_path.with_name(first.card.second.file))
    second.open()
    return Cascade(first, second)


def reader(config: Config) -> ModelReader:
    """What reads frames with the configured models; nothing is loaded yet."""
    return ModelReader(lambda: opened_reader(config))


def ears(config: Config) -> CommandListener:
    """What understands commands in the configured language; nothing is loaded yet.

    Where there is no speech model for that language it listens for English commands, so that whoever changed the
    language by voice can change it back, and has that said: its questions ask for a yes in the language that it speaks.
    """
    return CommandListener(lambda: _opened_listener(config))


def _opened_listener(config: Config) -> tuple[Recognizer, Listener, str | None]:
    understood = _has_speech_model(config)
    config = config if understood else _in_language(config, phrases.REFERENCE)
    opened = recognizer(config)
    opened.open()
    return opened, listener(config, opened), None if understood else "appliance.english_commands"


def _has_speech_model(config: Config) -> bool:
    try:
        speech_models.chosen(config.listening, config.speech.language)
    except RecognizerError:
        return config.listening.backend != "vosk"
    return True


def _in_language(config: Config, language: str) -> Config:
    return replace(config, speech=replace(config.speech, language=language, voice=""))


def deafness(config: Config) -> str | None:
    """The key of the sentence that says why no spoken command can be taken; None where they can be."""
    if config.microphone.backend == "none":
        return "appliance.no_microphone"
    engine = config.listening.backend
    if engine == "none" or (engine == "vosk" and find_spec("vosk") is None):
        return "appliance.no_voice_commands"
    return None


def speaking(config: Config, preferences: Preferences) -> Config:
    """The configuration with these preferences in place of its own."""
    return replace(config, speech=replace(config.speech, **asdict(preferences)))


def button(config: Config) -> Button:
    """The configured button."""
    match config.button.backend:
        case "keyboard":
            from device.adapters.button_keyboard import KeyboardButton

            return KeyboardButton(sys.stdin)
        case "script":
            from device.adapters.button_script import ScriptButton

            return ScriptButton(config.button)
        case _:
            from device.adapters.button_gpio import GpioButton

            return GpioButton(config.button)


def indicator(config: Config) -> Indicator:
    """The configured status LED."""
    if config.indicator.backend == "none":
        from device.adapters.indicator_none import NullIndicator

        return NullIndicator()
    from device.adapters.indicator_gpio import GpioIndicator

    return GpioIndicator(config.indicator)


def player(config: Config) -> Player:
    """The configured loudspeaker."""
    if config.sound.backend == "wav":
        from device.adapters.player_wav import WavPlayer

        return WavPlayer(config.sound)
    from device.adapters.player_alsa import AlsaPlayer

    return AlsaPlayer(config.sound)


def camera(config: Config) -> Camera:
    """The configured camera."""
    match config.camera.backend:
        case "files":
            from device.adapters.camera_files import FilesCamera

            return FilesCamera(config.camera)
        case "v4l2":
            from device.adapters.camera_v4l2 import V4l2Camera

            return V4l2Camera(config.camera)
        case _:
            from device.adapters.camera_picamera2 import Picamera2Camera

            return Picamera2Camera(config.camera)


def synthesizer(config: Config) -> Synthesizer:
    """The configured voice of eSpeak NG. Raises CatalogueError."""
    from device.adapters.synthesizer_espeak import EspeakSynthesizer

    return EspeakSynthesizer(replace(config.speech, voice=_voice_name(config)))


def microphone(config: Config) -> Microphone:
    """The configured microphone."""
    match config.microphone.backend:
        case "wav":
            from device.adapters.microphone_wav import WavMicrophone

            return WavMicrophone(config.microphone)
        case "none":
            from device.adapters.microphone_none import NullMicrophone

            return NullMicrophone()
        case _:
            from device.adapters.microphone_alsa import AlsaMicrophone

            return AlsaMicrophone(config.microphone)


def recognizer(config: Config) -> Recognizer:
    """The configured recognizer. Raises CatalogueError."""
    match config.listening.backend:
        case "script":
            from device.adapters.recognizer_script import ScriptRecognizer

            return ScriptRecognizer(config.listening)
        case "none":
            from device.adapters.recognizer_none import NullRecognizer

            return NullRecognizer()
        case _:
            from device.adapters.recognizer_vosk import VoskRecognizer

            language = config.speech.language
            return VoskRecognizer(
                lambda: speech_models.chosen(config.listening, language).folder, commands.load(language).words
            )


def listener(config: Config, opened: Recognizer) -> Listener:
    """What understands commands in the configured language. Raises CatalogueError."""
    limit_seconds = config.microphone.limit_seconds
    if config.button.shutdown_seconds:
        limit_seconds = min(limit_seconds, WARNING_SECONDS)
    language = config.speech.language
    return Listener(
        opened, commands.load(language), hearing.load(), config.listening, limit_seconds, opened_spotter(language)
    )


def spotter(language: str) -> TfliteSpotter | None:
    """What knows the spoken words of a language besides the recognizer, not loaded yet; None where there is none."""
    from device.adapters.spotter_tflite import TfliteSpotter

    path = PACKAGE / "models" / f"spoken-words-{language}.tflite"
    return TfliteSpotter(path) if language in SPOTTED_LANGUAGES else None


def opened_spotter(language: str) -> Spotter | None:
    """The same, loaded; None too where it cannot be: that is no reason to be deaf, `digitbox doctor` names it."""
    found = spotter(language)
    try:
        if found is not None:
            found.open()
    except ModelError as error:
        log.warning("spoken commands are understood less well: %s", error)
        return None
    return found


def history(config: Config, *, read_only: bool = False) -> History:
    """The configured history."""
    if config.history.backend == "none":
        from device.adapters.history_none import NullHistory

        return NullHistory()
    from device.adapters.history_sqlite import SqliteHistory

    return SqliteHistory(config.history, read_only=read_only)


def samples(config: Config) -> Samples:
    """Where pictures kept for learning lie."""
    from device.adapters.samples_png import PngSamples

    return PngSamples(config.daemon.samples)


def pictures(config: Config) -> Pictures:
    """Where a picture of each reading lies, if any."""
    from device.adapters.pictures_jpeg import JpegPictures

    return JpegPictures(config.history)


def piece_store(config: Config) -> PieceStore:
    """Where synthesised pieces are kept. Raises CatalogueError."""
    speech = config.speech
    settings = f"{_voice_name(config)} {speech.words_per_minute} {speech.pitch}"
    return PieceStore(speech.phrases, settings)


def state_folder() -> Path:
    """Where programs of a user keep their state (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base else Path.home() / ".local" / "state") / "digitbox"


def _preferences(config: Config) -> Preferences:
    return Preferences(**{key: getattr(config.speech, key) for key in configuration.PREFERENCES})


def _voice_name(config: Config) -> str:
    return config.speech.voice or phrases.load(config.speech.language).voice


def _settings(config: Config) -> Settings:
    return Settings(
        frames=config.reading.frames,
        tone_volume=config.sound.tone_volume,
        hold_seconds=config.button.hold_seconds,
        # Where a long hold asks nothing, it may be listened to for longer.
        warning_seconds=WARNING_SECONDS if config.button.shutdown_seconds else config.microphone.limit_seconds,
        shutdown_seconds=config.button.shutdown_seconds,
        retry_seconds=config.daemon.retry_seconds,
        tick_seconds=config.daemon.tick_seconds,
        capture_limit_seconds=config.camera.capture_limit_seconds,
        camera_open_limit_seconds=config.camera.open_limit_seconds,
        reading_limit_seconds=config.reading.limit_seconds,
        speech_limit_seconds=config.speech.limit_seconds,
        device_limit_seconds=config.daemon.device_limit_seconds,
        aims_at_start=config.aim.begin == "start",
        aims_after_trouble=config.aim.begin == "trouble",
        look_seconds=config.aim.look_seconds,
        aim_limit_seconds=config.aim.limit_seconds,
        preference_limits=configuration.preference_limits(),
        spare_memory_bytes=config.daemon.spare_megabytes * 1_000_000,
    )
