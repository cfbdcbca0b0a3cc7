"""What goes on from a dream: the requests for what follows it, leads up to it, or is another of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dream_nb.api.errors import ConfigurationError, InvalidRequestError
from dream_nb.api.models import GenerationReference, Keyframes
from dream_nb.requests.identity import checked_request

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream
    from dream_nb.results.job import Job
    from dream_nb.results.maker import Maker

# What a continuation has in common with what it continues.
_KEPT = ("aspect_ratio", "model", "duration", "resolution")


def go_on(
    dream: Dream, prompt: str | None, *, begin: Dream | None = None, end: Dream | None = None, take: int = 1
) -> Job:
    """Ask for a video between two dreams.

    Args:
        dream: whose shape it keeps.
        prompt: what happens; None is the dream's own prompt.
        begin: whose last frame it begins with, or None.
        end: whose first frame it ends with, or None.
        take: which result of this request.

    Raises:
        ConfigurationError: no session goes on with it, or one of another backend.
        InvalidRequestError: the prompt is empty.
    """
    maker = maker_of(dream, begin, end)
    keyframes = Keyframes(frame0=_reference(begin), frame1=_reference(end))
    fields: dict[str, Any] = {name: getattr(dream.request, name, None) for name in _KEPT}
    if dream.kind == "image":
        # An image's models make no video.
        fields["model"] = None
    request = checked_request(dream.prompt if prompt is None else prompt, keyframes=keyframes, **fields)
    return maker.submit(request, take=take)


def vary(dream: Dream, count: int) -> list[Job]:
    """Ask for the next takes of a dream's request.

    Args:
        dream: which.
        count: how many.

    Raises:
        ConfigurationError: no session goes on with it, or one of another backend.
        InvalidRequestError: the count is less than 1.
    """
    if count < 1:
        raise InvalidRequestError(f"{count} variations are none: ask for 1 or more")
    maker = maker_of(dream)
    return [maker.submit(dream.request, take=dream.take + number) for number in range(1, count + 1)]


def maker_of(dream: Dream, *others: Dream | None) -> Maker:
    """The session that goes on with a dream.

    Args:
        dream: which.
        *others: what else the server has to know.

    Raises:
        ConfigurationError: there is none, or it asks another backend than the one that made them.
    """
    maker = dream._maker
    if maker is None:
        raise ConfigurationError(
            f"{dream!r} belongs to no session: open its library with Session(library=…) and take it from its dreams()"
        )
    for one in (dream, *others):
        if one is not None and one.backend != maker.backend:
            raise ConfigurationError(
                f"{one.prompt!r} was made by backend {one.backend!r}, and this session asks {maker.backend!r}, which "
                f"does not know it: open Session(backend={one.backend!r})"
            )
    return maker


def _reference(dream: Dream | None) -> GenerationReference | None:
    if dream is None:
        return None
    if not dream.generation.id:
        raise ConfigurationError(f"{dream.prompt!r} has no generation at a server: make it first")
    return GenerationReference(id=dream.generation.id)
