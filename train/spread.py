"""A sweep spread over machines by Keras Tuner's own distribution: one chief hands out the runs, workers ask for them.

Every process is started with the same command; who is who is Keras Tuner's to read from the environment:
KERASTUNER_TUNER_ID (chief, tuner0, tuner1, ...), KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT (the chief's). The
folder of the results is one that all of them see. Without those variables one process does everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras_tuner

from train.data import DigitSet
from train.experiments import Experiment
from train.sweep import sweep


class _Runs(keras_tuner.engine.base_tuner.BaseTuner):  # type: ignore[misc]
    """Turns a trial of Keras Tuner into one run of a sweep."""

    def run_trial(  # noqa: PLR0913, PLR0917 - Keras Tuner calls it, with what `search` was given
        self,
        trial: Any,  # noqa: ANN401 - Keras Tuner is not typed
        experiments: Mapping[str, Experiment],
        training: DigitSet,
        measured: Sequence[DigitSet],
        seed: int,
        out: Path,
    ) -> float:
        experiment = experiments[trial.hyperparameters.get("run")]
        (facts,) = sweep([experiment], training, measured, seed, out)
        accuracy: float = facts["training_accuracy"]
        return accuracy

    def load_model(self, trial: Any) -> None:  # noqa: ANN401 - as above
        """Nothing is loaded back: the results are in files of their own."""


def spread(
    experiments: Sequence[Experiment], training: DigitSet, measured: Sequence[DigitSet], seed: int, out: Path
) -> None:
    """Do this process' share of the runs; returns when there are none left, in the chief when all are done.

    Raises:
        OutputError: A result cannot be written.
    """
    choices = keras_tuner.HyperParameters()
    choices.Choice("run", [experiment.name for experiment in experiments], ordered=False)
    oracle = keras_tuner.oracles.GridSearchOracle(
        objective=keras_tuner.Objective("default_objective", "max"), hyperparameters=choices
    )
    tuner = _Runs(oracle, directory=str(out), project_name="keras-tuner")
    known = {experiment.name: experiment for experiment in experiments}
    tuner.search(known, training, measured, seed, out)
