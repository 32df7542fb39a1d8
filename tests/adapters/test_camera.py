"""The contract of the camera port, over every adapter, and each adapter's own faults."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.adapters.camera_files import FilesCamera
from device.adapters.camera_picamera2 import Picamera2Camera
from device.adapters.camera_v4l2 import V4l2Camera
from device.errors import CameraError, CameraTimeout, ImageFileError

INTERVAL = 1 / 25


# --- sensors that are not there ---------------------------------------------------------------------------------------


class _Request:
    """A completed request of picamera2's, numbered by its brightness."""

    def __init__(self, number, metadata):
        self.pixels = np.full((36, 64, 3), number, np.uint8)
        self.metadata = metadata
        self.released = 0

    def get_metadata(self):
        return self.metadata

    def make_array(self, stream):
        assert stream == "main"
        return self.pixels.copy()

    def release(self):
        self.released += 1


class _Flat(_Request):
    """A request with NV12 in it."""

    def make_array(self, stream):
        return np.zeros((54, 64), np.uint8)


class _Picamera2:
    """As much of picamera2's class as a stream takes; a frame is complete one interval after the one before."""

    def __init__(self, clock):
        self.clock = clock
        self.camera_controls = {}
        self.requests = []
        self.calls = []
        self.exposure_seconds = 0.01
        self.extra = {}  # metadata to add
        self.stamped = True
        self.boottime_ahead_seconds = 0.0
        self.hangs = False

    def create_video_configuration(self, **configuration):
        return configuration

    def configure(self, configuration):
        self.configuration = configuration

    def start(self):
        self.calls.append("start")

    def capture_request(self, *, wait):
        if self.hangs or wait < INTERVAL:
            self.clock.pass_by(wait)
            raise TimeoutError
        self.clock.pass_by(INTERVAL)
        stamp = {"SensorTimestamp": round((self.clock() + self.boottime_ahead_seconds - 0.001) * 1e9)}
        exposure = {"ExposureTime": round(self.exposure_seconds * 1e6)}
        request = _Request(len(self.requests), {**(stamp if self.stamped else {}), **exposure, **self.extra})
        self.requests.append(request)
        return request

    def cancel_all_and_flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")


class _Capture:
    """As much of cv2.VideoCapture as a stream takes: two buffers that fill while nobody looks."""

    def __init__(self, clock, formats=("MJPG", "YUYV")):
        self.clock = clock
        self.codes = [cv2.VideoWriter.fourcc(*name) for name in formats]
        self.settings = {cv2.CAP_PROP_FPS: 1 / INTERVAL}
        self.waiting = []  # stamps of the filled buffers
        self.grab_seconds = 0.0  # that the machine takes for a filled buffer
        self.stamp = 0.0
        self.stamped = True
        self.hangs = False
        self.unplugged = False
        self.damaged = 0
        self.pixels = np.zeros((36, 64, 3), np.uint8)
        self.released = 0

    def set(self, name, value):
        if name == cv2.CAP_PROP_FOURCC and value not in self.codes:
            return False
        self.settings[name] = value
        return True

    def get(self, name):
        if name == cv2.CAP_PROP_POS_MSEC:
            return self.stamp * 1000.0 if self.stamped else 0.0
        return self.settings.get(name, 0.0)

    def idle(self, seconds):
        """Nobody grabs: the buffers fill and then nothing more comes."""
        self.waiting = [self.clock() + INTERVAL * (n + 1) for n in range(int(self.settings[cv2.CAP_PROP_BUFFERSIZE]))]
        self.clock.pass_by(seconds)

    def grab(self):
        if self.unplugged:
            return False
        if self.hangs:
            self.clock.pass_by(3.0)
            return False
        if self.waiting:
            self.stamp = self.waiting.pop(0)
            self.clock.pass_by(self.grab_seconds)
        else:
            self.clock.pass_by(INTERVAL)
            self.stamp = self.clock()
        return True

    def retrieve(self):
        if self.damaged:
            self.damaged -= 1
            return False, None
        return True, self.pixels

    def release(self):
        self.released += 1


