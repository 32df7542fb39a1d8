"""Every number that a training run depends on; written into the model card as it was used."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AugmentSettings:
    """How far a digit is changed before the network sees it; lengths are pixels of the 28x28 model input."""

    turn_degrees: float = 6.0
    """Standard deviation of the turn; a 6 must not become a 9, so it is cut off at three of them."""
    slant: float = 0.15
    """Standard deviation of the horizontal shear, dx per dy."""
    stretch: float = 1.25
    """Width to height changes by up to this factor, either way: some sets fill a square with every digit."""
    perspective: float = 0.07
    """Greatest change of scale from one side of the digit to the other."""
    wobble_px: float = 0.6
    """Standard deviation of the elastic displacement at its grid points."""
    wobble_points: int = 5
    """The elastic displacement is drawn on a grid of so many points a side and interpolated."""
    thin_px: float = 0.5
    """Most that a stroke loses in width."""
    thick_px: float = 1.3
    """Most that a stroke gains in width."""
    fading: float = 0.35
    """Greatest share of its ink that a part of a stroke loses: pencil, an empty pen, a shadow not quite removed."""
    blur_px: float = 0.6
    """Greatest standard deviation of the blur."""
    edge_gain: tuple[float, float] = (0.8, 2.3)
    """Range of the steepness of a stroke's edges: from soft to black and white."""
    edge_level: tuple[float, float] = (105.0, 148.0)
    """Range of the grey level that becomes the middle one when the edges are steepened."""
    noise: float = 10.0
    """Greatest standard deviation of the noise, in grey levels."""
    shift_px: float = 0.8
    """Greatest distance from the centre, each way: a speck or a cut edge moves the centre of mass."""
    remnant_chance: float = 0.03
    """Share of digits beside which a piece of a printed line or of a neighbour is left."""
    gap_chance: float = 0.04
    """Share of digits with a covered spot."""
    gap_px: float = 3.0
    """Greatest side of a covered spot."""


MILD = AugmentSettings(
    turn_degrees=5.0,
    slant=0.12,
    stretch=1.2,
    perspective=0.06,
    wobble_px=0.5,
    thin_px=0.4,
    thick_px=1.0,
    fading=0.3,
    blur_px=0.5,
    edge_gain=(0.8, 2.0),
    edge_level=(110.0, 145.0),
    noise=8.0,
    shift_px=0.7,
    remnant_chance=0.02,
    gap_chance=0.03,
    gap_px=3.0,
)
"""What an ordinary photograph of ordinary writing does."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One run, from the split to the thresholds."""

    seed: int = 20
    """Of the split, the weights, the order and every change."""
    validation: int = 5000
    """Digits of the training set that are never trained on; every choice is made on them."""
    negative_share: float = 0.1
    """Things that are no digit, per digit; 0 leaves the eleventh class untrained."""
    forms_share: float = 0.25
    """Digits that are given a form that MNIST lacks, where there is one."""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    """Of the training."""
    mild: AugmentSettings = field(default=MILD)
    """Of the validation."""
    validation_copies: int = 4
    """How often each validation digit is changed mildly to fit the temperature and the thresholds."""
    batch: int = 128
    """Digits in a batch; negatives come on top."""
    epochs: int = 40
    """Of the training before pruning."""
    learning_rate: float = 3e-3
    """Adam's greatest, after `warm_up_steps` (Kingma and Ba 2015, arXiv:1412.6980); falls to 0 along a cosine."""
    warm_up_steps: int = 300
    """Steps in which the learning rate rises."""
    sparsity: float = 0.6
    """Weights to be exactly zero in the end, of each layer but the first."""
    prune_epochs: int = 14
    """Of the pruning."""
    prune_ramp: float = 0.5
    """Share of the pruning's steps in which the sparsity rises; the rest heals."""
    prune_learning_rate: float = 1.5e-3
    """Adam's greatest during pruning."""
    wrong_share: float = 0.003
    """Of the answers at or above a threshold, at most so many are wrong on the changed validation digits."""
    least_threshold: float = 0.6
    """No threshold is below it, however well a digit does."""
