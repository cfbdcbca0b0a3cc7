"""The map, which places dreams as small pictures by two measures."""

from __future__ import annotations

import math
from typing import Any, Final

import traitlets

from dream_nb.api.errors import InvalidRequestError, LibraryError
from dream_nb.html.page import picture_uri
from dream_nb.html.scatter import Scale, Spot, scatter
from dream_nb.html.stand_in import stand_in
from dream_nb.notebook.widgets.base import Widget
from dream_nb.notebook.widgets.messages import MapSpot
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams

_SIDE: Final = 128
_MOST: Final = 200
_UNITS: Final = {
    "brightness": "mean luma, 0 to 1",
    "contrast": "standard deviation of luma",
    "colourfulness": "0 to about 109",
    "sharpness": "variance of the Laplacian",
    "motion": "share of its range that luma changes in a second",
    "seam": "steps of the video",
    "loudness": "LUFS",
    "seconds": "s",
    "seconds_queued": "s",
    "seconds_dreaming": "s",
    "cost": "USD cents",
    "stars": "0 to 5",
}


class Map(Widget):
    """Dreams as small pictures, placed by two measures. The wheel zooms, dragging moves the map, and a click selects.

    Args:
        dreams: the dreams with their measures. Dreams without a value on one of the axes are left out.
        x: the name of the column for the horizontal axis.
        y: the name of the column for the vertical axis.

    Attributes:
        chosen: the indexes of the selected dreams, from 0. Use `observe` to be notified of changes.

    Raises:
        ValueError: a column is unknown or not numeric, or there are too many dreams.
    """

    instead = "to_pandas() has the measures of the dreams as columns."
    modules = ("map.css", "map.js")
    page_traits = frozenset({"chosen"})

    spots = traitlets.List(traitlets.Dict()).tag(sync=True)
    """A `MapSpot` for each dream that is shown. They never change."""

    axes = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The horizontal and the vertical axis: "label", "low" and "high". They never change."""

    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    """The numbers of the selected dreams, from 0. Page and Python change them."""

    def __init__(self, dreams: Dreams, x: str, y: str) -> None:
        columns = [dreams.column(name) for name in (x, y)]
        there = [number for number in range(len(dreams)) if all(_is_number(column[number]) for column in columns)]
        if not there:
            raise InvalidRequestError(f"no dream has a number for both {x!r} and {y!r}")
        if len(there) > _MOST:
            raise InvalidRequestError(f"a map shows 1 to {_MOST} dreams, not {len(there)}: choose some of them")
        self.dreams = dreams._at(there)
        values = [[float(column[number]) for number in there] for column in columns]
        self._spots = [_spot(dream, *at) for dream, *at in zip(self.dreams, *values, strict=True)]
        self._scales = [Scale.of(_label(name), at) for name, at in zip((x, y), values, strict=True)]
        left = len(dreams) - len(there)
        self._note = f"{left} of {len(dreams)} dreams have no value, and are not shown" if left else ""
        spots: list[MapSpot] = [
            {
                "x": spot.x,
                "y": spot.y,
                "picture": spot.picture,
                "width": spot.size[0],
                "height": spot.size[1],
                "text": spot.text,
            }
            for spot in self._spots
        ]
        axes = [{"label": scale.label, "low": scale.low, "high": scale.high} for scale in self._scales]
        super().__init__(spots=[dict(spot) for spot in spots], axes=axes)

    @property
    def selected(self) -> Dreams:
        """The selected dreams, in the order of the collection."""
        return self.dreams._at(sorted(self.chosen))

    @selected.setter
    def selected(self, dreams: Dreams) -> None:
        foreign = [dream for dream in dreams if dream not in self.dreams]
        if foreign:
            raise InvalidRequestError(f"{foreign[0]!r} is not on this map")
        self.chosen = [number for number, dream in enumerate(self.dreams) if dream in set(dreams)]

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal: dict[str, Any]) -> list[int]:
        numbers: list[int] = sorted(set(proposal["value"]))
        if numbers and not 0 <= numbers[0] <= numbers[-1] < len(self.dreams):
            raise InvalidRequestError(f"the dreams of this map are numbered 0 to {len(self.dreams) - 1}, not {numbers}")
        return numbers

    def static(self) -> str:
        """The same drawing, without zoom and selection."""
        return stand_in(body=scatter(self._spots, self._scales[0], self._scales[1], self._note))

    def __repr__(self) -> str:
        return f"Map({len(self.dreams)} dreams, {self._scales[0].label} and {self._scales[1].label})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _label(name: str) -> str:
    return f"{name} ({_UNITS[name]})" if name in _UNITS else name


def _spot(dream: Dream, x: float, y: float) -> Spot:
    try:
        small = dream._reduced(_SIDE)
    except LibraryError:
        return Spot(x, y, "", (1, 1), dream.title)
    return Spot(x, y, picture_uri(dream._jpeg(_SIDE)), small.size, dream.title)
