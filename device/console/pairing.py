"""The token that opens the page to other machines, and the secret that signs its cookies: two files in a folder."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from device.errors import DigitboxError

TOKEN_BYTES = 15
"""120 random bits, 24 letters and figures: nobody guesses them, and a hash without salt or stretching keeps them."""

SPOKEN_DIGITS = 16
"""Of a token that is spoken, 53 bits: heard and typed as a card's number is. It can only be guessed by asking this
page, which takes thousands of years at ten thousand guesses a second; who reads its hash reads the secret beside it."""

_TOKEN, _SECRET = "token.sha256", "secret"
_SECRET_BYTES = 32


class PairingError(DigitboxError, OSError):
    """The folder cannot be written or read."""


class Pairing:
    """Who may come in from other machines.

    Args:
        folder: Where token and secret are kept; made when need be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new_token(self, *, spoken: bool = False) -> str:
        """A new one, of digits alone where it is to be spoken, which ends every session of the one before.

        Raises:
            PairingError: It cannot be kept.
        """
        token = (
            f"{secrets.randbelow(10**SPOKEN_DIGITS):0{SPOKEN_DIGITS}}" if spoken else secrets.token_urlsafe(TOKEN_BYTES)
        )
        self._write(_TOKEN, _hashed(token).encode())
        return token

    def secret(self) -> bytes:
        """What cookies are signed with: made once. Raises PairingError."""
        kept = self._read(_SECRET)
        if len(kept) == _SECRET_BYTES:
            return kept
        self._write(_SECRET, secrets.token_bytes(_SECRET_BYTES))
        return self._read(_SECRET)

    def accepts(self, token: str) -> bool:
        """Whether this is the token; takes as long whatever is wrong with it."""
        kept = self._read(_TOKEN)
        return bool(kept) and hmac.compare_digest(_hashed(token).encode(), kept)

    def generation(self) -> str:
        """Stands in a session for the token it was opened with; "" when there is none. Tells nothing of the token."""
        kept = self._read(_TOKEN)
        return hashlib.sha256(kept).hexdigest()[:16] if kept else ""

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise PairingError(f"{self._folder / name}: cannot be read ({error.strerror}); {_step(error)}") from error

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all, readable by the folder's owner alone, also when root writes it."""
        path, beside = self._folder / name, self._folder / f"{name}.part"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                owner = self._folder.stat()
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            beside.replace(path)
        except OSError as error:
            raise PairingError(f"{path}: cannot be written ({error.strerror}); {_step(error)}") from error


def _step(error: OSError) -> str:
    return "try as root" if isinstance(error, PermissionError) else "make room there, or change [console] folder"


def _hashed(token: str) -> str:
    """Of the token without spaces: digits are heard and noted in groups."""
    return hashlib.sha256("".join(token.split()).encode("utf-8", "replace")).hexdigest()
