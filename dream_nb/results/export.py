"""Exports dreams to a folder: files, a manifest, and a page that plays them offline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dream_nb.api.errors import LibraryError
from dream_nb.files import sha256_of, written
from dream_nb.html.page import template
from dream_nb.library.sidecars import SUFFIX, write_sidecar
from dream_nb.results.dream import Dream
from dream_nb.version import __version__

if TYPE_CHECKING:
    from dream_nb.library.record import Record

_PAGE: Final = "index.html"
_MANIFEST: Final = "manifest.json"
_KIND: Final = "dream_nb export"


class Exported(NamedTuple):
    """A dream to export.

    Attributes:
        dream: the dream.
        words: its value on each axis of a sweep.
        measures: its measured values.
    """

    dream: Dream
    words: Mapping[str, str]
    measures: Mapping[str, Any]


def export(exported: Iterable[Exported], folder: Path) -> Path:
    """Copy the files of dreams into a folder, with a page that plays them offline and a manifest.

    Args:
        exported: the dreams.
        folder: the path of the folder, which is created if missing.

    Returns:
        The path of the page.

    Raises:
        LibraryError: the folder cannot be written, or has another file of the same name.
    """
    chosen = list(exported)
    if any(one.dream._library.folder.resolve() == folder.resolve() for one in chosen):
        raise LibraryError(f"{str(folder)!r} is the library itself: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _keep_foreign(folder)
        entries = [_entry(one, folder) for one in chosen]
    except OSError as error:
        raise LibraryError(
            f"the folder {str(folder)!r} cannot be written ({error.strerror or error}): choose another"
        ) from error
    document = {"kind": _KIND, "version": __version__, "dreams": entries}
    with written(folder / _MANIFEST) as partial:
        partial.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    with written(folder / _PAGE) as partial:
        html = template("export.html").render(entries=entries, version=__version__)
        partial.write_text(html, encoding="utf-8")
    return folder / _PAGE


def _keep_foreign(folder: Path) -> None:
    """Raise an error instead of replacing a page or a manifest that no export has written."""
    manifest = folder / _MANIFEST
    try:
        is_ours = json.loads(manifest.read_text(encoding="utf-8")).get("kind") == _KIND
    except FileNotFoundError:
        is_ours = False
    except (ValueError, AttributeError):
        is_ours = False
    there = [name for name in (_PAGE, _MANIFEST) if (folder / name).exists()]
    if there and not is_ours:
        raise LibraryError(
            f"{there[0]!r} in {str(folder)!r} is an existing, different file: choose another folder, or move the file "
            "away"
        )


def _keep_foreign_sidecar(path: Path) -> None:
    """Raise an error instead of replacing a file that has the name of a sidecar but is not one."""
    if not path.exists():
        return
    try:
        is_ours = {"hash", "request", "sha256"} <= json.loads(path.read_text(encoding="utf-8")).keys()
    except (ValueError, AttributeError):
        is_ours = False
    if not is_ours or path.is_symlink():
        raise LibraryError(
            f"{path.name!r} in {str(path.parent)!r} is an existing, different file: choose another folder, or move the "
            "file away"
        )


def _entry(exported: Exported, folder: Path) -> dict[str, Any]:
    dream = exported.dream
    request = dream.request.wire()
    request.pop("callback_url", None)
    entry: dict[str, Any] = {
        "file": None,
        "prompt": dream.prompt,
        "kind": dream.kind,
        "request": request,
        "id": dream.generation.id,
        "state": dream.state,
        "backend": dream.backend,
        "take": dream.take,
        "hash": dream.hash,
        "sha256": dream.sha256,
        "created_at": dream.created.isoformat(),
        "stars": dream.stars,
        "note": dream.note,
        "tags": list(dream.tags),
        "words": dict(exported.words),
        "measures": dict(exported.measures),
    }
    try:
        path = dream.path
    except LibraryError as error:
        return entry | {"problem": str(error)}
    paths = dream.files if dream.backend and not dream._part else [path]
    for one in paths:
        _copy(one, folder / one.name)
    if dream.backend and not dream._part:
        _keep_foreign_sidecar(folder / f"{path.name}{SUFFIX}")
        write_sidecar(folder, replace(_without_callback(dream._record), file=path.name))
    entry["file"] = path.name
    if paths[1:]:
        entry["further"] = [one.name for one in paths[1:]]
    if dream.sha256 not in (None, sha256_of(folder / path.name)):
        entry["problem"] = f"{path.name!r} was changed since it was downloaded: run its cell again to download it again"
    return entry


def _without_callback(record: Record) -> Record:
    """The record without the callback URL, which only its server may know, and which the server returned."""
    nowhere = {"callback_url": None}
    generation = record.generation
    if generation and generation.request:
        generation = generation.model_copy(update={"request": generation.request.model_copy(update=nowhere)})
    return replace(record, request=record.request.model_copy(update=nowhere), generation=generation)


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        if target.is_symlink() or sha256_of(target) != sha256_of(source):
            raise LibraryError(
                f"{target.name!r} in {str(target.parent)!r} is an existing, different file: choose another folder, or "
                "move the file away"
            )
        return
    with written(target) as partial:
        shutil.copyfile(source, partial)
