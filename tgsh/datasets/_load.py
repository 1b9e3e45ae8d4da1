"""Datasets by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tgsh.datasets._dataset import ImageDataset
from tgsh.datasets._digits import load_digits
from tgsh.datasets._mnist import load_fashion_mnist, load_kmnist, load_mnist
from tgsh.errors import check_choice

_LOADERS: dict[str, Callable[[], ImageDataset]] = {
    "mnist": load_mnist,
    "digits": load_digits,
    "fashion-mnist": load_fashion_mnist,
    "kmnist": load_kmnist,
}
DATASETS = tuple(_LOADERS)


def load(
    name: Literal["mnist", "digits", "fashion-mnist", "kmnist"] = "mnist",
    n_train: int | None = None,
    n_test: int | None = None,
) -> ImageDataset:
    """Load a dataset by name.

    Args:
        name: ``"mnist"`` (`load_mnist`), ``"digits"`` (`load_digits`), ``"fashion-mnist"`` (`load_fashion_mnist`) or
            ``"kmnist"`` (`load_kmnist`).
        n_train: number of training images, from the first on; default: all.
        n_test: number of test images, from the first on; default: all.

    Raises:
        ParameterError: an unknown name, or a count out of range.
        DataError: files are missing and cannot be downloaded, or one of them is damaged.
    """
    return _LOADERS[check_choice("dataset", name, DATASETS)]().subset(n_train, n_test)
