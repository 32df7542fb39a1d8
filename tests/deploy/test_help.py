"""The program that calls for help: it reads what it can, and says and blinks whatever is broken."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from device import help as helper

DEVICE = Path(helper.__file__).parent


def settings(folder: Path, text: str) -> helper.Settings:
    """The settings of an installed file with this in it."""
    installed = folder / "digitbox.toml"
    installed.write_text(text, encoding="utf-8")
    return helper.Settings(installed)


def test_it_takes_the_installed_value_before_the_shipped(tmp_path):
    """Pin and card are those of the daemon."""
    found = settings(tmp_path, "[indicator]\npin = 5\n")
    assert found.value("indicator", "pin", int) == 5
    assert found.value("indicator", "chip", int) == 0
    assert found.value("sound", "card", str) == "default"


@pytest.mark.parametrize("text", ["[indicator\npin = 5", "indicator = 3", '[indicator]\npin = "five"', "\0"])
def test_a_damaged_configuration_leaves_the_shipped_one(tmp_path, text):
    """It may be the configuration that keeps the daemon from starting."""
    assert settings(tmp_path, text).value("indicator", "pin", int) == 27


def test_without_any_file_it_still_speaks(tmp_path):
    """No configuration, no default, no catalogue: the last resort is English."""
    bare = helper.Settings(tmp_path / "no", tmp_path / "none")
    assert helper.sentence(bare, "1", tmp_path) == ("en", "I need help.")


def test_it_speaks_the_configured_language(tmp_path):
    """Voice and sentence come from the catalogue, and a wrong configuration is named."""
    catalogue = '[out_of_order]\nneeds_help = "Hilf mir."\nwrong_configuration = "Falsch eingestellt."\n'
    (tmp_path / "de.toml").write_text('voice = "de"\n' + catalogue, encoding="utf-8")
    german = settings(tmp_path, '[speech]\nlanguage = "de"\n')
    assert helper.sentence(german, "1", tmp_path) == ("de", "Hilf mir.")
    assert helper.sentence(german, "2", tmp_path) == ("de", "Hilf mir. Falsch eingestellt.")


def test_the_sound_goes_where_the_daemons_went(tmp_path):
    """With WAV files for a loudspeaker it is a WAV file."""
    helper.say(settings(tmp_path, f'[sound]\nbackend = "wav"\nfolder = "{tmp_path}"\n'), "en-gb", "I need help.")
    assert (tmp_path / "help.wav").read_bytes()[:4] == b"RIFF"


def test_a_missing_voice_is_no_end(tmp_path, capfd, monkeypatch):
    """Without espeak-ng it goes on to blink, and says why it is silent."""
    monkeypatch.setenv("PATH", str(tmp_path))
    helper.say(settings(tmp_path, ""), "en", "I need help.")
    assert "could not say" in capfd.readouterr().err


def test_another_card_calls_where_the_default_has_become_a_microphone(tmp_path, monkeypatch, capfd):
    """ALSA's default is card 0, whichever card that is today."""
    for number, (name, stream) in enumerate({"Webcam": "pcm0c", "Headphones": "pcm0p"}.items()):
        (tmp_path / f"card{number}" / stream).mkdir(parents=True)
        (tmp_path / name).symlink_to(f"card{number}")
    (tmp_path / "espeak-ng").write_text("#!/bin/sh\necho sound\n", encoding="utf-8")
    (tmp_path / "aplay").write_text('#!/bin/sh\necho "$@"\n[ "$3" = plughw:CARD=Headphones ]\n', encoding="utf-8")
    for program in ("espeak-ng", "aplay"):
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(helper, "CARDS", tmp_path)
    helper.say(settings(tmp_path, ""), "en", "I need help.")
    said = capfd.readouterr()
    assert (said.out.splitlines(), said.err) == (["-q -D default", "-q -D plughw:CARD=Headphones"], "")


def test_the_requests_have_the_kernels_size():
    """linux/gpio.h: 592 bytes and 16; the numbers of the calls carry the sizes in bits 16 to 29."""

    class Attribute(ctypes.Structure):
        _fields_ = (
            ("id", ctypes.c_uint32),
            ("padding", ctypes.c_uint32),
            ("v", ctypes.c_uint64),
            ("m", ctypes.c_uint64),
        )

    class Request(ctypes.Structure):
        _fields_ = (
            ("offsets", ctypes.c_uint32 * 64),
            ("consumer", ctypes.c_char * 32),
            ("flags", ctypes.c_uint64),
            ("num_attrs", ctypes.c_uint32),
            ("padding", ctypes.c_uint32 * 5),
            ("attrs", Attribute * 10),
            ("num_lines", ctypes.c_uint32),
            ("event_buffer_size", ctypes.c_uint32),
            ("more_padding", ctypes.c_uint32 * 5),
            ("fd", ctypes.c_int32),
        )

    packed = helper._REQUEST.pack(*(7, *[0] * 63), b"me", 8, 0, 1, 0, -1)
    as_kernel = Request.from_buffer_copy(packed)
    assert (as_kernel.offsets[0], as_kernel.consumer, as_kernel.flags) == (7, b"me", 8)
    assert (as_kernel.num_lines, as_kernel.fd) == (1, -1)
    assert ctypes.sizeof(Request) == len(packed) == helper._GET_LINE >> 16 & 0x3FFF
    assert helper._VALUES.size == helper._SET_VALUES >> 16 & 0x3FFF


def test_an_absent_chip_is_an_error_of_the_system():
    """Which the caller takes for: no light."""
    with pytest.raises(OSError, match="gpiochip99"):
        helper.Led(99, 1)


@pytest.mark.parametrize("pin", [-1, 2**32])
def test_a_number_that_no_pin_has_leaves_the_voice(tmp_path, monkeypatch, capsys, pin):
    """The mistake in the configuration that it is called for must not end it before its first word."""
    really_open = os.open
    monkeypatch.setattr(helper.os, "open", lambda path, flags: really_open(os.devnull, os.O_RDWR))
    helper._light(settings(tmp_path, f"[indicator]\npin = {pin}\n"))(True)
    assert "can't blink" in capsys.readouterr().err
