"""The picture that explains a reading: what must be on it, and where it may be written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import scene
from PIL import Image

from device import advice, explain
from device.domain import Advice, Box, Digit, Frame, Reading, Status
from device.errors import DigitboxError
from device.judge import Evidence
from device.looking import Observation
from device.quality import Quality

GOOD = Quality(brightest=210.0, middle=200.0, clipped=0.0, contrast=0.8, softness=0.002, height_px=120)


def observation(frame: Frame, *boxes: Box, not_a_digit: float = 0.0) -> Observation:
    """A frame in which these pieces were seen, each taken for a 7 unless it is no digit."""
    probabilities = np.zeros((len(boxes), 11), np.float32)
    probabilities[:, 7], probabilities[:, 10] = 1.0 - not_a_digit, not_a_digit
    evidence = Evidence(boxes, tuple(range(len(boxes))), probabilities, (), cut_off=False, tight=False, other_ink=False)
    return Observation(frame, np.full((len(boxes), 28, 28), 200, np.uint8), evidence)


def digit(box: Box, *, sure: bool = True) -> Digit:
    """A seven."""
    return Digit(7, 0.99, None if sure else 1, box, (0.1,) * 10, sure=sure)


def drawn(seen: Observation, reading: Reading) -> np.ndarray:
    """The sheet's pixels, RGB."""
    return np.asarray(explain.sheet("a.jpg", [seen], reading, "seven."))


