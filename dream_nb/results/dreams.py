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
from dream_nb.media.axes import Layout, are_on_axes, axes_of
from dream_nb.media.pictures import jpeg
from dream_nb.media.sheets import check_numbers, draw_grid, sheet
from dream_nb.results.dream import Dream
from dream_nb.results.export import Exported, export
from dream_nb.results.from_files import read_folder
from dream_nb.results.table import FACTS, Column, missing_column, to_pandas, to_parquet, to_polars, typed

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd
    import polars as pl
    from PIL.Image import Image

    from dream_nb.media.values import Value
    from dream_nb.results.measure import Measure

# A notebook stays small: what is beyond is counted.
_MOST_SHOWN: Final = 24
_TILE_SIDE: Final = 208
_THUMBNAIL_SIDE: Final = 160


class Dreams(Sequence[Dream]):
    """An ordered collection of dreams. It does not change; what takes some of them gives a new one.

    Shown in a notebook it is a grid of small pictures: on its axes where it is a sweep.

    Args:
        dreams: in their order.
        words: for each dream of a sweep the word that it has on each axis, such as `{"time": "dawn"}`; by default none.
        measures: for each dream what was measured of it, by name; by default nothing.

    Raises:
        ValueError: there are not as many words, or measures, as dreams.
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
        """The dreams of a folder: of an export, of a library without its ledger, or of files from anywhere.

        What a file's sidecar says counts, else what stands in the file itself. The film of a
        storyboard has the prompts of its shots, a foreign file none; what is neither video nor image is left out.

        Args:
            folder: the folder of the files.

        Returns:
            By name.

        Raises:
            LibraryError: it is not a folder, or cannot be read.
        """
        return cls(read_folder(given_path(folder)))

    @property
    def words(self) -> list[dict[str, str]]:
        """For each dream of a sweep the word that it has on each axis."""
        return [dict(word) for word in self._words]

    @property
    def measures(self) -> list[dict[str, Any]]:
        """For each dream what `measure` found, by name."""
        return [dict(measure) for measure in self._measures]

    @property
    def axes(self) -> dict[str, list[str]]:
        """The axes of a sweep, each with its words in the order in which they first appear."""
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
        """One column of the table, by its name: "cost", "created", an axis of the sweep, a measure, …

        Args:
            name: of the column.

        Raises:
            ValueError: there is no such column.
        """
        if name in FACTS:
            _, read = FACTS[name]
            return [read(dream) for dream in self]
        added = self._added()
        if name not in added:
            raise ValueError(missing_column(name, added))
        return added[name]

    def _added(self) -> dict[str, list[Any]]:
        """The columns that not every dream has: the words of a sweep, and what was measured."""
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
        """Those for which all of it holds.

        Args:
            condition: a function of the dream, or None.
            **columns: for a column of the table the value that it has to have, or a function of the value:
                `dreams.filter(kind="video", sharpness=lambda value: value > 100)`. Where there is no value, no function
                is asked, and the dream is left out.

        Raises:
            ValueError: there is no such column.
        """
        kept = set(range(len(self)))
        for name, wanted in columns.items():
            kept &= {place for place, value in enumerate(self.column(name)) if _holds(value, wanted)}
        return self._at(place for place in sorted(kept) if condition is None or condition(self._dreams[place]))

    def sort_by(self, key: str | Callable[[Dream], Any], *, reverse: bool = False) -> Dreams:
        """In another order; equal ones stay in theirs, and those without a value come last.

        Args:
            key: a column of the table, or a function of the dream.
            reverse: whether the largest comes first.

        Raises:
            ValueError: there is no such column.
        """
        values = self._values(key)
        there = [place for place, value in enumerate(values) if value is not None]
        gaps = [place for place, value in enumerate(values) if value is None]
        return self._at([*sorted(there, key=values.__getitem__, reverse=reverse), *gaps])

    def group_by(self, key: str | Callable[[Dream], Any]) -> dict[Any, Dreams]:
        """Those with the same value together, in the order in which they first appear.

        Args:
            key: a column of the table, or a function of the dream. A list counts as a tuple.

        Raises:
            ValueError: there is no such column.
        """
        groups: dict[Any, list[int]] = {}
        for place, value in enumerate(self._values(key)):
            groups.setdefault(tuple(value) if isinstance(value, list) else value, []).append(place)
        return {value: self._at(places) for value, places in groups.items()}

    def _values(self, key: str | Callable[[Dream], Any]) -> list[Any]:
        return self.column(key) if isinstance(key, str) else [key(dream) for dream in self]

    def to_pandas(self, *, thumbnails: bool = False) -> pd.DataFrame:
        """A table with a row a dream: times in UTC, cents and seconds as numbers, tags as lists, gaps as NA.

        Args:
            thumbnails: whether its first column has small pictures, which a notebook shows; without a file it has None.

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
        """A table with a row a dream: times in UTC, cents and seconds as numbers, tags as lists, gaps as null.

        Raises:
            ConfigurationError: polars is not installed.
        """
        return to_polars(self._table())

    def to_parquet(self, path: Path | str) -> Path:
        """Write that table as a Parquet file.

        Args:
            path: where it is written.

        Returns:
            Where it was written.

        Raises:
            ConfigurationError: neither polars, nor pandas with pyarrow, is installed.
            LibraryError: it cannot be written.
        """
        target = given_path(path)
        to_parquet(self._table(), target)
        return target

    def measure(self, *measures: str | Measure, executor: Executor | None = None) -> Dreams:
        """The same dreams with columns for what is measured of their frames, in the worker processes.

        What the library knows is not measured again. Where something cannot be measured, for want of a file for
        example, there is a gap, the column "problem" says why, and so does a warning. Where an axis of the sweep has
        the name of a measure, the measure's column is that with a dash below: "brightness_".

        Args:
            *measures: "brightness" (mean luma, 0 to 1), "contrast" (the standard deviation of luma), "colourfulness" (0
                to about 109), "sharpness" (the variance of the Laplacian), "colours" (the dominant ones, as "#rrggbb"),
                "motion" (how much of its range luma changes in a second), "seam" (the step from the last frame to the
                first, in steps of the video), "shots" (the times of cuts in seconds), "fingerprint" (64 bits, of which
                few differ between near-duplicates), or functions made with `@dream_nb.measure`; by default all of the
                named ones.
            executor: what measures; by default that of the session, else this process's pool of workers.

        Raises:
            ValueError: there is no such measure, two have the same name, or one cannot be sent to a worker process.
        """
        from dream_nb.results.measure import PROBLEM, MeasureWarning, measured

        columns = measured(self._dreams, measures, executor)
        if problems := [column[PROBLEM] for column in columns if column[PROBLEM] is not None]:
            text = f"{len(problems)} of {len(self)} dreams have gaps, such as {problems[0]}"
            warnings.warn(text, MeasureWarning, stacklevel=2)
        beside = [before | column for before, column in zip(self._measures, columns, strict=True)]
        return Dreams(self._dreams, words=self._words, measures=beside)

    def _measure_one(self, measures: Sequence[str | Measure], executor: Executor | None) -> dict[str, Value]:
        """What is measured of the only dream, for `Dream.measure`, whose caller is warned."""
        from dream_nb.results.measure import PROBLEM, MeasureWarning, measured

        (values,) = measured(self._dreams, measures, executor)
        if (problem := values.pop(PROBLEM)) is not None:
            warnings.warn(f"{self[0].title!r} has gaps: {problem}", MeasureWarning, stacklevel=3)
        return values

    def near_duplicates(self, distance: int = 6) -> list[Dreams]:
        """Those that look alike, in groups of two and more, by their fingerprints.

        Args:
            distance: how many of the 64 bits may differ between neighbours of a group.

        Raises:
            ValueError: the distance is not a number from 0 to 64.
        """
        from dream_nb.media.duplicates import near_duplicates

        measured = self.measure("fingerprint")
        # An axis of a sweep may have the name of the column.
        groups = near_duplicates([values["fingerprint"] for values in measured.measures], distance)
        return [measured._at(places) for places in groups]

    def contact_sheet(self, *, columns: int | None = None, side: int = 320) -> Image:
        """All of them on one picture: a sweep on its axes, others with their prompts. What has no file stays grey.

        Args:
            columns: how many are beside each other, each with its words of the sweep, else its prompt; by default a
                sweep is on its axes, as in `grid`, and others are in a square.
            side: the longer side of each, in pixels.

        Raises:
            ValueError: there are no dreams, or a number is less than 1.
        """
        if not self:
            raise ValueError("a contact sheet needs at least one dream")
        check_numbers(columns=1 if columns is None else columns, side=side)
        pictures = [_picture(dream, side) for dream in self]
        there = {number: picture for number, picture in enumerate(pictures) if picture is not None}
        if columns is None and are_on_axes(self._words) and there:
            return draw_grid(Layout.of(self._words), there, side)
        width = max(1, round(len(self) ** 0.5)) if columns is None else columns
        return sheet(list(zip(pictures, self._captions(), strict=True)), width, side)

    def _captions(self) -> list[str]:
        """For each its words of the sweep, else what it is called and what tells it from others of the same prompt."""
        return [
            " · ".join(words.values()) or dream.caption for dream, words in zip(self._dreams, self._words, strict=True)
        ]

    def grid(self, rows: str | None = None, columns: str | None = None) -> dream_nb.Grid:
        """A widget that lays them out on two axes: played all at once, compared two by two, the best one picked.

        Args:
            rows: the axis whose words head the rows; by default the last but one.
            columns: the axis whose words head the columns; by default the last. Dreams without axes are a plain wall.

        Raises:
            ValueError: there is no such axis, no dream, or there are more than 2,000.
        """
        # By its public name: widgets are built on results, and not the other way round.
        return dream_nb.Grid(self, rows, columns)

    def map(self, x: str, y: str) -> dream_nb.Map:
        """A widget that lays them out as small pictures on two measures: zoomed by the wheel, selected by a click.

        Args:
            x: the column of the horizontal axis, such as "motion". What is not measured yet is measured.
            y: the column of the vertical axis, such as "colourfulness".

        Raises:
            ValueError: there is no such measure or column, it has no numbers, or there are more than 200 dreams.
        """
        known = {*FACTS, *self._added()}
        missing = [name for name in dict.fromkeys((x, y)) if name not in known]
        return dream_nb.Map(self.measure(*missing) if missing else self, x, y)

    def export(self, folder: Path | str) -> Path:
        """Copy the files into a folder, with a page that plays them offline and a manifest that says what they are.

        Args:
            folder: made where it is missing. No file in it is replaced by another; page and manifest are those of the
                last export.

        Returns:
            The page, `index.html`. Dreams without a file, or with one that was changed since it came, stand in it, and
            in `manifest.json`, with the problem.

        Raises:
            ValueError: there are no dreams.
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
        """The first of them as HTML, on the axes of a sweep."""
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
    """Whether a value of a column, in which None is a gap, is the one that is wanted, or what a function wants."""
    return value is not None and bool(wanted(value)) if callable(wanted) else value == wanted


def _picture(dream: Dream, side: int) -> Image | None:
    try:
        return dream._reduced(side)
    except LibraryError:
        return None


def _tile(dream: Dream, caption: str) -> Tile:
    try:
        return Tile(dream._link, picture_uri(dream._jpeg(_TILE_SIDE)), dream.title, caption, "")
    except LibraryError as error:
        return Tile(dream._link, "", dream.title, caption, str(error))


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
