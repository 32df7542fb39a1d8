"""The button on a GPIO pin, through gpiozero and lgpio."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from device.adapters import gpio_chip
from device.config import ButtonConfig
from device.errors import ButtonError


class GpioButton:
    """Reports the edges; how long a press lasts is the state machine's business, for all buttons alike.

    Args:
        config: Chip, pin, pull and bounce time.
        pin_factory: A gpiozero factory to take in place of lgpio's; its owner closes it.
    """

    def __init__(self, config: ButtonConfig, pin_factory: Any = None) -> None:  # noqa: ANN401 - gpiozero has no types
        self._config = config
        self._given_factory = pin_factory
        self._factory: Any = None
        self._node: tuple[int, int] | None = None
        self._button: Any = None
        self._down = False

    def open(self, pressed: Callable[[], None], released: Callable[[], None], ended: Callable[[], None]) -> None:
        """Take the pin and begin to report; a button is never at its end. Raises ButtonError.

        A button that is already down counts only once it has been released.
        """
        with gpio_chip.explained(ButtonError, self._config):
            try:
                self._take_pin(pressed, released)
            except BaseException:
                self.close()
                raise

    def check(self) -> None:
        """See that its chip is still there. Raises ButtonError."""
        with gpio_chip.explained(ButtonError, self._config):
            gpio_chip.check(self._config.chip, self._node)

    def close(self) -> None:
        """Report nothing more, and give the pin back."""
        button, self._button = self._button, None
        factory, self._factory = self._factory, None
        if button is not None:
            with suppress(Exception):  # of a chip that is gone
                # gpiozero leaves lgpio's callback registered when the pin closes; a later edge would then
                # end lgpio's only thread, and no button opened afterwards would ever report.
                button.pin.when_changed = None
            with suppress(Exception):
                button.close()
        if factory is not None:
            gpio_chip.close_factory(factory)

    def _take_pin(self, pressed: Callable[[], None], released: Callable[[], None]) -> None:
        from gpiozero import Button

        self._node = gpio_chip.node(self._config.chip)
        if self._given_factory is None:
            self._factory = gpio_chip.open_factory(self._config.chip)
        self._button = Button(
            self._config.pin,
            pull_up=self._config.pull_up,
            bounce_time=self._config.bounce_seconds or None,
            pin_factory=self._given_factory or self._factory,
        )
        self._down = False

        def went_down() -> None:
            self._down = True
            pressed()

        def came_up() -> None:
            if self._down:
                self._down = False
                released()

        self._button.when_pressed = went_down
        self._button.when_released = came_up