def has(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    """How many pixels have exactly this colour."""
    return int((pixels == colour).all(axis=2).sum())


PLACES = tuple(Box(20 + 45 * number, 180, 40, 120) for number in range(12))


@pytest.mark.parametrize("count", [0, 1, 2, 12])
def test_each_digit_is_marked_and_its_input_shown(count):
    """In the colour for what is sure, twice: on the photograph and on the ink; and no other mark."""
    frame = scene()
    boxes = PLACES[:count]
    pixels = drawn(observation(frame, *boxes), Reading(Status.OK, tuple(digit(box) for box in boxes)))
    assert pixels.shape[1] == explain.WIDTH_PX
    assert has(pixels, explain.VERMILION) == has(pixels, explain.ORANGE) == 0
    inputs = has(pixels, (200, 200, 200)) / explain.INPUT_SHOWN_PX**2
    assert inputs == pytest.approx(count, abs=0.2)


def test_sure_doubtful_and_not_read_differ_in_colour_and_in_line():
    """The same box, three ways: three colours, and fewer pixels of line the more it is dashed."""
    frame, box = scene(), PLACES[5]
    sure = drawn(observation(frame, box), Reading(Status.OK, (digit(box),)))
    doubtful = drawn(observation(frame, box), Reading(Status.UNSURE, (digit(box, sure=False),)))
    not_read = drawn(observation(frame, box), Reading(Status.UNREADABLE))
    assert has(doubtful, explain.ORANGE) > 500
    assert has(not_read, explain.VERMILION) > 500
    assert has(sure, explain.BLUE) > has(doubtful, explain.BLUE) + 500
    assert has(sure, explain.ORANGE) == has(sure, explain.VERMILION) == 0


def test_a_page_of_writing_is_shown_in_part():
    """Sixty pieces do not make a sheet without end."""
    frame = scene(height=1000, width=1000)
    boxes = tuple(Box(10 + 90 * (n % 10), 10 + 150 * (n // 10), 60, 100) for n in range(60))
    few = drawn(observation(frame, *boxes[:36]), Reading(Status.UNREADABLE))
    many = drawn(observation(frame, *boxes), Reading(Status.UNREADABLE))
    assert many.shape == few.shape


@pytest.mark.parametrize("shape", [(1, 1), (40, 40), (1232, 60), (16, 2000), (2000, 2000)])
def test_any_shape_of_picture_can_be_drawn(shape):
    """From one pixel on; the panels stay within the sheet."""
    pixels = drawn(observation(Frame(np.full((*shape, 3), 180, np.uint8))), Reading(Status.NOTHING))
    assert pixels.shape[1] == explain.WIDTH_PX
    assert pixels.shape[0] < 1100


@pytest.mark.parametrize("name", ["two\nlines.jpg", "\r\n", "a\u2028b\x00\x1b[31m.jpg", "\udcff.jpg", ""])
def test_any_name_of_a_file_can_be_drawn(name):
    """In one line, whatever characters a file system lets it have."""
    seen = observation(scene(), PLACES[0])
    reading = Reading(Status.OK, (digit(PLACES[0]),))
    assert explain.sheet(name, [seen], reading, "seven.").size == drawn(seen, reading).shape[1::-1]


def test_boxes_of_a_reduced_picture_are_drawn_where_the_digits_are():
    """Boxes count pixels of the file, of which the frame has a third a side."""
    frame = Frame(np.full((300, 400, 3), 255, np.uint8), scale=3.0)
    box = Box(600, 300, 300, 300)
    pixels = drawn(observation(frame, box), Reading(Status.OK, (digit(box),)))
    rows, columns = np.nonzero((pixels == explain.BLUE).all(axis=2)[:500, : explain.PANEL_PX])
    factor = explain.PANEL_PX / 1200
    assert abs(columns.min() - (explain.MARGIN_PX + 600 * factor - 3)) <= 3
    assert abs(rows.max() - (84 + 24 + 600 * factor + 3)) <= 3


def test_the_latest_frame_that_agrees_is_shown():
    """Of a burst; two pieces were read, the last frame shows one."""
    one, two, three = (
        observation(scene(), *PLACES[:1]),
        observation(Frame(np.zeros((480, 640, 3), np.uint8)), *PLACES[:2]),
        observation(scene(), *PLACES[:1]),
    )
    reading = Reading(Status.OK, tuple(digit(box) for box in PLACES[:2]))
    sheet = np.asarray(explain.sheet("a.jpg", [one, two, three], reading, ""))
    assert sheet[300, 40].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("spoilt", "name"),
    [
        ({"brightest": advice.DARK_LUMA - 1}, "exposure"),
        ({"brightest": 200.0, "noise": 15.0}, "exposure"),
        ({"brightest": 10.0, "step": 1.0, "noise": 0.1}, "edges"),
        ({"clipped": 0.9, "height_px": None, "contrast": None, "softness": None}, "glare"),
        ({"softness": advice.SOFTEST + 0.01}, "blur"),
        ({"smear": 20.0, "height_px": 40}, "blur"),
        ({"height_px": None, "contrast": None, "softness": None, "specks": 3}, "size"),
        ({"height_px": advice.LEAST_HEIGHT_PX - 1}, "size"),
        ({"cut_off": (Advice.CUT_OFF_LEFT,)}, "cut off"),
    ],
)
def test_what_is_out_of_range_is_what_is_advised(spoilt, name):
    """The table and the advice come from one set of limits: a figure is bad exactly when advice follows from it."""
    quality = replace(GOOD, **spoilt)
    assert all(figure.good for figure in explain.figures(GOOD))
    bad = [figure.name for figure in explain.figures(quality) if not figure.good]
    assert bad == ([name] if name != "edges" else ["edges", "exposure"]), "what covers the lens also takes the light"
    assert len(advice.advised(quality)) == 1


# --- files ------------------------------------------------------------------------------------------------------------

SHEET = Image.new("RGB", (20, 20))


def test_no_file_is_overwritten(tmp_path):
    """Two inputs of one name, and what lies there already, each keep their own file."""
    (tmp_path / "a-explained.png").write_bytes(b"mine")
    written = [explain.write(SHEET, tmp_path, name) for name in ("x/a.jpg", "y/a.png")]
    assert [path.name for path in written] == ["a-explained-2.png", "a-explained-3.png"]
    assert (tmp_path / "a-explained.png").read_bytes() == b"mine"


def test_the_folder_is_made(tmp_path):
    """With the folders above it."""
    path = explain.write(SHEET, tmp_path / "new" / "folder", "a.jpg")
    with Image.open(path) as image:
        assert image.size == SHEET.size


def test_a_file_in_place_of_the_folder_is_explained(tmp_path):
    """What is wrong and what to do, in one line."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DigitboxError, match=r"it is a file.*; name another"):
        explain.prepare(tmp_path / "file")


def test_a_full_disk_leaves_no_half_picture(tmp_path, monkeypatch):
    """The error names the file and the next step."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SHEET, "save", full, raising=False)
    with pytest.raises(DigitboxError, match="No space left on device"):
        explain.write(SHEET, tmp_path, "a.jpg")
    assert list(tmp_path.iterdir()) == []
