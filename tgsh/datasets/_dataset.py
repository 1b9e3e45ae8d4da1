"""A dataset of images with their labels, and the form in which networks take images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from tgsh.errors import ParameterError, check_choice, check_examples, check_int, check_pixels

Part = Literal["train", "test"]
DIGITS = tuple("0123456789")
MEAN, STD = 0.1307, 0.3081  # of MNIST's training pixels in [0, 1]; the values of the published notebook


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Greyscale images of ten classes with their labels, split into training and test.

    Attributes:
        name: the name that `load` takes.
        title: the name for readers.
        train_images, test_images: ``(N, 28, 28)`` uint8, 0 (background) to 255, or floating in [0, 1]. Arrays of other
            types, of NumPy too, are converted (`tgsh.errors.check_pixels`).
        train_labels, test_labels: ``(N,)`` int64, 0 to 9; other whole numbers are converted.
        class_names: what the ten classes are, for readers; default: the digits 0 to 9.

    Raises:
        ParameterError: a part is empty, has other numbers of images and labels, or holds an image or a label that is
            none; or there are not ten names of classes.
    """

    name: str
    title: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    class_names: tuple[str, ...] = DIGITS

    n_classes = 10

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            names = f"{part}_images", f"{part}_labels"
            for name, array in zip(names, check_examples(part, *self.part(part), self.n_classes), strict=True):
                object.__setattr__(self, name, array)
        names = self.class_names if isinstance(self.class_names, list | tuple) else ()
        if len(names) != self.n_classes or not all(isinstance(name, str) for name in names):
            raise ParameterError(f"class_names must be {self.n_classes} texts; got {self.class_names!r}")
        object.__setattr__(self, "class_names", tuple(names))

    def __eq__(self, other: object) -> bool:
        alike = isinstance(other, ImageDataset) and hash(self) == hash(other)
        return alike and self.fingerprint() == other.fingerprint()

    def __hash__(self) -> int:
        return hash((self.name, self.title))

    def part(self, name: Part) -> tuple[Tensor, Tensor]:
        """Images ``(N, 28, 28)`` and labels ``(N,)`` of the training or the test part, not copied.

        Raises:
            ParameterError: ``name`` is neither ``"train"`` nor ``"test"``.
        """
        check_choice("part", name, ("train", "test"))
        return getattr(self, f"{name}_images"), getattr(self, f"{name}_labels")

    def class_title(self, k: int) -> str:
        """The name of class k in a title: "digit 3", "trouser"."""
        name = self.class_names[check_int("k", k, 0, self.n_classes - 1)]
        return f"digit {name}" if self.class_names == DIGITS else name

    def subset(self, n_train: int | None = None, n_test: int | None = None) -> ImageDataset:
        """A dataset of the first ``n_train`` training images and the first ``n_test`` test images; None: all of them.

        Raises:
            ParameterError: a count is below 1 or above the number of images.
        """
        first = {}
        for part, n in (("train", n_train), ("test", n_test)):
            images, labels = self.part(part)
            rows = slice(None if n is None else check_int(f"n_{part}", n, 1, len(labels)))
            first |= {f"{part}_images": images[rows], f"{part}_labels": labels[rows]}
        return replace(self, **first)

    def fingerprint(self) -> str:
        """SHA-256 of the four arrays, computed from their present values. Names and title do not count."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(str(tuple(array.shape)).encode())
            digest.update(array.contiguous().flatten().numpy())  # its bytes, not copied
        return digest.hexdigest()


def normalise(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Flatten images to network inputs and subtract MNIST's mean, then divide by its standard deviation.

    Images of every dataset are treated alike. A centred FlyNet subtracts the mean over its units, each of which adds
    seven pixels, so its features do not depend on the mean that is subtracted here.

    Args:
        images: ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1], or another form that
            `tgsh.errors.check_pixels` knows; they are left as they are.
        dtype: of the result.

    Returns:
        ``(N, 784)``: ``(x - 0.1307) / 0.3081`` of pixels x in [0, 1].

    Raises:
        ParameterError: an image has another size, or as in `tgsh.errors.check_pixels`.
    """
    images = check_pixels("images", images)
    if images.ndim < 2 or images.shape[1:].numel() != 784:
        raise ParameterError(f"images must have shape (N, 28, 28); got {tuple(images.shape)}")
    work = torch.promote_types(dtype, torch.float32)  # a coarser type would round twice
    scale = 1.0 if images.is_floating_point() else 255.0
    return images.flatten(1).to(work, copy=True).sub_(MEAN * scale).div_(STD * scale).to(dtype)
