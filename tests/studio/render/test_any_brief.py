"""Everything that the API accepts can be drawn."""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dream_nb.studio.render import CAMERA_MOTIONS, Brief, Keyframe, Reference, render
from dream_nb.studio.render.vocabulary import VOCABULARY
from tests.studio.render.clips import png, rgb_frames
from tests.studio.render.test_keyframes import photo

SIZES = [(64, 36), (36, 64), (48, 48), (84, 36), (36, 84), (64, 48), (50, 30), (16, 16)]


@functools.cache
def clip() -> bytes:
    return render(Brief("video", "a hill", width=48, height=32, seconds=0.2))


def pictures() -> st.SearchStrategy[bytes]:
    return st.sampled_from([png(photo(1, 40, 30)), png(photo(2, 9, 64)), png(photo(3, 1, 12)[:4])])


def references() -> st.SearchStrategy[tuple[Reference, ...]]:
    return st.lists(st.builds(Reference, pictures(), st.floats(0, 1)), max_size=3).map(tuple)


def keyframes() -> st.SearchStrategy[Keyframe | None]:
    of_clip = st.sampled_from(["first", "last"]).map(lambda end: Keyframe(clip(), end))  # type: ignore[arg-type]
    return st.one_of(st.none(), pictures().map(lambda data: Keyframe(data, None)), of_clip)


WORDS = st.sampled_from([*VOCABULARY, *CAMERA_MOTIONS, "no", "two", "12", "zxcv", "{x}", "$5"])
PROMPTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=9).map(" ".join))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    prompt=PROMPTS,
    take=st.integers(1, 10**9),
    size=st.sampled_from(SIZES),
    seconds=st.sampled_from([0.04, 0.2, 0.4]),
    loop=st.booleans(),
    model=st.sampled_from([None, "ray-2", "ray-flash-2"]),
    frame0=keyframes(),
    frame1=keyframes(),
    characters=st.lists(pictures(), max_size=2).map(tuple),
    styles=references(),
)
def test_any_video_is_drawn(
    prompt: str,
    take: int,
    size: tuple[int, int],
    seconds: float,
    loop: bool,
    model: str | None,
    frame0: Keyframe | None,
    frame1: Keyframe | None,
    characters: tuple[bytes, ...],
    styles: tuple[Reference, ...],
) -> None:
    brief = Brief(
        "video",
        prompt,
        take,
        size[0],
        size[1],
        seconds=seconds,
        loop=loop,
        model=model,
        frame0=frame0,
        frame1=frame1,
        character_refs=characters,
        style_refs=styles,
    )
    shown = list(rgb_frames(brief))
    assert len(shown) == brief.frames
    assert {(f.shape, f.dtype) for f in shown} == {((size[1], size[0], 3), np.dtype(np.uint8))}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    prompt=PROMPTS,
    size=st.sampled_from(SIZES),
    model=st.sampled_from([None, "photon-1", "photon-flash-1"]),
    images=references(),
    styles=references(),
    characters=st.lists(pictures(), max_size=4).map(tuple),
    modify=st.one_of(st.none(), st.builds(Reference, pictures(), st.floats(0, 1))),
    image_format=st.sampled_from(["jpg", "png"]),
    tags=st.lists(st.tuples(st.sampled_from(["prompt", "title"]), st.text(max_size=30)), max_size=2).map(tuple),
)
def test_any_image_is_drawn(
    prompt: str,
    size: tuple[int, int],
    model: str | None,
    images: tuple[Reference, ...],
    styles: tuple[Reference, ...],
    characters: tuple[bytes, ...],
    modify: Reference | None,
    image_format: Literal["jpg", "png"],
    tags: tuple[tuple[str, str], ...],
) -> None:
    brief = Brief(
        "image",
        prompt,
        1,
        size[0],
        size[1],
        model=model,
        image_refs=images,
        style_refs=styles,
        character_refs=characters,
        modify=modify,
        image_format=image_format,
        tags=tags,
    )
    assert len(render(brief)) > 100


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    prompt=PROMPTS,
    tags=st.lists(st.tuples(st.sampled_from(["prompt", "title"]), st.text(max_size=30)), max_size=2).map(tuple),
)
def test_any_video_becomes_a_file(prompt: str, tags: tuple[tuple[str, str], ...]) -> None:
    assert render(Brief("video", prompt, width=64, height=36, seconds=0.1, tags=tags)).index(b"moov")


def test_the_vocabulary_has_at_least_120_words() -> None:
    assert len(VOCABULARY) >= 120


def test_every_entry_of_the_vocabulary_draws() -> None:
    for word in {id(traits): word for word, traits in VOCABULARY.items()}.values():
        assert next(iter(rgb_frames(Brief("image", word, width=48, height=32)))).any(), word
