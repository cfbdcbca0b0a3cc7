"""HTTP clients, and the proxy and certificate variables of the environment."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final
from urllib.request import getproxies

import httpx2

from dream_nb.api.errors import ConfigurationError

# Addresses of this machine are reached without a proxy.
_NEAR: Final = ("127.0.0.1", "localhost", "[::1]")
_AROUND_PROXIES: Final = {f"all://{name}": None for name in _NEAR}
_PROXIES: Final = ("https", "http", "all")
_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_BROKEN: Final = (OSError, ValueError, ImportError, httpx2.InvalidURL)


def near_transport() -> httpx2.AsyncHTTPTransport:
    """Return a transport for plain http to this machine.

    It ignores the environment, because a proxy would receive a key unencrypted. It also needs no certificates, which
    take longer to load than everything else in a client.
    """
    return httpx2.AsyncHTTPTransport(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def near_client() -> httpx2.AsyncClient:
    """Return a client for plain http to this machine; see `near_transport`."""
    return httpx2.AsyncClient(transport=near_transport(), trust_env=False)


def far_client(**options: Any) -> httpx2.AsyncClient:
    """Return a client that uses the proxy and certificate variables of the environment.

    Args:
        **options: additional arguments of `httpx2.AsyncClient`.

    Raises:
        ConfigurationError: a variable does not work; the error names it, and does not show its value.
    """
    try:
        return httpx2.AsyncClient(**options)
    except _BROKEN as error:
        kind = type(error).__name__
    # Raised here, so that nothing leads from the error to a frame that holds a proxy's password.
    raise ConfigurationError(
        broken_variable()
        or f"the proxy or certificate variables of the environment are not valid ({kind}): correct or unset them"
    )


class _LateTransport(httpx2.AsyncBaseTransport):
    """A `far_client` that is created when it is first needed, so that broken variables do no harm before."""

    def __init__(self) -> None:
        self._client: httpx2.AsyncClient | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, using the environment's proxies and certificates.

        Args:
            request: the request to send.

        Raises:
            ConfigurationError: a variable does not work.
        """
        if self._client is None:
            self._client = far_client(mounts=_AROUND_PROXIES)
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        """Close the client if it was created."""
        if self._client is not None:
            await self._client.aclose()


def files_client(base_url: str, seconds: float) -> httpx2.AsyncClient:
    """Return a client for the files of a server. It follows redirects, and never carries a key.

    Args:
        base_url: the address of the server.
        seconds: the timeout of connecting and of each read, in seconds.

    Raises:
        ConfigurationError: the proxy or certificate variables do not work, and the server is not on this machine.
    """
    if base_url.startswith("https:"):
        # Before anything is paid for: if the server cannot be reached, its files cannot be either.
        return far_client(timeout=seconds, follow_redirects=True, mounts=_AROUND_PROXIES)
    near = {f"http://{name}": near_transport() for name in _NEAR}
    return httpx2.AsyncClient(
        timeout=seconds, follow_redirects=True, transport=_LateTransport(), mounts=near, trust_env=False
    )


def broken_variable() -> str | None:
    """Return what is wrong with the first proxy or certificate variable that does not work, as a sentence; or None."""
    for scheme in _PROXIES:
        if problem := _proxy_problem(getproxies().get(scheme) or ""):
            return f"{_proxy_name(scheme)} cannot be used as a proxy: {problem}. Correct it, or unset it"
    # Python's own variables come last, because they are read while the others are.
    certificates: dict[str, Callable[[str], ssl.SSLContext]] = {
        "SSLKEYLOGFILE": lambda _: ssl.create_default_context(),
        "SSL_CERT_FILE": lambda value: ssl.create_default_context(cafile=value),
        "SSL_CERT_DIR": lambda value: ssl.create_default_context(capath=value),
    }
    for name, load in certificates.items():
        if value := os.environ.get(name):
            try:
                load(value)
            except (OSError, ValueError) as error:
                why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
                return f"{name} cannot be used: {why.lower()}. Correct it, or unset it"
    return None


def _proxy_problem(value: str) -> str | None:
    if not value:
        return None
    try:
        scheme = httpx2.URL(value if "://" in value else f"http://{value}").scheme
    except _BROKEN:
        return "it is not a URL such as http://proxy.example:3128"
    if scheme not in _SCHEMES:
        return f"its scheme is not one of {', '.join(_SCHEMES)}"
    if scheme.startswith("socks") and find_spec("socksio") is None:
        return "SOCKS proxies need the package socksio (pip install socksio)"
    return None


def _proxy_name(scheme: str) -> str:
    """The name of the variable that sets a proxy."""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), f"the system's {scheme} proxy")
