"""Digits drawn as pen strokes on paper, for tests: small, seeded, nothing hidden."""

from __future__ import annotations

import cv2
import numpy as np

from device.domain import Box, Frame, Pixels

STROKES: dict[int, tuple[tuple[tuple[float, float], ...], ...]] = {
    0: (tuple((0.5 + 0.5 * float(np.sin(t)), 0.5 - 0.5 * float(np.cos(t))) for t in np.linspace(0, 2 * np.pi, 40)),),
    1: (((0.2, 0.25), (0.6, 0.0), (0.6, 1.0)),),
    2: (((0.0, 0.2), (0.3, 0.0), (0.8, 0.05), (0.9, 0.35), (0.0, 1.0), (1.0, 1.0)),),
    4: (((0.6, 0.0), (0.0, 0.65), (1.0, 0.65)), ((0.75, 0.35), (0.75, 1.0))),
    5: (((0.15, 0.2), (0.1, 0.5), (0.6, 0.45), (1.0, 0.7), (0.7, 1.0), (0.0, 0.95)), ((0.2, 0.0), (1.0, 0.0))),
    7: (((0.0, 0.0), (1.0, 0.0), (0.4, 1.0)),),
}
"""Of each digit its strokes as points (x, y), 0..1 from the left and from the top; the bar of the 5 stands apart."""


def paper(height: int, width: int, *, luma: float = 210.0, grain: float = 2.0, seed: int = 1) -> Pixels:
    """Bare paper, BGR: its brightness, and the standard deviation of its grain and the sensor's noise."""
    noise = np.random.default_rng(seed).normal(0.0, grain, (height, width, 3))
    return np.clip(luma + noise, 0, 255).astype(np.uint8)


def write(pixels: Pixels, digit: int, box: Box, *, pen_px: int, luma: int = 40) -> None:
    """Write a digit into a picture, in place; the middles of its strokes reach the box's edges."""
    for stroke in STROKES[digit]:
        points = np.array([(box.x + x * (box.width - 1), box.y + y * (box.height - 1)) for x, y in stroke])
        fixed_point = np.rint(points * 16).astype(np.int32)  # cv2 takes four fractional bits
        cv2.polylines(
            pixels, [fixed_point], isClosed=False, color=(luma,) * 3, thickness=pen_px, lineType=cv2.LINE_AA, shift=4
        )


def rule(pixels: Pixels, *, spacing_px: int, slope: float = 0.0, luma: int = 150, thick_px: int = 2) -> None:
    """Rule lines across the whole picture, in place; they rise by `slope` a column."""
    height, width = pixels.shape[:2]
    for start in range(-height, 2 * height, spacing_px):
        end = round(start + slope * width)
        cv2.line(pixels, (0, start), (width, end), (luma,) * 3, thick_px, cv2.LINE_AA)


def shade(pixels: Pixels, *, darkest: float) -> Pixels:
    """The same in a soft shadow that grows from left to right, down to this share of the light."""
    light = np.linspace(1.0, darkest, pixels.shape[1])[None, :, None]
    return (pixels * light).astype(np.uint8)


def scene(*digits: int, height: int = 480, width: int = 640, digit_px: int = 120, pen_px: int = 9) -> Frame:
    """A frame of digits side by side in the middle of bare paper, 0.9 of their height from one to the next."""
    pixels = paper(height, width)
    step = round(0.9 * digit_px)
    left = (width - step * len(digits)) // 2
    for place, digit in enumerate(digits):
        box = Box(left + place * step, (height - digit_px) // 2, round(0.6 * digit_px), digit_px)
        write(pixels, digit, box, pen_px=pen_px)
    return Frame(cv2.GaussianBlur(pixels, (3, 3), 0))
