"""Run with luma-agents 0.5: every operation of the Luma API, sync and async, until it is finished."""
# mypy: ignore-errors

import asyncio
import base64
import time
from datetime import UTC, datetime, timedelta

import httpx
import luma_agents
from luma_agents import AsyncLuma, Luma

IMAGE = {"prompt": "a serene lake", "model": "uni-1", "type": "image", "aspect_ratio": "16:9"}
VIDEO = {
    "prompt": "a serene lake",
    "model": "ray-3.2",
    "type": "video",
    "aspect_ratio": "16:9",
    "video": {"duration": "5s", "resolution": "360p", "loop": True},
}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR4nGM8ESXHgA0wYRUdtBIA/zIBUFXKRGIAAAAASUVORK5CYII="
)
DATA = {"data": base64.b64encode(PNG).decode(), "media_type": "image/png"}
IMAGES = (b"\xff\xd8", b"\x89P")
SOON = datetime.now(UTC) + timedelta(days=1)
ANNOUNCED = {
    "mime_type": "image/png",
    "size_bytes": len(PNG),
    "filename": "a.png",
    "purpose": "reference",
    "expires_at": SOON,
    "user_id": "ada",
}
CREATES = {
    "an image": IMAGE,
    "an image, every option": IMAGE
    | {
        "model": "uni-1-max",
        "aspect_ratio": "2:3",
        "image_ref": [DATA, DATA],
        "output_format": "png",
        "style": "manga",
        "web_search": True,
        "user_id": "ada",
    },
    "an image edit": {
        "prompt": "at night",
        "type": "image_edit",
        "model": "uni-1",
        "source": DATA,
        "image_ref": [DATA],
    },
    "layers": {
        "prompt": "",
        "type": "layering",
        "model": "uni-1",
        "source": DATA,
        "layering": {"resolution": "2k"},
    },
    "a video": VIDEO,
    "a video between frames": VIDEO | {"video": {"start_frame": DATA, "end_frame": DATA}},
    "a video of guide frames": VIDEO
    | {
        "aspect_ratio": "21:9",
        "video": {
            "duration": "10s",
            "resolution": "1080p",
            "keyframes": [DATA, DATA, DATA],
            "keyframe_indexes": [0, 100, 240],
            "hdr": True,
            "exr_export": True,
        },
    },
}


def followed(video: str) -> dict:
    """Requests based on a video."""
    source = {"generation_id": video}
    edit = {"prompt": "in snow", "type": "video_edit", "model": "ray-3.2", "source": source}
    return {
        "an extension": VIDEO | {"video": {"start_frame": source}},
        "a video edit": edit | {"video": {"resolution": "360p", "edit": {"auto_controls": True}}},
        "a video edit, every control": edit
        | {
            "video": {
                "edit": {
                    "strength": "flex_2",
                    "controls": {
                        "pose": {"enabled": True, "strength": "coarse"},
                        "depth": {"enabled": True, "blur": 0.5},
                        "normals": {"enabled": False, "augmentation": 0.25},
                        "trajectory": {"sparsity": 1.0},
                        "face": {"enabled": True},
                    },
                    "keyframes": [DATA],
                    "keyframe_indexes": [2],
                }
            }
        },
        "a reframe": {
            "prompt": "more of the lake",
            "type": "video_reframe",
            "model": "ray-3.2",
            "aspect_ratio": "9:16",
            "source": source,
            "video": {
                "resolution": "720p",
                "source_position": {"x_norm": -0.1, "y_norm": 0.25, "w_norm": 1.2, "h_norm": 0.5},
            },
        },
    }


NOBODY = "00000000-0000-4000-8000-ffffffffffff"
PATIENCE = 60


def check_created(made, options) -> None:
    assert (made.state, made.type, made.model) == ("queued", options["type"], options["model"]), made
    assert datetime.fromisoformat(made.created_at).tzinfo is not None
    assert made.output is None


def check_done(done, options) -> None:
    assert (done.state, done.failure_code, done.failure_reason) == ("completed", None, None), done
    kinds = [output.type for output in done.output]
    if options["type"] == "layering":
        assert [output.layer.index for output in done.output] == list(range(len(kinds)))
        assert (done.output[-1].layer.label, done.output[-1].layer.alpha_hint) == ("background", "none")
        assert set(kinds) == {"image"}
    elif options.get("video", {}).get("exr_export"):
        assert kinds == ["video", "exr"], kinds
    else:
        assert kinds == ["video" if options["type"].startswith("video") else "image"], kinds
    for output in done.output:
        head = httpx.get(output.url).content[:12]
        assert {"video": head[4:8] == b"ftyp", "exr": head[:2] == b"v/"}.get(output.type, head[:2] in IMAGES), head


