"""The measuring of the hearing: its clips, its fit, and its table, on as little as shows that they work."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device import commands, hearing, sounds, speech_models
from device.domain import Box, Command, Context, Digit, Heard, Reading, Status, VoiceCommand
from device.hearing import Kind
from device.listening import Look, Pass, Unheard
from device.obeying import obey
from device.preferences import Preferences
from device.sight_and_speech import fused
from device.situation import Mode, Situation
from train.errors import DataError
from train.speech import fit, material, measure, phrases, spotter_clips, studio, voices, word_clips
from train.speech.__main__ import main
from train.speech.fusing import Pairs, outcomes, report
from train.speech.hear import Answer, Clip
from train.speech.measure import Plan

ENGLISH = commands.load("en")
ESPEAK = voices.VOICES[0]
HELP = VoiceCommand(Command.HELP)
SAID = {"help": HELP, "help me": HELP, "tell me how": None, "what can i say": HELP}


def test_every_command_is_measured():
    """Each has a phrase, and each phrase means something."""
    meant = material.meanings(ENGLISH)
    assert set(meant) == {*material.PHRASES, *material.ANSWERS}
    assert {command.command for _, command in meant.values()} == set(Command)


@pytest.mark.parametrize("command", Command)
def test_what_the_box_only_asks_back_about_is_what_the_table_calls_so(command):
    """The box itself is asked, which has read a one and is told to make it a three, fall silent, speak German."""
    one = Digit(1, 0.97, None, Box(0, 0, 9, 9), (0.003,) * 10, sure=True)
    preferences = Preferences("en", "", 155, 50, 100, "digits")
    last = Reading(Status.OK, (one,))
    situation = Situation(Mode.LISTENING, 5, unknown=frozenset(), last=last, preferences=preferences)
    said = VoiceCommand(command, position=1, digit=3, language="de")
    asking, _ = obey(situation, Heard(command.value, said, 0.9))
    assert (asking.question is not None) == (command in measure.ASKED_BACK)


def test_phrases_are_compared_by_how_many_voices_are_understood():
    """The best first, and a share of those that the table has; every further phrase means something."""
    heard = {text: Answer("help", text, HELP, Heard("", command), 0.1, 0.1, None) for text, command in SAID.items()}
    wrong = replace(heard["help"], heard=Heard(""))
    found = [heard["help"], wrong, heard["help me"], heard["tell me how"], heard["what can i say"]]
    lines = phrases._lines(found).splitlines()
    assert lines[0] == "help: help me 1/1, what can i say 1/1, help 1/2, tell me how 0/1"
    assert lines[1] == "of the phrases of the table 66.7% are understood"
    assert lines[2] == "of the phrases with words that the speech model lacks 100.0% are understood"
    for texts, context in ((phrases.MORE_PHRASES, Context.READING), (phrases.MORE_ANSWERS, Context.CONFIRM)):
        assert [text for text in texts if ENGLISH.meaning(text.split(), context) is None] == []


@pytest.mark.parametrize("kind", [*material.OTHERS, "spotted_alikes"])
def test_what_is_tuned_on_is_not_reported_on(kind):
    """No line stands in both parts, and none is a command."""
    tuned, reported = (material.others(kind, tuning=tuning) for tuning in (True, False))
    assert not set(tuned) & set(reported)
    assert min(len(tuned), len(reported)) >= (25 if kind == "spotted_alikes" else 50)
    assert [line for line in (*tuned, *reported) if ENGLISH.meaning(line.split(), None)] == []


def test_where_no_voice_is_installed(monkeypatch):
    """One sentence names the packages; so does a voice whose program fails."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match="there is no voice; install espeak-ng, festvox-"):
        fit.fitting_voices()
    with pytest.raises(DataError, match=r"espeak-ng en-us cannot say 'help'.* see to the package espeak-ng"):
        ESPEAK.say("help")


def test_a_variant_that_espeak_lacks_is_no_voice():
    """It would be spoken by the plain accent, and nobody would be told."""
    known, unknown = (voices._espeak(f"en-us+{name}", voices.Part.TEACHING) for name in ("m3", "nosuch"))
    assert (known.available, unknown.available) == (True, False)


