"""The gallery, which shows everything in the library, one window at a time."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import anyio
import anyio.to_thread
import traitlets

from dream_nb.api.errors import BudgetError, DreamError, InvalidRequestError, LibraryError
from dream_nb.api.portal import portal
from dream_nb.api.request_models import ASPECT_RATIOS, KINDS
from dream_nb.backends.backends import is_paid
from dream_nb.default import default_session
from dream_nb.files import given_path
from dream_nb.html.stand_in import stand_in
from dream_nb.library.catalogue import STATES, Catalogue, Filter, key
from dream_nb.library.library import Library
from dream_nb.library.lineage import ratio
from dream_nb.library.record import Record
from dream_nb.library.sidecars import MAX_STARS
from dream_nb.library.thumbnails import Thumbnails
from dream_nb.media.pictures import jpeg, read_picture, reduced
from dream_nb.media.sheets import sheet
from dream_nb.notebook.state import sweep_size
from dream_nb.notebook.widgets.base import Answer, Widget, action
from dream_nb.notebook.widgets.messages import (
    Deleted,
    ExportedPage,
    Facets,
    FilterChoices,
    GalleryRow,
    Keys,
    PictureProblems,
    Restored,
    Synced,
    Window,
)
from dream_nb.notebook.widgets.trust import folder_inside
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.made_file import address
from dream_nb.session import Session
from dream_nb.workers import pool

# The number of rows that the page has before its first request, and the largest number that it is sent at once.
_FIRST: Final = 36
_MOST: Final = 120
_CHOICES: Final = FilterChoices(
    kind=list(KINDS),
    state=list(STATES),
    ratio=list(ASPECT_RATIOS),
    stars=list(range(1, MAX_STARS + 1)),
)
_WATCH_SECONDS: Final = 1.0
_LONGEST: Final = 400
_STILL: Final = 12
_STILL_SIDE: Final = 120
_STILL_COLUMNS: Final = 6


class Gallery(Widget):
    """Everything in the library, newest first: search, rate, tag, compare, and continue from dreams.

    Args:
        session: the session whose library is shown; by default the default session.
        trusted: whether the users of the page may do what the notebook's author may. Others can export only to folders
            inside the library. By default False under Voila and in marimo's run mode, otherwise True.
        **filters: the initial filters, see `filters`.

    Attributes:
        filters: the filters by name: `search` (words of prompt, note or tags), `kind`, `state` ("completed", "failed"
            or "under way"), `ratio`, `backend`, `since` and `until` (days in UTC, such as "2026-11-01"), `stars` (the
            minimum), `tag`.
        chosen: the short names of the selected dreams. Use `observe` to be notified of changes.
        total: the number of all dreams, ignoring the filters.

    Raises:
        InvalidRequestError: a filter is unknown.
    """

    instead = "%dreams history lists the library, and %dreams show shows a dream of it."
    modules = (
        "compare.css",
        "gallery.css",
        "compare.js",
        "gallery_rows.js",
        "gallery_selection.js",
        "gallery_pictures.js",
        "gallery_list.js",
        "gallery_filters.js",
        "gallery_stars.js",
        "gallery_actions.js",
        "gallery_input.js",
        "gallery.js",
    )
    page_traits = frozenset({"filters", "chosen"})

    filters = traitlets.Dict().tag(sync=True)
    """The filters that are not empty. Page and Python change them."""

    chosen = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The short names of the selected dreams, in the order in which they were selected. Page and Python change it."""

    total = traitlets.Int().tag(sync=True)
    """The number of dreams in the library, ignoring the filters. Python changes it."""

    version = traitlets.Int().tag(sync=True)
    """The number of changes of the library since the gallery was created. The page then requests its rows again.
    Python changes it."""

    first = traitlets.Dict().tag(sync=True)
    """The `Window` with which the gallery opened, and its `filters`. It never changes."""

    choices = traitlets.Dict().tag(sync=True)
    """The `FilterChoices` of the filters. It never changes."""

    facets = traitlets.Dict().tag(sync=True)
    """The `Facets` of the library. Python changes it."""

    name = traitlets.Unicode().tag(sync=True)
    """Its model id, by which a page refers to it. It never changes."""

    point = traitlets.Dict().tag(sync=True)
    """The dream that the page scrolls to: `at`, its index among the dreams that match the filters, and `turn`, which
    counts the requests to scroll; empty before the first. Python changes it."""

    place = traitlets.Unicode().tag(sync=True)
    """The place for exports, in words that follow "a folder". It never changes."""

    def __init__(self, session: Session | None = None, *, trusted: bool | None = None, **filters: Any) -> None:
        Filter.of(filters)
        self._session = session or default_session()
        self._catalogue = Catalogue(self._session.library.ledger)
        # The machines of a cluster may not have access to the library.
        self._thumbnails = Thumbnails(self._session.library, pool)
        self._stamp = self._catalogue.stamp()
        self._looking = threading.Lock()
        super().__init__(
            filters=filters,
            total=self._catalogue.count(),
            first={**self._window(filters, 0, _FIRST), "filters": filters},
            choices=dict(_CHOICES),
            facets=self._facets(),
            trusted=trusted,
        )
        self.place = "beside the notebook" if self.trusted else "inside the library"
        self.name = self.model_id
        _open.add(self)
        portal.start(self._watch)

    @property
    def selected(self) -> Dreams:
        """The dreams that are selected now, in the order of selection."""
        return Dreams(map(self._dream, self._catalogue.find(self.chosen)))

    @selected.setter
    def selected(self, dreams: Iterable[Dream]) -> None:
        self.chosen = [key(dream._record) for dream in dreams]

    def show(self, dream: Dream) -> None:
        """Select a dream, and make the page scroll to it. Filters that exclude it are removed.

        Args:
            dream: the dream to show, from this gallery's library.

        Raises:
            InvalidRequestError: the dream is not in this library, or was deleted.
        """
        name, filters = key(dream._record), self.filters
        keys = self._catalogue.keys(Filter.of(filters))
        if name not in keys:
            filters, keys = {}, self._catalogue.keys()
        if not self.holds(dream) or name not in keys:
            raise InvalidRequestError(f"{dream.title!r} is not in {self._session.library.folder.name!r} any more")
        with self.hold_sync():
            self.filters = filters
            self.chosen = [name]
            self.point = {"at": keys.index(name), "turn": self.point.get("turn", 0) + 1}

    def holds(self, dream: Dream) -> bool:
        """Whether a dream belongs to this gallery's library.

        Args:
            dream: the dream to look for.
        """
        library = dream._library
        return isinstance(library, Library) and library.folder == self._session.library.folder

    @property
    def dreams(self) -> Dreams:
        """All dreams that match the filters, newest first."""
        return Dreams(map(self._dream, self._catalogue.find(self._catalogue.keys(Filter.of(self.filters)))))

    @traitlets.validate("filters")
    def _check_filters(self, proposal: dict[str, Any]) -> dict[str, Any]:
        Filter.of(proposal["value"])
        return dict(proposal["value"])

    async def _watch(self) -> None:
        """Notify the page of all changes of the library, until the widget or the library is closed."""
        while self.comm is not None:
            await anyio.sleep(_WATCH_SECONDS)
            try:
                await anyio.to_thread.run_sync(self._look)
            except Exception:  # noqa: BLE001 - a closed library has no news
                return

    def _look(self) -> None:
        # Whoever returns from here can rely on the page having been told, also by another thread.
        with self._looking:
            stamp = self._catalogue.stamp()
            if stamp != self._stamp and self.comm is not None:
                self._stamp = stamp
                with self.hold_sync():
                    self.total = self._catalogue.count()
                    self.facets = dict(self._facets())
                    self.version += 1

    def _facets(self) -> Facets:
        return {"backends": self._catalogue.backends(), "tags": self._catalogue.tags()}

    def _dream(self, record: Record) -> Dream:
        return Dream(record, self._session.library, self._session.home, self._session)

    def _window(self, filters: dict[str, Any], offset: int, limit: int) -> Window:
        chosen = Filter.of(filters)
        records = self._catalogue.window(offset, max(0, min(limit, _MOST)), chosen)
        return {"count": self._catalogue.count(chosen), "offset": offset, "rows": [self._row(one) for one in records]}

    def _row(self, record: Record) -> GalleryRow:
        dream = self._dream(record)
        small = self._thumbnails.place(record)
        row: GalleryRow = {
            "key": key(record),
            "id": dream.generation.id or "",
            "prompt": _short(title := dream.title),
            "caption": _short(caption) if (caption := dream.caption) != title else "",
            "kind": dream._shows,
            "state": "failed" if dream.generation.has_failed else dream.state,
            "ratio": record.request.aspect_ratio or ratio(self._session.library.ledger, record),
            "backend": record.backend,
            "take": record.take,
            "created": dream.created.isoformat(timespec="minutes"),
            "stars": record.stars,
            "note": _short(record.note),
            "tags": list(record.tags),
            "reason": _short(dream.generation.why_not_made),
            "file": dream.url,
            "small": self._address(small) if small else "",
            "made": self._thumbnails.made(record) is not None,
        }
        # Empty values need not be sent.
        return cast("GalleryRow", {name: value for name, value in row.items() if value not in ("", [], 0, False)})

    def _address(self, path: Path) -> str:
        return address(path, self._session.home)

    def file(self, name: str) -> Path | None:
        """Return the path of a dream's file, `file:KEY`, or of its small picture, `small:KEY`.

        Args:
            name: the name, which contains the short name of the record.
        """
        what, _, which = name.partition(":")
        for record in self._catalogue.find([which]):
            return self._thumbnails.made(record) if what == "small" else self._session.library.path(record)
        return None

    @action
    def window(self, filters: dict[str, Any], offset: int, limit: int) -> Window:
        """Return some rows that match the filters, and the number of all matching rows.

        Args:
            filters: the filters, as in `filters`.
            offset: the number of matching rows to skip.
            limit: the largest number of rows, at most 120.
        """
        return self._window(filters, offset, limit)

    @action
    def pictures(self, keys: list[str]) -> PictureProblems:
        """Make the small pictures of some dreams, and report those that cannot be made.

        Args:
            keys: the short names of the dreams, at most 120.
        """
        records = self._catalogue.find(keys[:_MOST])
        problems = self._thumbnails.make(records)
        places = {key(record): self._thumbnails.place(record) for record in records}
        return {"problems": {name: problems[place] for name, place in places.items() if place in problems}}

    @action
    def keys_between(self, filters: dict[str, Any], offset: int, limit: int) -> Keys:
        """Return the short names of some dreams that match the filters.

        Args:
            filters: the filters, as in `filters`.
            offset: the number of matching dreams to skip.
            limit: the largest number of names; -1 for all.
        """
        return {"keys": self._catalogue.keys(Filter.of(filters), offset, limit)}

    @action
    def mark(
        self,
        keys: list[str],
        stars: int | None = None,
        note: str | None = None,
        tag: str | None = None,
        untag: str | None = None,
    ) -> Answer:
        """Store stars or a note, or add or remove a tag, for some dreams.

        Args:
            keys: the short names of the dreams.
            stars, note: the new values; None leaves them unchanged.
            tag: the tag to add.
            untag: the tag to remove.
        """
        for record in self._catalogue.find(keys):
            tags = None
            if tag or untag:
                tags = [one for one in [*record.tags, *([tag.strip()] if tag else [])] if one and one != untag]
            self._session.library.mark(record, stars=stars, note=note, tags=tags)
        self._look()
        return None

    @action
    def delete(self, keys: list[str]) -> Deleted:
        """Delete some dreams from their servers, and move their files to the trash.

        Args:
            keys: the short names of the dreams.
        """
        gone, errors = [], []
        for record in self._catalogue.find(keys):
            try:
                self._session.delete(self._dream(record), files=True)
            except DreamError as error:
                errors.append(str(error))
                continue
            self._thumbnails.forget(record)
            gone.append(key(record))
        self.chosen = [name for name in self.chosen if name not in set(gone)]
        self._look()
        trashed = {key(one.record) for one in self._session.trash()}
        problem = f"{len(errors)} of {len(errors) + len(gone)} were not deleted: {errors[0]}" if errors else ""
        return {"count": len(gone), "restorable": [name for name in gone if name in trashed], "problem": problem}

    @action
    def restore(self, keys: list[str]) -> Restored:
        """Restore some dreams from the trash, and select them. They stay deleted on their servers.

        Args:
            keys: the short names of the dreams.

        Raises:
            LibraryError: a dream is not in the trash, or its file is gone; those before it are restored.
        """
        back = []
        try:
            for record in self._catalogue.find(keys):
                self._session.restore(self._dream(record))
                back.append(key(record))
        finally:
            self.chosen = back
            self._look()
        return {"count": len(back)}

    @action
    def extend(self, keys: list[str], prompt: str = "") -> Answer:
        """Make videos that continue from the ends of some dreams. The results appear in the gallery.

        Args:
            keys: the short names of the dreams.
            prompt: what happens next; empty means their own prompts.

        Raises:
            BudgetError: there are more than the setting `sweep_size` allows at once; nothing was sent.
        """
        dreams, size = self._some(keys), sweep_size()
        if len(dreams) > size and (is_paid(self._session.backend) or not self.trusted):
            raise BudgetError(f"{len(dreams)} are selected, but at most {size} are made at once: select fewer")
        for dream in dreams:
            dream.extend(prompt.strip() or None, wait=False)
        self._look()
        return None

    @action
    def export(self, keys: list[str], folder: str) -> ExportedPage:
        """Copy the files of some dreams into a folder, with a page that plays them.

        Args:
            keys: the short names of the dreams.
            folder: the path of the folder, relative to the notebook; if the page is not trusted, it must be inside the
                library.
        """
        if not folder.strip():
            raise InvalidRequestError("enter the name of a folder for the export")
        home, library = self._session.home, self._session.library.folder
        target = home / given_path(folder.strip()) if self.trusted else folder_inside(library, home, folder.strip())
        page = self._some(keys).export(target)
        return {"page": self._address(page)}

    @action
    def sync(self) -> Synced:
        """Import generations of the account that are not in the library."""
        return {"count": len(self._session.sync())}

    def _some(self, keys: Sequence[str]) -> Dreams:
        return Dreams(map(self._dream, self._catalogue.find(keys)))

    def __repr__(self) -> str:
        return f"Gallery({self._session.library.folder.name!r})"

    def static(self) -> str:
        """The first dreams on one small picture."""
        return stand_in(
            f"The gallery of {self._session.library.folder.name!r}: run the cell to use it", picture=self._still()
        )

    def _still(self) -> bytes | None:
        """The first dreams on one small picture, for readers without widgets."""
        records = self._catalogue.window(0, _STILL, Filter.of({**self.filters, "state": "completed"}))
        self._thumbnails.make(records, here=True)
        shown = []
        for path in filter(None, map(self._thumbnails.made, records)):
            # A damaged dream must not hide the others.
            with suppress(LibraryError):
                shown.append((reduced(read_picture(path), _STILL_SIDE), ""))
        return jpeg(sheet(shown, _STILL_COLUMNS, _STILL_SIDE)) if shown else None


def open_gallery(names: Sequence[str], dream: Dream) -> Gallery | None:
    """Return the last open gallery of a dream's library; None if there is none.

    Args:
        names: the model ids of the galleries that a page shows.
        dream: the dream to show.
    """
    there = {gallery.model_id: gallery for gallery in tuple(_open) if gallery.comm is not None}
    found = [there[name] for name in names if name in there and there[name].holds(dream)]
    return found[-1] if found else None


_open: weakref.WeakSet[Gallery] = weakref.WeakSet()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
