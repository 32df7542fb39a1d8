"""What the spotter learns words from: phrases of the catalogue, words in any order, and words that sound like them."""

from __future__ import annotations

import functools
import random
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device import commands
from device.domain import Audio, Command, Context, Pixels
from device.mel import mel_picture
from train.speech import spotter_clips
from train.speech.spotter_clips import AROUND_SECONDS, LEAST_SAMPLES, elsewhere, lines
from train.speech.studio import said
from train.speech.voices import available, teachers
from train.views import in_processes

LANGUAGE = "en"

HOMOPHONES = {"to": "two"}
"""What the catalogue's words are heard as where they sound like another of them."""


ROUNDS = 2
"""So often each voice says as many of the following."""

PHRASES, RUNS, NEAR, MIXED = 20, 8, 10, 8
"""Phrases of the catalogue; its words in any order; words that sound much like one of them; words of all kinds."""

MOST_MIXED = 4
"""Words of all kinds in one clip."""

VIEWS = 2
"""How often each clip is shown, every time in another room and other noise."""

MOST_WORDS = 12
"""In one clip."""

LONGEST_STEPS = 316
"""Hundredths of a second; clips that are longer with the most quiet around are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Clips as the spotter sees them.

    Attributes:
        pictures: Mel spectrograms (`device.mel`), each uint8, shape (t, 32).
        classes: The words said in each, by their classes (`words`).
    """

    pictures: Sequence[Pixels]
    classes: Sequence[tuple[int, ...]]


@functools.cache
def words() -> tuple[str, ...]:
    """Every word of the catalogue. Their classes are 0 and so on, the next is any other word, the last is none."""
    return tuple(sorted(commands.load(LANGUAGE).words - HOMOPHONES.keys()))


def texts(voice: int, seed: int) -> list[str]:
    """What a voice says besides `spotter_clips.texts`; every voice something else."""
    rng = random.Random(f"{seed} {voice} phrases")  # noqa: S311 - no secret
    known, kinds = sorted({*words(), *HOMOPHONES}), _phrases()
    near, far = lines("near_commands"), lines("far_words")
    found: list[str] = []
    for _ in range(ROUNDS):
        found += [rng.choice(rng.choice(kinds)) for _ in range(PHRASES)]
        found += [" ".join(rng.choices(known, k=rng.randint(1, 4))) for _ in range(RUNS)]
        found += rng.sample(near, NEAR)
        found += [
            " ".join(_any(rng, known, far, near) for _ in range(rng.randint(2, MOST_MIXED))) for _ in range(MIXED)
        ]
    return found


def _any(rng: random.Random, words: Sequence[str], far: Sequence[str], near: Sequence[str]) -> str:
    """A word of the catalogue as often as another."""
    return rng.choice(words if rng.random() < 0.5 else far if rng.random() < 0.5 else near)


@functools.cache
def _phrases() -> list[list[str]]:
    """The phrases of each command, but for digits alone."""
    known = commands.load(LANGUAGE)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for phrase, meant in {**known.meanings[Context.PRACTICE], **known.meanings[None]}.items():
        if meant.command is not Command.DIGIT or len(phrase) > 1:
            found[meant.command.value].append(" ".join(phrase))
    return [found[command] for command in sorted(found)]


def in_classes(text: str) -> tuple[int, ...]:
    """The words of a text by their classes."""
    known = {word: number for number, word in enumerate(words())}
    return tuple(known.get(HOMOPHONES.get(word, word), len(known)) for word in text.split())


def spoken(folder: Path, seed: int, workers: int) -> Spoken:
    """All that the spotter learns words from, what it learns digits from among it; arguments are `pictures`'.

    Raises:
        DataError: There is no voice, or a program failed.
        OSError: A clip cannot be kept.
    """
    voices = available(teachers(seed))
    said_by = [
        (voice, text)
        for number, voice in enumerate(voices)
        for text in (*texts(number, seed), *(text for text, _ in spotter_clips.texts(number, seed)))
    ]
    with ThreadPoolExecutor(workers) as several:
        clips = list(several.map(lambda one: said(one[0], one[1], folder), said_by))
    kept = [
        (clip, text)
        for clip, (_, text) in zip(clips, said_by, strict=True)
        if len(clip.samples) >= LEAST_SAMPLES and clip.seconds + 2.0 * AROUND_SECONDS[1] <= LONGEST_STEPS / 100.0
    ]
    blocks = [kept[begin : begin + 500] for begin in range(0, len(kept), 500)]
    made = list(in_processes(_shown, [([clip for clip, _ in block], (seed, at)) for at, block in enumerate(blocks)]))
    of_texts = {text: in_classes(text) for text in {text for _, text in kept}}
    return Spoken(
        [picture for block in made for picture in block], [of_texts[text] for _, text in kept for _ in range(VIEWS)]
    )


def _shown(clips: Sequence[Audio], seed: tuple[int, ...]) -> list[Pixels]:
    """Each clip as often as it is shown."""
    rng = np.random.default_rng(seed)
    return [mel_picture(elsewhere(clip, rng))[:LONGEST_STEPS] for clip in clips for _ in range(VIEWS)]
