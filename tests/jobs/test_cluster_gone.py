"""A session whose dask cluster disappears in the middle of its work."""

from __future__ import annotations

from pathlib import Path

import pytest

from dream_nb.api.errors import ClusterGoneError
from dream_nb.requests.fields import make_request
from dream_nb.results.dreams import Dreams
from dream_nb.results.measure import MeasureWarning
from dream_nb.session import Session
from tests.jobs.hosted import SECONDS
from tests.studio.dask_processes import running_cluster
from tests.studio.machine import PATIENCE, wait_for

pytest.importorskip("distributed", reason="dask is not installed: pip install dream_nb[distributed]")

pytestmark = pytest.mark.filterwarnings("ignore:Sending large graph")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("is_killed", [True, False])
def test_jobs_end_with_what_to_do_and_the_next_session_takes_them_up(tmp_path: Path, is_killed: bool) -> None:
    (tmp_path / "cluster").mkdir()
    requests = [make_request(f"a lake {number}") for number in range(4)]
    with running_cluster(tmp_path / "cluster", 1) as cluster:
        executor = cluster.client.get_executor
        with Session(tmp_path / "library", "studio", executor=executor) as session:
            made = session.dream("a canyon", kind="image")
            # The drawings must not finish before the scheduler is killed.
            with cluster.standing_still():
                jobs = [session.submit(request) for request in requests]
                wait_for(lambda: jobs[0].progress.state == "dreaming")
                if is_killed:
                    cluster.scheduler.kill()
                else:
                    cluster.scheduler.terminate()
                wait_for(lambda: cluster.client.status != "running")
            for job in jobs:
                with pytest.raises(ClusterGoneError) as raised:
                    job.result(SECONDS)
                assert str(raised.value) == (
                    f"not made yet: the dask scheduler at {cluster.address} is gone. It stays queued in the "
                    "studio, for this session and the next: connect to a running cluster, then run the cell "
                    "again to continue"
                )
            with pytest.warns(MeasureWarning, match=f"the dask scheduler at {cluster.address} is gone: connect to"):
                measured = Dreams([made]).measure("contrast")
            assert measured.measures[0]["contrast"] is None
            sent = [record.generation and record.generation.id for record in session.library.ledger.under_way()]
    assert len(sent) == 4
    with Session(tmp_path / "library", "studio") as session:
        dreams = [session.submit(request).result(PATIENCE) for request in requests]
        assert [dream.generation.id for dream in dreams] == sent
