"""The contract of the indicator port, over every adapter, and each adapter's own faults."""

from __future__ import annotations

import sys
import threading

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from device.adapters import gpio_chip
from device.adapters.indicator_gpio import GpioIndicator
from device.adapters.indicator_none import NullIndicator
from device.domain import Light
from device.errors import IndicatorError


@pytest.fixture
def factory():
    """Gpiozero's own pins that are not there."""
    factory = MockFactory()
    yield factory
    factory.close()


@pytest.fixture(params=["gpio", "none"])
def indicator(request, settings, factory):
    """Every indicator, not opened."""
    indicator = GpioIndicator(settings.indicator, pin_factory=factory) if request.param == "gpio" else NullIndicator()
    yield indicator
    indicator.close()


def test_every_light_can_be_shown(indicator):
    """In any order, the same one twice as well."""
    indicator.open()
    for light in (*Light, *reversed(Light)):
        indicator.show(light)


def test_an_indicator_can_be_closed_at_any_time(indicator):
    """Closing before opening, and twice, is no error, nor is showing after it; it can be opened again."""
    indicator.close()
    indicator.open()
    indicator.show(Light.FAST_BLINK)
    indicator.close()
    indicator.close()
    indicator.show(Light.ON)
    indicator.open()


def test_an_open_indicator_is_there(indicator):
    """A look at one that works finds nothing."""
    indicator.open()
    indicator.show(Light.ON)
    indicator.check()


def test_a_chip_that_goes_while_it_is_in_use_is_noticed(settings, factory, tmp_path, monkeypatch):
    """Also by a light that blinks in a thread, where nobody hears that it can't."""
    monkeypatch.setattr(gpio_chip, "DEVICES", tmp_path)
    node = tmp_path / f"gpiochip{settings.indicator.chip}"
    node.touch()
    indicator = GpioIndicator(settings.indicator, pin_factory=factory)
    indicator.open()
    indicator.show(Light.SLOW_BLINK)
    node.unlink()
    with pytest.raises(IndicatorError, match=rf"\[indicator\] pin 27 on {node}: the chip that was in use has gone"):
        indicator.check()
    indicator.close()


@pytest.mark.parametrize(("light", "level"), [(Light.ON, 1), (Light.OFF, 0)])
def test_steady_lights(settings, factory, light, level):
    """On and off stay, whatever was shown before."""
    indicator = GpioIndicator(settings.indicator, pin_factory=factory)
    indicator.open()
    indicator.show(Light.FAST_BLINK)
    indicator.show(light)
    assert factory.pin(settings.indicator.pin).state == level
    indicator.close()


@pytest.fixture
def rhythms(monkeypatch):
    """The half periods gpiozero was told to blink with, in seconds."""
    told = []
    monkeypatch.setattr("gpiozero.LED.blink", lambda led, on_time, off_time, background: told.append(on_time))
    return told


def test_blinking_lights_differ(settings, factory, rhythms):
    """Slow, plain and fast blinking each have their own rhythm, a factor of two apart at least."""
    indicator = GpioIndicator(settings.indicator, pin_factory=factory)
    indicator.open()
    for light in (Light.SLOW_BLINK, Light.BLINK, Light.FAST_BLINK):
        indicator.show(light)
    slow, plain, fast = rhythms
    assert slow >= 2 * plain >= 4 * fast
    indicator.close()


def test_the_same_light_keeps_its_rhythm(settings, factory, rhythms):
    """Showing what is shown already does not begin the blinking anew; another light in between does."""
    indicator = GpioIndicator(settings.indicator, pin_factory=factory)
    indicator.open()
    for light in (Light.BLINK, Light.BLINK, Light.ON, Light.BLINK):
        indicator.show(light)
    assert len(rhythms) == 2
    indicator.close()


class _WatchedPin(MockPin):
    """A pin whose changes can be waited for."""

    def __init__(self, factory, info):
        self.changes = threading.Semaphore(0)
        super().__init__(factory, info)

    def _change_state(self, value):
        changed = super()._change_state(value)
        if changed:
            self.changes.release()
        return changed


def test_blinking_reaches_the_pin(settings):
    """The pin goes up and down by itself, while nobody calls."""
    factory = MockFactory(pin_class=_WatchedPin)
    indicator = GpioIndicator(settings.indicator, pin_factory=factory)
    indicator.open()
    indicator.show(Light.FAST_BLINK)
    pin = factory.pin(settings.indicator.pin)
    assert all(pin.changes.acquire(timeout=5.0) for _ in range(3))
    indicator.close()
    factory.close()


def test_closing_is_dark(settings, factory):
    """The pin is low afterwards, and free for another."""
    indicator = GpioIndicator(settings.indicator, pin_factory=factory)
    indicator.open()
    indicator.show(Light.ON)
    pin = factory.pin(settings.indicator.pin)
    indicator.close()
    assert pin.state == 0
    other = GpioIndicator(settings.indicator, pin_factory=factory)
    other.open()
    other.close()


def test_a_taken_pin_is_named(settings, factory):
    """Two LEDs on one pin: the second says which pin, and how to choose another."""
    first = GpioIndicator(settings.indicator, pin_factory=factory)
    first.open()
    with pytest.raises(IndicatorError, match=r"\[indicator\] pin 27 .*in use.*set \[indicator\] pin"):
        GpioIndicator(settings.indicator, pin_factory=factory).open()
    first.close()


def test_no_lgpio_names_the_package(settings, monkeypatch):
    """Without the library the message names the apt package."""
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(IndicatorError, match="python3-lgpio"):
        GpioIndicator(settings.indicator).open()
