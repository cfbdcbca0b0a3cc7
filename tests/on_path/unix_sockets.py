"""Kernels that listen on Unix sockets.

Jupyter looks for five free TCP ports, releases them, and the kernel binds them a moment later. While a test suite opens
thousands of connections, another program may have taken one of them by then, and the kernel ends before it answers.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner


class UnixSocketProvisioner(LocalProvisioner):
    """A local kernel whose sockets are in a temporary folder: their paths may have at most 100 characters."""

    _folder: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose the sockets, unless the kernel is being restarted."""
        if self._folder is None and self.parent is not None:
            self._folder = tempfile.mkdtemp(prefix="kernel-")
            self.parent.transport = "ipc"
            self.parent.ip = str(Path(self._folder, "socket"))
        return await super().pre_launch(**kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the sockets after the kernel has ended."""
        await super().cleanup(restart=restart)
        if self._folder is not None and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
