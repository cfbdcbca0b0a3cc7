"""Where a file comes from, said in the file itself: MP4 tags, JPEG and PNG text. Pixels and streams stay."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import zlib
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from dream_nb import __version__
from dream_nb.api.models import Generation
from dream_nb.files import replacing, sha256_of
from dream_nb.library.record import Record
from dream_nb.requests.identity import MAX_TAKE, Request, read_request

KEY: Final = "dream_nb"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MAX_COMMENT: Final = 65_533

logger = logging.getLogger("dream_nb.library")


def describe(record: Record) -> dict[str, Any]:
    """What is said of a file: its request, id, time and the library's version. Neither key nor account is in it.

    Args:
        record: of the request that made it.
    """
    request = record.request.wire()
    # An address that only its server may know; and pictures, which a reader of the file has no use for.
    request.pop("callback_url", None)
    generation = record.generation
    created = (generation.created_at if generation else None) or record.written_at
    return {
        "version": __version__,
        "prompt": record.request.prompt or "",
        "request": _without_data(request),
        "id": generation.id if generation else None,
        "created_at": created.replace(tzinfo=created.tzinfo or UTC).isoformat(),
        "backend": record.backend,
        "hash": record.hash,
        "take": record.take,
    }


def tell_shots(records: Sequence[Record]) -> dict[str, str]:
    """The tags of an MP4 that is made of others, from which `read_film` reads.

    Args:
        records: of the videos that are in it, in their order; at least one.
    """
    shots = [describe(record) | {"sha256": record.sha256} for record in records]
    return {"title": records[0].request.prompt or "", KEY: json.dumps({"shots": shots}, ensure_ascii=False)}


def inscribe(path: Path, suffix: str, record: Record) -> None:
    """Write into a file where it comes from. Where that cannot be, the file stays as it was.

    Args:
        path: of the file, under whatever name.
        suffix: ".mp4", ".jpg", ".jpeg" or ".png".
        record: of the request that made it.

    Raises:
        OSError: there is no room.
    """
    document = describe(record)
    text = json.dumps(document, ensure_ascii=False)
    try:
        if suffix == ".mp4":
            _tag_mp4(path, document["prompt"], text)
        elif suffix == ".png":
            _insert(path, *_png_text(path.read_bytes(), text))
        else:
            _insert(path, *_jpeg_comment(path.read_bytes(), text))
    except (ValueError, LookupError, struct.error) as error:
        # A container that cannot take it is still what was paid for.
        logger.warning("%s does not say where it comes from (%s)", path.name, type(error).__name__)


def read_inscription(path: Path) -> Record | None:
    """The record that a file tells of, or None where it tells of none.

    Args:
        path: of a video or picture. What it says is not trusted: it is taken as far as it is well formed.
    """
    try:
        document = _document(path)
        take = document["take"]
        if type(take) is not int or not 1 <= take <= MAX_TAKE:
            return None
        request = read_request(document["request"])
        generation = Generation.from_answer(
            {"id": document.get("id"), "state": "completed", "created_at": document["created_at"]}
            | {"generation_type": request.generation_type}
        )
        created = generation.created_at
        if created is None:
            return None
        return Record(
            hash=str(document["hash"]),
            take=take,
            backend=str(document["backend"]),
            request=request,
            written_at=created,
            state="taken",
            generation=generation,
            file=path.name,
            sha256=sha256_of(path),
        )
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def read_film(path: Path) -> Request | None:
    """A request with the prompts of all its shots for the film of a storyboard, or None where a file is none.

    Args:
        path: of a video. What it says is not trusted.
    """
    try:
        prompts = [shot["prompt"] for shot in _document(path)["shots"] if shot["prompt"]]
        return read_request({"prompt": " · ".join(prompts)}) if prompts else None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _document(path: Path) -> Any:
    """What the file says under our key, read."""
    document = json.loads(_text(path))
    # Half a character can be written in JSON, and nowhere else.
    json.dumps(document, ensure_ascii=False).encode()
    return document


def _text(path: Path) -> str:
    """What the file says under our key."""
    if path.suffix.lower() == ".mp4":
        import av

        try:
            with av.open(str(path), "r") as container:
                return container.metadata[KEY]
        except av.FFmpegError as error:
            raise ValueError("no MP4") from error
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.format == "PNG":
                return str(getattr(image, "text", {})[KEY])
            for name, comment in getattr(image, "applist", []):
                if name == "COM" and comment.startswith(f"{KEY}: ".encode()):
                    return str(comment.decode().removeprefix(f"{KEY}: "))
    except (Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError("no picture of ours") from error
    raise LookupError(KEY)


def _tag_mp4(path: Path, prompt: str, text: str) -> None:
    """Copy the streams, packet by packet, into a container that has the tags."""
    import av

    options = {"movflags": "faststart+use_metadata_tags"}
    with (
        replacing(path) as tagged,
        av.open(str(path), "r") as source,
        av.open(str(tagged), "w", format="mp4", options=options) as target,
    ):
        target.metadata.update(source.metadata)
        target.metadata.update({"title": prompt, KEY: text})
        kept = [stream for stream in source.streams if stream.type in ("video", "audio")]
        streams = {stream.index: target.add_stream_from_template(stream) for stream in kept}
        for packet in source.demux(kept):
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)


def _png_text(content: bytes, text: str) -> tuple[bytes, int, bytes]:
    """An iTXt chunk after the header. Pillow would write all pixels anew."""
    if not content.startswith(_PNG):
        raise ValueError("no PNG")
    end = len(_PNG) + 12 + struct.unpack_from(">I", content, len(_PNG))[0]
    body = b"iTXt" + KEY.encode() + b"\0\0\0\0\0" + text.encode()
    return content, end, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _jpeg_comment(content: bytes, text: str) -> tuple[bytes, int, bytes]:
    """A comment after the application segments. Pillow would code all pixels anew."""
    if not content.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG")
    body = f"{KEY}: {text}".encode()
    if len(body) > _MAX_COMMENT:
        raise ValueError("too long for a comment")
    at = 2
    while content[at] == 0xFF and 0xE0 <= content[at + 1] <= 0xEF:
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return content, at, b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body


def _insert(path: Path, content: bytes, at: int, part: bytes) -> None:
    with replacing(path) as partial:
        partial.write_bytes(content[:at] + part + content[at:])


def _without_data(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_data(item) for item in value]
    if isinstance(value, str) and value.startswith("data:"):
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()
    return value
