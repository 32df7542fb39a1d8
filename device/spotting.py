"""What a spotter heard -> how well each phrase fits it; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from device.ctc import best_path, probabilities
from device.domain import Spotted

LEAST = 1e-300
"""Of a phrase's probability, whose logarithm is taken."""


def fits(spotted: Spotted, phrases: Iterable[str]) -> dict[str, float]:
    """How well each of these phrases fits, of those whose words the spotter knows all.

    Returns:
        Natural logarithms of how likely each is beside what was most likely said, which need be no phrase.
    """
    known = {word: number for number, word in enumerate(spotted.words)}
    tried = {
        phrase: tuple(known[word] for word in phrase.split()) for phrase in phrases if known.keys() >= {*phrase.split()}
    }
    steps = spotted.steps
    likeliest, *found = probabilities(steps, [best_path(steps), *tried.values()])
    return {
        phrase: math.log(max(LEAST, one)) - math.log(max(LEAST, likeliest))
        for phrase, one in zip(tried, found, strict=True)
    }
