"""The timeouts of requests, downloads and jobs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    Attributes:
        call: for connecting, and for each read and write of one call.
        connect: for trying a call again that goes wrong at once, before it is given up.
        reconcile: for a create of unknown outcome to appear in the server's list.
        job: for a whole job. After that the wait ends; the generation goes on.
        download: for one file, all tries included.
        look: between two looks at what is under way, where its end is expected.
        pause: the first pause between two tries.
        lease: after which another process takes over from one that has died.
    """

    call: float = 30.0
    connect: float = 15.0
    reconcile: float = 60.0
    job: float = 3600.0
    download: float = 900.0
    look: float = 0.35
    pause: float = 0.5
    lease: float = 6.0

    @property
    def trying(self) -> float:
        """For a call that goes wrong to go well: one that times out is sent again too."""
        return self.call + self.connect
