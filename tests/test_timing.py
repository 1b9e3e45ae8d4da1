import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tgsh import FlyNet, Recipe, RotationMNIST
from tgsh.__main__ import main
from tgsh.errors import ParameterError
from tgsh.networks import GSHNet, NeuroModNet
from tgsh.timing import (
    Ceilings,
    Spread,
    Work,
    above_floor,
    beside_a_neighbour,
    floor_of_task,
    growth,
    gsh_work,
    memory_of_pytorch,
    modulated_work,
    neighbour,
    papers_streams,
    peak_memory,
    profile_others,
    roofline_points,
    spread,
    spread_of,
    task_work,
    time_solver,
    time_stream,
)
from tgsh.training import groups


def test_floor_of_a_task_counted_by_hand():
    work = task_work(n_train=10, n_test=0, width_mult=1, epochs=2, kept=True)
    assert work.bytes == 4 * 10 * 784 * 3
    assert work.operations == 10 * 784 * (7 + 2 * 40)
    again = task_work(n_train=10, n_test=3, width_mult=1, epochs=2)
    assert again.bytes == 784 * (2 * 10 + 3)
    assert again.operations == 2 * 10 * 784 * (7 + 40) + 3 * 784 * 27
    ceilings = Ceilings(bandwidth=10, arithmetic=5).best(Ceilings(bandwidth=8, arithmetic=10))
    assert Work(bytes=20, operations=30).seconds(ceilings) == 5
    # Where memory is fast, features are kept; where it is slow, they are computed again.
    size = (10, 3, 1, 2)
    assert floor_of_task(Ceilings(bandwidth=1e9, arithmetic=1), *size)[0] == task_work(*size, kept=True)
    assert floor_of_task(Ceilings(bandwidth=1, arithmetic=1e9), *size)[0] == task_work(*size)


def test_work_of_the_other_networks_counted_by_hand():
    assert modulated_work(NeuroModNet(1, (20, 30)), batch=2) == Work(4 * 2 * 20, 4 * 2 * (20 * 30 + 30 * 10))
    assert gsh_work(GSHNet(5, 7, width=20, rank=3), batch=2) == Work(4 * 2 * 20, 2 * (4 * 60 + 6 * 21))
    assert above_floor({"a": 3.0, "b": 1.0, "features, computed again": 9.0}, floor=2.0) == 2


def test_stages_of_the_other_networks(few):
    found = profile_others(RotationMNIST(few, n_tasks=1), torch.device("cpu"), n_batches=2)
    assert set(found) == {"NeuroModNet", "GSH"}
    for profile in found.values():
        assert len(profile["stages"]) == 4
        assert all(ms > 0 for ms in profile["stages"].values())


def test_median_quartiles_and_least():
    assert spread_of([5.0, 1.0, 2.0, 3.0, 4.0]) == Spread(median=3, low=2, high=4, least=1)


def test_a_neighbour_runs_inside_the_block_only():
    with neighbour() as process:
        assert process.poll() is None
    assert process.poll() is not None


def test_the_paths_beside_a_neighbour(few):
    found = beside_a_neighbour(lambda n: FlyNet(n, width_mult=1), RotationMNIST(few, n_tasks=1), rounds=1)
    assert set(found) == {"operators", "fast"}
    for path in found.values():
        assert path["slowed"] == path["beside"]["median"] / path["alone"]["median"]
        assert 0 < path["alone"]["least"] <= path["alone"]["median"]


def test_roofline_of_stages_counted_by_hand():
    times = {
        "plain": {"dense W1 x, centre, ReLU": 1000.0},
        "operators": {"bags of seven, ReLU": 1000.0, "two thin products": 500.0},
        "fused": {"seven sums, ten logits": 1000.0, "the sums again, gradient": 250.0},
    }
    dense, bags, thin, forward, backward = roofline_points(times, width_mult=1, batch=2)
    assert dense["achieved"] == 2 * 2 * 784 * 784
    assert bags["intensity"] == 8 * 2 * 784 / (4 * 2 * (784 + 784))
    assert thin["achieved"] == 2 * 4 * 10 * 2 * 784
    assert forward["achieved"] == 28 * 2 * 784
    assert backward["achieved"] == 4 * forward["achieved"]
    assert forward["intensity"] == 28 * 2 * 784 / (4 * (784 + 18 * 784))


def test_peak_memory_sees_an_allocation():
    gc.collect()
    with peak_memory(torch.device("cpu")) as nothing:
        pass
    with peak_memory(torch.device("cpu")) as large:
        kept = torch.ones(100_000_000)
    assert 0 <= large.files < large.bytes
    assert kept.nbytes * 0.7 < large.bytes - nothing.bytes < kept.nbytes * 1.5


def test_pytorch_takes_memory_by_itself():
    alone = memory_of_pytorch()
    with peak_memory(torch.device("cpu")) as here:
        pass
    assert 5e7 < alone.bytes < here.bytes
    assert 0 <= alone.files < alone.bytes


