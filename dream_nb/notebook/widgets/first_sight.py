"""What a card shows before the server has a preview: a picture that the request continues from, and its colours."""

from __future__ import annotations

import base64
import binascii
import contextlib

from dream_nb.api.errors import DreamError
from dream_nb.api.request_models import Request
from dream_nb.media.pictures import DAMAGE, jpeg, read_picture, reduced
from dream_nb.requests.media import pictures_of, source_ids
from dream_nb.results.job import Job
from dream_nb.session import Session

_SIDE = 480


def picture_of(job: Job) -> bytes | None:
    """Return a small JPEG of the first picture or dream that a request continues from; None if there is none here.

    Args:
        job: the running job.
    """
    for uri in pictures_of(job.request.model_dump(mode="json", exclude_none=True)):
        with contextlib.suppress(DreamError, binascii.Error, ValueError, *DAMAGE):
            return jpeg(reduced(read_picture(base64.b64decode(uri.partition(",")[2])), _SIDE))
    maker = job.maker
    if isinstance(maker, Session):
        for id in source_ids(job.request):  # noqa: A001 - the field's name in the specification
            with contextlib.suppress(DreamError, *DAMAGE):
                if (source := maker.find(id)) is not None:
                    return source._jpeg(_SIDE)
    return None


def colours_of(request: Request) -> list[str]:
    """Return the colours that the studio would use for a prompt, from the top of the sky to the ground, as CSS.

    Args:
        request: the request.
    """
    from dream_nb.studio.render.colours import sky_colours

    return ["rgb({:.0f} {:.0f} {:.0f})".format(*(255 * part for part in c)) for c in sky_colours(request.prompt or "")]
