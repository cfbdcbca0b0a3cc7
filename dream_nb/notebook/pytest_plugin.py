"""The pytest plugin: notebooks made with dream_nb pass `pytest --nbval` without additional options.

A preview contains a small poster as a `data:` URI. Its bytes depend on the JPEG encoder, so they are excluded from the
comparison, as is everything that was visible only while a cell ran; everything else is compared. The plugin is active
only with nbval.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dream_nb.files import given_path
from dream_nb.html.stand_in import NOTHING

if TYPE_CHECKING:
    import pytest

_REPLAY: Final = "DREAM_NB_REPLAY"
# Only posters of this package have this name; other pictures are still compared. The output of a dry run depends on
# what the library has, which changes once the dreams are made.
_RULES: Final = r"""
[dream_nb poster]
regex: data:(?:image/(?:jpeg|png|gif|webp)|video/mp4);name=dream_nb;base64,[A-Za-z0-9+/=]*
replace: dream_nb-poster

[dream_nb picture in the place of a widget: it comes when its dream is there]
regex: <div class="dream_nb-picture">.*?</div>
replace: dream_nb-picture

[dream_nb map: where its pictures stand depends on the encoder]
regex: data:image/svg\+xml;name=dream_nb,[^"]*
replace: dream_nb-scatter

[dream_nb plan: what is there, and what the rest would cost]
regex: \d+ in the library, \d+ to make, [^;\n]*; nothing was sent
replace: dream_nb-plan

[dream_nb plan: whether one of its dreams is there]
regex: · (?:in the library|under way|new)</span>
replace: dream_nb-standing

[dream_nb listing: what %dreams tells is as of now]
regex: (?s)^(?:%dreams \w* ?· |<div class="dream_nb-listing\b).*$
replace: dream_nb-listing
"""


def pytest_configure(config: pytest.Config) -> None:
    """Add the rule for posters to nbval's sanitize file; the rules of the user's own file are kept."""
    option = config.option
    if not (getattr(option, "nbval", False) or getattr(option, "nbval_lax", False)):
        return
    given = option.nbval_sanitize_with or getattr(option, "sanitize_with", None)
    rules = (given_path(given).read_text(encoding="utf-8") if given else "") + _RULES
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", prefix="dream_nb-", delete=False, encoding="utf-8") as file:
        file.write(rules)
    option.nbval_sanitize_with = file.name
    option.sanitize_with = None
    config.add_cleanup(lambda: Path(file.name).unlink(missing_ok=True))
    # A notebook is validated with its library: something missing is an error, not a purchase.
    if os.environ.setdefault(_REPLAY, "free") == "free":
        config.add_cleanup(_forget_replay)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Ignore outputs that were removed again: with nbval, where nobody watches, they are not shown at all."""
    outputs = getattr(getattr(item, "cell", None), "outputs", None)
    if outputs:
        outputs[:] = [output for output in outputs if output.get("data") != NOTHING]


def _forget_replay() -> None:
    os.environ.pop(_REPLAY, None)
