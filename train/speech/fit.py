"""Fit how far passes are believed (device/hearing.json) and how far speech is (device/sight_and_speech.py).

Only voices of the parts TRAINED and TUNING, all of them synthetic, and only the odd lines of what asks for nothing. No
person's recordings: the one person there is (theo) is kept for the table.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device import commands, config, hearing, listening
from device.domain import Audio, Command, Context, VoiceCommand
from device.hearing import FEATURES, Features, Kind
from train.logistic import fitted
from train.speech.hear import Clip, looks
from train.speech.material import DIGITS, OTHERS, meanings, others, spotted_meanings
from train.speech.studio import NOISES, placed, said
from train.speech.voices import VOICES, Part, Voice, available

Numbers = NDArray[np.float64]

RIDGE = 0.01
"""Of the regression: keeps weights small where features go together."""
LEAST_SCALE = 1e-3
"""Of a feature: one that is always the same must not be divided by nothing."""
SMOOTHING = 0.5
"""Added to every count of a confusion."""
WORDS_TAKEN_FOR_A_DIGIT = {Kind.DIGIT: 0.07, Kind.SPOTTED_DIGIT: 0.06}
"""Share of ordinary words said alone that may pass for a digit, without and with a spotter: what decides where digits'
odds have their zero (train/speech/README.md)."""
SPOTTED = frozenset({Kind.SPOTTED_DIGIT, Kind.SPOTTED_PHRASE, Kind.UNHEARD_PHRASE})
"""Kinds of what was heard with a spotter."""
FITTED_ON = {
    Kind.DIGIT: (1, 3),
    Kind.PHRASE: (2, 3),
    Kind.SPOTTED_DIGIT: (0, 3),
    Kind.SPOTTED_PHRASE: (2, 4),
    Kind.UNHEARD_PHRASE: (2, 4),
}
"""From which list of clips to before which: `noisy_word_clips`, `digit_clips`, `clips`, `spotted_clips`. Phrases are in
noise as often as what is none."""
DENSER = {"command": 2, "words": 2, "sentences": 1, "sound_alikes": 1}
"""So many times as many clips of a kind are taken: of words, because the share above is of theirs."""
NOISY_DB = 8.0
"""Noise over the digits that confusions are counted in; they are fitted on as well, and as many words in it."""


def fitting_voices() -> list[Voice]:
    """Those of this machine that aren't only reported on. Raises DataError where there is none."""
    return available(voice for voice in VOICES if voice.part is not Part.HELD_OUT)


