"""scikit-learn's handwritten digits, which need no download."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.datasets._dataset import ImageDataset


def small_digits() -> tuple[Tensor, Tensor, Tensor]:
    """The 1,797 digits as scikit-learn has them, and how we split them.

    Returns:
        images ``(1797, 8, 8)`` uint8, 0 to 16; labels ``(1797,)`` int64; ``(1797,)`` bool, whether an image is a test
        image: every fifth of its class.
    """
    from sklearn.datasets import load_digits as sklearn_digits

    bunch = sklearn_digits()
    labels = torch.from_numpy(bunch.target).long()
    is_test = torch.zeros(len(labels), dtype=torch.bool)
    for k in range(10):
        is_test[(labels == k).nonzero()[::5, 0]] = True
    return torch.from_numpy(bunch.images).to(torch.uint8), labels, is_test


def load_digits() -> ImageDataset:
    """Load scikit-learn's 1,797 handwritten digits in MNIST's format: 8x8 pixels scaled to 20x20, centred in 28x28.

    The split is fixed: of every class, every fifth image is a test image. Intensities 0 to 16 become 0 to 255. The
    images are part of scikit-learn (UCI *Optical Recognition of Handwritten Digits*, test part): no download.
    """
    small, labels, is_test = small_digits()
    large = F.interpolate(small.float()[:, None] * (255 / 16), size=(20, 20), mode="bilinear", align_corners=False)
    images = F.pad(large.round().to(torch.uint8), (4, 4, 4, 4))[:, 0]
    title = "scikit-learn's handwritten digits"
    return ImageDataset("digits", title, images[~is_test], labels[~is_test], images[is_test], labels[is_test])
