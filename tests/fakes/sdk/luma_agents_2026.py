"""Run with luma-agents 0.5: every operation of the Luma API and every option of its types, sync and async."""
# mypy: ignore-errors

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import httpx
from luma_agents import AsyncLuma, Luma, NotFoundError, UnprocessableEntityError

PICTURE = {"url": "https://a.b/c.jpg"}
DATA = {"data": base64.b64encode(b"picture").decode(), "media_type": "image/png"}
CLIP = {"url": "https://a.b/c.mp4", "media_type": "video/mp4"}
SOON = datetime.now(UTC) + timedelta(days=1)

CREATES = {
    "an image": {"prompt": "a lake"},
    "an image, every option": {
        "prompt": "a poster",
        "type": "image",
        "model": "uni-1-max",
        "aspect_ratio": "2:3",
        "image_ref": [PICTURE, DATA],
        "output_format": "png",
        "style": "manga",
        "web_search": True,
        "user_id": "ada",
    },
    "an image edit": {"prompt": "at night", "type": "image_edit", "source": PICTURE, "image_ref": [DATA]},
    "layers": {"prompt": "", "type": "layering", "source": DATA, "layering": {"resolution": "2k"}},
    "a video": {
        "prompt": "a harbour",
        "type": "video",
        "model": "ray-3.2",
        "aspect_ratio": "21:9",
        "video": {"duration": "5s", "resolution": "360p", "loop": True, "start_frame": PICTURE},
    },
    "a video between frames": {
        "prompt": "a harbour",
        "type": "video",
        "model": "ray-3.2",
        "video": {"start_frame": PICTURE, "end_frame": DATA},
    },
    "a video of guide frames": {
        "prompt": "a house",
        "type": "video",
        "model": "ray-3.2",
        "video": {
            "duration": "10s",
            "resolution": "1080p",
            "keyframes": [PICTURE, DATA, PICTURE],
            "keyframe_indexes": [0, 100, 240],
            "hdr": True,
            "exr_export": True,
        },
    },
    "a video edit": {
        "prompt": "in snow",
        "type": "video_edit",
        "model": "ray-3.2",
        "source": CLIP,
        "video": {"resolution": "720p", "edit": {"auto_controls": True}},
    },
    "a video edit, every control": {
        "prompt": "in snow",
        "type": "video_edit",
        "model": "ray-3.2",
        "source": CLIP,
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
                "keyframes": [PICTURE],
                "keyframe_indexes": [12],
            }
        },
    },
    "a reframe": {
        "prompt": "more of the room",
        "type": "video_reframe",
        "model": "ray-3.2",
        "aspect_ratio": "9:16",
        "source": CLIP,
        "video": {
            "resolution": "720p",
            "source_position": {"x_norm": -0.1, "y_norm": 0.25, "w_norm": 1.2, "h_norm": 0.5},
        },
    },
}


def followed(made: str) -> dict:
    """Requests based on a video."""
    return {
        "an extension": {
            "prompt": "and on",
            "type": "video",
            "model": "ray-3.2",
            "video": {"start_frame": {"generation_id": made}},
        },
        "a reframe of it": {
            "prompt": "wider",
            "type": "video_reframe",
            "model": "ray-3.2",
            "source": {"generation_id": made},
        },
    }


def check(made, options) -> None:
    assert (made.state, made.type) == ("queued", options.get("type", "image"))
    assert made.model == options.get("model", "uni-1")
    assert datetime.fromisoformat(made.created_at).tzinfo is not None


def check_output(done, options) -> None:
    assert done.state == "completed", done
    names = [output.type for output in done.output]
    if options.get("type") == "layering":
        assert [output.layer.index for output in done.output] == [0, 1, 2]
        assert done.output[0].layer.label == "fox"
    elif options.get("video", {}).get("exr_export"):
        assert names == ["video", "exr"]
    else:
        assert names == ["video" if options.get("type", "image").startswith("video") else "image"]


def sync() -> None:
    client = Luma()
    ids = {}
    for name, options in CREATES.items():
        made = client.generations.create(**options, extra_headers={"X-Request-Id": name})
        check(made, options)
        done = client.generations.get(made.id)
        check_output(done, options)
        assert httpx.get(done.output[0].url).status_code == 200
        ids[name] = made.id
    for options in followed(ids["a video"]).values():
        check(client.generations.create(**options), options)
    created = client.files.create(
        mime_type="image/png", size_bytes=3, filename="a.png", purpose="reference", expires_at=SOON, user_id="ada"
    )
    assert (created.id, created.state, created.file.user_id) == (created.file.id, "pending", "ada")
    put = httpx.put(created.upload.url, content=b"abc", headers=created.upload.headers)
    assert (created.upload.method, put.status_code) == ("PUT", 200)
    assert client.files.complete(created.id).state == "pending"
    file = client.files.get(created.id)
    assert (file.state, file.size_bytes, file.filename, file.purpose) == ("ready", 3, "a.png", "reference")
    # The client cannot send a file's bytes, so this request is made by hand.
    inline = client.post(
        "/files",
        cast_to=httpx.Response,
        files={"file": ("b.png", b"abcd", "image/png")},
        body={"purpose": "input", "user_id": "ada"},
        options={"headers": {"Content-Type": "multipart/form-data"}},
    ).json()
    assert (inline["state"], inline["upload"], inline["file"]["size_bytes"]) == ("pending", None, 4)
    client.generations.create(prompt="like it", image_ref=[{"file_id": file.id}])
    page = client.files.list(limit=1)
    assert (page.has_more, page.data[0].id) == (True, inline["id"])
    assert client.files.list(limit=1, cursor=page.next_cursor).data[0].id == file.id
    assert [one.id for one in client.files.list(purpose="reference", state="ready").data] == [file.id]
    assert client.files.delete(file.id) is None
    assert client.files.get(file.id).state == "deleted"
    for call, refused in (
        (lambda: client.generations.get("00000000-0000-4000-8000-ffffffffffff"), NotFoundError),
        (lambda: client.generations.create(prompt="x", model="ray-3.2"), UnprocessableEntityError),
        (lambda: client.generations.create(prompt="x", image_ref=[{"file_id": file.id}]), UnprocessableEntityError),
    ):
        try:
            call()
        except refused:
            continue
        raise AssertionError(refused)


async def asynchronous() -> None:
    async with AsyncLuma() as client:
        ids = {}
        for name, options in CREATES.items():
            made = await client.generations.create(**options)
            check(made, options)
            check_output(await client.generations.get(made.id), options)
            ids[name] = made.id
        for options in followed(ids["a video"]).values():
            check(await client.generations.create(**options), options)
        created = await client.files.create(mime_type="video/mp4", size_bytes=3, expires_at=SOON)
        async with httpx.AsyncClient() as http:
            assert (await http.put(created.upload.url, content=b"abc", headers=created.upload.headers)).is_success
        assert (await client.files.complete(created.id)).state == "pending"
        assert (await client.files.get(created.id)).state == "ready"
        assert (await client.files.list(state="ready", limit=1)).data[0].id == created.id
        assert await client.files.delete(created.id) is None


sync()
asyncio.run(asynchronous())
print("every operation works")
