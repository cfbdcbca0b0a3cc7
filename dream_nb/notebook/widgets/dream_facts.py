"""Facts about a dream or a job, in a few words each."""

from __future__ import annotations

from dream_nb.api.errors import LibraryError
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job
from dream_nb.results.sweep import Sweep


def first_of(shown: Dream | Job | Sweep) -> Dream | Job:
    """Return the dream or job that represents others where a single one is needed.

    Args:
        shown: a dream or job.
    """
    return shown.jobs[0] if isinstance(shown, Sweep) else shown


def facts_of(shown: Dream | Job | Sweep) -> list[str]:
    """Return facts about a dream or job besides its prompt, such as its size. The file of a dream is read.

    Args:
        shown: a dream or job.
    """
    first = first_of(shown)
    request = first.request
    what: list[str | None]
    if isinstance(shown, Dream):
        try:
            width, height = shown.size
            what = [f"{shown.duration:.1f} s"] if shown.duration else []
            what += [f"{width}×{height}"]  # noqa: RUF001 - the sign for "by"
        except LibraryError:  # it failed, or its file is gone: the card says so
            what = [request.kind, request.aspect_ratio]
    else:
        what = [request.kind, request.aspect_ratio]
    loops = "loop" if getattr(request, "loop", False) else ""
    take = f"take {first.take}" if first.take > 1 and not isinstance(shown, Sweep) else ""
    drawn = "drawn procedurally by the studio" if first.backend == "studio" else ""
    words = _words_told(shown) if isinstance(shown, Dream) else []
    return [fact for fact in (*what, loops, take, drawn, *words) if fact]


def _words_told(dream: Dream) -> list[str]:
    """The studio's remarks about the words of a prompt."""
    told = (("drew", dream.drawn), ("not understood", dream.unknown))
    return [f"{what}: {', '.join(words)}" for what, words in told if words]
