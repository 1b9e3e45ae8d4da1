"""Task-specific Geometric Sensitive Hashing and the networks that realise it (Hong & Pavlic 2023)."""

from tgsh.benchmarks import AugmentMNIST, RotationMNIST, ShiftMNIST, TaskStream
from tgsh.datasets import ImageDataset, load
from tgsh.errors import DataError, ParameterError, TgshError
from tgsh.measures import (
    TgshReport,
    context_similarity,
    intra_inter_similarity,
    sample_representations,
    separability,
    similarity_profile,
    tgsh_test,
)
from tgsh.networks import CRWN, FlyNet, NeuroModNet
from tgsh.training import (
    Recipe,
    StreamRecord,
    TrainedNetwork,
    cross_accuracy,
    evaluate,
    train_seeds,
    train_stream,
)

__version__ = "0.1.0"

__all__ = [
    "CRWN",
    "AugmentMNIST",
    "DataError",
    "FlyNet",
    "ImageDataset",
    "NeuroModNet",
    "ParameterError",
    "Recipe",
    "RotationMNIST",
    "ShiftMNIST",
    "StreamRecord",
    "TaskStream",
    "TgshError",
    "TgshReport",
    "TrainedNetwork",
    "context_similarity",
    "cross_accuracy",
    "evaluate",
    "intra_inter_similarity",
    "load",
    "sample_representations",
    "separability",
    "similarity_profile",
    "tgsh_test",
    "train_seeds",
    "train_stream",
]
