"""Attacks reach a linear network's known bound, directions turn with a permutation, distances and radii are by hand."""

from itertools import permutations

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, Recipe, RotationMNIST, train_stream
from tgsh.benchmarks import Permutation, Rotation
from tgsh.extensions.lenses import (
    UNITS,
    OtherUnits,
    cka,
    empirical_radius,
    graph_distances,
    input_gradients,
    l2_attack,
    leading_directions,
    manifold_distances,
    shared_directions,
    told_loss,
)
from tgsh.seeding import generator
from tgsh.theory import with_permuted_pixels


def normal(*shape):
    return torch.randn(*shape, generator=generator(0, "robust", *shape), dtype=torch.float64)


# Adversarial directions


def grey(n):
    return 0.3 + 0.4 * torch.rand(n, 28, 28, generator=generator(0, "grey"))


def test_an_attack_on_a_linear_loss_takes_the_whole_budget_along_the_gradient():
    w = normal(784).float()

    def loss(images):
        return images.flatten(1) @ w

    images = grey(3)
    change = (l2_attack(loss, images, 0.5) - images).flatten(1)
    assert change.norm(dim=1) == pytest.approx(torch.full((3,), 0.5), rel=1e-4)
    assert loss(l2_attack(loss, images, 0.5)) == pytest.approx(loss(images) + 0.5 * w.norm(), rel=1e-3)
    assert (input_gradients(loss, images) == w).all()


@pytest.mark.parametrize("budget", [0.05, 1.0, 20.0])
def test_an_attack_keeps_to_its_budget_and_to_the_range_of_pixels(budget, few):
    net, images, labels = FlyNet(1, 1), few.test_images[:8], few.test_labels[:8]
    loss = told_loss(net, net.context_vector(0), labels)
    attacked = l2_attack(loss, images, budget, 5)
    assert 0 <= attacked.min() <= attacked.max() <= 1
    assert (attacked - images / 255).flatten(1).norm(dim=1).max() <= budget * (1 + 1e-5)
    assert (loss(attacked) >= loss(images / 255) - 1e-6).all()


def test_gradients_are_those_of_finite_differences(few):
    net = FlyNet(1, 1).double()
    x, labels = few.test_images[:2].double() / 255 * 0.8 + 0.1, few.test_labels[:2]
    loss = told_loss(net, net.context_vector(0), labels)
    gradient, step = input_gradients(loss, x, Rotation(90)), 1e-6
    for pixel in (300, 410):
        moved = x.clone().flatten(1)
        moved[:, pixel] += step
        slope = (loss(Rotation(90)(moved.view_as(x))) - loss(Rotation(90)(x))) / step
        assert gradient[:, pixel] == pytest.approx(slope.detach(), abs=1e-4)


def test_directions_on_permuted_images_are_those_of_a_network_with_permuted_weights(few):
    net, task = FlyNet(1, 1), Permutation(3)
    other, images = with_permuted_pixels(net, task.source), few.test_images[:6]
    losses = [told_loss(n, net.context_vector(0), few.test_labels[:6]) for n in (net, other)]
    turned, same = input_gradients(losses[0], images, task), input_gradients(losses[1], images)
    torch.testing.assert_close(turned, same, rtol=1e-3, atol=1e-5)
    assert shared_directions(leading_directions(turned, 2), leading_directions(same, 2)) == pytest.approx(1, abs=1e-4)


def test_leading_directions_are_those_with_most_gradients():
    gradients = torch.tensor([[5.0, 0, 0], [-1, 0, 0], [1, 0, 0], [0, 9, 0], [0, -1, 0], [0, 0, 1]])
    found = leading_directions(gradients, 2)  # lengths do not count, nor do signs: 3, 2 and 1 images
    assert found.abs().numpy() == pytest.approx(np.eye(3)[:2], abs=1e-9)
    padded = torch.cat([gradients, torch.zeros(6, 5)], 1)  # fewer gradients than dimensions
    assert leading_directions(padded, 2).abs().numpy() == pytest.approx(np.eye(8)[:2], abs=1e-9)
    assert shared_directions(found, found) == pytest.approx(1)
    assert shared_directions(found, torch.eye(3).double()[1:]) == pytest.approx(0.5)
    by_chance = [
        shared_directions(*(leading_directions(torch.randn(9, 50, generator=generator(i, side)), 5) for side in "ab"))
        for i in range(100)
    ]
    assert np.mean(by_chance) == pytest.approx(5 / 50, rel=0.1)


def test_bad_attacks_are_refused():
    def loss(images):
        return images.sum((1, 2))

    with pytest.raises(ParameterError, match="budget must be a number above 0"):
        l2_attack(loss, grey(1), 0)
    with pytest.raises(ParameterError, match="n_steps must be"):
        l2_attack(loss, grey(1), 1.0, 0)
    with pytest.raises(ParameterError, match="k must be a whole number from 1 to 2"):
        leading_directions(torch.ones(2, 9), 3)
    with pytest.raises(ParameterError, match="span fewer than 2 directions"):
        leading_directions(torch.ones(3, 9), 2)
    with pytest.raises(ParameterError, match="bases must have one shape"):
        shared_directions(torch.eye(3), torch.eye(2))


# Other units


def test_relu_units_make_the_published_network(few):
    stream = RotationMNIST(few, 2)
    nets = FlyNet(2, 1, 3), OtherUnits(2, 1, 3, "relu")
    records = [train_stream(net, stream, Recipe(epochs=2), progress=False) for net in nets]
    torch.testing.assert_close(records[0].contexts, records[1].contexts, rtol=1e-3, atol=1e-4)


