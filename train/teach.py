"""The teacher: a larger network, trained on the same views, and its answers on the training digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras

from train.feed import CLASSES, Course, Targets, network_input
from train.fit import fit_model, load_best
from train.model import build_teacher
from train.sets import Learned
from train.settings import Settings
from train.soft_labels import write_soft_labels
from train.views import Views

TEACHER_NAME = "teacher.keras"
ROWS_AT_ONCE = 2000


def teach(learned: Learned, settings: Settings, out: Path, soft_labels: Path) -> None:
    """Train the teacher and keep its answers.

    Args:
        learned: What is learned from and chosen by: the same as the network's, so that nobody sees a validation digit.
        settings: Every number of the run.
        out: Folder for the teacher.
        soft_labels: Where its answers go.

    Raises:
        DataError: There are fewer digits than in one batch.
        OutputError: A result cannot be written.
    """
    views = Views(learned.training, settings, out)
    course = Course(
        epochs=settings.teacher_epochs,
        learning_rate=settings.teacher_learning_rate,
        views=views,
        count=settings.views,
        checkpoint=out / "teacher.checkpoint.npz",
    )
    fit_model(lambda: build_teacher(CLASSES), course, learned, settings, out / TEACHER_NAME, out / "teacher.json")
    answers = mean_answers(load_best(out, TEACHER_NAME), views, settings.teacher_views, sum(map(len, learned.training)))
    ends = np.cumsum([len(digits) for digits in learned.training])[:-1]
    write_soft_labels(soft_labels, learned.training, np.split(answers, ends))


def mean_answers(teacher: keras.Model, views: Views, count: int, digits: int) -> Targets:
    """What the teacher says of each digit, averaged over the first `count` views: float32 (digits, 11)."""
    total = np.zeros((digits, CLASSES), np.float32)
    for number in range(count):
        pictures = views.view(number).pictures
        for begin in range(0, digits, ROWS_AT_ONCE):
            rows = slice(begin, min(begin + ROWS_AT_ONCE, digits))
            total[rows] += tf.nn.softmax(teacher(network_input(pictures[rows]), training=False)).numpy()
    return total / np.float32(count)
