"""Equivariance, spectra and interpolation, and the law of signs."""

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, Recipe, ShiftMNIST, context_similarity, train_stream
from tgsh.benchmarks import Permutation, Shift, TaskStream
from tgsh.measures import circulant_part
from tgsh.theory import (
    angular_spectrum,
    group_average,
    interpolation_error,
    shared_residual,
    sign_cosine,
    sign_similarity,
    similarity_at,
    two_neighbour_error,
    with_permuted_pixels,
)
from tgsh.training import loss_and_gradient, task_features, templates

# Equivariance


@pytest.mark.parametrize("projection", ["sparse", "gaussian"])
def test_a_network_sees_permuted_images_as_another_network_sees_the_images(few, projection):
    net, permutation = FlyNet(1, 1, 0, projection=projection), Permutation(1)
    other = with_permuted_pixels(net, permutation.source)
    x = net.inputs(few.test_images[:20])
    torch.testing.assert_close(
        net.features(net.inputs(permutation(few.test_images[:20]))), other.features(x), atol=2e-5, rtol=1e-5
    )
    assert (net.features(x) - other.features(x)).abs().max() > 0.1  # and it is another network
    assert torch.equal(other.W2, net.W2)
    assert torch.equal(other.W1[:, permutation.source], net.W1)


def test_permuted_images_train_the_context_of_that_network(few):
    permutation, recipe = Permutation(1), Recipe(epochs=2)
    net = FlyNet(1, 1, 0)
    other = with_permuted_pixels(net, permutation.source)
    on_permuted = train_stream(net, TaskStream(few, [permutation]), recipe, device="cpu", progress=False)
    on_plain = train_stream(other, TaskStream(few, [Shift(0)]), recipe, device="cpu", progress=False)
    cosine = context_similarity(on_permuted.contexts, on_plain.contexts)
    assert cosine[0, 0] > 0.999
    assert abs(on_permuted.accuracy - on_plain.accuracy).item() < 0.02


def test_what_is_no_permutation_is_refused():
    for source in (torch.zeros(784, dtype=torch.long), torch.arange(783), torch.arange(784.0)):
        with pytest.raises(ParameterError, match="source must hold each number from 0 to 783 once"):
            with_permuted_pixels(FlyNet(1, 1), source)


def test_normalisation_commutes_with_permutations_only_while_it_is_the_same_for_all_pixels(few):
    net, permutation = FlyNet(1, 1), Permutation(1)
    images = few.test_images[:20]
    x, y = net.inputs(images), net.inputs(permutation(images))
    assert torch.equal(y, x[:, permutation.source])
    by_pixel = few.test_images.flatten(1).float().std(0) + 1  # a scale for each pixel would break it
    assert not torch.allclose(y / by_pixel, (x / by_pixel)[:, permutation.source])


def symmetric(T, seed):
    noise = np.random.default_rng(seed).normal(size=(T, T))
    return noise + noise.T


def test_group_average_by_hand():
    matrix = np.arange(16.0).reshape(4, 4)
    half = group_average(matrix, 2)  # entry (0, 1) is 1, that two tasks on, (2, 3), is 11
    assert half[0, 1] == half[2, 3] == 6
    np.testing.assert_array_equal(group_average(matrix, 4), matrix)
    full = group_average(symmetric(6, 0), 1)
    np.testing.assert_allclose(full, np.roll(full, (1, 1), (0, 1)))
    square = symmetric(6, 0)
    np.testing.assert_allclose(group_average(square, 1), circulant_part(square))
    with pytest.raises(ParameterError, match="shift must divide the number of tasks, 6; got 4"):
        group_average(square, 4)


