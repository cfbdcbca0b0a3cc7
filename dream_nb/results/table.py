"""Dreams as columns: typed, for pandas, polars and parquet."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from dream_nb.api.errors import ConfigurationError
from dream_nb.files import written
from dream_nb.media.values import fits

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from dream_nb.results.dream import Dream

Type = Literal["text", "whole", "number", "yes or no", "time", "texts", "numbers"]
Column = tuple[Type, list[Any]]

# The columns that every dream has, in order.
FACTS: Final[Mapping[str, tuple[Type, Callable[[Dream], Any]]]] = {
    "prompt": ("text", lambda dream: dream.prompt),
    "kind": ("text", lambda dream: dream.kind),
    "type": ("text", lambda dream: dream.request.generation_type),
    "title": ("text", lambda dream: dream.title),
    "state": ("text", lambda dream: dream.state),
    "failure_reason": ("text", lambda dream: dream.failure_reason),
    "backend": ("text", lambda dream: dream.backend or None),
    "model": ("text", lambda dream: dream.request.model),
    "aspect_ratio": ("text", lambda dream: dream.request.aspect_ratio),
    "loop": ("yes or no", lambda dream: bool(getattr(dream.request, "loop", None))),
    "take": ("whole", lambda dream: dream.take),
    "created": ("time", lambda dream: _utc(dream.created)),
    "seconds": ("number", lambda dream: dream.seconds),
    "seconds_queued": ("number", lambda dream: dream.seconds_queued),
    "seconds_dreaming": ("number", lambda dream: dream.seconds_dreaming),
    "cost": ("number", lambda dream: dream.cost),
    "stars": ("whole", lambda dream: dream.stars),
    "note": ("text", lambda dream: dream.note),
    "tags": ("texts", lambda dream: list(dream.tags)),
    "file": ("text", lambda dream: dream._file),
    "id": ("text", lambda dream: dream.generation.id),
    "hash": ("text", lambda dream: dream.hash),
    "sha256": ("text", lambda dream: dream.sha256),
}
_PANDAS: Final[Mapping[Type, str]] = {
    "text": "string",
    "whole": "Int64",
    "number": "float64",
    "yes or no": "boolean",
    "time": "datetime64[us, UTC]",
    "texts": "object",
    "numbers": "object",
}


def missing_column(name: str, added: Iterable[str]) -> str:
    """Return the error for a column that does not exist.

    Args:
        name: the name that was asked for.
        added: the additional columns of the table.
    """
    names = [*FACTS, *added]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(names)}; measure() adds others"
    return f"no column {name!r}: {hint}"


def to_pandas(table: Mapping[str, Column]) -> pd.DataFrame:
    """Return a table as a pandas data frame.

    Args:
        table: the columns by their names.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    pandas = _extra("pandas", "to_pandas")
    frame: pd.DataFrame = pandas.DataFrame(
        {name: pandas.Series(values, dtype=_PANDAS[kind]) for name, (kind, values) in table.items()}
    )
    return frame


def to_polars(table: Mapping[str, Column]) -> pl.DataFrame:
    """Return a table as a polars data frame.

    Args:
        table: the columns by their names.

    Raises:
        ConfigurationError: polars is not installed.
    """
    polars = _extra("polars", "to_polars")
    types: dict[Type, Any] = {
        "text": polars.String,
        "whole": polars.Int64,
        "number": polars.Float64,
        "yes or no": polars.Boolean,
        "time": polars.Datetime("us", "UTC"),
        "texts": polars.List(polars.String),
        "numbers": polars.List(polars.Float64),
    }
    schema = {name: types[kind] for name, (kind, _) in table.items()}
    frame: pl.DataFrame = polars.DataFrame({name: values for name, (_, values) in table.items()}, schema=schema)
    return frame


def to_parquet(table: Mapping[str, Column], path: Path) -> None:
    """Write a table as a Parquet file.

    Args:
        table: the columns by their names.
        path: the path of the new file.

    Raises:
        ConfigurationError: neither polars, nor pandas with pyarrow, is installed.
        LibraryError: the file cannot be written.
    """
    with written(path) as partial:
        try:
            to_polars(table).write_parquet(partial)
        except ConfigurationError:
            _extra("pyarrow", "to_parquet", "pandas")
            to_pandas(table).to_parquet(partial, engine="pyarrow", index=False)


def _extra(module: str, what: str, extra: str = "") -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise ConfigurationError(
            f"{what} needs {module}, which is not installed: pip install 'dream_nb[{extra or module}]'"
        ) from None


def typed(values: Sequence[Any]) -> Column:
    """Return a column that a user named, with values of one type: mixed values are converted to text.

    Args:
        values: the values, one per row; None is a gap.
    """
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, bool) for value in there):
        return "yes or no", list(values)
    if there and all(isinstance(value, int) and not isinstance(value, bool) and fits(value) for value in there):
        return "whole", list(values)
    if all(_is_number(value) for value in there):
        return "number", _each(values, float)
    if all(isinstance(value, list | tuple) for value in there):
        is_numbers = all(item is None or _is_number(item) for value in there for item in value)
        to = float if is_numbers else str
        return "numbers" if is_numbers else "texts", _each(values, lambda value: _each(value, to))
    return "text", _each(values, str)


def _each(values: Sequence[Any], to: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else to(value) for value in values]


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and fits(value))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
