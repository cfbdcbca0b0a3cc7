"""The APIs of the provider: their addresses, and the environment variables of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HostedAPI:
    """One of the provider's APIs.

    Attributes:
        base_url: the address of its server.
        key_variable: the environment variable of the key.
        url_variable: the environment variable of the address that the key belongs to, if it is not `base_url`.
    """

    base_url: str
    key_variable: str
    url_variable: str


DREAM_MACHINE: Final = HostedAPI("https://api.lumalabs.ai/dream-machine/v1", "LUMAAI_API_KEY", "LUMAAI_BASE_URL")
"""The Dream Machine API, on the server that its specification names."""

LUMA: Final = HostedAPI("https://agents.lumalabs.ai/v1", "LUMA_AGENTS_API_KEY", "LUMA_BASE_URL")
"""The Luma API of 2026."""
