"""Fig. 2(a) for two tasks at a time: how far their intra- and inter-task similarities overlap."""

from __future__ import annotations

import torch
from scipy.stats import ks_2samp
from torch import Tensor

from tgsh.errors import ParameterError


def cosines(representations: Tensor) -> Tensor:
    """``(n, n)`` cosine similarity of every two of ``(n, H)``, on the CPU."""
    unit = torch.nn.functional.normalize(representations, dim=1)
    return (unit @ unit.T).cpu()


def pairs_of_two_tasks(cosine: Tensor, task: Tensor, label: Tensor, a: int, b: int) -> tuple[Tensor, Tensor]:
    """Similarity of the intra-task pairs of tasks ``a`` and ``b``, and of the inter-task pairs between the two.

    As in `tgsh.hashing.intra_inter_similarity`: intra is one task and two labels, inter is one label and two tasks.
    With ``a == b``, inter is one label and two points of that one task: what inter-task pairs would be without a task.

    Args:
        cosine: ``(n, n)``, of every two points.
        task, label: ``(n,)``.

    Raises:
        ParameterError: there are no points of one of the tasks.
    """
    at_a, at_b = ((task == t).nonzero()[:, 0] for t in (a, b))
    if not len(at_a) or not len(at_b):
        raise ParameterError(f"there must be points of both tasks; got {len(at_a)} of {a} and {len(at_b)} of {b}")
    within = [at_a] if a == b else [at_a, at_b]
    intra = [cosine[at][:, at][label[at][:, None] < label[at]] for at in within]  # <: every pair once
    once = at_a[:, None] < at_b if a == b else torch.ones(len(at_a), len(at_b), dtype=torch.bool)
    inter = cosine[at_a][:, at_b][(label[at_a][:, None] == label[at_b]) & once]
    return torch.cat(intra), inter


def overlap(intra: Tensor, inter: Tensor) -> float:
    """How much of the two distributions is in common, in [0, 1]: 0 if a threshold parts them, 1 if they are the same.

    1 less SciPy's Kolmogorov-Smirnov distance: the two shares that lie on the wrong side of the best threshold, added
    up. Where the two densities cross once only, that is the area under both. It needs no bins.
    """
    return 1 - float(ks_2samp(intra.numpy(), inter.numpy(), method="asymp").statistic)
