"""Image files -> frames, whatever their size, depth, colours and rotation.

The header is read first by Pillow; what is too large is refused by it. Pillow decodes JPEG, reduced, and BMP. PNG,
TIFF and WebP are decoded by libvips, which streams them: Pillow holds such a picture whole, with 4 bytes a pixel and
with a second copy to turn or to unpack it. `tests/run --long` holds a process with all of reading imported under
300 MB for 48 megapixels of each. Measured: JPEG 76 MB, progressive 203, PNG 94 to 198, TIFF 105 to 200, BMP 253, WebP
114, transparent 163, lossless 281. Above it stays what no decoder avoids, since all coefficients must be held: a
progressive JPEG that large with colours at full resolution takes 341 MB.
"""

from __future__ import annotations

import logging
import math
import operator
import os
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL.ExifTags import Base

from device.domain import Frame, Pixels
from device.errors import ImageFileError

if TYPE_CHECKING:
    import pyvips

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
"""What is tried; the other decoders of Pillow are never run on a stranger's file."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".mpo", ".png", ".tif", ".tiff", ".webp", ".bmp"})
"""Names that `paths_in` takes for pictures."""

MAX_FRAME_PIXELS = 4_000_000
"""A larger picture is reduced: on a sheet of A4 filling it, 4 megapixels still give a 3 mm digit 24 px."""

MAX_FRAME_SIDE = 32_766
"""A longer picture is reduced too: OpenCV turns none with a side of 32,767 (SHRT_MAX) pixels or more."""

MAX_DECODED_PIXELS = 50_000_000
"""Largest picture that may have to be held whole, with 4 bytes a pixel: 300 MB are to be enough for everything."""

MAX_JPEG_PIXELS = 250_000_000
"""Largest JPEG: it is decoded reduced and needs little memory, but four seconds for each hundred megapixels."""

BAND_ROWS = 16
"""Rows of the frame converted at a time, so that Pillow never holds a large picture in a second form."""

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
    Image.DecompressionBombError,
)
"""What Pillow's decoders have been seen to raise for damaged files."""

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
    if isinstance(image, (JpegImagePlugin.JpegImageFile, BmpImagePlugin.BmpImageFile)):
        pixels, turned = _pillow_pixels(image, factor), _orientation(image)
    else:
        pixels, turned = _vips_pixels(image, path, factor)
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
    while (size[0] // factor) * (size[1] // factor) > max_pixels or -(-max(size) // factor) > MAX_FRAME_SIDE:
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


def _pillow_pixels(image: Image.Image, factor: int) -> Pixels:
    """BGR or BGRA of a JPEG or BMP, decoded whole; only the reduced copy stays in memory."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        factor, left_out = _jpeg_reduction(factor)
        image.draft(None, (max(1, image.width // left_out), max(1, image.height // left_out)))
        factor //= left_out
    image.load()
    mode, order = ("RGBA", cv2.COLOR_RGBA2BGRA) if image.has_transparency_data else ("RGB", cv2.COLOR_RGB2BGR)
    pixels = np.empty((-(-image.height // factor), -(-image.width // factor), len(mode)), np.uint8)
    for top in range(0, len(pixels), BAND_ROWS):
        bottom = min((top + BAND_ROWS) * factor, image.height)
        band = image.crop((0, top * factor, image.width, bottom)).convert(mode).reduce(factor)
        pixels[top : top + BAND_ROWS] = cv2.cvtColor(np.asarray(band), order)
    image.close()
    return pixels


def _vips_pixels(image: Image.Image, path: Path, factor: int) -> tuple[Pixels, int]:
    """BGR or BGRA of a PNG, TIFF or WebP, of which libvips holds a few rows at a time; and its EXIF orientation."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _check_whole(image, path)
    # pyvips would log libvips's remarks on damaged files, beside what is said of them.
    logging.getLogger("pyvips").setLevel(logging.ERROR)
    # A second thread would hold more rows.
    os.environ.setdefault("VIPS_CONCURRENCY", "1")
    try:
        import pyvips  # here, since it takes 14 MB that the daemon never needs
    except (ImportError, OSError) as error:
        raise ImageFileError(
            f"{path}: needs libvips ({error}); pip install 'pyvips[binary]', or save the picture as a JPEG"
        ) from error
    name = os.fsencode(path)  # pyvips would refuse to write one in UTF-8 that is not
    try:
        if isinstance(image, WebPImagePlugin.WebPImageFile):
            picture = pyvips.Image.webpload(name, scale=1.0 / factor, fail_on="truncated")
            factor = 1
        else:
            load = pyvips.Image.pngload if isinstance(image, PngImagePlugin.PngImageFile) else pyvips.Image.tiffload
            picture = load(name, access="sequential", fail_on="truncated")
        turned = int(picture.get("orientation")) if picture.get_typeof("orientation") else 1
        has_alpha = bool(picture.hasalpha())
        inks = picture.interpretation == "cmyk"
        shrunk = _shrunk(picture, factor, has_alpha=has_alpha)
        samples = shrunk.numpy().reshape(shrunk.height, shrunk.width, -1)  # one grey pixel comes without any axis
    except pyvips.Error as error:
        raise OSError(" ".join(str(error.detail or error).split())) from error
    return _bgr(samples, inks=inks, has_alpha=has_alpha), turned


def _check_whole(image: TiffImagePlugin.TiffImageFile, path: Path) -> None:
    """Refuse a TIFF whose strips or tiles lie beyond its end: libtiff would take what is missing for black."""
    size = path.stat().st_size
    for offsets, lengths in ((Base.StripOffsets, Base.StripByteCounts), (Base.TileOffsets, Base.TileByteCounts)):
        ends = map(operator.add, image.tag_v2.get(offsets, ()), image.tag_v2.get(lengths, ()))
        if max(ends, default=0) > size:
            raise EOFError("it ends before its picture does")


def _shrunk(picture: pyvips.Image, factor: int, *, has_alpha: bool) -> pyvips.Image:
    """Averaged over blocks of `factor` pixels; what is transparent doesn't count."""
    across, down = min(factor, picture.width), min(factor, picture.height)
    if not has_alpha:
        return picture.shrink(across, down)
    return picture.premultiply().shrink(across, down).unpremultiply().cast(picture.format)


def _bgr(samples: NDArray[np.generic], *, inks: bool, has_alpha: bool) -> Pixels:
    """Height x width x channels of any depth -> BGR or BGRA with 8 bits."""
    if inks:  # cyan, magenta, yellow and black, as unmanaged as the colours of all other files
        cmyk = _eight_bits(samples[:, :, :4]).astype(np.int16)
        return np.clip(255 - cmyk[:, :, 2::-1] - cmyk[:, :, 3:], 0, 255).astype(np.uint8)
    colours = _eight_bits(samples[:, :, : samples.shape[2] - has_alpha])
    # One channel is grey, and so are two; more than three, as from satellites, begin with red, green and blue.
    bgr = colours[:, :, 2::-1] if colours.shape[2] >= 3 else colours[:, :, [0, 0, 0]]
    return np.concatenate([bgr, _eight_bits(samples[:, :, -1:])], axis=2) if has_alpha else bgr


def _eight_bits(samples: NDArray[np.generic]) -> Pixels:
    """16 and 32 bits, whole numbers or floating point, in which what is not a number counts as black."""
    if samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    values = np.nan_to_num(samples.astype(np.float32))
    return (np.clip(values / _full_scale(float(values.max())), 0.0, 1.0) * 255).astype(np.uint8)


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
