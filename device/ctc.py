"""Scores of steps, of symbols and of none between them -> how likely it is that they say one thing or another.

Steps say some symbols if those come in that order, each over one or more steps, with none between two that are alike.
So a row says digits (`rows`), and a sound words (`spotting`).

Source:
    Graves et al. 2006, doi:10.1145/1143844.1143891 (connectionist temporal classification).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-6
"""No step's probability counts as less: one step alone rules nothing out."""

Symbols = tuple[int, ...]
Probabilities = NDArray[np.float64]
"""Of each step: the symbols' and at last that there is none, shape (t, n); rows sum to 1."""


def shares(scores: NDArray[np.float32], temperature: float) -> Probabilities:
    """Softmax of the scores, shape (t, n), over the temperature, nothing below LEAST."""
    scaled = scores.astype(np.float64) / temperature
    steps = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(np.maximum(steps / steps.sum(axis=1, keepdims=True), LEAST), np.float64)


def best_path(scores: NDArray[np.floating[Any]]) -> Symbols:
    """What the greatest score of each step says."""
    blank = scores.shape[1] - 1
    steps = scores.argmax(axis=1)
    begins = np.flatnonzero(np.diff(steps, prepend=blank))
    return tuple(int(step) for step in steps[begins] if step != blank)


def probabilities(steps: Probabilities, tried: Sequence[Symbols]) -> list[float]:
    """How likely it is that the steps say each of these."""
    ways = forward(steps, tried, kept=1)[-1]
    lengths = 2 * np.array([len(symbols) for symbols in tried])
    rows = np.arange(len(tried))
    ends_in_symbol = np.where(lengths > 0, ways[rows, np.maximum(lengths - 1, 0)], 0.0)
    return [float(one) for one in ways[rows, lengths] + ends_in_symbol]


def forward(steps: Probabilities, tried: Sequence[Symbols], kept: int) -> NDArray[np.float64]:
    """Of the last `kept` steps and each state (none, a symbol, none, ...) the probability of all ways to it.

    Returns:
        Shape (kept, n, 2 * longest + 1); states behind the end of shorter ones mean nothing.
    """
    blank = steps.shape[1] - 1
    longest = max(len(symbols) for symbols in tried)
    states = np.full((len(tried), 2 * longest + 1), blank)
    for row, symbols in enumerate(tried):
        states[row, 1 : 2 * len(symbols) : 2] = symbols
    may_skip = np.zeros(states.shape)  # what lies between two symbols, unless they are alike
    may_skip[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    ways = np.zeros(states.shape)
    ways[:, :2] = 1.0
    found = deque([ways * steps[0][states]], maxlen=kept)
    for step in steps[1:]:
        before = found[-1]
        ways = before.copy()
        ways[:, 1:] += before[:, :-1]
        ways[:, 2:] += before[:, :-2] * may_skip[:, 2:]
        found.append(ways * step[states])
    return np.stack(found)
