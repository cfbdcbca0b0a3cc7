"""The key is in nothing that a session writes, says or raises."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path

import pytest

from dream_nb.session import make_request
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