def test_a_voice_speaks_once(tmp_path):
    """Its clip is kept, trimmed, at the rate that is listened at."""
    first = studio.said(ESPEAK, "help", tmp_path)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_mtime_ns
    assert np.array_equal(studio.said(ESPEAK, "help", tmp_path).samples, first.samples)
    assert path.stat().st_mtime_ns == before
    assert first.rate_hz == sounds.RATE_HZ
    assert 0.2 < first.seconds < 1.0


def test_a_voice_that_is_absent():
    """It is not available, whether the program or its voice is missing."""
    assert not replace(ESPEAK, program="no-such-program").available
    assert not replace(ESPEAK, program="festival", options=("no_such_voice",)).available
    assert not replace(ESPEAK, package="mbrola-none").available


def test_rhvoice_reads_a_file_and_has_a_folder_for_each_voice(tmp_path, monkeypatch):
    """A stand-in for the program, which is in Debian's section non-free, takes the arguments of the real one."""
    spoken = tmp_path / "spoken.wav"
    spoken.write_bytes(ESPEAK.say("help").to_wav())
    program = tmp_path / "RHVoice-test"
    program.write_text(f'#!/bin/sh\n[ "$1 $2 $3 $5" = "-p bdl -i -o" ] && grep -qx help "$4" && cp {spoken} "$6"\n')
    program.chmod(0o755)
    (tmp_path / "bdl").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(voices, "RHVOICE_VOICES", tmp_path)
    voice, absent = (
        voices.Voice(name, "RHVoice-test", ("-p", name), voices.Part.TEACHING, "rhvoice-english")
        for name in ("bdl", "nobody")
    )
    assert (voice.available, absent.available) == (True, False)
    assert (voices.lacking([voice]), voices.lacking([absent])) == ([], ["rhvoice-english"])
    assert 0.2 < voice.say("help").seconds < 2.0


@pytest.mark.parametrize("noise", studio.NOISES)
def test_noise_has_the_ratio_asked_for(noise):
    """Power of the clip over that of the noise, which lies over the padding too."""
    clip = studio.as_audio(8000.0 * studio.noise_of("pink", 16000, 1))
    quiet, noisy = (studio.placed(clip, padded=True, snr_db=snr_db, noise=noise) for snr_db in (None, 10.0))
    added = noisy.samples.astype(float) - quiet.samples
    assert 10.0 * np.log10(np.mean((0.5 * clip.samples) ** 2.0) / np.mean(added**2)) == pytest.approx(10.0, abs=0.3)
    assert len(quiet.samples) == 2 * sounds.RATE_HZ


def test_sounds_that_nobody_said():
    """Six kinds, always the same, none of them clipped flat."""
    made = [studio.unspoken(seed) for seed in range(12)]
    assert len({kind for kind, _ in made}) == 6
    assert np.array_equal(studio.unspoken(7)[1].samples, made[7][1].samples)
    assert all(audio.seconds == pytest.approx(3.0) for _, audio in made)


def test_a_regression_finds_what_decides():
    """Of two features one decides; the other gets next to no weight."""
    random = np.random.default_rng(5)
    features = random.normal(size=(2000, 2))
    right = random.random(2000) < 1.0 / (1.0 + np.exp(-(3.0 * features[:, 0] - 1.0)))
    _, scales, coefficients = fit.regression(features, right)
    weights = coefficients[:-1] / scales
    assert weights[0] == pytest.approx(3.0, rel=0.3)
    assert abs(weights[1]) < 0.3
    assert coefficients[-1] == pytest.approx(-1.0, abs=0.4)


def fitted_on():
    """A digit, a command, and two ordinary words of which one is taken for both."""
    seven, help_me = VoiceCommand(Command.DIGIT, digit=7), VoiceCommand(Command.HELP)
    heard_seven, heard_help = Pass("seven", seven, 30.0, 1, 0.5), Pass("help me", help_me, 30.0, 2, 0.8)
    silence = sounds.quiet(0.1)
    clips = [
        Clip("digits", "seven", silence, seven),
        Clip("command", "help me", silence, help_me),
        Clip("words", "heaven", silence, None),
        Clip("words", "paper", silence, None),
    ]
    heard = [[heard_seven], [heard_help], [heard_seven, heard_help], []]
    return clips, [Look("", passes, 30.0) for passes in heard]


