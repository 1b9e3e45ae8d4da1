"""Small datasets in the files of Fashion-MNIST and Kuzushiji-MNIST, which tests cannot download."""

import gzip
import hashlib
from pathlib import Path

import numpy as np

from tgsh.datasets._sources import FASHION_MNIST, FILES, KMNIST, MNIST

SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST, KMNIST)}
N_TRAIN, N_TEST = 600, 200


def shapes(n_train=N_TRAIN, n_test=N_TEST):
    """The dimensions of small files, by name."""
    counts = {"train": n_train, "t10k": n_test}
    return {name: (counts[name.split("-")[0]], *shape[1:]) for name, shape in FILES.items()}


def classes(name, n, source):
    """Images (n, 28, 28) of ten classes and their labels: one blurred pattern a class, moved a little, and noise."""
    smooth = np.exp(-(np.subtract.outer(np.arange(20), np.arange(20)) ** 2) / 8)
    seed = np.random.default_rng(sum(map(ord, name)))
    patterns = np.stack([smooth @ seed.standard_normal((20, 20)) @ smooth for _ in range(10)]).clip(0)
    patterns *= 230 / patterns.max((1, 2), keepdims=True)
    labels = np.arange(n) % 10
    images = np.zeros((n, 28, 28))
    for image, k, (y, x) in zip(images, labels, source.integers(2, 7, (n, 2)), strict=True):
        image[y : y + 20, x : x + 20] = patterns[k]
    return (images + source.integers(0, 20, images.shape)).astype(np.uint8), labels.astype(np.uint8)


def contents(name, sizes):
    """The four files of a dataset, unpacked, by name."""
    source, found = np.random.default_rng(0), {}
    for part in ("train", "t10k"):
        images, labels = classes(name, sizes[f"{part}-labels-idx1-ubyte"][0], source)
        found |= {f"{part}-images-idx3-ubyte": images, f"{part}-labels-idx1-ubyte": labels}
    return {file: header(array.shape) + array.tobytes() for file, array in found.items()}


def header(shape):
    """The header of an IDX file of bytes."""
    return (0x0800 + len(shape)).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in shape)


def write_packed(root: Path, name: str, patch, n_train=N_TRAIN, n_test=N_TEST):
    """Write a small dataset as it is published, and have ``patch`` (monkeypatch) take its checksums for the right ones.

    Returns:
        the folder of the files.
    """
    kind = SOURCES[name].kind
    raw = root / kind / "raw"
    raw.mkdir(parents=True)
    for file, shape in shapes(n_train, n_test).items():
        patch.setitem(FILES, file, shape)
    for file, content in contents(name, FILES).items():
        packed = gzip.compress(content, mtime=0)
        (raw / f"{file}.gz").write_bytes(packed)
        patch.setitem(SOURCES[name].packed, file, hashlib.md5(packed, usedforsecurity=False).hexdigest())
    return raw
