"""The ears as the daemon has them: the speech model is there only while there is memory for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from device.domain import Audio, Context, Heard
from device.listening import Listener
from device.ports import Recognizer


class CommandListener:
    """Understands spoken commands; the speech model is loaded by `open`, and again after `unload`.

    Args:
        load: Opens a recognizer, and makes what listens with it; the third is the key of a sentence about it that is to
            be said, or None. Raises RecognizerError, CatalogueError.
    """

    def __init__(self, load: Callable[[], tuple[Recognizer, Listener, str | None]]) -> None:
        self._load = load
        self._recognizer: Recognizer | None = None
        self._listener: Listener | None = None

    def open(self) -> str | None:
        """Load the speech model; the key of what is to be said about it. Raises RecognizerError, CatalogueError."""
        self._recognizer, self._listener, notice = self._load()
        return notice

    def listen(self, chunks: Iterable[Audio], context: Context, read: int | None = None) -> Heard:
        """Understand one utterance as it comes. Raises RecognizerError, and what `chunks` raises."""
        if self._listener is None:
            self.open()
        if self._listener is None:
            raise RuntimeError("open() made no listener")
        return self._listener.listen(chunks, context, read)

    def unload(self) -> None:
        """Give the model's memory back until the next utterance."""
        self.close()

    def close(self) -> None:
        """Drop the model."""
        opened, self._recognizer, self._listener = self._recognizer, None, None
        if opened is not None:
            opened.close()
