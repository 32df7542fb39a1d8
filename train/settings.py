"""Every number that a training run depends on; written into the model card as it was used."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AugmentSettings:
    """How far a digit is changed before the network sees it; lengths are pixels of the 28x28 model input."""

    turn_degrees: float = 6.0
    """Standard deviation of the turn; a 6 must not become a 9, so it is cut off at three of them."""
    slant: float = 0.15
    """Standard deviation of the horizontal shear, dx per dy."""
    stretch: float = 1.25
    """Width to height changes by up to this factor, either way."""
    square_chance: float = 0.2
    """Share of digits that are widened to fill a square, all or part of the way: forms with a box for each digit, and
    some collections, do so."""
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
    """Greatest share of its ink that a part of a stroke loses: an empty pen, a shadow not quite removed."""
    pencil_chance: float = 0.08
    """Share of digits with the grain of pencil on paper."""
    coarse_chance: float = 0.12
    """Share of digits that went through a coarse black-and-white scan."""
    coarse_px: tuple[int, int] = (13, 22)
    """Longer side of the digit in such a scan."""
    residue_chance: float = 0.05
    """Share of digits whose paper keeps a rest of uneven light."""
    jpeg_chance: float = 0.06
    """Share of digits that were stored as JPEG."""
    jpeg_quality: tuple[int, int] = (25, 80)
    """Range of its quality."""
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
    """Share of digits beside which a piece of a printed line is left."""
    neighbour_chance: float = 0.03
    """Share of digits into whose square another digit's ink comes from the side."""
    cut_chance: float = 0.02
    """Share of digits of which the frame or the finder cut off an edge."""
    cut_px: float = 2.5
    """Most that is cut off."""
    gap_chance: float = 0.04
    """Share of digits with a covered spot."""
    gap_px: float = 3.0
    """Greatest side of a covered spot."""


