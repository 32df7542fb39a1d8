"""What camera and reader do: a reading, a look while aiming, a frame for another program."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from device.capture import Burst
from device.devices import Devices
from device.domain import Frame, Reading
from device.errors import CameraError, DigitboxError
from device.events import Event, Failed, HintSeen, ReadingMade
from device.messages import Post
from device.parts import Reader, Settings
from device.ports import Answer, Display
from device.records import Records, Taken

if TYPE_CHECKING:
    from device.looking import Observation

log = logging.getLogger(__name__)

SHOWN_SECONDS = 0.3
"""Who looks more often than that is shown the same frame again."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What another program was shown, and when."""

    monotonic_seconds: float
    width_px: int
    fields: dict[str, Any]
    jpeg: bytes


class ReadingJobs:
    """Captures on the camera's worker and reads on the reader's.

    Args:
        settings: How many frames, and the limits.
        devices: Whose camera and reader.
        records: Cuts out what may be kept.
        display: Shows what was read.
        post: Takes what comes of it.
    """

    def __init__(self, settings: Settings, devices: Devices, records: Records, display: Display, post: Post) -> None:
        self._settings = settings
        self._devices = devices
        self._records = records
        self._display = display
        self._post = post
        self._burst: Burst | None = None
        self._taken: tuple[Reading | None, Taken] = (None, Taken())
        self._shown: _Shown | None = None

    def read(self, turn: int, *, after_seconds: float) -> None:
        """Make a reading of frames exposed after this moment; posts ReadingMade or Failed."""
        camera, reader = self._devices.camera.adapter, self._devices.reader.adapter
        if camera is None or reader is None:  # lost since the transition: its DeviceLost is in the inbox
            self._post(Failed(turn))
            return
        settings = self._settings
        burst = self._burst = Burst(settings.frames, after_seconds, settings.capture_limit_seconds)

        def fill() -> None:
            try:
                burst.fill(camera)
            except CameraError:
                raise
            except DigitboxError:
                pass  # a picture that cannot be read is one bad try, and the reader reports it

        def read() -> Event | None:
            try:
                return ReadingMade(turn, self._read_burst(reader, burst))
            except CameraError as error:
                return self._devices.lost(self._devices.camera, error)
            except DigitboxError as error:
                log.warning("no reading: %s", error)
                return Failed(turn)

        # A camera that has to wait for the reader is not at fault; one that hangs is noticed by the reader.
        fill_limit_seconds = settings.frames * settings.capture_limit_seconds + settings.reading_limit_seconds
        self._devices.use(self._devices.camera, fill, fill_limit_seconds)
        self._devices.use(self._devices.reader, read, settings.reading_limit_seconds)

    def reader_lost(self) -> None:
        """Capture nothing more for a reader that has been given up."""
        if self._burst is not None:
            self._burst.end()

    def taken(self, reading: Reading) -> Taken:
        """What the camera saw of this reading, where it is the latest."""
        of, taken = self._taken
        return taken if of is reading else Taken()

    def look(self, turn: int, *, after_seconds: float) -> None:
        """See how the paper lies in one frame exposed after this moment; posts HintSeen or Failed."""
        camera, reader = self._devices.camera.adapter, self._devices.reader.adapter
        if camera is None or reader is None:  # lost since the transition: its DeviceLost is in the inbox
            self._post(Failed(turn))
            return

        def capture() -> Event | None:
            try:
                frame = camera.capture(after_seconds=after_seconds)
            except CameraError:
                raise
            except DigitboxError as error:
                return failed(error)  # a picture that cannot be read is one bad try
            self._devices.use(self._devices.reader, lambda: look(frame), self._settings.reading_limit_seconds)
            return None

        def look(frame: Frame) -> Event:
            try:
                return HintSeen(turn, reader.look(frame))
            except DigitboxError as error:
                return failed(error)

        def failed(error: DigitboxError) -> Failed:
            log.warning("no look: %s", error)
            return Failed(turn)

        self._use_camera(capture)

    def show(self, width_px: int, answer: Answer, *, at_seconds: float, is_pressed: bool) -> None:
        """Answer with a frame and what is seen in it, unless camera or reader has better things to do.

        Args:
            width_px: Of the picture, at most.
            answer: Takes it, or why there is none.
            at_seconds: This monotonic moment; the frame is not older, or was shown a short while ago.
            is_pressed: The button is down, and a reading may begin.
        """
        shown = self._shown
        if shown and at_seconds - shown.monotonic_seconds < SHOWN_SECONDS and shown.width_px == width_px:
            answer.give(shown.fields, shown.jpeg)
            return
        camera, reader = self._devices.camera.adapter, self._devices.reader.adapter
        if camera is None or reader is None:
            answer.refuse("the camera or the model does not work; digitbox doctor says why")
            return
        if self._devices.camera.worker.busy or self._devices.reader.worker.busy or is_pressed:
            answer.refuse("busy; try again in a moment")
            return

        def capture() -> None:
            try:
                frame = camera.capture(after_seconds=at_seconds)
            except CameraError as error:
                answer.refuse(str(error))
                raise
            except DigitboxError as error:
                answer.refuse(str(error))
                return
            self._devices.use(self._devices.reader, lambda: show(frame), self._settings.reading_limit_seconds)

        def show(frame: Frame) -> None:
            try:
                fields, jpeg = reader.show(frame, width_px)
            except DigitboxError as error:
                answer.refuse(str(error))
                return
            self._shown = _Shown(at_seconds, width_px, fields, jpeg)
            answer.give(fields, jpeg)

        self._use_camera(capture)

    def _use_camera(self, capture: Callable[[], Event | None]) -> None:
        """Run what takes one frame on the camera's worker."""
        limit_seconds = self._settings.capture_limit_seconds + self._settings.device_limit_seconds
        self._devices.use(self._devices.camera, capture, limit_seconds)

    def _read_burst(self, reader: Reader, burst: Burst) -> Reading:
        latest: deque[Observation] = deque(maxlen=1)
        try:
            reading = reader.read(burst, seen=latest.append)
        finally:
            burst.end()
        log.info("reading: %s, %d digits in %.0f ms", reading.status.value, len(reading.digits), reading.elapsed_ms)
        if latest:
            self._taken = (reading, self._records.taken(latest[0].frame, reading))
            self._display.answer(latest[0].frame, reading, latest[0].model_inputs)
        return reading
