"""Task-specific Geometric Sensitive Hashing and the networks that realise it (Hong & Pavlic 2023)."""

from tgsh.benchmarks import AugmentMNIST, RotationMNIST, ShiftMNIST, TaskStream
from tgsh.datasets import ImageDataset, load
from tgsh.errors import DataError, ParameterError, TgshError
from tgsh.geometry import context_similarity, similarity_profile
from tgsh.hashing import intra_inter_similarity, sample_representations, separability
from tgsh.models import FlyNet
from tgsh.training import Recipe, StreamRecord, cross_accuracy, evaluate, train_stream

__version__ = "0.1.0"

__all__ = [
    "AugmentMNIST",
    "DataError",
    "FlyNet",
    "ImageDataset",
    "ParameterError",
    "Recipe",
    "RotationMNIST",
    "ShiftMNIST",
    "StreamRecord",
    "TaskStream",
    "TgshError",
    "context_similarity",
    "cross_accuracy",
    "evaluate",
    "intra_inter_similarity",
    "load",
    "sample_representations",
    "separability",
    "similarity_profile",
    "train_stream",
]
