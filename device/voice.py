"""Says utterances: every piece is synthesised once, kept in memory and on disk, joined with the others and played."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from device.domain import Audio
from device.errors import AudioError, SoundError
from device.phrases import Utterance
from device.ports import Player, Synthesizer

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.06
"""Between two pieces; with the silence that eSpeak leaves around a word it sounds like a breath."""

STUCK = "the sound card does not finish what it plays; unplug it and plug it in again"

_MOST_SPOKEN = 64
"""Pieces kept in memory after they were spoken: about three megabytes."""


class PieceStore:
    """Pieces of speech by their text: the fixed ones as WAV files, those spoken of late in memory.

    Args:
        folder: Where the files lie; without it, or where it cannot be written, the fixed ones stay in memory.
        settings: Everything besides the text that changes the sound, such as voice and speed.
    """

    def __init__(self, folder: Path | None, settings: str) -> None:
        self._folder = folder
        self._settings = settings
        self._kept: dict[str, Audio] = {}
        self._spoken: dict[str, Audio] = {}

    def holds(self, piece: str) -> bool:
        """Whether the piece is kept, and its file whole: a power cut may leave anything."""
        return piece in self._kept or self._from_file(piece) is not None

    def find(self, piece: str) -> Audio | None:
        """The sound of a piece, where it is known."""
        known = self._kept.get(piece) or self._spoken.get(piece)
        if known is None and (known := self._from_file(piece)) is not None:
            self.add(piece, known)
        return known

    def add(self, piece: str, audio: Audio) -> None:
        """Keep a piece that was needed once, for a while."""
        self._spoken[piece] = audio
        if len(self._spoken) > _MOST_SPOKEN:
            del self._spoken[next(iter(self._spoken))]

    def keep(self, piece: str, audio: Audio) -> None:
        """Keep a fixed piece for good."""
        if self._folder is not None:
            path = self._path(self._folder, piece)
            beside = path.with_suffix(".part")
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                beside.write_bytes(audio.to_wav())
                beside.replace(path)
                return
            except OSError as error:
                log.warning("%s: a phrase cannot be kept (%s); it is synthesised anew after a restart", path, error)
                self._folder = None
        self._kept[piece] = audio

    def forget_others(self, pieces: Iterable[str]) -> None:
        """Delete the files of any other pieces, left from another voice or release."""
        if self._folder is None:
            return
        wanted = {self._path(self._folder, piece) for piece in pieces}
        try:
            for path in set(self._folder.glob("*.wav")) - wanted:
                path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: former phrases cannot be deleted (%s); they cost room alone", self._folder, error)

    def _from_file(self, piece: str) -> Audio | None:
        if self._folder is None:
            return None
        try:
            return Audio.from_wav(self._path(self._folder, piece).read_bytes())
        except (OSError, AudioError):
            return None

    def _path(self, folder: Path, piece: str) -> Path:
        name = hashlib.sha256(f"{self._settings}\n{piece}".encode()).hexdigest()[:20]
        return folder / f"{name}.wav"


class _Silence:
    """The latest turn of which nothing may be heard any more."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turn = -1


class Voice:
    """Turns utterances into sound and plays them, one at a time.

    Args:
        store: The pieces of one language, voice and speed.
        volume: In per cent of what the synthesizer gives, 0..200; what grows beyond full scale is clipped.
        former: The voice that this one takes over from: to hush either hushes both.

    `prepare` and `audio` belong on the speech worker, `play` on the sound worker; `hush` may be called from
    anywhere at any time and wins over a `play` that is about to begin.
    """

    def __init__(self, store: PieceStore, *, volume: int = 100, former: Voice | None = None) -> None:
        self.volume = volume
        self._store = store
        self._silence: _Silence = _Silence() if former is None else former._silence

    def prepare(self, synthesizer: Synthesizer, piece: str) -> None:
        """Synthesise a fixed piece unless it is known. Raises SpeechError."""
        if not self._store.holds(piece):
            self._store.keep(piece, synthesizer.synthesize(piece))

    def forget_others(self, pieces: Iterable[str]) -> None:
        """Delete what is kept of other pieces."""
        self._store.forget_others(pieces)

    def audio(self, synthesizer: Synthesizer, utterance: Utterance) -> Audio:
        """The whole utterance as one sound. Raises SpeechError."""
        clips = []
        for piece in utterance:
            known = self._store.find(piece)
            if known is None:
                known = synthesizer.synthesize(piece)
                self._store.add(piece, known)
            clips.append(known)
        return _amplified(_joined(clips), self.volume)

    def play(self, player: Player, audio: Audio, *, turn: int, limit_seconds: float) -> None:
        """Play after the tone that may be sounding; returns when it has ended or was hushed.

        Raises:
            SoundError: The card fails, or has not played it within its length and the limit.
        """
        if not player.wait(limit_seconds):
            raise SoundError(STUCK)
        with self._silence.lock:
            if turn <= self._silence.turn:
                return
            player.start(audio)
        if not player.wait(audio.seconds + limit_seconds):
            raise SoundError(STUCK)

    def hush(self, player: Player | None, *, turn: int) -> None:
        """Be silent at once, and let nothing of this turn or an older one be heard any more."""
        with self._silence.lock:
            self._silence.turn = turn
            if player is not None:
                player.stop()


def _amplified(audio: Audio, volume: int) -> Audio:
    if volume == 100:
        return audio
    loud = np.clip(audio.samples.astype(np.float32) * (volume / 100), -32768, 32767)
    return Audio(np.rint(loud).astype(np.int16), audio.rate_hz)


def _joined(clips: list[Audio]) -> Audio:
    """One clip after the other; they come from one synthesizer and so share one rate."""
    rate_hz = clips[0].rate_hz
    pause = np.zeros(round(_PAUSE_SECONDS * rate_hz), np.int16)
    parts = [part for clip in clips for part in (pause, clip.samples)][1:]
    return Audio(np.concatenate(parts), rate_hz)
