"""What a drawing is made from: a request becomes a brief, with its pictures in hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from dream_nb.api.request_models import (
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    ImageRef,
    Keyframe,
)
from dream_nb.studio import render
from dream_nb.studio.answers import PREFIX, asset_url
from dream_nb.studio.assets import ASSET_NAME, TYPES, AssetFiles, new_name
from dream_nb.studio.fetch import Fetcher, FetchError, read_data_url
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.render import UNREADABLE, Brief, Reference, RenderError
from dream_nb.studio.rules import Request
from dream_nb.studio.store import Store

MAKER: Final = "dream_nb studio (procedural)"
_SECONDS: Final = 5.0
_LONGEST_ECHO: Final = 2048
_ASSET_URL: Final = re.compile(rf"(?i:https?)://[^/?#]*{PREFIX}/assets/({ASSET_NAME.pattern})(?:[?#].*)?")
_SUFFIXES: Final = {kind: suffix for suffix, kind in TYPES.items() if kind.startswith("image/")}


def set_aside(document: dict[str, Any], assets: AssetFiles, base_url: str) -> list[str]:
    """Keep long `data:` URLs of a request as files, with the URLs of these in their place.

    Otherwise every poll and every page would carry the pictures along. Gives back the names of the files.
    """
    names: list[str] = []

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item) for item in value]
        if isinstance(value, str) and len(value) > _LONGEST_ECHO and value[:5].lower() == "data:":
            media_type, data = read_data_url(value)
            names.append(new_name(_SUFFIXES.get(media_type, "bin")))
            assets.write(names[-1], data)
            return asset_url(base_url, names[-1])
        return value

    for field in ("keyframes", "image_ref", "style_ref", "character_ref", "modify_image_ref"):
        if field in document:
            document[field] = replaced(document[field])
    return names


class Inputs:
    """Makes briefs out of requests: fetches pictures, and finds the files of earlier generations."""

    def __init__(self, store: Store, assets: AssetFiles, fetcher: Fetcher) -> None:
        self._store = store
        self._assets = assets
        self._fetcher = fetcher

    async def brief(self, record: StoredGeneration, request: Request) -> Brief:
        """The brief of a generation.

        Args:
            record: the generation.
            request: what it asks for, checked.

        Raises:
            RenderError: a picture or a keyframe cannot be had.
        """
        if isinstance(request, GenerationRequest):
            return await self._video(record, request)
        return await self._image(record, request)

    async def _video(self, record: StoredGeneration, request: GenerationRequest) -> Brief:
        width, height = _scaled(record, render.frame_size(request.aspect_ratio, request.resolution or "720p"))
        seconds = float(request.duration.rstrip("s")) if request.duration else _SECONDS
        frames = request.keyframes
        frame0, frame1 = await asyncio.gather(
            self._keyframe(record, frames.frame0 if frames else None, "last"),
            self._keyframe(record, frames.frame1 if frames else None, "first"),
        )
        return Brief(
            kind="video",
            prompt=" ".join([request.prompt or "", *_motions(request.concepts or ())]).strip(),
            take=record.take,
            width=width,
            height=height,
            seconds=min(seconds, record.longest_seconds or seconds),
            loop=bool(request.loop),
            model=request.model,
            frame0=frame0,
            frame1=frame1,
            tags=_tags(record, request.prompt),
        )

    async def _image(self, record: StoredGeneration, request: ImageGenerationRequest) -> Brief:
        width, height = _scaled(record, render.image_size(request.aspect_ratio))
        identity = request.character_ref.identity0 if request.character_ref else None
        change = request.modify_image_ref
        image_refs, style_refs, character_refs, modify = await asyncio.gather(
            self._references(record, "image_ref", request.image_ref or ()),
            self._references(record, "style_ref", request.style_ref or ()),
            asyncio.gather(
                *(self._picture(record, "character_ref", url) for url in (identity and identity.images) or ())
            ),
            self._references(
                record, "modify_image_ref", [ImageRef(url=change.url, weight=change.weight)] if change else ()
            ),
        )
        return Brief(
            kind="image",
            prompt=request.prompt or "",
            take=record.take,
            width=width,
            height=height,
            model=request.model,
            image_refs=image_refs,
            style_refs=style_refs,
            character_refs=tuple(character_refs),
            modify=modify[0] if modify else None,
            image_format="png" if request.format == "png" else "jpg",
            tags=_tags(record, request.prompt),
        )

    async def _keyframe(
        self, record: StoredGeneration, keyframe: Keyframe | None, end: Literal["first", "last"]
    ) -> render.Keyframe | None:
        if keyframe is None:
            return None
        if not isinstance(keyframe, GenerationReference):
            return render.Keyframe(await self._picture(record, "keyframes", keyframe.url), None)
        earlier = self._store.find(keyframe.id, record.account)
        if earlier is None:
            raise RenderError(f"{UNREADABLE}: generation {keyframe.id} was deleted")
        data = await self._file(earlier.asset)
        if data is None:
            raise RenderError(f"{UNREADABLE}: the file of generation {keyframe.id} is gone")
        return render.Keyframe(data, end if earlier.kind == "video" else None)

    async def _references(
        self, record: StoredGeneration, field: str, references: Iterable[ImageRef]
    ) -> tuple[Reference, ...]:
        named = [(reference.url, reference.weight) for reference in references if reference.url is not None]
        pictures = await asyncio.gather(*(self._picture(record, field, url) for url, _ in named))
        return tuple(
            Reference(picture) if weight is None else Reference(picture, weight)
            for picture, (_, weight) in zip(pictures, named, strict=True)
        )

    async def _picture(self, record: StoredGeneration, field: str, url: str) -> bytes:
        own = _ASSET_URL.fullmatch(url)
        if own and (data := await self._file(own[1])) is not None:
            # A file of this studio, by whatever address it is reached; its name is as good as a key.
            return data
        if url[:5].lower() != "data:" and not record.is_sealed():
            # Whoever wrote the row would learn who opens the library, and when.
            raise RenderError(f"{UNREADABLE}: {field}: this generation was not asked for here, so nothing is fetched")
        try:
            return await self._fetcher.picture(url)
        except FetchError as error:
            raise RenderError(f"{UNREADABLE}: {field}: {error}") from None

    async def _file(self, name: str) -> bytes | None:
        try:
            return await asyncio.to_thread(self._assets.read, name)
        except OSError:
            return None


def _scaled(record: StoredGeneration, size: tuple[int, int]) -> tuple[int, int]:
    if record.shorter_side is None:
        return size
    scale = record.shorter_side / min(size)
    return round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2


def _motions(concepts: Iterable[Any]) -> list[str]:
    """Concepts of the hosted API ("orbit_left") as the words that the drawing understands."""
    keys = [str(concept.get("key", "")) for concept in concepts if isinstance(concept, dict)]
    return ["camera " + re.sub(r"[_\W]+", " ", key).strip().lower().removeprefix("camera ") for key in keys if key]


def _tags(record: StoredGeneration, prompt: str | None) -> tuple[tuple[str, str], ...]:
    return (("prompt", prompt or ""), ("request_id", record.id), ("maker", MAKER))
