"""A burst from frames to a reading, and the advice that goes with it, with the shipped model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawing import paper, scene, shade, write

from device import compose, config, explain, images
from device.adapters.rows_tflite import TfliteRowScorer
from device.domain import Advice, Box, Frame, ModelCard, Pixels, Status
from device.judge import Evidence
from device.looking import Looker, Observation
from device.ports import Classifier
from device.reading import Reader

PICTURES = Path(__file__).parents[2] / "device" / "pictures"


@pytest.fixture(scope="module")
def opened():
    """The shipped classifier, and a reader with the default settings but for the time: the machine may be busy."""
    settings = config.load()
    return compose.opened_reader(replace(settings, reading=replace(settings.reading, limit_seconds=30.0)))


@pytest.fixture(scope="module")
def classifier(opened):
    """The shipped model."""
    return opened[0]


@pytest.fixture(scope="module")
def reader(opened):
    """What reads with it."""
    return opened[1]


@pytest.fixture(scope="module")
def seven():
    """A photograph of a seven."""
    return images.load(PICTURES / "01-7.jpg")


def changed(frame: Frame, pixels: np.ndarray) -> Frame:
    """The same frame with other pixels."""
    return replace(frame, pixels=np.ascontiguousarray(pixels))


def test_a_burst_ends_once_the_evidence_suffices(reader, seven):
    """Of five frames two are taken, and each is shown."""
    taken: list[int] = []
    seen: list[Observation] = []

    def frames() -> Iterator[Frame]:
        for index in range(5):
            taken.append(index)
            yield seven

    reading = reader.read(frames(), seen.append)
    assert (reading.status, reading.number, taken) == (Status.OK, "7", [0, 1])
    assert [observation.model_inputs.shape for observation in seen] == [(1, 28, 28)] * 2
    assert reading.elapsed_ms > 0


def test_pictures_of_a_few_pixels_have_an_answer_inside_them(reader):
    """Strokes that are thinner than a pixel once they are enlarged and taken apart: no exception, no box outside."""
    chance = np.random.default_rng(1)
    statuses = set()
    for _ in range(400):
        height, width = int(chance.integers(4, 30)), int(chance.integers(2, 6))
        pixels = np.full((height, width, 3), 255, np.uint8)
        for _ in range(int(chance.integers(1, 3))):
            first, last = ((int(chance.integers(width)), int(chance.integers(height))) for _ in range(2))
            cv2.line(pixels, first, last, (int(chance.integers(180)),) * 3)
        reading = reader.read([Frame(pixels)])
        statuses.add(reading.status)
        assert all(digit.box == digit.box.within(Box(0, 0, width, height)) for digit in reading.digits)
    assert {Status.UNSURE, Status.NOTHING} < statuses


def test_a_reading_needs_a_frame(reader):
    """An empty burst is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one frame"):
        reader.read([])


def test_what_the_edge_cuts_off_is_told_whatever_else_is_seen(reader):
    """Half a digit at the edge, and a grain that light ink might be: the advice is about the digit."""
    pixels = paper(960, 1280)
    write(pixels, 0, Box(1210, 380, 140, 240), pen_px=18)
    pixels[600:606, 200:205] = 250
    evidence = reader.observe(Frame(cv2.GaussianBlur(pixels, (3, 3), 0))).evidence
    assert evidence.advice[0] is Advice.CUT_OFF_RIGHT


def test_a_sliver_that_makes_unreadable_is_told_of(reader):
    """It is too small and too faint to be measured, but the only thing that can be said."""
    pixels = paper(960, 1280)
    cv2.line(pixels, (0, 700), (4, 714), (140, 140, 140), 3)
    reading = reader.read([Frame(cv2.GaussianBlur(pixels, (3, 3), 0))])
    assert (reading.status, reading.advice) == (Status.UNREADABLE, (Advice.CUT_OFF_LEFT,))


