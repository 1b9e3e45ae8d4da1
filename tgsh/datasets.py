"""Images and labels: MNIST through torchvision, and scikit-learn's handwritten digits, which need no download."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import DataError, ParameterError, check_choice, check_examples, check_int, check_pixels

DATASETS = ("mnist", "digits")
Part = Literal["train", "test"]
MEAN, STD = 0.1307, 0.3081  # of MNIST's training pixels in [0, 1]; the values of the published notebook
_DOWNLOAD_TIMEOUT = 30.0  # seconds to wait for an answer

# Name of an IDX file -> its dimensions. The header has 4 bytes of magic number, then 4 bytes for each dimension.
_MNIST_FILES = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}
# MD5 of the files as published. Of the training images, also of a rebuilt copy that the book is developed with: pixels
# of intensity 1 (of 255) read 0 in it, about 0.05 % of all, and every other pixel is the same.
_MD5 = {
    "train-images-idx3-ubyte": ("6bbc9ace898e44ae57da46a324031adb", "8b73b24f1ba27ac575381cae3491bb71"),
    "train-labels-idx1-ubyte": ("a25bea736e30d166cdddb491f175f624",),
    "t10k-images-idx3-ubyte": ("2646ac647ad5339dbf082846283269ea",),
    "t10k-labels-idx1-ubyte": ("27ae3e4e09519cfbb04c329615203637",),
}


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Greyscale images of ten classes with their labels, split into training and test.

    Attributes:
        name: the name that `load` takes.
        title: the name for readers.
        train_images, test_images: ``(N, 28, 28)`` uint8, 0 (background) to 255, or floating in [0, 1]. Arrays of other
            types, of NumPy too, are converted (`tgsh.errors.check_pixels`).
        train_labels, test_labels: ``(N,)`` int64, 0 to 9; other whole numbers are converted.

    Raises:
        ParameterError: a part is empty, has other numbers of images and labels, or holds an image or a label that is
            none.
    """

    name: str
    title: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    n_classes = 10

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            names = f"{part}_images", f"{part}_labels"
            for name, array in zip(names, check_examples(part, *self.part(part), self.n_classes), strict=True):
                object.__setattr__(self, name, array)

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
        """SHA-256 of the four arrays, computed from their present values. The name and the title do not count."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(str(tuple(array.shape)).encode())
            digest.update(array.contiguous().numpy().tobytes())
        return digest.hexdigest()


def load(
    name: Literal["mnist", "digits"] = "mnist", n_train: int | None = None, n_test: int | None = None
) -> ImageDataset:
    """Load a dataset by name.

    Args:
        name: ``"mnist"`` (`load_mnist`) or ``"digits"`` (`load_digits`).
        n_train: number of training images, from the first on; default: all.
        n_test: number of test images, from the first on; default: all.

    Raises:
        ParameterError: an unknown name, or a count out of range.
        DataError: MNIST is missing and cannot be downloaded, or one of its files is damaged.
    """
    check_choice("dataset", name, DATASETS)
    dataset = load_mnist() if name == "mnist" else load_digits()
    return dataset.subset(n_train, n_test)


def normalise(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Flatten images to network inputs and subtract MNIST's mean, then divide by its standard deviation.

    Args:
        images: ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1], or another form that
            `tgsh.errors.check_pixels` knows; they are left as they are.
        dtype: of the result.

    Returns:
        ``(N, 784)``: ``(x - 0.1307) / 0.3081`` of pixels x in [0, 1].

    Raises:
        ParameterError: an image has another size, or a pixel is none.
    """
    images = check_pixels("images", images)
    if images.ndim < 2 or images.shape[1:].numel() != 784:
        raise ParameterError(f"images must have shape (N, 28, 28); got {tuple(images.shape)}")
    work = torch.promote_types(dtype, torch.float32)  # a coarser type would round twice
    scale = 1.0 if images.is_floating_point() else 255.0
    return images.flatten(1).to(work, copy=True).sub_(MEAN * scale).div_(STD * scale).to(dtype)


def data_root() -> Path:
    """The folder of MNIST: ``$TGSH_DATA_ROOT``, else ``data/`` of the checkout, else the user's cache folder."""
    checkout = checkout_folder()
    return folder_from("TGSH_DATA_ROOT") or (checkout / "data" if checkout else user_cache() / "tgsh" / "data")


