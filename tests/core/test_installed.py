"""That a test which can't run for want of a program is noticed where it matters."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from installed import ALL_INSTALLED, need

TESTS = Path(__file__).parents[1]


@pytest.mark.needs("sh", "pytest")
def test_what_is_there_is_no_reason(monkeypatch):
    """Programs and packages alike; the marker lets the test run."""
    monkeypatch.setenv(ALL_INSTALLED, "1")
    need("sh", "pytest")


@pytest.mark.parametrize(
    ("all_installed", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)], ids=["at home", "CI"]
)
def test_what_is_missing_is_skipped_but_not_where_all_was_installed(request, monkeypatch, all_installed, outcome):
    """Whether a test asks by itself or by its marker."""
    monkeypatch.setenv(ALL_INSTALLED, all_installed)
    marked = SimpleNamespace(iter_markers=lambda name: [getattr(pytest.mark, name)("sh", "no-such-thing").mark])
    (conftest,) = [plugin for plugin in request.config.pluginmanager.get_plugins() if hasattr(plugin, "Appliance")]
    for asks in (lambda: need("sh", "no-such-thing"), lambda: conftest.pytest_runtest_setup(marked)):
        with pytest.raises(outcome, match=r"not installed: no-such-thing; tests/run"):
            asks()


def test_all_that_is_missing_is_asked_for_in_one_way():
    """Any other skip for want of a program would go unnoticed in CI."""
    other = re.compile(r"\.importorskip|(?:skipif|pytest\.skip)\(.*(?:which\(|find_spec|not installed)")
    found = [
        f"{path.relative_to(TESTS)}:{number}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.parent.parent.name != "machines" and path.name not in ("installed.py", Path(__file__).name)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if other.search(line)
    ]
    assert found == []
