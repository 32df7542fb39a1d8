"""From a lit desk to a photograph: lamp and shadow, perspective, lens, sensor, and what a camera makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from device.domain import Pixels
from train.scenes.area import Area, Colour, Plane, linear, noise
from train.scenes.strokes import Points


@dataclass(frozen=True, slots=True)
class Light:
    """What falls on the table; 1.0 is the light in the middle of the writing, without the shadow.

    Attributes:
        lamp_mm: Where the lamp is: x, y on the table and height above it.
        lamp_share: Of the light in the middle that comes from the lamp, 0..1; the rest comes evenly from the room.
        colour: Of the light as the camera sees it, after its white balance.
        shadow: Share of the light that the shadow takes, 0..1; 0.0 means no shadow.
        shadow_degrees: Direction from the writing towards the shadow, clockwise from the right.
        shadow_mm: From the middle of the writing to the shadow's edge; negative when the writing lies in it.
        shadow_soft_mm: Width of the half-shadow at that edge, above 0.
    """

    lamp_mm: tuple[float, float, float] = (-150.0, -250.0, 350.0)
    lamp_share: float = 0.7
    colour: Colour = (244, 252, 255)
    shadow: float = 0.0
    shadow_degrees: float = 45.0
    shadow_mm: float = 40.0
    shadow_soft_mm: float = 15.0


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the camera is and what it does to a picture.

    Attributes:
        width_px: Of the picture.
        height_px: Of the picture.
        across_mm: How much of the table the picture's width shows, at its middle.
        aim_mm: The point of the table in the middle of the picture.
        turn_degrees: Turn about the line of sight; positive turns the picture's content clockwise.
        tilt_degrees: From looking straight down; positive looks from below the writing, whose foot is then nearer.
        pan_degrees: The same sideways; positive looks from the right.
        focal: Focal length in widths of the sensor; 0.72 is a telephone's main camera, 0.83 the
            second Pi camera; more where the picture was cropped.
        exposure: Linear brightness of a white sheet in full light, about 0.4..0.95.
        vignetting: Share of the light missing in the corners, 0..0.5.
        glare: Share of the scene's mean light that the lens scatters over everything, 0..0.1.
        blur_px: Standard deviation of the lens's blur.
        photons: Light particles a pixel counts at linear brightness 1.0; fewer are noisier; about 500..20000.
        read_noise: Standard deviation of the sensor's own noise in linear brightness.
        sharpening: How much the camera sharpens, 0..1.5.
        jpeg_quality: 1..100.
    """

    width_px: int = 1640
    height_px: int = 1232
    across_mm: float = 110.0
    aim_mm: tuple[float, float] = (0.0, 0.0)
    turn_degrees: float = 0.0
    tilt_degrees: float = 0.0
    pan_degrees: float = 0.0
    focal: float = 0.95
    exposure: float = 0.72
    vignetting: float = 0.15
    glare: float = 0.02
    blur_px: float = 1.0
    photons: float = 4000.0
    read_noise: float = 0.002
    sharpening: float = 0.6
    jpeg_quality: int = 80

    @property
    def px_per_mm(self) -> float:
        """At the middle of the picture."""
        return self.width_px / self.across_mm

    def projection(self) -> Points:
        """Matrix (3, 3) from the table in mm (x, y, 1) to pixel centres, homogeneous.

        Source:
            The pinhole camera on a plane: Hartley and Zisserman (2004), Multiple View Geometry, section 8.1.
        """
        focal_px = self.focal * self.width_px
        middle = ((self.width_px - 1) / 2, (self.height_px - 1) / 2)
        lens = np.array([[focal_px, 0.0, middle[0]], [0.0, focal_px, middle[1]], [0.0, 0.0, 1.0]])
        degrees = (-self.tilt_degrees, self.pan_degrees, self.turn_degrees)
        about_x, about_y, about_z = (
            cv2.Rodrigues(np.radians(angle) * axis)[0] for angle, axis in zip(degrees, np.eye(3), strict=True)
        )
        turn = about_x @ about_y @ about_z
        from_aim = np.array([[1.0, 0.0, -self.aim_mm[0]], [0.0, 1.0, -self.aim_mm[1]], [0.0, 0.0, 1.0]])
        away = np.array([0.0, 0.0, self.focal * self.across_mm])
        return np.asarray(lens @ np.stack([turn[:, 0], turn[:, 1], away], axis=1) @ from_aim)

    def pixels_of(self, points_mm: Points) -> Points:
        """Where points of the table are in the picture: shape (N, 2) to (N, 2)."""
        return _mapped(points_mm, self.projection())

    def sees(self, *, oversampling: float = 1.1) -> Area:
        """The part of the table in the picture, with a margin, slightly finer than the picture."""
        right, bottom = self.width_px - 0.5, self.height_px - 0.5
        corners = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])
        on_table = _mapped(corners, np.linalg.inv(self.projection()))
        return Area.around(on_table, margin_mm=1.0, px_per_mm=oversampling * self.px_per_mm)


