"""A linear map from each context to the next: dynamic mode decomposition (Schmid 2010; Cheng and others 2025).

Koopman's idea: a nonlinear motion is linear in the right coordinates. Along a turn of tasks, the map U with
``m_{t+1} = U m_t`` would be a rotation in the plane of each frequency, its eigenvalues ``exp(i k step)`` on the unit
circle. Fitted on a part of the turn, such a map continues the rest. Whatever it predicts is a combination of the
contexts it was fitted on, so their span limits how near it can come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.runs import ByValue


@dataclass(frozen=True, eq=False)
class LinearMap(ByValue):
    """A linear map of rank d, fitted to a path: ``basis @ step @ basis.T``.

    Attributes:
        basis: ``(H, d)`` orthonormal directions that the path uses.
        step: ``(d, d)`` the map in these coordinates.
        eigenvalues: ``(d,)`` complex eigenvalues of ``step``, the largest first.
    """

    basis: Tensor
    step: np.ndarray
    eigenvalues: np.ndarray


@torch.no_grad()
@finite_arguments
def fit_linear_map(path: Tensor, rank: int | None = None) -> LinearMap:
    """Fit ``m_{t+1} = U m_t`` to a path ``(S, H)`` by least squares, in the leading directions of its points.

    Args:
        path: the points in order.
        rank: number of directions, up to S - 1; default: S - 1, with which the map is exact on the path wherever its
            points are linearly independent.

    Raises:
        ParameterError: there are fewer than two points, ``rank`` is out of range, or the points span fewer directions.
    """
    S = check_int("points of a path", len(path), 2)
    rank = check_int("rank", S - 1 if rank is None else rank, 1, S - 1)
    path = path.detach().double().cpu()
    U, sizes, Vh = torch.linalg.svd(path[:-1].T, full_matrices=False)
    if rank > len(sizes) or sizes[rank - 1] <= 1e-10 * sizes[0]:
        raise ParameterError(f"the path has fewer than {rank} independent directions; choose a smaller rank")
    U = U[:, :rank]
    step = (U.T @ path[1:].T @ Vh[:rank].T / sizes[:rank]).numpy()
    eigenvalues = np.linalg.eigvals(step)
    return LinearMap(U, step, eigenvalues[np.argsort(-np.abs(eigenvalues), kind="stable")])


@torch.no_grad()
def continue_path(fitted: LinearMap, start: Tensor, n_steps: int) -> Tensor:
    """Apply a map to a context ``start`` ``(H,)`` again and again: ``(n_steps, H)``, without the start.

    Raises:
        ParameterError: ``n_steps`` is below 1, or ``start`` has another length than the directions of the map.
    """
    n_steps = check_int("n_steps", n_steps, 1)
    if start.shape != fitted.basis.shape[:1]:
        raise ParameterError(f"start has shape {tuple(start.shape)}, the map has directions of {len(fitted.basis)}")
    place, places = (start.double().cpu() @ fitted.basis).numpy(), []
    for _ in range(n_steps):
        place = fitted.step @ place
        places.append(place)
    return (torch.from_numpy(np.array(places)) @ fitted.basis.T).to(start)
