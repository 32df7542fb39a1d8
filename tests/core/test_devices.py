"""The devices without a loop: what is posted when they open, fail, hang, and are made anew."""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from dataclasses import replace
from types import SimpleNamespace

import pytest

from device.devices import CHECK_SECONDS, MOST_STUCK, Devices
from device.domain import Device
from device.errors import ButtonError, CameraError, DigitboxError
from device.events import AssumptionBroken, ButtonPressed, DeviceLost, DeviceOpened, ReadingMade
from device.messages import Opened
from device.preferences import Preferences

SOON = 10.0
"""Seconds; only ever waited for in full when a test fails."""

ENGLISH = Preferences("en", "", 155, 50, 100, "digits")


class FakeAdapter:
    """Of any device: opens, unless the bench says otherwise."""

    def __init__(self, bench, device, preferences=None):
        self.bench = bench
        self.device = device
        self.preferences = preferences
        self.closed = threading.Event()

    def open(self, *reports):
        """Fail or hang where that is wanted."""
        self.bench.reports = reports
        self.bench.opening.put(self.device)
        if self.device in self.bench.hanging:
            self.bench.hanging[self.device].wait(SOON)
        if self.device in self.bench.broken:
            raise self.bench.broken[self.device]

    def check(self):
        """Say that it has gone where that is wanted."""
        if self.device in self.bench.gone:
            raise self.bench.gone[self.device]

    def close(self):
        """Remember it."""
        self.closed.set()


class Bench:
    """Devices of adapters that do nothing, a clock moved by hand, and what is posted."""

    def __init__(self, clock):
        self.broken: dict[Device, Exception] = {}
        self.gone: dict[Device, Exception] = {}
        self.hanging: dict[Device, threading.Event] = {}
        self.made: dict[Device, list[FakeAdapter]] = defaultdict(list)
        self.opening: queue.SimpleQueue = queue.SimpleQueue()
        self.posted: queue.SimpleQueue = queue.SimpleQueue()
        self.clock = clock
        parts = SimpleNamespace(
            preferences=ENGLISH,
            button=lambda: self.make(Device.BUTTON),
            indicator=lambda: self.make(Device.INDICATOR),
            player=lambda: self.make(Device.SOUND),
            camera=lambda: self.make(Device.CAMERA),
            reader=lambda: self.make(Device.MODEL),
            synthesizer=lambda preferences: self.make(Device.SPEECH, preferences),
            history=lambda: self.make(Device.HISTORY),
            microphone=lambda: self.make(Device.MICROPHONE),
            ears=lambda preferences: self.make(Device.RECOGNIZER, preferences),
        )
        settings = SimpleNamespace(
            device_limit_seconds=1.0,
            camera_open_limit_seconds=4.0,
            reading_limit_seconds=5.0,
            speech_limit_seconds=2.0,
            retry_seconds=10.0,
        )
        self.devices = Devices(parts, settings, self.posted.put, clock, lambda history: "a notice")

    def make(self, device, preferences=None):
        """An adapter, remembered."""
        self.made[device].append(FakeAdapter(self, device, preferences))
        return self.made[device][-1]

    def next(self):
        """What is posted next."""
        return self.posted.get(timeout=SOON)

    def open(self, slot):
        """Open a device and take it into use; the event for it."""
        self.devices.open(slot)
        return self.devices.install(self.next())

    def finish(self):
        """Let all workers end what they have been given."""
        self.devices.finish(self.clock.seconds + SOON)


@pytest.fixture
def bench(clock):
    """Fresh devices, none of them open; threads that hang die with the process."""
    return Bench(clock)


def test_a_device_that_opens_is_there(bench):
    """Not before its message was taken: the adapter belongs to the loop."""
    camera = bench.devices.camera
    bench.devices.open(camera)
    message = bench.next()
    assert camera.adapter is None
    assert message == Opened(Device.CAMERA, bench.made[Device.CAMERA][0])
    assert bench.devices.install(message) == DeviceOpened(Device.CAMERA)
    assert camera.adapter is message.adapter


def test_a_button_reports_presses(bench):
    """From whatever thread it is called on."""
    bench.open(bench.devices.button)
    bench.reports[0]()
    assert bench.next() == ButtonPressed()


def test_a_button_that_goes_without_a_word_is_lost(bench, caplog):
    """It is looked at now and then, as nothing it does would tell; opened anew it is looked at again."""
    bench.open(bench.devices.button)
    bench.open(bench.devices.indicator)
    for _ in range(2):
        bench.devices.look_after()
        bench.clock.pass_by(CHECK_SECONDS)
        bench.finish()
    assert bench.posted.empty()
    bench.gone[Device.BUTTON] = ButtonError("the chip has gone")
    bench.devices.look_after()
    assert bench.next() == DeviceLost(Device.BUTTON, in_use=True)
    assert "button: the chip has gone" in caplog.text
    bench.devices.uninstall(Device.BUTTON)
    assert bench.made[Device.BUTTON][0].closed.wait(SOON)
    del bench.gone[Device.BUTTON]
    bench.clock.pass_by(10.0)
    bench.devices.look_after()
    assert bench.devices.install(bench.next()) == DeviceOpened(Device.BUTTON)
    bench.finish()
    assert bench.posted.empty()


