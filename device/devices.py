"""The devices of the box: each is opened, used, given up when it hangs, tried again and closed on its own worker.

A worker for each device, rather than one for all, because a hung camera must not keep the box from saying so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from device.domain import Device
from device.errors import DigitboxError
from device.events import ButtonPressed, ButtonReleased, DeviceLost, DeviceOpened, InputEnded
from device.messages import Job, Message, Opened, Post, guarded
from device.parts import Ears, Parts, Settings
from device.ports import Button, History, Indicator
from device.preferences import Preferences
from device.worker import Worker

log = logging.getLogger(__name__)

MOST_STUCK = 3
"""A device that has swallowed so many threads is not tried again until one of them comes back."""

EARS_OPEN_SECONDS = 30.0
"""The larger speech models take several seconds to load from an SD card; nobody waits for them."""

CHECK_SECONDS = 5.0
"""Between two looks at button and light: a chip that has gone sends no more presses, so only a look finds out. Soon
enough for somebody who presses again; chosen, not measured."""

Adapter = TypeVar("Adapter")


@dataclass(slots=True, eq=False)
class Slot(Generic[Adapter]):
    """A place for a device that may be absent.

    Attributes:
        device: Which.
        make: Makes its adapter.
        open: Opens the adapter, on the worker; the key of something that it wants said then.
        open_limit_seconds: How long both may take.
        worker: Runs all that may take time.
        adapter: While it works.
        retry_at: The monotonic moment of the next try, while it is lost.
        latest_error: Why it was lost, until it is open again.
    """

    device: Device
    make: Callable[[], Adapter]
    open: Callable[[Adapter], str | None]
    open_limit_seconds: float
    worker: Worker[Message]
    adapter: Adapter | None = None
    retry_at: float | None = None
    latest_error: str = ""


class Devices:
    """All devices of the box, and what becomes of each.

    `use` and `lost` may be called from any thread, all else belongs to the loop.

    Args:
        parts: How the adapters are made.
        settings: The limits of their calls.
        post: Takes what happens to them.
        monotonic: The clock, in seconds.
        history_opened: Called on the history's worker when it has opened; the key of what is to be said then.

    Attributes:
        preferences: Voice and ears are made for these.
    """

    def __init__(
        self,
        parts: Parts,
        settings: Settings,
        post: Post,
        monotonic: Callable[[], float],
        history_opened: Callable[[History], str | None],
    ) -> None:
        self.preferences = parts.preferences
        self._made_with: dict[Device, Preferences] = {}
        self._settings = settings
        self._post = post
        self._monotonic = monotonic
        self._check_due = monotonic() + CHECK_SECONDS
        limit = settings.device_limit_seconds
        self.button = self._slot(Device.BUTTON, parts.button, limit, self._open_button)
        self.indicator = self._slot(Device.INDICATOR, parts.indicator, limit)
        self.player = self._slot(Device.SOUND, parts.player, limit)
        self.camera = self._slot(Device.CAMERA, parts.camera, settings.camera_open_limit_seconds)
        self.reader = self._slot(Device.MODEL, parts.reader, settings.reading_limit_seconds + limit)
        self.synthesizer = self._slot(
            Device.SPEECH, lambda: self._made(Device.SPEECH, parts.synthesizer), settings.speech_limit_seconds
        )
        self.history = self._slot(Device.HISTORY, parts.history, limit, partial(_open_history, history_opened))
        self.microphone = self._slot(Device.MICROPHONE, parts.microphone, limit)
        self.ears = self._slot(
            Device.RECOGNIZER, lambda: self._made(Device.RECOGNIZER, parts.ears), EARS_OPEN_SECONDS, _open_ears
        )
        self._slots: tuple[Slot[Any], ...] = (
            self.indicator, self.button, self.player, self.camera, self.reader, self.synthesizer, self.history,
            self.microphone, self.ears,
        )  # fmt: skip

    def open(self, *slots: Slot[Any]) -> None:
        """Have these made and opened; what comes of it is posted."""
        for slot in slots:
            slot.retry_at = None
            slot.worker.submit(
                guarded(partial(self._opened, slot)), limit_seconds=slot.open_limit_seconds, discard=_close_opened
            )

    def install(self, message: Opened) -> DeviceOpened:
        """Take a device that has opened into use; the event for it."""
        slot = self._of(message.device)
        slot.adapter = message.adapter
        slot.latest_error = ""
        log.info("%s: open", message.device.value)
        if self._is_outdated(message.device):
            self.replace(slot)
        return DeviceOpened(message.device, message.notice)

    def uninstall(self, device: Device) -> None:
        """Part with a lost device's adapter, and plan the next try."""
        slot = self._of(device)
        adapter, slot.adapter = slot.adapter, None
        slot.retry_at = self._monotonic() + self._settings.retry_seconds
        if slot.worker.busy:
            slot.worker.abandon()  # whoever lost it does not wait for it any longer; its job closes it if it returns
        elif adapter is not None:
            slot.worker.submit(guarded(adapter.close), limit_seconds=self._settings.device_limit_seconds)

    def use(self, slot: Slot[Any], job: Job, limit_seconds: float | None = None) -> None:
        """Run a job on a device's worker; an error of its means that the device is lost.

        Args:
            slot: The device.
            job: Returns what is to be posted, if anything.
            limit_seconds: From its beginning, how long it may take; `Settings.device_limit_seconds` unless given.
        """
        adapter = slot.adapter
        limit_seconds = self._settings.device_limit_seconds if limit_seconds is None else limit_seconds

        def run() -> Message | None:
            try:
                return job()
            except DigitboxError as error:
                return self.lost(slot, error)

        def discard(_: Message | None) -> None:
            if adapter is not None:
                adapter.close()

        slot.worker.submit(guarded(run), limit_seconds=limit_seconds, discard=discard)

    def lost(self, slot: Slot[Any], error: DigitboxError, *, in_use: bool = True) -> DeviceLost:
        """The event for it; a device that stays away is logged once and not at every try."""
        repeated = str(error) == slot.latest_error
        log.log(logging.DEBUG if repeated else logging.WARNING, "%s: %s", slot.device.value, error)
        slot.latest_error = str(error)
        return DeviceLost(slot.device, in_use)

    def replace(self, slot: Slot[Any]) -> None:
        """A fresh adapter in place of one that works, opened before anything else is asked of it; of none, none."""
        former = slot.adapter
        if former is None:
            return
        fresh = slot.adapter = slot.make()
        slot.worker.submit(guarded(former.close), limit_seconds=self._settings.device_limit_seconds)

        def opened() -> Message | None:
            notice = slot.open(fresh)
            return None if notice is None else DeviceOpened(slot.device, notice)

        self.use(slot, opened, slot.open_limit_seconds)

    def look_after(self) -> None:
        """Give up what has taken too long, try again what was lost, and see what would go without a word."""
        for slot in self._slots:
            if slot.worker.overdue():
                self._give_up(slot)
            elif slot.retry_at is not None and self._monotonic() >= slot.retry_at:
                self._retry(slot)
        if self._monotonic() >= self._check_due:
            self._check_due = self._monotonic() + CHECK_SECONDS
            self._check(self.button, self.indicator)

    def take_over(self, message: Opened) -> None:
        """Take a device that opened while the loop came to its end, so that it is closed with the others."""
        self._of(message.device).adapter = message.adapter

    def close(self, limit_seconds: float) -> None:
        """Have all closed that are open; `finish` waits for it."""
        for slot in self._slots:
            if slot.adapter is not None:
                slot.worker.submit(guarded(slot.adapter.close), limit_seconds=limit_seconds)

    def finish(self, until: float) -> None:
        """Wait for all jobs until this monotonic moment; what hangs is left behind and named."""
        for slot in self._slots:
            if not slot.worker.finish(max(0.0, until - self._monotonic())):
                log.warning("%s: did not close in time", slot.device.value)

    def _slot(
        self,
        device: Device,
        make: Callable[[], Adapter],
        open_limit_seconds: float,
        open_: Callable[[Adapter], str | None] | None = None,
    ) -> Slot[Adapter]:
        worker: Worker[Message] = Worker(device.value, self._post, self._monotonic)
        return Slot(device, make, open_ or _open, open_limit_seconds, worker)

    def _of(self, device: Device) -> Slot[Any]:
        return next(slot for slot in self._slots if slot.device is device)

    def _made(self, device: Device, make: Callable[[Preferences], Adapter]) -> Adapter:
        """An adapter that speaks or hears as the user prefers now; noted, since that may change while it opens."""
        preferences = self._made_with[device] = self.preferences
        return make(preferences)

    def _is_outdated(self, device: Device) -> bool:
        """Whether a device that has just opened was made for preferences that have changed since."""
        made_with = self._made_with.get(device)
        if made_with is None:
            return False
        if device is Device.RECOGNIZER:
            return made_with.language != self.preferences.language
        return replace(made_with, volume=0) != replace(self.preferences, volume=0)

    def _open_button(self, button: Button) -> None:
        button.open(*(partial(self._post, event) for event in (ButtonPressed(), ButtonReleased(), InputEnded())))

    def _opened(self, slot: Slot[Any]) -> Message:
        adapter = None
        try:
            adapter = slot.make()
            return Opened(slot.device, adapter, slot.open(adapter))
        except (DigitboxError, ImportError) as error:
            if adapter is not None:
                adapter.close()
            return self.lost(slot, _explained(error), in_use=False)

    def _check(self, *slots: Slot[Button] | Slot[Indicator]) -> None:
        for slot in slots:
            if slot.adapter is not None and not slot.worker.busy:
                self.use(slot, slot.adapter.check)

    def _give_up(self, slot: Slot[Any]) -> None:
        """The call under way on this device's worker has taken too long."""
        slot.worker.abandon()
        message = f"no answer within its limit; given up, tried again every {self._settings.retry_seconds:g} s"
        self._post(self.lost(slot, DigitboxError(message)))

    def _retry(self, slot: Slot[Any]) -> None:
        if slot.worker.stuck < MOST_STUCK:
            self.open(slot)
        else:
            slot.retry_at = self._monotonic() + self._settings.retry_seconds


def _open(adapter: Any) -> None:  # noqa: ANN401 - any port's adapter
    adapter.open()


def _open_ears(ears: Ears) -> str | None:
    return ears.open()


def _open_history(opened: Callable[[History], str | None], history: History) -> str | None:
    history.open()
    return opened(history)


def _close_opened(message: Message | None) -> None:
    if isinstance(message, Opened):
        message.adapter.close()


def _explained(error: DigitboxError | ImportError) -> DigitboxError:
    """A library that is there in part is a fault of the card, or of whoever deleted it, and no mistake in here."""
    if isinstance(error, DigitboxError):
        return error
    return DigitboxError(f"a library is missing or damaged ({error}); install digitbox again")
