"""What a drawing is made from: a request becomes a brief, with its pictures in hand."""

from __future__ import annotations

from dream_nb.api.models import GenerationRequest, ImageGenerationRequest
from dream_nb.studio.render import Brief, frame_size, image_size
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Record

MAKER = "dream_nb studio (procedural)"
_SECONDS = 5.0


def brief(record: Record, settings: Settings) -> Brief:
    """The brief of a generation."""
    tags = (("prompt", ""), ("request_id", record.id), ("encoder_note", MAKER))
    if record.kind == "video":
        video = GenerationRequest.from_body(record.request)
        width, height = _scaled(frame_size(video.aspect_ratio, video.resolution or "720p"), settings)
        seconds = float(video.duration.rstrip("s")) if video.duration else _SECONDS
        return Brief(
            kind="video",
            prompt=video.prompt or "",
            take=record.take,
            width=width,
            height=height,
            seconds=min(seconds, settings.longest_seconds or seconds),
            loop=bool(video.loop),
            model=video.model,
            tags=tags,
        )
    image = ImageGenerationRequest.from_body(record.request)
    width, height = _scaled(image_size(image.aspect_ratio), settings)
    return Brief(
        kind="image",
        prompt=image.prompt or "",
        take=record.take,
        width=width,
        height=height,
        model=image.model,
        image_format="png" if image.format == "png" else "jpg",
        tags=tags,
    )


def _scaled(size: tuple[int, int], settings: Settings) -> tuple[int, int]:
    if settings.shorter_side is None:
        return size
    scale = settings.shorter_side / min(size)
    return round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2
