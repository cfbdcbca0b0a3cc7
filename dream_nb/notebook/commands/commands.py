"""The subcommands of `%dreams`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from dream_nb.api.connection import origin_of
from dream_nb.api.errors import ConfigurationError, InvalidRequestError
from dream_nb.backends.abilities import can
from dream_nb.backends.backends import choose_backend, is_paid
from dream_nb.backends.keys import HOSTED_APIS, find_key, which_key
from dream_nb.default import close_default_session, default_library, default_session, open_default_session
from dream_nb.library.repair import rebuild_ledger
from dream_nb.lines.options import HELP, asks_for_help
from dream_nb.lines.prompts import cut_prompt
from dream_nb.lines.references import References
from dream_nb.notebook.commands.deleted_dreams import list_trash, restore_one
from dream_nb.notebook.commands.listing import Facts, Listing
from dream_nb.notebook.commands.matching import has_words
from dream_nb.notebook.state import NotebookState
from dream_nb.requests.plan import dollars
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.results.sweep import Sweep
from dream_nb.session import Session
from dream_nb.storyboard.shooting import Shooting
from dream_nb.storyboard.storyboard import Storyboard
from dream_nb.terminal.waiting import clock

Answer = Listing[Any] | Facts | Dream | Dreams

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand.

    Attributes:
        usage: the arguments after its name.
        help: what it does, in one line.
        options: its options, with whether each takes a value.
    """

    usage: str
    help: str
    options: Mapping[str, bool]


COMMANDS: Final[Mapping[str, Command]] = {
    "history": Command(
        "[WORDS]",
        "lists the dreams in the library, newest first; with words, only those that contain them",
        {"-n": True},
    ),
    "credits": Command("", "shows the balance and what this session has spent", {}),
    "jobs": Command("", "lists the jobs under way", {}),
    "motions": Command("", "lists the camera motions of the backend, as words for a prompt", {}),
    "concepts": Command("", "lists the concepts of the backend for --concept, such as dolly_zoom", {}),
    "show": Command("WHICH", "shows dreams again, found by variable, id, start of an id, last, or words", {}),
    "delete": Command(
        "WHICH", "deletes a dream on its server; --files also moves its file to the trash", {"--files": False}
    ),
    "trash": Command(
        "", "lists what was deleted in the last 30 days; --empty deletes it permanently", {"--empty": False}
    ),
    "restore": Command("WHICH", "restores a dream from the trash, found by variable, id, start of an id, or words", {}),
    "use": Command(
        "[BACKEND]", "switches the backend to studio, dream-machine, luma, or a URL with a key of its own", {}
    ),
    "stop": Command("[WHICH]", "stops waiting for a job, or for all; what was sent continues on the server", {}),
    "lost": Command(
        "[NUMBER]",
        "lists requests with an unknown outcome, and generations that may be their results; NUMBER --is ID records the "
        "result, NUMBER --not-taken that there is none",
        {"--is": True, "--not-taken": False},
    ),
    "check": Command(
        "",
        "checks key, network, library and versions; --rebuild repairs a damaged ledger",
        {"--rebuild": False},
    ),
    "key": Command(
        "[BACKEND]",
        "asks for a key without showing it; --save saves it in the keyring, --forget removes it",
        {"--save": False, "--forget": False},
    ),
}


def asks_for_command_help(line: str) -> bool:
    """Return whether a `%dreams` line asks for help: with `--help` or `-h` alone, or after a subcommand.

    Args:
        line: the text after `%dreams`.
    """
    name, _, rest = line.strip().partition(" ")
    command = COMMANDS.get(name)
    return name in HELP or (command is not None and asks_for_help(rest, command.options))


