"""An environment in which no test spends money, touches the user's installation, or loses a kernel's port."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path


def force_studio() -> None:
    """Drop every LUMAAI_* and LUMA_* variable and choose the studio, in this process and those that it starts.

    Their state is kept in a temporary folder, which is removed when this process ends.
    """
    for name in [name for name in os.environ if name.startswith(("LUMAAI_", "LUMA_"))]:
        del os.environ[name]
    os.environ["DREAM_NB_BACKEND"] = "studio"
    os.environ["DREAM_NB_STATE"] = _state_folder()


def use_unix_sockets() -> None:
    """Connect to kernels over Unix sockets, in this process and in those that it starts."""
    folder = str(Path(__file__).parent / "on_path")
    if folder not in sys.path:
        sys.path.append(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), folder]))
    os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = "unix-sockets"


def keep_bytecode() -> None:
    """Let the processes that this one starts keep compiled modules, as a user's do, whatever the environment says.

    The tests start hundreds of processes. Each would compile the package, and take half as long again to load it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@cache
def _state_folder() -> str:
    folder = tempfile.mkdtemp(prefix="dream_nb-state-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
