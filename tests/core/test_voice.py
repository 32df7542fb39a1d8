"""Pieces of speech: synthesised once, kept, joined, played, and hushed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from device.domain import Audio
from device.errors import SoundError, SpeechError
from device.voice import PieceStore, Voice

SOON = 5.0
RATE_HZ = 22050


class CountingSynthesizer:
    """Every sentence is a sound of its own length; how often each was asked for is remembered."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def synthesize(self, sentence: str) -> Audio:
        """As many samples as the sentence has letters, times a hundred."""
        self.sentences.append(sentence)
        return Audio(np.full(100 * len(sentence), len(sentence), np.int16), RATE_HZ)


class BrokenSynthesizer:
    """Says nothing."""

    def synthesize(self, sentence: str) -> Audio:
        """Never."""
        raise SpeechError("the program is missing; install it")


class RecordingPlayer:
    """Remembers what it was told; `wait` can be made to hang until `silence` is set."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.limits: list[float] = []
        self.waiting, self.silence = threading.Event(), threading.Event()
        self.silence.set()

    def start(self, audio: Audio) -> None:
        """Begin."""
        self.log.append(f"start {len(audio.samples)}")

    def wait(self, limit_seconds: float) -> bool:
        """Until it is silent."""
        self.limits.append(limit_seconds)
        self.waiting.set()
        return self.silence.wait(SOON)

    def stop(self) -> None:
        """Silent at once."""
        self.log.append("stop")
        self.silence.set()


@pytest.fixture
def synthesizer():
    """One that counts."""
    return CountingSynthesizer()


@pytest.fixture
def player():
    """One that remembers."""
    return RecordingPlayer()


def test_a_piece_is_synthesised_once(synthesizer):
    """Fixed pieces and others alike, however often they are said."""
    voice = Voice(PieceStore(None, ""))
    voice.prepare(synthesizer, "seven.")
    for _ in range(3):
        voice.prepare(synthesizer, "seven.")
        voice.audio(synthesizer, ("seven.", "427."))
    assert synthesizer.sentences == ["seven.", "427."]


def test_an_utterance_is_its_pieces_with_a_pause_between(synthesizer):
    """In order, and neither before nor after it a silence."""
    voice = Voice(PieceStore(None, ""))
    audio = voice.audio(synthesizer, ("four,", "two."))
    pause = len(audio.samples) - 900
    assert 0.02 < pause / RATE_HZ < 0.2
    assert audio.rate_hz == RATE_HZ
    np.testing.assert_array_equal(audio.samples, np.repeat([5, 0, 4], [500, pause, 400]))


def test_fixed_pieces_outlive_a_restart(synthesizer, tmp_path):
    """They are read from the files; pieces that are not fixed leave none."""
    first = Voice(PieceStore(tmp_path, "en 155"))
    first.prepare(synthesizer, "seven.")
    before = first.audio(synthesizer, ("seven.", "427."))
    second = Voice(PieceStore(tmp_path, "en 155"))
    second.prepare(BrokenSynthesizer(), "seven.")
    after = second.audio(synthesizer, ("seven.", "427."))
    np.testing.assert_array_equal(after.samples, before.samples)
    assert synthesizer.sentences == ["seven.", "427.", "427."]


def test_another_voice_is_another_sound(synthesizer, tmp_path):
    """What was kept with other settings is not taken for this voice's."""
    Voice(PieceStore(tmp_path, "en 155")).prepare(synthesizer, "seven.")
    Voice(PieceStore(tmp_path, "en 200")).prepare(synthesizer, "seven.")
    assert len(synthesizer.sentences) == 2


def test_files_of_other_pieces_are_deleted(synthesizer, tmp_path):
    """What another voice or release left behind would fill the disk."""
    Voice(PieceStore(tmp_path, "old")).prepare(synthesizer, "seven.")
    voice = Voice(PieceStore(tmp_path, "new"))
    voice.prepare(synthesizer, "seven.")
    assert len(list(tmp_path.iterdir())) == 2
    voice.forget_others(["seven."])
    assert len(list(tmp_path.iterdir())) == 1
    Voice(PieceStore(tmp_path, "new")).prepare(BrokenSynthesizer(), "seven.")


