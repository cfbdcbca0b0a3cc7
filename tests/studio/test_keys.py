"""The keys of a served studio."""

from __future__ import annotations

import pytest

from dream_nb.studio.__main__ import KEY_VARIABLE, _keys


def test_an_empty_variable_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "")
    keys, made = _keys(["notebook"])
    assert keys == made
    assert keys["notebook"]
