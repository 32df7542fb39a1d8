"""What is believed when the user says which digit it is."""

from __future__ import annotations

import pytest

from device.sight_and_speech import fused


def sure_of(digit, probability=0.99, second=None):
    """Probabilities with one digit ahead, and perhaps another behind it."""
    rest = 1.0 - probability
    scores = [rest / 9.0] * 10
    if second is not None:
        scores = [0.001] * 10
        scores[second] = rest - 0.008
    scores[digit] = probability
    return scores


@pytest.mark.parametrize("digit", range(10))
def test_what_both_say_is_believed(digit):
    """More than either alone."""
    agreement = fused(sure_of(digit, 0.8), sure_of(digit, 0.8))
    assert (agreement.digit, agreement.believed) == (digit, True)
    assert agreement.probability > 0.75


def test_a_seven_against_a_clear_one_asks_back():
    """Neither the eye nor the ear is believed."""
    assert not fused(sure_of(1), sure_of(7)).believed
    assert not fused(sure_of(7), sure_of(1)).believed


def test_an_unsure_eye_believes_a_clear_word():
    """A one that could be a seven is one when the user says so."""
    agreement = fused(sure_of(1, 0.6, second=7), sure_of(7, 0.97))
    assert (agreement.digit, agreement.believed) == (7, True)


def test_nobody_knows():
    """Both guess: the user is asked."""
    assert not fused([0.1] * 10, [0.1] * 10).believed
    assert not fused(sure_of(3, 0.4), sure_of(5, 0.4)).believed


def test_certainty_is_bounded():
    """A source that is quite certain cannot silence the other."""
    agreement = fused([1.0] + [0.0] * 9, [0.0, 1.0] + [0.0] * 8)
    assert not agreement.believed
    assert not fused(sure_of(0, 0.999), sure_of(1, 0.9)).believed


def test_ten_probabilities_each():
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="zip"):
        fused([0.1] * 10, [0.1] * 9)
