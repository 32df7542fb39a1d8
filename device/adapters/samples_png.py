"""Pictures of digits that were kept for learning, as PNG files in folders named by the digit."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

from device import durable
from device.domain import Pixels
from device.errors import HistoryError


class PngSamples:
    """One folder of samples.

    Args:
        folder: Made when the first one is kept.
        most: So many at most; later ones are refused, since nobody would look at more.
    """

    def __init__(self, folder: Path, most: int = 5000) -> None:
        self._folder = folder
        self._most = most

    def keep(self, picture: Pixels, digit: int) -> None:
        """Keep a picture of a digit, uint8 (h, w, 3) BGR. Raises HistoryError."""
        import cv2

        encoded, content = cv2.imencode(".png", picture)
        if not encoded:
            raise HistoryError(f"a sample of {picture.shape} cannot be written as PNG; it is lost")
        try:
            folder = self._folder / str(digit)
            if sum(1 for _ in self._folder.glob("*/*.png")) >= self._most:
                raise HistoryError(f"{self._folder}: holds {self._most} samples already; export and delete them first")
            names = (folder / f"{number:05}.png" for number in itertools.count(1))
            path = next(name for name in names if not name.exists())
            durable.write(path, content.tobytes())
        except HistoryError:
            raise
        except OSError as error:
            raise HistoryError(f"{self._folder}: cannot keep a sample ({error.strerror}); is the disk full?") from error

    def delete(self) -> None:
        """Delete all of them. Raises HistoryError."""
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
        except OSError as error:
            raise HistoryError(f"{self._folder}: cannot be deleted ({error.strerror})") from error
