"""Pieces of writing -> digits: what is no single digit without a doubt is read as a row, and taken apart or rejoined.

The row reader (`device.rows`) says which digits there are and where; the classifier looks at each by itself, and what
it sees differently is sure only if the row reader is. Without a row reader, and where that is at a loss, cuts through
little ink are proposed and the classifier chooses among them (`device.split`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.find import Writing
from device.judge import Probabilities, calibrated
from device.ports import Classifier, RowScorer
from device.preprocess import INPUT_PX, mnist_layout, row_columns, row_layout
from device.rejoin import near_pairs, united
from device.rows import Row, read_row
from device.split import best_way, is_one_digit, lattice, part_of, straight

MOST_PARTS = 150
"""Possible digits tried in one frame, before the last piece of writing: joined-up writing takes no longer."""

MOST_JOINED, LEAST_JOINED = 30, 0.95
"""So many pairs are tried as one broken digit, each as long as a row is read; both together are one with so much
probability at least."""

ROW_PARTS = 2
"""To read a row takes as long as to try so many parts, most often."""

WIDEST_ROW = 10.0
"""A piece of writing wider than so many times its height is no row of digits."""

DIFFERING = 0.9
"""What is left of a probability when classifier and row reader see different digits: that is sure no more."""

SURELY_ROW = 0.95
"""Of a digit of which the row reader is so sure it is believed, whatever the classifier sees in what a cut left of it:
of 403 digits in 900 drawn scenes to tune on 279 are so sure, 34 of them differ, and none is wrong; of less sure ones 15
of 124 are."""

WHOLE, SURELY_WHOLE = 0.9, 0.99
"""What the classifier takes for one digit with the first probability is one, whatever the row reader says, and from the
second on surely: a one with a long flag is two ones to a row reader. In 400 drawn scenes to tune on none of 104 pieces
of several digits has more than 0.83; four flagged ones of bhmsds' validation digits, in strings, 0.97 to 0.999."""

POOLED, LEAST = 0.7, 1e-4
"""Where both see the same digit their probabilities, none less than the second, are multiplied to the power of the
first: 1 would be right if they never failed together, 0.5 if always. Of 400 drawn scenes to tune on and 160 without
digits 277 are then answered and right and 6 answered and wrong, with the mean 250 and 5, with 1.0 284 and 7."""

SURELY_TURNED, SIDEWAYS = 0.97, 0.75
"""What is surely one digit once it is turned by a right angle, and what is then left of the probabilities of the digits
that it is as it lies, if they are all that was found."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of writing, each of which is one digit if any.

    Attributes:
        writings: In reading order.
        inputs: The same in MNIST layout, uint8, shape (n, 28, 28).
        probabilities: What the model says of them, float32, shape (n, 10 or 11).
    """

    writings: list[Writing]
    inputs: Pixels
    probabilities: Probabilities

    def only(self, places: slice) -> Pieces:
        """Those in these places."""
        return Pieces(self.writings[places], self.inputs[places], self.probabilities[places])


