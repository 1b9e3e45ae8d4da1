"""The Hessian is that of autograd; at zero it has K - 1 outliers where theory puts them, and knows no label."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tgsh import ParameterError
from tgsh.extensions.lenses import (
    basis_of,
    hessian_operator,
    leading_eigenvalues,
    outliers,
    predicted_outliers,
    share_within,
)
from tgsh.seeding import generator

N, H, K = 60, 30, 4


def normal(*shape, purpose="hessian"):
    return torch.randn(*shape, generator=generator(0, purpose, *shape), dtype=torch.float64)


@pytest.mark.parametrize("scale", [0.0, 2.0])
def test_it_is_the_hessian_of_autograd_whatever_the_labels(scale):
    h, W2, m = normal(N, H).relu(), normal(K, H), scale * normal(H)
    operator = hessian_operator(h, W2, m)
    dense = operator @ np.eye(H)
    for start in (0, 1):
        labels = (torch.arange(N) + start) % K
        exact = torch.autograd.functional.hessian(lambda c, y=labels: F.cross_entropy(h @ (W2 * c).T, y), m)
        assert dense == pytest.approx(exact.numpy(), abs=1e-10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it uses parts of PyTorch that are deprecated
def test_it_is_that_of_curvlinops():
    curvlinops = pytest.importorskip("curvlinops", reason="curvlinops-for-pytorch is not installed: no extra has it")

    class Readout(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.m, self.W2 = torch.nn.Parameter(normal(H)), normal(K, H)

        def forward(self, h):
            return (h * self.m) @ self.W2.T

    net, h, labels = Readout(), normal(N, H).relu(), torch.arange(N) % K
    theirs = curvlinops.HessianLinearOperator(net, torch.nn.CrossEntropyLoss(), [net.m], [(h, labels)])
    dense = hessian_operator(h, net.W2, net.m.detach()) @ np.eye(H)
    assert dense == pytest.approx((theirs @ torch.eye(H, dtype=torch.float64)).numpy(), abs=1e-10)


def test_lanczos_finds_the_leading_eigenvalues_and_vectors():
    h, W2, m = normal(N, H).relu(), normal(K, H), normal(H)
    dense = torch.from_numpy(hessian_operator(h, W2, m) @ np.eye(H))
    found = leading_eigenvalues(h, W2, m, n=5)
    assert found.values == pytest.approx(torch.linalg.eigvalsh(dense).flip(0)[:5].numpy(), rel=1e-6)
    assert (found.vectors @ dense).numpy() == pytest.approx((found.values[:, None] * found.vectors.numpy()), abs=1e-6)
    assert found == leading_eigenvalues(h, W2, m, n=5)


def test_at_zero_it_is_the_formula_of_the_module():
    h, W2 = normal(N, H).relu(), normal(K, H)
    v, second = W2 - W2.mean(0), h.T @ h / N
    formula = (v.T @ v) * second / K  # sum_k diag(v_k) E[h h^T] diag(v_k) / K, entry by entry
    assert hessian_operator(h, W2, torch.zeros(H)) @ np.eye(H) == pytest.approx(formula.numpy(), abs=1e-10)


@pytest.mark.parametrize("n_classes", [3, 5, 10])
def test_at_zero_a_mean_feature_makes_one_outlier_fewer_than_classes(n_classes):
    wide = 2000
    h = 1 + 0.3 * normal(200, wide)
    W2 = normal(n_classes, wide, purpose="readout")
    found = leading_eigenvalues(h, W2, torch.zeros(wide), n=15)
    count, gap = outliers(found.values)
    assert count == n_classes - 1
    assert gap > 5
    theory = basis_of(predicted_outliers(W2, h.mean(0))[:-1])
    assert share_within(found.vectors[:count], theory) > 0.99
    other = basis_of(predicted_outliers(W2, normal(wide, purpose="other"))[:-1])
    assert share_within(found.vectors[:count], other) < 0.1
    # no mean, no outliers
    assert outliers(leading_eigenvalues(h - h.mean(0), W2, torch.zeros(wide), n=15).values)[1] < 1.5


def test_predicted_directions_sum_to_zero():
    directions = predicted_outliers(normal(K, H), normal(H).abs())
    assert directions.sum(0).abs().max() < 1e-12
    with pytest.raises(ParameterError, match="linearly dependent"):
        basis_of(directions)


def test_the_largest_gap_ends_the_outliers():
    assert outliers(np.array([9.0, 8.0, 2.0, 1.9, 1.0])) == (2, 4.0)


def test_bad_arguments_are_refused():
    with pytest.raises(ParameterError, match="must have one length; got 30, 31"):
        hessian_operator(normal(N, H), normal(K, 31), normal(31))
    with pytest.raises(ParameterError, match="n must be a whole number from 1 to 29; got 30"):
        leading_eigenvalues(normal(N, H), normal(K, H), normal(H), n=30)
    for values in ([1.0], [1.0, 2.0], [1.0, 0.0]):
        with pytest.raises(ParameterError, match="at least two, above 0, in descending order"):
            outliers(np.array(values))
