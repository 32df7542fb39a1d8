"""The contract of the button port, over every adapter, and each adapter's own faults."""

from __future__ import annotations

import fcntl
import io
import os
import queue
import subprocess
import sys
import termios
import threading
import time
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from device.adapters import gpio_chip
from device.adapters.button_gpio import GpioButton
from device.adapters.button_keyboard import KeyboardButton
from device.adapters.button_script import Press, ScriptButton, parse
from device.errors import ButtonError

LIMIT = 5.0  # seconds until a test gives up


class Reports:
    """What a button reports, in order."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[str] = queue.SimpleQueue()

    def open(self, button) -> None:
        """Open the button so that it reports here."""
        button.open(*(lambda name=name: self._queue.put(name) for name in ("pressed", "released", "ended")))

    def next(self, count: int) -> list[str]:
        """The next so many reports, waiting for them."""
        return [self._queue.get(timeout=LIMIT) for _ in range(count)]

    @property
    def empty(self) -> bool:
        """Whether nothing has been reported that was not asked for."""
        return self._queue.empty()


class _PinFinger:
    """Presses a button on a pin that is not there."""

    ends = False

    def __init__(self, settings):
        self.factory = MockFactory()
        self.pin = self.factory.pin(settings.button.pin)
        self.button = GpioButton(settings.button, pin_factory=self.factory)

    def tap(self):
        self.pin.drive_low()
        self.pin.drive_high()

    def close(self):
        self.factory.close()


class _KeyboardFinger:
    """Types into a pipe."""

    ends = True

    def __init__(self):
        reading_fd, self.writing_fd = os.pipe()
        self.stream = os.fdopen(reading_fd)
        self.button = KeyboardButton(self.stream)

    def type(self, text):
        os.write(self.writing_fd, text.encode())

    def wait_until_read(self):
        deadline = time.monotonic() + LIMIT
        unread = array("i", [1])
        while unread[0] and time.monotonic() < deadline:
            fcntl.ioctl(self.stream, termios.FIONREAD, unread)

    def tap(self):
        self.type("\n")

    def end(self):
        self.type("q\n")

    def close(self):
        self.stream.close()
        os.close(self.writing_fd)


class _ScriptFinger:
    """A script of three taps and a quit, whose waits end when the test says so."""

    ends = True

    def __init__(self, settings, folder):
        script = folder / "button.txt"
        script.write_text("1 tap\n2 tap\n3 tap\n4 quit\n", encoding="utf-8")
        self.steps = threading.Semaphore(0)
        self.button = ScriptButton(replace(settings.button, script=script), wait=self.wait)

    def wait(self, closed, seconds):
        if seconds == 0.0:
            return closed.is_set()
        while not self.steps.acquire(timeout=0.01):
            if closed.is_set():
                return True
        return closed.is_set()

    def tap(self):
        self.steps.release()

    def end(self):
        for _ in range(3):
            self.steps.release()

    def close(self):
        pass


@pytest.fixture(params=["gpio", "keyboard", "script"])
def finger(request, settings, tmp_path):
    """Every button, with something to press it."""
    match request.param:
        case "gpio":
            finger = _PinFinger(settings)
        case "keyboard":
            finger = _KeyboardFinger()
        case _:
            finger = _ScriptFinger(settings, tmp_path)
    yield finger
    finger.button.close()
    finger.close()


def test_a_tap_is_reported_as_two_edges(finger):
    """Every press is followed by its release, in order."""
    reports = Reports()
    reports.open(finger.button)
    for _ in range(2):
        finger.tap()
        assert reports.next(2) == ["pressed", "released"]


def test_the_end_is_reported_once(finger):
    """After the end nothing follows; a button on a pin has no end."""
    if not finger.ends:
        pytest.skip("a button on a pin has no end")
    reports = Reports()
    reports.open(finger.button)
    finger.tap()
    assert reports.next(2) == ["pressed", "released"]
    finger.end()
    following = []
    while not following or following[-1] != "ended":
        following += reports.next(1)
    finger.button.close()
    assert following.count("ended") == 1
    assert reports.empty


def test_a_closed_button_reports_nothing(finger):
    """Closing is no error at any time, and ends the reports."""
    finger.button.close()
    reports = Reports()
    reports.open(finger.button)
    finger.button.close()
    finger.button.close()
    finger.tap()
    assert reports.empty


def test_an_open_button_is_there(finger):
    """A look at one that works finds nothing, and takes no press away."""
    reports = Reports()
    reports.open(finger.button)
    finger.button.check()
    finger.tap()
    assert reports.next(2) == ["pressed", "released"]


def test_a_closed_button_leaves_no_thread(finger):
    """What open started, close has ended."""
    before = set(threading.enumerate())
    Reports().open(finger.button)
    finger.button.close()
    assert set(threading.enumerate()) <= before


# --- a pin ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def factory():
    """Gpiozero's own pins that are not there."""
    factory = MockFactory()
    yield factory
    factory.close()


