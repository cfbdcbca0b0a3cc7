"""The first line of a notebook, in a shell that has already started: `python first_line.py own|lumaai`."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time

from IPython.core.interactiveshell import InteractiveShell


def main() -> None:
    """Time the line, and print the seconds."""
    shell = InteractiveShell.instance()
    shell.run_cell("1")
    with contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        if sys.argv[1] == "own":
            shell.run_line_magic("load_ext", "dream_nb")
            result = shell.run_cell("%dream a serene lake at sunset --dry-run")
        else:
            result = shell.run_cell("from lumaai import LumaAI; client = LumaAI(auth_token='key')")
        seconds = time.perf_counter() - began
    result.raise_error()
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
