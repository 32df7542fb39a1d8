"""`digitbox say`: a text, spoken as the box speaks."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import replace
from pathlib import Path

from device import compose, durable, phrases
from device.cli.settings import in_force
from device.config import Config
from device.errors import SoundError
from device.phrases import Phrase


def say(options: argparse.Namespace) -> int:
    """Say a text aloud, or into a file."""
    settings = in_force(options.config)
    if options.language not in (None, settings.speech.language):
        settings = replace(settings, speech=replace(settings.speech, language=options.language, voice=""))
    catalogue = phrases.load(settings.speech.language)
    if options.wav is None:
        speak(replace(catalogue, sentences={"text": options.text}), Phrase("text"), settings)
        return 0
    synthesizer = compose.synthesizer(settings)
    synthesizer.open()
    sound = synthesizer.synthesize(options.text).to_wav()
    try:
        _write(options.wav, sound)
    except OSError as error:
        raise SoundError(f"{options.wav}: cannot be written ({error.strerror}); name another file") from error
    return 0


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or leave it as it was; what is no file, such as /dev/stdout, takes it as it comes."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
    else:
        path.parent.resolve(strict=True)  # a folder that is not there is a mistake in writing
        durable.write(path.resolve(), content)


def speak(catalogue: phrases.Catalogue, phrase: Phrase, settings: Config) -> None:
    """Say a phrase and wait until it has been heard. Raises SpeechError, SoundError."""
    from device.voice import PieceStore, Voice

    synthesizer, player = compose.synthesizer(settings), compose.player(settings)
    synthesizer.open()
    player.open()
    with contextlib.closing(synthesizer), contextlib.closing(player):
        voice = Voice(PieceStore(None, ""))
        utterance = catalogue.utterance(phrase, number_style=settings.speech.number_style)
        audio = voice.audio(synthesizer, utterance)
        voice.play(player, audio, turn=1, limit_seconds=settings.daemon.device_limit_seconds)
