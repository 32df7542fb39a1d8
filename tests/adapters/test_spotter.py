"""The shipped spotter of spoken digits and words, and its loader, in both runtimes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from device import commands, compose, config, doctor, sounds
from device.adapters.spotter_tflite import TfliteSpotter
from device.adapters.synthesizer_espeak import EspeakSynthesizer
from device.domain import Audio, Context
from device.errors import ModelError
from device.spotting import fits

SHIPPED = compose.PACKAGE / "models" / "spoken-words-en.tflite"

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture
def spotter(runtime):
    """The shipped model, open, in one of the two runtimes."""
    opened = TfliteSpotter(SHIPPED)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def say():
    """ESpeak NG's default English voice."""
    synthesizer = EspeakSynthesizer(config.load().speech)
    synthesizer.open()
    yield lambda text: sounds.resampled(synthesizer.synthesize(text))
    synthesizer.close()


def test_spoken_digits_are_told_apart(spotter, say):
    """All ten, and they are digits."""
    for digit, word in enumerate(DIGITS):
        probabilities = np.exp(spotter.spotted(say(word)).digits)
        assert probabilities.shape == (11,)
        assert probabilities.sum() == pytest.approx(1.0)
        assert probabilities[:10].argmax() == digit, word
        assert probabilities[digit] > 0.3, word


def test_other_words_are_none(spotter, say):
    """Ordinary ones, a sentence, and some that sound a little like a digit."""
    for text in (
        "apple",
        "window",
        "mother",
        "paper",
        "house",
        "river",
        "table",
        "the weather will be fine tomorrow morning",
    ):
        assert np.argmax(spotter.spotted(say(text)).digits) == 10, text


def test_phrases_are_told_apart(spotter, say):
    """Of all that can be said, what was said fits best; of what was not, nothing fits."""
    known = commands.load("en")
    phrases = known.phrases(Context.READING)
    for phrase in ("go back", "speak louder", "tell me the number", "what time is it", "that's wrong it is a four"):
        found = fits(spotter.spotted(say(phrase)), phrases)
        best = max(found, key=found.__getitem__)
        assert known.meaning(best.split(), Context.READING) == known.meaning(phrase.split(), Context.READING), best
        assert found[best] > -3.0
    for text in ("the weather will be fine tomorrow morning", "my sister has a garden"):
        assert max(fits(spotter.spotted(say(text)), phrases).values()) < -5.0, text


def test_every_word_of_the_catalogue_is_known(spotter):
    """But for "to", which sounds like a digit."""
    words = spotter.spotted(sounds.quiet(1.0)).words
    assert {*commands.load("en").words} - {*words} == {"to"}


@pytest.mark.parametrize("seconds", [0.0, 0.5, 5.0])
def test_what_is_quiet_before_and_after_is_not_looked_at(spotter, say, seconds):
    """However long it is; the word alone counts."""
    around = sounds.quiet(seconds)
    found = spotter.spotted(sounds.joined(around, say("seven"), around))
    assert len(found.steps) < 16
    assert np.argmax(found.digits) == 7
    assert fits(found, ("seven", "stop"))["seven"] > -1.0


def test_of_long_speech_five_seconds_are_looked_at(spotter, say):
    """Those around the loudest place."""
    sentence = say("the weather will be fine tomorrow morning")
    for before, after in ((1, 7), (4, 4), (7, 1)):
        seven = (sounds.quiet(0.7), sounds.amplified(say("seven"), 3.0), sounds.quiet(0.7))
        found = spotter.spotted(sounds.joined(*[sentence] * before, *seven, *[sentence] * after))
        assert len(found.steps) == 51
        assert np.argmax(found.digits) == 7
        assert max(fits(found, ("seven", "go back")).values()) < -5.0


def test_what_nobody_said_is_none(spotter):
    """Noise, a tone, silence, of lengths one after the other; the shortest sound too."""
    rng = np.random.default_rng(0)
    time = np.arange(24000) / sounds.RATE_HZ
    for samples in (
        rng.normal(size=16000) * 3000.0,
        8000.0 * np.sin(2 * np.pi * 440.0 * time),
        np.zeros(40000),
        np.zeros(1),
    ):
        assert np.argmax(spotter.spotted(Audio(samples.astype(np.int16), sounds.RATE_HZ)).digits) == 10


def test_it_does_not_matter_how_loud_a_digit_is(spotter, say):
    """A tenth of the level is the same digit."""
    for word, digit in (("three", 3), ("seven", 7)):
        quiet = sounds.amplified(say(word), 0.1)
        assert np.argmax(spotter.spotted(quiet).digits[:10]) == digit


def test_both_runtimes_agree(runtimes, say):
    """Bit for bit, so that figures taken with one hold for the other."""
    said = [say(text) for text in (*DIGITS[:3], "tell me the number")]
    answers = []
    for _ in runtimes:
        opened = TfliteSpotter(SHIPPED)
        opened.open()
        answers.append([(found.digits, found.steps.tobytes()) for found in map(opened.spotted, said)])
    assert answers[0] == answers[1]


def test_before_open_and_after_close_it_says_so(spotter):
    """It says that it is closed."""
    spotter.close()
    with pytest.raises(ModelError, match="not loaded; open it first"):
        spotter.spotted(sounds.quiet(1.0))


def test_without_it_the_box_still_listens(tmp_path, monkeypatch, caplog):
    """A language that has none, and a damaged file: what fails is told in the log, and nothing is spotted."""
    assert compose.opened_spotter("de") is None
    assert not caplog.records
    (tmp_path / "models").mkdir()
    for path in (SHIPPED, SHIPPED.with_suffix(".json")):
        shutil.copy(path, tmp_path / "models")
    copied = tmp_path / "models" / SHIPPED.name
    copied.write_bytes(SHIPPED.read_bytes()[:-100])
    monkeypatch.setattr(compose, "PACKAGE", tmp_path)
    assert compose.opened_spotter("en") is None
    with pytest.raises(ModelError, match="SHA-256"):
        doctor.CHECKS["listening"](config.load())
    assert "understood less well" in caplog.text
    assert "SHA-256" in caplog.text
