"""`python -m dream_nb "a lake" -o lake.mp4`: makes dreams from a command line."""

from __future__ import annotations

import sys

from dream_nb.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
