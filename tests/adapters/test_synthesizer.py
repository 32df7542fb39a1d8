"""The contract of the synthesizer port, with the real eSpeak NG, and its faults."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import numpy as np
import pytest

from device.adapters.synthesizer_espeak import EspeakSynthesizer
from device.errors import SpeechError


@pytest.fixture
def synthesizer(settings):
    """The only synthesizer, opened."""
    synthesizer = EspeakSynthesizer(settings.speech)
    synthesizer.open()
    yield synthesizer
    synthesizer.close()


@pytest.mark.parametrize(
    "sentence", ["seven", "Four, two, seven.", "-7", "--help", "-f /etc/passwd", "sept à été", "七"]
)
def test_every_sentence_is_heard(synthesizer, sentence):
    """Also one that looks like an option, or is not ASCII: sound of a sensible rate, length and loudness."""
    audio = synthesizer.synthesize(sentence)
    assert audio.samples.dtype == np.int16
    assert 8000 <= audio.rate_hz <= 48000
    assert 0.1 < audio.seconds < 5.0
    assert np.abs(audio.samples.astype(np.int32)).max() > 3000


def test_options_are_not_obeyed(synthesizer):
    """`--version` is spoken as a word: no longer than the word without its dashes, by much."""
    plain, dashed = (synthesizer.synthesize(sentence).seconds for sentence in ("version", "--version"))
    assert dashed == pytest.approx(plain, rel=0.5)


def test_a_sentence_ends_with_its_sound(synthesizer):
    """The third of a second of silence that eSpeak leaves is cut to a few hundredths."""
    audio = synthesizer.synthesize("seven")
    loud = np.flatnonzero(np.abs(audio.samples.astype(np.int32)) > 80)
    assert (len(audio.samples) - loud[-1]) / audio.rate_hz < 0.05
    assert loud[0] / audio.rate_hz < 0.05


def test_the_same_sentence_sounds_the_same(synthesizer):
    """What is kept of a phrase is what would be said again."""
    first, second = (synthesizer.synthesize("four, two, seven") for _ in range(2))
    assert np.array_equal(first.samples, second.samples)


def test_a_long_sentence(synthesizer):
    """Ten thousand characters are one sound of several minutes."""
    sentence = "seven " * 1666
    assert synthesizer.synthesize(sentence).seconds > 300.0


def test_settings_are_heard(settings):
    """Speed, loudness and pitch of the configuration reach the program."""

    def spoken(**changed):
        synthesizer = EspeakSynthesizer(replace(settings.speech, **changed))
        synthesizer.open()
        return synthesizer.synthesize("four hundred and twenty-seven")

    plain = spoken()
    assert spoken(words_per_minute=300).seconds < 0.8 * plain.seconds
    quiet = spoken(volume=30).samples
    assert np.abs(quiet.astype(np.int32)).max() < 0.5 * np.abs(plain.samples.astype(np.int32)).max()
    assert not np.array_equal(spoken(pitch=90).samples, plain.samples)


@pytest.mark.parametrize("voice", ["", "de", "en-us+f3", "en+F3"])
def test_voices(settings, voice):
    """A language, a language with a variant, or nothing for the language's own."""
    synthesizer = EspeakSynthesizer(replace(settings.speech, voice=voice))
    synthesizer.open()
    assert synthesizer.synthesize("eins").samples.size


@pytest.mark.parametrize("voice", ["nobody", "en+nobody", "-x"])
def test_an_unknown_voice_is_named(settings, voice):
    """Also a variant, which the program itself leaves out without a word."""
    synthesizer = EspeakSynthesizer(replace(settings.speech, voice=voice))
    with pytest.raises(SpeechError, match=r"voice .*--voices"):
        synthesizer.open()


@pytest.mark.parametrize("sentence", ["", "   ", "\n", "\0"])
def test_nothing_to_say_is_an_error(synthesizer, sentence):
    """Empty text has no sound."""
    with pytest.raises(SpeechError, match="nothing to say"):
        synthesizer.synthesize(sentence)


