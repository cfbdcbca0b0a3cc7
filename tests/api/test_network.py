"""Custom proxies and certificates, set as users of httpx2 do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from dream_nb.api import errors
from dream_nb.api.blocking import DreamMachine
from dream_nb.api.loopback import is_loopback
from dream_nb.api.network import broken_variable, files_client
from tests.api.conftest import Open
from tests.api.leaks import seen
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
    """A server whose certificate is signed by a private authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with hostile(context) as server:
        yield server


@pytest.fixture
def trusted(authority: CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name that authority in the environment."""
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


BROKEN = [
    ("SSL_CERT_FILE", "/nowhere.pem"),
    ("SSL_CERT_FILE", "/"),
    ("SSLKEYLOGFILE", "/nowhere/keys"),
    ("HTTPS_PROXY", "gopher://me:sesame@a"),
    ("https_proxy", "socks4://me:sesame@a"),
    ("HTTP_PROXY", "http://me:sesame@[::1"),
    ("ALL_PROXY", "socks://me:sesame@a"),
    ("ALL_PROXY", "http://me:sesame@a:port"),
]


@pytest.fixture(params=BROKEN, ids=lambda pair: f"{pair[0]}={pair[1]}")
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an environment variable that is set to an unusable value."""
    name, value = request.param
    if name == "SSLKEYLOGFILE":
        monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    monkeypatch.setenv(name, value)
    found: str = name
    return found


def test_a_variable_that_does_not_work_is_named_and_not_shown(key: str, broken: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=f"^{broken} cannot be used") as caught:
        DreamMachine(key, f"https://localhost:{free_port()}")
    assert "sesame" not in seen(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.skipif(find_spec("socksio") is not None, reason="socksio is installed")
def test_socks_without_its_package_says_what_to_install(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:sesame@a:1080")
    with pytest.raises(errors.ConfigurationError, match=r"ALL_PROXY cannot be used as a proxy: .*pip install socksio"):
        DreamMachine(key, f"https://localhost:{free_port()}")


@pytest.mark.usefixtures("broken")
def test_a_server_on_this_machine_needs_no_variable(hostile: Hostile, connect: Open) -> None:
    assert connect(hostile.base_url).get_credits().credit_balance == 7


def test_variables_that_work_are_not_named(monkeypatch: pytest.MonkeyPatch, authority: CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, value in {
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "HTTPS_PROXY": "proxy.example:3128",
        "HTTP_PROXY": "http://me:word@proxy.example",
        "ALL_PROXY": "",
        "NO_PROXY": "localhost,::1,*.example.com",
    }.items():
        monkeypatch.setenv(name, value)
    assert broken_variable() is None


async def fetched(files: httpx2.AsyncClient, url: str) -> tuple[int, bytes]:
    async with files, files.stream("GET", url) as answer:
        return answer.status_code, await answer.aread()


@pytest.mark.usefixtures("trusted")
def test_files_elsewhere_come_by_the_certificates_of_the_environment(secure: Hostile) -> None:
    files = files_client("http://localhost:1/v1", 30.0)
    secure.behaviour = lambda exchange: exchange.answer(200, "a file")
    assert asyncio.run(fetched(files, f"{secure.base_url}/a.mp4")) == (200, b"a file")
    assert "authorization" not in secure.requests[0].headers


@pytest.mark.usefixtures("broken")
def test_files_on_this_machine_need_no_variable(hostile: Hostile) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, "a file")
    files = files_client(hostile.base_url, 30.0)
    assert asyncio.run(fetched(files, f"{hostile.base_url}/a.mp4")) == (200, b"a file")


def test_files_elsewhere_name_the_variable_that_does_not_work(broken: str) -> None:
    files = files_client("http://localhost:1/v1", 30.0)
    with pytest.raises(errors.ConfigurationError, match=f"^{broken} cannot be used"):
        asyncio.run(fetched(files, "https://files.example/a.mp4"))


def test_files_of_a_server_elsewhere_are_known_to_be_out_of_reach_at_once(broken: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=f"^{broken} cannot be used"):
        files_client("https://api.example/v1", 30.0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.0.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