def test_boxes_count_pixels_of_the_given_picture(reader, seven):
    """A frame that was decoded at half size has its boxes doubled."""
    (whole,) = reader.read([seven]).digits
    half = changed(seven, cv2.resize(seven.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    (doubled,) = reader.read([replace(half, scale=2.0)]).digits
    assert abs(whole.box.x - doubled.box.x) < 10
    assert abs(whole.box.height - doubled.box.height) < 15


@pytest.mark.parametrize(
    ("value", "advice"), [(8, (Advice.COVERED,)), (50, (Advice.TOO_DARK,)), (254, (Advice.TOO_BRIGHT,)), (200, ())]
)
def test_an_empty_picture_is_nothing_and_says_why(reader, value, advice):
    """Covered, dark, glaring, or simply bare paper."""
    reading = reader.read([Frame(np.full((480, 640, 3), value, np.uint8))])
    assert (reading.status, reading.advice, reading.digits) == (Status.NOTHING, advice, ())


def test_a_blurred_digit_is_said_to_be_blurred(reader, seven):
    """Out of focus by so much that it cannot be read, the advice is to keep still; a sure answer has no advice."""
    blurred = reader.read([changed(seven, cv2.GaussianBlur(seven.pixels, (0, 0), 40))])
    assert blurred.status is not Status.OK
    assert Advice.BLURRED in blurred.advice
    assert reader.read([seven]).advice == ()


def test_a_dark_picture_that_is_read_all_the_same_is_said_to_be_dark(reader):
    """The next one may not be read; in good light there is nothing to say."""
    good, dark = paper(480, 640), paper(480, 640, luma=45.0, grain=1.0)
    write(good, 2, Box(280, 160, 80, 130), pen_px=12)
    write(dark, 2, Box(280, 160, 80, 130), pen_px=12, luma=8)
    readings = [reader.read([Frame(cv2.GaussianBlur(pixels, (3, 3), 0))]) for pixels in (good, dark)]
    assert [(reading.status, reading.number) for reading in readings] == [(Status.OK, "2")] * 2
    assert [reading.advice for reading in readings] == [(), (Advice.TOO_DARK,)]


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (16, 16), (640, 480)])
def test_any_frame_gives_a_status(reader, shape):
    """Noise of any size ends in a status other than ok, without an error."""
    noise = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert reader.read([Frame(noise)]).status is not Status.OK


@pytest.mark.parametrize(
    ("any_angle", "seconds", "frames"), [(True, 0.05, 5), (True, 0.4, 3), (False, 0.4, 4), (False, 9.0, 1)]
)
def test_a_slow_look_leaves_time_for_an_answer(classifier, any_angle: bool, seconds: float, frames: int):
    """Of five frames of bare noise as many are looked at as end within nine tenths of five seconds."""
    noise = Frame(np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    ticks = (seconds * tick for tick in range(10**6))
    settings = replace(config.load().reading, any_angle=any_angle, limit_seconds=5.0)
    looked_at: list[Observation] = []
    slow = Reader(classifier, settings, clock=lambda: next(ticks))
    reading = slow.read([noise] * 5, looked_at.append)
    assert len(looked_at) == frames
    assert reading.status is not Status.OK


def test_a_sheet_is_not_turned_where_there_is_no_time_for_it(reader, classifier):
    """The answer is then what was seen of it as it lies, and comes in time."""
    frame = on_a_table(7, 4, height=400, turned_by=90.0)
    ticks = (0.9 * tick for tick in range(10**6))
    slow = Reader(classifier, config.load().reading, clock=lambda: next(ticks))
    seen: list[Observation] = []
    slow.read([frame], seen.append)
    assert len(seen) == 1
    reader.read([frame], seen.append)
    assert len(seen) == 3


@pytest.mark.parametrize("seconds", [0.0, 0.9])
def test_digits_that_stand_askew_are_not_sure_even_where_there_is_no_time_to_turn_them(classifier, seconds: float):
    """A four, a two and a seven, each below and to the right of the one before."""
    pixels = paper(600, 800)
    for place, digit in enumerate((4, 2, 7)):
        write(pixels, digit, Box(200 + 130 * place, 120 + 130 * place, 54, 90), pen_px=9)
    ticks = (seconds * tick for tick in range(10**6))
    slow = Reader(classifier, config.load().reading, clock=lambda: next(ticks))
    assert slow.read([Frame(cv2.GaussianBlur(pixels, (3, 3), 0))]).status is Status.UNSURE


def test_a_page_with_the_black_of_a_scanner_around_it_is_read(reader):
    """The black was one large piece that is no digit; an edge through it kept the page from being looked at alone."""
    page = paper(1170, 830, luma=235.0, grain=3.0)
    for place, digit in enumerate((7, 5, 7)):
        write(page, digit, Box(593 + 23 * place, 225, 14, 24), pen_px=1, luma=73)
    scan = cv2.copyMakeBorder(page, 80, 80, 80, 80, cv2.BORDER_CONSTANT, value=(12, 12, 12))
    size = scan.shape[1::-1]
    askew = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), -0.9, 1.0)
    reading = reader.read([Frame(np.asarray(cv2.warpAffine(scan, askew, size, borderValue=(12, 12, 12)), np.uint8))])
    assert (reading.status, reading.number) == (Status.OK, "757")


