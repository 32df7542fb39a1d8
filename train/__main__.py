"""Where `digitbox-train` begins: what it needs takes a while to import, and Ctrl-C may come meanwhile."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Import the commands and run one; the exit status is that of `train.cli.main`, and 1 after an early Ctrl-C."""
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # in the background of a shell it is ignored
    if usual:
        signal.signal(signal.SIGINT, _stop)
    from train import cli

    if usual:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return cli.main()


def _stop(*_: object) -> None:
    """Leave at once: raised while NumPy is imported, KeyboardInterrupt would come out as an ImportError."""
    sys.stderr.write("digitbox-train: stopped\n")
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