class _HeldPin(MockPin):
    """A pin that someone holds down from the beginning, and that remembers how it was closed."""

    def __init__(self, factory, info):
        self.left_at_close = []
        super().__init__(factory, info)

    def _set_pull(self, value):
        self._pull = value

    def close(self):
        # The weak reference itself: dead it is left behind as well.
        self.left_at_close.append(self._when_changed)
        super().close()


@pytest.fixture
def held_factory():
    """Pins that are not there, and are held down."""
    factory = MockFactory(pin_class=_HeldPin)
    yield factory
    factory.close()


def test_a_button_down_at_open_counts_once_released(settings, held_factory):
    """Someone leaning on the box while it starts has not pressed: the first press is the one after the release."""
    button, reports = GpioButton(settings.button, pin_factory=held_factory), Reports()
    reports.open(button)
    pin = held_factory.pin(settings.button.pin)
    assert pin.state == 0
    pin.drive_high()
    assert reports.empty
    pin.drive_low()
    assert reports.next(1) == ["pressed"]
    button.close()


def test_no_callback_is_left_on_a_closed_pin(settings, held_factory):
    """Lgpio calls what is left for a pin that is closed, fails, and reports nothing more for any pin."""
    button = GpioButton(settings.button, pin_factory=held_factory)
    Reports().open(button)
    pin = held_factory.pin(settings.button.pin)
    assert pin.when_changed is not None
    button.close()
    assert pin.left_at_close == [None]


def test_a_button_to_the_supply_is_pressed_when_high(settings, factory):
    """With `pull_up = false` the level is the other way round."""
    button, reports = GpioButton(replace(settings.button, pull_up=False), pin_factory=factory), Reports()
    reports.open(button)
    pin = factory.pin(settings.button.pin)
    pin.drive_high()
    assert reports.next(1) == ["pressed"]
    pin.drive_low()
    assert reports.next(1) == ["released"]
    button.close()


def test_wiring_reaches_the_pin(settings, factory):
    """Pull and bounce time are set on the pin itself, where the kernel applies them."""
    button = GpioButton(replace(settings.button, bounce_seconds=0.02), pin_factory=factory)
    Reports().open(button)
    pin = factory.pin(settings.button.pin)
    assert (pin.pull, pin.bounce) == ("up", 0.02)
    button.close()


def test_a_closed_pin_can_be_opened_again(settings, factory):
    """A button that was given up is opened afresh, and reports."""
    for _ in range(3):
        button, reports = GpioButton(settings.button, pin_factory=factory), Reports()
        reports.open(button)
        pin = factory.pin(settings.button.pin)
        pin.drive_low()
        pin.drive_high()
        assert reports.next(2) == ["pressed", "released"]
        button.close()


def test_a_taken_pin_is_named(settings, factory):
    """Two buttons on one pin: the second says which pin, and how to choose another."""
    first = GpioButton(settings.button, pin_factory=factory)
    Reports().open(first)
    with pytest.raises(ButtonError, match=r"\[button\] pin 17 .*in use.*set \[button\] pin"):
        Reports().open(GpioButton(settings.button, pin_factory=factory))
    first.close()


