"""Completion for `%dream` and `%dreams`, in JupyterLab and in the terminal."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from IPython.core import completer
from IPython.core.interactiveshell import InteractiveShell

from dream_nb.api.canonical import ALL_DURATIONS, ALL_IMAGE_MODELS, ALL_RESOLUTIONS, ALL_VIDEO_MODELS
from dream_nb.api.errors import DreamError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    ASPECT_RATIOS,
    CONCEPTS,
    IMAGE_FORMATS,
    KINDS,
    MODES,
)
from dream_nb.default import default_session, known_default_session
from dream_nb.files import given_path
from dream_nb.lines.edit_options import EDIT_OPTIONS
from dream_nb.lines.options import DREAM, STORYBOARD, actions
from dream_nb.notebook.commands.commands import COMMANDS
from dream_nb.requests.names import SUFFIXES
from dream_nb.requests.roles import FRAMES, ROLES
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.pending import Pending

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult

_DREAM: Final = re.compile(r"\s*(?:[\w.,\s\[\]\"']+=\s*)?%dream\s+(?P<rest>.*)", re.DOTALL)
_DREAMS: Final = re.compile(r"\s*(?:[\w.,\s\[\]\"']+=\s*)?%dreams\s+(?P<rest>.*)", re.DOTALL)
_CELL: Final = re.compile(r"%%(?P<magic>dream|storyboard)(?:\s+(?P<rest>.*))?", re.DOTALL)
_OPTION: Final = re.compile(r"(?:^|\s)(?P<option>--?[\w-]*)$")
_VALUE: Final = re.compile(r"(?:^|\s)(?P<option>--?[A-Za-z][\w-]*)(?:\s+|=)(?P<value>\S*)$")
_CAMERA: Final = re.compile(r"\b(?P<motion>camera [\w ]*)$", re.IGNORECASE)
_BREAK: Final = re.compile("([-/\N{EN DASH}\N{EM DASH}])")
_LAST_WORD: Final = re.compile(r"\S*\s*$")
_VARIABLE: Final = re.compile(r"(?P<variable>\{\{\w*)$")

_WORDS: Final = {
    "kind": KINDS,
    "aspect_ratio": ASPECT_RATIOS,
    "model": (*ALL_IMAGE_MODELS, *ALL_VIDEO_MODELS),
    "duration": ALL_DURATIONS,
    "mode": MODES,
    "format": IMAGE_FORMATS,
    "concept": CONCEPTS,
    "resolution": ALL_RESOLUTIONS,
}
_BACKENDS: Final = {
    "studio": "the studio on this machine, free of charge",
    "dream-machine": "the Dream Machine API, with your key",
    "luma": "the Luma API of 2026, with your key",
    "hosted": "the first of these with a key",
}
_PATIENCE: Final = 2.0
_WIDEST: Final = 48
_MOST: Final = 200

Suggestion = tuple[str, str]


class Completion:
    """Finds the completions at the cursor.

    Args:
        shell: the shell whose variables are suggested.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._actions = {"dream": actions(DREAM), "storyboard": actions(STORYBOARD)}
        self._motions: dict[str, list[str]] = {}

    def install(self) -> None:
        """Install the completion."""
        assert self._shell.Completer is not None
        # IPython before 8.6, such as that of Colab, supports only functions that return words.
        asked: Any = self.match if hasattr(completer, "context_matcher") else self.match_word
        self._shell.Completer.custom_matchers.append(asked)

    @classmethod
    def uninstall_from(cls, shell: InteractiveShell) -> None:
        """Remove the completion.

        Args:
            shell: the shell whose completer is changed.
        """
        if shell.Completer is not None:
            matchers = shell.Completer.custom_matchers
            matchers[:] = [one for one in matchers if not isinstance(getattr(one, "__self__", None), cls)]

    def match_word(self, text: str) -> list[str]:
        """Return the texts that can replace a word.

        Args:
            text: the word before the cursor, as IPython splits it.
        """
        assert self._shell.Completer is not None
        fragment, suggestions = self._suggest(None, self._shell.Completer.text_until_cursor) or ("", [])
        # Both words end at the cursor: add what IPython cut off from ours, and remove what it did not include.
        before, left = text[: max(0, len(text) - len(fragment))], max(0, len(fragment) - len(text))
        return [before + one[left:] for one, _ in suggestions]

    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return the completions at the cursor.

        Args:
            context: the cell, and the position of the cursor.
        """
        lines = context.full_text.split("\n")
        line = lines[context.cursor_line][: context.cursor_position]
        found = self._suggest(lines[0] if context.cursor_line else None, line)
        fragment, suggestions = found or ("", [])
        if found is not None and not suggestions:
            # IPython respects `suppress` only if there are suggestions: these keep Python names away.
            fragment = _LAST_WORD.search(line)[0]  # type: ignore[index]
            suggestions = [(fragment, "")] if fragment else []
        return {
            "completions": [completer.SimpleCompletion(text, type=_shortened(kind)) for text, kind in suggestions],
            "matched_fragment": fragment,
            "suppress": True,
            "ordered": True,
        }

    # The attributes that `context_matcher` sets on a function.
    match.matcher_api_version = 2  # type: ignore[attr-defined]
    match.matcher_identifier = "dream_nb"  # type: ignore[attr-defined]

    def _suggest(self, first: str | None, line: str) -> tuple[str, list[Suggestion]] | None:
        """The suggestions, and the part of the line that they replace; None if the line is not one of ours.

        Args:
            first: the first line of the cell, if the cursor is below it.
            line: the line up to the cursor.
        """
        if match := _DREAMS.fullmatch(line):
            return self._of_dreams(match["rest"])
        if match := _DREAM.fullmatch(line):
            return self._of_options("dream", match["rest"]) or self._of_prompt(match["rest"])
        if first is not None:
            return self._of_prompt(line) if _CELL.fullmatch(first) else None
        cell = _CELL.fullmatch(line)
        if cell is None or cell["rest"] is None:
            return None
        return self._of_options(cell["magic"], cell["rest"]) or ("", [])

    def _of_dreams(self, rest: str) -> tuple[str, list[Suggestion]]:
        name, space, what = rest.partition(" ")
        what = what.lstrip()
        if not space:
            return name, _beginning(name, ((each, command.help) for each, command in COMMANDS.items()))
        if name not in COMMANDS:
            return "", []
        if match := _OPTION.search(what):
            return match["option"], _beginning(match["option"], ((one, "option") for one in COMMANDS[name].options))
        if name in ("show", "delete"):
            return what, _beginning(what, [*self._variables((Dream, Dreams, Pending)), *self._ids()])
        if name == "restore":
            return what, _beginning(what, self._trashed())
        if name == "stop":
            return what, _beginning(what, self._variables((Pending,)))
        if name in ("use", "key"):
            known = _BACKENDS.items()
            return what, _beginning(what, ((each, about) for each, about in known if name == "use" or each != "studio"))
        return "", []

    def _of_options(self, magic: str, rest: str) -> tuple[str, list[Suggestion]] | None:
        """The option at the cursor, or its value; None if the cursor is in the prompt."""
        match = _VALUE.search(rest)
        actions = self._actions[magic]
        action = actions.get(match["option"]) if match else None
        if match and action is not None and action.nargs != 0:
            value = match["value"]
            if action.dest in _WORDS:
                return value, _beginning(value, ((word, action.dest.replace("_", " ")) for word in _WORDS[action.dest]))
            if action.dest in (*FRAMES, *EDIT_OPTIONS, "first_frame"):
                found = [*self._variables((Dream, Dreams, Pending, Generation, Path)), *_files(value), *self._ids()]
                return value, _beginning(value, [("last", "the last dream of this notebook"), *found])
            if action.dest in ROLES:
                return value, _beginning(value, [*self._variables((Dream, Pending, Path)), *_files(value)])
            return value, []
        match = _OPTION.search(rest)
        if match is None and rest and not rest[-1].isspace():
            return None
        typed = match["option"] if match else ""
        options = (
            (option, (one.help or "").replace("%%", "%")) for option, one in actions.items() if option.startswith("--")
        )
        return typed, _beginning(typed, options)

    def _of_prompt(self, text: str) -> tuple[str, list[Suggestion]]:
        if match := _CAMERA.search(text):
            typed = match["motion"]
            motions = [(motion, "camera motion") for motion in self._camera_motions()]
            # Keeps the user's upper or lower case.
            return typed, [(typed + motion[len(typed) :], kind) for motion, kind in _beginning(typed.lower(), motions)]
        if match := _VARIABLE.search(text):
            names = self._variables((str, int, float))
            return match["variable"], _beginning(match["variable"], ((f"{{{{{one}}}}}", kind) for one, kind in names))
        return "", []

    def _variables(self, kinds: tuple[type, ...]) -> list[Suggestion]:
        shell = self._shell
        return [
            (name, _about(value))
            for name, value in shell.user_ns.items()
            if isinstance(value, kinds) and not name.startswith("_") and name not in shell.user_ns_hidden
        ]

    def _ids(self) -> list[Suggestion]:
        # A library that cannot be used reports this when it is used.
        with suppress(DreamError):
            if session := known_default_session():
                dreams = session.history()[:_MOST]
                return [(dream.generation.id, dream.title) for dream in dreams if dream.generation.id]
        return []

    def _trashed(self) -> list[Suggestion]:
        with suppress(DreamError):
            if session := known_default_session():
                records = [one.record for one in session.trash()[:_MOST]]
                return [
                    (one.generation.id, one.request.label) for one in records if one.generation and one.generation.id
                ]
        return []

    def _camera_motions(self) -> list[str]:
        """The camera motions of the backend, which are requested once, and with a short timeout."""
        with suppress(DreamError):
            session = default_session()
            backend = session.backend

            def ask() -> None:
                with suppress(DreamError):
                    self._motions[backend] = session.camera_motions()

            if backend not in self._motions:
                asked = threading.Thread(target=ask, name="dream_nb-motions", daemon=True)
                asked.start()
                asked.join(_PATIENCE)
            return self._motions.get(backend, [])
        return []


def _beginning(typed: str, suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    return [(text, kind) for text, kind in suggestions if text.startswith(typed)]


def _files(typed: str) -> list[Suggestion]:
    """Pictures and folders whose names begin with a text."""
    folder, slash, name = typed.rpartition("/")
    with suppress(OSError, ValueError):
        there = sorted(given_path(f"{folder}{slash}" or ".").iterdir())
        return [
            (f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}", "folder" if path.is_dir() else "picture")
            for path in there
            if path.name.startswith(name)
            and (name.startswith(".") or not path.name.startswith("."))
            and (path.is_dir() or path.suffix.lower() in SUFFIXES)
        ]
    return []


def _about(value: object) -> str:
    """A description of a variable's value, in a few words."""
    if isinstance(value, Pending):
        return value.title
    if isinstance(value, Dream):
        return value.title
    return f"{len(value)} dreams" if isinstance(value, Dreams) else type(value).__name__


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    line = line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
    # JupyterLab wraps the text beside a suggestion, and its second line would cover the next suggestion.
    return _BREAK.sub("\\1\N{WORD JOINER}", line.replace(" ", "\N{NO-BREAK SPACE}"))
