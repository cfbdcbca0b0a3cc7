"""Measures of many dreams: known values come from the library; new ones are measured and stored there."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, overload

from dream_nb.api.errors import DreamError
from dream_nb.library.library import Library
from dream_nb.media.frames import Size, fitted
from dream_nb.media.measures import MEASURES, SIDE
from dream_nb.media.measuring import measure_files
from dream_nb.media.values import Value
from dream_nb.media.worker import MeasureOrder, Reading
from dream_nb.results.dream import Dream
from dream_nb.results.progress_bar import open_bar
from dream_nb.results.table import FACTS
from dream_nb.workers import pool

if TYPE_CHECKING:
    from dream_nb.media.frames import Frame

PROBLEM: Final = "problem"
_FINGERPRINT: Final = re.compile("[0-9a-f]{16}")
_NAME: Final = re.compile(r"[^\W\d]\w*")


class MeasureWarning(UserWarning):
    """Something could not be measured. The column "problem" says what, and why."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A function of frames that can be passed to `Dreams.measure`. It can still be called directly.

    Attributes:
        function: takes an iterator of frames (`uint8` arrays, height x width x 3, RGB, one in memory at a time);
            returns a number, a text, or a flat list of numbers or texts.
        name: the name of its column.
        version: the version under which values are stored in the library. With None no values are stored, because
            it is unknown whether the function has changed.
        size: the size of the frames: width and height in pixels, or one number that limits the longer side.
    """

    function: Callable[[Iterator[Frame]], Any]
    name: str
    version: str | None
    size: Size

    def __call__(self, frames: Iterator[Frame]) -> Any:
        """Apply the function to frames."""
        return self.function(frames)


@overload
def measure(function: Callable[[Iterator[Frame]], Any], /) -> Measure: ...
@overload
def measure(
    *, name: str | None = None, version: str | int | None = None, size: Size = SIDE
) -> Callable[[Callable[[Iterator[Frame]], Any]], Measure]: ...
def measure(
    function: Callable[[Iterator[Frame]], Any] | None = None,
    /,
    *,
    name: str | None = None,
    version: str | int | None = None,
    size: Size = SIDE,
) -> Measure | Callable[[Callable[[Iterator[Frame]], Any]], Measure]:
    """Turn a function of frames into a measure: `@dream_nb.measure`, then `dreams.measure(redness)`.

    The function is called in a worker process, which does not import your main module: it is sent there with the
    objects that it refers to. Import the modules that it needs inside the function, or at the top of your notebook.

    Args:
        function: takes an iterator of frames (`uint8` arrays, height x width x 3, RGB); returns a number, a text, or a
            flat list of numbers or texts.
        name: the name of the column; by default that of the function.
        version: a version under which values are stored in the library; change it whenever you change the function. By
            default no values are stored.
        size: the size of the frames in pixels: width and height, or one number that limits the longer side.

    Raises:
        ValueError: the name is that of a built-in measure or not valid, or size is not valid.
    """
    if function is None:
        return lambda function: _made(function, name, version, size)
    return _made(function, name, version, size)


def _made(
    function: Callable[[Iterator[Frame]], Any], name: str | None, version: str | int | None, size: Size
) -> Measure:
    name = name or str(getattr(function, "__name__", ""))
    if not _NAME.fullmatch(name):
        raise ValueError(f"measure {name!r} needs a name for its column: @measure(name='redness')")
    if name in MEASURES or name in FACTS or name == PROBLEM:
        raise ValueError(f"{name!r} is the name of another column: give the measure another name, @measure(name=…)")
    fitted(size, 1, 1)
    size = fitted(size, 1, 1) if isinstance(size, Iterable) else size
    return Measure(function, name, None if version is None else str(version), size)


@dataclass(slots=True)
class _Entry:
    """A file to measure: the dream that it belongs to, and its known values."""

    dream: Dream
    reading: Reading


def measured(
    dreams: Sequence[Dream], wanted: Sequence[str | Measure], executor: Executor | None
) -> list[dict[str, Value]]:
    """Measure dreams, and return the values by the names of their columns.

    Args:
        dreams: the dreams to measure.
        wanted: names of built-in measures, or measures of the user; if empty, all built-in measures.
        executor: the executor to measure on; None means that of the dreams' session, or else this process's pool.

    Returns:
        For each dream a value for each measure (None if it could not be measured), and "problem", which says why.

    Raises:
        ValueError: a measure is unknown, two have the same name, or one cannot be sent to a worker process.
    """
    ours, theirs = _sorted_out(wanted or list(MEASURES))
    names = [*ours, *(one.name for one in theirs)]
    files = [(dream, dream._library.folder, dream._file) for dream in dreams]
    entries = {file: _Entry(file[0], Reading(_known(file[0], ours, theirs))) for file in dict.fromkeys(files)}
    _fill(list(entries.values()), ours, theirs, executor)
    columns: list[dict[str, Value]] = []
    for file in files:
        reading = entries[file].reading
        told = "; ".join(f"{name}: {why}" for name, why in _grouped(reading.problems))
        columns.append({name: reading.values.get(name) for name in names} | {PROBLEM: told or None})
    return columns


def _sorted_out(wanted: Sequence[str | Measure]) -> tuple[list[str], list[Measure]]:
    ours: list[str] = []
    theirs: list[Measure] = []
    for one in wanted:
        if isinstance(one, Measure):
            theirs.append(one)
        elif isinstance(one, str) and one in MEASURES:
            ours.append(one)
        elif isinstance(one, str):
            near = difflib.get_close_matches(one, MEASURES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(MEASURES)}"
            raise ValueError(f"no measure {one!r}: {hint}")
        else:
            raise ValueError(f"{one!r} is not a measure: put @dream_nb.measure above the function")
    theirs = list(dict.fromkeys(theirs))
    names = [one.name for one in theirs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two measures are named {name!r}: rename one of them, @measure(name=…)")
    return list(dict.fromkeys(ours)), theirs


def _fill(entries: Sequence[_Entry], ours: Sequence[str], theirs: Sequence[Measure], executor: Executor | None) -> None:
    """Measure what is not known yet, and store it."""
    functions = {one.name: _packed(one) for one in theirs}
    orders: list[tuple[int, MeasureOrder, Executor]] = []
    for number, entry in enumerate(entries):
        dream, reading = entry.dream, entry.reading
        left = [name for name in ours if name not in reading.values]
        others = [one for one in theirs if one.name not in reading.values]
        if not left and not others:
            continue
        try:
            path = dream.path.absolute()
        except DreamError as error:
            reading.problems.update(dict.fromkeys([*left, *(one.name for one in others)], str(error)))
            continue
        packed = [(one.name, one.size, functions[one.name]) for one in others]
        maker = dream._maker
        where = executor or (maker.executor if maker else pool())
        orders.append((number, MeasureOrder(path, dream.kind, dream.sha256, left, packed), where))
    if not orders:
        return
    with open_bar(len(orders), "measured") as step:
        for number, found in measure_files(orders):
            entry = entries[number]
            entry.reading.values.update(found.values)
            entry.reading.problems.update(found.problems)
            _keep(entry.dream, found, theirs)
            step()


def _packed(measure: Measure) -> bytes:
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(measure.function)
    except Exception as error:
        raise ValueError(
            f"measure {measure.name!r} uses a value that cannot be sent to a worker process ({error}): use only "
            "numbers, strings, arrays and modules"
        ) from error
    return packed


def _keys(ours: Iterable[str], theirs: Iterable[Measure]) -> dict[str, str]:
    """Map the names under which values are stored to the names of the measures."""
    kept = {f"{name}@{MEASURES[name].version}": name for name in ours}
    return kept | {f"{one.name}@{one.version}:{one.size}": one.name for one in theirs if one.version is not None}


def _known(dream: Dream, ours: Iterable[str], theirs: Iterable[Measure]) -> dict[str, Value]:
    library, sha256 = dream._library, dream.sha256
    if not isinstance(library, Library) or sha256 is None:
        return {}
    keys = _keys(ours, theirs)
    known: dict[str, Value] = {}
    for key, text in library.ledger.measures(sha256).items():
        # The ledger may come with a repository, and may contain anything.
        with suppress(ValueError):
            if key in keys and _is_value(keys[key], value := json.loads(text)):
                known[keys[key]] = value
    return known


def _is_value(name: str, value: Any) -> bool:
    """Whether a value can be the result of a measure."""
    if name == "fingerprint":
        return value is None or (isinstance(value, str) and _FINGERPRINT.fullmatch(value) is not None)
    return not (isinstance(value, dict) or (name in MEASURES and isinstance(value, str)))


def _keep(dream: Dream, reading: Reading, theirs: Iterable[Measure]) -> None:
    library, sha256 = dream._library, dream.sha256
    if not isinstance(library, Library) or library.read_only or sha256 is None:
        return
    keys = _keys((name for name in reading.values if name in MEASURES), theirs)
    library.ledger.keep_measures(
        sha256, {key: json.dumps(reading.values[name]) for key, name in keys.items() if name in reading.values}
    )


def _grouped(problems: dict[str, str]) -> list[tuple[str, str]]:
    """Group the names that share a problem."""
    groups: dict[str, list[str]] = {}
    for name, why in problems.items():
        groups.setdefault(why, []).append(name)
    return [(names[0] if len(names) == 1 else f"{len(names)} measures", why) for why, names in groups.items()]
