"""Programs and packages that a test needs: without one it is skipped, but fails where all of them were installed.

A skip is for who tries something on a machine of their own. Where tests/run has installed everything, as in CI, it
would only hide that a package has gone from the list, or a program from its package.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest

ALL_INSTALLED = "DIGITBOX_ALL_INSTALLED"
"""Set by tests/run, once it has installed everything."""

PATH = f"{os.environ['PATH']}:/usr/sbin"
"""Where Debian keeps some of the programs that anybody may run."""


def need(*names: str) -> None:
    """Go on if these programs and top-level packages of Python are here; else skip or fail, and say what is missing.

    Called by tests and fixtures, by modules before they import one, and for the marker `needs`.
    """
    missing = [name for name in names if shutil.which(name, path=PATH) is None and find_spec(name) is None]
    if missing and os.environ.get(ALL_INSTALLED):
        pytest.fail(f"not installed: {', '.join(missing)}; tests/run should have done it", pytrace=False)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; tests/run does it", allow_module_level=True)
