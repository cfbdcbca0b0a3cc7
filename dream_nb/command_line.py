"""`python -m dream_nb`: the command line, with the options of `%dream`, for the same library and ledger."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

from dream_nb.api.errors import (
    BudgetError,
    ConfigurationError,
    DreamError,
    InvalidRequestError,
    NotReplayedError,
    OutcomeUnknownError,
    SweepError,
)
from dream_nb.api.schemas import shortened
from dream_nb.backends.backends import BACKENDS
from dream_nb.backends.keys import HOSTED_APIS
from dream_nb.default import configure_default_session, default_session
from dream_nb.files import given_path, written
from dream_nb.lines.arguments import Arguments, ask_for, check_options
from dream_nb.lines.options import DREAM, Group, Option, OptionParser, Options, argument, names
from dream_nb.lines.prompts import check_dash, unknown_option
from dream_nb.lines.references import References
from dream_nb.lines.settings import DreamSettings
from dream_nb.lines.spending import check_cost
from dream_nb.lines.wording import in_options, option_words
from dream_nb.media.pictures import FILE_QUALITY, jpeg
from dream_nb.requests.media import replace_media
from dream_nb.requests.newer import newer_note
from dream_nb.requests.plan import Entry, Plan
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job
from dream_nb.results.pending import REPLAYED, WaitInterrupted
from dream_nb.results.stills import still
from dream_nb.results.sweep import Sweep
from dream_nb.results.table import FACTS
from dream_nb.terminal.inline_picture import chosen_protocol, show_picture
from dream_nb.terminal.waiting import follow
from dream_nb.tutorial_files import tutorials
from dream_nb.version import __version__


class ExitStatus(IntEnum):
    """The exit status of the program."""

    DONE = 0
    NOT_MADE = 1
    WRONG = 2
    NOT_ALLOWED = 3
    UNKNOWN = 4
    INTERRUPTED = 130


_STATUSES: Final[Mapping[type[DreamError], ExitStatus]] = {
    InvalidRequestError: ExitStatus.WRONG,
    ConfigurationError: ExitStatus.WRONG,
    BudgetError: ExitStatus.NOT_ALLOWED,
    NotReplayedError: ExitStatus.NOT_ALLOWED,
    OutcomeUnknownError: ExitStatus.UNKNOWN,
}
_STATUS_HELP: Final = """\
exit status:
  0  everything was made, or was already in the library
  1  something could not be made or written
  2  the command is wrong: nothing was sent
  3  it would cost more than is allowed, or must not be made: nothing was sent
  4  it is unknown whether the server accepted a request: it is not sent again automatically
  130  interrupted: what was sent continues on the server, and the same command rejoins it

A key comes from the environment or the keyring, and settings come from the environment (DREAM_NB_BUDGET, ...), as in a
notebook.
"""

_NOT_HERE: Final = frozenset({"background", "name"})
"""The options of `%dream` that need a notebook."""
_OTHER_HELP: Final = {"concept": "What the camera does, such as dolly_zoom. Repeatable."}
_COMMAND: Final[Options] = (
    Group("The command line"),
    argument(
        "-o",
        "--output",
        metavar="PATH",
        help="Where to write a copy: a file, or a folder that exists or ends with /. A name that ends in .gif or .webp "
        "converts the video. Without it, the file is in the library only.",
    ),
    argument("--json", action="store_true", help="Print one line of JSON for each dream, and nothing else."),
    argument("--library", metavar="FOLDER", help="The library folder (default: dreams, in the working directory)."),
    argument("--backend", metavar="NAME", help=f"{', '.join(BACKENDS)}, hosted, or a URL."),
    argument("--tutorials", metavar="FOLDER", help="Copy the tutorials, notebooks for Jupyter, into a new folder."),
    argument("--version", action="store_true", help="Print the version."),
)


def _of_command(one: Option | Group) -> Option | Group:
    """An option or a heading with the command line's own help."""
    if isinstance(one, Group):
        text = one.description and one.description.replace(
            "a variable (Dream, Generation, path, Pillow image, array), ", ""
        )
        return Group(one.title, text and text.replace("an id, or last", "or an id"))
    return replace(one, details={**one.details, "help": _OTHER_HELP.get(one.name, one.details["help"])})


OPTIONS: Final[Options] = (
    *(_of_command(one) for one in DREAM if isinstance(one, Group) or one.name not in _NOT_HERE),
    *_COMMAND,
)
"""The options of `python -m dream_nb`: those of `%dream`, and its own."""

