"""Kernels of random features against cases that are known, and against sampled features."""

from itertools import combinations

import numpy as np
import pytest
import torch

from tgsh import FlyNet
from tgsh.errors import ParameterError
from tgsh.theory import arc_cosine_kernel, exact_flynet_kernel, flynet_kernel, gaussian_kernel


@pytest.mark.parametrize(("covariance", "mean"), [(1, 0.5), (0, 1 / (2 * np.pi)), (-1, 0)])
def test_arc_cosine_kernel_of_equal_independent_and_opposite_sums(covariance, mean):
    found = arc_cosine_kernel(np.array([[4.0 * covariance]]), np.array([4.0]), np.array([4.0]))
    np.testing.assert_allclose(found, [[4 * mean]], atol=1e-12)


def test_a_constant_sum_has_a_kernel_of_zero():
    assert not arc_cosine_kernel(np.zeros((2, 1)), np.array([0.0, 1.0]), np.array([0.0])).any()
    assert not flynet_kernel(np.ones((1, 9)), np.arange(9.0)[None], fan_in=2).any()


def over_all_sets(x, z, fan_in):
    sets = np.array(list(combinations(range(len(x)), fan_in)))
    sums = [np.maximum(image[sets].sum(1) - fan_in * image.mean(), 0) for image in (x, z)]
    return (sums[0] * sums[1]).mean()


@pytest.mark.parametrize("fan_in", [1, 3, 7])
def test_the_exact_kernel_is_the_mean_over_all_sets_of_pixels(fan_in):
    source = np.random.default_rng(0)
    x, z = source.integers(0, 5, (2, 12))
    assert exact_flynet_kernel(x, z, fan_in) == pytest.approx(over_all_sets(x, z, fan_in), rel=1e-10)
    assert exact_flynet_kernel(x, x, fan_in) == pytest.approx(over_all_sets(x, x, fan_in), rel=1e-10)


def test_the_moments_of_the_sums_are_exact():
    # Sums of pixels without replacement: variance and third moment over all sets of three.
    source = np.random.default_rng(1)
    x = source.random(10) ** 3
    sums = np.array([x[list(chosen)].sum() for chosen in combinations(range(10), 3)]) - 3 * x.mean()
    v, third = (sums**2).mean(), (sums**3).mean()
    expected = v / 2 + third / (3 * np.sqrt(2 * np.pi * v))  # of relu(z)^2, to this order
    assert flynet_kernel(x[None], fan_in=3)[0, 0] == pytest.approx(expected, rel=1e-12)
    assert flynet_kernel(x[None], fan_in=3, skewness=False)[0, 0] == pytest.approx(v / 2, rel=1e-12)


@pytest.fixture(scope="module")
def sampled(few):
    """Inputs of digits, and their kernels over a million sampled units: sparse and Gaussian W1."""
    net = FlyNet(1, 1)
    x = net.inputs(few.train_images[:24])

    def kernel(projection):
        parts = [FlyNet(1, 40, seed, projection=projection).features(x).double() for seed in range(32)]
        return np.mean([(h @ h.T / h.shape[1]).numpy() for h in parts], axis=0)

    return x.double().numpy(), kernel("sparse"), kernel("gaussian")


def error(kernel, measured):
    return np.linalg.norm(kernel - measured) / np.linalg.norm(measured)


def test_kernels_are_those_of_sampled_features(sampled):
    x, sparse, gaussian = sampled
    assert error(gaussian_kernel(x), gaussian) < 0.01
    with_skewness, normal = (error(flynet_kernel(x, skewness=skewness), sparse) for skewness in (True, False))
    assert with_skewness < 0.04
    assert with_skewness < normal / 2


def test_the_exact_kernel_is_that_of_sampled_features(sampled, few):
    levels = torch.div(few.train_images[:2].flatten(1), 4, rounding_mode="floor").long().numpy()
    parts = [FlyNet(1, 40, seed).double().features(torch.from_numpy(levels).double()) for seed in range(8)]
    measured = np.mean([(h[0] @ h[1]).item() / h.shape[1] for h in parts])
    assert exact_flynet_kernel(*levels) == pytest.approx(measured, rel=0.02)


def test_a_block_of_a_kernel_is_the_kernel_of_the_block(sampled):
    x = sampled[0]
    for kernel in (flynet_kernel, gaussian_kernel):
        np.testing.assert_allclose(kernel(x[:5], x[5:9]), kernel(x)[:5, 5:9], atol=1e-9)


def test_bad_images_and_sizes_are_one_line():
    with pytest.raises(ParameterError, match="fan_in must be a whole number from 1 to 9"):
        flynet_kernel(np.ones((1, 9)), fan_in=10)
    with pytest.raises(ParameterError, match="whole numbers from 0 to 63"):
        exact_flynet_kernel(np.full(9, 64), np.zeros(9, int))
    with pytest.raises(ParameterError, match="must be finite"):
        gaussian_kernel(np.array([[np.nan, 1.0]]))
