"""What microphone and ears do: to take a spoken command while the button is held."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from device.capture import Recording
from device.devices import EARS_OPEN_SECONDS, Devices
from device.domain import Context, Heard
from device.errors import MicrophoneError, SoundError
from device.events import CommandHeard, Event
from device.messages import Post
from device.parts import Settings
from device.ports import Machine

log = logging.getLogger(__name__)

MEMORY_SECONDS = 10.0
"""Between two looks at how much memory is left."""


class ListeningJobs:
    """Records on the microphone's worker and understands on the ears'.

    Args:
        settings: How much memory is to be spared, and the limits.
        devices: Whose microphone, ears and player.
        machine: Tells how much memory is left.
        post: Takes what comes of it.
        monotonic: The clock, in seconds.
    """

    def __init__(
        self, settings: Settings, devices: Devices, machine: Machine, post: Post, monotonic: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._devices = devices
        self._machine = machine
        self._post = post
        self._monotonic = monotonic
        self._recording: Recording | None = None
        self._unloaded: object | None = None
        self._memory_due = monotonic() + MEMORY_SECONDS

    def listen(self, turn: int, context: Context, read: int | None) -> None:
        """Record once the tone is over, and understand it as it comes; posts CommandHeard.

        Args:
            turn: Of the order.
            context: What can be meant.
            read: The digit that one said alone is compared with.
        """
        microphone, ears = self._devices.microphone.adapter, self._devices.ears.adapter
        player = self._devices.player.adapter
        if microphone is None or ears is None:  # lost since the transition: its DeviceLost is in the inbox
            self._post(CommandHeard(turn, Heard()))
            return
        limit_seconds = self._settings.device_limit_seconds
        recording = self._recording = Recording(limit_seconds)
        self._unloaded = None

        def record() -> None:
            if player is not None:
                with contextlib.suppress(SoundError):
                    player.wait(limit_seconds)  # the box must not hear itself
            recording.fill(microphone)

        def understand() -> Event:
            try:
                heard = ears.listen(recording, context, read)
            except MicrophoneError as error:
                return self._devices.lost(self._devices.microphone, error)
            finally:
                recording.end()
            command = heard.command.command.value if heard.command else "nothing"
            log.info("heard: %s (%.2f)", command, heard.confidence)
            return CommandHeard(turn, heard)

        longest_seconds = self._settings.warning_seconds + 2 * limit_seconds
        self._devices.use(self._devices.microphone, record, longest_seconds)
        # It may have been unloaded for want of memory.
        self._devices.use(self._devices.ears, understand, longest_seconds + EARS_OPEN_SECONDS)

    def stop(self) -> None:
        """Record nothing more; what was recorded is understood."""
        if self._recording is not None:
            self._recording.end()
        if self._devices.microphone.adapter is not None:
            self._devices.microphone.adapter.stop()

    def microphone_lost(self) -> None:
        """Let the ears wait no longer for a microphone that has been given up."""
        if self._recording is not None:
            self._recording.abandon()

    def look_at_memory(self) -> None:
        """Give the speech model's memory back while the machine is short of it; the next hold loads it again."""
        if self._monotonic() < self._memory_due:
            return
        self._memory_due = self._monotonic() + MEMORY_SECONDS
        ears, available = self._devices.ears.adapter, self._machine.available_memory_bytes()
        short = available is not None and available < self._settings.spare_memory_bytes
        if short and ears not in (None, self._unloaded) and not self._devices.ears.worker.busy:
            self._unloaded = ears  # memory may stay short for months, and the log is not to fill with it
            log.info("little memory is left; the speech model is unloaded until the next hold")
            self._devices.use(self._devices.ears, ears.unload)
