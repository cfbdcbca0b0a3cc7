"""No test may spend money, touch what the user's own installation keeps, or lose a kernel to another program."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path


def force_studio() -> None:
    """Drop every LUMAAI_* and LUMA_* variable and choose the studio, here and in all that is started from here.

    Their state is kept in a temporary folder, which goes with this process.
    """
    for name in [name for name in os.environ if name.startswith(("LUMAAI_", "LUMA_"))]:
        del os.environ[name]
    os.environ["DREAM_NB_BACKEND"] = "studio"
    os.environ["DREAM_NB_STATE"] = _state_folder()


def use_unix_sockets() -> None:
    """Let every kernel that is started here, or by a program started from here, be reached over Unix sockets."""
    folder = str(Path(__file__).parent / "on_path")
    if folder not in sys.path:
        sys.path.append(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), folder]))
    os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = "unix-sockets"


@cache
def _state_folder() -> str:
    folder = tempfile.mkdtemp(prefix="dream_nb-state-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
