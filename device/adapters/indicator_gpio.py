"""The status LED on a GPIO pin, through gpiozero and lgpio."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from device.adapters import gpio_chip
from device.config import IndicatorConfig
from device.domain import Light
from device.errors import IndicatorError

HALF_PERIOD_SECONDS = {Light.SLOW_BLINK: 1.0, Light.BLINK: 0.4, Light.FAST_BLINK: 0.1}
"""On for so long, then dark for so long: the three must be told apart at a glance."""


class GpioIndicator:
    """Blinks in a thread of gpiozero's.

    Args:
        config: Chip and pin; the LED lights when the pin is high.
        pin_factory: A gpiozero factory to take in place of lgpio's; its owner closes it.
    """

    def __init__(self, config: IndicatorConfig, pin_factory: Any = None) -> None:  # noqa: ANN401 - gpiozero has no types
        self._config = config
        self._given_factory = pin_factory
        self._factory: Any = None
        self._node: tuple[int, int] | None = None
        self._led: Any = None
        self._shown: Light | None = None

    def open(self) -> None:
        """Take the pin, dark. Raises IndicatorError."""
        with gpio_chip.explained(IndicatorError, self._config):
            try:
                self._take_pin()
            except BaseException:
                self.close()
                raise

    def show(self, light: Light) -> None:
        """Show this until told otherwise; the light already shown keeps its rhythm. Raises IndicatorError."""
        if self._led is None or light is self._shown:
            return
        with gpio_chip.explained(IndicatorError, self._config):
            if light in HALF_PERIOD_SECONDS:
                half = HALF_PERIOD_SECONDS[light]
                self._led.blink(on_time=half, off_time=half, background=True)
            else:
                self._led.value = light is Light.ON
        self._shown = light

    def check(self) -> None:
        """See that its chip is still there. Raises IndicatorError."""
        with gpio_chip.explained(IndicatorError, self._config):
            gpio_chip.check(self._config.chip, self._node)

    def close(self) -> None:
        """Dark, and give the pin back."""
        led, self._led, self._shown = self._led, None, None
        factory, self._factory = self._factory, None
        if led is not None:
            with suppress(Exception):  # of a chip that is gone
                led.off()
            with suppress(Exception):
                led.close()
        if factory is not None:
            gpio_chip.close_factory(factory)

    def _take_pin(self) -> None:
        from gpiozero import LED

        self._node = gpio_chip.node(self._config.chip)
        if self._given_factory is None:
            self._factory = gpio_chip.open_factory(self._config.chip)
        self._led = LED(self._config.pin, pin_factory=self._given_factory or self._factory)
