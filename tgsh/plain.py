"""The training loop as published: one image at a time through PIL, a dense W1, autograd.

It is here to be read and to be compared with. `tgsh.training` computes the same contexts many times faster.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as TT
from torchvision.transforms import functional as TF

from tgsh.benchmarks import Rotation, TaskStream
from tgsh.datasets import MEAN, STD
from tgsh.errors import ParameterError
from tgsh.models import FlyNet
from tgsh.training import Recipe, batch_order


class PILTask(Dataset[tuple[Tensor, int]]):
    """The images of one task, each transformed by torchvision's PIL functions when it is asked for."""

    def __init__(
        self, stream: TaskStream, task: int, dtype: torch.dtype = torch.float32, *, test: bool = False
    ) -> None:
        if not isinstance(stream[task], Rotation):
            raise ParameterError(f"the plain path knows rotations only; got {stream[task]!r}")
        data = stream.dataset
        self.images, self.labels = (
            (data.test_images, data.test_labels) if test else (data.train_images, data.train_labels)
        )
        angle = stream[task].angle
        self.transform = TT.Compose(
            [
                TT.ToPILImage(),
                TT.Lambda(lambda image: TF.rotate(image, angle, fill=0)),
                TT.PILToTensor(),
                TT.ConvertImageDtype(dtype),  # to [0, 1]; for float32 the two are ToTensor
                TT.Normalize((MEAN,), (STD,)),
                TT.Lambda(torch.flatten),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.transform(self.images[i]), int(self.labels[i])


def encode(W1: Tensor, x: Tensor) -> Tensor:
    """``s(W1 x)``, ``(N, H)``, by a dense product: ReLU of W1 x less its mean over the H units."""
    z = x @ W1.T
    return torch.relu(z - z.mean(1, keepdim=True))


def fit_contexts(net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks``, one after the other, in place. Arguments as `tgsh.training.fit_contexts`."""
    W1 = net.W1
    for t in tasks:
        data = PILTask(stream, t, net.W2.dtype)
        optimiser = torch.optim.RMSprop([net.g[t], net.c[t]], lr=recipe.lr)
        for epoch in range(recipe.epochs):
            order = batch_order(data_seed, t, epoch, len(data)).tolist()
            for x, y in DataLoader(data, batch_size=recipe.batch_size, sampler=order):
                r = net.context_vector(t) * encode(W1, x.to(W1.device))
                loss = F.cross_entropy(r @ net.W2.T, y.to(W1.device))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()


@torch.no_grad()
def accuracy_on(net: FlyNet, stream: TaskStream, task: int, contexts: Tensor, chunk: int = 512) -> Tensor:
    """Test accuracy ``(C,)`` of each of ``contexts`` on one task. Arguments as `tgsh.training.accuracy_on`."""
    W1, data = net.W1, PILTask(stream, task, net.W2.dtype, test=True)
    correct = torch.zeros(len(contexts), dtype=torch.long)
    for x, y in DataLoader(data, batch_size=chunk):
        h = encode(W1, x.to(W1.device))
        for i, m in enumerate(contexts):
            correct[i] += ((m * h) @ net.W2.T).argmax(1).cpu().eq(y).sum()
    return correct.double() / len(data)
