"""Reader and ears as the daemon has them, with models that are only names: when they are loaded and when dropped."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from device.command_listener import CommandListener
from device.domain import Context, Frame, Heard, Hint, Reading, Status
from device.errors import ModelError, RecognizerError
from device.model_reader import ModelReader

FRAME = Frame(np.full((240, 320, 3), 200, np.uint8), 0.0)


def test_a_reader_loads_its_model_when_it_is_opened_and_drops_it_when_closed():
    """Neither before nor by itself; a burst goes to the reader that was loaded, with whoever wants to see it."""
    nothing = Reading(Status.NOTHING)
    asked = []
    loaded = SimpleNamespace(read=lambda frames, seen: asked.append((list(frames), seen)) or nothing)
    reader = ModelReader(lambda: (None, loaded))
    with pytest.raises(RuntimeError, match=r"read\(\) before open\(\)"):
        reader.read([FRAME])
    reader.open()
    assert reader.read([FRAME], print) is nothing
    assert asked == [([FRAME], print)]
    reader.close()
    with pytest.raises(RuntimeError, match=r"show\(\) before open\(\)"):
        reader.show(FRAME, 64)


def test_a_model_that_cannot_be_loaded_is_told():
    """And the reader stays as it was."""

    def load():
        raise ModelError("digits.tflite: is missing")

    reader = ModelReader(load)
    with pytest.raises(ModelError, match="is missing"):
        reader.open()
    reader.close()


def test_a_look_needs_no_model():
    """Where the paper lies is no question for a network: an empty table has nothing to be moved."""
    reader = ModelReader(lambda: (None, None))
    assert isinstance(reader.look(FRAME), Hint)


class Bench:
    """Counts how often a recognizer is opened and closed."""

    def __init__(self):
        self.opened = self.closed = 0
        self.listened = []

    def load(self):
        """One more."""
        self.opened += 1
        return self, SimpleNamespace(listen=self.listen), "appliance.english_commands"

    def listen(self, *what):
        """Remember it."""
        self.listened.append(what)
        return Heard("seven")

    def close(self):
        """Remember it."""
        self.closed += 1


def test_ears_that_were_unloaded_load_again_when_somebody_speaks():
    """Once; and closing twice closes once."""
    bench = Bench()
    ears = CommandListener(bench.load)
    assert ears.open() == "appliance.english_commands"
    ears.unload()
    assert (bench.opened, bench.closed) == (1, 1)
    assert ears.listen([], Context.READING, 7) == Heard("seven")
    assert ears.listen([], Context.IDLE) == Heard("seven")
    assert bench.listened == [([], Context.READING, 7), ([], Context.IDLE, None)]
    assert bench.opened == 2
    ears.close()
    ears.close()
    assert bench.closed == 2


def test_ears_that_cannot_be_loaded_again_say_so():
    """The hold is lost, and with it the device: the daemon tries again."""

    def load():
        raise RecognizerError("the speech model is gone")

    with pytest.raises(RecognizerError, match="is gone"):
        CommandListener(load).listen([], Context.IDLE)
