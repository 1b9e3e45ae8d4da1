"""Kernels of random features against cases that are known, and against sampled features."""

import numpy as np
import pytest

from tgsh.theory import arc_cosine_kernel


@pytest.mark.parametrize(("covariance", "mean"), [(1, 0.5), (0, 1 / (2 * np.pi)), (-1, 0)])
def test_arc_cosine_kernel_of_equal_independent_and_opposite_sums(covariance, mean):
    found = arc_cosine_kernel(np.array([[4.0 * covariance]]), np.array([4.0]), np.array([4.0]))
    np.testing.assert_allclose(found, [[4 * mean]], atol=1e-12)


def test_a_constant_sum_has_a_kernel_of_zero():
    found = arc_cosine_kernel(np.zeros((2, 1)), np.array([0.0, 1.0]), np.array([0.0]))
    assert not found.any()
