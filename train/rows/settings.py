"""Every number that the row reader's training depends on; written into its card as it was used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowSettings:
    """One run; `train.rows.drawing` has the numbers of the rows themselves."""

    seed: int = 21
    """Of the rows, the weights and the order."""
    rows: int = 400_000
    """Drawn to learn from, once for all epochs."""
    photographs: int = 7_500
    """Drawn of sheets, whose pieces of writing are learned as well."""
    copies: int = 4
    """So often is each of these pieces shown, by another hand each time but the first."""
    validation_rows: int = 4_000
    """Drawn of validation digits, to choose by and to fit the temperature."""
    validation_photographs: int = 400
    """The same with photographs of sheets in the hands to tune on."""
    measured_rows: int = 2_000
    """Drawn of each set's test part, to measure on."""
    widths: tuple[int, int, int, int, int, int] = (16, 32, 56, 80, 160, 128)
    """Channels of the network (`train.rows.model`)."""
    epochs: int = 5
    """How often every row is shown."""
    batch: int = 64
    """Rows of one width in a batch."""
    learning_rate: float = 2e-3
    """Adam's greatest, after `warm_up_steps`; falls to 0 along a cosine."""
    warm_up_steps: int = 300
    """Steps in which the learning rate rises."""
    steepest: float = 5.0
    """Gradients longer than this are shortened to it: the first rows are all wrong at once."""
    calibration_rows: int = 300
    """Rows whose activations set the int8 ranges."""
