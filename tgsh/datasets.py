"""The images: MNIST through torchvision, and scikit-learn's handwritten digits for when there is no MNIST."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import DataError, check_choice, check_int

DATASETS = ("mnist", "digits")
MEAN, STD = 0.1307, 0.3081  # of MNIST's training pixels in [0, 1], as the published notebook has them
_DOWNLOAD_TIMEOUT = 30.0  # seconds without an answer

# name of the IDX file -> its dimensions; the header is 4 bytes of magic number and 4 bytes a dimension
_MNIST_FILES = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}


@dataclass(frozen=True)
class ImageDataset:
    """Greyscale images of ten classes with their labels, split into training and test.

    Attributes:
        name: what `load` calls it.
        title: what a reader calls it.
        train_images, test_images: ``(N, 28, 28)`` uint8, 0 (background) to 255.
        train_labels, test_labels: ``(N,)`` int64, 0 to 9.
    """

    name: str
    title: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    n_classes = 10

    def subset(self, n_train: int | None = None, n_test: int | None = None) -> ImageDataset:
        """The first ``n_train`` and ``n_test`` images (all of them where None).

        Raises:
            ParameterError: a count below 1 or above what there is.
        """
        train = check_int("n_train", n_train, 1, len(self.train_images)) if n_train is not None else None
        test = check_int("n_test", n_test, 1, len(self.test_images)) if n_test is not None else None
        return replace(
            self,
            train_images=self.train_images[:train],
            train_labels=self.train_labels[:train],
            test_images=self.test_images[:test],
            test_labels=self.test_labels[:test],
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every array: two datasets with one fingerprint give one result."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(str(tuple(array.shape)).encode())
            digest.update(array.contiguous().numpy().tobytes())
        return digest.hexdigest()


def load(name: str = "mnist", n_train: int | None = None, n_test: int | None = None) -> ImageDataset:
    """Load a dataset by name: ``"mnist"`` or ``"digits"``; optionally only its first images.

    Raises:
        ParameterError: the name is neither, or a count is out of range.
        DataError: MNIST is missing and cannot be downloaded, or one of its files is damaged.
    """
    check_choice("dataset", name, DATASETS)
    dataset = load_mnist() if name == "mnist" else load_digits()
    return dataset.subset(n_train, n_test)


def normalise(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Network inputs ``(N, 784)`` from images ``(N, 28, 28)``, uint8 or floating in [0, 1]: (x - 0.1307) / 0.3081."""
    scale = 1.0 if images.is_floating_point() else 255.0
    return images.flatten(1).to(dtype).sub_(MEAN * scale).div_(STD * scale)


def data_root() -> Path:
    """Where MNIST lies or will be put: ``$TGSH_DATA_ROOT``, else ``data/`` of the checkout, else the user's cache."""
    if os.environ.get("TGSH_DATA_ROOT"):
        return Path(os.environ["TGSH_DATA_ROOT"]).expanduser()
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "_toc.yml").exists():
        return checkout / "data"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tgsh" / "data"


def load_mnist(root: Path | str | None = None) -> ImageDataset:
    """MNIST: 60,000 training and 10,000 test images, downloaded by torchvision where ``root`` does not hold it.

    Raises:
        DataError: no file and no network, or a file with a wrong length or header.
    """
    root = Path(root) if root is not None else data_root()
    raw = root / "MNIST" / "raw"
    if not all((raw / name).exists() for name in _MNIST_FILES):
        _download_mnist(root)
    for name, shape in _MNIST_FILES.items():
        _check_idx(raw / name, shape)

    from torchvision.datasets import MNIST

    train, test = (MNIST(str(root), train=train, download=False) for train in (True, False))
    return ImageDataset("mnist", "MNIST", train.data, train.targets, test.data, test.targets)


def load_digits() -> ImageDataset:
    """scikit-learn's 1,797 handwritten digits, made to look like MNIST: 8x8 scaled to 20x20, centred in 28x28.

    The split is fixed: of every class, every fifth image is a test image. Intensities 0..16 become 0..255. The images
    come with scikit-learn (UCI *Optical Recognition of Handwritten Digits*, test part), so nothing is downloaded.
    """
    from sklearn.datasets import load_digits as sklearn_digits

    bunch = sklearn_digits()
    small = torch.from_numpy(bunch.images).float()[:, None] * (255 / 16)
    large = F.interpolate(small, size=(20, 20), mode="bilinear", align_corners=False)
    images = F.pad(large.round().to(torch.uint8), (4, 4, 4, 4))[:, 0]
    labels = torch.from_numpy(bunch.target).long()

    is_test = torch.zeros(len(labels), dtype=torch.bool)
    for k in range(10):
        is_test[(labels == k).nonzero()[::5, 0]] = True
    title = "scikit-learn's handwritten digits"
    return ImageDataset("digits", title, images[~is_test], labels[~is_test], images[is_test], labels[is_test])


def _check_idx(path: Path, shape: tuple[int, ...]) -> None:
    # Cheap and complete: an interrupted copy is too short, and a wrong file has another header.
    header = (0x0800 + len(shape)).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in shape)
    expected = len(header) + torch.Size(shape).numel()
    try:
        found = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(len(header))
    except OSError as error:
        raise DataError(f"MNIST file {path} cannot be read ({error.strerror}); check its permissions") from None
    remedy = "delete it and run again (it is then downloaded), or point TGSH_DATA_ROOT at a sound copy"
    if found != expected:
        raise DataError(f"MNIST file {path} is damaged: {found:,} bytes instead of {expected:,}; {remedy}")
    if start != header:
        raise DataError(f"MNIST file {path} is damaged: it does not begin with the IDX header of MNIST; {remedy}")


def _download_mnist(root: Path) -> None:
    # Into a folder of its own, then moved file by file: whatever interrupts it leaves nothing half-written in place.
    from torchvision.datasets import MNIST

    print(f"Downloading MNIST (12 MB) to {root} ...", flush=True)
    timeout = socket.getdefaulttimeout()
    folder = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".mnist-", dir=root))
        socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            MNIST(str(folder), download=True)
        raw = root / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for name, shape in _MNIST_FILES.items():
            _check_idx(folder / "MNIST" / "raw" / name, shape)
            (folder / "MNIST" / "raw" / name).replace(raw / name)
    except (OSError, RuntimeError, EOFError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise DataError(
            f"MNIST is not in {root} and could not be downloaded ({reason}); connect to the network, point "
            "TGSH_DATA_ROOT at a folder that holds MNIST/raw, or use profile 'quick', which needs neither"
        ) from None
    finally:
        socket.setdefaulttimeout(timeout)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
