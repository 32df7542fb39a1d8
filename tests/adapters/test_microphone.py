"""The contract of the microphone port, over every adapter, and each adapter's own faults.

`arecord` is the real one where it records from ALSA's `file` and `null` devices, so that no sound card is needed, and
a shell script where a fault has to be seen.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from device import sounds
from device.adapters.microphone_alsa import AlsaMicrophone
from device.adapters.microphone_none import NullMicrophone
from device.adapters.microphone_wav import WavMicrophone
from device.domain import Audio
from device.errors import MicrophoneError

SOON = 5.0
RAMP = np.arange(-8000, 8000, dtype=np.int16)
"""One second."""


@pytest.fixture
def cards(tmp_path):
    """A machine with a loudspeaker, and with one microphone."""
    folder = tmp_path / "cards"
    for number, (name, stream) in enumerate({"Headphones": "pcm0p", "Device": "pcm0c"}.items()):
        (folder / f"card{number}" / stream).mkdir(parents=True)
        (folder / name).symlink_to(f"card{number}")
    return folder


@pytest.fixture
def asound(tmp_path, monkeypatch):
    """An ALSA of the test's own: its one device, `default`, hears a ramp of a second, then silence."""
    (tmp_path / "ramp.raw").write_bytes(RAMP.astype("<i2").tobytes())
    configuration = tmp_path / "asound.conf"
    configuration.write_text(
        f"""
        pcm.!default {{
          type file
          slave.pcm {{ type null }}
          file /dev/null
          infile "{tmp_path}/ramp.raw"
          format raw
        }}
        """,
        encoding="utf-8",
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))


def program(folder, script, monkeypatch):
    """Put another arecord before the real one."""
    folder.mkdir(exist_ok=True)
    (folder / "arecord").write_text("#!/bin/sh\n" + script, encoding="utf-8")
    (folder / "arecord").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.fixture
def alsa(settings, cards):
    """The microphone of ALSA, not opened."""
    microphone = AlsaMicrophone(replace(settings.microphone, card="default"), cards)
    yield microphone
    microphone.close()


@pytest.fixture
def wav(settings, tmp_path):
    """The microphone of files, not opened; it hears the ramp."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "1.wav").write_bytes(Audio(RAMP, sounds.RATE_HZ).to_wav())
    return WavMicrophone(replace(settings.microphone, folder=folder))


@pytest.fixture(params=["alsa", "wav"])
def microphone(request):
    """Every microphone that hears the ramp, not opened."""
    if request.param == "alsa":
        request.getfixturevalue("asound")
    return request.getfixturevalue(request.param)


def taken(microphone, count):
    """The samples of so many chunks."""
    chunks = [microphone.take(SOON) for _ in range(count)]
    return np.concatenate([chunk.samples for chunk in chunks if chunk is not None])


# --- the contract -----------------------------------------------------------------------------------------------------


def test_what_is_said_is_heard(microphone):
    """In chunks of a tenth of a second at 16 kHz, in order."""
    microphone.open()
    microphone.start()
    first = microphone.take(SOON)
    assert first.rate_hz == sounds.RATE_HZ
    assert first.seconds == pytest.approx(sounds.CHUNK_SECONDS)
    assert np.array_equal(np.concatenate([first.samples, taken(microphone, 4)]), RAMP[:8000])


def test_a_stopped_recording_ends(microphone):
    """What was recorded can still be taken; then comes None, again and again."""
    microphone.open()
    microphone.start()
    microphone.take(SOON)
    microphone.stop()
    for _ in range(1000):
        if microphone.take(SOON) is None:
            break
    assert microphone.take(SOON) is None


def test_nothing_is_heard_before_the_first_start(microphone):
    """The microphone is closed then."""
    microphone.open()
    assert microphone.take(SOON) is None


def test_it_can_be_stopped_and_closed_at_any_time(microphone):
    """Before it is opened, before it is started, and twice."""
    microphone.close()
    microphone.open()
    microphone.stop()
    microphone.start()
    microphone.stop()
    microphone.stop()
    microphone.close()
    microphone.close()


def test_it_hears_again_after_a_stop(microphone):
    """Each hold from its own beginning."""
    microphone.open()
    for _ in range(2):
        microphone.start()
        assert np.array_equal(taken(microphone, 2), RAMP[:3200])
        microphone.stop()


# --- ALSA -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def endless(tmp_path, monkeypatch):
    """An arecord that gives silence in real time and takes note of its arguments."""
    script = f'echo "$@" >> {tmp_path}/arguments; while :; do head -c 3200 /dev/zero; sleep 0.1; done'
    program(tmp_path / "bin", script, monkeypatch)
    return tmp_path / "arguments"


def test_stop_is_quick_and_wakes_who_waits(alsa, tmp_path, monkeypatch):
    """From another thread, while the program gives nothing."""
    program(tmp_path / "bin", "exec sleep 3600", monkeypatch)
    alsa.open()
    alsa.start()
    got = []
    thread = threading.Thread(target=lambda: got.append(alsa.take(SOON)))
    thread.start()
    started = time.monotonic()
    alsa.stop()
    stopped = time.monotonic()
    thread.join(SOON)
    assert stopped - started < 0.05
    assert got == [None]


def test_the_program_is_gone_after_stop(alsa, endless):
    """The card is free for others, and nobody listens."""
    alsa.open()
    alsa.start()
    process = alsa._recording.process
    alsa.take(SOON)
    alsa.stop()
    assert process.wait(SOON) != 0


@pytest.mark.parametrize(
    ("card", "device"),
    [("Device", "plughw:CARD=Device"), ("default", "default"), ("hw:1,0", "plughw:1,0"), ("dsnoop:1", "dsnoop:1")],
)
def test_a_bare_name_is_a_card(settings, cards, endless, card, device):
    """Opened so that rate and channels are converted, as a card by its number is; other names are ALSA's own."""
    microphone = AlsaMicrophone(replace(settings.microphone, card=card), cards)
    microphone.open()
    microphone.start()
    microphone.take(SOON)
    microphone.close()
    assert f"-D {device} " in endless.read_text(encoding="utf-8")
    assert "-f S16_LE -r 16000 -c 1 -t raw" in endless.read_text(encoding="utf-8")


