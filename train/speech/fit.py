"""Fit how far passes are believed (device/hearing.json) and how far speech is (device/sight_and_speech.py).

Only voices of the parts TRAINED and TUNING, the person's recordings with even numbers, and only the odd lines of what
asks for nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device import commands, hearing, listening, sounds
from device.domain import Audio, Command, Context, VoiceCommand
from train.errors import DataError
from train.speech.hear import Clip, all_passes
from train.speech.material import DIGITS, OTHERS, meanings, others
from train.speech.studio import NOISES, placed, said
from train.speech.voices import VOICES, Part

Numbers = NDArray[np.float64]

RIDGE = 0.01
"""Of the regression: keeps weights small where features go together."""
LEAST_SCALE = 1e-3
"""Of a feature: one that is always the same must not be divided by nothing."""
SMOOTHING = 0.5
"""Added to every count of a confusion."""


def clips(folder: Path, every: int) -> list[Clip]:
    """What to fit on: every so-many-th clip and all digits of each voice, in turn padded or not, some with noise."""
    meant = meanings(commands.load("en"))
    made: list[Clip] = []
    for offset, voice in enumerate(voice for voice in VOICES if voice.part is not Part.HELD_OUT and voice.available):
        texts = [("command", text) for text in meant]
        texts += [("other", text) for kind in OTHERS for text in others(kind, tuning=True)]
        texts = [("command", digit) for digit in DIGITS] + texts[offset % every :: every]
        for kind, text in texts:
            context, command = meant[text] if kind == "command" else (Context.READING, None)
            audio = _recording(said(voice, text, folder), len(made))
            made.append(Clip(kind, text, audio, command, context))
    return made


def digit_clips(folder: Path) -> list[Clip]:
    """Every digit of those voices in noise, for the confusions."""
    voices = [voice for voice in VOICES if voice.part is not Part.HELD_OUT and voice.available]
    made = []
    for number, (voice, (digit, text)) in enumerate(itertools.product(voices, enumerate(DIGITS))):
        audio = placed(
            said(voice, text, folder), padded=bool(number % 2), snr_db=8.0, noise=NOISES[number % 2], seed=number
        )
        made.append(Clip("digits", text, audio, VoiceCommand(Command.DIGIT, digit=digit)))
    return made


def _recording(audio: Audio, number: int) -> Audio:
    """The clip as number so-and-so: every other one padded, every third one in noise."""
    snr_db = (8.0, 12.0, 18.0)[number // 6 % 3] if number % 3 == 0 else None
    return placed(audio, padded=bool(number % 2), snr_db=snr_db, noise=NOISES[number // 3 % 2], seed=number)


def person(data: Path) -> list[Clip]:
    """Digits said by theo, the recordings with even numbers, as the synthetic ones are recorded.

    Raises:
        DataError: They are absent.
    """
    paths = [path for path in sorted((data / "speech_digits").glob("*.wav")) if int(path.stem.split("_")[2]) % 2 == 0]
    if not paths:
        raise DataError(f"{data}/speech_digits is absent; the digits' odds are fitted on a person too")
    return [
        Clip(
            "digit",
            path.stem,
            _recording(sounds.resampled(sounds.load(path)), number),
            VoiceCommand(Command.DIGIT, digit=int(path.name[0])),
        )
        for number, path in enumerate(paths)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a kind of command is fitted on, one row for each clip in which one was heard.

    Attributes:
        features: Of what was heard, (n, k).
        right: Whether it was what was said, (n,).
        asked: Whether anything was asked for, (n,).
        said: Number of clips of this kind.
        other: Number of clips that ask for nothing.
    """

    features: Numbers
    right: NDArray[np.bool_]
    asked: NDArray[np.bool_]
    said: int
    other: int


