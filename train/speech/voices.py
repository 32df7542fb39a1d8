"""Synthetic voices: eSpeak NG, Flite, Festival, MBROLA, Pico and RHVoice, each by its Debian package."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from device import sounds
from device.domain import Audio
from train.errors import DataError

FESTIVAL_VOICES = Path("/usr/share/festival/voices")
MBROLA_VOICES = Path("/usr/share/mbrola")
RHVOICE_VOICES = Path("/usr/share/RHVoice/voices")
_LIMIT_SECONDS = 60.0


class Part(Enum):
    """What a voice is for.

    The spotter learns from it; it was in the speech model's training; limits are tuned on it; it is new to the model,
    and phrases and the shape of the spotter's network are chosen with it; it is only reported on.
    """

    TEACHING = "teaching"
    TRAINED = "trained"
    TUNING = "tuning"
    NEW = "new"
    HELD_OUT = "held out"


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of a program.

    Attributes:
        name: For the table.
        program: "espeak-ng", "flite", "festival", "pico2wave" or "RHVoice-test".
        options: Its arguments; for Festival the name of a voice, for Pico the language.
        part: What it is for.
        package: The Debian package that has it.
        speed: Played so much faster, and higher, as if by a smaller mouth.
    """

    name: str
    program: str
    options: tuple[str, ...]
    part: Part
    package: str
    speed: float = 1.0

    @property
    def available(self) -> bool:
        """Whether program and voice are there."""
        if shutil.which(self.program) is None:
            return False
        if self.program == "espeak-ng" and "+" in self.options[1]:
            return self.options[1].partition("+")[2] in _variants()
        if self.package.startswith("mbrola-"):
            return (MBROLA_VOICES / self.package.removeprefix("mbrola-")).exists()
        if self.program == "RHVoice-test":
            return (RHVOICE_VOICES / self.options[1]).exists()
        return self.program != "festival" or any(FESTIVAL_VOICES.glob(f"*/{self.options[0]}"))

    def say(self, text: str) -> Audio:
        """The text as 16 kHz sound, as loud as the program makes it. Raises DataError, AudioError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            written = Path(folder) / "text"
            written.write_text(text, encoding="utf-8")
            if self.program == "espeak-ng":
                command = ["espeak-ng", *self.options, "-w", str(path), "--", text]
            elif self.program == "flite":
                command = ["flite", *self.options, str(written), str(path)]
            elif self.program == "pico2wave":
                command = ["pico2wave", "-l", *self.options, "-w", str(path), text]
            elif self.program == "RHVoice-test":
                command = ["RHVoice-test", *self.options, "-i", str(written), "-o", str(path)]
            else:
                command = ["text2wave", "-eval", f"(voice_{self.options[0]})", "-o", str(path), str(written)]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=_LIMIT_SECONDS)
            except (OSError, subprocess.SubprocessError) as error:
                raise DataError(
                    f"{self.name} cannot say {text!r} ({error}); see to the package {self.package}"
                ) from error
            audio = Audio.from_wav(path.read_bytes())
        return sounds.resampled(Audio(audio.samples, round(audio.rate_hz * self.speed)))


@cache
def _variants() -> frozenset[str]:
    """Of eSpeak NG on this machine, which speaks without one that it doesn't know, and says nothing of that."""
    done = subprocess.run(
        ["espeak-ng", "--voices=variant"],
        check=True,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    return frozenset(re.findall(r"!v/(\S+)", done.stdout))


def _espeak(name: str, part: Part, *options: str, speed: float = 1.0) -> Voice:
    return Voice(f"espeak-ng {name}", "espeak-ng", ("-v", name, *options), part, "espeak-ng", speed)


def _flite(name: str, part: Part, *options: str, speed: float = 1.0) -> Voice:
    return Voice(f"flite {name}", "flite", ("-voice", name, *options), part, "flite", speed)


def _festival(name: str, part: Part, package: str, speed: float = 1.0) -> Voice:
    return Voice(f"festival {name.split('_', maxsplit=1)[0]}", "festival", (name,), part, package, speed)


VOICES = (
    _espeak("en-us", Part.TRAINED),
    _espeak("en-gb", Part.TRAINED),
    _espeak("en-us+f3", Part.TRAINED, "-s", "150"),
    _flite("slt", Part.TRAINED),
    _flite("awb", Part.TRAINED),
    _flite("kal16", Part.TRAINED),
    _espeak("en-gb-scotland+m3", Part.TUNING, "-s", "140"),
    _espeak("en-029+f2", Part.TUNING, "-s", "165"),
    _espeak("en-us+m7", Part.TUNING, "-p", "35"),
    _espeak("en-gb-x-gbclan+f4", Part.TUNING, "-s", "150"),
    _espeak("en-us+Alicia", Part.TUNING, "-s", "160"),
    _flite("slt", Part.TUNING, "--setf", "duration_stretch=1.2", speed=0.9),
    _flite("awb", Part.TUNING, "--setf", "duration_stretch=0.9", speed=1.1),
    _festival("kal_diphone", Part.TUNING, "festvox-kallpc16k", speed=1.08),
    _flite("rms", Part.HELD_OUT),
    _festival("ked_diphone", Part.HELD_OUT, "festvox-kdlpc16k"),
    _espeak("en-gb-x-rp+m1", Part.HELD_OUT, "-s", "155"),
    _espeak("en-us+linda", Part.HELD_OUT, "-s", "165"),
)
"""MODEL.md of vosk-tiny-en names the voices it was trained on but for eSpeak's variants, of which it knows 73 and not
another ten without saying which: only flite rms and festival ked are known to be new to it."""

NEW_VOICES = (
    Voice("pico en-US", "pico2wave", ("en-US",), Part.NEW, "libttspico-utils"),
    Voice("pico en-GB", "pico2wave", ("en-GB",), Part.NEW, "libttspico-utils"),
    Voice("pico en-GB deep", "pico2wave", ("en-GB",), Part.NEW, "libttspico-utils", speed=0.88),
    *(
        Voice(f"mbrola {name}", "espeak-ng", ("-v", f"mb-{name}", "-s", "140"), Part.NEW, f"mbrola-{name}")
        for name in ("us1", "us2", "us3")
    ),
)
"""Voices that sound like none of the above, from Debian's section non-free: Pico's, and diphones of people, by MBROLA.
Nothing is fitted on them; they tell which phrases a stranger is understood with."""

_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-029", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc")
_VARIANTS = (
    "m2 m4 m5 m6 m8 f1 f3 f5 adam Alex Andrea Andy Annie antonio aunty belinda benjamin boris caleb david "
    "Denis Diogo ed edward edward2 Gene Gene2 gustave Henrique Hugo iven iven2 iven3 Jacky john "
    "kaukovalta Lee marcelo Marco Mario max Michael michel miguel Mike Nguyen pablo paul pedro quincy "
    "RicishayMax rob robert steph steph2 steph3 Storm victor travis shelby sandro norbert anika "
    "AnxiousAndy grandpa grandma klatt klatt2 klatt3 croak"
)
"""Of eSpeak NG: none of those above but f3."""

