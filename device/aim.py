"""Where the writing lies in a frame -> what to do with the paper, one hint at a time; pure.

Directions move the paper as somebody sees it who sits at the foot of the picture: writing in the left half of the
picture wants the paper moved to the right. "Closer" is closer to the camera.
"""

from __future__ import annotations

from collections.abc import Sequence

from device.advice import advised
from device.domain import Advice, Box, Frame, Hint
from device.find import Writing
from device.quality import Quality

OFF_MIDDLE = 0.2
"""The middle of the writing may be so far from the frame's, as a share of its width or height: a line a third as long
as the frame then still has an eighth of the frame beside it, room enough for an unsteady hand."""

SMALL_SHARE = 0.06
"""A digit lower than this share of the frame's shorter side is better brought closer: 74 px of the camera's 1232.
Digits from 12 px on are read, but it is the large ones that stay readable when light and hand are bad."""

WIDE_SHARE, FULL_SHARE = 0.6, 0.9
"""Writing that takes more than the first share of the frame in either direction is never brought closer, and above the
second it is moved away: an unsteady hand would cut it off."""

SMALL_BESIDE = 0.4
"""What is lower than this share of the highest piece does not count: a speck in a corner is nothing to aim at."""

STILL_SHARE = 0.04
"""A move of the writing since the look before by more than this share of the frame's shorter side is no rest."""

OPPOSITE = {
    Advice.CUT_OFF_LEFT: Hint.RIGHT,
    Advice.CUT_OFF_RIGHT: Hint.LEFT,
    Advice.CUT_OFF_TOP: Hint.DOWN,
    Advice.CUT_OFF_BOTTOM: Hint.UP,
}
BAD_LIGHT = {
    Advice.COVERED: Hint.COVERED,
    Advice.TOO_DARK: Hint.TOO_DARK,
    Advice.TOO_BRIGHT: Hint.TOO_BRIGHT,
}


def place(writings: Sequence[Writing]) -> Box | None:
    """Around all the writing of a frame, in its pixels, without what is small beside the rest; None without any."""
    highest = max((writing.box.height for writing in writings), default=0)
    boxes = [writing.box for writing in writings if writing.box.height >= SMALL_BESIDE * highest]
    around = boxes[0] if boxes else None
    for box in boxes[1:]:
        around = box.union(around) if around is not None else box
    return around


def hint(frame: Frame, writings: Sequence[Writing], quality: Quality, before: Box | None) -> Hint:
    """What helps most now.

    Light comes first, since without it nothing else can be seen; then what is cut off, where the writing lies, how
    large it is, and last whether it is sharp and at rest.

    Args:
        frame: The frame.
        writings: What was found in it.
        quality: What was measured in it.
        before: `place` of the frame looked at before, or None.
    """
    advice = advised(quality)
    light = [BAD_LIGHT[each] for each in advice if each in BAD_LIGHT]
    if light:
        return light[0]
    now = place(writings)
    if now is None:
        return _without_writing(advice)
    return (
        _to_the_middle(frame, now, quality) or _to_its_size(frame, now, quality) or _at_rest(frame, now, advice, before)
    )


def _without_writing(advice: Sequence[Advice]) -> Hint:
    """What can be seen although nothing is found."""
    if Advice.BLURRED in advice:
        return Hint.HOLD_STILL
    return Hint.CLOSER if Advice.TOO_SMALL in advice else Hint.NOTHING


def _to_the_middle(frame: Frame, now: Box, quality: Quality) -> Hint | None:
    moves = [OPPOSITE[edge] for edge in quality.cut_off]
    if {Hint.LEFT, Hint.RIGHT} <= set(moves) or {Hint.UP, Hint.DOWN} <= set(moves):
        return Hint.FARTHER
    if moves:
        return moves[0]
    right = (now.x + now.width / 2) / frame.width_px - 0.5
    below = (now.y + now.height / 2) / frame.height_px - 0.5
    if max(abs(right), abs(below)) <= OFF_MIDDLE:
        return None
    if abs(right) >= abs(below):
        return Hint.LEFT if right > 0 else Hint.RIGHT
    return Hint.UP if below > 0 else Hint.DOWN


def _to_its_size(frame: Frame, now: Box, quality: Quality) -> Hint | None:
    share = max(now.width / frame.width_px, now.height / frame.height_px)
    if share > FULL_SHARE:
        return Hint.FARTHER
    small = (quality.height_px or 0) < SMALL_SHARE * min(frame.width_px, frame.height_px)
    return Hint.CLOSER if small and share < WIDE_SHARE else None


def _at_rest(frame: Frame, now: Box, advice: Sequence[Advice], before: Box | None) -> Hint:
    still = STILL_SHARE * min(frame.width_px, frame.height_px)
    moved = before is not None and max(abs(now.x - before.x), abs(now.y - before.y)) > still
    return Hint.HOLD_STILL if moved or Advice.BLURRED in advice else Hint.GOOD
