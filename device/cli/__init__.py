"""The command line; what it loads takes its time on a board, so only `main` loads anything."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. A Ctrl-C is no traceback, also while all is still loaded."""
    try:
        from device.cli.dispatch import run

        return run(arguments)
    except KeyboardInterrupt:
        return 130
