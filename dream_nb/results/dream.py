"""A result: the generation, its local file, where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from dream_nb.results.footage import Footage

if TYPE_CHECKING:
    from dream_nb.results.dreams import Dreams
    from dream_nb.results.job import Job


class Dream(Footage):
    """A generation and its file in the library.

    Shown in a notebook it is an inline player (or the picture) with its prompt; printed, one line. Two dreams are equal
    where request, take, backend and file are. It can be pickled: what comes back reads the same library.

    Args:
        record: its row of the ledger.
        library: where its file lies.
        home: the folder of the notebook; previews point to the file from there.
        maker: the session through which it goes on, or None.
    """

    @overload
    def extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True) -> Dream: ...
    @overload
    def extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def extend(self, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Go on from its end: a video that begins with its last frame.

        Args:
            prompt: what happens then; by default the same prompt.
            take: which result of this request.
            wait: whether to wait for the dream; else its job comes back at once.

        Raises:
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
        """
        from dream_nb.results.continuation import go_on

        job = go_on(self, prompt, begin=self, take=take)
        return job.result() if wait else job

    @overload
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True) -> Dream: ...
    @overload
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Lead up to its beginning: a video that ends with its first frame.

        Args:
            prompt: what happens before; by default the same prompt.
            take: which result of this request.
            wait: whether to wait for the dream; else its job comes back at once.

        Raises:
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
        """
        from dream_nb.results.continuation import go_on

        job = go_on(self, prompt, end=self, take=take)
        return job.result() if wait else job

    @overload
    def interpolate(
        self, other: Dream, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True
    ) -> Dream: ...
    @overload
    def interpolate(self, other: Dream, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def interpolate(self, other: Dream, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Lead over to another: a video that begins with this one's last frame and ends with the other's first.

        Args:
            other: where it leads to.
            prompt: what happens between; by default the same prompt.
            take: which result of this request.
            wait: whether to wait for the dream; else its job comes back at once.

        Raises:
            ConfigurationError: no session goes on with it, or they are of different backends.
            DreamError: it could not be made.
        """
        from dream_nb.results.continuation import go_on

        job = go_on(self, prompt, begin=self, end=other, take=take)
        return job.result() if wait else job

    @overload
    def variations(self, count: int = 3, *, wait: Literal[True] = True) -> Dreams: ...
    @overload
    def variations(self, count: int = 3, *, wait: Literal[False]) -> list[Job]: ...
    def variations(self, count: int = 3, *, wait: bool = True) -> Dreams | list[Job]:
        """The next takes of the same request: the same ones again and again, so nothing is paid for twice.

        Args:
            count: how many.
            wait: whether to wait for the dreams; else their jobs come back at once.

        Raises:
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: one could not be made. The others are in the library.
        """
        from dream_nb.results.continuation import vary
        from dream_nb.results.dreams import Dreams

        jobs = vary(self, count)
        return Dreams(job.result() for job in jobs) if wait else jobs

    def ancestors(self) -> Dreams:
        """The dreams that it came from through its keyframes, the nearest first, as far as the library knows them."""
        from dream_nb.results.origin import ancestors

        return ancestors(self)

    def descendants(self) -> Dreams:
        """The dreams in the library that came from it through their keyframes, the nearest first."""
        from dream_nb.results.origin import descendants

        return descendants(self)

    def to_code(self) -> str:
        """The lines that make it again, those that it came from first."""
        from dream_nb.results.code import to_code

        return to_code(self)

    def __repr__(self) -> str:
        return f"Dream({self.prompt!r}, {self.kind}, {self.url or self.state})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from dream_nb.results.preview import preview

        return {"text/plain": repr(self), "text/html": preview(self)}
