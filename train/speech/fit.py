"""Fit how far passes are believed (device/hearing.json) and how far speech is (device/sight_and_speech.py).

Only voices of the parts TRAINED and TUNING, and only the odd lines of what asks for nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device import commands, hearing, listening
from device.domain import Audio, Command, Context, VoiceCommand
from train.speech.hear import Clip, all_passes
from train.speech.material import DIGITS, OTHERS, meanings, others
from train.speech.studio import NOISES, placed, said
from train.speech.voices import VOICES, Part

Numbers = NDArray[np.float64]

RIDGE = 0.01
"""Of the regression: keeps weights small where features go together."""
SMOOTHING = 0.5
"""Added to every count of a confusion."""


def clips(folder: Path, every: int) -> list[Clip]:
    """What to fit on: every so-many-th clip of each voice, in turn padded or not, one in three with noise."""
    meant = meanings(commands.load("en"))
    made: list[Clip] = []
    for offset, voice in enumerate(voice for voice in VOICES if voice.part is not Part.HELD_OUT and voice.available):
        texts = [("command", text) for text in meant]
        texts += [("other", text) for kind in OTHERS for text in others(kind, tuning=True)]
        for kind, text in texts[offset % every :: every]:
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
    snr_db = 15.0 if number % 3 == 0 else None
    return placed(audio, padded=bool(number % 2), snr_db=snr_db, noise=NOISES[number // 3 % 2], seed=number)


def fit(folder: Path, every: int, workers: int) -> tuple[dict[str, object], str]:
    """The content of device/hearing.json, and a report of how well it holds on the clips it was fitted on."""
    learned = clips(folder, every)
    rows, right, asked = [], [], []
    missed = 0
    for clip, passes in zip(learned, all_passes(learned, workers), strict=True):
        best = strongest(passes)
        if best is None:
            missed += clip.expected is not None
            continue
        command, agreeing = best
        rows.append(listening.features(agreeing))
        right.append(command == clip.expected)
        asked.append(clip.expected is not None)
    means, scales, coefficients = regression(np.array(rows), np.array(right))
    facts: dict[str, object] = {
        "made by": f"python -m train.speech fit --every {every}",
        "features": list(hearing.FEATURES),
        "means": _rounded(means),
        "scales": _rounded(scales),
        "weights": _rounded(coefficients),
        "confusion": [_rounded(row) for row in confusion(folder, workers)],
    }
    believed = 1.0 / (1.0 + np.exp(-(((np.array(rows) - means) / scales) @ coefficients[:-1] + coefficients[-1])))
    commands_said = sum(clip.expected is not None for clip in learned)
    report = (
        f"{commands_said} commands, {missed} never heard; {len(learned) - commands_said} clips that ask for nothing\n"
    )
    for limit in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        good = np.sum((believed >= limit) & np.array(right)) / commands_said
        bad = np.sum((believed >= limit) & ~np.array(asked)) / (len(learned) - commands_said)
        report += f"least_confidence {limit}: {good:.1%} of commands understood, {bad:.1%} of other speech\n"
    return facts, report


def strongest(passes: Sequence[listening.Pass]) -> tuple[VoiceCommand, list[listening.Pass]] | None:
    """The command with the most evidence, and the passes that heard it."""
    found: dict[VoiceCommand, list[listening.Pass]] = {}
    for looked in passes:
        if looked.command is not None:
            found.setdefault(looked.command, []).append(looked)
    if not found:
        return None
    command = max(found, key=lambda one: sum(looked.evidence for looked in found[one]))
    return command, found[command]


def regression(features: Numbers, right: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    """Logistic regression with a ridge, by Newton's method: means and scales (k,), coefficients (k + 1,).

    Source:
        Hastie, Tibshirani, Friedman (2009), The Elements of Statistical Learning, section 4.4.1.
    """
    means, scales = features.mean(axis=0), features.std(axis=0) + 1e-9
    inputs = np.column_stack([(features - means) / scales, np.ones(len(features))])
    ridge = np.diag([RIDGE] * features.shape[1] + [0.0])
    coefficients = np.zeros(inputs.shape[1])
    for _ in range(50):
        odds = 1.0 / (1.0 + np.exp(-np.clip(inputs @ coefficients, -50.0, 50.0)))
        slope = inputs.T @ (odds - right) / len(right) + ridge @ coefficients
        curve = (inputs * (odds * (1.0 - odds) / len(right))[:, None]).T @ inputs + ridge
        coefficients -= np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
    return means, scales, coefficients


def confusion(folder: Path, workers: int) -> Numbers:
    """Row d: how often 0 to 9 was said where d was heard wrongly, (10, 10); rows add up to one, the diagonal is 0."""
    counts = np.full((10, 10), SMOOTHING)
    learned = digit_clips(folder)
    for clip, passes in zip(learned, all_passes(learned, workers), strict=True):
        for looked in passes:
            if looked.command is not None and looked.command.digit is not None and clip.expected is not None:
                counts[looked.command.digit, clip.expected.digit] += 1.0
    np.fill_diagonal(counts, 0.0)
    shares: Numbers = counts / counts.sum(axis=1, keepdims=True)
    return shares


def _rounded(values: Numbers) -> list[float]:
    return [round(float(value), 5) for value in values]


def write(facts: dict[str, object], path: Path = hearing.PATH) -> None:
    """Replace the fitted numbers."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
