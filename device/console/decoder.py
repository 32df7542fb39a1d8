"""Hands pictures to the process that decodes them, and ends it when it takes too long or has nothing to do."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from device.errors import DigitboxError

MOST_UPLOAD_BYTES = 20_000_000
"""A phone's photograph has 2 to 12 MB."""

LIMIT_SECONDS = 20.0
"""For one picture: a Zero 2 W reads twelve megapixels in two."""

START_SECONDS = 60.0
"""For the process to be there: no picture is to blame for a busy board, and ended too early it would never be."""

WAIT_SECONDS = 10.0
"""For those before it."""

MOST_WAITING = 3
"""More would only keep others out: the server has twice as many threads."""

IDLE_SECONDS = 60.0
"""Then its sixty megabytes are given back."""

_MOST_ANSWER_BYTES = 4_000_000

_SETTINGS = {
    # One thread each: the libraries would otherwise take memory for as many as there are cores.
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "VIPS_CONCURRENCY"), "1"),
    # A picture is read in 40 MB that are taken from the kernel and given back each time. In huge pages, where it has
    # them (glibc's manual, "Memory Allocation Tunables"), 10,000 page faults less: two thirds of the time.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""Of the process's environment."""

_PIPE_BYTES = 1 << 20
"""What a process may give a pipe (pipe(7)): a photograph of a phone passes in few turns, where the usual 64 kB make the
two processes wait for one another at every piece, which on a busy board takes longer than the reading."""


class DecoderError(DigitboxError, RuntimeError):
    """A picture took too long or too much memory, or too many are waiting; the text is for a person."""


class Busy(DecoderError):  # noqa: N818 - a state rather than a failure
    """Try again in a moment."""


class Decoder:
    """Reads pictures, one at a time, in a process that is started when the first one comes.

    Args:
        configuration: The configuration's file; None is the installed one.
        limit_seconds: For one picture.
        start_seconds: For the process to be there.
    """

    def __init__(
        self,
        configuration: Path | None,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._command = [sys.executable, "-m", "device.console.decoder_process"]
        self._command += [str(configuration)] if configuration else []
        self._limit_seconds = limit_seconds
        self._start_seconds = start_seconds
        self._starts_until: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._used_at = time.monotonic()

    def read(self, content: bytes, *, name: str, language: str, number_style: str, page: bool) -> dict[str, Any]:
        """What is written on a picture, as decoder_process says it. Raises DecoderError, Busy."""
        if not self._places.acquire(blocking=False):
            raise Busy("other pictures are being read; try again in a moment")
        try:
            if not self._turn.acquire(timeout=WAIT_SECONDS):
                raise Busy("another picture takes long; try again in a moment")
            try:
                asked = {"bytes": len(content), "name": name, "language": language, "page": page}
                return self._ask({**asked, "number_style": number_style}, content)
            finally:
                self._used_at = time.monotonic()
                self._turn.release()
        finally:
            self._places.release()

    def wake(self) -> None:
        """Start the process if there is none, for a picture that is about to come; does not wait for it."""
        if self._turn.acquire(blocking=False):
            try:
                with contextlib.suppress(Busy):  # whoever brings the picture is told
                    self._process = self._process or self._started()
                self._used_at = time.monotonic()
            finally:
                self._turn.release()

    def rest(self) -> None:
        """End the process if nothing was to be read for a while; call it now and then."""
        if self._process is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()

    def close(self) -> None:
        """End the process, unless it is reading."""
        if self._turn.acquire(blocking=False):
            try:
                self._kill()
            finally:
                self._turn.release()

    def _ask(self, asked: dict[str, Any], content: bytes) -> dict[str, Any]:
        if self._process is not None and self._process.poll() is not None:
            self._kill()
        process = self._process = self._process or self._started()
        self._wait_for_start(process)
        try:
            question = json.dumps(asked).encode() + b"\n" + content
            answer = json.loads(self._exchanged(process, question, time.monotonic() + self._limit_seconds))
        except TimeoutError as error:
            self._kill()
            raise DecoderError(f"the picture took longer than {self._limit_seconds:g} s; try a smaller one") from error
        except (OSError, ValueError) as error:
            self._kill()
            raise DecoderError("the picture took too much memory or is damaged; try another") from error
        return dict(answer)

    def _wait_for_start(self, process: subprocess.Popen[bytes]) -> None:
        if self._starts_until is None:
            return
        try:
            self._exchanged(process, b"", self._starts_until)
            self._starts_until = None
        except OSError as error:  # a timeout among them
            self._kill()
            raise Busy("pictures cannot be read now, because their process does not start; see the log") from error

    def _started(self) -> subprocess.Popen[bytes]:
        self._starts_until = time.monotonic() + self._start_seconds
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **_SETTINGS}
            )
        except OSError as error:  # no memory for another process, or too many of them
            raise Busy(f"pictures cannot be read now ({error.strerror}); try again in a moment") from error
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                with contextlib.suppress(OSError):  # the user has many pipes already
                    fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return process

    def _exchanged(self, process: subprocess.Popen[bytes], content: bytes, end: float) -> bytes:
        """Send all of it and take one line, until then. Raises TimeoutError, OSError."""
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - for mypy: both are pipes
        rest, answer = memoryview(content), bytearray()
        with selectors.DefaultSelector() as selector:
            if rest:
                selector.register(process.stdin, selectors.EVENT_WRITE)
            selector.register(process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fileobj is process.stdin:
                        rest = rest[os.write(key.fd, rest) :]
                        if not rest:
                            selector.unregister(process.stdin)
                    elif not (more := os.read(key.fd, _PIPE_BYTES)) or len(answer) > _MOST_ANSWER_BYTES:
                        raise BrokenPipeError
                    else:
                        answer += more
        return bytes(answer)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait()
