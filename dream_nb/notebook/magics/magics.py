"""`%dream`, `%%dream`, `%%storyboard` and `%dreams`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_cell_magic, line_magic, magics_class, no_var_expand

from dream_nb.api.errors import DreamError, SweepError
from dream_nb.default import default_session
from dream_nb.lines.arguments import Arguments, read_arguments
from dream_nb.lines.options import DREAM, STORYBOARD, asks_for_help, names
from dream_nb.lines.references import References
from dream_nb.lines.settings import DreamSettings
from dream_nb.lines.spending import check_cost
from dream_nb.lines.wording import in_options
from dream_nb.notebook.cell.previews import Previews
from dream_nb.notebook.cell.progress_card import keep_card, open_card
from dream_nb.notebook.commands.commands import Answer, Commands, asks_for_command_help
from dream_nb.notebook.magics.declaring import takes
from dream_nb.notebook.magics.storyboards import read_storyboard
from dream_nb.notebook.scope import Scope
from dream_nb.notebook.state import NotebookState
from dream_nb.requests.newer import newer_note
from dream_nb.requests.plan import Plan
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.results.pending import WaitInterrupted
from dream_nb.results.sweep import Sweep
from dream_nb.storyboard.shooting import Shooting
from dream_nb.storyboard.storyboard import Storyboard

if TYPE_CHECKING:
    from dream_nb.notebook.widgets.panel import Panel

Made = Dream | Dreams | Storyboard | Job | Sweep | Shooting | Plan


@magics_class
class DreamMagics(DreamSettings, Magics):
    """The magics of dream_nb.

    Args:
        shell: the shell in which they are registered.
        previews: shows the results, once per cell.

    Attributes:
        previews: the object that was given.
        state: the state of the notebook.
    """

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, previews: Previews) -> None:
        super().__init__(shell=shell, parent=shell)
        self.previews = previews
        self.state = NotebookState(shell, self)

    @no_var_expand
    @line_cell_magic
    @takes(DREAM)
    def dream(self, line: str, cell: str | None = None) -> Made | Panel | None:
        r"""Make a video or an image from a prompt, show it, and return it as a Dream.

        The prompt is used as it is typed, with or without quotation marks; options come before or after it. Repeating
        a request returns the same dream from the library, at once::

            %dream a serene lake at sunset
            %dream "a serene lake at sunset" --loop --aspect-ratio 21:9
            %dream --image a lighthouse in the fog
            d = %dream a city in the rain at night --take 2

        Without anything else on its line, it opens the panel, a form for all of this.

        As a cell magic, it takes the lines below as the prompt; lines of --- separate several prompts::

            %%dream --aspect-ratio 9:16
            a waterfall in a green valley,
            slow morning mist

        Continue an earlier dream, or start from pictures of your own::

            %dream the sun goes down --frame0 d
            %dream from day to night --frame0 day.jpg --frame1 night.jpg
            %dream a quiet harbour --style-ref palette.jpg:0.6

        Edit a video or an image::

            %dream in deep snow --modify d
            %dream --reframe d -a 9:16

        Make several at once, with alternatives in braces and with takes. {{name}} inserts a variable that holds text or
        a number, from the enclosing function or else from the notebook. A backslash before the brace, or --raw, keeps
        the braces in the prompt::

            %dream a lake at {dawn|noon|dusk} in {season=spring|winter} --dry-run
            %dream a {{animal}} in the snow -n 3

        Continue working while it is made::

            job = %dream a forest in the wind --background
        """
        if asks_for_help(line, names(DREAM)):
            _tell_help(DreamMagics.dream)
            return None
        try:
            with in_options():
                return self._dream(line, cell)
        except KeyboardInterrupt as interrupt:
            raise _plain(interrupt) from None

    @no_var_expand
    @line_magic
    def dreams(self, line: str) -> Answer | None:
        """Manage dreams, jobs, keys and backends. Each subcommand shows an object and returns it::

        %dreams                              lists the subcommands
        %dreams history fog                  lists the dreams in the library that contain these words, newest first
        %dreams show d                       shows dreams again, found by variable, id, last, or words
        %dreams delete 3f2a91c0 --files      deletes a dream on its server, and moves its file to the trash
        %dreams trash                        lists what was deleted in the last 30 days; --empty deletes it permanently
        %dreams restore 3f2a91c0             restores a dream from the trash
        %dreams jobs                         lists the jobs under way
        %dreams stop                         stops waiting; what was sent continues on the server
        %dreams credits                      shows the balance and what this session has spent
        %dreams motions                      lists the camera motions of the backend, as words for a prompt
        %dreams concepts                     lists the concepts of the backend, for --concept
        %dreams use studio                   switches the backend to studio, dream-machine, luma, or a URL
        %dreams key --save                   asks for a key without showing it; --save and --forget use the keyring
        %dreams lost                         lists requests with an unknown outcome, and their possible results
        %dreams check                        checks key, network, library and versions

        --help, also after a subcommand, shows this.
        """
        if asks_for_command_help(line):
            _tell_help(DreamMagics.dreams)
            return None
        with in_options():
            answer = Commands(self.state, Scope.of_caller(self.shell)).run(line)
        self.previews.show(answer)
        return answer

    @no_var_expand
    @cell_magic
    @takes(STORYBOARD)
    def storyboard(self, line: str, cell: str) -> Storyboard | Shooting | Plan | None:
        r"""Make a film of several shots, show it, and return it as a Storyboard.

        Each line is a shot that continues from the last frame of the shot before it. A line of --- is a cut: the next
        shot starts independently, and is made at the same time::

            %%storyboard --aspect-ratio 21:9 --name film
            a quiet harbour at dawn
            the sun climbs over the masts
            ---
            the market square at noon
            rain sets in

        --sound on the first line sets the sound of every shot; at the end of a shot's line, the sound of that shot::

            the sun climbs over the masts --sound gulls, waves

        Running the cell again makes only the shots that are missing or were changed. {{name}} inserts a variable that
        holds text or a number.
        """
        if asks_for_help(line, names(STORYBOARD)):
            _tell_help(DreamMagics.storyboard)
            return None
        try:
            with in_options():
                return self._storyboard(line, cell)
        except KeyboardInterrupt as interrupt:
            raise _plain(interrupt) from None

    def _storyboard(self, line: str, cell: str) -> Storyboard | Shooting | Plan | None:
        scope = Scope.of_caller(self.shell)
        board, options = read_storyboard(
            line,
            cell,
            references=References(scope, self.state.last),
            defaults=self.defaults(),
            session=default_session(),
        )
        if options.name is not None:
            scope.check_target(options.name)
            self.shell.push({options.name: board})
        plan = board.plan()
        if plan.backend != "studio" and (note := newer_note(entry.ask.request for entry in plan.entries)):
            sys.stderr.write(f"{note}\n")
        if options.dry_run:
            self.previews.show(plan)
            return plan
        check_cost(plan, options.budget, None if options.yes else self.sweep_size)
        before, self.state.last = self.state.last, (shooting := board.start())
        if options.background:
            keep_card(shooting)
            self.previews.hide(shooting)
            return shooting
        with open_card(self.shell, shooting) as card:
            try:
                shooting.result()
            except SweepError:
                self.state.last = before
                self.previews.show(board, card)
                raise
            self.previews.show(board, card, is_replay=shooting.replayed)
        return board

    def _dream(self, line: str, cell: str | None) -> Made | Panel | None:
        if cell is None and not line.strip() and hasattr(self.shell, "kernel"):
            from dream_nb.notebook.widgets.panel import Panel

            return Panel()
        scope = Scope.of_caller(self.shell)
        arguments = read_arguments(
            line,
            cell,
            references=References(scope, self.state.last, made=default_session().find),
            defaults=self.defaults(),
        )
        if arguments.options.name is not None:
            scope.check_target(arguments.options.name)
        is_paid = default_session().backend != "studio"
        if is_paid and (note := newer_note(ask.request for ask in arguments.asks)):
            sys.stderr.write(f"{note}\n")
        made = self._plan(arguments) if arguments.options.dry_run else self._make(arguments)
        if arguments.options.name is not None:
            self.shell.push({arguments.options.name: made})
        return made

    def _plan(self, arguments: Arguments) -> Plan:
        plan = default_session().plan(arguments.asks)
        self.previews.show(plan)
        return plan

    def _make(self, arguments: Arguments) -> Made:
        before, job = self.state.last, self._submit(arguments)
        self.state.last = job
        if arguments.options.background:
            keep_card(job)
            self.previews.hide(job)
            return job
        try:
            self.state.last = made = self._wait(job)
        except DreamError:
            self.state.last = before
            raise
        return made

    def _submit(self, arguments: Arguments) -> Job | Sweep:
        session = default_session()
        asks, options = arguments.asks, arguments.options
        if not arguments.is_single or options.budget is not None:
            plan = session.plan(asks)
            check_cost(plan, options.budget, None if options.yes else self.sweep_size)
        if arguments.is_single:
            return session.submit(asks[0].request, take=asks[0].take, fresh=asks[0].fresh)
        return session.start(plan, prompt=arguments.prompt)

    def _wait(self, job: Job | Sweep) -> Dream | Dreams:
        """Wait for the result of the job, and show it."""
        with open_card(self.shell, job) as card:
            try:
                made = job.result()
            except SweepError as error:
                if error.dreams:
                    self.previews.show(error.dreams, card)
                raise
            self.previews.show(made, card, is_replay=job.replayed)
        return made


def _plain(interrupt: KeyboardInterrupt) -> WaitInterrupted:
    """Show an interrupt as one line. Only an interrupted wait knows that work continues."""
    if isinstance(interrupt, WaitInterrupted):
        return interrupt
    return WaitInterrupted("%dreams jobs lists what was sent before that and is still under way.")


def _tell_help(magic: Callable[..., Any]) -> None:
    """Print what `?` shows for a magic."""
    sys.stdout.write(f"{inspect.getdoc(magic)}\n")
