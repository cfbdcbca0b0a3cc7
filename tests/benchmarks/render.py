"""What drawing costs, as a Markdown table: `python -m tests.benchmarks.render`.

The unit of a clip is the encoding of its own frames with libx264 at the same settings, measured in the same run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dream_nb.studio.render import Brief, frame_size, image_size, render
from dream_nb.studio.render.file import encode
from dream_nb.studio.render.show import shots

PROMPTS = (
    "a serene lake at sunset",
    "a stormy sea with lightning, heavy rain",
    "a city skyline at night with a full moon",
    "snowfall in a pine forest, camera push in",
    "a serene lake at sunset, camera roll left",
)


def cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def clip(prompt: str) -> tuple[float, float, float]:
    """Total CPU of a clip, CPU of encoding its frames, megabytes."""
    brief = Brief("video", prompt)
    files: list[bytes] = []
    total = cpu(lambda: files.append(render(brief)))
    drawn = list(shots(brief))
    with tempfile.TemporaryDirectory() as folder:
        encoding = cpu(lambda: encode(drawn, Path(folder) / "clip.mp4", brief))
    return total, encoding, len(files[0]) / 1e6


def image(brief: Brief) -> float:
    """CPU of an image."""
    return cpu(lambda: render(brief))


def first_thumbnail(prompt: str) -> float:
    """CPU of a video of one frame, whose thumbnail is written before it is encoded."""
    with tempfile.TemporaryDirectory() as folder:
        brief = Brief("video", prompt, seconds=1 / 24)
        return cpu(lambda: render(brief, thumbnail=Path(folder) / "first.jpg"))


def peak(width: int, height: int, seconds: float) -> float:
    """Megabytes that a fresh process needs at most for a clip."""
    script = (
        "import resource; from dream_nb.studio.render import Brief, render; "
        f"render(Brief('video', 'a forest by a lake in the rain', width={width}, height={height}, seconds={seconds})); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    return float(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the table."""
    render(Brief("video", "warm up", width=64, height=36, seconds=0.1))
    print("| what | measured | limit |\n|---|---|---|")
    for prompt in PROMPTS:
        total, encoding, size = clip(prompt)
        cost = f"{total:.1f} s / {encoding:.1f} s"
        print(f"| 5 s of 720p, {prompt}: CPU / encoding ({cost}) | {total / encoding:.2f} | 1.6 |")
        print(f"| its file | {size:.2f} MB | 4 MB |", flush=True)
    width, height = image_size("1:1")
    for model in ("photon-1", "photon-flash-1"):
        times = [image(Brief("image", prompt, width=width, height=height, model=model)) for prompt in PROMPTS]
        cost = f"{statistics.median(times):.2f} s, at most {max(times):.2f} s"
        print(f"| image of one megapixel, {model} | {cost} | 0.5 s |")
    first = max(map(first_thumbnail, PROMPTS))
    print(f"| first thumbnail of a 720p video, one frame's encoding included | {first:.2f} s | 0.5 s |", flush=True)
    for resolution, seconds, limit in (("720p", 5.0, "400 MB"), ("4k", 5.0, "1200 MB"), ("4k", 9.0, "1200 MB")):
        most = peak(*frame_size("16:9", resolution), seconds)
        print(f"| peak memory, {seconds:.0f} s of {resolution} | {most:.0f} MB | {limit} |", flush=True)


if __name__ == "__main__":
    main()
