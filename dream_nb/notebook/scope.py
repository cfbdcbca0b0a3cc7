"""The variables that a magic's line may name: those that Python code in its place would see, or an error."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final

from IPython.core.interactiveshell import InteractiveShell

from dream_nb.api.errors import InvalidRequestError

_OURS: Final = "dream_nb"
# Before version 8, IPython wraps its magics with the package `decorator`.
_IPYTHON: Final = ("IPython", "ipykernel", "decorator")
# What `%timeit` and `%prun` put between themselves and the statement that they run.
_RUNNERS: Final = ("timeit", "cProfile", "profile")
_CALLS: Final = ("run_line_magic", "run_cell_magic", "magic")
# 3.12 inlines comprehensions, and does not show their variables in the frame of a module.
_HIDES_COMPREHENSIONS: Final = sys.version_info[:2] == (3, 12)


@dataclass(frozen=True, slots=True)
class _Level:
    """One frame around a magic.

    Attributes:
        names: the local variables that have a value now.
        code: the frame's code.
        is_nested: whether the code is inside a function, and may see variables that the frame does not have.
    """

    names: Mapping[str, Any]
    code: CodeType
    is_nested: bool

    @property
    def is_function(self) -> bool:
        return bool(self.code.co_flags & inspect.CO_OPTIMIZED)

    @property
    def declared(self) -> tuple[str, ...]:
        """The names that Python looks up in this frame or in a closure, whether or not they have a value."""
        if not self.is_function and not _HIDES_COMPREHENSIONS:
            return ()
        return self.code.co_varnames + self.code.co_cellvars + self.code.co_freevars


class Scope(Mapping[str, Any]):
    """The variables that a line may name: local ones first, then those of the notebook.

    Python resolves names when it compiles a function. A name that occurs only in the line of a magic is not among them,
    so a variable of an enclosing function is invisible in a nested one. There a name that is not local is refused,
    because the notebook's variable of that name may be a different one.

    Args:
        levels: the frames around the magic, innermost first.
        others: the mappings that are searched after the local variables, in this order.
    """

    def __init__(self, levels: tuple[_Level, ...], *others: Mapping[str, Any]) -> None:
        self._levels = levels
        self._others = others

    @classmethod
    def of_caller(cls, shell: InteractiveShell) -> Scope:
        """Return the scope of the line whose magic is running.

        Args:
            shell: the shell whose variables are those of the notebook.
        """
        levels: list[_Level] = []
        others: list[Mapping[str, Any]] = []
        frame = _user_frame(sys._getframe(1))
        while frame is not None:
            is_module = frame.f_locals is frame.f_globals
            levels.append(_Level({} if is_module else frame.f_locals, frame.f_code, _is_nested(frame)))
            others.append(frame.f_globals)
            frame = _user_frame(frame.f_back) if _is_run_by_magic(frame) else None
        return cls(tuple(levels), *others, shell.user_ns)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a variable.

        Raises:
            KeyError: the variable does not exist.
            InvalidRequestError: the name cannot be resolved with certainty.
        """
        for level in self._levels:
            if name in level.names:
                return level.names[name]
            _refuse(name, level)
        for others in self._others:
            if name in others:
                return others[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        names: dict[str, None] = {}
        for level in self._levels:
            names |= dict.fromkeys(level.names)
            if level.is_nested:
                return iter(names)
        for others in self._others:
            names |= dict.fromkeys(others)
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return any(name == known for known in self)

    def check_target(self, name: str) -> None:
        """Refuse a name that `--name` cannot set because it is local to the function around the magic.

        Args:
            name: the variable to be set.

        Raises:
            InvalidRequestError: it is a local variable of a function.
        """
        for level in self._levels:
            if level.is_function and (name in level.declared or name in level.names):
                raise InvalidRequestError(
                    f"--name {name}: {name!r} is a local variable of {_described(level.code)}, which a magic cannot "
                    f"set: write {name} = %dream … instead"
                )


class NoVariables(Mapping[str, Any]):
    """The variables of a page whose visitors may see none."""

    def __getitem__(self, name: str) -> Any:
        """Refuse every name."""
        raise InvalidRequestError(
            f"{{{{{name}}}}}: this page has no access to variables. Write the words themselves, or put a backslash "
            "before the braces to keep them in the prompt"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _refuse(name: str, level: _Level) -> None:
    """Raise an error if a name without a value in a frame must not be looked up further out."""
    if name in level.declared:
        what = f"a local variable of {_described(level.code)}" if level.is_function else "a comprehension's variable"
        todo = "assign it before the magic" if level.is_function else "give the comprehension's variable another name"
        raise InvalidRequestError(f"{name!r} is {what} that has no value here: {todo}")
    if level.is_nested:
        raise InvalidRequestError(
            f"{name!r} is not a local variable of {_described(level.code)}, which is nested in another function, whose "
            f"variables a magic cannot see: pass it as a parameter, or assign it to a local name first (such as "
            f"here = {name}) and use that"
        )


def _described(code: CodeType) -> str:
    if code.co_name.startswith("<"):
        return "this lambda" if code.co_name == "<lambda>" else "this comprehension"
    return f"the {'function' if code.co_flags & inspect.CO_OPTIMIZED else 'class'} {code.co_name!r}"


def _user_frame(frame: FrameType | None) -> FrameType | None:
    """The nearest frame, from this one outwards, that belongs neither to this package nor to IPython."""
    while frame is not None and (_package(frame) in (_OURS, *_IPYTHON, *_RUNNERS) or _is_call(frame)):
        frame = frame.f_back
    return frame


def _is_call(frame: FrameType) -> bool:
    """Whether the frame belongs to a shell's own method that runs magics, including that of a front end's subclass."""
    return frame.f_code.co_name in _CALLS and isinstance(frame.f_locals.get("self"), InteractiveShell)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_run_by_magic(frame: FrameType) -> bool:
    """Whether another magic runs this code: `%time` and `%timeit` compile their statement outside of its function."""
    back = frame.f_back
    while back is not None and _package(back) in _RUNNERS:
        back = back.f_back
    return back is not None and str(back.f_globals.get("__name__", "")).startswith("IPython.core.magics.")


def _is_nested(frame: FrameType) -> bool:
    """Whether the code of a frame is inside a function."""
    while not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        # The body of a class runs in its own frame, called by the code around it.
        back = frame.f_back
        if back is None or frame.f_code not in back.f_code.co_consts:
            return False
        if back.f_code.co_flags & inspect.CO_OPTIMIZED:
            return True
        frame = back
    return bool(frame.f_code.co_flags & inspect.CO_NESTED)
