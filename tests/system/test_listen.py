"""`digitbox listen` and `digitbox speech-model` whole, with Vosk, on what eSpeak NG says."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from device.domain import Audio


def digitbox(*arguments, folder=None):
    """The command as a user runs it."""
    environment = dict(os.environ, HOME=str(folder)) if folder else None
    command = [sys.executable, "-m", "device.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


def objects(done):
    """What it printed."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Spoken commands and other speech, as eSpeak NG writes them: 22,050 Hz."""
    folder = tmp_path_factory.mktemp("recordings")
    said = {
        "time": "what time is it",
        "digit": "digit two",
        "louder": "speak louder",
        "wrong": "that's wrong it is a four",
        "yes": "yes please",
        "two": "two",
        "talk": "the birch canoe slid on the smooth planks",
    }
    for name, text in said.items():
        command = ["espeak-ng", "-v", "en-us", "-w", str(folder / f"{name}.wav"), "--", text]
        subprocess.run(command, check=True)
    (folder / "silence.wav").write_bytes(Audio(np.zeros(32000, np.int16), 16000).to_wav())
    return folder


def test_commands_and_their_arguments(recordings):
    """One object a recording, with the fields that product.md promises; what is no command is null and no error."""
    names = ["time", "digit", "louder", "wrong", "talk", "silence"]
    done = digitbox("listen", "--json", *(recordings / f"{name}.wav" for name in names))
    assert done.returncode == 0
    assert done.stderr == ""
    found = objects(done)
    assert all(set(answer) == {"path", "text", "command", "arguments", "confidence", "elapsed_ms"} for answer in found)
    assert [(answer["command"], answer["arguments"]) for answer in found] == [
        ("time", {}),
        ("digit_at", {"position": 2}),
        ("louder", {}),
        ("correct", {"digit": 4}),
        (None, {}),
        (None, {}),
    ]
    assert found[0]["text"].startswith("what time")
    assert [answer["confidence"] > 0.0 for answer in found] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(("context", "command"), [("confirm", "yes"), ("idle", None), (None, "yes")])
def test_the_situation_can_be_named(recordings, context, command):
    """An answer needs a question; without a situation whatever means something in any is understood."""
    named = ["--context", context] if context else []
    (answer,) = objects(digitbox("listen", "--json", *named, recordings / "yes.wav"))
    assert answer["command"] == command


def test_what_was_read_can_be_named(recordings):
    """A digit that agrees with it is surer than by itself, another one less sure."""
    named = ["listen", "--json", "--context", "reading"]
    agrees, alone, differs = (
        objects(digitbox(*named, *read, recordings / "two.wav"))[0] for read in (["--read", "2"], [], ["--read", "7"])
    )
    assert [one["arguments"] for one in (agrees, alone)] == [{"digit": 2}] * 2
    assert agrees["confidence"] > alone["confidence"] > differs["confidence"]


def test_for_people(recordings):
    """A line for each: what was asked for, how sure, and the words."""
    done = digitbox("listen", recordings / "digit.wav", recordings / "talk.wav")
    first, second = done.stdout.splitlines()
    assert "digit_at 2" in first
    assert 'heard "digit two"' in first
    assert "not understood" in second


def damaged(folder):
    """Files that are no recording, each with what is said of it."""
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("this is no sound", encoding="utf-8")
    sound = Audio(np.zeros(9600, np.int16), 16000).to_wav()
    (folder / "rate.wav").write_bytes(Audio(np.zeros(9600, np.int16), 4000).to_wav())
    (folder / "law.wav").write_bytes(sound.replace(b"fmt \x10\0\0\0\x01", b"fmt \x10\0\0\0\x07"))
    (folder / "none.wav").write_bytes(Audio(np.zeros(0, np.int16), 16000).to_wav())
    return {
        folder / "absent.wav": "cannot be read",
        folder / "empty.wav": "not a whole WAV file",
        folder / "text.wav": "not a whole WAV file",
        folder / "rate.wav": "4000 samples a second",
        folder / "law.wav": "neither PCM nor floating point",
        folder / "none.wav": "no sound in it",
    }


def test_recordings_that_cannot_be_read(recordings, tmp_path):
    """Each has its line, the others are still heard, the status is 1."""
    complaints = damaged(tmp_path)
    done = digitbox("listen", "--json", *complaints, recordings / "digit.wav")
    *bad, good = objects(done)
    assert done.returncode == 1
    assert good["command"] == "digit_at"
    for answer, (path, complaint) in zip(bad, complaints.items(), strict=True):
        assert answer["path"] == str(path)
        assert complaint in answer["error"]


def test_an_unknown_situation():
    """The command line is wrong."""
    assert digitbox("listen", "--context", "party", "x.wav").returncode == 2


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ('model = "lost"', "'lost' is not installed"),
        ('model = "/nowhere"', "there is no such speech model"),
        ('model = "/etc/passwd"', "/etc/passwd: is a file and no speech model's folder"),
        ('backend = "none"', "spoken commands are switched off"),
    ],
)
def test_no_speech_model(recordings, tmp_path, changes, complaint):
    """One line that says what to do; status 1."""
    (tmp_path / "own.toml").write_text(f"[listening]\n{changes}\n", encoding="utf-8")
    done = digitbox("listen", "--config", tmp_path / "own.toml", recordings / "digit.wav")
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_speech_models_are_listed_and_chosen(tmp_path):
    """The one that comes along is taken until another is chosen."""
    (tmp_path / "own.toml").write_text('[listening]\nmodels = "models"\n', encoding="utf-8")
    own = ["--config", tmp_path / "own.toml"]
    (tiny,) = objects(digitbox("speech-model", "list", "--json", *own))
    assert (tiny["name"], tiny["language"], tiny["chosen"]) == ("vosk-tiny-en", "en", True)
    assert "vosk-model-small-en-us-0.15" in digitbox("speech-model", "list", *own).stdout
    assert digitbox("speech-model", "choose", *own, "en", "vosk-tiny-en").stdout == "en: vosk-tiny-en\n"
    failed = digitbox("speech-model", "choose", *own, "en", "lost")
    assert (failed.returncode, "lost" in failed.stderr) == (1, True)


def test_no_model_is_fetched_without_a_checksum(tmp_path):
    """It says what to give instead."""
    (tmp_path / "own.toml").write_text('[listening]\nmodels = "models"\n', encoding="utf-8")
    done = digitbox("speech-model", "install", "fr", "--config", tmp_path / "own.toml")
    assert done.returncode == 1
    assert "give --sha256" in done.stderr
