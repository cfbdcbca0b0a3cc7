"""The card: one generation while it is made."""

from __future__ import annotations

from typing import Self

import traitlets

from dream_nb.notebook.widgets.base import Widget
from dream_nb.results.job import Job
from dream_nb.results.sweep import Sweep


class Card(Widget):
    """State, time so far and a progress bar. Its script counts the seconds: a busy kernel does not stop them."""

    modules = ("card.css", "card.js")

    prompt = traitlets.Unicode().tag(sync=True)
    facts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    fraction = traitlets.Float(None, allow_none=True).tag(sync=True)
    seconds = traitlets.Float(0.0).tag(sync=True)
    width = traitlets.Int(16).tag(sync=True)
    height = traitlets.Int(9).tag(sync=True)

    @classmethod
    def of(cls, job: Job | Sweep) -> Self:
        """A card that follows the job."""
        width, height = (int(side) for side in job.request.aspect_ratio.split(":"))
        card = cls(prompt=job.request.prompt or "", facts=_facts(job), width=width, height=height)
        job.on_change(card.follow)
        return card

    def follow(self, job: Job | Sweep) -> None:
        """Show where the job stands now."""
        if self.comm is None:
            return
        with self.hold_sync():
            self.state = job.progress.state
            self.note = job.progress.note
            self.fraction = job.progress.fraction
            self.seconds = job.seconds


def _facts(job: Job | Sweep) -> list[str]:
    loops = getattr(job.request, "loop", False)
    take = f"take {job.take}" if job.take > 1 else ""
    drawn = "drawn by the studio, procedurally" if job.backend == "studio" else ""
    facts = [job.request.generation_type, job.request.aspect_ratio, "loop" if loops else "", take, drawn]
    return [fact for fact in facts if fact]
