"""AugmentMNIST: the eight tasks of the paper's Table 1, with torchvision's transforms.

The paper does not say where in the pipeline they sit. Here they act on images in [0, 1], before normalisation: the
black that erasing and perspective leave behind is then the black of MNIST's background.

A random transform is drawn once per image and the same in every epoch, as if torchvision's transform had been called on
one image after another (tests hold the two together). Drawing is torchvision's; applying is done in batches, because
one by one the 60,000 images of a task would take minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision import transforms as TT
from torchvision.transforms import functional as TF

from tgsh.benchmarks.streams import SIDE, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.errors import check_choice, check_int
from tgsh.seeding import generator

_TEST_SEED = 0  # of the test images, whatever the seed of the stream
_PART = 8192  # images transformed at once; perspective needs many times the memory of its images


def _perspective(images: Tensor, corners: Tensor) -> Tensor:
    # As torchvision's perspective(), for a batch in which every image has its own four corners (N, 4, 2). Eight
    # coefficients (a..h) send a pixel (x, y) of the result to the point of the original it takes its value from:
    # ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)). The four corners fix them.
    last = SIDE - 1
    x, y = corners.double().unbind(-1)  # (N, 4)
    u, v = (
        torch.tensor([[0, 0], [last, 0], [last, last], [0, last]], dtype=torch.float64).T.expand(len(x), 2, 4).unbind(1)
    )
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    for_u = torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    for_v = torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    solved = torch.linalg.solve(torch.cat([for_u, for_v], 1), torch.cat([u, v], 1)).to(images)
    homography = torch.cat([solved, torch.ones_like(solved[:, :1])], 1).unflatten(1, (3, 3))

    centres = torch.arange(SIDE, device=images.device, dtype=images.dtype) + 0.5
    grid_y, grid_x = torch.meshgrid(centres, centres, indexing="ij")
    points = torch.stack([grid_x, grid_y, torch.ones_like(grid_x)], -1).flatten(0, 1) @ homography.transpose(1, 2)
    where = (points[..., :2] / (SIDE / 2) / points[..., 2:] - 1).unflatten(1, (SIDE, SIDE))
    # A pixel exactly on the horizon is nowhere in the original: outside, where torchvision returns nan.
    where.nan_to_num_(nan=2.0, posinf=2.0, neginf=2.0)
    # A border pixel mixes image with nothing; torchvision weighs it by its share of image once more.
    both = torch.cat([images, torch.ones_like(images)], 1)
    moved, share = F.grid_sample(both, where, align_corners=False).split(1, dim=1)
    return moved * share


def _blur(images: Tensor) -> Tensor:
    # Image beside image as channels, which a convolution of one channel takes ten times as fast as image after image.
    return TF.gaussian_blur(images.transpose(0, 1), [5, 5], [2.0, 2.0]).transpose(0, 1)


def _erase(images: Tensor, boxes: Tensor) -> Tensor:
    # As torchvision's erase() with value 0, every image its own box (top, left, height, width).
    top, left, height, width = (edge.to(images.device)[:, None] for edge in boxes.unbind(1))
    pixel = torch.arange(SIDE, device=images.device)
    rows = (pixel >= top) & (pixel < top + height)  # (N, 28)
    columns = (pixel >= left) & (pixel < left + width)
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def _crop(images: Tensor, boxes: Tensor) -> Tensor:
    # torchvision resizes a batch of crops at once if they have one size: so, size by size.
    boxes = boxes.to(images.device)
    sizes, which = boxes[:, 2:].unique(dim=0, return_inverse=True)
    groups = which.argsort().split(which.bincount().tolist())
    pixel = torch.arange(SIDE, device=images.device)
    result = torch.empty_like(images)
    for (height, width), chosen in zip(sizes.tolist(), groups, strict=True):
        rows = (boxes[chosen, 0, None] + pixel[:height])[:, :, None]
        columns = (boxes[chosen, 1, None] + pixel[:width])[:, None, :]
        crops = images[chosen[:, None, None], 0, rows, columns]
        result[chosen, 0] = TF.resize(crops, [SIDE, SIDE], antialias=True)
    return result


def _draw_corners(image: Tensor) -> list[list[int]]:
    torch.rand(1)  # torchvision's own toss for p, which 1.0 always wins
    return TT.RandomPerspective.get_params(SIDE, SIDE, distortion_scale=0.5)[1]


def _draw_erased(image: Tensor) -> list[int]:
    torch.rand(1)
    box = list(_ERASING.get_params(image, _ERASING.scale, _ERASING.ratio, [0.0])[:4])
    return box if box[2:] != [SIDE, SIDE] else [0, 0, 0, 0]  # after ten failed tries torchvision erases nothing


def _draw_crop(image: Tensor) -> list[int]:
    return list(_CROPPING.get_params(image, _CROPPING.scale, _CROPPING.ratio))


_ERASING, _CROPPING = TT.RandomErasing(p=1.0), TT.RandomResizedCrop(size=SIDE)


@dataclass(frozen=True)
class Row:
    """A row of Table 1: what the task is called, torchvision's configuration, and how it is drawn and applied."""

    title: str
    configuration: str
    apply: Callable[..., Tensor]  # images (N, 1, 28, 28) in [0, 1], and the draws where there are any
    draw: Callable[[Tensor], list] | None = None  # the parameters of one image


