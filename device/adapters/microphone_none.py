"""No microphone: spoken commands are switched off."""

from __future__ import annotations

from device.domain import Audio
from device.errors import MicrophoneError


class NullMicrophone:
    """Refuses to open, so that the box says that it takes no spoken commands."""

    def open(self) -> None:
        """Say how to get one. Raises MicrophoneError."""
        raise MicrophoneError('the microphone is switched off; set [microphone] backend to "alsa"')

    def start(self) -> None:
        """As `open`. Raises MicrophoneError."""
        self.open()

    def take(self, limit_seconds: float) -> Audio | None:
        """Nothing was recorded."""
        return None

    def stop(self) -> None:
        """Nothing is being recorded."""

    def close(self) -> None:
        """Nothing to give back."""
