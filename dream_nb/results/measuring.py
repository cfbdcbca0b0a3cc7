"""Measures of many dreams: what is known from the library, the rest from the worker processes."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, overload

from dream_nb.api.errors import DreamError
from dream_nb.library.library import Library
from dream_nb.results.bar import open_bar
from dream_nb.results.measures import MEASURES, SIDE, Value
from dream_nb.results.meter import Order, Reading, read
from dream_nb.results.table import FACTS
from dream_nb.results.video import Size, fitted
from dream_nb.workers import Pool, pool

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream
    from dream_nb.results.dreams import Dreams
    from dream_nb.results.video import Frame

PROBLEM: Final = "problem"
_FINGERPRINT: Final = re.compile("[0-9a-f]{16}")
_NAME: Final = re.compile(r"[^\W\d]\w*")
# Enough to keep every worker busy, and few enough that a cluster's bytes are not all in memory.
_WAITING: Final = 32


class MeasureWarning(UserWarning):
    """Something could not be measured; the column "problem" says what, and why."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A function of frames that `Dreams.measure` takes. It can still be called.

    Attributes:
        function: takes the frames, `uint8` arrays, height x width x 3, RGB, one in memory at a time; gives a number, a
            text, or a flat list of them.
        name: of its column.
        version: its values are kept in the library under it; None keeps none, since nobody knows whether the function
            has changed.
        size: of the frames: width and height, or at most what longer side.
    """

    function: Callable[[Iterator[Frame]], Any]
    name: str
    version: str | None
    size: Size

    def __call__(self, frames: Iterator[Frame]) -> Any:
        """Measure these frames."""
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
    """Make a function of frames a measure: `@dream_nb.measure`, then `dreams.measure(redness)`.

    It is called in a worker process, which does not import your main module: the function travels with what it refers
    to. Import what it needs inside of it, or at the top of your notebook.

    Args:
        function: takes an iterator of frames, `uint8` arrays, height x width x 3, RGB; gives a number, a text, or a
            flat list of numbers or texts.
        name: of its column; by default the function's.
        version: keeps its values in the library; change it when you change the function. By default none are kept.
        size: of the frames: width and height, or at most what longer side, in pixels.

    Raises:
        ValueError: the name is one of ours, or none, or the size is none.
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
        raise ValueError(f"{name!r} is a column of its own: give the measure another name, @measure(name=…)")
    fitted(size, 1, 1)
    size = fitted(size, 1, 1) if isinstance(size, Iterable) else size
    return Measure(function, name, None if version is None else str(version), size)


def measured(dreams: Dreams, wanted: Sequence[str | Measure], executor: Executor | None) -> Dreams:
    """See `Dreams.measure`.

    Args:
        dreams: which.
        wanted: names of ours, or the user's; none are all of ours.
        executor: where; None is that of the dreams' session, else this process's pool.

    Raises:
        ValueError: there is no such measure, two have the same name, or one cannot be sent to a worker process.
    """
    from dream_nb.results.dreams import Dreams

    ours, theirs = _sorted_out(wanted or list(MEASURES))
    names = [*ours, *(one.name for one in theirs)]
    places = [(dream, dream._library.folder, dream._record.file) for dream in dreams]
    entries = {place: (place[0], Reading(_known(place[0], ours, theirs))) for place in dict.fromkeys(places)}
    _fill(list(entries.values()), ours, theirs, executor)
    beside = []
    for place, before in zip(places, dreams.measures, strict=True):
        reading = entries[place][1]
        told = "; ".join(f"{name}: {why}" for name, why in _grouped(reading.problems))
        values = {name: reading.values.get(name) for name in names}
        beside.append({**before, **values, PROBLEM: told or None})
    gaps = sum(entry[PROBLEM] is not None for entry in beside)
    if gaps:
        first = next(entry[PROBLEM] for entry in beside if entry[PROBLEM])
        warnings.warn(f"{gaps} of {len(dreams)} dreams have gaps, such as {first}", MeasureWarning, stacklevel=3)
    return Dreams(dreams, words=dreams.words, measures=beside)


