"""No test may spend money: they force the studio, and drop every key."""

from __future__ import annotations

import os


def force_studio() -> None:
    """Drop every LUMAAI_* variable and choose the studio, here and in every kernel and process started from here."""
    for name in [name for name in os.environ if name.startswith("LUMAAI_")]:
        del os.environ[name]
    os.environ["DREAM_NB_BACKEND"] = "studio"
