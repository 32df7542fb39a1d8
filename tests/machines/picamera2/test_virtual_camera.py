"""Inside the machine of picamera2.sh: the adapter on the real picamera2, and the whole daemon with it.

The contract of the camera port, in tests/adapters/test_camera.py, runs there as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from device import config
from device.adapters.camera_picamera2 import Picamera2Camera
from device.domain import Audio
from device.errors import CameraError, CameraTimeout

pytest.importorskip("libcamera", reason="this is not the machine of picamera2.sh")

PICTURE = os.environ.get("DIGITBOX_TEST_PICTURE", "")
REPOSITORY = Path(__file__).parents[3]
BARS = [(1, 1, 1), (0, 1, 1), (1, 1, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 0, 0)]
"""White, yellow, cyan, green, magenta, red, blue, black: as blue, green, red."""

CONFIGURATION = """
[button]
backend = "script"
script = "button.txt"
[indicator]
backend = "none"
[sound]
backend = "wav"
folder = "said"
[speech]
phrases = "phrases"
[history]
path = "history.sqlite3"
[daemon]
runtime = "run"
"""

pytestmark = pytest.mark.hardware
shows_bars = pytest.mark.skipif(PICTURE != "bars", reason="the camera does not show the colour bars")
shows_a_picture = pytest.mark.skipif(PICTURE in ("", "bars", "none"), reason="the camera does not show a picture")
shows_nothing = pytest.mark.skipif(PICTURE != "none", reason="there is a camera")


@pytest.fixture
def settings():
    """The shipped defaults."""
    return config.load().camera


@pytest.fixture
def camera(settings):
    """The virtual camera, open."""
    camera = Picamera2Camera(settings)
    camera.open()
    yield camera
    camera.close()


def open_files():
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@shows_bars
def test_colours_come_blue_first(camera, settings):
    """The colour bars, in the configured size, have each colour where a Frame wants it."""
    pixels = camera.capture(after_seconds=time.monotonic()).pixels
    assert pixels.shape == (settings.height_px, settings.width_px, 3)
    middles = [(2 * bar + 1) * settings.width_px // 16 for bar in range(8)]
    assert [tuple(colour) for colour in (pixels[settings.height_px // 4, middles] > 127).astype(int)] == BARS


@shows_bars
def test_a_timeout_leaves_the_stream_running(camera, settings):
    """A moment that does not come ends in a timeout at the limit; the frame after it is given as ever."""
    called = time.monotonic()
    with pytest.raises(CameraTimeout):
        camera.capture(after_seconds=called + 3600.0)
    assert 0.0 <= time.monotonic() - called - settings.capture_limit_seconds < 1.0
    assert camera.capture(after_seconds=time.monotonic()).pixels.any()


@shows_bars
def test_a_camera_in_use_is_refused_and_left_alone(camera, settings):
    """The second to open it is told that it is busy, however often it tries; the first goes on, and no file leaks."""
    before = open_files()
    for _ in range(5):
        with pytest.raises(CameraError, match="busy"):
            Picamera2Camera(settings).open()
    assert open_files() == before
    assert camera.capture(after_seconds=time.monotonic()).pixels.any()


@shows_nothing
def test_an_absent_camera_is_named(settings):
    """The message has its number and the next step."""
    with pytest.raises(CameraError, match=r"Pi camera 0 cannot be started.*rpicam-hello --list-cameras"):
        Picamera2Camera(settings).open()


@shows_nothing
def test_an_absent_camera_can_be_tried_for_ever(settings):
    """An attempt that fails leaves no file open."""
    camera = Picamera2Camera(settings)
    counts = []
    for _ in range(5):
        with pytest.raises(CameraError):
            camera.open()
        counts.append(open_files())
    assert counts == counts[:1] * 5


@shows_a_picture
def test_the_frame_is_the_picture(camera, settings):
    """What stands before the camera is in the frame, all of it, neither turned nor shifted."""
    shown = cv2.imread(str(REPOSITORY / PICTURE), cv2.IMREAD_GRAYSCALE)
    seen = cv2.cvtColor(camera.capture(after_seconds=time.monotonic()).pixels, cv2.COLOR_BGR2GRAY)
    assert shown.shape == seen.shape
    # A JPEG's range of brightness is wider than a camera's, and libcamera does not convert it.
    assert np.corrcoef(shown.ravel(), seen.ravel())[0, 1] > 0.99


@shows_a_picture
def test_the_daemon_reads_it_aloud(tmp_path):
    """One tap of `digitbox run`: a sentence is heard, and the number in the picture's name is remembered."""
    (tmp_path / "button.txt").write_text("0 tap\n0 quit\n")
    (tmp_path / "digitbox.toml").write_text(CONFIGURATION)

    def digitbox(command, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "virtual_camera", "device.cli", command, "--config", "digitbox.toml", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    run = digitbox("run")
    assert run.returncode == 0, run.stderr
    entries = [json.loads(line) for line in digitbox("history", "--json").stdout.splitlines()]
    assert [entry["number"] for entry in entries] == [Path(PICTURE).stem.split("-")[1]]
    sounds = [Audio.from_wav(path.read_bytes()) for path in sorted((tmp_path / "said").iterdir())]
    assert sounds[-1].seconds > 0.5
