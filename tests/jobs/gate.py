"""A forwarder in front of a server, which can be shut: it then refuses new connections and ends existing ones."""

from __future__ import annotations

import contextlib
import socket
import threading


class Gate:
    """Forwards a loopback port to another.

    Args:
        port: the port to forward to.
    """

    def __init__(self, port: int) -> None:
        self._inside: set[socket.socket] = set()
        self._to = port
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Accept and forward connections."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), name="gate", daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections, and end existing ones."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake a thread that waits in accept().
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            for end in self._inside:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                with self._lock:
                    if self._listener is not listener:
                        # It was shut in the meantime, so nobody would end these.
                        near.close()
                        far.close()
                        return
                    self._inside |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, target), name="gate", daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65_536):
                target.sendall(content)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._inside.discard(source)
        source.close()
