"""Lenses of comparing and carrying over, each on a case whose answer is known."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment

from tgsh import FlyNet, ParameterError
from tgsh.benchmarks import RotationMNIST
from tgsh.extensions.lenses import (
    bures_wasserstein,
    carry_over,
    cka,
    class_geometry,
    fit_generator,
    generate_contexts,
    mean_positions,
    model_agreement,
    name_positions,
    noise_ceiling,
    relative_coordinates,
    skill_left_out,
    task_moments,
)
from tgsh.seeding import generator


def normal(*shape, of=0):
    return torch.randn(*shape, generator=generator(of, "test", *shape), dtype=torch.float64)


def turned(d, of=0):
    return torch.linalg.qr(normal(d, d, of=of))[0]


# Relative representations

CIRCLE = torch.stack([torch.tensor([np.cos(a), np.sin(a), 0.3]) for a in np.arange(36) * 2 * np.pi / 36]).double()
PLACES = np.arange(36) * 10.0


def test_relative_coordinates_do_not_change_under_a_rotation_and_a_scale():
    one = normal(20, 50)
    other = 3 * one @ turned(50)
    assert relative_coordinates(one, one[:6]) == pytest.approx(relative_coordinates(other, other[:6]), abs=1e-12)
    # while the points themselves have nothing in common
    assert abs(np.diag(relative_coordinates(one, other)).mean()) < 0.1


def test_a_space_that_is_turned_is_named_without_an_error_and_absolute_coordinates_are_not():
    one = CIRCLE @ normal(3, 40)
    other = 2 * one @ turned(40)
    anchors = [0, 9, 18, 27]
    known, asked = (relative_coordinates(of, of[anchors]) for of in (one, other))
    assert name_positions(asked, known, PLACES).tolist() == PLACES.tolist()
    assert (name_positions(other.numpy(), one.numpy(), PLACES) != PLACES).mean() > 0.8
    assert (name_positions(asked[:, [1, 3, 0, 2]], known, PLACES) != PLACES).mean() > 0.8


def test_the_mean_of_anchors_on_a_circle_is_the_position():
    anchors = relative_coordinates(CIRCLE[:, :2], CIRCLE[[0, 9, 18, 27], :2])
    assert mean_positions(anchors, [0, 90, 180, 270], 360) == pytest.approx(PLACES, abs=1e-6)


def test_points_in_the_span_of_the_anchors_are_carried_over_exactly_up_to_length():
    one, into = CIRCLE @ normal(3, 40), turned(40)
    other = one @ into
    carried = carry_over(one, one[[0, 7, 20]], other[[0, 7, 20]])
    assert torch.cosine_similarity(carried, other) == pytest.approx(np.ones(36))
    wrong = carry_over(one, one[[0, 7, 20]], other[[7, 20, 0]])
    assert torch.cosine_similarity(wrong, other).mean() < 0.9


def test_what_does_not_fit_is_one_clear_line():
    with pytest.raises(ParameterError, match="must be rows of one length"):
        relative_coordinates(normal(3, 4), normal(3, 5))
    with pytest.raises(ParameterError, match="do not fit together"):
        name_positions(np.ones((2, 3)), np.ones((4, 3)), [0, 1])
    with pytest.raises(ParameterError, match="3 anchors but 2 positions"):
        mean_positions(np.ones((2, 3)), [0, 1], 360)
    with pytest.raises(ParameterError, match="need the same anchors; got 3 and 2"):
        carry_over(normal(1, 5), normal(3, 5), normal(2, 5))


# Convergence


def song(K, L):
    """The unbiased HSIC as Song and others (2012) write it, without the factor 1 / (n (n - 3))."""
    n, K, L = len(K), K.clone().fill_diagonal_(0), L.clone().fill_diagonal_(0)
    sums = K.sum() * L.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (K.sum(0) @ L.sum(0))
    return float((K @ L).trace() + sums)


def test_unbiased_cka_is_that_of_song():
    one, other = normal(25, 8), normal(25, 30) + 1
    K, L = one @ one.T, other @ other.T
    assert cka(one, other) == pytest.approx(song(K, L) / (song(K, K) * song(L, L)) ** 0.5)


def test_usual_cka_is_that_of_kornblith():
    one, other = normal(25, 8), normal(25, 30) + 1
    X, Y = one - one.mean(0), other - other.mean(0)
    expected = (Y.T @ X).square().sum() / ((X.T @ X).norm() * (Y.T @ Y).norm())
    assert cka(one, other, unbiased=False) == pytest.approx(float(expected))


@pytest.mark.parametrize("unbiased", [True, False])
def test_cka_is_one_after_a_rotation_a_scale_and_a_shift(unbiased):
    one = normal(20, 40)
    assert cka(one, 5 * one @ turned(40) + 3, unbiased) == pytest.approx(1)


def test_unrelated_points_have_no_unbiased_cka_and_much_of_the_usual_one():
    pairs = [(normal(20, 500, of=2 * i), normal(20, 500, of=2 * i + 1)) for i in range(40)]
    assert abs(np.mean([cka(*pair) for pair in pairs])) < 0.03
    assert np.mean([cka(*pair, unbiased=False) for pair in pairs]) > 0.9


def test_cka_refuses_what_it_cannot_compare():
    with pytest.raises(ParameterError, match="same inputs; got 5 and 6"):
        cka(normal(5, 3), normal(6, 3))
    with pytest.raises(ParameterError, match=r"number of inputs must be .* at least 4"):
        cka(normal(3, 3), normal(3, 3))
    with pytest.raises(ParameterError, match="same for all inputs"):
        cka(torch.ones(5, 3), normal(5, 3))


def noisy(spreads):
    source = np.random.default_rng(0)
    truth = source.normal(size=(12, 12))
    return truth + truth.T, [truth + truth.T + (n := source.normal(size=(12, 12)) * s) + n.T for s in spreads]


def test_the_noise_ceiling_is_that_of_rsatoolbox():
    # rsatoolbox 0.3.2, boot_noise_ceiling(RDMs, method="corr"), of these four matrices
    source = np.random.default_rng(0)
    base = source.normal(size=(12, 12))
    made = [base + source.normal(size=(12, 12)) * s for s in (0.5, 1, 2, 0.7)]
    ceiling = noise_ceiling([one + one.T for one in made])
    assert (ceiling.lower, ceiling.upper) == pytest.approx((0.6569771262157871, 0.8095310561437321))


def test_the_true_matrix_lies_between_the_bounds_and_others_below():
    truth, found = noisy([0.5] * 12)
    ceiling = noise_ceiling(found)
    reached = np.mean(model_agreement(truth, found))
    assert ceiling.lower < reached < ceiling.upper
    # the correlation of truth with truth and noise of half its size
    assert reached == pytest.approx(1 / (1 + 0.25) ** 0.5, abs=0.03)
    other = noisy([0.1])[1][0][::-1, ::-1]
    assert np.mean(model_agreement(other, found)) < ceiling.lower - 0.5


def test_equal_matrices_have_a_ceiling_of_one_and_unrelated_ones_none():
    truth, _ = noisy([1])
    assert noise_ceiling([truth, 2 * truth + 1]).lower == pytest.approx(1)
    source = np.random.default_rng(1)
    ceiling = noise_ceiling([(one := source.normal(size=(20, 20))) + one.T for _ in range(8)])
    assert abs(ceiling.lower) < 0.1
    assert ceiling.upper > 0.25  # each matrix is a part of the mean of all


def test_a_ceiling_needs_two_networks_and_something_to_correlate():
    with pytest.raises(ParameterError, match=r"number of networks must be .* at least 2"):
        noise_ceiling([np.eye(4)])
    with pytest.raises(ParameterError, match="constant"):
        noise_ceiling([np.ones((4, 4))] * 2)


# Bures-Wasserstein


def test_commuting_covariances_have_the_distance_of_the_roots_of_their_eigenvalues():
    axes = turned(6)
    values = torch.tensor([[1.0, 4, 9, 0, 2, 1], [4.0, 4, 1, 1, 2, 0], [0.0, 0, 0, 0, 0, 1]]).double()
    distances = bures_wasserstein(axes @ torch.diag_embed(values) @ axes.T)
    assert distances == pytest.approx(torch.cdist(values.sqrt(), values.sqrt()).numpy(), abs=1e-6)


def test_other_covariances_have_the_distance_of_the_definition():
    A, B = (one @ one.T for one in (normal(5, 9), normal(5, 9, of=1)))
    root = sqrtm(A.numpy())
    squared = np.trace(A) + np.trace(B) - 2 * np.trace(sqrtm(root @ B.numpy() @ root)).real
    assert bures_wasserstein(torch.stack([A, B]))[0, 1] == pytest.approx(squared**0.5)
    means = torch.tensor([[0.0] * 5, [2.0, 0, 0, 0, 0]])
    assert bures_wasserstein(torch.stack([A, B]), means)[0, 1] == pytest.approx((squared + 4) ** 0.5)


def test_it_is_the_cheapest_transport_between_gaussian_points():
    # of many points the squared distance of optimal transport approaches that of the two Gaussians
    roots = torch.tensor([[2.0, 0.5], [0.5, 1.0]]).double(), torch.tensor([[0.5, 0.0], [0.0, 2.0]]).double()
    points = [normal(1500, 2, of=i) @ root for i, root in enumerate(roots)]
    cost = torch.cdist(*points).square().numpy()
    moved = cost[linear_sum_assignment(cost)].mean()
    expected = bures_wasserstein(torch.stack([root.T @ root for root in roots]))[0, 1] ** 2
    assert moved == pytest.approx(expected, rel=0.1)


def test_what_is_no_covariance_is_refused():
    with pytest.raises(ParameterError, match="negative eigenvalues"):
        bures_wasserstein(torch.diag_embed(torch.tensor([[1.0, -1.0]])))
    with pytest.raises(ParameterError, match="finite and symmetric"):
        bures_wasserstein(torch.tensor([[[1.0, 1.0], [0.0, 1.0]]]))
    with pytest.raises(ParameterError, match=r"must have shape \(T, d, d\)"):
        bures_wasserstein(torch.ones(3, 3))
    with pytest.raises(ParameterError, match="2 covariances but means"):
        bures_wasserstein(torch.eye(2).expand(2, 2, 2), torch.zeros(3, 2))


def test_moments_are_those_of_the_pixels_and_know_labels_only_by_class(few):
    stream, index = RotationMNIST(few, 2, 90), torch.arange(200)
    means, covariances, of_classes = task_moments(stream, index)
    x = stream.images(1, "train", index)[0].flatten(1).double().numpy() / 255
    assert means[1].numpy() == pytest.approx(x.mean(0))
    assert covariances[1].numpy() == pytest.approx(np.cov(x.T))
    labels = few.train_labels[index].numpy()
    assert of_classes[1, 3].numpy() == pytest.approx(x[labels == 3].mean(0))
    coarse = task_moments(stream, index, 2)
    assert coarse[0].shape == (2, 196)
    assert coarse[0][0].reshape(14, 14)[5, 6] == pytest.approx(means[0].reshape(28, 28)[10:12, 12:14].mean())
    with pytest.raises(ParameterError, match="coarse must divide 28; got 3"):
        task_moments(stream, index, 3)


# Markers


def test_even_points_in_some_directions_have_that_dimension_and_radius():
    labels = torch.arange(3).repeat_interleave(4000)
    points = torch.zeros(12_000, 40, dtype=torch.float64)
    points[:, :10] = normal(12_000, 10)
    points[torch.arange(12_000), 20 + labels] = 6  # three centres, 6 * sqrt(2 / 3) from their mean
    found = class_geometry(points, labels)
    assert found.dimension == pytest.approx(10, rel=0.02)
    assert found.radius == pytest.approx(10**0.5 / (6 * (2 / 3) ** 0.5), rel=0.02)
    assert found.alignment == pytest.approx(0.5, abs=0.01)  # three centres at 120 degrees
    turned_points = class_geometry(points @ turned(40) + 5, labels)
    assert turned_points.row() == pytest.approx(found.row())


def test_geometry_refuses_what_has_none():
    with pytest.raises(ParameterError, match="two classes, and two points of each"):
        class_geometry(normal(5, 3), torch.tensor([0, 0, 0, 0, 1]))
    with pytest.raises(ParameterError, match="coincide"):
        class_geometry(torch.ones(4, 3), torch.tensor([0, 0, 1, 1]))


def test_what_markers_determine_is_foretold_and_noise_is_not():
    markers, groups = normal(120, 3).numpy(), np.arange(120) % 4
    outcome = markers @ normal(3, 5, of=1).numpy() + np.arange(5)
    assert skill_left_out(markers, outcome, groups).min() > 0.99
    assert skill_left_out(normal(120, 3, of=2).numpy(), outcome, groups).max() < 0.1
    half = outcome + outcome.std() * normal(120, 5, of=3).numpy()
    assert skill_left_out(markers, half, groups).mean() == pytest.approx(0.5, abs=0.15)


def test_a_skill_needs_groups_to_leave_out():
    with pytest.raises(ParameterError, match="there must be two; got one"):
        skill_left_out(np.ones((4, 1)), np.ones((4, 1)), np.zeros(4))
    with pytest.raises(ParameterError, match="rows must match"):
        skill_left_out(np.ones((4, 1)), np.ones((3, 1)), np.zeros(4))


# A network that generates contexts


def made_by_rule(net, angles):
    """Contexts of the generator's own form: waves at each pixel for each class, summed over the pixels of a unit."""
    turn = torch.deg2rad(torch.as_tensor(angles, dtype=torch.float64))
    one, two = normal(784, 10), normal(784, 10, of=1)
    waves = turn.cos()[:, None, None] * one + turn.sin()[:, None, None] * two  # (Q, 784, 10)
    summed = waves[:, net.pixels].sum(2) / 7**0.5  # (Q, H, 10)
    return torch.tanh((summed * net.W2.T.double() * (3 * net.n_hidden) ** 0.5).sum(2))


