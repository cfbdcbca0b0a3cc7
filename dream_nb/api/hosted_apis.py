"""The APIs that the provider sells: where each is, and which variables of the environment hold its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HostedAPI:
    """One of the provider's APIs: where it is, and which variables of the environment say so.

    Attributes:
        base_url: the address of its server.
        key_variable: holds the key.
        url_variable: holds the address that this key belongs to, where it is another.
    """

    base_url: str
    key_variable: str
    url_variable: str


DREAM_MACHINE: Final = HostedAPI("https://api.lumalabs.ai/dream-machine/v1", "LUMAAI_API_KEY", "LUMAAI_BASE_URL")
"""The Dream Machine API, at the server that its specification names."""

LUMA: Final = HostedAPI("https://agents.lumalabs.ai/v1", "LUMA_AGENTS_API_KEY", "LUMA_BASE_URL")
"""The Luma API of 2026."""
