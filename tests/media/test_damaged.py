"""A file with any bytes is either read or gives one error that says what is wrong."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.posters import check_whole, read_poster, read_size
from dream_nb.media.sound import has_sound, iterate_samples
from dream_nb.media.tags import read_tag, write_tag
from dream_nb.media.video import frame_at, iterate_frames, read_facts
from tests.media.odd_pictures import ODD
from tests.media.odd_videos import ODD as ODD_VIDEOS

# Pillow warns of broken EXIF data.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

TIMES = 6
READERS: dict[str, Callable[[Path], Any]] = {
    "facts": read_facts,
    "frames": lambda file: list(iterate_frames(file, stop=4, size=64)),
    "a frame": lambda file: frame_at(file, 1.2),
    "the poster": read_poster,
    "the size": read_size,
    "all of it": check_whole,
    "sound": lambda file: has_sound(file) and list(iterate_samples(file, 0.0, 1.0)),
}
TAGS: dict[str, Callable[[Path], Any]] = {
    "what it says": lambda file: read_tag(file, "dream_nb"),
    "something to say": lambda file: write_tag(file, "dream_nb", "text", "title"),
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some changed (in the header), cut off, or inserted."""
    content = bytearray(data)
    kind = chance.random()
    if kind < 0.5:
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(min(len(content), 600))] = chance.randrange(256)
    elif kind < 0.7:
        del content[chance.randrange(len(content)) :]
    else:
        at = chance.randrange(len(content))
        content[at:at] = chance.randbytes(chance.randint(1, 20))
    return bytes(content)


@pytest.mark.parametrize("name", [*ODD, *ODD_VIDEOS])
def test_a_damaged_file_is_read_or_is_one_error(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if name in ODD:
        file.write_bytes(ODD[name][0]())
    else:
        ODD_VIDEOS[name](file)
    whole = file.read_bytes()
    for seed in range(TIMES):
        content = damaged(whole, random.Random(f"{name} {seed}"))
        for read in (*READERS.values(), *TAGS.values()):
            file.write_bytes(content)
            with contextlib.suppress(UnreadableFileError, *([ValueError] if read in TAGS.values() else [])):
                read(file)
