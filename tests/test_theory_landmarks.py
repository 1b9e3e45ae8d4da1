"""Kernel machines by landmarks, and degrees of freedom: exact identities on small problems."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from tgsh.errors import ParameterError
from tgsh.theory import (
    degrees_of_freedom,
    estimate_degrees,
    fit_kernel_machine,
    fit_landmark_machine,
    predicted_similarity,
)

N, K, RIDGE = 40, 3, 0.01


@pytest.fixture(scope="module")
def problem():
    source = torch.Generator().manual_seed(0)
    h = torch.rand(N, 60, generator=source, dtype=torch.float64).numpy()
    return h @ h.T, np.arange(N) % K


def test_with_all_images_as_landmarks_it_is_the_kernel_machine(problem):
    kernel, labels = problem
    exact = fit_kernel_machine(kernel, labels, RIDGE, n_classes=K)
    found = fit_landmark_machine(kernel, kernel, labels, RIDGE, n_classes=K)
    np.testing.assert_allclose(kernel @ found.weights, kernel @ exact.weights, atol=1e-4)
    np.testing.assert_allclose(found.logits, kernel @ found.weights, atol=1e-9)
    assert found.gradient < 1e-6


def test_landmarks_that_span_all_functions_suffice():
    # Features of five numbers: five images span them, and the machine of forty is found from these.
    h = torch.rand(N, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64).numpy()
    kernel, labels = h @ h.T, np.arange(N) % K
    exact = fit_kernel_machine(kernel, labels, RIDGE, n_classes=K)
    found = fit_landmark_machine(kernel[:, :5], kernel[:5, :5], labels, RIDGE, n_classes=K)
    assert found.weights.shape == (5, K)
    np.testing.assert_allclose(found.logits, kernel @ exact.weights, atol=1e-4)
    inner = (found.weights * (kernel[:5, :5] @ found.weights)).sum()
    assert inner == pytest.approx((exact.weights * (kernel @ exact.weights)).sum(), rel=1e-4)


def test_similarities_of_landmark_machines_are_those_of_their_functions(problem):
    kernel, labels = problem
    other = (labels + (np.arange(N) % 4 == 0)) % K
    exact = [fit_kernel_machine(kernel, y, RIDGE, n_classes=K).weights for y in (labels, other)]
    found = [fit_landmark_machine(kernel, kernel, y, RIDGE, n_classes=K).weights for y in (labels, other)]
    S, S_exact = (predicted_similarity(weights, lambda s, t: kernel) for weights in (found, exact))
    np.testing.assert_allclose(S, S_exact, atol=1e-5)


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
    with pytest.raises(ParameterError, match=r"5 landmarks has shape \(5, 5\)"):
        fit_landmark_machine(kernel[:, :5], kernel[:6, :6], labels, RIDGE, n_classes=K)
    with pytest.raises(ParameterError, match="ridge must be a number above 0"):
        fit_landmark_machine(kernel, kernel, labels, 0, n_classes=K)