# Words of messages for notebooks, and their replacements for the command line.
_IN_A_NOTEBOOK: Final = {
    "run the cell again": "run the command again",
    "Run the cell again": "Run the command again",
    "run its cell again": "run its command again",
    "set it in a cell above.": "a command line has none.",
}
_COMMAND_OF_NOTEBOOK: Final = re.compile(
    rf"%dreams(?: key(?: --save)?(?: (?:{'|'.join(HOSTED_APIS)}|https?:\S+))?| [a-z]+\b(?: --[a-z]+)?)?"
)
_INCLUDING: Final = "To include it in the prompt, put -- before the prompt"
_CONVERTED: Final = frozenset({".gif", ".webp"})
_SAME: Final = {".jpeg": ".jpg"}
_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def main(words: Sequence[str]) -> int:
    """Run the command line.

    Args:
        words: the arguments after the program's name.

    Returns:
        The exit status.
    """
    # A path may have characters that the terminal's encoding cannot represent.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    try:
        with in_options():
            return _run(words)
    except WaitInterrupted as interrupt:
        _tell(f"Interrupted: {interrupt}")
    except KeyboardInterrupt:
        _tell("Interrupted. What was sent continues on the server: run the same command again to rejoin it.")
    except DreamError as error:
        _tell(f"{type(error).__name__}: {error}")
        return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), ExitStatus.NOT_MADE)
    return ExitStatus.INTERRUPTED


