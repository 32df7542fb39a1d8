"""Vosk's own library, called by its C interface; run as a program, it tries a model.

The package `vosk` brings the library, but importing it imports an HTTP client and a progress bar with it, which a box
that never fetches anything would carry in its memory (`python -m train.speech measure` prints how much). Nothing of
digitbox is imported here, so that a try of a model needs nothing of it either.

Source:
    vosk_api.h of Vosk 0.3.45.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RATE_HZ = 16000
SILENT = -1
"""Level of the library's log at which only errors are written."""

_POINTER, _TEXT, _NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "vosk_set_log_level": (None, [_NUMBER]),
    "vosk_model_new": (_POINTER, [_TEXT]),
    "vosk_model_free": (None, [_POINTER]),
    "vosk_model_find_word": (_NUMBER, [_POINTER, _TEXT]),
    "vosk_recognizer_new_grm": (_POINTER, [_POINTER, ctypes.c_float, _TEXT]),
    "vosk_recognizer_free": (None, [_POINTER]),
    "vosk_recognizer_set_words": (None, [_POINTER, _NUMBER]),
    "vosk_recognizer_set_max_alternatives": (None, [_POINTER, _NUMBER]),
    "vosk_recognizer_accept_waveform": (_NUMBER, [_POINTER, _TEXT, _NUMBER]),
    "vosk_recognizer_result": (_TEXT, [_POINTER]),
    "vosk_recognizer_final_result": (_TEXT, [_POINTER]),
}
"""What each gives, and what it takes."""


@functools.cache
def library() -> ctypes.CDLL:
    """The library beside the package's code, which is not run.

    Raises:
        ImportError: The package is not installed.
        OSError: Its library cannot be loaded.
    """
    found = importlib.util.find_spec("vosk")
    if found is None or found.origin is None:
        raise ImportError("No module named 'vosk'")
    loaded = ctypes.CDLL(str(Path(found.origin).with_name("libvosk.so")))
    for name, (given, taken) in _FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = given, taken
    loaded.vosk_set_log_level(SILENT)
    return loaded


class Model:
    """A model in memory, until nothing refers to it any more.

    Args:
        folder: Of its files; damaged ones may end the process.

    Raises:
        ImportError, OSError: As from `library`.
        ValueError: The library refuses it.
    """

    def __init__(self, folder: str) -> None:
        self._library = library()
        self.handle: int | None = self._library.vosk_model_new(folder.encode())
        if not self.handle:
            raise ValueError(f"{folder}: no model of Vosk")

    def __del__(self) -> None:
        """Give its memory back."""
        if getattr(self, "handle", None):
            self._library.vosk_model_free(self.handle)

    def knows(self, word: str) -> bool:
        """Whether the word is in its vocabulary."""
        return bool(self._library.vosk_model_find_word(self.handle, word.encode()) >= 0)


class Decoder:
    """Hears one utterance.

    Args:
        model: Stays in memory as long as this does.
        phrases: What is listened for, "[unk]" among them if other speech shall be heard as that.
        alternatives: Ways to hear it that a result holds, at least 1.

    Raises:
        ValueError: The library refuses the phrases.
    """

    def __init__(self, model: Model, phrases: Sequence[str], alternatives: int) -> None:
        self._library, self._model = library(), model
        # The library takes an escaped letter for six others, and drops its word.
        grammar = json.dumps(list(phrases), ensure_ascii=False).encode()
        self._handle: int | None = self._library.vosk_recognizer_new_grm(model.handle, float(RATE_HZ), grammar)
        if not self._handle:
            raise ValueError(f"Vosk cannot listen for {phrases}")
        self._library.vosk_recognizer_set_words(self._handle, 1)
        self._library.vosk_recognizer_set_max_alternatives(self._handle, alternatives)

    def __del__(self) -> None:
        """Give its memory back."""
        if getattr(self, "_handle", None):
            self._library.vosk_recognizer_free(self._handle)

    def accept(self, samples: bytes) -> bool:
        """Hear 16-bit samples at `RATE_HZ`; whether a pause ended a part, whose `result` is to be taken.

        Raises:
            ValueError: The library fails.
        """
        ended: int = self._library.vosk_recognizer_accept_waveform(self._handle, samples, len(samples))
        if ended < 0:
            raise ValueError("Vosk failed over the sound")
        return bool(ended)

    def result(self) -> dict[str, Any]:
        """The part that was ended."""
        return self._read(self._library.vosk_recognizer_result(self._handle))

    def final_result(self) -> dict[str, Any]:
        """The last part."""
        return self._read(self._library.vosk_recognizer_final_result(self._handle))

    @staticmethod
    def _read(text: bytes) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(text)
        return found


def main() -> None:
    """Load a model and decode half a second of silence: over a damaged file the library may end the process."""
    decoder = Decoder(Model(sys.argv[1]), ["[unk]"], 1)
    decoder.accept(bytes(RATE_HZ))
    decoder.final_result()


if __name__ == "__main__":
    main()
