"""The perceived loudness of sound, in LUFS. Source: ITU-R BS.1770-5 (2023), annex 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dream_nb.media.sound import RATE

if TYPE_CHECKING:
    from av.filter import Graph

    from dream_nb.media.sound import Samples

# Tables 1 and 2 of the source, for 48,000 samples per second: the high shelf, then the low cut. b0, b1, b2, a1, a2.
_K_WEIGHTING: Final = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621),
)
_OFFSET: Final = -0.691
_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0
# A block of 400 ms begins every 100 ms.
_STEP: Final = RATE // 10
_STEPS: Final = 4


class LoudnessMeter:
    """Takes sound part by part, and returns the loudness of all of it."""

    def __init__(self) -> None:
        self._filter = _KFilter()
        self._rest = np.zeros((0, 0), np.float32)
        self._powers: list[float] = []

    def add(self, samples: Samples) -> None:
        """Add the next part.

        Args:
            samples: an array of `float32`, channels x samples, -1 to 1, with 48,000 samples per second and one or two
                channels, the same number in all parts.
        """
        for weighted in self._filter.push(samples):
            self._sum_up(weighted)

    def value(self) -> float | None:
        """Return the integrated loudness in LUFS; None for silence, and for less than 400 ms."""
        for weighted in self._filter.end():
            self._sum_up(weighted)
        powers = np.array(self._powers)
        if len(powers) < _STEPS:
            return None
        blocks = np.convolve(powers, np.full(_STEPS, 1 / _STEPS), "valid")
        loud = blocks[blocks > _power(_ABSOLUTE_GATE)]
        if not loud.size:
            return None
        gate = _loudness(float(loud.mean())) + _RELATIVE_GATE
        return _loudness(float(loud[loud > _power(gate)].mean()))

    def _sum_up(self, weighted: Samples) -> None:
        """Store the power of each 100 ms, summed over all channels."""
        whole = np.concatenate([self._rest, weighted], axis=1) if self._rest.size else weighted
        count = whole.shape[1] // _STEP
        steps = whole[:, : count * _STEP].astype(np.float64).reshape(len(whole), count, _STEP)
        self._powers += (steps**2).mean(axis=2).sum(axis=0).tolist()
        self._rest = whole[:, count * _STEP :]


class _KFilter:
    """The two filters of the source, run by FFmpeg."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._at = 0

    def _open(self, layout: str) -> None:
        from av.filter import Graph

        graph = Graph()
        source = graph.add("abuffer", f"sample_rate={RATE}:sample_fmt=fltp:channel_layout={layout}:time_base=1/{RATE}")
        nodes = [source]
        for b0, b1, b2, a1, a2 in _K_WEIGHTING:
            nodes.append(graph.add("biquad", f"b0={b0}:b1={b1}:b2={b2}:a0=1:a1={a1}:a2={a2}:precision=f64"))
        nodes += [graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")]
        for node, following in pairwise(nodes):
            node.link_to(following)
        graph.configure()
        self._graph, self._source, self._sink = graph, source, nodes[-1]

    def push(self, samples: Samples) -> Iterator[Samples]:
        import av

        layout = "mono" if len(samples) == 1 else "stereo"
        if self._graph is None:
            self._open(layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = RATE, self._at
        self._at += samples.shape[1]
        self._source.push(frame)
        yield from self._pull()

    def end(self) -> Iterator[Samples]:
        if self._graph is not None:
            self._source.push(None)
            yield from self._pull()
            self._graph = None

    def _pull(self) -> Iterator[Samples]:
        from av.error import BlockingIOError, EOFError  # noqa: A004 - so they are called there

        while True:
            try:
                frame: Any = self._sink.pull()
            except (BlockingIOError, EOFError):
                return
            yield frame.to_ndarray()


def loudness(parts: Iterable[Samples]) -> float | None:
    """Return the integrated loudness of sound in LUFS; None for silence, and for less than 400 ms.

    Args:
        parts: arrays of `float32`, channels x samples, -1 to 1, with 48,000 samples per second and one or two channels,
            the same number in all parts.
    """
    meter = LoudnessMeter()
    for samples in parts:
        meter.add(samples)
    return meter.value()


def _loudness(power: float) -> float:
    return _OFFSET + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))
