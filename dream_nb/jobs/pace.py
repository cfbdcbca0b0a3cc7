"""When to look at a generation next: tight where its end is expected, wide before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

_ENOUGH = 2
_MARGIN = 0.9
_GROWTH = 0.08
_FIRST = 10
_SHARPER = 0.5
_LOOKS = 16
_UNSURE = 1.4
_UNSURE_GROWTH = 0.04


@dataclass(frozen=True, slots=True)
class Pace:
    """The times at which such generations have ended, and the looks that follow from them.

    Attributes:
        tightest: seconds between two looks where the end is near; down to half of that where all end at
            about the same time.
        widest: seconds between two looks at most.
        early: seconds after the create before which hardly any ends, or None where that is unknown.
        late: seconds after the create by which most have ended, or None.
    """

    tightest: float
    widest: float
    early: float | None = None
    late: float | None = None

    @classmethod
    def learned(cls, durations: Sequence[float], tightest: float, widest: float) -> Pace:
        """The pace for generations that took that long."""
        if len(durations) < _ENOUGH:
            return cls(tightest, widest)
        tenths = quantiles(durations, n=10, method="inclusive")
        return cls(tightest, widest, _MARGIN * tenths[0], tenths[-1] / _MARGIN)

    def pause(self, age: float) -> float:
        """Seconds to the next look at a generation of that age."""
        if self.early is None or self.late is None:
            # Nothing is known: the longer it took, the less a share of that time matters.
            soonest = max(_UNSURE * self.tightest, _FIRST * self.tightest - age)
            return min(self.widest, max(soonest, _UNSURE_GROWTH * age))
        if age < self.early:
            # A few looks on the way tell whether it is queued or dreaming.
            return min(self.widest, max(self.tightest, min(self.early - age, self.early / 3)))
        # Where all end at about the same time, few looks fall there: they may be closer than others.
        sharpest = max(_SHARPER * self.tightest, min(self.tightest, (self.late - self.early) / _LOOKS))
        return min(self.widest, max(sharpest, _GROWTH * (age - self.late)))