def test_a_fixed_pull_is_named(settings, factory):
    """Pins 2 and 3 have a resistor on the board that nobody can turn round."""
    button = GpioButton(replace(settings.button, pin=2, pull_up=False), pin_factory=factory)
    with pytest.raises(ButtonError, match=r"pin 2 .* pull"):
        Reports().open(button)


def test_a_chip_that_goes_while_it_is_in_use_is_noticed(settings, factory, tmp_path, monkeypatch):
    """Gone, or gone and back as another file of that name, with other edges; opened anew it is well."""
    monkeypatch.setattr(gpio_chip, "DEVICES", tmp_path)
    node = tmp_path / f"gpiochip{settings.button.chip}"
    node.touch()
    button = GpioButton(settings.button, pin_factory=factory)
    Reports().open(button)
    button.check()
    former = node.rename(tmp_path / "former")
    with pytest.raises(ButtonError, match=rf"pin 17 on {node}: the chip that was in use has gone"):
        button.check()
    node.touch()
    with pytest.raises(ButtonError, match="has gone"):
        button.check()
    button.close()
    Reports().open(button)
    button.check()
    button.close()
    assert former.exists()


def test_no_lgpio_names_the_package(settings, monkeypatch):
    """Without the library the message names the apt package."""
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(ButtonError, match="python3-lgpio"):
        Reports().open(GpioButton(settings.button))


needs_lgpio = pytest.mark.needs("lgpio")


@needs_lgpio
def test_a_missing_chip_is_named(settings):
    """With the real lgpio: the chip that is not there, and those that are."""
    with pytest.raises(ButtonError, match="gpiochip15: there is no such chip; this machine has"):
        Reports().open(GpioButton(replace(settings.button, chip=15)))


