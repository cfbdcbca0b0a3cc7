"""Adds credits for drawings to the metadata of a file, if a licence requires them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dream_nb.studio.render.brief import Brief, Modify, Reframe
from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.subjects.openmoji import CREDIT


def credited(brief: Brief) -> Brief:
    """Return the brief with a copyright tag if its figures, or those in a given file, are licensed drawings."""
    drawn = brief.edit is None and bool(KnownWords(brief.prompt).cast.subjects)
    if drawn or any(CREDIT.encode() in data for data in _given(brief)):
        return replace(brief, tags=(*brief.tags, ("copyright", CREDIT)))
    return brief


def _given(brief: Brief) -> Iterator[bytes]:
    """Yield the given files that may be visible in the result."""
    anchors = brief.anchors
    if brief.edit is not None:
        yield brief.edit.source
    if isinstance(brief.edit, Modify):
        anchors += brief.edit.guides
    if isinstance(brief.edit, Modify | Reframe) and brief.edit.first_frame is not None:
        yield brief.edit.first_frame
    for frame in (brief.frame0, brief.frame1, *(anchor.keyframe for anchor in anchors)):
        if frame is not None:
            yield frame.data
    for reference in (*brief.image_refs, brief.modify):
        if reference is not None:
            yield reference.picture
    yield from brief.character_refs
