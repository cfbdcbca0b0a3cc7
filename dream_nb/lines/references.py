"""What a reference on a line stands for: `--frame0 d`, `--style-ref palette.jpg:0.6`, `--frame1 last`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from dream_nb.api.canonical import GuideFrame
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationReference, ImageRef, ImageReference
from dream_nb.requests.guide_frames import split_moment
from dream_nb.requests.inputs import naming, read_keyframe, read_reference
from dream_nb.requests.names import explain, find_file, find_named, is_url, split_weight
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.pending import Pending
from dream_nb.storyboard.storyboard import Storyboard

NAME: Final = re.compile(r"(?P<name>[^\W\d]\w*)(?:\[(?P<index>-?\d+)\])?")
"""A variable, or one of a list: `dreams[2]`."""

_ID_START: Final = re.compile(r"[0-9a-fA-F-]{4,36}")
_ID_LENGTH: Final = 36


class References:
    """Finds what a reference on a line or in a form stands for.

    Args:
        variables: those that may be named.
        last: what "last" is: what this notebook asked for before, or None.
        home: the folder that relative paths start from; by default the working directory.
        within: the folder outside of which no file is looked at, not even for whether it exists; by default every
            file may be named.
        files_first: whether a file comes before a variable of the same name.
        made: gives the dream of a generation's id, where the library has it.
        in_notebook: whether there are variables and a last dream that can be named.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        last: object = None,
        *,
        home: Path | None = None,
        within: Path | None = None,
        files_first: bool = False,
        made: Callable[[str], Dream | None] = lambda _: None,
        in_notebook: bool = True,
    ) -> None:
        self.variables = variables
        self._last = last
        self.home = home or Path()
        self._within = within
        self._files_first = files_first
        self._made = made
        self._in_notebook = in_notebook

    def keyframe(self, text: str) -> ImageReference | GenerationReference:
        """The keyframe that a text stands for.

        Args:
            text: as for `find`.

        Raises:
            InvalidRequestError: it names nothing, or what is no keyframe.
        """
        what, weight = (text, None) if is_url(text) else split_weight(text, self.file)
        return read_keyframe(self.find(what), what, self.home, weight=weight)

    def guide_frames(self, texts: Sequence[str]) -> list[GuideFrame]:
        """The guide frames that texts stand for.

        Args:
            texts: each a picture or generation, as for `find`, with its moment behind an @: "hall.jpg@2.5s".

        Raises:
            InvalidRequestError: one has no moment, or names what is no keyframe.
        """
        found = []
        for text in texts:
            with naming(f"--keyframe {text}", "guide_frames"):
                what, at = split_moment(text)
                found.append(GuideFrame(frame=self.keyframe(what), at=at))
        return found

    def reference(self, text: str, weight: float | None = None) -> ImageRef:
        """The picture to follow that a text stands for.

        Args:
            text: as for `find`; a weight may stand behind it: "palette.jpg:0.6".
            weight: how much the picture counts, where that is said elsewhere.

        Raises:
            InvalidRequestError: it names nothing, it names a file that is not a picture, or it has two weights.
        """
        what, behind = split_weight(text, self.file)
        if weight is not None and behind is not None:
            raise InvalidRequestError(f"the weight of {what!r} is given twice: leave out one of them")
        return read_reference(self.find(what), what, self.home, weight=weight if behind is None else behind)

    def find(self, text: str) -> Any:
        """What a text names: a URL, "last", a variable (or one of a list, as `dreams[2]`), a file, or a generation.

        Of a variable it is the value, whatever that is; of a job that is under way its result.

        Args:
            text: what was written, without a weight.

        Raises:
            InvalidRequestError: it is none of these. What a variable holds is never quoted: it may be a secret.
        """
        if is_url(text):
            return text
        if self._files_first and (path := self.file(text)) is not None:
            return path
        if text == "last":
            return self._newest()
        match = NAME.fullmatch(text)
        with suppress(KeyError):
            if match is not None:
                return self._item(match["name"], match["index"])
        found = find_named(text, self.file)
        if found is None:
            raise InvalidRequestError(self._unknown(text))
        return found

    def source(self, text: str) -> Any:
        """As `find`; of an id the dream, where the library has it, so that what it is can be checked.

        Args:
            text: as for `find`.

        Raises:
            InvalidRequestError: as for `find`.
        """
        found = self.find(text)
        return (self._made(found.id) or found) if isinstance(found, GenerationReference) else found

    def dreams(self, text: str, history: Callable[[], Dreams]) -> Dreams:
        """The dreams that "last", a variable, or an id or its beginning names; none where it is none of these.

        Args:
            text: what was written.
            history: everything that the library knows, where ids are looked up.

        Raises:
            InvalidRequestError: there is no last one, several ids begin so, or the name of a variable cannot be
                resolved for certain.
        """
        if text == "last":
            return Dreams([self._newest()])
        found = _dreams_of(self._value(text))
        if found is not None:
            return found
        if not _ID_START.fullmatch(text):
            return Dreams()
        named = Dreams(dream for dream in history() if (dream.generation.id or "").startswith(text.lower()))
        if len(named) > 1 and len(text) < _ID_LENGTH:
            raise InvalidRequestError(f"{len(named)} ids begin with {text!r}: give more characters")
        return named

    def value(self, text: str) -> Any:
        """The value of the variable that a text names, or None where it names none: it may be an id or words.

        Args:
            text: what was written.
        """
        match = NAME.fullmatch(text)
        try:
            return self.variables[match["name"]] if match else None
        except KeyError:
            return None

    def _value(self, text: str) -> Any:
        match = NAME.fullmatch(text)
        value = _several(self.value(text))
        if match and match["index"] is not None and isinstance(value, Sequence):
            place = int(match["index"])
            value = value[place] if -len(value) <= place < len(value) else None
        return value

    def file(self, text: str) -> Path | None:
        """The file that a text names, or None where there is none that may be named.

        Args:
            text: a path.
        """
        return find_file(text, self.home, self._within)

    def _newest(self) -> Dream:
        # Not the newest of the library: a notebook that is run again would go on from its own end.
        dreams = _dreams_of(_several(self._last))
        if not dreams and not self._in_notebook:
            raise InvalidRequestError("'last' works only in a notebook: give a file, or the id of a generation")
        if not dreams:
            raise InvalidRequestError("this notebook has no last dream yet: first run the cell that makes it")
        return dreams[-1]

    def _item(self, name: str, index: str | None) -> Any:
        """The value of a variable, or one of several in it.

        Raises:
            KeyError: there is no such variable.
            InvalidRequestError: it has no such item, or its name cannot be resolved for certain.
        """
        value = _several(self.variables[name])
        if index is None:
            return value
        if isinstance(value, str | bytes):
            raise InvalidRequestError(f"{name} is text, which has no item {index}")
        try:
            item = value[int(index)]
        except (LookupError, TypeError):
            raise InvalidRequestError(f"{name} has no item {index}") from None
        return _ended(item)

    def _unknown(self, text: str) -> str:
        if self._within is not None:
            return f"{text!r} is not a URL, an id, or a file of the library {self._within.name!r}"
        if not self._in_notebook:
            return explain(text, self.home, "URL, file or id", "give one of these")
        kinds = Dream | Generation | Dreams | Path
        names = [name for name, value in self.variables.items() if isinstance(value, kinds) and name[0] != "_"]
        return explain(text, self.home, "URL, variable, file or id", 'give one of these, or "last"', names)


def _ended(value: Any) -> Any:
    """Of what is under way its end: only then is there something to go on from."""
    return value.result() if isinstance(value, Pending) else value


def _several(value: Any) -> Any:
    """As `_ended`; of a storyboard its shots, which have numbers."""
    value = _ended(value)
    return value.shots if isinstance(value, Storyboard) else value


def _dreams_of(value: Any) -> Dreams | None:
    """The dreams in a value; None where it holds none."""
    if isinstance(value, Dream):
        return Dreams([value])
    if isinstance(value, Dreams):
        return value
    if isinstance(value, Sequence) and any(isinstance(item, Dream) for item in value):
        return Dreams(item for item in value if isinstance(item, Dream))
    return None
