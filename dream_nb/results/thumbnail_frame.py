"""A pandas data frame that shows small pictures of its dreams. It is imported only if pandas is needed."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from dream_nb.html.page import picture_uri

COLUMN: Final = "thumbnail"
_SIDE: Final = 96


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture in a table.

    Attributes:
        jpeg: the bytes of a JPEG.
        size: the width and height in pixels.
        text: a description of the picture.
    """

    jpeg: bytes
    size: tuple[int, int]
    text: str

    def __str__(self) -> str:
        return " x ".join(map(str, self.size))

    def __repr__(self) -> str:
        return f"Thumbnail({self})"

    def _repr_html_(self) -> str:
        return (
            f'<img src="{picture_uri(self.jpeg)}" alt="{html.escape(self.text)}" '
            f'style="display: block; max-width: {_SIDE}px; max-height: {_SIDE}px; margin: 0; border-radius: 4px">'
        )


class ThumbnailFrame(pd.DataFrame):
    """A data frame whose thumbnails are pictures in a notebook. Frames derived from it are of this class too."""

    @classmethod
    def of(cls, table: pd.DataFrame, thumbnails: Sequence[Thumbnail | None]) -> ThumbnailFrame:
        """Return a table with pictures in its first column.

        Args:
            table: the other columns.
            thumbnails: the pictures, one per row; None leaves a cell empty.
        """
        frame = cls(table)
        frame.insert(0, COLUMN, pd.Series(thumbnails, dtype="object"))
        return frame

    @property
    def _constructor(self) -> Callable[..., ThumbnailFrame]:
        return ThumbnailFrame

    def _repr_html_(self) -> str | None:
        if not pd.get_option("display.notebook_repr_html"):
            return None
        # pandas escapes the contents of cells, so unguessable marks stand for the pictures until it is done.
        mark, pictures = secrets.token_hex(8), list[str]()

        def stand_in(value: Any) -> str:
            if not isinstance(value, Thumbnail):
                return ""
            pictures.append(value._repr_html_())
            return f"{mark}-{len(pictures) - 1}-"

        most, least = pd.get_option("display.max_rows"), pd.get_option("display.min_rows")
        page = self.to_html(
            formatters={name: stand_in for name in self.columns if name == COLUMN},
            max_rows=least if most and len(self) > most else None,
            max_cols=pd.get_option("display.max_columns") or None,
            show_dimensions=True,
            notebook=True,
        )
        return re.sub(rf"{mark}-(\d+)-", lambda found: pictures[int(found[1])], page)
