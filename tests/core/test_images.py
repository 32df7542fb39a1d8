"""Image files become frames, whatever their format, depth, colours and rotation; what cannot is one clear message."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from device import images
from device.errors import ImageFileError
from device.find import find

ROOT = Path(__file__).parents[2]
ORIENTATION = 0x0112
BGR = (30, 90, 200)
"""Top left quarter of the sample; the rest is white."""

LOSSLESS = ["png", "bmp", "tif", "webp"]
ALL = [*LOSSLESS, "jpg"]


def sample(width: int = 60, height: int = 40) -> Image.Image:
    """White, and coloured in its top left quarter, so that every turn and mirroring shows."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = BGR[::-1]
    return Image.fromarray(pixels)


def save(image: Image.Image, path: Path, **options: object) -> Path:
    """Save, without loss where the format can."""
    settings: dict[str, object] = {"jpg": {"quality": 95}, "webp": {"lossless": True}}.get(path.suffix[1:], {})
    image.save(path, **{**settings, **options})
    return path


def coloured_quarter(pixels: np.ndarray) -> str:
    """Where the coloured quarter is."""
    height, width = pixels.shape[:2]
    quarters = {
        "top left": pixels[: height // 2, : width // 2],
        "top right": pixels[: height // 2, -(width // 2) :],
        "bottom left": pixels[-(height // 2) :, : width // 2],
        "bottom right": pixels[-(height // 2) :, -(width // 2) :],
    }
    return min(quarters, key=lambda name: quarters[name].mean())


@pytest.mark.parametrize("suffix", ALL)
def test_every_format_is_read(suffix: str, tmp_path: Path) -> None:
    """The frame has the file's size, blue first, and names its file."""
    path = save(sample(), tmp_path / f"a.{suffix}")
    frame = images.load(path)
    assert frame.pixels.shape == (40, 60, 3)
    assert frame.pixels[5, 5] == pytest.approx(BGR, abs=8)
    assert frame.pixels[35, 55] == pytest.approx((255, 255, 255), abs=8)
    assert (frame.source, frame.scale) == (str(path), 1.0)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize(
    ("orientation", "quarter", "is_turned"),
    [
        (1, "top left", False),
        (2, "top right", False),
        (3, "bottom right", False),
        (4, "bottom left", False),
        (5, "top left", True),
        (6, "top right", True),
        (7, "bottom right", True),
        (8, "bottom left", True),
    ],
)
def test_exif_rotation_is_applied(suffix: str, orientation: int, quarter: str, is_turned: bool, tmp_path: Path) -> None:
    """A frame is as a viewer shows the file, for each of the eight orientations in every format that carries one."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    frame = images.load(save(sample(), tmp_path / f"a.{suffix}", exif=exif))
    assert frame.pixels.shape == ((60, 40, 3) if is_turned else (40, 60, 3))
    assert coloured_quarter(frame.pixels) == quarter
    assert frame.scale == 1.0


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA", "RGBA"])
def test_colour_modes_become_bgr(mode: str, tmp_path: Path) -> None:
    """Black and white, grey, palette, print colours and opaque alpha: the dark quarter stays where it was."""
    image = sample().convert(mode)
    frame = images.load(save(image, tmp_path / ("a.tif" if mode == "CMYK" else "a.png")))
    assert coloured_quarter(frame.pixels) == "top left"
    assert frame.pixels[35, 55] == pytest.approx((255, 255, 255), abs=3)


def test_a_palette_may_have_a_transparent_colour(tmp_path: Path) -> None:
    """Where the palette is transparent the paper shows."""
    image = sample().convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    ground = image.getpixel((55, 35))
    frame = images.load(save(image, tmp_path / "a.png", transparency=ground))
    assert frame.pixels[35, 55].tolist() == [255, 255, 255]
    assert frame.pixels[5, 5] == pytest.approx(BGR, abs=3)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
@pytest.mark.parametrize(("ink", "ground"), [(20, 255), (235, 0)])
def test_transparent_paper_shows_the_ink(suffix: str, ink: int, ground: int, tmp_path: Path) -> None:
    """Dark ink on nothing is put on white, light ink on nothing on black."""
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[10:30, 20:26] = (ink, ink, ink, 255)
    frame = images.load(save(Image.fromarray(pixels), tmp_path / f"a.{suffix}"))
    assert frame.pixels[20, 22] == pytest.approx((ink,) * 3, abs=2)
    assert frame.pixels[2, 2].tolist() == [ground] * 3


def test_a_sheet_with_transparent_corners_is_put_on_white(tmp_path: Path) -> None:
    """A bright opaque sheet is no light ink: what little is transparent around it becomes white."""
    pixels = np.full((40, 60, 4), 240, np.uint8)
    pixels[:3, :3, 3] = 0
    frame = images.load(save(Image.fromarray(pixels), tmp_path / "a.png"))
    assert frame.pixels[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("full", [65535, 4095])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_deep_grey_is_scaled_by_its_own_white(suffix: str, full: int, tmp_path: Path) -> None:
    """Sixteen bits, and twelve in sixteen, become eight without going black or clipping."""
    pixels = np.full((40, 60), full, np.uint16)
    pixels[:20, :30] = full // 4
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), pixels)
    frame = images.load(path)
    assert frame.pixels[35, 55].tolist() == [255, 255, 255]
    assert frame.pixels[5, 5] == pytest.approx((63, 63, 63), abs=2)


def test_deep_colour_is_read(tmp_path: Path) -> None:
    """Sixteen bits a channel become eight."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.full((20, 30, 3), BGR, np.uint16) * 257)
    assert images.load(path).pixels[5, 5] == pytest.approx(BGR, abs=1)


def test_floating_point_is_read(tmp_path: Path) -> None:
    """White may be 1.0, and what is not a number is black."""
    pixels = np.ones((20, 30), np.float32)
    pixels[:10, :10] = np.nan
    frame = images.load(save(Image.fromarray(pixels), tmp_path / "a.tif"))
    assert frame.pixels[15, 20].tolist() == [255, 255, 255]
    assert frame.pixels[2, 2].tolist() == [0, 0, 0]


@pytest.mark.parametrize("suffix", ALL)
def test_a_name_that_is_not_utf_8_is_read(suffix: str, tmp_path: Path) -> None:
    """As old archives have them: Latin-1, say."""
    path = tmp_path / os.fsdecode(f"\u00e4.{suffix}".encode("latin-1"))
    save(sample(), tmp_path / f"a.{suffix}").rename(path)
    assert images.load(path).pixels.shape == (40, 60, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "1", "P"])
def test_a_single_pixel_of_any_kind_is_a_frame(tmp_path, mode):
    """Whatever channels it has: one grey pixel is an array without any axis to libvips."""
    frame = images.load(save(Image.new(mode, (1, 1), 0), tmp_path / "one.png"))
    assert frame.pixels.shape == (1, 1, 3)


@pytest.mark.parametrize("suffix", ALL)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (16, 16)])
def test_tiny_files_are_read(suffix: str, size: tuple[int, int], tmp_path: Path) -> None:
    """A file of one pixel is a frame of one pixel."""
    frame = images.load(save(Image.new("RGB", size, "white"), tmp_path / f"a.{suffix}"))
    assert (frame.width_px, frame.height_px) == size


@pytest.mark.parametrize(("max_pixels", "factor"), [(960_000, 1), (240_000, 2), (110_000, 3), (60_000, 4), (40_000, 6)])
def test_a_jpeg_is_reduced_no_further_than_it_must(max_pixels: int, factor: int, tmp_path: Path) -> None:
    """The powers of two of libjpeg make the frame no smaller than asked, but for odd factors from 5 on."""
    frame = images.load(save(sample(1200, 800), tmp_path / "a.jpg"), max_pixels=max_pixels)
    assert frame.scale == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("suffix", ALL)
def test_large_files_are_reduced(suffix: str, tmp_path: Path) -> None:
    """Above `max_pixels` both sides are divided by a whole number, which `scale` tells."""
    frame = images.load(save(sample(1200, 800), tmp_path / f"a.{suffix}"), max_pixels=30_000)
    assert frame.pixels.shape in ((133, 200, 3), (134, 200, 3))
    assert frame.scale == pytest.approx(6.0, rel=0.02)
    assert coloured_quarter(frame.pixels) == "top left"
    assert frame.pixels[20, 20] == pytest.approx(BGR, abs=8)


@pytest.mark.parametrize("size", [(100_000, 1), (1, 100_000), (40_000, 30)])
def test_a_side_too_long_for_opencv_is_reduced(size: tuple[int, int], tmp_path: Path) -> None:
    """Its remap ends in an assertion at 32,767 pixels, however few there are the other way."""
    path = tmp_path / "strip.png"
    Image.new("L", size, 255).save(path)
    frame = images.load(path)
    assert max(frame.pixels.shape) <= images.MAX_FRAME_SIDE
    assert not find(frame).writings


def test_rotation_and_reduction_go_together(tmp_path: Path) -> None:
    """A large photograph held upright is reduced by the same factor both ways."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    frame = images.load(save(sample(1200, 800), tmp_path / "a.jpg", exif=exif), max_pixels=240_000)
    assert frame.pixels.shape == (600, 400, 3)
    assert frame.scale == 2.0
    assert coloured_quarter(frame.pixels) == "top right"


def test_the_first_of_several_pictures_is_read(tmp_path: Path) -> None:
    """Animations and bundles of pages show their first."""
    for name in ("a.png", "a.webp", "a.tif"):
        path = tmp_path / name
        sample().save(path, save_all=True, append_images=[Image.new("RGB", (60, 40), "black")])
        assert coloured_quarter(images.load(path).pixels) == "top left", name
        assert images.load(path).pixels.mean() > 100, name


@pytest.mark.parametrize("suffix", ALL)
def test_truncated_files_are_refused(suffix: str, tmp_path: Path) -> None:
    """Half a file is an error that names it, not half a picture."""
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageFileError, match=rf"a\.{suffix}.*damaged or truncated"):
        images.load(path)


@pytest.mark.parametrize("suffix", ALL)
def test_damage_is_told_once(
    suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """By the error: what the decoders remark on it is neither logged nor written beside it."""
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    whole = save(Image.fromarray(noise), tmp_path / f"a.{suffix}").read_bytes()
    half = len(whole) // 2
    for number, content in enumerate((whole[:half], whole[:half] + bytes(200) + whole[half + 200 :])):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(content)
        with contextlib.suppress(ImageFileError):
            images.load(path)
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ALL)
def test_damaged_files_never_end_in_a_traceback(suffix: str, tmp_path: Path) -> None:
    """Whatever bytes are overwritten, the answer is a frame or an ImageFileError."""
    path = save(sample(), tmp_path / f"a.{suffix}")
    whole = path.read_bytes()
    rng = np.random.default_rng(2)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(damaged), 4):
            damaged[place] = int(rng.integers(256))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(ImageFileError):
            assert images.load(path).pixels.size


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    """Missing, a folder, empty, text, another format: each message says which it is."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("seven")
    Image.new("RGB", (5, 5)).save(tmp_path / "a.gif")
    os.mkfifo(tmp_path / "pipe.png")
    for name, message in {
        "missing.png": "does not exist",
        ".": "is a folder",
        "empty.png": "is empty",
        "text.jpg": "is not a JPEG, PNG, WebP, BMP or TIFF",
        "a.gif": "is not a JPEG, PNG, WebP, BMP or TIFF",
        "pipe.png": "is not a file",
        "x" * 300: "cannot be looked at",
    }.items():
        with pytest.raises(ImageFileError, match=message):
            images.load(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_says_so(tmp_path: Path) -> None:
    """Permission is told from damage."""
    path = save(sample(), tmp_path / "a.png")
    path.chmod(0)
    with pytest.raises(ImageFileError, match="permissions"):
        images.load(path)


def test_a_missing_libvips_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PNG says what to install; a JPEG needs no libvips."""
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(ImageFileError, match=r"needs libvips .*pip install 'pyvips\[binary\]'"):
        images.load(save(sample(), tmp_path / "a.png"))
    assert images.load(save(sample(), tmp_path / "a.jpg")).pixels.shape == (40, 60, 3)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """A few bytes that claim 900 megapixels are refused before anything is decoded."""
    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT"
    )
    with pytest.raises(ImageFileError, match=r"30000 x 30000 pixels; at most 50 megapixels"):
        images.load(path)


def test_pictures_of_a_folder_come_in_natural_order(tmp_path: Path) -> None:
    """2 comes before 10, capitals don't matter, and what is hidden or no picture is left out."""
    for name in ("10.png", "2.JPG", "b3.webp", "B2.tif", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in images.paths_in(tmp_path)] == ["2.JPG", "10.png", "B2.tif", "b3.webp"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that cannot be listed is an ImageFileError with its name."""
    with pytest.raises(ImageFileError, match="gone"):
        images.paths_in(tmp_path / "gone")


PEAK = """
import sys
from pathlib import Path
import device.reading
from device import images
frame = images.load(Path(sys.argv[1]))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024, frame.pixels.shape[1], frame.pixels.shape[0])
"""


def picture_of_48_megapixels(mode: str) -> Image.Image:
    """Eight thousand columns from black to white, six thousand rows of them."""
    row = np.linspace(0, 65535 if "16" in mode else 255, 8000).astype(np.uint16 if "16" in mode else np.uint8)
    grey = Image.fromarray(np.broadcast_to(row, (6000, 8000)).copy())
    return grey if mode == "I;16" else grey.convert(mode)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.jpg", "RGB", {}),
        ("a.jpg", "CMYK", {}),
        ("a.jpg", "RGB", {"progressive": True}),
        ("a.png", "RGB", {"compress_level": 1}),
        ("a.png", "RGBA", {"compress_level": 1}),
        ("a.png", "I;16", {"compress_level": 1}),
        ("a.png", "P", {"compress_level": 1}),
        ("a.webp", "RGB", {"method": 0}),
        ("a.webp", "RGBA", {"method": 0}),
        ("a.webp", "RGBA", {"method": 0, "lossless": True}),
        ("a.bmp", "RGB", {}),
        ("a.tif", "RGB", {}),
        ("a.tif", "CMYK", {}),
        ("a.tif", "RGB", {"compression": "tiff_lzw"}),
        ("a.tif", "RGBA", {"compression": "tiff_lzw", "tiffinfo": {ORIENTATION: 3}}),
    ],
)
def test_48_megapixels_take_less_than_300_megabytes(
    name: str, mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    """A process that imports all of reading and decodes the largest file stays below 300 MB."""
    path = tmp_path / name
    picture = picture_of_48_megapixels(mode)
    if name == "a.webp" and mode == "RGBA":
        picture.putpixel((0, 0), (0, 0, 0, 0))  # or it would be saved without alpha
    picture.save(path, **options)
    assert_peak(path)


@pytest.mark.long
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_48_megapixels_of_deep_colour_take_less_than_300_megabytes(suffix: str, tmp_path: Path) -> None:
    """Six bytes a pixel, which Pillow cannot save."""
    path = tmp_path / f"a.{suffix}"
    row = np.linspace(0, 65535, 8000).astype(np.uint16)[None, :, None]
    cv2.imwrite(str(path), np.broadcast_to(row, (6000, 8000, 3)).copy(), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert_peak(path)


def assert_peak(path: Path) -> None:
    """Load the file in a process of its own, and look at the most that it ever held."""
    command = [sys.executable, "-c", PEAK, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    peak_mb, width, height = (int(word) for word in result.stdout.split())
    assert (width, height) == (2000, 1500)
    assert peak_mb < 300