def _mapped(points: Points, matrix: Points) -> Points:
    far = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(far[:, :2] / far[:, 2:])


def lit(surface: Plane, area: Area, light: Light, rng: np.random.Generator) -> Plane:
    """The light that comes back from a surface, shape (H, W, 3).

    Source:
        A small lamp over a plane: light falls with the cube of its distance, once for the slant (Lambert's cosine
        law) and twice for the way.
    """
    x, y = area.grid()
    lamp_x, lamp_y, height = light.lamp_mm
    squared = (x - lamp_x) ** 2 + (y - lamp_y) ** 2 + height**2
    lamp = (float(np.dot(light.lamp_mm, light.lamp_mm)) / squared) ** 1.5
    falling = light.lamp_share * lamp + (1.0 - light.lamp_share)
    if light.shadow > 0.0:
        angle = np.radians(light.shadow_degrees)
        edge = x * np.cos(angle) + y * np.sin(angle) - light.shadow_mm + 12.0 * noise(area, (70.0, 70.0), rng)
        falling = falling * (1.0 - light.shadow / (1.0 + np.exp(-4.0 * edge / light.shadow_soft_mm)))
    return np.asarray(surface * falling[..., None] * linear(light.colour), np.float32)


def photograph(scene: Plane, area: Area, camera: Camera, rng: np.random.Generator) -> Pixels:
    """What the camera makes of an area's light: uint8, BGR, shape (height_px, width_px, 3), before JPEG."""
    size = (camera.width_px, camera.height_px)
    seen = cv2.warpPerspective(scene, camera.projection() @ area.to_mm, size, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.GaussianBlur(seen, (0, 0), camera.blur_px) * camera.exposure
    seen = _vignetted(seen, camera.vignetting) + camera.glare * seen.mean(axis=(0, 1), keepdims=True)
    return _developed(_sensed(seen, camera, rng), camera.sharpening)


def _vignetted(seen: Plane, share: float) -> Plane:
    rows, columns = seen.shape[:2]
    y, x = np.linspace(-1.0, 1.0, rows, dtype=np.float32), np.linspace(-1.0, 1.0, columns, dtype=np.float32)
    from_middle = (x[None, :] ** 2 + y[:, None] ** 2) / 2.0
    return seen * (1.0 - np.float32(share) * from_middle**1.5)[..., None]


def _sensed(seen: Plane, camera: Camera, rng: np.random.Generator) -> Plane:
    """With the noise of light and sensor, after the camera's own noise reduction, which leaves it soft and blotchy."""
    grains = rng.standard_normal(seen.shape, np.float32)
    grey = cv2.GaussianBlur(grains.mean(axis=2), (0, 0), 0.7)[..., None]
    coloured = cv2.GaussianBlur(grains, (0, 0), 2.0)
    spread = np.sqrt(np.maximum(seen, 0.0) / camera.photons + camera.read_noise**2)
    return np.asarray(seen + spread * (1.4 * grey + coloured), np.float32)


def _developed(seen: Plane, sharpening: float) -> Pixels:
    """As a screen shows it: sRGB's curve (IEC 61966-2-1) with a little more contrast, then sharpened."""
    seen = np.clip(seen, 0.0, 1.0)
    value = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * np.power(seen, 1.0 / 2.4, dtype=np.float32) - 0.055)
    value = value + np.float32(0.25) * value * (1.0 - value) * (2.0 * value - 1.0)
    value = value + np.float32(sharpening) * (value - cv2.GaussianBlur(value, (0, 0), 1.6))
    return np.asarray(np.clip(255.0 * value + 0.5, 0.0, 255.0), np.uint8)


def jpeg(pixels: Pixels, quality: int) -> bytes:
    """A picture as a JPEG file."""
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {pixels.shape} could not be written as JPEG")
    return data.tobytes()
