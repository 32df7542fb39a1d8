"""A command of the training package ends with one line where something went wrong."""

from __future__ import annotations

import pytest

from train.errors import DataError
from train.exits import STOPPED, exit_status
from train.photographs import __main__ as photographs
from train.speech import __main__ as speech


@pytest.mark.parametrize(
    ("error", "said"),
    [(DataError("the file is damaged"), "the file is damaged"), (KeyboardInterrupt(), STOPPED)],
)
def test_an_error_is_one_line(error: BaseException, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file, Ctrl-C: no traceback, exit status 1."""

    def fail() -> int:
        raise error

    assert exit_status(fail, "digitbox-train: ") == 1
    assert capsys.readouterr() == ("", f"digitbox-train: {said}\n")


def test_a_command_ends_as_it_says() -> None:
    """Its own exit status, nothing printed."""
    assert [exit_status(lambda status=status: status) for status in (0, 1)] == [0, 1]  # type: ignore[misc]


def test_ctrl_c_stops_the_commands_of_photographs_and_speech(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both say so in one line."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(photographs, "measure", stop)
    monkeypatch.setattr(speech, "measure", stop)
    for main in (photographs.main, speech.main):
        assert main(["measure", "--out", "unused"]) == 1
        assert capsys.readouterr().err.splitlines()[-1] == STOPPED
