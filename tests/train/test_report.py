"""The page, the card for people, the table and the sweep, on made-up miniatures."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from train.compare import (
    BEGIN,
    END,
    baselines,
    corruption_table,
    more_figures,
    ours,
    table,
    timed_together,
    write_between_marks,
)
from train.errors import DataError
from train.experiments import GROUPS, Experiment

needs_matplotlib = pytest.mark.needs("matplotlib")
needs_tensorflow = pytest.mark.needs("tensorflow")


def set_facts(accuracy, writers=None):
    """What `evaluate` finds about one set."""
    facts = {
        "count": 20,
        "accuracy": accuracy,
        "interval": [accuracy - 0.05, accuracy],
        "calibration_error": 0.012,
        "confusion": np.eye(11, dtype=int).tolist(),
        "reliability": [[0.5, 0.4, 10], [0.9, 1.0, 10]],
        "risk_coverage": [[0.5, 0.0], [1.0, 0.05]],
        "worst": [{"row": 3, "label": 7, "answer": 1, "confidence": 0.8, "pixels": bytes(784).hex()}],
    }
    return {**facts, "writers": writers} if writers else facts


@pytest.fixture
def run(tmp_path):
    """A folder as `evaluate` leaves it."""
    out = tmp_path / "run"
    out.mkdir()
    writers = {"each": {"<b>": {"count": 20, "accuracy": 0.9}}, "mean": 0.9}
    writers["worst"] = {"writer": "<b>", "count": 20, "accuracy": 0.9}
    sets = {"mnist t10k": set_facts(0.9971), "photo_digits": set_facts(0.9, writers)}
    evaluation = {
        "sets": sets,
        "corruptions": {"fog": 0.07, "scale": 0.01, "mean": 0.04},
        "negatives": {"letter": 0.9, "all": 0.955, "threshold": 0.8},
        "adversarial": {"fgsm 0.05": 0.1, "fgsm 0.1": 0.3},
        "float": {"before pruning": {"mnist t10k": 0.998}, "after pruning": {"mnist t10k": 0.9972}},
        "milliseconds": 0.1,
        "size_bytes": 39_000,
        "sparsity": {"weights": 31_000, "zeros": 16_000},
    }
    card = {
        "size_bytes": 39_000,
        "sparsity": evaluation["sparsity"],
        "classes": [*map(str, range(10)), "not a digit"],
        "command": "digitbox-train fit && <done>",
        "training_data": [{"name": "mnist train", "count": 55_000}],
        "accuracy": sets,
        "temperature": 1.1,
        "thresholds": [0.6] * 10,
    }
    (out / "evaluation.json").write_text(json.dumps(evaluation))
    (out / "digits.json").write_text(json.dumps(card))
    both = {**sets, "mnist t10k": set_facts(0.9985)}
    (out / "evaluation-both.json").write_text(json.dumps({**evaluation, "sets": both, "size_bytes": 280_000}))
    (out / "digits-wide.json").write_text(json.dumps({**card, "accuracy": both, "size_bytes": 280_000}))
    (out / "fit.json").write_text(json.dumps({"history": {"accuracy": [0.5, 0.9], "val_accuracy": [0.6, 0.8]}}))
    return out


@pytest.fixture
def swept(tmp_path):
    """A folder as a sweep leaves it."""
    folder = tmp_path / "baselines"
    folder.mkdir()
    for name, size in (("large", 400_000), ("small", 30_000)):
        facts = {
            "name": name,
            "accuracy": {"mnist t10k": 0.98, "semeion": 0.7},
            "parameters": 7850,
            "size_bytes": size,
            "milliseconds": 0.5,
        }
        (folder / f"{name}.json").write_text(json.dumps(facts))
    return folder


@needs_matplotlib
def test_the_page_is_whole_in_itself_and_escapes_what_it_shows(run, swept):
    """Curves, tables and mistakes are in the one file; nothing is fetched from anywhere; tags in names stay text."""
    from train.report import write_report

    page = write_report(run, [*ours("ours", run), *baselines(swept)]).read_text()
    assert page.count("<svg") >= 6
    assert "data:image/png;base64," in page
    assert "7 read as 1, 80%" in page
    assert "99.71%" in page
    assert "&lt;done&gt;" in page
    assert "<done>" not in page
    assert "<b>" not in page
    assert all(f"{attribute}=http" not in page.replace('"', "") for attribute in ("src", "href"))


@needs_matplotlib
def test_the_card_for_people_has_the_figures_and_the_command(run):
    """What it learned from, how well it does and how it was made."""
    from train.report import write_report

    write_report(run, [])
    card = (run / "card.md").read_text()
    assert "| mnist t10k | 99.71% | 94.71% to 99.71% | 20 | 1.20% |" in card
    assert "digitbox-train fit && <done>" in card
    assert "mnist train (55000 digits)" in card
    assert card.index("99.71%") < card.index("280000 bytes") < card.index("| mnist t10k | 99.85% |")


def test_the_table_has_one_line_a_network_the_smallest_first(run, swept):
    """A set that a network learned from, or was not measured on, is left empty."""
    lines = table([*ours("ours", run), *baselines(swept)]).splitlines()
    assert len(lines) == 6
    assert lines[2] == "| ours | 99.71% |  |  |  | 90.00% |  | 31,000 | 39,000 | 0.100 |"
    assert lines[3].startswith("| ours, both | 99.85% |")
    assert "| 280,000 |" in lines[3]
    assert [line.split(" | ")[0] for line in lines[4:]] == ["| small", "| large"]


def test_further_figures_name_the_worst_corruption_and_what_each_step_cost(run):
    """Mean and worst; float before and after pruning beside int8."""
    found = more_figures({"ours": run / "evaluation.json"})
    assert "| worst of them | 7.00% (fog) |" in found
    assert "| MNIST test, float, pruned | 99.72% |" in found
    assert "| calibration error, sudoku_photo | not measured |" in found


def test_every_corruption_is_beside_the_damage_that_is_near_it(run):
    """Fifteen lines and their mean; what was not measured is said."""
    lines = corruption_table({"ours": run / "evaluation.json"}).splitlines()
    assert len(lines) == 2 + 16
    assert "| fog | 7.00% | veiled |" in lines
    assert "| stripe | not measured | banded |" in lines
    assert lines[-1] == "| mean | 4.00% |  |"


@pytest.mark.needs("ai_edge_litert")
def test_networks_are_timed_side_by_side(run, swept):
    """A file that is there is timed anew; the others keep their times."""
    shipped = Path(__file__).parents[2] / "device" / "models" / "digits.tflite"
    given = [replace(next(ours("ours", run)), path=shipped, milliseconds=1e9), *baselines(swept)]
    # In another process: tflite_runtime can't be loaded beside TensorFlow.
    with multiprocessing.get_context("spawn").Pool(1) as other:
        found = other.apply(timed_together, (given, 1))
    assert 0.0 < found[0].milliseconds < 1000.0
    assert found[1:] == given[1:]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    """The rest of the text is a person's; without marks nothing is written."""
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_between_marks(path, "new")
    assert path.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    path.write_text("no marks")
    with pytest.raises(DataError, match="lacks the lines"):
        write_between_marks(path, "new")
    assert path.read_text() == "no marks"
    with pytest.raises(DataError, match="cannot be read"):
        write_between_marks(tmp_path / "none.md", "new")


