"""Sound -> its mel spectrogram, as the spotter sees it; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device import sounds
from device.domain import Audio, Pixels

BANDS = 32
"""Of the spectrogram."""

WINDOW_SAMPLES, STEP_SAMPLES = 512, 160
"""Of the sound for one row, and from one row to the next: a hundredth of a second."""

RANGE_DB = 80.0
"""What is so much quieter than the loudest place, or more, is 0; the loudest is 255."""

_HANN_SAMPLES = 400
"""Of the window proper, in the middle of each row's samples."""

_BAND_HZ = (60.0, 3800.0)
"""Lower edge of the first band, and upper edge of the last: what a telephone lets through."""

_LEAST_POWER = 1e-10
"""Of digital silence."""


def mel_picture(sound: Audio) -> Pixels:
    """Its mel spectrogram in decibels below its loudest place.

    Windows, bands and range are those that the spotter's network was trained with.

    Args:
        sound: At `sounds.RATE_HZ`, of at least `WINDOW_SAMPLES`.

    Returns:
        uint8, shape (t, 32): t hundredths of a second less one window.

    Source:
        Lin et al. 2020, arXiv:2002.01322.
    """
    samples = sound.samples.astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::STEP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * _hann())) ** 2
    level_db = 10.0 * np.log10(np.maximum(power @ _bands(), _LEAST_POWER))
    share = (level_db - level_db.max() + RANGE_DB) / RANGE_DB
    return np.asarray(np.rint(255.0 * np.clip(share, 0.0, 1.0)), np.uint8)


def _hann() -> NDArray[np.float64]:
    """The periodic Hann window with zeros around."""
    margin = (WINDOW_SAMPLES - _HANN_SAMPLES) // 2
    return np.pad(np.hanning(_HANN_SAMPLES + 1)[:-1], margin)


def _bands() -> NDArray[np.float64]:
    """Triangles over the frequencies of a row, all of one area, shape (257, 32).

    Their edges lie at equal distances on the mel scale that is linear below 1 kHz and logarithmic above.

    Source:
        Slaney 1998, Auditory Toolbox version 2, Interval Research Technical Report 1998-010.
    """
    frequencies = np.arange(WINDOW_SAMPLES // 2 + 1) * sounds.RATE_HZ / WINDOW_SAMPLES
    lowest, highest = _mel(np.array(_BAND_HZ))
    edges = _hz(np.linspace(lowest, highest, BANDS + 2))
    rising = (frequencies[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies[:, None]) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    scaled: NDArray[np.float64] = triangles * 2.0 / (edges[2:] - edges[:-2])
    return scaled


_LINEAR_HZ, _LINEAR_MEL, _OCTAVES = 1000.0, 15.0, 27.0 / np.log(6.4)
"""Where the mel scale stops being linear, in hertz and in mel, and mel for each power of e above."""


def _mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_MEL + _OCTAVES * np.log(np.maximum(frequency, _LINEAR_HZ) / _LINEAR_HZ)
    return np.where(frequency < _LINEAR_HZ, frequency * _LINEAR_MEL / _LINEAR_HZ, above)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_HZ * np.exp((np.maximum(mel, _LINEAR_MEL) - _LINEAR_MEL) / _OCTAVES)
    return np.where(mel < _LINEAR_MEL, mel * _LINEAR_HZ / _LINEAR_MEL, above)
