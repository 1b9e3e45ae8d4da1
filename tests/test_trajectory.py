"""A context watched on its way arrives where `train_stream` brings it."""

import pytest
import torch

from tgsh import FlyNet, ParameterError, Recipe, RotationMNIST, train_stream
from tgsh.measures import context_similarity
from tgsh.training import log_spaced, measure_path, n_batches, watch_stream, watch_training

RECIPE = Recipe(epochs=2, batch_size=64)


@pytest.fixture
def stream(few):
    return RotationMNIST(few, n_tasks=3, step=40)


def test_it_starts_at_the_initial_context_and_ends_where_train_stream_does(stream):
    net = FlyNet(3, width_mult=1, seed=2).double()
    start = net.context_vector(1).detach().clone()
    last = n_batches(stream, RECIPE)
    watched = watch_training(net, stream, 1, RECIPE, [0, 4, last])
    assert torch.equal(watched[0], start)
    assert torch.equal(net.context_vector(1).detach(), start)
    train_stream(net, stream, RECIPE, device="cpu", progress=False)
    assert torch.allclose(watched[2], net.context_vector(1), rtol=1e-6, atol=1e-9)
    assert not torch.allclose(watched[1], watched[2], rtol=0.01)
    # a trained network is watched from its start, too
    assert torch.equal(watch_training(net, stream, 1, RECIPE, [0, 4, last]), watched)


def test_a_stop_is_the_context_of_a_training_that_ends_there(stream):
    net, once = FlyNet(3, width_mult=1, seed=2).double(), Recipe(epochs=1, batch_size=64)
    at_epoch = watch_training(net, stream, 0, RECIPE, [n_batches(stream, once)])
    train_stream(net, stream, once, device="cpu", progress=False)
    assert torch.allclose(at_epoch[0], net.context_vector(0), rtol=1e-6, atol=1e-9)


def test_the_last_batch_of_an_epoch_may_be_small(stream):
    assert n_batches(stream, Recipe(epochs=3, batch_size=128)) == 3 * 3  # 300 images: 128, 128, 44


def test_stops_lie_close_at_first():
    stops = log_spaced(1407, 30)
    assert stops[:4] == [0, 1, 2, 3]
    assert stops[-1] == 1407
    assert len(stops) <= 30
    assert stops == sorted(set(stops))
    assert log_spaced(1, 30) == [0, 1]


def test_what_is_said_of_a_path_agrees_with_the_trained_stream(stream):
    net, stops = FlyNet(3, width_mult=1, seed=2).double(), [0, 4, n_batches(stream, RECIPE)]
    record = train_stream(net, stream, RECIPE, device="cpu", progress=False)
    path = measure_path(net, stream, 1, stops, watch_training(net, stream, 1, RECIPE, stops))
    assert path.accuracy[-1] == pytest.approx(record.accuracy[1].item())
    assert path.accuracy[0] < 0.5 < path.accuracy[-1]
    assert path.with_start[0] == pytest.approx(1)
    assert path.with_end[-1] == pytest.approx(1)
    assert path.with_start[-1] == pytest.approx(path.with_end[0])
    assert path.with_others[-1] == pytest.approx(context_similarity(net.context_vectors())[1], abs=1e-6)


@pytest.mark.parametrize("stops", [[], [3, 1], [2, 2]])
def test_stops_that_do_not_ascend_are_refused(stream, stops):
    with pytest.raises(ParameterError, match="stops must be ascending"):
        watch_training(FlyNet(3, width_mult=1), stream, 0, RECIPE, stops)


def test_stops_beyond_the_last_batch_are_refused(stream):
    with pytest.raises(ParameterError, match="stops must be a whole number from 0 to 10; got 11"):
        watch_training(FlyNet(3, width_mult=1), stream, 0, RECIPE, [0, 11])


@pytest.mark.parametrize("fused", [True, False])
def test_all_tasks_at_once_are_watched_as_one_is(stream, fused):
    net = FlyNet(3, width_mult=1, seed=2, projection="sparse" if fused else "gaussian").double()
    stops = [0, 4, 7, n_batches(stream, RECIPE)]
    watched = watch_stream(net, stream, RECIPE, stops)
    assert watched.shape == (4, 3, net.n_hidden)
    for t in range(3):
        assert torch.allclose(watched[:, t], watch_training(net, stream, t, RECIPE, stops), rtol=1e-6, atol=1e-9)
    train_stream(net, stream, RECIPE, device="cpu", progress=False)
    assert torch.allclose(watched[-1], net.context_vectors(), rtol=1e-6, atol=1e-9)
    with pytest.raises(ParameterError, match="stops must be a whole number from 0 to 10; got 11"):
        watch_stream(net, stream, RECIPE, [11])
