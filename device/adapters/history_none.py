"""A box that keeps no readings."""

from __future__ import annotations

from collections.abc import Sequence

from device.domain import HistoryEntry, Reading


class NullHistory:
    """Forgets everything at once."""

    kept_aside: str | None = None

    def open(self) -> None:
        """Nothing to open."""

    def append(self, reading: Reading, *, time: str) -> HistoryEntry:
        """An entry that nobody keeps; its id stays 0."""
        return HistoryEntry(id=0, time=time, number=reading.number, status=reading.status.value)

    def entries(self, *, limit: int | None = None) -> Sequence[HistoryEntry]:
        """None."""
        return ()

    def search(self, *, limit: int, before: int | None = None, number: str = "") -> Sequence[HistoryEntry]:
        """None."""
        return ()

    def correct(self, number: int, corrected: str) -> bool:
        """There is nothing to correct."""
        return False

    def delete(self, number: int | None = None) -> int:
        """There was nothing."""
        return 0

    def close(self) -> None:
        """Nothing to close."""
