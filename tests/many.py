"""Writes a library of very many dreams without generating them."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from dream_nb.library.library import Library

WORDS = ("lake", "city", "forest", "desert", "harbour", "Überfahrt", "meadow", "canyon")
PICTURES = 24
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def write_many(folder: Path, count: int, *, video: Path | None = None) -> None:
    """Fill a library with finished dreams, the newest last. Each has its own file name; many share the same bytes.

    Args:
        folder: the folder of the library.
        count: the number of dreams.
        video: the file that every dream links to; by default, pictures are made.
    """
    library = Library(folder)
    for number in range(min(count, PICTURES)):
        hue = (number * 37 % 256, 110, 190)
        picture = Image.radial_gradient("L").resize((320, 180))
        Image.merge(
            "HSV", (Image.new("L", picture.size, hue[0]), picture, Image.new("L", picture.size, hue[2]))
        ).convert("RGB").save(folder / f"picture-{number}.jpg")
    rows = []
    for number in range(count):
        name = f"dream-{number}{'.jpg' if video is None else video.suffix}"
        os.link(folder / f"picture-{number % PICTURES}.jpg" if video is None else video, folder / name)
        prompt = (
            f"a {WORDS[number % len(WORDS)]} number {number} at dusk, with mist over the water and a small red boat"
        )
        request = {
            "generation_type": "video" if video is not None or number % 8 == 1 else "image",
            "prompt": prompt,
            "aspect_ratio": ("16:9", "1:1", "9:16")[number % 3],
        }
        at = (BEGIN + timedelta(minutes=number)).isoformat()
        digest = hashlib.sha256(f"request {number}".encode()).hexdigest()
        generation = {"id": f"id-{number}", "state": "completed", "created_at": at, "request": request}
        rows.append(
            (digest, 1, "studio", json.dumps(request), at, "taken", at, generation["id"], json.dumps(generation), name,
             hashlib.sha256(f"file {number}".encode()).hexdigest(), number % 6)
        )  # fmt: skip
    with library.ledger.file.transaction():
        library.ledger.file._database.executemany(
            "INSERT INTO requests (hash, take, backend, request, written_at, state, sent_at, id, generation, file,"
            " sha256, stars) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    library.close()
