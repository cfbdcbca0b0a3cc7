"""Draws thirty-six prompts on one sheet: `python -m tests.studio.render.contact_sheet OUT.png [WIDTH]`.

With a prompt after the width, it draws that prompt with every concept: first, middle and last frame of a clip.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from dream_nb.api.request_models import CONCEPTS
from dream_nb.studio.render import Brief
from tests.studio.render.clips import rgb_frames

PROMPTS = (
    "a serene lake at sunset",
    "snowy mountains at dawn, mist in the valley",
    "a stormy sea with lightning, an old ship",
    "cherry blossom hills in the morning",
    "a city skyline at night with a full moon, reflections",
    "hot air balloons over desert dunes at dawn",
    "underwater coral reef with fish and a whale",
    "a castle on a hill above a lake at dusk",
    "aurora borealis over an icy fjord",
    "an astronaut on an alien planet",
    "elephants on the savanna at golden hour, acacia trees",
    "a lone wolf in a snowy pine forest at night",
    "a lighthouse on a cliff at sunset, waves",
    "autumn forest by a river, falling leaves",
    "a village in the mountains, morning fog",
    "noir street in the rain, a man with an umbrella",
    "watercolor painting of sailboats on a calm sea",
    "pixel art castle under a starry sky",
    "synthwave city, neon sunset, a car",
    "a pagoda among bamboo, ukiyo-e woodblock",
    "a volcano erupting at night, embers",
    "a tropical beach with palm trees at noon",
    "fireworks over a bridge at midnight",
    "quixotic velleity of the ombudsman",
    "a library at night",
    "a cafe in the rain, evening",
    "a kitchen in the morning",
    "neon street",
    "an avenue in autumn, golden hour",
    "a marble table in the morning",
    "macro of a leaf with dew",
    "ink in water",
    "liquid gold",
    "in orbit above the earth",
    "outer space",
    "portrait of a woman",
)


def sheet(width: int = 480, columns: int = 4) -> Image.Image:
    """A sheet of all prompts at 16:9, each with its text below."""
    height, foot = width * 9 // 16 // 2 * 2, 18
    rows = -(-len(PROMPTS) // columns)
    paper = Image.new("RGB", (columns * width, rows * (height + foot)), "white")
    pen = ImageDraw.Draw(paper)
    for at, prompt in enumerate(PROMPTS):
        picture = next(iter(rgb_frames(Brief("image", prompt, width=width, height=height))))
        x, y = at % columns * width, at // columns * (height + foot)
        paper.paste(Image.fromarray(picture), (x, y))
        pen.text((x + 6, y + height + 3), prompt, fill="black")
    return paper


def concepts(prompt: str, width: int = 256, columns: int = 2) -> Image.Image:
    """A sheet of a prompt at 16:9 with each concept and without one, three frames each."""
    height, head = width * 9 // 16 // 2 * 2, 18
    keys = ("", *CONCEPTS)
    paper = Image.new("RGB", (columns * (3 * width + 8), -(-len(keys) // columns) * (height + head)), "white")
    pen = ImageDraw.Draw(paper)
    for at, key in enumerate(keys):
        brief = Brief("video", prompt, width=width, height=height, fps=2, concepts=(key,) if key else ())
        shots = list(rgb_frames(brief))
        x, y = at % columns * (3 * width + 8), at // columns * (height + head)
        pen.text((x + 6, y + 3), key or "no concept", fill="black")
        for place, shot in enumerate((shots[0], shots[len(shots) // 2], shots[-1])):
            paper.paste(Image.fromarray(shot), (x + place * width, y + head))
    return paper


def _main(out: str, width: str = "480", prompt: str = "") -> None:
    picture = concepts(prompt, int(width)) if prompt else sheet(int(width))
    picture.save(Path(out))


if __name__ == "__main__":
    _main(*sys.argv[1:])
