"""The loop: one inbox, deadlines, one state machine, the watchdog. It knows ports, never adapters.

The loop itself never blocks: GPIO callbacks, signal handlers and workers only put messages into its inbox, and what
takes time runs on the worker of the device that takes it, with a limit (device.devices, device.jobs).
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from device import telling
from device.actions import (
    Action,
    ClearDeadline,
    Correct,
    Forget,
    KeepSample,
    Listen,
    Look,
    Mute,
    NotifyReady,
    PlayTone,
    PowerOff,
    Read,
    Remember,
    Say,
    SetDeadline,
    StopListening,
    StopSpeech,
    Tell,
    Topic,
    Unmute,
    UsePreferences,
)
from device.answering import RequestHandler
from device.appliance import transition
from device.devices import Devices
from device.domain import Device
from device.errors import IndicatorError, PowerError
from device.events import DeviceLost, DeviceOpened, Event, PowerFailed, SpeechFinished
from device.inbox import Inbox
from device.jobs import Jobs
from device.jobs.keeper import Keeper
from device.jobs.listening import ListeningJobs
from device.jobs.reading import ReadingJobs
from device.jobs.records import RecordJobs, history_opened
from device.jobs.speech import SpeechJobs
from device.messages import Asked, Message, Opened, Told
from device.parts import Parts, Settings
from device.phrases import phrase
from device.records import Records
from device.situation import HEARING_DEVICES, STARTUP_DEVICES, Mode, Situation

log = logging.getLogger(__name__)

CLOSE_SECONDS = 3.0
"""For all devices together, at the end; systemd would wait longer, a person pulling the plug would not."""


class Daemon:
    """Runs the appliance until it is told to stop.

    Args:
        parts: What it is made of.
        settings: The numbers of its loop.
        restarted: The former run did not come to its own end.
        monotonic: The clock, in seconds; moved by hand in tests.
    """

    def __init__(
        self,
        parts: Parts,
        settings: Settings,
        *,
        restarted: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.situation = Situation(
            unknown=STARTUP_DEVICES | (frozenset() if parts.deafness else HEARING_DEVICES),
            deafness=parts.deafness,
            restarted=restarted,
            aim_wanted=settings.aims_at_start,
            aims_after_trouble=settings.aims_after_trouble,
            preferences=parts.preferences,
            seed=secrets.randbits(32),
        )
        self._parts = parts
        self._settings = settings
        self._monotonic = monotonic
        self._inbox = Inbox(settings.tick_seconds, monotonic)
        records = Records(parts.samples, parts.pictures)
        self._devices = Devices(parts, settings, self.post, monotonic, partial(history_opened, records))
        self._keeper = Keeper(self.post, monotonic, settings.device_limit_seconds)
        self._jobs = Jobs(
            ReadingJobs(settings, self._devices, records, parts.display, self.post),
            SpeechJobs(parts, settings, self._devices, lambda: self.situation, self.post),
            ListeningJobs(settings, self._devices, parts.machine, self.post, monotonic),
            RecordJobs(self._devices, records, parts.preferences_store, self._keeper, self.post),
        )
        self._requests = RequestHandler(parts, settings, self._jobs, lambda: self.situation, self._handle)

    @property
    def readings_made(self) -> int:
        """So many since the start."""
        return self._jobs.records.readings_made

    def post(self, message: Message) -> None:
        """Let the loop know of something that has happened; from any thread, and from signal handlers."""
        self._inbox.post(message)

    def run(self) -> int:
        """Open everything, obey the button until stopped, close everything; the process's exit status."""
        logging.getLogger(__package__).addHandler(self._requests.complaints)
        # What comes before READY is opened first and alone: the rest would only take its processor away.
        self._devices.open(self._devices.indicator, self._devices.button, self._devices.player)
        self._requests.open(self.post)
        while self.situation.mode is not Mode.STOPPED:
            self.turn()
        self._close()
        return self.situation.exit_status

    def turn(self) -> None:
        """One turn of the loop: wait for a message for at most a tick, take it, look after the workers."""
        message = self._inbox.take()
        if message is not None:
            self._take(message)
        self._devices.look_after()
        self._keeper.look_after()
        self._jobs.listening.look_at_memory()
        self._parts.supervisor.ping()

    def _take(self, message: Message) -> None:
        match message:
            case Opened():
                self._handle(self._install(message))
            case DeviceLost(device):
                self._uninstall(device)
                self._handle(message)
            case Told(turn, told):
                if turn == self.situation.turn:
                    self._jobs.speech.say(told, turn)
            case Asked():
                self._requests.answer(message, at_seconds=self._monotonic())
            case _:
                self._handle(message)

    def _handle(self, event: Event) -> None:
        before = self.situation
        self.situation, actions = transition(before, event)
        self._show_change(before, event)
        for action in actions:
            self._start(action)
        self._show_light()

    # --- actions ------------------------------------------------------------------------------------------------------

    def _start(self, action: Action) -> None:
        jobs = self._jobs
        match action:
            case NotifyReady():
                self._parts.supervisor.ready()
                self._open_the_rest()
            case PlayTone(tone):
                jobs.speech.tone(tone)
            case StopSpeech(turn):
                jobs.speech.hush(turn)
            case Say(said, turn):
                jobs.speech.say(said, turn)
            case Read(turn):
                jobs.reading.read(turn, after_seconds=self._inbox.taken_seconds)
            case Look(turn):
                jobs.reading.look(turn, after_seconds=self._inbox.taken_seconds)
            case Remember(reading):
                jobs.records.remember(reading, jobs.reading.taken(reading))
            case SetDeadline(deadline):
                seconds = self._settings.deadline_seconds(deadline)
                if seconds is not None:
                    self._inbox.set_deadline(deadline, seconds)
            case ClearDeadline(deadline):
                self._inbox.clear_deadline(deadline)
            case PowerOff():
                self._power_off()
            case _:
                self._start_command(action)

    def _start_command(self, action: Action) -> None:
        """What only spoken commands order."""
        jobs = self._jobs
        match action:
            case Listen(turn, context, read):
                jobs.listening.listen(turn, context, read)
            case StopListening():
                jobs.listening.stop()
            case Tell(topic, turn, back):
                self._tell(topic, turn, back)
            case Forget(turn):
                jobs.records.forget(turn)
            case UsePreferences(preferences):
                jobs.speech.change(preferences)
                jobs.records.keep_preferences(preferences)
            case Mute() | Unmute():
                jobs.speech.is_muted = isinstance(action, Mute)
            case Correct(number):
                jobs.records.correct(number)
            case KeepSample(index, digit):
                jobs.records.keep_sample(index, digit)

    def _open_the_rest(self) -> None:
        devices = self._devices
        devices.open(devices.synthesizer, devices.camera, devices.reader, devices.history)
        if self._parts.deafness is None:
            devices.open(devices.microphone, devices.ears)

    def _tell(self, topic: Topic, turn: int, back: int) -> None:
        speech = self._jobs.speech
        match topic:
            case Topic.TIME:
                speech.say(telling.time(datetime.now()), turn)
            case Topic.STATUS:
                dot = speech.catalogue.sentences["told.dot"]
                speech.say(telling.status(self.situation, self._parts.machine, dot), turn)
            case _:
                if not self._jobs.records.tell(topic, turn, back):
                    speech.say(phrase("fault.history"), turn)

    def _power_off(self) -> None:
        try:
            self._parts.power.power_off()
        except PowerError as error:
            log.error("%s", error)
            self.post(PowerFailed())

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _show_change(self, before: Situation, event: Event) -> None:
        """Let log, display, followers and supervisor know what an event has changed."""
        mode, faults = self.situation.mode, self.situation.faults
        if mode is not before.mode:
            log.debug("%s: %s -> %s", type(event).__name__, before.mode.value, mode.value)
            self._parts.display.mode(mode.value)
            if mode is Mode.STOPPED:
                log.info("stopping after %s, with exit status %d", type(event).__name__, self.situation.exit_status)
        self._requests.tell_followers(before, event)
        if (mode, faults) != (before.mode, before.faults):
            names = ", ".join(sorted(device.value for device in faults))
            self._parts.supervisor.status(mode.value + (f"; out of order: {names}" if names else ""))

    def _show_light(self) -> None:
        indicator = self._devices.indicator
        if indicator.adapter is None:
            return
        try:
            indicator.adapter.show(self.situation.light)
        except IndicatorError as error:
            self.post(self._devices.lost(indicator, error))

    # --- devices ------------------------------------------------------------------------------------------------------

    def _install(self, message: Opened) -> DeviceOpened:
        """Take a device into use that has opened, and let it do what had to wait for it."""
        event = self._devices.install(message)
        match message.device:
            case Device.SOUND:
                self._jobs.speech.sound_opened()
            case Device.SPEECH:
                self._jobs.speech.prepare()
            case Device.HISTORY:
                self._jobs.records.save()  # a reading may have been made since it wrote what had waited
        return event

    def _uninstall(self, device: Device) -> None:
        """Part with a device that is lost, and let nobody wait for what it was doing."""
        self._devices.uninstall(device)
        match device:
            case Device.MODEL:
                self._jobs.reading.reader_lost()
            case Device.SPEECH | Device.SOUND:
                self.post(SpeechFinished(self.situation.turn))
            case Device.HISTORY:
                self._jobs.records.history_lost(self.situation.turn)
            case Device.MICROPHONE:
                self._jobs.listening.microphone_lost()

    def _close(self) -> None:
        """Close everything; what hangs is left behind, its thread ends with the process."""
        self._parts.supervisor.stopping()
        self._requests.close()
        until = self._monotonic() + CLOSE_SECONDS
        for message in self._inbox.drain():
            if isinstance(message, Opened):
                self._devices.take_over(message)
        self._jobs.records.save()
        self._devices.close(CLOSE_SECONDS)
        self._keeper.finish(max(0.0, until - self._monotonic()))
        self._devices.finish(until)
        logging.getLogger(__package__).removeHandler(self._requests.complaints)
