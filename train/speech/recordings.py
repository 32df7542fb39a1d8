"""People's recordings that a Debian system can have: prompts of telephone systems, spoken by four people.

Debian's packages asterisk-core-sounds-{en,es,fr,it,ru}-wav, at 8 kHz: Allison Smith in English and Spanish, June
Wallack in French, Carlo in Italian, Maxim Topal in Russian. What they say asks for nothing but where it is an English
digit. Nothing is fitted on them.
"""

from __future__ import annotations

import re
from pathlib import Path

from device import sounds
from device.domain import Audio
from device.errors import AudioError
from train.speech.studio import trimmed

FOLDER = Path("/usr/share/asterisk/sounds")

PACKAGES = "asterisk-core-sounds-{en,es,fr,it,ru}-wav"

SECONDS = (0.15, 2.5)
"""Range of the recordings that are taken: longer ones are no answer to anything."""

_ENGLISH_DIGITS = re.compile(r"en_.*/(h-)?\d\.wav$")
"""In either of two intonations."""

_NOT_SPOKEN = re.compile(r"silence|beep|tone|monkeys")


def english_digits(folder: Path = FOLDER) -> list[tuple[int, Audio]]:
    """The ten digits in two intonations, as far as they are there, at 16 kHz."""
    return [
        (int(path.stem[-1]), sounds.resampled(sounds.load(path)))
        for path in sorted(folder.glob("en_*/digits/*.wav"))
        if _ENGLISH_DIGITS.search(path.as_posix())
    ]


def other_speech(folder: Path = FOLDER) -> list[tuple[str, Audio]]:
    """Everything else that is short, with its name, at 16 kHz; what is damaged or silent is left out."""
    found = []
    for path in sorted(folder.glob("*/**/*.wav")):
        if _ENGLISH_DIGITS.search(path.as_posix()) or _NOT_SPOKEN.search(path.as_posix()):
            continue
        try:
            audio = trimmed(sounds.resampled(sounds.load(path)))
        except AudioError:
            continue
        if SECONDS[0] <= audio.seconds <= SECONDS[1]:
            found.append((path.relative_to(folder).with_suffix("").as_posix(), audio))
    return found