@pytest.fixture
def photos(tmp_path):
    """A folder with three pictures, each of one brightness."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for brightness in (10, 20, 30):
        cv2.imwrite(str(folder / f"{brightness}.png"), np.full((36, 64, 3), brightness, np.uint8))
    return folder


@pytest.fixture
def picamera2(clock):
    """The sensor behind the adapter of picamera2."""
    return _Picamera2(clock)


@pytest.fixture
def capture(clock):
    """The sensor behind the adapter of V4L2."""
    return _Capture(clock)


@pytest.fixture
def v4l2(settings, capture, clock):
    """The adapter of V4L2, not opened."""
    return V4l2Camera(settings.camera, make=lambda _: capture, monotonic=clock)


@pytest.fixture
def pi_camera(settings, picamera2, clock):
    """The adapter of picamera2, not opened."""
    return Picamera2Camera(
        settings.camera,
        make=lambda _: picamera2,
        monotonic=clock,
        boottime=lambda: clock() + picamera2.boottime_ahead_seconds,
    )


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.fixture(
    params=[
        "files",
        "v4l2",
        "picamera2",
        pytest.param("v4l2 device", marks=pytest.mark.hardware),
        pytest.param("picamera2 device", marks=pytest.mark.hardware),
    ]
)
def camera_and_clock(request, settings, clock):
    """Every adapter, not opened, with the clock it goes by."""
    match request.param:
        case "files":
            camera = FilesCamera(replace(settings.camera, photos=request.getfixturevalue("photos")))
            timer = time.monotonic
        case "v4l2":
            camera, timer = request.getfixturevalue("v4l2"), clock
        case "picamera2":
            camera, timer = request.getfixturevalue("pi_camera"), clock
        case "v4l2 device":
            device = os.environ.get("DIGITBOX_TEST_VIDEO", "/dev/video0")
            if not Path(device).exists():
                pytest.skip(f"no camera {device}; name one in DIGITBOX_TEST_VIDEO")
            camera = V4l2Camera(replace(settings.camera, device=Path(device), width_px=640, height_px=480))
            timer = time.monotonic
        case _:
            if importlib.util.find_spec("picamera2") is None:
                pytest.skip("the library picamera2 is missing")
            camera, timer = Picamera2Camera(replace(settings.camera, width_px=640, height_px=480)), time.monotonic
    yield camera, timer
    camera.close()


def test_frames_are_exposed_after_the_moment(camera_and_clock):
    """No frame of a burst began before the moment asked for, and each is a colour picture."""
    camera, clock = camera_and_clock
    camera.open()
    moment = clock()
    frames = [camera.capture(after_seconds=moment) for _ in range(3)]
    assert all(frame.exposed_seconds >= moment for frame in frames)
    assert all(frame.pixels.ndim == 3 and frame.height_px > 1 for frame in frames)


def test_a_camera_can_be_closed_at_any_time(camera_and_clock):
    """Closing before opening, and twice, is no error; a closed camera gives no frame, and can be opened again."""
    camera, clock = camera_and_clock
    camera.close()
    camera.open()
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="closed"):
        camera.capture(after_seconds=clock())
    camera.open()
    assert camera.capture(after_seconds=clock()).pixels.size


# --- pictures of a folder ---------------------------------------------------------------------------------------------


def test_files_turn_with_the_moment(settings, photos):
    """A new moment turns to the next picture, the same moment shows the same, and after the last comes the first."""
    camera = FilesCamera(replace(settings.camera, photos=photos))
    camera.open()
    shown = [int(camera.capture(after_seconds=moment).pixels[0, 0, 0]) for moment in (1.0, 1.0, 2.0, 3.0, 4.0, 4.0)]
    assert shown == [10, 10, 20, 30, 10, 10]


def test_files_that_are_not_there_are_told_of_once(settings, tmp_path):
    """In one sentence with one remedy, which also holds where they were named on the command line."""
    folder = tmp_path / "none"
    with pytest.raises(CameraError) as caught:
        FilesCamera(replace(settings.camera, photos=folder)).open()
    told = f"{folder}: cannot be listed (No such file or directory); name a folder of pictures"
    assert str(caught.value) == told


def test_files_decode_a_picture_once_a_burst(settings, photos):
    """The frames of one moment share their pixels."""
    camera = FilesCamera(replace(settings.camera, photos=photos))
    camera.open()
    first, second = (camera.capture(after_seconds=1.0) for _ in range(2))
    assert first.pixels is second.pixels


def test_files_name_a_picture_that_cannot_be_read(settings, photos):
    """It is an error of the camera that names the file, and the next call goes on to the picture after it."""
    (photos / "10.png").write_bytes(b"no picture")
    camera = FilesCamera(replace(settings.camera, photos=photos))
    camera.open()
    with pytest.raises(ImageFileError, match=r"10\.png"):
        camera.capture(after_seconds=1.0)
    assert camera.capture(after_seconds=1.0).pixels[0, 0, 0] == 20


def test_files_go_on_after_an_error_whatever_the_moment(settings, photos):
    """The moment of the picture before the damaged one does not bring that one back."""
    (photos / "20.png").write_bytes(b"no picture")
    camera = FilesCamera(replace(settings.camera, photos=photos))
    camera.open()
    camera.capture(after_seconds=1.0)
    with pytest.raises(ImageFileError, match=r"20\.png"):
        camera.capture(after_seconds=2.0)
    assert camera.capture(after_seconds=1.0).pixels[0, 0, 0] == 30


@pytest.mark.parametrize("there", [True, False])
def test_files_need_a_picture(settings, tmp_path, there):
    """A folder that is empty or missing is an error when opened, and says which folder."""
    folder = tmp_path / "none"
    if there:
        folder.mkdir()
    with pytest.raises(CameraError, match="none"):
        FilesCamera(replace(settings.camera, photos=folder)).open()


# --- V4L2 -------------------------------------------------------------------------------------------------------------


def test_v4l2_drops_what_was_buffered(v4l2, capture, clock):
    """After an idle minute the buffers hold old frames; the first frame given was exposed after the press."""
    v4l2.open()
    capture.idle(60.0)
    pressed = clock()
    frame = v4l2.capture(after_seconds=pressed)
    assert pressed <= frame.exposed_seconds <= capture.stamp
    assert clock() - pressed <= 3 * INTERVAL


def test_v4l2_counts_the_exposure(v4l2, capture, clock):
    """The stamp is the end of the exposure: a frame stamped just after the press began before it."""
    v4l2.open()
    pressed = clock()
    capture.waiting = [pressed + INTERVAL / 2]
    v4l2.capture(after_seconds=pressed)
    assert capture.stamp >= pressed + INTERVAL


@pytest.mark.parametrize("grab_seconds", [0.0, 2 * INTERVAL])
def test_v4l2_without_stamps_counts_the_buffers(v4l2, capture, clock, grab_seconds):
    """A driver that stamps nothing still gives no frame buffered before the press, however slow the machine."""
    capture.stamped = False
    capture.grab_seconds = grab_seconds
    v4l2.open()
    capture.idle(60.0)
    pressed = clock()
    assert v4l2.capture(after_seconds=pressed).exposed_seconds >= pressed
    assert capture.stamp - INTERVAL >= pressed
    assert clock() - pressed <= 6 * INTERVAL + 2 * grab_seconds


def test_v4l2_prefers_compressed_frames(v4l2, capture, settings):
    """MJPG where the camera has it, in the configured size, with two buffers."""
    v4l2.open()
    assert capture.settings[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert capture.settings[cv2.CAP_PROP_FRAME_WIDTH] == settings.camera.width_px
    assert capture.settings[cv2.CAP_PROP_BUFFERSIZE] == 2


def test_v4l2_asks_for_colour_where_there_is_no_mjpg(settings, clock):
    """YUYV is asked for by name: left alone, OpenCV may take a grey format."""
    capture = _Capture(clock, formats=("YUYV",))
    V4l2Camera(settings.camera, make=lambda _: capture, monotonic=clock).open()
    assert capture.settings[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"YUYV")


def test_v4l2_passes_over_damaged_frames(v4l2, capture, clock):
    """A JPEG damaged on its way costs one frame, not the camera."""
    v4l2.open()
    capture.damaged = 2
    assert v4l2.capture(after_seconds=clock()).pixels is capture.pixels


def test_v4l2_gives_up_a_camera_that_hangs(v4l2, capture, clock):
    """No frame within the limit is a timeout."""
    v4l2.open()
    capture.hangs = True
    with pytest.raises(CameraTimeout, match="/dev/video0"):
        v4l2.capture(after_seconds=clock())


def test_v4l2_never_waits_for_the_future(v4l2, clock, settings):
    """A moment that does not come within the limit ends in a timeout, though frames keep coming."""
    v4l2.open()
    called = clock()
    with pytest.raises(CameraTimeout):
        v4l2.capture(after_seconds=called + 3600.0)
    assert clock() - called < settings.camera.capture_limit_seconds + 1.0


def test_v4l2_says_when_it_was_unplugged(v4l2, capture, clock):
    """A grab that fails at once is an error, not a timeout."""
    v4l2.open()
    capture.unplugged = True
    with pytest.raises(CameraError, match="plugged in") as caught:
        v4l2.capture(after_seconds=clock())
    assert not isinstance(caught.value, CameraTimeout)


def test_v4l2_refuses_grey(v4l2, capture, clock):
    """A camera without colour is named so, and nothing else fails later."""
    v4l2.open()
    capture.pixels = np.zeros((36, 64), np.uint8)
    with pytest.raises(CameraError, match="colour"):
        v4l2.capture(after_seconds=clock())


def test_v4l2_gives_a_camera_back_that_does_not_start(v4l2, capture):
    """The device is released when opening fails."""
    capture.unplugged = True
    with pytest.raises(CameraError):
        v4l2.open()
    assert capture.released == 1


@pytest.mark.parametrize(("device", "message"), [("/dev/no-such-video", "not there"), ("/dev/null", "is no camera")])
def test_v4l2_names_the_device_it_cannot_open(settings, device, message):
    """With the real OpenCV: a device that is missing, and one that is no camera."""
    with pytest.raises(CameraError, match=f"{device} .*{message}"):
        V4l2Camera(replace(settings.camera, device=Path(device))).open()


# --- picamera2 --------------------------------------------------------------------------------------------------------


def test_picamera2_streams_bgr_in_the_configured_size(pi_camera, picamera2, settings):
    """The format whose bytes are B, G, R; few buffers, and none kept back; no control the camera does not list."""
    pi_camera.open()
    configuration = picamera2.configuration
    assert configuration["main"] == {"size": (settings.camera.width_px, settings.camera.height_px), "format": "RGB888"}
    assert (configuration["buffer_count"], configuration["queue"], configuration["controls"]) == (3, False, {})


def test_picamera2_focuses_where_there_is_a_lens(pi_camera, picamera2):
    """Continuous autofocus when the camera lists it."""
    picamera2.camera_controls = {"AfMode": (0, 2, 0)}
    pi_camera.open()
    assert picamera2.configuration["controls"] == {"AfMode": 2}


def test_picamera2_counts_the_exposure(pi_camera, picamera2, clock):
    """The stamp is the exposure's end: a long exposure that began before the press does not count."""
    pi_camera.open()
    picamera2.exposure_seconds = 2.5 * INTERVAL
    pressed = clock()
    frame = pi_camera.capture(after_seconds=pressed)
    assert frame.exposed_seconds >= pressed
    assert clock() - pressed == pytest.approx(3 * INTERVAL)


