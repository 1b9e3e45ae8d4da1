"""The published training loop: one image at a time through PIL, a dense W1, autograd.

It serves as a reference. `fit_closed_form` computes the same contexts many times faster.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tgsh.benchmarks import Rotation, TaskStream
from tgsh.datasets import MEAN, STD
from tgsh.errors import ParameterError
from tgsh.networks import FlyNet
from tgsh.training._recipe import Recipe, batch_order


class PILTask(Dataset[tuple[Tensor, int]]):
    """The images of one rotation task, each transformed by torchvision's PIL functions when it is read.

    Args:
        stream: the tasks.
        task: position of the task in the stream.
        dtype: dtype of the inputs.
        test: whether to take the test images instead of the training images.

    Raises:
        ParameterError: the task is not a `Rotation`.
    """

    def __init__(
        self, stream: TaskStream, task: int, dtype: torch.dtype = torch.float32, *, test: bool = False
    ) -> None:
        from torchvision import transforms as TT
        from torchvision.transforms import functional as TF

        if not isinstance(stream[task], Rotation):
            raise ParameterError(f"the published loop has rotations only; got {stream[task]!r}")
        self.images, self.labels = stream.dataset.part("test" if test else "train")
        angle = stream[task].angle
        self.transform = TT.Compose(
            [
                TT.ToPILImage(),
                TT.Lambda(lambda image: TF.rotate(image, angle, fill=0)),
                TT.PILToTensor(),
                TT.ConvertImageDtype(dtype),  # to [0, 1]; in float32 these two equal ToTensor
                TT.Normalize((MEAN,), (STD,)),
                TT.Lambda(torch.flatten),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.transform(self.images[i]), int(self.labels[i])


def dense_features(W1: Tensor, x: Tensor, centred: bool = True) -> Tensor:
    """Features ``s(W1 x)``, ``(N, H)``, by a dense product.

    Args:
        W1: ``(H, 784)``.
        x: ``(N, 784)``.
        centred: whether the mean over the H units is subtracted before the ReLU.
    """
    z = x @ W1.T
    return torch.relu(z - z.mean(1, keepdim=True) if centred else z)


def fit_reference(net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks``, one after the other, in place. Arguments as in `fit_closed_form`."""
    W1 = net.W1
    for t in tasks:
        data = PILTask(stream, t, net.W2.dtype)
        optimiser = torch.optim.RMSprop([net.g[t], net.c[t]], lr=recipe.lr)
        for epoch in range(recipe.epochs):
            order = batch_order(data_seed, stream.order_key(t), epoch, len(data)).tolist()
            for x, y in DataLoader(data, batch_size=recipe.batch_size, sampler=order):
                r = net.context_vector(t) * dense_features(W1, x.to(W1.device), net.centred)
                loss = F.cross_entropy(r @ net.W2.T, y.to(W1.device))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()


@torch.no_grad()
def reference_accuracy_on(net: FlyNet, stream: TaskStream, task: int, contexts: Tensor, chunk: int = 512) -> Tensor:
    """Test accuracy ``(C,)`` on one task of each of ``contexts`` ``(C, H)``. Arguments as in `accuracy_on`."""
    W1, data = net.W1, PILTask(stream, task, net.W2.dtype, test=True)
    correct = torch.zeros(len(contexts), dtype=torch.long)
    for x, y in DataLoader(data, batch_size=chunk):
        h = dense_features(W1, x.to(W1.device), net.centred)
        for i, m in enumerate(contexts):
            correct[i] += ((m * h) @ net.W2.T).argmax(1).cpu().eq(y).sum()
    return correct.double() / len(data)
