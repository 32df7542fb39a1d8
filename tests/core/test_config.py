"""Loading, checking and printing the configuration."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from device import config
from device.config import Between, Config, OneOf
from device.errors import ConfigError

KEYS = [
    (section.name, key, hint)
    for section in fields(Config)
    for key, hint in get_type_hints(get_type_hints(Config)[section.name], include_extras=True).items()
]


@pytest.fixture
def written(tmp_path):
    """Writes a configuration file and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "digitbox.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def mistakes(*paths: Path) -> tuple[str, ...]:
    """What loading these files complains of."""
    with pytest.raises(ConfigError) as caught:
        config.load(*paths)
    return caught.value.mistakes


def test_the_defaults_are_without_a_mistake():
    """The shipped file alone is a whole configuration."""
    assert config.load().button.hold_seconds == 0.6


def test_later_files_lie_over_earlier_ones(written, tmp_path):
    """Key by key, and what a file leaves out stays as it was."""
    over = tmp_path / "over.toml"
    over.write_text("[button]\npin = 5\n", encoding="utf-8")
    settings = config.load(written("[button]\npin = 4\nchip = 1\n"), over)
    assert (settings.button.pin, settings.button.chip, settings.button.pull_up) == (5, 1, True)


def test_every_mistake_is_reported_at_once(written):
    """Five mistakes in three sections are five lines, each with the file, the section and the key."""
    path = written(
        '[camera]\nwidth_px = 99999\nbackend = "webcam"\n[button]\nhold_second = 1\npin = "17"\n[cammera]\nnumber = 0\n'
    )
    assert mistakes(path) == (
        f"{path}: [camera] width_px = 99999 is outside 64..4608",
        f'{path}: [camera] backend = "webcam" is not one of "picamera2", "v4l2", "files"',
        f"{path}: [button] unknown key hold_second; the nearest is hold_seconds",
        f'{path}: [button] pin = "17" is not a whole number',
        f"{path}: unknown section [cammera]; the nearest is camera",
    )


def test_mistakes_of_several_files_are_reported_together(written, tmp_path):
    """A second file is looked at although the first is wrong."""
    first, second = written("[button]\npni = 1\n"), tmp_path / "missing.toml"
    found = mistakes(first, second)
    assert len(found) == 2
    assert str(second) in found[1]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[button]\npin = 28", "is outside 0..27"),
        ("[button]\npin = -1", "is outside 0..27"),
        ("[button]\npin = 17.0", "is not a whole number"),
        ("[button]\npin = true", "is not a whole number"),
        ("[button]\npull_up = 1", "is not true or false"),
        ('[button]\npull_up = "yes"', "is not true or false"),
        ("[button]\nhold_seconds = 0.1", "is outside 0.2..3.0"),
        ("[button]\nhold_seconds = nan", "is outside 0.2..3.0"),
        ("[button]\nhold_seconds = inf", "is outside 0.2..3.0"),
        ('[button]\nhold_seconds = "1"', "is not a number"),
        ("[button]\nhold_seconds = true", "is not a number"),
        ("[button]\nbackend = 3", "is not text in quotes"),
        ("[camera]\nphotos = 3", "is not text in quotes"),
        ('[camera]\nbackend = "v412"', 'did you mean "v4l2"?'),
        ("[camera]\nphotos = 2026-01-01", "is not text in quotes"),
        ("[speech]\nvoice = []", "is not text in quotes"),
        ("button = 3", "button is a section"),
        ('[camera]\nphotos = "~no-such-user/photos"', "home folder of an unknown user"),
        ('[speech]\nlanguage = "english"', 'is not one of "ar", "de", "en", "es", "fr", "hi", "zh"'),
        ('[history]\npath = "a\\u0000b"', "holds a zero character"),
        ('[sound]\ncard = "a\\u0000b"', "holds a zero character"),
        pytest.param(f"button = {'[' * 9999}", "has too many brackets within brackets", id="brackets"),
        pytest.param(f"[button]\nhold_seconds = 0x{'f' * 9999}", "is outside 0.2..3.0", id="beyond decimals"),
        pytest.param(f'[button]\nbackend = "{"x" * 9999}"', 'xxx... is not one of "gpio"', id="a mile long"),
        pytest.param(f"[button]\nhold_seconds = {10**400}", "is outside 0.2..3.0", id="beyond a float"),
        pytest.param(f"[button]\nhold_seconds = {'9' * 5000}", "is not TOML", id="beyond an int"),
    ],
)
def test_a_wrong_value_says_what_was_expected(written, line, complaint):
    """Type and range of every kind of key; true is no number, and neither is nan within a range."""
    (found,) = mistakes(written(line + "\n"))
    assert complaint in found


