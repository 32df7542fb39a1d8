"""Sound that was recorded: read from a file, brought to the rate that is listened at, cut into chunks; pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.domain import Audio
from device.errors import AudioError

RATE_HZ = 16000
"""What microphones give and recognizers take."""

CHUNK_SECONDS = 0.1
"""So much sound at a time is handed on: often enough to be decoded while the user speaks."""

_RATES_HZ = range(8000, 192001)
_LONGEST_BYTES, _LONGEST_SECONDS = 64 * 2**20, 660.0
"""Of a file: eleven minutes as most programs record, and no more of those that record less a second, which would take
more memory than a small board has; a hold is six seconds."""

_LOUDEST, _FULL_SCALE = 32768.0, 32700
_CLIPPED_SHARE = 0.01
"""Speech with its peaks cut off has several hundredths of its samples there, a whole recording hardly ever one."""

_FRAMES_A_SECOND = 50

_HALF_TAPS = 16
"""Zero crossings of the sinc on either side: its images lie 60 dB down, below the noise of a room."""


def load(path: Path) -> Audio:
    """A WAV file at any rate from 8 to 192 kHz, as `Audio.from_wav` reads it.

    Raises:
        AudioError: It is missing, too large or too long, no such file, of another format, or there is no sound in it.
    """
    try:
        # A pipe that nobody writes to would be waited for, for ever.
        if path.exists() and not path.is_file():
            raise AudioError(f"{path}: is not a file; name a WAV file")
        with path.open("rb") as file:
            data = file.read(_LONGEST_BYTES + 1)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); name a WAV file that exists") from error
    if len(data) > _LONGEST_BYTES:
        raise AudioError(f"{path}: is larger than {_LONGEST_BYTES >> 20} MB; cut it")
    try:
        audio = Audio.from_wav(data, longest_seconds=_LONGEST_SECONDS)
    except AudioError as error:
        raise AudioError(f"{path}: {error}") from error
    if audio.rate_hz not in _RATES_HZ:
        raise AudioError(
            f"{path}: has {audio.rate_hz} samples a second, not {_RATES_HZ[0]} to {_RATES_HZ[-1]}; convert it first"
        )
    if not len(audio.samples):
        raise AudioError(f"{path}: there is no sound in it; record it again")
    return audio


def resampled(audio: Audio, rate_hz: int = RATE_HZ) -> Audio:
    """The same sound with another number of samples a second."""
    if audio.rate_hz == rate_hz or not len(audio.samples):
        return Audio(audio.samples, rate_hz)
    return joined(Audio(np.zeros(0, np.int16), rate_hz), *chunks(audio, rate_hz))  # a sample or two may give none


def chunks(audio: Audio, rate_hz: int | None = None) -> Iterator[Audio]:
    """The sound in pieces of `CHUNK_SECONDS`; the last one may be shorter.

    Args:
        audio: The sound.
        rate_hz: Each piece is brought to it when it is asked for, so that what nobody hears of a long recording takes
            neither time nor memory; None leaves the rate as it is.
    """
    rate_hz = rate_hz or audio.rate_hz
    length = round(CHUNK_SECONDS * rate_hz)
    count = round(len(audio.samples) / (audio.rate_hz / rate_hz))
    for start in range(0, count, length):
        stop = min(start + length, count)
        is_there = audio.rate_hz == rate_hz
        yield Audio(audio.samples[start:stop] if is_there else _interpolated(audio, rate_hz, start, stop), rate_hz)


def _interpolated(audio: Audio, rate_hz: int, start: int, stop: int) -> NDArray[np.int16]:
    """Samples `start` to `stop`, without the last one, of the sound at another rate.

    Source:
        Band-limited interpolation with a windowed sinc (Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/
        resample), evaluated for each phase.
    """
    step = audio.rate_hz / rate_hz
    cutoff = min(1.0, 1.0 / step)  # of the source's band, so that nothing folds back
    reach = int(np.ceil(_HALF_TAPS / cutoff))
    places = np.arange(start, stop) * step
    first = places.astype(np.int64)
    around = _between(audio.samples, int(first[0]) - reach, int(first[-1]) + reach + 1)
    total = np.zeros(stop - start)
    for tap in range(1 - reach, reach + 1):
        distance = (places - first) - tap
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / reach, -1.0, 1.0))
        total += around[first - first[0] + tap + reach] * np.sinc(cutoff * distance) * window * cutoff
    return np.clip(np.rint(total), -32768, 32767).astype(np.int16)


def _between(samples: NDArray[np.int16], start: int, stop: int) -> NDArray[np.float32]:
    """Those from `start` to `stop`, without the last one; `stop` is above 0; silence around the sound."""
    inside = samples[max(start, 0) : stop].astype(np.float32)
    before = max(-start, 0)
    return np.pad(inside, (before, stop - start - before - len(inside)))


def is_clipped(audio: Audio) -> bool:
    """Whether a recording was too loud for its microphone: a share of the samples stands at the ends of the range."""
    return float(np.mean(np.abs(audio.samples.astype(np.int32)) >= _FULL_SCALE)) > _CLIPPED_SHARE


def loudness(audio: Audio) -> float:
    """Root mean square of the loudest 20 ms, 0..32768; 0 for a shorter sound."""
    return float(np.sqrt(_powers(audio).max(initial=0.0)))


def loudest_place(audio: Audio) -> int:
    """The sample in the middle of its loudest 20 ms; 0 for a shorter sound."""
    powers = _powers(audio)
    return round((int(powers.argmax()) + 0.5) * (audio.rate_hz // _FRAMES_A_SECOND)) if len(powers) else 0


def standing_out(audio: Audio) -> tuple[int, int]:
    """Where a sound begins and ends to stand out from its noise: samples; all of a sound of less than 20 ms."""
    powers = _powers(audio)
    if not len(powers):
        return 0, len(audio.samples)
    around = np.pad(powers, _SMOOTHED // 2, mode="edge")
    levels_db = 10.0 * np.log10(np.convolve(around, np.full(_SMOOTHED, 1.0 / _SMOOTHED), "valid") + 1.0)
    loudest_db = levels_db.max()
    noise_db = min(np.percentile(levels_db, 10.0) + _OUT_OF_NOISE_DB, loudest_db - _CLEAR_DB)
    loud = np.flatnonzero(levels_db >= max(noise_db, loudest_db - _FAINT_DB))
    length = audio.rate_hz // _FRAMES_A_SECOND
    return int(loud[0]) * length, (int(loud[-1]) + 1) * length


def loud_seconds(audio: Audio, least_db: float) -> float:
    """For how long it is at least so loud, in decibels below the loudest there can be, by fiftieths of a second."""
    return float(np.sum(_powers(audio) >= _LOUDEST**2 * 10.0 ** (least_db / 10.0))) / _FRAMES_A_SECOND


def _powers(audio: Audio) -> NDArray[np.float64]:
    """Mean square of each 20 ms."""
    length = audio.rate_hz // _FRAMES_A_SECOND
    frames = audio.samples[: len(audio.samples) // length * length].reshape(-1, length).astype(np.float64)
    return np.asarray(np.square(frames).mean(axis=1))


def amplified(audio: Audio, factor: float) -> Audio:
    """The sound so much louder, clipped where there is no room."""
    louder = np.clip(np.rint(audio.samples * factor), -32768, 32767)
    return Audio(louder.astype(np.int16), audio.rate_hz)


def slowed(audio: Audio, factor: float) -> Audio:
    """The same sound lasting `factor` times as long, and so much lower, as if by a larger mouth; linear in between."""
    count = int(len(audio.samples) * factor)
    places = np.arange(count) / factor
    return Audio(np.interp(places, np.arange(len(audio.samples)), audio.samples).astype(np.int16), audio.rate_hz)


def quiet(seconds: float, rate_hz: int = RATE_HZ) -> Audio:
    """The noise of a quiet room: some 70 dB below the loudest; always the same, so that results are."""
    noise = np.random.default_rng(0).normal(size=round(seconds * rate_hz)) * 8.0
    return Audio(noise.astype(np.int16), rate_hz)


def joined(*parts: Audio) -> Audio:
    """One sound after the other; they share one rate."""
    return Audio(np.concatenate([part.samples for part in parts]), parts[0].rate_hz)


def level_db(audio: Audio) -> float:
    """How loud a sound is, in decibels below the loudest there can be; -inf for silence."""
    if not len(audio.samples):
        return -np.inf
    mean_square = float(np.mean(np.square(audio.samples.astype(np.float64))))
    return 10.0 * float(np.log10(mean_square / _LOUDEST**2)) if mean_square > 0.0 else -np.inf


def contrast_db(audio: Audio) -> float:
    """How far the loudest of a sound stands above its noise, 0..40 dB: what is heard in noise fits every word worse."""
    length = audio.rate_hz // 100
    frames = audio.samples[: len(audio.samples) // length * length].reshape(-1, length).astype(np.float64)
    if len(frames) < _SMOOTHED:
        return 0.0
    levels = 10.0 * np.log10(np.square(frames).mean(axis=1) + 1.0)
    levels = np.convolve(levels, np.full(_SMOOTHED, 1.0 / _SMOOTHED), "valid")
    return float(np.clip(levels.max() - np.percentile(levels, 10.0), 0.0, _MOST_CONTRAST_DB))


def cleaned(audio: Audio, *, least_gain: float = 0.5) -> Audio:
    """The sound with steady noise turned down, by a Wiener filter; the quietest fifth of it is taken for the noise.

    Args:
        audio: At `RATE_HZ`.
        least_gain: No part of the spectrum is turned down further, 0..1: more leaves the chirps of single bins.

    Source:
        Lim and Oppenheim (1979), doi:10.1109/PROC.1979.11540, with gains smoothed over two windows.
    """
    window = np.hanning(_WINDOW + 1)[:-1]
    padded = np.pad(audio.samples.astype(np.float64), _WINDOW)
    starts = range(0, len(padded) - _WINDOW, _HOP)
    spectra = np.array([np.fft.rfft(window * padded[start : start + _WINDOW]) for start in starts])  # (t, 257)
    power = np.abs(spectra) ** 2
    order = np.argsort(power.sum(axis=1))
    noise = power[order[len(order) // 20 : max(len(order) // 20 + 3, len(order) // 5)]].mean(axis=0)
    gains = np.maximum(1.0 - noise / np.maximum(power, 1e-9), least_gain)
    gains[1:] = (gains[1:] + gains[:-1]) / 2.0
    clean = np.zeros(len(padded))
    for start, spectrum in zip(starts, spectra * gains, strict=True):
        clean[start : start + _WINDOW] += np.fft.irfft(spectrum)
    # Windows a quarter apart add up to two; what was padded goes again.
    clean = clean[_WINDOW : _WINDOW + len(audio.samples)] * (2.0 * _HOP / _WINDOW)
    return Audio(np.clip(np.rint(clean), -32768, 32767).astype(np.int16), audio.rate_hz)


_WINDOW, _HOP = 512, 128
"""Samples: 32 ms, and a quarter of it, as is common for speech."""

_SMOOTHED = 3
"""Pieces over which levels are taken together: hundredths of a second, or fiftieths."""

_OUT_OF_NOISE_DB, _CLEAR_DB, _FAINT_DB = 6.0, 12.0, 35.0
"""What stands out is so much louder than the quietest tenth, or but so much quieter than the loudest, for a recording
may be of a word alone; what is so much quieter never does."""

_MOST_CONTRAST_DB = 40.0
"""That of a quiet room; with digital silence around any sound has a higher one."""
