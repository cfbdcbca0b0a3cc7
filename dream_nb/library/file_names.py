"""The names of finished files: a readable part from the prompt, and digits that distinguish requests."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_MAX_SLUG: Final = 48
# Usually twelve digits; more if two requests share these.
_DIGITS: Final = (12, 24, 64)
_ARTICLES: Final = re.compile(r"^(?:a|an|the)-(?=.)")


def file_names(prompt: str, identity: str, suffix: str) -> Iterator[str]:
    """Return the names that a file may have, shortest first. They are the same on every machine.

    Args:
        prompt: the prompt of the dream.
        identity: what distinguishes it from files of the same prompt.
        suffix: the suffix of the name, such as ".mp4".
    """
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return (f"{slug(prompt)}-{digest[:digits]}{suffix}" for digits in _DIGITS)


def slug(prompt: str) -> str:
    """Return the prompt as the readable part of a file name: ASCII letters and digits, safe on every system.

    Args:
        prompt: the prompt.
    """
    ascii_only = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    words = _ARTICLES.sub("", words)
    if len(words) > _MAX_SLUG:
        words = words[: _MAX_SLUG + 1].rpartition("-")[0] or words[:_MAX_SLUG]
    return words or "dream"