def test_a_card_that_is_not_there_is_named(settings, cards):
    """With those that are, and the key to set; a loudspeaker is none."""
    for card in ("Nobody", "Headphones"):
        microphone = AlsaMicrophone(replace(settings.microphone, card=card), cards)
        with pytest.raises(MicrophoneError, match=f'"{card}" is not there.*"default", "Device"'):
            microphone.open()


def test_a_machine_without_microphone(settings, tmp_path):
    """It says so, and how to live without."""
    (tmp_path / "none").mkdir()
    with pytest.raises(MicrophoneError, match=r'no microphone is connected.*backend to "none"'):
        AlsaMicrophone(settings.microphone, tmp_path / "none").open()


def test_a_machine_without_the_program(alsa, monkeypatch, tmp_path):
    """The package to install is named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MicrophoneError, match="apt install alsa-utils"):
        alsa.open()
    with pytest.raises(MicrophoneError, match="apt install alsa-utils"):
        alsa.start()


def test_a_card_taken_by_another_program(alsa, tmp_path, monkeypatch):
    """Found when listening begins, in arecord's own words."""
    complaint = "arecord: main:850: audio open error: Device or resource busy"
    program(tmp_path / "bin", f'echo "{complaint}" >&2; exit 1', monkeypatch)
    alsa.open()
    alsa.start()
    with pytest.raises(MicrophoneError, match=r"Device or resource busy.*is it plugged in, and free"):
        alsa.take(SOON)
    assert alsa.take(SOON) is None


def test_unplugged_while_listening(alsa, tmp_path, monkeypatch):
    """What came before is heard, then the loss is told."""
    complaint = "arecord: pcm_read:2221: read error: No such device"
    program(tmp_path / "bin", f'head -c 3200 /dev/zero; echo "{complaint}" >&2; exit 1', monkeypatch)
    alsa.open()
    alsa.start()
    assert alsa.take(SOON).seconds == pytest.approx(0.1)
    with pytest.raises(MicrophoneError, match="No such device"):
        alsa.take(SOON)


def test_a_card_that_hangs(alsa, tmp_path, monkeypatch):
    """It is given up at the limit, and its program is ended."""
    program(tmp_path / "bin", "exec sleep 3600", monkeypatch)
    alsa.open()
    alsa.start()
    process = alsa._recording.process
    with pytest.raises(MicrophoneError, match=r"gave no sound for 0\.05 s"):
        alsa.take(0.05)
    assert process.poll() is not None


def test_a_card_that_hangs_is_no_silence(alsa, tmp_path, monkeypatch):
    """Stopped before the limit, as by a short hold: not one sample in two seconds is a fault, and not a silent user."""
    program(tmp_path / "bin", "exec sleep 3600", monkeypatch)
    alsa.open()
    alsa.start()
    alsa._recording.began -= 2.0
    alsa.stop()
    with pytest.raises(MicrophoneError, match=r"gave no sound for 2 s"):
        alsa.take(SOON)
    assert alsa.take(SOON) is None


def test_a_stop_at_once_is_no_fault(alsa, tmp_path, monkeypatch):
    """A hold of a moment ends before a card can give anything."""
    program(tmp_path / "bin", "exec sleep 3600", monkeypatch)
    alsa.open()
    alsa.start()
    alsa.stop()
    assert alsa.take(SOON) is None


def test_a_program_that_ends_without_a_word(alsa, tmp_path, monkeypatch):
    """Its status is told instead."""
    program(tmp_path / "bin", "exit 1", monkeypatch)
    alsa.open()
    alsa.start()
    with pytest.raises(MicrophoneError, match=r"arecord ended with status 1"):
        alsa.take(SOON)


