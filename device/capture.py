"""Frames and sound on their way from the worker that takes them to the worker that makes something of them."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator

from device.domain import Audio, Frame
from device.errors import CameraTimeout, DigitboxError, MicrophoneError
from device.ports import Camera, Microphone

log = logging.getLogger(__name__)


class Burst:
    """The frames of one reading, captured on the camera's worker while the reader works on the one before.

    Args:
        count: At most so many frames.
        after_seconds: Monotonic moment before which no exposure may begin.
        limit_seconds: For one frame.
    """

    def __init__(self, count: int, after_seconds: float, limit_seconds: float) -> None:
        self._count = count
        self._after_seconds = after_seconds
        self._limit_seconds = limit_seconds
        # One frame waits while one is being read and one exposed: more would only cost memory.
        self._frames: queue.Queue[Frame | DigitboxError | None] = queue.Queue(maxsize=1)
        self._enough = threading.Event()

    def fill(self, camera: Camera) -> None:
        """Capture until there are enough. Raises what the camera raises, here and in the reader."""
        try:
            for _ in range(self._count):
                if self._enough.is_set():
                    break
                self._put(camera.capture(after_seconds=self._after_seconds))
            self._put(None)
        except DigitboxError as error:
            self._put(error)
            raise

    def end(self) -> None:
        """Capture nothing more."""
        self._enough.set()

    def __iter__(self) -> Iterator[Frame]:
        """The frames as they come."""
        while (item := self._take()) is not None:
            if isinstance(item, DigitboxError):
                raise item
            yield item

    def _take(self) -> Frame | DigitboxError | None:
        try:
            return self._frames.get(timeout=self._limit_seconds)
        except queue.Empty:
            raise CameraTimeout(
                f"the camera gave no frame within {self._limit_seconds:g} s; check its cable, and what else uses it"
            ) from None

    def _put(self, item: Frame | DigitboxError | None) -> None:
        while not self._enough.is_set():
            try:
                self._frames.put(item, timeout=0.1)
            except queue.Full:
                continue  # the reader is still busy; it has a limit of its own and ends the burst when it reaches it
            return


class Recording:
    """The sound of one hold, taken on the microphone's worker while the ears work on what came before."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._chunks: queue.SimpleQueue[Audio | DigitboxError | None] = queue.SimpleQueue()
        self._over = threading.Event()

    def fill(self, microphone: Microphone) -> None:
        """Record until `end`. Raises what the microphone raises, here and in the ears."""
        try:
            if not self._over.is_set():
                microphone.start()
                log.debug("the microphone is open")
            while (chunk := self._taken(microphone)) is not None:
                self._chunks.put(chunk)
            self._chunks.put(None)
        except DigitboxError as error:
            self._chunks.put(error)
            raise
        finally:
            microphone.stop()

    def end(self) -> None:
        """Record nothing more."""
        self._over.set()

    def abandon(self) -> None:
        """Nothing more will come: the microphone has been given up."""
        self.end()
        self._chunks.put(None)

    def __iter__(self) -> Iterator[Audio]:
        """The chunks as they come."""
        while (item := self._take()) is not None:
            if isinstance(item, DigitboxError):
                raise item
            yield item

    def _taken(self, microphone: Microphone) -> Audio | None:
        """The next chunk; after `end` those that were recorded before it."""
        if self._over.is_set():
            microphone.stop()
        return microphone.take(self._limit_seconds)

    def _take(self) -> Audio | DigitboxError | None:
        try:
            return self._chunks.get(timeout=2 * self._limit_seconds)
        except queue.Empty:
            raise MicrophoneError(
                f"the microphone gave no sound within {2 * self._limit_seconds:g} s; check its plug"
            ) from None
