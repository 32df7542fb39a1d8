"""One exception family.

Every message says what failed, the value or path, what was expected, and the next step: it is shown to a
person as it stands. Seeing nothing is a result and is never raised.
"""

from __future__ import annotations

from collections.abc import Sequence


class DigitboxError(Exception):
    """Anything digitbox reports to a person in one line, without a traceback."""


class ConfigError(DigitboxError, ValueError):
    """A configuration cannot be used; `mistakes` lists every reason found, one line each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class FrameError(DigitboxError, ValueError):
    """A frame is empty or is not a three-channel uint8 picture."""


class ImageFileError(DigitboxError, OSError):
    """An image file is missing, unreadable, truncated or not an image."""


class AudioError(DigitboxError, ValueError):
    """Bytes that should be a sound are not."""


class CatalogueError(DigitboxError, ValueError):
    """A language's catalogue is missing, incomplete or damaged."""


class CameraError(DigitboxError, OSError):
    """The camera is absent, refused to start or stopped answering."""


class CameraTimeout(CameraError, TimeoutError):  # noqa: N818 - named by the house style
    """The camera gave no frame within its limit."""


class ModelError(DigitboxError, ValueError):
    """The model or its card is missing, damaged, or one does not belong to the other."""


class ButtonError(DigitboxError, OSError):
    """The button's chip or pin cannot be opened, or its script cannot be read."""


class IndicatorError(DigitboxError, OSError):
    """The status LED's chip or pin cannot be opened."""


class SoundError(DigitboxError, OSError):
    """The loudspeaker's card is absent or refused to play."""


class SpeechError(DigitboxError, OSError):
    """The speech program is absent, failed, or knows no such voice."""


class MicrophoneError(DigitboxError, OSError):
    """The microphone is absent, taken by another program, or has stopped giving sound."""


class RecognizerError(DigitboxError, OSError):
    """The speech model is missing, damaged or of another language, or its engine is not installed."""


class PreferencesError(DigitboxError, OSError):
    """What the user changed cannot be kept."""


class HistoryError(DigitboxError, OSError):
    """The history cannot be opened, read or written."""


class RequestError(DigitboxError, ValueError):
    """What another program asked of the daemon makes no sense, or cannot be done now."""


class PowerError(DigitboxError, OSError):
    """The request to switch off could not be passed on."""
