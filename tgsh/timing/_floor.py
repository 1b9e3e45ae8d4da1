"""The floor: the least time that a machine can take for the work of a task."""

from __future__ import annotations

from dataclasses import dataclass

from tgsh.networks import FlyNet
from tgsh.timing._machine import Ceilings


@dataclass(frozen=True)
class Work:
    """The work that a result requires, however it is computed.

    Attributes:
        bytes: bytes moved to and from memory.
        operations: floating-point operations.
    """

    bytes: float
    operations: float

    def seconds(self, ceilings: Ceilings) -> float:
        """Time at the ceilings of the machine, if moving and computing do not overlap."""
        return self.bytes / ceilings.bandwidth + self.operations / ceilings.arithmetic


def task_work(n_train: int, n_test: int, width_mult: int, epochs: int, *, kept: bool = False) -> Work:
    """Work of one task, in the design that computes features in every epoch, or in that which keeps them.

    A feature takes seven additions. Logits and gradient take 2 x 10 operations each for each unit, sample and epoch.
    Features and logits of the test samples are computed once. Where features are computed in every epoch, only the
    pixels move, one byte each; where they are kept, they are written once and read in each epoch, 4 bytes each.
    """
    H, K = FlyNet.n_inputs * width_mult, FlyNet.n_classes
    features, test = n_train * H, n_test * H * (7 + 2 * K)
    if kept:
        return Work(4 * features * (1 + epochs), 7 * features + features * epochs * 4 * K + test)
    return Work(FlyNet.n_inputs * (n_train * epochs + n_test), features * epochs * (7 + 4 * K) + test)


def floor_of_task(ceilings: Ceilings, *size: int) -> tuple[Work, float]:
    """The work of the design that takes less time at the ceilings, and its seconds; ``size`` as in `task_work`."""
    designs = [task_work(*size, kept=kept) for kept in (False, True)]
    return min(((work, work.seconds(ceilings)) for work in designs), key=lambda pair: pair[1])
