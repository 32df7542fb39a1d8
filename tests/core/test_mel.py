"""The mel spectrogram that the spotter sees."""

from __future__ import annotations

import numpy as np
import pytest

from device import sounds
from device.domain import Audio
from device.mel import BANDS, mel_picture


def tone(pitch_hz, level=8000.0):
    """Half a second of a sine."""
    time = np.arange(sounds.RATE_HZ // 2) / sounds.RATE_HZ
    return Audio((level * np.sin(2 * np.pi * pitch_hz * time)).astype(np.int16), sounds.RATE_HZ)


@pytest.mark.parametrize(("pitch_hz", "band"), [(125.0, 0), (406.0, 4), (1156.0, 15), (3540.0, 31)])
def test_a_tone_is_loudest_in_its_band(pitch_hz, band):
    """Bands 59 Hz apart below a kilohertz, and ever wider above (Slaney's mel scale, from 60 to 3800 Hz)."""
    picture = mel_picture(tone(pitch_hz))
    assert picture.shape == (1 + (8000 - 512) // 160, BANDS)
    assert picture.dtype == np.uint8
    assert set(picture.argmax(axis=1)) == {band}


def test_it_does_not_depend_on_how_loud_the_sound_is():
    """Decibels below the loudest place: a fifth of the level gives the same picture."""
    rng = np.random.default_rng(3)
    loud = Audio((rng.normal(size=8000) * 5000.0).astype(np.int16), sounds.RATE_HZ)
    quiet = Audio((loud.samples / 5).astype(np.int16), sounds.RATE_HZ)
    assert np.abs(mel_picture(loud).astype(int) - mel_picture(quiet)).max() <= 1
    assert mel_picture(loud).max() == 255


def test_a_tenth_of_the_power_is_an_eighth_of_the_range():
    """10 of 80 dB."""
    halves = sounds.joined(tone(1000.0), tone(1000.0, 8000.0 / np.sqrt(10.0)))
    columns = mel_picture(halves).max(axis=1).astype(float)
    assert columns[:40].mean() - columns[-40:].mean() == pytest.approx(255.0 / 8.0, abs=1.0)


def test_silence_is_all_of_one_level():
    """Digital silence has no loudest place."""
    assert set(mel_picture(Audio(np.zeros(1600, np.int16), sounds.RATE_HZ)).ravel()) == {255}
