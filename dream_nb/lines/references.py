"""Resolves references on a line: `--frame0 d`, `--style-ref palette.jpg:0.6`, `--frame1 last`."""

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
"""A variable, or an item of a list: `dreams[2]`."""

_ID_START: Final = re.compile(r"[0-9a-fA-F-]{4,36}")
_ID_LENGTH: Final = 36


class References:
    """Resolves references on a line or in a form.

    Args:
        variables: the variables that may be named.
        last: the meaning of "last": what this notebook requested last, or None.
        home: the folder that relative paths start from; by default the working directory.
        within: the only folder whose files may be named; files outside are not even checked for existence. By default
            every file may be named.
        files_first: whether a file takes precedence over a variable of the same name.
        made: a function that returns the dream of a generation's id, if the library has it.
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
        """Return the keyframe that a text refers to.

        Args:
            text: the reference, as for `find`.

        Raises:
            InvalidRequestError: the text refers to nothing, or to something that cannot be a keyframe.
        """
        what, weight = (text, None) if is_url(text) else split_weight(text, self.file)
        return read_keyframe(self.find(what), what, self.home, weight=weight)

    def guide_frames(self, texts: Sequence[str]) -> list[GuideFrame]:
        """Return the guide frames that texts refer to.

        Args:
            texts: references to pictures or generations, as for `find`, each followed by an @ and a time:
                "hall.jpg@2.5s".

        Raises:
            InvalidRequestError: a text has no time, or refers to something that cannot be a keyframe.
        """
        found = []
        for text in texts:
            with naming(f"--keyframe {text}", "guide_frames"):
                what, at = split_moment(text)
                found.append(GuideFrame(frame=self.keyframe(what), at=at))
        return found

    def reference(self, text: str, weight: float | None = None) -> ImageRef:
        """Return the picture to follow that a text refers to.

        Args:
            text: the reference, as for `find`; a weight may follow: "palette.jpg:0.6".
            weight: how much the picture counts, if this is given elsewhere.

        Raises:
            InvalidRequestError: the text refers to nothing or to a file that is not a picture, or has two weights.
        """
        what, behind = split_weight(text, self.file)
        if weight is not None and behind is not None:
            raise InvalidRequestError(f"the weight of {what!r} is given twice: leave out one of them")
        return read_reference(self.find(what), what, self.home, weight=weight if behind is None else behind)

    def find(self, text: str) -> Any:
        """Resolve a URL, "last", a variable (or an item of a list, as in `dreams[2]`), a file, or a generation.

        For a variable this returns its value, whatever it is; for a running job its result.

        Args:
            text: the reference, without a weight.

        Raises:
            InvalidRequestError: the text is none of these. The value of a variable is never quoted, since it may be a
                secret.
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
        """Resolve as `find` does, but an id as a dream if the library has it, so that its kind can be checked.

        Args:
            text: the reference, as for `find`.

        Raises:
            InvalidRequestError: as for `find`.
        """
        found = self.find(text)
        return (self._made(found.id) or found) if isinstance(found, GenerationReference) else found

    def dreams(self, text: str, history: Callable[[], Dreams]) -> Dreams:
        """Return the dreams that "last", a variable, an id or the beginning of one refers to; None for other texts.

        Args:
            text: the reference.
            history: all dreams of the library, among which ids are looked up.

        Raises:
            InvalidRequestError: there is no last dream, several ids begin with the text, or a variable has no such item
                or a name that cannot be resolved with certainty.
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

    def variable(self, text: str) -> tuple[Any, str | None]:
        """Return the value of the variable that a text names, and the index after it.

        Args:
            text: the reference.

        Returns:
            The value, or None if it names no variable: it may be an id or words. The index is None if it has none.
        """
        match = NAME.fullmatch(text)
        try:
            return (self.variables[match["name"]], match["index"]) if match else (None, None)
        except KeyError:
            return None, None

    def _value(self, text: str) -> Any:
        """The value of the variable, or of the item, that a text names; None if it names none."""
        match = NAME.fullmatch(text)
        try:
            return self._item(match["name"], match["index"]) if match else None
        except KeyError:
            return None

    def file(self, text: str) -> Path | None:
        """Return the file that a text names, or None if the file does not exist or may not be named.

        Args:
            text: the path.
        """
        return find_file(text, self.home, self._within)

    def _newest(self) -> Dream:
        # Not the newest dream of the library: a notebook that runs again would continue from its own last dream.
        dreams = _dreams_of(_several(self._last))
        if not dreams and not self._in_notebook:
            raise InvalidRequestError("'last' works only in a notebook: give a file, or the id of a generation")
        if not dreams:
            raise InvalidRequestError("this notebook has no last dream yet: first run the cell that makes it")
        return dreams[-1]

    def _item(self, name: str, index: str | None) -> Any:
        """The value of a variable, or one of several items in it.

        Raises:
            KeyError: the variable does not exist.
            InvalidRequestError: it has no such item, or its name cannot be resolved with certainty.
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
    """The result of a running job, once it has ended, because nothing can continue from it before."""
    return value.result() if isinstance(value, Pending) else value


def _several(value: Any) -> Any:
    """As `_ended`, but for a storyboard its shots, which have numbers."""
    value = _ended(value)
    return value.shots if isinstance(value, Storyboard) else value


def _dreams_of(value: Any) -> Dreams | None:
    """The dreams in a value; None if there are none."""
    if isinstance(value, Dream):
        return Dreams([value])
    if isinstance(value, Dreams):
        return value
    if isinstance(value, Sequence) and any(isinstance(item, Dream) for item in value):
        return Dreams(item for item in value if isinstance(item, Dream))
    return None
