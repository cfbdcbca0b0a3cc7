"""A stored generation, and the conditions for a row of the database to be one.

The database is part of a library that may come from somebody else, so it may contain any value of any type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import from_json, to_json

from dream_nb import installation
from dream_nb.api.models import STATES
from dream_nb.api.request_models import IMAGE_FORMATS, KINDS
from dream_nb.studio.rules import HTTP_URL, MAX_TAKE
from dream_nb.studio.settings import LENGTHS, SIDES

DREAM_MACHINE: Final = "dream-machine"
LUMA: Final = "luma"
APIS: Final = (DREAM_MACHINE, LUMA)
"""The dialects in which a studio accepts requests."""
_MOST_MILLICENTS: Final = 10**12
_MOST_WORDS: Final = 10_000
ASSET: Final = rf"^[0-9a-f]{{32}}\.(mp4|{'|'.join(IMAGE_FORMATS)})$"
_ID: Final = r"^[0-9a-f-]{36}$"


def _object(text: str) -> str:
    # Checked because answers contain the text unchanged.
    if not isinstance(from_json(text, allow_inf_nan=False), dict):
        raise ValueError("not a JSON object")
    return text


def _one_of(words: Sequence[str]) -> str:
    return f"^({'|'.join(words)})$"


class StoredGeneration(NamedTuple):
    """A stored generation. `request` is its JSON; `created` is in the form of the API; `price` is in millicents.

    `api` is the dialect of its request, and the only one in which it is returned.

    `source` is the id of the generation that the path of the request named: the one to be upscaled or given sound.
    `lines` is the resolution of a video in the API's terms, such as 720; None if it is unknown.

    `shorter_side` and `longest_seconds` are the settings at the time of the request, because any studio may draw it.
    `seal` shows which installation accepted it.
    """

    id: Annotated[str, Field(pattern=_ID)]
    account: Annotated[str, Field(max_length=_MOST_WORDS)]
    api: Annotated[str, Field(pattern=_one_of(APIS))]
    kind: Annotated[str, Field(pattern=_one_of(KINDS))]
    state: Annotated[str, Field(pattern=_one_of(STATES))]
    take: Annotated[int, Field(ge=1, le=MAX_TAKE)]
    request: Annotated[str, AfterValidator(_object)]
    created: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{6}\+00:00$")]
    base_url: Annotated[str, Field(pattern=HTTP_URL)]
    asset: Annotated[str, Field(pattern=ASSET)]
    price: Annotated[int, Field(ge=0, le=_MOST_MILLICENTS)]
    failure_reason: Annotated[str, Field(max_length=_MOST_WORDS)] | None
    callback_url: Annotated[str, Field(pattern=HTTP_URL)] | None
    shorter_side: Annotated[int, Field(ge=SIDES[0], le=SIDES[1])] | None
    longest_seconds: Annotated[float, Field(ge=LENGTHS[0], le=LENGTHS[1])] | None
    model: Annotated[str, Field(max_length=_MOST_WORDS)]
    source: Annotated[str, Field(pattern=_ID)] | None
    lines: Annotated[int, Field(ge=SIDES[0], le=SIDES[1])] | None
    failure_code: Annotated[str, Field(max_length=_MOST_WORDS)] | None
    seal: str | None = None

    def sealed(self) -> StoredGeneration:
        """Return the same record with the seal of this installation."""
        return self._replace(seal=installation.seal(self._accepted()))

    def is_sealed(self) -> bool:
        """Return whether this installation accepted it. If not, its callbacks and downloads are refused."""
        return installation.is_sealed(self._accepted(), self.seal)

    def _accepted(self) -> str:
        parts = (self.id, self.account, self.api, self.kind, self.request, self.callback_url, self.source)
        return to_json(("studio generation", *parts)).decode()


class Output(NamedTuple):
    """One of several files of a generation: its name, its type in the Luma API, and its layer."""

    asset: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[a-z0-9]{2,4}$")]
    type: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]
    layer: Annotated[str, AfterValidator(_object)] | None


COLUMNS: Final = ", ".join(StoredGeneration._fields)
"""The columns of a record, in their order."""

_ROW: Final = TypeAdapter(StoredGeneration, config=ConfigDict(strict=True))
_OUTPUT: Final = TypeAdapter(Output, config=ConfigDict(strict=True))


def read_row(row: Sequence[object]) -> StoredGeneration:
    """Return the record of a row of the studio's database.

    Args:
        row: the values of `COLUMNS`.

    Raises:
        ValueError: no studio can have written the row.
    """
    return _ROW.validate_python(tuple(row))


def read_output(row: Sequence[object]) -> Output:
    """Return one of several files of a generation, as `read_row` does."""
    return _OUTPUT.validate_python(tuple(row))
