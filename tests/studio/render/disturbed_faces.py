"""Measures how well faces are distinguished: `python -m tests.studio.render.disturbed_faces`.

Faces are changed as the studio may change a cut-out: rotated, in another light and colour, above a body, on a ground of
another brightness. A good threshold recognises each as itself and as no other. No frame of the studio is drawn.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tests.studio.render.faces import likeness
from tests.studio.render.silhouettes import U8, drawing

FACES = (
    "1F981", "1F43A", "1F984", "1F47D", "1F98A", "1F43C", "1F43B", "1F42F", "1F438", "1F435", "1F42D", "1F42E", "1F916",
)  # fmt: skip
TIMES = 5


def disturbed(code: str, rng: np.random.Generator) -> U8:
    """A face above a body, rotated, in another light and perhaps another colour.

    Args:
        code: the code points of the face.
        rng: chooses the amounts.
    """
    size = round(rng.uniform(70, 130))
    face = Image.fromarray(drawing(code)).rotate(rng.uniform(-7, 7), Image.Resampling.BILINEAR).resize((size, size))
    ground, fur = (tuple(int(part) for part in rng.uniform(40, 230, 3)) for _ in range(2))
    picture = Image.new("RGB", (size + 60, round(1.8 * size)), ground)
    box = (30 + 0.15 * size, 0.6 * size, 30 + 0.85 * size, 1.75 * size)
    ImageDraw.Draw(picture).ellipse(box, fur, (58, 36, 26), 2)
    picture.paste(face, (30, 8), face)
    light = rng.uniform(0.6, 1.0, 3)
    pixels = np.asarray(picture) * light + rng.normal(0, 6, (picture.height, picture.width, 1))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _main() -> None:
    rng = np.random.default_rng(7)
    right, wrong = [], []
    for code in FACES:
        for _ in range(TIMES):
            picture = disturbed(code, rng)
            right.append(likeness(picture, code))
            wrong += [likeness(picture, other) for other in FACES if other != code]
    print(f"{len(right)} right, {len(wrong)} wrong\nthreshold  right ones lost  wrong ones taken")
    for threshold in (0.4, 0.45, 0.47, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        lost, taken = np.mean(np.array(right) < threshold), np.mean(np.array(wrong) >= threshold)
        print(f"{threshold:9.2f}  {lost:15.1%}  {taken:16.1%}")


if __name__ == "__main__":
    _main()
