"""Measures one file in a worker process: one pass for all built-in measures, and one for each of the user's."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from dream_nb.api.errors import DreamError, LibraryError
from dream_nb.files import sha256_of
from dream_nb.media.formats import PICTURES, format_of
from dream_nb.media.frames import Size, TimedFrame, fitted
from dream_nb.media.measures import MEASURES, SIDE, Look, Loudness
from dream_nb.media.pictures import read_picture
from dream_nb.media.sound import iterate_heard
from dream_nb.media.values import Value, plain
from dream_nb.media.video import iterate_timed


@dataclass(frozen=True, slots=True)
class MeasureOrder:
    """The measurements to make of one file.

    Attributes:
        file: the path of the file, or its bytes if the worker may be unable to read the path.
        kind: "video" or "image".
        sha256: the expected sha256 of the file; None accepts any file.
        ours: names in `MEASURES`.
        theirs: for each of the user's measures, its name, the size of the frames, and the pickled function.
    """

    file: Path | bytes
    kind: str
    sha256: str | None
    ours: Sequence[str]
    theirs: Sequence[tuple[str, Size, bytes]]

    @property
    def names(self) -> list[str]:
        """The names of all measures."""
        return [*self.ours, *(name for name, _, _ in self.theirs)]


@dataclass(slots=True)
class Reading:
    """The results of the measurements.

    Attributes:
        values: the values by name.
        problems: by name, one sentence for each measure that failed.
    """

    values: dict[str, Value] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def failed(cls, order: MeasureOrder, problem: str) -> Self:
        """Return the reading of an order for which nothing could be measured.

        Args:
            order: the measurements to make.
            problem: the reason, in one sentence.
        """
        return cls({}, dict.fromkeys(order.names, problem))


def read(order: MeasureOrder) -> Reading:
    """Measure one file. A measure that fails is reported, and the others are not affected.

    Args:
        order: the file, and the measurements to make.
    """
    reading = Reading()
    try:
        if order.sha256 not in (None, _sha256(order.file)):
            raise LibraryError("the file was changed since it was downloaded: run its cell again to download it again")
        reading.values.update(_ours(order))
    except (DreamError, OSError) as error:
        return Reading.failed(order, str(error))
    for name, size, function in order.theirs:
        try:
            # Each of the user's measures has its own pass, because it takes as many frames as it likes, when it likes.
            value = pickle.loads(function)(frame.pixels for frame in _frames(order, size))  # noqa: S301 - the user's own function
            reading.values[name] = plain(name, value)
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises is a gap in the table
            reading.problems[name] = f"{type(error).__name__}: {error}"
    return reading


def _ours(order: MeasureOrder) -> dict[str, Value]:
    measuring = {name: MEASURES[name]() for name in order.ours}
    looking = [measurement for measurement in measuring.values() if not isinstance(measurement, Loudness)]
    listening = [measurement for measurement in measuring.values() if isinstance(measurement, Loudness)]
    if looking:
        for frame in _frames(order, SIDE):
            look = Look(frame.pixels, frame.seconds if order.kind == "video" else None)
            for measurement in looking:
                measurement.add(look)
    if listening and format_of(order.file) not in PICTURES:
        for samples in iterate_heard(_opened(order.file)):
            for measurement in listening:
                measurement.hear(samples)
    return {name: measurement.value() for name, measurement in measuring.items()}


def _frames(order: MeasureOrder, size: Size) -> Iterator[TimedFrame]:
    if order.kind == "video":
        frames = iterate_timed(_opened(order.file), size=size, threads=False)
        # Check now whether the file can be decoded, and not in the middle of a user's function.
        return chain(list(islice(frames, 1)), frames)
    from PIL import Image

    image = read_picture(order.file, "the image" if isinstance(order.file, bytes) else None)
    rgb = image.resize(fitted(size, *image.size), Image.Resampling.BOX)
    return iter([TimedFrame(np.asarray(rgb, np.uint8), 0.0)])


def _opened(file: Path | bytes) -> Path | BinaryIO:
    return io.BytesIO(file) if isinstance(file, bytes) else file


def _sha256(file: Path | bytes) -> str:
    if isinstance(file, bytes):
        return hashlib.sha256(file).hexdigest()
    return sha256_of(file)
