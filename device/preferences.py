"""What the user may change by voice or on the page: how it speaks, remembered over a restart; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

VOLUMES = (25, 35, 50, 70, 100, 140, 200)
"""Steps of a factor of about the square root of two, 3 dB: the least that is clearly heard as louder."""

SPEEDS = (80, 100, 125, 155, 190, 235, 290, 360, 450)
"""Words a minute, a quarter more at each step, over the whole of eSpeak NG's range."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """How it speaks; each field is the key of the same name in [speech] of the configuration.

    Attributes:
        language: Code of a catalogue.
        voice: An eSpeak NG voice; empty takes the language's own.
        words_per_minute: 80..450.
        pitch: 0..99.
        volume: 0..200.
        number_style: "digits" or "number".
    """

    language: str
    voice: str
    words_per_minute: int
    pitch: int
    volume: int
    number_style: str

    def louder(self) -> Preferences:
        """One step, or the same when there is none."""
        return replace(self, volume=_above(VOLUMES, self.volume))

    def quieter(self) -> Preferences:
        """One step, or the same when there is none: it never falls silent this way."""
        return replace(self, volume=_below(VOLUMES, self.volume))

    def faster(self) -> Preferences:
        """One step, or the same when there is none."""
        return replace(self, words_per_minute=_above(SPEEDS, self.words_per_minute))

    def slower(self) -> Preferences:
        """One step, or the same when there is none."""
        return replace(self, words_per_minute=_below(SPEEDS, self.words_per_minute))

    def speaking(self, language: str) -> Preferences:
        """In another language, with that language's own voice."""
        return replace(self, language=language, voice="")


def _above(steps: tuple[int, ...], value: int) -> int:
    return next((step for step in steps if step > value), value)


def _below(steps: tuple[int, ...], value: int) -> int:
    return next((step for step in reversed(steps) if step < value), value)
