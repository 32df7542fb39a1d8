"""What comes of reading a damaged .npz file."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib

DAMAGED: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    RuntimeError,  # says it is encrypted, or of a version or a method that zipfile does not know (NotImplementedError)
    KeyError,
    ValueError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    OverflowError,
)
"""What zipfile and NumPy raise, depending on the byte that is wrong: neither turns it into an error of its own.

From KeyError on: an array's name, or its header, which NumPy parses as Python.
"""
