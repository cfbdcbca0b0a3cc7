"""Converts a request to a brief for a drawing, including its pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, Literal

from pydantic_core import from_json

from dream_nb.api.request_models import (
    KIND_OF,
    MODES,
    REQUESTS,
    RESOLUTIONS,
    AudioGenerationRequest,
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    ImageRef,
    Keyframe,
    Media,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    UpscaleVideoGenerationRequest,
)
from dream_nb.studio import render
from dream_nb.studio.answers import asset_url
from dream_nb.studio.assets import TYPES, AssetFiles, new_name
from dream_nb.studio.fetch import read_data_url
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.render import (
    Brief,
    Edit,
    Modify,
    Placing,
    Reference,
    Reframe,
    RenderError,
    Resample,
    Soundtrack,
)
from dream_nb.studio.rules import DEFAULT_RESOLUTION, Refusal, Request, read_request
from dream_nb.studio.settings import SIDES
from dream_nb.studio.source_files import SourceFiles, made_at
from dream_nb.studio.store import Store

MAKER: Final = "dream_nb studio (procedural)"
_SECONDS: Final = 5.0
_LONGEST_ECHO: Final = 2048
SUFFIXES: Final = {kind: suffix for suffix, kind in TYPES.items() if kind.startswith(("image/", "video/"))}


_WITH_URLS: Final = (
    "keyframes", "image_ref", "style_ref", "character_ref", "modify_image_ref", "media", "first_frame",
)  # fmt: skip


def set_aside(document: dict[str, Any], schema: type[Request], assets: AssetFiles, base_url: str) -> list[str]:
    """Store long `data:` URLs of a request as files, and replace them by the URLs of these files.

    Otherwise every poll and every page would include the pictures and videos. Returns the names of the files.

    Args:
        document: the request, which is changed.
        schema: the schema of the request. Other fields are left alone, because they were not checked.
        assets: the folder of the files.
        base_url: the base URL of the files.
    """
    names: list[str] = []

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item) for item in value]
        if isinstance(value, str) and len(value) > _LONGEST_ECHO and value[:5].lower() == "data:":
            media_type, data = read_data_url(value)
            names.append(new_name(SUFFIXES.get(media_type, "bin")))
            assets.write(names[-1], data)
            return asset_url(base_url, names[-1])
        return value

    try:
        for field in _WITH_URLS:
            if field in document and field in schema.model_fields:
                document[field] = replaced(document[field])
    except BaseException:
        assets.remove(*names)
        raise
    return names


class Inputs:
    """Converts requests to briefs: downloads pictures, and finds the files of earlier generations."""

    def __init__(self, store: Store, files: SourceFiles) -> None:
        self._store = store
        self._files = files

    def asked(self, record: StoredGeneration) -> Request:
        """Return the request of a generation.

        Args:
            record: the generation. Its row may come from somebody else.

        Raises:
            RenderError: the request would be refused if it were sent now.
        """

        def state_of(uid: str) -> str:
            earlier = self._store.find(uid, record.account)
            # A generation that was deleted meanwhile is reported when its file is read.
            return earlier.state if earlier else "completed"

        asked = from_json(record.request).get("generation_type", record.kind)
        if not isinstance(asked, str) or KIND_OF.get(asked) != record.kind:
            raise RenderError("Invalid request: generation_type: it makes nothing of this kind")
        try:
            return read_request(REQUESTS[asked], record.request.encode(), state_of, is_strict=False)
        except Refusal as refusal:
            raise RenderError(f"Invalid request: {refusal.detail}") from None

    async def brief(self, record: StoredGeneration, request: Request) -> Brief:
        """Return the brief of a generation.

        Args:
            record: the generation.
            request: its request, already checked.

        Raises:
            RenderError: a picture or a keyframe cannot be downloaded or read.
        """
        if isinstance(request, GenerationRequest):
            return await self._video(record, request)
        if isinstance(request, ImageGenerationRequest):
            return await self._image(record, request)
        if isinstance(request, UpscaleVideoGenerationRequest):
            return await self._upscaled(record)
        if isinstance(request, AudioGenerationRequest):
            return await self._with_sound(record, request)
        return await self._edited(record, request)

    async def _video(self, record: StoredGeneration, request: GenerationRequest) -> Brief:
        width, height = scaled(
            record, render.frame_size(request.aspect_ratio, request.resolution or DEFAULT_RESOLUTION)
        )
        seconds = float(request.duration.rstrip("s")) if request.duration else _SECONDS
        frames = request.keyframes
        frame0, frame1 = await asyncio.gather(
            self._keyframe(record, frames.frame0 if frames else None, "last"),
            self._keyframe(record, frames.frame1 if frames else None, "first"),
        )
        return Brief(
            kind="video",
            prompt=request.prompt or "",
            take=record.take,
            width=width,
            height=height,
            seconds=min(seconds, record.longest_seconds or seconds),
            loop=bool(request.loop),
            model=request.model,
            frame0=frame0,
            frame1=frame1,
            concepts=tuple(str(concept.get("key", "")) for concept in request.concepts or ()),
            tags=tags(record, request.prompt),
        )

    async def _image(self, record: StoredGeneration, request: ImageGenerationRequest) -> Brief:
        width, height = scaled(record, render.image_size(request.aspect_ratio))
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
            tags=tags(record, request.prompt),
        )

    async def _edited(
        self, record: StoredGeneration, request: ModifyVideoRequest | ReframeVideoRequest | ReframeImageRequest
    ) -> Brief:
        assert isinstance(request.media, Media)
        first = getattr(request, "first_frame", None)
        source, first_frame = await asyncio.gather(
            self._files.at(record, "media", request.media.url, record.kind),
            self._files.at(record, "first_frame", first.url, "image") if first else _nothing(),
        )
        assert source is not None
        # An edit without a prompt uses the prompt of its source.
        made = made_at(self._store, record.account, request.media.url)
        told = self._telling(made)
        own = request.prompt or _prompt_of(told)
        take = record.take if request.prompt or told is None else told.take + record.take - 1
        edit: Modify | Reframe
        if isinstance(request, ModifyVideoRequest):
            edit = Modify(source, MODES.index(request.mode) / (len(MODES) - 1), first_frame)
        else:
            edit = Reframe(source, request.aspect_ratio, _placing(request), first_frame)
        return self._edit(record, request.prompt, own, edit, take, getattr(request, "format", None))

    def _edit(
        self,
        record: StoredGeneration,
        prompt: str | None,
        words: str,
        edit: Edit,
        take: int,
        image_format: str | None = None,
    ) -> Brief:
        return Brief(
            kind="video" if record.kind == "video" else "image",
            prompt=words,
            take=take,
            model=record.model,
            image_format="png" if image_format == "png" else "jpg",
            edit=edit,
            shorter_side=record.shorter_side,
            longest_seconds=record.longest_seconds,
            tags=tags(record, prompt),
        )

    async def _upscaled(self, record: StoredGeneration) -> Brief:
        source, video = await self._source(record)
        origin = self._origin(source)
        asked = self._create_of(origin)
        given = (RESOLUTIONS[asked.resolution or DEFAULT_RESOLUTION] if asked else source.lines) or RESOLUTIONS["720p"]
        # A studio that draws everything smaller than requested also scales its upscaled versions down by that factor.
        side = source.shorter_side or given
        lines = min(SIDES[1], round(side * (record.lines or SIDES[1]) / given))
        try:
            drawn = await self._video(origin, asked) if asked else None
        except RenderError:
            # One of its pictures cannot be read any more: upscale the video instead of drawing it again.
            drawn = None
        if asked is None or drawn is None:
            return replace(self._edit(record, None, "", Resample(video, lines), record.take), shorter_side=None)
        scale = lines / min(drawn.width, drawn.height)
        return replace(
            drawn,
            width=round(drawn.width * scale / 2) * 2,
            height=round(drawn.height * scale / 2) * 2,
            sound=video,
            tags=tags(record, asked.prompt),
        )

    async def _with_sound(self, record: StoredGeneration, request: AudioGenerationRequest) -> Brief:
        source, video = await self._source(record)
        edit = Soundtrack(video, _prompt_of(self._telling(source)), request.negative_prompt or "")
        return self._edit(record, request.prompt, request.prompt or "", edit, record.take)

    async def _source(self, record: StoredGeneration) -> tuple[StoredGeneration, bytes]:
        """The generation that the path of the request names, and its file."""
        return await self._files.made(record.source or "", record.account)

    def _origin(self, record: StoredGeneration) -> StoredGeneration:
        """The first generation in a chain of versions with the same pictures: upscaled, or with sound."""
        seen = {record.id}
        while record.source is not None:
            source = self._store.find(record.source, record.account)
            if source is None or source.id in seen:
                break
            seen.add(source.id)
            record = source
        return record

    def _telling(self, record: StoredGeneration | None) -> StoredGeneration | None:
        """The generation whose prompt describes a generation: itself, or its source if it has no prompt."""
        seen: set[str] = set()
        while record is not None and record.id not in seen:
            seen.add(record.id)
            record = self._origin(record)
            media = from_json(record.request).get("media")
            url = media.get("url") if isinstance(media, dict) else None
            if _prompt_of(record) or not isinstance(url, str):
                break
            record = made_at(self._store, record.account, url)
        return record

    def _create_of(self, record: StoredGeneration) -> GenerationRequest | None:
        """The request of a generation that is a created video, not an edit; None if it is not, or is not valid.

        The row may come from somebody else, so it is checked again.
        """

        def state_of(uid: str) -> str:
            earlier = self._store.find(uid, record.account)
            return earlier.state if earlier else "completed"

        if from_json(record.request).get("generation_type") != "video":
            return None
        try:
            return read_request(GenerationRequest, record.request.encode(), state_of, is_strict=False)
        except Refusal:
            return None

    async def _keyframe(
        self, record: StoredGeneration, keyframe: Keyframe | None, end: Literal["first", "last"]
    ) -> render.Keyframe | None:
        if keyframe is None:
            return None
        if not isinstance(keyframe, GenerationReference):
            return render.Keyframe(await self._picture(record, "keyframes", keyframe.url), None)
        earlier, data = await self._files.made(keyframe.id, record.account)
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
        return await self._files.at(record, field, url, "image")


def scaled(record: StoredGeneration, size: tuple[int, int]) -> tuple[int, int]:
    """Return a size scaled to the studio's setting, in the same ratio, as even numbers of pixels.

    Args:
        record: the generation; its `shorter_side` is the new shorter side, or None to keep the size.
        size: the width and height in pixels.
    """
    if record.shorter_side is None:
        return size
    scale = record.shorter_side / min(size)
    return round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2


async def _nothing() -> None:
    return None


def _placing(request: ReframeVideoRequest | ReframeImageRequest) -> Placing:
    return Placing(**{name: getattr(request, name) for name in Placing.__slots__})


def _prompt_of(record: StoredGeneration | None) -> str:
    prompt = from_json(record.request).get("prompt") if record else None
    return prompt if isinstance(prompt, str) else ""


def tags(record: StoredGeneration, prompt: str | None) -> tuple[tuple[str, str], ...]:
    """Return the metadata to write to a file, as names and values.

    Args:
        record: the generation.
        prompt: its prompt.
    """
    return (("prompt", prompt or ""), ("request_id", record.id), ("maker", MAKER))
