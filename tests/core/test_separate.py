"""Digits that touch: what cuts and the row reader say is put together, and only what both say is sure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from drawing import paper, write

from device import config
from device.adapters.rows_tflite import TfliteRowScorer
from device.compose import opened_classifier
from device.domain import Box, Pixels
from device.find import Writing
from device.ports import Classifier
from device.rows import BLANK
from device.separate import DIFFERING, SIDEWAYS, SURELY_ROW, Separator
from device.split import straight


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """The shipped one."""
    return opened_classifier(config.load().model.path)


@pytest.fixture(scope="module")
def rows() -> TfliteRowScorer:
    """The shipped one."""
    opened = TfliteRowScorer(config.load().model.rows)
    opened.open()
    return opened


@dataclass
class Says:
    """A row scorer that says these digits, in equal steps, of whatever it is shown."""

    rows: TfliteRowScorer
    digits: tuple[int, ...]
    lead: float = 12.0
    asked: int = 0

    @property
    def card(self):
        """Any card will do."""
        return self.rows.card

    def open(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to drop."""

    def scores(self, row: Pixels):
        """One step before and behind each digit."""
        self.asked += 1
        steps = np.full(2 * len(self.digits) + 1, BLANK)
        steps[1::2] = self.digits
        scores = np.zeros((len(steps), 11), np.float32)
        scores[np.arange(len(steps)), steps] = self.lead
        return scores


def writing(*digits: tuple[int, int], tangled: bool = False) -> Writing:
    """Digits, each 60 px wide at this left edge, as one piece of writing."""
    pixels = paper(120, 400, luma=0.0, grain=0.0)
    for digit, left in digits:
        write(pixels, digit, Box(left, 10, 60, 100), pen_px=8, luma=255)
    x, y, width, height = cv2.boundingRect((pixels[:, :, 0] >= 128).view(np.uint8))
    box = Box(x, y, width, height)
    ink = np.ascontiguousarray(pixels[y : y + height, x : x + width, 0])
    return Writing(box, ink, box, group=0, after_mark=False, cut_off=(), softness=0.05, tangled=tangled)


def said(pieces) -> tuple[int, ...]:
    """The digits of the pieces."""
    return tuple(int(digit) for digit in pieces.probabilities[:, :10].argmax(axis=1))


def test_digits_that_touch_are_read_with_and_without_a_row_reader(classifier, rows):
    """A four that runs into a two: sure where row reader and classifier see the same."""
    touching = writing((4, 10), (2, 62))
    alone = Separator(classifier, None).separated([touching])
    both = Separator(classifier, rows).separated([touching])
    assert said(alone) == said(both) == (4, 2)
    assert both.probabilities.max(axis=1).min() > DIFFERING
    assert [one.separated for one in both.writings] == [True, True]
    assert both.inputs.shape == (2, 28, 28)
    left, right = (one.box for one in both.writings)
    assert left.x < right.x
    assert left.right == pytest.approx(68, abs=14)


@pytest.mark.parametrize(("lead", "is_sure"), [(4.0, False), (12.0, True)])
def test_what_the_classifier_sees_differently_is_sure_only_if_the_row_reader_is(
    classifier, rows, lead: float, is_sure: bool
):
    """The row reader is believed, but else its digits stay below what any threshold asks for."""
    pieces = Separator(classifier, Says(rows, (3, 5), lead=lead)).separated([writing((7, 10), (4, 90))])
    assert said(pieces) == (3, 5)
    best = pieces.probabilities.max(axis=1)
    assert (best > SURELY_ROW).all() if is_sure else (best <= DIFFERING).all()
    assert [one.box.x for one in pieces.writings] == sorted(one.box.x for one in pieces.writings)


def test_a_row_in_doubt_is_believed_where_the_classifier_sees_the_same(classifier, rows):
    """Two witnesses make each other surer; where they differ, the row is as likely as it says at most."""
    touching = writing((4, 10), (2, 62))
    agreed = Separator(classifier, Says(rows, (4, 2), lead=4.0)).separated([touching])
    differing = Separator(classifier, Says(rows, (3, 5), lead=4.0)).separated([touching])
    assert said(agreed) == (4, 2)
    in_doubt = differing.probabilities.max() / DIFFERING
    assert in_doubt < 0.95
    assert agreed.probabilities.max() > in_doubt + 0.03
    assert np.allclose(agreed.probabilities.sum(axis=1), 1.0)


def test_one_digit_that_the_classifier_doubts_is_left_whole(classifier, rows):
    """Both look at it; they agree or neither is sure."""
    wide = writing((2, 10), tangled=True)
    agreed = Separator(classifier, Says(rows, (2,))).separated([wide])
    assert len(agreed.writings) == 1
    assert said(agreed) == (2,)
    differing = Separator(classifier, Says(rows, (8,))).separated([wide])
    assert differing.probabilities[0, 2] < agreed.probabilities[0, 2]