class Separator:
    """Takes apart what is several digits.

    Args:
        classifier: Opened.
        rows: Opened; None to go by cuts alone.
    """

    def __init__(self, classifier: Classifier, rows: RowScorer | None) -> None:
        self._classifier = classifier
        self._rows = rows

    def separated(self, found: Sequence[Writing]) -> Pieces:
        """The pieces of writing, those that are several digits taken apart."""
        inputs = stacked([mnist_layout(writing.ink) for writing in found])
        probabilities = self._probabilities(inputs)
        done: list[Pieces] = []
        tried = 0
        for writing, model_input, row in zip(found, inputs, probabilities, strict=True):
            whole = Pieces([writing], model_input[None], row[None])
            if is_one_digit(writing, row) or tried > MOST_PARTS:
                done.append(whole)
                continue
            pieces, parts = self._apart(whole, alone=len(found) == 1)
            done.append(pieces)
            tried += parts
        return self._rejoined(_together(done)) if done else Pieces([], inputs, probabilities)

    def _rejoined(self, pieces: Pieces) -> Pieces:
        """Broken digits put together: both the classifier and the row reader see one digit in what was two pieces."""
        tried = 0
        pairs = near_pairs(pieces.writings, pieces.probabilities)
        while tried < MOST_JOINED and (pair := next(pairs, None)) is not None:
            tried += 1
            one, other = pair
            joined = self._joined(united(pieces.writings[one], pieces.writings[other]))
            if joined is not None:
                before, between, after = slice(one), slice(one + 1, other), slice(other + 1, None)
                pieces = _together([pieces.only(before), joined, pieces.only(between), pieces.only(after)])
                pairs = near_pairs(pieces.writings, pieces.probabilities)
        return pieces

    def _joined(self, writing: Writing) -> Pieces | None:
        """One piece of writing, if it surely is one digit other than 1, as which any two strokes in line are seen."""
        inputs = mnist_layout(writing.ink)[None]
        probabilities = self._probabilities(inputs)
        row = self._row(writing)
        digit = int(probabilities[0].argmax())
        is_digit = row is not None and row.digits == (digit,) and digit != 1
        return Pieces([writing], inputs, probabilities) if is_digit and probabilities.max() >= LEAST_JOINED else None

    def _apart(self, whole: Pieces, *, alone: bool) -> tuple[Pieces, int]:
        """One piece of writing as the digits that it is, and how many parts were tried."""
        row = self._row(whole.writings[0])
        if row is None:
            return self._cut(whole)
        if len(row.digits) < 2:
            return _agreed(whole, row), ROW_PARTS
        one_digit = float(whole.probabilities[0, :10].max())
        if one_digit >= WHOLE:
            share = 1.0 if one_digit >= SURELY_WHOLE else DIFFERING
            return replace(whole, probabilities=np.asarray(share * whole.probabilities, np.float32)), ROW_PARTS
        pieces = self._at(whole, row)
        if alone and self._lies_on_its_side(whole.writings[0]):
            pieces = replace(pieces, probabilities=np.asarray(SIDEWAYS * pieces.probabilities, np.float32))
        return pieces, ROW_PARTS + len(row.digits)

    def _cut(self, whole: Pieces) -> tuple[Pieces, int]:
        """Taken apart at the best cuts, and how many parts were tried."""
        (writing,) = whole.writings
        proposed = lattice(writing.ink)
        tried = len(proposed.parts)
        parts = self._probabilities(stacked([mnist_layout(part.ink) for part in proposed.parts]))
        way, share = best_way(proposed, np.log(np.maximum(parts[:, :10].max(axis=1, initial=0.0), 1e-4)).tolist())
        if len(way) < 2:
            # A digit is as likely as it is itself, times as likely as it is one digit.
            share = 0.0 if writing.tangled else share
            return replace(whole, probabilities=np.asarray(whole.probabilities * share, np.float32)), tried
        writings = [part_of(writing, proposed, part) for part in way]
        if not all(one.ink.any() for one in writings):  # a few pixels, of which none is left for one of them
            return replace(whole, probabilities=np.asarray(whole.probabilities * share, np.float32)), tried
        inputs = stacked([mnist_layout(one.ink) for one in writings])
        return Pieces(writings, inputs, np.asarray(self._probabilities(inputs) * share, np.float32)), tried

    def _row(self, writing: Writing) -> Row | None:
        """What the row reader says; None without one, and of what can be no row."""
        height, width = writing.ink.shape
        if self._rows is None or width > WIDEST_ROW * height:
            return None
        return read_row(self._rows.scores(row_layout(writing.ink)), self._rows.card.temperature)

    def _at(self, whole: Pieces, row: Row) -> Pieces:
        """Taken apart half-way between the places where the row reader saw digits, with its probabilities.

        What the classifier sees as another digit there is sure only if the row reader is; none is sure if one would be
        without ink.
        """
        (writing,) = whole.writings
        columns = row_columns(writing.ink, row.middles)
        proposed = straight(writing.ink, [(left + right) / 2 for left, right in pairwise(columns)])
        writings = [part_of(writing, proposed, part) for part in proposed.parts]
        if not all(one.ink.any() for one in writings):
            return replace(whole, probabilities=np.asarray(DIFFERING * whole.probabilities, np.float32))
        inputs = stacked([mnist_layout(one.ink) for one in writings])
        seen = self._probabilities(inputs)
        said = row.of_each[:, : seen.shape[1]]
        agreed = seen[:, :10].argmax(axis=1) == np.array(row.digits)
        trusted = agreed | (said[:, :10].max(axis=1) >= SURELY_ROW)
        doubted = np.where(trusted[:, None], said, DIFFERING * said)
        return Pieces(writings, inputs, _surer(doubted, seen, said))

    def _lies_on_its_side(self, writing: Writing) -> bool:
        """Whether it is surely one digit once it is turned by a right angle, as an eight that lies is two zeros."""
        turned = stacked([mnist_layout(np.ascontiguousarray(np.rot90(writing.ink, turn))) for turn in (1, 3)])
        return float(self._probabilities(turned)[:, :10].max()) >= SURELY_TURNED

    def _probabilities(self, inputs: Pixels) -> Probabilities:
        return calibrated(self._classifier.scores(inputs), self._classifier.card.temperature)


def _together(some: Sequence[Pieces]) -> Pieces:
    """At least one, in reading order."""
    return Pieces(
        [writing for pieces in some for writing in pieces.writings],
        np.concatenate([pieces.inputs for pieces in some]),
        np.concatenate([pieces.probabilities for pieces in some]),
    )


def stacked(inputs: Sequence[Pixels]) -> Pixels:
    """Model inputs as one array, shape (n, 28, 28); n may be 0."""
    return np.stack(inputs) if inputs else np.empty((0, INPUT_PX, INPUT_PX), np.uint8)


def _agreed(whole: Pieces, row: Row) -> Pieces:
    """What both say of one digit, in the mean: what one of them doubts is not sure unless the other sees the same."""
    said = (row.of_each if row.digits else _nothing(row))[:, : whole.probabilities.shape[1]]
    mean = (whole.probabilities + said) / 2
    return replace(whole, probabilities=_surer(mean, whole.probabilities, said))


def _surer(least: Probabilities | NDArray[np.float64], one: Probabilities, other: NDArray[np.float64]) -> Probabilities:
    """Probabilities of some digits, shape (n, 10 or 11): these at least, and those of both pooled where they agree.

    Source:
        Genest and Zidek 1986, doi:10.1214/ss/1177013825 (logarithmic pooling).
    """
    pooled = (np.maximum(one, LEAST) * np.maximum(other, LEAST)) ** POOLED
    pooled /= pooled.sum(axis=1, keepdims=True)
    agreed = one[:, :10].argmax(axis=1) == other[:, :10].argmax(axis=1)
    surer = agreed & (pooled[:, :10].max(axis=1) > least[:, :10].max(axis=1))
    return np.asarray(np.where(surer[:, None], pooled, least), np.float32)


def _nothing(row: Row) -> NDArray[np.float64]:
    """No digit as likely as another, all of them only if the row says anything after all: shape (1, 11)."""
    return np.array([*[(1.0 - row.probability) / 10] * 10, row.probability])[None]
