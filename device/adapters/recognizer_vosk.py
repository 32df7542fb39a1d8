"""Words from sound, offline, by Vosk (Kaldi nnet3)."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from device import heap, speech_models
from device.adapters import vosk_library
from device.domain import Audio, SpokenWord, Transcript
from device.errors import RecognizerError

log = logging.getLogger(__name__)

UNKNOWN = "[unk]"
"""The word by which Vosk's models mean any other."""

_ALTERNATIVES = 3
"""Ways to hear an utterance that are compared; the model's beam seldom leaves more."""

_PROBE_SECONDS = 60.0
"""The official small English model loads within five seconds on a Pi 4."""


class VoskRecognizer:
    """One utterance at a time.

    Args:
        find: Where the model's folder is, asked by every `open`; may raise RecognizerError.
        words: Of the language's commands; `vocabulary` holds those of them that the model knows.
    """

    def __init__(self, find: Callable[[], Path], words: Iterable[str]) -> None:
        self._find = find
        self._words = frozenset(words)
        self._model: vosk_library.Model | None = None
        self._vocabulary: frozenset[str] = frozenset()
        self._utterance: vosk_library.Decoder | None = None
        self._results: list[dict[str, Any]] = []

    def open(self) -> None:
        """Check the model's files, try it in a process of its own, load it. Raises RecognizerError."""
        folder = self._find()
        speech_models.check(folder)
        try:
            vosk_library.library()
        except (ImportError, OSError) as error:
            raise RecognizerError(f"Vosk is not installed ({error}); pip install 'digitbox[voice]'") from error
        _try_elsewhere(folder)
        try:
            self._model = vosk_library.Model(str(folder))
        except ValueError as error:
            raise _damaged(folder) from error
        self._vocabulary = frozenset(filter(self._model.knows, self._words))
        if not self._vocabulary:
            self.close()
            raise RecognizerError(f"{folder}: knows no word of the commands; it is of another language")

    @property
    def vocabulary(self) -> frozenset[str] | None:
        """The words of commands that the model knows."""
        return self._vocabulary

    def begin(self, phrases: Sequence[str]) -> None:
        """Start an utterance: these phrases, in any order and part, or "[unk]". A phrase given twice is likelier.

        Raises:
            RecognizerError: The model is not loaded.
        """
        if self._model is None:
            raise RecognizerError("the speech model is not loaded; open it first")
        try:
            self._utterance = vosk_library.Decoder(self._model, (*phrases, UNKNOWN), _ALTERNATIVES)
        except ValueError as error:
            raise RecognizerError(f"the speech model cannot listen ({error}); install it again") from error
        self._results = []

    def feed(self, chunk: Audio) -> None:
        """Hear more of it. Raises RecognizerError."""
        if self._utterance is None:
            raise RecognizerError("no utterance was begun")
        try:
            if self._utterance.accept(chunk.samples.astype("<i2").tobytes()):
                self._results.append(self._utterance.result())  # a pause of half a second ends a part
        except ValueError as error:
            raise RecognizerError(f"the speech model cannot hear ({error}); install it again") from error

    def finish(self) -> Transcript:
        """What was said, all its parts. Raises RecognizerError."""
        if self._utterance is None:
            raise RecognizerError("no utterance was begun")
        results, self._results = [*self._results, self._utterance.final_result()], []
        self._utterance = None
        heap.give_back()  # some 10 MB that decoding needed
        parts = [_best(result["alternatives"]) for result in results if result.get("alternatives")]
        return Transcript(tuple(word for part in parts for word in part.words), sum(part.score for part in parts))

    def close(self) -> None:
        """Drop the model and its memory."""
        self._utterance = self._model = None
        self._vocabulary = frozenset()


def _best(alternatives: Sequence[dict[str, Any]]) -> Transcript:
    """The likeliest of some alternatives; a word's confidence is the share of those that have it in its place.

    Vosk gives each alternative the negative cost of its path as "confidence", in nats.
    """
    best = alternatives[0]
    shares = [math.exp(other["confidence"] - best["confidence"]) for other in alternatives]
    texts = [[word["word"] for word in other.get("result", ())] for other in alternatives]
    words = []
    for place, word in enumerate(best.get("result", ())):
        agreeing = [
            share for share, text in zip(shares, texts, strict=True) if text[place : place + 1] == [word["word"]]
        ]
        words.append(
            SpokenWord(str(word["word"]), sum(agreeing) / sum(shares), float(word["start"]), float(word["end"]))
        )
    return Transcript(tuple(words), float(best["confidence"]))


def _try_elsewhere(folder: Path) -> None:
    """Vosk ends its process over damaged files, so another process goes first."""
    command = [sys.executable, "-P", vosk_library.__file__, str(folder)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RecognizerError(f"{folder}: the speech model cannot be tried ({error}); install it again") from error
    words = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode or any(line.startswith("ERROR") for line in words):
        log.info("the try of %s ended with %d: %s", folder, done.returncode, words[-1:])
        raise _damaged(folder)


def _damaged(folder: Path) -> RecognizerError:
    return RecognizerError(f"{folder}: the speech model is damaged or no Vosk model; install it again")
