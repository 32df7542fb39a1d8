"""Machines made here, in which the real libraries of a Raspberry Pi run on hardware that is only simulated.

Each is built when first used, in .appliance, and kept; DIGITBOX_MACHINES names another folder.
"""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import pytest

MACHINES = Path(__file__).parent
REPOSITORY = MACHINES.parents[1]
LIMIT_SECONDS = 1800.0


def may_mount():
    """Whether this process, root or not, may have mounts of its own."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can build a machine; sudo tests/run --long"),
    pytest.mark.skipif(not may_mount(), reason="this container may not mount; run it privileged"),
    pytest.mark.needs("apt-get", "gcc", "mmdebstrap"),
]


def run(script, *arguments):
    """Run the tests inside; what they say is shown when one fails."""
    finished = subprocess.run(
        [MACHINES / script, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


@pytest.mark.parametrize("picture", ["bars", "none", "device/pictures/03-42.jpg"])
def test_picamera2(picture):
    """The camera's adapter keeps its contract on the real picamera2, Python 3.13 and NumPy 2; so does the daemon."""
    pytest_inside = [
        "pytest",
        *("--config-file=/srv/digitbox/pyproject.toml", "-p", "no:cacheprovider"),
        *("-W", "ignore:setDaemon:DeprecationWarning"),  # picamera2 is older than Python 3.10
        *("-m", "hardware"),
        "/srv/digitbox/tests/machines/picamera2",
    ]
    if picture == "bars":
        pytest_inside += ["/srv/digitbox/tests/adapters/test_camera.py", "-k", "not v4l2"]
    run("picamera2.sh", picture, *pytest_inside)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the machine of gpio.sh is an x86_64")
@pytest.mark.needs("qemu-system-x86_64")
def test_gpio_and_v4l2():
    """Button, LED and USB camera on the real gpiozero, lgpio, OpenCV and kernel, with Python 3.11 and NumPy 1."""
    run("gpio.sh")