# Trains and evaluates a stream of as many images as MNIST has, and prints the memory that it takes for that.
PROGRAM = """
import torch
from tgsh import FlyNet, Recipe, RotationMNIST, evaluate, train_stream
from tgsh.datasets import ImageDataset
from tgsh.timing import peak_memory

def train(data):
    stream, net = RotationMNIST(data, n_tasks=4), FlyNet(4, width_mult=1)
    with peak_memory(torch.device("cpu")) as memory:
        train_stream(net, stream, Recipe(epochs=1), cache=None, progress=False)
        evaluate(net, stream)
    return memory.bytes - memory.files

labels = torch.arange(60_000) % 10
images = (labels[:, None, None] * 20).expand(-1, 28, 28).to(torch.uint8)
data = ImageDataset("own", "Own", images, labels, images[:10_000], labels[:10_000])
first = train(data.subset(300, 100))  # start-up
print(train(data) - first, images.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc")
def test_no_core_holds_the_images_of_a_task(tmp_path):
    child = [sys.executable, "-c", PROGRAM]
    own = os.environ | {"TGSH_CACHE": str(tmp_path)}
    run = subprocess.run(child, capture_output=True, text=True, check=True, cwd=tmp_path, env=own)
    taken, images = map(int, run.stdout.split())
    assert taken < images / 2


def test_on_a_cpu_memory_does_not_grow_with_tasks(few):
    stream, net = RotationMNIST(few, n_tasks=6), FlyNet(6, width_mult=1)
    assert groups(net, stream, Recipe(), [0, 2, 5]) == [[0], [2], [5]]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_groups_fill_the_memory_they_may(few):
    stream, net = RotationMNIST(few, n_tasks=6), FlyNet(6, width_mult=1).cuda()
    assert groups(net, stream, Recipe(), list(range(6)), memory=1) == [[t] for t in range(6)]
    assert groups(net, stream, Recipe(), list(range(6))) == [list(range(6))]


def test_the_solver_is_timed_with_kept_and_with_recomputed_features(few):
    stream = RotationMNIST(few, n_tasks=2)
    found = time_solver(FlyNet(2, width_mult=1), stream, n_images=100, rounds=2)
    assert found["images"] == 100
    assert found["kept"] > 0 < found["recomputed"]
    assert time_solver(FlyNet(2, width_mult=1, projection="gaussian"), stream) == {}


def test_the_papers_streams(few):
    sizes = {name: len(stream) for name, stream in papers_streams(few, 36).items()}
    assert sizes == {"rotations": 36, "shifts of 1 px": 28, "shifts of 2 px": 14, "augmentations": 8}
    assert {len(stream) for stream in papers_streams(few, 3).values()} == {3}


def test_benchmark_command_prints_and_writes(few, tmp_path, capsys):
    assert main(["benchmark", "--profile", "smoke", "--compared", "1", "--out", str(tmp_path)]) == 0
    assert "plain (as published)" in capsys.readouterr().out
    result = json.loads((tmp_path / "benchmark.json").read_text())
    assert result["ratio"] > 1
    assert result["machine"]["threads"] == torch.get_num_threads()
    assert {row["along"] for row in result["growth"]} == {"n_tasks", "width_mult", "n_train", "epochs"}
    assert abs(result["paths"]["plain"]["mean_accuracy"] - result["paths"]["fast"]["mean_accuracy"]) < 0.05
    assert set(result["streams"]) == set(papers_streams(few, 2))
    assert all(0 < stream["mean_accuracy"] <= 1 for stream in result["streams"].values())
    assert all(stream["peak_memory"] > result["pytorch"]["memory"] for stream in result["streams"].values())
    assert result["device"] == result["machine"]["device"]
    assert all(found["above_floor"] > 0 for found in result["others"].values())
    assert result["seconds"] >= 0
    assert result["commit"]
    assert (tmp_path / "benchmark.png").stat().st_size > 1000


def test_benchmark_command_refuses_in_one_line(capsys):
    assert main(["benchmark", "--profile", "smoke", "--compared", "99"]) == 2
    assert capsys.readouterr().err == "error: compared must be a whole number from 1 to 5; got 99\n"


@pytest.mark.parametrize(("profile", "compared"), [("smoke", 5), ("quick", 6)])
def test_benchmark_command_runs_in_every_profile_as_it_stands(monkeypatch, capsys, profile, compared):
    def stop(data, n_tasks, compared, *_):
        raise ParameterError(f"{compared} of {n_tasks}")

    monkeypatch.setattr("tgsh.timing.benchmark", stop)
    assert main(["benchmark", "--profile", profile]) == 2
    assert capsys.readouterr().err.startswith(f"error: {compared} of ")


def test_growth_counts_the_shortest_look_at_every_size(few, monkeypatch):
    looks = {}

    def slower_at_first(net, stream, tasks, recipe):
        size = (len(tasks), net.width_mult, len(stream.dataset.train_labels), recipe.epochs)
        looks[size] = looks.get(size, 0) + 1
        return {"seconds": {1: 9.0, 2: 2.0, 3: 5.0}[looks[size]]}

    monkeypatch.setattr("tgsh.timing._benchmark.time_fast", slower_at_first)
    rows = growth(lambda n, width=1: FlyNet(n, width_mult=width), few, Recipe(), width_mult=1, repeats=3)
    assert {row["seconds"] for row in rows} == {2.0}
    assert set(looks.values()) == {3}


def test_a_stream_is_timed_on_tasks_spread_over_it(few, monkeypatch):
    assert spread(36, 4) == [0, 9, 18, 27]
    assert spread(14, 6) == [0, 2, 4, 7, 9, 11]
    assert spread(3, 12) == [0, 1, 2]
    stream, trained = RotationMNIST(few, n_tasks=6), []

    def two_seconds_a_task(net, stream, tasks, recipe):
        trained.extend(tasks)
        return {"seconds": 2.0 * len(tasks), "accuracy": {t: t / 10 for t in tasks}}

    monkeypatch.setattr("tgsh.timing._benchmark.time_fast", two_seconds_a_task)
    result = time_stream(FlyNet(6, width_mult=1), stream, Recipe(), 3)
    assert trained == [0, 2, 4]
    assert (result["n_tasks"], result["timed"], result["seconds"]) == (6, 3, 12)
    assert result["mean_accuracy"] == pytest.approx(0.2)
