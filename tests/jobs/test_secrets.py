"""The key is in nothing that a session writes, shows or raises."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from pathlib import Path

import nbclient
import nbformat
import pytest

from dream_nb.requests.fields import make_request
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import SECONDS, Hosted, texts


def test_the_key_is_in_no_file_log_repr_pickle_or_traceback(
    server: Hosted, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults.add(
        Fault(method="POST", answer=429, headers={"retry-after": "0"}), Fault(method="POST", drop="after")
    )
    session = server.session(prices={})
    dream = session.submit(make_request("a lake", kind="image")).result(SECONDS)
    server.faults.add(Fault(method="POST", answer=400, detail=f"no such key as {server.key}"))
    job = session.submit(make_request("a pond", kind="image"))
    error = job.exception(SECONDS)
    assert error is not None
    said = [
        repr(thing) for thing in (session, dream, job, job.progress, dream.generation, session.library.ledger.all())
    ]
    said += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    said += [pickle.dumps(error).decode("latin-1"), caplog.text, *capfd.readouterr(), texts(Path("dreams"))]
    assert server.key in server.books.keys[0]
    assert [text for text in said if server.key in text] == []


def test_the_key_is_in_no_executed_notebook(server: Hosted, tmp_path: Path) -> None:
    server.faults.add(Fault(method="POST", answer=401, detail=f"no such key as {server.key}", skip=1))
    cells = [
        "import logging; logging.basicConfig(level=logging.DEBUG); logging.getLogger('dream_nb').setLevel('DEBUG')",
        "%load_ext dream_nb",
        "d = %dream --image a lake\nd",
        "%dream --image a pond",
        "%tb",
        "%dream --image a hill --dry-run",
        "from dream_nb.default import default_session\ndefault_session(), default_session().jobs(), d.generation",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    # The kernel gets the key from the environment, as it does for users.
    executor = nbclient.NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}})
    executor.execute()
    saved = nbformat.writes(notebook)
    assert "AuthenticationError" in saved
    assert "POST" in saved
    assert server.key in server.books.keys[0]
    assert server.key not in saved


def test_a_key_that_comes_back_in_an_answer_is_neither_shown_nor_kept(server: Hosted, key: str) -> None:
    body = json.dumps({"id": "x", "state": "failed", "failure_reason": f"{key} is not allowed to"})
    server.faults.add(Fault(method="GET", path="/generations/*", answer=200, body=body, times=None))
    error = server.session().submit(make_request("a lake", kind="image")).exception(SECONDS)
    assert "[key] is not allowed to" in str(error)
    assert key not in texts(Path("dreams"))