def test_contexts_made_by_a_rule_are_generated_between_known_angles_and_in_other_networks():
    known, hidden = np.arange(0, 360, 30), np.arange(15, 360, 30)
    nets = [FlyNet(1, 8, seed) for seed in range(3)]
    sets = [made_by_rule(net, known) for net in nets[:2]]
    model = fit_generator(nets[:2], sets, known, steps=80, harmonics=2, n_units=1500, lr=0.03)
    own = torch.cosine_similarity(generate_contexts(model, nets[0], hidden).double(), made_by_rule(nets[0], hidden))
    assert own.min() > 0.8
    for other in (nets[2], FlyNet(1, 3, 9)):  # other seeds; another width
        truth = made_by_rule(other, hidden)
        made = generate_contexts(model, other, hidden).double()
        assert torch.cosine_similarity(made, truth).min() > 0.5
        assert torch.cosine_similarity(made.roll(1, 1), truth).abs().max() < 0.2  # of the units beside them
        turned_away = generate_contexts(model, other, hidden + 180).double()
        assert torch.cosine_similarity(turned_away, truth).max() < -0.4


def test_the_generator_refuses_what_it_cannot_fit():
    net, known = FlyNet(1, 1, 0), np.arange(0, 360, 90)
    with pytest.raises(ParameterError, match=r"harmonics must be a whole number from 1 to 1 \(4 positions\); got 7"):
        fit_generator([net], [torch.ones(4, 784)], known)
    with pytest.raises(ParameterError, match=r"contexts must be \(4, 784\); got \(3, 784\)"):
        fit_generator([net], [torch.ones(3, 784)], known, harmonics=1)
    with pytest.raises(ParameterError, match="1 networks and 0 sets"):
        fit_generator([net], [], known)
    with pytest.raises(ParameterError, match="FlyNet has none to read"):
        generate_contexts(None, FlyNet(1, 1, projection="gaussian"), known)
