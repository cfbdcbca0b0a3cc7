"""When to look at a generation next: often around its expected end, rarely before."""

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
    """The schedule of looks at generations, derived from how long such generations have taken.

    Attributes:
        tightest: the seconds between two looks near the expected end; down to half of that if all end at about the same
            time.
        widest: the largest number of seconds between two looks.
        early: the seconds after the create request before which hardly any generation ends, or None if unknown.
        late: the seconds after the create request by which most generations have ended, or None if unknown.
    """

    tightest: float
    widest: float
    early: float | None = None
    late: float | None = None

    @classmethod
    def learned(cls, durations: Sequence[float], tightest: float, widest: float) -> Pace:
        """The schedule for generations that took the given durations, in seconds."""
        if len(durations) < _ENOUGH:
            return cls(tightest, widest)
        tenths = quantiles(durations, n=10, method="inclusive")
        return cls(tightest, widest, _MARGIN * tenths[0], tenths[-1] / _MARGIN)

    def pause(self, age: float) -> float:
        """The seconds until the next look at a generation of a given age, in seconds."""
        if self.early is None or self.late is None:
            # Without any experience, the interval grows with the age: the longer it takes, the less a delay matters.
            soonest = max(_UNSURE * self.tightest, _FIRST * self.tightest - age)
            return min(self.widest, max(soonest, _UNSURE_GROWTH * age))
        if age < self.early:
            # A few earlier looks show whether it is queued or dreaming.
            return min(self.widest, max(self.tightest, min(self.early - age, self.early / 3)))
        # If all end at about the same time, only few looks are needed there, so they may be closer together.
        sharpest = max(_SHARPER * self.tightest, min(self.tightest, (self.late - self.early) / _LOOKS))
        return min(self.widest, max(sharpest, _GROWTH * (age - self.late)))
