"""What the composition root makes of a configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device import compose, config
from device.config import Config


@pytest.mark.parametrize(
    ("microphone", "listening", "reason"),
    [
        ("none", "script", "appliance.no_microphone"),
        ("none", "none", "appliance.no_microphone"),
        ("wav", "none", "appliance.no_voice_commands"),
        ("wav", "script", None),
    ],
)
def test_why_no_spoken_command_is_taken(microphone, listening, reason):
    """Who has no microphone is not sent for a speech model."""
    settings: Config = config.load()
    settings = replace(
        settings,
        microphone=replace(settings.microphone, backend=microphone),
        listening=replace(settings.listening, backend=listening),
    )
    assert compose.deafness(settings) == reason
