"""Measures how well silhouettes distinguish drawings: `python -m tests.studio.render.disturbed_drawings`.

Every drawing that the bench expects is changed as the studio may change a cut-out: rotated, stretched, thickened at the
edge, hidden at the foot, resized, mirrored. A good threshold recognises it as itself and as no other drawing. No frame
of the studio is drawn.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from tests.studio.render.bench_prompts import EXPECTED, Expected
from tests.studio.render.silhouettes import Mask, agreement, drawing

TIMES = 4


def disturbed(code: str, rng: np.random.Generator) -> Mask:
    """The mask of a drawing that is rotated, stretched, thickened, cut at its foot and perhaps mirrored.

    Args:
        code: the code points of the drawing.
        rng: chooses the amounts.
    """
    alpha = Image.fromarray(np.pad(drawing(code)[..., 3], 50))
    alpha = alpha.rotate(rng.uniform(-9, 9), Image.Resampling.BILINEAR)
    high = rng.uniform(110, 230)
    alpha = alpha.resize((round(high * rng.uniform(0.88, 1.14)), round(high)))
    mask = np.array(alpha.filter(ImageFilter.MaxFilter(3 if high < 160 else 5))) > 127
    rows = np.flatnonzero(mask.any(axis=1))
    mask[rows[-1] - round(rng.uniform(0, 0.05) * len(rows)) :] = False
    return mask[:, ::-1] if rng.random() < 0.5 else mask


def same(one: Expected, other: Expected) -> bool:
    """Whether two prompts expect the same drawing, or two kinds of car."""
    cars = {"car", "taxi"}
    return (
        one.subject == other.subject or bool(set(one.emoji) & set(other.emoji)) or {one.subject, other.subject} <= cars
    )


def _main() -> None:
    rows = [row for row in EXPECTED if row.emoji and not row.head]
    rng = np.random.default_rng(7)
    right, wrong = [], []
    for row in rows:
        for _ in range(TIMES):
            mask = disturbed(row.emoji[0], rng)
            right.append(agreement(mask, row.emoji[0]))
            wrong += [agreement(mask, other.emoji[0]) for other in rows if not same(row, other)]
    print(f"{len(right)} right, {len(wrong)} wrong\nthreshold  right ones lost  wrong ones taken")
    for threshold in (0.70, 0.75, 0.80, 0.82, 0.84, 0.85, 0.86, 0.87, 0.88, 0.90):
        lost, taken = np.mean(np.array(right) < threshold), np.mean(np.array(wrong) >= threshold)
        print(f"{threshold:9.2f}  {lost:15.1%}  {taken:16.1%}")


if __name__ == "__main__":
    _main()
