"""Sound that was recorded: read from a file, brought to the rate that is listened at, cut into chunks; pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.domain import Audio
from device.errors import AudioError

RATE_HZ = 16000
"""What microphones give and recognizers take."""

CHUNK_SECONDS = 0.1
"""So much sound at a time is handed on: often enough to be decoded while the user speaks."""

_RATES_HZ = range(8000, 48001)
_LONGEST_BYTES = 64 * 2**20
"""Of a file: eleven minutes at the highest rate; a hold is six seconds."""

_HALF_TAPS = 16
"""Zero crossings of the sinc on either side: its images lie 60 dB down, below the noise of a room."""


def load(path: Path) -> Audio:
    """A WAV file, mono with 16 bits a sample, at any rate from 8 to 48 kHz, as it stands in the file.

    Raises:
        AudioError: It is missing, too large, no such file or of another format.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_BYTES + 1)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); name a WAV file that exists") from error
    if len(data) > _LONGEST_BYTES:
        raise AudioError(f"{path}: is larger than {_LONGEST_BYTES >> 20} MB; cut it")
    try:
        audio = Audio.from_wav(data)
    except AudioError as error:
        raise AudioError(f"{path}: {error}") from error
    if audio.rate_hz not in _RATES_HZ:
        raise AudioError(
            f"{path}: has {audio.rate_hz} samples a second, not {_RATES_HZ[0]} to {_RATES_HZ[-1]}; convert it first"
        )
    return audio


def resampled(audio: Audio, rate_hz: int = RATE_HZ) -> Audio:
    """The same sound with another number of samples a second.

    Source:
        Band-limited interpolation with a windowed sinc (Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/
        resample), evaluated for each phase.
    """
    if audio.rate_hz == rate_hz or not len(audio.samples):
        return Audio(audio.samples, rate_hz)
    step = audio.rate_hz / rate_hz
    cutoff = min(1.0, 1.0 / step)  # of the source's band, so that nothing folds back
    reach = int(np.ceil(_HALF_TAPS / cutoff))
    padded = np.pad(audio.samples.astype(np.float32), reach)
    count = round(len(audio.samples) / step)
    places = np.arange(count) * step
    first = places.astype(np.int64)
    total = np.zeros(count)
    for tap in range(1 - reach, reach + 1):
        distance = (places - first) - tap
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / reach, -1.0, 1.0))
        total += padded[np.minimum(first + tap + reach, len(padded) - 1)] * np.sinc(cutoff * distance) * window * cutoff
    return Audio(np.clip(np.rint(total), -32768, 32767).astype(np.int16), rate_hz)


def chunks(audio: Audio) -> Iterator[Audio]:
    """The sound in pieces of `CHUNK_SECONDS`; the last one may be shorter."""
    length = round(CHUNK_SECONDS * audio.rate_hz)
    for start in range(0, len(audio.samples), length):
        yield Audio(audio.samples[start : start + length], audio.rate_hz)
