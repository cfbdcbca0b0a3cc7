"""Drawings that are several files: one picture a layer."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from dream_nb.studio.render.brief import Brief, RenderedFile, Separate
from dream_nb.studio.render.edits.separate import separated
from dream_nb.studio.render.finish.copyright import credited
from dream_nb.studio.render.finish.encode import Report, png_tags
from dream_nb.studio.render.given import pictures
from dream_nb.studio.render.prompt import KnownWords

_LEAST: Final = 16


def write_several(brief: Brief, progress: Path | None = None) -> list[RenderedFile]:
    """The files of a brief; see `dream_nb.studio.render.render_several`."""
    assert isinstance(brief.edit, Separate)
    return _layers(credited(brief), brief.edit, Report(progress))


def _layers(brief: Brief, edit: Separate, report: Report) -> list[RenderedFile]:
    report(0.0)
    picture = pictures.whole(edit.source, edit.longer_side)
    height, width, _ = picture.shape
    # A small one is enlarged: every layer has the size that is asked for.
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
