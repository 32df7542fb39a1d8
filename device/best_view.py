"""Which look at a frame to believe: at the whole, at one of its sheets, for ink of the other kind, or for a giant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from device.domain import Box, Frame
from device.ink import may_span
from device.looking import Looker, Observation
from device.pieces import edges_near, spanned
from device.sheet import Sheet, sheets
from device.views import (
    alone,
    cuts_through,
    is_fuller,
    is_inside_writing,
    is_plain,
    is_rim,
    is_written,
    is_written_elsewhere,
    may_be_edges,
    plain_digits,
    shows_more,
    worth,
)

EDGE_PX = 4
"""What is cut off on a sheet is cut off by the frame where it is as near to its edge: sheets are outlined no finer."""

SMALL_SHEET = 0.3
"""On what covers less of the frame fine strokes may be lost in the grain of the table around it."""

GIANT = 0.7
"""From this share of the frame's width, or height, on a single piece of writing is looked at as in a crop as well."""


def best_view(looker: Looker, frame: Frame) -> tuple[Observation, list[Observation]]:
    """The look at a frame that is to be believed, and all that were taken, the look at the whole frame first.

    Where its digits may come in another order too, they come as they do along the sides of the sheet that they are on.
    """
    best, taken = _best_view(looker, frame)
    if not best.disorderly:
        return best, taken
    ordered = _along_sheet(looker, best)
    if ordered is None:
        return replace(best, evidence=replace(best.evidence, ambiguous=True)), taken
    return ordered, [*taken, ordered]


def _along_sheet(looker: Looker, best: Observation) -> Observation | None:
    """The look at the sheet with these digits on it where it shows them in one order without a doubt."""
    holding = (sheet for sheet in sheets(best.frame) if all(map(sheet.holds, best.places)))
    views = (looker.look_at(best.frame, sheet) for sheet in holding)
    digits = sorted(looker.number(best))
    return next((view for view in views if not view.disorderly and sorted(looker.number(view)) == digits), None)


def _best_view(looker: Looker, frame: Frame) -> tuple[Observation, list[Observation]]:
    """The same, whatever the order.

    A look at the whole frame is enough where it is sure, or plain, and no sheet's edge can have been taken for writing.
    """
    whole = looker.look(frame)
    if whole.evidence.tight:
        return _on_sheet_of_crop(looker, whole), [whole]
    is_read = looker.is_sure(whole) or is_plain(whole.evidence)
    if (not is_read or _is_giant(whole, frame)) and (crop := _crop(looker, frame)) is not None:
        return crop, [whole, crop]
    if is_read and not alone(whole.evidence, whole.places):
        return whole, [whole]
    found = [sheet for sheet in sheets(frame) if not is_inside_writing(sheet, whole.writings)]
    is_suspect = may_be_edges(whole.evidence, whole.places, found)
    if is_read and not is_suspect:
        return _with_small_sheets(looker, whole, found)
    views = _other_views(looker, frame, whole, found, is_suspect=is_suspect)
    if is_suspect and not views:
        return _with_other_ink(whole), [whole]
    best = max(views if is_suspect else [whole, *views], key=looker.rank)
    if not best.evidence.boxes:  # digits that are cut off say more than nothing at all
        best = max([best, *views], key=lambda view: (is_written(view.evidence), worth(view.evidence)))
    if not looker.number(best) and not is_written(best.evidence):
        best = _giant(looker, frame) or best
    taken = [whole, *views]
    # A small note's own view shows writing as plain that stands near an edge in the whole frame.
    surer = (view for view in taken if looker.is_sure(view) and looker.number(view) == looker.number(best))
    best = next(surer, best)
    misses = any(
        shows_more(view.evidence, best.evidence) or is_written_elsewhere(view.evidence, best.evidence) for view in taken
    )
    return _with_other_ink(_fullest(best, taken)) if misses else best, taken


def _fullest(best: Observation, taken: Sequence[Observation]) -> Observation:
    """Where no view is sure, one that shows all that the best one does and far more is worth more than that."""
    fuller = (view for view in taken if is_fuller(view.evidence, best.evidence))
    return max(fuller, key=lambda view: plain_digits(view.evidence), default=best)


