"""The settings of the magics: `%config DreamMagics.aspect_ratio = "9:16"`, `ipython_config.py`, the environment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from traitlets import Bool, Enum, Float, Int, TraitType, Unicode, observe
from traitlets.config import Config, Configurable

from dream_nb.api.canonical import ALL_IMAGE_MODELS, ALL_RESOLUTIONS
from dream_nb.api.errors import ConfigurationError, DreamError, InvalidRequestError
from dream_nb.api.request_models import ASPECT_RATIOS, KINDS
from dream_nb.backends.backends import choose_backend
from dream_nb.default import configure_default_session
from dream_nb.replay import REPLAYS
from dream_nb.requests.fields import make_request
from dream_nb.requests.roles import PLAIN

# Options of a line that have a setting, and arguments of the default session.
_OPTIONS: Final = ("kind", *PLAIN, "loop")
_READ_LATER: Final = ("library", "backend", "replay", "uploader")
_SESSION: Final = ("library", "backend", "replay", "budget", "floor", "shared", "uploader")


class RefusedSettingError(BaseException):
    """A wrong value in a `%config` line. It is not an Exception, because `%config` would only log its message."""

    _shown = False
    _render_traceback_ = DreamError._render_traceback_


def _called(settings: Any | None, name: str) -> str:
    """The name of a setting in error messages, as it was given: as a variable of the environment or as a setting."""
    is_environment = settings is None or settings._read_now == name
    return f"DREAM_NB_{name.upper()}:" if is_environment else f"DreamMagics.{name}"


class _Strict:
    """A trait that raises one of our errors for a wrong value."""

    def error(self, obj: object, value: object, error: object = None, info: object = None) -> NoReturn:  # noqa: ARG002
        """Refuse a value."""
        trait: Any = self
        known = [str(choice) for choice in getattr(trait, "values", None) or ()]
        near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
        hint = f": did you mean {near[0]}?" if near else ""
        what = f"one of {', '.join(known)}" if known else trait.info_text
        raise ConfigurationError(f"{_called(obj, trait.name)} {value!r} is not {what}{hint}")


# Not generic: the traitlets version of Colab does not support type parameters.
class Choice(_Strict, Enum):  # type: ignore[type-arg]
    """One of several words."""


class Flag(_Strict, Bool):  # type: ignore[type-arg]
    """True or False."""

    info_text = "True or False"


class Text(_Strict, Unicode):  # type: ignore[type-arg]
    """A text."""

    info_text = "text in quotation marks"


class Number(_Strict, Int):  # type: ignore[type-arg]
    """A whole number from 0."""

    info_text = "a whole number, 0 or more"

    def validate(self, obj: Any, value: Any) -> Any:
        """Check the value."""
        value = super().validate(obj, value)
        return value if value >= 0 else self.error(obj, value)


class Cents(_Strict, Float):  # type: ignore[type-arg]
    """USD cents from 0."""

    info_text = "a number of USD cents, 0 or more"

    def validate(self, obj: Any, value: Any) -> Any:
        """Check the value."""
        value = super().validate(obj, value)
        return value if value is None or value >= 0 else self.error(obj, value)


class Field(Text):
    """A value for the request field of this name."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Check the value."""
        value = super().validate(obj, value)
        if value is None:
            return None
        name = str(self.name)
        if name == "duration" and value.isdecimal():
            value = f"{value}s"
        kind: Any = "image" if name == "model" and value in ALL_IMAGE_MODELS else "video"
        try:
            make_request("any", kind=kind, **{name: value})
        except InvalidRequestError as error:
            raise ConfigurationError(f"{_called(obj, name)} {value!r} cannot be used: {error}") from None
        return value


class BackendName(Text):
    """The name of a backend, or a URL."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Check that the backend exists."""
        value = super().validate(obj, value)
        return None if value is None else choose_backend(value)


