import numpy as np
import pytest
import torch

from tgsh import ParameterError
from tgsh.gsh import GSHNet, GSHRecipe, accuracy_on_manifolds, fit_gsh, train_gsh
from tgsh.manifolds import AnalyticMap, ManifoldSample, sample_manifolds
from tgsh.recovery import (
    distance_by_identifier,
    effective_rank,
    linear_recovery,
    one_shot_accuracy,
    pair_distances,
    what_is_kept,
)
from tgsh.runs import RunCache
from tgsh.seeding import generator


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed, "test"))


@pytest.fixture(scope="module")
def sample():
    return sample_manifolds(AnalyticMap((3, 2), 20, (1.5, 0.4)), 12, 16, seed=0, group="seen")


# The network


def test_the_network_is_its_formula():
    net, x = GSHNet(6, 4, width=30, rank=5), gaussian(3, 2, 6)
    hidden = torch.relu(x @ net.C.T)
    assert net.encode(x).shape == (3, 2, 30)
    torch.testing.assert_close(net.representation(x), hidden @ net.B.T)
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
    for z in (net.encode(x), net.representation(x), net(x)):
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
    monkeypatch.setattr("tgsh.gsh.fit_gsh", lambda *_: pytest.fail("trained again"))
    second = train_gsh(GSHNet(20, 12, width=32), sample, recipe, "cpu", cache)
    assert torch.equal(first.A, second.A)
    assert torch.equal(first.B, second.B)
    monkeypatch.undo()
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


# What is kept


def clusters(spread, M=25, P=6, d=30):
    return gaussian(M, 1, d, seed=1) + spread * gaussian(M, P, d, seed=2)


def test_distances_within_and_between_by_hand():
    r = torch.tensor([[[1.0, 0.0], [3.0, 0.0]], [[0.0, 2.0], [-1.0, 0.0]]])
    within, between = pair_distances(r)
    half = 2**0.5
    assert within.tolist() == pytest.approx([0, half])
    assert sorted(between.tolist()) == pytest.approx([half, half, 2, 2])


def test_one_shot_is_perfect_on_separated_clusters_and_chance_on_noise():
    assert one_shot_accuracy(clusters(0.01)) == 1
    noise = gaussian(100, 10, 30)
    assert one_shot_accuracy(noise, n_way=20) == pytest.approx(1 / 20, abs=0.01)
    with pytest.raises(ParameterError, match="n_way must be a whole number from 2 to 25"):
        one_shot_accuracy(clusters(0.1), n_way=26)


def test_one_shot_does_not_count_the_prototype():
    # Two manifolds, two points each, every point nearest to the other manifold's: all questions are missed.
    r = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.1, 1.0], [1.0, 0.1]]])
    assert one_shot_accuracy(r, n_way=2, episodes=50) < 0.6


def test_linear_recovery_is_exact_where_gamma_is_linear_and_nil_where_it_is_not_there():
    gamma = [gaussian(n, 3, seed=n) for n in (60, 40)]
    mix = gaussian(3, 8, seed=5)
    linear = [(g @ mix)[:, None] + torch.zeros(len(g), 4, 8) for g in gamma]
    assert linear_recovery(linear[0], gamma[0], linear[1], gamma[1]) == pytest.approx(1, abs=1e-3)
    squared = [(g.square() @ mix)[:, None] + torch.zeros(len(g), 4, 8) for g in gamma]
    assert linear_recovery(squared[0], gamma[0], squared[1], gamma[1]) < 0.2
    noise = [gaussian(len(g), 4, 8, seed=9) for g in gamma]
    assert linear_recovery(noise[0], gamma[0], noise[1], gamma[1]) < 0.1
    with pytest.raises(ParameterError, match="at least 3"):
        linear_recovery(linear[0][:2], gamma[0][:2], linear[1], gamma[1])


def test_distance_by_identifier_bins_pairs_of_manifolds():
    gamma = torch.tensor([[0.0], [0.5], [2.0]])
    r = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])[:, None].repeat(1, 2, 1)
    found = distance_by_identifier(r, gamma, np.array([0, 1, 1.2, 3]))
    assert found[0] == pytest.approx(2**0.5)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx((2 + 2**0.5) / 2)


def test_effective_rank_counts_equal_directions():
    r = torch.cat([torch.eye(4), -torch.eye(4)])[None]
    assert effective_rank(r) == pytest.approx(4)
    assert effective_rank(torch.tensor([[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]])) == pytest.approx(1)


def test_all_measurements_agree_on_a_perfect_hash_and_on_none():
    gamma = gaussian(60, 3, seed=1)
    x = torch.cat([gamma[:, None].repeat(1, 6, 1), gaussian(60, 6, 3, seed=2)], 2)
    seen, unseen = (ManifoldSample(x[part], gamma[part]) for part in (slice(0, 30), slice(30, 60)))
    hashing = what_is_kept(lambda x: x[..., :3], seen, seen, unseen)
    assert hashing.ratio_seen == hashing.ratio_unseen == pytest.approx(0, abs=1e-6)
    assert (hashing.nearer_unseen, hashing.one_shot) == (1, 1)
    assert hashing.r2 == pytest.approx(1, abs=1e-3)
    blind = what_is_kept(lambda x: x[..., 3:], seen, seen, unseen)
    assert blind.ratio_unseen == pytest.approx(1, abs=0.1)
    assert blind.one_shot < 0.15
    assert blind.r2 < 0.1
