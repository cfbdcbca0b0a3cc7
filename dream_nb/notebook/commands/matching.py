"""Finds dreams and jobs by words."""

from __future__ import annotations

from dream_nb.results.dream import Dream
from dream_nb.results.job import Job


def has_words(one: Dream | Job, words: str) -> bool:
    """Return whether the title, note or tags of a dream, or the title of a job, contain all words.

    Args:
        one: the dream or job.
        words: the words, separated by spaces; case is ignored, and their order does not matter.
    """
    parts = [one.title] if isinstance(one, Job) else [one.title, one.note, *one.tags]
    text = " ".join(parts).lower()
    return all(word in text for word in words.lower().split())
