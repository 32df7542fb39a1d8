"""What is done to a digit on its way into a batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from train.augment import augmented, warp
from train.corruptions import CORRUPTIONS
from train.damage import KINDS
from train.data import DigitSet
from train.errors import DataError, OutputError
from train.feed import Course, batches, bent, mixed, network_input, one_hot
from train.forms import other_form
from train.negatives import negatives
from train.settings import MILD, AugmentSettings, Settings
from train.views import NOT_A_DIGIT, Views, changed

STILL = AugmentSettings(
    turn_degrees=0.0,
    slant=0.0,
    stretch=1.0,
    perspective=0.0,
    wobble_px=0.0,
    thin_px=0.0,
    thick_px=0.0,
    fading=0.0,
    blur_px=0.0,
    edge_gain=(1.0, 1.0),
    edge_level=(128.0, 128.0),
    noise=0.0,
    shift_px=0.0,
    remnant_chance=0.0,
    gap_chance=0.0,
    square_chance=0.0,
    pencil_chance=0.0,
    coarse_chance=0.0,
    residue_chance=0.0,
    jpeg_chance=0.0,
    neighbour_chance=0.0,
    cut_chance=0.0,
)


@pytest.mark.parametrize("strength", [STILL, MILD, AugmentSettings()])
def test_augmentation_keeps_shape_type_and_range(digits, strength):
    """Every strength gives model inputs again: white ink on a black ground."""
    pictures = augmented(digits.model_inputs, np.random.default_rng(1), strength)
    assert pictures.shape == digits.model_inputs.shape
    assert pictures.dtype == np.uint8
    assert pictures.max(axis=(1, 2)).min() > 100, "a digit has faded away"
    assert np.median(pictures) < 32, "the ground is no longer black"


def test_augmentation_depends_on_the_seed_alone(digits):
    """The same seed gives the same pictures, another one others; the digits given stay as they are."""
    before = digits.model_inputs.copy()
    first, again, other = (augmented(digits.model_inputs, np.random.default_rng(seed), MILD) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(digits.model_inputs, before)


def test_augmentation_turned_off_changes_almost_nothing(digits):
    """With every strength at nothing a digit comes back: no hidden turn or thickening.

    In the median, because rounding may move one by a whole pixel.
    """
    pictures = augmented(digits.model_inputs, np.random.default_rng(1), STILL)
    difference = np.abs(pictures.astype(float) - digits.model_inputs).mean(axis=(1, 2))
    assert np.median(difference) < 8.0


@pytest.mark.parametrize(
    "change", [{"slant": 0.4}, {"turn_degrees": 15.0}, {"stretch": 1.5}, {"perspective": 0.2}, {"wobble_px": 1.0}]
)
def test_each_setting_of_the_warp_moves_something(change):
    """No setting of the warp is without effect, and each keeps the canvas' middle near the digit's middle."""
    still = warp(np.random.default_rng(1), STILL)
    moved = warp(np.random.default_rng(1), replace(STILL, **change))
    assert np.abs(moved - still).max() > 1.0
    assert np.abs(moved[27:29, 27:29] - 13.5).max() < 4.0


@pytest.mark.parametrize(
    "change",
    [
        {"thin_px": 1.5},
        {"thick_px": 3.0},
        {"fading": 0.6},
        {"blur_px": 1.5},
        {"edge_gain": (3.0, 3.0)},
        {"noise": 30.0},
        {"shift_px": 2.0},
        {"remnant_chance": 1.0},
        {"gap_chance": 1.0, "gap_px": 5.0},
        {"square_chance": 1.0},
        {"pencil_chance": 1.0},
        {"coarse_chance": 1.0},
        {"residue_chance": 1.0},
        {"jpeg_chance": 1.0},
        {"neighbour_chance": 1.0},
        {"cut_chance": 1.0},
    ],
)
def test_each_other_setting_changes_the_picture(digits, change):
    """No setting of pen and camera is without effect."""
    still = augmented(digits.model_inputs, np.random.default_rng(1), STILL)
    pictures = augmented(digits.model_inputs, np.random.default_rng(1), replace(STILL, **change))
    assert np.abs(pictures.astype(int) - still).max(axis=(1, 2)).mean() > 25


@pytest.mark.parametrize("label", range(10))
def test_other_forms_stay_pictures_of_one_digit(digits, label):
    """A form changes 0, 1, 4, 7 and 9, leaves the rest alone, and never touches what it was given."""
    rng = np.random.default_rng(1)
    for picture in digits.model_inputs[digits.labels == label]:
        before = picture.copy()
        form = other_form(picture, label, rng)
        assert (form.shape, form.dtype) == ((28, 28), np.uint8)
        assert np.array_equal(picture, before)
        assert np.array_equal(form, picture) == (label in {2, 3, 5, 6, 8})


@pytest.mark.parametrize("label", range(10))
def test_a_blank_has_no_other_form(label):
    """Nothing is drawn where there is no digit to draw it on."""
    blank = np.zeros((28, 28), np.uint8)
    assert other_form(blank, label, np.random.default_rng(1)) is blank


def test_negatives_are_seeded_model_inputs_of_many_kinds(digits):
    """They have the shape of digits, depend on the seed alone, and differ from each other."""
    first, again = (negatives(80, digits.model_inputs, np.random.default_rng(3)) for _ in range(2))
    assert (first.shape, first.dtype) == ((80, 28, 28), np.uint8)
    assert np.array_equal(first, again)
    assert len({picture.tobytes() for picture in first}) > 60
    assert negatives(0, digits.model_inputs, np.random.default_rng(3)).shape == (0, 28, 28)


def test_negatives_are_never_upright_strokes(digits):
    """A thing taller than three times its width would be a one."""
    pictures = negatives(400, digits.model_inputs, np.random.default_rng(4))
    for picture in pictures[pictures.any(axis=(1, 2))]:
        rows, columns = (np.flatnonzero(picture.max(axis=axis) > 64) for axis in (1, 0))
        assert np.ptp(rows) + 1 < 3 * (np.ptp(columns) + 1)


def course(digits, settings, folder, **changes):
    """Two epochs of the digits."""
    given = {"epochs": 2, "learning_rate": 1e-3, "count": 2, "checkpoint": folder / "checkpoint.npz", **changes}
    return Course(views=Views([digits], settings, folder), **given)


def test_an_epoch_holds_each_digit_once_and_its_share_of_negatives(digits, tmp_path):
    """What is left over after whole batches waits."""
    settings = Settings(batch=25, negative_share=0.25)
    epoch = list(batches(course(digits, settings, tmp_path, epochs=1), settings))
    assert len(epoch) == 10
    for pictures, targets in epoch:
        assert (pictures.shape, pictures.dtype) == ((25, 28, 28, 1), np.float32)
        assert 0.0 <= pictures.min() <= pictures.max() <= 1.0
        assert (targets.shape, targets.dtype) == ((25, 11), np.float32)
    seen = np.concatenate([targets.argmax(axis=1) for _, targets in epoch])
    assert np.bincount(seen).tolist() == [20] * 10 + [50]


def test_batches_are_the_same_for_the_same_seed_and_new_in_each_epoch(digits, tmp_path):
    """A run can be repeated, in another folder too; a run that goes on gets what it would have got."""
    settings = Settings(batch=100)
    first, again = (list(batches(course(digits, settings, tmp_path / name), settings)) for name in "ab")
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], first[2][0])
    rest = list(batches(course(digits, settings, tmp_path / "a"), settings, begin=1))
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(first[2:], rest, strict=True))


def unbent(**changes):
    """Nothing is bent but by what is given."""
    still = Settings(
        bent_share=1.0,
        bent_turn_degrees=0.0,
        bent_slant=0.0,
        bent_stretch=0.0,
        bent_shift_px=0.0,
        bent_wobble_px=0.0,
    )
    return replace(still, **changes)


def test_a_bend_of_nothing_changes_nothing(digits):
    """Each picture comes back as it was, to a rounded grey level; so does no picture at all."""
    found = bent(digits.model_inputs, unbent(), np.random.default_rng(1))
    assert np.abs(found.astype(int) - digits.model_inputs).max() <= 1
    assert bent(digits.model_inputs[:0], Settings(bent_share=1.0), np.random.default_rng(1)).shape == (0, 28, 28)


@pytest.mark.parametrize(
    "change",
    [
        {"bent_turn_degrees": 10.0},
        {"bent_slant": 0.2},
        {"bent_stretch": 0.15},
        {"bent_shift_px": 1.5},
        {"bent_wobble_px": 1.0},
    ],
)
def test_each_setting_of_a_bend_moves_ink_and_keeps_the_digit(digits, change):
    """None is without effect, none takes ink away, and the digit stays where it was."""
    before = digits.model_inputs.copy()
    found = bent(digits.model_inputs, unbent(**change), np.random.default_rng(1))
    assert (found.dtype, found.shape) == (np.uint8, before.shape)
    assert np.array_equal(digits.model_inputs, before)
    assert np.abs(found.astype(int) - before).max(axis=(1, 2)).mean() > 50
    ink = found.sum(axis=(1, 2)) / before.sum(axis=(1, 2))
    assert 0.9 < np.median(ink) < 1.1
    grid = np.arange(28)
    for axis in (1, 2):
        middles = [(shown.sum(axis=axis) @ grid) / shown.sum(axis=(1, 2)) for shown in (found, before)]
        assert np.abs(middles[0] - middles[1]).max() < 3.0


def test_only_a_share_of_the_pictures_is_bent_seeded_and_anew_each_time(digits):
    """The others are shown as the view has them; the same state of chance bends in the same way."""
    settings = Settings(bent_share=0.5)
    rng = np.random.default_rng(1)
    first, other = bent(digits.model_inputs, settings, rng), bent(digits.model_inputs, settings, rng)
    assert np.array_equal(first, bent(digits.model_inputs, settings, np.random.default_rng(1)))
    assert not np.array_equal(first, other)
    assert 0.35 < (first != digits.model_inputs).any(axis=(1, 2)).mean() < 0.65


def test_a_teacher_has_its_share_in_the_targets():
    """Rows still sum to 1, and the label keeps the rest."""
    targets = one_hot(np.array([3, 10]))
    answers = np.full((2, 11), 1 / 11, np.float32)
    found = mixed(targets, answers, 0.5)
    assert found.sum(axis=1) == pytest.approx([1.0] * 2)
    assert found[0, 3] == pytest.approx(0.5 + 0.5 / 11)
    assert np.array_equal(mixed(targets, answers, 0.0), targets)


def test_a_teachers_answers_are_those_to_the_pictures_that_are_shown(digits, tmp_path):
    """Each epoch's view has its own, in the order of the batch."""
    settings = Settings(batch=100)
    plain = course(digits, settings, tmp_path)
    taught = replace(
        plain,
        answers=[
            np.eye(11, dtype=np.float32)[(plain.views.view(number).labels + 1) % 11] for number in range(plain.count)
        ],
        answers_share=1.0,
    )
    for (_, labels), (_, answers) in zip(batches(plain, settings), batches(taught, settings), strict=True):
        assert np.array_equal((labels.argmax(axis=1) + 1) % 11, answers.argmax(axis=1))


