"""The error matrix: what is wrong, where, and the message that a person then reads, as reviewed in error_matrix.txt.

Tests give each message to `review`. `python -m tests.error_matrix` runs those tests and writes the file anew.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

FILE: Final = Path(__file__).with_suffix(".txt")
SOURCES: Final = ("tests/test_error_matrix.py", "tests/jobs/test_fault_matrix.py")
"""The tests whose messages stand in the file."""

_HEADING: Final = """\
Errors as they are shown. Written by `python -m tests.error_matrix`: review each change like code.
"""
_VOLATILE: Final = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"'(/[^']*)?/([^/']+)'"), r"'…/\2'"),
    # The words of the system and of other libraries.
    (re.compile(r"(no connection to \w+) \(.*?\)\."), r"\1 (REASON)."),
    (re.compile(r"(is not in the API's format|is not JSON): [^:]* at line 1 column \d"), r"\1: REASON"),
)


class ErrorMatrix:
    """The reviewed messages by place and case, and those that came now.

    Args:
        renews: whether to write what comes into the file, instead of comparing it.
    """

    def __init__(self, *, renews: bool) -> None:
        self._renews = renews
        self.messages: dict[str, dict[str, list[str]]] = _read() if FILE.exists() else {}

    def review(self, place: str, case: str, message: str) -> None:
        """Compare a message with the reviewed ones.

        Args:
            place: where the message is shown, such as "a cell".
            case: what is wrong.
            message: the message; what differs from run to run in it is replaced.
        """
        case, message = _on_one_line(case), _on_one_line(message)
        known = self.messages.setdefault(place, {}).setdefault(case, [])
        if self._renews and message not in known:
            known.append(message)
            _write(self.messages)
        assert message in known, "new: run `python -m tests.error_matrix`, and review what it changes"


def _on_one_line(text: str) -> str:
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return text.replace("\n", "\\n")


def _read() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    place: dict[str, list[str]] = {}
    messages: list[str] = []
    for line in FILE.read_text(encoding="utf-8").removeprefix(_HEADING).splitlines():
        if line.startswith("== "):
            place = found.setdefault(line[3:], {})
        elif line.startswith("    "):
            messages.append(line[4:])
        elif line:
            messages = place.setdefault(line, [])
    return found


def _write(found: dict[str, dict[str, list[str]]]) -> None:
    parts = [_HEADING]
    for place, cases in sorted(found.items()):
        parts.append(f"\n== {place}\n")
        for case, messages in cases.items():
            parts.append(f"\n{case}\n" + "".join(f"    {message}\n" for message in sorted(messages)))
    FILE.write_text("".join(parts), encoding="utf-8")


@pytest.fixture(scope="session")
def error_matrix(request: pytest.FixtureRequest) -> ErrorMatrix:
    """The reviewed messages."""
    return ErrorMatrix(renews=request.config.getoption("--renew-errors"))


if __name__ == "__main__":
    FILE.unlink(missing_ok=True)
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "--renew-errors", "-q", *SOURCES], check=False).returncode)
