"""A storyboard: shots of which each goes on from the last frame of the one before, joined into one film."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from dream_nb.api.canonical import GuideFrame, guide_frames_of
from dream_nb.api.errors import DreamError, InvalidRequestError, LibraryError
from dream_nb.api.request_models import AudioGenerationRequest, GenerationReference, GenerationRequest, Keyframes
from dream_nb.default import default_session
from dream_nb.files import given_path
from dream_nb.library.file_names import slug
from dream_nb.library.inscriptions import KEY, tell_shots
from dream_nb.media.joining import join
from dream_nb.media.tags import read_tag
from dream_nb.requests.fields import make_request, read_fields
from dream_nb.requests.identity import check_take
from dream_nb.requests.plan import Ask, Entry, Plan
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job, Maker
from dream_nb.results.made_file import MadeFile
from dream_nb.storyboard.film_strip import film_strip
from dream_nb.storyboard.shooting import Shooting

# As in the names of the library.
_NAME_DIGITS: Final = 12
_MOST: Final = 1000


def _refuse_keyframes(fields: Mapping[str, Any]) -> None:
    if fields.get("keyframes") is not None:
        raise InvalidRequestError("a storyboard sets the keyframes of its shots itself: give frame0 or frame1 instead")


class Shot:
    """One shot of a `Storyboard`.

    Args:
        prompt: what is seen in it.
        cut: whether it begins anew, instead of going on from the last frame of the shot before.
        take: which result of its request; by default that of the storyboard.
        sound: what is to be heard in it, such as "waves, gulls", which is a request of its own; by default what the
            storyboard says.
        **fields: other fields of `GenerationRequest`, instead of the storyboard's. With a `frame0` of its own it begins
            anew with that. It is read at once: what becomes of a file later does not count.

    Raises:
        InvalidRequestError: it has `keyframes`, or a picture is not supported or cannot be read.
    """

    def __init__(
        self, prompt: str, *, cut: bool = False, take: int | None = None, sound: str | None = None, **fields: Any
    ) -> None:
        _refuse_keyframes(fields)
        self.prompt = prompt
        self.sound = sound
        self.cut = cut or fields.get("frame0") is not None
        self.take = take
        self.fields = read_fields(fields)

    def __repr__(self) -> str:
        given = {"cut": self.cut, "take": self.take, "sound": self.sound} | self.fields
        return (
            f"Shot({', '.join([repr(self.prompt), *(f'{name}={value!r}' for name, value in given.items() if value)])})"
        )


class Storyboard:
    """A film of several shots: each goes on from the last frame of the one before.

    A new one has asked for nothing yet: `make` makes its shots and joins them, `start` does so in the background.
    Shots that do not depend on each other are made at once: those of different scenes, which begin with a cut. What
    the library has is not made again. Shown in a notebook it is a player above a strip of its shots.

    Args:
        shots: prompts, or `Shot` where one has fields of its own.
        session: makes them; by default the one of `dream_nb.dream`.
        take: which result of each.
        fresh: whether to make new takes, whatever is there; not of a shot that has a take of its own.
        sound: what is to be heard in each, such as "waves, gulls"; None leaves shots without a sound of their own
            silent.
        **fields: fields of `GenerationRequest` for every shot, such as `aspect_ratio`. `frame0` is what the first
            shot begins with, `frame1` what the last one ends with, as `dream_nb.keyframe` takes it.

    Raises:
        InvalidRequestError: there are no shots, or a field breaks the specification.
    """

    def __init__(
        self,
        shots: Iterable[str | Shot],
        *,
        session: Maker | None = None,
        take: int = 1,
        fresh: bool = False,
        sound: str | None = None,
        **fields: Any,
    ) -> None:
        given = [
            shot if isinstance(shot, Shot) else Shot(shot) for shot in ([shots] if isinstance(shots, str) else shots)
        ]
        if not 1 <= len(given) <= _MOST:
            raise InvalidRequestError(
                f"a storyboard has 1 to {_MOST:,} shots, not {len(given)}: give that many prompts"
            )
        _refuse_keyframes(fields)
        check_take(take)
        fields = read_fields(fields)
        ends = {"frame0": fields.pop("frame0", None), "frame1": fields.pop("frame1", None)}
        self._given = tuple(given)
        self._session = session
        self._take = take
        self._fresh = fresh
        self._sound = sound
        self._fields = fields
        self._ends = ends
        self._requests = tuple(self._checked(number) for number in range(len(given)))
        # The shots as they go on from each other, and those of them that have sound.
        self._made: dict[int, Dream] = {}
        self._heard: dict[int, Dream] = {}
        self._errors: dict[int, BaseException] = {}
        self._shooting: Shooting | None = None

    def _checked(self, number: int) -> GenerationRequest:
        shot = self._given[number]
        fields = self._fields | shot.fields
        if fields.pop("kind", "video") != "video":
            raise InvalidRequestError("a storyboard consists of videos: give an image as frame0")
        if number == 0:
            fields.setdefault("frame0", self._ends["frame0"])
        if number == len(self._given) - 1:
            fields.setdefault("frame1", self._ends["frame1"])
        request = make_request(shot.prompt, **fields)
        assert isinstance(request, GenerationRequest)
        return request

    @property
    def prompts(self) -> list[str]:
        """The prompt of each shot."""
        return [shot.prompt for shot in self._given]

    @property
    def aspect_ratio(self) -> str:
        """The shape of the film, which is that of the first shot, such as "16:9"."""
        return self._requests[0].aspect_ratio

    @property
    def scenes(self) -> list[list[int]]:
        """The numbers of the shots, from 1, that go on from each other: scenes are made at once."""
        scenes: list[list[int]] = []
        for number, shot in enumerate(self._given, 1):
            if shot.cut or not scenes:
                scenes.append([])
            scenes[-1].append(number)
        return scenes

    @property
    def shots(self) -> Dreams:
        """The shots that are made, with their sound, in their order, each with its number on the axis "shot"."""
        made = sorted((number, self._heard.get(number, dream)) for number, dream in self._made.items())
        return Dreams((dream for _, dream in made), words=[{"shot": str(number)} for number, _ in made])

    @property
    def errors(self) -> dict[int, BaseException]:
        """Why a shot could not be made, by its number, from 1."""
        return dict(self._errors)

    @property
    def seconds(self) -> float:
        """How long the shots play that are made."""
        return sum(shot.duration or 0.0 for shot in self.shots)

    def plan(self) -> Plan:
        """What of it is there, and what the rest would cost. Nothing is sent.

        A shot that goes on from one that is not made yet names it in its keyframe as "shot 1".

        Raises:
            ConfigurationError: the settings do not fit.
        """
        maker = self._maker()
        entries: list[Entry] = []
        for scene in self.scenes:
            before: Dream | str | None = None
            for number in scene:
                ask = self._ask(number, before)
                entry = maker.plan([ask]).entries[0]
                entries.append(entry)
                there = entry.standing == "in the library"
                before = maker.submit(ask.request, take=ask.take).result() if there else f"shot {number}"
                if (sound := self._sound_ask(number, before)) is not None:
                    entries += maker.plan([sound]).entries
        return Plan(tuple(entries), maker.backend)

    def start(self) -> Shooting:
        """Begin to make what is not made: a future for the whole, that goes on in the background.

        Raises:
            ConfigurationError: the settings do not fit.
            InvalidRequestError: the backend makes no sound; nothing was sent.
        """
        if any(self._sound_of(number) for number in range(1, len(self) + 1)):
            # A shot that is paid for and cannot have its sound would be of no use.
            self.plan()
        if self._shooting is None or (self._shooting.done() and self._shooting.exception() is not None):
            self._errors.clear()
            self._shooting = Shooting(self, self._maker().backend, replayed=self._is_there())
            self._shooting.begin()
        return self._shooting

    def _is_there(self) -> bool:
        """Whether the library has all of it, so that nothing is sent."""
        try:
            return all(entry.standing == "in the library" for entry in self.plan().entries)
        except DreamError:
            # Which is told of the shot that it befalls.
            return False

    def make(self) -> Storyboard:
        """Make what is not made, join it, and wait for it.

        Returns:
            The same storyboard.

        Raises:
            SweepError: shots could not be made. The others are in its `dreams`, and in the library.
        """
        return self.start().result()

    def redo(self, number: int, prompt: str | None = None) -> Storyboard:
        """A storyboard in which one shot, and all that follows it up to the next cut, is made anew; waits for it.

        A shot that could not be made is asked for again; of one that was made the next take is taken, the same one
        again and again, so nothing is paid for twice.

        Args:
            number: of the shot, from 1, as in the strip.
            prompt: what is seen in it; by default what was.

        Returns:
            Another storyboard: this one stays as it is.

        Raises:
            ValueError: there is no such shot.
            SweepError: shots could not be made.
        """
        if not 1 <= number <= len(self._given):
            raise ValueError(f"shot {number} does not exist: this storyboard has shots 1 to {len(self._given)}")
        shots = list(self._given)
        old, made = shots[number - 1], self._made.get(number)
        take = made.take + 1 if made is not None and prompt is None else old.take or self._take
        redone = next(scene for scene in self.scenes if number in scene)
        for at in redone[redone.index(number) + 1 :]:
            # A take of its own, which is the same one at every run, also where the storyboard was fresh.
            later, there = shots[at - 1], self._made.get(at)
            again_take = later.take or (there.take if there is not None else self._take)
            shots[at - 1] = Shot(later.prompt, cut=later.cut, take=again_take, sound=later.sound, **later.fields)
        words = old.prompt if prompt is None else prompt
        shots[number - 1] = Shot(words, cut=old.cut, take=take, sound=old.sound, **old.fields)
        ends = {name: value for name, value in self._ends.items() if value is not None}
        options: dict[str, Any] = {"take": self._take, "fresh": self._fresh, "sound": self._sound}
        again = Storyboard(shots, session=self._session, **options, **ends, **self._fields)
        # Those that stay are the same takes, also where they were fresh.
        again._made = {at: dream for at, dream in self._made.items() if at not in redone or at < number}
        again._heard = {at: dream for at, dream in self._heard.items() if at in again._made}
        return again.make()

    def join(self, path: Path | str | None = None) -> Path:
        """Write the shots as one MP4: copied as they are where size, rate and coding are the same, else encoded anew.

        Sound is kept; where a shot has none, there is silence.

        Args:
            path: where it is written; by default beside the shots, under a name that says what it is. A film of these
                very shots is not written again.

        Returns:
            Where it was written.

        Raises:
            LibraryError: a shot is not made or does not decode, or the film cannot be written.
        """
        missing = [number for number in range(1, len(self._given) + 1) if number not in self._made]
        if missing:
            raise LibraryError(f"shot {missing[0]} is not made yet, and the film needs all shots: make() makes them")
        shots = self.shots
        target = given_path(path) if path is not None else _film_path(shots)
        join_shots(shots, target)
        return MadeFile(target)

    @property
    def path(self) -> Path:
        """The film, joined beside the shots.

        Raises:
            LibraryError: a shot is not made or does not decode, or the film cannot be written.
        """
        return self.join()

    def _maker(self) -> Maker:
        if self._session is None:
            self._session = default_session()
        return self._session

    def _ask(self, number: int, before: Dream | str | None) -> Ask:
        """What is asked for as this shot, after that dream."""
        shot, request = self._given[number - 1], self._requests[number - 1]
        guides = guide_frames_of(request)
        if before is not None:
            reference = GenerationReference(id=before if isinstance(before, str) else before.generation.id or "")
        if before is not None and guides:
            # Guide frames take the place of keyframes: what it goes on from is the first of them.
            first = [] if guides[0].at == 0 else [GuideFrame(frame=reference, at=0)]
            request = request.model_copy(update={"guide_frames": [*first, *guides]})
        elif before is not None:
            end = request.keyframes.frame1 if request.keyframes is not None else None
            request = request.model_copy(update={"keyframes": Keyframes(frame0=reference, frame1=end)})
        made = self._made.get(number)
        if made is not None:
            return Ask(request, made.take)
        return Ask(request, shot.take or self._take, self._fresh and shot.take is None)

    def _sound_of(self, number: int) -> str | None:
        """What is to be heard in a shot; None where it is silent."""
        return self._given[number - 1].sound or self._sound

    def _sound_ask(self, number: int, shot: Dream | str) -> Ask | None:
        """What is asked for as the sound of a shot; None where it is silent."""
        sound = self._sound_of(number)
        if sound is None:
            return None
        source = GenerationReference(id=shot if isinstance(shot, str) else shot.generation.id or "")
        return Ask(AudioGenerationRequest(media=source, prompt=sound))

    def _submit_sound(self, number: int, shot: Dream) -> Job | None:
        """Ask for the sound of a shot; None where it is silent."""
        ask = self._sound_ask(number, shot)
        return self._maker().submit(ask.request) if ask is not None else None

    def _submit(self, number: int, before: Dream | None) -> Job:
        """Ask for a shot after that dream."""
        maker, ask = self._maker(), self._ask(number, before)
        return maker.submit(ask.request, take=ask.take, fresh=ask.fresh)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        count = f"{len(self)} shot{'s' if len(self) > 1 else ''}"
        return f"Storyboard({count}, {len(self._made)} made)" if len(self._made) < len(self) else f"Storyboard({count})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": film_strip(self)}


def join_shots(shots: Dreams, path: Path) -> None:
    """Write the film of some shots, unless it is there.

    Args:
        shots: at least one, in their order.
        path: where it is written.

    Raises:
        ValueError: one is an image.
        LibraryError: a file is missing or does not decode, or the film cannot be written.
    """
    for shot in shots:
        if shot.kind != "video":
            raise ValueError(f"{shot.title!r} is an image: only videos are joined")
    tags = tell_shots([shot._record for shot in shots])
    if not _is_made_of(path, tags[KEY]):
        join([shot.path for shot in shots], path, tags)


def _is_made_of(path: Path, text: str) -> bool:
    """Whether there is a film already that says so of itself."""
    try:
        return path.is_file() and read_tag(path, KEY) == text
    except (OSError, ValueError):
        return False


def _film_path(shots: Dreams) -> Path:
    """Where the film of these shots is: beside the first of them, named by what it is."""
    identity = hashlib.sha256("\n".join(f"{shot.hash}-{shot.take}" for shot in shots).encode()).hexdigest()
    return shots[0].path.with_name(f"{slug(shots[0].title)}-film-{identity[:_NAME_DIGITS]}.mp4")
