"""Issue 4's table of what must hold, from answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from train.measures import wilson
from train.photographs.answers import Answer

LEAST_JUDGED = 50
"""Sources with fewer pictures are reported, not judged."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        figure: What is measured.
        count: How often it is so.
        of: Out of how many; 0 where there was nothing to measure.
        goal: Least share, or most where `most` is set; None where there is no goal.
        most: Whether the goal is the most that is allowed.
    """

    figure: str
    count: int
    of: int
    goal: float | None = None
    most: bool = False

    @property
    def share(self) -> float:
        """0..1; 0.0 of nothing."""
        return self.count / self.of if self.of else 0.0

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or anything to measure."""
        if self.goal is None or not self.of:
            return None
        return self.share <= self.goal if self.most else self.share >= self.goal

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Figure, count, share with its 95 % interval, goal, whether it is met."""
        if not self.of:
            return self.figure, "not measured", "", "", ""
        low, high = wilson(self.count, self.of)
        interval = f"{self.share:.2%} ({max(0.0, low):.2%}-{high:.2%})"
        goal = "" if self.goal is None else f"{'at most' if self.most else 'at least'} {self.goal:.1%}"
        return self.figure, f"{self.count} of {self.of}", interval, goal, {True: "yes", False: "no", None: ""}[self.met]


def markdown(rows: Iterable[Row]) -> str:
    """A table; shares with their 95 % intervals (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    lines = ["| figure | count | share (95 % interval) | goal | met |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row.cells)} |" for row in rows)]) + "\n"


def rows(answers: Sequence[Answer]) -> list[Row]:
    """The whole table but for the baseline and the times."""
    return [*_real(answers), *_scenes(answers), *_bursts(answers), *_turned(answers), *_negatives(answers),
            *_spoilt(answers)]  # fmt: skip


def _of(answers: Iterable[Answer], *kinds: str) -> list[Answer]:
    return [answer for answer in answers if answer.kind in kinds]


def _row(figure: str, answers: Sequence[Answer], is_so: Callable[[Answer], bool], **goal: float | bool) -> Row:
    return Row(figure, sum(map(is_so, answers)), len(answers), goal.get("goal"), bool(goal.get("most", False)))


def _trust(name: str, answers: Sequence[Answer], *, judged: bool) -> list[Row]:
    """How often answers are given as `ok`, and how many of those are wrong."""
    said = [answer for answer in answers if answer.ok]
    return [
        Row(f"{name}: answered `ok`", len(said), len(answers), 0.95 if judged else None),
        Row(f"{name}: of those, wrong", sum(not answer.right for answer in said), len(said),
            0.003 if judged else None, most=True),
    ]  # fmt: skip


def _real(answers: Sequence[Answer]) -> list[Row]:
    digits, numbers = _of(answers, "photo_digits", "sudoku_photo"), _of(answers, "photo_numbers")
    both = _row("real single digits, photo_digits and sudoku_photo: right", digits, _is_right, goal=0.99)
    found = [both]
    for name in ("photo_digits", "sudoku_photo"):
        found.append(_row(f"of these, {name}", _of(digits, name), _is_right))
        writers = Counter(str(answer.facts["writer"]) for answer in _of(digits, name))
        for writer in sorted(writers) if len(writers) < 8 else ():  # sudoku_photo's writers are its puzzles
            some = [answer for answer in _of(digits, name) if answer.facts["writer"] == writer]
            note = "" if len(some) >= LEAST_JUDGED else ", reported only"
            found.append(_row(f"of these, writer {writer}{note}", some, _is_right))
    found += _trust("real single digits", digits, judged=False)
    found.append(_row("real numbers, photo_numbers: right", numbers, _is_right))
    return [*found, *_trust("real numbers", numbers, judged=False)]


def _is_right(answer: Answer) -> bool:
    return answer.right


def _scenes(answers: Sequence[Answer]) -> list[Row]:
    scenes, numbers = _of(answers, "single", "number", "sheet"), _of(answers, "number")
    found = [_row("synthetic scenes within 20 degrees: right", scenes, _is_right),
             *_trust("synthetic scenes", scenes, judged=True)]  # fmt: skip
    for name, is_so in DIFFICULTIES.items():
        some = [answer for answer in scenes if is_so(answer)]
        found += [_row(f"{name}: right", some, _is_right), *_trust(name, some, judged=False)]
    found.append(_row("synthetic single digits: right", _of(answers, "single"), _is_right))
    found.append(_row("synthetic numbers of 2 to 8 digits: right", numbers, _is_right, goal=0.95))
    touching = [answer for answer in numbers if answer.facts["touching"]]
    found.append(_row("of these, with digits that touch", touching, _is_right))
    found.append(_row("of these, as one group", numbers, lambda answer: answer.grouped))
    found.append(_row("synthetic sheets of several groups: right", _of(answers, "sheet"), _is_right))
    return [*found, _row("of these, in the right groups", _of(answers, "sheet"), lambda answer: answer.grouped)]


def _fact(answer: Answer, name: str) -> float:
    return float(answer.facts[name])


def _is_dry(answer: Answer) -> bool:
    """Whether it is written in chalk or pencil, whose strokes break."""
    return str(answer.facts["pen"]).endswith(("chalk", "pencil"))


def _is_ordinary(answer: Answer) -> bool:
    """Whether none of the things that make reading hard is known of it."""
    return not any(is_so(answer) for name, is_so in DIFFICULTIES.items() if name != ORDINARY)