def on_a_table(*digits: int, height: int = 160, turned_by: float = 0.0) -> Frame:
    """A note with digits on a dark table, its middle at (500, 400) of 1200 x 900, turned clockwise."""
    note = scene(*digits, height=height, width=round(1.4 * height), digit_px=height // 2, pen_px=max(2, height // 24))
    return turned_on_a_table(note.pixels, turned_by)


def turned_on_a_table(note: Pixels, turned_by: float) -> Frame:
    """A note, turned clockwise, its middle at (500, 400) of 1200 x 900."""
    middle = (note.shape[1] / 2, note.shape[0] / 2)
    table = paper(900, 1200, luma=70.0, grain=3.0)
    turn = cv2.getRotationMatrix2D(middle, -turned_by, 1.0)
    turn[:, 2] += np.subtract((500, 400), middle)
    cv2.warpAffine(note, turn, (1200, 900), dst=table, borderMode=cv2.BORDER_TRANSPARENT)
    return Frame(table)


@pytest.mark.parametrize("height", [80, 160, 400])
@pytest.mark.parametrize("turned_by", [0.0, 12.0])
def test_a_small_note_is_read_where_it_lies(reader, height: int, turned_by: float):
    """The table around it is left out, and the place is that in the frame."""
    reading = reader.read([on_a_table(7, height=height, turned_by=turned_by)])
    assert reading.number == "7"
    box = reading.digits[0].box
    assert abs(box.x + box.width / 2 - 500) < 0.2 * height
    assert abs(box.y + box.height / 2 - 400) < 0.2 * height


@pytest.mark.parametrize("turned_by", [-18.0, 0.0, 18.0])
def test_lines_run_along_the_sides_of_their_sheet(reader, turned_by: float):
    """On a sheet held askew the last of a line was read after what stands below its first, without a doubt."""
    note = paper(400, 720, luma=200.0)
    for digit, x, y in ((7, 150, 40), (4, 150, 150), (2, 470, 150), (5, 550, 150), (0, 110, 260)):
        write(note, digit, Box(x, y, 60, 90), pen_px=9)
    reading = reader.read([turned_on_a_table(note, turned_by)])
    assert (reading.status, reading.number) == (Status.OK, "7 4 25 0")


def test_a_digit_alone_that_had_to_be_turned_is_not_sure(reader):
    """It is read, but may be a letter that lies as it should: many are digits on their side."""
    reading = reader.read([on_a_table(4, height=400, turned_by=90.0)])
    assert reading.number == "4"
    assert reading.status is Status.UNSURE


@pytest.mark.parametrize(("digits", "darkest"), [((7, 1, 4, 2, 7), 0.8), ((4, 2, 7, 4, 2), 0.72)])
def test_a_shadow_across_a_sheet_on_its_side_hides_no_digit(reader, digits: tuple[int, ...], darkest: float):
    """Its end was taken for the sheet's, and two or three of five digits were said without a doubt."""
    pixels = paper(900, 1300, luma=235.0, grain=0.0)
    for digit, left in zip(digits, (150, 320, 450, 750, 940), strict=True):
        write(pixels, digit, Box(left, 330, 60 if digit == 1 else 105, 220), pen_px=9)
    seen = cv2.GaussianBlur(shade(pixels, darkest=darkest), (0, 0), 1.1)
    seen = np.clip(seen + np.random.default_rng(3).normal(0.0, 4.0, seen.shape), 0, 255).astype(np.uint8)
    reading = reader.read([Frame(np.ascontiguousarray(np.rot90(seen, -1)))])
    assert reading.number == "".join(map(str, digits))


def test_a_one_that_lies_far_from_the_rest_is_read_too(reader):
    """On a sheet on its side a one is as flat as a dash, and was left out of what was turned: 74 was said for 741."""
    pixels = paper(900, 1300, luma=235.0)
    for digit, left in zip((7, 4, 1), (300, 470, 850), strict=True):
        write(pixels, digit, Box(left, 400, 30 if digit == 1 else 95, 170), pen_px=9)
    seen = np.ascontiguousarray(np.rot90(cv2.GaussianBlur(pixels, (3, 3), 0), -1))
    reading = reader.read([Frame(seen)])
    assert reading.number.replace(" ", "") == "741" or reading.status is not Status.OK
    assert "1" in reading.number


def test_a_turned_sheet_with_something_lying_beside_it_is_read(reader):
    """The whole of it is turned: what was found of writing that lies was a one, on the table perhaps."""
    note = paper(360, 520, luma=200.0)
    for digit, left, top in ((4, 80, 50), (2, 170, 50), (7, 260, 50), (2, 80, 210), (5, 170, 210)):
        write(note, digit, Box(left, top, 54, 90), pen_px=9)
    table = paper(900, 1200, luma=60.0)
    turn = cv2.getRotationMatrix2D((260, 180), -245.0, 1.0)
    turn[:, 2] += (340, 270)
    cv2.warpAffine(note, turn, (1200, 900), dst=table, borderMode=cv2.BORDER_TRANSPARENT)
    cv2.ellipse(table, (110, 130), (60, 40), 30, 0, 200, (20, 20, 20), 9)
    assert reader.read([Frame(cv2.GaussianBlur(table, (3, 3), 0))]).number == "427 25"


@pytest.mark.parametrize("turned_by", [90.0, 180.0, -100.0])
def test_a_turned_sheet_is_read_once_it_is_turned_back(reader, classifier, turned_by: float):
    """Two digits that are none upside down; with any_angle off they stay unread."""
    frame = on_a_table(7, 4, height=400, turned_by=turned_by)
    seen: list[Observation] = []
    assert reader.read([frame], seen.append).number == "74"
    # What is shown at last is what the network saw of the turned sheet.
    assert classifier.scores(seen[-1].model_inputs).argmax(axis=1).tolist() == [7, 4]
    assert seen[-1].frame is frame
    fixed = Reader(classifier, replace(config.load().reading, any_angle=False))
    assert fixed.read([frame]).status is not Status.OK


def looked(*shares: float, cut_off: bool = False) -> Observation:
    """A look in which a row of fours is seen, so likely."""
    probabilities = np.zeros((len(shares), 11), np.float32)
    probabilities[:, 4], probabilities[:, 10] = shares, np.subtract(1.0, shares)
    boxes = tuple(Box(100 * place, 100, 60, 100) for place in range(len(shares)))
    evidence = Evidence(boxes, (0,) * len(shares), probabilities, (), cut_off, tight=False, other_ink=False)
    return Observation(Frame(paper(480, 640)), np.zeros((len(shares), 28, 28), np.uint8), evidence)


def test_many_digits_that_are_cut_off_say_more_than_one_in_doubt(classifier):
    """Of a sheet with eight digits, one of them cut off, the loop of a six was said; what is sure is said first."""
    rank = Looker(classifier).rank
    sure, doubtful = looked(0.999, 0.999), looked(0.9)
    assert rank(looked(0.999, 0.999, 0.999, 0.999, cut_off=True)) > rank(doubtful) > rank(looked(0.999, cut_off=True))
    assert rank(sure) > rank(looked(0.999, 0.999, 0.999, 0.6))


class SeesOneAtFirst(Classifier):
    """Takes the first thing that it is shown for a one, as the shipped model does with some.

    Args:
        model: What says the rest.
    """

    def __init__(self, model: Classifier) -> None:
        self._model = model
        self._first: Pixels | None = None

    @property
    def card(self) -> ModelCard:
        """As it is."""
        return self._model.card

    def open(self) -> None:
        """Nothing to be done."""

    def scores(self, inputs: Pixels) -> np.ndarray:
        """A one's, or the model's."""
        scores = self._model.scores(inputs)
        if self._first is None and len(inputs):
            self._first = inputs[0]
        is_first = [np.array_equal(one, self._first) for one in inputs]
        scores[is_first] = 30.0 * (np.arange(scores.shape[1]) == 1)
        return scores

    def close(self) -> None:
        """Nothing to be done."""


def test_a_line_on_its_end_that_seems_a_one_is_read(classifier):
    """Six digits that touch, steeply upwards, were said to be a one without a doubt."""
    note = paper(300, 700, luma=200.0)
    for place, digit in enumerate((7, 4, 2, 5, 7, 4)):
        write(note, digit, Box(60 + 66 * place, 100, 72, 110), pen_px=10)
    frame = turned_on_a_table(note, 75.0)
    settings = config.load()
    rows = TfliteRowScorer(settings.model.rows)
    rows.open()
    reader = Reader(SeesOneAtFirst(classifier), replace(settings.reading, limit_seconds=30.0), rows)
    assert reader.observe(frame).evidence.probabilities.argmax(axis=1).tolist() == [1]
    assert reader.read([frame]).number == "742574"


@pytest.mark.parametrize(("before", "after"), [(7, 5), (2, 7), (4, 5)])
@pytest.mark.parametrize("low_px", [0, 20])
def test_a_comma_between_two_digits_is_not_lost_in_turning(reader, before: int, after: int, low_px: int):
    """A view that was turned did not see it, and the two were one number without a doubt."""
    pixels = paper(600, 800)
    write(pixels, before, Box(200, 180, 120, 200), pen_px=14)
    write(pixels, after, Box(390, 180, 120, 200), pen_px=14)
    cv2.line(pixels, (359, 344), (349, 376 + low_px), (40, 40, 40), 14, cv2.LINE_AA)
    reading = reader.read([Frame(cv2.GaussianBlur(pixels, (5, 5), 0))])
    assert (reading.status, reading.number) == (Status.UNSURE, f"{before} {after}")


def test_what_is_measured_for_an_explanation_is_the_writing_on_the_sheet(reader):
    """The note itself is the largest thing on the table, and was said to be a digit so high."""
    seen: list[Observation] = []
    assert reader.read([on_a_table(7, 4, height=400)], seen.append).number == "74"
    assert explain.quality_of(seen[-1]).height_px == pytest.approx(200, abs=30)


def test_what_could_lie_either_way_up_is_never_sure(reader):
    """A lone nine on its side may be a six."""
    sideways = changed(nine := images.load(PICTURES / "07-9.jpg"), np.rot90(nine.pixels))
    assert reader.read([sideways]).status is not Status.OK


@pytest.mark.parametrize("reads_rows", [True, False])
def test_digits_that_touch_are_read_as_two(reader, classifier, reads_rows):
    """A seven whose bar runs into a four; with the row reader, and by cuts alone."""
    if not reads_rows:
        reader = Reader(classifier, config.load().reading)
    pixels = paper(480, 640)
    write(pixels, 7, Box(230, 180, 72, 120), pen_px=9)
    write(pixels, 4, Box(296, 180, 72, 120), pen_px=9)
    reading = reader.read([Frame(cv2.GaussianBlur(pixels, (3, 3), 0))])
    assert reading.number == "74"
    assert [digit.box.x < 290 for digit in reading.digits] == [True, False]
    assert {digit.group for digit in reading.digits} == {0}


@pytest.mark.parametrize("leaning_px", [40, 70])
def test_the_table_around_a_board_is_no_giant_seven(reader, leaning_px):
    """A bright table above and beside a dark board, from one edge of the picture to two others."""
    rng = np.random.default_rng(1)
    pixels = paper(480, 640, luma=205.0, grain=0.0)
    board = np.array([[-10, -10], [300, -10], [590, leaning_px - 10], [565, 490], [-10, 490]])
    cv2.fillPoly(pixels, [board], (70, 85, 70))
    clouds = cv2.resize(rng.normal(0.0, 6.0, (24, 32)), (640, 480)) + rng.normal(0.0, 4.0, (480, 640))
    frame = Frame(np.asarray(np.clip(pixels + clouds[..., None], 0, 255), np.uint8))
    assert not reader.read([frame]).digits


@pytest.mark.parametrize("digit", [0, 4, 5])
@pytest.mark.parametrize("height", [450, 900, 1500])
def test_a_digit_is_read_that_was_cut_out_exactly(reader, digit: int, height: int):
    """Its strokes touch all four edges, at any size: a scan or a photograph that somebody cropped."""
    pen_px = height // 8
    width = 2 * height // 3
    pixels = paper(height, width)
    write(pixels, digit, Box(pen_px // 2, pen_px // 2, width - pen_px, height - pen_px), pen_px=pen_px)
    reading = reader.read([Frame(cv2.GaussianBlur(pixels, (5, 5), 0))])
    assert (reading.status, reading.number) == (Status.OK, str(digit))
    assert reading.digits[0].box.overlap(Box(0, 0, width, height)) > 0.9


@pytest.mark.parametrize("height", [450, 900])
@pytest.mark.parametrize("edge", [((0.5, 0.0), (0.55, 1.0)), ((0.3, 0.05), (0.85, 0.05), (0.6, 1.0))])
def test_an_edge_across_the_frame_is_no_digit(reader, edge: tuple[tuple[float, float], ...], height: int):
    """Of a sheet or the table, or its corner: only what fills the whole crop is a one or a seven."""
    pixels = paper(height, height)
    corners = (np.array(edge) * (height - 1)).astype(np.int32)
    cv2.polylines(pixels, [corners], False, (60, 60, 60), height // 30, cv2.LINE_AA)
    assert reader.read([Frame(cv2.GaussianBlur(pixels, (5, 5), 0))]).status is not Status.OK


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_crop_that_shows_the_table_around_a_sheet_is_read_on_the_sheet(reader, is_whole: bool):
    """A note on a dark table; a digit beside it is not passed over."""
    pixels = paper(220, 560, luma=60.0)
    cv2.fillPoly(pixels, [np.array([(30, -10), (480, 20), (470, 210), (20, 230)])], (190, 205, 215))
    for left, digit in ((75, 2), (180, 7), (285, 5)):
        write(pixels, digit, Box(left, 50, 60, 100), pen_px=9)
    if not is_whole:
        write(pixels, 4, Box(495, 60, 50, 90), pen_px=9, luma=220)
    reading = reader.read([Frame(cv2.GaussianBlur(pixels, (5, 5), 0))])
    assert ((reading.status, reading.number) == (Status.OK, "275")) is is_whole


def test_a_scribble_is_no_digit(reader):
    """More stroke than any digit has, at the size of one."""
    pixels = paper(480, 640)
    rng = np.random.default_rng(8)
    points = np.stack([rng.integers(260, 380, 40), rng.integers(180, 300, 40)], axis=1).astype(np.int32)
    cv2.polylines(pixels, [points], isClosed=False, color=(40, 40, 40), thickness=5, lineType=cv2.LINE_AA)
    assert reader.read([Frame(pixels)]).status is not Status.OK
