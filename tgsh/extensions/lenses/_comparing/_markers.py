"""Markers of failure elsewhere: does the geometry of one task predict accuracy on others? (Chou and others 2026)

The markers describe the manifolds of the classes in a representation of one task: how many directions one fills, how
wide it is, and how much their centres point the same way. They are read on the task that a context was trained on.
Known: n points drawn evenly in D directions of equal variance have an effective dimension of D, up to a share D / n.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_labels, finite_arguments

_STRENGTHS = np.logspace(-2, 4, 13)  # of ridge regression, chosen by leave-one-out within the groups it is fitted on


@dataclass(frozen=True)
class ClassGeometry:
    """Geometry of the class manifolds of one task.

    Attributes:
        dimension: effective dimension of a class, the participation ratio of its variances; mean over the classes.
        radius: root mean square distance of points from the centre of their class, over the distance of the centre from
            the mean of the centres; mean over the classes.
        alignment: mean size of the cosine of two centres, seen from the mean of the centres.
    """

    dimension: float
    radius: float
    alignment: float

    def row(self) -> tuple[float, ...]:
        """The three numbers, in order."""
        return astuple(self)


@torch.no_grad()
@finite_arguments
def class_geometry(points: Tensor, labels: Tensor) -> ClassGeometry:
    """Measure the class manifolds of points ``(n, H)`` with labels ``(n,)``.

    Raises:
        ParameterError: there are fewer than two classes, a class has fewer than two points or no extent, or all
            centres coincide.
    """
    labels = check_labels("labels", labels, len(points))
    present = labels.unique().tolist()
    groups = [points[labels == k].double() for k in present]
    if len(groups) < 2 or min(len(group) for group in groups) < 2:
        raise ParameterError("geometry of classes needs two classes, and two points of each")
    centres = torch.stack([group.mean(0) for group in groups])
    away = centres - centres.mean(0)
    reach = away.norm(dim=1)
    dimensions, widths = [], []
    for group, centre in zip(groups, centres, strict=True):
        rest = group - centre
        gram = rest @ rest.T  # its eigenvalues are those of the covariance, times n
        trace, size = float(gram.trace()), float(gram.square().sum())
        if size == 0:
            raise ParameterError("the points of a class coincide, so it has no dimension")
        dimensions.append(trace**2 / size)
        widths.append((trace / len(group)) ** 0.5)
    if not reach.min() > 0:
        raise ParameterError("the centre of a class lies at the mean of the centres, so it has no direction")
    cosines = (away / reach[:, None]) @ (away / reach[:, None]).T
    i, j = np.triu_indices(len(groups), 1)
    radius = (torch.tensor(widths, dtype=reach.dtype) / reach.cpu()).mean()
    return ClassGeometry(float(np.mean(dimensions)), float(radius), float(cosines.cpu()[i, j].abs().mean()))


@finite_arguments
def skill_left_out(markers: np.ndarray, outcome: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Share of the squared error of the mean that markers remove, in each group when it was left out: ``(G,)``.

    For each group, ridge regression from markers to outcome is fitted on all others, and predicts the group. Its error
    is compared with that of the mean outcome of the others: 1 is a perfect prediction, 0 is as good as the mean, below
    0 is worse. Where the columns of the outcome are distances from the task, the mean is what the distance alone
    foretells.

    Args:
        markers: ``(n, M)``.
        outcome: ``(n, D)``.
        groups: ``(n,)`` number of the group of each row, such as its network.

    Raises:
        ParameterError: the numbers of rows differ, there are fewer than two groups, or a group has the outcome of the
            mean exactly.
    """
    from sklearn.linear_model import RidgeCV  # here, since importing it takes half a second
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    groups = np.asarray(groups)
    if markers.ndim != 2 or outcome.ndim != 2 or not len(markers) == len(outcome) == len(groups):
        raise ParameterError(f"rows must match; got {markers.shape}, {outcome.shape} and {groups.shape}")
    names = np.unique(groups)
    if len(names) < 2:
        raise ParameterError("to leave a group out, there must be two; got one")
    skill = []
    for name in names:
        out = groups == name
        mean = outcome[~out].mean(0)
        # The difference from the mean is fitted, each column alike, so the intercept is the mere mean.
        model = make_pipeline(StandardScaler(), RidgeCV(_STRENGTHS)).fit(markers[~out], outcome[~out] - mean)
        against = np.square(outcome[out] - mean).sum()
        if against == 0:
            raise ParameterError(f"group {name} has the mean outcome, so nothing is left to foretell")
        rest = outcome[out] - mean - model.predict(markers[out]).reshape(outcome[out].shape)
        skill.append(1 - np.square(rest).sum() / against)
    return np.array(skill)
