"""Drawings with several files: one picture per layer, or a video and an OpenEXR file of its frames."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from dream_nb.studio.render.brief import Brief, RenderedFile, Separate
from dream_nb.studio.render.edits.separate import separated
from dream_nb.studio.render.finish.copyright import credited
from dream_nb.studio.render.finish.encode import Report, counted, encode_parts, join_parts, made_of, png_tags
from dream_nb.studio.render.finish.hdr import linear
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.prompt import KnownWords

_LEAST: Final = 16


def write_several(brief: Brief, progress: Path | None = None, thumbnail: Path | None = None) -> list[RenderedFile]:
    """Draw a brief, and return its files; see `dream_nb.studio.render.render_several`."""
    brief, report = credited(brief), Report(progress)
    report(0.0)
    if isinstance(brief.edit, Separate):
        return _layers(brief, brief.edit, report)
    return _with_exr(brief, report, thumbnail)


def _with_exr(brief: Brief, report: Report, thumbnail: Path | None) -> list[RenderedFile]:
    from dream_nb.studio.render.finish.exr import ExrFile

    made = made_of(brief)
    exr = ExrFile(made.brief.fps, made.brief.tags)

    def shown() -> Iterator[Planes]:
        # Frame by frame, because all of them at once may take a gigabyte.
        for shot in counted(made.shots, made.brief.frames, report, thumbnail):
            exr.add(linear(shot))
            yield shot

    video = join_parts(made.brief, encode_parts(shown(), made.brief), made.sound)
    report(1.0, at_once=True)
    return [RenderedFile(video, "mp4", "video"), RenderedFile(exr.data(), "exr", "exr")]


def _layers(brief: Brief, edit: Separate, report: Report) -> list[RenderedFile]:
    picture = pictures.whole(edit.source, edit.longer_side)
    height, width, _ = picture.shape
    # A small picture is enlarged, because every layer must have the requested size.
    scale = edit.longer_side / max(height, width)
    if brief.shorter_side is not None:
        scale = min(scale, brief.shorter_side / min(height, width))
    size = max(_LEAST, round(width * scale)), max(_LEAST, round(height * scale))
    if size != (width, height):
        picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    subjects = KnownWords(brief.prompt).cast.subjects
    layers = separated(picture, subjects[0].word if subjects else "")
    files = []
    for index, layer in enumerate(layers):
        out = io.BytesIO()
        Image.fromarray(layer.pixels).save(out, "png", pnginfo=png_tags(brief), compress_level=3)
        told: dict[str, str | int] = {
            "index": index,
            "label": layer.label,
            "description": layer.description,
            "alpha_hint": layer.alpha_hint,
        }
        files.append(RenderedFile(out.getvalue(), "png", "image", told))
        report((index + 1) / len(layers), at_once=True)
    return files
