import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST, cross_accuracy, evaluate
from tgsh.benchmarks import circular_distance
from tgsh.extensions import (
    accuracy_of_sets,
    combine_contexts,
    fourier_weights,
    kriging_weights,
    nearest_weights,
    neighbour_weights,
    periodic_covariance,
    weights_by_method,
)
from tgsh.measures import Profile, context_similarity, similarity_profile

KNOWN = np.arange(0, 360, 30)
TARGETS = np.array([0.0, 15.0, 77.0, 359.0])


def on_circle(positions, harmonics=(1,), seed=0):
    """Contexts that turn through planes of their own as the position goes round."""
    source = np.random.default_rng(seed)
    planes = source.standard_normal((len(harmonics), 2, 50))
    angle = np.radians(positions)
    turned = [
        np.outer(np.cos(k * angle), a) + np.outer(np.sin(k * angle), b)
        for k, (a, b) in zip(harmonics, planes, strict=True)
    ]
    return torch.from_numpy(np.sum(turned, 0))


def test_nearest_and_neighbours_by_hand():
    known = [0, 90, 180, 270]
    np.testing.assert_allclose(nearest_weights(known, [10, 350, 100], 360), np.eye(4)[[0, 0, 1]])
    between = neighbour_weights(known, [45, 300, 90], 360)
    np.testing.assert_allclose(between, [[0.5, 0.5, 0, 0], [1 / 3, 0, 0, 2 / 3], [0, 1, 0, 0]], atol=1e-12)
    # the order in which tasks were learned does not matter
    shuffled = neighbour_weights([270, 0, 180, 90], [300], 360)
    np.testing.assert_allclose(shuffled, [[2 / 3, 1 / 3, 0, 0]], atol=1e-12)


def test_two_known_tasks_are_neighbours_on_both_sides():
    np.testing.assert_allclose(neighbour_weights([0, 180], [45, 315], 360), [[0.75, 0.25], [0.75, 0.25]])


def test_kriging_solved_by_hand():
    # Two known tasks of correlation r, and a target of correlation c with both: w = c / (1 + nugget + r), twice.
    def covariance(distance):
        return np.select([distance == 0, distance == 90, distance == 180], [1.0, 0.6, 0.2])

    np.testing.assert_allclose(kriging_weights([0, 180], [90], 360, covariance), [[0.5, 0.5]])
    np.testing.assert_allclose(kriging_weights([0, 180], [90], 360, covariance, nugget=0.3), [[0.4, 0.4]])
    # A known task is predicted by itself, where there is no nugget.
    np.testing.assert_allclose(kriging_weights([0, 90], [90], 360, covariance), [[0, 1]], atol=1e-12)


def test_a_planted_circle_is_recovered():
    found = combine_contexts(on_circle(KNOWN), kriging_weights(KNOWN, TARGETS, 360, lambda d: np.cos(np.radians(d))))
    torch.testing.assert_close(found, on_circle(TARGETS))
    torch.testing.assert_close(
        combine_contexts(on_circle(KNOWN), fourier_weights(KNOWN, TARGETS, 360)), on_circle(TARGETS)
    )


def test_fourier_is_exact_up_to_its_order_and_no_further():
    five = on_circle(KNOWN, harmonics=(0, 2, 5))
    exact = combine_contexts(five, fourier_weights(KNOWN, TARGETS, 360))
    torch.testing.assert_close(exact, on_circle(TARGETS, harmonics=(0, 2, 5)))
    short = combine_contexts(five, fourier_weights(KNOWN, TARGETS, 360, order=4))
    assert (short - exact).abs().max() > 0.1


def test_the_measured_covariance_passes_through_the_profile():
    distance = circular_distance(KNOWN, KNOWN, 360)
    profile = similarity_profile(np.exp(np.cos(np.radians(distance)) - 1), distance)
    covariance = periodic_covariance(profile, 360)
    assert covariance(np.zeros(())) == pytest.approx(1)
    np.testing.assert_allclose(covariance(profile.distance), profile.mean, atol=1e-6)
    assert covariance(np.array(45.0)) == pytest.approx(np.exp(np.cos(np.pi / 4) - 1), abs=1e-3)


def test_a_covariance_is_positive_semidefinite_whatever_was_measured():
    odd = np.array([0.9, -0.8, 0.7])
    profile = Profile(np.array([60.0, 120.0, 180.0]), odd, odd, odd, 0.0)
    angles = np.arange(0, 360, 5)
    eigenvalues = np.linalg.eigvalsh(periodic_covariance(profile, 360)(circular_distance(angles, angles, 360)))
    assert eigenvalues.min() > -1e-3


def test_kriging_beats_the_nearest_and_the_noise_on_a_noisy_circle():
    source = np.random.default_rng(1)
    positions = np.arange(0, 360, 10)
    clean = on_circle(positions, harmonics=(0, 1, 2, 3))
    noisy = clean + 0.3 * torch.from_numpy(source.standard_normal(clean.shape))
    known = np.arange(0, 36, 2)
    profile = similarity_profile(
        context_similarity(noisy[known]), circular_distance(positions[known], positions[known], 360)
    )
    weights = kriging_weights(positions[known], positions[1::2], 360, periodic_covariance(profile, 360), nugget=0.05)
    error = (combine_contexts(noisy[known], weights) - clean[1::2]).norm()
    nearest = (
        combine_contexts(noisy[known], nearest_weights(positions[known], positions[1::2], 360)) - clean[1::2]
    ).norm()
    assert error < (noisy - clean)[1::2].norm()
    assert error < nearest / 2


def test_a_mean_of_contexts_is_a_mean_of_logits():
    net = FlyNet(2, width_mult=1)
    h = net.features(torch.randn(5, 784, generator=torch.Generator().manual_seed(0)))
    mean = combine_contexts(net.context_vectors(), np.array([[0.3, 0.7]]))
    one, other = net.logits(h, net.context_vectors())
    torch.testing.assert_close(net.logits(h, mean)[0], 0.3 * one + 0.7 * other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: neighbour_weights([0, 360], [10], 360), "known must be different positions"),
        (lambda: kriging_weights([0], [1], 360, np.cos, nugget=-1), "nugget must be"),
        (lambda: fourier_weights(KNOWN, TARGETS, 360, order=6), "order must be a whole number from 0 to 5"),
    ],
)
def test_bad_arguments_are_one_line(call, message):
    with pytest.raises(ParameterError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_weights_by_method_measure_on_the_known_contexts_alone():
    contexts, targets = on_circle(KNOWN, harmonics=(1, 2)), [15.0, 100.0]
    weights = weights_by_method(contexts, KNOWN, targets, 360)
    assert list(weights) == ["nearest", "neighbours", "kriging", "Fourier"]
    wanted = on_circle(np.array(targets), harmonics=(1, 2))
    error = {name: (combine_contexts(contexts, w) - wanted).norm() / wanted.norm() for name, w in weights.items()}
    assert error["Fourier"] < 1e-6
    assert error["kriging"] < 0.02 < error["neighbours"] < error["nearest"]


def test_every_task_is_tested_under_its_own_context_of_a_set(few):
    stream = RotationMNIST(few, n_tasks=3, step=90)
    net = FlyNet(3, width_mult=1)
    sets = [net.context_vectors(), net.context_vectors().roll(1, 0)]
    found = accuracy_of_sets(net, stream, sets)
    torch.testing.assert_close(found[0], evaluate(net, stream))
    assert found[1, 0] == cross_accuracy(net, stream)[2, 0]