def _with_small_sheets(
    looker: Looker, whole: Observation, found: Sequence[Sheet]
) -> tuple[Observation, list[Observation]]:
    """The look at the whole frame, or at a small sheet in it where more is read surely; and those that are sure."""
    most_px = SMALL_SHEET * whole.frame.width_px * whole.frame.height_px
    small = [sheet for sheet in found if sheet.box.area < most_px and not cuts_through(sheet, whole.places)]
    views = (looker.look_at(whole.frame, sheet) for sheet in small)
    surer = (view for view in views if looker.is_sure(view) and not shows_more(whole.evidence, view.evidence))
    taken = [whole, *surer]
    return max(taken, key=looker.rank), taken


def _on_sheet_of_crop(looker: Looker, crop: Observation) -> Observation:
    """The look at the sheet in a crop that shows some of the table too, where it alone is sure and shows all digits."""
    if looker.is_sure(crop):
        return crop
    views = (looker.look_at(crop.frame, sheet) for sheet in sheets(crop.frame))
    return next((view for view in views if looker.is_sure(view) and not _loses_digits(view, crop)), crop)


def _loses_digits(view: Observation, crop: Observation) -> bool:
    """Whether a crop shows more than its sheet does, but for edges of the sheet that reach the crop's."""
    digits, shape = crop.evidence.probabilities.argmax(axis=1), crop.frame.pixels.shape
    return any(
        not any(place.shared_area(shown) for shown in view.places)
        and not (digit in (1, 10) and edges_near(place, shape, EDGE_PX))
        for place, digit in zip(crop.places, digits, strict=True)
    )


def _crop(looker: Looker, frame: Frame) -> Observation | None:
    """The digits of a crop as large as a scene, where they are sure and reach its opposite edges; else None."""
    if not may_span(frame):
        return None
    crop = looker.look_as_at_crop(frame)
    if not looker.is_sure(crop):
        return None
    return crop if _is_cut_out(crop, looker.number(crop)) else None


def _is_cut_out(crop: Observation, number: str) -> bool:
    """Whether writing reaches from edge to edge, and is no edge of a sheet, nor its corner, which look like 1 and 7.

    Those reach from the frame's top to its bottom, seldom a third side, and never all four.
    """
    around, shape = reduce(Box.union, (one.box for one in crop.writings)), crop.frame.pixels.shape
    across, down = spanned(around, shape, EDGE_PX)
    least = {"1": 4, "7": 2 if across else 3}.get("".join(set(number)), 2)
    return (across or down) and len(edges_near(around, shape, EDGE_PX)) >= least


def _is_giant(whole: Observation, frame: Frame) -> bool:
    """Whether a piece of writing is nearly as large as the frame: it may be a crop's, and parts of strokes be lost."""
    boxes = (one.box for one in whole.writings)
    return any(box.width > GIANT * frame.width_px or box.height > GIANT * frame.height_px for box in boxes)


def _other_views(
    looker: Looker, frame: Frame, whole: Observation, found: Sequence[Sheet], *, is_suspect: bool
) -> list[Observation]:
    """What is on each sheet, and of the other ink where no sheet is sure; what shows no writing is left out."""
    # What is no digit may be the edge of that sheet, or the table around it.
    digits = [box for box, row in zip(whole.places, whole.evidence.probabilities, strict=True) if row.argmax() < 10]
    views = [looker.look_at(frame, sheet) for sheet in found if is_suspect or not cuts_through(sheet, digits)]
    if not any(looker.is_sure(view) for view in views):
        views.append(looker.look(frame, inverted=True))
    views = [view for view in views if view.evidence.boxes and not _shows_rim(view)]
    # An edge across writing that is whole in the frame is no sheet's.
    if whole.evidence.boxes and not (is_suspect or whole.evidence.cut_off):
        views = [view for view in views if not view.evidence.cut_off]
    return views


def _giant(looker: Looker, frame: Frame) -> Observation | None:
    """Digits of strokes so wide that they were hollowed; the table around a sheet is no giant digit."""
    giant = looker.look(frame, wide=True)
    is_framed = any(len(edges_near(one.box, frame.pixels.shape, EDGE_PX)) > 2 for one in giant.writings)
    return giant if looker.number(giant) and not is_framed else None


def _shows_rim(view: Observation) -> bool:
    """Whether what was found on a sheet is as large as the sheet."""
    return view.sheet is not None and is_rim(view.places, view.sheet)


def _with_other_ink(view: Observation) -> Observation:
    """The same look, knowing that there is more to be seen."""
    return replace(view, evidence=replace(view.evidence, other_ink=True))
