"""The tones: short, loud enough, without a click, each its own."""

from __future__ import annotations

import numpy as np
import pytest

from device import tones
from device.tones import Tone

FULL_SCALE = 32767


@pytest.mark.parametrize("tone", Tone)
def test_a_tone_is_short_and_ends_in_silence(tone):
    """It must not delay the answer, and a jump at either end would click."""
    audio = tones.sound(tone, volume=1.0)
    assert audio.samples.dtype == np.int16
    assert 0.05 <= audio.seconds <= 0.3
    assert audio.samples[0] == 0
    assert abs(int(audio.samples[-1])) < 0.01 * FULL_SCALE
    assert np.abs(np.diff(audio.samples.astype(int))).max() < 0.3 * FULL_SCALE


@pytest.mark.parametrize("volume", [0.0, 0.3, 1.0])
def test_the_volume_is_a_share_of_full_scale(volume):
    """At 1.0 nothing wraps round, at 0.0 nothing is heard."""
    loudest = np.abs(tones.sound(Tone.SHUTTER, volume=volume).samples.astype(int)).max()
    assert loudest == pytest.approx(volume * FULL_SCALE, rel=0.01)


@pytest.mark.parametrize("tone", [Tone.SHUTTER, Tone.LOW])
def test_a_note_has_its_pitch(tone):
    """The strongest frequency is the one that the tone names, as far as so short a note can tell."""
    audio = tones.sound(tone, volume=0.5)
    spectrum = np.abs(np.fft.rfft(audio.samples))
    resolution_hz = audio.rate_hz / len(audio.samples)
    assert spectrum.argmax() * resolution_hz == pytest.approx(tone.value[0], abs=resolution_hz)


def test_no_two_tones_sound_alike():
    """A blind user tells them apart by ear alone."""
    assert len({tones.sound(tone, volume=0.5).samples.tobytes() for tone in Tone}) == len(Tone)
