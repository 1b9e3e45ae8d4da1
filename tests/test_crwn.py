"""The interface of Eq. 2, for every network: features, modulate, and all that follows from them."""

import copy

import pytest
import torch
from test_own_parts import TanhNet

from tgsh import CRWN, FlyNet, NeuroModNet, ParameterError
from tgsh.datasets import normalise

X = torch.randn(5, 784, generator=torch.Generator().manual_seed(1))


class Shifted(FlyNet):
    """A network of a user's own, whose context is added to the features as well."""

    def modulate(self, features, context):
        return context * features + context


NETWORKS = {
    "FlyNet": lambda seed=0: FlyNet(3, width_mult=1, seed=seed),
    "not centred": lambda seed=0: FlyNet(3, width_mult=1, seed=seed, centred=False),
    "Gaussian": lambda seed=0: FlyNet(3, width_mult=1, seed=seed, projection="gaussian"),
    "NeuroModNet": lambda seed=0: NeuroModNet(3, (40, 30), seed=seed),
    "NeuroModNet of one layer": lambda seed=0: NeuroModNet(3, (50,), seed=seed),
    "own features": lambda seed=0: TanhNet(3, 60, seed=seed),
    "own modulation": lambda seed=0: Shifted(3, width_mult=1, seed=seed),
}
of_each = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


@of_each
def test_everything_follows_from_features_and_modulate(make):
    net, x = make().double(), X.double()
    h, contexts = net.features(x), net.context_vectors()
    assert contexts.shape == (3, net.n_hidden)
    for t in range(3):
        r = net.modulate(h, contexts[t])
        torch.testing.assert_close(net.represent(x, contexts[t]), r)
        torch.testing.assert_close(net(x, t), r @ net.W2.T)
        torch.testing.assert_close(net.context_vector(t), contexts[t])
    expected = torch.stack([net(x, t) for t in (2, 0, 2)])
    torch.testing.assert_close(net.logits(h, contexts[[2, 0, 2]]), expected)
    assert not torch.allclose(expected[0], expected[1])


@of_each
def test_logits_are_linear_in_the_context_where_the_network_says_so(make):
    net = make().double()
    h = net.features(X.double())
    one, other = net.context_vectors()[:2]
    added, apart = net.logits(h, (one + other)[None])[0], net.logits(h, torch.stack([one, other])).sum(0)
    assert net.is_linear == (type(net).modulate is CRWN.modulate)
    if net.is_linear:
        torch.testing.assert_close(added, apart)
    elif isinstance(net, NeuroModNet) and len(net.widths) > 1:
        assert not torch.allclose(added, apart)


@of_each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inputs_are_normalised_images_in_the_dtype_of_the_network(few, make, dtype):
    net = make().to(dtype)
    for images in (few.test_images[:4], few.test_images[:4] / 255):
        before = images.clone()
        x = net.inputs(images)
        assert x.dtype == dtype
        torch.testing.assert_close(x, normalise(few.test_images[:4], dtype))
        assert torch.equal(images, before)
        assert torch.equal(net.inputs(images), x)


@of_each
@pytest.mark.parametrize("t", [9, -4])
def test_a_context_that_is_not_there_is_one_line(make, t):
    net = make()
    for ask in (lambda: net.context_vector(t), lambda: net.set_context(t, net.context_vectors()[0])):
        with pytest.raises(ParameterError, match=f"^there is no context {t}: this network has 3 contexts, 0 to 2$"):
            ask()


@of_each
def test_a_context_that_is_set_is_the_context(make):
    net, wanted = make(), make(seed=4).context_vectors()
    before = net.context_vectors()
    net.set_context(1, wanted[1])
    assert torch.equal(net.context_vector(1), wanted[1])
    assert torch.equal(net.context_vectors()[[0, 2]], before[[0, 2]])
    torch.testing.assert_close(net(X, 1), net.logits(net.features(X), wanted[1][None])[0])
    assert all(parameter.requires_grad for parameter in net.parameters())
    net.double().set_context(2, wanted[2])  # of another dtype
    assert torch.equal(net.context_vector(2), wanted[2].double())
    with pytest.raises(ParameterError, match=rf"has shape \({net.n_hidden},\); got \(1, {net.n_hidden}\)"):
        net.set_context(0, wanted[:1])


@of_each
def test_numbers_that_a_task_learns_are_counted(make):
    net = make()
    assert net.n_learned == sum(parameter.numel() for parameter in net.parameters()) / 3
    layers = len(net.widths) if isinstance(net, NeuroModNet) else 1
    assert net.n_learned == net.n_hidden + layers


@of_each
def test_initial_contexts_can_be_drawn_again_and_anew(make):
    net = make(seed=3)
    for t in range(3):
        again, anew = net.initial_context(t), net.initial_context(t, init_seed=9)
        assert all(torch.equal(drawn, start) for drawn, start in zip(again, (net.g[t], net.c[t]), strict=True))
        assert not torch.equal(anew[1], net.c[t])
        assert all(torch.equal(*pair) for pair in zip(anew, net.initial_context(t, init_seed=9), strict=True))


@of_each
def test_a_loaded_network_computes_what_the_saved_one_does(make, tmp_path):
    saved, loaded = make(seed=7), make(seed=0)
    assert not torch.allclose(saved.features(X), loaded.features(X))
    torch.save(saved.state_dict(), tmp_path / "net.pt")
    loaded.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True))
    assert torch.equal(saved.features(X), loaded.features(X))
    assert torch.equal(saved(X, 1), loaded(X, 1))


@of_each
def test_a_copy_and_a_network_of_another_dtype_compute_the_same(make):
    net = make()
    copied = copy.deepcopy(net)
    assert torch.equal(net(X, 0), copied(X, 0))
    copied.set_context(0, torch.zeros(net.n_hidden))
    assert net(X, 0).abs().sum() > 0
    there_and_back = copy.deepcopy(net).double().float()
    assert torch.equal(net(X, 2), there_and_back(X, 2))
    torch.testing.assert_close(copy.deepcopy(net).double()(X.double(), 2).float(), net(X, 2), rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@of_each
def test_a_network_on_a_gpu_computes_the_same(few, make):
    net = make().double()
    x = net.inputs(few.test_images[:4])
    moved = copy.deepcopy(net).cuda()
    assert moved.inputs(few.test_images[:4]).is_cuda
    torch.testing.assert_close(moved(x.cuda(), 1).cpu(), net(x, 1), rtol=0, atol=1e-9)


@of_each
def test_only_the_context_of_its_task_is_learned(make):
    net = make()
    net(X, 1).square().sum().backward()
    reached = {name for name, p in net.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert reached == {"g.1", "c.1"}
    assert not any(buffer.requires_grad for buffer in net.buffers())


def test_a_network_must_say_what_its_features_are():
    with pytest.raises(NotImplementedError):
        CRWN(1).features(X)


@pytest.mark.parametrize(("n_tasks", "seed", "name"), [(0, 0, "n_tasks"), (1, -1, "seed"), (1.0, 0, "n_tasks")])
def test_bad_parameters(n_tasks, seed, name):
    with pytest.raises(ParameterError, match=f"{name} must be a whole number of at least"):
        CRWN(n_tasks, seed)
