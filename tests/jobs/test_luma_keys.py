"""Keys of the Luma API: checked with a free request, and kept separate from those of the other API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from dream_nb.api.errors import AuthenticationError
from dream_nb.backends.backends import choose_backend
from dream_nb.backends.key_trial import try_key
from dream_nb.backends.keys import find_key, forget, how_to_give, remember
from tests.fakes.luma import KEY, FakeLuma


@pytest.fixture
def luma() -> Iterator[FakeLuma]:
    with FakeLuma().running() as fake:
        yield fake


def test_a_key_is_tried_by_a_list_of_one_file(luma: FakeLuma) -> None:
    assert try_key("luma", luma.base_url, SecretStr(KEY), seconds=30) == "the Luma API"
    assert luma.calls == [("GET", "/files")]


def test_a_wrong_key_is_not_accepted(luma: FakeLuma) -> None:
    with pytest.raises(AuthenticationError):
        try_key("luma", luma.base_url, SecretStr("luma-api-another"), seconds=30)


def test_both_apis_at_one_origin_have_keys_of_their_own(luma: FakeLuma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMA_BASE_URL", luma.base_url)
    monkeypatch.setenv("LUMAAI_BASE_URL", luma.base_url)
    remember("luma", SecretStr(KEY))
    try:
        found = find_key("luma")
        assert found is not None
        assert found.secret.get_secret_value() == KEY
        assert find_key("dream-machine") is None
    finally:
        forget("luma")
    assert find_key("luma") is None


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [
        ({}, "studio"),
        ({"LUMA_AGENTS_API_KEY": KEY}, "luma"),
        ({"LUMAAI_API_KEY": KEY}, "dream-machine"),
        ({"LUMA_AGENTS_API_KEY": KEY, "LUMAAI_API_KEY": KEY}, "dream-machine"),
    ],
)
def test_the_default_is_the_first_hosted_api_that_there_is_a_key_for(
    variables: dict[str, str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DREAM_NB_BACKEND")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert choose_backend() == chosen


def test_how_to_give_a_key_names_the_variable_of_its_api() -> None:
    assert how_to_give("luma").startswith("set LUMA_AGENTS_API_KEY, or run %dreams key luma")