@pytest.mark.parametrize(("section", "key", "hint"), [row for row in KEYS if get_args(row[2])])
def test_the_ends_of_a_range_belong_to_it(written, section, key, hint):
    """The limits themselves are good; contradictions with other keys are another matter."""
    kind, *limits = get_args(hint)
    for limit in limits:
        values = limit.words if isinstance(limit, OneOf) else (kind(limit.low), kind(limit.high))
        for value in values:
            text = f'"{value}"' if kind is str else repr(value)
            try:
                config.load(written(f"[{section}]\n{key} = {text}\n"))
            except ConfigError as error:
                assert "enough_frames is above frames" in str(error) or "pin are both" in str(error)  # noqa: PT017


def test_a_whole_number_is_a_number_of_seconds(written):
    """`hold_seconds = 1` need not be written as 1.0."""
    seconds = config.load(written("[button]\nhold_seconds = 1\n")).button.hold_seconds
    assert (seconds, type(seconds)) == (1.0, float)


def test_relative_paths_belong_to_the_folder_of_their_file(written, tmp_path, monkeypatch):
    """Wherever the program was started; ~ is the home folder, and an absolute path stays."""
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = config.load(written('[camera]\nphotos = "mine"\n[history]\npath = "~/h"\n[model]\npath = "/m.tflite"\n'))
    assert settings.camera.photos == tmp_path / "mine"
    assert settings.history.path == Path("/home/somebody/h")
    assert settings.model.path == Path("/m.tflite")
    assert settings.button.script == config.DEFAULT_PATH.parent / "button.txt"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[button]\nshutdown_seconds = 6.0\n", "shutdown_seconds = 6.0 is not above 6.0"),
        ("[reading]\nframes = 2\nenough_frames = 3\n", "enough_frames is above frames"),
        ("[indicator]\npin = 17\n", "[button] pin and [indicator] pin are both 17"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(written, text, complaint):
    """Values that are good by themselves but not together."""
    (found,) = mistakes(written(text))
    assert complaint in found


@pytest.mark.parametrize(
    "text",
    [
        "[button]\nshutdown_seconds = 0\n",
        "[button]\nshutdown_seconds = 6.1\n",
        "[reading]\nframes = 3\nenough_frames = 3\n",
        "[indicator]\npin = 17\nchip = 1\n",
        '[indicator]\npin = 17\nbackend = "none"\n',
        '[indicator]\npin = 17\n[button]\nbackend = "keyboard"\n',
    ],
)
def test_what_looks_like_a_contradiction_can_be_none(written, text):
    """The same pin of another chip, or of a part that is not there, is free."""
    config.load(written(text))


def test_a_missing_file_is_named(tmp_path):
    """With the next step, and in one line."""
    (found,) = mistakes(tmp_path / "missing.toml")
    assert found == (
        f"{tmp_path}/missing.toml: cannot be read (No such file or directory); "
        "name a file that exists, or leave --config out"
    )


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    """Not a traceback."""
    (found,) = mistakes(tmp_path)
    assert "Is a directory" in found


def test_a_file_that_may_not_be_read_names_the_command(written, monkeypatch):
    """By whoever is not root: the daemon, for a file that somebody wrote with a strict umask."""
    path = written("")
    really = Path.open

    def opened(read, *arguments, **options):
        if read == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return really(read, *arguments, **options)

    monkeypatch.setattr(Path, "open", opened)
    (found,) = mistakes(path)
    assert found == f"{path}: cannot be read (Permission denied); let everybody read it: sudo chmod a+r {path}"


def test_a_file_without_end_is_not_read_to_it(tmp_path):
    """As /dev/zero: all memory would be taken. A long one is still read."""
    path = tmp_path / "digitbox.toml"
    path.write_text("#" * 1_000_000, encoding="utf-8")
    config.load(path)
    path.write_text("#" * 1_000_001, encoding="utf-8")
    assert mistakes(path) == (f"{path}: is longer than 1,000,000 characters; name a configuration file",)


def test_a_damaged_default_file_is_digitboxs_own(written, monkeypatch):
    """Nobody is asked to correct it."""
    monkeypatch.setattr(config, "DEFAULT_PATH", written("[button\n"))
    (found,) = mistakes()
    assert found.endswith("; it belongs to digitbox: install digitbox again")


def test_a_file_in_another_encoding_is_named(tmp_path):
    """Latin-1, such as an old editor writes."""
    path = tmp_path / "latin.toml"
    path.write_bytes('[speech]\nvoice = "é"\n'.encode("latin-1"))
    assert mistakes(path) == (f"{path}: is not text in UTF-8; write it with a text editor",)


def test_a_file_written_on_windows_is_read(tmp_path):
    """With its line ends, and with the mark that an editor may put in front; UTF-16 is named."""
    path = tmp_path / "digitbox.toml"
    path.write_bytes(b'\xef\xbb\xbf[speech]\r\nlanguage = "de"\r\n')
    assert config.load(path).speech.language == "de"
    path.write_bytes('[speech]\r\nlanguage = "de"\r\n'.encode("utf-16"))
    assert mistakes(path) == (f"{path}: is not text in UTF-8; write it with a text editor",)


def test_text_that_is_not_toml_is_placed(written):
    """With line and column."""
    (found,) = mistakes(written("[button]\npin 17\n"))
    assert "is not TOML" in found
    assert "line 2" in found


def test_the_file_of_the_installer_is_taken_where_there_is_one():
    """Without --config and without that file the defaults hold."""
    if config.SYSTEM_PATH.exists():
        pytest.skip(f"{config.SYSTEM_PATH} exists on this machine")
    assert config.installed(None) == config.load()


def test_a_folder_that_may_not_be_searched_is_named(monkeypatch, tmp_path):
    """What is in it is not taken for missing; root may search everywhere, so the refusal is played."""

    class Hidden(type(tmp_path)):
        def refused(self, *arguments, **options):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

        open = stat = refused

    monkeypatch.setattr(config, "SYSTEM_PATH", Hidden(tmp_path / "digitbox.toml"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match=f"Permission denied.*sudo chmod a[+]rx {tmp_path}$"):
        config.installed(None)


def test_what_is_printed_can_be_loaded_again(written, tmp_path):
    """`digitbox config` > file gives the same configuration, quotes and backslashes included."""
    before = config.load(written('[speech]\nvoice = "a\\"b\\\\c"\n[sound]\ntone_volume = 1e-7\n'))
    again = tmp_path / "again.toml"
    again.write_text(config.dump(before), encoding="utf-8")
    assert config.load(again) == before


@pytest.mark.parametrize("character", ["\n", "\t", "\x01", "\x7f", "é", "\\"])
def test_what_is_printed_can_be_loaded_again_with_any_character(written, tmp_path, character):
    """TOML wants control characters escaped (toml.io, "String")."""
    before = config.load(written(f'[speech]\nvoice = "a\\U{ord(character):08x}b"\n'))
    assert before.speech.voice == f"a{character}b"
    again = tmp_path / "again.toml"
    again.write_text(config.dump(before), encoding="utf-8")
    assert config.load(again) == before


def commented() -> dict[tuple[str, str], str]:
    """The comment of every key of the default file."""
    comments, section = {}, ""
    for line in config.DEFAULT_PATH.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\[(\w+)\]", line):
            section = found[1]
        elif found := re.match(r'(\w+) = (?:"[^"]*"|\S+)\s*(?:# (.*))?$', line):
            comments[section, found[1]] = found[2] or ""
    return comments


@pytest.mark.parametrize(("section", "key", "hint"), KEYS)
def test_the_default_file_tells_type_and_range_of_every_key(section, key, hint):
    """The comment begins with what device.config checks, so that neither can change alone."""
    kind, *limits = get_args(hint) or (hint,)
    named = {str: "text", Path: "path", bool: "true | false"}.get(kind, "")
    for limit in limits:
        if isinstance(limit, Between):
            named = f"{limit.low}..{limit.high}"
        elif isinstance(limit, OneOf):
            named = " | ".join(f'"{word}"' for word in limit.words)
    comment = commented()[section, key]
    assert re.match(re.escape(named) + r"(:|;|$)", comment), f"{comment!r} does not begin with {named!r}"
