"""One clip, from the start of the interpreter: `python first_dream.py own`, or `encode` for its frames alone."""

from __future__ import annotations

import sys

PROMPT = "a serene lake at sunset"


def own() -> None:
    """`%dream` in an empty library, to its preview."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "dream_nb")
    shell.run_cell(f"%dream {PROMPT}").raise_error()


def encode() -> None:
    """The frames that lie here as arrays, through PyAV, with the studio's settings."""
    from pathlib import Path

    import numpy as np

    from dream_nb.studio.render.brief import Brief
    from dream_nb.studio.render.finish.encode import encode
    from dream_nb.studio.render.planes import Planes

    planes = [np.load(f"{plane}.npy", mmap_mode="r") for plane in "yuv"]
    height, width = planes[0].shape[1:]
    brief = Brief("video", PROMPT, width=width, height=height)
    encode((Planes(*shot) for shot in zip(*planes, strict=True)), Path("encoded.mp4"), brief)


if __name__ == "__main__":
    {"own": own, "encode": encode}[sys.argv[1]]()
