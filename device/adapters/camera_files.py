"""A camera that shows the pictures of a folder, one a reading, in order of name."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from device.config import CameraConfig
from device.domain import Frame
from device.errors import CameraError


class FilesCamera:
    """Each new moment asked for turns to the next picture, after the last comes the first again.

    The frames of one burst are asked for with one moment and so show one picture, as with paper under a camera.

    Args:
        config: Its `photos` is the folder.
    """

    def __init__(self, config: CameraConfig) -> None:
        self._folder = config.photos
        self._paths: list[Path] = []
        self._turns = 0
        self._shown: tuple[float, Frame] | None = None

    def open(self) -> None:
        """List the folder. Raises CameraError."""
        # Here and not above: the image libraries are the slowest import there is, and the daemon starts without them.
        from device import images

        try:
            self._paths = images.paths_in(self._folder)
        except OSError as error:
            raise CameraError(str(error)) from error
        if not self._paths:
            raise CameraError(f"{self._folder}: has no picture; put one there or name another folder")

    def capture(self, *, after_seconds: float) -> Frame:
        """The picture of this moment, as if exposed now.

        Raises:
            ImageFileError: The picture cannot be read; the next call turns to the one after it.
            CameraError: The camera is closed.
        """
        if self._shown is None or self._shown[0] != after_seconds:
            self._shown = None
            self._shown = (after_seconds, self._next_picture())
        return replace(self._shown[1], exposed_seconds=max(after_seconds, time.monotonic()))

    def close(self) -> None:
        """Forget the folder."""
        self._paths, self._shown = [], None

    def _next_picture(self) -> Frame:
        from device import images

        if not self._paths:
            raise CameraError("the camera of files is closed; open it first")
        path = self._paths[self._turns % len(self._paths)]
        self._turns += 1
        return images.load(path)
