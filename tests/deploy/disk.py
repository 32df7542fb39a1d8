"""A disk that forgets: what a program wrote, recorded by strace, and what a power cut anywhere would leave of it.

The rules are POSIX's, stricter than those of any one file system: a file's content is safe after fsync of the file, a
name in a folder after fsync of the folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,close,write,pwrite64,lseek,ftruncate,fsync,fdatasync,sync,"
    "rename,renameat,renameat2,unlink,unlinkat,symlink,symlinkat,mkdir,mkdirat"
)
LIMIT_SECONDS = 300.0
ACKNOWLEDGED = "ack "
"""What a program prints, followed by a word, once something is safe by its own account."""

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"^(\d+)<([^>]*)>")


@dataclass
class Inode:
    """A file's content, and as much of it as has reached the disk; a link is a file whose content is its target."""

    content: bytes = b""
    synced: bytes = b""
    is_link: bool = False

    def write(self, at: int, data: bytes) -> None:
        """Overwrite, with zeros in a gap before."""
        padded = self.content.ljust(at, b"\0")
        self.content = padded[:at] + data + padded[at + len(data) :]


Names = dict[Path, Inode]


@dataclass
class Disk:
    """The files below one folder: names as programs see them, and names that have reached the disk."""

    root: Path
    names: Names = field(default_factory=dict)
    synced_names: Names = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    acknowledged: list[str] = field(default_factory=list)
    _open: dict[str, tuple[Path, int]] = field(default_factory=dict)

    def load(self) -> None:
        """Take what lies there now, all of it safe."""
        for path in sorted(self.root.rglob("*")):
            if path.is_symlink():
                target = str(path.readlink()).encode()
                self.names[path] = Inode(target, target, is_link=True)
            elif path.is_dir():
                self.folders.add(path)
            else:
                content = path.read_bytes()
                self.names[path] = Inode(content, content)
        self.synced_names = dict(self.names)

    def states(self) -> Iterator[tuple[str, Mapping[Path, tuple[bytes, bool]]]]:
        """What a cut may leave at this moment: all, only what is safe, all names with only the content that is safe."""
        yield "all", {path: (inode.content, inode.is_link) for path, inode in self.names.items()}
        yield "safe", {path: (inode.synced, inode.is_link) for path, inode in self.synced_names.items()}
        yield "names", {path: (inode.synced, inode.is_link) for path, inode in self.names.items()}

    def obey(self, line: str) -> bool:
        """Apply one line of strace's; whether it changed anything that a cut could take."""
        found = _CALL.match(line)
        if found is None or found[3] in ("-1", "?"):
            return False
        name, words, result, result_path = found.groups()
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(words)]
        return bool(getattr(self, f"_{name}", self._nothing)(words, texts, int(result), _decoded(result_path)))

    def _nothing(self, *_: object) -> bool:
        return False

    def _inside(self, path: Path) -> bool:
        return self.root in path.parents or path == self.root

    def _path(self, text: bytes, words: str) -> Path:
        path = Path(text.decode())
        if path.is_absolute():
            return path
        folder = _FD.match(words)
        return Path(_decoded(folder[2]) or "/") / path if folder else path

    def _file(self, words: str) -> tuple[str, Path | None]:
        found = _FD.match(words)
        if found is None:
            return "", None
        path = Path(_decoded(found[2]) or "/")
        return found[1], path if self._inside(path) else None

    def _openat(self, words: str, texts: list[bytes], result: int, result_path: str | None) -> bool:
        path = Path(result_path or "/")
        if not self._inside(path) or path in self.folders or path == self.root:
            return False
        self._open[str(result)] = (path, 0)
        changed = False
        if "O_CREAT" in words and path not in self.names:
            self.names[path] = Inode()
            changed = True
        if "O_TRUNC" in words and path in self.names and self.names[path].content:
            self.names[path].content = b""
            changed = True
        return changed

    def _close(self, words: str, *_: object) -> bool:
        found = _FD.match(words)
        if found:
            self._open.pop(found[1], None)
        return False

    def _lseek(self, words: str, texts: list[bytes], result: int, *_: object) -> bool:
        number, path = self._file(words)
        if path:
            self._open[number] = (path, result)
        return False

    def _write(self, words: str, texts: list[bytes], result: int, *_: object) -> bool:
        number, path = self._file(words)
        if number == "1":
            said = texts[0].decode(errors="replace").splitlines()
            self.acknowledged += [line.removeprefix(ACKNOWLEDGED) for line in said if line.startswith(ACKNOWLEDGED)]
            return bool(said)
        if path is None or path not in self.names:
            return False
        at = self._open.get(number, (path, 0))[1]
        self.names[path].write(at, texts[0][:result])
        self._open[number] = (path, at + result)
        return True

    def _pwrite64(self, words: str, texts: list[bytes], result: int, *_: object) -> bool:
        _, path = self._file(words)
        if path is None:
            return False
        self.names[path].write(int(words.rsplit(", ", 1)[1]), texts[0][:result])
        return True

    def _ftruncate(self, words: str, *_: object) -> bool:
        _, path = self._file(words)
        if path is None or path not in self.names:
            return False
        size = int(words.rsplit(", ", 1)[1])
        self.names[path].content = self.names[path].content[:size].ljust(size, b"\0")
        return True

    def _fsync(self, words: str, *_: object) -> bool:
        _, path = self._file(words)
        if path is None:
            return False
        if path in self.folders or path == self.root:
            kept = {name: inode for name, inode in self.synced_names.items() if name.parent != path}
            self.synced_names = kept | {name: inode for name, inode in self.names.items() if name.parent == path}
        elif path in self.names:
            self.names[path].synced = self.names[path].content
        return True

    _fdatasync = _fsync

    def _sync(self, *_: object) -> bool:
        for inode in self.names.values():
            inode.synced = inode.content
        self.synced_names = dict(self.names)
        return True

    def _rename(self, words: str, texts: list[bytes], *_: object) -> bool:
        before, after = self._path(texts[0], words), self._path(texts[1], words)
        if before not in self.names:
            return False
        self.names[after] = self.names.pop(before)
        return True

    _renameat = _renameat2 = _rename

    def _unlink(self, words: str, texts: list[bytes], *_: object) -> bool:
        return self.names.pop(self._path(texts[0], words), None) is not None

    _unlinkat = _unlink

    def _symlink(self, words: str, texts: list[bytes], *_: object) -> bool:
        path = self._path(texts[1], words)
        if self._inside(path):
            self.names[path] = Inode(texts[0], texts[0], is_link=True)
        return self._inside(path)

    _symlinkat = _symlink

    def _mkdir(self, words: str, texts: list[bytes], *_: object) -> bool:
        path = self._path(texts[0], words)
        if self._inside(path):
            self.folders.add(path)  # taken for safe: nothing here depends on a folder that was just made
        return False

    _mkdirat = _mkdir


def _decoded(text: str | None) -> str | None:
    """A path as strace -xx writes it."""
    return None if text is None else re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text)


def record(program: str, arguments: list[str], trace: Path) -> list[str]:
    """Run a Python program to its end under strace; the calls it made, in order. strace writes them to `trace`."""
    command = [
        "strace", "-f", "-y", "-xx", "-s", "4000000", "-e", f"trace={CALLS}", "-o", str(trace),
        sys.executable, "-B", "-c", program, *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return trace.read_text(encoding="ascii").splitlines()


def lay_out(state: Mapping[Path, tuple[bytes, bool]], folders: set[Path], root: Path, place: Path) -> None:
    """Write a state into another folder, as it would be found after the cut."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for folder in sorted(folders):
        (place / folder.relative_to(root)).mkdir(parents=True, exist_ok=True)
    for path, (content, is_link) in state.items():
        there = place / path.relative_to(root)
        there.parent.mkdir(parents=True, exist_ok=True)
        if is_link:
            there.symlink_to(content.decode())
        else:
            there.write_bytes(content)
