"""Two classifiers, the second for what the first is in doubt about."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from device import config
from device.cascade import AGAIN_NATS, Cascade, in_doubt
from device.compose import opened_classifier
from device.domain import ModelCard, Pixels, SecondModel
from device.errors import ModelError

CLASSES = (*map(str, range(10)), "not a digit")
SECOND_CARD = ModelCard("2" * 64, 1, CLASSES, 1.5, (0.7,) * 10)
FIRST_CARD = ModelCard("1" * 64, 1, CLASSES, 1.0, (0.9,) * 10, SecondModel("wide.tflite", "2" * 64))


@dataclass
class Says:
    """Says one digit of every picture, as far ahead as the picture's first pixel tells, and notes what it was asked."""

    card: ModelCard
    digit: int
    asked: list[int] = field(default_factory=list)
    is_open: bool = True

    def open(self) -> None:
        """As a model is."""
        self.is_open = True

    def scores(self, model_inputs: Pixels) -> NDArray[np.float32]:
        """Its digit's score is a tenth of the first pixel, the others are 0."""
        self.asked += model_inputs[:, 0, 0].tolist()
        scores = np.zeros((len(model_inputs), 11), np.float32)
        scores[:, self.digit] = model_inputs[:, 0, 0] / np.float32(10)
        return scores

    def close(self) -> None:
        """As a model is."""
        self.is_open = False


def pictures(*pixels: int) -> Pixels:
    """Model inputs with these first pixels."""
    made = np.zeros((len(pixels), 28, 28), np.uint8)
    made[:, 0, 0] = pixels
    return made


def test_only_what_is_in_doubt_is_shown_to_the_second() -> None:
    """Its scores take the place of the first one's; all others stay, and the order too."""
    first, second = Says(FIRST_CARD, 3), Says(SECOND_CARD, 8)
    scores = Cascade(first, second).scores(pictures(90, 20, 200, 45))
    assert second.asked == [20, 45]
    assert scores.argmax(axis=1).tolist() == [3, 8, 3, 8]
    assert scores.max(axis=1) == pytest.approx([9.0, 2.0, 20.0, 4.5])


def test_without_doubt_or_without_pictures_the_second_is_left_in_peace() -> None:
    """Nothing to ask is not asked."""
    first, second = Says(FIRST_CARD, 3), Says(SECOND_CARD, 8)
    both = Cascade(first, second)
    assert both.scores(pictures(90)).shape == (1, 11)
    assert both.scores(pictures()).shape == (0, 11)
    assert second.asked == []


def test_the_card_is_that_of_both_together() -> None:
    """The temperature and the thresholds were fitted to what both answer."""
    both = Cascade(Says(FIRST_CARD, 3), Says(SECOND_CARD, 8))
    assert (both.card.temperature, both.card.thresholds) == (1.5, (0.7,) * 10)


def test_both_are_opened_and_closed() -> None:
    """A reader that is given up gives the memory of both back."""
    first, second = Says(FIRST_CARD, 3), Says(SECOND_CARD, 8)
    both = Cascade(first, second)
    both.close()
    assert (first.is_open, second.is_open) == (False, False)
    both.open()
    assert (first.is_open, second.is_open) == (True, True)


@pytest.mark.parametrize(
    "card",
    [
        replace(FIRST_CARD, second=None),
        replace(FIRST_CARD, second=SecondModel("wide.tflite", "3" * 64)),
        replace(FIRST_CARD, classes=CLASSES[:10]),
    ],
)
def test_models_of_different_trainings_are_refused(card: ModelCard) -> None:
    """The confidences of one would be laid on the scores of another."""
    with pytest.raises(ModelError, match="from different trainings: install both again"):
        Cascade(Says(card, 3), Says(SECOND_CARD, 8))


def test_doubt_is_a_small_lead_over_the_next() -> None:
    """Whichever class leads, "not a digit" too; a great score beside another great one is a doubt as well."""
    scores = np.zeros((4, 11), np.float32)
    scores[0, 4] = AGAIN_NATS
    scores[1, 10] = AGAIN_NATS - 0.1
    scores[2, [2, 3]] = (30.0, 29.0)
    scores[3, 0] = 20.0
    assert in_doubt(scores).tolist() == [1, 2]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped models, which a test may damage; where the first is."""
    shipped = config.load().model.path
    for path in shipped.parent.glob("digits*"):
        shutil.copy(path, tmp_path)
    return tmp_path / shipped.name


def test_the_shipped_models_belong_together(copied: Path) -> None:
    """The first one's card names the second, and they are opened as one."""
    assert isinstance(opened_classifier(copied), Cascade)


def test_a_second_model_that_is_gone_is_said(copied: Path) -> None:
    """Not passed over: the box would read worse, and nobody would know why."""
    copied.with_name("digits-wide.tflite").unlink()
    with pytest.raises(ModelError, match=r"digits-wide\.tflite cannot be read .*install digitbox again"):
        opened_classifier(copied)


def test_a_model_without_a_second_reads_by_itself(copied: Path) -> None:
    """Whoever trained one alone gives `[model] path` and needs no other."""
    card = copied.with_suffix(".json")
    facts = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps({name: value for name, value in facts.items() if name != "second"}), encoding="utf-8")
    copied.with_name("digits-wide.tflite").unlink()
    assert opened_classifier(copied).card.second is None


@pytest.mark.parametrize("second", [{"file": "../other.tflite", "sha256": ""}, {"file": ""}, "wide", []])
def test_a_card_with_a_strange_second_is_refused(copied: Path, second: object) -> None:
    """A path elsewhere, a missing field, another kind of JSON: a ModelError each."""
    card = copied.with_suffix(".json")
    facts = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps({**facts, "second": second}), encoding="utf-8")
    with pytest.raises(ModelError, match="model card"):
        opened_classifier(copied)
