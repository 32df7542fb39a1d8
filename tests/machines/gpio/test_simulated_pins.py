"""Inside the machine of gpio.sh: gpiozero, lgpio and the kernel's edges and debouncing are real, the chip is simulated.

What hardware tests of the adapters there are in tests/adapters, for a V4L2 camera also, run there as well.
"""

from __future__ import annotations

import os
import queue
from dataclasses import replace
from pathlib import Path

import pytest

from device import config
from device.adapters.button_gpio import GpioButton
from device.adapters.indicator_gpio import GpioIndicator
from device.domain import Light
from device.errors import ButtonError
from device.help import Led

if "DIGITBOX_TEST_PINS" not in os.environ:
    pytest.skip("this is not the machine of gpio.sh", allow_module_level=True)
lgpio = pytest.importorskip("lgpio", reason="the library lgpio is missing")  # leaves a pipe in the working folder

pytestmark = pytest.mark.hardware
LIMIT_SECONDS = 30.0  # QEMU is slow


class Pin:
    """The other end of a pin: the finger on a button, the eye on an LED."""

    def __init__(self, number):
        self._folder = Path(os.environ["DIGITBOX_TEST_PINS"]) / f"sim_gpio{number}"

    def pull(self, level):
        """Drive an input high or low from outside."""
        (self._folder / "pull").write_text("pull-up" if level else "pull-down")

    @property
    def level(self):
        """What the pin is driven to."""
        return int((self._folder / "value").read_text())


@pytest.fixture
def settings():
    """The shipped defaults, on the simulated chip."""
    settings = config.load()
    chip = int(os.environ["DIGITBOX_TEST_CHIP"])
    return replace(
        settings,
        button=replace(settings.button, chip=chip),
        indicator=replace(settings.indicator, chip=chip),
    )


@pytest.fixture
def finger(settings):
    """On the button, not pressing it."""
    finger = Pin(settings.button.pin)
    finger.pull(1)
    return finger


@pytest.fixture
def open_button():
    """A function that opens a button and returns the queue of its reports; all are closed in the end."""
    opened = []

    def open_button(settings):
        reports = queue.SimpleQueue()
        button = GpioButton(settings)
        button.open(lambda: reports.put("pressed"), lambda: reports.put("released"), lambda: reports.put("ended"))
        opened.append(button)
        return reports

    yield open_button
    for button in opened:
        button.close()


def test_presses_are_reported(settings, finger, open_button):
    """Each press and each release once, in order."""
    reports = open_button(settings.button)
    for _ in range(3):
        finger.pull(0)
        assert reports.get(timeout=LIMIT_SECONDS) == "pressed"
        finger.pull(1)
        assert reports.get(timeout=LIMIT_SECONDS) == "released"
    assert reports.empty()


def test_a_bouncing_contact_is_one_press(settings, finger, open_button):
    """Edges within the bounce time are not presses."""
    reports = open_button(replace(settings.button, bounce_seconds=0.3))
    for level in (0, 1, 0, 1, 0):
        finger.pull(level)
    assert reports.get(timeout=LIMIT_SECONDS) == "pressed"
    finger.pull(1)
    assert reports.get(timeout=LIMIT_SECONDS) == "released"
    assert reports.empty()


def test_a_button_can_be_opened_again(settings, finger):
    """Closed while edges come, and opened again, it reports as before."""
    for _ in range(3):
        reports = queue.SimpleQueue()
        button = GpioButton(settings.button)
        button.open(lambda reports=reports: reports.put("pressed"), lambda: None, lambda: None)
        finger.pull(0)
        assert reports.get(timeout=LIMIT_SECONDS) == "pressed"
        button.close()
        finger.pull(1)


def test_a_pin_in_use_is_named(settings, open_button):
    """The message has the pin, and says that another program has it."""
    chip = lgpio.gpiochip_open(settings.button.chip)
    lgpio.gpio_claim_input(chip, settings.button.pin)
    with pytest.raises(ButtonError, match=rf"pin {settings.button.pin} .*another program uses the pin"):
        open_button(settings.button)
    lgpio.gpiochip_close(chip)


def test_a_chip_that_is_not_there_is_named(settings, open_button):
    """The message has the chips that are."""
    there = settings.button.chip
    with pytest.raises(ButtonError, match=rf"no such chip; this machine has .*{there}"):
        open_button(replace(settings.button, chip=15))


def test_the_led_lights(settings):
    """On is a high pin, off and closed a low one."""
    eye = Pin(settings.indicator.pin)
    indicator = GpioIndicator(settings.indicator)
    indicator.open()
    levels = []
    for light in (Light.ON, Light.OFF, Light.ON):
        indicator.show(light)
        levels.append(eye.level)
    indicator.close()
    assert levels == [1, 0, 1]
    assert eye.level == 0


def test_the_button_stays_when_the_led_is_closed(settings, finger, open_button):
    """And the other way round: each has its own pin of the chip, and leaves the other's alone."""
    indicator = GpioIndicator(settings.indicator)
    indicator.open()
    reports = open_button(settings.button)
    indicator.close()
    finger.pull(0)
    assert reports.get(timeout=LIMIT_SECONDS) == "pressed"
    finger.pull(1)
    assert reports.get(timeout=LIMIT_SECONDS) == "released"


def test_the_call_for_help_blinks_without_any_library(settings):
    """device/help.py asks the kernel itself for the LED, by numbers that only a real kernel can refuse."""
    led = Led(settings.indicator.chip, settings.indicator.pin)
    eye = Pin(settings.indicator.pin)
    led.show(lit=True)
    assert eye.level == 1
    led.show(lit=False)
    assert eye.level == 0
    with pytest.raises(OSError, match="busy"):
        Led(settings.indicator.chip, settings.indicator.pin)


def test_a_chip_that_goes_while_it_is_in_use_is_noticed(settings, open_button, monkeypatch):
    """The last test, for the kernel may give the chip back under another number; opened anew, the button reports."""
    simulated = Path("/sys/kernel/config/gpio-sim/pi")
    button = GpioButton(settings.button)
    button.open(lambda: None, lambda: None, lambda: None)
    button.check()
    (simulated / "live").write_text("0")
    with pytest.raises(ButtonError, match="the chip that was in use has gone"):
        button.check()
    button.close()
    (simulated / "live").write_text("1")
    chip = (simulated / "bank0" / "chip_name").read_text().strip()
    device = (simulated / "dev_name").read_text().strip()
    monkeypatch.setenv("DIGITBOX_TEST_PINS", f"/sys/devices/platform/{device}/{chip}")
    finger = Pin(settings.button.pin)
    finger.pull(1)
    reports = open_button(replace(settings.button, chip=int(chip.removeprefix("gpiochip"))))
    finger.pull(0)
    assert reports.get(timeout=LIMIT_SECONDS) == "pressed"
