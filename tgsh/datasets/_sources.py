"""Where datasets in MNIST's file format come from: names, files and checksums."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from tgsh.datasets._dataset import DIGITS

# Name of an IDX file -> its dimensions. The header has 4 bytes of magic number, then 4 bytes for each dimension.
FILES = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}


@dataclass(frozen=True)
class Source:
    """A dataset in four IDX files.

    Attributes:
        name: the name that `load` takes.
        title: the name for readers.
        kind: the class of torchvision that downloads it; the files are in ``<kind>/raw`` of the data folder.
        megabytes: size of the download.
        class_names: of the ten classes.
        packed: MD5 of each file as published, packed by gzip (torchvision checks the same).
        plain: MD5 of each file unpacked, where they are known; without them, only packed files are read.
    """

    name: str
    title: str
    kind: str
    megabytes: int
    class_names: tuple[str, ...]
    packed: Mapping[str, str]
    plain: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def accepts_others(self) -> bool:
        """Whether the reader says that other images in MNIST's files are meant."""
        return self.name == "mnist" and os.environ.get("TGSH_OTHER_MNIST") == "1"

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the files that a download leaves: those that are read, and the unpacked ones beside them."""
        return tuple(FILES) if self.plain else (*FILES, *(f"{name}.gz" for name in FILES))


MNIST = Source(
    "mnist",
    "MNIST",
    "MNIST",
    12,
    DIGITS,
    {
        "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    # Of the training images, also of a rebuilt copy that the book is developed with: pixels of intensity 1 (of 255)
    # read 0 in it, about 0.05 % of all, and every other pixel is the same.
    {
        "train-images-idx3-ubyte": ("6bbc9ace898e44ae57da46a324031adb", "8b73b24f1ba27ac575381cae3491bb71"),
        "train-labels-idx1-ubyte": ("a25bea736e30d166cdddb491f175f624",),
        "t10k-images-idx3-ubyte": ("2646ac647ad5339dbf082846283269ea",),
        "t10k-labels-idx1-ubyte": ("27ae3e4e09519cfbb04c329615203637",),
    },
)
FASHION_MNIST = Source(
    "fashion-mnist",
    "Fashion-MNIST",
    "FashionMNIST",
    31,
    ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    {
        "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
KMNIST = Source(
    "kmnist",
    "Kuzushiji-MNIST",
    "KMNIST",
    21,
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    {
        "train-images-idx3-ubyte": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte": "7320c461ea6c1c855c0b718fb2a4b134",
    },
)