def test_only_the_sets_own_digits_are_shown_where_nothing_is_to_be_changed(digits):
    """With all of them unchanged and no negatives a view is the set."""
    settings = Settings(negative_share=0.0, forms_share=0.0, unchanged_share=1.0, damaged_share=0.0)
    assert np.array_equal(changed(digits, settings, np.random.default_rng(1)).model_inputs, digits.model_inputs)


def test_forms_are_drawn_for_mnist_alone(digits):
    """Other sets have them by themselves."""
    still = replace(
        Settings(),
        negative_share=0.0,
        forms_share=1.0,
        mild_share=0.0,
        unchanged_share=0.0,
        damaged_share=0.0,
        augment=STILL,
    )
    other = DigitSet("bhmsds", digits.model_inputs, digits.labels)
    shown, as_is = (changed(given, still, np.random.default_rng(1)).model_inputs for given in (digits, other))
    ones = digits.labels == 1
    assert np.abs(shown[ones].astype(int) - as_is[ones]).max(axis=(1, 2)).min() > 100


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_each_damage_changes_a_digit_seeded_and_leaves_the_given_one(digits, kind):
    """Model inputs again, another picture each time, and something of the digit left."""
    before = digits.model_inputs.copy()
    shown, again = (
        np.stack([kind(digit, rng) for digit in digits.model_inputs])
        for rng in (np.random.default_rng(1), np.random.default_rng(1))
    )
    assert shown.shape == digits.model_inputs.shape
    assert shown.dtype == np.uint8
    assert np.array_equal(shown, again)
    assert np.array_equal(digits.model_inputs, before)
    assert (shown != before).any(axis=(1, 2)).mean() > 0.9
    assert np.ptp(shown.reshape(len(shown), -1), axis=1).min() > 25, "a digit has faded away"