ORDINARY = "ordinary scenes (none of the next four)"
DIFFICULTIES: dict[str, Callable[[Answer], bool]] = {
    ORDINARY: _is_ordinary,
    "scenes in chalk or pencil": _is_dry,
    "scenes with digits that touch": lambda answer: _fact(answer, "touching") > 0,
    "scenes with digits under 20 px": lambda answer: _fact(answer, "least_px") < 20,
    "scenes tilted by 20 degrees or more": lambda answer: _fact(answer, "tilt") >= 20,
}
"""What makes a scene hard to read, most of all; one may have several. Shadows and folds are in all of them."""


def _bursts(answers: Sequence[Answer]) -> list[Row]:
    bursts = _of(answers, "burst")
    return [_row("bursts of five frames: right", bursts, _is_right), *_trust("bursts", bursts, judged=False)]


def _turned(answers: Sequence[Answer]) -> list[Row]:
    turned = _of(answers, "turned")
    digits = sum(len(answer.digits) for answer in turned)
    return [
        Row("sheets turned by any angle: digits found and right", sum(answer.found for answer in turned), digits, 0.9),
        _row("of the sheets, all right and in order", turned, _is_right),
        *_trust("turned sheets", turned, judged=False),
    ]


def _negatives(answers: Sequence[Answer]) -> list[Row]:
    negatives = _of(answers, "negative")
    said = _row("negatives answered with a digit as `ok`", negatives, lambda answer: answer.ok, goal=0.01, most=True)
    kinds = sorted({str(answer.facts["shows"]) for answer in negatives})
    parts = [[answer for answer in negatives if answer.facts["shows"] == kind] for kind in kinds]
    shown = [_row(f"of these, {kind}", part, lambda answer: answer.ok) for kind, part in zip(kinds, parts, strict=True)]
    return [said, *shown]


def _spoilt(answers: Sequence[Answer]) -> list[Row]:
    spoilt = _of(answers, "spoilt")
    found = [_row("spoilt pictures: the right advice first", spoilt, _is_advised, goal=0.95)]
    for kind in sorted({str(answer.facts["spoilt"]) for answer in spoilt}):
        part = [answer for answer in spoilt if answer.facts["spoilt"] == kind]
        instead = Counter(answer.advice[0] if answer.advice else "none" for answer in part if not _is_advised(answer))
        note = ", ".join(f"{count} {said}" for said, count in instead.most_common(3))
        found.append(_row(f"of these, {kind}" + (f" (else: {note})" if note else ""), part, _is_advised))
    needed = [answer for answer in spoilt if not (answer.ok and answer.right)]
    found.append(
        _row("of the spoilt pictures that were not read all the same, the right advice first", needed, _is_advised)
    )
    said = [answer for answer in spoilt if answer.ok]
    found.append(_row("spoilt pictures answered `ok`: wrong", said, lambda answer: not answer.right))
    good = [answer for answer in _of(answers, "single", "number", "sheet") if answer.ok and answer.right]
    return [*found, _row("readable pictures read right: advice given for nothing", good, lambda a: bool(a.advice))]


def _is_advised(answer: Answer) -> bool:
    return answer.advice[:1] == (answer.wanted,)


def breakdown(answers: Sequence[Answer]) -> str:
    """Where scenes go wrong: right, `ok` and wrong `ok` by what is known of them; Markdown."""
    scenes = _of(answers, "single", "number", "sheet")
    lines = ["| scenes with | pictures | right | `ok` | wrong `ok` |", "|---|---|---|---|---|"]
    for fact in ("ground", "hand", "pen", "least_px", "tilt", "turn", "touching", "crop", "specks"):
        values: dict[str, list[Answer]] = {}
        for answer in scenes:
            values.setdefault(_binned(fact, answer.facts[fact]), []).append(answer)
        for value, some in sorted(values.items()):
            right, said = sum(answer.right for answer in some), [answer for answer in some if answer.ok]
            wrong = sum(not answer.right for answer in said)
            lines.append(f"| {fact} {value} | {len(some)} | {right / len(some):.1%} | {len(said) / len(some):.1%} | "
                         f"{wrong} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def causes(answers: Sequence[Answer]) -> str:
    """Why scenes are not right: apart from those whose digits touch, and with them; Markdown."""
    scenes = [answer for answer in _of(answers, "single", "number", "sheet") if answer.cause]
    lines = ["| not right because | pictures | of these, digits touch | of these, `ok` |", "|---|---|---|---|"]
    for cause, count in Counter(answer.cause for answer in scenes).most_common():
        some = [answer for answer in scenes if answer.cause == cause]
        touching = sum(bool(answer.facts["touching"]) for answer in some)
        lines.append(f"| {cause} | {count} | {touching} | {sum(answer.ok for answer in some)} |")
    doubted = [answer for answer in _of(answers, "single", "number", "sheet") if answer.right and not answer.ok]
    touching = sum(bool(answer.facts["touching"]) for answer in doubted)
    return "\n".join([*lines, f"| (right, but not `ok`) | {len(doubted)} | {touching} | 0 |"]) + "\n"


_EDGES = {"least_px": (20, 30, 50, 100, 200, 400), "tilt": (5, 10, 20), "turn": (-10, -3, 3, 10)}


def _binned(fact: str, value: str | float) -> str:
    if isinstance(value, str):
        return value
    if fact not in _EDGES:
        return "some" if value else "none"
    edges = _EDGES[fact]
    place = sum(value >= edge for edge in edges)
    names = [f"under {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges))]
    return f"{place}: {[*names, f'{edges[-1]} and more'][place]}"
