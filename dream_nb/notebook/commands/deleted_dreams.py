"""`%dreams trash` and `%dreams restore`."""

from __future__ import annotations

from dream_nb.api.errors import InvalidRequestError
from dream_nb.lines.references import References
from dream_nb.notebook.commands.listing import Listing
from dream_nb.notebook.commands.matching import has_words
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session


def list_trash(session: Session) -> Listing[Dream]:
    """List the dreams that can be restored, most recently deleted first.

    Args:
        session: the session whose library is used.
    """
    trash, dreams = session.trash(), _dreams_in(session)
    rows = tuple(
        (
            dream.title,
            " · ".join(filter(None, [dream.kind, f"take {dream.take}" if dream.take > 1 else ""])),
            f"{one.deleted_at.astimezone():%d %b %H:%M}",
            f"{one.kept_until.astimezone():%d %b}",
            (dream.generation.id or "")[:8],
        )
        for one, dream in zip(trash, dreams, strict=True)
    )
    title = f"{len(rows)} {'dream' if len(rows) == 1 else 'dreams'} in the trash" if rows else "the trash is empty"
    note = "%dreams restore WHICH restores one; %dreams trash --empty deletes them permanently." if rows else ""
    headings = ("prompt", "what", "deleted", "kept until", "id") if rows else ()
    return Listing(command="trash", title=title, headings=headings, rows=rows, note=note, items=tuple(dreams))


def restore_one(session: Session, what: str, references: References) -> Dream:
    """Restore one dream from the trash.

    Args:
        session: the session whose library is used.
        what: a variable, an id or its beginning, or words of the title, note or tags.
        references: resolves variables and ids.

    Raises:
        InvalidRequestError: nothing in the trash, or several dreams, match.
        LibraryError: the dream is not in the trash, or its file is gone.
    """
    in_trash = _dreams_in(session)
    found = references.dreams(what, lambda: in_trash)
    if not found:
        found = Dreams(dream for dream in in_trash if has_words(dream, what))
    if len(found) != 1:
        count = f"matches {len(found)} dreams" if found else "is not in the trash"
        raise InvalidRequestError(f"{what!r} {count}: %dreams trash lists what can be restored, with ids")
    return session.restore(found[0])


def _dreams_in(session: Session) -> Dreams:
    return Dreams(Dream(one.record, session.library, session.home, session) for one in session.trash())