def test_residuals_agree_where_networks_share_more_than_the_distance():
    T, pattern = 12, symmetric(12, 1)
    independent = [symmetric(T, seed) for seed in range(2, 6)]
    found = shared_residual([pattern + 0.5 * noise for noise in independent])
    assert found.argmax() == 0
    assert found[0] > 0.8
    of_square = shared_residual([group_average(pattern, 3) + 0.5 * noise for noise in independent])
    assert of_square[::3].min() > np.delete(of_square, [0, 3, 6, 9]).max()  # one pattern at each quarter turn
    np.testing.assert_allclose(shared_residual([pattern, pattern])[0], 1)
    by_hand = np.corrcoef(*(m[np.triu_indices(T, 1)] for m in map(rest, (pattern, independent[0]))))[0, 1]
    np.testing.assert_allclose(shared_residual([pattern, independent[0]])[0], by_hand)
    with pytest.raises(ParameterError, match="the number of matrices must be a whole number of at least 2"):
        shared_residual([pattern])


def rest(matrix):
    return matrix - circulant_part(matrix)


def test_without_a_shared_part_the_true_labels_are_as_likely_as_others_to_agree_best():
    ranks = [(shared_residual([symmetric(8, s), symmetric(8, 1000 + s)]).argsort().argsort()[0]) for s in range(400)]
    counts = np.bincount(ranks, minlength=8)
    assert np.abs(counts - 50).max() < 25  # 3.8 standard deviations


# Spectra


def on_a_circle(p, angles):
    """Contexts with spectrum p, exactly: each frequency has a plane of its own."""
    j = np.rint(np.fft.fftfreq(len(p), 1 / len(p)))
    waves = np.exp(1j * np.outer(angles, j)) * np.sqrt(p)
    return np.hstack([waves.real, waves.imag])


SPECTRUM = np.array([0.3, 0.2, 0.1, 0.04, 0.01, 0, 0, 0, 0.01, 0.04, 0.1, 0.2])  # 12 numbers, sum 1


def test_the_spectrum_is_found_again():
    T = len(SPECTRUM)
    angles = 2 * np.pi * np.arange(T) / T
    points = on_a_circle(SPECTRUM, angles)
    np.testing.assert_allclose(angular_spectrum(points @ points.T), SPECTRUM, atol=1e-12)
    np.testing.assert_allclose(similarity_at(SPECTRUM, angles), (points @ points.T)[0], atol=1e-12)


@pytest.mark.parametrize("n_known", [1, 2, 3, 4, 5, 6, 7, 9])
def test_error_equals_that_of_least_squares(n_known):
    known = on_a_circle(SPECTRUM, 2 * np.pi * np.arange(n_known) / n_known)
    offsets = np.array([0, 0.1, 0.3, np.pi / n_known, 1.0])
    target = on_a_circle(SPECTRUM, offsets)
    weights = np.linalg.lstsq(known.T, target.T, rcond=None)[0]
    errors = ((target - weights.T @ known) ** 2).sum(1)
    np.testing.assert_allclose(interpolation_error(SPECTRUM, n_known, offsets), errors, atol=1e-10)


def test_error_is_zero_where_no_frequency_is_mistaken_for_another():
    offsets = np.linspace(0, 1, 7)
    assert interpolation_error(SPECTRUM, 9, offsets).max() < 1e-12  # frequencies -4 to 4
    assert interpolation_error(SPECTRUM, 8, offsets[1:]).min() > 1e-5  # 4 looks like -4
    two = np.array([0.5, 0, 0, 0.5, 0, 0])  # 0 and 3: with three known contexts, one looks like the other
    np.testing.assert_allclose(interpolation_error(two, 3, [0, np.pi / 3, np.pi / 6]), [0, 1, 0.5], atol=1e-12)


@pytest.mark.parametrize("n_known", [2, 3, 5, 12])
def test_error_from_two_neighbours(n_known):
    gap = 2 * np.pi / n_known
    offsets = np.array([0, 0.2, 0.5, 1]) * gap
    known, target = on_a_circle(SPECTRUM, [0, gap]), on_a_circle(SPECTRUM, offsets)
    weights = np.linalg.lstsq(known.T, target.T, rcond=None)[0]
    errors = ((target - weights.T @ known) ** 2).sum(1)
    np.testing.assert_allclose(two_neighbour_error(SPECTRUM, n_known, offsets), errors, atol=1e-10)
    assert (
        two_neighbour_error(SPECTRUM, n_known, offsets) >= interpolation_error(SPECTRUM, n_known, offsets) - 1e-12
    ).all()
    s = similarity_at(SPECTRUM, [gap / 2, gap])
    halfway = two_neighbour_error(SPECTRUM, n_known, [gap / 2])
    np.testing.assert_allclose(halfway, 1 - 2 * s[0] ** 2 / (1 + s[1]), atol=1e-12)