def test_half_a_sample_at_the_end(alsa, tmp_path, monkeypatch):
    """It is left out; the loss behind it is told."""
    program(tmp_path / "bin", "head -c 3203 /dev/zero", monkeypatch)
    alsa.open()
    alsa.start()
    assert [len(alsa.take(SOON).samples) for _ in range(2)] == [1600, 1]
    with pytest.raises(MicrophoneError, match="ended with status 0"):
        alsa.take(SOON)


def test_plugged_in_again_as_another_number(settings, cards, endless):
    """A card is known by its name: it opens and records as before."""
    microphone = AlsaMicrophone(replace(settings.microphone, card="Device"), cards)
    (cards / "Device").unlink()
    with pytest.raises(MicrophoneError, match="no microphone is connected"):
        microphone.open()
    (cards / "card7" / "pcm0c").mkdir(parents=True)
    (cards / "Device").symlink_to("card7")
    microphone.open()
    microphone.start()
    assert microphone.take(SOON) is not None
    microphone.close()


def test_another_card_listens_where_the_default_only_plays(alsa, cards, tmp_path, monkeypatch):
    """As on a Pi with a USB microphone, whose card 0 is the socket for headphones; later holds don't try it again."""
    log = tmp_path / "arguments"
    complaint = "arecord: main:850: audio open error: No such file or directory"
    script = f"""
        echo "$3" >> {log}
        [ "$3" = plughw:CARD=Device ] || {{ echo "{complaint}" >&2; exit 1; }}
        while :; do head -c 3200 /dev/zero; sleep 0.1; done"""
    program(tmp_path / "bin", script, monkeypatch)
    alsa.open()
    for _ in range(2):
        alsa.start()
        assert alsa.take(SOON).seconds == pytest.approx(0.1)
        alsa.stop()
    assert log.read_text(encoding="utf-8").split() == ["default", *["plughw:CARD=Device"] * 2]


def test_a_stop_before_another_card_is_tried_is_obeyed(alsa, tmp_path, monkeypatch):
    """The button went up while "default" failed: nothing records after that."""
    log = tmp_path / "arguments"
    program(tmp_path / "bin", f'echo "$3" >> {log}; exit 1', monkeypatch)
    alsa.open()
    alsa.start()
    alsa._recording.process.wait(SOON)
    alsa.stop()
    assert alsa.take(SOON) is None
    assert log.read_text(encoding="utf-8").split() == ["default"]


def test_open_records_nothing(alsa, endless):
    """The microphone is closed while the button is up."""
    alsa.open()
    assert not endless.exists()


# --- files and none ---------------------------------------------------------------------------------------------------


def test_recordings_are_heard_in_order_of_name(settings, tmp_path):
    """One a hold; after the last comes the first."""
    for name, level in (("b.wav", 200), ("a.wav", 100)):
        (tmp_path / name).write_bytes(Audio(np.full(1600, level, np.int16), sounds.RATE_HZ).to_wav())
    microphone = WavMicrophone(replace(settings.microphone, folder=tmp_path))
    microphone.open()
    levels = []
    for _ in range(3):
        microphone.start()
        levels.append(int(microphone.take(SOON).samples[0]))
        assert microphone.take(SOON) is None
    assert levels == [100, 200, 100]


def test_given_recordings_are_heard_instead(settings, tmp_path):
    """In the order given, at any rate."""
    path = tmp_path / "z.wav"
    path.write_bytes(Audio(np.full(800, 100, np.int16), 8000).to_wav())
    microphone = WavMicrophone(settings.microphone, [path])
    microphone.open()
    microphone.start()
    assert len(microphone.take(SOON).samples) == 1600


@pytest.mark.parametrize("content", [b"", b"RIFF", Audio(RAMP, 4000).to_wav()])
def test_a_recording_that_is_none(settings, tmp_path, content):
    """The hold fails and names the file; the next hold hears the next."""
    (tmp_path / "a.wav").write_bytes(content)
    (tmp_path / "b.wav").write_bytes(Audio(RAMP, sounds.RATE_HZ).to_wav())
    microphone = WavMicrophone(replace(settings.microphone, folder=tmp_path))
    microphone.open()
    with pytest.raises(MicrophoneError, match=r"a\.wav"):
        microphone.start()
    microphone.start()
    assert microphone.take(SOON) is not None


def test_a_folder_without_recordings(settings, tmp_path):
    """Whether empty or absent."""
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(MicrophoneError, match=r"has no WAV file.*\[microphone\] folder"):
            WavMicrophone(replace(settings.microphone, folder=folder)).open()


def test_no_microphone():
    """It refuses, saying which key brings one, and can be stopped and closed all the same."""
    microphone = NullMicrophone()
    for call in (microphone.open, microphone.start):
        with pytest.raises(MicrophoneError, match=r"\[microphone\] backend"):
            call()
    microphone.stop()
    microphone.close()
    assert microphone.take(SOON) is None
