"""What the spotter learns digits from: these and other words in many synthetic voices, in rooms and in noise."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device import sounds
from device.adapters.spotter_tflite import DIGIT_LOOKS, steps_of
from device.domain import Audio, Pixels
from device.mel import mel_picture
from train.speech.material import ANSWERS, DIGITS, PHRASES
from train.speech.studio import NOISES, Samples, as_audio, noise_of, said
from train.speech.voices import available, teachers
from train.views import in_processes

NOTHING = len(DIGITS)
"""Label of what is no digit."""

SEED = 5
"""Of voices, words, rooms and noise, and of the training."""

TIMES, NEAR, FAR, OF_COMMANDS, PAIRS = 2, 30, 16, 8, 4
"""Clips of one voice: how often each digit, words that sound much like one, other words, words of commands, and two or
three words together."""

VIEWS = 3
"""How often each clip is shown, every time in another room and other noise."""

STEPS = steps_of(DIGIT_LOOKS)
"""Rows of a picture: one and a half seconds. What is longer is cut off: a digit is not."""

LEAST_SAMPLES = 1600
"""A shorter clip is a program's mistake."""

AROUND_SECONDS = (0.2, 0.45)
"""Range of the quiet before and after."""

ROOM_SHARE, ROOM_SECONDS, ROOM_LEVEL = 0.45, (0.05, 0.35), (0.02, 0.12)
"""How often there is an echo, how long it lasts, and how loud it begins beside what is heard directly."""

TONE_SHARE, TONE_DB, TONE_HZ = 0.6, 5.0, (0, 200, 500, 1000, 2000, 3000, 4000, 8000)
"""How often a microphone colours the sound, by so much (a standard deviation) at each of these frequencies."""

NOISE_DB = (4.0, 40.0)
"""Range of the loud third's power over that of the noise."""

LOUD_LEVEL = 1500.0
"""Loudness (`sounds.loudness`) of the clips before they are changed: the picture does not depend on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Clips as the spotter sees them.

    Attributes:
        pictures: Mel spectrograms (`device.mel`), uint8, shape (n, STEPS, 32).
        labels: 0 to 9, or NOTHING, shape (n,).
    """

    pictures: Pixels
    labels: np.ndarray[tuple[int], np.dtype[np.int64]]


def lines(name: str) -> list[str]:
    """The words of a list beside this file."""
    text = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def texts(voice: int, seed: int) -> list[tuple[str, int]]:
    """What a voice says, with its labels; every voice has other words."""
    rng = random.Random(f"{seed} {voice}")  # noqa: S311 - no secret
    near, far = lines("near_digits"), lines("far_words")
    commands = sorted({word for phrase in (*PHRASES, *ANSWERS) for word in phrase.split()} - set(DIGITS))
    other = [*rng.sample(near, NEAR), *rng.sample(far, FAR), *rng.sample(commands, OF_COMMANDS)]
    other += [" ".join(rng.sample(far, rng.randint(2, 3))) for _ in range(PAIRS)]
    return [(word, label) for label, word in enumerate(DIGITS)] + [(word, NOTHING) for word in other]


def pictures(folder: Path, seed: int, workers: int) -> Pictures:
    """All that the spotter learns from, made by the programs that are there.

    Args:
        folder: Where synthetic clips are kept.
        seed: Of voices, words, rooms and noise.
        workers: Programs at a time.

    Raises:
        DataError: There is no voice, or a program failed.
        OSError: A clip cannot be kept.
    """
    voices = available(teachers(seed))
    spoken = [(voice, *text) for number, voice in enumerate(voices) for text in texts(number, seed)]
    with ThreadPoolExecutor(workers) as several:
        clips = list(several.map(lambda one: said(one[0], one[1], folder), spoken))
    kept = [
        (clip, label) for clip, (_, _, label) in zip(clips, spoken, strict=True) if len(clip.samples) >= LEAST_SAMPLES
    ]
    blocks = [kept[begin : begin + 500] for begin in range(0, len(kept), 500)]
    made = list(in_processes(_shown, [(block, (seed, number)) for number, block in enumerate(blocks)]))
    return Pictures(
        np.concatenate([block.pictures for block in made]), np.concatenate([block.labels for block in made])
    )


def _shown(clips: Sequence[tuple[Audio, int]], seed: tuple[int, ...]) -> Pictures:
    """Each clip as often as it is shown, digits more often."""
    rng = np.random.default_rng(seed)
    shown = [(clip, label) for clip, label in clips for _ in range(VIEWS * (1 if label == NOTHING else TIMES))]
    return Pictures(
        np.stack([of_one_length(mel_picture(elsewhere(clip, rng))) for clip, _ in shown]),
        np.array([label for _, label in shown]),
    )


def of_one_length(picture: Pixels) -> Pixels:
    """The picture cut or continued with silence to STEPS rows."""
    return np.pad(picture[:STEPS], ((0, max(0, STEPS - len(picture))), (0, 0)))


def elsewhere(clip: Audio, rng: np.random.Generator) -> Audio:
    """The clip in another room, by another microphone, in noise."""
    heard: Samples = clip.samples * (LOUD_LEVEL / max(1.0, sounds.loudness(clip)))
    if rng.random() < ROOM_SHARE:
        count = round(rng.uniform(*ROOM_SECONDS) * sounds.RATE_HZ)
        echo = rng.normal(size=count) * np.exp(-rng.uniform(4.0, 7.0) * np.arange(count) / count)
        echo *= rng.uniform(*ROOM_LEVEL)
        echo[0] = 1.0
        heard = np.convolve(heard, echo)
    if rng.random() < TONE_SHARE:
        spectrum = np.fft.rfft(heard)
        frequencies = np.linspace(0.0, sounds.RATE_HZ / 2, len(spectrum))
        spectrum *= 10.0 ** (np.interp(frequencies, TONE_HZ, rng.normal(0.0, TONE_DB, len(TONE_HZ))) / 20.0)
        heard = np.fft.irfft(spectrum, len(heard))
    before, after = (round(seconds * sounds.RATE_HZ) for seconds in rng.uniform(*AROUND_SECONDS, 2))
    loud = float(np.mean(np.sort(np.square(heard))[-len(heard) // 3 :]))
    heard = np.pad(heard, (before, after))
    kind = str(rng.choice([*NOISES, "brown"]))
    noise = noise_of(kind, len(heard), int(rng.integers(2**30)))
    return as_audio(heard + noise * np.sqrt(loud / 10.0 ** (rng.uniform(*NOISE_DB) / 10.0)))


def network_input(pictures: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What the network in TensorFlow sees: (n, t, 32) -> (n, t, 32, 1), 0 RANGE_DB below the loudest place .. 1."""
    return pictures[..., None].astype(np.float32) / np.float32(255.0)
