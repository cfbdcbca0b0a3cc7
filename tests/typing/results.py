"""Results and sessions as a type checker sees them: checked by `mypy --strict`, never run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd
import polars as pl
from PIL.Image import Image

import dream_nb
from dream_nb import Dream, Dreams, Generation, Job, Measure, Plan, Session, Shooting, Shot, Storyboard, Sweep

Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


def made() -> None:
    lake = dream_nb.dream("a lake", aspect_ratio="21:9", loop=True, take=2)
    assert_type(lake, Dream)
    assert_type(dream_nb.dream("a hill", kind="image"), Dream)
    assert_type(dream_nb.sweep("a {lake|hill}", takes=2), Dreams)
    assert_type(dream_nb.tutorials("mine"), Path)
    dream_nb.dream("a hill", kind="sound")  # type: ignore[arg-type]
    dream_nb.dream(1)  # type: ignore[arg-type]


def looked_at(dream: Dream) -> None:
    assert_type(dream.prompt, str)
    assert_type(dream.generation, Generation)
    assert_type(dream.state, str)
    assert_type(dream.failure_reason, str | None)
    assert_type(dream.created, datetime)
    assert_type(dream.cost, float | None)
    assert_type(dream.seconds, float | None)
    assert_type(dream.seconds_queued, float | None)
    assert_type(dream.seconds_dreaming, float | None)
    assert_type(dream.sha256, str | None)
    assert_type(dream.path, Path)
    assert_type(dream.image, Image)
    assert_type(dream.duration, float | None)
    assert_type(dream.size, tuple[int, int])
    assert_type(dream.frames(0, None, 2, size=320), Iterator[Frame])
    assert_type(dream.frame_at(1.5), Frame)
    assert_type(dream.clip(1, 2), Path)
    assert_type(dream.to_gif("a.gif"), Path)
    assert_type(dream.contact_sheet(), Image)
    assert_type(dream.mark(stars=5, tags=["calm"]), Dream)
    assert_type(dream.to_code(), str)


def gone_on_from(dream: Dream) -> None:
    assert_type(dream.extend("and then"), Dream)
    assert_type(dream.extend("and then", wait=False), Job)
    assert_type(dream.reverse_extend(), Dream)
    assert_type(dream.interpolate(dream), Dream)
    assert_type(dream.variations(2), Dreams)
    assert_type(dream.variations(2, wait=False), list[Job])
    assert_type(dream.ancestors(), Dreams)
    assert_type(dream.descendants(), Dreams)


@dream_nb.measure
def redness(frames: Iterator[Frame]) -> float:
    return float(np.mean([frame[..., 0].mean() for frame in frames]))


@dream_nb.measure(name="second", size=64, version=2)
def darkness(frames: Iterator[Frame]) -> float:
    return 255 - float(redness(frames))


def many(dreams: Dreams, executor: Executor) -> None:
    assert_type(dreams[0], Dream)
    assert_type(dreams[1:], Dreams)
    assert_type([dream for dream in dreams], list[Dream])  # noqa: C416 - the type of a loop's items is tested
    assert_type(dreams.words, list[dict[str, str]])
    assert_type(dreams.axes, dict[str, list[str]])
    assert_type(dreams.filter(lambda dream: dream.take > 1, kind="video"), Dreams)
    assert_type(dreams.sort_by("cost", reverse=True), Dreams)
    assert_type(dreams.group_by(lambda dream: dream.kind), dict[Any, Dreams])
    assert_type(redness, Measure)
    assert_type(dreams.measure("sharpness", redness, darkness, executor=executor), Dreams)
    assert_type(dreams.near_duplicates(), list[Dreams])
    assert_type(dreams.to_pandas(), pd.DataFrame)
    assert_type(dreams.to_polars(), pl.DataFrame)
    assert_type(dreams.to_parquet("a.parquet"), Path)
    assert_type(dreams.export("folder"), Path)
    assert_type(dreams + dreams, Dreams)
    assert_type(Dreams.from_files("folder"), Dreams)


def given(dream: Dream, path: Path, image: Image, frame: Frame, job: Job) -> None:
    assert_type(dream_nb.keyframe(dream), dream_nb.ImageReference | dream_nb.GenerationReference)
    for value in (
        path,
        "palette.jpg:0.6",
        image,
        frame,
        path.read_bytes(),
        path.open("rb"),
        job,
        {"url": "https://a/b"},
    ):
        assert_type(dream_nb.reference(value), dream_nb.ImageRef)
    assert_type(dream_nb.reference((path, 0.5)), dream_nb.ImageRef)
    assert_type(dream_nb.reference(path, weight=0.5), dream_nb.ImageRef)
    dream_nb.reference(3)  # type: ignore[arg-type]
    dream_nb.reference(path, weight="0.5")  # type: ignore[arg-type]


def film() -> None:
    board = Storyboard(["a lake", Shot("a city", cut=True, aspect_ratio="1:1")], aspect_ratio="16:9")
    assert_type(board.plan(), Plan)
    assert_type(board.start(), Shooting)
    assert_type(board.start().result(), Storyboard)
    assert_type(board.make(), Storyboard)
    assert_type(board.redo(2, "a hill"), Storyboard)
    assert_type(board.shots, Dreams)
    assert_type(board.path, Path)
    Storyboard([1])  # type: ignore[list-item]


async def waited_for(job: Job, sweep: Sweep, shooting: Shooting) -> None:
    assert_type(job.result(timeout=1.0), Dream)
    assert_type(await job, Dream)
    assert_type(await sweep, Dreams)
    assert_type(await shooting, Storyboard)
    assert_type(job.done(), bool)
    assert_type(job.exception(), BaseException | None)
    job.cancel()


def shown(session: Session, dreams: Dreams) -> None:
    assert_type(dream_nb.Card(dreams[0]).shown, Dream | Job | Sweep)
    assert_type(dream_nb.Gallery(session, kind="video").selected, Dreams)
    assert_type(dream_nb.Grid(dreams, rows="time").best, Dream | None)
    assert_type(dream_nb.Map(dreams, "motion", "seam").selected, Dreams)
    assert_type(dream_nb.Panel(session, prompt="a lake").plan, Plan)


async def number() -> int:
    return 1


def asked() -> None:
    assert_type(dream_nb.run(number()), int)
    with Session(
        "library",
        backend="studio",
        replay="only",
        budget=100,
        limits=dream_nb.Limits(),
        patience=dream_nb.Patience(),
        callbacks=dream_nb.Callbacks(),
    ) as session:
        assert_type(session, Session)
        assert_type(session.submit(dream_nb.ImageGenerationRequest(prompt="a hill")), Job)
        assert_type(session.dreams(), Dreams)
        assert_type(session.jobs(), list[Job])
        assert_type(session.sync(), list[Job])
        Session(replay="never")  # type: ignore[arg-type]
        Session(backend=3)  # type: ignore[arg-type]


def failed() -> None:
    try:
        dream_nb.sweep("a {lake|hill}")
    except dream_nb.SweepError as error:
        assert_type(error.errors, dict[str, BaseException])
    except dream_nb.GenerationFailedError as error:
        assert_type((error.id, error.reason, error.advice), tuple[str, str, str])
    except dream_nb.UnreadableFileError as error:
        assert_type(error.reason, str)
    except (
        dream_nb.BudgetError,
        dream_nb.NotReplayedError,
        dream_nb.ClusterGoneError,
        dream_nb.OutcomeUnknownError,
        dream_nb.ConfigurationError,
        dream_nb.LibraryError,
        dream_nb.InvalidRequestError,
    ) as error:
        assert_type(error.args, tuple[Any, ...])
    except (
        dream_nb.AuthenticationError,
        dream_nb.BadRequestError,
        dream_nb.NotFoundError,
        dream_nb.ServerError,
        dream_nb.APIConnectionError,
        dream_nb.APITimeoutError,
        dream_nb.UnreadableAnswerError,
    ) as error:
        assert_type(error.reached, bool)
    except dream_nb.DreamCancelledError as error:
        assert_type(error.__cause__, BaseException | None)
    except dream_nb.DreamError:
        pass


def referred(url: str) -> dream_nb.ImageGenerationRequest:
    return dream_nb.ImageGenerationRequest(
        prompt="a hill",
        image_ref=[dream_nb.ImageRef(url=url, weight=0.5)],
        character_ref=dream_nb.CharacterRef(identity0=dream_nb.ImageIdentity(images=[url])),
        modify_image_ref=dream_nb.ModifyImageRef(url=url),
    )


def other_versions(dream: dream_nb.Dream) -> None:
    made = dream.modify("in snow", mode="flex_1")
    assert isinstance(made, dream_nb.Dream)
    for request in (
        dream_nb.ModifyVideoRequest(media=dream_nb.Media(url="https://a/b.mp4"), mode="flex_1"),
        dream_nb.ReframeVideoRequest(media=dream_nb.Media(url="https://a/b.mp4"), aspect_ratio="9:16"),
        dream_nb.ReframeImageRequest(media=dream_nb.Media(url="https://a/b.png"), aspect_ratio="9:16"),
        dream_nb.UpscaleVideoGenerationRequest(resolution="4k"),
        dream_nb.AudioGenerationRequest(prompt="waves"),
        dream_nb.UnknownRequest(document={}),
    ):
        assert_type(request.prompt, str | None)


def sound(dream: dream_nb.Dream) -> None:
    assert_type(dream.audio, dream_nb.Audio | None)
    if dream.audio is not None:
        assert_type(dream.audio.rate, int)
