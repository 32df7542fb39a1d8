"""In the machine of board.sh: shows v4l2loopback a picture, as a slow camera would.

    camera.py DEVICE WIDTH HEIGHT FILE      the file holds one frame in YUYV

Source:
    struct v4l2_format of linux/videodev2.h.
"""

import fcntl
import struct
import sys
import time
from pathlib import Path

VIDIOC_S_FMT = 0xC0D05605
OUTPUT, FIELD_NONE, SRGB = 2, 1, 8
SECONDS_BETWEEN = 0.25
"""More often would only take the emulated processor away."""


def main(device: str, width_px: int, height_px: int, file: str) -> None:
    """Until the machine goes down."""
    frame = Path(file).read_bytes()
    shape = (width_px, height_px, int.from_bytes(b"YUYV", "little"), FIELD_NONE, 2 * width_px, len(frame), SRGB, 0)
    with Path(device).open("wb", buffering=0) as camera:
        fcntl.ioctl(camera, VIDIOC_S_FMT, struct.pack("I4x8I168x", OUTPUT, *shape))
        while True:
            camera.write(frame)
            time.sleep(SECONDS_BETWEEN)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
