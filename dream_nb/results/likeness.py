"""Which dreams look alike, by their fingerprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from dream_nb.results.dreams import Dreams

BITS: Final = 64


def near_duplicates(dreams: Dreams, distance: int) -> list[Dreams]:
    """See `Dreams.near_duplicates`.

    Args:
        dreams: which, with their fingerprints measured.
        distance: how many bits may differ.

    Raises:
        ValueError: the distance is none.
    """
    if not 0 <= distance <= BITS:
        raise ValueError(f"distance {distance} is not a number of bits from 0 to {BITS}")
    if not dreams:
        return []
    # An axis of a sweep may have the name of the column.
    prints: list[Any] = [values.get("fingerprint") for values in dreams.measures]
    places = [place for place, value in enumerate(prints) if value is not None]
    numbers = np.array([int(prints[place], 16) for place in places], np.uint64)
    group = list(range(len(places)))
    for at, number in enumerate(numbers):
        for other in at + 1 + np.flatnonzero(np.bitwise_count(numbers[at + 1 :] ^ number) <= distance):
            old, new = group[other], group[at]
            if old != new:
                group = [new if value == old else value for value in group]
    alike: dict[int, list[int]] = {}
    for place, value in zip(places, group, strict=True):
        alike.setdefault(value, []).append(place)
    return [dreams._at(members) for members in alike.values() if len(members) > 1]