def test_where_the_row_reader_sees_no_digit_the_classifier_is_not_believed(classifier, rows):
    """Joined-up letters, it says: no more likely then to be a digit than not."""
    seen = Separator(classifier, Says(rows, ())).separated([writing((2, 10), tangled=True)])
    assert len(seen.writings) == 1
    assert seen.probabilities[0, :10].max() < 0.6


def test_a_one_with_a_long_flag_is_not_two_ones(classifier, rows):
    """As wide as high, it is two strokes side by side to a row reader; the classifier knows it."""
    pixels = paper(140, 160, luma=0.0, grain=0.0)
    cv2.polylines(pixels, [np.array([[20, 105], [85, 15], [100, 120]])], False, (255, 255, 255), 9, cv2.LINE_AA)
    x, y, width, height = cv2.boundingRect((pixels[:, :, 0] >= 128).view(np.uint8))
    ink = np.ascontiguousarray(pixels[y : y + height, x : x + width, 0])
    flagged = Writing(Box(x, y, width, height), ink, Box(x, y, width, height), 0, False, (), 0.05, tangled=True)
    pieces = Separator(classifier, Says(rows, (1, 1))).separated([flagged])
    assert said(pieces) == (1,)
    assert [one.box for one in pieces.writings] == [flagged.box]


def test_what_is_surely_one_digit_is_not_read_as_a_row(classifier, rows):
    """It would cost time for nothing."""
    asked = Says(rows, (2,))
    assert said(Separator(classifier, asked).separated([writing((2, 10))])) == (2,)
    assert asked.asked == 0


def test_a_digit_that_would_be_without_ink_is_not_cut_out(classifier, rows):
    """Ten digits in the ink of one stroke: the piece stays whole."""
    whole = writing((0, 10), tangled=True)
    pieces = Separator(classifier, Says(rows, (1, 2) * 5)).separated([whole])
    assert [one.box for one in pieces.writings] == [whole.box]


def test_a_line_ten_times_as_wide_as_high_is_no_row(classifier, rows):
    """Nor is it shown to the row reader."""
    ink = np.full((12, 400), 255, np.uint8)
    box = Box(0, 0, 400, 12)
    line = Writing(box, ink, box, group=0, after_mark=False, cut_off=(), softness=0.05, tangled=True)
    asked = Says(rows, (1, 1))
    Separator(classifier, asked).separated([line])
    assert asked.asked == 0


def test_straight_cuts_part_the_ink_at_the_columns():
    """Two blocks, cut between them and through one of them: the cost is the ink that is met."""
    ink = np.zeros((64, 128), np.uint8)
    ink[:, 10:40] = ink[:, 70:110] = 255
    free = straight(ink, [55.0])
    assert [part.ink.shape for part in free.parts] == [(64, 30), (64, 40)]
    assert free.costs == (0.0, 0.0, 0.0)
    assert straight(ink, [90.0]).costs[1] == pytest.approx(64.0)


def test_nothing_found_gives_no_pieces(classifier, rows):
    """Empty arrays of the right shapes."""
    pieces = Separator(classifier, rows).separated([])
    assert pieces.writings == []
    assert pieces.inputs.shape == (0, 28, 28)
    assert len(pieces.probabilities) == 0


@pytest.mark.parametrize(("beside", "is_sure"), [(False, False), (True, True)])
def test_an_eight_on_its_side_is_no_sure_pair_of_zeros(classifier, rows, beside: bool, is_sure: bool):
    """Two rings that touch are a lone eight that lies, or two zeros; what stands beside them tells which way is up."""
    pixels = np.zeros((120, 220), np.uint8)
    for x in (50, 98):
        cv2.ellipse(pixels, (x, 60), (26, 32), 0.0, 0.0, 360.0, (255,), 9, cv2.LINE_AA)
    x, y, width, height = cv2.boundingRect((pixels >= 128).view(np.uint8))
    box = Box(x, y, width, height)
    ink = np.ascontiguousarray(pixels[y : y + height, x : x + width])
    rings = Writing(box, ink, box, group=0, after_mark=False, cut_off=(), softness=0.05)
    found = [rings, writing((7, 260))] if beside else [rings]
    pieces = Separator(classifier, Says(rows, (0, 0))).separated(found)
    assert said(pieces)[:2] == (0, 0)
    assert bool(pieces.probabilities[:2].max(axis=1).min() > SIDEWAYS) == is_sure


def test_a_dozen_pairs_are_all_taken_apart(classifier, rows):
    """The bound is for joined-up writing, which has more; behind it pieces stay as they are."""
    touching = writing((4, 10), (2, 62))
    assert said(Separator(classifier, rows).separated([touching] * 12)) == (4, 2) * 12
    many = Separator(classifier, Says(rows, (4, 2))).separated([touching] * 80)
    assert 80 < len(many.writings) < 160
