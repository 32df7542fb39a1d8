"""Run a module with picamera2 made to open libcamera's virtual camera: python -m virtual_camera MODULE [ARGUMENT]...

The virtual camera knows no raw pictures, fills buffers of two planes, and gives NV12 only; a Pi's cameras have all
their raw modes listed, one plane a buffer, and an ISP that gives what was asked for.
"""

from __future__ import annotations

import gc
import runpy
import sys

import cv2
import libcamera
import numpy as np
from picamera2 import Picamera2, picamera2
from picamera2.allocators import Allocator, LibcameraAllocator
from picamera2.request import CompletedRequest

picamera2_init = Picamera2.__init__
picamera2_close = Picamera2.close
picamera2_configure = Picamera2.configure


def init(self, number=0):
    """Let libcamera allocate the buffers: it knows how many planes they have."""
    picamera2_init(self, number, allocator=Allocator())
    self.allocator = LibcameraAllocator(self.camera)


def configure(self, configuration):
    """Keep in mind which format was asked for; libcamera will change it."""
    self.format_asked_for = configuration["main"]["format"]
    picamera2_configure(self, configuration)


def close(self):
    """Leave no reference to the camera: opened again before it went, libcamera 0.4.0's fills no frame any more."""
    picamera2_close(self)
    gc.collect()


def get_raw_modes(self):
    """The modes of the video stream."""
    formats = self.camera.generate_configuration([libcamera.StreamRole.VideoRecording]).at(0).formats
    return [
        {"format": str(pixel_format), "size": (size.width, size.height)}
        for pixel_format in formats.pixel_formats
        for size in formats.sizes(pixel_format)
    ]


def make_array(self, name):
    """A picture in the format asked for, whose name reads from the last byte in memory to the first."""
    (width, height), stride = self.config[name]["size"], self.config[name]["stride"]
    rows = height * 3 // 2
    flat = np.asarray(self.make_buffer(name))[: rows * stride].reshape(rows, stride)
    conversion = {"RGB888": cv2.COLOR_YUV2BGR_NV12, "BGR888": cv2.COLOR_YUV2RGB_NV12}[self.picam2.format_asked_for]
    return np.ascontiguousarray(cv2.cvtColor(flat, conversion)[:, :width])


if __name__ == "__main__":
    Picamera2.__init__ = init
    Picamera2.configure = configure
    Picamera2.close = close
    Picamera2._get_raw_modes = get_raw_modes
    CompletedRequest.make_array = make_array
    picamera2.DmaAllocator = Allocator  # what close() leaves behind; this machine has no DMA heap
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
