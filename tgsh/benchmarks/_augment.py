"""AugmentMNIST: the eight tasks of Table 1, with torchvision's transforms (paper, Section 3.2).

The paper does not say at which place of the pipeline they act. Here they act on images in [0, 1], before normalisation:
the black of erased and moved regions is then the black of MNIST's background.

A random transform is drawn once for each image and is the same in every epoch, as if torchvision's transform had been
called on one image after another (a test compares the two). torchvision draws; the transform itself is applied to
batches, since the 60,000 images of a task would take minutes one by one. Importing torchvision takes longer than all of
``tgsh``, so that the functions which need it import it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.benchmarks._stream import SIDE, TaskStream
from tgsh.datasets import ImageDataset, Part
from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.seeding import generator

_TEST_SEED = 0  # of what is drawn for test images; it does not depend on the seed of the stream
_DRAWN = 1000  # the number of draws is a multiple of it
_PART = 8192  # images that are transformed at once; perspective needs many times the memory of its images


def _perspective(images: Tensor, corners: Tensor) -> Tensor:
    # torchvision's perspective() for a batch in which every image has its own four corners (N, 4, 2). Eight numbers
    # (a to h), which the four corners determine, map a pixel (x, y) of the result to the point of the original that it
    # takes its value from: ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)).
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
    # A pixel on the horizon has no point in the original. It counts as outside; torchvision returns nan.
    where.nan_to_num_(nan=2.0, posinf=2.0, neginf=2.0)
    # A border pixel is a mean of image and outside; torchvision multiplies it by the share of the image once more.
    both = torch.cat([images, torch.ones_like(images)], 1)
    moved, share = F.grid_sample(both, where, align_corners=False).split(1, dim=1)
    return moved * share


def _blur(images: Tensor) -> Tensor:
    from torchvision.transforms import functional as TF

    # The images are the channels of one image: ten times as fast as a batch of images with one channel.
    return TF.gaussian_blur(images.transpose(0, 1), [5, 5], [2.0, 2.0]).transpose(0, 1)


def _erase(images: Tensor, boxes: Tensor) -> Tensor:
    # torchvision's erase() with value 0, where every image has its own box (top, left, height, width).
    top, left, height, width = (edge.to(images.device)[:, None] for edge in boxes.unbind(1))
    pixel = torch.arange(SIDE, device=images.device)
    rows = (pixel >= top) & (pixel < top + height)  # (N, 28)
    columns = (pixel >= left) & (pixel < left + width)
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def _crop(images: Tensor, boxes: Tensor) -> Tensor:
    from torchvision.transforms import functional as TF

    # torchvision resizes a batch of crops of one size, so crops are grouped by size.
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


@lru_cache
def _made(name: str, **settings: float) -> torch.nn.Module:
    # A transform of torchvision, made once: it draws for every image.
    from torchvision import transforms

    return getattr(transforms, name)(**settings)


def _draw_corners(image: Tensor) -> list[list[int]]:
    from torchvision.transforms import RandomPerspective

    torch.rand(1)  # the number that torchvision draws and compares with p = 1
    return RandomPerspective.get_params(SIDE, SIDE, distortion_scale=0.5)[1]


def _draw_erased(image: Tensor) -> list[int]:
    torch.rand(1)
    erasing = _made("RandomErasing", p=1.0)
    box = list(erasing.get_params(image, erasing.scale, erasing.ratio, [0.0])[:4])
    return box if box[2:] != [SIDE, SIDE] else [0, 0, 0, 0]  # after ten failed attempts torchvision erases nothing


def _draw_crop(image: Tensor) -> list[int]:
    cropping = _made("RandomResizedCrop", size=SIDE)
    return list(cropping.get_params(image, cropping.scale, cropping.ratio))


@dataclass(frozen=True)
class Row:
    """A row of Table 1.

    Attributes:
        title: name of the transform.
        configuration: the call of torchvision that it equals.
        apply: function of images ``(N, 1, 28, 28)`` in [0, 1] and, where there are any, of their drawn parameters.
        draw: function of a blank image that draws the parameters of one image; None where nothing is drawn.
    """

    title: str
    configuration: str
    apply: Callable[..., Tensor]
    draw: Callable[[Tensor], list] | None = None


TABLE_1 = {
    "T1": Row("original", "no transform", lambda images: images),
    "T2": Row("horizontal flip", "RandomHorizontalFlip(p=1.0)", lambda images: images.flip(-1)),
    "T3": Row("vertical flip", "RandomVerticalFlip(p=1.0)", lambda images: images.flip(-2)),
    "T4": Row("Gaussian blur", "GaussianBlur(kernel_size=5, sigma=2)", _blur),
    "T5": Row("perspective", "RandomPerspective(distortion_scale=0.5, p=1.0)", _perspective, _draw_corners),
    "T6": Row("random erasing", "RandomErasing(p=1.0)", _erase, _draw_erased),
    "T7": Row("invert", "RandomInvert(p=1.0)", lambda images: 1 - images),
    "T8": Row("resized crop", "RandomResizedCrop(size=28)", _crop, _draw_crop),
}


_GLOBAL_GENERATOR = threading.Lock()


@lru_cache(maxsize=64)
def _draws(key: str, seed: int, part: str, n: int) -> Tensor:
    # torchvision draws from PyTorch's global generator, which gets a seed here and its former state afterwards. The
    # lock is needed because several tasks are trained at the same time.
    draw = TABLE_1[key].draw
    blank = torch.zeros(1, SIDE, SIDE)
    with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, "augment", key, part).initial_seed())
        usual = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)  # the dtype that torchvision draws in
        try:
            return torch.tensor([draw(blank) for _ in range(n)])
        finally:
            torch.set_default_dtype(usual)


@dataclass(frozen=True)
class Augmentation:
    """A task of Table 1. It returns floating images in [0, 1].

    Attributes:
        key: ``"T1"`` to ``"T8"``.
        seed: seed of what is drawn for training images; None where nothing is drawn.
    """

    key: str
    seed: int | None = None

    @property
    def name(self) -> str:
        """The key and the title of the row."""
        return f"{self.key} {TABLE_1[self.key].title}"

    def __call__(self, images: Tensor) -> Tensor:
        """Transform images ``(N, 28, 28)``, where nothing is drawn.

        Raises:
            ParameterError: the transform is drawn for each image, so `show` must be given their numbers.
        """
        if TABLE_1[self.key].draw is not None:
            raise ParameterError(f"{self.name} draws a transform for each image; use stream.images(t, part)")
        return self._apply(images, [])

    def show(self, images: Tensor, part: Part, index: Tensor) -> Tensor:
        """Transform images ``(N, 28, 28)`` that have the numbers ``index`` ``(N,)`` among those of ``part``.

        Image number i gets the i-th draw.

        Raises:
            ParameterError: ``part`` is neither ``"train"`` nor ``"test"``.
        """
        check_choice("part", part, ("train", "test"))
        if TABLE_1[self.key].draw is None or not len(index):
            return self._apply(images, [])
        seed = self.seed if part == "train" else _TEST_SEED
        n = _DRAWN * -(-(int(index.max()) + 1) // _DRAWN)  # rounded up, so that few sizes are kept
        return self._apply(images, [_draws(self.key, seed, part, n)[index].split(_PART)])

    def _apply(self, images: Tensor, drawn: list[tuple[Tensor, ...]]) -> Tensor:
        # drawn: the drawn parameters, split into the same parts as the images
        from torchvision.transforms.functional import convert_image_dtype

        row = TABLE_1[self.key]
        dtype = images.dtype if images.is_floating_point() else torch.float32
        result = torch.empty(images.shape, device=images.device, dtype=dtype)
        if not len(images):  # torchvision does not transform an empty batch
            return result
        for out, part, *own in zip(result.split(_PART), images.split(_PART), *drawn, strict=True):
            out.copy_(row.apply(convert_image_dtype(part, dtype)[:, None], *own)[:, 0])
        return result


class AugmentMNIST(TaskStream):
    """AugmentMNIST: the eight tasks of Table 1, from T1, the original images, to T8 (paper, Section 3.2).

    Args:
        dataset: the images.
        seed: seed of the transforms drawn for training images. Those for test images do not depend on it.
        n_tasks: number of tasks, from T1 on.

    Raises:
        ParameterError: ``n_tasks`` is not a whole number from 1 to 8, or ``seed`` is negative.
    """

    def __init__(self, dataset: ImageDataset, seed: int = 0, n_tasks: int = 8) -> None:
        seed = check_int("seed", seed, 0)
        n_tasks = check_int("n_tasks", n_tasks, 1, len(TABLE_1), hint=" (the rows of Table 1)")
        keys = list(TABLE_1)[:n_tasks]
        super().__init__(dataset, [Augmentation(k, seed if TABLE_1[k].draw else None) for k in keys])
