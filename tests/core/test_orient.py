"""A turned sheet: what is straight in the picture says how far, and the frame is turned back by it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import paper, scene

from device.domain import Box, Frame
from device.orient import MOST_PIXELS, lies_askew, possible_turns, turned, turned_back, turned_like


def row_of_boxes(degrees: float, count: int = 4) -> list[Box]:
    """Boxes of 40 px along a line through the middle of 1200 x 900."""
    along = np.radians(degrees)
    steps = (np.arange(count) - (count - 1) / 2) * 90
    return [Box(round(580 + step * np.cos(along)), round(430 + step * np.sin(along)), 40, 40) for step in steps]


def nearest(turns: list[float], wanted: float) -> float:
    """How far the nearest turn is from an angle."""
    return min(abs((turn - wanted + 180.0) % 360.0 - 180.0) for turn in turns)


@pytest.mark.parametrize(("right", "down", "askew"), [(60, 0, False), (60, 20, False), (0, 60, False), (60, 60, True)])
def test_writing_that_stands_on_a_slanting_line_lies_askew(right: int, down: int, askew: bool) -> None:
    """Lines, slightly turned ones too, and columns do not; nor do two digits, which are always on a line."""
    boxes = [Box(200 + place * right, 200 + place * down, 30, 50) for place in range(4)]
    assert lies_askew(boxes, (0, 0, 1, 1)) is lies_askew(boxes, range(4)) is askew
    assert not lies_askew(boxes[:2], (0, 0))
    assert not lies_askew(boxes[:2], (0, 0), square=20.0)
    assert lies_askew(boxes[:2], (0, 0), square=-44.0)


def test_two_numbers_of_which_one_stands_lower_do_not_lie_askew() -> None:
    """Their digits are beside each other: 83, and a 9 below it to the right, were read without being believed."""
    boxes = [Box(200, 200, 40, 60), Box(250, 203, 40, 60), Box(330, 400, 40, 60)]
    assert not lies_askew(boxes, (0, 0, 1))
    assert lies_askew(boxes, (0, 1, 2))


@pytest.mark.parametrize("degrees", [-75.0, -30.0, 25.0, 60.0, 90.0])
def test_a_line_of_writing_gives_two_turns(degrees: float) -> None:
    """Along the line, either way up."""
    turns = possible_turns(Frame(paper(900, 1200)), row_of_boxes(degrees))
    assert len(turns) == 2
    assert nearest(turns, degrees) < 1.5
    assert nearest(turns, degrees + 180.0) < 1.5


@pytest.mark.parametrize("count", [2, 3])
def test_the_quarter_turns_are_tried_too_where_two_or_three_pieces_stand_in_a_line(count: int) -> None:
    """They may be halves of one digit, or one of each line of writing."""
    turns = possible_turns(Frame(paper(900, 1200)), row_of_boxes(40.0, count))
    assert len(turns) == 5
    assert all(nearest(turns, wanted) < 1.5 for wanted in (40.0, -140.0, 90.0, 180.0, -90.0))


@pytest.mark.parametrize("degrees", [-40.0, -15.0, 30.0])
def test_the_edges_of_a_sheet_give_quarter_turns(degrees: float) -> None:
    """A lone digit on a sheet: any of the four ways, as the sheet lies."""
    pixels = paper(900, 1200, luma=80)
    corners = cv2.boxPoints(((600, 450), (500, 400), degrees))
    cv2.fillConvexPoly(pixels, np.rint(corners).astype(np.int32), (230, 230, 230), cv2.LINE_AA)
    turns = possible_turns(Frame(pixels), [Box(580, 430, 40, 40)])
    assert all(nearest(turns, degrees + quarter) < 2.0 for quarter in (0.0, 90.0, 180.0, 270.0))


def test_without_anything_straight_the_quarter_turns_are_left() -> None:
    """Upright has been tried already."""
    assert sorted(possible_turns(Frame(paper(900, 1200)), [])) == [-180.0, -90.0, 90.0]


@pytest.mark.parametrize("degrees", [90.0, -120.0, 180.0, 37.0])
def test_a_turned_frame_is_upright_and_its_places_lead_back(degrees: float) -> None:
    """A digit turned clockwise is upright again, in the frame and in its box."""
    upright = scene(7, height=900, width=1200)
    digit = Box(540, 385, 84, 130)
    turn = cv2.getRotationMatrix2D((600, 450), -degrees, 1.0)
    pixels = cv2.warpAffine(upright.pixels, turn, (1200, 900), borderMode=cv2.BORDER_REPLICATE)
    lying = Frame(np.asarray(pixels, np.uint8))
    corners = np.array([[x, y, 1] for x in (digit.x, digit.right) for y in (digit.y, digit.bottom)]) @ turn.T
    left, top = corners.min(axis=0).astype(int)
    right, bottom = corners.max(axis=0).astype(int)
    around = Box(int(left), int(top), int(right - left), int(bottom - top))
    view, back = turned(lying, degrees, [around])
    assert view.width_px * view.height_px < 2.5 * MOST_PIXELS
    middle = cv2.invertAffineTransform(back) @ [around.x + around.width / 2, around.y + around.height / 2, 1]
    x, y = (round(float(value)) for value in middle)
    # Upright again, a seven has its bar above and nothing at its lower right.
    assert view.pixels[y - 70 : y - 40, x - 40 : x + 40].min() < 80
    assert view.pixels[y + 45 : y + 75, x + 10 : x + 40].min() > 120
    place = turned_back(Box(x - 45, y - 70, 90, 140), back, lying.pixels.shape)
    assert abs(place.x + place.width / 2 - (around.x + around.width / 2)) < 3
    assert abs(place.y + place.height / 2 - (around.y + around.height / 2)) < 3


def test_a_mask_is_turned_like_its_frame() -> None:
    """Where the frame shows the table beyond its edges the mask is 0."""
    frame = Frame(paper(600, 800))
    mask = np.zeros((600, 800), np.uint8)
    mask[100:200, 300:340] = 255
    frame.pixels[100:200, 300:340] = 20
    view, back = turned(frame, 30.0, [])
    there = turned_like(mask, back, view.pixels.shape)
    assert there.shape == view.pixels.shape[:2]
    assert view.pixels[cv2.erode(there, np.ones((5, 5), np.uint8)) > 0].max() < 60
    assert there[0, 0] == 0


def test_around_writing_more_is_looked_at_as_far_as_the_frame_goes() -> None:
    """One size beyond the frame, two within it: a one that lies is not among what was found."""
    view, back = turned(Frame(paper(900, 1200)), 90.0, [Box(500, 300, 60, 250)])
    corners = np.array([[0, 0, 1.0], [view.width_px, view.height_px, 1.0]]) @ back.T
    assert (corners.min(axis=0) < (5, -100)).tolist() == [True, False]
    assert corners[:, 1].max() == pytest.approx(900, abs=60)
