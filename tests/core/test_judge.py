"""From probabilities to a status: calibration and thresholds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from device.domain import Advice, Box, ModelCard, Status
from device.judge import Evidence, calibrated, judged

CARD = ModelCard("0" * 64, 1, (*map(str, range(10)), "not a digit"), 1.0, (0.9,) * 10)


def row(**shares: float) -> list[float]:
    """Probabilities of eleven classes: d7=0.8 for a seven, no=0.1 for no digit."""
    return [shares.get(f"d{digit}", 0.0) for digit in range(10)] + [shares.get("no", 0.0)]


def evidence(*rows: list[float]) -> Evidence:
    """A frame with one piece of writing for each row."""
    boxes = tuple(Box(10 * index, 0, 8, 8) for index in range(len(rows)))
    probabilities = np.array(rows, np.float32).reshape(-1, 11)
    return Evidence(boxes, (0,) * len(rows), probabilities, (), cut_off=False, tight=False, other_ink=False)


def test_calibration_is_a_softmax_over_the_temperature():
    """Rows sum to one, keep their order, and a higher temperature makes them flatter."""
    scores = np.array([[1.0, 3.0, 2.0]], np.float32)
    cold, warm = calibrated(scores, 1.0), calibrated(scores, 4.0)
    assert cold.sum() == pytest.approx(1.0)
    assert cold[0] == pytest.approx(np.exp([1, 3, 2]) / np.exp([1, 3, 2]).sum(), abs=1e-6)
    assert cold.argmax() == warm.argmax() == 1
    assert warm.max() < cold.max()
    assert calibrated(np.empty((0, 11), np.float32), 1.0).shape == (0, 11)


@pytest.mark.parametrize(
    ("rows", "status", "number"),
    [
        ([], Status.NOTHING, ""),
        ([row(d7=0.99)], Status.OK, "7"),
        ([row(d7=0.99), row(d1=0.99)], Status.OK, "71"),
        ([row(d7=0.6, d1=0.3)], Status.UNSURE, "7"),
        ([row(d7=0.99), row(no=0.9)], Status.UNSURE, "7"),
        ([row(no=0.9)], Status.UNREADABLE, ""),
        ([row(d7=0.3, d1=0.3, d2=0.3)], Status.UNREADABLE, ""),
    ],
)
def test_status_follows_from_the_probabilities(rows, status, number):
    """Only digits above their thresholds and nothing else is ok."""
    reading = judged(evidence(*rows), CARD)
    assert (reading.status, reading.number) == (status, number)


def test_the_second_guess_is_named_only_where_it_is_plausible():
    """An unsure seven could be a one; a sure one has no second guess."""
    (unsure,) = judged(evidence(row(d7=0.6, d1=0.3)), CARD).digits
    (sure,) = judged(evidence(row(d7=0.99)), CARD).digits
    assert (unsure.second, sure.second) == (1, None)


def test_each_digit_has_a_threshold_of_its_own():
    """A seven with a stricter threshold than an eight becomes unsure at the same confidence."""
    strict = replace(CARD, thresholds=(*(0.9,) * 7, 0.995, 0.9, 0.9))
    assert judged(evidence(row(d7=0.99)), strict).status is Status.UNSURE
    assert judged(evidence(row(d8=0.99)), strict).status is Status.OK


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"other_ink": True}, Status.UNSURE),
        ({"cut_off": True}, Status.UNREADABLE),
        ({"cut_off": True, "tight": True}, Status.OK),
    ],
)
def test_what_else_is_in_the_picture_counts(change, status):
    """Other ink makes unsure; a digit across a scene's edge can't be read, one that touches a crop's edge can."""
    assert judged(replace(evidence(row(d7=0.99)), **change), CARD).status is status


def test_what_a_crop_cuts_into_is_a_guess_with_advice():
    """Nothing is kept back that may help, nor said as sure."""
    doubtful = replace(evidence(row(d7=0.6)), cut_off=True, tight=True, advice=(Advice.CUT_OFF_LEFT,))
    reading = judged(doubtful, CARD)
    assert (reading.status, reading.number, reading.advice) == (Status.UNSURE, "7", (Advice.CUT_OFF_LEFT,))


def test_advice_goes_to_whom_it_helps():
    """A sure answer comes without advice but on what may be worse next time, an unsure one with all of it."""
    blurred = {"advice": (Advice.BLURRED,)}
    dark = {"advice": (Advice.BLURRED, Advice.TOO_DARK)}
    assert judged(replace(evidence(row(d7=0.99)), **dark), CARD).advice == (Advice.TOO_DARK,)
    assert judged(replace(evidence(row(d7=0.99)), **blurred), CARD).advice == ()
    assert judged(replace(evidence(row(d7=0.5)), **blurred), CARD).advice == (Advice.BLURRED,)


def test_a_digit_cut_from_another_must_be_surer():
    """The cut may have taken a stroke away: more than its threshold of 0.9 is asked of a digit that touched another."""
    touching = replace(evidence(row(d7=0.93), row(d4=0.99)), separated=(True, True))
    assert judged(touching, CARD).status is Status.UNSURE
    surer = np.array([row(d7=0.97), row(d4=0.99)], np.float32)
    assert judged(replace(touching, probabilities=surer), CARD).status is Status.OK


def test_a_digit_unlike_its_neighbours_is_not_trusted():
    """Of three sure digits one three times as high as the others is rather the edge of a sheet."""
    row_of_three = evidence(row(d7=0.999), row(d4=0.999), row(d1=0.999))
    assert judged(row_of_three, CARD).status is Status.OK
    *others, last = row_of_three.boxes
    tall = replace(row_of_three, boxes=(*others, replace(last, height=3 * last.height)))
    assert [digit.sure for digit in judged(tall, CARD).digits][-1] is False


def test_a_lone_one_is_doubted_except_in_a_crop():
    """Any line or edge looks like a one; but nobody crops a picture around an edge."""
    alone = evidence(row(d1=0.97))
    assert judged(alone, CARD).status is Status.UNSURE
    assert judged(replace(alone, tight=True), CARD).status is Status.OK


def test_what_may_be_no_writing_must_be_surer():
    """The same digit on busy ground, or beside an edge, is not sure."""
    sure = evidence(row(d7=0.99))
    assert judged(replace(sure, clearness=(1.0,)), CARD).status is Status.OK
    assert judged(replace(sure, clearness=(-1.8,)), CARD).status is Status.UNSURE