@pytest.mark.parametrize(("kind", "said"), [(Kind.DIGIT, "digits"), (Kind.PHRASE, "command")])
def test_digits_and_phrases_are_fitted_apart(kind, said):
    """Each on what was said of its kind and on everything that asks for nothing."""
    kept = fit.learned(*fitted_on(), kind)
    assert (kept.right.tolist(), kept.kinds.tolist()) == ([True, False], [said, "words"])
    assert kept.counts == {said: 1, "words": 2}
    lines = fit.operating_points(kept, np.array([2.5, -2.5]))
    assert "odds -3: 0.0% understood, 0.0% of sentences, 0.0% of words, 0.0% of sound-alikes act" in lines
    assert "odds +0: 100.0% understood, 0.0% of sentences, 0.0% of words" in lines
    assert "odds +3: 100.0% understood, 0.0% of sentences, 50.0% of words" in lines


NEW = voices.Part.TUNING


def test_digits_with_a_spotter_are_fitted_on_voices_it_does_not_know():
    """With what it says; the others, which it learned from, are left out."""
    clips, looks = fitted_on()
    clips = [replace(clip, part=part) for clip, part in zip(clips, (NEW, NEW, voices.Part.TRAINED, NEW), strict=True)]
    spotted = (*[-9.0] * 7, -0.25, -2.0, -9.0, -4.0)
    kept = fit.learned(clips, [replace(look, spotted=spotted) for look in looks], Kind.SPOTTED_DIGIT)
    assert kept.counts == {"digits": 1, "words": 1}
    assert kept.right.tolist() == [True]
    assert kept.features.shape == (1, len(hearing.FEATURES[Kind.SPOTTED_DIGIT]))
    assert kept.features[0, -2:].tolist() == [-0.25, 1.75]


def test_what_the_spotter_alone_heard_is_fitted_by_itself():
    """Beside phrases that the recognizer heard too; without a spotter it counts for nothing."""
    clips, looks = fitted_on()
    clips = [replace(clip, part=NEW) for clip in clips]
    help_me = clips[1].expected
    fits = {help_me: -2.0, None: -5.0}
    unheard = Unheard("help", help_me, known=True)
    looks = [replace(look, fits=fits, unheard=None if look.passes else unheard) for look in looks]
    assert fit.learned(clips, looks, Kind.PHRASE).right.tolist() == [True, False]
    kept = fit.learned(clips, looks, Kind.SPOTTED_PHRASE)
    assert kept.right.tolist() == [True, False]
    assert kept.features[:, -2:].tolist() == [[-2.0, 3.0], [-2.0, 3.0]]
    kept = fit.learned(clips, looks, Kind.UNHEARD_PHRASE)
    assert kept.right.tolist() == [False]
    assert kept.features.tolist() == [[-2.0, 3.0, 0.0, 1.0, 1.0]]
    assert kept.counts == {"command": 1, "words": 2}


def test_what_the_recognizer_lacks_words_for_is_fitted_on_only_where_a_spotter_was_asked():
    """It would teach the odds without one nothing but mistakes."""
    asked = {kind for kind, (_, end) in fit.FITTED_ON.items() if end == 4}
    assert asked == {Kind.SPOTTED_PHRASE, Kind.UNHEARD_PHRASE}
    assert fit.FITTED_ON.keys() == set(Kind)


def test_the_phrases_for_the_spotter_are_commands_that_the_model_cannot_hear():
    """Each with a word that vosk-tiny-en lacks, and none that the spotter lacks."""
    understood = commands.load("en")
    model = Path(speech_models.__file__).with_name("models") / "vosk-tiny-en" / "graph" / "words.txt"
    heard = {line.split()[0] for line in model.read_text(encoding="utf-8").splitlines()}
    for said in ((*material.SPOTTED_PHRASES, *material.SPOTTED_ANSWERS), (*material.PHRASES, *material.ANSWERS)):
        assert {heard.issuperset(phrase.split()) for phrase in said} == {said[0] == material.PHRASES[0]}
    meant = material.spotted_meanings(understood)
    assert len(meant) == len(material.SPOTTED_PHRASES) + len(material.SPOTTED_ANSWERS)
    assert {*word_clips.words()}.issuperset(word for phrase in meant for word in phrase.split())


