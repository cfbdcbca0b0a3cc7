"""A line can name the variables that Python code in its place would see; if that is uncertain, it is an error."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.kernel import Kernel, start_kernel
from tests.notebook.test_magic import line

DRY = "--dry-run"
CALL = f"get_ipython().run_line_magic('dream', 'a {{{{animal}}}} {DRY}')"
REFUSED = "'animal' is not a local variable of"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder: Path = tmp_path_factory.mktemp("scope")
    for name in ("day", "night"):
        Image.new("RGB", (64, 36), "teal").save(folder / f"{name}.png")
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        kernel.run("cow = %dream -i a cow\nlamb = %dream -i a lamb\nfrom pathlib import Path")
        yield kernel


@pytest.fixture(autouse=True)
def _globals(kernel: Kernel) -> None:
    """Give every name a global value, which a function must not use by mistake."""
    kernel.run("animal, picture, which = 'cow', Path('day.png'), cow")


def prompt(kernel: Kernel, source: str) -> str:
    """The prompt of the plan that the cell assigns to `p`."""
    answer = kernel.run(source)
    assert answer.error is None, answer.error
    found = kernel.run("p.documents[0]['prompt']").result
    assert found is not None
    return str(ast.literal_eval(found))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"def make(animal):\n    p = %dream a {{{{animal}}}} {DRY}\n    return p\np = make('sheep')", "a sheep"),
        (f"def make(other):\n    p = %dream a {{{{animal}}}} {DRY}\n    return p\np = make('sheep')", "a cow"),
        (f"for animal in ['hen']:\n    p = %dream a {{{{animal}}}} {DRY}", "a hen"),
        (f"def make():\n    for animal in ['hen']:\n        p = {CALL}\n    return p\np = make()", "a hen"),
        (f"async def make(animal):\n    p = {CALL}\n    return p\np = await make('eel')", "a eel"),
        (f"p = (lambda animal: {CALL})('goat')", "a goat"),
        (f"p = [{CALL} for animal in ['goat']][0]", "a goat"),
        (f"p = next({CALL} for animal in ['goat'])", "a goat"),
        (f"class Farm:\n    animal = 'pig'\n    made = {CALL}\np = Farm.made", "a pig"),
        (f"class Farm:\n    animal = 'pig'\n    def make(self):\n        return {CALL}\np = Farm().make()", "a cow"),
        (
            f"def make(animal):\n    def inner(animal):\n        return {CALL}\n    return inner('kid')\np = make(1)",
            "a kid",
        ),
        # The Python code of the inner function names the variable, so Python itself provides it.
        (
            (
                f"def make(animal):\n    def inner():\n        animal\n"
                f"        return {CALL}\n    return inner()\np = make('ox')"
            ),
            "a ox",
        ),
        (f"def make(animal):\n    return (lambda animal=animal: {CALL})()\np = make('ox')", "a ox"),
        (
            f"def make(animal):\n    %time p = %dream a {{{{animal}}}} {DRY}\n    globals()['p'] = {CALL}\nmake('ox')",
            "a ox",
        ),
        (f"def make(animal):\n    %timeit -n1 -r1 globals().update(p={CALL})\nmake('ox')", "a ox"),
        (
            (
                "def make(animal):\n"
                "    return get_ipython().run_cell_magic('dream', '--dry-run', 'a {{animal}}')\np = make('ox')"
            ),
            "a ox",
        ),
        (
            (
                "def make(animal):\n"
                "    return get_ipython().run_cell_magic('storyboard', '--dry-run', 'a {{animal}}')\np = make('ox')"
            ),
            "a ox",
        ),
        # A function with any name may be the user's.
        (f"def magic(animal):\n    p = %dream a {{{{animal}}}} {DRY}\n    return p\np = magic('ox')", "a ox"),
        (f"%time p = {CALL}", "a cow"),
    ],
)
def test_a_prompt_takes_the_variable_that_python_would_see(kernel: Kernel, source: str, expected: str) -> None:
    assert prompt(kernel, source) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (f"def make(animal):\n    def inner():\n        return {CALL}\n    return inner()\nmake('ox')", REFUSED),
        (f"def make(animal):\n    return (lambda: {CALL})()\nmake('ox')", f"{REFUSED} this lambda"),
        (f"def make(animal):\n    return next({CALL} for _ in [1])\nmake('ox')", f"{REFUSED} this comprehension"),
        (f"def make(animal):\n    class Farm:\n        {CALL}\nmake('ox')", f"{REFUSED} the class 'Farm'"),
        (f"def make(animal):\n    class Farm:\n        class Barn:\n            {CALL}\nmake('ox')", REFUSED),
        (f"def make(animal):\n    global inner\n    def inner():\n        {CALL}\n    inner()\nmake('ox')", REFUSED),
        (f"def make(animal):\n    def inner():\n        %time {CALL}\n    inner()\nmake('ox')", REFUSED),
        (f"def make(animal):\n    def inner():\n        %timeit -n1 -r1 {CALL}\n    inner()\nmake('ox')", REFUSED),
        (
            f"def make():\n    {CALL}\n    animal = 'ox'\nmake()",
            "local variable of the function 'make' that has no value",
        ),
        (
            "def make(picture):\n    def inner():\n        %dream a lake --frame0 picture -D\n    inner()\nmake(1)",
            "'picture'",
        ),
        (
            (
                "def make(picture):\n    def inner():\n"
                "        %dream a lake --image-ref picture:0.5 -D\n    inner()\nmake(1)"
            ),
            "'picture'",
        ),
        (
            "def make(which):\n    def inner():\n        %dreams show which\n    inner()\nmake(lamb)",
            "'which' is not a local",
        ),
        (
            "def make(which):\n    def inner():\n        %dreams delete which\n    inner()\nmake(lamb)",
            "'which' is not a local",
        ),
        (
            "def make(which):\n    def inner():\n        %dreams stop which\n    inner()\nmake(lamb)",
            "'which' is not a local",
        ),
        ("def make(made):\n    %dream a lake --name made -D\nmake(1)", "--name made: 'made' is a local variable"),
    ],
)
def test_a_name_that_is_not_certain_is_refused_by_name(kernel: Kernel, source: str, message: str) -> None:
    assert message in line(kernel.run(source))


def test_a_keyframe_and_a_reference_are_those_of_the_function(kernel: Kernel) -> None:
    kernel.run(
        "def frames(picture):\n    p = %dream a lake --frame0 picture -D\n    return p.documents[0]['keyframes']"
    )
    kernel.run(
        "def refs(picture):\n    p = %dream a lake --style-ref picture:0.5 -D\n    return p.documents[0]['style_ref']"
    )
    assert kernel.run("frames(lamb)['frame0']['id'] == lamb.generation.id").result == "True"
    assert kernel.run("refs(lamb) != refs(cow)").result == "True"


def test_subcommands_name_the_variables_of_the_function(kernel: Kernel) -> None:
    kernel.run("def show(which):\n    d = %dreams show which\n    return d")
    assert kernel.run("show(lamb).prompt").result == "'a lamb'"
    kernel.run("def stop(which):\n    stopped = %dreams stop which\n    return stopped")
    assert "no job matches 'which'" in line(kernel.run("stop(lamb)"))


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "print",
        "Path",
        "Path('x').exists",
        "__import__('os')",
        "object()",
        "[1]",
        "{'a': 1}",
        "b'fox'",
        "True",
        "float('nan')",
        "float('inf')",
        "KeyError('x')",
        "iter([])",
        "cow",
        "...",
        "__import__('numpy').arange(3)",
        "__import__('numpy').bool_(True)",
        "__import__('enum').Enum('C', 'RED').RED",
        "10 ** 5000",
    ],
)
def test_what_is_not_text_is_an_error_that_does_not_quote_it(kernel: Kernel, value: str) -> None:
    kernel.run(f"animal = {value}")
    shown = line(kernel.run(f"%dream a {{{{animal}}}} {DRY}"))
    assert "the variable 'animal' is" in shown
    assert "which is not text for a prompt" in shown
    assert "0x" not in shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", "a 3"),
        ("2.5", "a 2.5"),
        ("__import__('numpy').float64(2.5)", "a 2.5"),
        ("__import__('decimal').Decimal('1.50')", "a 1.50"),
        ("__import__('datetime').date(2026, 1, 2)", "a 2026-01-02"),
        ("'None'", "a None"),
        ("__import__('enum').StrEnum('C', {'RED': 'red'}).RED", "a red"),
    ],
)
def test_text_and_numbers_are_words_of_the_prompt(kernel: Kernel, value: str, expected: str) -> None:
    kernel.run(f"animal = {value}")
    assert prompt(kernel, f"p = %dream a {{{{animal}}}} {DRY}") == expected


@pytest.mark.parametrize(
    "value", ["'s3cret'", "Path('/s3cret')", "'/s3cret.png'", "'data:image/png;base64,s3cret'", "['s3cret']"]
)
def test_no_error_of_a_reference_quotes_what_a_variable_holds(kernel: Kernel, value: str) -> None:
    kernel.run(f"picture = {value}")
    for option in ("--frame0 picture", "--image-ref picture:0.5", "--character-ref picture", "--frame0 picture[0]"):
        shown = line(kernel.run(f"%dream a lake {option} {DRY}"))
        assert "s3cret" not in shown
        assert "picture" in shown
