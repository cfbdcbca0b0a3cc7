"""The documentation as tests read it: its pages, their headings, links and examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
GUIDE: Final = ROOT / "notebooks" / "README.md"
STUDIO: Final = ROOT / "dream_nb" / "studio" / "README.md"

_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"""\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)\"""")


def pages() -> list[Path]:
    """Every page of the documentation."""
    below = [path for folder in ("dream_nb", "notebooks", "tests") for path in (ROOT / folder).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *below])


def read(page: Path) -> str:
    """The text of a page."""
    return page.read_text(encoding="utf-8")


def examples(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language, in order."""
    return [found[2] for found in _BLOCK.finditer(read(page)) if found[1] == language]


def spans(page: Path) -> list[str]:
    """The code spans of a page, in order."""
    return re.findall(r"`([^`]+)`", _BLOCK.sub("", read(page)))


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures, without those on other sites."""
    found = _LINK.findall(_BLOCK.sub("", read(page)))
    return [link or picture for link, picture in found if "://" not in link + picture]


def anchors(page: Path) -> list[str]:
    """The anchors of a page's headings, as GitHub forms them."""
    headings = re.findall(r"(?m)^#+ (.+)$", _BLOCK.sub("", read(page)))
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def section(page: Path, heading: str) -> str:
    """The text below a heading up to the next one of the same or a higher level, without code blocks."""
    text = _BLOCK.sub("", read(page))
    found = re.search(rf"(?m)^(#+) {re.escape(heading)}$", text)
    assert found is not None, f"{page.name} has no heading {heading!r}"
    return re.split(rf"(?m)^#{{1,{len(found[1])}}} ", text[found.end() :])[0]


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without the table's header."""
    table = re.search(r"(?m)(?:^\|.*\n)+", section(page, heading))
    assert table is not None, f"{page.name} has no table below {heading!r}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()[2:]]
