"""A sweep on a Dask cluster of several processes, one of which is killed in the middle."""

from collections import Counter

import pytest
import sweep_jobs

from tgsh.errors import ParameterError
from tgsh.runs import grid, sweep, sweep_table
from tgsh.runs._sweep import _backends

distributed = pytest.importorskip("distributed")


def test_a_killed_worker_loses_nothing_and_doubles_nothing(tmp_path):
    place = tmp_path / "runs"
    place.mkdir()
    said = []

    def say(line):
        said.append(line)
        if line.startswith("waiting"):
            cluster.scale(2)

    options = {"n_workers": 1, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, worker_dashboard_address=None, silence_logs=50) as cluster:
        cells = grid(x=range(6), place=[str(place)])
        address = cluster.scheduler_address
        # In its first run, the job of cell 1 kills its own process.
        done = sweep(sweep_jobs.once_deadly, cells, tmp_path / "out", backend="dask", scheduler=address, say=say)
        with distributed.Client(cluster):  # of this process: no address needed
            one_more = grid(x=[6], place=[str(place)])
            assert len(sweep(sweep_jobs.once_deadly, one_more, tmp_path / "out", backend="dask").keys) == 1
    begun = Counter(int(path.name.split("-")[1]) for path in place.iterdir())
    assert begun == {x: 2 if x == 1 else 1 for x in range(7)}
    assert done.failures == {}
    assert said[0] == "waiting for workers: the cluster has 1 of the 2 cores that a sweep needs"
    assert len(said) == 7
    assert sweep_table(tmp_path / "out")["square"].to_pylist() == [x * x for x in range(7)]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("tcp://127.0.0.1:9", "no Dask scheduler answers at tcp://127.0.0.1:9 within 1 s; an address looks like"),
        ("nonsense", "'nonsense' is not the address of a Dask scheduler; an address looks like tcp://host:8786"),
        (None, "the backend dask needs the address of a scheduler, such as tcp://host:8786"),
    ],
)
def test_a_scheduler_that_cannot_be_reached_is_one_line(address, line, tmp_path, monkeypatch):
    monkeypatch.setattr(_backends, "SECONDS", 1)
    with pytest.raises(ParameterError) as refused:
        sweep(sweep_jobs.square, [{"x": 1, "place": ""}], tmp_path, backend="dask", scheduler=address)
    assert str(refused.value).startswith(line)


@pytest.mark.parametrize(("backend", "module"), [("dask", "distributed"), ("ray", "ray.util.joblib")])
def test_a_backend_whose_library_is_missing_is_one_line(backend, module, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ParameterError, match="pip install"):
        sweep(sweep_jobs.square, [{"x": 1, "place": ""}], tmp_path, backend=backend)
