"""Intrinsic dimension: how many directions a problem needs (Li, Farkhoor, Liu, Yosinski 2018).

A problem in H numbers is solved in a subspace instead: ``m = B theta`` with a basis B of d directions. The intrinsic
dimension is the smallest d at which the solution is nearly as good as that in all H dimensions. Here the loss is convex
in the context, so it is convex in theta, and L-BFGS finds the best point of each subspace: a subspace fails because it
holds no good context, not because training did not find it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import minimize
from torch import Tensor

from tgsh.errors import ParameterError, check_int, check_labels, finite_arguments
from tgsh.seeding import generator

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]  # theta (d,) -> value, gradient (d,)


def random_basis(n_hidden: int, d: int, seed: int) -> Tensor:
    """Orthonormal basis ``(n_hidden, d)`` of a random subspace; its first columns span random subspaces themselves.

    Raises:
        ParameterError: ``d`` is not from 1 to ``n_hidden``.
    """
    d = check_int("d", d, 1, check_int("n_hidden", n_hidden, 1))
    normal = torch.randn(d, n_hidden, generator=generator(seed, "subspace"), dtype=torch.float32)
    return basis_of(normal)


@finite_arguments
def basis_of(vectors: Tensor) -> Tensor:
    """Orthonormal basis ``(H, d)`` of the span of ``vectors`` ``(d, H)``; the first i columns span the first i vectors.

    Raises:
        ParameterError: the vectors are linearly dependent, or there are none.
    """
    check_int("the number of vectors", len(vectors), 1, vectors.shape[1])
    Q, R = torch.linalg.qr(vectors.T.double())
    size = R.diagonal().abs()
    if size.min() <= 1e-6 * size.max():
        raise ParameterError("the vectors are linearly dependent, so they span fewer dimensions than there are vectors")
    return Q.to(vectors.dtype)


@torch.no_grad()
@finite_arguments
def span_features(h: Tensor, W2: Tensor, basis: Tensor) -> Tensor:
    """Derivative ``(N, K, d)`` of the logits with respect to theta, where the context is ``basis @ theta``.

    The logits of Eq. 2 are linear in the context, so they are this times theta.

    Args:
        h: ``(N, H)`` features ``s(W1 x)``.
        W2: ``(K, H)``.
        basis: ``(H, d)``.
    """
    return torch.stack([h @ (w[:, None] * basis) for w in W2], dim=1)


@finite_arguments
def cross_entropy_in_span(features: Tensor, labels: Tensor) -> Objective:
    """Mean cross entropy, and its gradient, as a function of theta.

    Args:
        features: ``(N, K, d)``, from `span_features`.
        labels: ``(N,)``.
    """
    N, K, d = features.shape
    labels = check_labels("labels", labels, N, K)
    target, flat = F.one_hot(labels, K), features.reshape(N * K, d)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        logits = (flat @ torch.from_numpy(theta).to(flat)).reshape(N, K).double()
        error = (logits.softmax(1) - target).div_(N).reshape(-1)
        return float(F.cross_entropy(logits, labels)), (error.to(flat) @ flat).double().numpy()

    return objective


def minimise(objective: Objective, start: np.ndarray, max_iterations: int = 100) -> np.ndarray:
    """Minimise a convex objective by SciPy's L-BFGS from ``start`` ``(d,)``; return the point ``(d,)``.

    Raises:
        ParameterError: ``max_iterations`` is below 1.
    """
    steps = check_int("max_iterations", max_iterations, 1)
    options = {"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-8}
    return minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x


def scores_by_dimension(
    objective_of: Callable[[int], Objective],
    score: Callable[[np.ndarray], float],
    dimensions: Sequence[int],
    max_iterations: int = 100,
) -> np.ndarray:
    """Score of the best point of each of several nested subspaces.

    The search in a subspace begins at the best point of the one before.

    Args:
        objective_of: function of a dimension d that returns the objective on the first d directions.
        score: function of a point theta.
        dimensions: ``(S,)``, ascending.
        max_iterations: of `minimise`, in each subspace.

    Returns:
        ``(S,)``.

    Raises:
        ParameterError: the dimensions do not ascend, or are below 1.
    """
    dimensions = [check_int("dimensions", d, 1) for d in dimensions]
    if not dimensions or sorted(set(dimensions)) != dimensions:
        raise ParameterError(f"dimensions must ascend; got {dimensions}")
    theta, scores = np.zeros(0), []
    for d in dimensions:
        theta = minimise(objective_of(d), np.pad(theta, (0, d - len(theta))), max_iterations)
        scores.append(score(theta))
    return np.array(scores)


def accuracy_by_dimension(
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    W2: Tensor,
    basis: Tensor,
    dimensions: Sequence[int],
    max_iterations: int = 100,
) -> np.ndarray:
    """Test accuracy of the best context in the span of the first d columns of a basis, for each of several d.

    Args:
        train: features ``(N, H)`` and labels ``(N,)`` to fit contexts to, from `tgsh.training.task_features`.
        test: those that accuracy is measured on.
        W2: ``(K, H)``.
        basis: ``(H, d_max)``.
        dimensions: ``(S,)``, ascending, up to ``d_max``.
        max_iterations: of L-BFGS, for each dimension.

    Returns:
        ``(S,)``, in [0, 1].

    Raises:
        ParameterError: the dimensions do not ascend, or exceed ``d_max``.
    """
    for d in dimensions:
        check_int("dimensions", d, 1, basis.shape[1])
    (h, labels), (h_test, y_test) = train, test
    fitted, tested = span_features(h, W2, basis), span_features(h_test, W2, basis)

    def objective_of(d: int) -> Objective:
        return cross_entropy_in_span(fitted[:, :, :d].contiguous(), labels)

    def accuracy(theta: np.ndarray) -> float:
        logits = tested[:, :, : len(theta)] @ torch.from_numpy(theta).to(tested)
        return float((logits.argmax(1) == y_test).double().mean())

    return scores_by_dimension(objective_of, accuracy, dimensions, max_iterations)


@finite_arguments
def dimension_reached(dimensions: Sequence[int], scores: np.ndarray, target: float) -> float:
    """Smallest dimension whose score reaches ``target``; infinity where none of them does.

    Raises:
        ParameterError: there are not as many scores as dimensions.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.shape != (len(dimensions),):
        raise ParameterError(f"there are {len(dimensions)} dimensions but {scores.size} scores")
    reached = np.flatnonzero(scores >= float(target))
    return float(dimensions[reached[0]]) if len(reached) else float("inf")
