"""Kernel machines: exact identities on small problems, in double precision."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import softmax
from torch.autograd.functional import hessian, jacobian

from tgsh.errors import ParameterError
from tgsh.theory import (
    check_kernel_size,
    context_from_weights,
    dual_weights,
    fit_kernel_machine,
    predicted_similarity,
)

N, H, K, RIDGE = 40, 30, 3, 0.01


@pytest.fixture(scope="module")
def problem():
    source = torch.Generator().manual_seed(0)
    h = torch.rand(N, H, generator=source, dtype=torch.float64)
    W2 = torch.randn(K, H, generator=source, dtype=torch.float64)
    return h, W2, torch.arange(N) % K


def optimum(h, W2, labels, ridge):
    """The context at the minimum, by Newton's method: the gradient falls to rounding."""
    m = torch.zeros(W2.shape[1], dtype=torch.float64)

    def objective(m):
        return F.cross_entropy((m * h) @ W2.T, labels) + ridge / 2 * (m @ m)

    for _ in range(30):
        gradient, curvature = jacobian(objective, m), hessian(objective, m)
        m = m - torch.linalg.solve(curvature, gradient)
    assert jacobian(objective, m).norm() < 1e-12
    return m


def test_the_representer_identity(problem):
    h, W2, labels = problem
    m = optimum(h, W2, labels, RIDGE)
    weights = dual_weights(((m * h) @ W2.T).numpy(), labels, RIDGE)
    torch.testing.assert_close(context_from_weights(h, W2, weights), m, rtol=0, atol=1e-8)
    np.testing.assert_allclose(weights.sum(1), 0, atol=1e-12)


def apart(problem):
    """Rows of W2 that share no unit, so that their products vanish exactly, and its kernel for each class."""
    h, W2, labels = problem
    W2 = W2 * (torch.arange(H) % K == torch.arange(K)[:, None])
    return h, W2, labels


def test_classes_decouple_exactly_where_rows_of_w2_share_no_unit(problem):
    h, W2, labels = apart(problem)
    m = optimum(h, W2, labels, RIDGE)
    logits = ((m * h) @ W2.T).numpy()
    weights = dual_weights(logits, labels, RIDGE)
    for k in range(K):
        kernel = ((h * W2[k] ** 2) @ h.T).numpy()  # of the units of class k alone
        np.testing.assert_allclose(logits[:, k], kernel @ weights[:, k], atol=1e-8)


def copied(problem):
    """K copies of the same features, one for each class: the kernel of every class is the same."""
    h, _, labels = problem
    W2 = torch.block_diag(*torch.ones(K, 1, H, dtype=torch.float64))
    return h.repeat(1, K), W2, labels, (h @ h.T).numpy()


def test_the_kernel_machine_is_the_context_of_decoupled_classes(problem):
    h, W2, labels, kernel = copied(problem)
    m = optimum(h, W2, labels, RIDGE)
    machine = fit_kernel_machine(kernel, labels, RIDGE, n_classes=K)
    logits = ((m * h) @ W2.T).numpy()
    np.testing.assert_allclose(kernel @ machine.weights, logits, atol=1e-5)
    assert machine.loss == pytest.approx(float(F.cross_entropy((m * h) @ W2.T, labels)), abs=1e-6)
    assert machine.gradient < 1e-6
    inner = (machine.weights * (kernel @ machine.weights)).sum()
    assert inner == pytest.approx(float(m @ m), rel=1e-5)


def test_predicted_similarity_is_that_of_decoupled_contexts(problem):
    h, W2, labels, kernel = copied(problem)
    other = (labels + (torch.arange(N) % 4 == 0)) % K
    contexts = torch.stack([optimum(h, W2, y, RIDGE) for y in (labels, other)])
    weights = [fit_kernel_machine(kernel, y, RIDGE, n_classes=K).weights for y in (labels, other)]
    S = predicted_similarity(weights, lambda s, t: kernel)
    assert S[0, 1] == S[1, 0] == pytest.approx(F.cosine_similarity(*contexts, 0).item(), abs=1e-5)
    np.testing.assert_allclose(np.diag(S), 1)


def test_over_random_rows_the_mean_of_a_context_s_logits_is_that_of_its_own_class(problem):
    # With dual weights that do not depend on W2, the cross terms average out.
    h, _, labels = problem
    weights = dual_weights(np.zeros((N, K)), labels, RIDGE)
    source = torch.Generator().manual_seed(1)
    draws = torch.randn(4000, K, H, generator=source, dtype=torch.float64)
    logits = torch.stack([(context_from_weights(h, W2, weights) * h[:1]) @ W2.T for W2 in draws])[:, 0]
    expected = (h[:1] @ h.T).numpy() @ weights
    error = (logits.std(0) / len(draws) ** 0.5).numpy()
    assert (np.abs(logits.mean(0).numpy() - expected[0]) < 4 * error).all()


def test_first_step_weights_are_those_of_class_templates():
    labels = torch.tensor([0, 0, 1, 1])
    weights = dual_weights(np.zeros((4, 2)), labels, 0.5)
    np.testing.assert_allclose(weights, [[0.25, -0.25], [0.25, -0.25], [-0.25, 0.25], [-0.25, 0.25]])
    np.testing.assert_allclose(softmax(np.zeros(2)), [0.5, 0.5])


def test_kernels_that_are_none_are_refused():
    labels = torch.tensor([0, 1])
    with pytest.raises(ParameterError, match=r"shape \(N, N\)"):
        fit_kernel_machine(np.ones((2, 3)), labels, 1, n_classes=2)
    with pytest.raises(ParameterError, match="negative eigenvalues"):
        fit_kernel_machine(np.array([[1.0, 2.0], [2.0, 1.0]]), labels, 1, n_classes=2)
    with pytest.raises(ParameterError, match="ridge must be a number above 0"):
        fit_kernel_machine(np.eye(2), labels, 0, n_classes=2)
    with pytest.raises(ParameterError, match=r"a kernel of 10,000,000 x 10,000,000 images takes 800,000.0 GB"):
        check_kernel_size(10**7, 10**7)
