"""Every operation and option of the official SDK has counterparts in the client, the studio and the user's words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dream_nb.api import canonical, luma, luma_requests
from dream_nb.lines.options import DREAM, names
from dream_nb.results.dream import Dream
from dream_nb.session import Session
from tests.api.luma_table import OPERATIONS, OPTIONS, TYPES, Row
from tests.api.test_luma_sdk import OPERATIONS as METHODS
from tests.api.test_luma_sdk import fields, literals

types = pytest.importorskip("luma_agents.types")

STUDIO = Path(__file__).parents[1] / "studio"
ROWS = {
    **OPERATIONS,
    **{f"type {name}": row for name, row in TYPES.items()},
    **{f"{owner}.{name}": row for owner, rows in OPTIONS.items() for name, row in rows.items()},
}


def test_every_operation_is_in_the_table() -> None:
    assert OPERATIONS.keys() == METHODS.keys()


def test_every_type_is_in_the_table() -> None:
    assert TYPES.keys() == literals("GenerationCreateParams", "type")


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_in_the_table(name: str) -> None:
    assert OPTIONS[name].keys() == fields(getattr(types, name)).keys()


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_client_has_it(row: Row) -> None:
    owner, _, field = row.client.rpartition(".")
    if owner:
        assert field in getattr(luma_requests, owner).model_fields
    else:
        assert callable(getattr(luma.AsyncLuma, field))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_test_of_the_studio_holds_it(row: Row) -> None:
    tests = {
        name
        for path in STUDIO.glob("test_luma*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))
    }
    assert row.studio in tests


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_its_user_has_a_word_for_it(row: Row) -> None:
    owner, _, name = row.user.rpartition(".")
    if row.user.startswith("--"):
        assert row.user in names(DREAM)
    elif owner == "ControlledModifyRequest":
        assert name in canonical.ControlledModifyRequest.model_fields
    elif owner:
        assert callable(getattr({"Dream": Dream, "Luma": luma.AsyncLuma}[owner], name))
    else:
        assert row.user == "%dream" or callable(getattr(Session, row.user))


def test_no_type_of_a_request_is_left_out() -> None:
    told = {name for name in vars(types) if name.endswith(("Param", "Params"))}
    assert told == OPTIONS.keys()