@pytest.mark.parametrize("content", ["", "{", "[1"])
def test_damaged_results_name_the_step_to_run_again(run, content):
    """No traceback from JSON."""
    (run / "evaluation.json").write_text(content)
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read .*run digitbox-train evaluate"):
        list(ours("ours", run))


@needs_tensorflow
@pytest.mark.filterwarnings("ignore:::tensorflow")
def test_a_sweep_goes_on_where_it_was(digits, tmp_path):
    """What has its JSON is not trained again; what is trained is measured in every way that the table shows."""
    from train.sweep import sweep

    few = [Experiment("tiny", network="perceptron", epochs=2, batch=20), Experiment("plain", epochs=1, batch=50)]
    first = list(sweep(few, digits, [digits], 1, tmp_path))
    assert [facts["name"] for facts in first] == ["tiny", "plain"]
    assert first[0]["parameters"] == 7850
    assert 0.0 < first[0]["accuracy"]["mnist drawn"] <= 1.0
    assert first[0]["size_bytes"] == (tmp_path / "tiny.tflite").stat().st_size
    assert first[0]["milliseconds"] > 0.0
    before = (tmp_path / "tiny.json").stat().st_ino
    assert list(sweep([few[0]], digits, [digits], 2, tmp_path)) == [first[0]]
    assert (tmp_path / "tiny.json").stat().st_ino == before


@needs_tensorflow
@pytest.mark.filterwarnings("ignore:::tensorflow")
@pytest.mark.parametrize("name", [experiment.name for group in GROUPS.values() for experiment in group])
def test_every_experiment_builds_a_network_for_ten_digits(name):
    """None of the combinations shrinks a picture to nothing."""
    from train.baselines import BASELINES, Plain

    (experiment,) = (entry for group in GROUPS.values() for entry in group if entry.name == name)
    network = BASELINES[experiment.network]() if experiment.network else Plain(**experiment.fields).build()
    assert network.output_shape == (None, 10)
    assert replace(experiment, epochs=1).epochs == 1


@needs_tensorflow
@pytest.mark.needs("keras_tuner")
@pytest.mark.filterwarnings("ignore")
def test_a_sweep_may_be_handed_out_by_keras_tuner(digits, tmp_path):
    """Without other machines one process does all the runs, and leaves the files that a sweep leaves."""
    from train.spread import spread

    few = [Experiment(name, network="perceptron", epochs=1, batch=50) for name in ("one", "two", "three")]
    spread(few, digits, [digits], 1, tmp_path)
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["one", "three", "two"]
