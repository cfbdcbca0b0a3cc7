"""The studio's outgoing requests: downloads and callbacks, without giving clients access to its network.

URLs come from clients. Therefore an address is checked after its host name was resolved, the connection is made to
exactly that address, and every redirect is checked again, so that changing a host's address in between has no effect.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import ipaddress
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import httpx2

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.pictures import picture_size
from dream_nb.studio.settings import Settings

MAX_REDIRECTS: Final = 5
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_DATA_HEAD: Final = re.compile(r"data:([A-Za-z0-9/+.-]*)(?:;[A-Za-z0-9/+.;=-]*)?;base64", re.IGNORECASE)
_LONGEST_HOST: Final = 255

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(Exception):
    """A URL could not be downloaded. The message says why, and names only the host of the URL."""


def read_data_url(url: str) -> tuple[str, bytes]:
    """Return the media type and the bytes of a `data:` URL in base64. Raises ValueError."""
    head, _, payload = url.partition(",")
    found = _DATA_HEAD.fullmatch(head)
    if not found:
        raise ValueError("a data: URL has to be data:<type>;base64,<data>")
    try:
        if len(payload) % 4:
            raise ValueError
        return found[1].lower(), base64.b64decode(payload, validate=True)
    except ValueError:
        raise ValueError("the data of this data: URL is not base64") from None


def is_allowed(address: str, *, loopback: bool, public: bool) -> bool:
    """Return whether an address may be used.

    Args:
        address: the IP address.
        loopback: whether addresses of this machine are allowed.
        public: whether public addresses are allowed.
    """
    ip = _innermost(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_loopback:
        return loopback
    return public and ip.is_global and not ip.is_multicast


def _innermost(ip: Address) -> Address:
    """The IPv4 address that an IPv6 address represents, or the address itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        return inner or ip
    return ip


