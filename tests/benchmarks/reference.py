"""The encoder that clips are measured against. It stays the same, even if the studio's encoder changes."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np

from dream_nb.studio.render.planes import Planes

_OPTIONS: Final = {
    "preset": "veryfast",
    "crf": "17.0",
    "threads": "1",
    "maxrate": "5300000",
    "bufsize": "5300000",
    "x264-params": (
        "ipratio=1:pbratio=1:no-mbtree=1:no-psy=1:aq-mode=0:trellis=1:rc-lookahead=12:sync-lookahead=0:sliced-threads=0"
    ),
}


def seconds_to_encode(shots: Sequence[Planes]) -> tuple[float, float]:
    """How long libx264 takes for these frames at 24 per second, in one thread.

    Returns:
        Seconds of wall time and of processor time.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=24, options=dict(_OPTIONS))
        stream.width, stream.height, stream.pix_fmt = shots[0].width, shots[0].height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        stream.codec_context.thread_count = 1
        for number, shot in enumerate(shots):
            frame = av.VideoFrame(shot.width, shot.height, "yuv420p")
            for plane, pixels in zip(frame.planes, shot.all, strict=True):
                rows, columns = pixels.shape
                np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:rows, :columns] = pixels
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return time.perf_counter() - wall, time.process_time() - cpu
