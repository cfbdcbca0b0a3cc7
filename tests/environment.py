"""No test may spend money, or touch what the user's own installation keeps."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache


def force_studio() -> None:
    """Drop every LUMAAI_* and LUMA_* variable and choose the studio, here and in all that is started from here.

    Their state is kept in a temporary folder, which goes with this process.
    """
    for name in [name for name in os.environ if name.startswith(("LUMAAI_", "LUMA_"))]:
        del os.environ[name]
    os.environ["DREAM_NB_BACKEND"] = "studio"
    os.environ["DREAM_NB_STATE"] = _state_folder()


@cache
def _state_folder() -> str:
    folder = tempfile.mkdtemp(prefix="dream_nb-state-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
