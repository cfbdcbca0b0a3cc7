"""Reads the account, the body and the base URL of a request, the same way for every dialect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request

from dream_nb.studio import rules
from dream_nb.studio.answers import PREFIX
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings


class Access:
    """Reads the parts that all requests have in common. `account` and `body` raise `Refusal` if they cannot.

    Args:
        keys: the bearer key of each account; only their hashes are kept.
        settings: the settings, with the largest body and the public URL.
    """

    def __init__(self, keys: Mapping[str, str], settings: Settings) -> None:
        # Looked up by hash, so that the time it takes reveals nothing about a key.
        self._accounts = {hashlib.sha256(key.encode()).digest(): account for account, key in keys.items()}
        self._max_body = settings.max_body
        self._public_url = settings.public_url
        if settings.public_url is not None and not rules.is_http_url(settings.public_url):
            raise ValueError(f"public_url is {settings.public_url[:80]!r}, which is not an http(s) URL")

    def account(self, request: Request) -> str:
        """Return the account whose key a request has."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        found = self._accounts.get(hashlib.sha256(key.encode("latin-1", "replace")).digest())
        if not key or found is None or scheme.lower() != "bearer":
            detail = "Invalid API key" if key else "A bearer key is missing: send Authorization: Bearer <key>"
            raise Refusal(401, detail, {"www-authenticate": "Bearer"})
        return found

    async def body(self, request: Request) -> bytes:
        """Return the body of a request."""
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > self._max_body:
                    detail = f"the body has more than {self._max_body} bytes"
                    raise Refusal(413, detail, {"connection": "close"})
        except ClientDisconnect:
            # The client has left, so nobody receives this answer; raised so that it is not logged as a defect.
            raise Refusal(400, "the connection ended within the body") from None
        return bytes(body)

    def base_url(self, request: Request, prefix: str = PREFIX) -> str:
        """Return the base URL of an API.

        Args:
            request: the request. Unless the settings have a public URL, the host is the one that its sender used.
            prefix: the prefix of the API.
        """
        if self._public_url:
            public = self._public_url.rstrip("/")
            return public if prefix == PREFIX else public.removesuffix(PREFIX) + prefix
        served = "{}:{}".format(*(request.scope.get("server") or ("localhost", 80)))
        for host in (request.headers.get("host"), served):
            url = f"{request.scope['scheme']}://{host}{prefix}"
            if host and rules.is_http_url(url):
                return url
        return f"{request.scope['scheme']}://localhost{prefix}"