def sync() -> None:
    client = Luma(_strict_response_validation=True)

    def finished(made):
        end = time.monotonic() + PATIENCE
        while (found := client.generations.get(made.id)).state in ("queued", "processing"):
            assert time.monotonic() < end
            time.sleep(0.05)
        return found

    def ready(uid):
        end = time.monotonic() + PATIENCE
        while (found := client.files.get(uid)).state == "pending":
            assert time.monotonic() < end
            time.sleep(0.05)
        return found

    ids = {}
    for name, options in CREATES.items():
        made = client.generations.create(**options, extra_headers={"X-Request-Id": name})
        check_created(made, options)
        check_done(finished(made), options)
        ids[name] = made.id
    for options in followed(ids["a video"]).values():
        check_done(finished(client.generations.create(**options)), options)
    created = client.files.create(**ANNOUNCED)
    assert (created.id, created.state, created.file.user_id) == (created.file.id, "pending", "ada")
    assert created.file.expires_at == SOON
    put = httpx.put(created.upload.url, content=PNG, headers=created.upload.headers)
    assert (created.upload.method, put.status_code) == ("PUT", 200)
    assert client.files.complete(created.id).state == "pending"
    file = ready(created.id)
    assert (file.state, file.size_bytes, file.filename, file.purpose) == ("ready", len(PNG), "a.png", "reference")
    # The client cannot send a file's bytes, so this request is made by hand.
    inline = client.post(
        "/files",
        cast_to=httpx.Response,
        files={"file": ("b.png", PNG, "image/png")},
        body={"purpose": "input"},
        options={"headers": {"Content-Type": "multipart/form-data"}},
    ).json()
    assert (inline["state"], inline["upload"], ready(inline["id"]).state) == ("pending", None, "ready")
    like_it = IMAGE | {"image_ref": [{"file_id": file.id}, {"file_id": inline["id"]}]}
    check_done(finished(client.generations.create(**like_it)), like_it)
    page = client.files.list(limit=1)
    assert (page.has_more, page.data[0].id) == (True, inline["id"])
    assert client.files.list(limit=1, cursor=page.next_cursor).data[0].id == file.id
    assert [one.id for one in client.files.list(purpose="reference", state="ready").data] == [file.id]
    assert client.files.delete(file.id) is None
    assert client.files.get(file.id).state == "deleted"
    for call, refused, words in (
        (lambda: client.files.get(NOBODY), luma_agents.NotFoundError, NOBODY),
        (lambda: client.generations.create(**like_it), luma_agents.UnprocessableEntityError, "file_id"),
        (lambda: client.generations.get(NOBODY), luma_agents.NotFoundError, NOBODY),
        (lambda: client.generations.create(prompt="x", style="oil"), luma_agents.BadRequestError, "style"),
        (lambda: client.generations.create(prompt="x", type="video"), luma_agents.UnprocessableEntityError, "uni-1"),
        (lambda: Luma(auth_token="other").generations.get(NOBODY), luma_agents.AuthenticationError, "key"),
    ):
        try:
            call()
        except refused as error:
            assert words in error.body["detail"], error.body  # noqa: PT017 - no pytest in here
            continue
        raise AssertionError(refused)


async def asynchronous() -> None:
    async with AsyncLuma(_strict_response_validation=True) as client:
        for options in (IMAGE, VIDEO):
            made = await client.generations.create(**options)
            check_created(made, options)
            for _ in range(PATIENCE * 20):
                if (found := await client.generations.get(made.id)).state in ("completed", "failed"):
                    break
                await asyncio.sleep(0.05)
            check_done(found, options)
        created = await client.files.create(**ANNOUNCED)
        async with httpx.AsyncClient() as http:
            put = await http.put(created.upload.url, content=PNG, headers=created.upload.headers)
        assert put.is_success
        assert (await client.files.complete(created.id)).state == "pending"
        assert created.id in [one.id for one in (await client.files.list(limit=1)).data]
        assert await client.files.delete(created.id) is None
        assert (await client.files.get(created.id)).state == "deleted"


sync()
asyncio.run(asynchronous())
print("every operation works")
