"""The fast photographer: what it draws, where it says it drew it, how it spoils, and that it draws it again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.domain import Advice, Box, Pixels
from train.photographs import layout
from train.photographs.bursts import FRAMES
from train.photographs.chance import GROUNDS, PENS, Wanted, angles, digits, view
from train.photographs.files import KINDS, SEEDS, Shot, shot, shots, write_shots
from train.photographs.hands import Part, Pool, pools, writer
from train.photographs.layout import Style
from train.photographs.negatives import NEGATIVES
from train.photographs.optics import Lens, Light
from train.photographs.scene import Scene, photograph
from train.photographs.spoilt import SPOILS
from train.photographs.stamps import MARGIN_PX, enlarged
from train.photographs.things import DRAWINGS, drawing

DATA = Path(__file__).parents[3] / "shared" / "data"
PLAIN = Light((0.0, 0.0, 2.0), 0.0, (255, 255, 255), waves=0.0, brightness=1.0)
SHARP = Lens(blur_px=0.0, vignetting=0.0, noise=0.0, sharpening=0.0)


def zero() -> Pixels:
    """A ring, in MNIST layout."""
    ink = np.zeros((28, 28), np.uint8)
    cv2.ellipse(ink, (14, 14), (6, 9), 0.0, 0.0, 360.0, (255,), 2, cv2.LINE_AA)
    return ink


def luma(pixels: Pixels) -> np.ndarray:
    """Grey levels."""
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(float)


def scenes(kind: str, count: int) -> list[Scene]:
    """Scenes of a kind in drawn hands."""
    made = [KINDS[kind]((), (1, number)) for number in range(count)]
    return [scene for scene in made if isinstance(scene, Scene)]


# --- stamps and layout ---


def test_an_enlarged_digit_is_the_same_with_smooth_edges() -> None:
    """Brought back to its size it is what it was; its edge is one pixel soft, not steps of the small picture's."""
    ring = zero()
    stamp = enlarged(ring, "0", height_px=200.0, stroke=0.15, width=1.0)
    ink = stamp.ink[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    x, y, width, height = cv2.boundingRect((ring >= 128).astype(np.uint8))
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), ring[y : y + height, x : x + width].ravel())[0, 1] > 0.8
    assert ((ink > 20) & (ink < 235)).mean() < 0.1


