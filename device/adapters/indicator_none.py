"""A box without a status LED."""

from __future__ import annotations

from device.domain import Light


class NullIndicator:
    """Shows nothing."""

    def open(self) -> None:
        """Nothing to take."""

    def show(self, light: Light) -> None:
        """Nothing to see."""

    def check(self) -> None:
        """Nothing to lose."""

    def close(self) -> None:
        """Nothing to give back."""
