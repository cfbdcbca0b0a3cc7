"""A session whose studio says that nothing can be drawn, or why drawing takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

from dream_nb.api.errors import ClusterGoneError
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import SECONDS
from tests.studio.machine import FakeCluster, wait_for

pytestmark = pytest.mark.usefixtures("small")
REQUESTS = [make_request("a lake", kind="image"), make_request("a lake", kind="image", model="uni-1")]
GONE = "the dask scheduler is gone"


@pytest.mark.parametrize("request_", REQUESTS, ids=["dream-machine", "luma"])
def test_a_job_that_cannot_be_drawn_ends_and_is_rejoined_where_it_stands(tmp_path: Path, request_: object) -> None:
    clusters = [FakeCluster(2, GONE)]
    with Session(tmp_path, "studio", executor=lambda: clusters[-1].executor) as session:
        with pytest.raises(ClusterGoneError, match=f"^not made yet: {GONE}. It stays queued in the studio"):
            session.submit(request_).result(SECONDS)  # type: ignore[arg-type]
        (record,) = session.library.ledger.under_way()
        assert record.generation is not None
        clusters.append(FakeCluster(2))
        dream = session.submit(request_).result(SECONDS)  # type: ignore[arg-type]
        assert dream.generation.id == record.generation.id


def test_a_job_that_waits_for_workers_says_so(tmp_path: Path) -> None:
    cluster = FakeCluster(0)
    cluster.note = "the dask cluster has no workers"
    with Session(tmp_path, "studio", executor=lambda: cluster.executor) as session:
        job = session.submit(REQUESTS[0])
        wait_for(lambda: job.progress.note == cluster.note)
        cluster.width, cluster.note = 2, None
        job.result(SECONDS)
