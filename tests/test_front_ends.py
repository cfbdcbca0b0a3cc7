"""Which front end shows the running cell, and what is sent to each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from dream_nb.front_ends import PYTHON, front_end
from dream_nb.html.stand_in import VIEW
from tests.kernel import Kernel, start_kernel

# The modules of Colab's kernels when a notebook begins, and what anywidget does to load its widgets there.
COLAB = """
import sys, types
colab, output = types.ModuleType("google.colab"), types.ModuleType("google.colab.output")
output.enable_custom_widget_manager = lambda: setattr(output._widgets, "_installed_url", "https://widgets.example")
output._widgets = types.SimpleNamespace(_installed_url=None)
colab.output = output
sys.modules |= {"google.colab": colab, "google.colab.output": output}
"""
NAME = "from dream_nb.front_ends import front_end; front_end().name"


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with the modules of Colab, which has made a video."""
    with start_kernel(
        tmp_path_factory.mktemp("colab"), DREAM_NB_STUDIO_SIDE="90", DREAM_NB_STUDIO_SECONDS="1"
    ) as kernel:
        assert kernel.run("import dream_nb\n" + COLAB).error is None
        yield kernel


def named(kernel: Kernel, cell: str | None, *, allow_stdin: bool = True) -> str:
    """The front end that a kernel assumes for a request with or without the name of its cell."""
    client: BlockingKernelClient = kernel.client
    message = client.session.msg(
        "execute_request",
        {"code": NAME, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": allow_stdin},
        metadata={} if cell is None else {"cellId": cell},
    )
    client.shell_channel.send(message)
    return str(kernel.answer(message["header"]["msg_id"]).result).strip("'")


def test_a_script_has_none() -> None:
    assert front_end() is PYTHON


def test_each_is_known_by_its_traces(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        assert named(kernel, "cell-1") == "a notebook of Jupyter"
        assert named(kernel, None) == "a notebook"
        assert named(kernel, "cell-1", allow_stdin=False) == "a program that runs notebooks"
        kernel.run("__vsc_ipynb_file__ = 'first.ipynb'")
        assert named(kernel, "cell-1") == "VS Code"
        kernel.run(COLAB)
        assert named(kernel, None) == "Google Colab"


def test_colab_gets_a_copy_of_the_video_and_no_link_to_a_file(colab: Kernel) -> None:
    (html,) = colab.run("d = %dream a lake").data()[-1:]
    assert re.search('<video src="data:video/mp4[^"]*"', html)
    assert "href=" not in html


def test_colab_gets_a_copy_of_what_was_made_of_dreams(colab: Kernel) -> None:
    (html,) = colab.run("d.clip(0, 0.5, 'part.mp4')").data()[-1:]
    assert re.search('<video src="data:video/mp4[^"]*"', html)
    assert "href=" not in html


def test_colab_is_told_where_widgets_come_from(colab: Kernel) -> None:
    shown = [one for one in colab.run("dream_nb.Card(d)").outputs if VIEW in one["data"]]
    assert shown[-1]["metadata"][VIEW]["colab"]["custom_widget_manager"]["url"] == "https://widgets.example"


def test_colab_is_told_so_of_the_card_that_waits(colab: Kernel) -> None:
    shown = [one for one in colab.run("e = %dream a hill").outputs if VIEW in one["data"]]
    assert shown[0]["metadata"][VIEW]["colab"]["custom_widget_manager"]["url"] == "https://widgets.example"
