"""`digitbox run` and `demo`: the appliance itself."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from dataclasses import replace
from types import FrameType

from device import compose, config, heap
from device.config import Config
from device.daemon import Daemon
from device.daemon_client import DaemonClient, DaemonError
from device.errors import DigitboxError, MicrophoneError, SoundError
from device.events import StopRequested
from device.protocol import StatusAsked


def run(options: argparse.Namespace) -> int:
    """The daemon, until it is told to stop."""
    settings = _aiming(config.installed(options.config), options)
    _check_alone(settings)
    mark = compose.run_mark(settings)
    status = _run_until_stopped(compose.daemon(settings, restarted=mark.begin()))
    if not status:
        mark.end()
    _let_go_of_the_log()
    return status


def demo(options: argparse.Namespace) -> int:
    """The whole appliance on a laptop."""
    from device.adapters.display_terminal import TerminalDisplay

    once = options.once or not sys.stdin.isatty()
    settings = compose.demo_config(compose.state_folder(), photos=options.photos, once=once)
    settings = _aiming(_with_what_records(_with_some_sound(settings)), options)
    if settings.sound.backend == "wav":
        print(f"There is no sound card: what I say goes to WAV files in {settings.sound.folder}")
        logging.getLogger("device.adapters.player_wav").setLevel(logging.INFO)
    if not once:
        print("Enter is a tap of the button, h Enter begins a hold and the next Enter ends it, q Enter quits.")
    daemon = compose.daemon(settings, replace(compose.configured_parts(settings), display=TerminalDisplay(sys.stdout)))
    status = _run_until_stopped(daemon)
    return status or int(once and not daemon.readings_made)


def _check_alone(settings: Config) -> None:
    """Refuse to take socket and devices from a daemon that runs and does not hang. Raises DigitboxError."""
    try:
        DaemonClient(settings.daemon.runtime / compose.SOCKET, answer_seconds=2.0).ask(StatusAsked())
    except DaemonError:
        return
    raise DigitboxError("digitbox runs already; to start it by hand, stop it first: sudo systemctl stop digitbox")


def _let_go_of_the_log() -> None:
    """Where nobody takes it any more, as when the journal is dead, Python would call an orderly end a failed one."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _aiming(settings: Config, options: argparse.Namespace) -> Config:
    """With aiming from the start, where --aim asks for it."""
    return replace(settings, aim=replace(settings.aim, begin="start")) if options.aim else settings


def _with_some_sound(settings: Config) -> Config:
    """The sound card where there is one, else WAV files."""
    try:
        player = compose.player(settings)
        player.open()
        player.close()
    except SoundError:
        return replace(settings, sound=replace(settings.sound, backend="wav"))
    return settings


def _with_what_records(settings: Config) -> Config:
    """The microphone where there is one, else no spoken commands."""
    microphone = compose.microphone(settings)
    try:
        microphone.open()
    except MicrophoneError as error:
        print(f"I can't take spoken commands: {error}")
        return replace(settings, microphone=replace(settings.microphone, backend="none"))
    microphone.close()
    return settings


def _run_until_stopped(daemon: Daemon) -> int:
    heap.share()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        daemon.post(StopRequested())

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # A terminal that is closed sends it, and it would end the program without a word; nohup(1) has it ignored.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
    return daemon.run()