def test_picamera2_knows_the_clock_of_a_machine_that_slept(pi_camera, picamera2, clock):
    """Stamps on the clock that counts the time suspended are taken back to the monotonic one."""
    picamera2.boottime_ahead_seconds = 5000.0
    pi_camera.open()
    pressed = clock()
    frame = pi_camera.capture(after_seconds=pressed)
    assert pressed <= frame.exposed_seconds <= clock()


def test_picamera2_without_stamps_takes_the_second_frame(pi_camera, picamera2, clock):
    """The first frame completed after the call may have begun before it; the second has not."""
    picamera2.stamped = False
    pi_camera.open()
    before = len(picamera2.requests)
    frame = pi_camera.capture(after_seconds=clock())
    assert frame.pixels[0, 0, 0] == before + 1


def test_picamera2_gives_every_request_back(pi_camera, picamera2, clock):
    """A request that is not released is a buffer less, and after three the stream stands still."""
    pi_camera.open()
    for _ in range(3):
        pi_camera.capture(after_seconds=clock() + INTERVAL)
    assert [request.released for request in picamera2.requests] == [1] * len(picamera2.requests)


@pytest.mark.parametrize("extra", [{"AeLocked": False}, {"AeState": 1}, {"AfState": 1}])
def test_picamera2_lets_light_and_focus_settle(pi_camera, picamera2, clock, extra):
    """While light or focus still search it waits, but not for ever."""
    picamera2.extra = extra
    started = clock()
    pi_camera.open()
    assert 2.0 <= clock() - started <= 2.0 + 2 * INTERVAL