MILD = AugmentSettings(
    turn_degrees=5.0,
    slant=0.12,
    stretch=1.2,
    square_chance=0.08,
    perspective=0.06,
    wobble_px=0.5,
    thin_px=0.4,
    thick_px=1.0,
    fading=0.3,
    pencil_chance=0.04,
    coarse_chance=0.05,
    residue_chance=0.03,
    jpeg_chance=0.03,
    blur_px=0.5,
    edge_gain=(0.8, 2.0),
    edge_level=(110.0, 145.0),
    noise=8.0,
    shift_px=0.7,
    remnant_chance=0.02,
    neighbour_chance=0.02,
    cut_chance=0.01,
    gap_chance=0.03,
    gap_px=3.0,
)
"""What an ordinary photograph of ordinary writing does."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One run, from the split to the thresholds."""

    sets: tuple[str, ...] = ("mnist", "bhmsds", "unipen_digits")
    """What is learned from: names of `train.sets`."""
    seed: int = 20
    """Of the split, the weights, the order and every change."""
    validation: int = 5000
    """Of MNIST's training digits, those that are never trained on; every choice is made on them and on the other sets'
    validation parts."""
    validation_share: float = 0.1
    """The same of a set that comes without a validation part."""
    negative_share: float = 0.12
    """Things that are no digit, per digit; 0 leaves the eleventh class untrained."""
    forms_share: float = 0.25
    """Digits of MNIST that are given a form that MNIST lacks, where there is one."""
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    """Of the training."""
    mild: AugmentSettings = field(default=MILD)
    """Of the validation."""
    validation_copies: int = 4
    """How often each validation digit is changed mildly to fit the temperature and the thresholds."""
    batch: int = 128
    """Digits in a batch; negatives come on top."""
    moved_px: int = 1
    """Each picture of a batch is moved by up to so many pixels each way, anew each time: the views are few."""
    bent_share: float = 0.6
    """Of the pictures of a batch, those that are then turned, slanted, stretched and bent a little, anew each time."""
    bent_turn_degrees: float = 4.0
    """Standard deviation of that turn."""
    bent_slant: float = 0.08
    """Standard deviation of that shear, dx per dy."""
    bent_stretch: float = 0.06
    """Standard deviation of the logarithm of its width's and of its height's change."""
    bent_shift_px: float = 0.5
    """Greatest distance that it is moved besides, each way."""
    bent_wobble_px: float = 0.4
    """Standard deviation of the elastic displacement at four by four points."""
    views: int = 9
    """Changed copies of each digit, made once and shown in turn: making one takes longer than learning from it."""
    mild_share: float = 0.5
    """Of the digits of a view, those that are changed no further than `mild`."""
    unchanged_share: float = 0.1
    """Of the digits of a view, those that come as they are in their set."""
    photographs: int = 3000
    """Sheets that are drawn, photographed and cut by the device's own finder, for digits as the box gets them."""
    touching: int = 1500
    """Rows of touching digits that are put together and taken apart again, at right and at wrong places; few, for what
    touches is read by another network (`train.rows`), and taken apart only where that one fails."""
    damaged_share: float = 0.2
    """Of all pictures of a view, those with a damage that no ordinary photograph does (`train.damage`)."""
    widths: tuple[int, int, int, int, int] = (32, 64, 96, 112, 80)
    """Channels of the network that is trained (`train.model`), and that the smaller one learns from."""
    kept_widths: tuple[int, int, int, int, int] = (12, 22, 32, 36, 28)
    """Channels that are left of them before pruning, those that earn most: zeros alone make no int8 kernel faster."""
    epochs: int = 26
    """Of the training before pruning."""
    learning_rate: float = 3e-3
    """Adam's greatest, after `warm_up_steps` (Kingma and Ba 2015, arXiv:1412.6980); falls to 0 along a cosine."""
    warm_up_steps: int = 300
    """Steps in which the learning rate rises."""
    sparsity: float = 0.52
    """Weights to be exactly zero in the end, of each layer but the first."""
    prune_epochs: int = 64
    """Of the pruning."""
    prune_ramp: float = 0.25
    """Share of the pruning's steps in which the sparsity rises; the rest heals."""
    prune_learning_rate: float = 2e-3
    """Adam's greatest during pruning."""
    prune_answers_share: float = 0.9
    """Of the target while pruning, what the wide network answers to the same picture (Hinton et al. 2015,
    arXiv:1503.02531); the rest is the label."""
    prune_temperature: float = 3.0
    """What the scores of both networks are divided by then: else little is left of what the wide one holds for second
    best."""
    prune_mild_share: float = 0.75
    """As `mild_share`, while pruning: the network ends on what it will mostly see."""
    prune_unchanged_share: float = 0.2
    """As `unchanged_share`, while pruning."""
    prune_views: int = 8
    """As `views`, while pruning."""
    aware_epochs: int = 3
    """Of quantization-aware training, which is only compared (`train.aware`)."""
    aware_learning_rate: float = 2e-4
    """Adam's greatest then."""
    wrong_share: float = 0.005
    """Of the answers at or above a threshold, at most so many are wrong on the changed validation digits, of which
    some are labelled wrongly. With 0.003 a handful of mistakes moved two thresholds above 0.99, and fewer drawn scenes
    to tune on were answered, as many of them wrongly."""
    least_threshold: float = 0.85
    """No threshold is below it, however well a digit does."""


def on_sets_alone(sets: tuple[str, ...]) -> Settings:
    """A run on these sets and nothing drawn, fewer epochs of it: for comparisons."""
    return Settings(sets=sets, prune_epochs=30, photographs=0, touching=0)


def from_json(text: str) -> Settings:
    """Settings as `dataclasses.asdict` and JSON wrote them.

    Raises:
        ValueError: It is not JSON, or has other names than today's settings.
    """
    values = json.loads(text)
    try:
        changes = {name: AugmentSettings(**_tuples(values[name])) for name in ("augment", "mild")}
        return Settings(**{**_tuples(values), **changes})
    except (TypeError, KeyError) as error:
        raise ValueError(f"these are not the settings of this version ({error})") from error


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the tuples that they were."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