def test_a_history_may_want_something_said(bench):
    """By whoever was told that it has opened."""
    assert bench.open(bench.devices.history) == DeviceOpened(Device.HISTORY, "a notice")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CameraError("no camera; check its cable"), "no camera; check its cable"),
        (ImportError("no cv2"), "a library is missing or damaged (no cv2); install digitbox again"),
    ],
)
def test_a_device_that_cannot_be_opened_is_lost_and_closed(bench, caplog, error, words):
    """It is logged once, and tried again after its time, not before."""
    camera = bench.devices.camera
    bench.broken[Device.CAMERA] = error
    bench.devices.open(camera)
    for tries in (1, 2):
        assert bench.next() == DeviceLost(Device.CAMERA, in_use=False)
        assert len(bench.made[Device.CAMERA]) == tries
        assert bench.made[Device.CAMERA][-1].closed.wait(SOON)
        bench.devices.uninstall(Device.CAMERA)
        bench.clock.pass_by(9.0)
        bench.devices.look_after()
        assert camera.retry_at is not None
        bench.clock.pass_by(1.0)
        bench.devices.look_after()
        assert camera.retry_at is None
    assert [record.getMessage() for record in caplog.records] == [f"camera: {words}"]


def test_an_error_of_a_job_loses_the_device(bench):
    """What it returns is posted, what it raises is the device's fault, and any other error a mistake of ours."""
    camera = bench.devices.camera
    bench.open(camera)
    bench.devices.use(camera, lambda: ReadingMade(1, None))
    assert bench.next() == ReadingMade(1, None)
    for error, message in (
        (DigitboxError("unplugged"), DeviceLost(Device.CAMERA, in_use=True)),
        (ZeroDivisionError(), AssumptionBroken()),
    ):
        bench.devices.use(camera, lambda error=error: (_ for _ in ()).throw(error))
        assert bench.next() == message
    bench.devices.uninstall(Device.CAMERA)
    assert camera.adapter is None
    assert bench.made[Device.CAMERA][0].closed.wait(SOON)


def test_a_device_that_swallows_every_thread_is_left_alone(bench):
    """Until one of them comes back; what opened too late is closed."""
    camera = bench.devices.camera
    let_go = bench.hanging[Device.CAMERA] = threading.Event()
    bench.devices.open(camera)
    for tries in range(1, MOST_STUCK + 1):
        assert bench.opening.get(timeout=SOON) is Device.CAMERA
        bench.devices.look_after()
        bench.clock.pass_by(4.0)
        bench.devices.look_after()
        assert bench.next() == DeviceLost(Device.CAMERA, in_use=True)
        bench.devices.uninstall(Device.CAMERA)
        assert camera.worker.stuck == tries
        bench.clock.pass_by(10.0)
        bench.devices.look_after()
    assert not camera.worker.busy
    assert len(bench.made[Device.CAMERA]) == MOST_STUCK
    let_go.set()
    assert all(adapter.closed.wait(SOON) for adapter in bench.made[Device.CAMERA])


@pytest.mark.parametrize(
    ("preferences", "outdated"),
    [
        (replace(ENGLISH, volume=50), set()),
        (replace(ENGLISH, pitch=60), {Device.SPEECH}),
        (replace(ENGLISH, language="de"), {Device.SPEECH, Device.RECOGNIZER}),
    ],
)
def test_a_device_made_for_other_preferences_is_made_anew(bench, preferences, outdated):
    """They may change while it opens: a voice follows all of them but the loudness, the ears only the language."""
    for slot in (bench.devices.synthesizer, bench.devices.ears):
        bench.devices.open(slot)
    messages = [bench.next(), bench.next()]
    bench.devices.preferences = preferences
    for message in messages:
        bench.devices.install(message)
    bench.finish()
    for slot in (bench.devices.synthesizer, bench.devices.ears):
        first, *others = bench.made[slot.device]
        assert [other.preferences for other in others] == [preferences] * (slot.device in outdated)
        assert slot.adapter is [first, *others][-1]
        assert first.closed.is_set() == (slot.device in outdated)


def test_a_device_that_is_absent_is_not_made_anew(bench):
    """It would pass for one that works before it has opened; what opens later is made as is wanted then."""
    bench.devices.replace(bench.devices.ears)
    assert bench.devices.ears.adapter is None
    assert bench.made[Device.RECOGNIZER] == []


def test_the_end_closes_what_is_open_and_names_what_hangs(bench, caplog):
    """Also what opened when the loop had already ended."""
    bench.open(bench.devices.camera)
    bench.devices.open(bench.devices.player)
    bench.devices.take_over(bench.next())
    let_go = threading.Event()

    def hang():
        let_go.wait(SOON)

    bench.devices.use(bench.devices.camera, hang)
    bench.devices.close(3.0)
    bench.devices.finish(bench.clock.seconds)
    assert "camera: did not close in time" in caplog.text
    let_go.set()
    assert bench.made[Device.SOUND][0].closed.wait(SOON)
    assert bench.made[Device.CAMERA][0].closed.wait(SOON)
