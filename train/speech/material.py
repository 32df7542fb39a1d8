"""What is said to measure with: commands that the speech model can hear, and speech that asks for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from device.commands import Commands
from device.domain import Context, VoiceCommand

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

PHRASES = (
    "read", "read this", "read the number", "scan the next digit", "what is this", "what number is this",
    "repeat", "repeat that", "say that again", "again", "digit two", "digit five", "what is digit three",
    "say the digits", "tell me the digits", "say the number", "tell me the number", "how sure", "how sure is that",
    "wrong it's a seven", "that's wrong it is a four", "no it's a three", "no it is nine",
    "it's a six", "it is an eight", "that is a one", *DIGITS,
    "cancel", "stop", "history", "show the history", "last", "what was the last number", "go back",
    "louder", "speak louder", "quieter", "volume down", "slower", "speak slower", "faster", "speed up",
    "language german", "language english", "speak french", "help", "help me", "status", "what is the status",
    "camera ready", "start camera", "look now", "start test", "test me", "start a new test",
    "time", "what time is it", "what's the time", "tell me the time", "mute", "volume off", "shut down", "power off",
    "delete history", "clear the history",
)  # fmt: skip
"""Commands as said after a reading, each at least once; all words are vosk-tiny-en's."""

ANSWERS = ("yes", "yes please", "that's correct", "no", "no thank you", "cancel", "stop")
"""What is said where the box asks back."""

SPOTTED_PHRASES = (
    "aim", "help me aim", "practise", "let's practise", "spell it", "digit by digit", "as a number", "are you sure",
    "the second digit", "what was the third digit", "once more", "pardon", "what does it say", "take a picture",
    "i wrote a four", "the one before", "previous", "be quieter", "softer", "slow down", "be louder", "speak chinese",
    "language hindi", "what can i say", "be quiet", "silence", "forget everything", "turn off", "switch off",
    "how are you",
)  # fmt: skip
"""Commands as said after a reading, each with a word that is not vosk-tiny-en's: only the spotter can hear them."""

SPOTTED_ANSWERS = ("nope", "never mind")
"""The same where the box asks back; a yes must be heard by both."""

OTHERS = ("sentences", "words", "sound_alikes")
"""Speech that asks for nothing: other_KIND.txt; there is other_spotted_alikes.txt too, for the spotter."""


def meanings(commands: Commands) -> dict[str, tuple[Context, VoiceCommand]]:
    """Each of `PHRASES` and `ANSWERS` with its situation and what it must be understood as."""
    return _meanings(commands, PHRASES, ANSWERS)


def spotted_meanings(commands: Commands) -> dict[str, tuple[Context, VoiceCommand]]:
    """The same of `SPOTTED_PHRASES` and `SPOTTED_ANSWERS`."""
    return _meanings(commands, SPOTTED_PHRASES, SPOTTED_ANSWERS)


def _meanings(
    commands: Commands, phrases: Sequence[str], answers: Sequence[str]
) -> dict[str, tuple[Context, VoiceCommand]]:
    said = [*((phrase, Context.READING) for phrase in phrases), *((phrase, Context.CONFIRM) for phrase in answers)]
    found = {(phrase, context): commands.meaning(phrase.split(), context) for phrase, context in said}
    return {phrase: (context, command) for (phrase, context), command in found.items() if command is not None}


def others(kind: str, *, tuning: bool) -> tuple[str, ...]:
    """The lines of other_KIND.txt that numbers are fitted on, or those that are only reported on."""
    lines = Path(__file__).with_name(f"other_{kind}.txt").read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if not line.startswith("#")]
    return tuple(said[0 if tuning else 1 :: 2])
