"""What light and camera make of a sheet: lamp, shadows, folds, glare, fingers, lens, sensor.

Everything that changes slowly is computed on every `COARSE`-th pixel. Shares of light are linear; they become factors
on the curve of `tiles.GAMMA` at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.photographs import tiles
from train.photographs.sheet import View, mapped
from train.scenes.area import Colour, Plane

COARSE = 4


@dataclass(frozen=True, slots=True)
class Shadow:
    """Something between lamp and sheet; lengths are in widths of the picture, from its middle.

    Attributes:
        share: Of the light that it takes, 0..1.
        degrees: Direction in which it lies, clockwise from the right.
        edge: How far away its edge is; negative when the middle lies in it.
        width: How broad it is; the shadow of an arm is narrow, that of a person wider than the picture.
        soft: Width of the half-shadow.
        bent: How far its edge wanders.
    """

    share: float
    degrees: float
    edge: float
    width: float
    soft: float
    bent: float


@dataclass(frozen=True, slots=True)
class Glare:
    """A lamp's reflection; lengths are in widths of the picture, from its middle.

    Attributes:
        x: Its middle.
        y: As above.
        radius: Standard deviation.
        strength: Light added in the middle, in grey levels.
        stretch: Width to height.
    """

    x: float
    y: float
    radius: float
    strength: float
    stretch: float


@dataclass(frozen=True, slots=True)
class Light:
    """What falls on the sheet.

    Attributes:
        lamp: Where the lamp is above the sheet: x, y, height, in widths of the picture.
        lamp_share: Of the light in the middle that is the lamp's, 0..1.
        colour: As the camera sees it, BGR.
        shadows: In it.
        glare: On it.
        waves: Standard deviation of the shading by waves in the sheet, relative.
        folds: Each a direction in degrees, a distance from the sheet's origin in mm, and a change of shade.
        brightness: Of a white sheet in the middle, 0..1, linear.
    """

    lamp: tuple[float, float, float]
    lamp_share: float
    colour: Colour
    shadows: tuple[Shadow, ...] = ()
    glare: tuple[Glare, ...] = ()
    waves: float = 0.01
    folds: tuple[tuple[float, float, float], ...] = ()
    brightness: float = 0.7


@dataclass(frozen=True, slots=True)
class Lens:
    """What the camera does.

    Attributes:
        blur_px: Standard deviation of the lens's blur.
        motion_px: How far the picture moved while it was exposed.
        motion_degrees: In which direction.
        vignetting: Share of the light missing in the corners.
        noise: Standard deviation of the sensor's noise, in grey levels.
        sharpening: How much the camera sharpens.
        gain: Applied after the sensor; above 1.0 the brightest is lost.
        lift: Grey levels added everywhere by stray light.
        jpeg_quality: 1..100.
    """

    blur_px: float = 0.8
    motion_px: float = 0.0
    motion_degrees: float = 0.0
    vignetting: float = 0.15
    noise: float = 2.0
    sharpening: float = 0.5
    gain: float = 1.0
    lift: float = 0.0
    jpeg_quality: int = 80


@dataclass(frozen=True, slots=True)
class Finger:
    """A finger over the picture's edge, in pixels.

    Attributes:
        tip: Where its end is.
        root: Where it comes from, outside the picture.
        width: Of it.
        colour: Of the skin.
    """

    tip: tuple[float, float]
    root: tuple[float, float]
    width: float
    colour: Colour


def lit(picture: Pixels, light: Light, lens: Lens, view: View, rng: np.random.Generator) -> Pixels:
    """The picture in that light: uint8, of the same shape."""
    share = _falling(light, lens, view, rng) ** np.float32(1.0 / tiles.GAMMA)
    tint = np.array(light.colour, np.float32) / max(light.colour)
    coarse = np.clip(share[..., None] * (255.0 * tint) + 0.5, 0.0, 255.0).astype(np.uint8)
    size = (view.width_px, view.height_px)
    whole = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(picture, whole, scale=1.0 / 255.0), np.uint8)


def _falling(light: Light, lens: Lens, view: View, rng: np.random.Generator) -> Plane:
    """Linear light on every `COARSE`-th pixel, 0..1, float32.

    Source:
        A small lamp over a plane: light falls with the cube of its distance, once for the slant (Lambert's cosine
        law) and twice for the way.
    """
    x, y = _grid(view)
    lamp_x, lamp_y, height = light.lamp
    squared = (x - lamp_x) ** 2 + (y - lamp_y) ** 2 + height**2
    lamp = (float(np.dot(light.lamp, light.lamp)) / squared) ** 1.5
    falling = light.lamp_share * lamp + (1.0 - light.lamp_share)
    falling *= 1.0 - lens.vignetting * np.minimum(1.0, 2.6 * (x**2 + y**2)) ** 1.5
    for shadow in light.shadows:
        falling *= _shaded(shadow, x, y, rng)
    falling *= 1.0 + light.waves * tiles.smooth_noise((falling.shape[0], falling.shape[1]), 5.0, rng)
    if light.folds:
        falling *= _folded(light.folds, view, falling.shape)
    return np.asarray(np.clip(light.brightness * falling, 0.0, 1.0), np.float32)


def _grid(view: View) -> tuple[Plane, Plane]:
    """The places of the coarse pixels in widths of the picture from its middle, shapes (1, w) and (h, 1)."""
    width, height = -(-view.width_px // COARSE), -(-view.height_px // COARSE)
    x = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height - 0.5) * (view.height_px / view.width_px)
    return x[None, :], y[:, None]


def _shaded(shadow: Shadow, x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """The share of the light that is left."""
    angle = np.radians(shadow.degrees)
    wander = shadow.bent * tiles.smooth_noise((y.shape[0], x.shape[1]), 3.0, rng)
    depth = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)) - shadow.edge + wander
    steep = 4.0 / shadow.soft
    inside = _step(steep * depth) * _step(steep * (shadow.width - depth))
    return np.asarray(1.0 - shadow.share * inside, np.float32)


def _step(value: Plane) -> Plane:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0))), np.float32)


def _folded(folds: tuple[tuple[float, float, float], ...], view: View, shape: tuple[int, ...]) -> Plane:
    """Shading of a sheet that was folded: each half leans its own way, and the crease is a thin line."""
    across, down = np.meshgrid(np.arange(shape[1], dtype=np.float64), np.arange(shape[0], dtype=np.float64))
    pixels = np.column_stack([across.ravel(), down.ravel()]) * COARSE + (COARSE - 1) / 2.0
    x, y = mapped(pixels, np.linalg.inv(view.matrix)).T.reshape(2, *shape)
    left = np.ones(shape)
    for degrees, distance_mm, change in folds:
        off_mm = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees)) - distance_mm
        left *= 1.0 + change * np.tanh(off_mm / 1.2) * np.exp(-np.abs(off_mm) / 120.0)
        left *= 1.0 - 1.2 * abs(change) * np.exp(-((off_mm / 0.5) ** 2))
    return left.astype(np.float32)


def taken(picture: Pixels, light: Light, lens: Lens, rng: np.random.Generator) -> Pixels:
    """What the camera makes of a lit picture, before JPEG: uint8, of the same shape."""
    seen = cv2.GaussianBlur(picture, (0, 0), lens.blur_px) if lens.blur_px > 0.2 else picture
    if lens.motion_px >= 1.0:
        seen = cv2.filter2D(seen, -1, _path(lens), borderType=cv2.BORDER_REPLICATE)
    if lens.sharpening > 0.0:
        soft = cv2.GaussianBlur(seen, (0, 0), 1.5)
        seen = cv2.addWeighted(seen, 1.0 + lens.sharpening, soft, -lens.sharpening, 0.0)
    seen = _noisy(np.asarray(seen, np.uint8), lens, rng)
    if light.glare:
        seen = np.asarray(cv2.add(seen, _reflection(light.glare, seen.shape[1], seen.shape[0])), np.uint8)
    return seen


def _noisy(seen: Pixels, lens: Lens, rng: np.random.Generator) -> Pixels:
    amount = lens.noise / tiles.SPREAD
    height, width = seen.shape[:2]
    noise = tiles.cut(tiles.sensor(), width, height, rng)
    shift = lens.gain * (lens.lift - 128.0 * amount)
    return np.asarray(cv2.addWeighted(seen, lens.gain, noise, lens.gain * amount, shift), np.uint8)


def _path(lens: Lens) -> NDArray[np.float32]:
    """The way of a point while the picture was exposed, summing to one."""
    reach = int(np.ceil(lens.motion_px / 2.0)) + 1
    plane = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    angle = np.radians(lens.motion_degrees)
    half = np.array([np.cos(angle), np.sin(angle)]) * lens.motion_px / 2.0
    first, last = np.round((np.array([reach - half, reach + half])) * 16).astype(int).tolist()
    cv2.line(plane, first, last, (255,), 1, cv2.LINE_AA, 4)
    return plane.astype(np.float32) / max(1.0, float(plane.sum()))


def _reflection(glare: tuple[Glare, ...], width: int, height: int) -> Pixels:
    """Light of reflections, in grey levels on all three colours."""
    x = (np.arange(-(-width // 8), dtype=np.float32) * 8 + 4) / width - 0.5
    y = (np.arange(-(-height // 8), dtype=np.float32) * 8 + 4 - height / 2) / width
    added = np.zeros((len(y), len(x)), np.float32)
    for one in glare:
        off = ((x[None, :] - one.x) / one.stretch) ** 2 + (y[:, None] - one.y) ** 2
        added += one.strength * np.exp(-0.5 * off / one.radius**2)
    whole = cv2.resize(np.clip(added, 0.0, 255.0).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.cvtColor(whole, cv2.COLOR_GRAY2BGR), np.uint8)


def lay_finger(picture: Pixels, finger: Finger) -> None:
    """Draw a finger over the picture, in place, before the light falls on it."""
    tip, root = np.array(finger.tip), np.array(finger.root)
    low = np.maximum(np.floor(np.minimum(tip, root) - finger.width).astype(int), 0).tolist()
    size = (picture.shape[1], picture.shape[0])
    high = np.minimum(np.ceil(np.maximum(tip, root) + finger.width).astype(int), size).tolist()
    if high[0] <= low[0] or high[1] <= low[1]:
        return
    cover = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    ends = np.round((np.array([tip, root]) - low) * 16).astype(int).tolist()
    cv2.line(cover, ends[0], ends[1], (255,), max(1, int(finger.width)), cv2.LINE_AA, 4)
    _shade_finger(picture[low[1] : high[1], low[0] : high[0]], cover, finger, tip - low, root - low)


def _shade_finger(
    part: Pixels,
    cover: Pixels,
    finger: Finger,
    tip: NDArray[np.float64],
    root: NDArray[np.float64],
) -> None:
    """Skin, darker towards the sides, and the nail: in place."""
    inside = cv2.distanceTransform((cover > 127).astype(np.uint8), cv2.DIST_L2, 3)
    depth = np.minimum(1.0, inside / (0.5 * finger.width))
    skin = np.array(finger.colour, np.float32) * (0.62 + 0.38 * np.sqrt(depth))[..., None]
    along = (root - tip) / max(1.0, float(np.linalg.norm(root - tip)))
    middle = np.round(tip + 0.05 * finger.width * along).astype(int).tolist()
    axes = (int(0.36 * finger.width), int(0.27 * finger.width))
    turn = float(np.degrees(np.arctan2(along[1], along[0])))
    paler = np.clip(np.array(finger.colour, float) * 1.08 + 12.0, 0.0, 255.0).tolist()
    cv2.ellipse(skin, middle, axes, turn, 0.0, 360.0, paler, -1, cv2.LINE_AA)
    share = (cover.astype(np.float32) / 255.0)[..., None]
    part[:] = (part * (1.0 - share) + skin * share).astype(np.uint8)


def jpeg(pixels: Pixels, quality: int) -> bytes:
    """A picture as a JPEG file."""
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {pixels.shape} could not be written as JPEG")
    return data.tobytes()
