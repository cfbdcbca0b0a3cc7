"""The guide's tables have all options of the code, each with its help and a valid example."""

from __future__ import annotations

import shlex

import pytest

from dream_nb.lines.edit_options import EDIT_OPTIONS
from dream_nb.lines.option_names import EDITS, FLAGS, OPTION_OF, option_of
from dream_nb.lines.options import DREAM, Group, Option, OptionParser, actions
from dream_nb.requests.code import METHODS
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


def test_every_option_of_a_field_is_declared() -> None:
    declared = actions(DREAM)
    assert set(OPTION_OF.values()) <= declared.keys()
    assert {name for name in EDITS.values() if declared[option_of(name)].dest != name} == set()


def test_an_option_of_a_flag_takes_no_value() -> None:
    declared = actions(DREAM)
    assert [name for name in FLAGS if declared[option_of(name)].const is not True] == []
    # The parser assigns the value under the name of the field.
    assert [declared[option_of(name)].dest for name in FLAGS] == list(FLAGS)


def test_the_value_of_every_option_leads_back_to_it() -> None:
    declared = [one for one in DREAM if isinstance(one, Option)]
    assert [option_of(parser_field(one.names[-1])) for one in declared] == [one.names[-1] for one in declared]


def test_every_edit_has_a_method_and_an_option() -> None:
    assert EDITS.keys() == {method for method, _ in METHODS.values()} - {"layers"}
    assert tuple(EDITS.values()) == EDIT_OPTIONS
