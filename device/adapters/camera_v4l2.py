"""A USB camera, through OpenCV and Video4Linux."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from device.config import CameraConfig
from device.domain import Frame
from device.errors import CameraError, CameraTimeout, FrameError

PIXEL_FORMATS = ("MJPG", "YUYV")
"""In order: USB 2 carries two megapixels at full rate only compressed. Unasked, OpenCV takes the driver's first
format, which may be grey."""

_BUFFERS = 2
"""One is with us between two frames, one is being filled; any more would only hold older frames."""

_SETTLE_SECONDS = 0.5
"""Webcams say nothing about light and focus; most have settled by then."""

_FALLBACK_FPS = 30.0
_OLDEST_STAMP_SECONDS = 10.0


class V4l2Camera:
    """Keeps the stream running and drops frames exposed too early.

    Args:
        config: Device, size and limits.
        make: What makes an opened capture of the device's path; OpenCV's when None.
        monotonic: The clock, in seconds; drivers stamp frames on the same.
    """

    def __init__(
        self,
        config: CameraConfig,
        make: Callable[[str], Any] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._monotonic = monotonic
        self._make = make or self._open_device
        self._capture: Any = None
        self._interval_seconds = 1.0 / _FALLBACK_FPS
        self._grab_moments: deque[float] = deque()

    def open(self) -> None:
        """Start the stream and let light and focus settle. Raises CameraError, CameraTimeout."""
        deadline = self._monotonic() + self._config.open_limit_seconds
        self._capture = self._make(str(self._config.device))
        try:
            self._configure()
            self._settle(deadline)
        except BaseException:
            self.close()
            raise

    def capture(self, *, after_seconds: float) -> Frame:
        """The next frame whose exposure began at or after this monotonic moment. Raises CameraError, CameraTimeout."""
        deadline = self._monotonic() + self._config.capture_limit_seconds
        while True:
            began = self._grab(deadline)
            if began < after_seconds:
                continue
            taken, pixels = self._capture.retrieve()
            if taken:  # else a JPEG was damaged on its way
                break
        try:
            return Frame(pixels, exposed_seconds=began)
        except FrameError as error:
            raise self._trouble(f"gives no colour pictures ({error}); use another camera") from error

    def close(self) -> None:
        """Give the camera back."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _open_device(self, device: str) -> Any:  # noqa: ANN401 - a cv2.VideoCapture, imported only here
        import cv2

        if not self._config.device.exists():
            raise self._trouble("is not there; plug it in, or set [camera] device to one of /dev/video*")
        if not os.access(device, os.R_OK | os.W_OK):
            raise self._trouble("may not be used by this user; sudo usermod -aG video USER, then log in again")
        # The only limit OpenCV knows for a frame, in whole seconds; read when the first one is waited for.
        os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = str(math.ceil(self._config.capture_limit_seconds))
        capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise self._trouble("is no camera, or another program uses it; `v4l2-ctl --list-devices` lists the cameras")
        return capture

    def _configure(self) -> None:
        import cv2

        for name in PIXEL_FORMATS:
            code = cv2.VideoWriter.fourcc(*name)
            self._capture.set(cv2.CAP_PROP_FOURCC, code)
            if int(self._capture.get(cv2.CAP_PROP_FOURCC)) == code:
                break
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._config.width_px)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._config.height_px)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
        buffers = int(self._capture.get(cv2.CAP_PROP_BUFFERSIZE)) or _BUFFERS
        self._grab_moments = deque([float("-inf")] * buffers, maxlen=buffers + 1)
        self._interval_seconds = 1.0 / (self._capture.get(cv2.CAP_PROP_FPS) or _FALLBACK_FPS)

    def _settle(self, deadline: float) -> None:
        settled_seconds = self._monotonic() + min(_SETTLE_SECONDS, self._config.open_limit_seconds / 2)
        while self._grab(deadline) < settled_seconds:
            pass

    def _grab(self, deadline: float) -> float:
        """Take the next frame; when its exposure began, at the earliest. Raises CameraError, CameraTimeout."""
        import cv2

        if self._capture is None:
            raise self._trouble("is closed; open it first")
        started = self._monotonic()
        self._grab_moments.append(started)
        if started >= deadline:
            raise self._timeout()
        if not self._capture.grab():
            if self._monotonic() - started >= self._config.capture_limit_seconds:
                raise self._timeout()
            raise self._trouble("stopped giving frames; is it still plugged in?")
        now = self._monotonic()
        # UVC stamps on the monotonic clock when the frame begins to arrive, and its exposure was over by then;
        # others stamp the end of the frame, which may lie an interval ahead.
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        if not now - _OLDEST_STAMP_SECONDS < stamp <= now + self._interval_seconds:
            # Nothing to go by: the driver had this buffer back, empty, as many grabs ago as there are buffers.
            stamp = self._grab_moments[0]
        return stamp - self._interval_seconds

    @property
    def _what(self) -> str:
        return f"camera {self._config.device}"

    def _trouble(self, trouble: str) -> CameraError:
        return CameraError(f"{self._what} {trouble}")

    def _timeout(self) -> CameraTimeout:
        return CameraTimeout(f"{self._what} gave no frame within its limit; unplug it and plug it in again")
