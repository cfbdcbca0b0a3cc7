"""`%dream` and `%%dream`."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from dream_nb.notebook.arguments import read_arguments
from dream_nb.notebook.live import open_card
from dream_nb.notebook.previews import Previews
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job
from dream_nb.session import default_session


class WaitInterrupted(KeyboardInterrupt):
    """The wait for a dream was interrupted. The dream goes on."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


@magics_class
class DreamMagics(Magics):
    """The magics of dream_nb.

    Args:
        shell: where they are registered.
        previews: shows what they make, once a cell.
    """

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, previews: Previews) -> None:
        super().__init__(shell)
        self.previews = previews

    @no_var_expand
    @line_cell_magic
    @magic_arguments()
    @argument("-i", "--image", action="store_true", help="Make an image instead of a video.")
    @argument("-a", "--aspect-ratio", metavar="W:H", help="1:1, 16:9 (the default), 9:16, 4:3, 3:4, 21:9 or 9:21.")
    @argument("-l", "--loop", action="store_true", help="Make a video whose end meets its beginning.")
    @argument("-t", "--take", type=int, metavar="N", help="Which result of the same request (1).")
    @argument("-f", "--fresh", action="store_true", help="Make another take at every run, whatever is there.")
    def dream(self, line: str, cell: str | None = None) -> Dream:
        """Make a video, or an image, of a prompt, show it, and give it back as a Dream.

        The prompt is taken as it is typed, with or without quotes around it; options stand before or after it. The
        same request gives back the same dream from the library, at once::

            %dream a serene lake at sunset
            %dream "a serene lake at sunset" --loop --aspect-ratio 21:9
            %dream --image a lighthouse in the fog
            d = %dream a city in the rain at night --take 2

        In a cell of its own the lines below are the prompt::

            %%dream --aspect-ratio 9:16
            a waterfall in a green valley,
            slow morning mist
        """
        arguments = read_arguments(DreamMagics.dream.parser, line, cell)  # type: ignore[union-attr]
        dream = self._wait(default_session().submit(arguments.request, take=arguments.take, fresh=arguments.fresh))
        self.previews.show(dream)
        return dream

    def _wait(self, job: Job) -> Dream:
        try:
            with open_card(self.shell, job):
                return job.result()
        except KeyboardInterrupt:
            message = "no longer waiting; the dream goes on. Run the cell again to come back to it."
            raise WaitInterrupted(message) from None