class Commands:
    """Runs the subcommands of `%dreams`.

    Args:
        state: the state of the notebook.
        variables: the variables that the line may name.
    """

    def __init__(self, state: NotebookState, variables: Mapping[str, Any]) -> None:
        self._state = state
        self._references = References(variables, state.last)

    def run(self, line: str) -> Answer:
        """Run a line: a subcommand and its arguments.

        Raises:
            InvalidRequestError: the subcommand is unknown, or its arguments are wrong.
            DreamError: an error of the session.
        """
        name, _, rest = line.strip().partition(" ")
        if not name:
            return self._help()
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(COMMANDS)}."
            # The line may contain a key that was typed by mistake.
            shown = f" {name[:20]!r}" if near else ""
            raise InvalidRequestError(f"%dreams has no such subcommand{shown}: {hint} %dream makes dreams")
        command = COMMANDS[name]
        what, words = cut_prompt(rest, command.options)
        if what and not command.usage:
            raise InvalidRequestError(f"%dreams {name} takes no arguments")
        if not what and command.usage == "WHICH":
            raise InvalidRequestError(
                f"%dreams {name} needs a variable, an id or last: %dreams history lists the dreams in the library"
            )
        answer: Callable[[str, list[str]], Answer] = getattr(self, f"_{name}")
        return answer(what, words)

    @property
    def _session(self) -> Session:
        return default_session()

    def _help(self) -> Listing[str]:
        rows = [(f"%dreams {name} {command.usage}".rstrip(), command.help) for name, command in COMMANDS.items()]
        return Listing(
            command="",
            title="subcommands of %dreams",
            rows=tuple(rows),
            note="%dream --help shows how to make dreams, %config DreamMagics shows every setting.",
            items=tuple(COMMANDS),
        )

    def _history(self, what: str, words: list[str]) -> Listing[Dream]:
        most = _whole(words[0].removeprefix("-n")) if words else _SHOWN
        # Rows that were never sent are still waiting or were refused, and are not dreams.
        found = [dream for dream in self._session.history() if dream.state != "intended" and has_words(dream, what)]
        trashed = {one.record.key for one in self._session.trash()}
        rows = [
            (
                dream.title,
                " · ".join(filter(None, [dream.kind, dream.request.aspect_ratio, _take(dream.take)])),
                "in the trash" if dream._record.key in trashed else _standing(dream),
                f"{dream.created.astimezone():%d %b %H:%M}",
                (dream.generation.id or "")[:8],
            )
            for dream in found[:most]
        ]
        which = f" with {what!r}" if what else ""
        count = f"{len(found)} {'dream' if len(found) == 1 else 'dreams'}{which}"
        rest, gone = len(found) - len(rows), sum(dream._record.key in trashed for dream in found)
        where = (
            f"in the library {self._session.library.folder.name!r}{f', {gone} of them in the trash' if gone else ''}"
        )
        return Listing(
            command="history",
            title=f"{count} {where}, newest first",
            headings=("prompt", "what", "state", "made", "id"),
            rows=tuple(rows),
            note=f"and {rest} older: -n shows more" if rest else "",
            items=tuple(found),
        )

    def _credits(self, _: str, __: list[str]) -> Facts:
        session, allowance = self._session, self._session.allowance
        balance = session.credits().credit_balance if can(session.backend, "balance") else None
        facts = {"balance": balance, "spent": allowance.spent, "budget": allowance.budget, "backend": session.backend}
        rows = [("backend", _name(session.backend)), ("spent in this session", dollars(allowance.spent))]
        if allowance.booked != allowance.lost and not allowance.shared and balance is not None:
            # The budget counts the higher of the two amounts.
            rows += [("by known prices", dollars(allowance.booked)), ("by the balance", dollars(allowance.lost))]
        if allowance.budget is not None:
            rows.append(("budget of this session", dollars(allowance.budget)))
        if balance is None:
            title = f"{session.backend} does not report a balance: see its dashboard"
        else:
            play = "" if is_paid(session.backend) else " of play money: the studio is free"
            title = f"{dollars(balance)} left{play}"
        return Facts(command="credits", title=title, rows=tuple(rows), facts=facts)

    def _jobs(self, _: str, __: list[str]) -> Listing[Job]:
        return _listed("jobs", self._session.jobs(), "under way", "%dreams stop stops waiting for them.")

    def _motions(self, _: str, __: list[str]) -> Listing[str]:
        motions = self._session.camera_motions()
        return Listing(
            command="motions",
            title=f"{len(motions)} camera motions, as words of a prompt",
            rows=tuple((motion,) for motion in motions),
            note=f"%dream a lighthouse in the fog, {motions[0]}" if motions else self._instead("concepts"),
            items=tuple(motions),
        )

    def _concepts(self, _: str, __: list[str]) -> Listing[str]:
        concepts = self._session.concepts()
        return Listing(
            command="concepts",
            title=f"{len(concepts)} concepts of a video",
            before="--concept ",
            rows=tuple((concept,) for concept in concepts),
            note=f"%dream a lighthouse in the fog --concept {concepts[0]}"
            if concepts
            else self._instead("camera motions"),
            items=tuple(concepts),
        )

    def _instead(self, words: Literal["camera motions", "concepts"]) -> str:
        """What to do if the backend does not list what was asked for, but may list the other kind."""
        command = words.rpartition(" ")[2]
        if self._session.lists == words:
            return f"This backend has {words} instead: %dreams {command} lists them."
        return "This backend lists neither concepts nor camera motions: describe the camera motion in the prompt."

    def _show(self, what: str, _: list[str]) -> Dream | Dreams:
        found = self._references.dreams(what, self._session.history)
        if not found:
            alike = [dream for dream in self._session.history() if dream.state != "intended" and has_words(dream, what)]
            # Dreams that could not be made are shown, with their reason, only if nothing else matches.
            found = Dreams([dream for dream in alike if dream._record.is_finished] or alike)
        if not found:
            raise InvalidRequestError(f"nothing in the library matches {what!r}: %dreams history lists its dreams")
        return found[0] if len(found) == 1 else found

    def _delete(self, what: str, words: list[str]) -> Facts:
        found = self._references.dreams(what, self._session.history)
        if len(found) != 1:
            count = f"{len(found)} dreams" if found else "not a variable or id"
            raise InvalidRequestError(f"{what!r} is {count}: give one dream; %dreams history shows the ids")
        (dream,) = found
        self._session.delete(dream, files="--files" in words)
        stays = "its file is in the trash for 30 days" if words else "its file stays"
        return Facts(
            command="delete",
            title=f"deleted on {_name(dream.backend)}: {dream.title!r}; {stays}",
            note="%dreams restore WHICH restores it here; on its server it stays deleted." if words else "",
            facts={"id": dream.generation.id, "files": bool(words)},
        )

    def _trash(self, _: str, words: list[str]) -> Answer:
        if words:
            count = self._session.empty_trash()
            return Facts(
                command="trash",
                title=f"{count} {'dream' if count == 1 else 'dreams'} deleted permanently",
                facts={"removed": count},
            )
        return list_trash(self._session)

    def _restore(self, what: str, _: list[str]) -> Dream:
        return restore_one(self._session, what, self._references)

    def _use(self, what: str, _: list[str]) -> Facts:
        if what:
            if what == "hosted" and not any(map(find_key, HOSTED_APIS)):
                raise ConfigurationError(f"no hosted API has a key: {which_key()}")
            name = choose_backend(what)
            # A missing key changes nothing, and neither does a session that is not open yet.
            self._session.use(name)
            self._state.settings.backend = name
        session = self._session
        rows = [("backend", _name(session.backend))]
        key = find_key(session.backend) if is_paid(session.backend) else None
        if key is not None:
            rows += [("address", key.base_url), ("key", f"from {key.source}"), ("budget", _cents(session))]
        cost = "costs money" if is_paid(session.backend) else "draws procedurally and is free"
        return Facts(
            command="use",
            title=f"requests now go to {_name(session.backend)}, which {cost}",
            rows=tuple(rows) if key else (),
            facts={"backend": session.backend},
        )

    def _stop(self, what: str, _: list[str]) -> Listing[Job]:
        jobs = self._session.jobs()
        if what:
            wanted = _jobs_of(*self._references.variable(what))
            chosen = [job for job in jobs if any(job is one for one in wanted)]
            jobs = chosen or [job for job in jobs if has_words(job, what)]
            if not jobs:
                raise InvalidRequestError(f"no job matches {what!r}: %dreams jobs lists the jobs under way")
        note = "What was sent continues on the server: run its cell again to rejoin it." if jobs else ""
        # Listed before they end, because stopped jobs end without a result, as if they had failed.
        listed = _listed("stop", jobs, "no longer waiting", note)
        for job in jobs:
            self._session.stop(job)
        return listed

    def _lost(self, what: str, words: list[str]) -> Answer:
        from dream_nb.notebook.commands.lost_requests import list_lost, settle_lost

        if not what and words:
            raise InvalidRequestError("%dreams lost needs the number of a request before its options")
        return settle_lost(self._session, what, words) if what else list_lost(self._session)

    def _rebuild(self) -> Facts:
        folder = default_library()
        # The old file must not be open while it is moved.
        close_default_session()
        rebuilt = rebuild_ledger(folder)
        return Facts(
            command="check",
            title=f"the ledger of {folder.name!r} was rebuilt, with {rebuilt.rows} rows",
            rows=(("the old ledger", rebuilt.aside.name),),
            facts={"rows": rebuilt.rows, "aside": rebuilt.aside.name},
        )

    def _check(self, _: str, words: list[str]) -> Answer:
        if "--rebuild" in words:
            return self._rebuild()
        from dream_nb.notebook.commands.checks import check_all

        checks = check_all()
        bad = sum(check.works is False for check in checks)
        return Listing(
            command="check",
            title="everything works" if not bad else f"{bad} of {len(checks)} need attention",
            rows=tuple((check.mark, check.name, check.found) for check in checks),
            note=" ".join(check.todo for check in checks if check.works is False),
            items=tuple(checks),
        )

    def _key(self, what: str, words: list[str]) -> Facts:
        from dream_nb.notebook.commands.key_prompt import ask_key, forget_key

        if what and what not in (*HOSTED_APIS, "hosted") and "://" not in what:
            # It may be a key, so it is not shown again.
            raise ConfigurationError(
                "do not type a key into a cell: if this was one, clear the cell and its output. Run %dreams key luma "
                "(or dream-machine, or a URL): it asks for the key without showing it"
            )
        if {"--forget", "--save"} <= {*words}:
            raise InvalidRequestError("--forget and --save exclude each other: leave out one of them")
        backend = self._backend_of_key(what)
        if "--forget" in words:
            return forget_key(backend)
        try:
            facts = ask_key(backend, save="--save" in words)
        except ConfigurationError:
            # The key may be kept all the same, if only the keyring did not store it.
            if (opened := open_default_session()) is not None:
                opened.renew(backend)
            raise
        session = self._session
        session.renew(backend)
        switch = "" if session.backend == backend else f": %dreams use {backend} switches to this server"
        return replace(facts, note=f"{facts.note} Requests go to {_name(session.backend)}{switch}.")

    def _backend_of_key(self, what: str) -> str:
        """The backend that is named, else that of the settings, else the only hosted API that has a key."""
        configured = self._state.settings.backend
        name = what or (configured if configured != "studio" else "")
        if name and name != "hosted":
            return choose_backend(name)
        # A key must not be sent to the wrong API, so this does not guess.
        known = [api for api in HOSTED_APIS if find_key(api)]
        if len(known) != 1:
            raise ConfigurationError(f"each API has keys of its own: {which_key()}")
        return known[0]