TABLE_1 = {
    "T1": Row("original", "no transform", lambda images: images),
    "T2": Row("horizontal flip", "RandomHorizontalFlip(p=1.0)", TF.hflip),
    "T3": Row("vertical flip", "RandomVerticalFlip(p=1.0)", TF.vflip),
    "T4": Row("Gaussian blur", "GaussianBlur(kernel_size=5, sigma=2)", _blur),
    "T5": Row("perspective", "RandomPerspective(distortion_scale=0.5, p=1.0)", _perspective, _draw_corners),
    "T6": Row("random erasing", "RandomErasing(p=1.0)", _erase, _draw_erased),
    "T7": Row("invert", "RandomInvert(p=1.0)", TF.invert),
    "T8": Row("resized crop", "RandomResizedCrop(size=28)", _crop, _draw_crop),
}


_GLOBAL_GENERATOR = threading.Lock()


@lru_cache(maxsize=64)
def _draws(key: str, seed: int, split: str, n: int) -> Tensor:
    # torchvision draws from PyTorch's global generator: lend it a seed of our own, and put it back. One at a
    # time, because tasks are trained side by side.
    draw = TABLE_1[key].draw
    blank = torch.zeros(1, SIDE, SIDE)
    with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, "augment", key, split).initial_seed())
        return torch.tensor([draw(blank) for _ in range(n)])


@dataclass(frozen=True)
class Augmentation:
    """A task of Table 1. Images come out floating, in [0, 1].

    Attributes:
        key: ``"T1"`` to ``"T8"``.
        seed: of what is drawn for the training images; None where nothing is drawn.
    """

    key: str
    seed: int | None = None

    @property
    def name(self) -> str:
        return f"{self.key} {TABLE_1[self.key].title}"

    def __call__(self, images: Tensor, split: str = "test") -> Tensor:
        """``(N, 28, 28)`` to ``(N, 28, 28)``; image i gets the i-th draw of ``split``, ``"train"`` or ``"test"``."""
        check_choice("split", split, ("train", "test"))
        row = TABLE_1[self.key]
        drawn = []  # what is drawn, in the same parts as the images
        if row.draw is not None:
            seed = self.seed if split == "train" else _TEST_SEED
            drawn = [_draws(self.key, seed, split, len(images)).split(_PART)]
        dtype = images.dtype if images.is_floating_point() else torch.float32
        result = torch.empty(images.shape, device=images.device, dtype=dtype)
        for out, part, *own in zip(result.split(_PART), images.split(_PART), *drawn, strict=True):
            out.copy_(row.apply(TF.convert_image_dtype(part, dtype)[:, None], *own)[:, 0])
        return result


class AugmentMNIST(TaskStream):
    """The eight tasks of the paper's Table 1, T1 (the images as they are) to T8.

    Args:
        n_tasks: how many of them, from T1 on.
        seed: of the transforms drawn for training images. Those of the test images are always the same.

    Raises:
        ParameterError: ``n_tasks`` is not from 1 to 8, or ``seed`` is negative.
    """

    def __init__(self, dataset: ImageDataset, seed: int = 0, n_tasks: int = 8) -> None:
        check_int("seed", seed, 0)
        check_int("n_tasks", n_tasks, 1, len(TABLE_1), hint=" (the rows of Table 1)")
        keys = list(TABLE_1)[:n_tasks]
        super().__init__(dataset, [Augmentation(k, seed if TABLE_1[k].draw else None) for k in keys])

    def train(self, t: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        images, labels = self.dataset.train_images.to(device), self.dataset.train_labels.to(device)
        return self.tasks[t](images, split="train"), labels
