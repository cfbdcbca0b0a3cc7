"""The names of finished files: what was asked for, for people, and digits that tell two requests apart."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_MAX_SLUG: Final = 48
# Twelve digits are what a person sees; more are there for the day on which two requests share them.
_DIGITS: Final = (12, 24, 64)
_ARTICLES: Final = re.compile(r"^(?:a|an|the)-(?=.)")


def file_names(prompt: str, identity: str, suffix: str) -> Iterator[str]:
    """The names that a file may have, the shortest first. They are the same on every machine.

    Args:
        prompt: the prompt that it was made of.
        identity: what tells it from files of the same prompt.
        suffix: of the name, such as ".mp4".
    """
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return (f"{slug(prompt)}-{digest[:digits]}{suffix}" for digits in _DIGITS)


def slug(prompt: str) -> str:
    """The prompt as the readable part of a file's name: ASCII letters and digits, safe on every system.

    Args:
        prompt: the prompt.
    """
    ascii_only = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    words = _ARTICLES.sub("", words)
    if len(words) > _MAX_SLUG:
        words = words[: _MAX_SLUG + 1].rpartition("-")[0] or words[:_MAX_SLUG]
    return words or "dream"