class DreamSettings(Configurable):
    """Defaults for options that a line leaves out. Each setting has an environment variable: `DREAM_NB_` and its name.

    Args:
        parent: the shell whose `ipython_config.py` applies, or None; environment variables take precedence.
        **options: the arguments of the other base classes.

    Raises:
        ConfigurationError: a setting is unknown, or its value is wrong.
    """

    kind = Choice(KINDS, None, allow_none=True, help="video or image; None is video.").tag(config=True)
    aspect_ratio = Choice(
        ASPECT_RATIOS,
        None,
        allow_none=True,
        help=f"The aspect ratio: {', '.join(ASPECT_RATIOS)}; None is 16:9, the default of the API.",
    ).tag(config=True)
    model = Field(
        None, allow_none=True, help="The model, for requests of the kind that it makes; None is the default of the API."
    ).tag(config=True)
    duration = Field(
        None, allow_none=True, help="The length of videos, such as 5s; None is the default of the API."
    ).tag(config=True)
    resolution = Choice(
        ALL_RESOLUTIONS,
        None,
        allow_none=True,
        help=f"The resolution of videos: {', '.join(ALL_RESOLUTIONS)}; None is the default of the API.",
    ).tag(config=True)
    loop = Flag(False, help="Whether videos loop; --set loop=false turns it off for one.").tag(config=True)
    sweep_size = Number(
        8, help="How many dreams a cell may pay for without --yes, and a widget may pay for at once."
    ).tag(config=True)
    library = Text(
        None,
        allow_none=True,
        help="The folder of the results: an absolute path, a path relative to the notebook, or one in ~; None is "
        "dreams, beside the notebook.",
    ).tag(config=True)
    backend = BackendName(
        None,
        allow_none=True,
        help="Where requests go: studio, dream-machine, luma, or a URL with a key of its own; hosted is the first "
        "hosted API that has a key. None is hosted if there is a key, otherwise the studio.",
    ).tag(config=True)
    replay = Choice(
        REPLAYS,
        None,
        allow_none=True,
        help="What may be made: off allows everything, free only what is free of charge, only nothing; None is off.",
    ).tag(config=True)
    budget = Cents(
        None, allow_none=True, help="The most that a session may cost, in USD cents; None is unlimited."
    ).tag(config=True)
    floor = Cents(None, allow_none=True, help="The balance in USD cents below which nothing is paid for, or None.").tag(
        config=True
    )
    shared = Flag(
        False, help="Whether others use the same key: a budget then counts only known prices, and not the balance."
    ).tag(config=True)
    uploader = Text(
        None,
        allow_none=True,
        help="Where files are uploaded for the hosted API to fetch: a folder that fsspec can open, such as s3://bucket/in.",
    ).tag(config=True)

    _read_now: str | None = None
    """The setting that is read from the environment at this moment."""

    def __init__(self, *, parent: Any = None, **options: Any) -> None:
        config = parent.config if parent is not None else {}
        self._check_names(name for section in self.section_names() for name in config.get(section, ()))
        super().__init__(parent=parent, **options)
        for name, trait in self.traits(config=True).items():
            text = os.environ.get(f"DREAM_NB_{name.upper()}")
            if text:
                # A session reads these itself when it is opened.
                self._read(name, trait, text)

    def _read(self, name: str, trait: TraitType[Any, Any], text: str) -> None:
        """Read a setting from its environment variable."""
        self._read_now = name
        try:
            setattr(self, name, None if name in _READ_LATER else trait.from_string(text))
        except ValueError:
            raise ConfigurationError(f"{_called(self, name)} {text!r} is not {trait.info()}") from None
        finally:
            self._read_now = None

    def defaults(self) -> Mapping[str, Any]:
        """The defaults of options that a line leaves out, by their names; None leaves an option to the API."""
        return {name: value for name in _OPTIONS if (value := getattr(self, name))}

    def update_config(self, config: Config) -> None:
        """Apply a `%config` line.

        Raises:
            RefusedSettingError: a setting is unknown, or its value is wrong.
        """
        try:
            self._check_names(name for section in self.section_names() for name in config.get(section, ()))
            super().update_config(config)
        except ConfigurationError as error:
            raise RefusedSettingError(str(error)) from error

    def _check_names(self, names: Iterable[str]) -> None:
        known = self.class_trait_names(config=True)
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
                raise ConfigurationError(f"DreamMagics has no setting {name!r}: {hint}")

    @observe(*_SESSION)
    def _configure(self, change: Any) -> None:
        try:
            configure_default_session(change["name"], change["new"])
        except ConfigurationError:
            # The session did not change, so the setting does not either.
            self._trait_values[change["name"]] = change["old"]
            raise
