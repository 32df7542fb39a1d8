"""Image files -> frames, whatever their size, depth, colours and rotation.

The header is read first; what is too large is refused by it. At 48 megapixels a process with all of reading imported
peaks at 81 MB for JPEG (203 MB progressive) and at 114 to 256 MB for PNG, BMP, plain TIFF and lossy WebP; the tests
hold these under 300 MB. Above it stay, with what the libraries offer: compressed TIFF (256 MB and the file itself,
which libtiff maps), TIFF with an orientation (423 MB), WebP that is lossless or transparent (435 MB), and progressive
JPEG with colours at full resolution (340 MB).
"""

from __future__ import annotations

import math
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin, UnidentifiedImageError, WebPImagePlugin
from PIL.ExifTags import Base

from device.domain import Frame, Pixels
from device.errors import ImageFileError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
"""What is tried; the other decoders of Pillow are never run on a stranger's file."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".mpo", ".png", ".tif", ".tiff", ".webp", ".bmp"})
"""Names that `paths_in` takes for pictures."""

MAX_FRAME_PIXELS = 4_000_000
"""A larger picture is reduced: on a sheet of A4 filling it, 4 megapixels still give a 3 mm digit 24 px."""

MAX_DECODED_PIXELS = 50_000_000
"""Largest picture that is decoded whole: Pillow takes 4 bytes a pixel, and 300 MB are to be enough for everything."""

MAX_JPEG_PIXELS = 250_000_000
"""Largest JPEG: it is decoded reduced and needs little memory, but four seconds for each hundred megapixels."""

BAND_ROWS = 16
"""Rows of the frame converted at a time, so that a large picture is never held in a second form."""

DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    cv2.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders and OpenCV's have been seen to raise for damaged files."""

UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.swapaxes(np.rot90(pixels, 2), 0, 1),
    8: np.rot90,
}
"""How a picture with this EXIF orientation is turned upright (CIPA DC-008, tag 0x0112)."""

# Pillow's own bound on the size is a warning at one value and an error at its double; ours are above, per format.
Image.MAX_IMAGE_PIXELS = None


def load(path: Path, *, max_pixels: int = MAX_FRAME_PIXELS) -> Frame:
    """Read a JPEG, PNG, WebP, BMP or TIFF file; of several pictures in one file, the first.

    The frame is upright (EXIF orientation applied) and opaque: what is transparent becomes white, or black where
    that is what light ink stands out from. Its `scale` says by how much a large picture was reduced, so boxes times
    `scale` are in pixels of the file as a viewer shows it.

    Args:
        path: The file.
        max_pixels: Pixels that the frame may have, at least 1.

    Raises:
        ImageFileError: It is missing, not a picture of these formats, damaged, truncated, or too large to decode.
    """
    _check_is_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata, which is not a reason to refuse a picture.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                return _frame(image, path, max_pixels)
    except ImageFileError:
        raise
    except UnidentifiedImageError as error:
        raise ImageFileError(f"{path}: is not a JPEG, PNG, WebP, BMP or TIFF picture; save it as one") from error
    except PermissionError as error:
        raise ImageFileError(f"{path}: may not be read by this user; change its permissions") from error
    except DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise ImageFileError(f"{path}: is damaged or truncated ({reason}); copy or save it again") from error


def paths_in(folder: Path) -> list[Path]:
    """The pictures of a folder, hidden ones left out, in natural order: 2.png before 10.png.

    Raises:
        ImageFileError: The folder is missing or cannot be listed.
    """
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    except OSError as error:
        raise ImageFileError(f"{folder}: cannot be listed ({error.strerror}); name a folder of pictures") from error
    return sorted(files, key=lambda path: _natural(path.name))


