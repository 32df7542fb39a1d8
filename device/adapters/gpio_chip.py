"""What the button and the status LED share: one gpiochip of the kernel, opened through gpiozero and lgpio.

No adapter of its own, so that neither of the two imports the other.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from device.config import ButtonConfig, IndicatorConfig
from device.errors import ButtonError, IndicatorError

DEVICES = Path("/dev")


def open_factory(chip: int) -> Any:  # noqa: ANN401 - gpiozero has no types
    """The pins of /dev/gpiochip<chip> for gpiozero; raises what it and lgpio raise, for `explained` to translate."""
    with _folder_for_pipe():
        from gpiozero.pins.lgpio import LGPIOFactory
    factory = LGPIOFactory(chip=chip)
    if factory.chip != chip:  # 2.0.1 takes the number and does not look at it
        factory.close()
        raise RuntimeError("this gpiozero chooses the chip itself; pip install 'gpiozero>=2.0.1.post3'")
    # gpiozero has one table of pins for all factories of a process: closing the button's would reset the LED's pin, and
    # a pin of a chip that has gone would stay in it and be handed out again.
    factory.pins = {}
    return factory


def close_factory(factory: Any) -> None:  # noqa: ANN401 - gpiozero has no types
    """Give the chip back, and with it all pins, also of one that has gone, whose pins can't be closed one by one."""
    with suppress(Exception):
        factory.pins.clear()
        factory.close()


def node(chip: int) -> tuple[int, int] | None:
    """Which file /dev/gpiochip<chip> is: another one once a chip has gone and come back; None where there is none."""
    try:
        found = (DEVICES / f"gpiochip{chip}").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check(chip: int, opened: tuple[int, int] | None) -> None:
    """See that the chip is the one that was opened, by its `node` then; raises OSError, for `explained` to translate.

    Its pins say nothing when it goes: no edge comes any more, and the kernel holds what is open until it is closed.
    """
    if node(chip) != opened:
        raise OSError("the chip that was in use has gone; once it is back it is taken again")


@contextmanager
def explained(
    family: type[ButtonError] | type[IndicatorError], config: ButtonConfig | IndicatorConfig
) -> Iterator[None]:
    """Turn whatever the GPIO libraries raise inside into one error of the family, with the next step in it."""
    try:
        yield
    except Exception as error:  # lgpio.error and gpiozero's errors have no parent in common but this
        section = "button" if family is ButtonError else "indicator"
        raise family(_explanation(error, section, config.chip, config.pin)) from error


@contextmanager
def _folder_for_pipe() -> Iterator[None]:
    """Let lgpio make its pipe in a folder of its own while it is imported.

    lgpio 0.2.2 creates the named pipe `.lgd-nfy0` in the folder LG_WD, else in the working folder, where a
    daemon may not write; it moves the whole process to LG_WD, and it leaves the pipe behind. When the import
    returns both ends are open, so that the name is needed no longer.
    """
    if "lgpio" in sys.modules:
        yield
        return
    working_folder, former = Path.cwd(), os.environ.get("LG_WD")
    with tempfile.TemporaryDirectory(prefix="digitbox-lgpio-") as folder:
        os.environ["LG_WD"] = folder
        try:
            yield
        finally:
            os.chdir(working_folder)
            if former is None:
                del os.environ["LG_WD"]
            else:
                os.environ["LG_WD"] = former


def _explanation(error: Exception, section: str, chip: int, pin: int) -> str:
    device = DEVICES / f"gpiochip{chip}"
    what = f"[{section}] pin {pin} on {device}"
    if isinstance(error, ImportError):
        return (
            f"{what}: the library {error.name} is missing; on a Pi: sudo apt install python3-lgpio, in an "
            "environment made with --system-site-packages; elsewhere: pip install lgpio gpiozero"
        )
    if type(error).__name__ == "PinUnknownPi":
        return f"{what}: this machine is not a Raspberry Pi; set [{section}] backend to one that needs no pins"
    if type(error).__module__.startswith("lgpio"):
        return f"{what}: {_chip_trouble(error, device)}"
    if type(error).__module__.startswith("gpiozero"):
        return f"{what}: {error}; set [{section}] pin to one that is free"
    return f"{what}: {error}"


def _chip_trouble(error: Exception, device: Path) -> str:
    if not device.exists():
        there = ", ".join(sorted(path.name.removeprefix("gpiochip") for path in DEVICES.glob("gpiochip*")))
        return f"there is no such chip; this machine has {there or 'none'}: set chip to the header's"
    if not os.access(device, os.R_OK | os.W_OK):
        return "this user may not open it; sudo usermod -aG gpio USER, then log in again"
    if "busy" in str(error):
        return "another program uses the pin; `gpioinfo` names it: end it, or take another pin"
    return f"lgpio says {error}; see the kernel's messages with `sudo dmesg`"
