"""Time of the convex solver: the value and gradient of its objective, with features kept and computed anew."""

from __future__ import annotations

from tgsh.benchmarks import TaskStream
from tgsh.networks import FlyNet
from tgsh.timing._profile import on_all_cores, time_stages
from tgsh.training import is_fused, loss_and_gradient, task_features


def time_solver(net: FlyNet, stream: TaskStream, n_images: int = 10_000, rounds: int = 9) -> dict[str, float]:
    """Milliseconds of `loss_and_gradient` with features that are kept and with recomputed ones, in turn.

    Every core evaluates the loss of the same task at once, as it is when several tasks are solved; milliseconds are
    then those of the whole machine for one task.

    Args:
        net: a network; its context 0 is used and does not change.
        stream: the tasks; task 0 is used.
        n_images: number of its training images, at most.
        rounds: number of evaluations of each kind.

    Returns:
        medians, ``kept`` and ``recomputed``, and ``images``, their number; none where `is_fused` does not accept
        ``net``, so that there is no choice.
    """
    if not is_fused(net):
        return {}
    n_images = min(n_images, len(stream.dataset.train_labels))
    few = TaskStream(stream.dataset.subset(n_train=n_images), [stream[0]])
    problems = {name: task_features(net, few, 0, kept=name == "kept") for name in ("kept", "recomputed")}
    m = net.context_vector(0).detach()
    for h, labels in problems.values():  # the first call compiles
        loss_and_gradient(h, labels, net.W2, m)

    def both(worker: int) -> dict[str, float]:
        parts = {
            name: lambda h=h, labels=labels: loss_and_gradient(h, labels, net.W2, m)
            for name, (h, labels) in problems.items()
        }
        return time_stages(parts, rounds, net.W2.device)

    return on_all_cores(both, net.W2.device) | {"images": n_images}
