"""Kernel machines of many images, and degrees of freedom: exact identities on small problems."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from tgsh.errors import ParameterError
from tgsh.theory import (
    degrees_of_freedom,
    estimate_degrees,
    fit_kernel_machine,
    fit_large_machine,
    flynet_kernel,
    large_kernel,
)

N, K, RIDGE = 40, 3, 0.01


@pytest.fixture(scope="module")
def problem():
    source = torch.Generator().manual_seed(0)
    h = torch.rand(N, 60, generator=source, dtype=torch.float64).numpy()
    return h @ h.T, np.arange(N) % K


@pytest.mark.parametrize(("precision", "tolerance"), [(np.float64, 1e-7), (np.float32, 2e-4)])
def test_it_is_the_kernel_machine(problem, precision, tolerance):
    kernel, labels = problem
    exact = fit_kernel_machine(kernel, labels, RIDGE, n_classes=K)
    found = fit_large_machine(kernel.astype(precision), labels, RIDGE, n_classes=K, tolerance=tolerance)
    np.testing.assert_allclose(found.weights, exact.weights, atol=100 * tolerance * abs(exact.weights).max())
    np.testing.assert_allclose(found.weights.sum(1), 0, atol=1e-4)
    assert found.loss == pytest.approx(exact.loss, rel=1e-3)
    assert 0 < found.gradient <= tolerance
    assert np.isnan(found.negative)


def test_the_upper_limit_of_iterations_shows_in_the_gradient(problem):
    kernel, labels = problem
    found = fit_large_machine(kernel, labels, RIDGE, n_classes=K, max_iterations=2)
    assert found.evaluations == 3
    assert found.gradient > 1e-3


def test_slightly_negative_eigenvalues_do_no_harm(problem):
    kernel, labels = problem
    few = kernel[:, :9] @ np.linalg.pinv(kernel[:9, :9]) @ kernel[:9]  # of rank 9
    exact = fit_kernel_machine(few, labels, RIDGE, n_classes=K)
    bent = few - 1e-3 * RIDGE * np.eye(N)
    found = fit_large_machine(bent, labels, RIDGE, n_classes=K, tolerance=1e-4)
    np.testing.assert_allclose(few @ found.weights, few @ exact.weights, atol=1e-2)


def test_a_large_kernel_is_the_kernel_block_by_block(monkeypatch):
    monkeypatch.setattr("tgsh.theory._large._BLOCK", 7)
    x, z = torch.rand(2, 20, 30, generator=torch.Generator().manual_seed(2), dtype=torch.float64).numpy()
    for other in (None, z, z[:5]):
        found = large_kernel(flynet_kernel, x, other)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, flynet_kernel(x, other), rtol=1e-4, atol=1e-6)


def test_a_kernel_of_whole_numbers_is_not_rounded(problem):
    kernel, labels = problem
    whole = np.round(10 * kernel).astype(int)
    found = fit_large_machine(whole, labels, RIDGE, n_classes=K)
    exact = fit_large_machine(whole.astype(float), labels, RIDGE, n_classes=K)
    assert abs(found.weights).max() > 0
    np.testing.assert_array_equal(found.weights, exact.weights)
    logits = whole @ found.weights
    assert estimate_degrees(whole, logits, RIDGE) == estimate_degrees(whole.astype(float), logits, RIDGE)


def test_a_kernel_of_another_shape_is_refused():
    with pytest.raises(ParameterError, match=r"a kernel of 20 and 20 rows has shape \(20, 1\)"):
        large_kernel(lambda x, z: x[:, :1], np.zeros((20, 30)))


def test_a_kernel_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr("tgsh.theory._kernels.free_memory", lambda device: 1000)
    with pytest.raises(ParameterError, match=r"a kernel of 20 x 20 images takes .* are free; use fewer images"):
        large_kernel(flynet_kernel, np.zeros((20, 30)))


def test_degrees_of_freedom_are_those_of_the_definition(problem):
    kernel, labels = problem
    machine = fit_kernel_machine(kernel, labels, RIDGE, n_classes=K)
    logits = kernel @ machine.weights
    expected = 0
    for p in softmax(logits, axis=1).T:
        root = np.sqrt(p * (1 - p))
        weighted = root[:, None] * kernel * root
        expected += np.trace(weighted @ np.linalg.inv(weighted + RIDGE * N * np.eye(N)))
    assert degrees_of_freedom(kernel, logits, RIDGE) == pytest.approx(expected, rel=1e-9)
    # A strong ridge leaves none; a weak one, as many as the kernel has ranks, for each class.
    assert degrees_of_freedom(kernel, logits, 1e9) == pytest.approx(0, abs=1e-4)
    assert degrees_of_freedom(kernel, np.zeros((N, K)), 1e-12) == pytest.approx(N * K, rel=1e-3)


def test_degrees_of_freedom_are_estimated_within_their_error(problem):
    kernel, labels = problem
    logits = kernel @ fit_kernel_machine(kernel, labels, RIDGE, n_classes=K).weights
    expected = degrees_of_freedom(kernel, logits, RIDGE)
    found, error = estimate_degrees(kernel, logits, RIDGE, n_probes=400, tolerance=1e-9)
    assert found == pytest.approx(expected, abs=4 * error)
    assert error < 0.02 * expected
    single, _ = estimate_degrees(kernel.astype(np.float32), logits, RIDGE, n_probes=400)
    assert single == pytest.approx(found, rel=0.01)
    with pytest.raises(ParameterError, match="n_probes"):
        estimate_degrees(kernel, logits, RIDGE, n_probes=1)
    with pytest.raises(ParameterError, match="1 iterations do not suffice"):
        estimate_degrees(kernel, logits, RIDGE, max_iterations=1)


def test_negative_eigenvalues_do_no_harm_to_degrees_of_freedom(problem):
    kernel, _ = problem
    bent = kernel - 2 * np.eye(N)  # negative beyond the ridge, so that there is no Cholesky factor
    weighted = bent * 2 / 9
    expected = K * np.trace(weighted @ np.linalg.inv(weighted + RIDGE * N * np.eye(N)))
    assert degrees_of_freedom(bent, np.zeros((N, K)), RIDGE) == pytest.approx(expected, rel=1e-9)


def test_arguments_that_do_not_fit_are_refused(problem):
    kernel, labels = problem
    with pytest.raises(ParameterError, match=r"has shape \(N, N\); got \(40, 5\)"):
        fit_large_machine(kernel[:, :5], labels, RIDGE, n_classes=K)
    with pytest.raises(ParameterError, match="large negative eigenvalues"):
        fit_large_machine(-kernel, labels, RIDGE, n_classes=K)
    with pytest.raises(ParameterError, match="large negative eigenvalues"):
        fit_large_machine(kernel - 20 * np.eye(N), labels, RIDGE, n_classes=K)
    for name in ("ridge", "tolerance"):
        with pytest.raises(ParameterError, match=f"{name} must be a number above 0"):
            fit_large_machine(kernel, labels, **({"ridge": RIDGE, "n_classes": K} | {name: 0}))