@needs_lgpio
def test_lgpio_leaves_nothing_behind(settings, tmp_path):
    """Its pipe does not stay in the working folder, nor does the process move, nor its environment change."""
    script = (
        "import os, sys\n"
        "from device import config\n"
        "from device.adapters.button_gpio import GpioButton\n"
        "from device.errors import ButtonError\n"
        "before = os.getcwd(), dict(os.environ)\n"
        "try: GpioButton(config.load().button).open(print, print, print)\n"
        "except ButtonError: pass\n"
        "assert 'lgpio' in sys.modules\n"
        "assert before == (os.getcwd(), dict(os.environ))\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environ, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.hardware
def test_a_real_pin_can_be_opened(settings):
    """On the board: chip and pin of the environment open, and close again."""
    pin = os.environ.get("DIGITBOX_TEST_BUTTON_PIN")
    if pin is None:
        pytest.skip("no pin; name one in DIGITBOX_TEST_BUTTON_PIN, and its chip in DIGITBOX_TEST_CHIP")
    chip = int(os.environ.get("DIGITBOX_TEST_CHIP", "0"))
    button = GpioButton(replace(settings.button, chip=chip, pin=int(pin)))
    for _ in range(2):
        Reports().open(button)
        button.close()


# --- the keyboard -----------------------------------------------------------------------------------------------------


@pytest.fixture
def keyboard():
    """A keyboard button and someone to type."""
    finger = _KeyboardFinger()
    yield finger
    finger.button.close()
    finger.close()


def test_h_begins_a_hold_and_enter_ends_it(keyboard):
    """Between the two lines the button stays down."""
    reports = Reports()
    reports.open(keyboard.button)
    keyboard.type("h\n")
    assert reports.next(1) == ["pressed"]
    assert reports.empty
    keyboard.type("\n")
    assert reports.next(1) == ["released"]


def test_unknown_letters_are_explained(keyboard, caplog):
    """Another line presses nothing, and the log says what can be typed."""
    reports = Reports()
    reports.open(keyboard.button)
    keyboard.type("hello\n\n")
    assert reports.next(2) == ["pressed", "released"]
    assert "'hello': Enter taps" in caplog.text


def test_lines_may_come_in_pieces(keyboard, caplog):
    """A line counts when it is whole, and several may come at once."""
    reports = Reports()
    reports.open(keyboard.button)
    keyboard.type("hel")
    keyboard.wait_until_read()
    keyboard.type("lo\nh\n\n\nq\n")
    assert reports.next(5) == ["pressed", "released", "pressed", "released", "ended"]
    assert "'hello'" in caplog.text


@pytest.mark.parametrize("last", ["q\n", ""])
def test_the_end_lets_go(settings, last):
    """Quitting, or the end of input, while the button is down releases it first."""
    keyboard, reports = _KeyboardFinger(), Reports()
    reports.open(keyboard.button)
    keyboard.type("h\n" + last)
    os.close(keyboard.writing_fd)
    assert reports.next(3) == ["pressed", "released", "ended"]
    keyboard.button.close()
    keyboard.stream.close()


def test_input_from_a_file(tmp_path):
    """A redirected file is read like a keyboard, and its end is the end."""
    path = tmp_path / "keys"
    path.write_text("\n", encoding="utf-8")
    reports = Reports()
    with path.open(encoding="utf-8") as stream:
        button = KeyboardButton(stream)
        reports.open(button)
        assert reports.next(3) == ["pressed", "released", "ended"]
        button.close()


@pytest.mark.parametrize("stream", [None, io.StringIO("\n")])
def test_no_input_is_an_error(stream):
    """A program started without standard input says so."""
    with pytest.raises(ButtonError, match="terminal"):
        Reports().open(KeyboardButton(stream))


# --- the script -------------------------------------------------------------------------------------------------------


def test_a_script_is_read():
    """Comments and empty lines are left out, numbers may have a fraction, quit says when the end comes."""
    script = parse("# two presses\n\n1.5 tap  # soon\n4 hold 2.0\n9 quit\n", "script")
    assert script.presses == (Press(1.5), Press(4.0, 2.0))
    assert script.end_seconds == 9.0


def test_without_quit_the_end_comes_with_the_last_release():
    """Nothing can follow the last line."""
    assert parse("4 hold 2\n", "script").end_seconds == 6.0


def test_every_mistake_is_reported_at_once():
    """Each with its line number; a script that has one presses nothing."""
    text = "soon tap\n1 tap\n2 hold\n3 hold -1\n4 shake\n0.5 tap\n5 hold 3\n7 tap\nnan tap\n9 quit\n10 tap\n"
    with pytest.raises(ButtonError) as caught:
        parse(text, "button.txt")
    lines = [line.partition(": ")[0] for line in str(caught.value).splitlines()]
    assert lines == [f"button.txt:{number}" for number in (1, 3, 4, 5, 6, 8, 9, 11)]


def test_times_count_from_open(settings, tmp_path):
    """The waits between the reports add up to the script's times."""
    path = tmp_path / "button.txt"
    path.write_text("1 tap\n4 hold 2.5\n9 quit\n", encoding="utf-8")
    waits = []
    button = ScriptButton(replace(settings.button, script=path), wait=lambda _, seconds: bool(waits.append(seconds)))
    reports = Reports()
    reports.open(button)
    assert reports.next(5) == ["pressed", "released", "pressed", "released", "ended"]
    button.close()
    assert waits == [1.0, 0.0, 3.0, 2.5, 2.5]


def test_a_hold_that_is_closed_ends_at_once(settings, tmp_path):
    """Closing does not wait for the script, with the real wait."""
    path = tmp_path / "button.txt"
    path.write_text("0 hold 3600\n", encoding="utf-8")
    button, reports = ScriptButton(replace(settings.button, script=path)), Reports()
    reports.open(button)
    assert reports.next(1) == ["pressed"]
    button.close()
    assert reports.empty


@pytest.mark.parametrize("content", [None, b"\xff\xfe1 tap", b"# nothing\n"])
def test_a_script_that_cannot_be_used_is_named(settings, tmp_path, content):
    """Missing, no text, or without a single press."""
    path = tmp_path / "button.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ButtonError, match=r"button\.txt"):
        Reports().open(ScriptButton(replace(settings.button, script=path)))
