"""The inbox alone: messages and deadlines come out in the order in which they happened, however late one looks."""

from __future__ import annotations

import pytest

from device.events import ButtonPressed, ButtonReleased, Deadline, DeadlinePassed, StopRequested
from device.inbox import Inbox


@pytest.fixture
def inbox(clock):
    """An empty one; a tick is waited for in real time and so is short."""
    return Inbox(0.001, clock)


def test_a_quiet_tick_gives_nothing(inbox, clock):
    """And leaves the moment at which something happened last as it was."""
    clock.pass_by(5.0)
    assert inbox.take() is None
    assert inbox.taken_seconds == 1000.0


def test_a_message_brings_the_moment_at_which_it_came(inbox, clock):
    """Not the one at which it is taken out."""
    clock.pass_by(1.0)
    inbox.post(ButtonPressed())
    clock.pass_by(3.0)
    assert inbox.take() == ButtonPressed()
    assert inbox.taken_seconds == 1001.0


@pytest.mark.parametrize(
    ("released_after", "order"),
    [
        (0.59, [ButtonReleased(), DeadlinePassed(Deadline.HOLD)]),
        (0.6, [DeadlinePassed(Deadline.HOLD), ButtonReleased()]),
        (0.61, [DeadlinePassed(Deadline.HOLD), ButtonReleased()]),
    ],
)
def test_a_release_and_a_deadline_keep_their_order(inbox, clock, released_after, order):
    """Also when the loop looks long after both."""
    inbox.post(ButtonPressed())
    inbox.take()
    inbox.set_deadline(Deadline.HOLD, 0.6)
    clock.pass_by(released_after)
    inbox.post(ButtonReleased())
    clock.pass_by(3.0)
    assert [inbox.take(), inbox.take()] == order
    assert inbox.take() is None


def test_deadlines_count_from_what_was_taken_last(inbox, clock):
    """The earliest passes first, and the next may be set from the moment at which it was due."""
    inbox.set_deadline(Deadline.WARNING, 6.0)
    inbox.set_deadline(Deadline.HOLD, 0.6)
    clock.pass_by(10.0)
    assert inbox.take() == DeadlinePassed(Deadline.HOLD)
    assert inbox.taken_seconds == pytest.approx(1000.6)
    inbox.set_deadline(Deadline.LOOK, 1.0)
    assert [inbox.take(), inbox.take()] == [DeadlinePassed(Deadline.LOOK), DeadlinePassed(Deadline.WARNING)]


def test_a_deadline_that_was_cleared_does_not_pass(inbox, clock):
    """Clearing one that is not set is nothing."""
    inbox.set_deadline(Deadline.HOLD, 0.6)
    inbox.clear_deadline(Deadline.HOLD)
    inbox.clear_deadline(Deadline.AIM)
    clock.pass_by(1.0)
    assert inbox.take() is None


def test_what_is_left_at_the_end_is_all_messages(inbox, clock):
    """Also the one that had to wait for a deadline before it."""
    inbox.set_deadline(Deadline.HOLD, 0.6)
    clock.pass_by(1.0)
    inbox.post(ButtonReleased())
    inbox.post(StopRequested())
    assert inbox.take() == DeadlinePassed(Deadline.HOLD)
    assert inbox.drain() == [ButtonReleased(), StopRequested()]
    assert inbox.drain() == []
