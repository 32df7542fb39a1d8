"""The one preprocessing: whatever the size and the pen, a model input looks like MNIST's."""

from __future__ import annotations

import gzip
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawing import write

from device.domain import Box, Pixels
from device.preprocess import (
    DIGIT_PX,
    INPUT_PX,
    MOST_ROW_PX,
    ROW_MARGIN_PX,
    ROW_PX,
    mnist_layout,
    row_columns,
    row_layout,
    stroke_px,
)

SHARED_MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"


def inked(digit: int, *, height: int, pen_px: int, width: int | None = None) -> Pixels:
    """White ink on black, as `mnist_layout` takes it, with a margin of 3 px beside the pen's own width."""
    width = width or round(0.6 * height)
    margin = 3 + pen_px
    pixels = np.zeros((height + 2 * margin, width + 2 * margin, 3), np.uint8)
    write(pixels, digit, Box(margin, margin, width, height), pen_px=pen_px, luma=255)
    return np.ascontiguousarray(pixels[:, :, 0])


def extent(model_input: Pixels, *, least: int = 64) -> tuple[int, int]:
    """Width and height of the ink."""
    _, _, width, height = cv2.boundingRect((model_input >= least).view(np.uint8))
    return width, height


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (28, 28), (2000, 1500)])
def test_any_size_gives_a_model_input(shape: tuple[int, int]) -> None:
    """Bare paper of every size becomes a black model input, and full ink of every size a white figure."""
    blank, full = mnist_layout(np.zeros(shape, np.uint8)), mnist_layout(np.full(shape, 255, np.uint8))
    assert blank.shape == full.shape == (INPUT_PX, INPUT_PX)
    assert blank.dtype == full.dtype == np.uint8
    assert not blank.any()
    assert full.max() == 255


@pytest.mark.parametrize(("width", "height"), [(40, 120), (120, 40), (90, 90)])
def test_proportions_are_kept(width: int, height: int) -> None:
    """The longer side becomes 20 px, and the other keeps its ratio to within a pixel."""
    ink = np.zeros((150, 150), np.uint8)
    ink[10 : 10 + height, 5 : 5 + width] = 255
    wide, high = extent(mnist_layout(ink))
    # A solid block is all stroke, so it is thinned to what a pen leaves; both sides lose the same.
    assert max(wide, high) == DIGIT_PX
    assert abs(wide - high) == pytest.approx(abs(width - height) / max(width, height) * DIGIT_PX, abs=4)


@pytest.mark.parametrize("digit", [1, 4, 7])
def test_the_centre_of_mass_is_in_the_middle(digit: int) -> None:
    """Mass, not the box, is centred: within half a pixel of (14, 14), which is how MNIST was made."""
    moments = cv2.moments(mnist_layout(inked(digit, height=90, pen_px=9)))
    assert moments["m10"] / moments["m00"] == pytest.approx(14.0, abs=0.51)
    assert moments["m01"] / moments["m00"] == pytest.approx(14.0, abs=0.51)


