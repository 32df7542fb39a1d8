"""Nobody is looking."""

from __future__ import annotations

from device.domain import Frame, Pixels, Reading


class NullDisplay:
    """Shows nothing: the appliance on its shelf."""

    def mode(self, name: str) -> None:
        """Nothing."""

    def answer(self, frame: Frame, reading: Reading, model_inputs: Pixels) -> None:
        """Nothing."""

    def said(self, text: str) -> None:
        """Nothing."""
