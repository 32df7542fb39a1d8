"""The history in one SQLite file.

Write-ahead logging with a sync at every commit: what `append` returned from survives a power cut, and another
process can read meanwhile (https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from device import durable, files
from device.config import HistoryConfig
from device.domain import HistoryEntry, Reading
from device.errors import HistoryError

_MIGRATIONS = (
    """
    CREATE TABLE readings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL,
        number TEXT NOT NULL,
        status TEXT NOT NULL,
        corrected TEXT
    )
    """,
)
"""One statement for each version of the schema; the file's user_version says how many have run. Only ever add."""

_BUSY_SECONDS = 2.0
"""A reader in another process never keeps a writer waiting for long."""

_CHECKED_BYTES = 16 * 1024 * 1024
"""Files up to this are checked when opened (0.1 s); larger ones would make the start slow."""


_AFTER_ALL = 2**62


class SqliteHistory:
    """Keeps the latest readings.

    Args:
        config: The file, and how many readings to keep.
        read_only: For looking at it from another process: nothing is created, moved or written.
    """

    def __init__(self, config: HistoryConfig, *, read_only: bool = False) -> None:
        self._path = config.path
        self._keep = config.keep
        self._read_only = read_only
        self._database: sqlite3.Connection | None = None
        self._kept_aside: str | None = None

    @property
    def kept_aside(self) -> str | None:
        """Where `open` put a file it could not read, before it began a new one; None when all was well."""
        return self._kept_aside

    def open(self) -> None:
        """Open or create; a damaged file is put aside and a new one begun.

        Raises:
            HistoryError: The file cannot be opened or written, or its disk is missing; read-only, also: it is damaged.
        """
        with self._explained("opened"):
            self._open()

    def append(self, reading: Reading, *, time: str) -> HistoryEntry:
        """Keep a reading, durably; the oldest beyond `keep` go. `time` as in HistoryEntry. Raises HistoryError."""
        row = (time, reading.number, reading.status.value)
        with self._explained("written"), self._transaction() as database:
            cursor = database.execute("INSERT INTO readings (time, number, status) VALUES (?, ?, ?)", row)
            number = cursor.lastrowid or 0
            database.execute("DELETE FROM readings WHERE id <= ?", (number - self._keep,))
        return HistoryEntry(number, *row)

    def entries(self, *, limit: int | None = None) -> Sequence[HistoryEntry]:
        """The latest `limit` entries (all when None), oldest first. Raises HistoryError."""
        query = "SELECT id, time, number, status, corrected FROM readings ORDER BY id DESC LIMIT ?"
        with self._explained("read"):
            if self._database is None and self._read_only:
                return ()
            rows = self._opened().execute(query, (-1 if limit is None else limit,)).fetchall()
        return [HistoryEntry(*row) for row in reversed(rows)]

    def search(self, *, limit: int, before: int | None = None, number: str = "") -> Sequence[HistoryEntry]:
        """At most `limit` entries, the latest first, with ids below `before`, that hold these digits in a row.

        Raises:
            HistoryError: The history cannot be read.
        """
        query = "SELECT id, time, number, status, corrected FROM readings WHERE id < ?"
        values: list[int | str] = [before or _AFTER_ALL]
        if number:
            query += " AND instr(replace(number || '|' || ifnull(corrected, ''), ' ', ''), ?)"
            values.append(number)
        with self._explained("read"):
            rows = self._opened().execute(f"{query} ORDER BY id DESC LIMIT ?", (*values, limit)).fetchall()
        return [HistoryEntry(*row) for row in rows]

    def correct(self, number: int, corrected: str) -> bool:
        """Note what the entry of this number really was, durably; False when there is none. Raises HistoryError."""
        with self._explained("written"), self._transaction() as database:
            update = database.execute("UPDATE readings SET corrected = ? WHERE id = ?", (corrected, number))
            return update.rowcount > 0

    def delete(self, number: int | None = None) -> int:
        """Delete the entry of this number, or everything; say how many there were. It need not be open.

        Nothing of it stays in the file.

        Raises:
            HistoryError: The history cannot be written.
        """
        with self._explained("emptied"):
            try:
                if self._database is None:
                    self._open()
                count = self._delete_rows(number)
            except sqlite3.Error as error:
                if number is not None or not is_full(error):
                    raise
                count = self._delete_files()
            if number is None:
                for aside in self._path.parent.glob(f"{self._path.name}.corrupt-*"):
                    if aside.is_dir():
                        shutil.rmtree(aside)
                    else:
                        aside.unlink(missing_ok=True)
        return count

    def close(self) -> None:
        """Close the file."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def _open(self) -> None:
        if durable.lacks_its_disk(self._path.parent):
            raise HistoryError(
                f"the partition for {self._path.parent} is missing, so no reading is kept; "
                "plug it in again and restart the box"
            )
        files.refuse_endless(self._path)
        if self._read_only:
            self._database = self._look()
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if self._path.is_dir():
                raise _Damaged("it is a folder")
            self._database = self._connect()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._kept_aside = str(self._put_aside())
            self._database = self._connect()

    def _delete_rows(self, number: int | None) -> int:
        with self._transaction() as database:
            count = database.execute("DELETE FROM readings WHERE ?1 IS NULL OR id = ?1", (number,)).rowcount
        # Until this the log beside the file still holds the pages as they were.
        (busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise HistoryError(f"{self._path}: is being read, and still holds what was deleted; delete it once more")
        return count

    def _delete_files(self) -> int:
        """Delete everything where there is no space for SQLite to do so; the history stays open or closed."""
        was_open = self._database is not None
        self.close()
        with closing(self._open_file(f"file:{quote(str(self._path))}")) as alone:
            count = self._count_alone(alone)
            # Nobody can open the file before it goes itself; then SQLite leaves the name of its log alone as well.
            for suffix in ("-wal", "-shm", ""):
                _beside(self._path, suffix).unlink(missing_ok=True)
        if was_open:
            with suppress(sqlite3.Error):  # what was freed may be taken already: the next use says so
                self._database = self._connect()
        return count

    def _count_alone(self, database: sqlite3.Connection) -> int:
        """How many readings there are, with everybody else locked out. Raises HistoryError."""
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")  # also: no file of shared memory
            database.execute("BEGIN EXCLUSIVE")
            return int(database.execute("SELECT count(*) FROM readings").fetchone()[0])
        except sqlite3.OperationalError as error:
            if _primary(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise HistoryError(
                    f"{self._path}: cannot be emptied: the disk takes no more, and another program has it open; "
                    "stop that first: sudo systemctl stop digitbox"
                ) from error
            return 0  # it was never begun

    def _connect(self) -> sqlite3.Connection:
        """Open for writing, checked and with the latest schema; sqlite3.DatabaseError if that cannot be."""
        database = self._open_file(f"file:{quote(str(self._path))}")
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA secure_delete = ON")
            self._check(database)
            self._migrate(database)
            self._check_columns(database)
        except BaseException:
            database.close()
            raise
        return database

    def _look(self) -> sqlite3.Connection | None:
        """Open for reading; None when there is nothing to read."""
        if not self._path.exists():
            return None
        # Without a log nobody writes, and `immutable` keeps SQLite from creating one, which a reader might own.
        still = "" if _beside(self._path, "-wal").exists() else "&immutable=1"
        database = self._open_file(f"file:{quote(str(self._path))}?mode=ro{still}")
        try:
            self._check(database)
            begun = self._version(database) > 0
        except BaseException:
            database.close()
            raise
        if not begun:
            database.close()
        return database if begun else None

    def _open_file(self, uri: str) -> sqlite3.Connection:
        # The daemon may close on another thread than its worker's; SQLite serialises the calls itself.
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    def _check(self, database: sqlite3.Connection) -> None:
        if self._path.stat().st_size > _CHECKED_BYTES:
            return
        verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise _Damaged(verdict)

    def _check_columns(self, database: sqlite3.Connection) -> None:
        """A file may say that it has the schema, and have another."""
        try:
            database.execute("SELECT id, time, number, status, corrected FROM readings LIMIT 0")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:  # no such table, no such column
                raise _Damaged(str(error)) from error
            raise

    def _version(self, database: sqlite3.Connection) -> int:
        version = int(database.execute("PRAGMA user_version").fetchone()[0])
        if version > len(_MIGRATIONS):
            raise HistoryError(
                f"{self._path}: was written by a newer digitbox (version {version}, this one knows "
                f"{len(_MIGRATIONS)}); install that one again, or set [history] path to another file"
            )
        return version

    def _migrate(self, database: sqlite3.Connection) -> None:
        version = self._version(database)
        database.execute("BEGIN IMMEDIATE")
        for statement in _MIGRATIONS[version:]:
            database.execute(statement)
        # Also when it is the same: SQLite opens a file that it may not write without a word, and fails here.
        database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        database.execute("COMMIT")

    def _put_aside(self) -> Path:
        """Rename the damaged file, and what SQLite keeps beside it, to the first free name."""
        names = (_beside(self._path, f".corrupt-{number}") for number in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                _beside(self._path, suffix).rename(_beside(aside, suffix))
        return aside

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._opened()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            # SQLite itself rolls back after some errors, such as a full disk.
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            raise HistoryError(f"{self._path}: the history is closed; open it first")
        return self._database

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        try:
            yield
        except HistoryError:
            raise
        except sqlite3.Error as error:
            step = (
                "it is damaged: it is put aside at the next start"
                if is_damage(error)
                else "is the disk full, or not writable?"
            )
            raise HistoryError(f"{self._path}: cannot be {done} ({error}); {step}") from error
        except OSError as error:
            raise HistoryError(
                f"{self._path}: cannot be {done} ({error.strerror}); may this user do that? Else set [history] path"
            ) from error


class _Damaged(sqlite3.DatabaseError):
    """The check found the file damaged."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, rather than the disk or its permissions."""
    return isinstance(error, _Damaged) or _primary(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk takes no more; where only shared memory finds no space, SQLite calls that an I/O error."""
    return _primary(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _primary(error: sqlite3.Error) -> int:
    """Extended codes carry the primary one in their low byte (https://www.sqlite.org/rescode.html)."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
