"""`main()` whole: what scripts rely on (product.md, "The command line"), and no traceback whatever is wrong."""

from __future__ import annotations

import csv
import errno
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from device import config, durable
from device.adapters.history_sqlite import SqliteHistory
from device.cli import main
from device.doctor import CHECKS
from device.domain import Audio, Box, Digit, Reading, Status

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "device" / "pictures").glob("*.jpg"))
SOON = 60.0
"""Seconds; only a failure waits for all of them."""


@pytest.fixture
def run(capsys):
    """Runs a command in this process; its exit status, its lines on standard output, and on standard error."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def run_one(*arguments: object) -> tuple[int, list[str], list[str]]:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse leaves by itself
            status = int(str(ended.code))
        output, errors = capsys.readouterr()
        assert "Traceback" not in output + errors
        return status, output.splitlines(), errors.splitlines()

    yield run_one
    root.handlers[:] = before
    root.setLevel(level)


def run_process(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as a process of its own, with variables added to its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "device.cli", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SOON,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture
def path_without_sound(tmp_path):
    """A PATH on which there is espeak-ng but no program that plays."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "espeak-ng").symlink_to(str(shutil.which("espeak-ng")))
    return str(folder)


@pytest.fixture
def bad_images(tmp_path):
    """Files that are no pictures, by what is wrong with them."""
    whole = PICTURES[0].read_bytes()
    content = {"empty.jpg": b"", "truncated.jpg": whole[: len(whole) // 3], "text.png": b"no picture\n" * 100}
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.jpg").mkdir()
    return [tmp_path / name for name in (*content, "folder.jpg", "missing.jpg")]


# --- the arguments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [[], ["raed"], ["read"], ["read", "--jsno", "x.jpg"], ["say"], ["run", "--config"]]
)
def test_a_wrong_command_line_is_status_2(run, arguments):
    """With a line on how to use it, on standard error."""
    status, output, errors = run(*arguments)
    assert (status, output) == (2, [])
    assert errors[0].startswith("usage: digitbox")


def test_a_context_that_is_none_names_those_there_are(run):
    """As for every other option with a choice."""
    status, _, errors = run("listen", "--context", "dancing", "said.wav")
    assert status == 2
    assert "choose from" in errors[-1]
    assert "practice" in errors[-1]


@pytest.mark.parametrize("command", ["run", "demo", "read", "say", "doctor", "bench", "history", "config"])
def test_every_command_explains_itself(run, command):
    """--help ends with 0."""
    status, output, _ = run(command, "--help")
    assert status == 0
    assert output[0].startswith(f"usage: digitbox {command}")


@pytest.mark.parametrize("command", [["run"], ["read", PICTURES[0]], ["say", "a"], ["history"], ["config"]])
def test_a_wrong_configuration_is_status_2(run, configuration, command):
    """For every command that has one, with all the mistakes."""
    path = configuration(reading="framse = 3", model="path = 7")
    status, output, errors = run(command[0], "--config", path, *command[1:])
    assert (status, output) == (2, [])
    assert errors == [
        f"digitbox: {path}: [reading] unknown key framse; the nearest is frames",
        f"digitbox: {path}: [model] path = 7 is not text in quotes",
    ]


# --- read -------------------------------------------------------------------------------------------------------------


def test_read_prints_one_object_a_line(run, configuration):
    """Each with the promised fields of the promised types, in the order of the arguments."""
    status, output, _ = run("read", "--json", "--config", configuration(), *PICTURES[:3])
    lines = [json.loads(line) for line in output]
    assert status == 0
    assert [line["path"] for line in lines] == [str(path) for path in PICTURES[:3]]
    for line in lines:
        assert list(line) == ["path", "status", "number", "digits", "advice", "elapsed_ms"]
        assert line["status"] in {status.value for status in Status}
        assert isinstance(line["elapsed_ms"], float)
        assert all(isinstance(advice, str) for advice in line["advice"])
        assert line["number"].replace(" ", "") == "".join(str(digit["digit"]) for digit in line["digits"])
        for digit in line["digits"]:
            assert list(digit) == ["digit", "confidence", "second", "box"]
            assert digit["digit"] in range(10)
            assert 0.0 <= digit["confidence"] <= 1.0
            assert digit["second"] is None or digit["second"] in range(10)
            x, y, width, height = digit["box"]
            height_px, width_px = cv2.imread(line["path"]).shape[:2]
            assert 0 <= x < x + width <= width_px
            assert 0 <= y < y + height <= height_px


def test_read_shows_scores_when_asked(run, configuration):
    """Ten probabilities a digit; the eleventh, of what is no digit, is not among them."""
    _, output, _ = run("read", "--json", "--scores", "--config", configuration(), PICTURES[0])
    digits = json.loads(output[0])["digits"]
    assert digits
    for digit in digits:
        assert len(digit["scores"]) == 10
        assert sum(digit["scores"]) <= 1.001
        assert int(np.argmax(digit["scores"])) == digit["digit"]


def test_read_takes_a_burst_as_one_reading(run, configuration):
    """Several frames, one line."""
    status, output, _ = run("read", "--json", "--burst", "--config", configuration(), *[PICTURES[0]] * 3)
    assert status == 0
    assert len(output) == 1
    assert json.loads(output[0])["path"] == str(PICTURES[0])


def test_read_goes_on_after_files_that_cannot_be_read(run, configuration, bad_images):
    """Each error stands on its own line in its place, the others are read, and the status is 1."""
    images = [PICTURES[0], *bad_images, PICTURES[1]]
    status, output, errors = run("read", "--json", "--config", configuration(), *images)
    lines = [json.loads(line) for line in output]
    assert status == 1
    assert errors == []
    assert [line["path"] for line in lines] == [str(path) for path in images]
    assert [set(line) == {"path", "error"} for line in lines] == [False, *[True] * len(bad_images), False]
    for line in lines[1:-1]:
        assert line["path"] in line["error"]
        assert "\n" not in line["error"]


@pytest.mark.parametrize("encoding", ["utf-8:strict", "utf-8:surrogateescape", "ascii:strict"])
def test_any_name_of_a_file_is_printed(configuration, tmp_path, encoding):
    """As JSON by which the file is found again, also a name that is no text in the encoding of the output."""
    names = [os.fsdecode(name) for name in (b"\xff\xfe.jpg", "\u00e4 \u0663.jpg".encode(), b"a b.jpg")]
    for name in names:
        shutil.copy(PICTURES[0], tmp_path / name)
    paths = [str(tmp_path / name) for name in names]
    done = run_process("read", "--json", "--config", configuration(), *paths, PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == paths
    done = run_process("read", "--config", configuration(), *paths, PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert rf"{tmp_path}/\udcff\udcfe.jpg: ok" in done.stdout
    assert ("\u00e4 \u0663.jpg: ok" in done.stdout) == encoding.startswith("utf-8")


def test_the_name_of_a_file_gives_no_orders_to_the_terminal(run, configuration, tmp_path):
    """Neither where it is read nor where it cannot be."""
    path, missing = tmp_path / "a\x1b[2Jb.jpg", tmp_path / "a\x9b2Jc.jpg"
    shutil.copy(PICTURES[0], path)
    _, output, errors = run("read", "--config", configuration(), path, missing)
    assert output[0].startswith(rf"{tmp_path}/a\x1b[2Jb.jpg: ok")
    assert errors[0].startswith(rf"digitbox: {tmp_path}/a\x9b2Jc.jpg: ")


@pytest.mark.parametrize("burst", [[], ["--burst"]])
def test_read_complains_on_standard_error(run, configuration, bad_images, burst):
    """Without --json the answers are on standard output and the complaints are not."""
    status, output, errors = run("read", *burst, "--config", configuration(), *bad_images, PICTURES[0])
    assert status == 1
    assert len(output) == 1
    assert [line.startswith("digitbox: ") for line in errors] == [True] * len(bad_images)


def test_read_without_a_readable_file_is_no_traceback(run, configuration, bad_images):
    """A burst of nothing, too."""
    for option in ("--json", "--burst"):
        status, _, _ = run("read", option, "--config", configuration(), *bad_images)
        assert status == 1


def test_read_speaks_the_answer(run, configuration, speech, tmp_path):
    """Into the WAV folder of this configuration."""
    status, _, _ = run("read", "--speak", "--config", configuration(), PICTURES[0])
    assert status == 0
    (wav,) = (tmp_path / "said").iterdir()
    assert Audio.from_wav(wav.read_bytes()).seconds > 0.2


def test_read_goes_on_where_it_cannot_speak(configuration, speech):
    """All answers are printed; that nothing can be said is told once, and is status 1."""
    path = configuration(sound='card = "no-such-card"\nbackend = "alsa"')
    done = run_process("read", "--speak", "--config", path, *PICTURES[:3])
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3
    assert len(done.stderr.splitlines()) == 1


def test_read_explains_what_it_saw(run, configuration, tmp_path):
    """A picture for each image, under names of their own though two inputs share one; the JSON names them."""
    copy = tmp_path / "other" / PICTURES[0].name
    copy.parent.mkdir()
    shutil.copy(PICTURES[0], copy)
    folder = tmp_path / "new" / "folder"
    status, output, errors = run(
        "read", "--json", "--explain", folder, "--config", configuration(), PICTURES[0], copy, PICTURES[1]
    )
    lines = [json.loads(line) for line in output]
    assert (status, errors) == (0, [])
    assert [list(line)[-1] for line in lines] == ["explained"] * 3
    assert len({line["explained"] for line in lines}) == 3
    assert sorted(str(path) for path in folder.iterdir()) == sorted(line["explained"] for line in lines)
    for line in lines:
        assert cv2.imread(line["explained"]).shape[1] == 1200


def test_read_explains_a_burst_in_one_picture(run, configuration, tmp_path):
    """And files that cannot be read in none."""
    status, output, _ = run(
        "read", "--burst", "--json", "--explain", tmp_path / "out", "--config", configuration(),
        *[PICTURES[0]] * 3, tmp_path / "missing.jpg",
    )  # fmt: skip
    assert status == 1
    assert ["explained" in json.loads(line) for line in output] == [False, True]
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_read_complains_of_a_folder_that_cannot_be_used_before_it_reads(run, configuration, tmp_path):
    """Status 1 and one line that names it."""
    (tmp_path / "file").write_bytes(b"")
    status, output, errors = run("read", "--explain", tmp_path / "file", "--config", configuration(), PICTURES[0])
    assert (status, output) == (1, [])
    assert len(errors) == 1
    assert str(tmp_path / "file") in errors[0]


def test_read_still_answers_when_its_explanation_cannot_be_written(run, configuration):
    """On standard output as ever; the complaint is on standard error, and the status says so."""
    status, output, errors = run("read", "--json", "--explain", "/proc/self", "--config", configuration(), PICTURES[0])
    assert status == 1
    assert "explained" not in json.loads(output[0])
    assert len(errors) == 1
    assert "cannot be written" in errors[0]


@pytest.fixture
def model(tmp_path):
    """A copy of the model and its card, to be damaged."""
    for suffix in (".tflite", ".json"):
        shutil.copy(ROOT / "device" / "models" / f"digits{suffix}", tmp_path)
    return tmp_path / "digits.tflite"


@pytest.mark.parametrize("damage", ["no model", "no card", "wrong checksum", "card is no JSON"])
def test_a_model_that_cannot_be_trusted_is_refused(run, configuration, model, damage):
    """Missing, or not the one its card speaks of: status 1 and one line that names the file."""
    match damage:
        case "no model":
            model.unlink()
        case "no card":
            model.with_suffix(".json").unlink()
        case "wrong checksum":
            model.write_bytes(model.read_bytes() + b"\0")
        case _:
            model.with_suffix(".json").write_text("{", encoding="utf-8")
    status, output, errors = run("read", "--config", configuration(model=f'path = "{model}"'), PICTURES[0])
    assert (status, output) == (1, [])
    assert len(errors) == 1
    assert errors[0].startswith("digitbox: ")
    assert "; " in errors[0], "the next step is missing"


# --- say --------------------------------------------------------------------------------------------------------------


def test_say_writes_a_wav_file(run, configuration, speech, tmp_path):
    """A text that looks like an option too."""
    for text in ("forty-two", "-3", "--wav"):
        wav = tmp_path / "said.wav"
        status, _, _ = run("say", "--wav", wav, "--config", configuration(), "--", text)
        assert status == 0
        assert Audio.from_wav(wav.read_bytes()).seconds > 0.2
        wav.unlink()


def test_say_leaves_a_file_as_it_was_on_a_full_disk(run, configuration, speech, tmp_path, monkeypatch):
    """A recording that breaks off is worse than the one before."""

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    wav, path = tmp_path / "said.wav", configuration()
    wav.write_bytes(b"former")
    status, _, errors = run("say", "seven", "--wav", wav, "--config", path)
    assert (status, len(errors)) == (1, 1)
    assert "cannot be written" in errors[0]
    assert wav.read_bytes() == b"former"
    assert not list(tmp_path.glob("*.part"))


def test_say_speaks_as_the_box_does(run, configuration, speech, tmp_path):
    """As was asked of it by voice; another language has a voice of its own."""
    path, lengths = configuration(), []
    for preferences in ("", "words_per_minute = 80\n", 'voice = "no-such-voice"\n'):
        (tmp_path / "preferences.toml").write_text(f"[speech]\n{preferences}", encoding="utf-8")
        language = ("--language", "de") if "voice" in preferences else ()
        assert run("say", "seven", "--wav", tmp_path / "said.wav", "--config", path, *language) == (0, [], [])
        lengths.append(Audio.from_wav((tmp_path / "said.wav").read_bytes()).seconds)
    assert lengths[1] > 1.3 * lengths[0]


def test_say_writes_into_a_pipe(configuration, speech):
    """As for a player of one's own; what is no file is not replaced by one."""
    command = [sys.executable, "-m", "device.cli", "say", "seven", "--wav", "/dev/stdout", "--config", configuration()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SOON, check=True)
    assert Audio.from_wav(done.stdout).seconds > 0.2


def test_say_plays(run, configuration, speech, tmp_path):
    """On the loudspeaker of the configuration."""
    assert run("say", "seven", "--config", configuration())[0] == 0
    assert len(list((tmp_path / "said").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "expected", "complaint"),
    [
        (["seven", "--language", "xx"], 2, "there is no language 'xx'"),
        (["seven", "--language", ""], 2, "there is no language ''"),
        (["seven", "--wav", "/no/such/folder/a.wav"], 1, "cannot be written"),
        ([""], 1, "nothing to say"),
    ],
)
def test_say_explains_what_is_wrong(run, configuration, speech, arguments, expected, complaint):
    """In one line; 2 where the command line itself is wrong, else 1."""
    status, _, errors = run("say", "--config", configuration(), *arguments)
    assert status == expected
    assert len(errors) == 1
    assert complaint in errors[0]


def test_say_without_espeak_names_the_package(configuration):
    """The command that mends it."""
    done = run_process("say", "seven", "--config", configuration(), PATH="/nonexistent")
    assert done.returncode == 1
    assert done.stderr.strip() == "digitbox: the program espeak-ng is missing; sudo apt install espeak-ng"


# --- doctor, history, config ------------------------------------------------------------------------------------------


def findings(lines: list[str]) -> dict[str, dict[str, object]]:
    """What the doctor found, by check."""
    found = [json.loads(line) for line in lines]
    assert all(list(finding) == ["check", "ok", "message", "remedy"] for finding in found)
    return {finding["check"]: finding for finding in found}


def test_the_doctor_looks_at_everything(run, configuration, speech):
    """One object a check; the status says whether all is well."""
    status, output, _ = run("doctor", "--json", "--config", configuration())
    found = findings(output)
    assert set(found) == {"configuration", *CHECKS}
    assert status == int(not all(finding["ok"] for finding in found.values()))
    for check in ("configuration", "model", "speech", "sound", "button", "indicator", "camera", "history"):
        assert found[check]["ok"], found[check]


def test_the_doctor_names_what_is_missing_and_the_remedy(configuration, tmp_path):
    """Everything wrong at once: each has its own finding, and a next step."""
    path = configuration(
        camera=f'backend = "files"\nphotos = "{tmp_path}/none"',
        button='backend = "script"\nscript = "none.txt"',
        sound='backend = "alsa"\ncard = "NoSuchCard"',
        model='path = "none.tflite"',
        microphone='backend = "wav"\nfolder = "none"',
        listening='backend = "script"\nscript = "none.txt"',
        daemon='preferences = "button.txt"',
    )
    (tmp_path / "button.txt").write_text("volume is loud", encoding="utf-8")
    done = run_process("doctor", "--json", "--config", path, PATH="/nonexistent")
    found = findings(done.stdout.splitlines())
    assert done.returncode == 1
    for check in ("camera", "button", "sound", "model", "speech", "microphone", "listening"):
        assert not found[check]["ok"], found[check]
        assert found[check]["remedy"], found[check]
    assert not found["preferences"]["ok"]
    assert found["history"]["ok"]


def test_the_doctor_reports_a_wrong_configuration_and_goes_on(run, configuration):
    """Every mistake of it, then the other checks with the defaults."""
    _, output, _ = run("doctor", "--json", "--config", configuration(reading="framse = 3", model="path = 7"))
    lines = [json.loads(line) for line in output]
    assert [line["check"] for line in lines].count("configuration") == 2
    assert {line["check"] for line in lines} == {"configuration", *CHECKS}


def test_the_doctor_names_every_mistake_of_the_preferences(run, configuration, tmp_path):
    """In one finding, and what to do about them once."""
    (tmp_path / "preferences.toml").write_text("[speech]\npitch = 900\nvolume = 900\n", encoding="utf-8")
    found = findings(run("doctor", "--json", "--config", configuration())[1])["preferences"]
    path = tmp_path / "preferences.toml"
    assert found["message"] == (
        f"{path}: [speech] pitch = 900 is outside 0..99, {path}: [speech] volume = 900 is outside 0..200"
    )
    assert found["remedy"] == "delete the file to start afresh"


def test_the_doctor_says_where_no_configuration_is(run, monkeypatch, tmp_path):
    """Deleted by hand: the box goes on with the defaults, under which another camera may be looked for."""
    monkeypatch.setattr(config, "SYSTEM_PATH", tmp_path / "digitbox.toml")
    _, output, _ = run("doctor", "--json")
    assert findings(output)["configuration"]["message"] == f"no {tmp_path}/digitbox.toml: defaults"


def test_the_doctor_survives_a_library_that_is_there_in_part(run, configuration, monkeypatch):
    """No traceback, and the other checks go on."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(CHECKS, "camera", lambda settings: __import__("cv2").VERSION)
    status, output, complaints = run("doctor", "--json", "--config", configuration())
    found = findings(output)
    assert (status, complaints) == (1, [])
    assert not found["camera"]["ok"]
    assert found["camera"]["remedy"] == "install digitbox again"
    assert found["clock"]["ok"]


def test_the_doctor_names_a_disk_that_may_only_be_read(run, configuration, monkeypatch):
    """What the kernel makes of a card that fails: the next step is not to delete something."""
    found = SimpleNamespace(f_flag=os.ST_RDONLY, f_bavail=0, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    _, output, _ = run("doctor", "--json", "--config", configuration())
    disk = findings(output)["disk"]
    assert not disk["ok"]
    assert "replace the card" in disk["remedy"]
    found.f_flag = 0
    _, output, _ = run("doctor", "--json", "--config", configuration())
    assert "history --delete" in findings(output)["disk"]["remedy"]


def test_the_doctor_misses_a_partition_that_fstab_names(run, configuration, monkeypatch, tmp_path):
    """A stick that was pulled out: the box goes on, and what it keeps lies elsewhere."""
    path = configuration()
    fstab = tmp_path / "fstab"
    fstab.write_text(f"# x {tmp_path}\n\n/dev/none / ext4 defaults 0 1\n", encoding="utf-8")
    monkeypatch.setattr(durable, "FSTAB", fstab)
    assert "missing" not in findings(run("doctor", "--json", "--config", path)[1])["disk"]["message"]
    fstab.write_text(f"/media/data/digitbox {tmp_path} none bind,nofail 0 0\n", encoding="utf-8")
    disk = findings(run("doctor", "--json", "--config", path)[1])["disk"]
    assert not disk["ok"]
    assert disk["remedy"] == "plug it in again and restart the box"
    status, _, complaints = run("history", "--config", path)
    assert status == 1
    assert "is missing, so no reading is kept; plug it in again" in complaints[0]


def test_the_doctor_is_readable(run, configuration):
    """Without --json: a line a check, and under what is wrong the remedy."""
    _, output, _ = run("doctor", "--config", configuration(model='path = "none.tflite"'))
    place = next(number for number, line in enumerate(output) if line.startswith("FAIL  model:"))
    assert output[place + 1].strip().startswith("-> ")


@pytest.fixture
def two_readings(configuration):
    """A configuration whose history holds two."""
    path = configuration()
    history = SqliteHistory(config.load(path).history)
    history.open()
    digit = Digit(7, 0.9, None, Box(0, 0, 1, 1), (0.1,) * 10, sure=True)
    history.append(Reading(Status.OK, (digit,)), time="2026-01-02T03:04:05+01:00")
    history.append(Reading(Status.UNREADABLE), time="2026-01-02T03:04:06+01:00")
    history.close()
    return path


ENTRIES = [
    {"id": 1, "time": "2026-01-02T03:04:05+01:00", "number": "7", "status": "ok", "corrected": None},
    {"id": 2, "time": "2026-01-02T03:04:06+01:00", "number": "", "status": "unreadable", "corrected": None},
]


def test_history_prints_one_object_a_line(run, two_readings):
    """Oldest first."""
    status, output, _ = run("history", "--json", "--config", two_readings)
    assert status == 0
    assert [json.loads(line) for line in output] == ENTRIES


def test_history_is_exported(run, two_readings, tmp_path):
    """As CSV with a head line, whole or not at all."""
    status, _, _ = run("history", "--export", tmp_path / "out", "--config", two_readings)
    assert status == 0
    with (tmp_path / "out" / "history.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{key: str(value or "") for key, value in entry.items()} for entry in ENTRIES]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["history.csv"]


def test_history_is_exported_before_it_is_deleted(run, two_readings, tmp_path):
    """It was deleted, and nothing exported; with --json every line is an object."""
    out = tmp_path / "out"
    status, output, _ = run("history", "--json", "--export", out, "--delete", "--config", two_readings)
    assert status == 0
    told = [{"exported": 2, "path": str(out / "history.csv")}, {"deleted": 2}]
    assert [json.loads(line) for line in output] == told
    assert len((out / "history.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_history_is_deleted(run, two_readings):
    """All of it, and it says how many there were."""
    assert run("history", "--delete", "--config", two_readings)[:2] == (
        0,
        ["2 readings deleted, and all kept pictures"],
    )
    assert run("history", "--json", "--config", two_readings)[:2] == (0, [])


def test_history_is_deleted_on_a_full_disk(run, two_readings, file_size_limit):
    """As the doctor advises there."""
    with file_size_limit(0):
        status, output, errors = run("history", "--delete", "--config", two_readings)
    assert (status, output, errors) == (0, ["2 readings deleted, and all kept pictures"], [])
    assert run("history", "--json", "--config", two_readings)[:2] == (0, [])


def test_history_that_was_never_written_is_empty(run, configuration, tmp_path):
    """Looking at it creates no file."""
    assert run("history", "--config", configuration())[:2] == (0, [])
    assert not (tmp_path / "history.sqlite3").exists()


@pytest.mark.parametrize("option", [[], ["--json"], ["--delete"]])
def test_a_damaged_history_is_no_traceback(run, configuration, tmp_path, option):
    """Looking at it leaves it where it is; deleting sets it aside, as the daemon does."""
    (tmp_path / "history.sqlite3").write_bytes(b"no database" * 1000)
    status, _, errors = run("history", *option, "--config", configuration())
    assert status == (0 if option == ["--delete"] else 1)
    assert all(line.startswith("digitbox: ") for line in errors)


def test_config_prints_what_can_be_loaded(run, configuration, tmp_path):
    """All of it, as TOML."""
    path = configuration()
    status, output, _ = run("config", "--config", path)
    again = tmp_path / "again.toml"
    again.write_text("\n".join(output), encoding="utf-8")
    assert status == 0
    assert config.load(again) == config.load(path)


def test_config_prints_what_was_changed_by_voice(run, configuration, tmp_path):
    """It is what is in force; what of it makes no sense is told, and is no reason to print nothing."""
    (tmp_path / "preferences.toml").write_text("[speech]\nvolume = 35\npitch = 900\n", encoding="utf-8")
    status, output, errors = run("config", "--config", configuration())
    assert status == 0
    assert {"volume = 35", "pitch = 50"} <= set(output)
    assert errors == [
        f"digitbox: {tmp_path}/preferences.toml: [speech] pitch = 900 is outside 0..99; delete the file to start afresh"
    ]


def test_config_checks_a_file(run, configuration, tmp_path):
    """Good is 0, wrong or missing is 2."""
    path = configuration()
    assert run("config", "--check", path)[:2] == (0, [f"{path}: good"])
    assert run("config", "--check", tmp_path / "missing.toml")[0] == 2


# --- demo, and the pipe -----------------------------------------------------------------------------------------------


def test_demo_makes_one_reading_and_names_the_sound(speech, path_without_sound, tmp_path):
    """No terminal on standard input, no sound card: it reads, names the WAV files and ends with 0."""
    done = run_process("demo", "--once", PATH=path_without_sound, XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    said = tmp_path / "digitbox" / "said"
    assert str(said) in done.stdout
    assert 'says: "' in done.stdout
    wavs = sorted(said.iterdir())
    assert Audio.from_wav(wavs[-1].read_bytes()).seconds > 0.2
    assert str(wavs[-1]) in done.stdout + done.stderr


def test_run_aims_when_asked(configuration, speech):
    """From the start, and the end of the input ends it: six seconds are enough to say that it is ready."""
    done = run_process("run", "--aim", "--verbose", "--config", configuration("6 quit\n"))
    assert done.returncode == 0, done.stderr
    assert "idle -> aiming" in done.stderr or "speaking -> aiming" in done.stderr
    assert "aiming -> stopped" in done.stderr


def test_demo_without_a_terminal_is_demo_once(speech, path_without_sound, tmp_path):
    """It must end by itself where nobody can press Enter."""
    done = run_process("demo", PATH=path_without_sound, XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_demo_without_pictures_is_status_1(tmp_path):
    """Nothing was read, and it says why."""
    done = run_process("demo", "--once", "--photos", tmp_path / "none", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert str(tmp_path / "none") in done.stderr


def test_output_that_nobody_reads_is_no_traceback():
    """As in `digitbox config | head -0`."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "device.cli", "config"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SOON,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [["config"], ["read", "--json", PICTURES[0]], ["speech-model", "list"]])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_output_that_finds_no_space_is_no_mistake_of_digitbox(command, unbuffered):
    """As with a file on a full disk: it names the disk's trouble, whichever command prints, now or at its end."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "device.cli", *map(str, command)],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SOON,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        "digitbox: standard output cannot be written (No space left on device); send it where there is space\n"
    )


def test_a_command_runs_with_its_output_closed():
    """As by `digitbox config >&-`: there is nothing to flush."""
    done = subprocess.run(
        [shutil.which("sh") or "sh", "-c", f"{sys.executable} -m device.cli config >&-"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SOON,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("loaded", ["logging", "numpy", "device.config", "device.cli.examining"])
def test_a_ctrl_c_while_it_starts_is_no_traceback(loaded):
    """Loading takes longest on a board, so that is when somebody thinks better of it."""
    code = (
        "import sys\n"
        "class Interrupting:\n"
        f"    def find_spec(self, name, *_):\n        if name == {loaded!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from device.cli import main\n"
        "sys.exit(main(['config']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=SOON, check=False
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode in {130, -signal.SIGINT}  # Python may end by the signal itself; a shell sees 130 for both