def test_what_cannot_be_encoded_is_left_out(synthesizer):
    """A stray half of a character, or a zero byte, costs no sentence."""
    assert synthesizer.synthesize("se\udc80ven\0 eight").seconds > 0.1


def test_a_sentence_beyond_the_systems_limit(synthesizer):
    """An argument can have 128 KiB; more is an error, not a traceback."""
    with pytest.raises(SpeechError, match="say less"):
        synthesizer.synthesize("seven " * 30_000)


def test_it_can_be_closed_at_any_time(settings):
    """Closing before opening, and twice, is no error; a closed one says nothing."""
    synthesizer = EspeakSynthesizer(settings.speech)
    synthesizer.close()
    synthesizer.open()
    synthesizer.close()
    synthesizer.close()
    with pytest.raises(SpeechError, match="closed"):
        synthesizer.synthesize("seven")


def _program(folder, script):
    """Put another espeak-ng in the only folder on the path."""
    program = folder / "espeak-ng"
    program.write_text("#!/bin/sh\n" + script, encoding="utf-8")
    program.chmod(0o755)


def test_a_missing_program_names_the_package(settings, monkeypatch, tmp_path):
    """Nothing on the path: what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpeechError, match="apt install espeak-ng"):
        EspeakSynthesizer(settings.speech).open()


def test_a_program_removed_later_names_the_package(synthesizer, monkeypatch, tmp_path):
    """The same when it goes away while the box runs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpeechError, match="apt install espeak-ng"):
        synthesizer.synthesize("seven")


def test_a_program_that_hangs_is_stopped(settings, monkeypatch, tmp_path):
    """After the limit it is killed, and reaped."""
    synthesizer = EspeakSynthesizer(replace(settings.speech, limit_seconds=0.5))
    synthesizer.open()
    _program(tmp_path, f"echo $$ > {tmp_path}/pid\nexec sleep 3600\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(SpeechError, match=r"longer than 0\.5 s"):
        synthesizer.synthesize("seven")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Error processing file: No such file' >&2; exit 2\n", "Error processing file"),
        ("exit 3\n", "exit status 3"),
        ("exit 0\n", "made no sound"),
        ("echo RIFF\n", "made no sound"),
    ],
)
def test_a_program_that_fails_is_quoted(synthesizer, monkeypatch, tmp_path, script, words):
    """Its own words, else its exit status; success without a sound is a failure as well."""
    _program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(SpeechError, match=words):
        synthesizer.synthesize("seven")


def test_damaged_data_names_debians_package(settings, monkeypatch, tmp_path):
    """No other voice would do any better."""
    _program(tmp_path, "echo 'Error processing file /usr/lib/espeak-ng-data/phontab: No such file' >&2; exit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(SpeechError, match=r"data is damaged .*; sudo apt install --reinstall espeak-ng-data"):
        EspeakSynthesizer(settings.speech).open()


def test_a_missing_package_is_named(settings, monkeypatch):
    """The Python package, with its least version."""
    monkeypatch.setitem(sys.modules, "espeakng", None)
    with pytest.raises(SpeechError, match=r"espeakng>=1\.0\.5"):
        EspeakSynthesizer(settings.speech).open()


@pytest.mark.parametrize("content", ["class ESpeakNG: pass\n", "class Speaker: pass\n"])
def test_the_wrong_package_is_named(settings, monkeypatch, tmp_path, content):
    """py-espeak-ng has a module of the same name, and old releases have no generate_command."""
    (tmp_path / "espeakng.py").write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "espeakng", raising=False)
    with pytest.raises(SpeechError, match=r"pip uninstall py-espeak-ng"):
        EspeakSynthesizer(settings.speech).open()
    monkeypatch.delitem(sys.modules, "espeakng")
