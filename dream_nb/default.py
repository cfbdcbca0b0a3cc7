"""The default session, which `%dream` and `dream_nb.dream` use. It is opened at first use."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Literal

from dream_nb.api.errors import ConfigurationError
from dream_nb.backends.backends import choose_backend
from dream_nb.place import library_folder
from dream_nb.replay import choose_replay
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session

_default: Session | None = None
_default_settings: dict[str, Any] = {}
_default_lock = threading.Lock()


def default_session() -> Session:
    """The session that `%dream` and `dream_nb.dream` use. It is opened at first use."""
    global _default  # noqa: PLW0603 - a process has one default session
    with _default_lock:
        if _default is None:
            _default = Session(**_default_settings)
        return _default


def open_default_session() -> Session | None:
    """The default session if it is open, or else None."""
    return _default


def default_library() -> Path:
    """The folder of the default session's library, whether or not the session is open."""
    return library_folder(_default_settings.get("library"))


def known_default_session() -> Session | None:
    """The default session if it is open or its library exists; None if the library would have to be created."""
    if _default is None and not (default_library() / "ledger.sqlite").is_file():
        return None
    return default_session()


def configure_default_session(name: str, value: Any) -> None:
    """Change one setting of the default session, or of the next one if it is not open.

    Args:
        name: an argument of `Session`: library, backend, replay, budget, floor, shared or uploader.
        value: the new value; None means the value of the environment.

    Raises:
        ConfigurationError: the library has running jobs and cannot be changed, or is a URL.
    """
    session = _default
    if name == "library":
        library_folder(value)
    if session is not None:
        if name == "library":
            if jobs := session.jobs():
                raise ConfigurationError(
                    f"{len(jobs)} under way in the library {session.library.folder.name!r}: wait for them, or run "
                    "%dreams stop, before you choose another library"
                )
            close_default_session()
        elif name == "backend":
            session.use(choose_backend(value))
        elif name == "replay":
            session.replay = choose_replay(value)
        elif name == "uploader":
            session.upload_to(value)
        else:
            setattr(session.allowance, name, value)
    _default_settings[name] = value


def forget_default_settings() -> None:
    """Reset the settings of the next default session to those of the environment."""
    _default_settings.clear()


def close_default_session() -> None:
    """Close the default session. The next use opens a new one."""
    global _default
    with _default_lock:
        closing, _default = _default, None
    # Outside the lock: listeners of jobs that end may ask for the default session.
    if closing is not None:
        closing.close()


def _forget_default_session() -> None:
    """Forget the default session in a forked child, because it is the parent's. The next use opens a new one."""
    global _default, _default_lock
    _default, _default_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_default_session)


def dream(
    prompt: str, *, kind: Literal["video", "image"] = "video", take: int = 1, fresh: bool = False, **fields: Any
) -> Dream:
    """Make a dream or take it from the library, and wait for it. Calls `Session.dream` of the default session.

    Args:
        prompt: the prompt.
        kind: the kind of result: "video" or "image".
        take: the number of the result of this request, from 1.
        fresh: whether to make a new take even if the library has one.
        **fields: other fields of `GenerationRequest` or `ImageGenerationRequest`. `frame0` and `frame1` take what
            `dream_nb.keyframe` takes. `image_ref`, `style_ref`, `character_ref` and `modify_image_ref` take what
            `dream_nb.reference` takes, such as "palette.jpg:0.6", a path, a picture in memory, or a tuple of a picture
            and its weight; the first three also take a list.

    Raises:
        InvalidRequestError: a field violates the specification; nothing was sent.
        DreamError: the dream could not be made.
    """
    return default_session().dream(prompt, kind=kind, take=take, fresh=fresh, **fields)


def sweep(
    prompt: str, *, kind: Literal["video", "image"] = "video", takes: int = 1, fresh: bool = False, **fields: Any
) -> Dreams:
    """Make a dream for every combination of a prompt's alternatives. Calls `Session.sweep` of the default session.

    Args:
        prompt: the prompt with its alternatives, such as `{dawn|noon}` or `{time=dawn|noon}`.
        kind: the kind of result: "video" or "image".
        takes: the number of results of each request.
        fresh: whether to make new takes even if the library has some.
        **fields: other fields, as for `dream`.

    Raises:
        InvalidRequestError: a field violates the specification; nothing was sent.
        SweepError: some dreams could not be made; the others are in its `dreams`.
    """
    return default_session().sweep(prompt, kind=kind, takes=takes, fresh=fresh, **fields)