def _run(words: Sequence[str]) -> int:
    parser = OptionParser(
        OPTIONS,
        prog="python -m dream_nb",
        usage="%(prog)s [options] PROMPT",
        description="Make a video or an image from a prompt. Repeating a request returns the same file at once.",
        epilog=_STATUS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    prompt, given = _read(parser, words)
    if given.version:
        _print(f"dream_nb {__version__}")
        return ExitStatus.DONE
    if given.help:
        _print(parser.format_help().rstrip("\n"))
        return ExitStatus.DONE
    if given.tutorials is not None:
        _print(str(tutorials(given.tutorials)))
        return ExitStatus.DONE
    check_options(given)
    chosen_protocol()
    settings = DreamSettings()
    for name in ("library", "backend"):
        if (value := getattr(given, name)) is not None:
            configure_default_session(name, value)
    session = default_session()
    references = References({}, made=session.find, in_notebook=False)
    arguments = ask_for(prompt, given, references=references, defaults=settings.defaults())
    output = _check_output(arguments)
    plan = session.plan(arguments.asks)
    if plan.backend != "studio" and (note := newer_note(ask.request for ask in arguments.asks)):
        _tell(note)
    if given.dry_run:
        _print(*map(_of_entry, plan.entries)) if given.json else _print(repr(plan))
        return ExitStatus.DONE
    _ask(plan, given, settings.sweep_size)
    _make(arguments, plan, output)
    return ExitStatus.DONE


def _read(parser: OptionParser, words: Sequence[str]) -> tuple[str, Any]:
    """The prompt and the options of a command line."""
    known = names(OPTIONS)
    parser.add_argument("prompt", nargs="*", help=argparse.SUPPRESS)
    # argparse does not stop at "--" when options and prompt may be in any order.
    end = words.index("--") if "--" in words else len(words)
    given, unknown = parser.parse_known_intermixed_args(words[:end])
    if unknown:
        name = unknown[0].partition("=")[0]
        raise InvalidRequestError(f"{unknown_option(name, known)} {_INCLUDING}")
    for word in given.prompt:
        if not any(map(str.isspace, word)):
            try:
                check_dash(word, known)
            except InvalidRequestError as error:
                raise InvalidRequestError(f"{error} {_INCLUDING}") from None
    return " ".join([*given.prompt, *words[end + 1 :]]), given


def _ask(plan: Plan, given: Any, most: int) -> None:
    """Say what will be paid for, and ask for confirmation if it is much."""
    if plan.backend == "studio" or not plan.new:
        return
    dreams = "dream" if plan.new == 1 else "dreams"
    _tell(f"{plan.new} new {dreams} of {plan.backend}, {plan.cost}")
    can_ask = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    check_cost(plan, given.budget, None if given.yes or can_ask else most)
    if can_ask and not given.yes and plan.new > most:
        sys.stderr.write(f"Make and pay for {plan.new} dreams? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise BudgetError("nothing was sent: add --yes to make them without being asked")


def _make(arguments: Arguments, plan: Plan, output: Path | None) -> None:
    """Make what was requested, and print each dream."""
    session = default_session()
    job: Job | Sweep
    if arguments.is_single:
        (ask,) = arguments.asks
        job = session.submit(ask.request, take=ask.take, fresh=ask.fresh)
        jobs: Sequence[Job] = [job]
    else:
        job = session.start(plan, prompt=arguments.prompt)
        jobs = job.jobs
    if job.replayed and sys.stderr.isatty():
        _tell(REPLAYED.note)
    try:
        with contextlib.nullcontext() if job.replayed else follow(job):
            job.result()
    except SweepError:
        # The other dreams are made, and paid for, so they are printed before the error.
        _print_made(jobs, output, arguments.options)
        raise
    _print_made(jobs, output, arguments.options)


def _print_made(jobs: Sequence[Job], output: Path | None, given: Any) -> None:
    for job in jobs:
        if job.exception() is not None:
            continue
        dream = job.result()
        copies = _copy(dream, output) if output is not None else []
        if given.json:
            _print(_of_dream(dream, copies, is_replay=job.replayed))
        else:
            show_picture(partial(still, [dream]))
            _print(*map(str, copies or dream.files))


def _of_dream(dream: Dream, copies: Sequence[Path], *, is_replay: bool) -> str:
    """A dream as one line of JSON."""
    facts = {name: read(dream) for name, (_, read) in FACTS.items()}
    return _json(
        facts
        | {
            "files": [os.path.abspath(path) for path in dream.files],  # noqa: PTH100 - links stay as they are
            "copies": [str(copy) for copy in copies],
            "replayed": is_replay,
            "request": replace_media(dream.request.wire(), shortened),
        }
    )


def _of_entry(entry: Entry) -> str:
    """What would be requested, as one line of JSON."""
    return _json(
        {
            "request": replace_media(entry.document, shortened),
            "take": entry.ask.take,
            "standing": entry.standing,
            "cents": entry.cents,
        }
    )


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, default=_as_text)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _check_output(arguments: Arguments) -> Path | None:
    """The target of copies; None if there are none. Checked before anything is sent.

    Raises:
        InvalidRequestError: the target cannot be written, or does not suit the request.
    """
    text = arguments.options.output
    if text is None:
        return None
    path = given_path(text)
    if text.endswith(("/", os.sep)) or path.is_dir():
        if not arguments.options.dry_run:
            with _writable(text):
                path.mkdir(parents=True, exist_ok=True)
        return path
    if len(arguments.asks) > 1:
        raise InvalidRequestError(
            f"-o {text!r} is one file, and this makes {len(arguments.asks)}: give a folder, such as -o {text}/"
        )
    suffixes = _PICTURES if arguments.asks[0].request.kind == "image" else {".mp4", *_CONVERTED}
    if path.suffix.lower() not in suffixes:
        raise InvalidRequestError(
            f"-o {text!r} is not a name for {'an image' if suffixes is _PICTURES else 'a video'}: use one that ends in "
            f"{', '.join(sorted(suffixes))}"
        )
    if not path.parent.is_dir():
        raise InvalidRequestError(f"-o {text!r}: the folder {str(path.parent)!r} does not exist: create it first")
    return path


@contextmanager
def _writable(text: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidRequestError(
            f"-o {text!r}: the folder cannot be created ({error.strerror or error}): choose another one"
        ) from error


def _copy(dream: Dream, output: Path) -> list[Path]:
    """Copy all files of a dream into a folder, or its first file to a file. Returns the copies."""
    if output.is_dir():
        return [_copied(source, output / source.name) for source in dream.files]
    source, suffix = dream.path, output.suffix.lower()
    if _SAME.get(suffix, suffix) == source.suffix.lower():
        return [_copied(source, output)]
    if dream.kind == "image":
        with written(output) as unfinished:
            if suffix in {".jpg", ".jpeg"}:
                unfinished.write_bytes(jpeg(dream.image, quality=FILE_QUALITY))
            else:
                dream.image.save(unfinished, format=suffix[1:].upper())
    elif suffix in _CONVERTED:
        (dream.to_gif if suffix == ".gif" else dream.to_webp)(output)
    else:
        raise DreamError(f"the server made {source.suffix}, not {suffix}: the file is {str(source)!r}")
    return [output]


def _copied(source: Path, path: Path) -> Path:
    with written(path) as unfinished:
        shutil.copyfile(source, unfinished)
    return path


def _tell(message: str) -> None:
    """Write a line for people to standard error, in the words of a command line."""
    message = option_words(message)
    for theirs, ours in _IN_A_NOTEBOOK.items():
        message = message.replace(theirs, ours)
    # A key that a notebook asks for is available to the command line if the keyring has it.
    message = message.replace("%dreams key", "%dreams key --save")
    message = _COMMAND_OF_NOTEBOOK.sub(r"\g<0> in a notebook", message)
    sys.stderr.write(f"{message}\n")


def _print(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
