"""Settings: `%config`, `ipython_config.py` and the environment, in a real kernel."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dream_nb.notebook.magics.magics import DreamMagics
from tests.jobs.hosted import environment, hosted
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_magic import line, previews

GUIDE = (Path(__file__).parents[2] / "notebooks" / "README.md").read_text(encoding="utf-8")
SETTINGS = DreamMagics.class_traits(config=True)
UNSET = """
magics = get_ipython().magics_manager.registry["DreamMagics"]
for name, trait in magics.traits(config=True).items():
    setattr(magics, name, trait.default_value)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with start_kernel(tmp_path_factory.mktemp("settings"), DREAM_NB_STUDIO_SIDE="32") as kernel:
        yield kernel


@pytest.fixture(autouse=True)
def _unset(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "kernel" in request.fixturenames:
        kernel: Kernel = request.getfixturevalue("kernel")
        kernel.run(UNSET)


def value(kernel: Kernel, expression: str) -> Any:
    result = kernel.run(expression).result
    assert result is not None, expression
    return ast.literal_eval(result)


def sent(kernel: Kernel, line: str = "a lake") -> dict[str, Any]:
    answer = kernel.run(f"p = %dream {line} --dry-run")
    assert answer.error is None, answer.error
    document: dict[str, Any] = value(kernel, "p.documents[0]")
    return document


@pytest.mark.parametrize(
    ("setting", "given", "expected"),
    [
        ("aspect_ratio", "9:16", "9:16"),
        ("model", "ray-2", "ray-2"),
        ("duration", "9", "9s"),
        ("resolution", "1080p", "1080p"),
        ("loop", True, True),
    ],
)
def test_a_setting_is_what_a_line_does_not_say(kernel: Kernel, setting: str, given: object, expected: object) -> None:
    assert kernel.run(f"%config DreamMagics.{setting} = {given!r}").error is None
    assert sent(kernel)[setting] == expected


def test_a_line_counts_more_than_a_setting(kernel: Kernel) -> None:
    kernel.run('%config DreamMagics.aspect_ratio = "9:16"\n%config DreamMagics.loop = True')
    document = sent(kernel, "a lake -a 1:1 --set loop=false")
    assert (document["aspect_ratio"], document["loop"]) == ("1:1", False)


def test_a_setting_counts_only_for_the_kind_that_it_fits(kernel: Kernel) -> None:
    kernel.run('%config DreamMagics.model = "ray-2"\n%config DreamMagics.loop = True')
    assert sent(kernel, "-i a lake").keys() & {"loop"} == set()
    assert sent(kernel, "-i a lake")["model"] == "photon-1"
    kernel.run('%config DreamMagics.kind = "image"')
    assert sent(kernel)["generation_type"] == "image"


def test_the_library_is_changed_for_what_comes(kernel: Kernel) -> None:
    kernel.run("first = %dream -i a hill")
    assert kernel.run('%config DreamMagics.library = "others"').error is None
    kernel.run("second = %dream -i a hill")
    assert value(kernel, "first.path.parts[0], second.path.parts[0]") == ("dreams", "others")


def test_the_library_is_not_changed_under_what_is_under_way(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("job = %dream a wood -b")
        assert "1 under way in the library 'dreams': wait" in line(kernel.run('%config DreamMagics.library = "others"'))
        assert kernel.run("%config DreamMagics.library").result is None
        assert previews(kernel.run("d = %dream a wood")) == 1


def test_replay_lets_nothing_be_made(kernel: Kernel) -> None:
    kernel.run('%config DreamMagics.replay = "only"')
    assert "is not in the library" in line(kernel.run("%dream a lake of its own"))


def test_budget_floor_and_sweep_size_hold_on_a_paid_backend(tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "the-key-4417") as server:
        given = dict(environment(server)) | {"DREAM_NB_BUDGET": "40"}
        with start_kernel(tmp_path, **given) as kernel:
            assert "the budget cannot be checked" in line(kernel.run("%dream -i a lake"))
            kernel.run("%config DreamMagics.budget = None\n%config DreamMagics.floor = 1e9")
            assert "and the floor is" in line(kernel.run("%dream -i a lake"))
            kernel.run("%config DreamMagics.floor = None\n%config DreamMagics.sweep_size = 1")
            assert "2 dreams would be paid for" in line(kernel.run("%dream -i a {red|blue} lake"))
        assert server.made == []


def test_a_file_and_the_environment_set_them_too(tmp_path: Path) -> None:
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    text = 'c.DreamMagics.aspect_ratio = "9:16"\nc.DreamMagics.resolution = "4k"\nc.DreamMagics.library = "filed"\n'
    (profile / "ipython_kernel_config.py").write_text(f"c = get_config()\n{text}")
    given = {"IPYTHONDIR": str(tmp_path / "ipython"), "DREAM_NB_RESOLUTION": "540p", "DREAM_NB_LOOP": "true"}
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="32", **given) as kernel:
        document = sent(kernel)
        assert (document["aspect_ratio"], document["resolution"], document["loop"]) == ("9:16", "540p", True)
        kernel.run("d = %dream -i a hill")
        assert value(kernel, "d.path.parts[0]") == "filed"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('%config DreamMagics.aspect_ratio = "9:17"', "DreamMagics.aspect_ratio '9:17' is not one of 1:1, 16:9, 9:16"),
        (
            '%config DreamMagics.kind = "vidio"',
            "DreamMagics.kind 'vidio' is not one of video, image: did you mean video?",
        ),
        ("%config DreamMagics.loop = 3", "DreamMagics.loop 3 is not True or False"),
        ('%config DreamMagics.sweep_size = "many"', "DreamMagics.sweep_size 'many' is not a whole number, 0 or more"),
        ("%config DreamMagics.sweep_size = -1", "DreamMagics.sweep_size -1 is not a whole number, 0 or more"),
        ("%config DreamMagics.budget = -1", "is not a number of USD cents, 0 or more"),
        ('%config DreamMagics.budget = float("nan")', "is not a number of USD cents, 0 or more"),
        ("%config DreamMagics.library = 3", "DreamMagics.library 3 is not text in quotation marks"),
        (
            '%config DreamMagics.backend = "studoi"',
            "backend 'studoi' is not one of studio, dream-machine, luma, hosted, or a URL",
        ),
        ('%config DreamMagics.replay = "onyl"', "did you mean only?"),
        ('%config DreamMagics.aspekt = "9:16"', "DreamMagics has no setting 'aspekt': did you mean aspect_ratio?"),
    ],
)
def test_a_wrong_value_fails_the_cell_and_changes_nothing(kernel: Kernel, source: str, message: str) -> None:
    assert message in line(kernel.run(source))
    assert sent(kernel)["aspect_ratio"] == "16:9"


def test_a_wrong_variable_of_the_environment_says_which(kernel: Kernel) -> None:
    kernel.run("%unload_ext dream_nb\nimport os; os.environ['DREAM_NB_ASPECT_RATIO'] = '9:17'")
    assert "DREAM_NB_ASPECT_RATIO: '9:17' is not one of" in str(kernel.run("%load_ext dream_nb").error)
    kernel.run("del os.environ['DREAM_NB_ASPECT_RATIO']\n%load_ext dream_nb")


def test_config_lists_every_setting_with_its_help(kernel: Kernel) -> None:
    (output,) = kernel.run("%config DreamMagics").outputs
    assert [name for name in SETTINGS if f"DreamMagics.{name}=" not in output["text"]] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_has_help_and_stands_in_the_guide_with_its_variable(name: str) -> None:
    assert SETTINGS[name].help
    assert f"| `{name}` | `DREAM_NB_{name.upper()}` |" in GUIDE
