"""Where the machine of board.sh is built: turns a picture into one frame of YUYV for camera.py.

picture.py PICTURE WIDTH HEIGHT FILE
"""

import sys
from pathlib import Path

import cv2
import numpy as np


def main(picture: str, width_px: int, height_px: int, file: str) -> None:
    """Colours are kept for every second pixel, as in YUYV."""
    pixels = cv2.resize(cv2.imread(picture), (width_px, height_px), interpolation=cv2.INTER_AREA)
    yuv = cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV)
    frame = np.empty((height_px, width_px, 2), np.uint8)
    frame[..., 0] = yuv[..., 0]
    frame[:, 0::2, 1] = yuv[:, 0::2, 1]
    frame[:, 1::2, 1] = yuv[:, 0::2, 2]
    Path(file).write_bytes(frame.tobytes())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
