"""The short sounds that answer every press; pure."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from device.domain import Audio

RATE_HZ = 22050
"""eSpeak NG's own rate: a card that can play speech can play the tones."""

_NOTE_SECONDS = 0.07
_FADE_SECONDS = 0.008
"""Long enough that a note begins and ends without a click."""


class Tone(Enum):
    """What the box says without words; the value lists the notes in Hz, 0 for a rest."""

    SHUTTER = (880,)
    LOW = (220,)
    LISTENING = (1047,)
    WARNING = (660, 0, 660)
    FAULT = (330, 0, 220, 220)


def sound(tone: Tone, *, volume: float) -> Audio:
    """The tone as sound; `volume` is a fraction of full scale, 0..1."""
    notes = [_note(frequency_hz) for frequency_hz in tone.value]
    samples = np.concatenate(notes) * volume * np.iinfo(np.int16).max
    return Audio(np.rint(samples).astype(np.int16), RATE_HZ)


def _note(frequency_hz: int) -> NDArray[np.float64]:
    moments = np.arange(int(_NOTE_SECONDS * RATE_HZ)) / RATE_HZ
    edges = np.minimum(moments, moments[::-1]) / _FADE_SECONDS
    wave: NDArray[np.float64] = np.sin(2 * np.pi * frequency_hz * moments) * np.clip(edges, 0.0, 1.0)
    return wave
