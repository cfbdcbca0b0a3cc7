"""An ordered collection of dreams: a sweep, a gallery selection, a history."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, overload

import dream_nb
from dream_nb.api.errors import LibraryError
from dream_nb.files import given_path
from dream_nb.html.overview import Row, Tile, overview
from dream_nb.html.page import picture_uri
from dream_nb.media.axes import Layout, are_on_axes, axes_of, square
from dream_nb.media.pictures import jpeg
from dream_nb.media.sheets import check_numbers, draw_grid, sheet
from dream_nb.results.dream import Dream
from dream_nb.results.export import Exported, export
from dream_nb.results.from_files import read_folder
from dream_nb.results.made_file import linked
from dream_nb.results.table import FACTS, Column, missing_column, to_pandas, to_parquet, to_polars, typed

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd
    import polars as pl
    from PIL.Image import Image

    from dream_nb.media.values import Value
    from dream_nb.results.measure import Measure

# A notebook stays small: dreams beyond this number are only counted.
_MOST_SHOWN: Final = 24
_TILE_SIDE: Final = 208
_THUMBNAIL_SIDE: Final = 160


class Dreams(Sequence[Dream]):
    """An ordered, immutable collection of dreams. Slicing, filtering or sorting it returns a new collection.

    In a notebook it shows as a grid of small pictures; a sweep is laid out on its axes.

    Args:
        dreams: the dreams, in their order.
        words: for each dream of a sweep, its value on each axis, such as `{"time": "dawn"}`; by default none.
        measures: for each dream, its measured values by name; by default none.

    Raises:
        ValueError: the number of `words` or `measures` differs from the number of dreams.
    """

    def __init__(
        self,
        dreams: Iterable[Dream] = (),
        *,
        words: Iterable[Mapping[str, str]] | None = None,
        measures: Iterable[Mapping[str, Any]] | None = None,
    ) -> None:
        self._dreams = tuple(dreams)
        self._words = self._beside(words, "words")
        self._measures = self._beside(measures, "measures")

    def _beside(self, values: Iterable[Mapping[str, Any]] | None, what: str) -> tuple[dict[str, Any], ...]:
        made = tuple(dict(value) for value in values) if values is not None else ({},) * len(self._dreams)
        if len(made) != len(self._dreams):
            raise ValueError(f"{len(made)} {what} for {len(self._dreams)} dreams: give each dream its own")
        return made

    @classmethod
    def from_files(cls, folder: Path | str) -> Self:
        """Read the dreams of a folder: an export, a library without its ledger, or files from anywhere.

        What is known of a file comes from its sidecar if it has one, otherwise from the file's own metadata. The film
        of a storyboard has the prompts of its shots; foreign files have no prompt. Files that are neither videos nor
        images are skipped.

        Args:
            folder: the path of the folder.

        Returns:
            The dreams, sorted by file name.

        Raises:
            LibraryError: `folder` is not a folder, or cannot be read.
        """
        return cls(read_folder(given_path(folder)))

    @property
    def words(self) -> list[dict[str, str]]:
        """For each dream of a sweep, its value on each axis."""
        return [dict(word) for word in self._words]

    @property
    def measures(self) -> list[dict[str, Any]]:
        """For each dream, the values that `measure` found, by name."""
        return [dict(measure) for measure in self._measures]

    @property
    def axes(self) -> dict[str, list[str]]:
        """The axes of a sweep, each with its values in order of first appearance."""
        return axes_of(self._words)

    def __len__(self) -> int:
        return len(self._dreams)

    def __iter__(self) -> Iterator[Dream]:
        return iter(self._dreams)

    @overload
    def __getitem__(self, index: int) -> Dream: ...
    @overload
    def __getitem__(self, index: slice) -> Dreams: ...
    def __getitem__(self, index: int | slice) -> Dream | Dreams:
        if isinstance(index, slice):
            return self._at(range(len(self))[index])
        return self._dreams[index]

    def _at(self, places: Iterable[int]) -> Dreams:
        chosen = list(places)
        return Dreams(
            (self._dreams[place] for place in chosen),
            words=[self._words[place] for place in chosen],
            measures=[self._measures[place] for place in chosen],
        )

    def __add__(self, other: Dreams) -> Dreams:
        if not isinstance(other, Dreams):
            return NotImplemented
        return Dreams(
            (*self, *other), words=(*self._words, *other._words), measures=(*self._measures, *other._measures)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dreams) and (self._dreams, self._words) == (other._dreams, other._words)

    def __hash__(self) -> int:
        return hash(self._dreams)

    def column(self, name: str) -> list[Any]:
        """Return one column of the table by its name: "cost", "created", an axis of the sweep, a measure, …

        Args:
            name: the name of the column.

        Raises:
            ValueError: the table has no such column.
        """
        if name in FACTS:
            _, read = FACTS[name]
            return [read(dream) for dream in self]
        added = self._added()
        if name not in added:
            raise ValueError(missing_column(name, added))
        return added[name]

    def _added(self) -> dict[str, list[Any]]:
        """The columns that exist only for some dreams: the axes of a sweep, and the measures."""
        added: dict[str, list[Any]] = {}
        for values in (self._words, self._measures):
            for name in dict.fromkeys(chain.from_iterable(values)):
                is_taken = name in FACTS or name in added
                added[f"{name}_" if is_taken else name] = [value.get(name) for value in values]
        return added

    def _table(self) -> dict[str, Column]:
        facts: dict[str, Column] = {name: (kind, [read(one) for one in self]) for name, (kind, read) in FACTS.items()}
        return facts | {name: typed(values) for name, values in self._added().items()}

    def filter(self, condition: Callable[[Dream], bool] | None = None, **columns: Any) -> Dreams:
        """Return the dreams that meet all conditions.

        Args:
            condition: a function that takes a dream and returns whether to keep it, or None.
            **columns: for each named column of the table, the value that it must have, or a function that takes the
                value and returns whether to keep the dream: `dreams.filter(kind="video", sharpness=lambda value: value
                > 100)`. Dreams without a value in that column are left out without calling the function.

        Raises:
            ValueError: the table has no such column.
        """
        kept = set(range(len(self)))
        for name, wanted in columns.items():
            kept &= {place for place, value in enumerate(self.column(name)) if _holds(value, wanted)}
        return self._at(place for place in sorted(kept) if condition is None or condition(self._dreams[place]))

    def sort_by(self, key: str | Callable[[Dream], Any], *, reverse: bool = False) -> Dreams:
        """Return the dreams in another order. Equal dreams keep their order; dreams without a value come last.

        Args:
            key: the name of a column of the table, or a function that takes a dream.
            reverse: whether to sort the largest values first.

        Raises:
            ValueError: the table has no such column.
        """
        values = self._values(key)
        there = [place for place, value in enumerate(values) if value is not None]
        gaps = [place for place, value in enumerate(values) if value is None]
        return self._at([*sorted(there, key=values.__getitem__, reverse=reverse), *gaps])

    def group_by(self, key: str | Callable[[Dream], Any]) -> dict[Any, Dreams]:
        """Group dreams that have the same value. Groups are in order of first appearance.

        Args:
            key: the name of a column of the table, or a function that takes a dream. List values become tuples.

        Raises:
            ValueError: the table has no such column.
        """
        groups: dict[Any, list[int]] = {}
        for place, value in enumerate(self._values(key)):
            groups.setdefault(tuple(value) if isinstance(value, list) else value, []).append(place)
        return {value: self._at(places) for value, places in groups.items()}

    def _values(self, key: str | Callable[[Dream], Any]) -> list[Any]:
        return self.column(key) if isinstance(key, str) else [key(dream) for dream in self]

    def to_pandas(self, *, thumbnails: bool = False) -> pd.DataFrame:
        """Return a table with one row per dream: times in UTC, cents and seconds as numbers, tags as lists, gaps as NA.

        Args:
            thumbnails: whether to add a first column of small pictures, which a notebook shows; it is None without a
                file.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        table = to_pandas(self._table())
        if not thumbnails:
            return table
        from dream_nb.results.thumbnail_frame import Thumbnail, ThumbnailFrame

        pictures = [_picture(dream, _THUMBNAIL_SIDE) for dream in self]
        shown = [
            None if picture is None else Thumbnail(jpeg(picture), picture.size, dream.title)
            for dream, picture in zip(self, pictures, strict=True)
        ]
        return ThumbnailFrame.of(table, shown)

    def to_polars(self) -> pl.DataFrame:
        """Return a table with one row per dream: UTC times, cents and seconds as numbers, tags as lists, gaps as null.

        Raises:
            ConfigurationError: polars is not installed.
        """
        return to_polars(self._table())

    def to_parquet(self, path: Path | str) -> Path:
        """Write the table as a Parquet file.

        Args:
            path: the path of the new file.

        Returns:
            The path of the new file.

        Raises:
            ConfigurationError: neither polars, nor pandas with pyarrow, is installed.
            LibraryError: the file cannot be written.
        """
        target = given_path(path)
        to_parquet(self._table(), target)
        return target

    def measure(self, *measures: str | Measure, executor: Executor | None = None) -> Dreams:
        """Return the same dreams with measures of their frames as additional columns. The worker processes measure.

        Values that are already in the library are not measured again. If something cannot be measured, for example
        because a file is missing, the value is a gap, and the column "problem" and a warning say why. If an axis of the
        sweep has the same name as a measure, the measure's column gets an underscore: "brightness_".

        Args:
            *measures: "brightness" (mean luma, 0 to 1), "contrast" (the standard deviation of luma), "colourfulness" (0
                to about 109), "sharpness" (the variance of the Laplacian), "colours" (the dominant colours, as
                "#rrggbb"), "motion" (how much of its range luma changes in a second), "seam" (the step from the last
                frame to the first, in steps of the video), "shots" (the times of cuts in seconds), "fingerprint" (64
                bits, of which few differ between near-duplicates), or functions decorated with `@dream_nb.measure`; by
                default all named measures.
            executor: the executor to measure on; by default that of the session, or else this process's pool of
                workers.

        Raises:
            ValueError: a measure is unknown, two measures have the same name, or one cannot be sent to a worker
                process.
        """
        from dream_nb.results.measure import PROBLEM, MeasureWarning, measured

        columns = measured(self._dreams, measures, executor)
        if problems := [column[PROBLEM] for column in columns if column[PROBLEM] is not None]:
            text = f"{len(problems)} of {len(self)} dreams have gaps, such as {problems[0]}"
            warnings.warn(text, MeasureWarning, stacklevel=2)
        beside = [before | column for before, column in zip(self._measures, columns, strict=True)]
        return Dreams(self._dreams, words=self._words, measures=beside)

    def _measure_one(self, measures: Sequence[str | Measure], executor: Executor | None) -> dict[str, Value]:
        """Measure the only dream of this collection. Used by `Dream.measure`, so that warnings point to its caller."""
        from dream_nb.results.measure import PROBLEM, MeasureWarning, measured

        (values,) = measured(self._dreams, measures, executor)
        if (problem := values.pop(PROBLEM)) is not None:
            warnings.warn(f"{self[0].title!r} has gaps: {problem}", MeasureWarning, stacklevel=3)
        return values

    def near_duplicates(self, distance: int = 6) -> list[Dreams]:
        """Group dreams that look alike, by their fingerprints. Each group has at least two dreams.

        Args:
            distance: the number of the 64 bits of a fingerprint that may differ between neighbours in a group.

        Raises:
            ValueError: distance is not a number from 0 to 64.
        """
        from dream_nb.media.duplicates import near_duplicates

        measured = self.measure("fingerprint")
        # An axis of a sweep may have the same name as the column.
        groups = near_duplicates([values["fingerprint"] for values in measured.measures], distance)
        return [measured._at(places) for places in groups]

    def contact_sheet(self, *, columns: int | None = None, side: int = 320) -> Image:
        """Arrange all dreams on one picture: a sweep on its axes, others with their prompts. Missing files are grey.

        Args:
            columns: the number of dreams in a row, each with its words of the sweep or its prompt; by default a sweep
                is laid out on its axes, as in `grid`, with the words on further axes below the pictures, and other
                dreams in a square.
            side: the longer side of each picture, in pixels.

        Raises:
            ValueError: the collection is empty, or an argument is less than 1.
        """
        if not self:
            raise ValueError("a contact sheet needs at least one dream")
        check_numbers(columns=1 if columns is None else columns, side=side)
        pictures = [_picture(dream, side) for dream in self]
        there = {number: picture for number, picture in enumerate(pictures) if picture is not None}
        if columns is None and are_on_axes(self._words) and there:
            return draw_grid(Layout.of(self._words), there, side)
        shown = list(zip(pictures, self._captions(), strict=True))
        return sheet(shown, square(len(self)) if columns is None else columns, side)

    def _captions(self) -> list[str]:
        """For each dream its words of the sweep, or else what distinguishes it from others of the same prompt."""
        return [
            " · ".join(words.values()) or dream.caption for dream, words in zip(self._dreams, self._words, strict=True)
        ]

    def grid(self, rows: str | None = None, columns: str | None = None) -> dream_nb.Grid:
        """Return a widget that lays the dreams out on two axes, plays them together, compares two and picks the best.

        Args:
            rows: the axis of the rows; by default the second to last axis.
            columns: the axis of the columns; by default the last axis. Dreams without axes are shown as a plain wall.

        Raises:
            ValueError: an axis is unknown, the collection is empty, or it has more than 2,000 dreams.
        """
        # Imported by its public name: widgets depend on results, not the other way round.
        return dream_nb.Grid(self, rows, columns)

    def map(self, x: str, y: str) -> dream_nb.Map:
        """Return a widget that places the dreams as small pictures by two measures, with zoom and selection.

        Args:
            x: the column of the horizontal axis, such as "motion". It is measured if necessary.
            y: the column of the vertical axis, such as "colourfulness". It is measured if necessary.

        Raises:
            ValueError: a measure or column is unknown or not numeric, or there are more than 200 dreams.
        """
        known = {*FACTS, *self._added()}
        missing = [name for name in dict.fromkeys((x, y)) if name not in known]
        return dream_nb.Map(self.measure(*missing) if missing else self, x, y)

    def export(self, folder: Path | str) -> Path:
        """Copy the files into a folder, with a page that plays them offline and a manifest that describes them.

        Args:
            folder: the path of the folder, which is created if missing. Files in it are never replaced by other files;
                only the page and the manifest of an earlier export are.

        Returns:
            The path of the page, `index.html`. Dreams whose file is missing or was changed since its download are
            listed there and in `manifest.json`, with the problem.

        Raises:
            ValueError: the collection is empty.
            LibraryError: the folder cannot be written, or has another file of the same name.
        """
        if not self:
            raise ValueError("an export needs at least one dream")
        return export(map(Exported, self, self._words, self._measures), given_path(folder))

    def __repr__(self) -> str:
        return f"Dreams({len(self)})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._overview()}

    def _overview(self) -> str:
        """The first dreams as HTML, on the axes of a sweep."""
        shown = self[:_MOST_SHOWN]
        layout = Layout.of(shown._words) if are_on_axes(shown._words) else None
        if layout is None:
            tiles = list(map(_tile, shown, shown._captions()))
        else:
            takes = [f"take {dream.take}" if dream.take > 1 else "" for dream in shown]
            captions = (
                " · ".join(filter(None, [place[2], take])) for place, take in zip(layout.places, takes, strict=True)
            )
            tiles = list(map(_tile, shown, captions))
        return overview(
            [] if layout else tiles,
            headings=layout.columns if layout else (),
            rows=_rows(layout, tiles) if layout else (),
            rest=len(self) - len(shown),
            is_studio=any(dream.backend == "studio" for dream in shown),
            side=_TILE_SIDE,
        )


def _holds(value: object, wanted: object) -> bool:
    """Whether a value of a column equals the wanted value, or satisfies the wanted function. None is a gap."""
    return value is not None and bool(wanted(value)) if callable(wanted) else value == wanted


def _picture(dream: Dream, side: int) -> Image | None:
    try:
        return dream._reduced(side)
    except LibraryError:
        return None


def _tile(dream: Dream, caption: str) -> Tile:
    try:
        return Tile(linked(dream.url), picture_uri(dream._jpeg(_TILE_SIDE)), dream.title, caption, "")
    except LibraryError as error:
        return Tile(linked(dream.url), "", dream.title, caption, str(error))


def _rows(layout: Layout, tiles: Sequence[Tile]) -> list[Row]:
    stacks = layout.stacks
    return [
        Row(
            heading,
            [[tiles[number] for number in stacks.get((row, column), ())] for column in range(len(layout.columns))],
        )
        for row, heading in enumerate(layout.rows)
    ]


Dream._several = Dreams
