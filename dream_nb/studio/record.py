"""A generation as the studio remembers it, and what a row of its database has to be to count as one.

The database lies in a library that may come from somebody else: any value of any type may stand in it.
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
"""In which of its dialects a studio was asked for a generation."""
_MOST_MILLICENTS: Final = 10**12
_MOST_WORDS: Final = 10_000
ASSET: Final = rf"^[0-9a-f]{{32}}\.(mp4|{'|'.join(IMAGE_FORMATS)})$"
_ID: Final = r"^[0-9a-f-]{36}$"


def _object(text: str) -> str:
    # Answers contain it as it is.
    if not isinstance(from_json(text, allow_inf_nan=False), dict):
        raise ValueError("not a JSON object")
    return text


def _one_of(words: Sequence[str]) -> str:
    return f"^({'|'.join(words)})$"


class StoredGeneration(NamedTuple):
    """A generation as it is remembered. `request` is its JSON; `created` as the API writes it; `price` millicents.

    `api` is the dialect that it was asked for in, and the only one in which it is shown.

    `source` is the id of the generation that the path of the request named: what was upscaled or given sound.
    `lines` is the resolution of a video in the words of the API, such as 720; None where it is unknown.

    `shorter_side` and `longest_seconds` are the settings under which it was asked for: any studio may draw it. `seal`
    shows which installation accepted it.
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
        """The same, as accepted by this installation."""
        return self._replace(seal=installation.seal(self._accepted()))

    def is_sealed(self) -> bool:
        """Whether this installation accepted it: where its callbacks go, and what is fetched for it."""
        return installation.is_sealed(self._accepted(), self.seal)

    def _accepted(self) -> str:
        parts = (self.id, self.account, self.api, self.kind, self.request, self.callback_url, self.source)
        return to_json(("studio generation", *parts)).decode()


class Output(NamedTuple):
    """One of several files of a generation: its name, its type in the words of the Luma API, and which layer it is."""

    asset: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[a-z0-9]{2,4}$")]
    type: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]
    layer: Annotated[str, AfterValidator(_object)] | None


COLUMNS: Final = ", ".join(StoredGeneration._fields)
"""The columns of a record, in their order."""

_ROW: Final = TypeAdapter(StoredGeneration, config=ConfigDict(strict=True))
_OUTPUT: Final = TypeAdapter(Output, config=ConfigDict(strict=True))


def read_row(row: Sequence[object]) -> StoredGeneration:
    """The record of a row that the studio's database holds.

    Args:
        row: the values of `COLUMNS`.

    Raises:
        ValueError: the studio cannot have written this.
    """
    return _ROW.validate_python(tuple(row))


def read_output(row: Sequence[object]) -> Output:
    """One of several files of a generation, as `read_row`."""
    return _OUTPUT.validate_python(tuple(row))
