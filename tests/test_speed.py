import json

import pytest
import torch

from tgsh import Recipe, RotationMNIST, training
from tgsh.__main__ import main
from tgsh.machine import peak_memory
from tgsh.models import FlyNet
from tgsh.speed import Ceilings, Work, papers_streams, task_work, time_stream
from tgsh.stages import roofline


def test_floor_of_a_task_counted_by_hand():
    work = task_work(n_train=10, n_test=0, width_mult=1, epochs=2)
    assert work.bytes == 4 * 10 * 784 * 3
    assert work.operations == 10 * 784 * (7 + 2 * 40)
    ceilings = Ceilings(bandwidth=10, arithmetic=5).best(Ceilings(bandwidth=8, arithmetic=10))
    assert Work(bytes=20, operations=30).seconds(ceilings) == 5


def test_roofline_of_stages_counted_by_hand():
    times = {
        "plain": {"dense W1 x, centre, ReLU": 1000.0},
        "fast": {"bags of seven, ReLU": 1000.0, "two thin products": 500.0},
    }
    dense, bags, thin = roofline(times, width_mult=1, batch=2)
    assert dense["achieved"] == 2 * 2 * 784 * 784
    assert bags["intensity"] == 8 * 2 * 784 / (4 * 2 * (784 + 784))
    assert thin["achieved"] == 2 * 4 * 10 * 2 * 784


def test_peak_memory_sees_an_allocation():
    with peak_memory(torch.device("cpu")) as nothing:
        pass
    with peak_memory(torch.device("cpu")) as large:
        kept = torch.ones(100_000_000)
    assert kept.nbytes * 0.9 < large.bytes - nothing.bytes < kept.nbytes * 1.5


def test_on_a_cpu_memory_does_not_grow_with_tasks(few):
    stream, net = RotationMNIST(few, n_tasks=6), FlyNet(6, width_mult=1)
    assert training.groups(net, stream, Recipe(), [0, 2, 5]) == [[0], [2], [5]]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_groups_fill_the_memory_they_may(few):
    stream, net = RotationMNIST(few, n_tasks=6), FlyNet(6, width_mult=1).cuda()
    assert training.groups(net, stream, Recipe(), list(range(6)), memory=1) == [[t] for t in range(6)]
    assert training.groups(net, stream, Recipe(), list(range(6))) == [list(range(6))]


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
    assert result["device"] == result["machine"]["device"]
    assert result["seconds"] >= 0
    assert result["commit"]
    assert (tmp_path / "benchmark.png").stat().st_size > 1000


def test_benchmark_command_refuses_in_one_line(capsys):
    assert main(["benchmark", "--profile", "smoke", "--compared", "99"]) == 2
    assert capsys.readouterr().err == "error: compared must be a whole number from 1 to 5; got 99\n"


def test_a_timed_stream_is_trained_even_if_known_and_known_afterwards(few, monkeypatch):
    stream, short, planned = RotationMNIST(few, n_tasks=2), Recipe(epochs=1), []

    def watched(net, stream, groups, *rest):
        planned.append(groups)
        return learn(net, stream, groups, *rest)

    learn = training.learn
    monkeypatch.setattr(training, "learn", watched)
    nets = [FlyNet(2, width_mult=1) for _ in range(3)]
    results = [time_stream(net, stream, short) for net in nets[:2]]
    record = training.train_stream(nets[2], stream, short, progress=False)
    assert planned == [[[0], [1]], [[0], [1]], []]
    assert record.from_cache == (True, True)
    assert [result["mean_accuracy"] for result in results] == [record.accuracy.mean().item()] * 2
    assert torch.equal(nets[1].context_vectors(), nets[2].context_vectors())
