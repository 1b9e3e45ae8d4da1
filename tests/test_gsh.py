import pytest
import torch

from tgsh import ParameterError
from tgsh.benchmarks import AnalyticMap, ManifoldSample, sample_manifolds
from tgsh.networks import GSHNet
from tgsh.runs import RunCache
from tgsh.seeding import generator
from tgsh.training import GSHRecipe, accuracy_on_manifolds, fit_gsh, train_gsh


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed, "test"))


@pytest.fixture(scope="module")
def sample():
    return sample_manifolds(AnalyticMap((3, 2), 20, (1.5, 0.4)), 12, 16, seed=0, group="seen")


def test_the_network_is_its_formula():
    net, x = GSHNet(6, 4, width=30, rank=5), gaussian(3, 2, 6)
    hidden = torch.relu(x @ net.C.T)
    assert net.features(x).shape == (3, 2, 30)
    torch.testing.assert_close(net.represent(x), hidden @ net.B.T)
    torch.testing.assert_close(net(x), hidden @ net.B.T @ net.A.T)
    assert net(x).shape == (3, 2, 4)


def test_without_its_nonlinearity_the_network_is_linear_and_with_it_not():
    x, y = gaussian(2, 5, 6)
    for activation, linear in (("identity", True), ("relu", False)):
        net = GSHNet(6, 4, width=30, activation=activation)
        assert torch.allclose(net(x + y), net(x) + net(y), atol=1e-5) == linear


def test_scales_keep_norms():
    x = torch.nn.functional.normalize(gaussian(200, 40), dim=1)
    net = GSHNet(40, 300, width=4000, rank=300)
    for z in (net.features(x), net.represent(x), net(x)):
        assert z.detach().norm(dim=1).mean() == pytest.approx(1, abs=0.1)


def test_training_moves_A_and_B_and_not_C(sample):
    net, start = GSHNet(20, 12, width=64, rank=8), GSHNet(20, 12, width=64, rank=8)
    fit_gsh(net, sample.points(0, 10), GSHRecipe(epochs=40, batch_size=32))
    assert torch.equal(net.C, start.C)
    assert not net.C.requires_grad
    assert not torch.allclose(net.A, start.A, atol=0.05)
    assert not torch.allclose(net.B, start.B, atol=0.05)
    assert accuracy_on_manifolds(start, sample.points(10)) < 0.4
    assert accuracy_on_manifolds(net, sample.points(10)) > 0.9


def test_weight_decay_shrinks_the_weights(sample):
    norms = []
    for decay in (0.0, 1e-2):
        net = GSHNet(20, 12, width=64, rank=8)
        fit_gsh(net, sample, GSHRecipe(epochs=20, batch_size=16, weight_decay=decay))
        norms.append(sum(parameter.detach().norm().item() for parameter in net.parameters()))
    assert norms[1] < 0.8 * norms[0]


def test_a_trained_network_is_found_in_the_cache_again(sample, tmp_path, monkeypatch):
    cache, recipe = RunCache(tmp_path), GSHRecipe(epochs=2)
    first = train_gsh(GSHNet(20, 12, width=32), sample, recipe, "cpu", cache)
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim, "Adam", lambda *_, **__: pytest.fail("trained again"))
        second = train_gsh(GSHNet(20, 12, width=32), sample, recipe, "cpu", cache)
    assert torch.equal(first.A, second.A)
    assert torch.equal(first.B, second.B)
    other = train_gsh(GSHNet(20, 12, width=32), sample, GSHRecipe(epochs=2, weight_decay=0), "cpu", cache)
    assert not torch.equal(first.A, other.A)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GSHNet(3, 2, width=0), "width must be"),
        (lambda: GSHNet(3, 2, activation="tanh"), "activation must be one of relu, identity"),
        (lambda: GSHRecipe(weight_decay=-1), "weight_decay must be a number above 0"),
        (lambda: fit_gsh(GSHNet(20, 5), ManifoldSample(gaussian(4, 2, 20), gaussian(4, 3)), GSHRecipe()), "has 4"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
