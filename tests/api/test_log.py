"""The debug log records requests and answers, but nothing secret or long."""

from __future__ import annotations

import logging

import pytest

from dream_nb.api.errors import APIError
from dream_nb.api.redaction import redacted
from dream_nb.api.request_models import GenerationRequest, ImageGenerationRequest, ImageRef, Keyframes
from tests.api.conftest import Open
from tests.api.servers import Hostile

DATA = "data:image/png;base64," + "iVBORw0KGgo" * 1000


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="dream_nb.api")
    return caplog


def test_nothing_is_logged_unless_it_is_asked_for(
    hostile: Hostile, connect: Open, caplog: pytest.LogCaptureFixture
) -> None:
    connect(hostile.base_url).get_credits()
    assert [record for record in caplog.records if record.name == "dream_nb.api"] == []


def test_a_call_is_logged_with_its_operation_document_and_status(
    hostile: Hostile, connect: Open, log: pytest.LogCaptureFixture
) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(201, '{"id": "a"}')
    connect(hostile.base_url).create_generation(GenerationRequest(prompt="a lake", loop=True))
    assert 'createGeneration: POST /generations {"prompt": "a lake"' in log.text
    assert "createGeneration: 201" in log.text


def test_a_failure_is_logged_with_its_class(hostile: Hostile, connect: Open, log: pytest.LogCaptureFixture) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(404, '{"detail": "gone"}')
    with pytest.raises(APIError):
        connect(hostile.base_url).get_generation("a")
    assert "getGeneration: NotFoundError" in log.text


def test_a_picture_is_logged_by_its_kind_and_length(
    hostile: Hostile, connect: Open, log: pytest.LogCaptureFixture
) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(201, '{"id": "a"}')
    request = ImageGenerationRequest(prompt=f"like {DATA}", image_ref=[ImageRef(url=DATA)])
    connect(hostile.base_url).generate_image(request)
    assert f"data:image/png… ({len(DATA)} characters)" in log.text
    assert "iVBOR" not in log.text


def test_a_long_prompt_is_shortened() -> None:
    shown = redacted(GenerationRequest(prompt="a lake " * 100).wire())
    assert f'"{("a lake " * 100)[:40]}… (700 characters)"' in shown


def test_an_address_is_logged_by_its_host() -> None:
    request = GenerationRequest(
        prompt="see https://me:word@a.example/x?y",
        callback_url="https://hooks.example/T0/secret?sig=secret#secret",
        keyframes=Keyframes.model_validate({"frame0": {"type": "image", "url": "HTTPS://b.example:8/s.png"}}),
        extra={"list": [{"deep": "http://c.example/secret"}]},
    )
    shown = redacted(request.wire())
    assert "secret" not in shown
    assert "word" not in shown
    for part in ("https://a.example/…", "https://hooks.example/…", "HTTPS://b.example:8/…", "http://c.example/…"):
        assert part in shown


@pytest.mark.parametrize(
    "uri", ["data:,secret", "DATA:text/plain,secret", "data:a/b;x=y;base64,secret", "data:;base64,secret"]
)
def test_data_of_every_form_is_left_out(uri: str) -> None:
    assert "secret" not in redacted({"url": uri, "prompt": f"a {uri} b"})
