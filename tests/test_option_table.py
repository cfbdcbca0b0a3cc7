"""The guide's tables have all options of the code, each with its help and a valid example."""

from __future__ import annotations

import shlex

import pytest

from dream_nb.lines.options import Group, Option, OptionParser
from tests.option_table import EXAMPLES, TABLES, marked, table
from tests.pages import GUIDE, read

ALL = {one.names[-1]: one for options in TABLES.values() for one in options if isinstance(one, Option)}


@pytest.mark.parametrize("name", TABLES)
def test_the_guide_has_the_help_of_every_option(name: str) -> None:
    found = marked(name).search(read(GUIDE))
    assert found is not None
    assert found[2] == table(TABLES[name]), "run: python -m tests.option_table"


def test_what_markdown_would_read_as_markup_is_escaped() -> None:
    option = Option(("-r", "--raw"), {"help": "Take {a|b} at 100%% as *it* is."})
    assert r"| `-r`, `--raw` | Take {a\|b} at 100% as \*it\* is. |" in table((Group("How"), option))


@pytest.mark.parametrize("name", ALL)
def test_each_example_gives_its_option(name: str) -> None:
    parser = OptionParser(tuple(ALL.values()))
    given, _ = parser.parse_known_args(shlex.split(EXAMPLES[name]))
    assert getattr(given, parser_field(name)) != parser.get_default(parser_field(name))


def test_there_is_no_example_of_an_option_that_is_gone() -> None:
    assert EXAMPLES.keys() == ALL.keys()


def parser_field(name: str) -> str:
    """The field to which the parser assigns the value of an option."""
    option = ALL[name]
    return str(option.details.get("dest", option.name))