def learned(clips: Sequence[Clip], passes: Sequence[tuple[list[listening.Pass], float]], digit: bool) -> Learned:
    """The clips of a kind, and those that ask for nothing, as the odds of that kind are fitted on them."""
    rows, right, asked = [], [], []
    said = other = 0
    for clip, (looked, contrast_db) in zip(clips, passes, strict=True):
        if clip.expected is not None and digit != is_digit(clip):
            continue
        said += clip.expected is not None
        other += clip.expected is None
        for command, agreeing in listening.strongest(looked, digit):
            rows.append(listening.features(agreeing, contrast_db))
            right.append(command == clip.expected)
            asked.append(clip.expected is not None)
    return Learned(np.array(rows), np.array(right), np.array(asked), said, other)


def is_digit(clip: Clip) -> bool:
    """Whether a digit alone is said in it."""
    return clip.row == "digit" or clip.text in DIGITS


def fit(data: Path, folder: Path, every: int, workers: int) -> tuple[dict[str, object], str]:
    """The content of device/hearing.json, and a report of how well it holds on the clips it was fitted on."""
    made = [*clips(folder, every), *person(data)]
    passes = all_passes(made, workers)
    facts: dict[str, object] = {
        "made by": f"python -m train.speech fit --every {every}",
        "features": list(hearing.FEATURES),
    }
    report = ""
    for kind in ("digit", "phrase"):
        kept = learned(made, passes, kind == "digit")
        means, scales, weights = regression(kept.features, kept.right)
        facts[kind] = {"means": _rounded(means), "scales": _rounded(scales), "weights": _rounded(weights)}
        report += f"{kind}: {kept.said} said, {kept.other} clips that ask for nothing\n"
        report += operating_points(kept, ((kept.features - means) / scales) @ weights[:-1] + weights[-1])
    noisy = digit_clips(folder)
    facts["confusion"] = [_rounded(row) for row in confusion(noisy, all_passes(noisy, workers))]
    return facts, report


def operating_points(kept: Learned, odds: Numbers) -> str:
    """What share is understood and what share of other speech acts, with so much added to the logarithm of the odds."""
    lines = ""
    for added in (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0):
        believed = odds + added >= 0.0
        good = np.sum(believed & kept.right) / kept.said
        bad = np.sum(believed & ~kept.asked) / kept.other
        lines += f"  odds {added:+g}: {good:.1%} understood, {bad:.1%} of other speech\n"
    return lines


def regression(features: Numbers, right: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    """Logistic regression with a ridge, by Newton's method: means and scales (k,), coefficients (k + 1,).

    Source:
        Hastie, Tibshirani, Friedman (2009), The Elements of Statistical Learning, section 4.4.1.
    """
    means, scales = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_SCALE)
    inputs = np.column_stack([(features - means) / scales, np.ones(len(features))])
    ridge = np.diag([RIDGE] * features.shape[1] + [0.0])
    coefficients = np.zeros(inputs.shape[1])
    for _ in range(50):
        odds = 1.0 / (1.0 + np.exp(-np.clip(inputs @ coefficients, -50.0, 50.0)))
        slope = inputs.T @ (odds - right) / len(right) + ridge @ coefficients
        curve = (inputs * (odds * (1.0 - odds) / len(right))[:, None]).T @ inputs + ridge
        coefficients -= np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
    return means, scales, coefficients


def confusion(clips: Sequence[Clip], passes: Sequence[tuple[list[listening.Pass], float]]) -> Numbers:
    """Row d: how often 0 to 9 was said where d was heard wrongly, (10, 10); rows add up to one, the diagonal is 0."""
    counts = np.full((10, 10), SMOOTHING)
    for clip, (looked, _) in zip(clips, passes, strict=True):
        for one in looked:
            if one.command is not None and one.command.digit is not None and clip.expected is not None:
                counts[one.command.digit, clip.expected.digit] += 1.0
    np.fill_diagonal(counts, 0.0)
    shares: Numbers = counts / counts.sum(axis=1, keepdims=True)
    return shares


def _rounded(values: Numbers) -> list[float]:
    return [round(float(value), 5) for value in values]


def write(facts: dict[str, object], path: Path = hearing.PATH) -> None:
    """Replace the fitted numbers."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
