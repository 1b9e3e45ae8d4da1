"""The Fisher information of a context, against autograd and against what it cannot see."""

import pytest
import torch

from tgsh.errors import ParameterError
from tgsh.theory import diagonal_fisher

N, H, K = 12, 7, 4


@pytest.fixture(scope="module")
def problem():
    source = torch.Generator().manual_seed(0)
    return [torch.randn(*shape, generator=source, dtype=torch.float64) for shape in ((N, H), (K, H), (H,))]


def by_autograd(h, W2, m):
    """Mean over images of ``sum_k p_k (d log p_k / d m)^2``."""
    total = torch.zeros(H, dtype=torch.float64)
    for x in h:
        logs = torch.autograd.functional.jacobian(lambda m, x=x: (W2 @ (m * x)).log_softmax(0), m)  # (K, H)
        total += ((W2 @ (m * x)).softmax(0)[:, None] * logs**2).sum(0)
    return total / len(h)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_it_is_the_mean_square_of_the_derivatives_of_log_p(problem, scale):
    h, W2, m = problem
    torch.testing.assert_close(diagonal_fisher(h, W2, scale * m), by_autograd(h, W2, scale * m))


def test_at_zero_it_is_the_square_of_a_feature_times_the_spread_of_its_keys(problem):
    h, W2, _ = problem
    torch.testing.assert_close(diagonal_fisher(h, W2), (h**2).mean(0) * W2.var(0, correction=0))


def test_the_order_of_the_classes_does_not_count(problem):
    h, W2, m = problem
    turned = W2.roll(1, dims=0)
    torch.testing.assert_close(diagonal_fisher(h, turned), diagonal_fisher(h, W2))
    torch.testing.assert_close(diagonal_fisher(h, turned, m), diagonal_fisher(h, W2, m))
    assert not torch.allclose(diagonal_fisher(h, W2, m), diagonal_fisher(h, W2))  # the context does


def test_single_precision_and_bad_shapes(problem):
    h, W2, m = problem
    torch.testing.assert_close(
        diagonal_fisher(h.float(), W2.float(), m.float()), diagonal_fisher(h, W2, m), rtol=1e-4, atol=1e-6
    )
    with pytest.raises(ParameterError, match=r"h and W2 must have shapes \(N, H\) and \(K, H\); got \(12, 6\)"):
        diagonal_fisher(h[:, 1:], W2)
    with pytest.raises(ParameterError, match=r"context must have shape \(7,\); got \(6,\)"):
        diagonal_fisher(h, W2, m[1:])
