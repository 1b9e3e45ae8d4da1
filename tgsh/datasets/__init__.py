"""Images and labels: MNIST, Fashion-MNIST and Kuzushiji-MNIST by torchvision; scikit-learn's digits, not downloaded."""

from tgsh.datasets._dataset import MEAN, STD, ImageDataset, Part, normalise
from tgsh.datasets._digits import load_digits, small_digits
from tgsh.datasets._folders import checkout_folder, data_root, folder_from, user_cache
from tgsh.datasets._load import DATASETS, load
from tgsh.datasets._mnist import load_fashion_mnist, load_kmnist, load_mnist

__all__ = [
    "DATASETS",
    "MEAN",
    "STD",
    "ImageDataset",
    "Part",
    "checkout_folder",
    "data_root",
    "folder_from",
    "load",
    "load_digits",
    "load_fashion_mnist",
    "load_kmnist",
    "load_mnist",
    "normalise",
    "small_digits",
    "user_cache",
]
