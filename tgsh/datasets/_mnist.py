"""MNIST, and the two datasets that come in files of the same names and sizes."""

from __future__ import annotations

from pathlib import Path

from tgsh.datasets._dataset import ImageDataset
from tgsh.datasets._download import download_into
from tgsh.datasets._folders import data_root
from tgsh.datasets._idx import is_there, packed, read_all
from tgsh.datasets._sources import FASHION_MNIST, FILES, KMNIST, MNIST, Source


def load_mnist(root: Path | str | None = None) -> ImageDataset:
    """Load MNIST, 60,000 training and 10,000 test images; torchvision downloads it where it is missing.

    Args:
        root: folder that holds or will hold ``MNIST/raw``, with the four files as published (``.gz``) or unpacked;
            default: `data_root`.

    Raises:
        DataError: a file is missing and cannot be downloaded, cannot be read, has a wrong length or header, a label
            above 9, or is not MNIST's by its checksum. Set ``TGSH_OTHER_MNIST=1`` where other images in MNIST's files
            are meant.
    """
    return _load(MNIST, root)


def load_fashion_mnist(root: Path | str | None = None) -> ImageDataset:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images of ten kinds of clothing (Xiao et al., 2017).

    Args:
        root: folder that holds or will hold ``FashionMNIST/raw``, as torchvision lays it out. The files as published
            (``.gz``) are read, because their checksums are published; default: `data_root`.

    Raises:
        DataError: a file is missing and cannot be downloaded, is there only unpacked, cannot be read, or is not that of
            Fashion-MNIST by its checksum.
    """
    return _load(FASHION_MNIST, root)


def load_kmnist(root: Path | str | None = None) -> ImageDataset:
    """Load Kuzushiji-MNIST: 60,000 training and 10,000 test images of ten hiragana (Clanuwat et al., 2018).

    Args:
        root: folder that holds or will hold ``KMNIST/raw``, as torchvision lays it out. The files as published
            (``.gz``) are read, because their checksums are published; default: `data_root`.

    Raises:
        DataError: a file is missing and cannot be downloaded, is there only unpacked, cannot be read, or is not that of
            Kuzushiji-MNIST by its checksum.
    """
    return _load(KMNIST, root)


def _load(source: Source, root: Path | str | None) -> ImageDataset:
    root = Path(root) if root is not None else data_root()
    raw = root / source.kind / "raw"
    if not all(is_there(source, raw / name) or is_there(source, packed(raw / name)) for name in FILES):
        download_into(root, source)
    arrays = (array if array.ndim == 3 else array.long() for array in read_all(source, raw))
    return ImageDataset(source.name, source.title, *arrays, class_names=source.class_names)