def test_what_acts_in_idle_is_counted():
    """Of all sentences and words, those without anything heard in them too."""
    kept = fit.Learned(np.zeros((3, 1)), np.zeros(3, bool), np.array(["words", "sentences", "words"]), {"words": 50})
    lines = fit.idle_points(kept, np.array([0.1, -0.3, -0.9])).splitlines()
    assert lines[4] == "  odds +0: 1 of 50 act, 2.0%"
    assert lines[6] == "  odds +0.5: 2 of 50 act, 4.0%"


def test_few_words_pass_for_a_digit():
    """The odds fall until no larger share of them is above zero; where few enough are taken for one, nothing moves."""
    odds = np.arange(100.0) - 40.0
    kept = fit.Learned(np.zeros((100, 1)), np.zeros(100, bool), np.array(["words"] * 100), {"words": 200, "digits": 1})
    for share in fit.WORDS_TAKEN_FOR_A_DIGIT.values():
        moved = odds - fit.surplus(kept, odds, share)
        assert kept.passing(moved, "words") == pytest.approx(share, abs=1 / 200)
    assert fit.surplus(replace(kept, counts={"words": 10000}), odds, 0.07) == 0.0


def test_what_is_confused_is_counted():
    """Rows are what was heard, and the digit itself is none of its confusions."""
    six, eight = (VoiceCommand(Command.DIGIT, digit=digit) for digit in (6, 8))
    clips = [Clip("digits", "eight", sounds.quiet(0.1), eight)] * 5
    shares = fit.confusion(clips, [Look("six", [Pass("six", six, 9.0, 1, 0.4)], 30.0)] * 5)
    assert shares[6].argmax() == 8
    assert shares[6, 6] == 0.0
    assert np.allclose(shares.sum(axis=1), 1.0)


def test_it_is_fitted_on_no_voice_that_is_reported_on():
    """Those that are known to be new to the speech model least of all."""
    names = {voice.name for voice in fit.fitting_voices()}
    assert names
    assert names.isdisjoint(voice.name for voice in voices.VOICES if voice.part is voices.Part.HELD_OUT)


def speaker(voice):
    """Who speaks: of eSpeak NG's voices their variant, of Flite's and Festival's their person."""
    name = voice.options[-1] if voice.program == "festival" else voice.options[1]
    return name.split("+")[-1].split("_")[0].removesuffix("16")


def test_the_spotter_learns_from_no_voice_that_is_reported_on_and_no_word_that_is_tuned_or_reported_on():
    """Or its odds would be fitted on what it knows by heart; of eight speakers that they are fitted on it knows two."""
    learned = {speaker(voice) for voice in voices.teachers(spotter_clips.SEED)}
    held_out = [voice for voice in voices.VOICES if voice.part is voices.Part.HELD_OUT]
    tuned_on = [voice for voice in voices.VOICES if voice.part is voices.Part.TUNING]
    assert len(learned) > 60
    assert learned.isdisjoint(speaker(voice) for voice in held_out)
    assert learned & {speaker(voice) for voice in tuned_on} == {"slt", "kal"}
    words = {text for text, label in spotter_clips.texts(0, 1) if label == spotter_clips.NOTHING}
    words |= {word for name in ("near_digits", "far_words", "near_commands") for word in spotter_clips.lines(name)}
    reported = {
        line
        for kind in (*material.OTHERS, "spotted_alikes")
        for tuning in (True, False)
        for line in material.others(kind, tuning=tuning)
    }
    assert words.isdisjoint(
        {*material.DIGITS, *reported} - {word for phrase in material.PHRASES for word in phrase.split()}
    )
    assert reported.isdisjoint(
        text
        for number in range(20)
        for text in word_clips.texts(number, 1)
        if not {*text.split()} <= {*word_clips.words()}
    )


def test_absent_recordings_have_their_row(tmp_path):
    """Nothing is dropped in silence."""
    plan = Plan(tmp_path, tmp_path, every=1, workers=1)
    (row,) = measure._digit_rows(plan)
    assert row.share is None
    assert "is absent" in row.note
    assert "not measured" in measure._table([row], plan)


