"""An ordered collection of dreams: a sweep, a gallery selection, a history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from dream_nb.files import given_path
from dream_nb.results.dream import Dream

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd
    import polars as pl
    from PIL.Image import Image

    from dream_nb.notebook.widgets.grid import Grid
    from dream_nb.results.measuring import Measure


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
            folder: where they lie.

        Returns:
            By name.

        Raises:
            LibraryError: it is no folder that can be read.
        """
        from dream_nb.results.foreign import read_folder

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
        axes: dict[str, list[str]] = {}
        for word in self._words:
            for axis, value in word.items():
                if value not in axes.setdefault(axis, []):
                    axes[axis].append(value)
        return axes

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
            name: which.

        Raises:
            ValueError: there is no such column.
        """
        from dream_nb.results.table import column

        return column(self, name)

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
        from dream_nb.results.table import holds

        kept = set(range(len(self)))
        for name, wanted in columns.items():
            kept &= {place for place, value in enumerate(self.column(name)) if holds(value, wanted)}
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

    def to_pandas(self) -> pd.DataFrame:
        """A table with a row a dream: times in UTC, cents and seconds as numbers, tags as lists, gaps as NA.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        from dream_nb.results.table import to_pandas

        return to_pandas(self)

    def to_polars(self) -> pl.DataFrame:
        """A table with a row a dream: times in UTC, cents and seconds as numbers, tags as lists, gaps as null.

        Raises:
            ConfigurationError: polars is not installed.
        """
        from dream_nb.results.table import to_polars

        return to_polars(self)

    def to_parquet(self, path: Path | str) -> Path:
        """Write that table as a Parquet file.

        Args:
            path: where to.

        Returns:
            Where it was written.

        Raises:
            ConfigurationError: neither polars, nor pandas with pyarrow, is installed.
            LibraryError: it cannot be written.
        """
        from dream_nb.results.table import to_parquet

        return to_parquet(self, path)

    def measure(self, *measures: str | Measure, executor: Executor | None = None) -> Dreams:
        """The same dreams with columns for what is measured of their frames, in the worker processes.

        What the library knows is not measured again. Where something cannot be measured, for want of a file for
        example, there is a gap, the column "problem" says why, and so does a warning. Where an axis of the sweep has
        the name of a measure, the measure's column is that with a dash below: "brightness_".

        Args:
            *measures: "brightness", "contrast", "colourfulness", "sharpness", "colours", "motion", "seam", "shots",
                "fingerprint" (`dream_nb.results.measures` says what each is), or functions made with
                `@dream_nb.measure`; by default all of ours.
            executor: where; by default that of the session, else this process's pool of workers.

        Raises:
            ValueError: there is no such measure, two have the same name, or one cannot be sent to a worker process.
        """
        from dream_nb.results.measuring import measured

        return measured(self, measures, executor)

    def near_duplicates(self, distance: int = 6) -> list[Dreams]:
        """Those that look alike, in groups of two and more, by their fingerprints.

        Args:
            distance: how many of the 64 bits may differ between neighbours of a group.

        Raises:
            ValueError: the distance is not a number from 0 to 64.
        """
        from dream_nb.results.likeness import near_duplicates

        return near_duplicates(self.measure("fingerprint"), distance)

    def contact_sheet(self, *, columns: int | None = None, side: int = 320) -> Image:
        """All of them on one picture, each with its words of the sweep, else its prompt. What has no file stays grey.

        Args:
            columns: how many stand beside each other; by default those of the sweep's last axis, else a square.
            side: the longer side of each, in pixels.

        Raises:
            ValueError: there are no dreams, or a number is less than 1.
        """
        from dream_nb.results.sheet import of_dreams

        return of_dreams(self, columns, side)

    def grid(self, rows: str | None = None, columns: str | None = None) -> Grid:
        """A widget that lays them out on two axes: played all at once, compared two by two, the best one picked.

        Args:
            rows: the axis whose words head the rows; by default the last but one.
            columns: the axis whose words head the columns; by default the last. Dreams without axes are a plain wall.

        Raises:
            ValueError: there is no such axis, no dream, or there are more than 100.
        """
        from dream_nb.notebook.widgets.grid import Grid

        return Grid(self, rows, columns)

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
        from dream_nb.results.export import export

        return export(self, given_path(folder))

    def __repr__(self) -> str:
        return f"Dreams({len(self)})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from dream_nb.results.overview import overview

        return {"text/plain": repr(self), "text/html": overview(self)}
