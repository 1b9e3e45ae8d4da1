"""Intrinsic dimension is the rank of a quadratic, exactly, and a subspace is searched as the whole space is."""

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh.extensions.lenses import (
    accuracy_by_dimension,
    basis_of,
    cross_entropy_in_span,
    dimension_reached,
    minimise,
    random_basis,
    scores_by_dimension,
    span_features,
)
from tgsh.seeding import generator
from tgsh.training import loss_and_gradient, solve_context, task_features

H = 200


@pytest.mark.parametrize("rank", [1, 7, 20])
def test_it_is_the_rank_of_a_quadratic(rank):
    # |A m - b|^2 / 2 with a matrix A of this rank, and b in its range: a random subspace of d dimensions holds a
    # solution if and only if d is at least the rank.
    source = generator(0, "quadratic", rank)
    A = torch.randn(rank, H, generator=source, dtype=torch.float64)
    b, B = torch.randn(rank, generator=source, dtype=torch.float64), random_basis(H, 30, seed=1).double()

    def error(theta):
        return A @ (B[:, : len(theta)] @ torch.from_numpy(theta)) - b

    def objective_of(d):
        def objective(theta):
            wrong = error(theta)
            return float(wrong @ wrong) / 2, (B[:, :d].T @ (A.T @ wrong)).numpy()

        return objective

    dimensions = list(range(1, 31))
    solved = scores_by_dimension(objective_of, lambda theta: -float(error(theta).norm()), dimensions, 1000)
    assert dimension_reached(dimensions, solved, -1e-3) == rank
    assert (np.diff(solved) > -1e-3).all()  # a larger subspace is never worse
    assert (solved[: rank - 1] < -1e-2).all()


@pytest.fixture(scope="module")
def problem(few):
    net, stream = FlyNet(1, width_mult=1), RotationMNIST(few, n_tasks=1)
    return net, task_features(net, stream, 0), task_features(net, stream, 0, test=True)


@pytest.fixture(scope="module")
def few(digits):
    return digits.subset(n_train=300, n_test=150)


def test_the_objective_in_a_span_is_the_loss_of_the_context(problem):
    net, (h, labels), _ = problem
    B = random_basis(net.n_hidden, 5, seed=0)
    theta = np.linspace(-2, 3, 5)
    loss, gradient = cross_entropy_in_span(span_features(h, net.W2, B), labels)(theta)
    expected, slope = loss_and_gradient(h, labels, net.W2, B @ torch.from_numpy(theta).float())
    assert loss == pytest.approx(float(expected), rel=1e-5)
    assert gradient == pytest.approx((B.T @ slope).numpy(), rel=1e-3, abs=1e-5)


def test_the_span_of_a_good_context_needs_one_dimension(problem):
    net, (h, labels), (h_test, y_test) = problem
    solved = solve_context(h, labels, net.W2, ridge=1e-3)
    right = float((((net.W2 * solved.context) @ h_test.T).argmax(0) == y_test).double().mean())
    found = accuracy_by_dimension((h, labels), (h_test, y_test), net.W2, basis_of(solved.context[None]), [1])
    assert right > 0.8
    assert found[0] == pytest.approx(right)  # its length changes no answer
    # a random direction has no such context, and more directions have a better one
    random = accuracy_by_dimension(
        (h, labels), (h_test, y_test), net.W2, random_basis(net.n_hidden, 100, 0), [1, 10, 100]
    )
    assert random[0] < 0.4
    assert (np.diff(random) > 0.05).all()


def test_a_basis_is_orthonormal_and_nested():
    vectors = torch.randn(4, 50, generator=generator(0, "basis"), dtype=torch.float64)
    B = basis_of(vectors)
    assert torch.allclose(B.T @ B, torch.eye(4, dtype=torch.float64), atol=1e-12)
    for d in range(1, 5):
        span = B[:, :d]
        assert torch.allclose(span @ (span.T @ vectors[:d].T), vectors[:d].T, atol=1e-10)
    assert torch.equal(random_basis(50, 3, seed=0), random_basis(50, 3, seed=0))
    assert not torch.allclose(random_basis(50, 3, seed=0), random_basis(50, 3, seed=1))


def test_minimise_finds_the_minimum():
    assert minimise(lambda x: (float((x - 3) @ (x - 3)), 2 * (x - 3)), np.zeros(2)) == pytest.approx([3, 3], abs=1e-6)


def test_what_is_never_reached_has_no_finite_dimension():
    assert np.isinf(dimension_reached([1, 2], np.array([0.1, 0.2]), 0.5))
    assert dimension_reached([1, 2, 4], np.array([0.1, 0.6, 0.5]), 0.5) == 2


def test_bad_arguments_are_refused(problem):
    net, train, test = problem
    with pytest.raises(ParameterError, match="linearly dependent"):
        basis_of(torch.ones(2, 10))
    with pytest.raises(ParameterError, match="d must be a whole number from 1 to 10; got 11"):
        random_basis(10, 11, 0)
    with pytest.raises(ParameterError, match="dimensions must ascend"):
        accuracy_by_dimension(train, test, net.W2, random_basis(net.n_hidden, 3, 0), [2, 1])
    with pytest.raises(ParameterError, match="dimensions must be a whole number from 1 to 3; got 4"):
        accuracy_by_dimension(train, test, net.W2, random_basis(net.n_hidden, 3, 0), [4])
    with pytest.raises(ParameterError, match="2 dimensions but 1 scores"):
        dimension_reached([1, 2], np.array([0.1]), 0.5)
