"""A picture of the writing of each reading, where the installer wants them kept: JPEG files named by the entry."""

from __future__ import annotations

import os
from pathlib import Path

from device.config import HistoryConfig
from device.domain import Pixels
from device.errors import HistoryError

WIDTH_PX = 640
"""Of a picture at most: enough to see what was written, and ten thousand of them take 300 MB."""

_QUALITY = 75


class JpegPictures:
    """One folder of pictures.

    Args:
        config: Its `pictures` and `keep_pictures`; without the latter nothing is ever written, but what a former
            configuration kept can still be looked at and deleted.
    """

    def __init__(self, config: HistoryConfig) -> None:
        self._folder = config.pictures
        self._wanted = config.keep_pictures
        self._most = config.keep
        self._looked_through = False

    @property
    def wanted(self) -> bool:
        """Whether pictures are to be kept."""
        return self._wanted

    def keep(self, entry: int, picture: Pixels | None) -> None:
        """Keep the picture of an entry, uint8 (h, w, 3) BGR, if there is one; delete those of entries that are gone.

        Raises:
            HistoryError: It cannot be written.
        """
        if self._folder.exists():
            self._delete_gone(entry)
        if not self._wanted or picture is None:
            return
        import cv2

        height, width = picture.shape[:2]
        if width > WIDTH_PX:
            size = WIDTH_PX, max(1, height * WIDTH_PX // width)
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype("uint8")
        written, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not written:
            raise HistoryError(f"a picture of {width} x {height} pixels cannot be written as JPEG; it is lost")
        path = self._path(entry)
        beside = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(content.tobytes())
            beside.replace(path)
        except OSError as error:
            raise HistoryError(f"{path}: cannot be written ({error.strerror}); is the disk full?") from error

    def load(self, entry: int) -> bytes | None:
        """The JPEG of an entry; None when there is none."""
        try:
            return self._path(entry).read_bytes()
        except OSError:
            return None

    def delete(self, entry: int | None = None) -> None:
        """Delete the picture of one entry, or all of them. Raises HistoryError."""
        try:
            if entry is not None:
                self._path(entry).unlink(missing_ok=True)
            elif self._folder.exists():
                for file in os.scandir(self._folder):
                    Path(file).unlink(missing_ok=True)
        except OSError as error:
            raise HistoryError(f"{self._folder}: cannot be emptied ({error.strerror})") from error

    def _delete_gone(self, entry: int) -> None:
        """Delete what has no entry any more, where this one is the latest. Raises HistoryError.

        With another configuration more entries were kept, and a history that was damaged may have counted further: so
        all of them are looked through once.
        """
        gone = {entry - self._most, entry}
        if not self._looked_through:
            numbers = [int(path.stem) for path in self._folder.glob("*.jpg") if path.stem.isdecimal()]
            gone |= {number for number in numbers if not entry - self._most < number < entry}
            self._looked_through = True
        for number in gone:
            self.delete(number)

    def _path(self, entry: int) -> Path:
        return self._folder / f"{entry:08}.jpg"
