"""`digitbox console` and `mqtt`: what stands between the daemon and a network."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from device import compose, config, heap
from device.config import Config
from device.daemon_client import DaemonClient, DaemonError
from device.errors import DigitboxError
from device.protocol import SayTokenAsked

if TYPE_CHECKING:
    from device.console.pairing import Pairing


def serve_page(options: argparse.Namespace) -> int:
    """Serve the local web page, or make a token for it."""
    settings = config.installed(options.config)
    try:
        from device.console import pairing, server
    except ModuleNotFoundError as error:
        raise DigitboxError(f'{error.name} is not installed; pip install "digitbox[console]"') from error
    if options.pair or options.say:
        return _pair(pairing.Pairing(settings.console.folder), settings, spoken=options.say)
    heap.share()
    return server.serve(settings, options.config)


def publish(options: argparse.Namespace) -> int:
    """Publish what is read to a broker."""
    settings = config.installed(options.config)
    try:
        from device import mqtt
    except ModuleNotFoundError as error:
        raise DigitboxError(f'{error.name} is not installed; pip install "digitbox[mqtt]"') from error
    box = DaemonClient(settings.daemon.runtime / compose.SOCKET, answer_seconds=5.0)
    return mqtt.serve(settings.mqtt, box)


def _pair(pairing: Pairing, settings: Config, *, spoken: bool) -> int:
    """Show a new token, and have the box say it where that is wanted; no spoken command does so.

    The token lies in the page's folder, which the daemon cannot open; and a visitor who may talk to the box, or a voice
    from a loudspeaker, should not be able to put out everybody who has come in with the token before.

    Raises:
        PairingError: It cannot be kept.
        DaemonError: The box does not say it.
    """
    token = pairing.new_token(spoken=spoken)
    print(token)
    print("This is the token for the page; it is shown only now, and the one before no longer holds.", file=sys.stderr)
    if spoken:
        box = DaemonClient(settings.daemon.runtime / compose.SOCKET)
        if not box.ask(SayTokenAsked(token))["obeyed"]:
            raise DaemonError("the box is busy and did not say the token; it holds, or try again in a moment")
    return 0
