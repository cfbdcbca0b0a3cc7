"""A storyboard: shots that each continue from the last frame of the one before, joined into one film."""

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

# As in the names of the library's files.
_NAME_DIGITS: Final = 12
_MOST: Final = 1000


def _refuse_keyframes(fields: Mapping[str, Any]) -> None:
    if fields.get("keyframes") is not None:
        raise InvalidRequestError("a storyboard sets the keyframes of its shots itself: give frame0 or frame1 instead")


class Shot:
    """One shot of a `Storyboard`.

    Args:
        prompt: what the shot shows.
        cut: whether the shot starts independently instead of continuing from the last frame of the shot before.
        take: the number of the result of its request, from 1; by default that of the storyboard.
        sound: what is heard in the shot, such as "waves, gulls", which is a separate request; by default the sound of
            the storyboard.
        **fields: other fields of `GenerationRequest`, which replace those of the storyboard. A shot with its own
            `frame0` begins with that picture instead. Pictures are read at once: later changes of their files have no
            effect.

    Raises:
        InvalidRequestError: `keyframes` was given, or a picture is not supported or cannot be read.
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
    """A film of several shots. Each shot continues from the last frame of the one before.

    Creating a storyboard sends nothing: `make` makes its shots and joins them, `start` does so in the background.
    Independent shots are made at the same time: those of different scenes, where each scene begins with a cut. Shots
    that the library has are not made again. In a notebook it shows as a player above a strip of its shots.

    Args:
        shots: the prompts of the shots, or `Shot` objects for shots with their own fields.
        session: the session that makes them; by default the default session.
        take: the number of the result of each shot, from 1.
        fresh: whether to make new takes even if the library has some; ignored for shots with their own take.
        sound: what is heard in each shot, such as "waves, gulls"; with None, shots without their own sound are silent.
        **fields: fields of `GenerationRequest` for every shot, such as `aspect_ratio`. `frame0` is the picture that the
            first shot begins with, and `frame1` the one that the last shot ends with; both take what
            `dream_nb.keyframe` takes.

    Raises:
        InvalidRequestError: there are no shots, or a field violates the specification.
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
        # The shots that continue from one another, and those of them that have sound.
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
        """The aspect ratio of the film, which is that of the first shot, such as "16:9"."""
        return self._requests[0].aspect_ratio

    @property
    def scenes(self) -> list[list[int]]:
        """The shot numbers, from 1, of each scene: shots that continue from one another. Scenes are independent."""
        scenes: list[list[int]] = []
        for number, shot in enumerate(self._given, 1):
            if shot.cut or not scenes:
                scenes.append([])
            scenes[-1].append(number)
        return scenes

    @property
    def shots(self) -> Dreams:
        """The finished shots with their sound, in order, each with its number on the axis "shot"."""
        made = sorted((number, self._heard.get(number, dream)) for number, dream in self._made.items())
        return Dreams((dream for _, dream in made), words=[{"shot": str(number)} for number, _ in made])

    @property
    def errors(self) -> dict[int, BaseException]:
        """The errors of shots that could not be made, by shot number, from 1."""
        return dict(self._errors)

    @property
    def duration(self) -> float:
        """The total playing time of the finished shots, in seconds."""
        return sum(shot.duration or 0.0 for shot in self.shots)

    def plan(self) -> Plan:
        """Find what the library has already, and estimate the cost of the rest. Nothing is sent.

        The keyframe of a shot that continues from an unfinished one names that one as "shot 1".

        Raises:
            ConfigurationError: the session's settings do not allow it.
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
        return Plan.of(entries, maker.backend)

    def start(self) -> Shooting:
        """Begin to make all missing shots in the background. The returned future ends with the whole storyboard.

        Raises:
            ConfigurationError: the session's settings do not allow it.
            InvalidRequestError: the backend cannot make sound; nothing was sent.
        """
        if any(self._sound_of(number) for number in range(1, len(self) + 1)):
            # Refuse early: a shot that is paid for but cannot get its sound would be useless.
            self.plan()
        if self._shooting is None or (self._shooting.done() and self._shooting.exception() is not None):
            self._errors.clear()
            self._shooting = Shooting(self, self._maker().backend, replayed=self._is_there())
            self._shooting.begin()
        return self._shooting

    def _is_there(self) -> bool:
        """Whether the library has all of it, so that nothing would be sent."""
        try:
            return all(entry.standing == "in the library" for entry in self.plan().entries)
        except DreamError:
            # The error is reported for the shot that it concerns.
            return False

    def make(self) -> Storyboard:
        """Make all missing shots, join them into a film, and wait for it.

        Returns:
            The same storyboard.

        Raises:
            SweepError: some shots could not be made. The others are in its `dreams`, and in the library.
        """
        return self.start().result()

    def redo(self, number: int, prompt: str | None = None) -> Storyboard:
        """Make one shot again, with all that follow it up to the next cut, and wait for the new storyboard.

        If the shot could not be made before, it is requested again. If it was made, its next take is used, and always
        the same one, so that nothing is paid for twice.

        Args:
            number: the number of the shot, from 1, as shown in the strip.
            prompt: the new prompt of the shot; by default its present prompt.

        Returns:
            A new storyboard; this one is unchanged.

        Raises:
            ValueError: the storyboard has no such shot.
            SweepError: some shots could not be made.
        """
        if not 1 <= number <= len(self._given):
            raise ValueError(f"shot {number} does not exist: this storyboard has shots 1 to {len(self._given)}")
        shots = list(self._given)
        old, made = shots[number - 1], self._made.get(number)
        take = made.take + 1 if made is not None and prompt is None else old.take or self._take
        redone = next(scene for scene in self.scenes if number in scene)
        for at in redone[redone.index(number) + 1 :]:
            # A fixed take, so that every run makes the same one, even if the storyboard was fresh.
            later, there = shots[at - 1], self._made.get(at)
            again_take = later.take or (there.take if there is not None else self._take)
            shots[at - 1] = Shot(later.prompt, cut=later.cut, take=again_take, sound=later.sound, **later.fields)
        words = old.prompt if prompt is None else prompt
        shots[number - 1] = Shot(words, cut=old.cut, take=take, sound=old.sound, **old.fields)
        ends = {name: value for name, value in self._ends.items() if value is not None}
        options: dict[str, Any] = {"take": self._take, "fresh": self._fresh, "sound": self._sound}
        again = Storyboard(shots, session=self._session, **options, **ends, **self._fields)
        # Unchanged shots keep their takes, even if they were fresh.
        again._made = {at: dream for at, dream in self._made.items() if at not in redone or at < number}
        again._heard = {at: dream for at, dream in self._heard.items() if at in again._made}
        return again.make()

    def join(self, path: Path | str | None = None) -> Path:
        """Write all shots as one MP4. Shots of equal size, rate and coding are copied; others are encoded again.

        Sound is kept; shots without sound are silent.

        Args:
            path: the path of the film; by default it is written beside the shots, under a name that describes it. A
                film of exactly these shots is not written again.

        Returns:
            The path of the film.

        Raises:
            LibraryError: a shot is missing or cannot be decoded, or the film cannot be written.
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
        """The path of the film, which is joined beside the shots if necessary.

        Raises:
            LibraryError: a shot is missing or cannot be decoded, or the film cannot be written.
        """
        return self.join()

    def _maker(self) -> Maker:
        if self._session is None:
            self._session = default_session()
        return self._session

    def _ask(self, number: int, before: Dream | str | None) -> Ask:
        """The request for a shot that follows the given dream."""
        shot, request = self._given[number - 1], self._requests[number - 1]
        guides = guide_frames_of(request)
        if before is not None:
            reference = GenerationReference(id=before if isinstance(before, str) else before.generation.id or "")
        if before is not None and guides:
            # Guide frames replace keyframes, so the frame to continue from becomes the first of them.
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
        """What is heard in a shot; None if it is silent."""
        return self._given[number - 1].sound or self._sound

    def _sound_ask(self, number: int, shot: Dream | str) -> Ask | None:
        """The request for the sound of a shot; None if it is silent."""
        sound = self._sound_of(number)
        if sound is None:
            return None
        source = GenerationReference(id=shot if isinstance(shot, str) else shot.generation.id or "")
        return Ask(AudioGenerationRequest(media=source, prompt=sound))

    def _submit_sound(self, number: int, shot: Dream) -> Job | None:
        """Submit the request for the sound of a shot; None if it is silent."""
        ask = self._sound_ask(number, shot)
        return self._maker().submit(ask.request) if ask is not None else None

    def _submit(self, number: int, before: Dream | None) -> Job:
        """Submit the request for a shot that follows the given dream."""
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
    """Write the film of some shots, unless it exists.

    Args:
        shots: the shots in order; at least one.
        path: the path of the film.

    Raises:
        ValueError: a shot is an image.
        LibraryError: a file is missing or cannot be decoded, or the film cannot be written.
    """
    for shot in shots:
        if shot.kind != "video":
            raise ValueError(f"{shot.title!r} is an image: only videos are joined")
    tags = tell_shots([shot._record for shot in shots])
    if not _is_made_of(path, tags[KEY]):
        join([shot.path for shot in shots], path, tags)


def _is_made_of(path: Path, text: str) -> bool:
    """Whether the path has a film whose metadata says that it was made of these shots."""
    try:
        return path.is_file() and read_tag(path, KEY) == text
    except (OSError, ValueError):
        return False


def _film_path(shots: Dreams) -> Path:
    """The path of the film of these shots: beside the first of them, named by its contents."""
    identity = hashlib.sha256("\n".join(f"{shot.hash}-{shot.take}" for shot in shots).encode()).hexdigest()
    return shots[0].path.with_name(f"{slug(shots[0].title)}-film-{identity[:_NAME_DIGITS]}.mp4")
