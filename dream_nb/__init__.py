"""The Dream Machine in a notebook: type a prompt, watch it dream, get an object.

In a notebook::

    %load_ext dream_nb
    %dream a serene lake at sunset

and anywhere else ``dream_nb.dream("a serene lake at sunset")``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dream_nb.version import __version__ as __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from dream_nb.api.blocking import DreamMachine
    from dream_nb.api.blocking_luma import Luma
    from dream_nb.api.canonical import (
        ControlledModifyRequest,
        GuidedVideoRequest,
        GuideFrame,
        PlacedReframeRequest,
        StyledImageRequest,
    )
    from dream_nb.api.client import AsyncDreamMachine
    from dream_nb.api.errors import (
        APIConnectionError,
        APIError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BudgetError,
        ClusterGoneError,
        ConfigurationError,
        DreamCancelledError,
        DreamError,
        GenerationFailedError,
        InvalidRequestError,
        LibraryError,
        NotFoundError,
        NotReplayedError,
        OutcomeUnknownError,
        RateLimitError,
        ServerError,
        SweepError,
        UnreadableAnswerError,
        UnreadableFileError,
    )
    from dream_nb.api.luma import AsyncLuma
    from dream_nb.api.luma_models import LumaFile, LumaGeneration
    from dream_nb.api.luma_requests import LumaRequest, MediaReference, VideoOptions
    from dream_nb.api.models import Generation
    from dream_nb.api.portal import run
    from dream_nb.api.request_models import (
        AudioGenerationRequest,
        CharacterRef,
        GenerationReference,
        GenerationRequest,
        ImageGenerationRequest,
        ImageIdentity,
        ImageRef,
        ImageReference,
        Keyframes,
        LayeringRequest,
        Media,
        ModifyImageRef,
        ModifyVideoRequest,
        ReframeImageRequest,
        ReframeVideoRequest,
        UnknownRequest,
        UpscaleVideoGenerationRequest,
    )
    from dream_nb.backends.patience import Patience
    from dream_nb.default import dream, sweep
    from dream_nb.jobs.budget import Limits
    from dream_nb.jobs.callbacks import Callbacks
    from dream_nb.media.sound import Audio
    from dream_nb.notebook.widgets.card import Card
    from dream_nb.notebook.widgets.gallery import Gallery
    from dream_nb.notebook.widgets.grid import Grid
    from dream_nb.notebook.widgets.map import Map
    from dream_nb.notebook.widgets.panel import Panel
    from dream_nb.requests.inputs import keyframe, reference
    from dream_nb.requests.plan import Plan
    from dream_nb.results.dream import Dream
    from dream_nb.results.dreams import Dreams
    from dream_nb.results.job import Job
    from dream_nb.results.measure import Measure, measure
    from dream_nb.results.sweep import Sweep
    from dream_nb.session import Session
    from dream_nb.storyboard.shooting import Shooting
    from dream_nb.storyboard.storyboard import Shot, Storyboard
    from dream_nb.tutorial_files import tutorials

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AsyncDreamMachine",
    "AsyncLuma",
    "Audio",
    "AudioGenerationRequest",
    "AuthenticationError",
    "BadRequestError",
    "BudgetError",
    "Callbacks",
    "Card",
    "CharacterRef",
    "ClusterGoneError",
    "ConfigurationError",
    "ControlledModifyRequest",
    "Dream",
    "DreamCancelledError",
    "DreamError",
    "DreamMachine",
    "Dreams",
    "Gallery",
    "Generation",
    "GenerationFailedError",
    "GenerationReference",
    "GenerationRequest",
    "Grid",
    "GuideFrame",
    "GuidedVideoRequest",
    "ImageGenerationRequest",
    "ImageIdentity",
    "ImageRef",
    "ImageReference",
    "InvalidRequestError",
    "Job",
    "Keyframes",
    "LayeringRequest",
    "LibraryError",
    "Limits",
    "Luma",
    "LumaFile",
    "LumaGeneration",
    "LumaRequest",
    "Map",
    "Measure",
    "Media",
    "MediaReference",
    "ModifyImageRef",
    "ModifyVideoRequest",
    "NotFoundError",
    "NotReplayedError",
    "OutcomeUnknownError",
    "Panel",
    "Patience",
    "PlacedReframeRequest",
    "Plan",
    "RateLimitError",
    "ReframeImageRequest",
    "ReframeVideoRequest",
    "ServerError",
    "Session",
    "Shooting",
    "Shot",
    "Storyboard",
    "StyledImageRequest",
    "Sweep",
    "SweepError",
    "UnknownRequest",
    "UnreadableAnswerError",
    "UnreadableFileError",
    "UpscaleVideoGenerationRequest",
    "VideoOptions",
    "dream",
    "keyframe",
    "measure",
    "reference",
    "run",
    "sweep",
    "tutorials",
]

# The module of each public name, imported at first use, so that `import dream_nb` is fast.
_MODULES = {
    "APIConnectionError": "api.errors",
    "APIError": "api.errors",
    "APITimeoutError": "api.errors",
    "AsyncDreamMachine": "api.client",
    "AuthenticationError": "api.errors",
    "BadRequestError": "api.errors",
    "BudgetError": "api.errors",
    "ClusterGoneError": "api.errors",
    "Callbacks": "jobs.callbacks",
    "Card": "notebook.widgets.card",
    "CharacterRef": "api.request_models",
    "ConfigurationError": "api.errors",
    "ControlledModifyRequest": "api.canonical",
    "GuideFrame": "api.canonical",
    "GuidedVideoRequest": "api.canonical",
    "PlacedReframeRequest": "api.canonical",
    "StyledImageRequest": "api.canonical",
    "Dream": "results.dream",
    "DreamCancelledError": "api.errors",
    "DreamError": "api.errors",
    "DreamMachine": "api.blocking",
    "Dreams": "results.dreams",
    "Gallery": "notebook.widgets.gallery",
    "Generation": "api.models",
    "GenerationFailedError": "api.errors",
    "GenerationReference": "api.request_models",
    "GenerationRequest": "api.request_models",
    "Grid": "notebook.widgets.grid",
    "Map": "notebook.widgets.map",
    "ImageGenerationRequest": "api.request_models",
    "ImageIdentity": "api.request_models",
    "ImageRef": "api.request_models",
    "Audio": "media.sound",
    "AsyncLuma": "api.luma",
    "Luma": "api.blocking_luma",
    "LumaFile": "api.luma_models",
    "LumaGeneration": "api.luma_models",
    "LumaRequest": "api.luma_requests",
    "MediaReference": "api.luma_requests",
    "VideoOptions": "api.luma_requests",
    "AudioGenerationRequest": "api.request_models",
    "Media": "api.request_models",
    "ModifyVideoRequest": "api.request_models",
    "ReframeImageRequest": "api.request_models",
    "ReframeVideoRequest": "api.request_models",
    "UnknownRequest": "api.request_models",
    "UpscaleVideoGenerationRequest": "api.request_models",
    "ImageReference": "api.request_models",
    "InvalidRequestError": "api.errors",
    "Job": "results.job",
    "Keyframes": "api.request_models",
    "LayeringRequest": "api.request_models",
    "LibraryError": "api.errors",
    "Limits": "jobs.budget",
    "Measure": "results.measure",
    "ModifyImageRef": "api.request_models",
    "NotFoundError": "api.errors",
    "NotReplayedError": "api.errors",
    "OutcomeUnknownError": "api.errors",
    "Panel": "notebook.widgets.panel",
    "Patience": "backends.patience",
    "Plan": "requests.plan",
    "RateLimitError": "api.errors",
    "ServerError": "api.errors",
    "Session": "session",
    "Shooting": "storyboard.shooting",
    "Shot": "storyboard.storyboard",
    "Storyboard": "storyboard.storyboard",
    "Sweep": "results.sweep",
    "SweepError": "api.errors",
    "UnreadableAnswerError": "api.errors",
    "UnreadableFileError": "api.errors",
    "dream": "default",
    "keyframe": "requests.inputs",
    "measure": "results.measure",
    "reference": "requests.inputs",
    "run": "api.portal",
    "sweep": "default",
    "tutorials": "tutorial_files",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'dream_nb' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"dream_nb.{_MODULES[name]}"), name)
    globals()[name] = value
    if "marimo" in sys.modules:
        _enter_marimo()
    return value


def _enter_marimo() -> None:
    """Do what loading the extension does elsewhere, because a marimo notebook cannot load an extension."""
    from dream_nb.marimo_kernel import is_marimo

    if is_marimo():
        from dream_nb.notebook.cell.marimo_card import show_waits_in_marimo

        show_waits_in_marimo()


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add `%dream` and `%%dream` to the shell (`%load_ext dream_nb`)."""
    from dream_nb.notebook import extension

    extension.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove what loading has added (`%unload_ext dream_nb`)."""
    from dream_nb.notebook import extension

    extension.unload(shell)
