"""A Raspberry Pi camera, through picamera2 and libcamera."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from device.config import CameraConfig
from device.domain import Frame
from device.errors import CameraError, CameraTimeout, DigitboxError

PIXEL_FORMAT = "RGB888"
"""libcamera names the bytes from the highest down: in memory this is blue, green, red, as a Frame wants it."""

_BUFFERS = 3
"""One with us, one being filled, one waiting to be; each takes 6 MB of contiguous memory at two megapixels."""

_SETTLE_SECONDS = 2.0
"""Light and focus that have not settled after so long will not for the first reading either."""

# libcamera's control_ids_core.yaml
_AF_MODE_CONTINUOUS = 2
_AF_STATES_SETTLED = (None, 2, 3)  # no such lens, focused, failed
_AE_STATES_SETTLED = (None, 2)  # not told, converged


class Picamera2Camera:
    """Keeps a video stream running, so that a frame is there within a frame's time.

    Args:
        config: Number, size and limits.
        make: What makes a Picamera2 of the camera's number; picamera2's own when None.
        monotonic: The clock, in seconds.
        boottime: The clock that goes on while the machine is suspended, in seconds.
    """

    def __init__(
        self,
        config: CameraConfig,
        make: Callable[[int], Any] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        boottime: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._config = config
        self._monotonic = monotonic
        self._boottime = boottime
        self._make = make
        self._camera: Any = None

    def open(self) -> None:
        """Start the stream and let light and focus settle. Raises CameraError, CameraTimeout."""
        deadline = self._monotonic() + self._config.open_limit_seconds
        make = self._make or _open_picamera2
        with self._explained("cannot be started"):
            try:
                self._camera = make(self._config.number)
                self._start()
                self._settle(deadline)
            except BaseException:
                self.close()
                raise

    def capture(self, *, after_seconds: float) -> Frame:
        """The next frame whose exposure began at or after this monotonic moment. Raises CameraError, CameraTimeout."""
        deadline = self._monotonic() + self._config.capture_limit_seconds
        former_done: float | None = None
        with self._explained("gave no frame"):
            while True:
                with self._request(deadline) as request:
                    done = self._monotonic()
                    began = self._exposure_began(request.get_metadata())
                    # Without a stamp: not before the former frame was complete, if that one was seen.
                    began, former_done = former_done if began is None else began, done
                    if began is not None and began >= after_seconds:
                        return Frame(request.make_array("main"), exposed_seconds=began)

    def close(self) -> None:
        """Give the camera back."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        with suppress(Exception):  # a camera that is gone cannot be given back
            # Stopping waits behind all that is in the queue, for ever if the camera has gone.
            camera.cancel_all_and_flush()
        with suppress(Exception):
            camera.close()

    def _start(self) -> None:
        size = (self._config.width_px, self._config.height_px)
        controls = {"AfMode": _AF_MODE_CONTINUOUS} if "AfMode" in self._camera.camera_controls else {}
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": size, "format": PIXEL_FORMAT},
                buffer_count=_BUFFERS,
                queue=False,  # keep no finished frame back: it would be older than any press
                controls=controls,
            )
        )
        self._camera.start()

    def _settle(self, deadline: float) -> None:
        """Wait for the first frame within the deadline, then a while for one with light and focus settled."""
        settled_by = self._monotonic() + _SETTLE_SECONDS
        while True:
            with self._request(deadline) as request:
                if _settled(request.get_metadata()) or self._monotonic() >= min(settled_by, deadline):
                    return

    @contextmanager
    def _request(self, deadline: float) -> Iterator[Any]:
        """The next completed request, given back to the camera afterwards; TimeoutError at the deadline."""
        if self._camera is None:
            raise CameraError("the camera is closed; open it first")
        remaining_seconds = deadline - self._monotonic()
        if remaining_seconds <= 0.0:
            raise TimeoutError
        try:
            request = self._camera.capture_request(wait=remaining_seconds)
        except TimeoutError:
            # Still in the queue it would take the next frame, and nobody would give that one back.
            self._camera.cancel_all_and_flush()
            raise
        try:
            yield request
        finally:
            request.release()

    def _exposure_began(self, metadata: Mapping[str, Any]) -> float | None:
        """Monotonic moment at which the first row's exposure began; None when the camera does not say.

        Source:
            libcamera's SensorTimestamp (ns): when the first row was read out, that is when its exposure ended;
            ExposureTime is in microseconds. picamera2's capture_request(flush=...) reckons the same.
        """
        if not metadata.get("SensorTimestamp"):
            return None
        stamp_seconds = float(metadata["SensorTimestamp"]) / 1e9
        if stamp_seconds > self._monotonic():
            # Documented as CLOCK_BOOTTIME, which is ahead by the time spent suspended; some pipelines take the
            # monotonic clock nevertheless.
            stamp_seconds -= self._boottime() - self._monotonic()
        return stamp_seconds - float(metadata.get("ExposureTime", 0)) / 1e6

    @contextmanager
    def _explained(self, trouble: str) -> Iterator[None]:
        what = f"Pi camera {self._config.number} {trouble}"
        try:
            yield
        except CameraError:
            raise
        except TimeoutError as error:
            raise CameraTimeout(
                f"{what} within its limit; switch off, check the ribbon cable, then try `rpicam-hello --list-cameras`"
            ) from error
        except Exception as error:  # libcamera's bindings raise RuntimeError, IndexError and more
            hint = "it gives another pixel format" if isinstance(error, DigitboxError) else _short(error)
            raise CameraError(
                f"{what} ({hint}); is it listed by `rpicam-hello --list-cameras`, and used by no other program?"
            ) from error


def _open_picamera2(number: int) -> Any:  # noqa: ANN401 - picamera2 is not here where types are checked
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise CameraError(
            f"the library {error.name or 'picamera2'} is missing; on a Pi: sudo apt install python3-picamera2, in an "
            'environment made with --system-site-packages; elsewhere set [camera] backend to "v4l2" or "files"'
        ) from error
    camera = Picamera2.__new__(Picamera2)
    try:
        camera.__init__(number)
    except BaseException:
        # picamera2 0.3.38 leaves its pipe open: tried again every few seconds, an absent camera would use up all the
        # files this process may have open in a few hours.
        with suppress(AttributeError):
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
        raise
    return camera


def _settled(metadata: Mapping[str, Any]) -> bool:
    """Whether light and focus have settled, as far as this camera says; older libcameras have AeLocked for AeState."""
    light = metadata.get("AeLocked", metadata.get("AeState") in _AE_STATES_SETTLED)
    return bool(light) and metadata.get("AfState") in _AF_STATES_SETTLED


def _short(error: BaseException) -> str:
    """The innermost reason: picamera2 wraps what libcamera said."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__
