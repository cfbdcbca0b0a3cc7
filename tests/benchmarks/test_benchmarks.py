"""Each benchmark runs, with tiny sizes. No time is asserted."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.benchmarks import table
from tests.benchmarks.__main__ import main
from tests.benchmarks.bench import Figure, Growth, Result, SkipBenchError, run
from tests.benchmarks.benches import BENCHES

FIGURE = Figure("what", "the other", "s", 0.5)


@pytest.mark.parametrize("name", BENCHES)
def test_each_benchmark_measures_what_it_says(name: str) -> None:
    if name == "memory":
        pytest.skip("its clips of 4k take minutes")
    bench = BENCHES[name]
    try:
        results = run(bench, bench.tiny, 1, lambda _: None)
    except SkipBenchError as reason:
        pytest.skip(str(reason))
    assert {result.figure.what for result in results} == {figure.what for figure in bench.figures.values()}
    for result in results:
        # The difference to a bare process may be negative if other programs are running.
        assert all(math.isfinite(own) and (other is None or math.isfinite(other)) for own, other in result.pairs)
        assert result.figure.target is None or result.judged


def test_growth_is_the_slope_of_logarithms() -> None:
    assert Growth("x", FIGURE, "rows", {10: 3.0, 100: 30.0, 1000: 300.0}).exponent == pytest.approx(1)
    assert Growth("x", FIGURE, "rows", {10: 1.0, 100: 100.0, 1000: 10_000.0}).exponent == pytest.approx(2)


def test_a_target_is_met_by_the_median_of_the_ratios() -> None:
    assert Result("x", FIGURE, [(1.0, 4.0), (1.0, 2.5), (9.0, 3.0)]).is_met
    assert not Result("x", FIGURE, [(2.0, 4.0), (2.0, 2.5), (9.0, 3.0)]).is_met
    assert not Result("x", Figure("what", "the other", "/s", 0.5, at_least=True), [(1.0, 4.0)]).is_met
    assert Result("x", Figure("what", "", "", 20, "value"), [(19.0, None)]).is_met


def test_what_is_promised_of_each_file_is_met_by_every_run() -> None:
    promised = Figure("what", "", "MB", 4.0, "value", every_run=True)
    assert Result("x", promised, [(3.0, None), (3.9, None), (2.0, None)]).is_met
    assert not Result("x", promised, [(3.0, None), (4.1, None), (2.0, None)]).is_met


def test_chosen_rows_are_printed_and_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.json"
    assert main(["ledger", "--tiny", "--json", str(path)]) == 0
    assert "| `ledger` | " in capsys.readouterr().out
    document = json.loads(path.read_text())
    assert {row["name"] for row in document["rows"]} == {"ledger"}
    assert all(row["runs"] for row in document["rows"])


def test_the_readme_holds_the_table_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n")
    shown = table.markdown([Result("x", FIGURE, [(1.0, 4.0)])], [], [])
    table.write_readme(shown, readme)
    assert readme.read_text() == f"before\n<!-- benchmarks -->\n{shown}<!-- /benchmarks -->\nafter\n"
    readme.write_text("no marks")
    with pytest.raises(ValueError, match="not one"):
        table.write_readme(shown, readme)


def test_the_page_of_figures_has_the_marks() -> None:
    text = table.README.read_text(encoding="utf-8")
    assert text.count("<!-- benchmarks -->") == text.count("<!-- /benchmarks -->") == 1
