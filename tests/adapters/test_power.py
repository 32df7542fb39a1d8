"""The contract of the power port."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device.adapters.power_file import FilePower
from device.errors import PowerError


def test_the_request_is_a_file(settings, tmp_path):
    """A file `poweroff` appears in the runtime folder, and nothing else stays there."""
    power = FilePower(replace(settings.daemon, runtime=tmp_path))
    assert list(tmp_path.iterdir()) == []
    power.power_off()
    assert [path.name for path in tmp_path.iterdir()] == ["poweroff"]


def test_asking_twice_is_no_error(settings, tmp_path):
    """A second request, for someone who is impatient."""
    power = FilePower(replace(settings.daemon, runtime=tmp_path))
    power.power_off()
    power.power_off()


@pytest.mark.parametrize("obstacle", ["missing", "a file", "a folder in its place"])
def test_a_request_that_cannot_be_written_is_an_error(settings, tmp_path, obstacle):
    """The message names the path."""
    runtime = tmp_path / "run"
    match obstacle:
        case "a file":
            runtime.write_text("")
        case "a folder in its place":
            (runtime / "poweroff").mkdir(parents=True)
    with pytest.raises(PowerError, match="run/poweroff"):
        FilePower(replace(settings.daemon, runtime=runtime)).power_off()
