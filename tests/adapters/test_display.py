"""The contract of the display port, and what the terminal shows."""

from __future__ import annotations

import io

import numpy as np
import pytest

from device.adapters.display_none import NullDisplay
from device.adapters.display_terminal import TerminalDisplay
from device.domain import Advice, Box, Digit, Frame, Reading, Status


class Terminal(io.StringIO):
    """Text that says it is a terminal, of an encoding."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It is."""
        return True


class Latin1Terminal(io.TextIOWrapper):
    """A terminal of another age."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="latin-1", write_through=True)

    def isatty(self) -> bool:
        """It is."""
        return True

    def getvalue(self) -> str:
        """What it shows."""
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode("latin-1")


def closed_stream() -> io.StringIO:
    """A stream that takes nothing any more."""
    stream = io.StringIO()
    stream.close()
    return stream


DISPLAYS = {
    "none": NullDisplay,
    "characters": lambda: TerminalDisplay(io.StringIO(), {}, 80),
    "colour": lambda: TerminalDisplay(Terminal(), {}, 80),
    "narrow": lambda: TerminalDisplay(Terminal(), {}, 1),
    "latin-1": lambda: TerminalDisplay(Latin1Terminal(), {}, 80),
    "gone": lambda: TerminalDisplay(closed_stream(), {}, 80),
}


def digit(box: Box) -> Digit:
    """A seven at this place."""
    return Digit(7, 0.987, None, box, (0.1,) * 10, sure=True)


def frame(height_px: int, width_px: int, scale: float = 1.0, grey: int = 255) -> Frame:
    """An even surface."""
    return Frame(np.full((height_px, width_px, 3), grey, np.uint8), scale=scale)


READINGS = [
    (frame(30, 40), Reading(Status.NOTHING), 0),
    (frame(30, 40), Reading(Status.OK, (digit(Box(0, 0, 40, 30)),), elapsed_ms=3.4), 1),
    (frame(30, 40, scale=4.0), Reading(Status.UNSURE, (digit(Box(150, 110, 9, 9)), digit(Box(-5, -5, 9, 9)))), 2),
    (frame(1, 1), Reading(Status.UNREADABLE, advice=(Advice.TOO_DARK,)), 1),
    (frame(3000, 2), Reading(Status.NOTHING), 9),
    (frame(2, 3000), Reading(Status.NOTHING), 9),
]


@pytest.mark.parametrize("name", DISPLAYS)
@pytest.mark.parametrize(("shown", "reading", "inputs"), READINGS)
def test_no_display_ever_raises(name, shown, reading, inputs):
    """Whatever the size of frame and terminal; also when nobody is looking any more."""
    display = DISPLAYS[name]()
    display.mode("reading")
    display.said("sieben, acht — neun")
    display.answer(shown, reading, np.zeros((inputs, 28, 28), np.uint8))


def lines(shown: Frame, reading: Reading, inputs: int, stream=None, *, environ=None, columns: int = 80) -> list[str]:
    """What the terminal shows of an answer."""
    stream = stream or io.StringIO()
    TerminalDisplay(stream, environ or {}, columns).answer(shown, reading, np.zeros((inputs, 28, 28), np.uint8))
    return stream.getvalue().splitlines()


def test_mode_and_speech_are_a_line_each():
    """In brackets, and in quotation marks."""
    stream = io.StringIO()
    display = TerminalDisplay(stream, {}, 80)
    display.mode("idle")
    display.said("seven.")
    assert stream.getvalue() == '[idle]\nsays: "seven."\n'


@pytest.mark.parametrize(
    ("reading", "line"),
    [
        (Reading(Status.OK, (digit(Box(1, 1, 2, 2)),), elapsed_ms=3.4), "ok: 7 (98.7%)   [3 ms]"),
        (Reading(Status.NOTHING, advice=(Advice.TOO_DARK,)), "nothing: too dark   [0 ms]"),
        (Reading(Status.NOTHING), "nothing: nothing   [0 ms]"),
    ],
)
def test_the_answer_stands_last(reading, line):
    """Digits with confidence, or the advice, and the time."""
    assert lines(frame(30, 40), reading, 0)[-1] == line


@pytest.mark.parametrize("columns", [1, 10, 40, 80, 500])
@pytest.mark.parametrize(("shown", "reading", "inputs"), READINGS)
def test_a_picture_fits_the_terminal(shown, reading, inputs, columns):
    """No line is wider, however many digits there are, and a tall picture does not push all else off the screen."""
    picture = lines(shown, reading, inputs, columns=columns)[:-1]
    assert all(len(line) <= columns for line in picture)
    assert len(picture) <= 50


@pytest.mark.parametrize(
    ("stream", "environ", "colourful"),
    [
        (Terminal, {}, True),
        (Terminal, {"TERM": "xterm"}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (Latin1Terminal, {}, False),
        (io.StringIO, {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(stream, environ, colourful):
    """Elsewhere it is characters, and no escape sequence gets into a file."""
    shown = lines(frame(30, 40), READINGS[1][1], 1, stream(), environ=environ)
    assert len(shown) > 10
    assert any("\x1b" in line for line in shown) == colourful
    assert all(line.endswith("\x1b[0m") for line in shown[:-1]) == colourful


def test_colours_are_those_of_the_picture():
    """A frame is BGR, a terminal wants RGB: blue paper is blue."""
    pixels = np.zeros((4, 64, 3), np.uint8)
    pixels[:, :, 0] = 200
    (line, *_) = lines(Frame(pixels), Reading(Status.NOTHING), 0, Terminal())
    assert "38;2;0;0;200;48;2;0;0;200m" in line


def test_the_box_is_drawn_where_the_digit_is():
    """In pixels of the given picture, which may have been larger than the frame."""
    shown = frame(64, 64, scale=2.0, grey=0)
    reading = Reading(Status.OK, (digit(Box(64, 64, 40, 40)),))
    picture = lines(shown, reading, 0)[:-1]
    marked = [(row, column) for row, line in enumerate(picture) for column, letter in enumerate(line) if letter != " "]
    assert min(row for row, _ in marked) == 15  # two pixels a row; the frame stands one pixel outside
    assert (min(column for _, column in marked), max(column for _, column in marked)) == (31, 52)
