import torch

from tgsh import FlyNet, Recipe, RotationMNIST, TaskStream, train_seeds, train_stream

SHORT = Recipe(epochs=1, batch_size=64)


def make_net(seed):
    return FlyNet(2, width_mult=1, seed=seed)


def test_each_seed_has_its_network_and_what_train_stream_returns(few):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    trained = train_seeds(make_net, stream, [3, 0], SHORT, progress=False)
    assert [one.net.seed for one in trained] == [3, 0]
    assert all(one.stream is stream for one in trained)
    for one in trained:
        net = make_net(one.net.seed)
        record = train_stream(net, stream, SHORT, progress=False)
        assert record.from_cache == (True, True)
        assert torch.equal(one.before, make_net(one.net.seed).context_vectors())
        assert torch.equal(one.contexts, net.context_vectors())
        assert torch.equal(one.contexts, one.net.context_vectors())
        assert torch.equal(one.accuracy, record.accuracy)
        assert one.record.from_cache == (False, False)
    assert not torch.equal(trained[0].contexts, trained[1].contexts)


def test_each_seed_may_have_its_stream(few):
    trained = train_seeds(
        make_net, lambda seed: RotationMNIST(few, 2, 30 * (seed + 1)), range(2), SHORT, progress=False
    )
    assert [one.stream.names for one in trained] == [["0°", "30°"], ["0°", "60°"]]
    alone = train_stream(make_net(1), RotationMNIST(few, 2, 60), SHORT, progress=False)
    assert torch.equal(trained[1].accuracy, alone.accuracy)


def test_other_arguments_are_those_of_train_stream(few):
    stream = TaskStream(few, RotationMNIST(few, 1).tasks)
    one, other = (
        train_seeds(make_net, stream, [0], SHORT, data_seed=s, device="cpu", progress=False)[0] for s in (0, 1)
    )
    assert one.record.device == "cpu"
    assert torch.equal(one.before, other.before)
    assert not torch.equal(one.contexts, other.contexts)
    published = train_seeds(make_net, stream, [0], progress=False)[0]
    assert torch.equal(published.contexts, train_seeds(make_net, stream, [0], Recipe(), progress=False)[0].contexts)