def _natural(name: str) -> list[tuple[int, str]]:
    """A sorting key in which runs of figures count as numbers."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _check_is_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise ImageFileError(f"{path}: is a folder; name a picture in it")
        if not path.exists():
            raise ImageFileError(f"{path}: does not exist; check the name")
        # A device or a pipe could be read for ever.
        if not path.is_file():
            raise ImageFileError(f"{path}: is not a file; name a picture")
        if path.stat().st_size == 0:
            raise ImageFileError(f"{path}: is empty; copy or save it again")
    except (OSError, ValueError) as error:
        if isinstance(error, ImageFileError):
            raise
        raise ImageFileError(f"{path}: cannot be looked at ({error}); check the name") from error


def _frame(image: Image.Image, path: Path, max_pixels: int) -> Frame:
    """Decode, reduced as far as it must be."""
    longer_px = max(image.size)
    _check_size(image, path)
    factor = _reduction(image.size, max_pixels)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        factor, left_out = _jpeg_reduction(factor)
        image.draft(None, (max(1, image.width // left_out), max(1, image.height // left_out)))
        factor //= left_out
    if _is_still_webp(image):
        turned = _orientation(image)
        pixels = _opencv_pixels(path, factor, opaque=not image.has_transparency_data)
    else:
        image.load()
        turned = _orientation(image)  # PNG may have it at its end; a TIFF has been turned by loading
        pixels = _pillow_pixels(image, factor)
    pixels = _opaque(pixels) if pixels.shape[2] == 4 else pixels
    pixels = np.ascontiguousarray(UPRIGHT.get(turned, np.asarray)(pixels))
    return Frame(pixels, source=str(path), scale=max(1.0, longer_px / max(pixels.shape)))


def _check_size(image: Image.Image, path: Path) -> None:
    """Refuse by its header what would take too much memory or time."""
    # A progressive JPEG keeps the coefficients of the whole picture however small it is wanted.
    reducible = isinstance(image, JpegImagePlugin.JpegImageFile) and "progressive" not in image.info
    bound = MAX_JPEG_PIXELS if reducible else MAX_DECODED_PIXELS
    if image.width * image.height > bound:
        raise ImageFileError(
            f"{path}: has {image.width} x {image.height} pixels; at most {bound // 1_000_000} megapixels can be read "
            f"from such a file; save it smaller"
        )


def _reduction(size: tuple[int, int], max_pixels: int) -> int:
    """The smallest whole factor by which both sides must be divided."""
    factor = 1
    while (size[0] // factor) * (size[1] // factor) > max_pixels:
        factor += 1
    return factor


def _jpeg_reduction(factor: int) -> tuple[int, int]:
    """The factor to reduce by, at least as large, and the part of it that libjpeg leaves out while decoding.

    It can leave out 2, 4 and 8. A picture to be divided by 3 is small enough to be decoded whole, by more it is not.
    """
    step = 1 if factor <= 3 else 2 if factor <= 8 else 8
    factor = -(-factor // step) * step
    return factor, math.gcd(factor, 8)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1, upright, where there is none."""
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except DAMAGED:
        return 1


def _is_still_webp(image: Image.Image) -> bool:
    return isinstance(image, WebPImagePlugin.WebPImageFile) and not image.is_animated


def _opencv_pixels(path: Path, factor: int, *, opaque: bool) -> Pixels:
    """BGR or BGRA of a WebP file, of which Pillow would make four copies."""
    halved = opaque and factor > 1  # before OpenCV makes a second copy of it
    flags = cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION if halved else cv2.IMREAD_UNCHANGED
    pixels = cv2.imread(str(path), flags)
    if pixels is None:
        raise OSError("its data cannot be decoded")
    factor_left = factor / 2 if halved else factor
    size = (max(1, round(pixels.shape[1] / factor_left)), max(1, round(pixels.shape[0] / factor_left)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _pillow_pixels(image: Image.Image, factor: int) -> Pixels:
    """BGR or BGRA of a decoded picture, which is closed: only the reduced copy stays in memory."""
    height, width = -(-image.height // factor), -(-image.width // factor)
    pixels: Pixels | None = None
    top = 0
    for band in _eight_bit_bands(image, factor * BAND_ROWS):
        part = np.asarray(band.reduce(factor))
        if pixels is None:
            pixels = np.empty((height, width, part.shape[2]), np.uint8)
        order = cv2.COLOR_RGBA2BGRA if part.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels[top : top + len(part)] = cv2.cvtColor(part, order)
        top += len(part)
    image.close()
    if pixels is None:
        raise OSError("it has no rows")
    return pixels


def _eight_bit_bands(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, as RGB or RGBA with 8 bits."""
    if image.mode[0] not in "IF":
        mode = "RGBA" if image.has_transparency_data else "RGB"
        yield from (band.convert(mode) for band in _bands(image, rows))
        return
    # 16 and 32 bits, whole numbers or floating point, in which what is not a number counts as black.
    values = (np.nan_to_num(np.asarray(band, np.float32)) for band in _bands(image, rows))
    full = _full_scale(max(float(band.max()) for band in values))
    for band in _bands(image, rows):
        share = np.nan_to_num(np.asarray(band, np.float32)) / full
        yield Image.fromarray((np.clip(share, 0.0, 1.0) * 255).astype(np.uint8)).convert("RGB")


def _bands(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    return (image.crop((0, top, image.width, min(top + rows, image.height))) for top in range(0, image.height, rows))


def _full_scale(brightest: float) -> float:
    """White in a deep picture: the smallest usual one that holds its brightest pixel.

    Cameras leave 12 bits in files of 16, and floating point is used with 1 as well as with 255 for white.
    """
    return next((full for full in (1.0, 255.0, 4095.0, 65535.0) if brightest <= full), 2.0**31)


def _opaque(pixels: Pixels) -> Pixels:
    """BGRA -> BGR over white; over black where light ink stands on a ground that is mostly transparent."""
    alpha = pixels[:, :, 3:].astype(np.uint16)
    luma = cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY)
    light = np.average(luma, weights=alpha[:, :, 0]) > 127 if alpha.any() else False
    ground = 0 if light and alpha.mean() < 127 else 255
    return ((pixels[:, :, :3] * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)
