import pytest
import torch

from tgsh import ParameterError, Recipe, RotationMNIST, cross_accuracy, sample_representations, train_stream
from tgsh.networks import NeuroModNet
from tgsh.training import fit_autograd

X = torch.randn(5, 784, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
WIDTHS = (40, 30, 20)


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few, n_tasks=3, step=40)


def test_modulation_layer_by_layer_is_the_formula_by_hand():
    net = NeuroModNet(3, WIDTHS).double()
    g, c = net.g[2], net.c[2]
    r1 = g[0] * c[:40] * torch.relu(X @ net.W_0.T)
    r2 = g[1] * c[40:70] * torch.relu(r1 @ net.W_1.T)
    r3 = g[2] * c[70:] * torch.relu(r2 @ net.W_2.T)
    torch.testing.assert_close(net.represent(X, net.context_vector(2)), r3)
    torch.testing.assert_close(net(X, 2), r3 @ net.W2.T)
    expected = torch.cat([g[0] * c[:40], g[1] * c[40:70], g[2] * c[70:]])
    torch.testing.assert_close(net.context_vectors()[2], expected.detach())


def test_logits_under_any_contexts_are_those_of_forward():
    net = NeuroModNet(3, WIDTHS).double()
    logits = net.logits(net.features(X), net.context_vectors()[[2, 0]])
    torch.testing.assert_close(logits, torch.stack([net(X, 2), net(X, 0)]))


def test_one_modulated_layer_is_equation_2():
    net = NeuroModNet(1, (50,)).double()
    h = torch.relu(X @ net.W_0.T)
    torch.testing.assert_close(net(X, 0), (net.W2 @ (net.g[0] * net.c[0] * h).T).T)


def test_gradients_reach_only_g_and_c_of_the_current_task():
    net = NeuroModNet(3, WIDTHS)
    net(X.float(), 1).square().sum().backward()
    reached = {name for name, p in net.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert reached == {"g.1", "c.1"}
    assert not any(buffer.requires_grad for buffer in net.buffers())


def test_seed_determines_the_network_and_a_context_does_not_depend_on_the_number_of_tasks():
    one, two, other = (NeuroModNet(n, WIDTHS, seed=s) for n, s in ((2, 5), (7, 5), (2, 6)))
    assert torch.equal(one.context_vectors(), two.context_vectors()[:2])
    for name in ("W_0", "W_1", "W_2", "W2"):
        assert torch.equal(one.get_buffer(name), two.get_buffer(name))
        assert not torch.equal(one.get_buffer(name), other.get_buffer(name))
    assert not torch.equal(one.context_vectors(), other.context_vectors())


def test_he_scaling_keeps_the_size_of_activations():
    net = NeuroModNet(1, (1500, 1500))
    x = torch.randn(50, 784, generator=torch.Generator().manual_seed(2))
    second = torch.relu(torch.relu(x @ net.W_0.T) @ net.W_1.T)
    assert second.square().mean().item() == pytest.approx(x.square().mean().item(), rel=0.15)


def test_a_stream_is_learned_without_touching_other_tasks_and_cached(stream):
    net, before = NeuroModNet(3, (200, 200)), NeuroModNet(3, (200, 200))
    fit_autograd(net, stream, [1], Recipe(epochs=1), data_seed=0)
    for (name, now), was in zip(net.state_dict().items(), before.state_dict().values(), strict=True):
        assert torch.equal(now, was) == (name not in ("g.1", "c.1")), name
    net = NeuroModNet(3, (200, 200))
    record = train_stream(net, stream, Recipe(epochs=8), progress=False)
    assert record.accuracy.min() > 0.5
    assert torch.equal(cross_accuracy(net, stream).diagonal(), record.accuracy)
    again = NeuroModNet(3, (200, 200))
    assert train_stream(again, stream, Recipe(epochs=8), progress=False).from_cache == (True,) * 3
    assert torch.equal(again.context_vectors(), net.context_vectors())
    other = NeuroModNet(3, (200, 201))
    assert not any(train_stream(other, stream, Recipe(epochs=8), progress=False).from_cache)


def test_samples_are_of_the_last_modulated_layer(stream):
    r, _, _ = sample_representations(NeuroModNet(3, (40, 30)), stream, per_class=2)
    assert r.shape == (3 * 10 * 2, 30)


def test_divergence_is_reported(stream):
    with pytest.raises(ParameterError, match="diverged with lr"):
        fit_autograd(NeuroModNet(3, (20, 20)), stream, [0], Recipe(epochs=1, lr=1e30), data_seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_tasks": 0}, "n_tasks must be a whole number of at least 1; got 0"),
        ({"n_tasks": 1, "widths": ()}, "widths must name at least one hidden layer"),
        ({"n_tasks": 1, "widths": (10, 0)}, "widths must be a whole number of at least 1; got 0"),
        ({"n_tasks": 1, "seed": -1}, "seed"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ParameterError, match=message):
        NeuroModNet(**arguments)
