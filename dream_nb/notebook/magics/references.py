"""What a reference on a line stands for: `--frame0 d`, `--style-ref palette.jpg:0.6`, `--frame1 last`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.files import given_path
from dream_nb.requests.inputs import Input, is_url
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.pending import Pending
from dream_nb.storyboard.storyboard import Storyboard

NAME: Final = re.compile(r"(?P<name>[^\W\d]\w*)(?:\[(?P<index>-?\d+)\])?")
"""A variable, or one of a list: `dreams[2]`."""

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ID_START: Final = re.compile(r"[0-9a-fA-F-]{4,36}")
_ID_LENGTH: Final = 36
_WEIGHT: Final = re.compile(r"(?P<what>.*[^:/].*):(?P<weight>\d*\.?\d+)", re.DOTALL)
_ORIGIN: Final = re.compile(r"[a-z]+://[^/]*", re.IGNORECASE)


class References:
    """Finds what a reference on a line or in a form stands for.

    Args:
        variables: those that may be named.
        last: what "last" is: what this notebook asked for before, or None.
        home: the folder that relative paths start from; by default the working directory.
        within: the folder outside of which no file is looked at, not even for whether it exists; by default every
            file may be named.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        last: object = None,
        *,
        home: Path | None = None,
        within: Path | None = None,
    ) -> None:
        self.variables = variables
        self._last = last
        self._home = home or Path()
        self._within = within

    def find(self, text: str) -> Input:
        """A URL, "last", a variable (or one of a list, as `dreams[2]`), a file, or a generation's id: in this order.

        Raises:
            InvalidRequestError: it is none of these. What a variable holds is never quoted: it may be a secret.
        """
        if is_url(text):
            return text
        if text == "last":
            return self._newest()
        found = self._variable(text)
        if found is None:
            found = self.named(text)
        if found is None:
            raise InvalidRequestError(self._unknown(text))
        return found

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
            raise InvalidRequestError(f"{len(named)} ids begin with {text!r}: give more of it")
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
        value = _ended(self.value(text))
        if isinstance(value, Storyboard):
            value = value.shots
        if match and match["index"] is not None and isinstance(value, Sequence):
            place = int(match["index"])
            value = value[place] if -len(value) <= place < len(value) else None
        return value

    def file(self, text: str) -> Path | None:
        """The file that a text names, or None where there is none that may be named.

        Args:
            text: a path.
        """
        # Some texts are no paths: too long, or in the home of nobody.
        with suppress(OSError, ValueError):
            path = self._home / given_path(text)
            if self._within is not None and not path.resolve().is_relative_to(self._within.resolve()):
                return None
            if path.is_file():
                return path
        return None

    def named(self, text: str) -> Input | None:
        """What a text names without variables: a URL, a file or an id; None where it is none of these.

        Args:
            text: what was written.
        """
        if is_url(text):
            return text
        return self.file(text) or (text if _ID.fullmatch(text) else None)

    def _newest(self) -> Dream:
        # Not the newest of the library: a notebook that is run again would go on from its own end.
        value = _ended(self._last)
        dreams = _dreams_of(value.shots if isinstance(value, Storyboard) else value)
        if not dreams:
            raise InvalidRequestError("there is no last dream in this notebook yet: run the cell that makes it first")
        return dreams[-1]

    def _variable(self, text: str) -> Input | None:
        match = NAME.fullmatch(text)
        if match is None:
            return None
        try:
            value = self.variables[match["name"]]
        except KeyError:
            return None
        if match["index"] is not None:
            try:
                value = value[int(match["index"])]
            except (LookupError, TypeError):
                raise InvalidRequestError(f"{match['name']} has no item {match['index']}") from None
        value = _ended(value)
        if isinstance(value, Dreams) and len(value) == 1:
            value = value[0]
        if isinstance(value, Dream | Generation):
            return value
        if isinstance(value, Path):
            return given_path(value)
        if isinstance(value, str):
            found = self.named(value)
            if found is None:
                raise InvalidRequestError(
                    f"the text in the variable {text!r} is not a URL, a file or an id: set it to one of these, or to a "
                    "Dream"
                )
            return found
        several = f": choose one, such as {text}[0]" if isinstance(value, Dreams) else ""
        raise InvalidRequestError(
            f"the variable {text!r} is a {type(value).__name__}, and not a Dream, Generation, path or URL{several}"
        )

    def _unknown(self, text: str) -> str:
        if self._within is not None:
            return f"{text!r} is not a URL, an id, or a file of the library {self._within.name!r}"
        kinds = Dream | Generation | Dreams | Path
        names = [name for name, value in self.variables.items() if isinstance(value, kinds) and name[0] != "_"]
        with suppress(OSError, ValueError):
            folder = (self._home / given_path(text)).parent
            names += [path.name for path in folder.iterdir() if path.is_file()]
        near = difflib.get_close_matches(Path(text).name, names, n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else 'give one of these, or "last".'
        return f"{text!r} is no URL, variable, file or id: {hint}"


def _ended(value: Any) -> Any:
    """Of what is under way its end: only then is there something to go on from."""
    return value.result() if isinstance(value, Pending) else value


def _dreams_of(value: Any) -> Dreams | None:
    """The dreams in a value; None where it holds none."""
    if isinstance(value, Dream):
        return Dreams([value])
    if isinstance(value, Dreams):
        return value
    if isinstance(value, Sequence) and any(isinstance(item, Dream) for item in value):
        return Dreams(item for item in value if isinstance(item, Dream))
    return None


def split_weight(text: str) -> tuple[str, float | None]:
    """A reference and its weight: "palette.jpg:0.6" is "palette.jpg" and 0.6.

    Raises:
        InvalidRequestError: the weight is not from 0 to 1.
    """
    match = _WEIGHT.fullmatch(text)
    # A number behind a host is its port.
    if match is None or text.startswith("data:") or _ORIGIN.fullmatch(text):
        return text, None
    weight = float(match["weight"])
    if weight > 1:
        raise InvalidRequestError(f"the weight {match['weight']} of {match['what']!r} is not from 0 to 1")
    return match["what"], weight
