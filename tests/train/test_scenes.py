"""The synthetic photographer: what it draws, where it says it drew it, and that it draws it again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.domain import Box, Pixels
from train.scenes import BUNDLED, draw, write_bundled
from train.scenes.area import Area
from train.scenes.camera import Camera, Light, jpeg, lit
from train.scenes.ink import Pen, write
from train.scenes.materials import BLACK_GEL, PENS
from train.scenes.settings import Settings, chosen
from train.scenes.strokes import ALLOGRAPHS, Hand
from train.scenes.strokes import write as handwriting

PICTURES = Path(__file__).parents[2] / "device" / "pictures"
SMALL = Camera(width_px=410, height_px=308, across_mm=60.0, blur_px=0.6)
SEVEN = Settings("7", BLACK_GEL, camera=SMALL)
STEP_MM = 0.05


def drawn(settings: Settings, seed: int = 0) -> Pixels:
    """Pixels of a scene."""
    return draw(settings, np.random.default_rng(seed)).pixels


def box_of(points: np.ndarray) -> Box:
    """The box around marked pixels."""
    x, y, width, height = cv2.boundingRect(points.astype(np.uint8))
    return Box(x, y, width, height)


# --- handwriting ---


@pytest.mark.parametrize(("digit", "form"), [(digit, form) for digit in ALLOGRAPHS for form in ALLOGRAPHS[digit]])
def test_every_form_is_as_high_as_the_hand_writes(digit: str, form: str) -> None:
    """Whatever its form, a digit is as high as the hand writes, give or take a sixth, and narrower than high."""
    hand = Hand(height_mm=10.0, forms=(form,))
    for seed in range(20):
        (trace,) = handwriting(digit, hand, np.random.default_rng(seed), step_mm=STEP_MM)
        width, height = np.ptp(trace.points_mm, axis=0)
        assert 8.4 < height < 11.6
        assert width < height


def test_samples_are_a_step_apart_and_pressed() -> None:
    """Samples of a stroke lie one step apart, the tip presses on all of them and is nowhere infinitely slow."""
    (trace,) = handwriting("2", Hand(height_mm=10.0), np.random.default_rng(0), step_mm=STEP_MM)
    assert np.linalg.norm(np.diff(trace.points_mm, axis=0), axis=1).max() < 2.0 * STEP_MM
    assert 0.3 <= trace.pressure.min() <= trace.pressure.max() <= 1.6
    assert trace.slowness.min() > 0.9
    assert np.median(trace.slowness) < 2.0


def test_digits_follow_each_other_from_left_to_right() -> None:
    """Neighbours don't touch, a blank makes room, and the line's middle is at (0, 0)."""
    hand = Hand(height_mm=10.0)
    traces = handwriting("4 27", hand, np.random.default_rng(3), step_mm=STEP_MM)
    assert [trace.digit for trace in traces] == ["4", "2", "7"]
    edges = [(trace.points_mm[:, 0].min(), trace.points_mm[:, 0].max()) for trace in traces]
    blank, gap = edges[1][0] - edges[0][1], edges[2][0] - edges[1][1]
    assert blank > 2.0 * gap > 0.0
    everything = np.concatenate([trace.points_mm for trace in traces])
    assert everything.min(axis=0) + everything.max(axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_slant_leans_to_the_right() -> None:
    """A slanted hand puts the top of a plain one to the right of its foot."""
    (trace,) = handwriting(
        "1", Hand(forms=("plain",), slant_degrees=20.0, wobble=0.0), np.random.default_rng(0), step_mm=STEP_MM
    )
    assert trace.points_mm[0, 0] > trace.points_mm[-1, 0] + 2.0


@pytest.mark.parametrize("text", ["", "  ", "4a", "-1"])
def test_only_digits_can_be_written(text: str) -> None:
    """A text without a digit, or with anything else in it, is refused and named."""
    with pytest.raises(ValueError, match="expected digits and blanks"):
        handwriting(text, Hand(), np.random.default_rng(0), step_mm=STEP_MM)


# --- ink, light, camera ---


def test_a_crossing_is_darker_than_a_line() -> None:
    """Where the bar of a seven crosses its stem there is more ink than on either."""
    pen = Pen((168, 70, 52), width_mm=1.0, flatness=1.0, dryness=0.0, tooth=0.0, bleed_mm=0.0)
    hand = Hand(forms=("barred",), pressure_change=0.0)
    traces = handwriting("7", hand, np.random.default_rng(0), step_mm=STEP_MM)
    area = Area.around(traces[0].points_mm, margin_mm=2.0, px_per_mm=20.0)
    surface = np.ones((*area.shape, 3), np.float32)
    write(surface, area, pen, traces, np.random.default_rng(0))
    red = surface[..., 2]
    line = np.median(red[red < 0.1])
    assert red.min() < 0.5 * line
    assert red.max() == 1.0


def test_ink_outside_the_picture_is_left_out() -> None:
    """Writing that lies beside the picture changes nothing in it."""
    traces = handwriting("7", Hand(), np.random.default_rng(0), step_mm=STEP_MM)
    area = Area(left_mm=500.0, top_mm=500.0, width_px=40, height_px=30, px_per_mm=4.0)
    surface = np.ones((*area.shape, 3), np.float32)
    write(surface, area, BLACK_GEL, traces, np.random.default_rng(0))
    assert surface.min() == 1.0


def test_light_falls_off_from_the_lamp_and_into_the_shadow() -> None:
    """With the lamp on the left the left is brighter; a shadow on the right darkens it by its share."""
    area = Area(-100.0, -10.0, 200, 20, 1.0)
    white = np.ones((*area.shape, 3), np.float32)
    plain = Light(lamp_mm=(-200.0, 0.0, 300.0))
    shaded = replace(plain, shadow=0.4, shadow_degrees=0.0, shadow_mm=0.0, shadow_soft_mm=5.0)
    bright, dim = (lit(white, area, light, np.random.default_rng(0)).mean(axis=(0, 2)) for light in (plain, shaded))
    assert bright[0] > 1.2 * bright[-1]
    assert dim[-1] == pytest.approx(0.6 * bright[-1], rel=0.02)
    assert dim[0] == pytest.approx(bright[0], rel=0.02)


def test_the_camera_aims_where_it_is_told() -> None:
    """Turned and tilted, the point aimed at stays in the middle; straight down, a millimetre is `px_per_mm` pixels."""
    tilted = replace(SMALL, aim_mm=(3.0, -2.0), turn_degrees=30.0, tilt_degrees=20.0, pan_degrees=-10.0)
    assert tilted.pixels_of(np.array([[3.0, -2.0]]))[0] == pytest.approx([204.5, 153.5])
    left, right = SMALL.pixels_of(np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert right - left == pytest.approx([SMALL.px_per_mm, 0.0])


def test_a_tilted_camera_sees_what_is_near_larger() -> None:
    """Looking from below the writing, a millimetre at the bottom of the picture is larger than one at the top."""
    tilted = replace(SMALL, tilt_degrees=20.0)
    top, bottom = (np.ptp(tilted.pixels_of(np.array([[-5.0, y], [5.0, y]])), axis=0)[0] for y in (-15.0, 15.0))
    assert bottom > 1.1 * top


def test_more_photons_mean_less_noise() -> None:
    """The noise on bare paper falls with the light a pixel counts."""
    smooth = replace(SEVEN.paper, grain=0.0, waviness=0.0)
    spreads = []
    for photons in (300.0, 30000.0):
        corner = drawn(replace(SEVEN, paper=smooth, camera=replace(SMALL, photons=photons)))[:60, :60, 1]
        spreads.append(float(corner.std()))
    assert spreads[0] > 2.0 * spreads[1] > 0.0


# --- scenes ---


def test_the_same_seed_draws_the_same_picture() -> None:
    """Settings and seed decide every pixel; another seed draws another picture."""
    assert np.array_equal(drawn(SEVEN, 5), drawn(SEVEN, 5))
    assert not np.array_equal(drawn(SEVEN, 5), drawn(SEVEN, 6))


@pytest.mark.parametrize("pen", PENS)
def test_boxes_hold_the_ink_exactly(pen: Pen) -> None:
    """The ink, found by drawing the same picture with a pen that leaves none, fills its box to two pixels."""
    settings = replace(SEVEN, text="8", pen=pen, camera=replace(SMALL, tilt_degrees=12.0, turn_degrees=10.0))
    settings = replace(
        settings, hand=Hand(height_mm=8.0 * pen.width_mm), paper=replace(settings.paper, turn_degrees=9.0)
    )
    scene = draw(settings, np.random.default_rng(1))
    bare = drawn(replace(settings, pen=replace(pen, colour=(255, 255, 255))), 1)
    change = np.abs(scene.pixels.astype(int) - bare).max(axis=2)
    found, (box,) = box_of(change > 40), scene.boxes
    for there, said in ((found.x, box.x), (found.y, box.y), (found.right, box.right), (found.bottom, box.bottom)):
        assert abs(there - said) <= 2


def test_labels_and_boxes_belong_together() -> None:
    """The label holds the digits without blanks, one box each, in reading order."""
    scene = draw(replace(SEVEN, text="4 27", hand=Hand(height_mm=8.0)), np.random.default_rng(0))
    assert scene.label == "427"
    assert len(scene.boxes) == 3
    assert all(left.right <= right.x for left, right in zip(scene.boxes, scene.boxes[1:], strict=False))


def test_chosen_scenes_show_all_their_writing() -> None:
    """Whatever chance chooses, every digit is inside the picture and neither tiny nor huge, and dark."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        settings = chosen(rng)
        scene = draw(replace(settings, camera=replace(settings.camera, width_px=410, height_px=308, blur_px=0.5)), rng)
        assert scene.pixels.shape == (308, 410, 3)
        assert scene.pixels.dtype == np.uint8
        assert scene.label == settings.text
        for box in scene.boxes:
            assert min(box.x, box.y) >= 0
            assert (box.right <= 410, box.bottom <= 308) == (True, True)
            assert 308 / 16 < box.height < 308 * 0.65
            cut = scene.pixels[box.y : box.bottom, box.x : box.right].min(axis=2)
            assert cut.min() < 0.75 * np.median(cut)


