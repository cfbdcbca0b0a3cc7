"""Advice about the failure reasons of the API."""

from __future__ import annotations

import re
from typing import Final

from dream_nb.api.luma_dialect import LUMA_DIALECT
from dream_nb.api.models import Generation

_CHANGE: Final = "Change the prompt"
_REFUSED: Final = f"{_CHANGE}, or ask for another take (take=…)"

# The first that matches is used. Reasons are free text, so these are words that they contain.
_TABLE: Final = (
    (
        re.compile(r"frame moderation|image moderation|(?:frame|picture|image)s?\b.*moderat", re.IGNORECASE),
        f"{_REFUSED}, and use another picture if you gave one",
    ),
    (re.compile(r"blacklist", re.IGNORECASE), _CHANGE),
    (re.compile(r"moderat|nsfw|prohibited|content policy|safety", re.IGNORECASE), _REFUSED),
    (
        re.compile(r"was deleted|is gone", re.IGNORECASE),
        "Make the dream that this starts from again, as another take (take=…), or use a file of your own",
    ),
    (
        re.compile(r"user input|read .*(?:frame|image|picture)|fetch|download", re.IGNORECASE),
        "Check that each picture opens and is a JPEG, PNG or WebP, and that its URL is publicly reachable",
    ),
    (
        re.compile(r"credit|balance|payment|billing|quota", re.IGNORECASE),
        "Check the balance of your account, then run the cell again",
    ),
    (re.compile(r"concurren|rate|too many|capacity|overload", re.IGNORECASE), "Run the cell again in a minute"),
    (
        re.compile(r"time(?:d)? ?out|internal|unexpected|worker|error|could not draw|no reason", re.IGNORECASE),
        "It is refunded: run the cell again",
    ),
)
_ENDED: Final = "Run the cell again to make it; %dreams credits shows whether it was refunded"
_ELSE: Final = "Run the cell again, or change the prompt"
_MODERATION: Final = (_TABLE[0][0], _TABLE[1][0], _TABLE[2][0])


def advice(generation: Generation) -> str:
    """Return what to do next about a failed generation, as one sentence without a full stop.

    Args:
        generation: the generation as its server returned it last.
    """
    reason = generation.why_not_made
    if is_of_luma_api(generation):
        from dream_nb.api.luma_models import FAILURE_ADVICE, OTHER_ADVICE

        return FAILURE_ADVICE.get(str((generation.model_extra or {}).get("failure_code")), OTHER_ADVICE)
    words = next((words for pattern, words in _TABLE if pattern.search(reason)), None)
    if generation.state != "failed":
        # Whatever the reason: a generation that failed is known to be refunded.
        return words if words is not None and is_moderation(reason) else _ENDED
    return words or _ELSE


def is_refunded(generation: Generation) -> bool:
    """Return whether a failed generation is certainly refunded. The Luma API says nothing about refunds.

    Args:
        generation: the generation as its server returned it last.
    """
    return generation.state == "failed" and not is_of_luma_api(generation)


def is_of_luma_api(generation: Generation) -> bool:
    """Whether the generation was returned by a server of the Luma API."""
    return (generation.model_extra or {}).get("api") == LUMA_DIALECT.api


def is_moderation(reason: str) -> bool:
    """Whether it failed because of its content, so that sending it again would fail again."""
    return any(pattern.search(reason) for pattern in _MODERATION)
