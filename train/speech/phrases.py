"""Which of a command's phrases are understood from voices that are new to the speech model: what to recommend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device import commands
from device.domain import Context, VoiceCommand
from train.speech.hear import Answer, Clip, answers
from train.speech.material import ANSWERS, DIGITS, PHRASES, SPOTTED_ANSWERS, SPOTTED_PHRASES, meanings, spotted_meanings
from train.speech.studio import placed, said
from train.speech.voices import NEW_VOICES, Voice

MORE_PHRASES = (
    "is it correct", "is this correct", "tell me how sure", "last number", "the last number", "tell me the last number",
    "one back", "tell me again", "repeat the number", "read digit three", "tell me digit three", "test me now",
    "speak quieter", "show the status", "shut down now", "mute now", "mute the volume", "reset the history",
    "wrong it is seven", "that's wrong it's a seven", "not correct it's a seven",
)  # fmt: skip
"""Further ones, as said after a reading."""

MORE_ANSWERS = (
    "yes yes",
    "yes correct",
    "yes that's correct",
    "that is correct",
    "not correct",
    "stop now",
    "cancel that",
)
"""Further ones, as said where the box asks back."""


def report(folder: Path, every: int, workers: int) -> str:
    """Each command's phrases, those that most of the voices are understood with first.

    Args:
        folder: Where synthetic clips are kept.
        every: Only every so-many-th phrase.
        workers: Processes.

    Raises:
        RecognizerError: The speech model cannot be used.
    """
    voices = [voice for voice in NEW_VOICES if voice.available]
    found = answers(_clips(voices, folder, every), workers)
    names = ", ".join(voice.name for voice in voices) or "none is installed"
    return f"{len(voices)} voices: {names}\n" + _lines(found)


def _clips(voices: Sequence[Voice], folder: Path, every: int) -> list[Clip]:
    """Every so-many-th phrase by every voice, with quiet around it."""
    understood = commands.load("en")
    meant: dict[str, tuple[Context, VoiceCommand | None]] = {
        text: what
        for text, what in {**meanings(understood), **spotted_meanings(understood)}.items()
        if text not in DIGITS
    }
    for texts, context in ((MORE_PHRASES, Context.READING), (MORE_ANSWERS, Context.CONFIRM)):
        meant |= {text: (context, understood.meaning(text.split(), context)) for text in texts}
    return [
        Clip(command.command.value, text, placed(said(voice, text, folder), padded=True, snr_db=None), command, context)
        for voice in voices
        for text, (context, command) in list(meant.items())[::every]
        if command is not None
    ]


def _lines(found: Sequence[Answer]) -> str:
    """One line a command, and the whole."""
    counts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for answer in found:
        counts[answer.row][answer.text].append(answer.heard.command == answer.expected)
    lines = ""
    for command, phrases in counts.items():
        best_first = sorted(phrases.items(), key=lambda phrase: -float(np.mean(phrase[1])))
        lines += f"{command}: {', '.join(f'{text} {sum(right)}/{len(right)}' for text, right in best_first)}\n"
    for which, texts in (
        ("of the table", (*PHRASES, *ANSWERS)),
        ("with words that the speech model lacks", (*SPOTTED_PHRASES, *SPOTTED_ANSWERS)),
    ):
        answered = [right for phrases in counts.values() for text, right in phrases.items() if text in texts]
        share = sum(map(sum, answered)) / max(1, sum(map(len, answered)))
        lines += f"of the phrases {which} {share:.1%} are understood\n"
    return lines
