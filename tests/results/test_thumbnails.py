"""Tables with thumbnails."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.thumbnail_frame import Thumbnail
from tests.dreams import unfinished


def page(table: pd.DataFrame) -> str:
    return str(table._repr_html_())  # type: ignore[operator]


def test_a_table_shows_small_pictures(lake: Dream, lighthouse: Dream) -> None:
    table = Dreams([lake, lighthouse]).to_pandas(thumbnails=True)
    assert list(table.columns)[:2] == ["thumbnail", "prompt"]
    assert [str(one) for one in table["thumbnail"]] == ["160 x 90", "90 x 90"]
    pictures = re.findall(r'<img src="data:image/jpeg;name=dream_nb;base64,[^"]+" alt="([^"]+)"', page(table))
    assert pictures == ["a serene lake at sunset", "a lighthouse in the fog"]
    assert "thumbnail" not in Dreams([lake]).to_pandas()


def test_what_is_made_of_a_table_shows_them_too(sweep: Dreams) -> None:
    table = sweep.to_pandas(thumbnails=True)
    assert page(table.sort_values("prompt").head(2)[["thumbnail", "prompt"]]).count("<img") == 2
    assert "<img" not in page(table[["prompt"]])


def test_a_long_table_is_shortened_as_ever(sweep: Dreams) -> None:
    with pd.option_context("display.max_rows", 4, "display.min_rows", 2):
        shown = page(sweep.to_pandas(thumbnails=True))
    assert shown.count("<img") == 2
    assert "6 rows" in shown


def test_what_has_no_file_has_no_picture(lake: Dream, lighthouse: Dream) -> None:
    table = Dreams([unfinished(lake), lighthouse]).to_pandas(thumbnails=True)
    assert table["thumbnail"].isna().tolist() == [True, False]
    assert page(table).count("<img") == 1


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><b>'])
def test_other_cells_stay_text(lake: Dream, text: str) -> None:
    table = Dreams([lake]).to_pandas(thumbnails=True).assign(note=text)
    shown: Any = [Thumbnail(b"", (1, 1), text)]
    table = table.assign(thumbnail=shown)
    assert text not in page(table)
