"""The map of dreams over two measures, without a browser."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

import dream_nb
from dream_nb.api.errors import InvalidRequestError
from dream_nb.html.scatter import HEIGHT, WIDTH, Scale, Spot, scatter
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from tests.dreams import unfinished
from tests.notebook.page import open_page


def drawing(html: str) -> str:
    """The SVG document in a static map."""
    (found,) = re.findall(r'src="data:image/svg\+xml;name=dream_nb,([^"]*)"', html)
    return unquote(found)


def boxes(html: str) -> list[tuple[float, ...]]:
    """Left, top, width and height of each picture."""
    found = re.findall(r'<image [^>]*x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', drawing(html))
    return [tuple(map(float, one)) for one in found]


def test_what_is_not_measured_yet_is_measured(sweep: Dreams) -> None:
    shown = sweep.map("brightness", "colourfulness")
    assert shown.dreams == sweep
    assert [spot["x"] for spot in shown.spots] == sweep.measure("brightness").column("brightness")
    assert [axis["label"] for axis in shown.axes] == [
        "brightness (mean luma, 0 to 1)",
        "colourfulness (0 to about 109)",
    ]


def test_a_column_of_the_table_is_an_axis(sweep: Dreams) -> None:
    assert {spot["y"] for spot in sweep.map("brightness", "stars").spots} == {0.0}


def test_the_drawing_shows_each_dream_with_axes(sweep: Dreams) -> None:
    html = sweep.map("brightness", "colourfulness").static()
    assert len(boxes(html)) == len(sweep)
    assert drawing(html).count("<circle") == len(sweep)
    assert f"<title>{sweep[0].prompt}</title>" in drawing(html)
    assert "brightness (mean luma, 0 to 1)" in drawing(html)
    assert 'alt="6 dreams by brightness (mean luma, 0 to 1) and colourfulness (0 to about 109)"' in html


def test_pictures_do_not_cover_each_other_and_stay_inside() -> None:
    spots = [Spot(0.5 + number / 1e6, 0.5, "data:,", (160, 90), "") for number in range(12)] + [
        Spot(0.0, 1.0, "data:,", (90, 160), "")
    ]
    shown = boxes(scatter(spots, Scale.of("x", [0.0, 1.0]), Scale.of("y", [0.0, 1.0])))
    for number, (left, top, width, height) in enumerate(shown):
        assert left >= 0
        assert top >= 0
        assert left + width <= WIDTH
        assert top + height <= HEIGHT
        for other in shown[:number]:
            over = [min(left + width, other[0] + other[2]) - max(left, other[0])]
            over.append(min(top + height, other[1] + other[3]) - max(top, other[1]))
            assert min(over) <= 1


def test_a_drawing_is_a_document_whatever_a_prompt_holds() -> None:
    spot = Spot(0.5, 0.5, "", (1, 1), "a <lake> & 'hill' \x0b\x00 100% #1 \ud800 ❄ \U0001f30a")
    svg = drawing(scatter([spot], Scale.of("x", [0.0, 1.0]), Scale.of("y", [0.0, 1.0])))
    texts = [one.text for one in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    assert texts == ["a <lake> & 'hill'  100% #1  ❄ \U0001f30a"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.0, 1.0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([10_000.0, 40_000.0], ["10,000", "20,000", "30,000", "40,000"]),
        ([-3.0, 3.0], ["-2", "0", "2"]),
        ([5.0], ["4.6", "4.8", "5.0", "5.2", "5.4"]),
        ([0.0], ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
    ],
)
def test_ticks_are_round_numbers(values: list[float], texts: list[str]) -> None:
    assert [text for _, text in Scale.of("", values).ticks] == texts


def test_what_has_no_value_is_left_out_and_said(lake: Dream, lighthouse: Dream) -> None:
    shown = Dreams([lake, lighthouse]).map("motion", "brightness")
    assert list(shown.dreams) == [lake]
    assert "1 of 2 dreams have no value, and are not shown" in shown.static()


def test_what_cannot_be_an_axis_is_refused(sweep: Dreams) -> None:
    with pytest.raises(ValueError, match="no measure 'brightnes': did you mean 'brightness'"):
        sweep.map("brightnes", "motion")
    with pytest.raises(InvalidRequestError, match="no dream has a number for both 'prompt' and 'stars'"):
        sweep.map("prompt", "stars")
    with pytest.raises(InvalidRequestError, match="a map shows 1 to 200 dreams, not 201"):
        Dreams([sweep[0]] * 201).map("stars", "take")


def test_a_dream_without_a_file_is_a_dot(lake: Dream) -> None:
    html = drawing(Dreams([unfinished(lake)]).map("stars", "take").static())
    assert (html.count("<image"), html.count("<circle")) == (0, 1)


def test_the_page_selects(sweep: Dreams) -> None:
    with open_page() as page:
        shown = sweep.map("brightness", "colourfulness")
        assert list(shown.selected) == []
        page.change(shown, chosen=[2, 0])
    assert shown.selected == sweep._at([0, 2])
    shown.selected = sweep[1:3]
    assert shown.chosen == [1, 2]
    with pytest.raises(InvalidRequestError, match="the dreams of this map are numbered 0 to 5"):
        shown.chosen = [6]
    with pytest.raises(InvalidRequestError, match="is not on this map"):
        dream_nb.Map(sweep[:2], "stars", "take").selected = sweep[2:]