def test_only_the_share_that_is_asked_for_is_damaged(digits):
    """The rest of a view is what it would be without."""
    still = Settings(negative_share=0.0, forms_share=0.0, unchanged_share=1.0, damaged_share=0.5)
    shown = changed(digits, still, np.random.default_rng(1)).model_inputs
    share = (shown != digits.model_inputs).any(axis=(1, 2)).mean()
    assert 0.3 < share < 0.6


def test_every_damage_is_near_corruptions_that_there_are():
    """What the README says of the fifteen comes from here: all of them are near a damage, none twice."""
    near = [name for names in KINDS.values() for name in names]
    assert sorted(near) == sorted(CORRUPTIONS)


def test_a_view_that_was_made_is_not_made_again(digits, tmp_path):
    """Another process finds it; other settings make another; a damaged one is named."""
    settings = Settings(negative_share=0.1)
    made = Views([digits], settings, tmp_path)
    assert len(made.view(0)) == len(made) == 220
    (path,) = tmp_path.rglob("*.npy")
    before = path.stat().st_ino
    assert np.array_equal(Views([digits], settings, tmp_path).view(0).pictures, made.view(0).pictures)
    assert path.stat().st_ino == before
    assert list(Views([digits], replace(settings, seed=3), tmp_path).make(2)) == [0, 1]
    assert len(list(tmp_path.rglob("*.npy"))) == 3
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"000\.npy cannot be read .*delete it"):
        made.view(0)


def test_a_full_disk_leaves_no_half_view(digits, tmp_path, file_size_limit):
    """One line, and nothing that a later run would take for a view."""
    with file_size_limit(20_000), pytest.raises(OutputError, match=r"000\.npy cannot be written"):
        Views([digits], Settings(), tmp_path).view(0)
    assert list(tmp_path.rglob("*.npy")) == []


def test_blocks_are_joined_with_the_negatives_last(digits, tmp_path, monkeypatch):
    """Several processes make the same view as one would: digits in their order, then what is no digit."""
    monkeypatch.setattr("train.views.BLOCK", 64)
    view = Views([digits], Settings(negative_share=0.1), tmp_path).view(0)
    assert np.array_equal(view.labels[:200], digits.labels)
    assert (view.labels[200:] == NOT_A_DIGIT).all()
    assert len(view) == 219  # 6 + 6 + 6 + 1: each block has its own


def test_network_input_is_the_picture_between_0_and_1():
    """255 is 1, and the channel comes last: what the converter folds into the uint8 input's scale of 1/255."""
    values = network_input(np.full((2, 28, 28), 255, np.uint8))
    assert values.shape == (2, 28, 28, 1)
    assert (values == 1.0).all()
