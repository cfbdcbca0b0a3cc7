"""The studio's page matches the code: options, faults, prices and sizes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from dream_nb.api.public_prices import image_price, video_price
from dream_nb.studio.__main__ import main
from dream_nb.studio.faults import Fault, Faults
from dream_nb.studio.render import frame_size, image_size
from dream_nb.studio.settings import Settings
from tests.pages import STUDIO, examples, read, rows


def test_every_option_of_the_command_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out.partition("options:")[2]
    options = {line.split()[0] for line in shown.splitlines() if line.startswith("  --")}
    assert {row[0] for row in rows(STUDIO, "The studio as a server")} == {f"`{option}`" for option in options}


def test_every_field_of_a_fault_is_there() -> None:
    fields = [f"`{field.name}`" for field in dataclasses.fields(Fault)]
    assert [row[0] for row in rows(STUDIO, "Faults")] == fields


def test_its_example_of_faults_can_be_read(tmp_path: Path) -> None:
    (example,) = examples(STUDIO, "json")
    (tmp_path / "faults.json").write_text(example)
    reasons = [rule["fail"] for rule in json.loads(example) if "fail" in rule]
    found = Faults.from_file(tmp_path / "faults.json").failure()
    assert found is not None
    assert [found.fail] == reasons


def test_its_prices_are_those_of_a_studio() -> None:
    settings = Settings()
    prices = settings.prices
    told = [f"${settings.balance / 100:,.0f} of play money", f"ray-1-6, costs ${prices.video / 100:.2f}"]
    told += [f"sound ${prices.audio / 100:.2f}"]
    text = " ".join(read(STUDIO).split())
    assert [words for words in told if words not in text] == []


@pytest.mark.parametrize("row", rows(STUDIO, "Keys and accounts"), ids=lambda row: str(row[0]))
def test_its_prices_of_videos_are_those_of_the_public_table(row: list[str]) -> None:
    what, *prices = row
    resolution = what.rpartition(" ")[2]
    cents = [video_price(model, "16:9", resolution, "5s") or 0 for model in ("ray-2", "ray-flash-2")]
    assert prices == [f"${price / 100:.2f}" for price in cents]


def test_its_prices_of_images_are_those_of_the_public_table() -> None:
    cents = [image_price(model, "16:9") or 0 for model in ("photon-1", "photon-flash-1")]
    assert "An image in 16:9 costs ${:.4f} by photon-1 and ${:.4f} by photon-flash-1".format(
        *(price / 100 for price in cents)
    ) in " ".join(read(STUDIO).split())


@pytest.mark.parametrize("row", rows(STUDIO, "Sizes"), ids=lambda row: str(row[0]))
def test_its_sizes_are_those_of_drawings(row: list[str]) -> None:
    ratio, *sizes = row
    drawn = [frame_size(ratio, resolution) for resolution in ("540p", "720p", "1080p", "4k")] + [image_size(ratio)]
    assert sizes == [f"{width}×{height}" for width, height in drawn]
