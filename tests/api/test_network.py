"""Proxies and certificates of one's own, as users of httpx2 set them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from dream_nb.api import errors
from dream_nb.api.blocking import DreamMachine
from tests.api.conftest import Open
from tests.api.servers import Hostile, free_port, hostile, tunnel

if TYPE_CHECKING:
    from trustme import CA
else:
    CA = pytest.importorskip("trustme").CA


@pytest.fixture(scope="module")
def authority() -> CA:
    return CA()


@pytest.fixture
def secure(authority: CA) -> Iterator[Hostile]:
    """A server whose certificate is signed by an authority of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with hostile(context) as server:
        yield server


@pytest.fixture
def trusted(authority: CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names that authority."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
def test_an_authority_of_the_environment_is_trusted(secure: Hostile, connect: Open) -> None:
    assert connect(secure.base_url).get_credits().credit_balance == 7


def test_an_unknown_authority_is_not_trusted_and_nothing_was_sent(secure: Hostile, connect: Open) -> None:
    with pytest.raises(errors.APIConnectionError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        connect(secure.base_url).get_credits()
    assert (caught.value.reached, secure.requests) == (False, [])


@pytest.mark.usefixtures("trusted")
def test_a_proxy_of_the_environment_is_used_and_sees_no_key(
    secure: Hostile, hostile: Hostile, connect: Open, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.behaviour = tunnel
    monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{hostile.port}")
    assert connect(secure.base_url).get_credits().credit_balance == 7
    [asked] = hostile.requests
    assert (asked.method, asked.path) == ("CONNECT", f"localhost:{secure.port}")
    assert key not in str(asked)
    assert secure.requests[0].headers["authorization"] == f"Bearer {key}"


def test_a_proxy_that_refuses_let_nothing_through(
    hostile: Hostile, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(407, "")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:word@localhost:{hostile.port}")
    with pytest.raises(errors.APIConnectionError, match="407") as caught:
        connect("https://api.example/v1").get_credits()
    assert not caught.value.reached
    assert "word" not in str(caught.value)


def test_a_client_of_ones_own_brings_its_certificates_and_is_left_open(
    secure: Hostile, authority: CA, key: str
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    http = httpx2.AsyncClient(verify=context)
    with DreamMachine(key, secure.base_url, http_client=http) as machine:
        assert machine.get_credits().credit_balance == 7
    assert not http.is_closed


@pytest.mark.parametrize(("name", "value"), [("SSL_CERT_FILE", "/nowhere.pem"), ("HTTPS_PROXY", "gopher://me:word@a")])
def test_variables_that_do_not_work_are_named(key: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.ConfigurationError, match="proxy or certificate variables") as caught:
        DreamMachine(key, f"https://localhost:{free_port()}")
    assert "word" not in str(caught.value)
