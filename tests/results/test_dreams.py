"""A collection of dreams: selected, sorted, as a table, on one picture, in a folder."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dream_nb.api.errors import ConfigurationError, LibraryError
from dream_nb.api.models import Generation
from dream_nb.media.axes import Layout
from dream_nb.media.sheets import sheet
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from tests.dreams import unfinished
from tests.results.test_preview import INJECTIONS, Parsed


def html_of(dreams: Dreams) -> str:
    return dreams._repr_mimebundle_()["text/html"]


def failed(dream: Dream) -> Dream:
    generation = Generation(id="f", state="failed", failure_reason="Frame moderation failed")
    return unfinished(dream, generation=generation)


def test_a_slice_keeps_the_words_of_its_dreams(sweep: Dreams) -> None:
    assert sweep[1:3].words == sweep.words[1:3]
    assert isinstance(sweep[1:3], Dreams)
    assert sweep[-1] == list(sweep)[-1]


def test_two_collections_are_added_in_order(sweep: Dreams) -> None:
    assert sweep[:2] + sweep[2:] == sweep


def test_two_collections_that_are_added_keep_their_measures(sweep: Dreams) -> None:
    measures = [{"sharpness": float(place)} for place in range(len(sweep))]
    measured = Dreams(sweep, words=sweep.words, measures=measures)
    assert (measured[:2] + measured[2:]).measures == measures


def test_the_same_dreams_with_other_words_are_another_collection(sweep: Dreams) -> None:
    assert Dreams(sweep, words=sweep.words) == sweep
    assert Dreams(sweep, words=sweep.words[::-1]) != sweep


def test_filter_takes_a_value_a_function_of_a_value_and_a_function_of_the_dream(sweep: Dreams) -> None:
    assert [words["mood"] for words in sweep.filter(time="night").words] == ["calm", "stormy", "foggy"]
    assert len(sweep.filter(mood=lambda mood: mood.startswith("c"))) == 2
    assert len(sweep.filter(lambda dream: "foggy" in dream.prompt, time="dawn")) == 1


def test_an_unknown_column_names_the_nearest(sweep: Dreams) -> None:
    with pytest.raises(ValueError, match=r"no column 'sharpnes': .*'sharpness'"):
        Dreams(sweep, measures=[{"sharpness": 1.0}] * len(sweep)).sort_by("sharpnes")


def test_sorting_keeps_what_has_no_value_at_the_end(sweep: Dreams) -> None:
    measured = Dreams(sweep[:4], measures=[{"x": 2}, {"x": None}, {"x": 3}, {"x": 1}])
    assert measured.sort_by("x").column("x") == [1, 2, 3, None]
    assert measured.sort_by("x", reverse=True).column("x") == [3, 2, 1, None]


def test_groups_come_in_the_order_of_their_first(sweep: Dreams) -> None:
    groups = sweep.group_by("mood")
    assert list(groups) == ["calm", "stormy", "foggy"]
    assert groups["foggy"].column("time") == ["dawn", "night"]


def test_an_empty_collection_has_everything_but_pictures(tmp_path: Path) -> None:
    empty = Dreams()
    assert empty.axes == {}
    assert empty.filter(kind="video") == empty == empty.sort_by("cost")
    assert empty.group_by("kind") == {}
    assert list(empty.to_pandas().columns) == list(empty.to_polars().columns)
    assert "No dreams" in html_of(empty)
    with pytest.raises(ValueError, match="needs at least one dream"):
        empty.contact_sheet()
    with pytest.raises(ValueError, match="needs at least one dream"):
        empty.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pandas_columns_are_typed(sweep: Dreams) -> None:
    marked = Dreams(
        [Dream(replace(one._record, charge=32.5, tags=("a", "b")), one._library, one._home) for one in sweep]
        + [failed(sweep[0])],
        measures=[{"count": 3, "colours": ["#000000"]}] * len(sweep) + [{"count": None, "colours": None}],
    )
    table = marked.to_pandas()
    assert str(table["created"].dtype) == "datetime64[us, UTC]"
    assert table["created"][0].to_pydatetime() == sweep[0].created.astimezone(UTC)
    assert table["cost"].tolist()[:6] == [32.5] * 6
    assert np.isnan(table["cost"].tolist()[6])
    assert table["tags"][0] == ["a", "b"]
    assert str(table["take"].dtype) == str(table["count"].dtype) == "Int64"
    assert table["failure_reason"].isna().tolist() == [True] * 6 + [False]
    assert table["state"].tolist()[-1] == "failed"


def test_polars_columns_are_typed(sweep: Dreams) -> None:
    import polars as pl

    schema = Dreams(sweep, measures=[{"colours": ["#000000"]}] * len(sweep)).to_polars().schema
    assert schema["created"] == pl.Datetime("us", "UTC")
    assert schema["cost"] == pl.Float64
    assert schema["tags"] == schema["colours"] == pl.List(pl.String)
    assert schema["loop"] == pl.Boolean


MIXED: list[tuple[list[Any], list[Any]]] = [
    ([1, "a"], ["1", "a"]),
    ([True, 2.5], [1.0, 2.5]),
    ([1, [2.5]], ["1", "[2.5]"]),
    ([[1.0, None], [2]], [[1.0, None], [2.0]]),
    ([["a", None], [1]], [["a", None], ["1"]]),
    ([2**70, 1], [str(2**70), "1"]),
    ([{"a": 1}, None], ["{'a': 1}", None]),
]


@pytest.mark.parametrize("missing", ["", "polars"])
@pytest.mark.parametrize(("given", "written"), MIXED)
def test_a_column_of_several_types_is_written_as_one(
    sweep: Dreams,
    tmp_path: Path,
    given: list[Any],
    written: list[Any],
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pyarrow.parquet

    if missing:
        monkeypatch.setitem(__import__("sys").modules, missing, None)
    dreams = Dreams(sweep[:2], measures=[{"x": value} for value in given])
    table = pyarrow.parquet.read_table(dreams.to_parquet(tmp_path / "dreams.parquet"))
    assert table["x"].to_pylist() == written


def test_a_column_of_several_types_keeps_its_values_outside_of_a_table(sweep: Dreams) -> None:
    assert Dreams(sweep[:2], measures=[{"x": 1}, {"x": "a"}]).column("x") == [1, "a"]


@pytest.mark.parametrize("missing", ["", "polars"])
def test_parquet_gives_back_times_and_lists(
    sweep: Dreams, tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet

    if missing:
        monkeypatch.setitem(__import__("sys").modules, missing, None)
    table = pyarrow.parquet.read_table(sweep.to_parquet(tmp_path / "dreams.parquet"))
    rows: list[dict[str, Any]] = table.to_pylist()
    assert [row["prompt"] for row in rows] == [dream.prompt for dream in sweep]
    assert rows[0]["created"] == sweep[0].created
    assert rows[0]["tags"] == []


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_extra_names_what_to_install(sweep: Dreams, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(ConfigurationError, match=rf"pip install 'dream_nb\[{library}\]'"):
        getattr(sweep, f"to_{library}")()


def test_a_time_without_a_zone_counts_as_utc(lake: Dream) -> None:
    generation = Generation(id="a", created_at=datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001 - what is tested
    table = Dreams([Dream(replace(lake._record, generation=generation), lake._library, lake._home)]).to_pandas()
    assert table["created"][0].to_pydatetime() == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_sweep_is_shown_on_its_axes(sweep: Dreams) -> None:
    parsed = Parsed(html_of(sweep))
    assert sum(tag == "tr" for tag, _ in parsed.tags) == 3
    assert sum(tag == "img" for tag, _ in parsed.tags) == 6
    assert "calmstormyfoggydawnnight" in "".join(parsed.text.split())


def test_an_overview_shows_24_and_counts_the_rest(sweep: Dreams) -> None:
    html = html_of(Dreams(list(sweep) * 10))
    assert sum(tag == "img" for tag, _ in Parsed(html).tags) == 24
    assert "and 36 more" in html
    assert len(html) < 300_000


@pytest.mark.parametrize("text", INJECTIONS)
def test_prompts_and_words_are_text_in_overview_and_export(lake: Dream, text: str, tmp_path: Path) -> None:
    request = lake.request.model_copy(update={"prompt": text})
    generation = Generation(id="f", state="failed", failure_reason=text)
    good = Dream(replace(lake._record, request=request, note=text), lake._library, lake._home)
    bad = Dream(replace(good._record, generation=generation, file=None), lake._library, lake._home)
    plain, swept = Dreams([good, bad]), Dreams([good, bad], words=[{text: text}, {text: "b"}])
    page = swept.export(tmp_path / "out").read_text(encoding="utf-8")
    for html in (html_of(plain), html_of(swept), page):
        parsed = Parsed(html)
        assert not {"script", "svg", "iframe", "object"} & {tag for tag, _ in parsed.tags}
        assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
        assert not [value for _, at in parsed.tags for value in at.values() if (value or "").startswith("javascript")
                    and value not in (at.get("title"), at.get("alt"), at.get("aria-label"))]  # fmt: skip
        assert text in parsed.text


def test_a_contact_sheet_has_a_place_for_each_and_stays_grey_where_there_is_no_file(sweep: Dreams) -> None:
    sheet = Dreams([*sweep, failed(sweep[0])], words=[*sweep.words, {"time": "noon", "mood": "calm"}]).contact_sheet(
        side=64
    )
    pixels = np.asarray(sheet)
    # The pictures are below a row of labels and beside a column of them.
    width, height = (sheet.width - 110) // 3, (sheet.height - 28) // 3
    assert sheet.width > 3 * 64
    first = pixels[28 : 20 + height, 110 : 102 + width]
    last = pixels[28 + 2 * height : 20 + 3 * height, 110 : 102 + width]
    assert first.std() > 1
    assert (last == (138, 138, 148, 255)).all()
    # Between the pictures the sheet is transparent.
    assert (pixels[20 + height : 28 + height, 110:, 3] == 0).all()


def captions(sheet: Image.Image, pictures: int, columns: int) -> list[bool]:
    """Whether there are words in each of the lines below the pictures of a wall."""
    width, height = sheet.width // columns, sheet.height // math.ceil(pictures / columns)
    is_ink = (np.asarray(sheet)[..., :3] == (242, 242, 245)).all(axis=2)
    lines = [is_ink[row * height - 20 : row * height] for row in range(1, sheet.height // height + 1)]
    places = [line[:, column * width : (column + 1) * width] for line in lines for column in range(columns)]
    return [bool(place.any()) for place in places[:pictures]]


def test_a_long_axis_is_a_wall_with_its_words_below_the_pictures(lake: Dream) -> None:
    long = Dreams([lake] * 11, words=[{"colour": f"word {number}"} for number in range(11)])
    assert captions(long.contact_sheet(side=64), 11, 4) == [True] * 11


def test_words_on_a_third_axis_stand_below_the_pictures(lake: Dream) -> None:
    cube = [{"mood": mood, "time": time, "place": place} for mood in "ab" for time in "cd" for place in "ef"]
    flat = [{"time": word["time"], "place": word["place"]} for word in cube]
    with_words, without = (Dreams([lake] * 8, words=words).contact_sheet(side=64) for words in (cube, flat))
    assert with_words.height == without.height + 4 * 20


def test_dreams_without_axes_are_a_wall_as_wide_as_the_grid(lake: Dream) -> None:
    sheet = Dreams([lake] * 5).contact_sheet(side=64)
    assert (sheet.width - 8) // (64 + 8) == len(Layout.of([{}] * 5).columns)


def test_an_export_has_files_a_page_and_a_manifest(sweep: Dreams, lake: Dream, tmp_path: Path) -> None:
    page = Dreams([lake, *sweep, failed(lake)]).export(tmp_path / "out")
    manifest = json.loads((page.parent / "manifest.json").read_text(encoding="utf-8"))
    for dream, entry in zip([lake, *sweep], manifest["dreams"], strict=False):
        assert (page.parent / entry["file"]).read_bytes() == dream.path.read_bytes()
        assert entry["prompt"] == dream.prompt
        assert entry["id"] == dream.generation.id
    assert "Frame moderation failed" in manifest["dreams"][-1]["problem"]
    sources = [at.get("src") for tag, at in Parsed(page.read_text(encoding="utf-8")).tags if tag in ("video", "img")]
    assert sources == [dream.path.name for dream in (lake, *sweep)]


def test_an_export_says_which_file_is_not_as_it_came(copied: Dream, lighthouse: Dream, tmp_path: Path) -> None:
    copied.path.write_bytes(copied.path.read_bytes()[:-100])
    page = Dreams([copied, lighthouse]).export(tmp_path / "out")
    cut, whole = json.loads((page.parent / "manifest.json").read_text(encoding="utf-8"))["dreams"]
    assert (page.parent / cut["file"]).is_file()
    assert "was changed since it was downloaded" in cut["problem"]
    assert cut["problem"] in Parsed(page.read_text(encoding="utf-8")).text
    assert "problem" not in whole


def test_an_export_replaces_an_export_and_nothing_else(lake: Dream, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    page = Dreams([lake]).export(folder)
    assert Dreams([lake]).export(folder) == page
    (folder / lake.path.name).write_bytes(b"another")
    with pytest.raises(LibraryError, match="is an existing, different file"):
        Dreams([lake]).export(folder)
    assert (folder / lake.path.name).read_bytes() == b"another"


def test_an_export_leaves_a_foreign_page_alone(lake: Dream, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my own page")
    with pytest.raises(LibraryError, match=r"'index.html' .* is an existing, different file"):
        Dreams([lake]).export(tmp_path)
    assert (tmp_path / "index.html").read_text() == "my own page"


def test_an_export_into_the_library_itself_is_refused(sweep: Dreams) -> None:
    with pytest.raises(LibraryError, match="is the library itself"):
        sweep.export(sweep[0].path.parent)


def test_an_export_writes_over_no_file_that_only_looks_like_a_sidecar(lighthouse: Dream, tmp_path: Path) -> None:
    own = tmp_path / f"{lighthouse.path.name}.json"
    own.write_text('{"mine": 1}')
    with pytest.raises(LibraryError, match="is an existing, different file"):
        Dreams([lighthouse]).export(tmp_path)
    assert own.read_text() == '{"mine": 1}'


def test_an_export_of_foreign_files_is_read_back_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "photos" / "a.png")
    Dreams.from_files(tmp_path / "photos").export(tmp_path / "out")
    assert len(Dreams.from_files(tmp_path / "out")) == 1
    assert caplog.text == ""


def test_a_contact_sheet_of_long_prompts_is_soon_there(lighthouse: Dream) -> None:
    calls = 0
    measure = ImageDraw.ImageDraw.textlength

    def counted(*args: Any) -> float:
        nonlocal calls
        calls += 1
        return measure(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageDraw.ImageDraw, "textlength", counted)
        sheet([(lighthouse.poster, "a lake " * 700)], 1, 320)
    assert calls < 20


def test_small_pictures_of_many_leave_none_of_the_large_in_memory(sweep: Dreams) -> None:
    dreams = Dreams.from_files(sweep[0].path.parent)
    dreams.contact_sheet(side=32)
    html_of(dreams)
    assert not any("image" in dream.__dict__ for dream in dreams)


def test_an_axis_with_the_name_of_a_measure_does_not_hide_it(sweep: Dreams) -> None:
    named = Dreams(sweep[:2], words=[{"fingerprint": "one"}, {"fingerprint": "two"}])
    measured = named.measure("fingerprint")
    assert measured.near_duplicates() == []
    assert all(len(value) == 16 for value in measured.column("fingerprint_"))


def test_takes_and_what_goes_on_have_captions_of_their_own(lighthouse: Dream, lake: Dream, studio: Session) -> None:
    second = studio.submit(lighthouse.request, take=2).result(240)
    assert (lighthouse.caption, second.caption) == ("a lighthouse in the fog", "a lighthouse in the fog · take 2")
    kin = [lake.extend(), lake.reverse_extend(), lake.interpolate(lake)]
    assert [one.caption.removeprefix(f"{lake.title} · ") for one in kin] == [
        "extended",
        "reverse extended",
        "interpolated",
    ]
    html = Dreams([lighthouse, second])._repr_mimebundle_()["text/html"]
    assert "a lighthouse in the fog · take 2</figcaption>" in html


def test_dreams_of_several_kinds_are_a_wall_without_holes(sweep: Dreams, lake: Dream) -> None:
    mixed = sweep + Dreams([lake])
    html = mixed._repr_mimebundle_()["text/html"]
    assert "<table" not in html
    assert "dawn · calm</figcaption>" in html
    layout = Layout.of(mixed.words)
    assert [(row, column) for row, column, _ in layout.places] == [(at // 3, at % 3) for at in range(7)]
    assert layout.places[0][2] == "dawn · calm"
    assert Layout.of(mixed.words, "time").rows == ["dawn", "night", ""]
