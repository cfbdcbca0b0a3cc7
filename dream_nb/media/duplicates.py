"""Finds videos and pictures that look alike, by their fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

BITS: Final = 64
"""The number of bits of a fingerprint."""


def near_duplicates(fingerprints: Sequence[str | None], distance: int) -> list[list[int]]:
    """Return the numbers of those that look alike, in groups of at least two.

    Args:
        fingerprints: for each one, 16 hexadecimal digits, or None.
        distance: the number of the 64 bits that may differ between neighbours of a group.

    Raises:
        ValueError: distance is not a number from 0 to 64.
    """
    if not 0 <= distance <= BITS:
        raise ValueError(f"distance must be a number of bits from 0 to {BITS}, not {distance}")
    places = [place for place, value in enumerate(fingerprints) if value is not None]
    numbers = np.array([int(value, 16) for value in fingerprints if value is not None], np.uint64)
    group = list(range(len(places)))
    for at, number in enumerate(numbers):
        for other in at + 1 + np.flatnonzero(np.bitwise_count(numbers[at + 1 :] ^ number) <= distance):
            old, new = group[other], group[at]
            if old != new:
                group = [new if value == old else value for value in group]
    alike: dict[int, list[int]] = {}
    for place, value in zip(places, group, strict=True):
        alike.setdefault(value, []).append(place)
    return [members for members in alike.values() if len(members) > 1]