def test_picamera2_waits_no_longer_than_needed(pi_camera, clock):
    """A camera that says nothing of light and focus is ready with its first frame."""
    started = clock()
    pi_camera.open()
    assert clock() - started == pytest.approx(INTERVAL)


def test_picamera2_gives_up_a_camera_that_hangs(pi_camera, picamera2, clock, settings):
    """No frame within the limit is a timeout, and what was asked for is taken out of the queue."""
    pi_camera.open()
    picamera2.hangs = True
    called = clock()
    with pytest.raises(CameraTimeout, match="Pi camera 0"):
        pi_camera.capture(after_seconds=called)
    assert clock() - called == pytest.approx(settings.camera.capture_limit_seconds)
    assert picamera2.calls == ["start", "flush"]


def test_picamera2_gives_a_camera_back_that_does_not_start(pi_camera, picamera2):
    """A camera without a first frame is closed, after emptying its queue: else closing would hang as well."""
    picamera2.hangs = True
    with pytest.raises(CameraTimeout):
        pi_camera.open()
    assert picamera2.calls[-2:] == ["flush", "close"]


def test_picamera2_says_what_libcamera_said(settings):
    """The innermost reason is in the message, and the next step."""

    def fail(number):
        try:
            raise RuntimeError("Device or resource busy")
        except RuntimeError as error:
            raise RuntimeError("Camera __init__ sequence did not complete.") from error

    with pytest.raises(CameraError, match=r"busy.*rpicam-hello"):
        Picamera2Camera(settings.camera, make=fail).open()


def test_picamera2_refuses_other_formats(pi_camera, picamera2, clock):
    """Luma and chroma in one plane, which some pipelines give, are no colour picture."""
    pi_camera.open()
    picamera2.capture_request = lambda wait: _Flat(0, {"SensorTimestamp": round(clock() * 1e9)})
    with pytest.raises(CameraError, match="format"):
        pi_camera.capture(after_seconds=clock())


def test_picamera2_missing_names_the_package(settings, monkeypatch):
    """Without the library the message names the apt package."""
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="python3-picamera2"):
        Picamera2Camera(settings.camera).open()