@pytest.mark.parametrize(("exponent", "falls"), [(2, -1), (4, -3)])
def test_error_falls_by_a_power_of_n_that_is_one_less_than_that_of_the_spectrum(exponent, falls):
    j = np.rint(np.fft.fftfreq(8192, 1 / 8192))
    p = 1 / (1 + np.abs(j)) ** exponent
    counts = np.array([64, 128, 256])
    errors = [interpolation_error(p / p.sum(), n, [np.pi / n])[0] for n in counts]
    assert np.polyfit(np.log(counts), np.log(errors), 1)[0] == pytest.approx(falls, abs=0.15)


@pytest.mark.parametrize(("spectrum", "message"), [
    ([0.5, 0.4], "sum 1"), ([1.5, -0.5], "at least 0"), ([[1.0]], "a row of shares"), ([0.5, np.nan], "must be finite"),
])  # fmt: skip
def test_what_is_no_spectrum_is_refused(spectrum, message):
    with pytest.raises(ParameterError, match=message):
        interpolation_error(np.array(spectrum), 1, np.array([0.1]))


# Signs


def test_signs_of_gaussians_with_a_known_correlation():
    source = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 400_000, generator=source, dtype=torch.float64)
    for rho in (-0.9, -0.3, 0, 0.5, 0.99):
        other = rho * x + (1 - rho**2) ** 0.5 * y
        assert (x.sign() * other.sign()).mean().item() == pytest.approx(float(sign_cosine(rho)), abs=5e-3)
    np.testing.assert_allclose(sign_cosine([-1, 0, 0.5, 1]), [-1, 0, 1 / 3, 1])
    with pytest.raises(ParameterError, match=r"a cosine lies from -1 to 1; got 1\.2"):
        sign_cosine([0.1, 1.2])


def test_the_law_gives_the_cosine_of_signs_of_first_gradients(few):
    net, stream = FlyNet(1, 10, 0), ShiftMNIST(few, n_tasks=4)
    known = [task_features(net, stream, t) for t in range(4)]
    found = torch.stack([templates(h, labels) for h, labels in known])
    predicted = sign_similarity(found)
    W2 = torch.randn(net.W2.shape, generator=torch.Generator().manual_seed(1))  # Gaussian, as the law assumes
    signs = (W2 * found).sum(1).sign()
    np.testing.assert_allclose(predicted, context_similarity(signs), atol=0.04)  # 7840 units: 0.011
    zeros = torch.zeros(net.n_hidden)
    gradients = torch.stack([-loss_and_gradient(h, labels, net.W2, zeros)[1] for h, labels in known])
    np.testing.assert_allclose(
        predicted, context_similarity(gradients.sign()), atol=0.06
    )  # uniform W2, unequal classes


def test_units_with_unequal_correlations():
    one, other = torch.zeros(2, 2, 4)
    one[0], other[0] = 1, torch.tensor([1.0, 1.0, 1.0, 0.0])  # three units agree; at the last, the other has nothing
    np.testing.assert_allclose(sign_similarity(torch.stack([one, other])), [[1, 3 / 12**0.5], [3 / 12**0.5, 1]])
    mixed = torch.tensor(
        [[[1.0, 1.0]], [[9.0, -1.0]]]
    )  # as one vector, a cosine of 0.62; the signs agree at one of two
    np.testing.assert_allclose(sign_similarity(mixed)[0, 1], 0, atol=1e-12)
    with pytest.raises(ParameterError, match="every task needs a template"):
        sign_similarity(torch.zeros(2, 2, 4))
    with pytest.raises(ParameterError, match=r"shape \(T, K, H\)"):
        sign_similarity(torch.zeros(2, 4))
