"""Prices of creates, as far as this installation has observed them."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dream_nb.api.request_models import Request
from dream_nb.files import replacing
from dream_nb.installation import state_folder

_BILLED: Final = ("model", "resolution", "duration", "aspect_ratio")
_OF: Final = "of"
_MOST_BYTES: Final = 1_000_000
# Balances are binary fractions: 1,000,000 - 0.2 is not exact.
_TOLERANCE: Final = 1e-6
_unsaved: dict[str, dict[str, Price]] = {}
_cached: dict[Path, tuple[tuple[int, int, int], dict[str, Price]]] = {}


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one kind of create at one server.

    Attributes:
        cents: the price in USD cents.
        is_sure: whether it was observed twice. A single observation may include somebody else's spending.
        other: a different price that was observed once since, or None.
        is_public: whether it is only a public price, and was not observed here.
    """

    cents: float
    is_sure: bool = False
    other: float | None = None
    is_public: bool = False


class Prices:
    """The prices of one server. They are stored with the state of this installation, and never in a library.

    Without a state folder, they are kept in memory.

    Args:
        origin: the origin of the server.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin

    @property
    def lock_path(self) -> Path | None:
        """The file whose lock is held while a price is observed."""
        path = self._path
        return path and path.with_suffix(".lock")

    def find(self, kind: str) -> Price | None:
        """Return the price of a kind of create.

        Args:
            kind: the kind, as `price_kind` returns it.

        Returns:
            The price, or None if it was never observed.
        """
        return self._all().get(kind)

    def observe(self, kind: str, cents: float) -> Price:
        """Record the cost of one create, by the balance.

        A price is sure once it was observed twice. A sure price is kept until another one was observed twice.

        Args:
            kind: the kind, as `price_kind` returns it.
            cents: the fall of the balance in USD cents, above 0.

        Returns:
            The price as it is known now.
        """
        known = self._all()
        price = _observed(known.get(kind), cents)
        if price != known.get(kind):
            self._keep(known | {kind: price})
        return price

    def all(self) -> dict[str, float]:
        """Return the prices of all kinds of creates that were observed, in USD cents."""
        return {kind: price.cents for kind, price in self._all().items()}

    @property
    def _path(self) -> Path | None:
        folder = state_folder()
        return folder and folder / f"prices-{hashlib.sha256(self._origin.encode()).hexdigest()[:16]}.json"

    def _all(self) -> dict[str, Price]:
        path = self._path
        known = _read(path, self._origin) if path else {}
        return known | _unsaved.get(str(path or self._origin), {})

    def _keep(self, prices: dict[str, Price]) -> None:
        path = self._path
        document = {"origin": self._origin, "prices": {kind: asdict(price) for kind, price in prices.items()}}
        try:
            if path is None:
                raise OSError("no folder is available for the state of this installation")
            _write(path, json.dumps(document, indent=1, ensure_ascii=False))
        except OSError:
            _unsaved[str(path or self._origin)] = prices
        else:
            _unsaved.pop(str(path), None)


def price_kind(request: Request) -> str:
    """Return everything known that a price depends on: "image photon-1 16:9", "video ray-2 720p 5s 16:9".

    It includes whatever is billed, so also the pixels of an aspect ratio. It is unknown how changes of other dreams are
    billed, and their sources may be of any length, so these are included as well: "upscale_video 4k of 1c5f…".

    Args:
        request: the request.
    """
    parts = [request.generation_type, *(getattr(request, name, None) for name in _BILLED)]
    source = getattr(request, "media", None)
    if source is not None:
        parts += [_OF, getattr(source, "id", None) or sha256_text(getattr(source, "url", ""))]
    return " ".join(part for part in parts if part)


def sha256_text(text: str) -> str:
    """Return the sha256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def kind_to_say(request: Request) -> str:
    """Return the kind of a request in the form in which users give prices, such as "upscale_video 4k".

    Args:
        request: the request.
    """
    return price_kind(request).partition(f" {_OF} ")[0]


def words_of(kind: str) -> list[str]:
    """Return the names under which a user may give the price of a kind, most specific first.

    Args:
        kind: the kind, as `price_kind` returns it. For "video ray-2 720p", the names are this, "video ray-2" and
            "video".
    """
    words = kind.split()
    return [" ".join(words[:count]) for count in range(len(words), 0, -1)]


def is_price(value: object) -> bool:
    """Return whether a value can be a price in USD cents: positive and finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < sys.float_info.max


def is_same(cents: float, other: float) -> bool:
    """Return whether two amounts are equal, except for the rounding of balances."""
    return abs(cents - other) <= _TOLERANCE


def _observed(known: Price | None, cents: float) -> Price:
    if known is None:
        return Price(cents)
    if is_same(known.cents, cents):
        return Price(known.cents, is_sure=True)
    if known.other is not None and is_same(known.other, cents):
        return Price(known.other, is_sure=True)
    return Price(known.cents, True, cents) if known.is_sure else Price(cents, False, known.cents)


def _read(path: Path, origin: str) -> dict[str, Price]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if path not in _cached or _cached[path][0] != stamp:
                document = json.loads(file.read(_MOST_BYTES))
                found = document["prices"].items() if document["origin"] == origin else ()
                _cached[path] = stamp, {kind: price for kind, row in found if (price := _price(row)) is not None}
            return _cached[path][1]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # It can be observed again.
        return {}


def _price(found: Any) -> Price | None:
    cents, other = found["cents"], found["other"]
    if not is_price(cents) or not (other is None or is_price(other)):
        return None
    return Price(float(cents), found["is_sure"] is True, None if other is None else float(other))


def _write(path: Path, text: str) -> None:
    with (
        replacing(path) as partial,
        os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file,
    ):
        file.write(text)
