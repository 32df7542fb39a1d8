"""What can go wrong in training; the same family as the device's, shown to a person as one line."""

from __future__ import annotations

from device.errors import DigitboxError


class DataError(DigitboxError, ValueError):
    """A data file is missing, damaged or not what its checksum says."""


class DownloadError(DigitboxError, OSError):
    """No source delivered a file."""


class OutputError(DigitboxError, OSError):
    """A result cannot be written."""


class ToolError(DigitboxError, ImportError):
    """TensorFlow, or a tool that belongs to it, is not installed."""


class CompressionError(DigitboxError, ValueError):
    """The compressed model does not keep what was promised of it."""