@pytest.mark.parametrize("digit", [0, 2, 4])
def test_a_thin_pen_does_not_fade(digit: int) -> None:
    """A line a hundredth as wide as the digit is high still has a white core about two pixels wide."""
    model_input = mnist_layout(inked(digit, height=600, pen_px=6))
    assert np.percentile(model_input[model_input >= 128], 90) >= 240
    fine = cv2.resize(model_input, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert 1.5 <= stroke_px(np.asarray(fine, np.uint8)) / 4 <= 3.5


def test_a_felt_pen_does_not_fill_the_loop() -> None:
    """A zero written with a pen a third of its width keeps its hole."""
    model_input = mnist_layout(inked(0, height=120, width=90, pen_px=36))
    y, x = (int(value) for value in np.argwhere(model_input >= 128).mean(axis=0).round())
    assert model_input[y, x] < 64


@pytest.mark.parametrize(("height", "least"), [(12, 0.7), (24, 0.8), (40, 0.9), (160, 0.95), (900, 0.95)])
def test_size_does_not_matter(height: int, least: float) -> None:
    """The same digit, small or large, gives nearly the same model input: so well at least they correlate."""
    pen = max(1, height // 10)
    usual = mnist_layout(inked(2, height=200, pen_px=20)).astype(float)
    other = mnist_layout(inked(2, height=height, pen_px=pen)).astype(float)
    assert np.corrcoef(usual.ravel(), other.ravel())[0, 1] > least


def test_faint_ink_becomes_white() -> None:
    """Ink of a fifth of the strength gives the same model input to within rounding."""
    ink = inked(5, height=18, pen_px=2)
    difference = mnist_layout(ink).astype(int) - mnist_layout((ink // 5).astype(np.uint8))
    assert np.abs(difference).mean() < 4


def test_blur_is_undone() -> None:
    """A blurred large digit gets edges as steep as a sharp one's: the same model input to within a few levels."""
    ink = inked(4, height=200, pen_px=20)
    blurred = np.asarray(cv2.GaussianBlur(ink, (0, 0), 4), np.uint8)
    assert np.abs(mnist_layout(ink).astype(int) - mnist_layout(blurred)).mean() < 6


def test_a_model_input_is_left_alone() -> None:
    """What has MNIST's layout already hardly changes."""
    once = mnist_layout(inked(2, height=100, pen_px=12))
    assert np.abs(once.astype(int) - mnist_layout(once)).mean() < 4


def test_the_width_of_a_bar_is_measured() -> None:
    """The mean width of a bar is its width, whichever way it lies, and nothing has none."""
    bar = np.zeros((60, 200), np.uint8)
    bar[20:31, 10:190] = 255
    assert stroke_px(bar) == pytest.approx(11, abs=1)
    assert stroke_px(np.ascontiguousarray(bar.T)) == pytest.approx(11, abs=1)
    assert stroke_px(np.zeros((5, 5), np.uint8)) == 0.0


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_MNIST.is_dir(), reason="needs ../shared/data/mnist")
def test_mnist_is_nearly_unchanged() -> None:
    """Most of MNIST's own pictures change by less than one level of 255 a pixel; the rest have strokes below 2 px."""
    path = next(SHARED_MNIST.glob("t10k-images*"))
    pictures = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)[:1000]
    changes = [np.abs(picture.astype(int) - mnist_layout(picture)).mean() for picture in pictures]
    assert np.mean(np.array(changes) < 1.0) > 0.85


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (30, 90), (7, 20), (300, 1200), (3, 3000)])
def test_any_ink_gives_a_row(shape: tuple[int, int]) -> None:
    """32 pixels high, a multiple of 16 wide, and never longer than a row can be."""
    row = row_layout(np.full(shape, 255, np.uint8))
    assert row.shape[0] == ROW_PX
    assert row.shape[1] % 16 == 0
    assert 16 <= row.shape[1] <= MOST_ROW_PX + 32
    assert row.max() == 255
    assert row_layout(np.zeros(shape, np.uint8)).max() == 0


@pytest.mark.parametrize("size", [24, 60, 200])
def test_a_row_has_one_layout_whatever_its_size(size: int) -> None:
    """Two bars, twice as far apart as they are high: they stand in the same columns, and these lead back to them."""
    ink = np.zeros((size, 3 * size), np.uint8)
    bars = (slice(size // 6, size // 3), slice(2 * size, 2 * size + size // 4))
    for bar in bars:
        ink[:, bar] = 255
    row = row_layout(ink)
    columns = np.flatnonzero(row.max(axis=0) >= 128)
    assert columns[0] == pytest.approx(ROW_MARGIN_PX, abs=1)
    middles = [(bar.start + bar.stop) / 2 for bar in bars]
    shares = [(columns[columns < 30].mean() + 0.5) / row.shape[1], (columns[columns > 30].mean() + 0.5) / row.shape[1]]
    assert row_columns(ink, shares) == pytest.approx(middles, abs=0.06 * size)
