"""Split digits: tasks that differ in their classes, for class-incremental learning.

Five tasks of two classes each, 0 and 1, 2 and 3, and so on. The network keeps its ten logits; a task trains all ten, on
images of two. At test time neither the task nor which two classes are in question is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_int
from tgsh.models import FlyNet
from tgsh.runs.cache import RunCache
from tgsh.training import Recipe, train_stream


@dataclass(frozen=True)
class Classes:
    """The images of some classes, as they are."""

    labels: tuple[int, ...]

    @property
    def name(self) -> str:
        return " and ".join(map(str, self.labels))

    def __call__(self, images: Tensor) -> Tensor:
        return images

    def choose(self, dataset: ImageDataset) -> ImageDataset:
        """The part of a dataset that shows these classes."""
        wanted = torch.tensor(self.labels)
        train, test = (torch.isin(y, wanted) for y in (dataset.train_labels, dataset.test_labels))
        return replace(
            dataset,
            train_images=dataset.train_images[train],
            train_labels=dataset.train_labels[train],
            test_images=dataset.test_images[test],
            test_labels=dataset.test_labels[test],
        )


class SplitMNIST(TaskStream):
    """Task i holds the images of classes 2i and 2i + 1, and no others.

    Attributes:
        alone: for each task, a stream of that task only.

    Raises:
        ParameterError: ``n_tasks`` is not from 1 to 5.
    """

    def __init__(self, dataset: ImageDataset, n_tasks: int = 5) -> None:
        check_int("n_tasks", n_tasks, 1, dataset.n_classes // 2, hint=" (pairs of classes)")
        tasks = [Classes((2 * i, 2 * i + 1)) for i in range(n_tasks)]
        super().__init__(dataset, tasks)
        self.alone = [TaskStream(task.choose(dataset), [task]) for task in tasks]

    def train(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        return self.alone[t].train(0, device)

    def test(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        return self.alone[t].test(0, device)


def train_split(
    net: FlyNet, stream: SplitMNIST, recipe: Recipe, *, device: str = "auto", cache: RunCache | None = None
) -> Tensor:
    """Train one context for each task, in place; return the test accuracy ``(T,)`` of each on its own task.

    The tasks have different images, and `train_stream` wants one dataset: so each is a stream of its own.
    """
    accuracy = []
    for t, alone in enumerate(stream.alone):
        one = FlyNet(1, net.width_mult, net.seed, projection=net.projection, centred=net.centred)
        with torch.no_grad():
            one.g[0].copy_(net.g[t])
            one.c[0].copy_(net.c[t])
        record = train_stream(one, alone, recipe, device=device, cache=cache, progress=False)
        accuracy.append(record.accuracy)
        with torch.no_grad():
            net.g[t].copy_(one.g[0])
            net.c[t].copy_(one.c[0])
    net.to(one.W2.device)
    return torch.cat(accuracy)
