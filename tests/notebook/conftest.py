"""Fixture: a page without a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notebook.page import Page, open_page


@pytest.fixture
def page() -> Iterator[Page]:
    with open_page() as page:
        yield page