def test_strokes_become_as_wide_as_asked_within_reason() -> None:
    """A finer pen leaves less ink, and still one ring with one hole."""
    inked = []
    for stroke in (0.08, 0.15, 0.25):
        ink = enlarged(zero(), "0", height_px=200.0, stroke=stroke, width=1.0).ink >= 128
        contours, tree = cv2.findContours(ink.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        assert len(contours) == 2
        assert tree is not None
        inked.append(float(ink.mean()))
    assert inked[0] < 0.9 * inked[1] < 0.9 * inked[2]


@pytest.mark.parametrize("touching", [0.0, 1.0])
def test_neighbours_touch_when_they_should_only(touching: float) -> None:
    """All digits of a number that touch are one piece of ink, of one that don't as many pieces as digits, or more."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        _, write = writer((), 0.5, rng)
        style = Style(height_mm=10.0, gap=0.2, unevenness=0.03, touching=touching)
        marks, count = layout.lines("3805", style, write, 8.0, rng)
        assert count == (3 if touching else 0)
        assert _pieces(marks) == 1 if touching else _pieces(marks) >= 4


def _pieces(marks: tuple[layout.Placed, ...]) -> int:
    """Connected pieces of ink, seen straight from above."""
    corners = np.concatenate([mark.corners_mm for mark in marks])
    straight = angles(np.random.default_rng(0), most_turn=0.0, most_tilt=0.0)
    seen = view(corners, Wanted((1200, 400), 8.0, 10.0), straight, np.random.default_rng(0))
    ink = np.zeros((400, 1200), np.uint8)
    for mark in marks:
        ink = np.maximum(ink, cv2.warpPerspective(mark.stamp.ink, seen.matrix @ mark.to_mm, (1200, 400)))
    return cv2.connectedComponents((ink >= 100).astype(np.uint8))[0] - 1


def test_groups_stand_clear_of_each_other() -> None:
    """Between groups there is more room than a digit is high, between lines too; in a group there is less."""
    rng = np.random.default_rng(3)
    _, write = writer((), 0.3, rng)
    marks, _ = layout.lines("42 7\n15", Style(10.0, 0.3, 0.0, 0.0), write, 5.0, rng)
    assert marks[2].left_mm - marks[1].right_mm > 10.0
    assert marks[1].left_mm - marks[0].right_mm < 6.0
    assert marks[3].top_mm > marks[0].bottom_mm + 3.0


# --- scenes ---


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_same_number_draws_the_same_picture(kind: str) -> None:
    """Seed, kind and number decide every pixel of every frame; another number gives another one."""
    first, again, other = (shot(kind, (), 3, number) for number in (4, 4, 5))
    for one, same in zip(first.frames, again.frames, strict=True):
        assert np.array_equal(one.pixels, same.pixels)
    assert first.frames[0].pixels.shape != other.frames[0].pixels.shape or not np.array_equal(
        first.frames[0].pixels, other.frames[0].pixels
    )


def test_boxes_hold_the_ink_exactly() -> None:
    """The ink, found by taking the same picture without it, fills the digits' boxes to two pixels."""
    for scene in scenes("number", 12):
        pen = replace(PENS["black felt" if sum(scene.sheet.colour) > 420 else "white pencil"], tooth=0.0, density=1.0)
        sharp = replace(scene, light=PLAIN, lens=SHARP, pen=pen, marks=scene.marks[: len(scene.label)], fingers=())
        blank = photograph(replace(sharp, marks=(), label=""))
        taken = photograph(sharp)
        change = np.abs(luma(taken.pixels) - luma(blank.pixels)) > 45
        x, y, width, height = cv2.boundingRect(change.astype(np.uint8))
        boxes = [box for box in taken.boxes if box is not None]
        assert len(boxes) == len(scene.label)
        assert abs(min(box.x for box in boxes) - x) <= 2
        assert abs(min(box.y for box in boxes) - y) <= 2
        assert abs(max(box.right for box in boxes) - x - width) <= 2
        assert abs(max(box.bottom for box in boxes) - y - height) <= 2


def test_scenes_show_all_their_writing_large_enough() -> None:
    """Every digit is inside the picture, at least 12 pixels high, and the angles are those asked for."""
    for scene in scenes("mixed", 80):
        assert float(scene.facts["least_px"]) >= 12.0
        assert abs(float(scene.facts["turn"])) <= 20.0
        assert float(scene.facts["tilt"]) <= 30.0
        for mark in scene.marks[: len(scene.label.replace(" ", ""))]:
            corners = scene.view.seen(mark.corners_mm)
            assert corners.min() >= 0.0
            assert (corners <= (scene.view.width_px, scene.view.height_px)).all()


def test_scenes_are_of_every_sort() -> None:
    """They have every ground and ruling, numbers of two to eight digits, sheets, touching digits, crops, fingers."""
    made = scenes("mixed", 300)
    assert {str(scene.facts["ground"]) for scene in made} == {ground.name for ground in GROUNDS}
    lengths = {len(scene.label) for scene in made if scene.kind == "number"}
    assert lengths == set(range(2, 9))
    assert max(len(scene.label.split()) for scene in made) > 6
    assert sum(bool(scene.facts["touching"]) for scene in made) > 20
    assert 8 < sum(bool(scene.facts["crop"]) for scene in made) < 60
    assert any(scene.fingers for scene in made)
    assert {scene.sheet.ruling.kind for scene in made} == {"plain", "ruled", "squared", "margin"}


def test_ink_stands_out_from_its_ground() -> None:
    """Whatever ground, pen and light chance chooses, a digit's ink differs from the paper beside it."""
    for scene in scenes("single", 20):
        taken = photograph(scene)
        (box,) = taken.boxes
        assert box is not None
        cut = luma(taken.pixels)[box.y : box.bottom, box.x : box.right]
        assert np.ptp(np.percentile(cut, [3, 97])) > 18


def test_turned_sheets_lie_any_way() -> None:
    """Their angles fill the circle."""
    turns = [float(scene.facts["turn"]) for scene in scenes("turned", 80)]
    assert {int(turn // 90.0) for turn in turns} == {0, 1, 2, 3}


# --- negatives ---


def test_negatives_hold_no_digit_and_are_of_every_sort() -> None:
    """They have no label and no boxes; every sort occurs, and those with ink differ from a bare sheet."""
    made = scenes("negative", 120)
    assert {str(scene.facts["shows"]) for scene in made} == set(NEGATIVES)
    for scene in made:
        assert not scene.label
        assert not any(mark.stamp.digit for mark in scene.marks)
        assert bool(scene.marks) or scene.facts["shows"] in {"bare sheet", "bare table", "hand"}
        assert bool(scene.fingers) == (scene.facts["shows"] == "hand")


def test_every_drawing_can_be_drawn() -> None:
    """Each leaves ink, and none of them fills its box as a blot would."""
    seen = [drawing(120.0, 0.03, np.random.default_rng(seed)).ink for seed in range(len(DRAWINGS) * 6)]
    assert all(0.005 < float((ink >= 128).mean()) < 0.6 for ink in seen)
    assert len({ink.shape for ink in seen}) > len(DRAWINGS)


# --- spoilt pictures ---


def spoilt(name: str, count: int = 3) -> list[Scene]:
    """Scenes spoilt in one way."""
    return [scene for scene in scenes("spoilt", 80) if scene.facts["spoilt"] == name][:count]


def test_each_way_of_spoiling_has_its_advice() -> None:
    """Every way occurs, and every piece of advice is asked for by one."""
    made = scenes("spoilt", 160)
    assert {str(scene.facts["spoilt"]) for scene in made} == set(SPOILS)
    assert {scene.advice for scene in made} == set(Advice)


def test_dark_and_covered_pictures_are_apart() -> None:
    """A covered lens gives less light than the darkest room, and that less than a picture should have."""
    for scene in spoilt("covered"):
        assert np.percentile(luma(photograph(scene).pixels), 99) < 22
    for scene in spoilt("dark"):
        assert 25 < np.percentile(luma(photograph(scene).pixels), 99.8) < 70


def test_glare_clips_the_writing() -> None:
    """Most of the writing's own box is white."""
    for scene in [*spoilt("glare"), *spoilt("overexposed")]:
        taken = photograph(scene)
        clipped = [luma(taken.pixels)[box.y : box.bottom, box.x : box.right] >= 250 for box in taken.boxes if box]
        assert np.mean([part.mean() for part in clipped]) > 0.5


def test_blurred_pictures_have_lost_their_edges() -> None:
    """The steepest edge in the writing is less than half as steep as with the same camera in focus."""
    for scene in spoilt("blurred"):
        soft, focused = (
            photograph(replace(scene, lens=replace(scene.lens, noise=0.0, **change)))
            for change in ({}, {"blur_px": 0.8, "motion_px": 0.0})
        )
        steep = []
        for taken in (soft, focused):
            box = next(box for box in taken.boxes if box)
            cut = luma(taken.pixels)[box.y : box.bottom, box.x : box.right]
            steep.append(float(np.percentile(np.hypot(*np.gradient(cut)), 98)))
        assert steep[0] < 0.5 * steep[1]


@pytest.mark.parametrize(("side", "end"), [("left", 0), ("right", -1), ("top", None), ("bottom", None)])
def test_writing_is_cut_off_on_one_side(side: str, end: int | None) -> None:
    """A digit's box ends at that edge, none at any other, and more than half of the outermost one is left."""
    for scene in spoilt(f"cut off {side}"):
        taken = photograph(scene)
        every = [box for box in taken.boxes if box]
        ends = every if end is None else [box for box in (taken.boxes[end],) if box]
        assert _edges(ends, taken.pixels)[side]
        assert sum(_edges(every, taken.pixels).values()) == 1


def _edges(boxes: list[Box], pixels: Pixels) -> dict[str, bool]:
    """Which edges of the picture the boxes reach."""
    height, width = pixels.shape[:2]
    return {
        "left": min(box.x for box in boxes) == 0,
        "right": max(box.right for box in boxes) == width,
        "top": min(box.y for box in boxes) == 0,
        "bottom": max(box.bottom for box in boxes) == height,
    }


def test_pictures_from_too_far_away_show_tiny_digits() -> None:
    """No digit is as high as the twelve pixels that can be read."""
    for scene in spoilt("too small"):
        assert all(box.height <= 12 for box in photograph(scene).boxes if box)


# --- bursts ---


def test_frames_of_a_burst_show_one_scene_moved_a_little() -> None:
    """Five pictures of the same digits, no two the same, whose places move by less than a digit's height."""
    for number in range(3):
        frames = shot("burst", (), 3, number).frames
        assert len(frames) == FRAMES
        assert len({frame.scene.label for frame in frames}) == 1
        assert len({frame.pixels.tobytes() for frame in frames}) == FRAMES
        first = frames[0].boxes[0]
        assert first is not None
        for frame in frames[1:]:
            box = frame.boxes[0]
            assert box is None or abs(box.x - first.x) < 0.1 * frame.pixels.shape[1]


# --- files and handwriting ---


def test_written_photographs_are_labelled_and_repeatable(tmp_path: Path) -> None:
    """labels.csv names every file with its truth; the same numbers write the same bytes."""
    assert write_shots(tmp_path / "a", shots("mixed", (), 3, 9)) == 3
    assert write_shots(tmp_path / "b", shots("mixed", (), 1, 9, first=2)) == 1
    with (tmp_path / "a" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == sorted(path.name for path in (tmp_path / "a").glob("*.jpg"))
    for row in rows:
        assert len(row["boxes"].split(";")) == len(row["label"].replace(" ", ""))
    last = rows[2]["file"]
    assert (tmp_path / "a" / last).read_bytes() == (tmp_path / "b" / last).read_bytes()


def test_photographs_drawn_before_ctrl_c_are_labelled(tmp_path: Path) -> None:
    """Those that are there have their rows; a table that was there before stays."""

    def interrupted() -> Iterator[Shot]:
        yield from shots("mixed", (), 2, 9)
        raise KeyboardInterrupt

    labels = tmp_path / "labels.csv"
    with pytest.raises(KeyboardInterrupt):
        write_shots(tmp_path, interrupted())
    with labels.open(encoding="utf-8", newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == sorted(path.name for path in tmp_path.glob("*.jpg"))
    labels.write_text("of before", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        write_shots(tmp_path, interrupted())
    assert labels.read_text(encoding="utf-8") == "of before"


def test_bursts_are_written_frame_by_frame(tmp_path: Path) -> None:
    """One file and one row a frame, numbered from 0."""
    assert write_shots(tmp_path, shots("burst", (), 1, 9)) == FRAMES
    assert sorted(path.stem[-2:] for path in tmp_path.glob("*.jpg")) == ["-0", "-1", "-2", "-3", "-4"]


def test_a_hand_writes_the_digits_of_its_set() -> None:
    """Nine scenes in ten or so are in a set's hand where there is one; its stamps show that digit."""
    rows = tuple(np.array([digit]) for digit in range(10))
    pool = Pool("rings", np.stack([zero()] * 10), rows)
    names = [writer((pool,), 0.5, np.random.default_rng(seed))[0] for seed in range(60)]
    assert 30 < names.count("rings") < 55
    _, write = writer((pool,), 0.5, np.random.default_rng(names.index("rings")))
    assert write("4", 100.0).digit == "4"
    assert 60 < write("4", 100.0).height_px < 120


def test_texts_are_digits() -> None:
    """As many as asked for, zeros in front among them."""
    texts = [digits(3, np.random.default_rng(seed)) for seed in range(50)]
    assert all(len(text) == 3 and text.isdigit() for text in texts)
    assert any(text.startswith("0") for text in texts)


def test_parts_have_seeds_of_their_own() -> None:
    """What is learned from, chosen by and measured on is drawn by different chance."""
    assert len(set(SEEDS.values())) == len(SEEDS) == len(Part)


@pytest.mark.shared
@pytest.mark.skipif(not DATA.exists(), reason="the sets of handwriting are not here")
def test_parts_have_no_digit_in_common() -> None:
    """No picture of the held-out pools is in the tuning pools, and none of these in the training pools."""
    seen = {part: pools(DATA, part) for part in Part}
    for here, there in ((Part.HELD_OUT, Part.TUNING), (Part.TUNING, Part.TRAINING), (Part.HELD_OUT, Part.TRAINING)):
        for one, other in zip(seen[here], seen[there], strict=True):
            used = {picture.tobytes() for picture in other.pictures}
            shared = sum(picture.tobytes() in used for picture in one.pictures)
            assert shared <= 0.002 * len(one.pictures)  # some sets hold the same picture twice
