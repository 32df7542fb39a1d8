"""Sound as it is read, brought to one rate and loudness, cleaned and slowed."""

from __future__ import annotations

import os
import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from device import sounds
from device.domain import Audio
from device.errors import AudioError


def tone(pitch_hz, rate_hz=sounds.RATE_HZ, seconds=1.0, level=8000.0):
    """A sine."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return Audio((level * np.sin(2 * np.pi * pitch_hz * time)).astype(np.int16), rate_hz)


def pitch_hz(audio):
    """The loudest frequency."""
    spectrum = np.abs(np.fft.rfft(audio.samples.astype(float)))
    return np.argmax(spectrum) * audio.rate_hz / len(audio.samples)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_a_tone_stays_what_it_is_at_another_rate(rate):
    """As long, as high, as loud."""
    other = sounds.resampled(tone(440.0, rate))
    assert other.rate_hz == sounds.RATE_HZ
    assert other.seconds == pytest.approx(1.0, abs=0.001)
    assert pitch_hz(other) == pytest.approx(440.0, abs=2.0)
    assert sounds.level_db(other) == pytest.approx(sounds.level_db(tone(440.0, rate)), abs=0.2)


def test_a_sound_with_its_peaks_cut_off_is_known():
    """A sine of twice the range is at its ends for two thirds of its time; a loud one within it hardly ever."""
    cut = Audio(np.clip(tone(440.0, level=30000.0).samples.astype(float) * 2.0, -32768, 32767).astype(np.int16), 16000)
    assert sounds.is_clipped(cut)
    assert not sounds.is_clipped(tone(440.0, level=30000.0))
    assert not sounds.is_clipped(sounds.quiet(1.0))


def test_what_a_lower_rate_cannot_hold_is_left_out():
    """It would come back as another tone."""
    assert sounds.level_db(sounds.resampled(tone(12000.0, 48000))) < sounds.level_db(tone(12000.0, 48000)) - 40.0


def test_no_sound_at_all():
    """Nothing, at another rate, is nothing."""
    assert len(sounds.resampled(Audio(np.zeros(0, np.int16), 8000)).samples) == 0
    assert sounds.level_db(Audio(np.zeros(0, np.int16), 8000)) == -np.inf
    assert sounds.loudness(Audio(np.zeros(10, np.int16), 8000)) == 0.0


def test_chunks_are_the_whole():
    """Each a tenth of a second, the last shorter."""
    audio = tone(440.0, seconds=0.25)
    parts = list(sounds.chunks(audio))
    assert [len(part.samples) for part in parts] == [1600, 1600, 800]
    assert np.array_equal(sounds.joined(*parts).samples, audio.samples)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 192001])
@pytest.mark.parametrize("count", [1, 5, 4000, 30000])
def test_a_sound_is_brought_to_a_rate_piece_by_piece(rate, count, monkeypatch):
    """Each piece is to the last bit what it is within the whole, and none is made before it is asked for."""
    audio = Audio(np.random.default_rng(5).integers(-32768, 32768, count).astype(np.int16), rate)
    parts = list(sounds.chunks(audio, sounds.RATE_HZ))
    assert all(part.rate_hz == sounds.RATE_HZ and len(part.samples) <= 1600 for part in parts)
    monkeypatch.setattr(sounds, "CHUNK_SECONDS", 1000.0)
    whole = sounds.resampled(audio)
    assert len(whole.samples) == round(count / rate * sounds.RATE_HZ)
    assert np.array_equal(np.concatenate([whole.samples[:0], *(part.samples for part in parts)]), whole.samples)


def test_what_nobody_hears_of_a_recording_is_not_resampled(monkeypatch):
    """Ten minutes took a gigabyte for the six seconds that are listened to."""
    made = []
    interpolated = sounds._interpolated
    monkeypatch.setattr(sounds, "_interpolated", lambda *given: made.append(given) or interpolated(*given))
    chunks = sounds.chunks(Audio(np.zeros(44100 * 600, np.int16), 44100), sounds.RATE_HZ)
    assert next(chunks).seconds == pytest.approx(0.1)
    assert len(made) == 1


def test_what_is_said_stands_out_of_the_noise_around_it():
    """To a few hundredths of a second, faint ends too, in a quiet room and in a noisy one, wherever it begins."""
    said = sounds.joined(tone(400.0, seconds=0.3, level=3000.0), tone(400.0, seconds=0.1, level=150.0))
    for before, after, level in ((0.5, 1.0, 0.0), (1.0, 0.2, 40.0), (0.0, 0.5, 5.0)):
        clip = sounds.joined(sounds.quiet(before), said, sounds.quiet(after))
        noise = np.random.default_rng(2).normal(size=len(clip.samples)) * level
        begin, end = sounds.standing_out(Audio((clip.samples + noise).astype(np.int16), sounds.RATE_HZ))
        assert begin / sounds.RATE_HZ == pytest.approx(before, abs=0.045)
        assert end / sounds.RATE_HZ == pytest.approx(before + 0.4, abs=0.045)


def test_all_of_a_word_alone_stands_out():
    """With nothing around it its faint parts are no noise."""
    word = sounds.joined(*[tone(400.0, seconds=0.1, level=level) for level in (1000.0, 3000.0, 1200.0)])
    assert sounds.standing_out(word) == (0, len(word.samples))


@pytest.mark.parametrize("count", [0, 100, 320, 16000])
def test_all_of_what_is_even_stands_out(count):
    """Silence, and sounds too short to tell."""
    assert sounds.standing_out(Audio(np.zeros(count, np.int16), sounds.RATE_HZ)) == (0, count)


def test_loudness_is_that_of_the_loudest_moment():
    """Silence around it does not count."""
    quiet_around = sounds.joined(sounds.quiet(1.0), tone(400.0, seconds=0.2, level=1000.0), sounds.quiet(1.0))
    assert sounds.loudness(quiet_around) == pytest.approx(1000.0 / np.sqrt(2.0), rel=0.02)
    assert sounds.loudness(sounds.amplified(quiet_around, 2.0)) == pytest.approx(2000.0 / np.sqrt(2.0), rel=0.02)
    assert sounds.amplified(tone(440.0), 100.0).samples.max() == 32767


def test_cleaning_leaves_speech_and_takes_noise():
    """A tone of half a second in noise: the noise between is halved, the tone stays as loud."""
    random = np.random.default_rng(3)
    noise = Audio((300.0 * random.normal(size=16000)).astype(np.int16), sounds.RATE_HZ)
    noisy = Audio(sounds.joined(noise, tone(440.0, seconds=0.5), noise).samples, sounds.RATE_HZ)
    clean = sounds.cleaned(noisy)
    assert len(clean.samples) == len(noisy.samples)
    between = Audio(clean.samples[2000:14000], sounds.RATE_HZ)
    assert sounds.level_db(between) < sounds.level_db(noise) - 4.0
    assert sounds.loudness(clean) == pytest.approx(sounds.loudness(noisy), rel=0.05)


def test_slowed_is_longer_and_lower():
    """By one factor."""
    slow = sounds.slowed(tone(440.0), 1.1)
    assert slow.seconds == pytest.approx(1.1, abs=0.001)
    assert pitch_hz(slow) == pytest.approx(400.0, abs=2.0)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read"),
        (b"", "not a whole WAV file"),
        (tone(440.0).to_wav()[:30], "not a whole WAV file"),
        (Audio(np.zeros(10, np.int16), 4000).to_wav(), "4000 samples a second"),
        (Audio(np.zeros(0, np.int16), 16000).to_wav(), "no sound in it; record it again"),
    ],
)
def test_files_that_are_no_recording(tmp_path, content, complaint):
    """Each is named with what is wrong."""
    path = tmp_path / "said.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=rf"said\.wav: .*{complaint}"):
        sounds.load(path)


def test_what_could_be_waited_for_for_ever_is_refused(tmp_path):
    """A pipe, a device, and a folder: each at once, and with what to name instead."""
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", Path("/dev/zero"), tmp_path):
        with pytest.raises(AudioError, match=f"^{path}: is not a file; name a WAV file$"):
            sounds.load(path)


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    """It is not read into memory."""
    monkeypatch.setattr(sounds, "_LONGEST_BYTES", 1000)
    (tmp_path / "said.wav").write_bytes(tone(440.0).to_wav())
    with pytest.raises(AudioError, match="larger than"):
        sounds.load(tmp_path / "said.wav")


def test_a_recording_that_is_too_long(tmp_path, monkeypatch):
    """A file of few bytes a second may be hours long; it is refused by its header, with what to do."""
    (tmp_path / "said.wav").write_bytes(Audio(np.zeros(8000 * 661, np.int16), 8000).to_wav())
    monkeypatch.setattr("device.domain._decoded", None)
    with pytest.raises(AudioError, match=r"said\.wav: the sound lasts 661 seconds, more than 660; cut it$"):
        sounds.load(tmp_path / "said.wav")


def test_a_long_recording_takes_little_memory(tmp_path):
    """Beside the file and its samples there is only a little at a time: a board has 512 MB for everything."""
    (tmp_path / "said.wav").write_bytes(Audio(np.zeros(48000 * 660, np.int16), 48000).to_wav())
    size = (tmp_path / "said.wav").stat().st_size
    tracemalloc.start()
    try:
        sound = sounds.load(tmp_path / "said.wav")
        assert sum(len(chunk.samples) for chunk in islice(sounds.chunks(sound, sounds.RATE_HZ), 60)) == 96000
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2.3 * size


def test_the_contrast_of_a_sound():
    """Its loudest above its quietest tenth; a sound too short to tell has none, and there is an end to it."""
    noise = np.random.default_rng(3).normal(size=sounds.RATE_HZ) * 100.0
    loud = noise.copy()
    loud[4000:8000] *= 10.0
    for samples, expected in ((noise, 2.0), (loud, 20.5), (np.append(loud, np.zeros(16000)), 40.0), (noise[:200], 0.0)):
        sound = Audio(samples.astype(np.int16), sounds.RATE_HZ)
        assert sounds.contrast_db(sound) == pytest.approx(expected, abs=1.5)
