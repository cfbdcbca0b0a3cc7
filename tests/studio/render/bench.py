"""Judges whether the studio's pictures follow 120 prompts: `python -m tests.studio.render.bench [OUT_FOLDER]`.

It prints a table of verdicts, and writes contact sheets of all pictures into the folder. The expectations are in
`bench_prompts`. Pictures are judged by masks and pixels, and never by what the studio says that it drew:

- size: the pixels that a subject covers, and that differ without it, are at least 8 % of the picture.
- form: its coverage has the silhouette of one of the expected drawings of OpenMoji, which is rendered independently.
  If only a head is drawn, its face is found in the picture. A human being is judged less strictly: it is higher than
  it is wide, and some of its upper third may be skin. If no drawing shows the subject, or the studio does not draw it
  from a drawing, the form is not judged: such prompts are marked "?", counted separately, and never passed.
- clear: the picture for a prompt of scenery has no large figure that the prompt does not name.
- colour: the pixels of the subject (or of the picture) have it, either as they are or with half of the light's colour
  removed.
- stage: see `bench_stages`: water, snow, sand, forest, aerial view, underwater and space by pixels, others by the part
  of the studio that rendered the frame.
- hour: by brightness and warmth.

No measure can tell whether the picture is beautiful, shows the action of the prompt, or has a second thing in it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from tests.studio.render import faces, hues
from tests.studio.render.bench_prompts import EXPECTED, Expected
from tests.studio.render.bench_stages import shows_hour, stages
from tests.studio.render.exposures import HEIGHT, WIDTH, Exposure, SeenSubject
from tests.studio.render.silhouettes import SAME, U8, Mask, agreement

COVERED: Final = 0.08
"""The smallest part of the picture that a subject may cover."""
CRITERIA: Final = ("size", "form", "clear", "colour", "stage", "hour")

_NOTHING: Final = np.zeros((HEIGHT, WIDTH), bool)
# The smallest parts of a mask, of a clothed human being, and of a whole picture that must have the named colour.
_COLOURED: Final = 0.25
_AGREES: Final = 0.95
_CLOTHED: Final = 0.15
_WHOLE: Final = 0.3
# Limits for a human being: height divided by width, and the part of the upper third that may be skin.
_UPRIGHT: Final = (1.15, 5.0)
_SKIN: Final = (0.1, 0.95)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a picture was judged.

    Args:
        expected: the prompt, and what its picture has to show.
        picture: the picture.
        marks: whether each criterion is met; criteria that do not apply to the prompt are left out.
        unjudged: whether the form could not be judged.
        says: the figures behind the marks, for the table.
    """

    expected: Expected
    picture: U8
    marks: dict[str, bool]
    unjudged: bool
    says: str

    @property
    def passed(self) -> bool:
        """Whether all criteria could be judged and are met."""
        return all(self.marks.values()) and not self.unjudged


def judged(expected: Expected) -> Verdict:
    """Draw the picture of a prompt, and judge it.

    Args:
        expected: the prompt, and what its picture has to show.
    """
    shot = Exposure(expected.prompt)
    marks: dict[str, bool] = {}
    says: list[str] = []
    mask, unjudged = _NOTHING, False
    if expected.subject is None:
        others = _union([found.seen for found in shot.subjects])
        marks["clear"] = expected.inhabited or float(others.mean()) < COVERED
        says.append(f"figures {others.mean():.0%}")
    else:
        form, unjudged, mask, figure = _subject(shot, expected)
        marks["size"] = float(mask.mean()) >= COVERED
        if not unjudged:
            marks["form"] = form
        says.append(f"covers {mask.mean():.1%}, {figure}")
    if expected.colour is not None:
        marks["colour"], part = _coloured(shot, expected, mask)
        says.append(f"{expected.colour} {part:.0%}")
    found = stages(shot)
    marks["stage"] = bool(found.intersection(expected.stages))
    says.append("stage " + "/".join(sorted(found)))
    if expected.hour is not None:
        marks["hour"] = shows_hour(shot, expected.hour)
        says.append(f"luma {hues.luma(shot.picture):.2f}")
    return Verdict(expected, shot.picture, marks, unjudged, ", ".join(says))


def _subject(shot: Exposure, expected: Expected) -> tuple[bool, bool, Mask, str]:
    """Whether the subject has its form, whether that could not be judged, its mask, and a figure for the table."""
    scores = [_likeness(shot, found, expected) for found in shot.subjects]
    same = [found.seen for found, score in zip(shot.subjects, scores, strict=True) if score >= 1.0]
    if same:
        return True, False, _union(same), f"form {max(scores):.2f}{_agreed(shot)}"
    known = bool(expected.emoji) or expected.person
    if shot.subjects:
        # There is another figure, or it is unknown whether it is the subject.
        figure = f"form {max(scores):.2f}{_agreed(shot)}"
        return False, not known, _union([found.seen for found in shot.subjects]), figure
    own = shot.small
    if own is None:
        return False, False, _NOTHING, "nothing stands there"
    score = _likeness(shot, own, expected) if known else 0.0
    return score >= 1.0, score < 1.0, own.seen, f"own hand, form {score:.2f}"


def _agreed(shot: Exposure) -> str:
    """A remark for the table if coverage and pixels disagree, otherwise an empty string."""
    agrees = min(found.agrees for found in shot.subjects)
    return "" if agrees > _AGREES else f", pixels agree {agrees:.0%}"