def clips(folder: Path, every: int) -> list[Clip]:
    """What to fit on: every so-many-th clip and all digits of each voice, in turn padded or not, some with noise."""
    meant = meanings(commands.load("en"))
    texts: dict[str, Sequence[str]] = {"command": [text for text in meant if text not in DIGITS]}
    texts |= {kind: others(kind, tuning=True) for kind in OTHERS}
    made: list[Clip] = []
    for offset, voice in enumerate(fitting_voices()):
        chosen = [("command", digit) for digit in DIGITS]
        for kind, lines in texts.items():
            step = max(1, every // DENSER[kind])
            chosen += [(kind, text) for text in lines[offset % step :: step]]
        for kind, text in chosen:
            context, command = meant[text] if kind == "command" else (Context.READING, None)
            audio = _recording(said(voice, text, folder), len(made))
            made.append(Clip(kind, text, audio, command, context, voice.part))
    return made


def spotted_clips(folder: Path, every: int) -> list[Clip]:
    """What only the spotter can hear, and some lines that sound like it, in the tuning voices."""
    meant = spotted_meanings(commands.load("en"))
    alike, step = others("spotted_alikes", tuning=True), max(1, every // 2)
    made: list[Clip] = []
    for offset, voice in enumerate(voice for voice in fitting_voices() if voice.part is Part.TUNING):
        for text in (*meant, *alike[offset % step :: step]):
            context, command = meant.get(text, (Context.READING, None))
            audio = _recording(said(voice, text, folder), len(made))
            row = "sound_alikes" if command is None else "command"
            made.append(Clip(row, text, audio, command, context, voice.part))
    return made


def digit_clips(folder: Path) -> list[Clip]:
    """Every digit of those voices in noise."""
    made = []
    for number, (voice, (digit, text)) in enumerate(itertools.product(fitting_voices(), enumerate(DIGITS))):
        audio = placed(
            said(voice, text, folder), padded=bool(number % 2), snr_db=NOISY_DB, noise=NOISES[number % 2], seed=number
        )
        expected = VoiceCommand(Command.DIGIT, digit=digit)
        made.append(Clip("digits", text, audio, expected, part=voice.part))
    return made


def noisy_word_clips(folder: Path, every: int) -> list[Clip]:
    """As many ordinary words in the same noise beside those of `clips`: else whatever is noisy would seem a digit."""
    made: list[Clip] = []
    for offset, voice in enumerate(fitting_voices()):
        step = max(1, every // DENSER["words"])
        for text in others("words", tuning=True)[offset % step :: step]:
            number = len(made)
            noise = NOISES[number // 2 % 2]
            audio = placed(
                said(voice, text, folder), padded=bool(number % 2), snr_db=NOISY_DB, noise=noise, seed=number
            )
            made.append(Clip("words", text, audio, None, part=voice.part))
    return made


def idle_clips(folder: Path, every: int) -> list[Clip]:
    """Sentences and ordinary words said in idle, to see what acts there: every fourth where `every` is seven."""
    made: list[Clip] = []
    for kind in ("sentences", "words"):
        for offset, voice in enumerate(fitting_voices()):
            step = every // 2 + 1
            for text in others(kind, tuning=True)[offset % step :: step]:
                audio = _recording(said(voice, text, folder), len(made))
                made.append(Clip(kind, text, audio, None, Context.IDLE, voice.part))
    return made


def _recording(audio: Audio, number: int) -> Audio:
    """The clip as number so-and-so: every other one padded, every third one in noise."""
    snr_db = (8.0, 12.0, 18.0)[number // 6 % 3] if number % 3 == 0 else None
    return placed(audio, padded=bool(number % 2), snr_db=snr_db, noise=NOISES[number // 3 % 2], seed=number)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a kind of command is fitted on, one row for each clip in which one was heard.

    Attributes:
        features: Of what was heard, (n, k).
        right: Whether it was what was said, (n,).
        kinds: What the clip is: "command", "digits", or one of `material.OTHERS`, (n,).
        counts: Number of clips of each, those without a row counted in.
    """

    features: Numbers
    right: NDArray[np.bool_]
    kinds: NDArray[np.str_]
    counts: Mapping[str, int]

    def passing(self, odds: Numbers, kind: str) -> float:
        """Share of the clips of a kind of other speech that act where these odds, (n,), are above zero."""
        return float(np.sum((odds > 0.0) & (self.kinds == kind))) / max(1, self.counts.get(kind, 0))

    def understood(self, odds: Numbers) -> float:
        """Share of what was asked for that is understood."""
        return float(np.sum((odds > 0.0) & self.right)) / sum(
            count for kind, count in self.counts.items() if kind not in OTHERS
        )


def learned(clips: Sequence[Clip], heard: Sequence[listening.Look], kind: Kind) -> Learned:
    """The clips of a kind, and those that ask for nothing, as the odds of that kind are fitted on them.

    Where a spotter was asked they are fitted on the tuning voices alone, of whose eight speakers it knows two;
    others it knows too well.

    Args:
        clips: All of them.
        heard: The same, heard.
        kind: Of the candidates.
    """
    rows, right, kinds = [], [], []
    counts: Counter[str] = Counter()
    for clip, look in zip(clips, heard, strict=True):
        is_left_out = kind in SPOTTED and clip.part is not Part.TUNING
        if is_left_out or (clip.expected is not None and _is_of_digits(kind) != (clip.text in DIGITS)):
            continue
        counts[clip.row] += 1
        for command, features in _candidates(look, kind):
            rows.append(features.values)
            right.append(command == clip.expected)
            kinds.append(clip.row)
    return Learned(np.array(rows).reshape(-1, len(FEATURES[kind])), np.array(right), np.array(kinds), counts)


def _is_of_digits(kind: Kind) -> bool:
    return kind in {Kind.DIGIT, Kind.SPOTTED_DIGIT}


def _candidates(look: listening.Look, kind: Kind) -> Iterator[tuple[VoiceCommand, Features]]:
    """What may have been said, and what its odds depend on."""
    if kind not in SPOTTED:
        look = replace(look, spotted=None, fits=None, sought=(), unheard=None)
    for candidate in listening.candidates(look, _is_of_digits(kind)):
        features = listening.features(look, candidate)
        if features.kind is kind:
            yield candidate.command, features


def fit(folder: Path, every: int, workers: int) -> tuple[dict[str, object], str]:
    """The content of device/hearing.json, and a report of how well it holds on the clips it was fitted on."""
    lists = (
        noisy_word_clips(folder, every),
        digit_clips(folder),
        clips(folder, every),
        spotted_clips(folder, every),
    )
    heard: list[list[listening.Look]] = [looks(made, workers) for made in lists]
    idle = idle_clips(folder, every)
    heard_idle = looks(idle, workers)
    facts: dict[str, object] = {"made by": f"python -m train.speech fit --every {every}"}
    report = ""
    for kind in Kind:
        begin, end = FITTED_ON[kind]
        kept = learned(list(chain(*lists[begin:end])), list(chain(*heard[begin:end])), kind)
        means, scales, weights = regression(kept.features, kept.right)
        odds = ((kept.features - means) / scales) @ weights[:-1] + weights[-1] - least_odds()
        report += f"{kind.value}: {dict(kept.counts)}\n" + operating_points(kept, odds)
        if _is_of_digits(kind):
            moved = surplus(kept, odds, WORDS_TAKEN_FOR_A_DIGIT[kind])
            weights[-1] -= moved
            report += f"zero of the digits' odds moved by {moved:+.2f}\n"
        else:
            kept = learned(idle, heard_idle, kind)
            odds = ((kept.features - means) / scales) @ weights[:-1] + weights[-1] - least_odds()
            report += f"in idle: {dict(kept.counts)}\n" + idle_points(kept, odds)
        facts[kind.value] = {
            "features": list(FEATURES[kind]),
            "means": _rounded(means),
            "scales": _rounded(scales),
            "weights": _rounded(weights),
        }
    facts["confusion"] = [_rounded(row) for row in confusion(lists[1], heard[1])]
    return facts, report


def least_odds() -> float:
    """The logarithm of the odds from which the shipped configuration believes a command."""
    least = config.load(config.DEFAULT_PATH).listening.least_confidence
    return float(np.log(least / (1.0 - least)))


def surplus(kept: Learned, odds: Numbers, share: float) -> float:
    """How far the odds of digits must fall for no more than this share of ordinary words to stay above zero."""
    words = np.sort(odds[kept.kinds == "words"])[::-1]
    allowed = int(share * kept.counts["words"])
    return float(words[allowed]) if allowed < len(words) else 0.0


def operating_points(kept: Learned, odds: Numbers) -> str:
    """What is understood and what other speech acts, with so much added to the logarithm of the odds."""
    lines = ""
    for added in (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0):
        acting = ", ".join(f"{kept.passing(odds + added, kind):.1%} of {kind.replace('_', '-')}" for kind in OTHERS)
        lines += f"  odds {added:+g}: {kept.understood(odds + added):.1%} understood, {acting} act\n"
    return lines


def idle_points(kept: Learned, odds: Numbers) -> str:
    """What share of sentences and words acts in idle, with so much added to the logarithm of the odds."""
    lines = ""
    for added in np.arange(-1.0, 1.25, 0.25):
        acting = np.isin(kept.kinds, ("sentences", "words")) & (odds + added > 0.0)
        count = sum(kept.counts.values())
        lines += f"  odds {added:+g}: {acting.sum()} of {count} act, {acting.sum() / count:.1%}\n"
    return lines


def regression(features: Numbers, right: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    """Means and scales (k,) of the features, and their weights once standardised, then the constant (k + 1,)."""
    means, scales = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_SCALE)
    weights = fitted(np.column_stack([np.ones(len(features)), (features - means) / scales]), right, RIDGE)
    return means, scales, np.roll(weights, -1)


def confusion(clips: Sequence[Clip], heard: Sequence[listening.Look]) -> Numbers:
    """Row d: how often 0 to 9 was said where d was heard wrongly, (10, 10); rows add up to one, the diagonal is 0."""
    counts = np.full((10, 10), SMOOTHING)
    for clip, look in zip(clips, heard, strict=True):
        for one in look.passes:
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