# --- the bundled pictures ---


def test_bundled_pictures_cover_the_digits() -> None:
    """There is a picture for each entry and no other, every digit stands alone in one or in a number, all are small."""
    labels = [settings.text.replace(" ", "") for _, settings in BUNDLED]
    names = [f"{number:02}-{label}.jpg" for number, label in enumerate(labels, start=1)]
    assert sorted(path.name for path in PICTURES.iterdir()) == names
    assert {label for label in labels if len(label) == 1} == set("0123456789")
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 2_500_000


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[pytest.mark.long] if n else []) for n in range(len(BUNDLED))]
)
def test_bundled_pictures_are_drawn_anew(number: int) -> None:
    """The committed files are what the module draws; one is drawn at every run, all of them take half a minute.

    Processors round float32 differently, so that a few pixels in a hundred thousand differ, by 4 of 255 at most.
    """
    seed, settings = BUNDLED[number]
    scene = draw(settings, np.random.default_rng(seed))
    committed = cv2.imread(str(PICTURES / f"{number + 1:02}-{scene.label}.jpg"))
    written = np.frombuffer(jpeg(scene.pixels, settings.camera.jpeg_quality), np.uint8)
    difference = cv2.absdiff(committed, cv2.imdecode(written, cv2.IMREAD_COLOR))
    assert difference.max() <= 12
    assert difference.mean() < 0.01


def test_bundled_pictures_are_written_by_their_order(tmp_path: Path) -> None:
    """Into a folder made for them, each named by its number and its label."""
    small = [(seed, replace(each, camera=SMALL)) for seed, each in BUNDLED[:2]]
    paths = write_bundled(tmp_path / "new", small)
    assert [path.name for path in paths] == ["01-7.jpg", "02-3.jpg"]
    assert all(cv2.imread(str(path)).shape == (308, 410, 3) for path in paths)


def test_bundled_pictures_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    """A file where their folder is needed: status 1, no traceback, and nothing on standard output."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "train.scenes", tmp_path / "file"],
        capture_output=True,
        text=True,
        cwd=PICTURES.parents[1],
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert "cannot be written" in ended.stderr