def _likeness(shot: Exposure, found: SeenSubject, expected: Expected) -> float:
    """How much a figure has the expected form; at 1 or more, it has it."""
    if not found.form.any():
        return 0.0
    if expected.person:
        return _humanity(shot, found)
    best = max((agreement(found.form, code) for code in expected.emoji), default=0.0) / SAME
    if best < 1.0 and expected.head and found.seen.any():
        rows, columns = np.nonzero(found.seen)
        around = shot.picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        best = max(best, *(faces.likeness(around, code) / faces.SEEN for code in expected.emoji))
    return best


def _humanity(shot: Exposure, found: SeenSubject) -> float:
    """1 if a figure may be a human being (higher than wide, with skin in its upper third), otherwise 0."""
    rows, columns = np.nonzero(found.form)
    ratio = (np.ptp(rows) + 1) / (np.ptp(columns) + 1)
    upper = found.seen.copy()
    upper[max(0, int(rows.min()) - HEIGHT + int(np.ptp(rows)) // 3) :] = False
    bare = hues.skin(shot.picture, upper, shot.scene.stage.light.lit)
    return float(_UPRIGHT[0] <= ratio <= _UPRIGHT[1] and _SKIN[0] <= bare <= _SKIN[1])


def _coloured(shot: Exposure, expected: Expected, mask: Mask) -> tuple[bool, float]:
    assert expected.colour is not None
    if expected.whole:
        part = hues.share(shot.picture, expected.colour)
        return part >= _WHOLE, part
    part = hues.share(shot.picture, expected.colour, mask, shot.scene.stage.light.lit)
    return part >= (_CLOTHED if expected.person else _COLOURED), part


def _union(masks: Sequence[Mask]) -> Mask:
    return np.logical_or.reduce(masks) if masks else _NOTHING


def table(verdicts: Sequence[Verdict]) -> str:
    """All verdicts, and the fractions passed by kind, by language and by criterion.

    Args:
        verdicts: the verdicts, in the order of the prompts.
    """
    lines = [f"{'':4}{_marks(one)}  {one.expected.prompt}  [{one.says}]" for one in verdicts]
    kinds = dict.fromkeys(one.expected.kind for one in verdicts)
    lines.append("")
    for kind in kinds:
        of_kind = [one for one in verdicts if one.expected.kind == kind]
        lines.append(f"{kind:28}{_fraction([one.passed for one in of_kind])}")
    lines.append("")
    for language in dict.fromkeys(one.expected.language for one in verdicts):
        said = [one.passed for one in verdicts if one.expected.language == language]
        lines.append(f"{language:28}{_fraction(said)}")
    lines.append("")
    for criterion in CRITERIA:
        asked = [one.marks[criterion] for one in verdicts if criterion in one.marks]
        lines.append(f"{criterion:28}{_fraction(asked)}")
    unjudged = [one for one in verdicts if one.unjudged]
    met = sum(all(one.marks.values()) for one in unjudged)
    lines.append(f"{'form not judged (?)':28}{len(unjudged):3}, all else met in {met}")
    lines.append(f"{'all':28}{_fraction([one.passed for one in verdicts])}")
    return "\n".join(lines)


def _marks(one: Verdict) -> str:
    signs = {True: "+", False: "-"}
    marks = "".join(signs[one.marks[name]] if name in one.marks else "." for name in CRITERIA)
    return ("ok   " if one.passed else "FAIL ") + (marks[0] + "?" + marks[2:] if one.unjudged else marks)


def _fraction(marks: Sequence[bool]) -> str:
    return f"{sum(marks):3} of {len(marks):3}  {sum(marks) / max(1, len(marks)):.0%}"


def sheet(verdicts: Sequence[Verdict], columns: int = 3, width: int = 520) -> Image.Image:
    """A sheet of pictures with their prompts and marks below.

    Args:
        verdicts: the verdicts whose pictures are shown.
        columns: the number of pictures in a row.
        width: the width of a picture in pixels.
    """
    height, foot = width * HEIGHT // WIDTH, 44
    paper = Image.new("RGB", (columns * width, -(-len(verdicts) // columns) * (height + foot)), "white")
    pen = ImageDraw.Draw(paper)
    for at, one in enumerate(verdicts):
        x, y = at % columns * width, at // columns * (height + foot)
        paper.paste(Image.fromarray(one.picture).resize((width - 4, height)), (x, y))
        missed = " ".join([name for name, met in one.marks.items() if not met] + ["(form?)"] * one.unjudged)
        pen.text((x + 4, y + height + 2), one.expected.prompt[:88], fill="black")
        pen.text((x + 4, y + height + 15), one.says[:92], fill="gray")
        pen.text(
            (x + 4, y + height + 28), "ok" if one.passed else f"missed: {missed}", "green" if one.passed else "red"
        )
    return paper


def _main(folder: str = "") -> None:
    verdicts = [judged(expected) for expected in EXPECTED]
    print(table(verdicts))
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for number, kind in enumerate(dict.fromkeys(one.expected.kind for one in verdicts), 1):
            found = [one for one in verdicts if one.expected.kind == kind]
            name = f"{number:02}-{kind.replace(' ', '-').replace(',', '')}.png"
            sheet(found).save(Path(folder) / name)


if __name__ == "__main__":
    _main(*sys.argv[1:])