_FLITE_TEACHERS, _FESTIVAL_TEACHERS, _RHVOICE_TEACHERS = (
    ("slt", "kal", "kal16"),
    {"don_diphone": "festvox-don", "rab_diphone": "festvox-rablpc16k"},
    ("alan", "bdl", "clb", "slt"),
)

SPEEDS = (0.88, 1.15)
"""Range in which teachers are played faster or slower."""


def available(voices: Iterable[Voice]) -> list[Voice]:
    """Those of this machine. Raises DataError where there is none."""
    voices = list(voices)
    found = [voice for voice in voices if voice.available]
    if voices and not found:
        raise DataError(f"there is no voice; install {', '.join(lacking(voices))}")
    return found


def lacking(voices: Iterable[Voice]) -> list[str]:
    """The Debian packages of those that this machine has not, by name."""
    return sorted({voice.package for voice in voices if not voice.available})


def teachers(seed: int) -> list[Voice]:
    """Many voices for the spotter to learn from, fast and slow, high and low; none of them is in a part to tune on."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    voices = [
        _espeak(
            f"{rng.choice(_ACCENTS)}+{variant}",
            Part.TEACHING,
            *("-s", str(rng.randint(120, 190)), "-p", str(rng.randint(25, 75))),
            speed=round(rng.uniform(*SPEEDS), 2),
        )
        for variant in 2 * _VARIANTS.split()
    ]
    for name in 10 * _FLITE_TEACHERS:
        stretch, pitch_hz = (
            f"duration_stretch={rng.uniform(0.8, 1.3):.2f}",
            f"int_f0_target_mean={rng.randint(85, 210)}",
        )
        speed = round(rng.uniform(*SPEEDS), 2)
        voices.append(_flite(name, Part.TEACHING, "--setf", stretch, "--setf", pitch_hz, speed=speed))
    for name, package in 3 * tuple(_FESTIVAL_TEACHERS.items()):
        voices.append(_festival(name, Part.TEACHING, package, speed=round(rng.uniform(*SPEEDS), 2)))
    for name in 10 * _RHVOICE_TEACHERS:
        options = ("-p", name, "-r", str(rng.randint(80, 125)), "-t", str(rng.randint(75, 130)))
        speed = round(rng.uniform(*SPEEDS), 2)
        voices.append(Voice(f"rhvoice {name}", "RHVoice-test", options, Part.TEACHING, "rhvoice-english", speed))
    return voices