def test_a_row_of_other_speech_counts_what_would_act():
    """How much of it would be asked back, as a digit is, and how much would be taken for a yes to a change."""
    said = [VoiceCommand(Command.MUTE), VoiceCommand(Command.DIGIT, digit=2), VoiceCommand(Command.YES)]
    heard = [*(Heard(one.command.value, one, 0.9) for one in said), Heard("x")]
    found = [Answer("", "moot", None, one, 0.1, 0.1, None) for one in heard]
    row = measure._acting_row("words", found)
    assert (row.share, row.asked_back, row.changing) == (0.75, 0.5, 0.25)
    assert row.note == "1 a digit alone; moot > digit, moot > mute, moot > yes"
    assert "| 75.0% |  | 50.0% | 25.0% |" in measure._table([row], Plan(Path(), Path(), every=1, workers=1))


def after_any(digit, understood):
    """What is understood after each of the ten readings: the digit where it says so, else nothing."""
    named = Heard("x", VoiceCommand(Command.DIGIT, digit=digit), 0.9)
    return tuple(named if read in understood else Heard("x") for read in range(10))


def test_digits_said_after_a_reading_have_their_rows():
    """One for the digit that was read, one for the mean over the nine others."""
    two = VoiceCommand(Command.DIGIT, digit=2)
    found = [
        Answer("digits", "2_theo_1", two, Heard("x"), 0.1, 0.1, None, after_any(2, {2, 3, 4})),
        Answer("digits", "2_theo_3", two, Heard("x"), 0.1, 0.1, None, after_any(9, {9})),
    ]
    same, others = measure._digit_rows_after_a_reading("digits, clean", found)
    assert (same.figure, same.share, same.note) == (
        "digits, clean, after reading the digit said",
        0.5,
        "taken for something else 0.0%",
    )
    assert (others.share, others.note) == (pytest.approx(2 / 18), "taken for something else 5.6%")


def test_other_speech_after_a_reading_agrees_or_is_asked_back_about():
    """Over all ten readings: what is taken for the digit that was read changes nothing, another is asked back about."""
    found = [
        Answer("words", "heaven", None, Heard("x"), 0.1, 0.1, None, after_any(7, {7, 8})),
        Answer("words", "paper", None, Heard("x"), 0.1, 0.1, None, after_any(8, set())),
    ]
    row = measure._acting_row_after_a_reading("words", found)
    assert (row.count, row.share, row.asked_back, row.changing) == (2, 0.1, 0.05, 0.0)
    assert row.note == "agrees with what was read 5.0%"


def test_fusing_is_the_devices_own():
    """Every pair goes through `device.sight_and_speech.fused`, with the weight and limit of the row."""
    sure = np.full((10, 10), 0.01) + 0.9 * np.eye(10)
    found = Pairs(sure[[1, 2]], sure[[1, 7]], np.array([1, 2]), np.array([1, 7]))
    digits, believed = outcomes(found, 0.5, 0.8)
    assert digits[0] == 1
    assert believed.tolist() == [fused(sure[1], sure[1]).believed, fused(sure[2], sure[7]).believed] == [True, False]
    assert "| 0.5 | 0.8 | 100.0% | 0.0% | 100.0% |" in report(found)


@pytest.mark.parametrize("numbers", [["--workers", "0"], ["--every", "0"], ["--every", "-5"], ["--every", "x"]])
def test_wrong_numbers_end_with_2(tmp_path, capsys, numbers):
    """As argparse does, before anything is said or heard."""
    with pytest.raises(SystemExit) as left:
        main(["measure", "--out", str(tmp_path / "out"), *numbers])
    assert left.value.code == 2
    assert "is not a whole number above 0" in capsys.readouterr().err


def test_what_is_missing_is_said_before_the_measuring(tmp_path, capsys, monkeypatch):
    """A mistyped folder of recordings, and a file where the folder for the table is to be."""
    monkeypatch.setattr(measure, "_digit_rows", lambda _: pytest.fail("the measuring has begun"))
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    for data, out in (("none", "out"), (".", "file")):
        assert main(["measure", "--data", str(tmp_path / data), "--out", str(tmp_path / out)]) == 1
        said = capsys.readouterr().err
        assert str(tmp_path / (data if data == "none" else out)) in said
        assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.long
def test_the_whole_table(tmp_path):
    """One in sixty clips; digits are mostly right, and the table names every row."""
    table = measure.measure(Plan(tmp_path, tmp_path / "clips", every=60, workers=2), tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    assert (tmp_path / "out" / "figures.md").read_text(encoding="utf-8") == table
    figures = {row["figure"] for row in facts}
    assert {"memory with the model, above without", "the same of processor time"} < figures