class Fetcher:
    """Downloads pictures and videos, and delivers callbacks, within the limits of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @functools.cached_property
    def _http(self) -> httpx2.AsyncClient:
        # Created on first use: reading the certificates takes longer than starting everything else. Proxies from the
        # environment are ignored: a proxy would connect to an address that was not checked. Connections are not reused:
        # they would be pooled by address, not by the name that the certificate was checked for.
        return httpx2.AsyncClient(
            trust_env=False, follow_redirects=False, limits=httpx2.Limits(max_keepalive_connections=0)
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def picture(self, url: str) -> bytes:
        """Return the bytes of a picture, from an http(s) or `data:` URL.

        Raises:
            FetchError: it cannot be downloaded, or exceeds a limit.
        """
        if url[:5].lower() == "data:":
            try:
                data = read_data_url(url)[1]
            except ValueError as error:
                raise FetchError(str(error)) from None
            if len(data) > self._settings.max_input:
                raise FetchError(f"the picture has more than {self._settings.max_input} bytes")
        else:
            data = await self._get(url, "picture", self._settings.max_input)
        await asyncio.to_thread(check_pixels, data, self._settings.max_pixels)
        return data

    async def video(self, url: str) -> bytes:
        """Return the bytes of a video, from an http(s) or `data:` URL, without checking that it is a video.

        Args:
            url: the URL.

        Raises:
            FetchError: it cannot be downloaded, or exceeds a limit.
        """
        if url[:5].lower() != "data:":
            return await self._get(url, "video", self._settings.max_media)
        try:
            # Needs no limit here: it is part of a request, whose size is limited.
            return read_data_url(url)[1]
        except ValueError as error:
            raise FetchError(str(error)) from None

    async def post(self, url: str, body: bytes) -> int:
        """POST a JSON document without following redirects, and return the status.

        Raises:
            FetchError: the address is not allowed, cannot be reached, or does not answer in time.
        """
        settings = self._settings
        headers = {"content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(settings.callback_seconds),
                self._pinned("POST", url, headers, body, loopback=True, public=settings.public_callbacks) as response,
            ):
                return response.status_code
        except TimeoutError:
            raise FetchError(f"no answer within {settings.callback_seconds:g} s") from None

    async def _get(self, url: str, what: str, most: int) -> bytes:
        settings = self._settings
        accepted = "image/*" if what == "picture" else "video/*"
        headers = {"accept": accepted, "accept-encoding": "identity"}
        try:
            async with asyncio.timeout(settings.fetch_seconds):
                for _ in range(MAX_REDIRECTS + 1):
                    async with self._pinned(
                        "GET", url, headers, None, loopback=settings.fetch_loopback, public=True
                    ) as response:
                        if response.status_code in _REDIRECTS and "location" in response.headers:
                            url = _redirected(url, response.headers["location"])
                            continue
                        if response.status_code != HTTPStatus.OK:
                            raise FetchError(f"{_host(url)} answered {response.status_code}")
                        return await _bounded(response, what, most)
        except TimeoutError:
            raise FetchError(f"{_host(url)} took longer than {settings.fetch_seconds:g} s") from None
        raise FetchError(f"{_host(url)} redirects more than {MAX_REDIRECTS} times")

    @asynccontextmanager
    async def _pinned(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, *, loopback: bool, public: bool
    ) -> AsyncIterator[httpx2.Response]:
        """A response from a checked address of the URL's host, whose body is not read yet."""
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL:
            raise FetchError("this is not a URL") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise FetchError(f"only http(s) is fetched, not {parsed.scheme[:20]!r}")
        response = None
        for address in await _addresses(parsed, loopback=loopback, public=public):
            request = self._http.build_request(
                method,
                parsed.copy_with(host=address, userinfo=b""),
                headers=headers | {"host": parsed.netloc.decode("ascii").rpartition("@")[2]},
                content=body,
                extensions={"sni_hostname": parsed.raw_host.decode("ascii"), "timeout": _timeout(self._settings)},
            )
            try:
                response = await self._http.send(request, stream=True)
                break
            except httpx2.ConnectError:
                continue
            except httpx2.HTTPError as error:
                raise FetchError(f"{_host(parsed)} does not answer ({type(error).__name__})") from None
        if response is None:
            raise FetchError(f"{_host(parsed)} cannot be reached")
        try:
            yield response
        except httpx2.HTTPError as error:
            raise FetchError(f"{_host(parsed)} cut off the connection ({type(error).__name__})") from None
        finally:
            await response.aclose()


async def _bounded(response: httpx2.Response, what: str, most: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        # A few compressed bytes may expand to gigabytes in one step, before the size can be checked.
        raise FetchError(f"the {what} was sent compressed without being asked for")
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > most:
            raise FetchError(f"the {what} has more than {most} bytes")
    return bytes(data)


async def _addresses(url: httpx2.URL, *, loopback: bool, public: bool) -> list[str]:
    host = url.raw_host.decode("ascii").strip("[]")
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"{_host(url)} is an unknown host") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if is_allowed(address, loopback=loopback, public=public)]
    if not allowed:
        raise FetchError(f"{_host(url)} is at an address that this studio does not call")
    return allowed


def _redirected(url: str, location: str) -> str:
    try:
        return str(httpx2.URL(url).join(location))
    except httpx2.InvalidURL:
        raise FetchError(f"{_host(url)} redirects to an invalid URL") from None


def _timeout(settings: Settings) -> dict[str, float | None]:
    return httpx2.Timeout(max(settings.fetch_seconds, settings.callback_seconds)).as_dict()


def _host(url: str | httpx2.URL) -> str:
    return httpx2.URL(url).host[:_LONGEST_HOST]


def check_pixels(data: bytes, limit: int) -> None:
    """Check the header of a picture. Raises FetchError if it is not a picture, or has more than `limit` pixels."""
    try:
        width, height = picture_size(data)
    except UnreadableFileError as error:
        raise FetchError(f"the file there {error.reason}") from None
    if width * height > limit:
        raise FetchError(f"the picture has {width}x{height} pixels; at most {limit} are read")
