"""Clips to measure with: what voices say, kept on disk, and what lies around and over it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device import sounds
from device.domain import Audio
from train.speech.voices import Voice

Samples = NDArray[np.float64]

NOISES = ("white", "pink")


def said(voice: Voice, text: str, folder: Path) -> Audio:
    """The voice's clip from the folder, trimmed, made now where it isn't there. Raises DataError, OSError."""
    key = f"{voice.program} {voice.options} {voice.speed} {text}"
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.wav"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(voice.say(text).to_wav())
        beside.replace(path)
    return trimmed(sounds.load(path))


def trimmed(audio: Audio) -> Audio:
    """Without what is quieter than a hundredth of the loudest before and after."""
    loud = np.flatnonzero(np.abs(audio.samples.astype(np.int32)) > 0.01 * np.abs(audio.samples.astype(np.int32)).max())
    return Audio(audio.samples[loud[0] : loud[-1] + 1], audio.rate_hz) if len(loud) else audio


def placed(audio: Audio, *, padded: bool, snr_db: float | None, noise: str = "white", seed: int = 0) -> Audio:
    """The clip at half its loudness, in a recording.

    Args:
        audio: At 16 kHz, trimmed.
        padded: With half a second before and after.
        snr_db: Power of the clip over that of the noise, in decibels; None: no noise.
        noise: One of `NOISES`; it lies over the padding too.
        seed: Of the noise.
    """
    clip = 0.5 * audio.samples.astype(np.float64)
    recording = np.pad(clip, sounds.RATE_HZ // 2 if padded else 0)
    if snr_db is not None:
        made = noise_of(noise, len(recording), seed)
        recording += made * np.sqrt(np.mean(clip**2) / 10.0 ** (snr_db / 10.0))
    return as_audio(recording)


def as_audio(samples: Samples) -> Audio:
    """Rounded and clipped, at 16 kHz."""
    return Audio(np.clip(np.rint(samples), -32768, 32767).astype(np.int16), sounds.RATE_HZ)


def noise_of(kind: str, count: int, seed: int) -> Samples:
    """Noise with a mean square of one: "white", "pink" (its power falls with the frequency), "brown" (its square)."""
    white = np.random.default_rng(seed).normal(size=count)
    spectrum = np.fft.rfft(white)
    frequency = np.maximum(np.arange(len(spectrum)), 1.0)
    spectrum /= frequency ** {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind]
    spectrum[0] = 0.0
    made: Samples = np.fft.irfft(spectrum, count)
    made /= np.sqrt(np.mean(made**2))
    return made


def unspoken(seed: int) -> tuple[str, Audio]:
    """Something that nobody said, with its kind: silence, noise, hum, knocks, or music-like sound; three seconds."""
    random = np.random.default_rng(seed)
    count = 3 * sounds.RATE_HZ
    level = 10.0 ** random.uniform(1.5, 4.0)
    time = np.arange(count) / sounds.RATE_HZ
    kind = ("silence", "noise", "hum", "knocks", "melody", "chords")[seed % 6]
    match kind:
        case "silence":
            made = np.zeros(count)
        case "noise":
            made = level * noise_of(("white", "pink", "brown")[seed // 6 % 3], count, seed)
        case "hum":
            made = sum((level / tone * np.sin(2 * np.pi * 50.0 * tone * time) for tone in (1, 2, 3, 5, 7)), np.zeros(1))
        case "knocks":
            made = np.zeros(count)
            for at in random.integers(0, count - 2000, 8):
                made[at : at + 2000] += level * noise_of("pink", 2000, seed) * np.exp(-np.arange(2000) / 300.0)
        case _:
            made = sum((_note(random, time, level) for _ in range(12 if kind == "melody" else 30)), np.zeros(1))
    return kind, as_audio(made)


def _note(random: np.random.Generator, time: Samples, level: float) -> Samples:
    """A plucked string somewhere in the recording: overtones that die away, the higher the sooner."""
    pitch_hz = 110.0 * 2.0 ** (random.integers(0, 36) / 12.0)
    since = time - random.uniform(0.0, 2.7)
    sounding = np.where(since > 0.0, since, np.inf)
    made: Samples = np.zeros(len(time))
    for tone in range(1, 8):
        made += np.exp(-3.0 * tone * sounding) * np.sin(2 * np.pi * pitch_hz * tone * since) / tone
    made *= 0.5 * level
    return made
