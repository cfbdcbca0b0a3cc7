"""A Sphinx extension that includes the files of saved previews in the built pages.

A preview is HTML that refers to its video by an address relative to the notebook, and Sphinx does not copy files that
HTML refers to. With `dream_nb.built_pages` among the `extensions` of `conf.py`, each of these files becomes a download
of its page, which Sphinx copies, and the preview refers to that copy. It works with any extension that turns the
outputs of notebooks into HTML, such as myst-nb and nbsphinx.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

from dream_nb.media.formats import PICTURES, VIDEOS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Every preview has this class. Other HTML is not changed.
_OURS: Final = "tex2jax_ignore"
_ADDRESS: Final = re.compile(r'(?P<before> (?:src|href)=")(?P<address>(?!data:)[^"]+)(?=")')
_SUFFIXES: Final = frozenset(one.suffix for one in (*PICTURES, *VIDEOS))
_FOLDER: Final = "_downloads"
# An attribute of the node of a file: the address that the preview uses for it.
_NAMED: Final = "dream_nb"

_log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register this extension with a project.

    Args:
        app: the application that builds the project.

    Returns:
        The metadata of the extension, which Sphinx asks for.
    """
    # Before Sphinx itself collects the downloads of a page.
    app.connect("doctree-read", _find_files, priority=400)
    app.connect("doctree-resolved", _name_copies)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}


def _find_files(app: Sphinx, document: nodes.document) -> None:
    """Make a download of each file that a preview in this document refers to."""
    missing: set[str] = set()
    for preview in list(document.findall(nodes.raw)):
        text = preview.astext()
        if "html" not in preview.get("format", "").split() or _OURS not in text:
            continue
        for address in dict.fromkeys(match["address"] for match in _ADDRESS.finditer(text)):
            path = _path(address)
            if path is None or path in missing:
                continue
            file = _find(app, path)
            if file is None:
                missing.add(path)
                continue
            # Inside the HTML node, which builders do not search: the download moves with the preview.
            target = f"/{_from_sources(app, file)}"
            preview.append(addnodes.download_reference("", reftarget=target, **{_NAMED: address}))


def _path(address: str) -> str | None:
    """The relative path of a picture or video that an address refers to, or None for any other address."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return None
    # An address on another site begins with a slash.
    is_ours = not path.startswith("/") and posixpath.splitext(path)[1].lower() in _SUFFIXES
    return path if is_ours else None


def _find(app: Sphinx, path: str) -> Path | None:
    """The file at a path relative to the current document, or None if it may not be shown."""
    name = app.env.docname
    source = Path(app.env.doc2path(name))
    real = source.resolve()
    # The document may be a link to a notebook that has its library beside it.
    choices = [Path(os.path.normpath(folder / path)) for folder in (source.parent, real.parent)]
    file = next((choice for choice in choices if choice.is_file()), None)
    if file is None:
        # The document is read again as soon as the file exists.
        app.env.note_dependency(_from_sources(app, choices[0]))
        _log.warning(
            "a preview refers to %r, which does not exist: run the notebook again, or commit the file",
            path,
            location=name,
            type="dream_nb",
            subtype="missing",
        )
        return None
    # Neither `..` nor a link may lead to files that were not meant for these pages.
    folders = (Path(app.srcdir).resolve(), real.parent)
    if not any(file.resolve().is_relative_to(folder) for folder in folders):
        _log.warning(
            "a preview refers to %r, which is outside of the documentation and of the notebook's folder: it is not "
            "copied",
            path,
            location=name,
            type="dream_nb",
            subtype="outside",
        )
        return None
    return file


def _from_sources(app: Sphinx, file: Path) -> str:
    try:
        return Path(os.path.relpath(file, app.srcdir)).as_posix()
    except ValueError:
        # The file is on another Windows drive.
        return file.as_posix()


def _name_copies(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Make the previews of a page refer to the files that Sphinx copies for it."""
    builder = app.builder
    if builder.format != "html" or not getattr(builder, "download_support", False):
        return
    page = urlsplit(builder.get_target_uri(docname)).path
    folder = posixpath.relpath(_FOLDER, posixpath.dirname(page) or ".")
    for preview in list(document.findall(nodes.raw)):
        copies = {
            file[_NAMED]: quote(posixpath.join(folder, file["filename"]))
            for file in preview.findall(addnodes.download_reference)
            if _NAMED in file and "filename" in file
        }
        if copies:
            html = _renamed(preview.astext(), copies)
            preview.clear()
            preview.append(nodes.Text(html))


def _renamed(html: str, copies: Mapping[str, str]) -> str:
    """Return HTML with its addresses replaced."""

    def rename(match: re.Match[str]) -> str:
        return match["before"] + copies.get(match["address"], match["address"])

    return _ADDRESS.sub(rename, html)