def test_units_are_the_functions_that_they_are_named_after(few):
    x, W1 = FlyNet(1, 1).inputs(few.test_images[:5]), FlyNet(1, 1).W1
    z = x @ W1.T
    z = z - z.mean(1, keepdim=True)
    s = 7**0.5
    expected = {"relu": z.clamp(min=0), "tanh": s * torch.tanh(z / s), "linear": z, "threshold": s * (z > 0).float()}
    assert set(expected) == set(UNITS)
    for units, h in expected.items():
        found = OtherUnits(1, 1, units=units).features(x)
        off = (found - h).abs() > 1e-4
        assert off.float().mean() < 1e-3  # a threshold may fall on the other side of zero
    with pytest.raises(ParameterError, match="units must be one of relu, tanh, linear, threshold; got 'sine'"):
        OtherUnits(1, 1, units="sine")


def test_other_units_are_kept_in_the_run_cache_and_apart(few, tmp_path, monkeypatch):
    monkeypatch.setenv("TGSH_CACHE", str(tmp_path))
    stream, recipe = RotationMNIST(few, 1), Recipe(epochs=1)
    runs = [
        train_stream(OtherUnits(1, 1, units=u), stream, recipe, progress=False) for u in ("tanh", "linear", "linear")
    ]
    assert [one.from_cache for one in runs] == [(False,), (False,), (True,)]


def test_alignment_is_one_up_to_rotation_and_scale_and_zero_for_unrelated_points():
    points = normal(60, 12)
    turned = 3 * points @ torch.linalg.qr(normal(12, 12)).Q + 5
    assert cka(points, turned) == pytest.approx(1)
    source = generator(1, "unrelated")
    sets = [[torch.randn(20, 300, generator=source) for _ in range(2)] for _ in range(60)]
    assert np.mean([cka(*two) for two in sets]) == pytest.approx(0, abs=0.02)
    # one direction of two: with many points, the alignment of diag(1, 1) and diag(1, 0)
    many = torch.randn(2000, 2, generator=source)
    assert cka(many, many[:, :1]) == pytest.approx(1 / 2**0.5, abs=0.03)


def test_alignment_is_the_mean_over_four_points_by_definition():
    # the estimate as a sum over all quadruples of different points (Song and others 2012)
    x, y = normal(6, 2), normal(6, 3)
    K, L = x @ x.T, y @ y.T

    def by_quadruples(K, L):
        four = torch.tensor(list(permutations(range(6), 4))).T
        i, j, q, r = four
        return (K[i, j] * (L[i, j] + L[q, r] - 2 * L[i, q])).mean()

    expected = by_quadruples(K, L) / (by_quadruples(K, K) * by_quadruples(L, L)).sqrt()
    assert cka(x, y) == pytest.approx(float(expected))
    with pytest.raises(ParameterError, match="must show the same inputs"):
        cka(x, y[:3])
    with pytest.raises(ParameterError, match="number of inputs must be a whole number of at least 4"):
        cka(x[:3], y[:3])
    with pytest.raises(ParameterError, match="the same for all inputs has no alignment"):
        cka(x, torch.ones(6, 2))


# Distances and radii


def test_distances_on_a_ring_are_the_shorter_way_round():
    place = np.arange(8)
    apart = np.abs(np.subtract.outer(place, place))
    round_it = np.minimum(apart, 8 - apart)
    chord = 2 * np.sin(np.pi * round_it / 8)
    assert graph_distances(chord) == pytest.approx(chord[0, 1] * round_it)
    # two far groups: neighbours are added until one way leads across
    line = np.array([0, 1, 2, 50, 51, 52.0])
    assert graph_distances(np.abs(np.subtract.outer(line, line)))[0, 5] == pytest.approx(52)
    with pytest.raises(ParameterError, match="n_neighbours must be a whole number from 1 to 7"):
        graph_distances(chord, 8)


def test_the_distance_from_a_manifold_is_that_from_its_nearest_sample():
    manifolds = [torch.tensor([[0.0, 0], [10, 0]]), torch.tensor([[0.0, 5]])]
    found = manifold_distances(torch.tensor([[3.0, 4], [10, 1]]), manifolds)
    assert found == pytest.approx(np.array([[5, np.sqrt(10)], [1, np.sqrt(116)]]))
    with pytest.raises(ParameterError, match="got none"):
        manifold_distances(torch.ones(1, 2), [])


def test_a_ball_has_a_radius_and_a_normal_distribution_has_none():
    source = generator(0, "ball")
    way = torch.nn.functional.normalize(torch.randn(20_000, 3, generator=source, dtype=torch.float64), dim=1)
    ball = way * torch.rand(20_000, 1, generator=source, dtype=torch.float64) ** (1 / 3)
    sizes = [10, 100, 1000, 10_000]
    radius = empirical_radius(ball, sizes)
    # P(largest of n <= r) = r^(3 n), so its mean is 3 n / (3 n + 1)
    assert radius == pytest.approx([3 * n / (3 * n + 1) for n in sizes], abs=0.015)
    cloud = empirical_radius(torch.randn(20_000, 3, generator=source), sizes)
    assert (np.diff(cloud) > 0.4).all()
    with pytest.raises(ParameterError, match="sizes must be a whole number from 1 to 5"):
        empirical_radius(torch.ones(5, 2), [6])