@pytest.mark.parametrize("damage", [b"", b"RIFF", bytes(1000)])
def test_a_damaged_file_is_synthesised_anew(synthesizer, tmp_path, damage):
    """A power cut may leave anything."""
    Voice(PieceStore(tmp_path, "")).prepare(synthesizer, "seven.")
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    Voice(PieceStore(tmp_path, "")).prepare(synthesizer, "seven.")
    Voice(PieceStore(tmp_path, "")).prepare(BrokenSynthesizer(), "seven.")
    assert len(synthesizer.sentences) == 2


def test_a_folder_that_cannot_be_written_costs_speed_only(synthesizer, tmp_path, caplog):
    """Said in the log once, and every piece is kept in memory all the same."""
    (tmp_path / "file").write_bytes(b"")
    voice = Voice(PieceStore(tmp_path / "file" / "phrases", ""))
    voice.prepare(synthesizer, "seven.")
    voice.prepare(synthesizer, "eight.")
    assert len(voice.audio(BrokenSynthesizer(), ("seven.", "eight.")).samples) > 1200
    assert len(caplog.records) == 1


def test_former_phrases_that_cannot_be_deleted_cost_room_only(tmp_path, caplog):
    """On a card that has gone read-only the box still changes its speed; here a folder is what can't be unlinked."""
    (tmp_path / "former.wav").mkdir()
    PieceStore(tmp_path, "").forget_others(["seven."])
    assert (tmp_path / "former.wav").is_dir()
    assert "cannot be deleted" in caplog.text


def test_pieces_that_are_not_fixed_do_not_fill_the_memory(synthesizer):
    """The oldest go; a box that reads whole numbers for months meets thousands."""
    store = PieceStore(None, "")
    voice = Voice(store)
    for number in range(1000):
        voice.audio(synthesizer, (f"{number}.",))
    known = [number for number in range(1000) if store.find(f"{number}.") is not None]
    assert known == list(range(1000 - len(known), 1000))
    assert 10 <= len(known) <= 100


def test_a_synthesizer_that_fails_says_so(synthesizer):
    """Neither a sound nor a silence takes its place."""
    with pytest.raises(SpeechError):
        Voice(PieceStore(None, "")).audio(BrokenSynthesizer(), ("427.",))


def test_speech_waits_for_the_tone_that_is_sounding(player):
    """The shutter tone must not be cut off by an answer that comes at once."""
    player.silence.clear()
    voice, audio = Voice(PieceStore(None, "")), Audio(np.zeros(10, np.int16), RATE_HZ)
    thread = threading.Thread(target=lambda: voice.play(player, audio, turn=1, limit_seconds=1.0))
    thread.start()
    assert player.waiting.wait(SOON)
    assert player.log == []
    player.silence.set()
    thread.join(SOON)
    assert player.log == ["start 10"]


def test_what_is_played_may_take_its_own_length_longer(player):
    """The tone before it may not; a card that plays a long answer to its end is not stuck."""
    voice = Voice(PieceStore(None, ""))
    voice.play(player, Audio(np.zeros(3 * RATE_HZ, np.int16), RATE_HZ), turn=1, limit_seconds=1.0)
    assert player.limits == [1.0, 4.0]


def test_hushing_wins_over_speech_that_is_about_to_begin(player):
    """The press came while the synthesizer was still at work: nothing of that turn is heard."""
    voice, audio = Voice(PieceStore(None, "")), Audio(np.zeros(10, np.int16), RATE_HZ)
    voice.hush(player, turn=3)
    voice.play(player, audio, turn=3, limit_seconds=1.0)
    voice.play(player, audio, turn=2, limit_seconds=1.0)
    assert player.log == ["stop"]
    voice.play(player, audio, turn=4, limit_seconds=1.0)
    assert player.log == ["stop", "start 10"]


def test_hushing_without_a_loudspeaker_is_harmless(player):
    """It still holds for speech that was waiting for one."""
    voice = Voice(PieceStore(None, ""))
    voice.hush(None, turn=1)
    voice.play(player, Audio(np.zeros(10, np.int16), RATE_HZ), turn=1, limit_seconds=1.0)
    assert player.log == []


@pytest.mark.parametrize("ends", [[False], [True, False]])
def test_a_card_that_never_ends_is_at_fault(player, ends, monkeypatch):
    """Whether it is the tone before or the speech itself that hangs: a card lost in silence would stay lost."""
    answers = iter(ends)
    monkeypatch.setattr(player, "wait", lambda limit_seconds: next(answers))
    with pytest.raises(SoundError, match="does not finish"):
        Voice(PieceStore(None, "")).play(player, Audio(np.zeros(10, np.int16), 22050), turn=1, limit_seconds=0.1)