def _sorted_out(wanted: Sequence[str | Measure]) -> tuple[list[str], list[Measure]]:
    import difflib

    ours: list[str] = []
    theirs: list[Measure] = []
    for one in wanted:
        if isinstance(one, Measure):
            theirs.append(one)
        elif isinstance(one, str) and one in MEASURES:
            ours.append(one)
        elif isinstance(one, str):
            near = difflib.get_close_matches(one, MEASURES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(MEASURES)}"
            raise ValueError(f"no measure {one!r}: {hint}")
        else:
            raise ValueError(f"{one!r} is no measure: put @dream_nb.measure above the function")
    theirs = list(dict.fromkeys(theirs))
    names = [one.name for one in theirs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two measures are named {name!r}: give one another name, @measure(name=…)")
    return list(dict.fromkeys(ours)), theirs


def _fill(
    readings: Sequence[tuple[Dream, Reading]], ours: Sequence[str], theirs: Sequence[Measure], executor: Executor | None
) -> None:
    """Measure what is not known yet, and keep it."""
    functions = {one.name: _packed(one) for one in theirs}
    missing = []
    for dream, reading in readings:
        left = [name for name in ours if name not in reading.values]
        others = [one for one in theirs if one.name not in reading.values]
        if not left and not others:
            continue
        try:
            order = Order(
                dream.path.absolute(),
                dream.kind,
                dream.sha256,
                left,
                [(one.name, one.size, functions[one.name]) for one in others],
            )
        except DreamError as error:
            reading.problems.update(dict.fromkeys([*left, *(one.name for one in others)], str(error)))
            continue
        missing.append((dream, reading, order))
    if not missing:
        return
    with open_bar(len(missing), "measured") as step:
        for dream, reading, read_now in _read_all(missing, executor):
            reading.values.update(read_now.values)
            reading.problems.update(read_now.problems)
            _keep(dream, read_now, theirs)
            step()


def _packed(measure: Measure) -> bytes:
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(measure.function)
    except Exception as error:
        raise ValueError(
            f"measure {measure.name!r} uses something that cannot be sent to a worker process ({error}): let it use "
            "numbers, texts, arrays and modules only"
        ) from error
    return packed


def _read_all(
    orders: Iterable[tuple[Dream, Reading, Order]], executor: Executor | None
) -> Iterator[tuple[Dream, Reading, Reading]]:
    """What was known of each dream, and what was read of it now, in the order in which they end."""
    running: dict[Future[Reading], tuple[Dream, Reading, Order]] = {}
    try:
        for dream, reading, order in orders:
            while len(running) >= _WAITING:
                yield from _done(running)
            maker = dream._maker
            where = executor or (maker.executor if maker else pool())
            sent = order
            if not isinstance(where, Pool) and not isinstance(order.file, bytes):
                # Another machine may not have the file.
                try:
                    sent = replace(order, file=order.file.read_bytes())
                except OSError as error:
                    yield dream, reading, Reading({}, dict.fromkeys(_names(order), str(error)))
                    continue
            running[where.submit(read, sent)] = dream, reading, order
        while running:
            yield from _done(running)
    finally:
        for future in running:
            future.cancel()


def _done(
    running: dict[Future[Reading], tuple[Dream, Reading, Order]],
) -> Iterator[tuple[Dream, Reading, Reading]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        dream, reading, order = running.pop(future)
        try:
            read_now = future.result()
        except Exception as error:  # noqa: BLE001 - a worker that died is a gap in one row
            read_now = Reading({}, dict.fromkeys(_names(order), f"{type(error).__name__}: {error}"))
        yield dream, reading, read_now


def _names(order: Order) -> list[str]:
    return [*order.ours, *(name for name, _, _ in order.theirs)]


def _keys(ours: Iterable[str], theirs: Iterable[Measure]) -> dict[str, str]:
    """The names under which values are kept, and the measures' own."""
    kept = {f"{name}@{MEASURES[name].version}": name for name in ours}
    return kept | {f"{one.name}@{one.version}:{one.size}": one.name for one in theirs if one.version is not None}


def _known(dream: Dream, ours: Iterable[str], theirs: Iterable[Measure]) -> dict[str, Value]:
    library, sha256 = dream._library, dream.sha256
    if not isinstance(library, Library) or sha256 is None:
        return {}
    keys = _keys(ours, theirs)
    known: dict[str, Value] = {}
    for key, text in library.ledger.measures(sha256).items():
        # A ledger may come with a repository, and hold anything.
        with suppress(ValueError):
            if key in keys and _is_value(keys[key], value := json.loads(text)):
                known[keys[key]] = value
    return known


def _is_value(name: str, value: Any) -> bool:
    """Whether it may be what a measure gave."""
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
    """The names that share a problem together."""
    groups: dict[str, list[str]] = {}
    for name, why in problems.items():
        groups.setdefault(why, []).append(name)
    return [(names[0] if len(names) == 1 else f"{len(names)} measures", why) for why, names in groups.items()]
