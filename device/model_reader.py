"""The reader as the daemon has it: loaded when it is opened; a frame can also be shown, or looked at for aiming."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from device import heap
from device.domain import Box, Frame, Hint, Reading
from device.errors import ModelError
from device.ports import Classifier

if TYPE_CHECKING:
    from device.looking import Observation
    from device.reading import Reader


class ModelReader:
    """Reads frames with a model; that and the image libraries are loaded by `open`, which takes its time on a Pi.

    Args:
        load: Opens the models, and makes what reads frames with them. Raises ModelError.
    """

    def __init__(self, load: Callable[[], tuple[Classifier, Reader]]) -> None:
        self._load = load
        self._classifier: Classifier | None = None
        self._reader: Reader | None = None
        self._seen: Box | None = None

    def open(self) -> None:
        """Load libraries and model. Raises ModelError."""
        try:
            import cv2
        except ImportError as error:
            raise ModelError(f"OpenCV cannot be loaded ({error}); install digitbox again") from error

        # On a board's busy cores OpenCV's threads cost more than they bring, and each has a heap of its own.
        cv2.setNumThreads(1)
        heap.keep_pictures()
        self._classifier, self._reader = self._load()

    def read(self, frames: Iterable[Frame], seen: Callable[[Observation], None] | None = None) -> Reading:
        """One reading of a burst. Raises ModelError, FrameError."""
        if self._reader is None:
            raise RuntimeError("read() before open()")
        return self._reader.read(frames, seen)

    def show(self, frame: Frame, width_px: int) -> tuple[dict[str, Any], bytes]:
        """What is seen in a frame and how good it is, and a JPEG of it at most so wide.

        Raises:
            ModelError: The model failed.
            FrameError: The frame cannot be shown.
        """
        from device.live import live

        if self._reader is None or self._classifier is None:
            raise RuntimeError("show() before open()")
        return live(self._reader, self._classifier.card, frame, width_px)

    def look(self, frame: Frame) -> Hint:
        """How to move the paper, by this frame and the one looked at before. Raises FrameError."""
        from device import aim
        from device.find import find
        from device.quality import measured

        writings = find(frame).writings
        before, self._seen = self._seen, aim.place(writings)
        return aim.hint(frame, writings, measured(frame, writings), before)

    def close(self) -> None:
        """Drop the model."""
        self._classifier = self._reader = None
