"""Files made from dreams are paths, which a notebook shows with their contents."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dream_nb.media.axes import Layout
from dream_nb.notebook.pytest_plugin import _RULES
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.grid_files import write_picture
from dream_nb.results.made_file import MadeFile


def page(file: Path) -> str:
    assert isinstance(file, MadeFile)
    return file._repr_mimebundle_().get("text/html", "")


@pytest.mark.parametrize(
    ("make", "tag"),
    [
        (lambda lake, name: lake.to_gif(f"{name}.gif"), '<img src="{name}.gif" alt="{name}.gif"'),
        (lambda lake, name: lake.to_webp(f"{name}.webp"), '<img src="{name}.webp" alt="{name}.webp"'),
        (lambda lake, name: lake.clip(0, 0.5, f"{name}.mp4"), '<video src="{name}.mp4" poster="data:image/jpeg;name'),
    ],
)
def test_what_is_made_is_shown_from_its_file(lake: Dream, make: Callable[[Dream, str], Path], tag: str) -> None:
    assert tag.format(name="made") in page(make(lake, "made"))
    assert "160×90" in page(make(lake, "made"))


def test_a_file_without_a_name_stands_beside_the_dreams(lake: Dream) -> None:
    assert f'src="dreams/{lake.path.stem}.gif"' in page(lake.to_gif())


def test_it_is_a_path(lake: Dream) -> None:
    made = lake.to_gif("path.gif")
    assert (made, hash(made), str(made)) == (Path("path.gif"), hash(Path("path.gif")), "path.gif")
    with Image.open(made) as opened:
        assert opened.format == "GIF"
    assert (made.name, made.suffix, made.with_suffix(".png")) == ("path.gif", ".gif", Path("path.png"))
    assert pickle.loads(pickle.dumps(made)) == made
    assert (Path.cwd() / made).samefile(made.resolve())
    assert repr(made) == "MadeFile('path.gif')"


def test_what_is_not_there_is_only_a_path(lake: Dream) -> None:
    made = lake.to_gif("gone.gif")
    made.unlink()
    assert isinstance(made, MadeFile)
    assert made._repr_mimebundle_() == {"text/plain": "MadeFile('gone.gif')"}
    assert page(made.parent) == ""


def test_what_a_page_cannot_reach_is_in_it(lake: Dream, tmp_path: Path) -> None:
    for suffix, kind in (("gif", "image/gif"), ("webp", "image/webp")):
        assert f'src="data:{kind};name=dream_nb;base64,' in page(
            getattr(lake, f"to_{suffix}")(tmp_path / f"a.{suffix}")
        )
    assert '<video src="data:video/mp4;name=dream_nb;base64,' in page(lake.clip(path=tmp_path / "a.mp4"))


def test_what_nbval_compares_holds_no_bytes_of_an_encoder(lake: Dream, tmp_path: Path) -> None:
    rule = "|".join(re.findall("regex: (data:.*)", _RULES))
    for made in (lake.to_gif(tmp_path / "b.gif"), lake.clip(path=tmp_path / "b.mp4"), lake.clip(0, 0.5, "b.mp4")):
        assert "base64" not in re.sub(rule, "", page(made))


def test_a_sweep_as_a_picture_is_shown(sweep: Dreams) -> None:
    assert '<img src="sheet.png"' in page(write_picture(Layout.of(sweep.words), list(sweep), "sheet.png"))