def checkout_folder() -> Path | None:
    """The checkout that this package runs from; None where it is installed elsewhere."""
    folder = Path(__file__).resolve().parent.parent
    return folder if (folder / "_toc.yml").exists() else None


def folder_from(variable: str) -> Path | None:
    """The folder that an environment variable names; None where it is unset or empty.

    A relative path starts at the checkout, so that chapters, which run in ``book/``, and commands mean the same folder.
    """
    named = os.environ.get(variable)
    return (checkout_folder() or Path.cwd()) / Path(named).expanduser() if named else None


def user_cache() -> Path:
    """The user's cache folder: ``$XDG_CACHE_HOME``, else ``~/.cache``.

    Raises:
        DataError: there is neither.
    """
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        raise DataError("there is no home folder; set TGSH_CACHE and TGSH_DATA_ROOT to folders of your own") from None


def load_mnist(root: Path | str | None = None) -> ImageDataset:
    """Load MNIST, 60,000 training and 10,000 test images; torchvision downloads it where it is missing.

    Args:
        root: folder that holds or will hold ``MNIST/raw``; default: `data_root`.

    Raises:
        DataError: a file is missing and cannot be downloaded, cannot be read, has a wrong length or header, a label
            above 9, or is not MNIST's by its checksum. Set ``TGSH_OTHER_MNIST=1`` where other images in MNIST's files
            are meant.
    """
    root = Path(root) if root is not None else data_root()
    raw = root / "MNIST" / "raw"
    if not all(_is_there(raw / name) for name in _MNIST_FILES):
        _download_mnist(root)
    arrays = [_read_idx(raw / name, shape) for name, shape in _MNIST_FILES.items()]
    return ImageDataset("mnist", "MNIST", *(array if array.ndim == 3 else array.long() for array in arrays))


def load_digits() -> ImageDataset:
    """Load scikit-learn's 1,797 handwritten digits in MNIST's format: 8x8 pixels scaled to 20x20, centred in 28x28.

    The split is fixed: of every class, every fifth image is a test image. Intensities 0 to 16 become 0 to 255. The
    images are part of scikit-learn (UCI *Optical Recognition of Handwritten Digits*, test part): no download.
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


def _is_there(path: Path) -> bool:
    # A folder that cannot be entered is no reason to download.
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from None
    return True


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"MNIST file {path} cannot be read ({error.strerror}); check its permissions")


def _read_idx(path: Path, shape: tuple[int, ...]) -> Tensor:
    # An interrupted copy is too short, and another kind of file has another header. The right length is no proof of the
    # content: another dataset comes in files of the same names and sizes.
    header = (0x0800 + len(shape)).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in shape)
    expected = len(header) + torch.Size(shape).numel()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    remedy = "delete it and run again (it is then downloaded), or point TGSH_DATA_ROOT at a sound copy"
    if len(content) != expected:
        raise DataError(f"MNIST file {path} is damaged: {len(content):,} bytes instead of {expected:,}; {remedy}")
    if not content.startswith(header):
        raise DataError(f"MNIST file {path} is damaged: it does not begin with the IDX header of MNIST; {remedy}")
    is_known = hashlib.md5(content, usedforsecurity=False).hexdigest() in _MD5[path.name]
    if not is_known and os.environ.get("TGSH_OTHER_MNIST") != "1":
        raise DataError(
            f"MNIST file {path} does not hold MNIST: its checksum is another one; delete it and run again (it is then "
            "downloaded), point TGSH_DATA_ROOT at a sound copy, or set TGSH_OTHER_MNIST=1 if other images are meant"
        )
    values = torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=len(header)).reshape(shape)
    if len(shape) == 1 and values.max() > 9:
        raise DataError(f"MNIST file {path} is damaged: it has a label {int(values.max())}, above 9; {remedy}")
    return values


def _download_mnist(root: Path) -> None:
    # Download into a folder of its own, then move each file: an interruption leaves no incomplete file in place.
    from torchvision.datasets import MNIST

    print(f"Downloading MNIST (12 MB) to {root} ...", flush=True)
    timeout = socket.getdefaulttimeout()
    folder = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(".mnist-*"):  # of a download that was killed, an hour ago or more
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=".mnist-", dir=root))
        socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            MNIST(str(folder), download=True)
        raw = root / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for name, shape in _MNIST_FILES.items():
            _read_idx(folder / "MNIST" / "raw" / name, shape)
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
