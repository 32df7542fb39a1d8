"""The contract of the player port, over every adapter, and each adapter's own faults.

`aplay` is the real one; it plays into ALSA's `file` and `null` devices, so that no sound card is needed.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.adapters import player_alsa
from device.adapters.player_alsa import AlsaPlayer
from device.adapters.player_wav import WavPlayer
from device.domain import Audio
from device.errors import SoundError

RATE = 22050


def tone(seconds, level=1000):
    """A sound of one level, which is easy to find again."""
    return Audio(np.full(round(seconds * RATE), level, np.int16), RATE)


@pytest.fixture
def asound(tmp_path, monkeypatch):
    """An ALSA of the test's own: its one device, `default`, writes what it plays to heard.wav, in no time."""
    configuration = tmp_path / "asound.conf"
    configuration.write_text(
        f"""
        pcm.!default {{
          type plug
          slave.pcm {{ type file slave.pcm {{ type null }} file "{tmp_path}/heard.wav" format wav }}
        }}
        """,
        encoding="utf-8",
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
    return tmp_path


@pytest.fixture
def slow_aplay(tmp_path, monkeypatch):
    """An aplay that plays every sound for an hour, but for the one of no samples."""
    program(tmp_path / "bin", '[ "$(wc -c)" -le 44 ] || exec sleep 3600\n', monkeypatch)


def program(folder, script, monkeypatch):
    """Put another aplay before the real one."""
    folder.mkdir(exist_ok=True)
    (folder / "aplay").write_text("#!/bin/sh\n" + script, encoding="utf-8")
    (folder / "aplay").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.fixture
def alsa(settings):
    """The player of ALSA, not opened."""
    player = AlsaPlayer(replace(settings.sound, card="default"))
    yield player
    player.close()


@pytest.fixture
def wav(settings, tmp_path):
    """The player of files, not opened."""
    return WavPlayer(replace(settings.sound, folder=tmp_path / "said"))


@pytest.fixture(params=["alsa", "wav"])
def player_and_heard(request, tmp_path):
    """Every player, not opened, and what tells the sound that was heard last."""
    player = request.getfixturevalue(request.param)
    if request.param == "wav":
        return player, lambda: Audio.from_wav(player.last_path.read_bytes())
    folder = request.getfixturevalue("asound")
    return player, lambda: Audio.from_wav((folder / "heard.wav").read_bytes())


# --- the contract -----------------------------------------------------------------------------------------------------


def test_a_sound_is_heard_as_it_is(player_and_heard):
    """Every sample, at its rate; afterwards nothing is playing."""
    player, heard = player_and_heard
    player.open()
    sound = Audio(np.arange(-5000, 5000, dtype=np.int16), RATE)
    player.start(sound)
    assert player.wait(5.0)
    assert heard().rate_hz == RATE
    assert np.array_equal(heard().samples[: len(sound.samples)], sound.samples)


def test_start_returns_at_once(player_and_heard):
    """A minute of sound is handed over in far less than a tenth of a second."""
    player, _ = player_and_heard
    player.open()
    sound, durations = tone(60.0), []
    for _ in range(3):
        started = time.monotonic()
        player.start(sound)
        durations.append(time.monotonic() - started)
    player.stop()
    assert min(durations) < 0.1


def test_a_new_sound_takes_the_place_of_the_old(player_and_heard):
    """The last one started is the one heard to its end."""
    player, heard = player_and_heard
    player.open()
    for level in (100, 200, 300):
        player.start(tone(0.2, level))
    assert player.wait(5.0)
    assert heard().samples[0] == 300


def test_nothing_playing_is_no_wait(player_and_heard):
    """Neither before the first sound nor after stop."""
    player, _ = player_and_heard
    player.open()
    assert player.wait(0.0)
    player.start(tone(0.1))
    player.stop()
    player.stop()
    assert player.wait(0.0)


def test_a_sound_without_samples(player_and_heard):
    """It is over at once, and no error."""
    player, _ = player_and_heard
    player.open()
    player.start(tone(0.0))
    assert player.wait(5.0)


def test_a_player_can_be_closed_at_any_time(player_and_heard):
    """Closing before opening, and twice, is no error."""
    player, _ = player_and_heard
    player.close()
    player.open()
    player.start(tone(0.1))
    player.close()
    player.close()


def test_any_thread_may_start_and_stop(player_and_heard):
    """Several at once: no error, and nothing plays on after the last stop."""
    player, _ = player_and_heard
    player.open()
    errors = []

    def hammer():
        try:
            for _ in range(10):
                player.start(tone(0.01))
                player.wait(0.001)
                player.stop()
        except SoundError as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    player.stop()
    assert errors == []
    assert player.wait(0.0)


# --- ALSA -------------------------------------------------------------------------------------------------------------


def test_opening_a_good_card_is_quick(asound, alsa):
    """A card that answers costs less than 50 ms at the start."""
    durations = []
    for _ in range(3):
        started = time.monotonic()
        alsa.open()
        durations.append(time.monotonic() - started)
    assert min(durations) < 0.05


ONLY = """
case "$*" in *{device}*) cat > /dev/null; echo "$@" >> {log};; *)
    echo "aplay: main:850: audio open error: No such file or directory" >&2; exit 1;; esac"""
"""An aplay that knows one device."""


def test_another_card_plays_where_the_default_has_become_a_microphone(settings, tmp_path, monkeypatch):
    """ALSA's default is card 0, and which card that is may change with each boot; a screen is asked last."""
    cards = tmp_path / "cards"
    streams = {"Webcam": "pcm0c", "ahdmi0": "pcm0p", "Headphones": "pcm0p"}
    for number, (name, stream) in enumerate(streams.items()):
        (cards / f"card{number}" / stream).mkdir(parents=True)
        (cards / name).symlink_to(f"card{number}")
    log = tmp_path / "log"
    program(tmp_path / "bin", ONLY.format(device="plughw:CARD=Headphones", log=log), monkeypatch)
    player = AlsaPlayer(replace(settings.sound, card="default"), cards=cards)
    player.open()
    player.start(tone(0.1))
    assert player.wait(5.0)
    assert log.read_text(encoding="utf-8").splitlines() == ["-q -D plughw:CARD=Headphones"] * 2
    with pytest.raises(SoundError, match='sound card "ahdmi0" cannot be opened'):  # whoever names one means that one
        AlsaPlayer(replace(settings.sound, card="ahdmi0"), cards=cards).open()
    program(tmp_path / "bin", ONLY.format(device="default", log=log), monkeypatch)
    player.open()
    assert log.read_text(encoding="utf-8").splitlines()[-1] == "-q -D default"


def test_a_card_that_hangs_when_it_is_opened_is_given_up(alsa, tmp_path, monkeypatch):
    """As a USB card does whose firmware has stopped; the program that asked it is killed and reaped."""
    program(tmp_path / "bin", "exec sleep 20\n", monkeypatch)
    monkeypatch.setattr(player_alsa, "_OPEN_SECONDS", 0.1)
    launched, launch = [], alsa._launch
    monkeypatch.setattr(alsa, "_launch", lambda audio: launched.append(launch(audio)) or launched[-1])
    with pytest.raises(SoundError, match='sound card "default" does not answer; unplug and replug it'):
        alsa.open()
    (probe,) = launched
    with pytest.raises(ProcessLookupError):
        os.kill(probe.process.pid, 0)


def test_a_card_that_is_not_there_is_named(asound, settings, tmp_path):
    """With aplay's own words, the names there are, and the key to set."""
    cards = tmp_path / "cards"
    cards.mkdir()
    for name in ("Headphones", "vc4hdmi0"):
        (cards / name).symlink_to("card0")
    player = AlsaPlayer(replace(settings.sound, card="Loudspeaker"), cards=cards)
    with pytest.raises(SoundError) as caught:
        player.open()
    message = str(caught.value)
    assert 'card "Loudspeaker"' in message
    assert "audio open error: No such file or directory" in message
    assert '[sound] card to one of: "default", "Headphones", "vc4hdmi0"' in message


@pytest.mark.parametrize(
    ("card", "device"),
    [
        ("Headphones", "plughw:CARD=Headphones"),
        ("default", "default"),
        ("plughw:1,0", "plughw:1,0"),
        ("hdmi:CARD=vc4hdmi0,DEV=0", "hdmi:CARD=vc4hdmi0,DEV=0"),
        ("pulse", "pulse"),
    ],
)
def test_a_bare_card_name_becomes_a_device(settings, tmp_path, monkeypatch, card, device):
    """The name of a card there is, is opened with conversion; any other word is ALSA's own business."""
    (tmp_path / "Headphones").symlink_to("card0")
    program(tmp_path / "bin", f'echo "$@" > {tmp_path}/arguments\n', monkeypatch)
    AlsaPlayer(replace(settings.sound, card=card), cards=tmp_path).open()
    assert (tmp_path / "arguments").read_text(encoding="utf-8").split() == ["-q", "-D", device]


def test_a_missing_program_names_the_package(alsa, monkeypatch, tmp_path):
    """Nothing on the path: what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SoundError, match="apt install alsa-utils"):
        alsa.open()


def test_a_program_removed_later_names_the_package(asound, alsa, monkeypatch, tmp_path):
    """The same when it goes away while the box runs."""
    alsa.open()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SoundError, match="apt install alsa-utils"):
        alsa.start(tone(0.1))


def test_stopping_kills_and_reaps(alsa, slow_aplay):
    """No process is left behind, not even a dead one, and the next wait is none."""
    alsa.open()
    alsa.start(tone(1.0))
    pid = alsa._playing.process.pid
    assert not alsa.wait(0.1)
    alsa.stop()
    assert alsa.wait(0.0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_wait_ends_when_another_thread_stops(alsa, slow_aplay):
    """Who waits for the end of a sentence hears of the silence at once, and it is no error."""
    alsa.open()
    alsa.start(tone(1.0))
    results = []
    waiting = threading.Thread(target=lambda: results.append(alsa.wait(30.0)))
    waiting.start()
    alsa.stop()
    waiting.join(5.0)
    assert results == [True]


def test_a_wait_goes_on_with_the_next_sound(alsa, slow_aplay):
    """A sound in place of another is waited for as well, within the one limit."""
    alsa.open()
    alsa.start(tone(1.0))
    results = []
    waiting = threading.Thread(target=lambda: results.append(alsa.wait(0.3)))
    waiting.start()
    alsa.start(tone(1.0))
    waiting.join(5.0)
    assert results == [False]


def test_a_failure_is_told_in_aplays_words(asound, alsa, monkeypatch, tmp_path):
    """A card pulled out while it plays: the wait says so, and the next sound can be tried."""
    alsa.open()
    program(tmp_path / "bin", "echo 'aplay: pcm_write:2127: write error: No such device' >&2; exit 1\n", monkeypatch)
    alsa.start(tone(0.1))
    with pytest.raises(SoundError, match="write error: No such device"):
        alsa.wait(5.0)
    assert alsa.wait(0.0)


def test_a_failure_nobody_waited_for_is_told_at_the_next_start(asound, alsa, monkeypatch, tmp_path):
    """A tone is not waited for; that it failed must not be lost."""
    alsa.open()
    program(tmp_path / "bin", f"echo gone >&2; : > {tmp_path}/done; exit 1\n", monkeypatch)
    alsa.start(tone(0.1))
    os.waitid(os.P_PID, alsa._playing.process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(SoundError, match="gone"):
        alsa.start(tone(0.1))


def test_no_descriptor_is_left_open(asound, alsa):
    """After a hundred sounds, stopped or played to the end, as many as before."""
    alsa.open()
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    for n in range(100):
        alsa.start(tone(0.001))
        if n % 2:
            alsa.stop()
        else:
            alsa.wait(5.0)
    assert len(list(descriptors.iterdir())) == before


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_are_numbered_after_those_there_are(wav, settings):
    """What was said before stays, in this run and the ones before."""
    for expected in (["001.wav"], ["001.wav", "002.wav"]):
        player = WavPlayer(replace(settings.sound, folder=wav._folder))
        player.open()
        player.start(tone(0.1))
        assert sorted(path.name for path in wav._folder.iterdir()) == expected
        assert player.last_path.name == expected[-1]


def test_numbers_go_on_after_the_highest(wav):
    """Where someone deleted some, the next is still the last in order."""
    wav._folder.mkdir()
    (wav._folder / "007.wav").write_bytes(b"")
    wav.open()
    wav.start(tone(0.1))
    assert wav.last_path.name == "008.wav"


def test_a_file_of_another_program_is_not_overwritten(wav):
    """A number taken meanwhile is passed over."""
    wav.open()
    (wav._folder / "001.wav").write_bytes(b"mine")
    wav.start(tone(0.1))
    assert (wav._folder / "001.wav").read_bytes() == b"mine"
    assert wav.last_path.name == "002.wav"


def test_a_folder_that_cannot_be_made_is_named(settings, tmp_path):
    """The message names the path and the key."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SoundError, match=r"file/said.*\[sound\] folder"):
        WavPlayer(replace(settings.sound, folder=tmp_path / "file" / "said")).open()


def test_a_full_disk_leaves_no_half_file(wav, file_size_limit):
    """The error says so, and the folder holds whole sounds only."""
    wav.open()
    wav.start(tone(0.1))
    with file_size_limit(20_000), pytest.raises(SoundError, match="free some space"):
        wav.start(tone(10.0))
    assert [path.name for path in wav._folder.iterdir()] == ["001.wav"]
