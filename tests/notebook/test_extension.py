"""`%load_ext`, `%reload_ext` and `%unload_ext`: unloading removes everything that loading adds."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import psutil
import pytest

from dream_nb.api.portal import run
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_magic import previews

COUNT = """
shell = get_ipython()
manager = shell.input_transformer_manager
formatter = shell.display_formatter.ipython_display_formatter
counted = {
    "magics": sorted(name for kind in shell.magics_manager.magics.values() for name in kind),
    "registry": sorted(shell.magics_manager.registry),
    "transformers": len(manager.token_transformers) + len(manager.line_transforms) + len(manager.cleanup_transforms),
    "matchers": [one.__qualname__ for one in shell.Completer.custom_matchers],
    "callbacks": {event: len(called) for event, called in shell.events.callbacks.items()},
    "configurables": len(shell.configurables),
    "formatters": len(formatter.type_printers) + len(formatter.deferred_printers),
}
"""

WAIT_FOR_THREADS = """
import threading, time
end = time.monotonic() + 30
while left := [one.name for one in threading.enumerate() if "dream" in one.name.lower()]:
    assert time.monotonic() < end, left
    time.sleep(0.05)
"""


def counted(kernel: Kernel) -> dict[str, Any]:
    assert kernel.run(COUNT).error is None
    counted: dict[str, Any] = ast.literal_eval(kernel.run("counted").result or "")
    return counted


def test_unloading_leaves_what_was_there_before(tmp_path: Path) -> None:
    given = {"DREAM_NB_STUDIO_SIDE": "32", "DREAM_NB_STUDIO_SECONDS": "0.25"}
    with start_kernel(tmp_path, **given) as kernel:
        loaded = counted(kernel)
        kernel.run("%unload_ext dream_nb")
        before = counted(kernel)
        assert not {name for name in before if before[name] == loaded[name]}
        children = len(psutil.Process(kernel.pid).children(recursive=True))
        for source in ("%load_ext dream_nb", "%reload_ext dream_nb", "%load_ext dream_nb"):
            assert kernel.run(source).error is None
            assert previews(kernel.run(f"%dream a lake --take {len(source)}")) == 1
            kernel.run("%dreams history")
            assert counted(kernel) == loaded
        kernel.run("%unload_ext dream_nb")
        assert counted(kernel) == before
        assert kernel.run(WAIT_FOR_THREADS).error is None
        left = psutil.Process(kernel.pid).children(recursive=True)
        psutil.wait_procs(left[children:], timeout=30)
        assert len(psutil.Process(kernel.pid).children(recursive=True)) == children


def test_unloading_while_a_job_is_under_way_loses_nothing(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="90") as kernel:
        kernel.run("job = %dream a lake --background")
        assert kernel.run("%unload_ext dream_nb").error is None
        assert kernel.run("job.done()").result == "True"
        kernel.run("%load_ext dream_nb")
        assert previews(kernel.run("d = %dream a lake")) == 1
        assert kernel.run("len(d._library.ledger.all())").result == "1"


def test_a_setting_of_the_session_does_not_outlive_the_extension(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="32") as kernel:
        kernel.run("get_ipython().magics_manager.registry['DreamMagics'].library = 'others'")
        kernel.run("%reload_ext dream_nb\nd = %dream -i a hill")
        assert kernel.run("d.path.parts[0]").result == "'dreams'"


def test_the_one_patch_that_stays_is_said(tmp_path: Path) -> None:
    assert "the patch stays until the process ends" in (run.__doc__ or "")
    with start_kernel(tmp_path) as kernel:
        asked = "import asyncio; hasattr(asyncio.get_running_loop(), '_nest_patched')"
        assert kernel.run(asked).result == "False"
        kernel.run("import dream_nb\nasync def three(): return 3")
        assert kernel.run("dream_nb.run(three())").result == "3"
        kernel.run("%unload_ext dream_nb")
        assert kernel.run("1 + 1").result == "2"


@pytest.mark.parametrize("source", ["%unload_ext dream_nb", "%load_ext dream_nb"])
def test_twice_is_no_error(tmp_path: Path, source: str) -> None:
    with start_kernel(tmp_path) as kernel:
        assert kernel.run(source).error is None
        assert kernel.run(source).error is None
