"""What ships is what is read: every bundled picture, with the shipped model, by the one order of reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from device import compose, config, images
from device.domain import Status
from device.reading import Reader

PICTURES = Path(config.__file__).with_name("pictures")


@pytest.fixture(scope="module")
def reader() -> Reader:
    """A reader over the shipped model, with the default settings."""
    return compose.opened_reader(config.load())[1]


def test_the_pictures_are_there() -> None:
    """The demo has ten pictures or more to show, in the order of their names."""
    assert len(images.paths_in(PICTURES)) >= 10


@pytest.mark.parametrize("path", images.paths_in(PICTURES), ids=lambda path: path.stem)
def test_every_bundled_picture_is_read_right(reader: Reader, path: Path) -> None:
    """Each picture is read without doubt, as the digits its name ends with."""
    reading = reader.read([images.load(path)])
    assert reading.number.replace(" ", "") == path.stem.partition("-")[2]
    assert reading.status is Status.OK