def _standing(dream: Dream) -> str:
    """The state of a dream that is not in the trash."""
    if dream._record.state == "deleted" and not dream._record.is_finished:
        return "deleted"
    return f"{dream.state}: {dream.failure_reason}" if dream.failure_reason else dream.state


def _jobs_of(value: Any, index: str | None) -> Sequence[Any]:
    """The running jobs in the value of a variable, or the one with an index.

    Raises:
        InvalidRequestError: it has no item with this index.
    """
    if isinstance(value, Storyboard):
        value = value._shooting
    jobs = value.jobs if isinstance(value, Sweep | Shooting) else value if isinstance(value, list) else (value,)
    if index is None:
        return jobs
    try:
        return (jobs[int(index)],)
    except IndexError:
        raise InvalidRequestError(f"no job has the number {index}: it has {len(jobs)} jobs, numbered from 0") from None


def _listed(command: str, jobs: list[Job], what: str, note: str) -> Listing[Job]:
    rows = [
        (
            job.title,
            " · ".join(filter(None, [job.request.kind, _take(job.take)])),
            job.progress.state
            if job.progress.fraction is None
            else f"{job.progress.state} {job.progress.fraction:.0%}",
            clock(job.seconds),
            _name(job.backend),
        )
        for job in jobs
    ]
    return Listing(
        command=command,
        title=f"{len(jobs)} {what}" if jobs else "no jobs under way",
        headings=("prompt", "what", "state", "time", "backend") if rows else (),
        rows=tuple(rows),
        note=note if rows else "",
        items=tuple(jobs),
    )


def _take(take: int) -> str:
    return f"take {take}" if take > 1 else ""


def _name(backend: str) -> str:
    return {"studio": "the studio"}.get(backend) or (backend if backend in HOSTED_APIS else origin_of(backend))


def _cents(session: Session) -> str:
    budget = session.allowance.budget
    spent = f"{dollars(session.allowance.spent)} spent in this session"
    return f"{spent}, no budget set" if budget is None else f"{spent} of {dollars(budget)}"


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InvalidRequestError(f"-n {text!r} is not a whole number from 1")
    return int(text)
