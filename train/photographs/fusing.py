"""The ways to fuse a burst, compared on the same observations of the same bursts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from device import config
from device.compose import opened_reader
from device.domain import Frame, ModelCard, Status
from device.fuse import WEIGHTS, fused
from device.judge import Evidence, judged
from device.reading import Reader
from train.photographs.answers import through_jpeg
from train.photographs.files import Shot, shots
from train.photographs.hands import Pool
from train.photographs.table import Row, markdown


def compare(pools: Sequence[Pool], count: int, seed: int) -> str:
    """A Markdown table: for each way, and for the first and the last frame alone, what is right and what is wrong.

    Every frame of a burst is used, so that early ends don't hide differences, and none is turned.

    Args:
        pools: Handwriting.
        count: Bursts, at least 1.
        seed: Of the bursts.

    Raises:
        ModelError: The model is missing or damaged.
    """
    settings = config.load()
    classifier, reader = opened_reader(settings)
    bursts = [(burst.scene.label, _observed(burst, reader)) for burst in shots("burst", pools, count, seed)]
    return markdown(
        row for way in ("first frame", "last frame", *WEIGHTS) for row in _rows(way, bursts, classifier.card)
    )


def _observed(burst: Shot, reader: Reader) -> list[Evidence]:
    frames = (Frame(through_jpeg(frame.pixels, frame.scene.lens.jpeg_quality)) for frame in burst.frames)
    return [reader.observe(frame).evidence for frame in frames]


def _rows(way: str, bursts: Sequence[tuple[str, list[Evidence]]], card: ModelCard) -> Iterator[Row]:
    alone = {"first frame": slice(0, 1), "last frame": slice(-1, None)}.get(way, slice(None))
    readings = [
        (label, judged(fused(burst[alone], way if way in WEIGHTS else "mean"), card)) for label, burst in bursts
    ]
    right = [reading.number.replace(" ", "") == label.replace(" ", "") for label, reading in readings]
    sure = [reading.status is Status.OK for _, reading in readings]
    wrong = sum(is_sure and not is_right for is_sure, is_right in zip(sure, right, strict=True))
    whole = Row(f"{way}: right", sum(right), len(right))
    yield whole
    yield replace(whole, figure=f"{way}: answered `ok`", count=sum(sure))
    yield Row(f"{way}: of those, wrong", wrong, sum(sure))
