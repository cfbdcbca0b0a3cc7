"""The valid settings of a studio."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from dream_nb.session import Session
from dream_nb.studio.settings import SECONDS_VARIABLE, SIDE_VARIABLE, Settings
from tests.studio.machine import PROMPT, Machine, in_process, picture, settings


@pytest.mark.parametrize("side", [0, -1, 2161, 30_000])
def test_a_side_that_no_drawing_may_have_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match=f"must be from 1 to 2160, not {side}"):
        Settings(shorter_side=side)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_length_that_no_drawing_may_have_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="longest_seconds"):
        Settings(longest_seconds=seconds)


@pytest.mark.parametrize("given", ["large", "nan", "inf", "30000", "0"])
def test_the_environment_is_refused_by_the_variables_name(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", given)
    with pytest.raises(ValueError, match="DREAM_NB_STUDIO_SIDE"):
        Settings()


@pytest.mark.anyio
async def test_a_public_url_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"public_url is 'studio\.example'"):
        async with in_process(tmp_path, settings=settings(public_url="studio.example")):
            pass


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["a host", "[fe80::1%eth0]", "x" * 5000])
async def test_an_odd_host_spoils_no_request(machine: Machine, host: str) -> None:
    # The data is long enough to be kept as a file, whose URL begins with the host.
    url = "data:image/png;base64," + base64.b64encode(picture() + bytes(3000)).decode()
    body = {"keyframes": {"frame0": {"type": "image", "url": url}}, "prompt": PROMPT}
    generation = await machine.create(body, headers={"host": host})
    assert (await machine.finished(generation["id"]))["state"] == "completed"


def test_those_of_a_notebook_follow_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SIDE_VARIABLE, "320")
    fixed, following = Settings(), Settings(follows_environment=True)
    monkeypatch.setenv(SIDE_VARIABLE, "90")
    monkeypatch.setenv(SECONDS_VARIABLE, "0.5")
    assert (fixed.now().shorter_side, fixed.now().longest_seconds) == (320, fixed.longest_seconds)
    assert (following.now().shorter_side, following.now().longest_seconds) == (90, 0.5)
    monkeypatch.setenv(SIDE_VARIABLE, "wide")
    assert following.now().shorter_side == 320


def test_a_studio_that_was_opened_before_a_cell_set_the_size_draws_in_that_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SIDE_VARIABLE, raising=False)
    with Session(tmp_path / "dreams", backend="studio") as session:
        session.camera_motions()
        monkeypatch.setenv(SIDE_VARIABLE, "90")
        assert min(session.dream("a lake", kind="image").size) == 90
