"""What the widgets send to their pages: the dictionaries of their synced traits, and the answers of their actions."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from dream_nb.api.request_models import Kind
from dream_nb.requests.roles import Role

Edit = Literal["", "modify", "reframe"]
Relation = Literal["this", "before", "after"]


class Piece(TypedDict):
    """The answer of `Widget.read`, in addition to the bytes.

    Attributes:
        size: the size of the whole file, in bytes.
        type: the file's media type; empty if it is unknown.
    """

    size: int
    type: str


class Status(TypedDict):
    """The state of a request.

    Attributes:
        state: one of `dream_nb.jobs.progress.JOB_STATES`, or another one that the server reports.
        fraction: the fraction done, from 0 to 1; None if the server does not say.
        note: why it takes longer, or why it failed; empty if there is nothing to say.
    """

    state: str
    fraction: float | None
    note: str


class Film(TypedDict):
    """The file of a card's dream.

    Attributes:
        kind: "video" or "image".
        url: the address of the file relative to the notebook.
        name: the file's name, to save it under.
        seconds, fps: the video's duration and frame rate; 0 for an image.
        sound: whether it has sound.
        studio: whether the studio drew it, procedurally.
    """

    kind: str
    url: str
    name: str
    seconds: float
    fps: float
    sound: bool
    studio: bool


class Edits(TypedDict):
    """The changes of a card's dream that can be requested.

    Attributes:
        modes: the modes of modification; empty if it cannot be modified.
        default_mode: the mode that is selected at first.
        ratios: the other aspect ratios; empty if it cannot be reframed.
        resolutions: the higher resolutions; empty if it cannot be upscaled.
        sound: whether sound can be added.
    """

    modes: list[str]
    default_mode: str
    ratios: list[str]
    resolutions: list[str]
    sound: bool


class Quote(TypedDict):
    """The answer of `Card.quote`.

    Attributes:
        cost: the estimated cost, in words.
    """

    cost: str


class Problem(TypedDict):
    """Why a card has no file to show.

    Attributes:
        title: what happened, in a few words.
        text: the reason, or what to do next.
        facts: more about it in a few words, such as "refunded"; may be empty.
    """

    title: str
    text: str
    facts: str


class Relative(TypedDict):
    """One line in the tree of a dream's ancestors and descendants.

    Attributes:
        prompt: its prompt.
        take: its take, from 1.
        relation: "this" for the dream itself, "before" or "after" for the others.
        depth: how far it is indented, from 0.
    """

    prompt: str
    take: int
    relation: Relation
    depth: int


class Line(TypedDict):
    """The answer of `Card.copy_line`.

    Attributes:
        line: the `%dream` line, or `%%dream` cell, or lines of Python.
    """

    line: str


class GalleryRow(TypedDict):
    """One dream in the gallery. Fields that are empty, 0 or False are left out.

    Attributes:
        key: the short name of its record.
        id: the generation's id on the server.
        prompt: its prompt. Of this, `note` and `reason` only the first 400 characters are sent.
        caption: the prompt with what distinguishes it from others of the same prompt, such as its take, if anything.
        kind: "video" or "image".
        state: the generation's state: queued, dreaming, completed or failed.
        ratio: the aspect ratio that was asked for, such as "16:9".
        backend: the backend that made it.
        take: its take, from 1.
        created: the time of its creation, in ISO format.
        stars: from 1 to 5.
        note: the user's note.
        tags: the user's tags.
        reason: why it failed.
        file: the address of its file, relative to the notebook.
        small: the address of its small picture.
        made: whether the small picture exists.
    """

    key: str
    id: NotRequired[str]
    prompt: NotRequired[str]
    caption: NotRequired[str]
    kind: str
    state: str
    ratio: str
    backend: str
    take: int
    created: str
    stars: NotRequired[int]
    note: NotRequired[str]
    tags: NotRequired[list[str]]
    reason: NotRequired[str]
    file: NotRequired[str]
    small: NotRequired[str]
    made: NotRequired[bool]


class Window(TypedDict):
    """The answer of `Gallery.window`.

    Attributes:
        count: the number of dreams that match the filters.
        offset: the number of matching dreams before the first row.
        rows: some of the matching dreams.
    """

    count: int
    offset: int
    rows: list[GalleryRow]


class FilterChoices(TypedDict):
    """The values of a gallery's filters that do not depend on the library.

    Attributes:
        kind, state, ratio: all values of the filter of that name.
        stars: the numbers of stars that a dream can be given, without 0.
    """

    kind: list[str]
    state: list[str]
    ratio: list[str]
    stars: list[int]


class Facets(TypedDict):
    """The values of a gallery's filters that depend on the library.

    Attributes:
        backends: the backends that made its dreams.
        tags: the tags of its dreams.
    """

    backends: list[str]
    tags: list[str]


class PictureProblems(TypedDict):
    """The answer of `Gallery.pictures`.

    Attributes:
        problems: the reasons for pictures that could not be made, by the short name of the record.
    """

    problems: dict[str, str]


class Keys(TypedDict):
    """The answer of `Gallery.keys_between`.

    Attributes:
        keys: the short names of records.
    """

    keys: list[str]


class Deleted(TypedDict):
    """The answer of `Gallery.delete`.

    Attributes:
        count: the number of deleted dreams.
        restorable: the short names of those that are in the trash.
        problem: why some were not deleted; empty if all were.
    """

    count: int
    restorable: list[str]
    problem: str


class Restored(TypedDict):
    """The answer of `Gallery.restore`.

    Attributes:
        count: the number of restored dreams.
    """

    count: int


class ExportedPage(TypedDict):
    """The answer of `Gallery.export`.

    Attributes:
        page: the address of the page that plays them, relative to the notebook.
    """

    page: str


class Synced(TypedDict):
    """The answer of `Gallery.sync`.

    Attributes:
        count: the number of generations that are new in the library.
    """

    count: int


class Cell(TypedDict):
    """One dream of a grid, whether or not it is finished.

    Attributes:
        row, column: its place in the table, from 0. Several dreams may share one.
        caption: its words on the other axes; may be empty.
        prompt: its prompt.
        ratio: the aspect ratio that was asked for, such as "16:9".
    """

    row: int
    column: int
    caption: str
    prompt: str
    ratio: str


class FileStatus(TypedDict):
    """The file of a dream in a grid.

    Attributes:
        kind: "video" or "image": how a page shows its file.
        url: the address of its file, relative to the notebook; empty until it is made.
        problem: why its file cannot be shown; empty if it can.
    """

    kind: str
    url: str
    problem: str


class CellStatus(Status, FileStatus):
    """The state of a dream in a grid, and its file."""


class Pictured(TypedDict):
    """The answer of `Grid.pictures`, in addition to the JPEGs.

    Attributes:
        numbers: for each JPEG the number of its dream.
    """

    numbers: list[int]


class CellFacts(TypedDict):
    """The answer of `Grid.facts`.

    Attributes:
        facts: what is known of a dream besides its prompt, each in a few words.
    """

    facts: list[str]


class Written(TypedDict):
    """The answer of `Grid.export`.

    Attributes:
        path: the path of the file that was written; for visitors only its name.
    """

    path: str


class MapSpot(TypedDict):
    """A dream on a map.

    Attributes:
        x, y: its values on the axes.
        picture: a `data:` URI of a small picture; empty if there is none.
        width, height: the size of the picture in pixels.
        text: the title.
    """

    x: float
    y: float
    picture: str
    width: int
    height: int
    text: str


class FormReference(TypedDict):
    """A reference picture of a form.

    Attributes:
        role: the request field for which it is meant; "modify_ref" for the picture to modify.
        name: a file, a URL, a variable or an id.
        weight: how much it counts, from 0 to 1; None for the server's default.
    """

    role: Role
    name: str
    weight: float | None


class RoleChoice(TypedDict):
    """A use of a reference picture.

    Attributes:
        name: as in `FormReference.role`.
        weighted: whether the API takes a weight for it.
    """

    name: Role
    weighted: bool


class Form(TypedDict):
    """The values of a panel's form.

    Attributes:
        prompt: the prompt, which may have {variants|of words}.
        kind: "video" or "image".
        aspect_ratio: the aspect ratio, such as "16:9".
        model: the model; empty for the default of the kind.
        loop: whether the end of the video leads to its beginning.
        frame0, frame1: the first and the last frame of the video: a file, a URL, a variable or an id; may be empty.
        references: the reference pictures of an image.
        count: the number of takes of each prompt.
        duration, resolution: those of a video; empty for the default.
        concepts: the keys of a video's concepts.
        format: the file format of an image; empty for the default.
        edit: "modify" or "reframe" for a change of another dream; empty for something new.
        source: the dream to change: a file, a URL, a variable or an id; may be empty.
        mode: the mode of a modification.
    """

    prompt: str
    kind: Kind
    aspect_ratio: str
    model: str
    loop: bool
    frame0: str
    frame1: str
    references: list[FormReference]
    count: int
    duration: str
    resolution: str
    concepts: list[str]
    format: str
    edit: Edit
    source: str
    mode: str


class Offers(TypedDict):
    """The choices of a panel's controls, besides ratios and models.

    Attributes:
        durations, resolutions: those of a video.
        formats: the file formats of an image.
        modes: the modes of a modification, the closest to the source first.
        models: the models of "modify" and of "reframe".
        concepts: the keys that the server lists; empty until it was asked, or if it lists none.
        edits: "modify" and "reframe", if the server supports them.
    """

    durations: list[str]
    resolutions: list[str]
    formats: list[str]
    modes: list[str]
    models: dict[str, list[str]]
    concepts: list[str]
    edits: list[str]


class Verdict(TypedDict):
    """The check of a panel's form.

    Attributes:
        problems: the errors by the name of the field; empty if there are none.
        warnings: what is probably not intended, by the name of the field. The request can be sent all the same.
        count: the number of dreams that it asks for.
        code: the `%dream` line or `%%dream` cell for the same request; empty if there are errors.
        cost: the estimated cost, in words; empty if there are errors.
    """

    problems: dict[str, str]
    warnings: dict[str, str]
    count: int
    code: str
    cost: str


class Named(TypedDict):
    """The answer of `Panel.take_in`.

    Attributes:
        name: the path of the picture's file, relative to the notebook.
    """

    name: str


class Seen(TypedDict):
    """The answer of `Panel.look`.

    Attributes:
        title: the prompt of the dream that an id names; empty for everything else.
    """

    title: str


class Begun(TypedDict):
    """The answer of `Panel.begin`.

    Attributes:
        point: the field that the page has to show and focus; empty if the panel was not opened for one.
    """

    point: str


class ShotTile(Status):
    """One shot of a storyboard that is being made.

    Attributes:
        prompt: its prompt.
        goes_on: whether it begins where the shot before it ends.
        picture: a `data:` URI of a small picture; empty until it is made.
    """

    prompt: str
    goes_on: bool
    picture: str
