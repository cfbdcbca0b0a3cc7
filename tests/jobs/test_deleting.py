"""Deleting asks the server first, and keeps all records."""

from __future__ import annotations

import pytest

from dream_nb.api.errors import APIError, DreamError
from dream_nb.requests.fields import make_request
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import SECONDS, Hosted

REQUEST = make_request("a lake", kind="image")


def test_the_row_stays_as_deleted_and_the_file_is_still_replayed(server: Hosted) -> None:
    session = server.session()
    dream = session.submit(REQUEST).result(SECONDS)
    session.delete(dream)
    assert server.made == []
    assert [record.state for record in session.library.ledger.all()] == ["deleted"]
    assert session.submit(REQUEST).replayed


def test_with_its_file_it_is_not_paid_for_again_by_itself(server: Hosted) -> None:
    session = server.session()
    dream = session.submit(REQUEST).result(SECONDS)
    session.delete(dream, files=True)
    assert list(session.library.folder.glob("lake-*")) == []
    with pytest.raises(DreamError, match=r"was deleted: restore it, .* or make another take \(take=2\)"):
        session.submit(REQUEST).result(SECONDS)
    assert server.books.count("POST") == 1


@pytest.mark.parametrize("fault", [Fault(method="DELETE", drop="after"), Fault(method="DELETE", answer=502)])
def test_a_lost_answer_is_asked_for_again(server: Hosted, fault: Fault) -> None:
    session = server.session()
    dream = session.submit(REQUEST).result(SECONDS)
    server.faults.add(fault)
    session.delete(dream)
    assert server.made == []


def test_what_the_server_does_not_delete_stays_as_it_is(server: Hosted) -> None:
    session = server.session()
    dream = session.submit(REQUEST).result(SECONDS)
    server.faults.add(Fault(method="DELETE", answer=403, times=None))
    with pytest.raises(APIError, match="deleteGeneration: 403"):
        session.delete(dream, files=True)
    assert [record.state for record in session.library.ledger.all()] == ["taken"]
    assert dream.path.exists()
